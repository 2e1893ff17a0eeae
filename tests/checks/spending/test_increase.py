"""What `cost` says of a run beside the run as it was before."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import cost
from hypothesis import given
from hypothesis import strategies as st
from test_cost import PRICES, chat, only, picture, price, run_of

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "examples/website_builder/recordings"

BEFORE = run_of(
    chat("personalizer", 1_000, 500), picture(1), picture(2), chat("qa", 2_000, 100)
)


def judge(now: af.Run, before: af.Run | None = BEFORE, **given: Any) -> af.CheckResult:
    """The result of `cost` on a run that was another one before."""
    return af.evaluate(now, cost(**given), earlier=before).results[0]


def failing(result: af.CheckResult) -> dict[str | None, str]:
    """Stage of the place -> message, of what fails."""
    return {f.place.stage: f.message for f in result.findings if f.fails}


def rule(result: af.CheckResult) -> af.RuleResult:
    """What the rule about growth decided."""
    return next(r for r in result.rules if r.rule == "cost.increase")


def test_a_stage_that_costs_more_is_named_with_the_causes() -> None:
    """The message says how much each contributes; the run names its worst stage."""
    calls = [c for c in BEFORE.calls if c.stage != "personalizer"]
    calls += [chat("personalizer", 4_000, 500, id=f"personalizer/{n}") for n in "ab"]
    result = judge(run_of(*calls), max_growth=0.1)

    assert failing(result) == {
        "personalizer": "personalizer costs $0.010, before $0.0020: $0.0080 more "
        "(400 %), where 10 % is allowed. Causes: longer prompts +$0.0045 (1,000 -> "
        "4,000 tokens each), more calls +$0.0035 (1 -> 2).",
        None: "the run costs $0.0342, before $0.0262: $0.0080 more (31 %), where 10 % "
        "is allowed. By stage: personalizer +$0.0080. personalizer: longer prompts "
        "+$0.0045 (1,000 -> 4,000 tokens each), more calls +$0.0035 (1 -> 2).",
    }
    assert {f.introduced_by for f in result.findings} == {"personalizer"}
    assert rule(result).examined == 4


def test_what_stays_within_its_growth_passes() -> None:
    """Every stage and the run are decided; exactly the limit is within."""
    result = judge(BEFORE, max_growth=0)
    assert result.verdict is af.Verdict.PASSED
    assert rule(result).passed == 4

    grown = run_of(
        *(c for c in BEFORE.calls if c.stage != "qa"), chat("qa", 2_220, 100)
    )
    assert judge(grown, max_growth=0.1).ok
    assert not judge(grown, max_growth={"qa.input_tokens": 0.1099}).ok
    assert judge(grown, max_growth={"qa.input_tokens": 0.11}).ok


def test_a_stage_of_a_cent_that_doubles_fails_nobody() -> None:
    """What adds less than one percent of the run is no finding."""
    before = run_of(*BEFORE.calls, chat("offers", 10, 0))
    now = run_of(*BEFORE.calls, chat("offers", 100, 0))

    assert judge(now, before, max_growth=0).findings[0].place.stage is None
    assert judge(now, before, max_growth=0.1).ok


def test_price_drift_is_told_apart_from_growth() -> None:
    """The same usage at twice the price is no growth; a note says what prices made."""
    dear = tuple(replace(p, amount=p.amount * 2) for p in PRICES)
    result = judge(run_of(*BEFORE.calls, prices=dear), max_growth=0)

    assert result.verdict is af.Verdict.PASSED
    assert [n.text for n in result.notes] == [
        "changed prices make +$0.0262 of the difference; they are not counted as growth"
    ]


def test_a_dearer_model_is_growth() -> None:
    """A price that is another one for another model is a choice, and no drift."""
    large = (price("input_tokens", "10", "large", per=1_000_000), *PRICES)
    calls = [c for c in BEFORE.calls if c.stage != "qa"]
    now = run_of(*calls, chat("qa", 2_000, 0, model="large"), prices=large)

    message = failing(judge(now, max_growth=0.1))["qa"]
    assert "Causes: dearer model +$0.0179 (small -> large), less output" in message


def test_a_new_stage_counts_in_the_run() -> None:
    """It has nothing of its own to be held against."""
    now = run_of(*BEFORE.calls, chat("offers", 9_000, 0))
    result = judge(now, max_growth=0.1)

    assert failing(result) == {
        None: "the run costs $0.0352, before $0.0262: $0.0090 more (34 %), where 10 % "
        "is allowed. By stage: offers +$0.0090 (new). offers: more calls +$0.0090 "
        "(0 -> 1)."
    }


def test_tokens_calls_images_and_context_can_be_held_too() -> None:
    """Each in its own words, and tokens with their causes."""
    calls = [c for c in BEFORE.calls if c.stage != "qa"]
    now = run_of(*calls, picture(3), *(chat("qa", n, 100) for n in (3_000, 5_000)))
    result = judge(
        now,
        max_growth={
            "qa.tokens": 0.1,
            "qa.calls": 0,
            "qa.context": 0.5,
            "artist.images": 0,
            "qa.output_tokens": 1,
        },
    )

    tokens, calls_, context, images = (f.message for f in result.findings)
    assert tokens == (
        "qa takes 8,200 tokens, before 2,100: 6,100 more (290 %), where 10 % is "
        "allowed. Causes: more calls +3,100 (1 -> 2), longer prompts +3,000 (2,000 -> "
        "4,000 tokens each)."
    )
    assert calls_ == (
        "qa makes 2 model calls, before 1: 1 more (100 %), where 0 % is allowed."
    )
    assert context == (
        "qa has 5,000 tokens in its largest prompt, before 2,000: 3,000 more (150 %), "
        "where 50 % is allowed."
    )
    assert images == (
        "artist makes 3 images, before 2: 1 more (50 %), where 0 % is allowed."
    )
    assert rule(result).passed == 1


def test_a_limit_of_its_own_wins_for_a_stage() -> None:
    """The rest is held against what is said for all."""
    calls = [c for c in BEFORE.calls if c.stage != "qa"]
    now = run_of(*calls, chat("qa", 4_000, 100))

    assert set(failing(judge(now, max_growth={"cost": 0.1}))) == {"qa"}
    assert judge(now, max_growth={"cost": 0.1, "qa.cost": 1}).ok


def test_without_an_earlier_run_nothing_is_claimed() -> None:
    """What else is in budget does not make a bound kept that was not looked at."""
    result = judge(BEFORE, None, total=1, max_growth={"cost": 0.1, "qa.calls": 0})

    assert result.verdict is af.Verdict.UNDETERMINED
    assert not result.ok
    finding = only(result)
    assert finding.message == (
        "whether cost, qa.calls grew is not known: there is no earlier run of "
        "build_site/hotel to compare with"
    )
    assert "pytest --agentflow-against=git:origin/main (a JSON report" in finding.fix
    alone = judge(BEFORE, None, max_growth={"calls": 0})
    assert alone.verdict is af.Verdict.UNDETERMINED


def test_a_first_run_passes_where_that_is_said() -> None:
    """optional=True lets it, with a warning; what is over another budget fails."""
    check = cost(max_growth=0.1, total=1).optional()
    (first,) = af.evaluate(BEFORE, check).results
    assert first.ok
    (warning,) = (note.text for note in first.notes if note.warning)
    assert warning.endswith("is optional and INCONCLUSIVE: cost.increase")
    (over,) = af.evaluate(BEFORE, cost(max_growth=0.1, total=0.01).optional()).results
    assert over.verdict is af.Verdict.FAILED
    more = run_of(*BEFORE.calls, picture(3))
    (grown,) = af.evaluate(more, check, earlier=BEFORE).results
    assert not grown.ok


def test_what_is_not_known_of_either_run_is_an_error() -> None:
    """An unknown price or usage is no growth of 0."""
    unknown = run_of(chat("qa", 9, 0, model="my-llama"))
    finding = judge(BEFORE, unknown, max_growth=0.1).findings[0]
    assert finding.verdict is af.Verdict.ERROR
    assert "my-llama" in finding.message
    silent = run_of(chat("qa", 0, 0, usage=None))
    for quantity in ("tokens", "context"):
        result = judge(silent, max_growth={quantity: 0.1})
        assert only(result).verdict is af.Verdict.ERROR
    missing = judge(BEFORE, max_growth={"quality.cost": 0})
    assert "no stage 'quality'" in missing.findings[0].message


def test_a_broken_budget_names_what_changed_since() -> None:
    """Where there is an earlier run, the cause of the excess is told with it."""
    calls = [c for c in BEFORE.calls if c.stage != "qa"]
    now = run_of(*calls, chat("qa", 9_000, 100))
    result = judge(now, total=0.03, stages={"qa": 0.003, "artist": 1})

    since = " Before it cost $0.0022; since then: longer prompts +$0.0070 (2,000 -> "
    assert [since in finding.fix for finding in result.findings] == [True, True]
    assert since not in judge(now, None, total=0.03).findings[0].message


def test_the_way_from_before_to_now_is_shown() -> None:
    """A table of steps with what each adds and makes; bars carry what was."""
    calls = [c for c in BEFORE.calls if c.stage != "qa"]
    now = run_of(*calls, picture(3), chat("qa", 1_000, 100))
    bars, _, steps = judge(now).exhibits

    assert steps.rows == (
        ("before", "", "", "", "$0.0262"),
        ("artist", "more pictures", "2 -> 3", "+$0.011", "$0.0372"),
        ("qa", "shorter prompts", "2,000 -> 1,000 tokens each", "-$0.0010", "$0.0362"),
        ("now", "", "", "", "$0.0362"),
    )
    assert (bars.against, bars.bars[1].against) == ("before", Decimal("0.022"))
    assert len(judge(BEFORE).exhibits) == 2


def saved(run: af.Run, folder: Path, name: str) -> af.Run:
    """The run, recorded in a folder of recordings."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    af.save(run, path)
    return replace(af.load(path), folder=folder)


