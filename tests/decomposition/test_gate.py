"""Does the split pay."""

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.require import Settings, using
from pytest_agentflow.decomposition import wording
from pytest_agentflow.decomposition.gate import fold_gate
from pytest_agentflow.decomposition.judging import all_of

LOCK = af.PriceLock(
    prices=(
        af.UnitPrice(
            model="small", unit="output_tokens", amount=Decimal(1), per=1_000_000
        ),
        af.UnitPrice(
            model="large", unit="output_tokens", amount=Decimal(10), per=1_000_000
        ),
        af.UnitPrice(model="painter", unit="images:big", amount=Decimal("0.04")),
    )
)


def call(stage: str, model: str, tokens: int = 0, images: int = 0) -> af.Call:
    """A model call that used so much."""
    units = {"images:big": Decimal(images)} if images else {}
    usage = af.Usage(input_tokens=0, output_tokens=tokens, units=units)
    return af.Call(id=f"{stage}/1", kind="chat", stage=stage, model=model, usage=usage)


def make(workflow: str, case: str, *calls: af.Call, output: str = "good") -> af.Run:
    """A run of some calls."""
    names = dict.fromkeys(c.stage for c in calls)
    return af.Run(
        workflow=workflow,
        case=case,
        stages=tuple(af.Stage(name=n, outputs=(output,)) for n in names),
        calls=calls,
        recorded=af.Recorded(prices=LOCK),
    )


def split(case: str, tokens: int = 1000, output: str = "good") -> af.Run:
    """A run of the split."""
    return make("split", case, call("writer", "small", tokens), output=output)


def single(case: str, tokens: int = 1000, output: str = "good") -> af.Run:
    """A run of the single large model."""
    return make("single", case, call("all", "large", tokens), output=output)


@af.check("quality")
def quality(run: af.Run) -> Iterator[object]:
    """The output is good; an open one cannot be decided, a lost one is missing."""
    stage = run.stages[0]
    if stage.output == "lost":
        message = "the output is missing"
        raise af.CheckError(message)
    if stage.output == "good":
        yield af.Examined(rule="quality")
    else:
        is_open = stage.output == "open"
        yield af.Finding(
            rule="quality",
            message="not good",
            verdict=af.Verdict.UNDETERMINED if is_open else af.Verdict.FAILED,
            introduced_by=stage.name,
        )


CASES = [f"c{i}" for i in range(10)]


def test_a_tenth_of_the_money_passes() -> None:
    """The ratio is exact, and the outcome says so."""
    found = af.require_decomposition(
        [split(c) for c in CASES],
        baseline=[single(c) for c in CASES],
        cost_ratio="0.10",
    )
    assert found.word == "PASS"
    assert "is 10.0% of" in found.bounds[0].sentence


def test_a_dearer_split_fails_with_stage_and_cause() -> None:
    """The stage that makes the difference is named, with what it spends more of."""
    runs = [
        make("split", c, call("writer", "small", 1000), call("artist", "painter", 0, 8))
        for c in CASES
    ]
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(
            runs, baseline=[single(c) for c in CASES], cost_ratio=0.4
        )
    bound = caught.value.decomposition.bounds[0]
    assert bound.stage == "artist"
    assert "artist alone costs $3.20" in str(caught.value)
    assert "8 images a run of painter at $0.040 each" in str(caught.value)


def test_the_stage_that_grew_is_named_though_another_is_dearer() -> None:
    """The artist costs most in every case; the writer blew up in one of them."""
    runs = [
        make(
            "split",
            c,
            call("writer", "small", 900_000 if c == "c3" else 1000),
            call("artist", "painter", 0, 2),
        )
        for c in CASES
    ]
    baseline = [single(c, tokens=20_000) for c in CASES]
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(runs, baseline=baseline, cost_ratio="0.5")
    bound = caught.value.decomposition.bounds[0]
    assert bound.stage == "writer"
    assert "most of it in c3 (1 of 10 cases lie above)" in bound.sentence
    assert "used 900,000 output tokens, usually 1,000" in bound.sentence


