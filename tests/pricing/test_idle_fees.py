"""Charges that charge nobody are told, with the name that was meant."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af


def fee(**more: Any) -> af.Fee:
    """A charge of a price file."""
    fields = {"name": "x", "each": "stage", "amount": Decimal(1), **more}
    return af.Fee(**fields)


def run_of(*fees: af.Fee, workflow: str = "build_site", case: str = "hotel") -> af.Run:
    """A run of an artist that looks something up, under these charges."""
    call = af.Call(id="artist/1", kind="retriever", stage="artist")
    return af.Run(
        workflow=workflow,
        case=case,
        stages=(af.Stage(name="artist"),),
        calls=(call,),
        recorded=af.Recorded(prices=af.PriceLock(fees=fees)),
    )


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (
            {"stage": "artits"},
            "run build_site/hotel has no stage 'artits'; did you mean 'artist'?",
        ),
        ({"stage": "press"}, "run build_site/hotel has no stage 'press'"),
        ({"each": "call", "kind": "tool"}, "run build_site/hotel has no tool call"),
        (
            {"each": "call", "kind": "chat", "stage": "artist"},
            "run build_site/hotel has no chat call of stage artist",
        ),
    ],
)
def test_a_charge_that_meets_nothing_is_given_with_its_reason(
    given: dict[str, str], why: str
) -> None:
    """One that a run is charged is not, nor one for another workflow."""
    wrong = fee(**given)
    run = run_of(wrong, fee(), fee(each="call"), fee(stage="x", workflow="single_*"))
    assert af.idle_fees([run]) == {wrong: why}


def test_one_run_that_is_charged_is_enough() -> None:
    """Over several runs the reason speaks of all of them."""
    wrong, right = fee(stage="artits"), fee(stage="artist")
    runs = [run_of(wrong, right, case=case) for case in ("hotel", "inn")]
    assert af.idle_fees(runs) == {
        wrong: "no run has a stage 'artits'; did you mean 'artist'?"
    }
    bare = af.Run(workflow="w", case="c", recorded=runs[0].recorded)
    assert set(af.idle_fees([bare])) == {wrong, right}
    assert set(af.idle_fees([bare, runs[0]])) == {wrong}
    assert af.idle_fees([]) == {}


@given(
    st.sampled_from(("run", "stage", "call")),
    st.sampled_from(("", "artist", "qa")),
    st.sampled_from(("", "retriever", "tool")),
    st.sampled_from(("", "build_*", "other")),
)
def test_a_charge_is_idle_where_the_run_has_no_fee_of_it(
    each: str, stage: str, kind: str, workflow: str
) -> None:
    """And charged otherwise: the two never disagree within its workflow."""
    run = run_of(fee(each=each, stage=stage, kind=kind, workflow=workflow))
    idle = bool(af.idle_fees([run]))
    assert idle == (not run.fees() and workflow != "other")
