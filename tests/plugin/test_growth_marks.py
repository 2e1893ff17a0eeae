"""Growth in a user's project: the mark, the gate in the report, generated inputs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pytest_agentflow as af

Recorder = Callable[..., pytest.RunResult]

DRAFT = '''
"""A workflow that asks once for each item, or ever more often."""

from flow import ask

def write(text):
    return ask(text)

def draft(items):
    return [write(f"item {i}") for i in range(items)]

def again(items):
    return [write(f"try {i}") for i in range(-(-items * items // 16))]
'''

TEST = """
import pytest
import pytest_agentflow as af
from draft import draft, again

SIZES = [
    pytest.param(n, marks=pytest.mark.agentflow(size=n, case="ant"), id=str(n))
    for n in (1, 2, 4, 8, 16)
]

@pytest.mark.parametrize("items", SIZES)
@pytest.mark.parametrize("workflow", [
    pytest.param(draft, marks=pytest.mark.growth("draft/*", calls="n"), id="draft"),
    pytest.param(again, marks=pytest.mark.growth("again/*", calls="n"), id="again"),
])
def test_growth(agentflow, workflow, items):
    agentflow.run(workflow, items)

def test_set(agentflow):
    af.require_growth(agentflow.runs("draft/*"), calls="n", at=[100])

def test_open(agentflow):
    runs = agentflow.runs("draft/ant.n[124]")
    af.require_growth(runs, calls="n", optional=True)
"""


@pytest.fixture
def drafts(project: pytest.Pytester, record: Recorder) -> pytest.Pytester:
    """The project with both workflows recorded at five sizes."""
    project.makepyfile(draft=DRAFT, test_draft=TEST)
    config = project.path / "pytest.ini"
    text = config.read_text("utf-8").replace("flow:write", "draft:write")
    config.write_text(text, "utf-8")
    record("-k", "test_growth")
    return project


def test_mark_and_gate_judge_the_recordings_of_all_sizes(
    drafts: pytest.Pytester,
) -> None:
    """Each replay is judged among the recordings; what has n squared calls fails."""
    result = drafts.runpytest("--agentflow-report=r.json")
    result.assert_outcomes(passed=7, failed=5)
    result.stdout.fnmatch_lines(
        [
            '*growth("again/[*]", calls="n")  failed: *',
            "*write: calls: faster than O(n); all of it is write's: its calls grow *",
            'growth("draft/[*]", calls="n") *5/5 runs *5 examined   0 findings',
        ]
    )
    report = json.loads(Path("r.json").read_text("utf-8"))
    gates = {gate["verdict"]: gate for gate in report["decompositions"]}
    assert set(gates) == {"passed", "undetermined"}
    assert gates["passed"]["title"] == "draft against its declared growth"
    assert "At size 100: 100 calls" in gates["passed"]["sentences"][0]
    kinds = [exhibit["kind"] for exhibit in gates["passed"]["exhibits"]]
    assert kinds == ["table", "table", "line"]


def test_a_misspelt_class_is_an_error_of_the_collection(
    project: pytest.Pytester,
) -> None:
    """The message shows what can be written, before anything runs."""
    project.makepyfile(draft=DRAFT, test_draft=TEST.replace('calls="n"', 'calls="n!"'))
    result = project.runpytest("-k", "test_growth")

    assert result.ret != 0
    result.stderr.fnmatch_lines(["*growth 'n!' cannot be read: write a class*"])


def test_inputs_are_generated_at_every_size(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Under Hypothesis, with the fixture: growth on whatever items there are."""
    project.makepyfile(
        draft=DRAFT,
        test_draft="""
        import dataclasses
        import pytest_agentflow as af
        from flow import ask
        from hypothesis import given, settings, strategies as st

        ITEMS = st.sampled_from(["ant", "bee", "cat"])

        def list_items(items):
            return [ask(item) for item in items]

        @settings(max_examples=2, database=None, derandomize=True, deadline=None)
        @given(af.growing_inputs(ITEMS))
        def test_growth(agentflow, inputs):
            runs = [
                dataclasses.replace(
                    agentflow.run(list_items, items), size=size, case="any"
                )
                for size, items in inputs.items()
            ]
            outcome = af.require_growth(runs, calls="n")
            assert outcome.of("calls").mode_reason == "the inputs are nested"
        """,
    )
    record(mode="live").assert_outcomes(passed=1)


SPREAD = '''
"""A workflow that asks for all items at the same time."""

from concurrent.futures import ThreadPoolExecutor

from flow import ask

WORKERS = 16

def write(text):
    return ask(text)

def spread(items):
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(write, [f"item {i}" for i in range(items)]))
'''

TIMED = """
import pytest
from spread import spread

SIZES = [
    pytest.param(n, marks=pytest.mark.agentflow(size=n, case="ant"), id=str(n))
    for n in (1, 2, 4, 8, 16)
]

@pytest.mark.parametrize("items", SIZES)
@pytest.mark.growth("spread/*", span="1", mode="exact")
def test_span(agentflow, items):
    agentflow.run(spread, items)
"""


def test_calls_that_follow_each_other_turn_red_without_a_new_recording(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The recorded times still say O(1): what is judged is what the code does now."""
    project.makepyfile(spread=SPREAD, test_spread=TIMED)
    config = project.path / "pytest.ini"
    text = config.read_text("utf-8").replace("flow:write", "spread:write")
    config.write_text(text, "utf-8")
    record()
    for path in project.path.rglob("*.flow.json"):
        run = af.load(path)
        times = {call.id: af.Timing(start=0, end=1000) for call in run.calls}
        recorded = dataclasses.replace(run.recorded, calls=times)
        af.save(dataclasses.replace(run, recorded=recorded), path)
    project.runpytest().assert_outcomes(passed=5)

    # A pool of one thread: the calls wait for each other, though none names another.
    project.makepyfile(spread=SPREAD.replace("WORKERS = 16", "WORKERS = 1"))
    result = project.runpytest()
    result.assert_outcomes(passed=1, failed=4)
    result.stdout.fnmatch_lines(
        [
            "*write takes 16 s, not 1 s: its 16 calls one after the other, recorded *",
            "*this replay of spread/ant.n16 takes 16 s, where the 4 recorded runs *",
            "*fix: Make calls of write side by side that do not need each other *",
        ]
    )
