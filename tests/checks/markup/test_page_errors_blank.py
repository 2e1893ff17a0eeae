"""Pages that show nothing fail ``page_errors``, and those that show little do not."""

from __future__ import annotations

from typing import Any

import pytest
from agentflow_checks import page_errors

import pytest_agentflow as af

HEAD = '<!doctype html><html lang="en"><head><title>t</title></head>\n'
DOT = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


def page(body: str, *, stage: str = "frontend") -> af.Artefact:
    """Make a page of a whole body element, which begins on line 2."""
    data = f"{HEAD}{body}</html>".encode()
    return af.Artefact(
        name="index.html", media_type="text/html", data=data, stage=stage
    )


def blank(*pages: af.Artefact, **arguments: Any) -> list[af.Finding]:
    """Give what the check says about blank pages."""
    stages = (af.Stage(name="frontend"), af.Stage(name="qa", after=("frontend",)))
    run = af.Run(workflow="w", case="c", stages=stages, artefacts=pages)
    (result,) = af.evaluate(run, page_errors(**arguments)).results
    assert "page.blank" in {rule.rule for rule in result.rules}
    return [f for f in result.findings if f.rule == "page.blank"]


@pytest.mark.parametrize(
    "body",
    [
        "<body></body>",
        '<body style="background: navy"><div id="root"></div></body>',
        '<body><p>a</p><script>document.body.innerHTML = ""</script></body>',
        '<body><p style="display: none">a</p></body>',
        '<body style="visibility: hidden"><p>a</p></body>',
        '<body><main style="opacity: 0"><p>a</p><button>b</button></main></body>',
        '<body><div style="height: 0; overflow: hidden"><p>a</p></div></body>',
        '<body><p style="position: absolute; left: -9999px">a</p></body>',
        "<body><ul><li></li></ul><p>&nbsp;&#8203;</p></body>",
        f'<body><img src="{DOT}" width="1" height="1" alt=""></body>',
        '<body><input type="hidden" name="a" value="b"></body>',
    ],
)
def test_a_page_that_shows_nothing_fails(body: str) -> None:
    """Whether it has no content, a script took it away, or a style hides all of it."""
    (finding,) = blank(page(body))
    assert (str(finding.verdict), finding.severity) == ("failed", "critical")
    assert (finding.place.line, finding.place.column) == (2, 1)
    assert finding.message.startswith("the page is blank: ")
    assert "Put the content into the body." in finding.fix
    assert finding.introduced_by == "frontend"


@pytest.mark.parametrize(
    "body",
    [
        "<body>a</body>",
        '<body style="display: contents">a</body>',
        f'<body><img src="{DOT}" width="9" height="9" alt=""></body>',
        "<body><canvas></canvas></body>",
        "<body><video controls></video></body>",
        "<body><input></body>",
        "<body><style>p::before { content: 'a' }</style><p></p></body>",
        f"<body style='height: 9px; background-image: url({DOT})'></body>",
        (
            "<body><x-a></x-a><script>document.querySelector('x-a')"
            ".attachShadow({mode: 'closed'}).innerHTML = 'a'</script></body>"
        ),
        (
            '<body><div style="height: 0; overflow: hidden">'
            '<p style="position: absolute">a</p></div></body>'
        ),
        "<body><p>&#xe001;</p></body>",
    ],
)
def test_a_page_that_shows_anything_is_not_blank(body: str) -> None:
    """One text, picture, control or generated box that is seen is enough."""
    assert blank(page(body)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            '<body><div style="background: red; height: 9px"></div></body>',
            "it has coloured boxes alone: is that all of it?",
        ),
        (
            "<body><style>p::after { content: 'a'; display: block }</style><p></p>",
            "it has coloured boxes alone: is that all of it?",
        ),
        ("<body><hr></body>", "it has coloured boxes alone: is that all of it?"),
        (
            '<body><script src="https://cdn.example/app.js"></script></body>',
            "does it hold with cdn.example, which pages cannot reach here?",
        ),
        (
            "<body><script>fetch('/api/text')</script></body>",
            "does it hold with the server that answers api/text?",
        ),
    ],
)
def test_what_may_be_meant_is_a_question(body: str, said: str) -> None:
    """A drawing of boxes, or content that comes from where pages cannot ask here."""
    (finding,) = blank(page(body))
    assert str(finding.verdict) == "undetermined"
    assert finding.message.endswith(f"; {said}")


def test_text_that_comes_late_is_a_question() -> None:
    """What a timer brings after the page came to rest is no certain fault."""
    script = "setTimeout(() => document.body.append('a'), 700)"
    (finding,) = blank(page(f"<body><script>{script}</script></body>"))
    assert str(finding.verdict) == "undetermined"
    assert finding.message.endswith("; its text comes late: is that soon enough?")


def test_the_stage_that_emptied_the_page_is_named() -> None:
    """The first stage wrote a text, the second one lost it."""
    good, empty = page("<body>a</body>"), page("<body></body>", stage="qa")
    (finding,) = blank(good, empty)
    assert finding.introduced_by == "qa"


def test_a_blank_page_can_be_meant() -> None:
    """Who wants one leaves the rule out."""
    run = af.Run(workflow="w", case="c", artefacts=(page("<body></body>"),))
    (result,) = af.evaluate(run, page_errors(ignore=["page.blank"])).results
    assert result.findings == ()
    assert "page.blank" not in {rule.rule for rule in result.rules}
