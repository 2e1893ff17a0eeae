"""Planted regressions of the website builder, each found and traced to its stage."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from importlib import util
from pathlib import Path
from typing import Any

import pytest

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "website_builder"
RECORDINGS = EXAMPLE / "recordings"
CASES = ("bakery", "clinic", "hotel", "museum", "school", "shipyard")
GATE = "require_decomposition"

sys.path.insert(0, str(ROOT))
from fixtures.planted import planted, write_answers  # noqa: E402
from fixtures.planted.table import Planted  # noqa: E402

sys.path.remove(str(ROOT))

PLANTED = {row.name: row for row in planted()}
MARKED = {name: row for name, row in PLANTED.items() if row.check not in {GATE, ""}}
RECORDED = {name: row for name, row in PLANTED.items() if not row.replayed}

pytest.importorskip("selenium", reason="pages are judged in a browser")
pytest.importorskip("agentflow_engines", reason="pages are judged by axe-core and vnu")

every_planted = pytest.mark.parametrize("name", PLANTED)
every_recorded = pytest.mark.parametrize("name", RECORDED)
every_marked = pytest.mark.parametrize("name", MARKED)


@cache
def marks(module: str, function: str) -> tuple[af.Check, ...]:
    """The checks that a test of the example is marked with, as values."""
    spec = util.spec_from_file_location(module, EXAMPLE / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = util.module_from_spec(spec)
    sys.path.insert(0, str(EXAMPLE))
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in [n for n in sys.modules if n.split(".")[0] == "site_builder"]:
            del sys.modules[name]
    names = af.check_names()
    made = [
        af.find_check(mark.name)(*mark.args, **mark.kwargs)
        for mark in getattr(loaded, function).pytestmark
        if mark.name in names
    ]
    assert len(made) > 4
    return tuple(made)


def suite() -> tuple[af.Check, ...]:
    """The checks of the split workflow."""
    return marks("test_sites", "test_site_is_fit_to_ship")


@cache
def run_of(name: str) -> af.Run:
    """The run of a regression, put in the place of the healthy run of its case."""
    row = PLANTED[name]
    if row.replayed:
        return replace(replayed(row), folder=RECORDINGS)
    return replace(af.load(row.recording), folder=RECORDINGS)


def replayed(row: Planted) -> af.Run:
    """The run that changed code makes of a healthy recording."""
    from fixtures.planted.running import run

    sys.path.insert(0, str(EXAMPLE))
    try:
        return run(row, "replay")
    finally:
        sys.path.remove(str(EXAMPLE))
        for name in [n for n in sys.modules if n.split(".")[0] == "site_builder"]:
            del sys.modules[name]


@cache
def judged(name: str) -> af.Evaluation:
    """The run of a regression, judged by the whole suite and the check meant for it."""
    row, checks = PLANTED[name], {str(check): check for check in suite()}
    if name in MARKED:
        # The rest of a check's arguments may differ: the suite's own is then left out.
        meant = af.parse_check(row.check)
        checks = {k: v for k, v in checks.items() if v.id != meant.id}
        checks[row.check] = meant
    return af.evaluate(run_of(name), *checks.values())


@cache
def healthy(case: str) -> af.Evaluation:
    """The healthy run of a case, judged by the whole suite."""
    return af.evaluate(af.load(RECORDINGS / f"build_site/{case}.flow.json"), *suite())


def failing(result: af.CheckResult) -> list[af.Finding]:
    """What makes a check fail."""
    return [finding for finding in result.findings if finding.fails]


def told(evaluation: af.Evaluation) -> str:
    """Everything found, for the message of a failing test."""
    return af.failure_message(evaluation)


@pytest.mark.parametrize("case", CASES)
def test_a_healthy_split_run_passes_everything(case: str) -> None:
    """No check of the suite finds anything in the runs that nothing was planted in."""
    evaluation = healthy(case)

    assert evaluation.ok, told(evaluation)


@pytest.mark.parametrize("case", CASES)
def test_a_healthy_single_run_passes_everything(case: str) -> None:
    """The single large model is a fair opponent: its runs are fit to ship, too."""
    checks = marks("test_split", "test_single_model_makes_the_same_sites")
    run = af.load(RECORDINGS / f"build_site_single/{case}.flow.json")
    evaluation = af.evaluate(run, *checks)

    assert evaluation.ok, told(evaluation)


@every_marked
def test_the_check_meant_for_it_catches_a_regression(name: str) -> None:
    """Exactly the expected rules of that check fail."""
    row, evaluation = MARKED[name], judged(name)
    check = af.parse_check(row.check)

    found = failing(evaluation.result(check.id))
    assert {finding.rule for finding in found} == set(row.rules), told(evaluation)


@every_marked
def test_a_regression_is_traced_to_its_stage(name: str) -> None:
    """Every finding names the stage that did it, and those that passed it on."""
    row, evaluation = MARKED[name], judged(name)
    found = failing(evaluation.result(af.parse_check(row.check).id))

    assert {
        (f.introduced_by, f.lost_at, f.propagated_through, f.repaired_by) for f in found
    } == {(row.introduced_by, row.lost_at, row.propagated_through, row.repaired_by)}
    assert {f.introduced_between for f in found} == {None}


@every_planted
def test_nothing_else_fails(name: str) -> None:
    """A regression is one cause away: only its declared consequences fail besides."""
    row, evaluation = PLANTED[name], judged(name)
    meant = (af.parse_check(row.check).id,) if name in MARKED else ()
    others = [r for r in evaluation.results if r.check not in meant]
    broken = [result for result in others if not result.ok]
    assert {r.check for r in broken} == set(row.consequences), told(evaluation)
    unexpected = [
        finding.rule
        for result in broken
        for finding in failing(result)
        if not any(fnmatch(finding.rule, p) for p in row.consequences[result.check])
    ]
    assert unexpected == []
    stage = row.introduced_by or row.lost_at
    blamed = {f.introduced_by or f.lost_at for r in others for f in failing(r)}
    assert blamed <= {row.blamed or stage}


@every_planted
def test_the_other_rules_decide_as_on_the_healthy_run(name: str) -> None:
    """No rule falls silent that decides on the healthy run of the same page."""
    row = PLANTED[name]
    others = [answer.split("/")[0] for answer in row.copy.values()]
    before, after = healthy((others or [row.case])[0]), judged(name)
    verdicts = {
        (result.check, rule.rule): rule.verdict
        for result in after.results
        for rule in result.rules
    }
    gone = [
        (result.check, rule.rule)
        for result in before.results
        for rule in result.rules
        if rule.verdict is af.Verdict.PASSED
        and verdicts.get((result.check, rule.rule))
        not in {af.Verdict.PASSED, af.Verdict.FAILED}
    ]

    assert gone == []


@every_planted
def test_a_recording_says_that_people_wrote_its_answers(name: str) -> None:
    """Planted runs are authored, so that no report takes them for evidence."""
    assert run_of(name).authored


@pytest.mark.parametrize("workflow", ["build_site", "build_site_single"])
def test_healthy_recordings_say_that_people_wrote_their_answers(workflow: str) -> None:
    """All of the example's recordings are authored; there is one for each customer."""
    paths = af.find_recordings(RECORDINGS, f"{workflow}/*")

    assert tuple(path.name.split(".")[0] for path in paths) == CASES
    assert all(af.load(path).authored for path in paths)


