"""Student's t distribution, against tables and scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.statistics.student import normal_quantile, t_cdf, t_quantile

DEGREES = st.one_of(st.integers(1, 2000), st.floats(0.5, 1e7))
PROBABILITIES = st.floats(1e-9, 1 - 1e-9)


@pytest.mark.parametrize(
    ("p", "df", "table"),
    [
        (0.95, 1, 6.314),
        (0.95, 5, 2.015),
        (0.975, 10, 2.228),
        (0.99, 30, 2.457),
        (0.995, 120, 2.617),
        (0.975, math.inf, 1.960),
    ],
)
def test_printed_tables_come_out(p: float, df: float, table: float) -> None:
    """Quantiles are those of the tables in textbooks."""
    assert t_quantile(p, df) == pytest.approx(table, abs=5e-4)


@given(p=PROBABILITIES, df=DEGREES)
def test_quantiles_are_scipys(p: float, df: float) -> None:
    """The quantile agrees with scipy to 1e-11."""
    stats = pytest.importorskip("scipy.stats")
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-11, abs=1e-11)


@given(t=st.floats(-1e4, 1e4), df=DEGREES)
def test_probabilities_are_scipys(t: float, df: float) -> None:
    """The distribution function agrees with scipy's incomplete beta function."""
    special = pytest.importorskip("scipy.special")
    # scipy's own t.cdf is off by 3e-10 at one degree of freedom.
    half = special.betainc(0.5, df / 2, t * t / (df + t * t)) / 2
    assert t_cdf(t, df) == pytest.approx(0.5 + math.copysign(half, t), abs=1e-11)


@given(t=st.floats(-1e3, 1e3), df=DEGREES)
def test_both_sides_are_mirrored(t: float, df: float) -> None:
    """P(T <= t) and P(T <= -t) add to one."""
    assert t_cdf(t, df) + t_cdf(-t, df) == pytest.approx(1, abs=1e-12)


@given(t=st.floats(-20, 20), df=st.floats(1, 1e7))
def test_the_quantile_undoes_the_probability(t: float, df: float) -> None:
    """Going to a probability and back is where one began."""
    p = t_cdf(t, df)
    if 1e-6 < p < 1 - 1e-6:
        assert t_quantile(p, df) == pytest.approx(t, rel=1e-6, abs=1e-6)


@given(t=st.floats(allow_nan=False), df=st.floats(0.01))
def test_every_number_has_a_probability(t: float, df: float) -> None:
    """No argument in range ends in an error or outside 0 to 1."""
    assert 0 <= t_cdf(t, df) <= 1


@given(p=st.floats(0, 1, exclude_min=True, exclude_max=True), df=st.floats(0.01, 1e300))
def test_every_probability_has_a_quantile(p: float, df: float) -> None:
    """No probability in range ends in an error, and the sign is that of p - 1/2."""
    assert math.copysign(1, t_quantile(p, df)) == (1 if p >= 0.5 else -1)


@pytest.mark.parametrize("p", [0, 1, -0.1, math.nan])
def test_what_is_no_probability_is_refused(p: float) -> None:
    """A probability lies between 0 and 1."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        t_quantile(p, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        normal_quantile(p)


@pytest.mark.parametrize("df", [0, -1, math.nan])
def test_a_sample_of_one_has_no_degrees_of_freedom(df: float) -> None:
    """The message says to record more cases."""
    with pytest.raises(ValueError, match="record more cases"):
        t_quantile(0.95, df)
    with pytest.raises(ValueError, match="record more cases"):
        t_cdf(1.0, df)


def test_nan_has_no_probability() -> None:
    """An unknown t is refused rather than carried on."""
    with pytest.raises(ValueError, match="not a number"):
        t_cdf(math.nan, 3)
