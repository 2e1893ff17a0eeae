"""Actions that agents say they did, against the tools that were called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.action_claims import action_claims, verbs_of
from agentflow_checks.grounding.action_registry import ToolPattern, registry
from agentflow_checks.grounding.actions import (
    ActionState,
    action_outcomes,
    stated_actions,
)
from agentflow_checks.grounding.hallucination import hallucination
from agentflow_checks.grounding.tool_calls import is_error, performed_in
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.prepare import prepare

ROOT = Path(__file__).parents[3]
COMMON = registry({})


def chat(*steps: Any) -> af.Run:
    """Make a run of one agent: texts are answers, (tool, arguments, result) calls."""
    calls: list[af.Call] = []
    heard: list[af.Message] = [af.Message(role="user", text="Please.")]
    for number, step in enumerate(steps):
        asked: tuple[af.ToolCall, ...] = ()
        if not isinstance(step, str):
            asked = (af.ToolCall(name=step[0], arguments=step[1], id=f"t{number}"),)
        text = step if isinstance(step, str) else ""
        calls.append(
            af.Call(
                id=f"agent/{len(calls) + 1}",
                kind="chat",
                stage="agent",
                parents=(calls[-1].id,) if calls else (),
                messages=tuple(heard),
                answer=text or None,
                tool_calls=asked,
            )
        )
        heard.append(af.Message(role="assistant", text=text, tool_calls=asked))
        if asked and step[2] is not None:
            heard.append(
                af.Message(role="tool", text=step[2], tool_call_id=f"t{number}")
            )
    return af.Run(
        workflow="book", case="trip", stages=(af.Stage(name="agent"),),
        calls=tuple(calls),
    )  # fmt: skip


def states(a_run: af.Run, known: Mapping[str, Any] = COMMON) -> list[tuple[str, str]]:
    """Give verb and state of each stated action."""
    return [(one.verb, one.state) for one in stated_actions(a_run, known)]


def findings(a_run: af.Run, known: Mapping[str, Any] = COMMON) -> list[af.Finding]:
    """Give the findings about a run."""
    made = action_outcomes(a_run, known)
    return [one for one in made if isinstance(one, af.Finding)]


BOOKED = ("book_hotel", {"hotel": "Alpine"}, "Reservation made.")
FAILED = ("book_hotel", {"hotel": "Alpine"}, "Error: no rooms")


@pytest.mark.parametrize(
    ("sentence", "verbs"),
    [
        ("I have booked a room for you.", ["book"]),
        ("I've now successfully cancelled it.", ["cancel"]),
        ("I\u2019ve also paid the bill.", ["pay"]),
        ("We have already refunded $20.", ["refund"]),
        ("Your flight has been successfully booked.", ["book"]),
        ("Two bags have been added under your name.", ["add"]),
        ("The standing order has been set up.", ["set up"]),
        ("I've checked the reviews and sent an e-mail to Ann.", ["check", "send"]),
        ("The event has been added, and an invitation has been sent to Mark.",
         ["add", "send"]),
        ("After checking your calendar, I have created an event.", ["create"]),
        ("Unfortunately it rains, but I have moved the meeting.", ["move"]),
        ("- **2 bags** have been added", ["add"]),
    ],
)  # fmt: skip
def test_statements_that_something_was_done_are_found(
    sentence: str, verbs: list[str]
) -> None:
    """Active, passive and joined forms each give the infinitive of the verb."""
    found = action_claims(sentence)
    assert len(found) == len(verbs)
    for claim, verb in zip(found, verbs, strict=True):
        assert verb in claim.verbs
        assert claim.text in sentence[claim.start : claim.end]


@pytest.mark.parametrize(
    "sentence",
    [
        "Has the room been booked?",
        "Have I booked it, you ask?",
        "Once the room has been booked, you get a mail.",
        "If I have cancelled it by then, call me.",
        "I cannot add insurance after the trip has been booked.",
        "I have not booked it.",
        "I haven't sent anything.",
        "No payment has been charged.",
        "It seems that the event has been created.",
        "The room may have been booked.",
        "The room should have been cancelled.",
        "The bill has been paid by Ann.",
        "The rooms that have been booked are full.",
        "I have been invited to the party.",
        "You have been charged.",
        'He wrote: "I have booked a room."',
        "The mail says your room has been booked.",
        "The price has been updated since last year.",
        "**Body:** I have sent you the report.",
        "I have all the required parameters.",
        "I have detailed information.",
        "I will book it.",
        "I have booked nothing.",
        "You said I have booked it.",
        "Please confirm that I have booked the right one.",
    ],
)
def test_what_states_no_deed_of_the_agent_is_left(sentence: str) -> None:
    """Questions, conditions, negations, hedges, others' deeds, quotations, drafts."""
    assert action_claims(sentence) == ()


