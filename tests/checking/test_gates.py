"""A statistical gate among the rules of a check."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import pytest_agentflow as af

RUN = af.Run(workflow="w", case="c")


@af.check("gates")
def gates(run: af.Run, *, first: str, second: str) -> Iterator[object]:
    """Two rules, the first of them a gate."""
    for name, told in (("first", first), ("second", second)):
        yield af.Rule(id=name, gate=name == "first")
        if told == "passed":
            yield af.Examined(rule=name)
        elif told != "inapplicable":
            yield af.Finding(rule=name, message=name, verdict=af.Verdict(told))


@pytest.mark.parametrize(
    ("first", "second", "verdict", "waved"),
    [
        ("passed", "passed", "passed", True),
        ("undetermined", "passed", "undetermined", True),
        ("undetermined", "inapplicable", "undetermined", True),
        ("undetermined", "failed", "failed", False),
        ("undetermined", "error", "error", False),
        ("passed", "undetermined", "passed", True),
        ("inapplicable", "undetermined", "undetermined", False),
        ("failed", "passed", "failed", False),
    ],
)
def test_an_open_gate_leaves_a_check_open_unless_it_is_optional(
    first: str, second: str, verdict: str, *, waved: bool
) -> None:
    """It is not outvoted by a rule that passed; a question of another rule may be."""
    check = gates(first=first, second=second)
    strict, optional = (
        af.evaluate(RUN, c).result("gates") for c in (check, check.optional())
    )

    assert strict.verdict == optional.verdict == verdict
    assert strict.ok == (verdict == "passed")
    assert optional.ok == waved


def test_an_optional_gate_that_is_open_is_warned_of() -> None:
    """Whoever lets it pass is reminded, with the rule."""
    check = gates(first="undetermined", second="passed").optional()
    (note,) = af.evaluate(RUN, check).result("gates").notes

    assert note.warning
    assert note.text.endswith("is optional and INCONCLUSIVE: first")


@af.check("warns")
def warns(run: af.Run, *, firm: str) -> Iterator[object]:
    """A rule that may fail, and one that only warns and met something."""
    yield af.Rule(id="firm")
    if firm == "passed":
        yield af.Examined(rule="firm")
    elif firm != "inapplicable":
        yield af.Finding(rule="firm", message=firm, verdict=af.Verdict(firm))
    yield af.Rule(id="warns", advisory=True)
    yield af.Examined(rule="warns")


@pytest.mark.parametrize(
    ("firm", "verdict"),
    [
        ("passed", "passed"),
        ("undetermined", "undetermined"),
        ("inapplicable", "passed"),
        ("failed", "failed"),
    ],
)
def test_what_merely_warns_answers_no_question_of_what_may_fail(
    firm: str, verdict: str
) -> None:
    """That nothing was warned of does not make an open question a pass."""
    assert af.evaluate(RUN, warns(firm=firm)).verdict == verdict