def test_a_glob_finds_the_recording_of_the_same_case(tmp_path: Path) -> None:
    """Not the run's own file, and none of another case."""
    now = saved(run_of(*BEFORE.calls, picture(3)), tmp_path, "build/hotel.flow.json")
    saved(BEFORE, tmp_path, "main/hotel.flow.json")
    saved(replace(BEFORE, case="inn"), tmp_path, "main/inn.flow.json")

    result = judge(now, None, max_growth=0.1, against="*/*")
    assert "more pictures +$0.011 (2 -> 3)" in failing(result)["artist"]
    for pattern in ("build/*", "nowhere/*"):
        finding = only(judge(now, None, max_growth=0.1, against=pattern))
        assert finding.verdict is af.Verdict.ERROR
        assert "it matches none" in finding.message
    loose = judge(BEFORE, None, max_growth=0.1, against="main/*")
    assert "not loaded from a folder" in only(loose).message


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"max_growth": {"money": 0.1}}, "names cost, tokens"),
        ({"max_growth": -0.1}, "is negative"),
        ({"shares": 0.5}, "shares= maps stages"),
        ({"shares": {"artist": 80}}, "is a share, 0.8 for 80 %"),
        ({"min_cached": 2}, "is a share"),
        ({"context": 1.5}, "no whole number"),
        ({"retries": {"qa": "x"}}, "is no number"),
        ({"cost_model": "gpu"}, 'write "priced" or "aalp"'),
        ({"earlier": BEFORE}, "earlier"),
    ],
)
def test_senseless_limits_are_refused(given: dict[str, Any], complaint: str) -> None:
    """When they are written, before anything is judged."""
    with pytest.raises(af.BadArgument, match=complaint):
        cost(**given)