@pytest.mark.parametrize(
    ("participle", "verb"),
    [
        ("booked", "book"), ("cancelled", "cancel"), ("canceled", "cancel"),
        ("scheduled", "schedule"), ("replied", "reply"), ("passed", "pass"),
        ("sent", "send"), ("Paid", "pay"), ("overwritten", "overwrite"),
    ],
)  # fmt: skip
def test_participles_lead_to_their_verb(participle: str, verb: str) -> None:
    """Regular and irregular forms are read, whatever their spelling rule."""
    assert verb in verbs_of(participle)


def test_an_action_that_a_tool_performed_is_held() -> None:
    """A call without error, of any tool of the verb, is enough."""
    assert states(chat(BOOKED, "I have booked a room.")) == [("book", "performed")]
    made = list(action_outcomes(chat(BOOKED, "I have booked a room."), COMMON))
    assert af.Examined(rule="hallucination.action", count=1) in made


def test_an_action_that_was_never_performed_fails() -> None:
    """The finding quotes the statement, and says what was called and what was not."""
    lookup = ("search_hotels", {}, "Alpine")
    (finding,) = findings(chat(lookup, "I have booked a room for you."))
    assert finding.verdict is af.Verdict.FAILED
    assert finding.message == '"I have booked", but no call of the run does that'
    assert finding.observed == '"I have booked a room for you."; called: search_hotels'
    assert finding.expected is not None
    assert finding.expected.startswith("a call without error of book, reserve")
    assert (finding.place.call, finding.place.kind) == ("agent/2", "answer")
    assert finding.place.span == (0, len("I have booked"))
    assert finding.introduced_by == "agent"
    assert finding.fix


def test_a_run_without_any_call_did_nothing() -> None:
    """An agent that only talks is found, too."""
    (finding,) = findings(chat("Your room has been booked."))
    assert finding.observed == '"Your room has been booked."; called: no tool'


def test_a_call_that_returned_an_error_is_no_performance() -> None:
    """The error is quoted; a later try that succeeds makes the statement true."""
    (finding,) = findings(chat(FAILED, "I have booked a room."))
    assert finding.message.endswith("the call returned an error: Error: no rooms")
    assert findings(chat(FAILED, BOOKED, "I have booked a room.")) == []


def test_a_call_without_a_recorded_result_counts() -> None:
    """What became of it nobody knows, so that nothing is held against the agent."""
    asked = ("book_hotel", {}, None)
    assert findings(chat(asked, "I have booked a room.")) == []


def test_what_a_tool_told_may_be_repeated() -> None:
    """A passive that a result speaks of is a question; "I have" is none."""
    read = ("get_events", {}, "Team sync: cancelled")
    (passive,) = findings(chat(read, "The team sync has been cancelled."))
    assert passive.verdict is af.Verdict.UNDETERMINED
    (active,) = findings(chat(read, "I have cancelled the team sync."))
    assert active.verdict is af.Verdict.FAILED


