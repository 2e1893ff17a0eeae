"""Traces of every convention become runs, and what they lack is named."""

import json
from pathlib import Path
from typing import Any

import agentflow_checks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from traces import (
    CONVENTIONS,
    NEWEST,
    OLD,
    OPENINFERENCE,
    TRACE,
    export,
    span,
    with_base64_ids,
)

import pytest_agentflow as af
from pytest_agentflow.importers.otlp_spans import id_of
from pytest_agentflow.importers.read import ImportRefused, read_runs


def runs_of(made: Any, tmp_path: Path, **options: Any) -> list[af.Run]:
    """Import one file of a trace."""
    file = tmp_path / "shop" / "trace.json"
    file.parent.mkdir(exist_ok=True)
    text = made if isinstance(made, str) else json.dumps(made)
    file.write_text(text)
    return list(read_runs(file, **options))


def test_agents_are_stages_and_spans_are_calls(tmp_path: Path) -> None:
    """Calls lie in the stage of the agent around them, tools and retrievers too."""
    (run,) = runs_of(NEWEST, tmp_path)
    assert (run.id, run.provenance) == ("site/trace", "imported: otlp")
    assert [(s.name, s.after, s.found_by) for s in run.stages] == [
        ("artist", (), "otlp"),
        ("critic", ("artist",), "otlp"),
    ]
    assert [(c.id, c.kind) for c in run.calls] == [
        ("artist/1", "chat"),
        ("artist/2", "tool"),
        ("artist/3", "chat"),
        ("critic/1", "retriever"),
        ("critic/2", "chat"),
    ]
    assert run.stage("artist").output == "A red hotel."


def test_the_usage_of_an_agent_is_not_added_to_that_of_its_calls(
    tmp_path: Path,
) -> None:
    """An agent's span repeats what its calls used; it counts once."""
    (run,) = runs_of(NEWEST, tmp_path)
    assert run.usage("artist").input_tokens == 60
    assert run.usage("artist").output_tokens == 8
    assert run.usage("artist").cache_write_tokens == 7


def test_newest_names_are_read(tmp_path: Path) -> None:
    """Provider, model, instructions, parts, tool calls and finish reason."""
    (run,) = runs_of(NEWEST, tmp_path)
    first, tool, last = run.stage("artist").calls
    assert (first.provider, first.model) == ("azure", "gpt-5-mini-2025-08-07")
    assert [(m.role, m.text) for m in first.messages] == [
        ("system", "You paint."),
        ("user", "Paint a hotel."),
    ]
    assert first.tool_calls == (
        af.ToolCall(name="brush", arguments={"colour": "red"}, id="c1"),
    )
    assert first.finish_reason == "tool_calls"
    assert tool.invocation == af.Invocation(
        function="brush", arguments={"colour": "red"}, result="painted"
    )
    assert [(m.role, m.text) for m in last.messages] == [("tool", "painted")]
    assert (last.answer, last.finish_reason) == ("A red hotel.", None)
    assert tool.parents == ("artist/1",)
    assert last.parents == ("artist/2",)


def test_content_that_was_not_captured_is_named(tmp_path: Path) -> None:
    """A span without prompt and answer lacks them; a document without text too."""
    (run,) = runs_of(NEWEST, tmp_path)
    retrieval, chat = run.stage("critic").calls
    assert chat.missing == ("messages", "answer", "tool_calls", "usage")
    assert chat.usage is None
    assert "documents" in retrieval.missing
    assert set(run.missing) == {"artefacts", "exchanges", "sources:critic"}


def test_tokens_of_one_side_alone_are_named_and_cost_nobody_knows_what(
    tmp_path: Path,
) -> None:
    """A span that tells what was read, and not what was written, passes no budget."""
    held = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.provider.name": "openai",
        "gen_ai.usage.input_tokens": 1000,
    }
    made = export(span(1, None, "chat gpt-5-mini", (0, 1), held=held))
    (run,) = runs_of(made, tmp_path)

    assert "usage: the answer reports no output_tokens" in run.calls[0].missing
    checks = (af.parse_check("cost(total=9)"), af.parse_check("cost(tokens=9000)"))
    verdicts = [result.verdict for result in af.evaluate(run, *checks).results]
    assert verdicts == ["error", "error"]


def test_content_checks_error_where_content_is_missing(tmp_path: Path) -> None:
    """A trace without content is no proof that nothing forbidden was said."""
    policy = tmp_path / "policy.yaml"
    rule = "id: NO\n  title: No oaths\n  forbid: {terms: [damn], in: {kind: answer}}\n"
    policy.write_text(f"version: 1\nrules:\n- {rule}")
    judged_by = agentflow_checks.policy(str(policy))
    (lacking,) = runs_of(NEWEST, tmp_path)
    (whole,) = runs_of(OPENINFERENCE, tmp_path)
    (found,) = af.evaluate(lacking, judged_by).results
    assert found.verdict is af.Verdict.ERROR
    assert "answer of call critic/2" in "".join(f.message for f in found.findings)
    assert af.evaluate(whole, judged_by).verdict is af.Verdict.PASSED


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_every_convention_tells_the_same_call(convention: str, tmp_path: Path) -> None:
    """Three generations of attribute names are read as the same model call."""
    (run,) = runs_of(CONVENTIONS[convention], tmp_path)
    (call,) = [call for call in run.calls if call.is_model_call]
    assert call.stage == "artist"
    assert [(m.role, m.text) for m in call.messages] == [
        ("system", "You paint."),
        ("user", "Paint a hotel."),
    ]
    assert call.answer == "A red hotel."
    assert call.usage is not None
    assert (call.usage.input_tokens, call.usage.output_tokens) == (30, 4)
    assert call.model in ("gpt-5-mini", "amazon.nova-micro-v1:0")
    assert call.provider in ("openai", "aws")


