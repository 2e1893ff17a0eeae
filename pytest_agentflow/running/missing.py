"""What a replay says of a call that its recording lacks: what changed, the repair."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_agentflow.model.call import Call, Invocation, Request
from pytest_agentflow.model.run import UNATTRIBUTED, Run
from pytest_agentflow.recording.match import (
    Change,
    Index,
    Matching,
    difference,
    request_difference,
)
from pytest_agentflow.recording.volatile import NOTATIONS, normaliser

#: Changes told of one call; the others are counted.
MOST_CHANGES = 6
#: A recorded call that differs in more words than this is no help as a comparison.
TOO_FAR = 0.9
MOST_LISTED = 8
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that the recording does not answer."""

    stage: str
    key: str
    kind: str
    what: Request | Invocation | None


def miss_text(
    run: Run,
    index: Index,
    matching: Matching,
    asked: Asked,
    repair: Callable[[str], str],
) -> str:
    """Say which call is missing, which recorded one is nearest, and what changed.

    `repair` says how to record a stage anew.
    """
    lines = [f"{_place(asked.stage)} {_described(asked.what)}, which {_where(run)} "]
    lines[0] += _why(index, asked)
    lines += _nearest(index, matching, asked)
    lines.append(f"  If the change is meant, {repair(asked.stage)}")
    return "\n".join(lines)


def _place(stage: str) -> str:
    outside = "outside of every stage, the workflow"
    return outside if stage == UNATTRIBUTED else f"stage {stage!r}"


def _where(run: Run) -> str:
    name = run.path.name if run.path is not None else run.id
    return f"the recording {run.workflow}/{name}"


def _described(what: Request | Invocation | None) -> str:
    if isinstance(what, Invocation):
        given = ", ".join(f"{k}={_short(v)}" for k, v in what.arguments.items())
        return f"called {what.function}({given})"
    if what is None:
        return "made a call"
    model = _model_of(what)
    named = f" ({model})" if model else ""
    return f"sent {what.method} {what.host}{what.path}{named}"


def _model_of(request: Request) -> str | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) else None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _why(index: Index, asked: Asked) -> str:
    times = index.recorded(asked.stage, asked.key)
    if times:
        count = "once" if times == 1 else f"{times} times"
        return f"holds {count} in this stage: it was played already"
    others = [s for s in index.stages_with(asked.key) if s != asked.stage]
    if others == [UNATTRIBUTED]:
        return (
            "holds word for word, but in no stage: this recording was made before "
            f"{asked.stage!r} had its name. Nothing else changed: take the name away "
            "to replay it as it is"
        )
    if others:
        return f"holds only in stage {', '.join(map(repr, others))}"
    return "does not hold"


def _nearest(index: Index, matching: Matching, asked: Asked) -> list[str]:
    if asked.what is None or index.recorded(asked.stage, asked.key):
        return []
    found = index.nearest(asked.stage, asked.what, asked.kind)
    if found is None:
        return ["  The recording holds no call of this sort."]
    call, distance = found
    if distance > TOO_FAR:
        return ["  No recorded call is like it."]
    changes = changes_between(call, asked.what, matching)
    if not changes:
        return []
    lines = [f"  Nearest recorded call: {call.id}. What changed since:"]
    lines += [f"    {change}" for change in changes[:MOST_CHANGES]]
    if (more := len(changes) - MOST_CHANGES) > 0:
        lines.append(f"    and {more} more changes")
    return lines + _volatile(changes)


def _volatile(changes: Sequence[Change]) -> list[str]:
    """Say how to let digits and dates not count, where nothing else differs."""
    if not all(_is_volatile(change) for change in changes):
        return []
    paths = dict.fromkeys(change.path for change in changes)
    return [
        "  Only digits or dates differ. If they do in every run, let them not count:",
        *(f"    agentflow_volatile = {path}" for path in paths),
    ]


def _is_volatile(change: Change) -> bool:
    if not change.path.startswith("$") or None in (change.before, change.after):
        return False
    written = normaliser(NOTATIONS)
    before, after = (
        _DIGITS.sub("0", written(text or "")) for text in (change.before, change.after)
    )
    return before == after


def changes_between(
    call: Call, what: Request | Invocation, matching: Matching
) -> Sequence[Change]:
    """Compare a recorded call with what is asked now."""
    if isinstance(what, Request) and call.request is not None:
        return request_difference(call.request, what, matching)
    if isinstance(what, Invocation) and call.invocation is not None:
        before, after = call.invocation.arguments, what.arguments
        return values_differ("arguments", before, after)
    return ()


def values_differ(
    name: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Sequence[Change]:
    """Compare two JSON objects, where bytes may stand; `name` begins every path."""
    return difference(_as_json(name, before), _as_json(name, after))


def _as_json(name: str, value: Mapping[str, Any]) -> bytes:
    return json.dumps({name: value}, default=_digest, sort_keys=True).encode()


def _digest(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes, SHA-256 {hashlib.sha256(value).hexdigest()}"
    return dict(value) if isinstance(value, Mapping) else repr(value)


def unplayed_text(run: Run, calls: Sequence[Call], repair: str) -> str:
    """Say which recorded calls the workflow did not make this time."""
    count = "1 call that was" if len(calls) == 1 else f"{len(calls)} calls that were"
    listed = [
        f"    {call.id}  {_described(call.request or call.invocation)}"
        for call in calls[:MOST_LISTED]
    ]
    if (more := len(calls) - MOST_LISTED) > 0:
        listed.append(f"    and {more} more")
    return "\n".join(
        (
            f"{_where(run)} holds {count} not made in this replay:",
            *listed,
            f"  If the workflow needs them no longer, {repair}",
        )
    )


def inputs_text(run: Run, inputs: Mapping[str, Any], command: str) -> str | None:
    """Say how the inputs differ from the recorded ones; `None` if they do not."""
    changes = values_differ("inputs", run.inputs, inputs)
    if not changes:
        return None
    lines = [f"the inputs of {run.id} are not those that were recorded:"]
    lines += [f"    {change}" for change in changes[:MOST_CHANGES]]
    lines.append(f"  If they are meant to be so, record anew: {command}")
    return "\n".join(lines)
