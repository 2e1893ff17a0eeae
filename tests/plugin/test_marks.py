"""Marks judge the runs of a test; a wrong mark is a usage error."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.save import save

Recorder = Callable[..., pytest.RunResult]


def errors(project: pytest.Pytester, source: str, *lines: str) -> None:
    """Collecting `source` is a usage error that says `lines`."""
    project.makepyfile(test_site=source)
    result = project.runpytest("--strict-markers")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(list(lines))


def test_a_misspelt_argument_names_the_right_one(project: pytest.Pytester) -> None:
    """It is told at collection, before anything runs."""
    errors(
        project,
        """
        import pytest

        @pytest.mark.cost(totl=1)
        def test_x(agentflow): ...
        """,
        "ERROR: test_site.py::test_x: @pytest.mark.cost: cost takes no argument "
        "'totl'; did you mean total=? It takes total=, stages=, shares=, *; `pytest "
        "--markers` shows how it is written",
    )


def test_a_mark_without_a_run_to_judge_is_refused(project: pytest.Pytester) -> None:
    """A mark on a function that uses no fixture of ours cannot judge anything."""
    errors(
        project,
        """
        import pytest

        @pytest.mark.cost(total=1)
        def test_x(): ...
        """,
        "ERROR: test_site.py::test_x: @pytest.mark.cost judges runs, but the test has "
        "none:*",
    )


def test_a_file_that_is_not_there_is_told(project: pytest.Pytester) -> None:
    """Paths are looked for beside the test and upwards."""
    errors(
        project,
        """
        import pytest

        @pytest.mark.policy("nowhere.yaml")
        def test_x(agentflow): ...
        """,
        "*there is no file 'nowhere.yaml' in *",
    )


def test_an_unknown_argument_of_agentflow_is_refused(project: pytest.Pytester) -> None:
    """The mark that names recordings takes what it lists, and nothing else."""
    errors(
        project,
        """
        import pytest

        @pytest.mark.agentflow(recordin="x")
        def test_x(agentflow_run): ...
        """,
        "*@pytest.mark.agentflow takes no recordin; did you mean recording=? It takes "
        "at_least=, case=, latency=, recording=, *size=, trial=, variant=, workflow=",
    )


def test_a_mark_of_the_projects_own_keeps_its_meaning(project: pytest.Pytester) -> None:
    """Only a test that could mean either is refused; a prefix settles it."""
    config = Path("pytest.ini")
    config.write_text(config.read_text() + "\nmarkers = cost: how dear a test is\n")
    project.makepyfile(
        test_own="""
        import pytest

        @pytest.mark.cost("much")
        def test_mine(): ...
        """
    )
    project.runpytest("--strict-markers").assert_outcomes(passed=1)
    errors(
        project,
        """
        import pytest

        @pytest.mark.cost(total=1)
        def test_x(agentflow): ...
        """,
        "*the mark 'cost' is this project's own*agentflow_marker_prefix*",
    )
    config.write_text(config.read_text() + "\nagentflow_marker_prefix = af_\n")
    project.makepyfile(
        test_site="""
        import pytest

        @pytest.mark.af_cost(totl=1)
        def test_x(agentflow): ...
        """
    )
    result = project.runpytest("--strict-markers")
    result.stderr.fnmatch_lines(["*did you mean total=*"])


def test_a_marked_test_that_returns_without_a_run_fails(
    project: pytest.Pytester,
) -> None:
    """Nothing judged is never a pass."""
    project.makepyfile(
        test_site="""
        import pytest

        @pytest.mark.cost(total=1)
        def test_x(agentflow):
            pass
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*returned without a run: nothing was judged*"])


@pytest.mark.parametrize("body", ["...", "agentflow.mode"])
def test_a_test_that_names_a_run_and_makes_none_fails(
    project: pytest.Pytester, body: str
) -> None:
    """A name of a case is a promise, too: an empty body would be green for ever."""
    project.makepyfile(
        test_site=f"""
        import pytest

        @pytest.mark.agentflow(case="hotel")
        def test_x(agentflow):
            {body}
        """
    )
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["the test is marked agentflow, but returned without a run: nothing was *"]
    )


