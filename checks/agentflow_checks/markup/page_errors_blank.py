"""Whether a page that came to rest shows anything: text, a picture, a control."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met
from agentflow_checks.markup.page_errors_scripts import beyond_reach
from agentflow_checks.markup.page_errors_source import Spot
from agentflow_checks.web.content import SHOWN
from agentflow_checks.web.page import Element
from agentflow_checks.web.probing import Probe, ask

ROOTS = frozenset({"html", "body"})
GENERATED = frozenset({"::before", "::after"})
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
"""Unicode categories of what leaves no ink; signs of icon fonts (Co) do."""

SIDES = ("top", "right", "bottom", "left")

STRAY_TEXT = """(async () => {
  const seen = (box) => box.width > 1 && box.height > 1;
  const texts = (contents) => {
    const walk = document.createTreeWalker(document.body ?? document, 4);
    while (walk.nextNode()) {
      const text = walk.currentNode, range = document.createRange();
      const above = text.parentElement, style = above && getComputedStyle(above);
      if (!style || !text.data.trim() || style.visibility !== 'visible') continue;
      if (contents ? style.display !== 'contents'
        : !above.checkVisibility({opacityProperty: true})) continue;
      range.selectNodeContents(text);
      if ([...range.getClientRects()].some(seen)) return true;
    }
    return false;
  };
  if (texts(true)) return 'now';
  const before = texts(false);
  for (let wait = 0; wait < 10; wait += 1) {
    await new Promise((done) => setTimeout(done, 100));
    if (!before && texts(false)) return 'later';
  }
  return '';
})()"""
"""Whether there is text whose element has no box of its own (``display: contents``),
or whether text comes within a second; it is asked of blank pages alone."""

STRAY = Probe(
    name="page_errors.stray_text",
    run=lambda bench: ask(bench, STRAY_TEXT),
    acts=False,
)


def blank(looked: Looked) -> Iterator[Fault | Met]:
    """Judge whether people see anything on the page when it has come to rest.

    Coloured boxes alone are a question; so is a page whose content may come from a
    server or a foreign host, or that had not come to rest. A page that leaves by itself
    is told so, and not asked to show anything; an empty file is told as cut off.
    """
    visited = looked.visited
    if visited.navigated_to or not looked.source.strip("\ufeff \t\r\n"):
        return
    yield Met(rule="page.blank")
    if shows_something(visited.elements) or (stray := _stray_text(looked)) == "now":
        return
    late = "its text comes late: is that soon enough?" if stray == "later" else ""
    doubt = late or _doubt(looked)
    yield Fault(
        rule="page.blank",
        message=(
            "the page is blank: no text, picture or control is visible"
            + (f"; {doubt}" if doubt else "")
        ),
        key="blank",
        verdict=af.Verdict.UNDETERMINED if doubt else af.Verdict.FAILED,
        spot=_body(looked.source),
        selector="body",
        observed=f"{len(visited.elements)} elements are laid out, none has content",
        expected="text, a picture or a control",
    )


def shows_something(elements: Sequence[Element]) -> bool:
    """Whether one of the laid-out elements is content that people can see.

    Args:
        elements: those of a `Visit`, in document order.
    """
    return any(
        _content(element) and visible(elements, index)
        for index, element in enumerate(elements)
    )


def visible(elements: Sequence[Element], index: int) -> bool:
    """Whether an element has an area on the page and nothing hides it.

    Boxes of one pixel hold text for screen readers alone. Content that lies left of or
    above the page cannot be scrolled to.
    """
    element = elements[index]
    box = element.box
    if box.width <= 1 or box.height <= 1 or element.styles["visibility"] != "visible":
        return False
    if box.x + box.width <= 0 or box.y + box.height <= 0:
        return False
    # What is taken out of the flow may lie outside of what would cut it off.
    place: int | None = index
    loose = False
    while place is not None:
        above = elements[place]
        if float(above.styles["opacity"]) == 0 or (_collapsed(above) and not loose):
            return False
        loose = loose or above.styles["position"] in ("absolute", "fixed")
        place = above.parent
    return True


def _collapsed(element: Element) -> bool:
    """Whether it cuts off all that is in it."""
    styles, box = element.styles, element.box
    if element.tag in ROOTS or styles["display"] == "inline":
        return False
    wide = styles["overflow-x"] != "visible" and box.width <= 1
    return wide or (styles["overflow-y"] != "visible" and box.height <= 1)


def _content(element: Element) -> bool:
    if element.tag == "::marker":
        return False
    if element.tag in GENERATED and element.styles["display"] == "inline":
        # The snapshot does not give its text; without any it has no width.
        return True
    if element.tag in SHOWN or element.styles["background-image"] != "none":
        return True
    return any(unicodedata.category(sign) not in UNSEEN for sign in element.text)


def _stray_text(looked: Looked) -> str:
    """Ask the page itself for text that no laid-out element holds, or that comes later.

    Where the browser gives no answer it is taken for none.
    """
    from agentflow_checks.web.visits import probe  # noqa: PLC0415 - heavy

    found = probe(looked.visited, [STRAY], budget=looked.choice.budget)
    said = found[STRAY.name]
    return said if isinstance(said, str) else ""


def _doubt(looked: Looked) -> str:
    """Say why a page that shows nothing may be as it is meant."""
    if not looked.visited.settled:
        return "it was still loading: is that all of it?"
    elements = looked.visited.elements
    painted = (i for i, element in enumerate(elements) if _painted(element))
    if any(visible(elements, i) for i in painted):
        return "it has coloured boxes alone: is that all of it?"
    return beyond_reach(looked)


def _painted(element: Element) -> bool:
    """Whether an element within the body has a colour or an edge of its own.

    A generated box may have a text, which nobody told us.
    """
    if element.tag in ROOTS:
        return False
    if element.tag in GENERATED:
        return True
    styles = element.styles
    colour = styles["background-color"]
    if not (colour.startswith("rgba") and colour.endswith(", 0)")):
        return True
    return any(
        styles[f"border-{side}-style"] not in ("none", "hidden")
        and styles[f"border-{side}-width"] != "0px"
        for side in SIDES
    )


def _body(source: str) -> Spot | None:
    tags = (p for p in sources.pieces(source) if p.kind == "tag" and p.name == "body")
    found = next(tags, None)
    return None if found is None else sources.spot(source, found.start)
