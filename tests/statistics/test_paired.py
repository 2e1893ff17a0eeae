"""Paired pass and fail, counted exactly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.paired import paired_difference

RESULTS = st.lists(
    st.tuples(
        st.sampled_from([True, False, None]), st.sampled_from([True, False, None])
    ),
    min_size=1,
)


@given(RESULTS, st.randoms(use_true_random=False))
def test_undecided_pairs_span_every_way_they_could_end(
    results: list[tuple[bool | None, bool | None]], random: object
) -> None:
    """However the open results end, the difference lies within the interval."""
    found = paired_difference(results)
    choice = random.choice  # type: ignore[attr-defined]
    ended = [
        tuple(choice([True, False]) if x is None else x for x in pair)
        for pair in results
    ]
    exact = paired_difference(ended)  # type: ignore[arg-type]
    assert exact.difference is not None
    assert found.lowest - 1e-9 <= exact.difference <= found.highest + 1e-9


def test_nothing_to_compare_is_refused() -> None:
    """A rate over no case would be made up."""
    with pytest.raises(ValueError, match="no pair"):
        paired_difference([])