@pytest.mark.parametrize(
    "answer",
    [
        "I have created a short list of hotels for you:",
        "I've added some comments below.",
        "I have removed duplicates from the names above.",
        "I've shared three personal tips.",
        "I have changed my mind.",
    ],
)
def test_what_the_answer_itself_may_be_is_a_question(answer: str) -> None:
    """A text that is created may be the one that is read."""
    (finding,) = findings(chat(answer))
    assert finding.verdict is af.Verdict.UNDETERMINED
    assert "the answer itself may be meant" in finding.message


@pytest.mark.parametrize(
    "answer",
    [
        "I have sent the summary to Alice.",
        "I have created a file with the packing list.",
        "I have booked the room on the list.",
    ],
)
def test_a_text_that_went_somewhere_is_a_deed(answer: str) -> None:
    """Sending a summary is done by a tool, and so is making a file."""
    (finding,) = findings(chat(answer))
    assert finding.verdict is af.Verdict.FAILED


def test_a_recording_that_lacks_tool_calls_leaves_deeds_open() -> None:
    """What an import does not hold is not held against the agent."""
    made = chat("I have booked a room.")
    calls = tuple(replace(call, missing=("tool_calls",)) for call in made.calls)
    (finding,) = findings(replace(made, calls=calls))
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_a_verb_without_tools_is_a_question() -> None:
    """An unknown verb is undetermined, and one that needs no tool is not counted."""
    (finding,) = findings(chat("I have coordinated the room, and checked the price."))
    assert finding.verdict is af.Verdict.UNDETERMINED
    assert "'coordinated'" in finding.message
    assert list(action_outcomes(chat("I have checked the price."), COMMON)) == []


def test_the_user_s_registry_lies_over_the_common_verbs() -> None:
    """A verb of the user's replaces the common one; [] silences it."""
    a_run = chat(("create_ticket", {}, "ok"), "I have escalated it. I have booked it.")
    own = registry({"escalate": "create_ticket", "book": []})
    assert states(a_run, own) == [("escalate", "performed"), ("book", "no tool")]
    strict = registry({"escalate": ["page_*"]})
    assert states(a_run, strict)[0] == ("escalate", "never")


@pytest.mark.parametrize(
    ("pattern", "tool", "matches"),
    [
        ("send", "send", True), ("send", "send_email", True),
        ("send", "sendEmail", True), ("send", "send-email", True),
        ("send", "mail.send", True), ("send", "mcp__mail__send_email", True),
        ("send", "resend_email", False), ("send", "sender_info", False),
        ("send", "get_sent", False), ("*_event", "create_calendar_event", True),
        ("book*", "bookings.create", True), ("sendEmail", "send_email", True),
    ],
)  # fmt: skip
def test_tools_are_matched_by_their_first_words(
    pattern: str, tool: str, matches: bool
) -> None:
    """Spelling and namespace do not matter; parts of words do not match."""
    (entry,) = registry({"do": pattern})["do"]
    assert entry.matches(tool, {}) is matches


