"""The cost of any calls of a run under a cost model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from pytest_agentflow.model.call import WORDLESS_KINDS, Attempt, Call
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import ModelSize, PriceLock, charges
from pytest_agentflow.model.rate import sum_of
from pytest_agentflow.model.run import Recorded, Run
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.pricing.cost_model import (
    HOUR,
    PARAMETER_TOKENS,
    BusyTime,
    CostModel,
    ForwardPasses,
    GpuHour,
    Priced,
)
from pytest_agentflow.pricing.names import closest

PICTURES = "pictures"

REFUSED = 400
"""From this HTTP status on nothing was answered, and providers bill nothing."""

_RECORD_AGAIN = "record it again with a provider that reports usage"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What some calls cost under a cost model, and what keeps that from being known."""

    unit: str
    """A currency, or ``parameter-tokens``."""
    at_least: Decimal = Decimal(0)
    """The part that is known."""
    undetermined: tuple[str, ...] = ()
    """Why the rest is not, each with what to write or to do; empty: all is known."""
    calls: int = 0
    """How many calls were counted."""

    @property
    def amount(self) -> Decimal | None:
        """All of it; `None` where something is undetermined."""
        return None if self.undetermined else self.at_least

    def __str__(self) -> str:
        """Write the amount with its unit, or why there is none."""
        if self.undetermined:
            return f"undetermined: {'; '.join(self.undetermined)}"
        return amount_text(self.at_least, self.unit)


def amount_text(amount: Decimal, unit: str) -> str:
    """Write an amount: money as money, parameter-tokens as ``9.14e+16``."""
    if unit != PARAMETER_TOKENS:
        return str(Money(amount=amount, currency=unit))
    return f"{amount:.2e}" if amount else "0"


def cost_of(
    run: Run,
    model: CostModel,
    *,
    stage: str | None = None,
    calls: Iterable[Call] | None = None,
) -> Cost:
    """Give what a run, one of its stages or any of its calls cost under a cost model.

    A pure function of the run: prices, sizes and rates are those of its price lock.
    Calls that no model answered (tools, retrievers, plain HTTP) cost money where the
    lock has a price for them, and nothing under the other models. What is charged
    beside the models (`Run.fees`) is part of the whole run's money only.

    Args:
        run: the run.
        model: `priced`, `aalp`, `gpu_hour` or `busy_time`.
        stage: only this one; raises `UnknownStage` where there is none.
        calls: only these; they must be of `run`.
    """
    whole = calls is None and stage is None
    if calls is None:
        calls = run.calls if stage is None else run.stage(stage).calls
    chosen = tuple(calls)
    if isinstance(model, Priced):
        return _money(run, chosen, whole=whole)
    asked = [call for call in chosen if call.is_model_call]
    found = [call_parts(run, call, model) for call in asked]
    reasons = dict.fromkeys(one for one in found if isinstance(one, str))
    parts = (part for one in found if not isinstance(one, str) for part in one)
    return Cost(
        unit=PARAMETER_TOKENS if isinstance(model, ForwardPasses) else model.currency,
        at_least=sum((part.amount for part in parts), Decimal(0)),
        undetermined=tuple(reasons),
        calls=len(asked),
    )


def attempts_cost(
    run: Run,
    model: CostModel,
    *,
    stage: str | None = None,
    calls: Iterable[Call] | None = None,
) -> Cost:
    """Give what the failed attempts of calls cost, which `cost_of` leaves out.

    What an attempt reports is counted as the same call's answer would be. One that a
    provider refused, or that never reached it, has no usage and costs nothing; one
    that was answered and does not tell its usage is undetermined. `Cost.calls` counts
    the attempts that were answered or tell a usage.

    Args:
        run: the run.
        model: `priced`, `aalp` or `gpu_hour`; under `busy_time` an answered attempt is
            undetermined, since recordings hold no times of attempts.
        stage: only this one; raises `UnknownStage` where there is none.
        calls: only the attempts of these; they must be of `run`.
    """
    if calls is None:
        calls = run.calls if stage is None else run.stage(stage).calls
    tried = tuple(
        replace(
            call,
            id=f"{call.id} (failed attempt {number})",
            usage=attempt.usage,
            pictures=(),
            attempts=(),
            missing=(),
        )
        for call in calls
        for number, attempt in enumerate(call.attempts, 1)
        if attempt.usage is not None or _answered(attempt)
    )
    return cost_of(run, model, calls=tried)


def _answered(attempt: Attempt) -> bool:
    return attempt.status is not None and attempt.status < REFUSED


