"""The grown sample: thirty customers, one to five stages, sites of 1 to 16 pages."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import pytest_agentflow as af

pytest.importorskip("openai", reason="the website builder uses the openai SDK")

ROOT = Path(__file__).resolve().parents[2]

sys.path.insert(0, str(ROOT))
from fixtures import grown  # noqa: E402
from fixtures.grown import faults, record  # noqa: E402
from fixtures.grown.customers import customers, research  # noqa: E402
from fixtures.grown.script import GrownScript  # noqa: E402
from pytest_agentflow.running.agentflow import AgentFlow  # noqa: E402

sys.path.remove(str(ROOT))

FOLDER = grown.RECORDINGS.parent
JOBS = tuple(record.jobs())
WORKFLOWS = tuple(record.CUSTOMERS)
STAGES = {
    "build_site_single": 1,
    "build_site_two": 2,
    "build_site_three": 3,
    "build_site": 4,
    "build_site_five": 5,
}
PAINTED = {"build_site_single": "generalist"}

every_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)


@pytest.fixture(autouse=True)
def importable() -> Iterator[None]:
    """The workflows, with the grown customers as their data."""
    with grown.importable():
        yield
    for name in [n for n in sys.modules if n.split(".")[0].startswith("site_")]:
        del sys.modules[name]


@cache
def runs(workflow: str) -> tuple[af.Run, ...]:
    """Every recorded run of a workflow."""
    return tuple(
        af.load(path, folder=grown.RECORDINGS)
        for path in af.find_recordings(grown.RECORDINGS, f"{workflow}/*")
    )


def spread(values: list[float]) -> float:
    """The coefficient of variation."""
    mean = sum(values) / len(values)
    squares = sum((v - mean) ** 2 for v in values) / (len(values) - 1)
    return float(squares**0.5) / mean


def test_every_run_that_is_promised_was_recorded() -> None:
    """There is a recording for each workflow, customer and size, and no other."""
    found = {
        (run.workflow, run.case, run.size)
        for workflow in {job.workflow for job in JOBS}
        for run in runs(workflow)
    }

    assert found == {(job.workflow, job.profile, job.pages) for job in JOBS}
    assert Counter(job.workflow for job in JOBS)["build_site"] >= 24


@pytest.mark.parametrize("workflow", sorted({job.workflow for job in JOBS}))
def test_every_run_says_that_its_answers_were_not_given_by_a_model(
    workflow: str,
) -> None:
    """Grown runs are authored, so that no report takes them for evidence."""
    assert all(run.authored for run in runs(workflow))


def test_no_recording_names_the_folder_that_its_page_was_written_to() -> None:
    """Paths of the machine that recorded would differ each time, and tell of it."""
    outputs = {run.output for name in WORKFLOWS for run in runs(name)}

    assert outputs == {"(temporary)"}


@pytest.mark.parametrize(("workflow", "count"), STAGES.items())
def test_a_split_has_as_many_stages_as_its_name_says(workflow: str, count: int) -> None:
    """The stages that call a model are one to five."""
    asked = ("chat", "image")

    for run in runs(workflow):
        named = {call.stage for call in run.calls if call.kind in asked}
        assert len(named) == count, run.id


@every_workflow
def test_costs_vary_as_those_of_real_customers_do(workflow: str) -> None:
    """The coefficient of variation lies between a tenth and a half."""
    costs = [float(run.cost().amount) for run in runs(workflow)]

    assert 0.1 < spread(costs) < 0.5


def test_inputs_are_those_that_the_script_draws() -> None:
    """Profiles, research and policy in the folder are today's."""
    for one in customers():
        profile = json.loads((FOLDER / "profiles" / f"{one.id}.json").read_text())
        place = FOLDER / "knowledge" / "customers" / f"{one.id}.md"

        assert profile == one.profile
        assert place.read_text("utf-8") == research(one)
    policy = Path("policies") / "company.yaml"
    example = ROOT / "examples" / "website_builder" / policy
    assert (FOLDER / policy).read_text() == example.read_text()