def test_a_test_that_names_runs_may_load_some_or_miss_one(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Recordings that were loaded, here or in a fixture, and refusals are no idling."""
    test = """
        import pytest
        import pytest_agentflow as af
        from flow import build

        pytestmark = pytest.mark.agentflow(case="whales")

        @pytest.fixture(scope="module")
        def several(agentflow):
            return agentflow.runs("build/*")

        def test_made(agentflow):
            agentflow.run(build, "whales")

        def test_loaded(agentflow):
            assert agentflow.runs("build/*")

        @pytest.mark.parametrize("number", [1, 2])
        def test_of_a_fixture(agentflow, several, number):
            assert several

        def test_refused(agentflow):
            with pytest.raises(TypeError):
                agentflow.run(build, topics="whales")
        """
    project.makepyfile(test_site=test)
    record("-k", "test_made").assert_outcomes(passed=1, deselected=4)
    project.runpytest().assert_outcomes(passed=5)


def test_marks_of_a_class_apply_to_tests_that_run_workflows(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The others in the class are left alone."""
    project.makepyfile(
        test_site="""
        import pytest
        from flow import build

        @pytest.mark.cost(total=0.0001)
        class TestSite:
            def test_plain(self):
                pass

            def test_build(self, agentflow):
                agentflow.run(build, "whales")
        """
    )
    record().assert_outcomes(passed=1, failed=1)


def test_the_bodys_own_exception_comes_first(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Findings are appended to it: one outcome, nothing hidden."""
    project.makepyfile(
        test_site="""
        import pytest
        from flow import build

        @pytest.mark.cost(total=0.0001)
        def test_build(agentflow):
            agentflow.run(build, "whales")
            assert 1 == 2, "the body's own"
        """
    )
    result = record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*the body's own", "*run build/* fails 1 of 2 checks", "*cost(total=0.0001)*"]
    )


def test_require_in_a_test_reports_like_a_mark(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Values and marks judge the same way, and a user's check is a value."""
    project.makepyfile(
        test_site="""
        import pytest_agentflow as af
        from flow import build
        from own_checks import short

        def test_build(agentflow):
            run = agentflow.run(build, "whales")
            af.require(run, short())
            af.require(run, short(most=30))
        """
    )
    result = record()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            ">*af.require(run, short(most=30))",
            "E*CheckFailure: run build/* fails 1 of 1 check",
            "E*short(most=30)  failed: Answers are short.",
            "E*1 of 2",
            "E*write: 38 characters, allowed 30",
            "short            1/1 run   2 examined   0 findings",
            "short(most=30)   0/1 run   2 examined   1 finding",
        ]
    )


def test_marker_help_shows_signatures(project: pytest.Pytester) -> None:
    """--markers is the reference; a normal run loads no check for it."""
    result = project.runpytest("--markers")
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.agentflow(*recording=None*",
            "@pytest.mark.cost(total*stages*",
        ]
    )


def test_a_waiver_in_the_configuration_lets_a_finding_pass(
    project: pytest.Pytester, record: Recorder
) -> None:
    """Somebody answers for it until a day."""
    config = Path("pytest.ini")
    config.write_text(config.read_text() + "\nagentflow_waivers = waivers.yaml\n")
    waivers = Path("waivers.yaml")
    waivers.write_text("- {rule: short, until: 2999-01-01, by: me, reason: draft}\n")
    project.makepyfile(
        test_site="""
        import pytest_agentflow as af
        from flow import build
        from own_checks import short

        def test_build(agentflow):
            af.require(agentflow.run(build, "whales"), short(most=1))
        """
    )
    record().assert_outcomes(passed=1)
    waivers.write_text("- {rule: short, until: 2001-01-01, by: me, reason: draft}\n")
    project.runpytest().assert_outcomes(failed=1)
    waivers.write_text("- {rule: short, until: never, by: me, reason: draft}\n")
    result = project.runpytest()
    result.stderr.fnmatch_lines(["*waiver 1: until: 'never' is no date*"])


# The mark agentflow

LOADED_BY_NOBODY = (
    'test_site.py::test_x: @pytest.mark.agentflow(recording="build/ants.flow.json") '
    "says which recording the fixture agentflow_run loads, but the test does not take "
    "it. To judge the recording, take agentflow_run in place of agentflow; to run the "
    "workflow's code against it, write "
    '@pytest.mark.agentflow(workflow="build", case="ants")'
)


def test_a_recording_that_the_test_does_not_load_is_refused(
    project: pytest.Pytester,
) -> None:
    """Before any test: otherwise another recording would be replayed in silence."""
    errors(
        project,
        """
        import pytest
        from flow import build

        @pytest.mark.agentflow(recording="build/ants.flow.json")
        def test_x(agentflow):
            agentflow.run(build, "ants")
        """,
        f"ERROR: {LOADED_BY_NOBODY.replace('[', '[[]')}",
    )


