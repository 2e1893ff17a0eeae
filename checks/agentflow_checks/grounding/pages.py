"""Claims of an HTML page: what it shows, what it says of itself, what it links to."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from agentflow_checks.grounding.claims import (
    Claim,
    ClaimKind,
    is_label,
    says_something,
)
from agentflow_checks.grounding.json_leaves import is_written, leaves
from agentflow_checks.grounding.sentences import sentence_spans

if TYPE_CHECKING:
    from bs4.element import Tag

_SKIPPED_WORDS = """
    script style template noscript svg math object iframe canvas video audio code
    pre kbd samp head
"""
_SKIPPED = frozenset(_SKIPPED_WORDS.split())
_INLINE_WORDS = """
    a abbr acronym b bdi bdo big br cite data dfn del em font i ins label mark q s
    small span strike strong sub sup time tt u var wbr img picture
"""
_INLINE = frozenset(_INLINE_WORDS.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
#: Text in these names places to go or things to do.
_CONTROLS = frozenset({"button", "label", "option", "summary", "legend", "select"})
_MENUS = frozenset({"nav", "menu"})
_HIDDEN = re.compile(
    r"(?:\A|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE
)
_META = re.compile(
    r"(?:description|title|og:.+|twitter:(?:title|description|site|creator)|author"
    r"|application-name|keywords)\Z",
    re.IGNORECASE,
)
_META_TECHNICAL = re.compile(
    r"og:(?:image|type|locale|video)|twitter:card", re.IGNORECASE
)
_LEGAL = re.compile(r"©|\([cC]\) ?[0-9]|all rights reserved|\bcookies\b", re.IGNORECASE)
_PERSON_CLASS = re.compile(r"\b(?:author|cite|byline|person|speaker|reviewer)\b")
_TECHNICAL = frozenset({"@context", "@type", "@id", "image", "logo"})
_ID = re.compile(r"[A-Za-z][\w-]*")
_NUMBER = "agentflow_number"
#: Elements that are never closed nest without end; selectors stop here.
_DEEPEST = 40
#: Blanks are run together, but for thin and fixed ones that part thousands.
_BLANKS = re.compile(
    r"(?:(?!(?<=[0-9])[\u00a0\u2007\u2009\u202f](?=[0-9]{3}(?![0-9])))\s)+"
)
_TITLES = {"alt", "title", "aria-label"}


@dataclass(slots=True)
class _Block:
    """Text of one block element that is being collected, its inline elements joined."""

    tag: Tag
    pieces: list[str] = field(default_factory=list)
    unlinked: bool = False


def claims_of_page(html: str) -> Iterator[Claim]:
    """Read a page's claims from its HTML; nothing is fetched or run.

    Needs beautifulsoup4 (the ``web`` extra). Hidden elements, scripts, styles and code
    are left out; JSON-LD and the description of the page itself are read.
    """
    soup = _parsed(html)
    lines = _line_starts(html)
    for found in _read(soup):
        yield _with_span(found, html, lines)


def _parsed(html: str) -> Tag:
    import warnings  # noqa: PLC0415 - only where bs4 is used

    try:
        import bs4  # noqa: PLC0415 - heavy
    except ImportError as error:
        message = (
            "Reading the claims of a page needs beautifulsoup4. Install it: "
            "pip install 'pytest-agentflow[web]'"
        )
        raise ImportError(message) from error
    with warnings.catch_warnings():
        # A claim may look like a file name or an address; that is for the author.
        warnings.simplefilter("ignore")
        return bs4.BeautifulSoup(html, "html.parser")


def _read(soup: Tag) -> Iterator[Claim]:
    head = soup.find("head")
    if head is not None:
        yield from _of_head(head)
    for script in soup.find_all("script"):
        if "ld+json" in str(script.get("type", "")):
            yield from _of_linked_data(script)
    yield from _of_body(soup)


def _of_head(head: Any) -> Iterator[Claim]:
    title = head.find("title")
    if title is not None and (text := _clean(title.get_text())):
        yield _claim(title, text, "attribute", asserted=says_something(text))
    for meta in head.find_all("meta"):
        name = str(meta.get("name") or meta.get("property") or "")
        text = _clean(str(meta.get("content", "")))
        if text and _META.match(name) and not _META_TECHNICAL.match(name):
            for sentence in _sentences(text):
                yield _claim(meta, sentence, "attribute")


def _of_linked_data(script: Any) -> Iterator[Claim]:
    try:
        data = json.loads(script.get_text())
    except (ValueError, RecursionError):
        return
    for leaf in leaves(data):
        technical = leaf.key in _TECHNICAL or ".logo" in leaf.path
        if (
            is_written(leaf.value)
            and not technical
            and (text := _clean(str(leaf.value)))
        ):
            claim = _claim(script, text, "structured data")
            yield replace(claim, path=leaf.path, key=leaf.key, record=leaf.record)


def _of_body(soup: Tag) -> Iterator[Claim]:
    block: _Block | None = None
    for event, tag, text in _walk(soup):
        if event in {"text", "link text"}:
            if block is None or block.tag is not tag:
                if block is not None:
                    yield from _of_block(block)
                block = _Block(tag)
            block.pieces.append(text)
            block.unlinked |= event == "text" and bool(text.strip())
        else:
            if event == "break" and block is not None:
                yield from _of_block(block)
                block = None
            if event == "element":
                yield from _of_attributes(tag)
    if block is not None:
        yield from _of_block(block)


def _walk(soup: Tag) -> Iterator[tuple[str, Any, str]]:
    """Give texts with the block they belong to, block breaks, and elements, in order.

    Text inside a link is ``link text``, all other ``text``.

    An explicit stack: pages nest deeper than Python's recursion goes.
    """
    import bs4  # noqa: PLC0415 - heavy
    from bs4.element import NavigableString  # noqa: PLC0415 - the same

    todo: list[tuple[Any, Any, str]] = [(soup, soup, "text")]
    while todo:
        node, owner, kind = todo.pop()
        if node is None:
            yield "break", owner, ""
        elif isinstance(node, bs4.Tag):
            if node is not soup and (node.name in _SKIPPED or _is_hidden(node)):
                continue
            inline = node.name in _INLINE and not _names_a_person(node)
            if node is not soup:
                yield "element", node, ""
            if node.name == "br":
                yield kind, owner, " "
            kind = "link text" if node.name == "a" else kind
            inner = owner if inline else node
            if not inline:
                yield "break", node, ""
                todo.append((None, node, kind))
            todo.extend((child, inner, kind) for child in reversed(node.contents))
        elif type(node) is NavigableString:
            yield kind, owner, str(node)


def _is_hidden(tag: Any) -> bool:
    if tag.has_attr("hidden"):
        return True
    style = tag.get("style")
    return isinstance(style, str) and _HIDDEN.search(style) is not None


def _of_block(block: _Block) -> Iterator[Claim]:
    text = _clean("".join(block.pieces))
    if not text:
        return
    kind, asserted = _standing(block, text)
    if block.tag.name == "td":
        text = _with_headers(block.tag, text)
        yield _claim(block.tag, text, "table row")
        return
    key = "author" if _names_a_person(block.tag) else ""
    for sentence in _sentences(text):
        claim = _claim(block.tag, sentence, kind, asserted=asserted)
        yield replace(claim, key=key) if key else claim


def _names_a_person(tag: Any) -> bool:
    """Tell whether the markup says that a text is somebody's name."""
    classes = " ".join(tag.get("class") or ())
    return tag.name == "cite" or _PERSON_CLASS.search(classes) is not None


