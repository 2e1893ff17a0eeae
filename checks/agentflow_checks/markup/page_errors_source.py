"""A page's source cut into tags, text, comments and scripts, each with its place."""

from __future__ import annotations

import bisect
import dataclasses
import functools
import html
import re
from collections.abc import Iterator, Mapping

RAW = frozenset(
    {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}
)
"""Elements whose content is no markup (HTML, 13.2.5.2 to 13.2.5.4)."""

QUOTING = frozenset({"code", "pre", "kbd", "samp", "textarea", "xmp", "var"})
"""Elements that show text as it is: what stands there is talked about."""

_NAME = re.compile(r"[a-zA-Z][^\s/>]*")
_SPACE = re.compile(r"[\s/]*")
_ATTRIBUTE = re.compile(r"=?[^\s/>=]*")
_EQUALS = re.compile(r"\s*=\s*")
_BARE = re.compile(r"[^\s>]*")
_COMMENT_END = re.compile(r"--!?>")
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the source."""

    kind: str
    """``text``, ``tag``, ``end``, ``comment``, ``declaration``, or ``raw``: what stands
    inside an element of `RAW`."""
    start: int
    end: int
    name: str = ""
    """Of a tag its element; of ``raw`` the element around it; in lower case."""
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    places: Mapping[str, int] = dataclasses.field(default_factory=dict)
    """Attribute -> offset of its value, or of its name where it has none."""
    closed: bool = True
    """False where the source ends before it does."""
    quoting: bool = False
    """Whether it stands inside an element of `QUOTING`."""


@functools.lru_cache(maxsize=16)
def pieces(source: str) -> tuple[Piece, ...]:
    """Cut a source; the pieces, put together, are the source again."""
    return tuple(_marked(_pieces(source)))


def _marked(found: Iterator[Piece]) -> Iterator[Piece]:
    """Say of each piece whether it is quoted."""
    depth = 0
    for piece in found:
        if piece.kind == "end" and piece.name in QUOTING:
            depth = max(0, depth - 1)
        inside = depth > 0 or (piece.kind == "raw" and piece.name in QUOTING)
        yield dataclasses.replace(piece, quoting=True) if inside else piece
        if piece.kind == "tag" and piece.name in QUOTING:
            depth += 1


def _pieces(source: str) -> Iterator[Piece]:
    at, foreign = 0, 0
    while at < len(source):
        opened = _next_markup(source, at)
        if opened > at:
            yield Piece(kind="text", start=at, end=opened)
        if opened == len(source):
            return
        piece = _markup(source, opened)
        yield piece
        at = piece.end
        alone = source[at - 2 : at] == "/>"
        if piece.name in ("svg", "math") and not alone:
            foreign = max(0, foreign + (1 if piece.kind == "tag" else -1))
        if piece.kind != "tag" or piece.name not in RAW or not piece.closed:
            continue
        # In SVG these are elements like any other, a script's text apart.
        if foreign and (piece.name != "script" or alone):
            continue
        yield from _raw(source, at, piece.name)
        at = _raw_end(source, at, piece.name)[0]


def _next_markup(source: str, at: int) -> int:
    while True:
        at = source.find("<", at)
        if at < 0 or at + 1 == len(source):
            return len(source)
        follows = source[at + 1]
        if follows.isascii() and (follows.isalpha() or follows in "!?"):
            return at
        if follows == "/" and source[at + 2 : at + 3] not in ("", " "):
            return at
        at += 1


def _markup(source: str, at: int) -> Piece:
    if source.startswith("<!--", at):
        return _comment(source, at)
    if source.startswith("<![CDATA[", at):
        return _until(source, at, "]]>", "declaration")
    if source[at + 1] in "!?":
        return _until(source, at, ">", "declaration")
    if source[at + 1] == "/":
        name = _NAME.match(source, at + 2)
        if name is None:
            return _until(source, at, ">", "comment")
        return _tag(source, at, name, "end")
    name = _NAME.match(source, at + 1)
    # What brought us here is a letter after the bracket.
    assert name is not None  # noqa: S101
    return _tag(source, at, name, "tag")


def _comment(source: str, at: int) -> Piece:
    for short in ("<!-->", "<!--->"):
        if source.startswith(short, at):
            return Piece(kind="comment", start=at, end=at + len(short))
    found = _COMMENT_END.search(source, at + 4)
    end = found.end() if found else len(source)
    return Piece(kind="comment", start=at, end=end, closed=found is not None)


def _until(source: str, at: int, sign: str, kind: str) -> Piece:
    found = source.find(sign, at)
    end = found + len(sign) if found >= 0 else len(source)
    return Piece(kind=kind, start=at, end=end, closed=found >= 0)


def _tag(source: str, at: int, name: re.Match[str], kind: str) -> Piece:
    here, closed = name.end(), False
    if source.startswith(">", here):
        return Piece(kind=kind, start=at, end=here + 1, name=name[0].lower())
    attributes: dict[str, str] = {}
    places: dict[str, int] = {}
    while not closed:
        here = _end(_SPACE, source, here)
        if here >= len(source):
            break
        if source[here] == ">":
            here, closed = here + 1, True
            break
        begin, here = here, _end(_ATTRIBUTE, source, here)
        key = source[begin:here].lower()
        equals = _EQUALS.match(source, here)
        value, place = "", begin
        if equals is not None:
            value, place, here = _value(source, equals.end())
        # Of two attributes of one name browsers take the first.
        attributes.setdefault(key, html.unescape(value))
        places.setdefault(key, place)
    return Piece(
        kind=kind,
        start=at,
        end=min(here, len(source)),
        name=name[0].lower(),
        attributes=attributes,
        places=places,
        closed=closed,
    )


def _value(source: str, at: int) -> tuple[str, int, int]:
    """Read an attribute's value: itself, its offset, and where it ends."""
    quote = source[at : at + 1]
    if quote in ('"', "'"):
        end = source.find(quote, at + 1)
        if end < 0:
            return source[at + 1 :], at + 1, len(source)
        return source[at + 1 : end], at + 1, end + 1
    end = _end(_BARE, source, at)
    return source[at:end], at, end


