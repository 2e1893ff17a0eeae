"""The check ``best_practices`` in a real browser."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from agentflow_checks import best_practices
from agentflow_checks.markup import best_practices_weight as weight
from agentflow_checks.markup.best_practices_pictures import waste
from agentflow_checks.markup.best_practices_rules import PRACTICES
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import pytest_agentflow as af

HEAD = {
    "charset": '<meta charset="utf-8">',
    "title": "<title>Boilers of Leeds</title>",
    "viewport": '<meta name="viewport" content="width=device-width">',
    "description": '<meta name="description" content="What we heat with.">',
    "social": "".join(
        f'<meta property="og:{name}" content="x">'
        for name in ("title", "type", "image", "url")
    ),
    "icon": '<link rel="icon" href="data:,">',
}
"""A head that lacks nothing, by parts."""

BODY = "<main><h1>Boilers</h1><p>Warm.</p></main>"


def page(
    body: str = BODY,
    *,
    html: str = '<html lang="en">',
    doctype: str = "<!doctype html>",
    name: str = "index.html",
    stage: str = "frontend",
    **head: str,
) -> af.Artefact:
    """Make a page that lacks nothing but for the parts that are given."""
    parts = "".join({**HEAD, **head}.values())
    text = f"{doctype}{html}<head>{parts}</head><body>\n{body}\n</body></html>\n"
    return af.Artefact(
        name=name, media_type="text/html", data=text.encode(), stage=stage
    )


def picture(name: str, wide: int, high: int) -> af.Artefact:
    """Make a picture that does not compress: noise."""
    image = Image.effect_noise((wide, high), 90)
    data = io.BytesIO()
    image.save(data, "PNG")
    return af.Artefact(
        name=name, media_type="image/png", data=data.getvalue(), stage="frontend"
    )


def text(name: str, data: bytes) -> af.Artefact:
    """Make a file beside the page."""
    return af.Artefact(name=name, media_type="text/plain", data=data, stage="frontend")


def run_of(*artefacts: af.Artefact) -> af.Run:
    """Make a run of two stages."""
    stages = (af.Stage(name="frontend"), af.Stage(name="qa", after=("frontend",)))
    return af.Run(workflow="w", case="c", stages=stages, artefacts=artefacts)


def judge(*artefacts: af.Artefact, **arguments: Any) -> af.CheckResult:
    """Judge the files by the check alone."""
    (result,) = af.evaluate(run_of(*artefacts), best_practices(**arguments)).results
    return result


def told(result: af.CheckResult) -> list[tuple[str, str]]:
    """Give rule and verdict of each finding; ``warned`` where the test may pass."""
    return [
        (
            f.rule.removeprefix("best."),
            "warned" if f.advisory else str(f.verdict),
        )
        for f in result.findings
    ]


def test_a_page_that_lacks_nothing_passes() -> None:
    """No rule finds anything, and each says what it looked at."""
    result = judge(page())
    assert (str(result.verdict), told(result)) == ("passed", [])
    met = {rule.rule: rule.examined for rule in result.rules}
    assert {"best.title", "best.viewport", "best.layout-shift", "best.h1"} <= {*met}
    assert met["best.text-compression"] == 0


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [
        ({"title": ""}, ("title", "failed")),
        ({"title": "<title> </title>"}, ("title", "failed")),
        ({"title": "<title>Document</title>"}, ("title", "undetermined")),
        ({"title": f"<title>{'far ' * 20}</title>"}, ("title", "undetermined")),
        ({"viewport": ""}, ("viewport", "failed")),
        (
            {"viewport": '<meta name="viewport" content="user-scalable=yes">'},
            ("viewport", "failed"),
        ),
        ({"description": ""}, ("description", "warned")),
        ({"social": ""}, ("social", "warned")),
        ({"icon": ""}, ("favicon", "warned")),
        ({"charset": ""}, ("charset", "undetermined")),
        (
            {"charset": f'<!--{"x" * 1024}--><meta charset="utf-8">'},
            ("charset", "failed"),
        ),
        ({"html": "<html>"}, ("lang", "failed")),
        ({"doctype": ""}, ("doctype", "failed")),
        (
            {"robots": '<meta name="robots" content="noindex">'},
            ("robots", "undetermined"),
        ),
        ({"c": '<link rel="canonical" href="">'}, ("canonical", "failed")),
        ({"c": '<link rel="canonical" href="/a">'}, ("canonical", "undetermined")),
        (
            {
                "c": '<link rel="canonical" href="https://a.example/">'
                '<link rel="canonical" href="https://b.example/">'
            },
            ("canonical", "failed"),
        ),
        (
            {
                "c": '<link rel="canonical" href="https://a.example/">',
                "body": BODY
                + '<img src="http://b.example/p.png" width="1" height="1">',
            },
            ("mixed-content", "failed"),
        ),
        ({"body": "<main><p>Warm.</p></main>"}, ("h1", "warned")),
        ({"body": "<main><h1>A</h1><h1>B</h1></main>"}, ("h1", "warned")),
        ({"body": "<h1>Boilers</h1>"}, ("landmarks", "warned")),
        (
            {"body": BODY + '<p><a href="https://a.example/">Click here!</a>'},
            ("link-text", "undetermined"),
        ),
    ],
)
def test_each_lack_is_told_once(
    lacking: dict[str, Any], expected: tuple[str, str]
) -> None:
    """What is wrong fails, what audits advise warns, what a person knows is asked."""
    (body,) = (lacking.pop("body", BODY),)
    result = judge(page(body, **lacking))
    assert told(result) == [expected]
    (finding,) = result.findings
    assert finding.place.line is not None
    assert finding.fix
    assert finding.help_url


@pytest.mark.parametrize(
    "head",
    [
        {"title": "<title>Boilers and document stores</title>"},
        {"c": '<link rel="canonical" href="https://a.example/">' * 2},
        {"robots": '<meta name="robots" content="index, follow, max-snippet:-1">'},
        {
            "charset": '<meta http-equiv="Content-Type" '
            'content="text/html; charset=utf-8">'
        },
    ],
)
def test_what_is_in_order_is_not_told(head: dict[str, str]) -> None:
    """Two equal canonical addresses, a title with a generic word in it, and such."""
    assert told(judge(page(**head))) == []


def test_links_are_asked_about_in_their_language() -> None:
    """``das`` is no German link text of nothing, and ``mehr`` no English one."""
    link = '<p><a href="https://a.example/{}"{}>{}</a></p>'
    body = BODY + "".join(
        link.format(*each)
        for each in [
            (1, ' lang="de"', "Mehr"),
            (2, "", "Mehr"),
            (3, "", "Read the report"),
            (4, ' aria-label="Read the report"', "More"),
            (5, "", "https://a.example/5"),
        ]
    )
    result = judge(page(body))
    assert [f.observed for f in result.findings] == [
        "Mehr -> https://a.example/1",
        "https://a.example/5 -> https://a.example/5",
    ]


def test_rules_that_warn_fail_where_asked_and_rest_where_left_out() -> None:
    """``fail=`` and ``ignore=`` take ids of rules, and misspelt ones are refused."""
    bare = page(description="", title="")
    assert told(judge(bare, fail="best.description")) == [
        ("title", "failed"),
        ("description", "failed"),
    ]
    assert told(judge(bare, ignore=["best.title"])) == [("description", "warned")]
    with pytest.raises(af.BadArgument, match=r"did you mean 'best\.description'"):
        best_practices(fail="best.descripton")


@pytest.mark.parametrize("most", [-1, "100 KB", True, float("nan")])
def test_a_budget_is_a_number(most: object) -> None:
    """What is no amount is refused before any page is judged."""
    with pytest.raises(af.BadArgument, match=r"bytes=.* is no budget"):
        best_practices(bytes=most)


def test_budgets_judge_what_the_page_loads() -> None:
    """Bytes by kind, requests and elements, each with measured value and bound."""
    body = BODY + (
        '<img src="a.png" width="64" height="64"><script src="a.js"></script>'
        '<img src="late.png" loading="lazy" width="9" height="9" '
        'style="position: absolute; top: 9000px">'
    )
    files = [
        picture("a.png", 64, 64),
        picture("late.png", 64, 64),
        text("a.js", b"1;" * 2000),
    ]
    size, script = len(files[0].data), 4000
    whole = len(page(body).data) + size + script
    keeps = judge(
        page(body),
        *files,
        bytes=whole,
        requests=3,
        image_bytes=size,
        script_bytes=script,
    )
    assert (str(keeps.verdict), told(keeps)) == ("passed", [])
    result = judge(
        page(body),
        *files,
        bytes=whole - 1,
        requests=2,
        image_bytes=size - 1,
        elements=5,
    )
    assert told(result) == [
        ("bytes", "failed"),
        ("requests", "failed"),
        ("image-bytes", "failed"),
        ("elements", "failed"),
    ]
    assert result.findings[0].observed == f"{whole:,}"
    assert result.findings[0].expected == f"at most {whole - 1:,}"


def test_without_budget_weight_is_told_and_not_judged() -> None:
    """The tables hold requests, bytes and an estimate of what compression leaves."""
    result = judge(
        page(BODY + "<script src=a.js></script>"), text("a.js", b"1;" * 2000)
    )
    loads, figures = (e for e in result.exhibits if isinstance(e, af.Table))
    rows = {row[0]: row[1:] for row in loads.rows}
    assert rows["scripts"][:2] == ("1", "4,000")
    assert int(rows["scripts"][2]) < 100
    assert {"bytes", "requests", "layout shift"} <= {row[0] for row in figures.rows}
    assert "best.bytes" not in {rule.rule for rule in result.rules}


def test_what_another_host_sends_keeps_a_budget_open() -> None:
    """Nobody knows here what it weighs: a question, unless the rest is too much."""
    heavy = page(BODY, link='<link rel="stylesheet" href="https://a.example/a.css">')
    assert told(judge(heavy, bytes=100_000)) == [("bytes", "undetermined")]
    assert told(judge(heavy, bytes=10)) == [("bytes", "failed")]
    assert told(judge(heavy, requests=9)) == [("requests", "undetermined")]
    assert told(judge(heavy, image_bytes=9)) == []


def test_pictures_without_dimensions_warn() -> None:
    """Attributes, CSS or a position outside the flow keep the place of the others."""
    images = [
        '<img src="a.png">',
        '<img src="a.png" width="64">',
        '<img src="a.png" width="64" height="64">',
        '<img src="a.png" style="width: 64px; aspect-ratio: 1">',
        '<img src="a.png" style="width: 64px; height: 64px">',
        '<img src="a.png" style="position: absolute; top: 0">',
        '<img src="a.png" hidden>',
    ]
    result = judge(page(BODY + "\n".join(images)), picture("a.png", 64, 64))
    found = [f for f in result.findings if f.rule == "best.picture-dimensions"]
    assert [f.place.line for f in found] == [2, 3]
    assert found[0].expected == 'width="64" height="64"'
    assert str(result.verdict) == "passed"


def test_a_picture_much_larger_than_shown_is_told_with_its_waste() -> None:
    """By its largest place at any width, for screens of one and two pixels."""
    shown = '<img src="a.png" width="100" height="100" alt="">'
    body = BODY + shown
    file = picture("a.png", 400, 400)
    (finding,) = judge(page(body), file).findings
    assert finding.rule == "best.picture-too-large"
    assert finding.observed == f"400 x 400, {len(file.data):,} bytes"
    assert "200 x 200 are enough" in finding.message
    assert "100 x 100 for 1" in finding.message
    saved = round(len(file.data) * 0.75)
    assert f"{saved:,} of {len(file.data):,} bytes could be saved" in finding.message
    assert told(judge(page(body), file, wasted_image_bytes=saved - 1))[0] == (
        "wasted-image-bytes",
        "failed",
    )
    wide = "<style>@media (max-width: 800px) { img { width: 400px; height: 400px } }"
    assert judge(page(BODY + wide + "</style>" + shown), file).findings == ()


@given(
    wide=st.integers(1, 5000),
    high=st.integers(1, 5000),
    box=st.tuples(st.floats(0.1, 5000), st.floats(0.1, 5000)),
    fit=st.sampled_from(["fill", "cover", "contain", "scale-down"]),
    size=st.integers(1, 10**8),
)
def test_waste_is_within_the_file(
    wide: int, high: int, box: tuple[float, float], fit: str, size: int
) -> None:
    """Never negative, never all of it beyond rounding, and less on finer screens."""
    shown = {"url": "a.png", "natural": [wide, high], "box": [0, 0, *box], "fit": fit}
    one = waste({**shown, "seen": True, "choices": False, "narrow": []}, size)
    assert one is not None
    assert 0 <= one.saved[2] <= one.saved[1] <= size
    assert all(1 <= n[0] <= wide and 1 <= n[1] <= high for n in one.needed.values())


def test_pictures_far_below_and_pictures_for_nobody_are_told() -> None:
    """Only where loading late would save anything; lazy ones are as they should be."""
    far = 'style="position: absolute; top: 5000px" width="64" height="64"'
    body = BODY + (
        f'<img src="far.png" {far}>\n<img src="lazy.png" loading="lazy" {far}>\n'
        '<img src="never.png" style="display: none">\n'
        '<img src="near.png" width="64" height="64">\n'
    )
    files = [picture(f"{n}.png", 64, 64) for n in ("far", "lazy", "never", "near")]
    result = judge(page(body), *files)
    assert [(f.rule, f.place.line) for f in result.findings] == [
        ("best.picture-offscreen", 2),
        ("best.picture-offscreen", 4),
    ]


def test_a_distorted_picture_is_told() -> None:
    """Unless object-fit crops it, or rounding explains it."""
    images = [
        '<img src="a.png" width="60" height="30">',
        '<img src="a.png" width="60" height="30" style="object-fit: cover">',
        '<img src="a.png" width="61" height="60">',
    ]
    (finding,) = judge(
        page(BODY + "\n".join(images)), picture("a.png", 64, 64)
    ).findings
    assert (finding.rule, finding.place.line) == ("best.picture-distorted", 2)
    assert (finding.observed, finding.expected) == ("2.00 to 1", "1.00 to 1")


def test_a_lazy_picture_that_is_the_largest_is_told() -> None:
    """It is what people wait for."""
    body = BODY + '<img src="a.png" loading="lazy" width="400" height="400">'
    result = judge(page(body), picture("a.png", 400, 400))
    assert told(result) == [("largest-lazy", "warned")]


SHIFTS = (
    "<div id='gap'></div><main style='padding: 1px'><h1>Boilers</h1>"
    "<p style='height: 600px'>Warm.</p></main>"
    "<script>setTimeout(() => { document.getElementById('gap').style.height = '400px';"
    " }, 200)</script>"
)


def test_a_page_that_moves_while_it_loads_is_told_with_what_moved() -> None:
    """Beyond 0.1 it warns, and fails where a budget is given; in motion."""
    result = judge(page(SHIFTS))
    assert told(result) == [("layout-shift", "warned")]
    (finding,) = result.findings
    assert finding.place.selector == "html > body > main"
    assert "400 px down" in finding.message
    assert float(finding.observed or 0) > 0.1
    assert told(judge(page(SHIFTS), layout_shift=0.05)) == [("layout-shift", "failed")]
    assert told(judge(page(SHIFTS), layout_shift=0.9)) == []


def test_a_picture_that_comes_late_moves_what_follows() -> None:
    """Files take their time, as on a line: without dimensions the page jumps."""
    body = (
        '<img src="a.png" alt=""><main><h1>Boilers</h1><p style="height: 600px">W</p>'
    )
    result = judge(page(body), picture("a.png", 400, 400))
    assert ("layout-shift", "warned") in told(result)


@given(st.lists(st.tuples(st.integers(0, 20_000), st.floats(0, 1)), max_size=12))
def test_session_windows_are_those_of_web_vitals(
    found: list[tuple[int, float]],
) -> None:
    """The worst window of at most five seconds without a pause of one."""
    shifts = sorted(found)
    windows: list[list[tuple[int, float]]] = []
    for one in shifts:
        if (
            windows
            and one[0] - windows[-1][-1][0] < 1000
            and one[0] - windows[-1][0][0] < 5000
        ):
            windows[-1].append(one)
        else:
            windows.append([one])
    best = max((sum(v for _, v in w) for w in windows), default=0.0)
    score, members = weight.worst_window(shifts)
    assert score == pytest.approx(best)
    assert sum(shifts[i][1] for i in members) == pytest.approx(score)


def test_what_the_browser_will_drop_is_told_with_its_place() -> None:
    """In the page and in a file beside it."""
    sync = "var r = new XMLHttpRequest(); r.open('GET', 'a.txt', false); r.send();"
    result = judge(
        page(BODY + f"<script>{sync}</script><script src=b.js></script>"),
        text("a.txt", b"x"),
        text("b.js", b"\naddEventListener('unload', () => 0)"),
    )
    found = [(f.place.artefact, f.place.line) for f in result.findings]
    assert found == [("index.html", 2), ("b.js", 2)]
    assert {f.rule for f in result.findings} == {"best.deprecated"}


def test_a_script_that_holds_up_the_page_is_told() -> None:
    """In the head, without defer, async or type=module."""
    scripts = "<script src=a.js></script><script src=b.js defer></script>"
    scripts += (
        '<script src=c.js type="module"></script><script async src=d.js></script>'
    )
    files = [text(f"{n}.js", b"1") for n in "abcd"]
    (finding,) = judge(page(scripts=scripts), *files).findings
    assert finding.rule == "best.render-blocking"
    assert finding.message == "nothing is shown until a.js came and ran"


def test_the_stage_that_gave_a_practice_up_is_named() -> None:
    """A title that the last stage lost is the last stage's."""
    result = judge(page(), page(title="", stage="qa"))
    assert [(f.rule, f.introduced_by) for f in result.findings] == [
        ("best.title", "qa")
    ]