def _standing(block: _Block, text: str) -> tuple[ClaimKind, bool]:
    """Say what carries a block's text, and whether it states anything."""
    name = block.tag.name
    names = {parent.name for parent in block.tag.parents}
    if name in _CONTROLS or names & (_CONTROLS | _MENUS) or name in _MENUS:
        return "sentence", False
    if name in _HEADINGS:
        return "heading", says_something(text)
    if not block.unlinked:
        return "link", len(text.split()) > 4 and "footer" not in names
    if name == "th" or _LEGAL.search(text):
        return "heading", False
    kind: ClaimKind = "list item" if name in {"li", "dd", "dt"} else "sentence"
    return kind, not is_label(text)


def _with_headers(cell: Any, text: str) -> str:
    """Put the headers of a table cell's row and column before its text."""
    row = cell.find_parent("tr")
    table = cell.find_parent("table")
    if row is None or table is None:
        return text
    cells = row.find_all(["td", "th"], recursive=False)
    column = next((i for i, other in enumerate(cells) if other is cell), 0)
    head = table.find("tr")
    parts: list[str] = []
    if cells and cells[0] is not cell:
        parts.append(_clean(cells[0].get_text(" ")))
    if head is not None and head is not row:
        titles = head.find_all("th", recursive=False)
        if column < len(titles):
            parts.append(_clean(titles[column].get_text(" ")))
    return ": ".join([*(part for part in parts if part), text])


