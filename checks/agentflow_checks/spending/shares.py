"""The rule about shares: no stage takes more of the total than it may."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import money_text, percent, share_text
from agentflow_checks.spending.bill import Bill, contributions
from agentflow_checks.spending.money import told

SHARE = "cost.share"


def judge_share(
    bill: Bill, whole: Bill, limit: Decimal, currency: str
) -> Iterator[af.Examined | af.Finding | af.Note]:
    """Hold a stage's share of the run's cost against its limit."""
    place = af.Place(stage=bill.stage)
    if not whole.billed or not (whole.amount or whole.gaps):
        yield af.Note(text=f"the run cost nothing, of which {bill.name} has no share")
    elif whole.gaps:
        yield af.Finding(
            rule=SHARE,
            verdict=af.Verdict.ERROR,
            message=f"the share of {bill.name} is not known: {len(whole.gaps)} of the "
            f"run's {len(whole.calls)} calls have no price or usage",
            place=place,
            expected=f"at most {share_text(limit)}",
            subject=bill.name,
            evidence=f"{bill.name} share unknown",
        )
    elif bill.amount <= limit * whole.amount:
        yield af.Examined(rule=SHARE, place=place)
    else:
        yield _over(bill, whole, limit, currency)


def _over(bill: Bill, whole: Bill, limit: Decimal, currency: str) -> af.Finding:
    share = percent(bill.amount, whole.amount)
    spent = money_text(bill.amount, currency, estimated=bill.estimated)
    most = contributions(bill.charges)[0]
    return af.Finding(
        rule=SHARE,
        message=f"{bill.name} costs {spent}, {share} of the run's "
        f"{money_text(whole.amount, currency)}, more than its {share_text(limit)}. "
        f"Most of it is {told(most, bill.amount, currency)}.",
        place=af.Place(stage=bill.stage),
        observed=share,
        expected=f"at most {share_text(limit)}",
        fix=f'Spend less there, or allow more: shares={{"{bill.stage}": '
        f"{_rounded_up(bill.amount / whole.amount)}}}",
        subject=bill.name,
        introduced_by=bill.stage,
        evidence=f"{bill.name} share over {limit}",
    )


def _rounded_up(share: Decimal) -> Decimal:
    cent = Decimal("0.01")
    return min(share.quantize(cent) + cent, Decimal(1))
