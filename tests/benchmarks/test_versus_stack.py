"""The comparison with a stack of others: its arithmetic, and its set-up."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
from stack import (  # noqa: E402
    deepeval_run,
    lighthouse_run,
    ours,
    promptfoo_eval,
    setup_lines,
    table,
)
from stack.verdicts import (  # noqa: E402
    Failure,
    Judged,
    caught,
    first_stage,
    stage_named,
)

sys.path.remove(str(ROOT / "benchmarks"))

CONFIG = ROOT / "benchmarks" / "stack" / "config"
STAGES = ("personalizer", "artist", "frontend", "qa")
TOOLS = ("promptfoo", "deepeval", "recording", "lighthouse")
WORDS = st.text(alphabet="abcdefg", min_size=1, max_size=6)
FAILURES = st.builds(
    Failure, label=WORDS, by=WORDS, stage=st.sampled_from((None, *STAGES))
)


def failing(label: str, by: str, stage: str | None = None) -> Failure:
    """A failure that says nothing more."""
    return Failure(label=label, by=by, stage=stage)


# What counts as caught


def test_what_fails_on_the_healthy_run_as_well_is_no_catch() -> None:
    """An assertion that a healthy run fails, too, says nothing of the regression."""
    noise, new = failing("qa", "cost"), failing("qa", "is-html")

    assert caught([noise, new], [noise]) == (new,)


@given(st.lists(FAILURES), st.lists(FAILURES))
def test_caught_failures_are_those_of_the_run_less_the_healthy_ones(
    run: list[Failure], healthy: list[Failure]
) -> None:
    """Nothing is caught that did not fail, and nothing that the healthy run fails."""
    found = caught(run, healthy)

    assert set(found) <= set(run)
    assert not {(f.label, f.by) for f in found} & {(f.label, f.by) for f in healthy}
    assert caught(run, ()) == tuple(run)


@pytest.mark.parametrize(
    ("label", "message", "stage"),
    [
        ("frontend", "expected personalizer, artist", "frontend"),
        ("test_no_big_words[qa]", "", "qa"),
        ("test_personalizer_plans", "", "personalizer"),
        ("workflow", "order was personalizer, frontend", None),
        ("workflow", "not allowed: 'frontend gpt-5'", "frontend"),
        ("workflow", "the partisan", None),
    ],
)
def test_a_failure_names_a_stage_where_it_names_one_alone(
    label: str, message: str, stage: str | None
) -> None:
    """The test's name counts before the message; a list of stages blames nobody."""
    assert stage_named(label, message, STAGES) == stage


@given(st.lists(FAILURES))
def test_the_first_stage_named_is_the_earliest(failures: list[Failure]) -> None:
    """Of several stages the earliest is taken; none where none is named."""
    named = {failure.stage for failure in failures} - {None}
    first = first_stage(failures, STAGES)

    assert (first is None) == (not named)
    assert all(STAGES.index(first or "") <= STAGES.index(s or "") for s in named)


# The table


def two_rows() -> tuple[tuple[table.Row, ...], list[Judged]]:
    """One regression caught by both sides, one by ours alone."""
    mine = Judged(
        tool=ours.TOOL,
        seconds=6.0,
        failures={
            "dear": (failing(ours.MEANT, "cost", "artist"),),
            "vague": (failing(ours.SUITE.name, "hallucination", "qa"),),
            "healthy-a": (),
        },
    )
    peer = Judged(
        tool="promptfoo",
        seconds=3.0,
        versions="promptfoo 1",
        failures={
            "dear": (failing("qa", "cost", "qa"), failing("qa", "latency", "qa")),
            "vague": (failing("qa", "latency", "qa"),),
            "healthy-a": (failing("qa", "latency", "qa"),),
        },
    )
    rows = tuple(
        table.row(
            name=name,
            stage=stage,
            check=check,
            ours=mine.failures[name],
            own=ours.SUITE.name,
            peers=[peer],
            healthy="healthy-a",
            stages=STAGES,
        )
        for name, stage, check in [
            ("dear", "artist", "cost"),
            ("vague", "qa", "hallucination"),
        ]
    )
    return rows, [mine, peer]


def found() -> dict[str, object]:
    """The figures of these two rows."""
    rows, judged = two_rows()
    lines = {ours.TOOL: 10, "promptfoo": 20}
    return table.figures(rows, judged, ["healthy-a"], lines, 3)


def test_figures_count_catches_stages_and_false_alarms() -> None:
    """Every count follows from the failures and from nothing else."""
    figures = found()

    assert figures["regressions"] == 2
    assert figures["caught"] == {"ours": 2, "stack": 1, "promptfoo": 1}
    assert figures["caught by own marks"] == 1
    assert figures["stage named"] == {"ours": 2, "stack": 0}
    assert figures["false alarms"] == {ours.TOOL: 0, "promptfoo": 1}
    assert figures["seconds a run"] == {ours.TOOL: 2.0, "promptfoo": 1.0}
    assert figures["not caught, needs a model"] == 1


def test_the_printed_table_says_what_the_figures_say() -> None:
    """Rows, totals and what the others do better are all printed."""
    text = table.rendered(two_rows()[0], found())
    lines = {line.split("  ")[0]: line.split() for line in text.splitlines()}

    assert lines["dear"][1:7] == ["artist", "caught", "yes", "caught", "says", "qa"]
    assert lines["vague"][1:5] == ["qa", "caught", "yes", "no"]
    assert "needs a model" in text
    assert lines["stack"][1:7] == ["1", "of", "2", "0", "of", "2"]
    assert lines[ours.TOOL][1:4] == ["2", "of", "2"]
    assert table.BETTER in text


