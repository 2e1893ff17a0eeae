"""Folding of verdicts."""

from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.verdict import Verdict, fold, fold_verdicts

COUNTS = st.integers(min_value=0, max_value=5)


@given(failing=COUNTS, decided=COUNTS, examined=COUNTS)
def test_any_error_decides(failing: int, decided: int, examined: int) -> None:
    """One error makes the whole an error, whatever else there is."""
    whole = fold(errors=1, failing=failing, decided=decided, examined=examined)
    assert whole is Verdict.ERROR


def test_nothing_examined_is_never_a_pass() -> None:
    """Nothing examined is inapplicable, and only questions are undetermined."""
    assert fold() is Verdict.INAPPLICABLE
    assert fold(examined=3) is Verdict.UNDETERMINED
    assert fold(examined=3, decided=1) is Verdict.PASSED


@given(st.lists(st.sampled_from(list(Verdict))))
def test_folding_does_not_depend_on_order(verdicts: list[Verdict]) -> None:
    """Parts may come in any order."""
    assert fold_verdicts(verdicts) is fold_verdicts(verdicts[::-1])


@given(st.lists(st.sampled_from(list(Verdict)), min_size=1), st.integers(1, 4))
def test_folding_in_groups_keeps_failure_and_error(
    verdicts: list[Verdict], size: int
) -> None:
    """Folding rule by rule first never turns a failure or error into a pass."""
    groups = [verdicts[i : i + size] for i in range(0, len(verdicts), size)]
    assert fold_verdicts([fold_verdicts(g) for g in groups]) is fold_verdicts(verdicts)
