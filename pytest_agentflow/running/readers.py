"""Which stage read what was retrieved before any stage had begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.running.notes import SourceNote, StageNote

_TELLING = 12
"""Characters of a document's longest line; fewer may stand in any prompt."""


@dataclass(frozen=True, kw_only=True)
class Readers:
    """The stages of a run, as readers of documents.

    Where a program retrieves first and opens its stages afterwards, no context tells
    which of them a document is for: the prompts do, which hold its text.
    """

    stages: Sequence[StageNote]
    """In the order of the graph."""
    calls: Sequence[Call]

    def of(self, note: SourceNote) -> str | None:
        """Name the stage that a document belongs to.

        One that was retrieved inside a stage is that stage's. What was retrieved before
        was handed to the stage that began next. Of that one and those that did not end
        before it, the first whose prompts hold the text has read it, that one itself
        preferred. Where none holds it, it is the first from there on that asks a model,
        and not a price list that happened to be looked up in between.
        """
        outside = note.call is not None and note.call.stage == UNATTRIBUTED
        begun = next((s for s in self.stages if s.name == note.stage), None)
        if begun is None or not outside:
            return note.stage
        others = [
            s for s in self.stages if s is not begun and s.name not in begun.after
        ]
        probe = max(map(str.strip, note.text.splitlines()), key=len, default="")
        if len(probe) >= _TELLING:
            for stage in (begun, *others):
                if probe in self._prompts.get(stage.name, ""):
                    return stage.name
        later = [begun, *(s for s in others if begun.name in s.after)]
        return next((s.name for s in later if s.name in self._prompts), begun.name)

    @cached_property
    def _prompts(self) -> Mapping[str, str]:
        """All that the models of each stage were given."""
        found: dict[str, list[str]] = {}
        for call in self.calls:
            if call.is_model_call:
                found.setdefault(call.stage, []).append(call.prompt)
        return {name: "\n".join(prompts) for name, prompts in found.items()}