def test_a_peer_that_is_not_installed_is_said_to_be_so() -> None:
    """Its row tells the error, so that nobody reads its zero as a verdict."""
    rows, judged = two_rows()
    judged[1] = Judged(tool="promptfoo", error="no such package")
    lines = {ours.TOOL: 10, "promptfoo": 20}
    figures = table.figures(rows, judged, ["healthy-a"], lines, 3)

    assert "promptfoo: not judged: no such package" in table.rendered(rows, figures)


# What the peers answer


def test_results_of_promptfoo_are_read_by_run_and_stage() -> None:
    """A failing assertion keeps its type and stage; a run that passes is there, too."""
    rows = [
        {
            "vars": {"run": name},
            "testCase": {"description": "frontend"},
            "gradingResult": {
                "componentResults": [
                    {"pass": fine, "reason": "dear", "assertion": {"type": "cost"}}
                ]
            },
        }
        for name, fine in [("a", False), ("b", True)]
    ]
    read = promptfoo_eval.by_run(rows)

    assert read["b"] == ()
    assert [(f.by, f.stage) for f in read["a"]] == [("cost", "frontend")]


def test_a_test_of_promptfoo_without_verdicts_is_an_error() -> None:
    """Nothing examined is never a pass."""
    row = {"vars": {"run": "a"}, "testCase": {"description": "qa"}, "error": "no file"}
    with pytest.raises(RuntimeError, match="judged nothing of qa: no file"):
        promptfoo_eval.by_run([row])


def test_results_of_deepeval_are_read_by_run() -> None:
    """The id names the run, even where a name begins with another one."""
    document = """<testsuite>
      <testcase name="test_words[guarantee-by-qa-qa]">
        <failure message="AssertionError: Metrics: Pattern Match (score: 0.0)"/>
      </testcase>
      <testcase name="test_words[qa-guarantee]"/>
    </testsuite>"""
    read = deepeval_run.by_run(document, ["guarantee", "guarantee-by-qa"])

    assert read["guarantee"] == ()
    assert [(f.by, f.stage) for f in read["guarantee-by-qa"]] == [
        ("Pattern Match", "qa")
    ]


def test_a_run_that_deepeval_left_out_is_an_error() -> None:
    """Nothing examined is never a pass."""
    with pytest.raises(RuntimeError, match="judged nothing of"):
        deepeval_run.by_run("<testsuite/>", ["guarantee"])


@pytest.mark.parametrize("inside", ["accessibility", ["accessibility"]])
def test_results_of_lighthouse_reach_every_run_of_the_same_site(
    tmp_path: Path, inside: str | list[str]
) -> None:
    """Sites that are equal are audited once, and the verdict is that of all of them."""
    (tmp_path / "lhr-1.json").write_text('{"requestedUrl": "http://x:1/a/index.html"}')
    told = {
        "url": "http://x:1/a/index.html",
        "auditId": "categories",
        "auditProperty": inside,
        "name": "minScore",
        "actual": 0.9,
        "operator": ">=",
        "expected": 1,
        "level": "error",
    }
    (tmp_path / "assertion-results.json").write_text(json.dumps([told]))
    read = lighthouse_run.by_run(tmp_path, {"a": "a", "b": "a"})

    assert read["a"] == read["b"]
    assert [f.by for f in read["a"]] == ["categories:accessibility"]
    with pytest.raises(RuntimeError, match="audited nothing of"):
        lighthouse_run.by_run(tmp_path, {"c": "c"})


# The set-up


@pytest.mark.parametrize("tool", TOOLS)
def test_every_peer_has_a_set_up_that_is_counted(tool: str) -> None:
    """The lines of set-up are those of files that exist."""
    assert setup_lines.of_peer(tool) > 10


def test_our_own_set_up_is_counted_as_theirs_is() -> None:
    """Tests, policy and pytest section; comments and blank lines are not counted."""
    assert setup_lines.of_ours() > 50
    assert setup_lines.lines('# x\n\n"""Doc."""\n// y\na = 1  # z\n') == 1


def test_configurations_are_well_formed() -> None:
    """Every file parses, and every file that a configuration names exists."""
    for file in CONFIG.rglob("*.y*ml"):
        assert yaml.safe_load(file.read_text("utf-8"))
    for file in CONFIG.rglob("*.json"):
        assert json.loads(file.read_text("utf-8"))
    for file in CONFIG.rglob("*.py"):
        assert ast.parse(file.read_text("utf-8"))
    tests = yaml.safe_load((CONFIG / "promptfoo" / "tests.yaml").read_text("utf-8"))
    values = [str(a.get("value", "")) for test in tests for a in test["assert"]]
    named = {v.removeprefix("file://") for v in values if v.startswith("file://")}
    assert named == {"plan.schema.json", "palette.mjs", "prices.mjs"}
    assert all((CONFIG / "promptfoo" / name).is_file() for name in named)


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
@pytest.mark.parametrize("file", sorted(CONFIG.rglob("*.mjs")), ids=lambda f: f.name)
def test_scripts_of_the_set_up_are_javascript(file: Path) -> None:
    """Node accepts every script."""
    done = subprocess.run(["node", "--check", str(file)], check=False)

    assert done.returncode == 0


def test_the_checks_compared_with_are_the_example_s_own() -> None:
    """Ours is judged by the marks of the example's test, as they are written there."""
    marks = [text.partition("(")[0] for text in ours.suite()]

    assert {"policy", "design", "accessibility", "cost", "handoff"} <= set(marks)
    assert "parametrize" not in marks
