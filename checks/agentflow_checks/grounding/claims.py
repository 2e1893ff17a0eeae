"""Claims of an output: sentences, list items, table rows, values, each placed."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from agentflow_checks.grounding.json_leaves import Leaf, is_written, leaves
from agentflow_checks.grounding.names import is_title
from agentflow_checks.grounding.sentences import sentence_spans
from agentflow_checks.grounding.wording import praises

ClaimKind = Literal[
    "sentence", "heading", "list item", "table row", "value", "attribute", "link",
    "structured data",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement of an output, and where it stands.

    Args:
        text: as written (on pages: as shown, blanks collapsed).
        kind: what carries it.
        asserted: False for text that states nothing (menus, buttons, short headings):
            its values are looked up all the same.
        path: JSON path into the output, where that is a JSON value.
        span: [start, end) of ``text`` in the text at ``path``, where that is exact.
        line: line of the text, from 1.
        column: column in that line, from 1.
        selector: CSS selector of the element, on pages.
        key: name that binds the value, where the text is structured.
        record: lower-case names of the thing that the key belongs to.
    """

    text: str
    kind: ClaimKind = "sentence"
    asserted: bool = True
    path: str | None = None
    span: tuple[int, int] | None = None
    line: int | None = None
    column: int | None = None
    selector: str | None = None
    key: str = ""
    record: frozenset[str] = frozenset()


_FENCE = re.compile(
    r"^[ \t]*(?P<ticks>```+|~~~+)[ \t]*(?P<lang>[\w+-]*)[^\n]*\n(?P<body>.*?)"
    r"(?:^[ \t]*(?P=ticks)[ \t]*$|\Z)",
    re.DOTALL | re.MULTILINE,
)
_PAGE_BEGINS = re.compile(r"<!doctype html|<html[\s>]", re.IGNORECASE)
_PAGE_ENDS = re.compile(r"</html\s*>", re.IGNORECASE)
_FRAGMENT = re.compile(
    r"\s*<(?:head|body|header|main|section|article|div|nav|footer|form|table|ul|ol|h[1-6]"
    r"|p|style|svg)\b[^>]*>",
    re.IGNORECASE,
)
_LINE = re.compile(r"[^\n]+")
_HEAD = re.compile(
    r"[ \t]*(?:(?P<heading>\#{1,6}[ \t]+)|(?P<quote>(?:>[ \t]?)+)"
    r"|(?P<item>(?:[-*•·\u2013]|\([0-9]{1,2}\)|[0-9]{1,3}[.)]|[A-Za-z][.)])[ \t]+))?"
)
_RULE_LINE = re.compile(r"[\s|:=*_-]+\Z")
_STYLE_KEY = re.compile(
    r"(?:colou?rs?|fonts?|widths?|heights?|sizes?|margins?|padding|radius|z_?index|opacity"
    r"|css|class(?:name)?s?|styles?|icons?|svg|layout|weights?|seed|steps|model|temperature"
    r"|max_?tokens|html|code|script)\Z",
    re.IGNORECASE,
)
#: A picture in base64; minified JSON and HTML have no blanks either, but signs.
_ENCODED = re.compile(r"[A-Za-z0-9+/=_-]{400}")
_WORD = re.compile(r"\w[\w'-]*")


def claims_of(output: Any) -> tuple[Claim, ...]:
    """Give the claims of a stage's output or a page.

    Args:
        output: a text (plain, Markdown, HTML, JSON, or fenced parts of these), bytes
            (UTF-8), or a JSON value, whose strings are read the same way.

    Returns:
        Claims in the order of the text. Code, styles and scripts make none.
    """
    if isinstance(output, bytes):
        output = _decoded(output)
    if isinstance(output, str):
        return () if _is_data(output) else tuple(_of_text(output))
    return tuple(_of_value(output))


