"""A run and its verdicts as OTLP JSON, for any backend that takes OpenTelemetry.

Names follow OpenTelemetry's GenAI conventions (in development, as of November 2026);
each verdict is an event ``gen_ai.evaluation.result``.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.model.call import Call, Message, ToolCall
from pytest_agentflow.model.run import UNATTRIBUTED, Run
from pytest_agentflow.model.verdict import Verdict

_OPERATIONS = {
    "chat": "chat",
    "embeddings": "embeddings",
    "rerank": "rerank",
    "image": "generate_content",
    "audio": "generate_content",
    "judge": "chat",
    "retriever": "retrieval",
    "tool": "execute_tool",
}

_TOKENS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cache_read_tokens",
    "gen_ai.usage.cache_write.input_tokens": "cache_write_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
    "gen_ai.usage.audio.input_tokens": "input_audio_tokens",
    "gen_ai.usage.audio.output_tokens": "output_audio_tokens",
    "gen_ai.usage.image.input_tokens": "input_image_tokens",
    "gen_ai.usage.image.output_tokens": "output_image_tokens",
}

_SCORES = {Verdict.PASSED: 1.0, Verdict.FAILED: 0.0}

#: A run that says no date began here: spans need one.
_NO_DATE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)

_Event = dict[str, Any]


def otlp_of(run: Run, evaluation: Evaluation | None = None) -> dict[str, Any]:
    """Give one trace: the workflow, a span per stage, a span per call.

    Args:
        run: the run; ids are made of its name and date, so that exporting twice gives
            the same trace.
        evaluation: its verdicts; those of checks stand on the workflow's span, findings
            on that of the stage they are about.
    """
    clock = _Clock.of(run)
    findings = _findings(run, evaluation, clock)
    root = _span(run, clock, None, "workflow", f"invoke_workflow {run.workflow}")
    root["attributes"] = _attributes(_of_workflow(run))
    root["events"] = [*_verdicts(evaluation, clock), *findings.get(None, [])]
    spans = [root]
    for stage in run.stages:
        key = f"stage {stage.name}"
        span = _span(run, clock, "workflow", key, f"invoke_agent {stage.name}")
        held = {"operation.name": "invoke_agent", "agent.name": stage.name}
        span["attributes"] = _attributes({f"gen_ai.{k}": v for k, v in held.items()})
        span["events"] = findings.get(stage.name, [])
        spans.append(span)
    spans += [_call_span(run, call, clock) for call in run.calls]
    scope = {"name": "pytest-agentflow"}
    resource = {"attributes": _attributes({"service.name": run.workflow})}
    return {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}
        ]
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clock:
    """When things were, in nanoseconds since 1970."""

    begin: int
    run: Run

    @staticmethod
    def of(run: Run) -> _Clock:
        """Begin when the run says that it began."""
        try:
            said = dt.datetime.fromisoformat(run.recorded.at or "")
        except ValueError:
            said = _NO_DATE
        said = said if said.tzinfo is not None else said.replace(tzinfo=dt.UTC)
        whole = int(said.timestamp()) * 1_000_000_000
        return _Clock(begin=whole + said.microsecond * 1000, run=run)

    def times(self, key: str) -> tuple[int, int]:
        """Give begin and end of a span; what was not timed lasts as long as the run."""
        recorded = self.run.recorded
        kind, _, name = key.partition(" ")
        start, end = 0.0, recorded.elapsed
        if kind == "stage" and name in recorded.stages:
            start, end = recorded.stages[name]
        elif kind == "call" and name in recorded.calls:
            timing = recorded.calls[name]
            start, end = timing.start, timing.end
        return self._at(start), self._at(start if end is None else end)

    def _at(self, ms: float) -> int:
        return self.begin + round(ms * 1_000_000)


def _id(run: Run, key: str, size: int) -> str:
    text = f"{run.id}\n{run.recorded.at}\n{key}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:size]


def _span(
    run: Run, clock: _Clock, parent: str | None, key: str, name: str
) -> dict[str, Any]:
    start, end = clock.times(key)
    span: dict[str, Any] = {
        "traceId": _id(run, "trace", 32),
        "spanId": _id(run, key, 16),
        "name": name,
        "kind": 1,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(end),
    }
    if parent is not None:
        span["parentSpanId"] = _id(run, parent, 16)
    return span


def _of_workflow(run: Run) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": run.workflow,
        "agentflow.case": run.case,
        "agentflow.provenance": run.provenance,
        "input.value": _json(dict(run.inputs)) if run.inputs else None,
        "output.value": None if run.output is None else _json(run.output),
    }


def _call_span(run: Run, call: Call, clock: _Clock) -> dict[str, Any]:
    stage = "workflow" if call.stage == UNATTRIBUTED else f"stage {call.stage}"
    operation = _OPERATIONS.get(call.kind, "http")
    about = call.model or (call.invocation.function if call.invocation else "")
    name = f"{operation} {about}".strip()
    span = _span(run, clock, stage, f"call {call.id}", name)
    span["kind"] = 3 if call.is_model_call else 1
    known = _of_model(call) if call.is_model_call else _of_function(call)
    known |= {"gen_ai.operation.name": operation, "agentflow.call": call.id}
    span["attributes"] = _attributes(known)
    if call.finish_reason == "error":
        span["status"] = {"code": 2}
    return span


def _of_model(call: Call) -> dict[str, Any]:
    system = [{"type": "text", "content": m.text} for m in call.messages if _leads(m)]
    given = [_message(m) for m in call.messages if not _leads(m)]
    said = [{"type": "text", "content": call.answer}] if call.answer else []
    parts = [*said, *map(_tool_part, call.tool_calls)]
    answer = {"role": "assistant", "parts": parts}
    usage = call.usage
    return {
        "gen_ai.provider.name": call.provider,
        "gen_ai.request.model": call.model,
        "gen_ai.response.finish_reasons": [call.finish_reason]
        if call.finish_reason
        else None,
        "gen_ai.system_instructions": _json(system) if system else None,
        "gen_ai.input.messages": _json(given) if given else None,
        "gen_ai.output.messages": _json([answer]) if parts else None,
        **{k: getattr(usage, f) for k, f in _TOKENS.items() if usage is not None},
    }


def _leads(message: Message) -> bool:
    return message.role == "system"


def _message(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        answer = {
            "type": "tool_call_response",
            "id": message.tool_call_id,
            "name": message.tool_name,
            "response": message.text,
        }
        return {"role": "tool", "parts": [answer]}
    text = [{"type": "text", "content": message.text}] if message.text else []
    return {
        "role": message.role,
        "parts": [*text, *map(_tool_part, message.tool_calls)],
    }


def _tool_part(tool: ToolCall) -> dict[str, Any]:
    return {
        "type": "tool_call",
        "id": tool.id,
        "name": tool.name,
        "arguments": tool.arguments,
    }


def _of_function(call: Call) -> dict[str, Any]:
    made = call.invocation
    if made is None:
        request = call.request
        return {
            "server.address": request.host if request else None,
            "url.path": request.path if request else None,
            "http.response.status_code": call.response.status
            if call.response
            else None,
        }
    held = {"gen_ai.tool.name": made.function}
    if call.kind == "retriever":
        query = made.arguments.get("query")
        asked = query if isinstance(query, str) else _json(dict(made.arguments))
        held["gen_ai.retrieval.query.text"] = asked
        held["gen_ai.retrieval.documents"] = _json(made.result)
        return held
    held["gen_ai.tool.call.arguments"] = _json(dict(made.arguments))
    held["gen_ai.tool.call.result"] = _json(made.result)
    return held


def _verdicts(evaluation: Evaluation | None, clock: _Clock) -> Iterator[_Event]:
    for result in evaluation.results if evaluation is not None else ():
        messages = [finding.message for finding in result.findings]
        yield _event(clock.begin, result.check, result.verdict, "\n".join(messages))


def _findings(
    run: Run, evaluation: Evaluation | None, clock: _Clock
) -> Mapping[str | None, list[_Event]]:
    """Give the events of findings by stage; `None`: about no stage of the run."""
    names = {stage.name for stage in run.stages}
    found: dict[str | None, list[_Event]] = {}
    for result in evaluation.results if evaluation is not None else ():
        for finding in result.findings:
            named = finding.introduced_by or finding.place.stage
            stage = named if named in names else None
            name = f"{result.check}/{finding.rule}"
            time = clock.times(f"stage {stage}")[0] if stage else clock.begin
            event = _event(time, name, finding.verdict, finding.message)
            found.setdefault(stage, []).append(event)
    return found


def _event(time: int, name: str, verdict: Verdict, why: str) -> _Event:
    return {
        "name": "gen_ai.evaluation.result",
        "timeUnixNano": str(time),
        "attributes": _attributes(
            {
                "gen_ai.evaluation.name": name,
                "gen_ai.evaluation.score.label": verdict.value,
                "gen_ai.evaluation.score.value": _SCORES.get(verdict),
                "gen_ai.evaluation.explanation": why or None,
            }
        ),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_bytes)


def _bytes(value: Any) -> str:
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)


def _attributes(held: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": _value(item)}
        for key, item in held.items()
        if item is not None
    ]


def _value(item: Any) -> dict[str, Any]:
    if isinstance(item, bool):
        return {"boolValue": item}
    if isinstance(item, int):
        return {"intValue": str(item)}
    if isinstance(item, float):
        return {"doubleValue": item}
    if isinstance(item, Sequence) and not isinstance(item, str):
        return {"arrayValue": {"values": [_value(one) for one in item]}}
    return {"stringValue": str(item)}
