"""Arguments of a wrong type are told when a check is made."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal

import pytest
import sample_checks
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.argument_types import fits

EMPTY = af.Run(workflow="w", case="c")

#: What a check cannot be made without.
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "design": {"tokens": "brand.tokens.json"},
    "diversity": {"baseline": "single/*"},
    "handoff": {"stage": "a", "must_carry": ["money"]},
    "personalised": {"others": "*"},
    "policy": {"file": "company.yaml"},
    "stage_worth": {"stage": "qa", "checks": ["html_validity"]},
}
VALUES: tuple[object, ...] = (5, "x", -1, [], {}, None, True)
CHECKS = sorted(entry_points(group="pytest_agentflow.checks"))


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("entry", CHECKS, ids=[entry.name for entry in CHECKS])
def test_any_value_makes_a_check_or_is_refused(entry: Any, value: object) -> None:
    """Nothing but `BadArgument` is raised, and what was made does not stumble later."""
    factory = entry.load()
    for name, parameter in factory.parameters.items():
        listed = parameter.kind is parameter.VAR_POSITIONAL
        others = {k: v for k, v in NEEDED.get(entry.name, {}).items() if k != name}
        with suppress(af.BadArgument):
            if listed:
                check = factory(*others.values(), value, value)
            else:
                check = factory(**others, **{name: value})
            found = af.evaluate(EMPTY, check).findings
            stumbled = [f for f in found if "the check itself failed" in f.message]
            assert not stumbled, check


WRONG = {
    'coordination("x")': ('max_share="x"', "a number, as in max_share=0.5"),
    'prompts(tokens="x")': (
        'tokens="x"',
        "a whole number or a mapping of texts to whole numbers, as in tokens=3",
    ),
    'diversity("a", alpha="x")': ('alpha="x"', "a number, as in alpha=0.05"),
    'stage_worth("qa", checks=5)': (
        "checks=5",
        "a list of checks or texts, as in checks=[html_validity()]",
    ),
    "hallucination(sources=5)": (
        "sources=5",
        'a text or a list of texts, as in sources="..."',
    ),
    "stage_order(1, 2)": ("*stages: 1", 'a text, as in "..."'),
    'accessibility(rules="image-alt")': (
        'rules="image-alt"',
        'a list of texts, as in rules=["..."]',
    ),
}


@pytest.mark.parametrize("written", WRONG)
def test_the_sentence_names_argument_value_and_what_is_expected(written: str) -> None:
    """It ends with an example that can be pasted."""
    value, taken = WRONG[written]
    with pytest.raises(af.BadArgument) as caught:
        af.parse_check(written)
    name = written.partition("(")[0]
    told = f"{name}: {value} is of a wrong type; it takes {taken}"
    assert str(caught.value) == told


def test_what_a_validation_stumbles_over_names_the_argument() -> None:
    """An argument without annotation is told with what Python said, and the form."""
    with pytest.raises(af.BadArgument) as caught:
        sample_checks.stumbles(5)
    assert str(caught.value) == (
        "stumbles: level=5 cannot be used (AttributeError: 'int' object has no "
        "attribute 'upper'); it is written stumbles(level='a')"
    )


def test_an_annotation_that_cannot_be_resolved_leaves_the_others_judged() -> None:
    """Names that only a type checker sees are no reason to judge nothing."""
    assert sample_checks.half_annotated(object(), 1).id == "half"
    with pytest.raises(af.BadArgument, match='number="1" is of'):
        sample_checks.half_annotated(object(), "1")


@pytest.mark.parametrize(
    "written",
    [
        'stage_worth("qa", checks=["html_validity"], max_cost=-1)',
        'stage_worth("qa", checks=["html_validity"], max_introduced=-1)',
        "coordination(repeats=-1)",
        'coordination(calls={"artist": -1})',
        "accessibility(budget=-1)",
        "html_validity(budget=0)",
    ],
)
def test_a_limit_that_nothing_can_keep_is_refused(written: str) -> None:
    """Less than nothing is a slip of the pen; the message names the argument."""
    name = written.rpartition("=")[0].rpartition("(")[2].rpartition(" ")[2]
    with pytest.raises(af.BadArgument, match=rf": {name}=.* (negative|no time)"):
        af.parse_check(written)


@pytest.mark.parametrize(
    ("value", "hint", "good"),
    [
        (True, int, False),
        (True, float, False),
        (True, bool, True),
        (1, float, True),
        (1.0, int, False),
        (Decimal(1), float, False),
        ("a", Path, True),
        ("ab", list[str], False),
        (["a"], tuple[str, ...], True),
        (["a", 1], tuple[str, int], True),
        (["a"], tuple[str, int], False),
        ({"a"}, list[str], False),
        ({"a": 1}, Mapping[str, float], True),
        ({"a": "1"}, Mapping[str, float], False),
        ("fail", Literal["list", "fail"], True),
        (1, Literal[True], False),
        (5, af.Check, False),
        (5, "not resolved", True),
        (None, int | None, True),
        ([5], list[None], False),
        ([None], list[None], True),
    ],
)
def test_values_fit_as_a_type_checker_would_say(
    value: object, hint: Any, good: bool
) -> None:
    """But a text is no list of texts, and a list may stand for a tuple."""
    assert fits(value, hint) is good


_HINTS: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([str, int, float, bool, Path, Decimal, type(None), Any]),
    lambda inner: st.one_of(
        inner.map(lambda hint: GenericAlias(list, (hint,))),
        inner.map(lambda hint: GenericAlias(Mapping, (str, hint))),
        st.tuples(inner, st.just(af.Check)).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=4,
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(_JSON, _HINTS)
def test_every_value_can_be_held_against_every_annotation(
    value: object, hint: Any
) -> None:
    """The answer is yes or no; a list of what fits fits a list of it."""
    good = fits(value, hint)
    assert fits([value], GenericAlias(list, (hint,))) is good
    assert fits(value, hint | None if hint is not Any else Any) or not good
