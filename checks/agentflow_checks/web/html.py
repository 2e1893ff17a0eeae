"""HTML subjects for users' checks: ``@af.check("...", each=html.tags("img"))``."""

from __future__ import annotations

import dataclasses
import functools
import html.parser
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import pytest_agentflow as af

if TYPE_CHECKING:
    import bs4

Subjects = Callable[[af.Run], Iterator[tuple[af.Place, "Tag"]]]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One element as the page's source writes it.

    ``"alt" in img`` and ``img["src"]`` read attributes; ``img.get("alt")`` gives None
    for a missing one.
    """

    name: str
    """Element name in lower case."""
    attributes: Mapping[str, str]
    text: str
    """All text inside, white space folded."""
    line: int | None
    """Line of the start tag in the source, from 1."""
    column: int | None
    """Column in that line, from 1."""
    html: str = dataclasses.field(repr=False)
    """The element's source as the parser understood it."""

    def __contains__(self, attribute: object) -> bool:
        return attribute in self.attributes

    def __getitem__(self, attribute: str) -> str:
        return self.attributes[attribute]

    def get(self, attribute: str, default: str | None = None) -> str | None:
        """Give an attribute's value, or `default` where it is missing."""
        return self.attributes.get(attribute, default)


def tags(selector: str, *, stage: str | None = None) -> Subjects:
    """Give all elements that match a CSS selector, page by page, as subjects.

    Args:
        selector: ``img``, ``a[href^=http]``, ``main h2``.
        stage: judge the pages that this stage made instead of the final ones.
    """

    def subjects(run: af.Run) -> Iterator[tuple[af.Place, Tag]]:
        from agentflow_checks.web.artefacts import pages_of  # noqa: PLC0415

        for page in pages_of(run, stage):
            for element in parse(page.text).select(selector):
                tag = _tag(element)
                yield _place(page, tag), tag

    return subjects


def parse(text: str) -> bs4.BeautifulSoup:
    """Parse a page with the standard library's parser, which keeps positions.

    Raises:
        CheckError: beautifulsoup4 is not installed.
    """
    try:
        import bs4  # noqa: PLC0415 - heavy
    except ImportError as error:
        message = (
            "Reading HTML needs the Python package beautifulsoup4, and it is not "
            "installed. Install it with: pip install 'pytest-agentflow[web]'"
        )
        raise af.CheckError(message) from error
    return bs4.BeautifulSoup(text, "html.parser")


def _tag(element: bs4.Tag) -> Tag:
    column = element.sourcepos
    return Tag(
        name=element.name,
        attributes={name: _joined(value) for name, value in element.attrs.items()},
        text=" ".join(element.get_text().split()),
        line=element.sourceline,
        column=None if column is None else column + 1,
        html=str(element),
    )


def _joined(value: str | list[str]) -> str:
    """Undo the parser's splitting of ``class`` and its like."""
    return value if isinstance(value, str) else " ".join(value)


def _place(page: af.Artefact, tag: Tag) -> af.Place:
    return af.Place(
        stage=page.stage, artefact=page.name, line=tag.line, column=tag.column
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    """Where a start tag begins in a source; both count from 1."""

    line: int
    column: int


def locate(source: str, dom: str, selector: str) -> Position | None:
    """Find the source position of an element of the live document.

    The element's start tag is looked up among the source's start tags. Where several
    are alike, the source must hold as many as the document, and the order decides;
    otherwise scripts made some of them, and nothing is said.

    Args:
        source: the page as written.
        dom: the document as serialised after scripts.
        selector: a CSS selector into the document, the first match counts.
    """
    wanted = _start_tag_at(dom, selector)
    if wanted is None:
        return None
    key, place = wanted
    written = _positions(source).get(key, ())
    living = _positions(dom).get(key, ())
    if len(written) != len(living) or place not in living:
        return written[0] if len(written) == 1 else None
    return written[living.index(place)]


StartTag = tuple[str, tuple[tuple[str, str], ...]]


def _start_tag(name: str, attributes: Mapping[str, str]) -> StartTag:
    """Make a key of a start tag; the soup folds white space in lists, so all do."""
    folded = ((key, " ".join(value.split())) for key, value in attributes.items())
    return name, tuple(sorted(folded))


def _start_tag_at(dom: str, selector: str) -> tuple[StartTag, Position] | None:
    import soupsieve  # noqa: PLC0415 - heavy; comes with beautifulsoup4

    try:
        element = _soup(dom).select_one(selector)
    except (soupsieve.SelectorSyntaxError, NotImplementedError):
        # A selector of the browser's that this library does not know.
        return None
    if element is None or element.sourceline is None or element.sourcepos is None:
        return None
    pairs = {name: _joined(value) for name, value in element.attrs.items()}
    key = _start_tag(element.name, pairs)
    return key, Position(element.sourceline, element.sourcepos + 1)


@functools.lru_cache(maxsize=8)
def _soup(text: str) -> bs4.BeautifulSoup:
    return parse(text)


@functools.lru_cache(maxsize=16)
def _positions(text: str) -> dict[StartTag, tuple[Position, ...]]:
    reader = _StartTags()
    reader.feed(text)
    return {key: tuple(found) for key, found in reader.found.items()}


class _StartTags(html.parser.HTMLParser):
    """Collects the position of every start tag by its name and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[StartTag, list[Position]] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Of two attributes of one name browsers take the first.
        first = {name: value or "" for name, value in reversed(attrs)}
        line, offset = self.getpos()
        key = _start_tag(tag, first)
        self.found.setdefault(key, []).append(Position(line, offset + 1))