def test_two_instruments_of_one_call_are_one_call(tmp_path: Path) -> None:
    """The innermost of nested model spans is the call; what it lacks is around it."""
    (run,) = runs_of(OPENINFERENCE, tmp_path)
    (call,) = [call for call in run.calls if call.is_model_call]
    assert call.answer == "A red hotel."
    assert run.usage().input_tokens == 30
    assert call.tool_calls[0].arguments == {"colour": "red"}


def test_documents_with_text_are_sources_of_their_stage(tmp_path: Path) -> None:
    """A retriever's span gives sources, inputs and output stand at the root."""
    (run,) = runs_of(OPENINFERENCE, tmp_path)
    (source,) = run.sources
    assert (source.id, source.stage, source.uri) == ("kb-7", "artist", "kb.md")
    assert source.text == "Hotels have beds."
    assert "sources" not in run.missing
    assert (run.inputs, run.output) == (
        {"input": {"brief": "a hotel"}},
        {"page": "done"},
    )


def test_ids_in_base64_and_snake_case_give_the_same_run(tmp_path: Path) -> None:
    """What protobuf's own JSON writes is read as what the specification says."""
    assert runs_of(with_base64_ids(NEWEST), tmp_path) == runs_of(NEWEST, tmp_path)


def test_lines_of_several_traces_are_several_runs(tmp_path: Path) -> None:
    """Spans are put together by trace, however they are spread over lines."""
    spans = NEWEST["resourceSpans"][0]["scopeSpans"][0]["spans"]
    other = json.loads(json.dumps(OLD).replace(TRACE, "f" * 32))
    lines = [export(one) for one in reversed(spans)] + [other]
    first, second = runs_of("\n".join(map(json.dumps, lines)), tmp_path)
    assert {first.case, second.case} == {"trace-0af76519", "trace-ffffffff"}
    assert {len(first.calls), len(second.calls)} == {5, 1}


def test_the_console_exporters_spans_are_read(tmp_path: Path) -> None:
    """The SDK's own JSON, one span a line, is a trace as well."""
    line = {
        "name": "chat",
        "context": {"trace_id": f"0x{TRACE}", "span_id": "0x00000000000000aa"},
        "parent_id": None,
        "start_time": "2026-11-21T14:00:00.000000Z",
        "end_time": "2026-11-21T14:00:01.500000Z",
        "attributes": {"gen_ai.request.model": "m", "gen_ai.usage.output_tokens": 2},
        "events": [],
    }
    (run,) = runs_of([line], tmp_path)
    assert run.calls[0].model == "m"
    assert run.recorded.calls["unattributed/1"].end == 1500.0
    assert run.recorded.at == "2026-11-21T14:00:00Z"


def test_messages_in_log_records_belong_to_their_span(tmp_path: Path) -> None:
    """Content that is exported as log events comes back to the call."""
    bare = export(span(1, None, "chat", (0, 1), held={"gen_ai.request.model": "m"}))
    record = {
        "traceId": TRACE,
        "spanId": f"{1:016x}",
        "eventName": "gen_ai.user.message",
        "body": {
            "kvlistValue": {
                "values": [{"key": "content", "value": {"stringValue": "Hi"}}]
            }
        },
    }
    logs = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}
    (run,) = runs_of([bare, logs], tmp_path)
    assert run.calls[0].prompt == "Hi"


def test_a_trace_without_calls_is_refused(tmp_path: Path) -> None:
    """Spans of a web server are no run."""
    with pytest.raises(ImportRefused, match="no span of a model"):
        runs_of(export(span(1, None, "GET /", (0, 1))), tmp_path)


def test_spans_in_a_circle_are_read(tmp_path: Path) -> None:
    """Parents that lead back to the span hang nothing."""
    made = [
        span(1, 2, "chat", (0, 1), held={"gen_ai.request.model": "m"}),
        span(2, 1, "agent", (0, 1), held={"gen_ai.agent.name": "a"}),
    ]
    (run,) = runs_of(export(*made), tmp_path)
    assert [c.stage for c in run.calls] == ["a"]


@given(st.binary(min_size=16, max_size=16))
def test_ids_are_read_in_both_notations(data: bytes) -> None:
    """Hexadecimal and base64 of one id give one id."""
    import base64

    assert id_of(data.hex()) == id_of(base64.b64encode(data).decode()) == data.hex()


@given(st.data())
def test_any_attribute_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever an attribute holds, the trace is imported or refused."""
    held = NEWEST["resourceSpans"][0]["scopeSpans"][0]["spans"][2]["attributes"]
    names = st.sampled_from([pair["key"] for pair in held]) | st.text(max_size=5)
    odd = st.recursive(
        st.none() | st.integers() | st.text(max_size=9) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=6,
    )
    values = odd | odd.map(json.dumps) | st.fixed_dictionaries({"stringValue": odd})
    changed = [
        {"key": data.draw(names), "value": data.draw(values)}
        for _ in range(data.draw(st.integers(0, 4)))
    ]
    broken = json.loads(json.dumps(NEWEST))
    broken["resourceSpans"][0]["scopeSpans"][0]["spans"][2]["attributes"] += changed
    assert runs_of(broken, tmp_path_factory.mktemp("any"))[0].calls
