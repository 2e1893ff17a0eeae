"""What a tool said of the runs: failures, the stage each names, seconds, versions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One failing assertion of one run.

    Attributes:
        label: The name of the test that holds it.
        by: The kind of assertion, as the tool calls it.
        message: What the tool says.
        stage: The one stage that label or message name.
    """

    label: str
    by: str
    message: str = ""
    stage: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What one tool said of all runs.

    Attributes:
        tool: Its name.
        versions: Of what was installed, as it says itself.
        seconds: Wall time of judging all runs, start-up included.
        failures: Run -> failing assertions; a run without any passed.
        error: Why nothing was judged: the end of what an installation said.
        stale: Runs that fail only because a request changed, until recorded again.
    """

    tool: str
    versions: str = ""
    seconds: float = 0.0
    failures: Mapping[str, tuple[Failure, ...]] = field(default_factory=dict)
    error: str = ""
    stale: tuple[str, ...] = ()


def stage_named(label: str, message: str, stages: Iterable[str]) -> str | None:
    """The one stage that a failure names: in the test's name, else in its message.

    A message that lists several stages, such as an order of steps, names none.
    """
    for text in (label, message):
        found = {
            name for name in stages if re.search(rf"(?<![a-z]){name}(?![a-z])", text)
        }
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def caught(
    failures: Iterable[Failure], healthy: Iterable[Failure]
) -> tuple[Failure, ...]:
    """The failures that the healthy run of the same customer does not have."""
    known = {(failure.label, failure.by) for failure in healthy}
    return tuple(f for f in failures if (f.label, f.by) not in known)


def first_stage(failures: Iterable[Failure], stages: tuple[str, ...]) -> str | None:
    """The earliest stage of the workflow that some failure names.

    Generous: the reader of several failing tests has to draw this conclusion.
    """
    named = {failure.stage for failure in failures} - {None}
    return next((stage for stage in stages if stage in named), None)