def test_what_could_not_be_loaded_is_never_passed() -> None:
    """A script that never ends is an error of the page, in its time."""
    result = judge(page(BODY + "<script>while (true);</script>"), budget=1.5)
    assert str(result.verdict) == "error"
    assert [f.rule for f in result.findings] == ["best.loaded"]


HOSTILE = (
    "<form><input name=getAttribute><input name=attributes><input name=parentNode>"
    "</form><script>Document.prototype.querySelectorAll = () => { throw 1 };"
    "Array.prototype.map = () => []; window.PerformanceObserver = null;</script>"
)


def test_a_page_that_breaks_builtins_is_judged() -> None:
    """We read it through prototypes of our own."""
    result = judge(page(BODY + HOSTILE, description=""))
    assert told(result) == [("description", "warned")]


def test_utf_16_is_read_as_browsers_do_and_told() -> None:
    """The mark at its begin says it; HTML is to be UTF-8 (HTML, 4.2.5.4)."""
    sound = page()
    wide = sound.data.decode().encode("utf-16")
    result = judge(
        af.Artefact(name="index.html", media_type="text/html", data=wide, stage="qa")
    )
    assert told(result) == [("charset", "failed")]


@pytest.mark.parametrize("data", [b"", b" \n", b"<p>x</p>", b"Sorry.", b"<svg/>"])
def test_what_is_no_whole_page_never_passes(data: bytes) -> None:
    """Empty, a fragment, an excuse: none says what it is."""
    result = judge(
        af.Artefact(name="index.html", media_type="text/html", data=data, stage="qa")
    )
    assert str(result.verdict) == "failed"
    assert ("title", "failed") in told(result)


def test_a_missing_browser_is_named_with_its_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence that says what to install, and nothing of budgets."""
    from agentflow_checks.web import browser, visits

    visits.stop()
    monkeypatch.setattr(browser, "NAMES", ("no-such-browser",))
    monkeypatch.setattr(browser, "ELSEWHERE", ())
    result = judge(page(name="never-seen.html"))
    (finding,) = result.findings
    assert str(result.verdict) == "error"
    assert "Install it with: " in finding.message
    assert finding.fix == ""


def test_every_rule_teaches() -> None:
    """Each has a title, a fix, and the audit's page where one is taken."""
    for rule, practice in PRACTICES.items():
        assert re.fullmatch(r"best\.[a-z0-9-]+", rule)
        assert practice.title
        assert practice.fix
        assert not practice.audit or practice.url.startswith("https://")
    json.dumps(sorted(PRACTICES))
