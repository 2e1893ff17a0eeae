"""What sets of runs consumed: money, tokens and calls by stage and by unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal

from pytest_agentflow.model.call import Call, usage_of
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost import (
    PICTURES,
    Cost,
    Part,
    amount_text,
    call_parts,
    cost_of,
)
from pytest_agentflow.pricing.cost_model import CostModel, Priced

COORDINATION = "coordination"
"""Where the charges of a whole run stand, which belong to no stage."""

_SIXTEEN = Context(prec=16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One unit of one stage over a set of runs."""

    stage: str
    unit: str
    quantity: Decimal
    amount: Decimal
    models: tuple[str, ...]
    medium: str = ""
    """Kind of the calls, ``chat`` or ``image``; empty: it is charged for no call."""

    @property
    def kind(self) -> tuple[str, str]:
        """What may be compared: a picture's tokens are no text's, whatever its size."""
        return self.medium, self.unit.partition(":")[0]

    @property
    def words(self) -> str:
        """The unit for readers: ``images:1024x1024:medium`` -> ``images``."""
        return self.kind[1].replace("_", " ")

    @property
    def price(self) -> Decimal:
        """Amount for one unit."""
        return self.amount / self.quantity if self.quantity else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The bill of a set of cases; trials of one case count as their mean."""

    cases: int
    unit: str
    """A currency, or ``parameter-tokens``."""
    tokens: Decimal
    calls: Decimal
    """Of models."""
    counts: Mapping[tuple[str, str], Decimal]
    """By stage and kind: the calls, and for ``image`` the pictures, of models."""
    estimated: bool
    priced: bool
    """Whether it tells what providers charge; else what a cost model counts."""
    lines: tuple[Line, ...] = field(default=())

    @property
    def amount(self) -> Decimal:
        """All of it."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def money(self) -> Money:
        """All of it, where the unit is a currency."""
        return Money(amount=self.amount, currency=self.unit)

    def text(self, amount: Decimal) -> str:
        """Write an amount with its unit."""
        return amount_text(amount, self.unit)

    def stages(self) -> dict[str, Decimal]:
        """Give the amount of each stage, dearest first."""
        sums: dict[str, Decimal] = {}
        for line in self.lines:
            sums[line.stage] = sums.get(line.stage, Decimal(0)) + line.amount
        return dict(sorted(sums.items(), key=lambda item: -item[1]))


class NotComparable(ValueError):
    """Runs that cannot be weighed against each other; one sentence says why."""


def bill(cases: Sequence[Sequence[Run]], model: CostModel | None = None) -> Ledger:
    """Add up what the runs of `cases` consumed, each case as the mean of its runs.

    Raises `NotComparable` where something of it is undetermined.
    """
    chosen = Priced() if model is None else model
    weighed = [(run, Decimal(1) / len(runs)) for runs in cases for run in runs]
    units = {run_cost(run, chosen).unit for run, _ in weighed}
    if len(units) > 1:
        raise NotComparable(one_currency(units))
    lines: dict[tuple[str, str, str], Line] = {}
    for run, weight in weighed:
        for part in _parts(run, chosen):
            key = part.stage, part.unit, part.medium
            lines[key] = _added(lines.get(key), part, weight)
    return Ledger(
        cases=len(cases),
        unit=units.pop() if units else "USD",
        tokens=sum((tokens_of(run) * w for run, w in weighed), Decimal(0)),
        calls=sum((w * _model_calls(run) for run, w in weighed), Decimal(0)),
        counts=_counts(weighed),
        estimated=any(_is_estimated(run) for run, _ in weighed),
        priced=isinstance(chosen, Priced),
        lines=tuple(lines.values()),
    )


def run_cost(run: Run, model: CostModel) -> Cost:
    """Give what a run costs, if all of it is known; else raises `NotComparable`."""
    cost = cost_of(run, model)
    if cost.undetermined:
        more = len(cost.undetermined) - 1
        also = f" (and {more} more)" if more else ""
        raise NotComparable(f"{run.id}: {cost.undetermined[0]}{also}")
    if not any(call.is_model_call for call in run.calls):
        raise NotComparable(f"{run.id} holds no model call: nothing of it was counted")
    return cost


