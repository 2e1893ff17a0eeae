"""Why a stage costs more or less than before: the difference by its causes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import Charge
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.pricing.cause_words import (
    CauseId,
    cause_id,
    detail,
    label,
    prices,
)
from pytest_agentflow.pricing.lanes import Lane, billed, exact, lanes, split

FEES = "coordination"
"""The line of what is charged beside the models, which belongs to no stage."""

_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCause:
    """One cause of a difference in cost, and how much of it it makes."""

    id: CauseId
    label: str
    """In words, with its direction: ``more calls``, ``cheaper model``."""
    detail: str = ""
    """From what to what: ``1 -> 6``, ``small -> large``."""
    amount: Fraction
    """Money; negative where it saves. Exact: the causes sum to the difference."""
    currency: str = "USD"

    @property
    def money(self) -> Money:
        """The amount, rounded to what a decimal holds."""
        return _money(self.amount, self.currency)

    def __str__(self) -> str:
        """Write it: ``more calls +$0.012 (1 -> 6)``."""
        detail_ = f" ({self.detail})" if self.detail else ""
        return f"{self.label} {_signed(self.money)}{detail_}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """What a stage costs now and before, and the causes of the difference."""

    stage: str | None
    """`None`: the whole run."""
    before: Money
    now: Money
    causes: tuple[CostCause, ...] = ()
    """The largest first; empty where nothing changed."""

    @property
    def difference(self) -> Money:
        """Now less before."""
        return self.now - self.before

    @property
    def drift(self) -> Money:
        """What changed prices alone make of the difference."""
        amount = sum((c.amount for c in self.causes if c.id == "price"), Fraction())
        return _money(amount, self.now.currency)

    def __str__(self) -> str:
        """Name the largest causes: ``longer prompts +$0.02 (...), ...``."""
        rest = len(self.causes) - _SHOWN
        more = f", {rest} more" if rest > 0 else ""
        return ", ".join(map(str, self.causes[:_SHOWN])) + more


def _signed(money: Money) -> str:
    return f"+{money}" if money.amount > 0 else str(money)


def _money(amount: Fraction, currency: str) -> Money:
    number = Decimal(amount.numerator) / Decimal(amount.denominator)
    return Money(amount=number, currency=currency)


def cost_change(before: Run, now: Run, stage: str) -> CostChange:
    """Split the difference of a stage's two bills over its causes.

    Causes are more calls, a dearer model, longer prompts, less read from the cache,
    more output, more or dearer pictures, and changed prices; their amounts sum exactly
    to the difference. Each run is billed at its own price lock, so that what prices did
    is told apart from what usage did. The split is the Shapley value of these changes
    (see `shapley`): the mean over all orders in which they could have been made.

    Args:
        before: the run on main.
        now: the run of the same case.
        stage: a name; a stage that a run lacks costs nothing there.

    Raises:
        UnknownPrice: where a call of either has no price or reports no usage, or where
            the runs are charged in two currencies.
    """
    old, new = (tuple(c for c in r.calls if c.stage == stage) for r in (before, now))
    locks = before.recorded.prices, now.recorded.prices
    bills = list(billed(old, locks[0])), list(billed(new, locks[1]))
    amounts = [sum(map(exact, bill), Fraction()) for bill in bills]
    currency = _currency([charge for bill in bills for charge in bill])
    return CostChange(
        stage=stage,
        before=_money(amounts[0], currency),
        now=_money(amounts[1], currency),
        causes=_ordered(_causes(lanes(old, new, locks), currency)),
    )


def cost_changes(before: Run, now: Run) -> tuple[CostChange, ...]:
    """Split the difference of two runs, stage by stage in the order of the later one.

    Calls of no stage come under ``unattributed``; what is charged beside the models
    comes last, as ``coordination``. For arguments and errors see `cost_change`.
    """
    names = dict.fromkeys(
        [s.name for run in (now, before) for s in run.stages if s.calls]
        + [call.stage for run in (now, before) for call in run.calls]
    )
    found = [cost_change(before, now, name) for name in names]
    return (*found, *_fees(before.fees(), now.fees()))


def _fees(before: Sequence[Charge], now: Sequence[Charge]) -> Iterator[CostChange]:
    if not (before or now):
        return
    currency = _currency((*before, *now))
    old, new = (sum(map(exact, fees), Fraction()) for fees in (before, now))
    causes = []
    for name in dict.fromkeys(fee.fee for fee in (*now, *before)):
        mine = [
            sum((exact(f) for f in s if f.fee == name), Fraction())
            for s in (before, now)
        ]
        apart = mine[1] - mine[0]
        if apart:
            causes.append(_cause("fees", apart, currency, name))
    yield CostChange(
        stage=FEES,
        before=_money(old, currency),
        now=_money(new, currency),
        causes=_ordered(causes),
    )


def _causes(of: Iterable[Lane], currency: str) -> Iterator[CostCause]:
    drift, drifted = Fraction(), list[Lane]()
    for lane in of:
        found: dict[CauseId, Fraction] = {}
        for (family, player), amount in split(lane).items():
            id_ = cause_id(lane, family, player)
            found[id_] = found.get(id_, Fraction()) + amount
        if change := found.pop("price", None):
            drift += change
            drifted.append(lane)
        for id_, amount in found.items():
            if amount:
                yield _cause(id_, amount, currency, detail(lane, id_))
    if drifted:
        names = [name for lane in drifted for name in lane.now.models]
        locks = drifted[0].before.lock, drifted[0].now.lock
        yield _cause("price", drift, currency, prices(names, locks))


def _cause(id_: CauseId, amount: Fraction, currency: str, detail_: str) -> CostCause:
    return CostCause(
        id=id_,
        label=label(id_, rise=amount > 0),
        detail=detail_,
        amount=amount,
        currency=currency,
    )


def _ordered(causes: Iterable[CostCause]) -> tuple[CostCause, ...]:
    return tuple(sorted(causes, key=lambda c: (-abs(c.amount), c.id, c.detail)))


def _currency(bill: Sequence[Charge]) -> str:
    found = sorted({charge.money.currency for charge in bill})
    if len(found) > 1:
        message = (
            f"the runs are charged in {' and '.join(found)}; declare a reporting "
            "currency and its rate in the price file"
        )
        raise UnknownPrice(message)
    return found[0] if found else "USD"
