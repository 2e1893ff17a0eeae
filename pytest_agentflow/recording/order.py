"""The order of recorded calls, the same however threads and tasks were interleaved."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_agentflow.model.call import Call
from pytest_agentflow.recording.canonical import (
    STRICT,
    Matching,
    canonical_call,
    key_of_call,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A call as it was seen: before it has its place, and so its id, in the run."""

    call: Call
    """Its `id` and `parents` do not count."""
    id: str
    """Temporary, unique while recording."""
    branch: str
    """The task or thread that made it."""
    start: float
    """ms since the run began; orders the calls of one branch, and nothing else."""
    parents: tuple[str, ...] = ()
    """Temporary ids of the calls that were answered before this one was made."""


_Sign = tuple[str, str]


def order_calls(
    captured: Sequence[Captured],
    *,
    stages: Sequence[str] = (),
    rules: Matching = STRICT,
) -> list[Call]:
    """Order the calls of a run and give them their ids, ``stage/ordinal``.

    Within a stage, calls of one branch stand by start. Calls of different branches are
    merged by canonical key, then by digest of the answer, but never before a call that
    had to be answered first. The result does not depend on the order of `captured`.

    Args:
        captured: in any order.
        stages: names in graph order; stages not named follow by their first start.
        rules: what counts of a request.
    """
    ids = numbered(captured, stages=stages, rules=rules)
    places = {temporary: place for place, temporary in enumerate(ids)}
    by_id = {item.id: item for item in captured}
    return [
        dataclasses.replace(
            by_id[temporary].call,
            id=id_,
            parents=_parents(by_id[temporary], ids, places),
        )
        for temporary, id_ in ids.items()
    ]


def _parents(
    item: Captured, ids: dict[str, str], places: dict[str, int]
) -> tuple[str, ...]:
    known = {parent for parent in item.parents if parent in ids}
    return tuple(ids[parent] for parent in sorted(known, key=places.__getitem__))


def numbered(
    captured: Sequence[Captured],
    *,
    stages: Sequence[str] = (),
    rules: Matching = STRICT,
) -> dict[str, str]:
    """Give temporary id -> final id in final order; arguments as `order_calls`."""
    by_stage: dict[str, list[Captured]] = defaultdict(list)
    for item in sorted(captured, key=lambda c: (c.start, c.id)):
        by_stage[item.call.stage].append(item)
    names = [name for name in dict.fromkeys(stages) if name in by_stage]
    names += [name for name in by_stage if name not in names]
    signs = {item.id: _sign(item.call, rules) for item in captured}
    before = _before(captured)
    return {
        item.id: f"{name}/{number}"
        for name in names
        for number, item in enumerate(_merge(by_stage[name], signs, before), 1)
    }


def _sign(call: Call, rules: Matching) -> _Sign:
    key = key_of_call(call, rules) or canonical_call(call, rules) or ""
    if call.invocation is not None:
        text = json.dumps(call.invocation.result, sort_keys=True, default=repr)
        return key, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    if call.response is None:
        return key, hashlib.sha256((call.answer or "").encode()).hexdigest()
    status = f"{call.response.status}\n".encode()
    return key, hashlib.sha256(status + call.response.body).hexdigest()


def _before(captured: Sequence[Captured]) -> dict[str, frozenset[str]]:
    """For each call, the nearest calls of its own stage that had to be answered."""
    by_id = {item.id: item for item in captured}
    found = {}
    for item in captured:
        same, seen, waiting = set[str](), set[str](), list(item.parents)
        while waiting:
            parent = waiting.pop()
            if parent in seen or parent not in by_id:
                continue
            seen.add(parent)
            if by_id[parent].call.stage == item.call.stage:
                same.add(parent)
            else:
                waiting += by_id[parent].parents
        found[item.id] = frozenset(same - {item.id})
    return found


def _merge(
    items: list[Captured],
    signs: dict[str, _Sign],
    before: dict[str, frozenset[str]],
) -> Iterator[Captured]:
    branches: dict[str, list[Captured]] = defaultdict(list)
    for item in items:
        branches[item.branch].append(item)
    waiting = list(branches.values())
    done: set[str] = set()
    while waiting:
        ready = [b for b in waiting if before[b[0].id] <= done]
        # Parents in a circle cannot be recorded; if they are given, nothing hangs.
        chosen = _first(ready or waiting, signs, before)
        item = chosen.pop(0)
        done.add(item.id)
        waiting = [branch for branch in waiting if branch]
        yield item


def _first(
    branches: list[list[Captured]],
    signs: dict[str, _Sign],
    before: dict[str, frozenset[str]],
) -> list[Captured]:
    lowest = min(signs[branch[0].id] for branch in branches)
    tied = [branch for branch in branches if signs[branch[0].id] == lowest]
    if len(tied) == 1:
        return tied[0]
    # Equal exchanges are told apart by what came before and after them; the clock only
    # decides between branches that are alike in all of that.
    return min(tied, key=lambda branch: _rank(branch, signs, before))


def _rank(
    branch: list[Captured],
    signs: dict[str, _Sign],
    before: dict[str, frozenset[str]],
) -> Any:
    origin = sorted(signs[parent] for parent in before[branch[0].id])
    rest = [signs[item.id] for item in branch]
    return origin, rest, branch[0].start, branch[0].id