def one_currency(units: Iterable[str]) -> str:
    """Say that amounts of several currencies have no ratio."""
    return (
        f"amounts in {' and '.join(sorted(units))} have no ratio: convert to one "
        "currency first, by currency = and [[rate]] of the price file (docs/prices.md)"
    )


def tokens_of(run: Run, calls: Iterable[Call] | None = None) -> int:
    """Count the tokens of a run, or of some of its calls.

    Raises `NotComparable` where a model call reports none.
    """
    chosen = tuple(run.calls if calls is None else calls)
    for call in chosen:
        if call.unreported:
            what = " or ".join(call.unreported)
            raise NotComparable(f"{run.id}: call {call.id} reports no {what}")
    # A model that had pictures painted inside its call reports their tokens apart.
    units = usage_of(chosen).units
    apart = sum(n for unit, n in units.items() if unit.endswith("_tokens"))
    return sum(call.total_tokens or 0 for call in chosen) + int(apart)


def _parts(run: Run, model: CostModel) -> Iterator[Line]:
    if isinstance(model, Priced):
        kinds = {call.id: call.kind for call in run.calls}
        for charge in run.charges():
            painter, unit = _painted(charge.unit)
            yield Line(
                stage=charge.stage or COORDINATION,
                unit=unit,
                quantity=charge.quantity,
                amount=charge.money.amount,
                models=(painter or charge.model,),
                medium="image" if painter else kinds.get(charge.call, ""),
            )
        return
    for call in run.calls:
        parts = call_parts(run, call, model) if call.is_model_call else ()
        assert not isinstance(parts, str)  # noqa: S101 - `run_cost` has refused it
        for part in parts:
            yield Line(
                stage=call.stage,
                unit=part.unit,
                quantity=part.quantity,
                amount=_unit_price(part) * part.quantity,
                models=(part.model,),
                medium="image" if part.unit == PICTURES else call.kind,
            )


def _unit_price(part: Part) -> Decimal:
    # With fewer digits than an amount has, so that one price stays one price: what
    # rounding leaves would else be told as a difference.
    return _SIXTEEN.divide(part.amount, part.quantity) if part.quantity else Decimal(0)


def _added(before: Line | None, part: Line, weight: Decimal) -> Line:
    quantity, amount = part.quantity * weight, part.amount * weight
    if before is None:
        return replace(part, quantity=quantity, amount=amount)
    return replace(
        part,
        quantity=before.quantity + quantity,
        amount=before.amount + amount,
        models=tuple(sorted({*before.models, *part.models})),
    )


def _painted(unit: str) -> tuple[str, str]:
    """Part what a chat model had painted: ``gpt-image-1:output_image_tokens``."""
    model, _, kind = unit.rpartition(":")
    if model and kind.endswith("_tokens"):
        return model, kind.replace("_image", "")
    return "", unit


def _model_calls(run: Run) -> int:
    return sum(call.is_model_call for call in run.calls)


def _counts(
    weighed: Sequence[tuple[Run, Decimal]],
) -> Mapping[tuple[str, str], Decimal]:
    sums: dict[tuple[str, str], Decimal] = {}
    for run, weight in weighed:
        for call in run.calls:
            for medium, count in _counted(call):
                key = call.stage, medium
                sums[key] = sums.get(key, Decimal(0)) + count * weight
    return sums


def _counted(call: Call) -> Iterator[tuple[str, Decimal]]:
    if not call.is_model_call:
        return
    units = call.usage.units if call.usage is not None else {}
    pictures = sum((n for u, n in units.items() if u.startswith("images:")), Decimal(0))
    if call.kind == "image":
        yield "image", pictures or Decimal(max(len(call.pictures), 1))
        return
    yield call.kind, Decimal(1)
    if pictures:
        yield "image", pictures


def _is_estimated(run: Run) -> bool:
    return any(
        call.usage is not None and call.usage.source == "estimated"
        for call in run.calls
    )
