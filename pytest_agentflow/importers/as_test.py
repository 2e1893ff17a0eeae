"""A first test of imported runs, for people to go on from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import ROUND_UP, Decimal

from pytest_agentflow.model.price import UnknownPrice
from pytest_agentflow.model.run import Run

_HEAD = '''"""What {workflow} did in production, judged by today's checks.

The runs were imported; no workflow code is run. Add the checks that they must pass.
"""

import pytest
import pytest_agentflow as af

'''

_TEST = '''
{marks}
def test_{name}(agentflow_run: af.Run) -> None:
    """The model calls were answered whole, in the stages that were seen then."""
    assert [stage.name for stage in agentflow_run.stages] == {stages}
    models = [call for call in agentflow_run.calls if call.is_model_call]
    assert len(models) == {calls}
    broken = ("length", "refusal", "content_filter", "error")
    assert [call.id for call in models if call.finish_reason in broken] == []
'''

#: The budget that is proposed, as a share of what the run cost.
_ROOM = Decimal("1.2")


def identifier(name: str) -> str:
    """Give `name` as a part of a Python name."""
    return re.sub(r"\W+", "_", name.lower(), flags=re.ASCII).strip("_") or "run"


def test_of(runs: Sequence[Run]) -> str:
    """Give the text of a file with one test for each run of one workflow."""
    head = _HEAD.format(workflow=_quotable(runs[0].workflow))
    return head + "\n".join(_tests(runs))


def _quotable(text: str) -> str:
    return re.sub(r"[^\w .,/~-]+", " ", text)


def _tests(runs: Sequence[Run]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for run in runs:
        name = identifier(run.case)
        seen[name] += 1
        number = f"_{seen[name]}" if seen[name] > 1 else ""
        yield _TEST.format(
            marks="\n".join(_marks(run)),
            name=f"{name}{number}",
            stages=[stage.name for stage in run.stages],
            calls=sum(call.is_model_call for call in run.calls),
        )


def _marks(run: Run) -> Iterator[str]:
    yield f"@pytest.mark.agentflow(recording={run.id!r})"
    try:
        amount = run.cost().amount
    except UnknownPrice:
        return
    if amount > 0:
        yield f"@pytest.mark.cost(total={_rounded_up(amount * _ROOM):f})"


def _rounded_up(amount: Decimal) -> Decimal:
    """Round up to two significant digits: a budget, not a measurement."""
    step = Decimal(1).scaleb(amount.adjusted() - 1)
    return amount.quantize(step, rounding=ROUND_UP).normalize()