def test_no_stage_is_named_where_none_makes_the_difference() -> None:
    """A largest share is told as one, and blames nobody."""
    runs = [
        make("split", c, call("a", "small", 300), call("b", "small", 301))
        for c in CASES
    ]
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(
            runs, baseline=[single(c, tokens=100) for c in CASES], cost_ratio="0.5"
        )
    bound = caught.value.decomposition.bounds[0]
    assert bound.stage is None
    assert "No single stage makes the difference" in bound.sentence


def test_two_currencies_are_an_error() -> None:
    """Money that cannot be compared is no outcome."""
    euros = af.PriceLock(
        prices=(
            af.UnitPrice(
                model="small",
                unit="output_tokens",
                amount=Decimal(1),
                currency="EUR",
            ),
        )
    )
    run = dataclasses.replace(split("a"), recorded=af.Recorded(prices=euros))
    with pytest.raises(af.DecompositionFailure, match="convert to one currency"):
        af.require_decomposition([run], baseline=[single("a")], cost_ratio=1)


def test_more_of_the_same_unit_is_told_from_a_dearer_one() -> None:
    """Quantity and price are held against the baseline's."""
    runs = [split("a", tokens=200_000)]
    with pytest.raises(af.DecompositionFailure, match="in the baseline: more of it"):
        af.require_decomposition(runs, baseline=[single("a")], cost_ratio=0.5)


def test_a_worse_split_fails_with_check_and_stage() -> None:
    """One of two cases got worse: beyond a margin of 10 %."""
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(
            [split("a"), split("b", output="bad")],
            baseline=[single("a"), single("b")],
            checks=[quality()],
            quality_margin=0.10,
        )
    assert "the split passes 1 of 2 cases, the single model 2 of 2" in str(caught.value)
    assert "quality in 1 of 2; brought in by writer in 1" in str(caught.value)


def test_undecided_runs_leave_the_gate_open() -> None:
    """INCONCLUSIVE fails, unless the gate is optional."""
    runs, baseline = [split("a", output="open")], [single("a")]
    with pytest.raises(af.DecompositionFailure, match="INCONCLUSIVE: split"):
        af.require_decomposition(
            runs, baseline=baseline, checks=[quality()], quality_margin=0.1
        )
    found = af.require_decomposition(
        runs, baseline=baseline, checks=[quality()], quality_margin=0.1, optional=True
    )
    assert found.word == "INCONCLUSIVE"


def test_checks_that_nobody_passes_say_nothing() -> None:
    """That both sides are equally bad is no proof that the split is as good."""
    with pytest.raises(af.DecompositionFailure, match="no run of either side is good"):
        af.require_decomposition(
            [split("a", output="bad")],
            baseline=[single("a", output="bad")],
            checks=[quality()],
            quality_margin=0.1,
        )


def test_what_would_let_everything_pass_is_refused() -> None:
    """Percents for shares, names for checks, and a workflow beside itself."""
    with pytest.raises(ValueError, match=r"0\.4 allows 40 %"):
        af.require_decomposition([split("a")], baseline=[single("a")], cost_ratio=40)
    with pytest.raises(ValueError, match="takes checks, not 'html_validty'"):
        af.require_decomposition(
            [split("a")],
            baseline=[single("a")],
            checks=["html_validty"],  # type: ignore[list-item]
            quality_margin=0.1,
        )
    with pytest.raises(af.DecompositionFailure, match="are the same runs"):
        af.require_decomposition([split("a")], baseline=[split("a")], cost_ratio=1)


def test_what_cannot_be_judged_is_an_error() -> None:
    """Missing content, an unknown price, or a case on one side only."""
    with pytest.raises(af.DecompositionFailure, match="the output is missing"):
        af.require_decomposition(
            [split("a", output="lost")],
            baseline=[single("a")],
            checks=[quality()],
            quality_margin=0.5,
        )
    unpriced = make("split", "a", call("writer", "nobody", 5))
    with pytest.raises(af.DecompositionFailure, match="no price is known"):
        af.require_decomposition([unpriced], baseline=[single("a")], cost_ratio=1)
    with pytest.raises(af.DecompositionFailure, match="1 of 2 cases stand on one side"):
        af.require_decomposition(
            [split("a"), split("b")], baseline=[single("a")], cost_ratio=1
        )