def test_a_recording_named_for_a_module_is_no_workflow_to_run(
    project: pytest.Pytester,
) -> None:
    """Tests that load it, or that compare recordings, pass; a run does not."""
    save(Run(workflow="build", case="ants"), Path("recordings/build/ants.flow.json"))
    save(Run(workflow="shout", case="hey"), Path("recordings/shout/hey.flow.json"))
    project.makepyfile(
        test_site="""
        import pytest

        pytestmark = pytest.mark.agentflow(recording="build/ants.flow.json")

        def shout():
            return "HEY"

        def test_x(agentflow):
            agentflow.run(shout)

        def test_loaded(agentflow_run):
            assert agentflow_run.case == "ants"

        def test_all(agentflow):
            assert len(agentflow.runs("build/*")) == 1

        @pytest.mark.agentflow(recording=None, case="hey")
        def test_meant(agentflow):
            assert agentflow.run(shout).output == "HEY"

        @pytest.mark.agentflow(case="hey")
        def test_both(agentflow, agentflow_run):
            assert agentflow.run(shout).output == "HEY"
        """
    )
    result = project.runpytest("test_site.py")
    result.assert_outcomes(passed=4, failed=1)
    (told,) = [line for line in result.outlines if line.startswith("E ")]
    assert told == f"E       pytest.UsageError: {LOADED_BY_NOBODY}"


def test_the_mark_agentflow_without_a_fixture_is_refused(
    project: pytest.Pytester,
) -> None:
    """It names what nobody runs or loads."""
    errors(
        project,
        """
        import pytest

        @pytest.mark.agentflow(recording="build/ants")
        def test_x(): ...
        """,
        "ERROR: test_site.py::test_x: @pytest.mark.agentflow names runs, but the test "
        "has none: let it take the fixture agentflow (and call agentflow.run) or "
        "agentflow_run",
    )


# The name of a case

CASES = """
import pytest
from flow import build

def build_all(topics, by=None):
    return [build(topic) for topic in topics]

@pytest.mark.agentflow(case="sea")
def test_named(agentflow):
    assert agentflow.run(build_all, ["whales", "tides"]).case == "sea"

@pytest.mark.parametrize("topics", [
    pytest.param(["ants"], marks=pytest.mark.agentflow(case="small")),
    ["bees"],
])
def test_each(agentflow, topics):
    agentflow.run(build_all, topics)

@pytest.mark.agentflow(case="Ant hill")
def test_spaced(agentflow):
    agentflow.run(build_all, ["ants"])
"""


def test_a_case_is_named_by_the_mark(
    project: pytest.Pytester, record: Recorder
) -> None:
    """A file name that a person chose, for inputs that are no short texts."""
    project.makepyfile(test_site=CASES)
    record().assert_outcomes(passed=4)
    files = sorted(p.name for p in Path("recordings/build_all").glob("*.json"))
    assert files == [
        "ant-hill~1bd4f2195cd4.flow.json",
        "sea.flow.json",
        "small.flow.json",
        "topics1.flow.json",
    ]
    project.runpytest().assert_outcomes(passed=4)


def test_one_name_for_two_cases_is_refused_where_it_is_recorded(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The second would replace the first; the same inputs twice are one case."""
    project.makepyfile(
        test_site="""
        import pytest
        from flow import build

        @pytest.mark.agentflow(case="sea")
        @pytest.mark.parametrize("topic", ["whales", "tides"])
        @pytest.mark.parametrize("again", [1, 2])
        def test_x(agentflow, topic, again):
            agentflow.run(build, topic)
        """
    )
    result = record()
    result.assert_outcomes(passed=2, failed=2)
    told = [line for line in result.outlines if line.startswith("E ")]
    sentence = (
        'E       ValueError: two runs with different inputs are named case="sea", so '
        "that one recording would replace the other. Give each a name, on its own "
        'parameters: pytest.param(..., marks=pytest.mark.agentflow(case="sea")), or '
        "leave case= out: the ids of the parameters name them"
    )
    assert told == [sentence] * 2


@pytest.mark.parametrize("case", ["''", "7", "['a']"])
def test_a_name_that_is_no_text_is_refused(project: pytest.Pytester, case: str) -> None:
    """A wrong name is told before any test."""
    errors(
        project,
        f"""
        import pytest

        @pytest.mark.agentflow(case={case})
        def test_x(agentflow): ...
        """,
        f"ERROR: test_site.py::test_x: @pytest.mark.agentflow(case={case}): a name is "
        'a text such as case="hotel"'.replace("[", "[[]"),
    )