@every_recorded
def test_a_recording_holds_what_the_table_says(name: str, tmp_path: Path) -> None:
    """The recorded answers are today's authored ones with today's edits."""
    row = PLANTED[name]
    write_answers(row, tmp_path)
    answers = {c.stage: c.answer or "" for c in run_of(name).calls if c.answer}
    stages = {"personalizer.json": "personalizer", "page.html": "frontend"}
    for file in (tmp_path / row.case).iterdir():
        stage = stages.get(file.name, "qa")
        text = file.read_text("utf-8").strip()
        assert _content(text) == _content(answers[stage]), file.name


def _content(answer: str) -> Any:
    if answer.startswith("{"):
        return json.loads(answer)
    return answer.removeprefix("```html\n").removesuffix("\n```").strip()


# The split that is dearer than the single model


def population(instead: Mapping[str, af.Run]) -> Iterator[af.Run]:
    """The split's runs of all cases, some of them put in place of the healthy ones."""
    for case in CASES:
        recording = RECORDINGS / f"build_site/{case}.flow.json"
        yield instead.get(case) or af.load(recording)


@pytest.fixture(scope="module")
def single() -> list[af.Run]:
    """The single model's runs of all cases."""
    return [
        af.load(RECORDINGS / f"build_site_single/{case}.flow.json") for case in CASES
    ]


def test_the_healthy_split_costs_a_fraction_of_the_single_model(
    single: list[af.Run],
) -> None:
    """The gate of the example passes on the healthy runs."""
    gate = af.require_decomposition(
        list(population({})), baseline=single, cost_ratio=0.40
    )

    assert gate.verdict is af.Verdict.PASSED


@pytest.mark.parametrize("name", [n for n, row in PLANTED.items() if row.check == GATE])
def test_the_gate_names_the_stage_that_makes_the_split_dear(
    name: str, single: list[af.Run]
) -> None:
    """One dear run is enough to fail the example's gate, and its stage is named."""
    row = PLANTED[name]
    runs = list(population({row.case: run_of(name)}))
    with pytest.raises(af.DecompositionFailure) as caught:
        af.require_decomposition(runs, baseline=single, cost_ratio=0.40)

    bounds = {b.name: b for b in caught.value.decomposition.bounds}
    assert bounds["cost"].verdict is af.Verdict.FAILED
    assert bounds["cost"].stage == row.introduced_by


@pytest.mark.parametrize("name", [n for n, row in PLANTED.items() if row.check == GATE])
def test_the_dear_split_costs_more_than_the_single_model(
    name: str, single: list[af.Run]
) -> None:
    """Case against case, four small models cost more money than the large one."""
    row, run = PLANTED[name], run_of(name)
    (opponent,) = [one for one in single if one.case == row.case]
    with pytest.raises(af.DecompositionFailure):
        af.require_decomposition([run], baseline=[opponent], cost_ratio=1)

    assert run.cost() > opponent.cost()
    assert run.cost("artist") > opponent.cost()