def test_nothing_to_compare_is_refused() -> None:
    """No runs, no bound, or a margin without checks cannot be meant."""
    with pytest.raises(ValueError, match="runs is empty"):
        af.require_decomposition([], baseline=[single("a")], cost_ratio=1)
    with pytest.raises(ValueError, match="nothing is required"):
        af.require_decomposition([split("a")], baseline=[single("a")])
    with pytest.raises(ValueError, match="needs checks="):
        af.require_decomposition(
            [split("a")], baseline=[single("a")], quality_margin=0.1
        )


def test_who_observes_hears_of_the_gate() -> None:
    """The report shows gates that failed, too."""
    heard: list[str] = []
    settings = Settings(observe_gate=lambda found: heard.append(found.word))
    with using(settings), pytest.raises(af.DecompositionFailure):
        af.require_decomposition(
            [split("a")], baseline=[single("a")], cost_ratio="0.01"
        )
    assert heard == ["FAIL"]


@given(st.lists(st.tuples(st.integers(1, 999), st.integers(1, 999)), min_size=1))
def test_the_ratio_is_that_of_the_totals(tokens: list[tuple[int, int]]) -> None:
    """PASS exactly when the split's money is at most the share of the baseline's."""
    runs = [split(f"c{i}", a) for i, (a, _) in enumerate(tokens)]
    baseline = [single(f"c{i}", b) for i, (_, b) in enumerate(tokens)]
    cheap = sum(a for a, _ in tokens) * 2 <= sum(b for _, b in tokens) * 10
    try:
        af.require_decomposition(runs, baseline=baseline, cost_ratio="0.5")
    except af.DecompositionFailure:
        assert not cheap
    else:
        assert cheap


def test_a_gate_with_an_open_bound_is_open() -> None:
    """Unlike subjects of a check, one open bound keeps the whole open."""
    both = [af.Verdict.PASSED, af.Verdict.UNDETERMINED]
    assert fold_gate(both) is af.Verdict.UNDETERMINED
    assert fold_gate([*both, af.Verdict.FAILED]) is af.Verdict.FAILED


def test_a_fixed_population_is_told_with_its_number_of_cases() -> None:
    """Every sentence says over what it speaks; a note says that it goes no further."""
    found = af.require_decomposition(
        [split(c) for c in CASES],
        baseline=[single(c) for c in CASES],
        checks=[quality()],
        cost_ratio="0.10",
        quality_margin=0.1,
        max_token_multiplier=1,
    )
    told = str(found)
    assert "over the fixed population of 10 cases; allowed 10%" in told
    assert "the single model 10 of 10, a fixed population; allowed 10% lower" in told
    assert "exact for these 10 cases, with no inference to others" in told


def test_one_case_passes_for_itself_only() -> None:
    """Who has recorded one case reads that it says nothing of the next one."""
    told = str(
        af.require_decomposition([split("a")], baseline=[single("a")], cost_ratio=0.4)
    )
    assert "over the fixed population of 1 case; allowed 40%" in told
    assert "exact for this one case, with no inference to any other" in told
    assert "Record more cases, and write population='sample'" in told


def test_no_difference_is_no_minus_nought() -> None:
    """Where both sides are equally good, the table of bounds has no negative zero."""
    found = af.require_decomposition(
        [split("a")], baseline=[single("a")], checks=[quality()], quality_margin=0.1
    )
    (row,) = found.exhibits[0].rows  # type: ignore[union-attr]
    assert "0.0 points" in row
    assert not [cell for cell in row if cell.startswith(("-0.0", "+0.0"))]


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_no_number_is_written_as_minus_nought(value: float, digits: int) -> None:
    """Whatever rounds to nought is written without a sign."""
    texts = [
        wording.percent(value, digits),
        wording.times(value, digits),
        wording.signed(value, digits),
        wording.points(value),
        wording.plain(value),
        wording.score(value),
    ]
    nought = re.compile(r"[+-]0+(\.0*)?(?!\d|e|\.)")
    assert [text for text in texts if nought.match(text)] == []


def test_one_check_that_fails_decides_whatever_else_is_open() -> None:
    """Verdicts of several checks, or trials, are folded in one place."""
    assert all_of([True, None, False]) is False
    assert all_of([True, None]) is None
    assert all_of([]) is True