def _decoded(data: bytes) -> str:
    """Read bytes as UTF-8; pictures and other binary data say nothing."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return ""
    return "" if "\0" in text else text


def _is_data(text: str) -> bool:
    """Tell whether a string is encoded data (a picture in base64), not text."""
    if text.startswith("data:"):
        return True
    return _ENCODED.match(text) is not None


def _of_text(text: str) -> Iterator[Claim]:
    parsed = _as_json(text)
    if parsed is not None:
        yield from _of_value(parsed)
        return
    at = 0
    for fence in _FENCE.finditer(text):
        yield from _of_loose_text(text, at, fence.start())
        yield from _of_fence(text, fence)
        at = fence.end()
    yield from _of_loose_text(text, at, len(text))


def _of_fence(text: str, fence: re.Match[str]) -> Iterator[Claim]:
    body, start = fence["body"], fence.start("body")
    lang = fence["lang"].lower()
    if lang in {"html", "htm", "xhtml"} or _looks_like_page(body):
        yield from _of_page(text, start, fence.end("body"))
    elif lang in {"json", ""} and (parsed := _as_json(body)) is not None:
        yield from _of_value(parsed)
    elif lang in {"", "text", "txt", "md", "markdown"}:
        yield from _of_lines(text, start, fence.end("body"))


def _of_loose_text(text: str, start: int, end: int) -> Iterator[Claim]:
    """Read text outside fences, in which a whole page may stand."""
    begin = _PAGE_BEGINS.search(text, start, end)
    if begin is None:
        if _FRAGMENT.match(text, start, end):
            yield from _of_page(text, start, end)
        else:
            yield from _of_lines(text, start, end)
        return
    ends = [match.end() for match in _PAGE_ENDS.finditer(text, begin.end(), end)]
    close = ends[-1] if ends else end
    yield from _of_lines(text, start, begin.start())
    yield from _of_page(text, begin.start(), close)
    yield from _of_lines(text, close, end)


def _of_page(text: str, start: int, end: int) -> Iterator[Claim]:
    from agentflow_checks.grounding.pages import claims_of_page  # noqa: PLC0415 - heavy

    before = text.count("\n", 0, start)
    for claim in claims_of_page(text[start:end]):
        line = claim.line + before if claim.line is not None else None
        span = claim.span
        moved = (span[0] + start, span[1] + start) if span else None
        yield replace(claim, line=line, span=moved)


def _looks_like_page(text: str) -> bool:
    return bool(_PAGE_BEGINS.search(text) or _FRAGMENT.match(text))


def _as_json(text: str) -> Any:
    stripped = text.strip()
    if stripped[:1] not in {"{", "["} or stripped[-1:] not in {"}", "]"}:
        return None
    try:
        return json.loads(stripped)
    except (ValueError, RecursionError):
        return None


def _of_lines(text: str, start: int, end: int) -> Iterator[Claim]:
    breaks = [match.start() for match in re.finditer("\n", text)]
    header: tuple[str, ...] = ()
    for line in _LINE.finditer(text, start, end):
        if _RULE_LINE.match(line.group()):
            continue
        if line.group().lstrip().startswith("|"):
            header, row = _table_row(line, header)
            if row is not None:
                yield _placed(row, breaks)
            continue
        header = ()
        for claim in _of_line(text, line.start(), line.end()):
            yield _placed(claim, breaks)


def _of_line(text: str, start: int, end: int) -> Iterator[Claim]:
    head = _HEAD.match(text, start, end)
    begin = head.end() if head else start
    kind: ClaimKind = "sentence"
    if head and head["heading"]:
        kind = "heading"
    elif head and head["item"]:
        kind = "list item"
    for first, last in sentence_spans(text[begin:end]):
        written = text[begin + first : begin + last]
        if _WORD.search(written):
            asserted = not is_label(written)
            if kind == "heading":
                asserted = says_something(written)
            span = (begin + first, begin + last)
            yield Claim(text=written, kind=kind, asserted=asserted, span=span)


def says_something(heading: str) -> bool:
    """Tell whether a heading or label states something.

    It does when it holds a value, or praises, or has a sentence's length and is not in
    title case.
    """
    if any(c.isdigit() for c in heading) or praises(heading):
        return True
    return len(_WORD.findall(heading)) >= 5 and not is_title(heading)


def is_label(text: str) -> bool:
    """Tell whether a text only names what stands beside it ("Icon:", a title)."""
    if any(c.isdigit() for c in text):
        return False
    words = _WORD.findall(text)
    if text.rstrip(" *_").endswith(":"):
        return len(words) <= 6
    if praises(text):
        return False
    return len(words) <= 6 and (is_title(text) or len(words) == 1)


def _table_row(
    line: re.Match[str], header: tuple[str, ...]
) -> tuple[tuple[str, ...], Claim | None]:
    cells = tuple(cell.strip() for cell in line.group().strip().strip("|").split("|"))
    if not header:
        return cells, None
    written = line.group().strip()
    start = line.start() + line.group().index(written)
    return header, Claim(
        text=written, kind="table row", span=(start, start + len(written))
    )


def _placed(claim: Claim, breaks: Sequence[int]) -> Claim:
    if claim.span is None:
        return claim
    line = bisect_right(breaks, claim.span[0] - 1)
    begin = breaks[line - 1] + 1 if line else 0
    return replace(claim, line=line + 1, column=claim.span[0] - begin + 1)


def _of_value(value: Any) -> Iterator[Claim]:
    for leaf in leaves(value):
        if _STYLE_KEY.match(leaf.key) and not _holds_page(leaf.value):
            continue
        if isinstance(leaf.value, (str, bytes)):
            for claim in claims_of(leaf.value):
                yield _at_leaf(claim, leaf)
        elif is_written(leaf.value):
            yield Claim(
                text=str(leaf.value),
                kind="value",
                path=leaf.path,
                key=leaf.key,
                record=leaf.record,
            )


def _holds_page(value: Any) -> bool:
    return isinstance(value, str) and _looks_like_page(value)


def _at_leaf(claim: Claim, leaf: Leaf) -> Claim:
    """Place a claim at its value's path; bind it if it is all of the value."""
    inner = claim.path.removeprefix("$") if claim.path else ""
    whole = not claim.selector and claim.text.strip() == str(leaf.value).strip()
    return replace(
        claim,
        path=leaf.path + inner,
        key=claim.key or (leaf.key if whole else ""),
        record=claim.record or (leaf.record if whole else frozenset()),
    )
