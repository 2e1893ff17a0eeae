"""Evaluation logs of Inspect: ``.eval`` archives and ``.json``, one run per sample.

https://inspect.aisi.org.uk/eval-logs.html. Solvers, agents and scorers are stages; tool
events are calls; a model event with its raw ``call`` replays where the provider's HTTP
interface is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_agentflow.importers.archive import Archive
from pytest_agentflow.importers.assembly import Origin
from pytest_agentflow.importers.conversation import answer_of, as_text, messages
from pytest_agentflow.importers.history import History
from pytest_agentflow.importers.inspect_raw import exchange_of, pooled
from pytest_agentflow.importers.inspect_spans import Spans
from pytest_agentflow.importers.limits import MAX_UNPACKED, bomb
from pytest_agentflow.importers.problem import Unfit
from pytest_agentflow.importers.steps import (
    Step,
    Trace,
    documents_of,
    run_of_trace,
    seconds,
)
from pytest_agentflow.importers.structured import parse
from pytest_agentflow.model.call import Call, Invocation
from pytest_agentflow.model.run import UNATTRIBUTED, Run
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.lacking import usage_lacks

FORM = "inspect"

_ATTACHMENT = re.compile(r"attachment://([0-9a-f]{16,64})")


def knows_archive(archive: Archive) -> bool:
    """Whether a zip archive is a log."""
    return any(n in archive.names for n in ("header.json", "_journal/start.json"))


def archive_runs(archive: Archive, origin: Origin) -> Iterator[Run]:
    """Give the run of each sample of an ``.eval`` archive."""
    names = sorted(archive.below("samples/", ".json"))
    samples = (parse(archive.read(name)) for name in names)
    yield from _runs(samples, origin)


def knows(value: Any) -> bool:
    """Whether it is a log as JSON."""
    log = lenient.mapping(value)
    return {"eval", "version", "status"} <= set(log)


def runs(value: Mapping[str, Any], origin: Origin) -> Iterator[Run]:
    """Give the run of each sample of a log."""
    yield from _runs(iter(lenient.items(value.get("samples"))), origin)


def _runs(samples: Iterator[Any], origin: Origin) -> Iterator[Run]:
    found = False
    for sample in samples:
        known = _resolved(lenient.mapping(sample))
        trace = _trace(known)
        trace = trace if trace.steps else _without_events(known, trace)
        if trace.steps:
            found = True
            yield run_of_trace(origin, trace, form=FORM)
    if not found:
        problem = "holds no sample with a model or tool call"
        raise Unfit(problem, "run the evaluation with its samples logged")


def _trace(sample: Mapping[str, Any]) -> Trace:
    spans = Spans()
    steps = []
    for event in _events(sample):
        spans.follow(event)
        if (step := _step(event, sample, spans)) is not None:
            steps.append(step)
    said, _ = answer_of(_first_message(sample.get("output")))
    missing = () if any(s.call.request is not None for s in steps) else ("exchanges",)
    return Trace(
        steps=tuple(steps),
        part=f"{sample.get('id', '')}-{sample.get('epoch', 1)}",
        stages=spans.times(),
        inputs={"input": _plain_input(sample.get("input"))},
        output=said,
        missing=missing,
    )


def _without_events(sample: Mapping[str, Any], trace: Trace) -> Trace:
    """Give what the messages tell, where the log was written without events."""
    history = History("inspect.messages", None)
    steps: list[Step] = []
    for _, raw in lenient.numbered(sample.get("messages")):
        steps += history.add(raw, stage=UNATTRIBUTED)
    return replace(trace, steps=tuple(steps), output=trace.output or history.answer)


def _plain_input(said: Any) -> Any:
    if isinstance(said, list):
        return [{"role": m.role, "text": m.text} for m in messages(said)]
    return lenient.text(said)


def _events(sample: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    transcript = lenient.mapping(sample.get("transcript"))
    events = sample.get("events", transcript.get("events"))
    yield from _nested(events, 0)


def _nested(events: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Give events and, where old logs nest them in a tool's or subtask's, theirs."""
    for _, event in lenient.numbered(events):
        yield event
        if depth < 20:
            yield from _nested(event.get("events"), depth + 1)