@given(
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)), max_size=4),
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 9_999)), max_size=4),
    st.decimals(0, 2, places=2),
)
def test_the_run_fails_just_where_it_grew_beyond(
    old: list[tuple[int, int]], new: list[tuple[int, int]], limit: Decimal
) -> None:
    """Exact arithmetic on both bills decides, whatever the runs are."""
    before, now = (
        run_of(*(chat("qa", r, w, id=f"qa/{n}") for n, (r, w) in enumerate(side)))
        for side in (old, new)
    )
    result = judge(now, before, max_growth={"cost": limit, "tokens": limit})

    over = {
        finding.subject for finding in result.findings if finding.place.stage is None
    }
    then, today = before.cost().amount, now.cost().amount
    assert ("the run cost" in over) is (today > then * (1 + limit))
    used = [sum(r + w for r, w in side) for side in (old, new)]
    assert ("the run tokens" in over) is (used[1] > used[0] * (1 + limit))


PLANTED = {
    "token-blow-up": ("bakery", "personalizer", "more output +$0.0361"),
    "dearer-model": ("museum", "frontend", "dearer model +$0.0301"),
    "history-resent": (
        "shipyard",
        "personalizer",
        "more calls +$0.019 (1 -> 6), longer prompts +$0.0032 (1,717 -> 5,361",
    ),
    "dear-pictures": (
        "bakery",
        "artist",
        "dearer pictures +$0.1987 (1024x1024:medium -> 1024x1024:high), more pictures",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_regression_is_named_with_stage_and_cause(name: str) -> None:
    """Against the healthy run of its case; the message says how much each cause did."""
    case, stage, cause = PLANTED[name]
    path = ROOT / f"fixtures/planted/{name}/build_site/{case}.flow.json"
    run = replace(af.load(path), folder=RECORDINGS)
    result = judge(run, None, max_growth=0.1, against="build_site/*")

    found = failing(result)
    assert set(found) == {stage, None}
    assert all(cause in message for message in found.values())
    assert {f.introduced_by for f in result.findings} == {stage}
