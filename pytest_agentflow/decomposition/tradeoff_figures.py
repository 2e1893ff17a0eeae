"""What is measured of one run: money, forward passes, seconds, tokens and levers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from pytest_agentflow.decomposition.ledger import NotComparable
from pytest_agentflow.decomposition.tradeoff_variants import calling_stages
from pytest_agentflow.model.call import Call
from pytest_agentflow.model.price import Charge, charges
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.cost import amount_text, attempts_cost, cost_of
from pytest_agentflow.pricing.cost_model import CostModel, Priced, aalp

Objective: TypeAlias = Literal["money", "latency", "aalp"]
OBJECTIVES: tuple[Objective, ...] = ("money", "latency", "aalp")

PICTURES = "pictures"
FAILED_ATTEMPTS = "failed attempts"
ORCHESTRATION = "orchestration"
"""Calls of coordinators and in no stage, and what is charged beside the models.

The mark `coordination` counts these, too, and adds copied text and failed attempts.
"""
SECONDS = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a number of stages is chosen for."""

    name: str
    """``money``, ``latency``, ``aalp``, or the cost model as it is written."""
    model: CostModel | None
    """`None`: latency."""

    def of(self, run: Run) -> Decimal:
        """Measure a run; raises `NotComparable` where that is not known."""
        if self.model is None:
            return Decimal(str(span_seconds(run)))
        return amount_of(run, self.model)

    def unit(self, run: Run) -> str:
        """Name the unit: a currency, ``parameter-tokens`` or ``s``."""
        return SECONDS if self.model is None else cost_of(run, self.model).unit


def measure_of(objective: Objective | CostModel) -> Measure:
    """Read an objective.

    Raises:
        ValueError: for a word that is none.
    """
    if not isinstance(objective, str):
        return Measure(name=repr(objective), model=objective)
    if objective not in OBJECTIVES:
        known = ", ".join(OBJECTIVES)
        message = f"objective={objective!r} is none of {known}, and no cost model"
        raise ValueError(message)
    models: dict[str, CostModel | None] = {
        "money": Priced(),
        "latency": None,
        "aalp": aalp(),
    }
    return Measure(name=objective, model=models[objective])


def amount_of(run: Run, model: CostModel, stage: str | None = None) -> Decimal:
    """Give what a run or a stage costs, its failed attempts included.

    Raises `NotComparable` where some of it is not known.
    """
    amount = Decimal(0)
    for cost in (c(run, model, stage=stage) for c in (cost_of, attempts_cost)):
        if cost.amount is None:
            raise NotComparable(f"the cost of {run.id} is {cost}")
        amount += cost.amount
    return amount


def amount_words(amount: float | Decimal, unit: str) -> str:
    """Write an amount with its unit: ``$0.037``, ``9.14e+16``, ``0.65 s``."""
    if unit == SECONDS:
        return f"{amount:.2f} s"
    return amount_text(Decimal(str(amount)), unit)


def span_seconds(run: Run) -> float:
    """Give the longest way through the calls of a run, in seconds.

    Each call begins when the last of those is answered that had to be answered first
    (its recorded parents): the time that is left where nothing else waits.

    Raises:
        NotComparable: where the recording lacks the time of a call.
    """
    timings = run.recorded.calls
    lacking = [c.id for c in run.calls if c.id not in timings or not _ended(run, c)]
    if lacking:
        raise NotComparable(
            f"the recording of {run.id} holds no time of {lacking[0]}; record it again"
        )
    done: dict[str, float] = {}
    for call in sorted(run.calls, key=lambda call: timings[call.id].start):
        timing = timings[call.id]
        took = (timing.end or timing.start) - timing.start
        done[call.id] = took + max((done.get(p, 0.0) for p in call.parents), default=0)
    return max(done.values(), default=0.0) / 1000


def _ended(run: Run, call: Call) -> bool:
    return run.recorded.calls[call.id].end is not None


def text_of(run: Run) -> tuple[Decimal, float]:
    """Give money and tokens of the text alone: what chat models read and wrote.

    Failed attempts are no part of either. Raises `NotComparable` where a call does not
    tell its tokens.
    """
    lock = run.recorded.prices
    chats = [call for call in run.calls if call.kind == "chat"]
    money = [
        charge.money.amount
        for call in chats
        for charge in charges(call, lock)
        if not _of_pictures(call, charge)
    ]
    tokens = 0.0
    for call in chats:
        if call.total_tokens is None:
            raise NotComparable(f"{run.id}: call {call.id} tells no tokens")
        tokens += call.total_tokens
    return sum(money, Decimal(0)), tokens


def levers(run: Run, coordinators: Collection[str]) -> Counter[str]:
    """Share out the money of a run: pictures, text by stage, orchestration, failures.

    Calls of coordinators (planners, routers), model calls in no stage and what is
    charged beside the models are orchestration, pictures among them or not.
    """
    own = {*calling_stages(run)} - {*coordinators}
    found: Counter[str] = Counter()
    for call in run.calls:
        for charge in charges(call, run.recorded.prices):
            found[_lever(call, charge, own)] += charge.money.amount  # type: ignore[assignment] # a Decimal
    for fee in run.fees():
        found[ORCHESTRATION] += fee.money.amount  # type: ignore[assignment] # the same
    if failed := attempts_cost(run, Priced()).at_least:
        found[FAILED_ATTEMPTS] += failed  # type: ignore[assignment] # the same
    return found


def _lever(call: Call, charge: Charge, own: Collection[str]) -> str:
    if call.is_model_call and call.stage not in own:
        return ORCHESTRATION
    if _of_pictures(call, charge):
        return PICTURES
    what = "text" if call.kind == "chat" else call.kind
    return f"{what} of {call.stage}"


def _of_pictures(call: Call, charge: Charge) -> bool:
    """Whether a charge is for painting: by this model, or by one that it had paint."""
    painted = charge.unit.startswith("images:")
    by_another = ":" in charge.unit and charge.unit.endswith("_tokens")
    return call.kind == "image" or painted or by_another
