"""Where in an output, letter by letter, a claim and its values were read."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agentflow_checks.grounding.claims import Claim
from agentflow_checks.grounding.folding import Folded, fold, original_span

_TAG = re.compile(r"<[!/?A-Za-z][^<>]*>")
_SIGNS = re.compile(r"\S")
_LAST_KEY = re.compile(r"\.([\w@-]+)(?:\[[0-9]+\])*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedClaim:
    """A claim and the span of the output that it was read from.

    Args:
        claim: the claim, whose ``text`` is what a reader is shown.
        start: first character of the output.
        end: the one after the last.
        signs: offsets in ``claim.text`` of its signs that are no blanks, and
        places: their spans in the output; empty where the text stands there as it is.
    """

    claim: Claim
    start: int
    end: int
    signs: tuple[int, ...] = ()
    places: tuple[tuple[int, int], ...] = ()

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Give the span of the output for a span of the claim's text."""
        if not self.signs:
            return min(self.start + start, self.end), min(self.start + end, self.end)
        first, last = bisect_left(self.signs, start), bisect_left(self.signs, end)
        inside = self.places[first:last]
        return (inside[0][0], inside[-1][1]) if inside else (self.start, self.end)


def placed_claims(output: str, claims: Iterable[Claim]) -> Iterator[PlacedClaim]:
    """Find the text of every claim in the output it was read from.

    Values of JSON documents and texts of pages went through escapes, references, tags
    and blanks: they are found sign by sign, in the order of the claims. What is not
    found (the header of a table's column is part of each cell's claim) is placed as
    well as it can be, at worst at the whole output.
    """
    search: _Search | None = None
    for claim in claims:
        span = claim.span if claim.path is None else None
        if span is not None and output[slice(*span)] == claim.text:
            yield PlacedClaim(claim=claim, start=span[0], end=span[1])
            continue
        search = search or _Search(output)
        yield search.place(claim)


@dataclass(slots=True)
class _Stream:
    """The signs of an output that are no blanks, and where each came from."""

    folded: Folded
    text: str
    at: list[int]

    def span(self, sign: int) -> tuple[int, int]:
        """Give the span of the output that holds a sign."""
        return original_span(self.folded, self.at[sign], self.at[sign] + 1)


class _Search:
    """Look for claims one after the other; a class, for it goes on where it was."""

    def __init__(self, output: str) -> None:
        self._output = output
        folded = fold(output)
        tags = ((m.start(), m.end()) for m in _TAG.finditer(folded.text))
        self._streams = (_stream(folded, tags), _stream(folded, ()))
        self._cursors = [0, 0]
        self._lines = _Lines(output)

    def place(self, claim: Claim) -> PlacedClaim:
        """Place one claim, behind the one before where its text stands there."""
        whole = fold(claim.text)
        signs = [m.start() for m in _SIGNS.finditer(whole.text)]
        for skipped in (0, claim.text.rfind(": ") + 1):
            kept = [i for i in signs if original_span(whole, i, i)[0] >= skipped]
            needle = "".join(whole.text[i] for i in kept)
            found = self._find(claim, needle) if needle else None
            if found is not None:
                own = tuple(original_span(whole, i, i)[0] for i in kept)
                start, end = found[0][0], found[-1][1]
                return PlacedClaim(
                    claim=claim, start=start, end=end, signs=own, places=found
                )
        return PlacedClaim(claim=claim, start=0, end=len(self._output), signs=(-1,))

    def _find(self, claim: Claim, needle: str) -> tuple[tuple[int, int], ...] | None:
        for number, stream in enumerate(self._streams):
            for begin in self._beginnings(claim, number, stream):
                at = stream.text.find(needle, begin)
                if at >= 0:
                    self._cursors[number] = at + len(needle)
                    return tuple(stream.span(at + i) for i in range(len(needle)))
        return None

    def _beginnings(self, claim: Claim, number: int, stream: _Stream) -> Iterator[int]:
        """Give the signs from which a claim is looked for, the likeliest first."""
        cursor = self._cursors[number]
        if claim.selector is not None and claim.line is not None:
            yield bisect_left(stream.at, self._lines.start(stream, claim.line))
        key = _LAST_KEY.search(claim.path or "")
        if key is not None:
            named = stream.text.find(f'"{key[1]}":', cursor)
            if named >= 0:
                yield named + len(key[1]) + 3
        yield cursor
        yield 0


@dataclass(slots=True)
class _Lines:
    """Starts of the lines of an output, counted when first asked for."""

    output: str
    starts: list[int] = field(default_factory=list)

    def start(self, stream: _Stream, line: int) -> int:
        """Give where a line starts in a stream's folded text."""
        if not self.starts:
            breaks = re.finditer("\n", self.output)
            self.starts = [0, *(match.end() for match in breaks)]
        original = self.starts[min(line, len(self.starts)) - 1]
        offsets = stream.folded.offsets
        return original if offsets is None else bisect_left(offsets, original)


def _stream(folded: Folded, skipped: Iterable[tuple[int, int]]) -> _Stream:
    spans = list(skipped)
    starts = [start for start, _ in spans]
    at = []
    for match in _SIGNS.finditer(folded.text):
        before = bisect_right(starts, match.start())
        if not before or spans[before - 1][1] <= match.start():
            at.append(match.start())
    return _Stream(folded, "".join(folded.text[i] for i in at), at)
