"""agentflow handoff init proposes marks from what healthy recordings share."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import coordination, handoff
from agentflow_checks.teamwork.handoff_command import handoff as command
from agentflow_checks.teamwork.handoff_proposal import Unhealthy, collapsed, propose
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = ROOT / "examples/website_builder/recordings"


def call(stage: str, prompt: str, answer: Any) -> af.Call:
    """A chat call of one stage."""
    return af.Call(
        id=f"{stage}/1",
        kind="chat",
        stage=stage,
        messages=(af.Message(role="user", text=prompt),),
        answer=answer if isinstance(answer, str) else json.dumps(answer),
        finish_reason="stop",
    )


def run_of(number: int) -> af.Run:
    """A brief of which the draft is given all and leaves the mood out."""
    brief = {
        "offers": [{"name": f"Heat pump {number}", "price": f"£{1200 + number:,}"}],
        "mood": f"Calm and friendly, version {number}",
        "notes": f"Never told to anybody, {number}",
    }
    told = {key: brief[key] for key in ("offers", "mood")}
    draft = f"Heat pump {number} for {1200 + number} GBP. Ring us about anything else."
    stages = (
        af.Stage(name="brief", outputs=(brief,)),
        af.Stage(name="draft", after=("brief",), outputs=(draft,)),
        af.Stage(name="editor", after=("brief", "draft"), outputs=(draft,)),
    )
    prompts = json.dumps(told, ensure_ascii=False), f"Mend this: {draft}"
    calls = (
        call("brief", "Plan a page.", brief),
        call("draft", prompts[0], draft),
        call("editor", prompts[1], draft),
    )
    return af.Run(workflow="w", case=f"c{number}", stages=stages, calls=calls)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four healthy recordings."""
    for number in range(4):
        af.save(run_of(number), tmp_path / "w" / f"c{number}.flow.json")
    return tmp_path / "w"


def test_the_marks_are_printed_with_what_they_rest_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Graph, must_carry and reads, each with its counts, then the lines to paste."""
    assert main(["handoff", "init", str(folder)]) == 0
    told = capsys.readouterr().out

    assert told == (
        "w: 4 runs of 4 cases; what all kept may still fail in up to 53% of runs"
        " (95 %)\n"
        "\n"
        "stages, the same in 4 of 4 runs\n"
        "  brief\n"
        "  draft, after brief\n"
        "  editor, after draft\n"
        "\n"
        "what reaches editor in every run\n"
        "  brief $.offers: 8 of 8 values, 4 of 4 runs\n"
        "\n"
        "what stages are given of the outputs before them\n"
        "  draft brief:$.offers: 8 of 8 values given, in 4 of 4 runs, 8 of 8 used\n"
        "  draft brief:$.mood: 4 of 4 values given, in 4 of 4 runs, none used: left"
        " out of reads, so that coordination fails on it\n"
        "  editor draft:$: 4 of 4 values given, in 4 of 4 runs, 4 of 4 used\n"
        "  editor brief:$.offers[*].name: 4 of 4 values given, in 4 of 4 runs,"
        " 4 of 4 used\n"
        "\n"
        "to paste above the test\n"
        '@pytest.mark.stage_order("brief", "draft", "editor")\n'
        '@pytest.mark.handoff("brief", must_carry=["$.offers"], to="editor")\n'
        "@pytest.mark.coordination(\n"
        "    reads={\n"
        '        "draft": [\n'
        '            "brief:$.offers",\n'
        "        ],\n"
        '        "editor": [\n'
        '            "draft:$",\n'
        '            "brief:$.offers[*].name",\n'
        "        ],\n"
        "    }\n"
        ")\n"
    )


def test_too_few_runs_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two runs agree by chance; --least says how many are wanted."""
    two = [str(folder / f"c{n}.flow.json") for n in range(2)]

    assert main(["handoff", "init", *two]) == 2
    assert "2 runs of w cannot show what is kept by all; record at least 3" in (
        capsys.readouterr().err
    )
    assert command(["init", "--least", "2", *two]) == 0
    assert command(["init", "--least", "9", str(folder)]) == 2
    assert command(["init", str(folder.parent / "nowhere")]) == 2
    with pytest.raises(SystemExit):
        command(["init", "--least", "1", *two])


def test_what_is_not_healthy_is_refused() -> None:
    """Selected takes, answers that were cut off, other workflows, other stages."""
    runs = [run_of(n) for n in range(3)]
    cut = replace(runs[0].calls[1], finish_reason="length")
    takes = af.Recorded(takes=af.Takes(discarded=2))
    one = af.Recorded(takes=af.Takes(discarded=1))
    for odd, told in (
        (replace(runs[0], recorded=takes), "chosen after 2 discarded takes: "),
        (replace(runs[0], recorded=one), "after 1 discarded take: a selected run"),
        (replace(runs[0], recorded=one), "delete its file and record it once"),
        (replace(runs[0], calls=(runs[0].calls[0], cut)), "is not healthy"),
        (replace(runs[0], workflow="v"), "name one workflow's"),
        (
            replace(runs[0], stages=()),
            f"the same stages: 1 with none ({runs[0].id}); 2 with ",
        ),
    ):
        with pytest.raises(Unhealthy, match=re.escape(told)):
            propose([odd, *runs[1:]], least=3)
    with pytest.raises(Unhealthy, match="cannot show"):
        propose([], least=3)


def test_the_samples_own_runs_keep_what_is_proposed() -> None:
    """Three authored runs: the first passes the marks that all gave rise to."""
    paths = af.find_recordings(RECORDINGS, "build_site/*")
    runs = [af.load(path) for path in paths[::2]]
    found = propose(runs, least=3)
    must = [one.path for one in found.carries if one.stage == "personalizer"]
    reads: dict[str, list[str]] = {}
    for one in found.readings:
        reads.setdefault(one.reader, []).append(f"{one.stage}:{one.path}")

    assert found.order == ("offers", "personalizer", "artist", "frontend", "qa")
    assert "$.description.contact" in must
    assert "personalizer:$.description" in reads["frontend"]
    assert "personalizer:$.visuals[*].description" in reads["artist"]
    checks = handoff("personalizer", must_carry=must), coordination(reads=reads)
    for run in runs[:1]:
        judged = af.evaluate(run, *checks)
        assert judged.passed, af.failure_message(judged)


PATHS = st.lists(
    st.from_regex(r"\$(\.[a-c]|\[\*\]){1,3}", fullmatch=True), unique=True, max_size=9
)


@given(PATHS, st.sets(st.integers(0, 8)))
def test_collapsing_loses_no_path_and_adds_none(
    paths: list[str], wanted: set[int]
) -> None:
    """Below the collapsed paths stand the wanted ones, each once, and no other."""
    patterns = {path: number in wanted for number, path in enumerate(paths)}
    if any(a != b and b.startswith(a) for a in paths for b in paths):
        return  # a value has no other value below it
    found = list(collapsed(patterns, wanted=bool))
    below = [path for _, paths_below in found for path in paths_below]

    assert sorted(below) == sorted(p for p, value in patterns.items() if value)