def _step(
    event: Mapping[str, Any], sample: Mapping[str, Any], spans: Spans
) -> Step | None:
    kind = event.get("event")
    if kind not in ("model", "tool"):
        return None
    stage = spans.stage_of(event)
    call = _model(event, sample, stage) if kind == "model" else _tool(event, stage)
    start = seconds(event.get("timestamp"))
    return Step(
        call=call,
        documents=documents_of(call),
        tool_id=lenient.name(event.get("id")) if kind == "tool" else None,
        start=start,
        end=_end(event, start),
    )


def _end(event: Mapping[str, Any], start: float | None) -> float | None:
    return seconds(event.get("completed")) or start


def _model(event: Mapping[str, Any], sample: Mapping[str, Any], stage: str) -> Call:
    output = lenient.mapping(event.get("output"))
    answer, tools = answer_of(_first_message(output))
    request, response = exchange_of(event, sample)
    choice = next((c for _, c in lenient.numbered(output.get("choices"))), {})
    usage = _usage(output.get("usage"))
    given = _input(event, sample)
    lacking = {
        "messages": not given,
        "answer": not (answer or tools),
    }
    model = lenient.name(event.get("model"))
    return Call(
        id="",
        kind="chat",
        stage=stage,
        api="inspect.model",
        provider=model.partition("/")[0] if model and "/" in model else None,
        request=request,
        response=response,
        model=lenient.name(output.get("model")) or model,
        messages=tuple(messages(given, "$.input")),
        answer=answer,
        tool_calls=tools,
        usage=usage,
        finish_reason=_finish(choice.get("stop_reason"), event.get("error")),
        missing=(
            *(name for name, lacks in lacking.items() if lacks),
            *usage_lacks("chat", usage),
        ),
    )


def _input(event: Mapping[str, Any], sample: Mapping[str, Any]) -> list[Any]:
    """Give what the model was given; newer logs keep each message once, in a pool."""
    if event.get("input_refs") is None:
        return list(lenient.items(event.get("input")))
    return pooled(sample.get("message_pool"), event["input_refs"])


def _first_message(output: Any) -> Any:
    choices = lenient.mapping(output).get("choices")
    return next((c.get("message") for _, c in lenient.numbered(choices)), {})


def _finish(said: Any, error: Any) -> str | None:
    return "error" if error else finish_reason(said)


def _usage(said: Any) -> Usage | None:
    known = lenient.mapping(said)
    asked = lenient.count(known.get("input_tokens"))
    given = lenient.count(known.get("output_tokens"))
    if asked is None and given is None:
        return None
    read = lenient.count(known.get("input_tokens_cache_read"))
    wrote = lenient.count(known.get("input_tokens_cache_write"))
    cached = (read or 0) + (wrote or 0)
    whole = lenient.count(known.get("total_tokens"))
    # Inspect leaves cached tokens out of the input where the provider does.
    beside = whole == (asked or 0) + (given or 0) + cached
    return Usage(
        input_tokens=(asked or 0) + cached if beside else asked,
        output_tokens=given,
        cache_read_tokens=read,
        cache_write_tokens=wrote,
        reasoning_tokens=lenient.count(known.get("reasoning_tokens")),
    )


def _tool(event: Mapping[str, Any], stage: str) -> Call:
    result = event.get("result")
    if error := lenient.mapping(event.get("error")):
        result = {"error": as_text(error.get("message")), "result": result}
    return Call(
        id="",
        kind="tool",
        stage=stage,
        invocation=Invocation(
            function=lenient.text(event.get("function")) or "unnamed",
            arguments=dict(lenient.mapping(event.get("arguments"))),
            result=result,
        ),
    )


def _resolved(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put attachments, which long texts are moved to, back where they belong."""
    held = {
        key: text
        for key, text in lenient.mapping(sample.get("attachments")).items()
        if isinstance(text, str)
    }
    if not held:
        return sample
    rest = {k: v for k, v in sample.items() if k != "attachments"}
    left = [MAX_UNPACKED]
    resolved = _attach(rest, held, left)
    return lenient.mapping(resolved)


def _attach(value: Any, held: Mapping[str, str], left: list[int]) -> Any:
    if isinstance(value, str):
        if "attachment://" not in value:
            return value
        whole = _ATTACHMENT.sub(lambda m: held.get(m[1], m[0]), value)
        left[0] -= len(whole)
        if left[0] < 0:
            raise bomb()
        return whole
    if isinstance(value, dict):
        return {key: _attach(item, held, left) for key, item in value.items()}
    if isinstance(value, list):
        return [_attach(item, held, left) for item in value]
    return value