def _of_attributes(tag: Any) -> Iterator[Claim]:
    for name in sorted(_TITLES & set(tag.attrs)):
        if text := _clean(str(tag.get(name, ""))):
            asserted = name == "alt" and len(text.split()) > 2 and not is_label(text)
            yield _claim(tag, text, "attribute", asserted=asserted)
    if tag.name == "a" and (target := _target(str(tag.get("href", "")))):
        yield _claim(tag, target, "link", asserted=False)
    if tag.name in {"input", "data", "time"}:
        value = str(tag.get("value") or tag.get("datetime") or "")
        if (text := _clean(value)) and tag.get("type") not in _NOT_TEXT:
            yield _claim(tag, text, "attribute", asserted=False)


_NOT_TEXT = frozenset(
    {"hidden", "submit", "button", "range", "color", "checkbox", "radio"}
)


def _target(href: str) -> str:
    """Give what a link promises to reach: a number, a mailbox, another site."""
    from urllib.parse import unquote  # noqa: PLC0415 - only for links

    scheme, _, rest = href.strip().partition(":")
    scheme = scheme.lower()
    if scheme in {"tel", "sms"}:
        return f"tel: {unquote(rest)}"
    if scheme == "mailto":
        return unquote(rest.partition("?")[0])
    return href.strip() if scheme in {"http", "https"} else ""


def _sentences(text: str) -> Iterator[str]:
    for start, end in sentence_spans(text):
        yield text[start:end]


def _clean(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _claim(tag: Any, text: str, kind: ClaimKind, *, asserted: bool = True) -> Claim:
    column = None if tag.sourcepos is None else tag.sourcepos + 1
    return Claim(
        text=text,
        kind=kind,
        asserted=asserted,
        line=tag.sourceline,
        column=column,
        selector=selector_of(tag),
    )


def selector_of(tag: Any) -> str:
    """Give a CSS selector that finds the element: from the nearest id downwards."""
    steps: list[str] = []
    while tag is not None and tag.name != "[document]":
        if _ID.fullmatch(str(tag.get("id") or "")):
            steps.append(f"#{tag['id']}")
            break
        steps.append(_step(tag))
        if len(steps) == _DEEPEST:
            break
        tag = tag.parent
    return " > ".join(steps[::-1])


def _step(tag: Any) -> str:
    before = _same_before(tag)
    following = tag.find_next_sibling(tag.name) is not None
    return f"{tag.name}:nth-of-type({before + 1})" if before or following else tag.name


def _same_before(tag: Any) -> int:
    """Count the siblings of the same name before an element.

    Remembered on the tree itself: a table of thousands of rows is counted once.
    """
    previous = tag.find_previous_sibling(tag.name)
    if previous is None:
        return 0
    known = getattr(previous, _NUMBER, None)
    if known is None:
        known = len(previous.find_previous_siblings(tag.name))
        setattr(previous, _NUMBER, known)
    setattr(tag, _NUMBER, known + 1)
    return known + 1


def _line_starts(html: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", html))]


def _with_span(claim: Claim, html: str, lines: list[int]) -> Claim:
    """Add where the text stands in the source, if it stands there letter by letter."""
    if claim.line is None or claim.line > len(lines):
        return claim
    begin = lines[claim.line - 1]
    start = html.find(claim.text, begin, begin + 20_000)
    if start < 0:
        return claim
    line = bisect_right(lines, start)
    return replace(
        claim,
        span=(start, start + len(claim.text)),
        line=line,
        column=start - lines[line - 1] + 1,
    )
