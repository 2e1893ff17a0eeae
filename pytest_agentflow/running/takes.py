"""How many takes a recording has cost: a chosen take is no sample, and says so."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_agentflow.model.call import WORDLESS_KINDS, Call
from pytest_agentflow.model.codec import Malformed, from_json, to_json
from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.price import UnknownPrice, charges
from pytest_agentflow.model.run import UNATTRIBUTED, Recorded, Retake, Run, Takes
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.lock import lock_prices
from pytest_agentflow.recording.canonical import Matching, key_of_call
from pytest_agentflow.recording.journal import read_journal
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.recording.names import partial_path
from pytest_agentflow.running.timing import now
from pytest_agentflow.running.versions import versions

_NOTHING = Money(amount=Decimal(0))

EVENT = "takes"
"""The journal's event that carries what was discarded before it began."""


def asked_again(
    path: Path, calls: Collection[Call], matching: Matching, stages: Collection[str]
) -> bool:
    """Whether a new recording asks again what the old one of `path` was asked.

    A take is a re-roll of the same question: a recording of other questions, since a
    prompt was changed, say, is no sample that was discarded. What cannot be compared
    counts as asked again, so that no selection is hidden.

    Args:
        path: of the recording that is about to be replaced.
        calls: of the new one, redacted.
        matching: what counts of a request.
        stages: those that were recorded anew; none: all.
    """
    try:
        old = load(path).calls if path.exists() else None
    except RecordingError:
        old = None
    if old is None:
        return True
    mine, theirs = (
        {key_of_call(call, matching) for call in some if _is_question(call, stages)}
        for some in (calls, old)
    )
    return None in theirs or bool(mine & theirs)


def _is_question(call: Call, stages: Collection[str]) -> bool:
    # A retriever, or an embedder, answers the same each time: nothing to choose from.
    rolls = call.invocation is None and call.kind not in WORDLESS_KINDS
    return rolls and (not stages or call.stage in stages)


def takes_before(path: Path, stages: Collection[str] | None = None) -> Takes:
    """Count what a new recording of `path` discards of the old one.

    A take whose price is not known makes the whole cost unknown. Of an old recording
    that was removed since another one broke off, the journal still knows.

    Args:
        path: of the recording.
        stages: those that are recorded anew; `None`: all.

    Raises `RecordingError` for a journal that is damaged.
    """
    if path.exists():
        return _after_whole(path, stages)
    partial = partial_path(path)
    entries = read_journal(partial) if partial.exists() else ()
    noted = [entry.data for entry in entries if entry.event == EVENT]
    return _read(noted[-1]) if noted else Takes()


def _after_whole(path: Path, stages: Collection[str] | None) -> Takes:
    try:
        run = load(path)
    except RecordingError:
        return Takes(discarded=1)  # it was a take, whatever became of the file
    before = run.recorded.all_takes
    gone = [c for c in run.calls if stages is None or c.stage in stages]
    return _one_more(before, cost_of(gone, run))


def with_broken(
    before: Takes, left: Mapping[int, Sequence[Call]], book: PriceBook, *, anew: bool
) -> Takes:
    """Add what was answered for nothing before a recording was whole.

    Args:
        before: what was discarded else.
        left: the answers that were not used, by the take that broke off.
        book: where prices are looked up.
        anew: nothing that was answered before was used. Else a take of which all that
            cost something was used is none that was discarded.
    """
    takes = before
    for calls in left.values():
        cost = cost_now(calls, book)
        if anew or cost is None or cost.amount:
            takes = _one_more(takes, cost)
    return takes


def cost_now(calls: Sequence[Call], book: PriceBook) -> Money | None:
    """Add up what `calls` cost at today's prices; `None` if one is unknown."""
    lock = lock_prices(calls, book, dt.datetime.now(dt.UTC))
    try:
        return total(c.money for call in calls for c in charges(call, lock))
    except (UnknownPrice, ValueError):
        return None


def _read(data: Any) -> Takes:
    with contextlib.suppress(Malformed):
        return from_json(Takes, data)
    return Takes()


def discarded_since(before: Takes, after: Takes) -> Takes:
    """Give what `after` counts beyond `before`."""
    spent = before.cost if before.discarded else _NOTHING
    known = spent is not None and after.cost is not None
    return Takes(
        discarded=after.discarded - before.discarded,
        cost=_difference(after.cost, spent) if known else None,
    )


def _difference(after: Money | None, before: Money | None) -> Money | None:
    if after is None or before is None:
        return None
    if after.currency != before.currency:
        return after if not before.amount else None
    return Money(amount=after.amount - before.amount, currency=after.currency)


def with_retakes(
    run: Run,
    stages: Collection[str],
    recording: Run,
    takes: Takes,
    parts: tuple[str, ...] = (),
) -> Recorded:
    """Give the block `recorded` of a run of which some stages were recorded anew.

    What changes with them is kept at each stage, and nothing of the whole changes: so
    branches that recorded different stages anew can be merged.

    Args:
        run: as it is now.
        stages: those that were recorded anew.
        recording: as it was.
        takes: what was discarded for it; counted at the first of the stages.
        parts: when the parts were begun, where it broke off in between.
    """
    old, at, used = recording.recorded, now(), versions()
    other = {name: one for name, one in used.items() if old.versions.get(name) != one}
    anew = [stage.name for stage in run.stages if stage.name in stages]
    retakes = {
        stage.name: old.retakes[stage.name]
        for stage in run.stages
        if stage.name in old.retakes
    }
    for place, name in enumerate(anew or [UNATTRIBUTED]):
        before = retakes.get(name, Retake()).takes
        here = _added(before, takes) if place == 0 else before
        retakes[name] = Retake(at=at, versions=other, takes=here, parts=parts)
    return replace(run.recorded, retakes=retakes)


def _added(left: Takes, right: Takes) -> Takes:
    if not (left.discarded and right.discarded):
        return left if left.discarded else right
    return Takes(
        discarded=left.discarded + right.discarded, cost=_sum(left.cost, right.cost)
    )


def as_note(takes: Takes) -> Any:
    """Give `takes` in the form that a journal keeps."""
    return to_json(takes)


def _one_more(before: Takes, cost: Money | None) -> Takes:
    spent = before.cost if before.discarded else _NOTHING
    known = spent is not None and cost is not None
    return Takes(
        discarded=before.discarded + 1,
        cost=_sum(spent, cost) if known else None,
    )


def _sum(left: Money | None, right: Money | None) -> Money | None:
    if left is None or right is None:
        return None
    if left.currency != right.currency:
        return right if not left.amount else left if not right.amount else None
    return left + right


def cost_of(calls: Sequence[Call], run: Run) -> Money | None:
    """Add up what `calls` cost at the prices of `run`; `None` if one is unknown."""
    lock = run.recorded.prices
    try:
        return total(c.money for call in calls for c in charges(call, lock))
    except (UnknownPrice, ValueError):
        return None
