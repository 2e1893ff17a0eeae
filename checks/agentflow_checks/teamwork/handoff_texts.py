"""Texts asked for facts: what of them somebody sees, and whose value it must be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property

from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.markup import readable
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.kinds import Atom
from agentflow_checks.grounding.lookup import holds
from agentflow_checks.grounding.sources import Document, Index, index
from agentflow_checks.teamwork.handoff_facts import Fact
from agentflow_checks.teamwork.handoff_numbers import counted, is_bare, spelled

#: A shorter run of letters may stand in any text by chance.
_SHORTEST_VERBATIM = 12
#: Longer texts are compared by their letters alone, which takes linear time.
_LONGEST_WHOLE = 1000


class Texts:
    """Some texts, asked whether they hold a fact in any notation.

    A class because of what it remembers: texts are read when first asked for.
    """

    def __init__(self, texts: Iterable[str], *, in_full: bool = False) -> None:
        """Take texts as their reader does.

        Args:
            texts: of HTML counts what a reader sees (see `flow.markup.readable`).
            in_full: a model reads them, comments and scripts included.
        """
        self._texts = [text for text in texts if text.strip()]
        self._in_full = in_full

    def __bool__(self) -> bool:
        return bool(self._texts)

    def tells(self, fact: Fact) -> bool | None:
        """Whether the fact stands here; `None` where the value may be another's.

        A number up to twelve must stand beside what it counts, and a value that
        several facts share as often as there are facts.
        """
        if is_bare(fact.text):
            if counted(fact.text, fact.path, self._whole):
                return True
            return None if any(map(self.says, spelled(fact.text))) else False
        if not self.holds(fact):
            return False
        return True if fact.shared < 2 or self._count(fact) >= fact.shared else None

    def holds(self, fact: Fact) -> bool:
        """Whether its value stands here: word for word, or as the same values."""
        if self.says(fact.text):
            return True
        return bool(fact.atoms) and all(holds(self._index, a) for a in fact.atoms)

    def says(self, text: str) -> bool:
        """Whether a text stands here word for word, whatever the typography."""
        seen = readable(text)
        wanted = fold(seen)
        if not wanted:
            return False
        if len(wanted) <= _LONGEST_WHOLE:
            bounded = _bounded(wanted)
            if bounded.search(self._whole) or bounded.search(self._joined):
                return True
        plain = letters(seen)
        return len(plain) >= _SHORTEST_VERBATIM and plain in self._letters

    def _count(self, fact: Fact) -> int:
        seen = readable(fact.text)
        wanted, plain = fold(seen), letters(seen)
        found = [0]
        if 0 < len(wanted) <= _LONGEST_WHOLE:
            bounded = _bounded(wanted)
            texts = (self._whole, self._joined)
            found.extend(sum(1 for _ in bounded.finditer(text)) for text in texts)
        if len(plain) >= _SHORTEST_VERBATIM:
            found.append(self._letters.count(plain))
        if fact.atoms:
            found.append(min(self._hits(atom) for atom in fact.atoms))
        return max(found)

    def _hits(self, atom: Atom) -> int:
        places = {
            hit.start
            for reading in atom.readings
            if reading.value is not None
            for hit in self._index.values.get(reading.value, ())
            if hit.reading.normal == reading.normal
        }
        return len(places)

    @cached_property
    def _readable(self) -> str:
        seen = "\n".join(map(readable, self._texts))
        return "\n".join([seen, *self._texts]) if self._in_full else seen

    @cached_property
    def _whole(self) -> str:
        return fold(self._readable)

    @cached_property
    def _joined(self) -> str:
        """The texts without a blank for inline tags: one price in two elements."""
        return fold("\n".join(readable(text, between="") for text in self._texts))

    @cached_property
    def _letters(self) -> str:
        return letters(self._readable)

    @cached_property
    def _index(self) -> Index:
        return index([Document(id="texts", text=self._readable)], lang="")


def _bounded(wanted: str) -> re.Pattern[str]:
    """Find a text that is no part of a longer word or number (£480 in £4,800)."""
    before = r"(?<!\w)(?<!\d[.,])" if wanted[0].isalnum() else ""
    after = r"(?!\w)(?![.,]\d)" if wanted[-1].isalnum() else ""
    return re.compile(f"{before}{re.escape(wanted)}{after}")