def _end(pattern: re.Pattern[str], source: str, at: int) -> int:
    found = pattern.match(source, at)
    return found.end() if found else at


def _raw(source: str, at: int, name: str) -> Iterator[Piece]:
    end, closed = _raw_end(source, at, name)
    if end > at or not closed:
        yield Piece(kind="raw", start=at, end=end, name=name, closed=closed)


def _raw_end(source: str, at: int, name: str) -> tuple[int, bool]:
    found = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(source, at)
    return (found.start(), True) if found else (len(source), False)


@dataclasses.dataclass(frozen=True, slots=True)
class Spot:
    """A place in a source; both count from 1."""

    line: int
    column: int


@functools.lru_cache(maxsize=16)
def _line_starts(source: str) -> tuple[int, ...]:
    return (0, *(found.end() for found in _LINE_END.finditer(source)))


def spot(source: str, offset: int) -> Spot:
    """Turn an offset into line and column; CR LF, CR and LF end lines alike."""
    starts = _line_starts(source)
    line = bisect.bisect_right(starts, offset)
    return Spot(line, offset - starts[line - 1] + 1)


def offset(source: str, line: int, column: int) -> int:
    """Turn line and column into an offset, inside the source in any case."""
    starts = _line_starts(source)
    start = starts[min(max(line, 1), len(starts)) - 1]
    return min(start + max(column, 1) - 1, len(source))


def from_browser(source: str, line: int, column: int) -> Spot:
    """Turn a browser's column, in UTF-16 units, into one of characters."""
    starts = _line_starts(source)
    if not 1 <= line <= len(starts):
        return Spot(line, column)
    end = starts[line] if line < len(starts) else len(source)
    units = 0
    for index, sign in enumerate(source[starts[line - 1] : end]):
        if units >= column - 1:
            return Spot(line, index + 1)
        units += 2 if ord(sign) > 0xFFFF else 1
    return Spot(line, column)


def is_code(source: str, offset: int) -> bool:
    """Whether an offset lies in the text of a script or a style sheet."""
    found = pieces(source)
    piece = found[bisect.bisect_right(found, offset, key=lambda one: one.start) - 1]
    return piece.kind == "raw" and piece.name in ("script", "style")


def tag_with(source: str, name: str, attribute: str, value: str) -> tuple[Piece, ...]:
    """Find the start tags of an element that carry an attribute of that value."""
    return tuple(_tags_by_value(source).get((name.lower(), attribute, value), ()))


@functools.lru_cache(maxsize=4)
def _tags_by_value(source: str) -> Mapping[tuple[str, str, str], list[Piece]]:
    found: dict[tuple[str, str, str], list[Piece]] = {}
    for piece in pieces(source):
        if piece.kind == "tag":
            for key, value in piece.attributes.items():
                found.setdefault((piece.name, key, value), []).append(piece)
    return found


UNBUILT = frozenset({"template", "noscript"})
"""Elements whose content is no part of the document where scripts run."""


def nth_tag(source: str, name: str, nth: int, of: int) -> Piece | None:
    """Find the start tag of the document's nth element of a name, from 0.

    None where the source does not hold as many as the document: scripts or the parser
    made or moved some, and nobody knows which.
    """
    alike = _tags_by_name(source).get(name.lower(), ())
    return alike[nth] if len(alike) == of and 0 <= nth < of else None


@functools.lru_cache(maxsize=4)
def _tags_by_name(source: str) -> Mapping[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    inside = 0
    for piece in pieces(source):
        if piece.kind == "end" and piece.name in UNBUILT:
            inside = max(0, inside - 1)
        elif piece.kind == "tag":
            if not inside:
                found.setdefault(piece.name, []).append(piece)
            inside += piece.name in UNBUILT
    return found
