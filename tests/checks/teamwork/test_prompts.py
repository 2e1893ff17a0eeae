"""The check `prompts` judges what stages are told whatever the case."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import prompts
from agentflow_checks.teamwork.prompt_conflicts import conflicts
from agentflow_checks.teamwork.prompt_instructions import examples, instructions
from agentflow_checks.teamwork.prompt_template import templates
from flow_runs import chat, flow_run, prose
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

RULES = """You are a writer of pages for customers of ours.

- Use only the facts that you are given, and invent nothing.
- Never name a competitor.
- Plain words; no superlatives.

For example:
Answer with one block of HTML and nothing else.
"""


def told(system: str, user: str = "Write it.", case: str = "c") -> af.Run:
    """A run of one stage with a system prompt."""
    messages = (
        af.Message(role="system", text=system),
        af.Message(role="user", text=user),
    )
    size = len(f"{system} {user}".split())
    used = af.Usage(input_tokens=2 * size, output_tokens=1)
    call = chat("write", "", "x", messages=messages, usage=used)
    return replace(flow_run(call), case=case)


def judge(run: af.Run, **arguments: Any) -> af.CheckResult:
    """Judge one run."""
    return af.evaluate(run, prompts(**arguments)).results[0]


def test_instructions_are_requests_and_bullets() -> None:
    """A role is none, code is none, a wrapped line is one with the line before it."""
    lines = [
        *RULES.splitlines(),
        "{",
        '  "a": 1',
        "}",
        "Give the price with",
        "its unit.",
    ]
    assert instructions(lines) == (
        "Use only the facts that you are given, and invent nothing.",
        "Never name a competitor.",
        "Plain words; no superlatives.",
        "Answer with one block of HTML and nothing else.",
        "Give the price with its unit.",
    )


def test_examples_are_counted() -> None:
    """Tags, headings, fences, and what stands behind e.g."""
    text = "Example:\n```\nx\n```\nUse labels (e.g. hero). <example>a</example>"
    assert examples(text) == 4
    assert examples("No such thing here.") == 0


@given(st.lists(st.text()))
def test_any_text_can_be_counted(lines: list[str]) -> None:
    """Prompts hold anything: counting never fails, and never exceeds the sentences."""
    found = instructions(lines)
    assert len(found) <= sum(len(line.split()) for line in lines)
    assert examples("\n".join(lines)) >= 0
    conflicts(found)


@pytest.mark.parametrize(
    ("first", "second", "certain"),
    [
        (
            "The summary has at least five bullets.",
            "The summary has at most 3 bullets.",
            True,
        ),
        ("Write at least five bullets.", "Write at most three bullets.", True),
        ("Write at most 50 words.", "Write at least 100 words.", True),
        ("Always show the price.", "Never show the price.", True),
        ("Always show the price of an offer.", "Never show the price.", False),
    ],
)
def test_contradictions_fail_where_they_are_certain(
    first: str, second: str, certain: bool
) -> None:
    """What may hold for different things is a question."""
    (conflict,) = conflicts([first, second])
    assert (conflict.first, conflict.certain) == (first, certain)
    result = judge(told(f"{first}\n{second}"))
    assert result.verdict == ("failed" if certain else "passed")
    (finding,) = result.findings
    assert finding.verdict == ("failed" if certain else "undetermined")
    assert first in finding.message


@pytest.mark.parametrize(
    ("prompt", "verdict"),
    [
        ("You write. Write at most 50 words. Write at least 100 words.", "failed"),
        ("- Write at most 50 words.\n- Write at least 100 words.", "failed"),
        ("# Title\nWrite at most 5 words.\n# Body\nWrite at least 9 words.", "passed"),
        ("Title:\nWrite at most 5 words.\nBody:\nWrite at least 9 words.", "passed"),
        ("# Body\nWrite at most 5 words.\nWrite at least 9 words.", "failed"),
    ],
)
def test_bounds_of_nothing_named_conflict_below_one_heading(
    prompt: str, verdict: str
) -> None:
    """Below two headings they may be meant for two things: a question."""
    result = judge(told(prompt))
    assert result.verdict == verdict
    (finding,) = result.findings
    assert finding.verdict == ("failed" if verdict == "failed" else "undetermined")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The page has at most 100 words.", "The title has at least 3 letters."),
        ("Use at least two pictures.", "Use at most four pictures."),
        ("Always give a price.", "Never invent a number."),
        ("Never invent a price.", "Never invent a price."),
    ],
)
def test_what_can_be_followed_is_no_contradiction(first: str, second: str) -> None:
    """Other things, other bounds, the same said twice."""
    assert conflicts([first, second]) == ()


def test_with_other_cases_the_template_is_what_they_share() -> None:
    """Rules in the user message count; the customer's own words do not."""
    shared, mine, yours = prose("rule", 30), prose("mine", 20), prose("yours", 20)
    run = told("Be short.", f"{shared}\n{mine}", case="a")
    other = told("Be short.", f"{shared}\n{yours}", case="b")
    (by_cases,) = templates(run, [other])
    assert by_cases.text.split() == f"Be short. {shared}".split()
    assert by_cases.tokens == pytest.approx(2 * 32, rel=0.1)
    (alone,) = templates(run, [])
    assert (alone.text, alone.by_cases) == ("Be short.", False)


