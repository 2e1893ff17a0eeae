"""The coordination line: what a run spends on stages rather than on the work."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

import pytest_agentflow as af
from agentflow_checks.flow.shape import COPIED
from agentflow_checks.flow.texts import said_text
from agentflow_checks.flow.token_flow import (
    CHARACTERS_PER_TOKEN,
    Origin,
    TokenFlow,
)

INPUT_UNITS = ("input_tokens", "cache_read_tokens")
INPUT_PREFIX = "cache_write"
_NOTHING = (Decimal(0), Decimal(0))
TIME = "time"
MONEY = "money"
TOKENS = "tokens"
REFUSED = 400
"""From this HTTP status on nothing was answered, and providers bill nothing."""


class Cause(StrEnum):
    """Why something belongs to coordination."""

    OUTPUT = "hands on"
    PROMPT = "is read again"
    HISTORY = "sends its own history again"
    COORDINATOR = "coordinates"
    NO_STAGE = "calls in no stage"
    FEE = "is charged beside the models"
    FAILED = "failed attempts"
    GAP = "no call is under way"


CAUSES = {
    Origin.OUTPUT: Cause.OUTPUT,
    Origin.PROMPT: Cause.PROMPT,
    Origin.HISTORY: Cause.HISTORY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the line: a boundary, a stage, a fee, a gap."""

    cause: Cause
    source: str = ""
    target: str = ""
    tokens: float = 0.0
    money: Decimal = Decimal(0)
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The boundary, or the one thing that it is about."""
        if self.cause is Cause.HISTORY or not self.target:
            return self.source
        return f"{self.source} -> {self.target}"

    @property
    def stage(self) -> str | None:
        """The stage that it is put down to: that whose prompt holds the copy."""
        if self.cause in (Cause.FEE, Cause.NO_STAGE, Cause.GAP, Cause.FAILED):
            return None
        return self.target or self.source


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """All parts, and what they are parts of."""

    parts: tuple[Part, ...]
    tokens: float
    money: Decimal | None
    """Of the whole run; `None`: money was not asked for."""
    currency: str
    seconds: float | None
    """Of the whole run; `None`: the recording holds no times."""

    def amount(self, part: Part, of: str) -> float:
        """Give what a part takes of money, tokens or time."""
        if of == MONEY:
            return float(part.money)
        return part.tokens if of == TOKENS else part.seconds

    def whole(self, of: str) -> float | None:
        """Give the whole of money, tokens or time; `None`: not known."""
        if of == MONEY:
            return None if self.money is None else float(self.money)
        return self.tokens if of == TOKENS else self.seconds

    def share(self, of: str) -> float | None:
        """Give coordination's share; `None`: not known, or there is nothing."""
        whole = self.whole(of)
        if not whole:
            return None
        return min(sum(self.amount(part, of) for part in self.parts) / whole, 1.0)

    def largest(self, of: str) -> Part:
        """Give the part that takes the most."""
        return max(self.parts, key=lambda part: (self.amount(part, of), part.name))


def coordination_line(
    run: af.Run, flow: TokenFlow, coordinators: Collection[str], *, money: bool
) -> Line:
    """Put together what coordination takes of a run.

    Copied text is what a model of the run had written or read before; it costs what its
    call paid a token of input on average, cached tokens included. Calls of coordinators
    and calls in no stage count whole. Text that a stage without models gave is read for
    the first time, and counts nothing.

    Args:
        run: the run.
        flow: its token flow.
        coordinators: stages that plan, route or orchestrate.
        money: whether money is wanted; raises `UnknownPrice` where a price is missing.
    """
    if silent := [c.id for c in run.calls if _silent(c)]:
        message = f"{silent[0]} reports no usage, so that its share is not known"
        raise af.CheckError(message)
    failed = _failed_attempts(run, money=money)
    whole = run.cost() if money else af.Money(amount=Decimal(0))
    charged = _charged(run) if money else {}
    apart = {*coordinators, af.UNATTRIBUTED}
    given = {prompt.call: prompt.tokens for prompt in flow.prompts}
    tokens = {call.id: call_tokens(call, given.get(call.id, 0)) for call in run.calls}
    parts = [
        *_copies(run, flow, apart, charged),
        *_calls(run, apart, charged, tokens),
        *(_fees(run) if money else ()),
        *([failed] if failed.tokens or failed.money else ()),
        *_gaps(run, apart),
    ]
    return Line(
        parts=tuple(parts),
        tokens=sum(tokens.values()) + failed.tokens,
        money=whole.amount + failed.money if money else None,
        currency=whole.currency,
        seconds=None if run.recorded.elapsed is None else run.recorded.elapsed / 1000,
    )


def _silent(call: af.Call) -> bool:
    return bool(call.unreported)


