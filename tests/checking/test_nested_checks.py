"""Checks that are arguments of checks: how they are shown, and where files lie."""

from __future__ import annotations

import pickle
from decimal import Decimal
from pathlib import Path

import pytest
import sample_checks as checks
from agentflow_checks import cost, policy, replayed

import pytest_agentflow as af
from pytest_agentflow.checking.check import located


def test_a_nested_check_is_shown_as_it_is_written() -> None:
    """Not as the fields that it is made of."""
    inner = [policy("company.yaml"), replayed(allow=["refusal"]).optional().strict()]

    assert str(checks.all_of(inner)) == (
        'all.of([policy("company.yaml"), '
        "replayed(allow=['refusal']).strict().optional()])"
    )
    assert str(checks.all_of(checks=(checks.asks(),))) == (
        "all.of(checks=(always.asks(),))"
    )


def test_equal_checks_within_checks_make_equal_checks() -> None:
    """However they were written: `set` and `dict` find them."""
    one, other = (checks.all_of([c]) for c in (cost(1), cost(total=1)))

    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == other  # noqa: S301 - our own bytes


def test_files_of_nested_checks_lie_beside_the_test(tmp_path: Path) -> None:
    """They are looked for where those of the check itself are."""
    file = tmp_path / "rules.yaml"
    file.write_text("{}")
    check = checks.all_of(
        [checks.names_file("rules.yaml"), checks.all_of((checks.asks(),))]
    )

    (inner, same) = located(check, [tmp_path]).arguments["checks"]
    assert inner.arguments["file"] == file
    assert same == checks.all_of((checks.asks(),))
    assert str(located(check, [tmp_path])) == str(check)
    deeper = located(checks.all_of((check,)), [tmp_path])
    assert deeper.arguments["checks"][0].arguments["checks"][0] == inner


def test_files_of_checks_written_as_texts_lie_there_too(tmp_path: Path) -> None:
    """As the command line writes them, since it knows no values."""
    file = tmp_path / "company.yaml"
    file.write_text("rules: []")
    given = ['policy("company.yaml")', "replayed", "no such check"]

    first, *rest = located(checks.all_of(given), [tmp_path]).arguments["checks"]
    assert first == policy(file)
    assert rest == given[1:]


def test_a_file_of_a_nested_check_that_is_nowhere_is_told(tmp_path: Path) -> None:
    """When the test is collected, not when its run is judged."""
    check = checks.all_of([checks.names_file("rules.yaml")])
    with pytest.raises(af.BadArgument, match=r"no file 'rules\.yaml'"):
        located(check, [tmp_path])


def test_a_check_without_others_stays_itself() -> None:
    """Nothing to locate makes no new check."""
    check = checks.all_of(["replayed", checks.asks()])

    assert located(check, [Path("nowhere")]) is check


def test_a_check_that_asks_for_it_is_given_the_run_as_it_was() -> None:
    """What a run is compared with is an argument of judging, as the run is."""
    price = af.UnitPrice(model="m", unit="requests", amount=Decimal(1))
    lock = af.Recorded(prices=af.PriceLock(prices=(price,)))
    calls = [af.Call(id=f"a/{n}", stage="a", kind="chat", model="m") for n in (1, 2)]
    calls = [
        af.Call(id=c.id, stage="a", kind="chat", model="m", usage=af.Usage())
        for c in calls
    ]
    one, two = (
        af.Run(workflow="w", case="c", calls=tuple(calls[:n]), recorded=lock)
        for n in (1, 2)
    )

    verdicts = [
        af.evaluate(now, checks.no_dearer(), earlier=before).results[0].verdict
        for before, now in ((one, two), (two, one), (None, one))
    ]
    assert verdicts == [
        af.Verdict.FAILED,
        af.Verdict.PASSED,
        af.Verdict.INAPPLICABLE,
    ]
    with pytest.raises(af.BadArgument):
        checks.no_dearer(earlier=one)
