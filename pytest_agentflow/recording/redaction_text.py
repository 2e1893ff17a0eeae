"""Redaction where it is not plain: base64, streams in pieces, sizes of chunks."""

from __future__ import annotations

import base64
import binascii
import bisect
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_agentflow.recording.bodies import STYLES, parse_json, style_of

_LINE = re.compile(r"(data: ?)?([{\[].*[}\]])(\s*)", re.DOTALL)

_TO_STANDARD = str.maketrans("-_", "+/")
_TO_URL_SAFE = str.maketrans("+/", "-_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One secret found in a text."""

    start: int
    end: int
    name: str


def recoded(run: str, clean: Callable[[bytes], bytes]) -> str:
    """Clean what a base64 text holds; the text stays as it is if it is none.

    Both alphabets and missing padding are kept.
    """
    standard = run.rstrip("=").translate(_TO_STANDARD)
    try:
        data = base64.b64decode(standard + "=" * (-len(standard) % 4))
    except (binascii.Error, ValueError):
        return run
    if _bare(data) != standard:
        return run
    encoded = _bare(clean(data))
    if run.endswith("="):
        encoded += "=" * (-len(encoded) % 4)
    url_safe = "-" in run or "_" in run
    return encoded.translate(_TO_URL_SAFE) if url_safe else encoded


def _bare(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii").rstrip("=")


@dataclass(slots=True, kw_only=True)
class _Line:
    """One line of a stream that holds a JSON value."""

    number: int
    prefix: str
    suffix: str
    text: str
    value: Any
    style: str | None = field(default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A text inside the JSON value of one line, and how to replace it."""

    line: _Line
    holder: Any
    key: Any
    text: str


def clean_stream(
    text: str,
    clean_line: Callable[[str, Any], str],
    find: Callable[[str], list[Hit]],
    mark: Callable[[str], str],
) -> str:
    """Clean server-sent events or JSON lines, also of secrets split over several.

    A model that repeats a secret gives it in pieces, one per event. The texts at one
    JSON path are therefore read as one: the first piece gets the placeholder, the
    others lose their part. Other texts are given back as they are.
    """
    parts = text.split("\n")
    lines = list(_json_lines(parts, clean_line))
    changed: set[int] = set()
    for pieces in _pieces(lines).values():
        if len(pieces) > 1 and len({piece.text for piece in pieces}) > 1:
            changed |= _clean_pieces(pieces, find, mark)
    for line in lines:
        if line.number in changed:
            dump = STYLES[line.style or "compact-ascii"]
            line.text = dump(line.value).decode("utf-8")
        parts[line.number] = f"{line.prefix}{line.text}{line.suffix}"
    return "\n".join(parts)


def _json_lines(
    parts: list[str], clean_line: Callable[[str, Any], str]
) -> Iterator[_Line]:
    for number, part in enumerate(parts):
        match = _LINE.fullmatch(part)
        if match is None:
            continue
        try:
            text = clean_line(match[2], parse_json(match[2]))
            value = parse_json(text)
        except ValueError:
            continue
        yield _Line(
            number=number,
            prefix=match[1] or "",
            suffix=match[3],
            text=text,
            value=value,
            style=style_of(text.encode("utf-8", "surrogatepass"), value),
        )


def _pieces(lines: list[_Line]) -> dict[str, list[_Piece]]:
    found: dict[str, list[_Piece]] = defaultdict(list)
    for line in lines:
        for path, holder, key in _texts(line.value, ""):
            piece = _Piece(line=line, holder=holder, key=key, text=holder[key])
            found[path].append(piece)
    return found


def _texts(node: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Give JSON path, container and key of every text."""
    members = node.items() if isinstance(node, dict) else enumerate(node)
    for key, item in members:
        where = f"{path}/{key}"
        if isinstance(item, str):
            yield where, node, key
        elif isinstance(item, (dict, list)):
            yield from _texts(item, where)


def _clean_pieces(
    pieces: list[_Piece],
    find: Callable[[str], list[Hit]],
    mark: Callable[[str], str],
) -> set[int]:
    whole = "".join(piece.text for piece in pieces)
    starts = [0, *itertools.accumulate(len(piece.text) for piece in pieces)]
    texts = [piece.text for piece in pieces]
    changed: set[int] = set()
    for hit in _apart(find(whole)):
        place = bisect.bisect_right(starts, hit.start) - 1
        while place < len(pieces) and starts[place] < hit.end:
            low = max(0, hit.start - starts[place])
            high = min(len(pieces[place].text), hit.end - starts[place])
            first = starts[place] <= hit.start
            instead = mark(hit.name) if first else ""
            texts[place] = texts[place][:low] + instead + texts[place][high:]
            changed.add(place)
            place += 1
    for place in changed:
        pieces[place].holder[pieces[place].key] = texts[place]
    return {pieces[place].line.number for place in changed}


def _apart(hits: list[Hit]) -> list[Hit]:
    """Join overlapping hits, and give the last one first: places stay valid."""
    joined: list[Hit] = []
    for hit in hits:
        if joined and hit.start < joined[-1].end:
            old = joined.pop()
            end = max(old.end, hit.end)
            joined.append(Hit(start=old.start, end=end, name=old.name))
        else:
            joined.append(hit)
    return joined[::-1]


def resized(chunks: tuple[int, ...], old: bytes, new: bytes) -> tuple[int, ...]:
    """Give the sizes of the pieces that `new` is to arrive in, as many as before.

    A piece ends in the line, and as far into it, as it ended before; where the lines
    are not the same ones, sizes keep their share of the whole.
    """
    if not chunks or old == new:
        return chunks
    ends = list(itertools.accumulate(chunks))
    old_lines, new_lines = _line_ends(old), _line_ends(new)
    if len(old_lines) == len(new_lines):
        moved = [_moved(end, old_lines, new_lines) for end in ends]
    else:
        moved = [end * len(new) // (len(old) or 1) for end in ends]
    moved[-1] = len(new)
    return tuple(b - a for a, b in itertools.pairwise([0, *moved]))


def _line_ends(data: bytes) -> list[int]:
    return [0, *itertools.accumulate(map(len, data.splitlines(keepends=True)))]


def _moved(end: int, old_lines: list[int], new_lines: list[int]) -> int:
    line = bisect.bisect_right(old_lines, end) - 1
    following = new_lines[min(line + 1, len(new_lines) - 1)]
    return min(new_lines[line] + end - old_lines[line], following)
