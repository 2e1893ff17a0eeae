"""The gate on thirty customers: a PASS, a FAIL and an INCONCLUSIVE, to the letter."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[2]

sys.path.insert(0, str(ROOT))
from fixtures.grown import faults  # noqa: E402

sys.path.remove(str(ROOT))

FOLDER = ROOT / "fixtures" / "grown" / "recordings"


@cache
def recorded(workflow: str) -> tuple[af.Run, ...]:
    """Every recorded run of a workflow."""
    found = af.find_recordings(FOLDER, f"{workflow}/*")
    return tuple(af.load(path, folder=FOLDER) for path in found)


def sound(run: af.Run) -> bool:
    """Whether the shipped page has none of the planted faults: a cheap jury."""
    return not faults.found_in(run.pages()[-1].text)


def gate(workflow: str, customers: int | None = None, **asked: Any) -> str:
    """What the gate says of a variant beside the single model, same customers."""
    runs = recorded(workflow)[:customers]
    names = {run.case for run in runs}
    single = [run for run in recorded("build_site_single") if run.case in names]
    usual = {"quality": sound, "quality_margin": 0.10, "population": "sample"}
    terms: dict[str, Any] = usual | asked
    try:
        return str(af.require_decomposition(runs, baseline=single, **terms))
    except af.DecompositionFailure as failure:
        return str(failure)


PASSES = """\
PASS: build_site against build_site_single
  cost: PASS: the split's cost is 18.5% of the single model's, at most 19.3% at 95% \
confidence, over 30 cases; allowed 40%
  quality: PASS: the split passes 28 of 30 cases, the single model 25 of 30; at worst \
-2.8 points at 95% confidence; allowed 10% lower
  difference: -$0.1613 a case: cheaper model -$0.1698, more calls +$0.0534, less \
output -$0.0454, the rest +$0.00047
  token multiplier: at these prices the split may use at most 7.0x the single model's \
tokens before it saves nothing; it uses 1.3x"""

FAILS = """\
FAIL: build_site_nano against build_site_single
  quality: FAIL: the split passes 5 of 16 cases, the single model 13 of 16; at best \
-19.8 points at 95% confidence; allowed 10% lower"""

NARROW = """\
INCONCLUSIVE: build_site against build_site_single
  cost: INCONCLUSIVE: undecided over 30 cases: 17.8% to 19.3% of the single model's \
cost, each bound at 95% confidence (estimate 18.5%); allowed 19%. About 163 cases \
would decide; these support a limit of 19.3%
  quality: PASS: the split passes 28 of 30 cases, the single model 25 of 30; at worst \
-2.8 points at 95% confidence; allowed 10% lower"""

FEW = """\
INCONCLUSIVE: build_site against build_site_single
  cost: INCONCLUSIVE: 8 cases are too few: rare, dear runs stay unseen below 20 cases; \
record more, or compare them as a fixed population; allowed 40%
  quality: INCONCLUSIVE: the split passes 7 of 8 cases, the single model 6 of 8; \
undecided: -15.9 to +41.1 points, each bound at 95% confidence (estimate +12.5 \
points); allowed 10% lower. About 25 cases would decide; these support a \
margin of 15.9%"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"workflow": "build_site", "cost_ratio": 0.40}, PASSES),
        ({"workflow": "build_site_nano"}, FAILS),
        ({"workflow": "build_site", "cost_ratio": 0.19}, NARROW),
        ({"workflow": "build_site", "customers": 8, "cost_ratio": 0.40}, FEW),
    ],
    ids=["pass", "fail", "narrow", "few"],
)
def test_the_gate_answers_on_the_grown_sample(asked: dict[str, Any], told: str) -> None:
    """PASS, FAIL, and INCONCLUSIVE for a narrow limit and for too few cases."""
    assert gate(**asked) == told


def test_the_same_cases_as_a_fixed_population_are_compared_exactly() -> None:
    """Eight customers decide where they are all that is asked about."""
    said = gate("build_site", 8, cost_ratio=0.40, population="fixed")

    assert said.startswith("PASS: ")
    assert (
        "is 19.3% of $1.3707 over the fixed population of 8 cases; allowed 40%" in said
    )


def test_cost_time_and_tokens_of_too_tight_a_limit_fail_by_stage() -> None:
    """What is too dear and too slow is told with the stage that is most of it."""
    said = gate(
        "build_site",
        cost_ratio=0.10,
        latency_ratio=0.30,
        max_token_multiplier=1,
        quality=None,
        quality_margin=None,
    )
    cost, time, tokens = said.splitlines()[1:4]

    assert "cost: FAIL: the split's cost is 18.5% of the single model's, at le" in cost
    assert "artist alone costs " in cost
    assert "latency: FAIL: " in time
    assert "artist takes longest: 0.21 s a case of 0.65 s, against 1.09 s of" in time
    assert "tokens: FAIL: the split's tokens are 1.3x the single model's" in tokens


def test_a_browser_and_a_validator_name_check_and_stage_of_what_broke() -> None:
    """With checks for a jury, flips are told by case, check and stage."""
    pytest.importorskip("selenium", reason="pages are judged in a browser")
    pytest.importorskip("agentflow_engines", reason="pages are judged by axe and vnu")
    from agentflow_checks import accessibility, html_validity

    checks = [accessibility("AA"), html_validity()]
    said = gate("build_site_nano", 8, checks=checks, quality=None, population="fixed")

    assert said.startswith("FAIL: ")
    assert "Newly broken: bramcote-bakery (html_validity, by frontend)" in said
    assert 'carrowby-surgery (accessibility("AA"), by frontend)' in said
    assert "brought in by frontend" in said


def test_the_readme_shows_what_the_gate_says() -> None:
    """The two answers of the page that everybody reads are those above."""
    shown = (ROOT / "docs/decomposition.md").read_text("utf-8")

    assert "\n".join(PASSES.splitlines()[:3]) in shown
    assert "\n".join(NARROW.splitlines()[:2]) in shown
