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
