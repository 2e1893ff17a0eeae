"""Spans of a text that are already taken, so that one value is not read twice."""

from __future__ import annotations

from bisect import bisect_right


class Spans:
    """Disjoint spans [start, end), kept in order.

    A class and not a value: recognisers of one text add to it in turn.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def overlaps(self, start: int, end: int) -> bool:
        """Tell whether any taken span shares a character with [start, end)."""
        at = bisect_right(self._starts, start)
        if at and self._ends[at - 1] > start:
            return True
        return at < len(self._starts) and self._starts[at] < end

    def take(self, start: int, end: int) -> bool:
        """Take a span; return False, and take nothing, when part of it is taken."""
        if self.overlaps(start, end):
            return False
        at = bisect_right(self._starts, start)
        self._starts.insert(at, start)
        self._ends.insert(at, end)
        return True

    def gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """Give the parts of [start, end) that no taken span holds."""
        free: list[tuple[int, int]] = []
        at = max(bisect_right(self._starts, start) - 1, 0)
        while start < end and at < len(self._starts) and self._starts[at] < end:
            if self._starts[at] > start:
                free.append((start, self._starts[at]))
            start = max(start, self._ends[at])
            at += 1
        return [*free, (start, end)] if start < end else free
