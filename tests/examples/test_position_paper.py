"""The three problems of the position paper: both forms work, and cost what it says."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

import pytest_agentflow as af

pytest.importorskip("openai", reason="the algorithms use the openai SDK")

ROOT = Path(__file__).resolve().parents[2]

sys.path.insert(0, str(ROOT))
from fixtures import position_paper as paper  # noqa: E402

sys.path.remove(str(ROOT))

JOBS = tuple(paper.jobs())
ONE_OF_EACH = [
    next(j for j in JOBS if j.workflow == name and j.size == 4 and j.case == case)
    for name, case in sorted({(j.workflow, j.case) for j in JOBS})
    if case.endswith("amber")
]


@pytest.fixture(autouse=True)
def importable() -> Iterator[None]:
    """The example's package on the import path."""
    with paper.importable():
        yield
    for name in [n for n in sys.modules if n.split(".")[0] == "position_paper"]:
        del sys.modules[name]


@cache
def measure() -> ModuleType:
    """The example's script."""
    spec = util.spec_from_file_location("measure", paper.EXAMPLE / "measure.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ratios(problem: str, cost: af.CostModel) -> Mapping[int, float]:
    """Size -> how many times as much the intuitive form costs."""
    found: Mapping[int, float] = measure().ratios(problem, cost)
    return found


def exponent(ratio: Mapping[int, float]) -> float:
    """The exponent between the two largest sizes: prompts of roles are behind it."""
    (n, a), (m, b) = sorted(ratio.items())[-2:]
    return math.log(b / a) / math.log(m / n)


def test_every_run_was_recorded_and_says_that_no_model_answered() -> None:
    """There is a recording for each algorithm, case and size, all authored."""
    names = {j.workflow for j in JOBS}
    runs = [
        af.load(path)
        for name in names
        for path in af.find_recordings(paper.RECORDINGS, f"{name}/*")
    ]

    assert {(r.workflow, r.case, r.size) for r in runs} == {
        (j.workflow, j.case, j.size) for j in JOBS
    }
    assert all(run.authored for run in runs)


@pytest.mark.parametrize("job", ONE_OF_EACH, ids=lambda j: f"{j.workflow}-{j.case}")
def test_recordings_are_those_of_todays_code(job: paper.Job) -> None:
    """Each algorithm asks for what was recorded, and for nothing else."""
    assert paper.replayed(job).size == job.size


@pytest.mark.parametrize("job", ONE_OF_EACH, ids=lambda j: f"{j.workflow}-{j.case}")
def test_each_algorithm_solves_its_problem(job: paper.Job) -> None:
    """No bug is left in the program, no block of the design is wrong, and a number."""
    output = str(paper.replayed(job).output)

    assert "value -" not in output
    assert "slender" not in output
    assert output.count("value +") == (
        job.inputs["functions"] if job.workflow.startswith("debug") else 0
    )
    assert output.isdigit() == job.workflow.startswith("route")


@pytest.mark.parametrize("cost", [af.aalp(), af.priced()], ids=["aalp", "priced"])
def test_a_generalist_costs_as_many_times_as_much_as_it_knows_kinds(
    cost: af.CostModel,
) -> None:
    """Routing saves a factor of k under either cost model."""
    assert exponent(ratios("routing", cost)) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("cost", "expected"),
    [(af.aalp(), 2), (af.priced(), 1)],
    ids=["aalp", "priced"],
)
def test_the_developers_saving_grows_with_the_functions_as_computed(
    cost: af.CostModel, expected: float
) -> None:
    """Debugging saves a factor of k squared in forward passes, and of k in money."""
    assert exponent(ratios("functions", cost)) == pytest.approx(expected, abs=0.1)


def test_the_developers_saving_grows_with_the_bugs() -> None:
    """In forward passes towards b; in money less, for a written token is dearer."""
    passes, money = (exponent(ratios("bugs", c)) for c in (af.aalp(), af.priced()))

    assert 0.7 < passes < 1.05
    assert 0.2 < money < passes


def test_evolution_block_by_block_saves_what_was_computed() -> None:
    """2^k k / 2 in forward passes and 2^k / 2 in money, up to the words of the role."""
    passes, money = (ratios("evolution", c) for c in (af.aalp(), af.priced()))

    for k in range(1, 7):
        assert money[k] == pytest.approx(2**k / 2, rel=0.05)
        assert 0.7 < passes[k] / (2**k * k / 2) <= 1


def test_calls_alone_do_not_show_a_growing_history() -> None:
    """Both forms of debugging make O(n) calls; only one has a context of O(1)."""
    longest = {
        (j.workflow, j.size): max(
            call.usage.input_tokens or 0 for call in run.calls if call.usage
        )
        for j in JOBS
        if j.case == "functions-amber"
        for run in [
            af.load(paper.RECORDINGS / f"{j.workflow}/{j.case}.n{j.size}.flow.json")
        ]
    }

    assert longest["debug_whole", 32] > 10 * longest["debug_whole", 2]
    assert longest["debug_each", 32] == longest["debug_each", 2]