def _money(run: Run, calls: tuple[Call, ...], *, whole: bool) -> Cost:
    lock = run.recorded.prices
    bill = [charge for call in calls for charge in charges(call, lock)]
    bill += run.fees() if whole else ()
    known, reasons = [], dict[str, None]()
    for charge in bill:
        try:
            known.append(charge.money)
        except UnknownPrice as error:
            reasons[str(error)] = None
    try:
        amount = sum_of(known, lock.currency or "USD")
    except UnknownPrice as error:
        reasons[str(error)] = None
        amount = Money(amount=Decimal(0), currency=lock.currency or "USD")
    return Cost(
        unit=amount.currency,
        at_least=amount.amount,
        undetermined=tuple(reasons),
        calls=len(calls),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one call costs for one thing that it used."""

    unit: str
    """``token_passes``, ``input_tokens``, ``pictures``, ``seconds``, ..."""
    quantity: Decimal
    amount: Decimal
    """In the unit of the cost."""
    model: str


def call_parts(
    run: Run, call: Call, model: ForwardPasses | GpuHour | BusyTime
) -> tuple[Part, ...] | str:
    """Give what one model call costs by what it used, or why that is not known."""
    if call.broke_off:
        return f"call {call.id} broke off before its usage"
    if isinstance(model, BusyTime):
        return _busy(call, run.recorded, model)
    if isinstance(model, GpuHour):
        return _rented(call, model)
    assert isinstance(model, ForwardPasses)  # noqa: S101 - money is counted elsewhere
    return _passes(call, run.recorded.prices, model)


def _used(
    call: Call, unit: str, quantity: Decimal, amount: Decimal, by: str | None = None
) -> Part:
    return Part(
        unit=unit,
        quantity=quantity,
        amount=amount,
        model=by or call.model or "an unnamed model",
    )


def _busy(call: Call, recorded: Recorded, model: BusyTime) -> tuple[Part, ...] | str:
    timing = recorded.calls.get(call.id)
    if timing is None or timing.end is None:
        return f"the recording holds no times for call {call.id}"
    seconds = Decimal(str(timing.end - timing.start)) / 1000
    amount = model.rate * seconds / HOUR / model.concurrency
    return (_used(call, "seconds", seconds, amount),)


def _rented(call: Call, model: GpuHour) -> tuple[Part, ...] | str:
    def rent(seconds: Decimal) -> Decimal:
        return model.rate * model.gpus * seconds / HOUR / model.utilisation

    pictures, parts = _pictures(call), []
    if pictures:
        if model.seconds_per_picture is None:
            return (
                f"call {call.id} made pictures; give gpu_hour(seconds_per_picture=...)"
            )
        painting = rent(pictures * model.seconds_per_picture)
        parts.append(_used(call, PICTURES, pictures, painting, painter(call)))
    if not pictures or call.kind != "image":
        counts = _tokens(call)
        if isinstance(counts, str):
            return counts
        speeds = model.prefill_tokens_per_second, model.decode_tokens_per_second
        parts += [
            _used(call, unit, count, rent(count / speed))
            for unit, count, speed in zip(
                ("input_tokens", "output_tokens"), counts, speeds, strict=True
            )
        ]
    return tuple(parts)


def _passes(
    call: Call, lock: PriceLock, model: ForwardPasses
) -> tuple[Part, ...] | str:
    if call.kind == "audio":
        return f"call {call.id}: sound has no forward passes that are counted"
    parts: tuple[Part, ...] = ()
    if pictures := _pictures(call):
        painted = _painted(call, lock, model, pictures)
        if isinstance(painted, str):
            return painted
        parts = (_used(call, PICTURES, pictures, painted, painter(call)),)
        if call.kind == "image":
            return parts
    size = _size(call.model or "", lock, model)
    counts = _tokens(call)
    if size is None:
        return f"{_no_size(call.model)} {_entry(call.model)}"
    if isinstance(counts, str):
        return counts
    read, written = counts
    passes = written * read + written * (written + 1) / 2
    if call.kind in WORDLESS_KINDS:
        passes = read
    amount = size.parameters * passes
    return (*parts, _used(call, "token_passes", passes, amount))


def _painted(
    call: Call, lock: PriceLock, model: ForwardPasses, pictures: Decimal
) -> Decimal | str:
    name = painter(call)
    size = _size(name or "", lock, model)
    if size is None:
        return f"{_no_size(name)} {_entry(name, pictures=True)}"
    steps = size.steps or model.steps
    if steps is None:
        return (
            f"how many diffusion steps {name} takes for a picture is not declared; "
            f"{_entry(name, pictures=True)}"
        )
    return size.parameters * steps * pictures


def painter(call: Call) -> str | None:
    """Name the model that made the pictures of a call: its own, or one it had paint."""
    units = call.usage.units if call.usage is not None else {}
    others = (u.rpartition(":")[0] for u in units if u.endswith("_tokens"))
    return next(filter(None, others), call.model)


def _no_size(model: str | None) -> str:
    return f"the size of {model or 'an unnamed model'} is not declared;"


def _entry(model: str | None, *, pictures: bool = False) -> str:
    steps = ", steps = 30" if pictures else ""
    return (
        "add to the price file, one key a line: "
        f'[[size]] model = "{model}", parameters = "..."{steps}; '
        "then: agentflow prices RECORDINGS --file PRICES"
    )


def _size(name: str, lock: PriceLock, model: ForwardPasses) -> ModelSize | None:
    declared = next((size for size in lock.sizes if size.model == name), None)
    own = closest(model.sizes.items(), lambda item: item[0], name)
    if not own:
        return declared
    steps = declared.steps if declared is not None else None
    return ModelSize(model=name, parameters=own[-1][1], steps=steps)


def _tokens(call: Call) -> tuple[Decimal, Decimal] | str:
    usage = call.usage
    if usage is None or usage.input_tokens is None:
        return f"call {call.id} reports no tokens; {_RECORD_AGAIN}"
    if usage.output_tokens is None and call.kind not in WORDLESS_KINDS:
        return f"call {call.id} reports no output tokens; {_RECORD_AGAIN}"
    return Decimal(usage.input_tokens), Decimal(usage.output_tokens or 0)


def _pictures(call: Call) -> Decimal:
    units = call.usage.units if call.usage is not None else {}
    billed = sum((n for u, n in units.items() if u.startswith("images:")), Decimal(0))
    if call.kind != "image":
        # What a chat model paints itself is among the tokens it writes.
        return billed
    return max(billed, Decimal(len(call.pictures)))


def models_of(calls: Iterable[Call]) -> Iterator[str]:
    """Name every model whose size counts: those called, and those that painted."""
    for call in calls:
        if call.is_model_call:
            yield from filter(None, (call.model, painter(call)))
