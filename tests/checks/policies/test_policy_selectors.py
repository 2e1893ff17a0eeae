"""Which events a rule is about, in what order they came, and files of values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.policies.case import open_case
from agentflow_checks.policies.document import parse_document
from agentflow_checks.policies.policy import policy
from agentflow_checks.policies.selector import read_selector
from policy_runs import policy_file, run_from

import pytest_agentflow as af


def call(**arguments: Any) -> af.Event:
    """Give the event of a tool call."""
    return af.Event(
        seq=0, kind="tool_call", stage="agent", name="refund", data=arguments
    )


def covers(selector: str, event: af.Event) -> bool | None:
    """Tell whether a selector, written as YAML, means an event."""
    run = af.Run(workflow="w", case="c")
    return read_selector(parse_document(selector, "s")).covers(open_case(run), event)


@pytest.mark.parametrize(
    ("condition", "amount", "meant"),
    [
        ("{above: 100}", 100, False),
        ("{above: 100}", 100.5, True),
        ("{above: 100}", "150", True),
        ("{above: 100}", "many", None),
        ("{above: 100}", None, None),
        ("{above: many}", 3, None),
        ("{at_least: 100}", 100, True),
        ("{at_least: 100}", 99, False),
        ("{below: 100}", 100, False),
        ("{below: 100}", 99, True),
        ("{at_most: 100}", 100, True),
        ("{at_most: 100}", 101, False),
        ("{above: 1, below: 3}", 2, True),
        ("{above: 1, below: 3}", 3, False),
        ("100", 100, True),
        ("100", "100.0", True),
        ("100", "1e2x", False),
        ("1", True, False),
        ("true", True, True),
        ("true", 1, False),
        ("abc", "abc", True),
        ("abc", 3, False),
        ("{not: 100}", 100, False),
        ("{not: 100}", 99, True),
        ("{in: [1, 2]}", 2, True),
        ("{in: [1, 2]}", 3, False),
        ("{matches: ['a*', 'b?']}", "bx", True),
        ("{matches: ['a*', 'b?']}", "cx", False),
    ],
)
def test_conditions_on_values(condition: str, amount: Any, meant: bool | None) -> None:
    """Comparisons are numeric where they can be, and open where they cannot."""
    selector = f"{{tool: refund, where: {{args.amount: {condition}}}}}"
    assert covers(selector, call(amount=amount)) is meant


@pytest.mark.parametrize(
    ("selector", "meant"),
    [
        ("{tool: refund}", True),
        ("{tool: refun}", False),
        ("{tool: [pay, refund]}", True),
        ("{tool: 're*'}", True),
        ("{tool: ['x*', refund]}", True),
        ("{tool: ['x*', 'y*']}", False),
        ("{tool: refund, stage: agent}", True),
        ("{tool: refund, stage: 'ag*'}", True),
        ("{tool: refund, stage: ['x*', other]}", False),
        ("{kind: [tool_call, model]}", True),
        ("{kind: model}", False),
        ("{model: refund}", False),
        ("{name: refund}", True),
        ("{tool: refund, ok: true}", None),
        ("{tool: refund, ok: any}", True),
        ("{tool: pay, ok: true}", False),
        ('{tool: refund, where: {"args.items[1].id": b}}', True),
        ("{tool: refund, where: {args.items.2.id: b}}", None),
        ("{tool: refund, where: {args.items.id: b}}", None),
        ("{tool: refund, where: {args.items.1.id: b}}", True),
        ("{tool: refund, where: {args.items.0.id: b}}", False),
        ("{tool: refund, where: {args.0: b}}", None),
        ("{tool: refund, where: {result.id: b}}", None),
        ("{tool: refund, where: {name: refund}}", True),
    ],
)
def test_selectors_by_name_kind_and_path(selector: str, meant: bool | None) -> None:
    """Names, globs, kinds and paths select exactly what they say."""
    event = call(items=[{"id": "a"}, {"id": "b"}])
    assert covers(selector, event) is meant


@pytest.mark.parametrize("ok", [True, False])
def test_outcome_is_selected_where_it_is_known(ok: bool) -> None:
    """``ok`` takes those that succeeded, or those that failed."""
    event = af.Event(seq=0, kind="tool_call", name="refund", ok=ok)
    assert covers("{tool: refund, ok: true}", event) is ok
    assert covers("{tool: refund, ok: false}", event) is not ok


def test_events_without_a_name_or_stage_fit_no_glob() -> None:
    """A glob for names or stages does not take what has none."""
    event = af.Event(seq=0, kind="output")
    assert covers("{name: '*'}", event) is False
    assert covers("{kind: output, stage: '*'}", event) is False


def test_pages_are_the_final_ones_only() -> None:
    """``page`` means what the workflow ships, ``artefact`` every version of it."""
    run = run_from(
        {
            "workflow": "w",
            "case": "c",
            "stages": [
                {"name": "a", "outputs": ["x"]},
                {"name": "b", "after": ["a"], "outputs": [{"note": "y"}]},
            ],
            "artefacts": [
                {"name": "i.html", "media_type": "text/html", "stage": s, "data": "<p>"}
                for s in ("a", "b")
            ],
        }
    )
    case = open_case(run)
    for written, stages in (
        ("{kind: page}", ["b"]),
        ("{kind: artefact}", ["a", "b"]),
        ("{kind: shipped}", ["b"]),
        ("{kind: [page, output]}", ["a", "b", "b"]),
    ):
        selector = read_selector(parse_document(written, "s"))
        taken = [e.stage for e in case.events if selector.covers(case, e)]
        assert taken == stages


def test_order_of_what_is_no_call() -> None:
    """Inputs come first, sources open a stage, outputs close it, files come last."""
    run = run_from(
        {
            "workflow": "w",
            "case": "c",
            "inputs": {"p": "x", "q": "y"},
            "stages": [
                {"name": "a", "outputs": ["x"]},
                {"name": "b", "after": ["a"], "outputs": ["y"]},
                {"name": "c", "outputs": ["z"]},
            ],
            "calls": [
                {"id": "a/1", "kind": "chat", "stage": "a", "model": "m"},
                {
                    "id": "b/1",
                    "kind": "chat",
                    "stage": "b",
                    "model": "m",
                    "messages": [{"role": "user", "text": "t"}],
                    "answer": "y",
                },
                {
                    "id": "b/2",
                    "kind": "retriever",
                    "stage": "b",
                    "invocation": {"function": "m:find"},
                },
            ],
            "sources": [
                {"id": "s", "text": "t", "stage": "b"},
                {"id": "r", "text": "t", "stage": "b", "call": "b/2"},
            ],
            "artefacts": [
                {"name": "own.html", "media_type": "text/html", "data": "<p>"}
            ],
        }
    )
    case = open_case(run)

    def event(kind: str, stage: str | None = None, name: str = "") -> af.Event:
        return next(
            e
            for e in case.events
            if (e.kind, e.stage) == (kind, stage) and name in ("", e.name)
        )

    first = event("input", name="p")
    assert case.precedes(first, event("model", "a")) is True
    assert case.precedes(event("model", "a"), first) is False
    assert case.precedes(first, event("input", name="q")) is False
    line = [
        event("model", "a"),
        event("output", "a"),
        event("source", "b", "s"),
        event("prompt", "b"),
        event("model", "b"),
        event("answer", "b"),
        event("output", "b"),
        event("artefact"),
    ]
    for place, one in enumerate(line):
        for other in line[place + 1 :]:
            assert case.precedes(one, other) is True, (one, other)
            assert case.precedes(other, one) is False, (one, other)
    found = event("retrieval", "b"), event("source", "b", "r")
    assert case.precedes(*found) is True
    assert case.precedes(event("model", "a"), event("output", "c")) is None
    assert case.precedes(event("model", "b"), event("retrieval", "b")) is None


FROM_FILE = {
    "rules": [
        {
            "id": "PII",
            "flow": {
                "from": {
                    "file": "profiles/{profile}.json",
                    "fields": ["contact.name?"],
                },
                "to": {"kind": "output"},
            },
        }
    ]
}


def judged(folder: Path, inputs: dict[str, Any], output: str) -> af.CheckResult:
    """Judge an output by a rule whose values stand in a file beside the policy."""
    (folder / "profiles").mkdir(exist_ok=True)
    profile = folder / "profiles" / "hotel.json"
    profile.write_text(json.dumps({"contact": {"name": "Marguerite Osei"}}))
    (folder / "profiles" / "a").mkdir(exist_ok=True)
    for other in ("secret.json", "profiles/a/b.json"):
        (folder / other).write_text(json.dumps({"contact": {"name": "Ann Lee"}}))
    file = policy_file(folder, FROM_FILE)
    stage = af.Stage(name="s", outputs=(output,))
    run = af.Run(workflow="w", case="c", inputs=inputs, stages=(stage,))
    return af.evaluate(run, policy(str(file))).results[0]


def test_values_are_read_from_the_file_that_an_input_names(tmp_path: Path) -> None:
    """The file of the run's own case gives the values."""
    leak = judged(tmp_path, {"profile": "hotel"}, "Dear MARGUERITE OSEI")
    assert leak.verdict is af.Verdict.FAILED
    assert leak.findings[0].source is not None
    assert leak.findings[0].source.path == "$.contact.name"
    assert "Osei" not in repr(leak.findings[0])
    clean = judged(tmp_path, {"profile": "hotel"}, "Dear customer")
    assert clean.verdict is af.Verdict.PASSED


def test_without_the_input_there_is_no_value_and_no_pass(tmp_path: Path) -> None:
    """A run that lacks the input is not applicable, and a warning says so."""
    result = judged(tmp_path, {"other": "hotel"}, "Dear Marguerite Osei")
    assert result.verdict is af.Verdict.INAPPLICABLE
    assert result.notes[0].warning


@pytest.mark.parametrize(
    "name", ["../secret", "..", "", "a/b", "a\\b", "a\0b", "nosuch"]
)
def test_inputs_never_name_other_folders(tmp_path: Path, name: str) -> None:
    """A hostile or wrong input is an error of the rule; no other file is read."""
    result = judged(tmp_path, {"profile": name}, "Dear Ann Lee")
    assert result.verdict is af.Verdict.ERROR
    assert result.findings[0].rule == "PII"