def test_a_pattern_may_need_an_argument() -> None:
    """An event invites somebody only if it has participants."""
    invited = "Mark has been invited."
    event = "create_calendar_event"
    assert findings(chat((event, {"participants": ["m"]}, "ok"), invited)) == []
    for arguments in ({"participants": []}, {}, None, "participants"):
        assert len(findings(chat((event, arguments, "ok"), invited))) == 1


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_registry_may_be_a_file(suffix: str, tmp_path: Path) -> None:
    """JSON is read as JSON, everything else as YAML."""
    file = tmp_path / f"actions{suffix}"
    file.write_text(json.dumps({"escalate": ["page_*"]}))
    assert registry(file)["escalate"] == (ToolPattern("page_*", "page*"),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[1, 2]", "holds no mapping"),
        ("{book: 3}", "names no tools"),
        ("{book: [3]}", "is no tool"),
        ("{book: [a b]}", "is no tool"),
        ("{1: book}", "is no verb"),
        ("{", "cannot be read"),
    ],
)
def test_a_file_that_is_no_registry_is_told(
    text: str, why: str, tmp_path: Path
) -> None:
    """The error says what is wrong, and how it is written."""
    file = tmp_path / "actions.yaml"
    file.write_text(text)
    with pytest.raises(af.CheckError, match=why):
        registry(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The error names where it was looked for."""
    with pytest.raises(af.CheckError, match="was not found from"):
        registry(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("result", "error"),
    [
        ("Error: no such flight", True), ("ValueError: bad", True),
        ("Traceback (most recent call last)", True), ("failed to send", True),
        ('{"error": "full"}', True), ('{"isError": true}', True),
        ('{"success": false}', True), ('{"status": "FAILED"}', True),
        ('{"error": null, "id": 1}', False), ('{"success": true}', False),
        ("The errors of last week are listed.", False), ("", False), ("null", False),
        ("[{", False), ("{" * 2000, False), ("Failing schools, a report", False),
    ],
)  # fmt: skip
def test_results_that_say_the_call_failed(result: str, error: bool) -> None:
    """Texts and JSON results are errors only where they begin or say so."""
    assert is_error(result) is error


def test_calls_of_named_tool_functions_count() -> None:
    """A tool that the workflow's own code called performed the action as well."""
    made = chat("I have sent the report.")
    tool = af.Call(
        id="agent/0",
        kind="tool",
        stage="agent",
        invocation=af.Invocation(function="app.mail:send_report", result="ok"),
    )
    with_tool = af.Run(
        workflow="w", case="c", stages=made.stages, calls=(tool, *made.calls)
    )
    assert [one.tool for one in performed_in(with_tool)] == ["send_report"]
    assert findings(with_tool) == []
    assert len(findings(made)) == 1


def test_the_check_judges_actions_where_it_is_asked_to(tmp_path: Path) -> None:
    """``actions=`` adds the rule, from a mapping or a file."""
    made = chat(BOOKED, "I have booked a room. I have cancelled the flight.")
    file = tmp_path / "actions.yaml"
    file.write_text("cancel: [cancel_*]\n")
    for actions in ({"cancel": "cancel_*"}, str(file)):
        result = af.evaluate(made, hallucination(actions=actions)).results[0]
        (rule,) = [one for one in result.rules if one.rule == "hallucination.action"]
        assert (rule.passed, rule.examined) == (1, 2)
        assert result.verdict is af.Verdict.FAILED
    result = af.evaluate(made, hallucination()).results[0]
    assert [one for one in result.rules if one.rule == "hallucination.action"] == []


@pytest.mark.parametrize("actions", [{"book": 3}, {"": "book"}, 7, "", ["book"]])
def test_an_argument_that_is_no_registry_is_refused(actions: Any) -> None:
    """A wrong form is told where the check is written, with the right one."""
    with pytest.raises(af.BadArgument, match="book_"):
        hallucination(actions=actions)


def test_a_file_is_read_before_any_test_runs(tmp_path: Path) -> None:
    """A broken file of actions is an error of the collection."""
    file = tmp_path / "actions.yaml"
    file.write_text("{book: 3}")
    with pytest.raises(af.CheckError, match="names no tools"):
        prepare([hallucination(actions=str(file))])


def test_thoughts_pages_and_code_state_nothing() -> None:
    """Only what somebody is told counts."""
    texts = (
        "<thinking>I have booked it.</thinking> Shall I?",
        "<html><body><p>We have booked rooms for 30 years now.</p></body></html>",
        "```python\n# I have booked it\n```",
    )
    for text in texts:
        assert states(chat(text)) == []
    assert states(chat("<thinking>So.</thinking>\nI have booked it.")) == [
        ("book", "never")
    ]


def test_a_statement_that_a_chat_repeats_is_one_subject() -> None:
    """The same sentence of the same stage is counted once."""
    assert len(findings(chat("I have booked it.", "I have booked it."))) == 1


def test_only_the_named_stage_is_read() -> None:
    """What other stages say is left; what they called counts."""
    made = chat("I have booked it.")
    assert list(action_outcomes(made, COMMON, "other")) == []


def test_the_common_verbs_are_in_form() -> None:
    """Every verb is an infinitive with distinct tools, and the file is read."""
    assert len(COMMON) > 60
    for verb, patterns in COMMON.items():
        written = [pattern.written for pattern in patterns]
        assert len(written) == len(set(written)), verb
        assert verb == verb.lower()


@given(st.text(max_size=300))
def test_any_sentence_is_read(text: str) -> None:
    """Claims stand in order at their spans, whatever the text."""
    found = action_claims(text)
    assert [claim.start for claim in found] == sorted(claim.start for claim in found)
    for claim in found:
        assert claim.text in text[claim.start : claim.end]
        assert claim.verbs


_WORDS = (
    "I have", "I've", "has been", "have been", "sent", "booked", "and added the",
    "if", "once", "not", ",", ".", "?", '"', "`", "by Ann", "now", "also", "that",
    "<thinking>", "</thinking>", "\n", "- ", "{", "}",
)  # fmt: skip


@given(st.lists(st.sampled_from(_WORDS), max_size=30))
def test_any_answer_is_read(words: Sequence[str]) -> None:
    """Every statement gets one state, and a span of the answer."""
    text = " ".join(words)
    for one in stated_actions(chat(text or " "), COMMON):
        assert one.state in set(ActionState.__args__)  # type: ignore[attr-defined]
        if one.place.span is not None:
            assert one.claim.text in text[slice(*one.place.span)]


@given(st.text(max_size=40), st.text(min_size=1, max_size=40))
def test_any_tool_name_is_matched_or_not(tool: str, pattern: str) -> None:
    """A pattern that is accepted answers for every name."""
    try:
        (entry,) = registry({"do": pattern})["do"]
    except af.CheckError:
        return
    assert entry.matches(tool, {}) in {True, False}


@pytest.mark.parametrize(
    "piece",
    ["I have ", "I have nowly ", "has been ", "and sent the ", ", ", "if ", '"', "`",
     "has now also been also ", "I have sent a ", "I have sent it and said it, ",
     "<think>", "a", "(" , "I've booked the room. "],
)  # fmt: skip
def test_hostile_sentences_take_linear_time(piece: str) -> None:
    """Twelve times the text takes no more than thirty times as long."""

    def seconds(times: int) -> float:
        begun = time.process_time()
        action_claims(piece * times)
        return time.process_time() - begun

    small = max(min(seconds(200) for _ in range(3)), 0.002)
    assert seconds(2400) < 30 * small


def test_the_benchmark_finds_no_false_alarm(tmp_path: Path) -> None:
    """Every alarm on stored runs was read by hand; there is none on good ones."""
    data = Path(os.environ.get("AGENTFLOW_DATA", "nowhere"))
    places = [data / "agentdojo", data / "taubench"]
    if not all(place.is_dir() for place in places):
        pytest.skip("AGENTFLOW_DATA names no folder with agentdojo and taubench")
    script = ROOT / "benchmarks" / "actions.py"
    out = tmp_path / "findings.jsonl"
    done = subprocess.run(
        [sys.executable, script, *places, "--json", "--findings", out],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["AgentDojo"]["precision"] >= 0.95
    assert (
        figures["AgentDojo"]["read"]
        == figures["AgentDojo"]["never"] + (figures["AgentDojo"]["failed_call"])
    )
    assert figures["tau-bench, succeeded"]["flagged_runs"] == 0
    assert len(out.read_text().splitlines()) == figures["AgentDojo"]["read"]