def _failed_attempts(run: af.Run, *, money: bool) -> Part:
    """Give what the tries cost that failed before the final answers.

    One that a provider refused, or that never reached it, costs nothing.
    """
    tried = [
        replace(call, usage=attempt.usage, attempts=(), missing=())
        for call in run.calls
        for attempt in call.attempts
        if attempt.usage is not None or (attempt.status or REFUSED) < REFUSED
    ]
    if silent := [call.id for call in tried if _silent(call)]:
        message = (
            f"a failed attempt of {silent[0]} was answered and reports no usage, so "
            "that its share is not known"
        )
        raise af.CheckError(message)
    cost = af.attempts_cost(run, af.priced()) if money else None
    if cost is not None and cost.amount is None:
        message = f"what failed attempts cost is {cost}"
        raise af.CheckError(message)
    return Part(
        cause=Cause.FAILED,
        source="failed attempts",
        # What is billed by the picture or the second has no tokens.
        tokens=float(sum(call.total_tokens or 0 for call in tried)),
        money=Decimal(0) if cost is None else cost.at_least,
    )


def call_tokens(call: af.Call, given: float) -> float:
    """Give all tokens of a call; of one that is not billed by them, of its texts.

    Args:
        call: the call.
        given: text tokens of its prompt, estimated where it reports none.
    """
    if not call.is_model_call or call.usage is None:
        return 0.0
    if call.total_tokens is not None:
        return float(call.total_tokens)
    return given + len(said_text(call)) / CHARACTERS_PER_TOKEN


def _charged(run: af.Run) -> dict[str, tuple[Decimal, Decimal]]:
    """Give for each call what was paid for its input, and for all of it."""
    paid: dict[str, tuple[Decimal, Decimal]] = {}
    for charge in run.charges():
        if charge.fee:
            continue
        read, whole = paid.get(charge.call, _NOTHING)
        amount = charge.money.amount
        mine = charge.unit in INPUT_UNITS or charge.unit.startswith(INPUT_PREFIX)
        paid[charge.call] = (read + amount if mine else read, whole + amount)
    return paid


def _copies(
    run: af.Run,
    flow: TokenFlow,
    apart: Collection[str],
    charged: Mapping[str, tuple[Decimal, Decimal]],
) -> Iterator[Part]:
    tokens: Counter[tuple[str, str, Origin]] = Counter()
    money: dict[tuple[str, str, Origin], Decimal] = defaultdict(Decimal)
    calls = {call.id: call for call in run.calls}
    for prompt in flow.prompts:
        if prompt.stage in apart:
            continue
        price = _input_price(calls[prompt.call], prompt.tokens, charged)
        for copy in prompt.copies:
            if copy.origin not in COPIED:
                continue
            key = (copy.source.stage, prompt.stage, copy.origin)
            read = prompt.tokens_in(copy.start, copy.end)
            tokens[key] += read  # type: ignore[assignment]
            money[key] += Decimal(read) * price
    for key, amount in tokens.items():
        source, target, origin = key
        yield Part(
            cause=CAUSES[origin],
            source=source,
            target=target,
            tokens=float(amount),
            money=money[key],
        )


def _input_price(
    call: af.Call, tokens: float, charged: Mapping[str, tuple[Decimal, Decimal]]
) -> Decimal:
    """Give what a call paid a token of its prompt."""
    read, whole = charged.get(call.id, _NOTHING)
    used = call.usage
    if not tokens or used is None or used.input_tokens is None:
        return Decimal(0)
    if read:
        return read / used.input_tokens
    # Priced by the call or the second: a token of input pays like one of output.
    by_call = not used.units or "gpu_seconds" in used.units
    return whole / (call.total_tokens or 1) if by_call else Decimal(0)


def _calls(
    run: af.Run,
    apart: Collection[str],
    charged: Mapping[str, tuple[Decimal, Decimal]],
    tokens: Mapping[str, float],
) -> Iterator[Part]:
    for stage in sorted(apart):
        calls = [c for c in run.calls if c.stage == stage and c.is_model_call]
        if calls:
            yield Part(
                cause=Cause.NO_STAGE if stage == af.UNATTRIBUTED else Cause.COORDINATOR,
                source=stage,
                tokens=sum(tokens[call.id] for call in calls),
                money=sum((charged.get(c.id, _NOTHING)[1] for c in calls), Decimal(0)),
            )


def _fees(run: af.Run) -> Iterator[Part]:
    """What is charged beside the models: declared fees, and calls of other services."""
    models = {call.id for call in run.calls if call.is_model_call}
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for charge in run.charges():
        if charge.fee or charge.call not in models:
            sums[charge.fee or charge.model] += charge.money.amount
    for name, amount in sums.items():
        yield Part(cause=Cause.FEE, source=name, money=amount)


def _gaps(run: af.Run, apart: Collection[str]) -> Iterator[Part]:
    """Give the time in which no stage's work was under way, by what stood around it."""
    timed = [(run.recorded.calls.get(call.id), call) for call in run.calls]
    spans = sorted(
        (timing.start, timing.end, call.stage)
        for timing, call in timed
        if timing is not None and timing.end is not None and call.stage not in apart
    )
    sums: Counter[tuple[str, str]] = Counter()
    end, last = 0.0, "the start"
    for begin, stop, stage in [*spans, (run.recorded.elapsed or 0.0, 0.0, "the end")]:
        if begin > end and spans:
            sums[last, stage] += begin - end  # type: ignore[assignment]
        if stop > end:
            end, last = stop, stage
    for (source, target), gap in sums.items():
        yield Part(cause=Cause.GAP, source=source, target=target, seconds=gap / 1000)
