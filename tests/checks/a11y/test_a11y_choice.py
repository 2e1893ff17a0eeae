"""Which rules a WCAG level and version ask for."""

from __future__ import annotations

import dataclasses

import pytest
from agentflow_checks import accessibility
from agentflow_checks.a11y.choice import Choice, chosen
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af


@dataclasses.dataclass(frozen=True)
class Rule:
    """A rule as axe-core lists it."""

    id: str
    tags: tuple[str, ...]


RULES = (
    Rule("image-alt", ("wcag2a",)),
    Rule("color-contrast", ("wcag2aa",)),
    Rule("color-contrast-enhanced", ("wcag2aaa",)),
    Rule("autocomplete-valid", ("wcag21aa",)),
    Rule("target-size", ("wcag22aa",)),
    Rule("region", ("best-practice",)),
    Rule("p-as-heading", ("wcag2a", "experimental")),
    Rule("duplicate-id", ("wcag2a-obsolete", "deprecated")),
)


@pytest.mark.parametrize(
    ("level", "version", "expected"),
    [
        ("A", "2.0", {"image-alt"}),
        ("AA", "2.0", {"image-alt", "color-contrast"}),
        ("AA", "2.1", {"image-alt", "color-contrast", "autocomplete-valid"}),
        (
            "AA",
            "2.2",
            {"image-alt", "color-contrast", "autocomplete-valid", "target-size"},
        ),
    ],
)
def test_a_level_asks_for_its_criteria(
    level: str, version: str, expected: set[str]
) -> None:
    """Level and version choose the rules of their criteria and all before."""
    choice = Choice(level=level, version=version, best_practices="ignore")
    assert chosen(choice, RULES) == expected


levels = st.sampled_from(["A", "AA", "AAA"])
versions = st.sampled_from(["2.0", "2.1", "2.2"])


@given(levels, levels, versions, versions)
def test_a_higher_level_asks_for_no_less(
    one: str, other: str, first: str, second: str
) -> None:
    """The tags of a level and version contain those of every lower one."""
    low = Choice(level=min(one, other, key=len), version=min(first, second))
    high = Choice(level=max(one, other, key=len), version=max(first, second))
    assert low.tags <= high.tags


def test_experimental_rules_run_when_they_are_named() -> None:
    """A named rule runs whatever its tags, and no other does."""
    assert chosen(Choice(rules=("p-as-heading",)), RULES) == {"p-as-heading"}


def test_a_misspelt_rule_is_an_error_with_a_suggestion() -> None:
    """A rule that nobody has is named, with the nearest one."""
    with pytest.raises(af.CheckError, match="did you mean 'image-alt'"):
        chosen(Choice(exclude=("image-alts",)), RULES)


def test_nothing_to_run_is_an_error() -> None:
    """Excluding the only rule asked for is no pass."""
    with pytest.raises(af.CheckError, match="leave no rule"):
        chosen(Choice(rules=("region",), exclude=("region",)), RULES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": "B"}, "level is one of 'A', 'AA', 'AAA', not 'B'"),
        ({"version": "3.0"}, "version is one of '2.0', '2.1', '2.2', not '3.0'"),
        ({"best_practices": True}, "best_practices is one of"),
        ({"driver": object(), "result": {}}, "driver= or result=, not both"),
    ],
)
def test_a_wrong_argument_is_refused_when_the_check_is_made(
    arguments: dict[str, object], message: str
) -> None:
    """Arguments are checked before anything runs."""
    with pytest.raises(af.BadArgument, match=message):
        accessibility(**arguments)