def test_limits_name_the_stage_and_the_count() -> None:
    """Tokens, instructions and examples, for all stages or for one."""
    run = told(RULES)
    assert judge(run, tokens=120, instructions={"write": 4}, examples=1).ok
    (finding,) = judge(run, instructions=3).findings
    assert finding.message == (
        "write's template has 4 instructions, 3 are allowed; the last is "
        '"Answer with one block of HTML and nothing else."'
    )
    assert finding.introduced_by == "write"
    rules = {f.rule for f in judge(run, tokens=10, examples=0).findings}
    assert rules == {"prompts.tokens", "prompts.examples"}


def test_a_prompt_without_a_template_is_a_question() -> None:
    """One case and no system prompt: what is template cannot be told."""
    (finding,) = judge(flow_run(chat("write", "Go", "x")), tokens=10).findings
    assert (finding.verdict, finding.introduced_by) == ("undetermined", None)
    assert 'others="WORKFLOW/*"' in finding.fix


def test_growth_is_measured_against_recordings_of_main(tmp_path: Path) -> None:
    """The message says from what to what."""
    af.save(told(RULES), tmp_path / "main" / "w" / "c.flow.json")
    path = tmp_path / "now" / "w" / "c.flow.json"
    af.save(told(RULES + RULES), path)
    run = replace(af.load(path), folder=tmp_path)
    (finding,) = judge(run, against="main/*/*", max_growth=0.2).findings
    assert finding.rule == "prompts.growth"
    assert finding.message == (
        "write's template grew by 100%, from 86 to 172 tokens, since "
        "main/w/c.flow.json; 20% is allowed"
    )
    assert judge(run, against="main/*/*", max_growth=1.2).ok
    (error,) = judge(run, against="gone/*", max_growth=1.2).findings
    assert error.message.startswith("against='gone/*' matches none of")


def test_growth_of_no_stage_is_no_pass(tmp_path: Path) -> None:
    """Other stages, or prompts without a template: nothing was compared."""
    old = told(RULES)
    other = replace(old.calls[0], stage="draft")
    renamed = replace(flow_run(other), case="c")
    af.save(renamed, tmp_path / "main" / "w" / "c.flow.json")
    run = replace(told(RULES), folder=tmp_path)
    result = judge(run, against="main/*/*", max_growth=0.2)
    assert result.verdict == "error"
    assert result.findings[0].message == (
        "no stage of main/w/c.flow.json has the same name: growth was not examined; "
        "name recordings of the same stages in against="
    )


def test_stages_that_growth_skipped_are_named(tmp_path: Path) -> None:
    """A new stage has nothing to be compared with, and a note says so."""
    old = told(RULES)
    af.save(old, tmp_path / "main" / "w" / "c.flow.json")
    new = replace(old.calls[0], id="call-2", stage="edit")
    run = replace(flow_run(*old.calls, new), case="c", folder=tmp_path)
    result = judge(run, against="main/*/*", max_growth=0.2)
    assert result.ok
    assert [note.text for note in result.notes] == [
        "growth was not examined of edit: not in main/w/c.flow.json"
    ]


def test_growth_needs_both_arguments() -> None:
    """One without the other says nothing."""
    with pytest.raises(af.BadArgument, match="go together"):
        prompts(max_growth=0.1)


def test_the_sample_shows_counts_beside_unsupported_claims() -> None:
    """One row a stage, with the share of its claims that its sources do not support."""
    root = Path(__file__).parents[3] / "fixtures/planted/invented-contact"
    run = af.load(af.find_recordings(root)[0])
    (table,) = judge(run).exhibits
    rows = {row[0]: row for row in table.rows}
    assert list(rows) == ["personalizer", "frontend", "qa"]
    assert rows["personalizer"][-1].startswith("4 of ")
