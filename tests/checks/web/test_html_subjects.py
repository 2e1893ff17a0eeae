"""HTML subjects for users' checks, and places in a page's source."""

from __future__ import annotations

from agentflow_checks.web import html
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

PAGE = """<!doctype html>
<html lang="en"><title>t</title>
<img src="a.png" alt="A">
<p class="big  red">text <img src="b.png"></p>
"""


@af.check("html.img-alt", each=html.tags("img"))
def img_alt(img: html.Tag) -> str | None:
    """Images carry a text alternative."""
    return None if "alt" in img else f"<img src={img['src']!r}> has no alt"


def run_of(*pages: str) -> af.Run:
    """Make a run whose one stage made these pages."""
    return af.Run(
        workflow="w",
        case="c",
        stages=(af.Stage(name="frontend"),),
        artefacts=tuple(
            af.Artefact(
                name=f"page{number}.html",
                media_type="text/html",
                data=page.encode(),
                stage="frontend",
            )
            for number, page in enumerate(pages)
        ),
    )


def test_a_users_check_gets_each_element_with_its_place() -> None:
    """The check of the manual finds the one image without alt, at its line."""
    (result,) = af.evaluate(run_of(PAGE), img_alt()).results
    assert (result.verdict, result.examined) == ("failed", 2)
    (finding,) = result.findings
    assert finding.message == "<img src='b.png'> has no alt"
    assert str(finding.place) == "frontend page0.html:4:26"


def test_no_element_is_no_pass() -> None:
    """A page without such elements makes the check inapplicable."""
    (result,) = af.evaluate(run_of("<p>x"), img_alt()).results
    assert result.verdict == "inapplicable"


def test_a_tag_reads_like_a_mapping() -> None:
    """Attributes, text and name of an element are at hand."""
    ((_, tag),) = html.tags("p")(run_of(PAGE))
    assert (tag.name, tag.text, tag["class"], tag.get("id")) == (
        "p",
        "text",
        "big red",
        None,
    )


def test_a_stages_own_pages_can_be_asked_for() -> None:
    """With stage= the pages that this stage made are the subjects."""
    assert len(list(html.tags("img", stage="frontend")(run_of(PAGE, PAGE)))) == 4


def test_an_element_is_found_in_the_source() -> None:
    """A selector into the live document leads to line and column of the source."""
    dom = PAGE.replace("<p class", "<div></div><p class")
    assert html.locate(PAGE, dom, "p > img") == html.Position(4, 26)
    assert html.locate(PAGE, dom, "div") is None


def test_among_elements_alike_the_order_decides() -> None:
    """Of equal start tags the one at the same place is meant, if none was added."""
    source = "<ul>\n<li>a\n<li>b\n<li>c\n</ul>"
    dom = "<ul><li>a</li><li>b</li><li>c</li></ul>"
    assert html.locate(source, dom, "li:nth-of-type(2)") == html.Position(3, 1)
    assert html.locate(source, dom + "<li>d</li>", "li:nth-of-type(2)") is None


def test_an_unreadable_selector_is_no_place() -> None:
    """A selector that only browsers know says nothing, and breaks nothing."""
    assert html.locate(PAGE, PAGE, "::view-transition(x)!!") is None


names = st.sampled_from(["p", "li", "a", "b"])
attributes = st.dictionaries(
    st.sampled_from(["class", "title", "hidden"]),
    st.text(alphabet="ab \"'&<é", max_size=5),
    max_size=2,
)


@given(st.lists(st.tuples(names, attributes), min_size=1, max_size=8), st.data())
def test_every_element_of_an_unchanged_page_is_found(
    elements: list[tuple[str, dict[str, str]]], data: st.DataObject
) -> None:
    """Where scripts changed nothing, each element's own start tag is found."""
    import html as escaping

    lines = []
    for number, (name, given_) in enumerate(elements):
        written = "".join(
            f' {key}="{escaping.escape(value)}"' for key, value in given_.items()
        )
        lines.append(f"<{name}{written}>{number}</{name}>")
    source = "<main>\n" + "\n".join(lines) + "\n</main>"
    number = data.draw(st.integers(0, len(elements) - 1))
    selector = f"main > :nth-child({number + 1})"
    assert html.locate(source, source, selector) == html.Position(number + 2, 1)
