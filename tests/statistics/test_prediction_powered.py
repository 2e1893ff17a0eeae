"""A judge's rate put right by labels."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.prediction_powered import prediction_powered_rate

_BITS = st.lists(st.sampled_from([0.0, 1.0]), min_size=2, max_size=40)


@given(
    _BITS, st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40)
)
def test_the_rate_is_the_judges_mean_plus_what_labels_differ(
    judged: list[float], labelled: list[tuple[bool, bool]]
) -> None:
    """Exactly as published, kept within 0 and 1, and inside its interval."""
    labels = [float(a) for a, _ in labelled]
    too = [float(b) for _, b in labelled]
    found = prediction_powered_rate(judged, labels, too)
    shift = sum(a - b for a, b in zip(labels, too, strict=True)) / len(labels)
    whole = sum(judged) / len(judged) + shift
    assert found.rate == pytest.approx(min(1, max(0, whole)))
    assert 0 <= found.low <= found.rate <= found.high <= 1
    assert found.bias == pytest.approx(-shift)


def test_a_judge_that_is_always_wrong_one_way_does_not_shift_the_rate() -> None:
    """One that passes everything is put right by the labels alone."""
    labels = [1.0] * 70 + [0.0] * 30
    found = prediction_powered_rate([1.0] * 5_000, labels, [1.0] * 100)
    assert (found.judge_rate, found.bias) == (1, pytest.approx(0.3))
    assert found.rate == pytest.approx(0.7)
    assert 0.15 < found.high - found.low < 0.2  # as wide as 100 labels give


def test_a_good_judge_narrows_the_interval_that_labels_alone_give() -> None:
    """This is what it is asked for."""
    draw = random.Random(5)  # noqa: S311
    labels = [float(draw.random() < 0.7) for _ in range(200)]
    too = [x if draw.random() < 0.95 else 1 - x for x in labels]
    judged = [float(draw.random() < 0.68) for _ in range(4_000)]
    with_judge = prediction_powered_rate(judged, labels, too)
    alone = prediction_powered_rate([], labels, too)
    assert alone.rate == pytest.approx(sum(labels) / 200)
    assert with_judge.high - with_judge.low < 0.75 * (alone.high - alone.low)


def test_it_covers_the_truth_as_often_as_it_says() -> None:
    """About 95 of 100 intervals hold the true rate, whatever the judge passes."""
    draw, held = random.Random(11), 0  # noqa: S311

    def item() -> tuple[float, float]:
        label = float(draw.random() < 0.6)
        return label, 1.0 if label or draw.random() < 0.2 else 0.0

    for _ in range(200):
        labelled = [item() for _ in range(80)]
        judged = [item()[1] for _ in range(400)]
        labels, too = [a for a, _ in labelled], [b for _, b in labelled]
        found = prediction_powered_rate(judged, labels, too)
        held += found.low <= 0.6 <= found.high
    assert held >= 180


def test_items_of_one_source_count_as_one() -> None:
    """Ten claims of a source that are all alike are no ten labels."""
    labels = [float(n // 10 % 2) for n in range(100)]
    wide = prediction_powered_rate(
        [0.5] * 10, labels, [0.5] * 100, [n // 10 for n in range(100)]
    )
    narrow = prediction_powered_rate([0.5] * 10, labels, [0.5] * 100)
    assert wide.rate == narrow.rate
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.parametrize(
    ("labels", "too", "groups", "said"),
    [
        ([], [], None, "at least two sources"),
        ([1.0], [1.0], None, "at least two sources"),
        ([1.0, 0.0], [1.0, 0.0], ["a", "a"], "at least two sources"),
        ([1.0, 0.0], [1.0], None, "verdicts on them"),
        ([1.0, 0.0], [1.0, 0.0], ["a"], "groups of 1"),
    ],
)
def test_too_few_labels_are_refused(
    labels: list[float], too: list[float], groups: list[str] | None, said: str
) -> None:
    """An interval needs two sources at least."""
    with pytest.raises(ValueError, match=said):
        prediction_powered_rate([1.0, 0.0], labels, too, groups)