def test_answers_repeat() -> None:
    """The same request gets the same answer, and another customer another one."""
    one, other = customers()[:2]
    said = [
        GrownScript().chat("You are the personalizer", who.company, "gpt-5-mini")
        for who in (one, one, other)
    ]

    assert said[0] == said[1] != said[2]


@pytest.mark.parametrize(
    "job",
    [
        next(job for job in JOBS if job.workflow == name and job.pages in {None, 4})
        for name in sorted({job.workflow for job in JOBS})
    ],
    ids=lambda job: job.workflow,
)
def test_recordings_are_those_of_todays_workflows(job: record.Job) -> None:
    """The workflow's own code runs and asks for what was recorded, nothing else."""
    pages = {} if job.pages is None else {"pages": job.pages}
    flow = AgentFlow(grown.settings(size=job.pages))
    run = flow.run(grown.workflow(job.workflow), profile=job.profile, **pages)

    assert run.size == job.pages
    assert [page for page in run.artefacts if page.media_type == "text/html"]


def test_a_page_holds_the_facts_of_its_own_customer() -> None:
    """Figures and what the staff report are carried into the page."""
    for run in runs("build_site"):
        one = grown.customer(run.case)
        (page,) = {a.text for a in run.pages()}

        assert one.company in page, run.id
        assert one.plan in page, run.id
        for problem in one.problems:
            assert problem.seen.replace("'", "&#x27;") in page, run.id


def test_recorded_requests_that_were_turned_away_were_made_again() -> None:
    """Some runs have a failed attempt, so that rework has something to count."""
    tried = [
        run.case
        for workflow in WORKFLOWS
        for run in runs(workflow)
        for call in run.calls
        if call.attempts
    ]

    assert {grown.customer(n).number for n in tried} == set(faults.SHORT_OF_TIME)


def writes(workflow: str) -> tuple[faults.Writer, bool]:
    """Whose pages a workflow ships, and whether QA or the reviewer has read them."""
    return {
        "build_site": (faults.FRONTEND, True),
        "build_site_nano": (faults.NANO, True),
        "build_site_large": (faults.LARGE, True),
        "build_site_three": (faults.FRONTEND, False),
        "build_site_two": (faults.WRITER, False),
        "build_site_single": (faults.GENERALIST, False),
        "build_site_five": (faults.FRONTEND, True),
    }[workflow]


def shipped(workflow: str, number: int) -> str | None:
    """The check that the shipped page of a customer must fail, if any."""
    writer, read = writes(workflow)
    name = writer.get(number)
    if name is None or (read and number not in faults.MISSED_BY_QA):
        return None
    return faults.FAULTS[name].check


@every_workflow
def test_pages_hold_the_faults_of_the_table_and_no_other(workflow: str) -> None:
    """What is planted, and what QA or the reviewer mended, is what was shipped."""
    for run in runs(workflow):
        page = run.pages()[-1].text
        found = {fault.check for fault in faults.found_in(page)}
        meant = shipped(workflow, grown.customer(run.case).number)

        assert found == ({meant} if meant else set()), run.id


@pytest.mark.parametrize("fault", [*faults.FAULTS, "none"])
def test_the_check_of_a_fault_finds_it_in_a_whole_page(fault: str) -> None:
    """Each fault fails its own check and not the other; a page without fails none."""
    pytest.importorskip("selenium", reason="pages are judged in a browser")
    pytest.importorskip("agentflow_engines", reason="pages are judged by axe and vnu")
    from agentflow_checks import accessibility, html_validity

    number = {name: n for n, name in faults.WRITER.items()} | {"none": 1}
    case = customers()[number[fault]].id
    run = af.load(grown.RECORDINGS / f"build_site_two/{case}.flow.json")
    result = af.evaluate(run, accessibility("AA"), html_validity())
    failed = {one.check for one in result.results if not one.ok}

    assert failed == ({faults.FAULTS[fault].check} if fault != "none" else set())


def test_pairs_of_the_gate_are_discordant_both_ways() -> None:
    """Split and single model differ on some customers, now one worse, now the other."""
    split, single = (
        {n for n in range(record.ALL) if shipped(workflow, n)}
        for workflow in ("build_site", "build_site_single")
    )

    assert single - split
    assert split - single
    assert split & single
