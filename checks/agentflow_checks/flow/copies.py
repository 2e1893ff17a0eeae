"""Find which stretches of a text were copied, and from which of many earlier texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

MOST_SOURCES = 6
"""Text that more texts hold is looked for in the first ones and the latest."""


class Index:
    """Which texts hold which shingle; reading and asking are linear in words."""

    def __init__(self) -> None:
        self._holders: dict[int, int] = {}
        self._groups: list[tuple[int, ...]] = [()]
        self._numbers: dict[tuple[int, ...], int] = {(): 0}

    def add(self, source: int, keys: Sequence[int]) -> None:
        """Enter the shingles of the text with the number `source`."""
        holders, larger = self._holders, dict[int, int]()
        for key in keys:
            group = holders.get(key, 0)
            grown = larger.get(group)
            if grown is None:
                grown = larger[group] = self._with(group, source)
            holders[key] = grown

    def _with(self, group: int, source: int) -> int:
        members = self._groups[group]
        if source in members:
            return group
        kept = members[:-1] if len(members) == MOST_SOURCES else members
        grown = (*kept, source)
        if grown not in self._numbers:
            self._numbers[grown] = len(self._groups)
            self._groups.append(grown)
        return self._numbers[grown]

    def runs(self, keys: Sequence[int], width: int) -> Iterator[tuple[int, int, int]]:
        """Give (source, first word, word behind the last) of each copied stretch."""
        begun: dict[int, int] = {}
        before, holders = 0, self._holders
        for place, key in enumerate(keys):
            group = holders.get(key, 0)
            if group == before:
                continue
            before, members = group, self._groups[group]
            for source in [s for s in begun if s not in members]:
                yield source, begun.pop(source), place + width - 1
            for source in members:
                begun.setdefault(source, place)
        for source, start in begun.items():
            yield source, start, len(keys) + width - 1


class Paint:
    """The words of one text, each with the source it was copied from, if any."""

    def __init__(self, length: int) -> None:
        self.owner = [-1] * length
        self._free = list(range(length + 1))

    def copied(self, runs: Iterator[tuple[int, int, int]], least: int = 1) -> None:
        """Give every free word to the longest run that holds it, of equals the first.

        A page quotes the plan it was made from: read as a whole, it is the page that
        was copied, and the sentence alone was copied from the plan.

        Args:
            runs: what `Index.runs` gave.
            least: what is left of a run between words that have an owner counts only
                from so many words on.
        """
        longest = sorted(runs, key=lambda run: (run[1] - run[2], run[0], run[1]))
        for source, start, end in longest:
            word = self._next(start)
            while word < end:
                stop = word + 1
                while stop < end and self._free[stop] == stop:
                    stop += 1
                if stop - word >= least:
                    self._own(source, word, stop)
                word = self._next(stop)

    def _own(self, source: int, start: int, end: int) -> None:
        self.owner[start:end] = [source] * (end - start)
        # A walk that meets one of these words goes on behind the stretch.
        self._free[start:end] = [end] * (end - start)

    def _next(self, word: int) -> int:
        free = self._free
        while free[word] != word:
            free[word] = free[free[word]]
            word = free[word]
        return word

    def stretches(self) -> Iterator[tuple[int, int, int]]:
        """Give (source, first word, word behind the last) in the order of the text."""
        start = 0
        for source, group in groupby(self.owner):
            end = start + sum(1 for _ in group)
            if source >= 0:
                yield source, start, end
            start = end
