"""OpenTelemetry traces of agents: OTLP JSON and JSON lines, all GenAI conventions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pytest_agentflow.importers import otlp_names as names
from pytest_agentflow.importers.assembly import Origin
from pytest_agentflow.importers.conversation import as_text
from pytest_agentflow.importers.otlp_content import given_to, said_in_span
from pytest_agentflow.importers.otlp_documents import documents_in, texts_lack
from pytest_agentflow.importers.otlp_spans import Span, spans_in
from pytest_agentflow.importers.otlp_tree import Tree
from pytest_agentflow.importers.problem import Unfit
from pytest_agentflow.importers.steps import Step, Trace, documents_of, run_of_trace
from pytest_agentflow.model.call import (
    MODEL_KINDS,
    WORDLESS_KINDS,
    Call,
    CallKind,
    Invocation,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.finish import finish_reason
from pytest_agentflow.providers.lacking import usage_lacks

FORM = "otlp"


def runs(value: Any, origin: Origin) -> Iterator[Run]:
    """Give one run per trace that holds a call; raises `Unfit` where none does."""
    yield from runs_of_spans(spans_in(value), origin, FORM)


def runs_of_spans(spans: list[Span], origin: Origin, form: str) -> Iterator[Run]:
    """Give one run per trace of spans, however they came; see `runs`.

    Args:
        spans: by start; attributes with the names of OpenTelemetry.
        origin: names the runs.
        form: the format they came in.
    """
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace, []).append(span)
    found = {id_: trace for id_, ss in traces.items() if (trace := _trace(ss)).steps}
    if not found:
        problem = "holds no span of a model, tool or retriever"
        repair = "export the spans of an instrumentation with GenAI attributes"
        raise Unfit(problem, repair)
    for id_, trace in found.items():
        part = id_[:8] if len(found) > 1 else ""
        yield run_of_trace(origin, trace.called(part), form=form)


def _trace(spans: list[Span]) -> Trace:
    tree = Tree(spans)
    steps = tuple(_step(span, tree) for span in tree.calls())
    roots = [span for span in spans if span.parent not in tree.by_id]
    root = roots[0].attributes if roots else {}
    lacks = {
        f"sources:{step.call.stage}"
        for step in steps
        if step.call.kind == "retriever" and "documents" in step.call.missing
    }
    return Trace(
        steps=steps,
        workflow=lenient.name(names.first(root, names.WORKFLOW)),
        stages=tree.stage_times(),
        inputs=_whole(root, "input.value", "traceloop.entity.input"),
        output=_whole(root, "output.value", "traceloop.entity.output").get("output"),
        missing=("exchanges", *sorted(lacks)),
    )


def _whole(root: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    said = lenient.parsed(names.first(root, keys))
    role = "output" if "output" in keys[0] else "input"
    return {} if said is None else {role: said}


def _step(span: Span, tree: Tree) -> Step:
    kind = tree.kind(span)
    stage = tree.stage(span)
    if kind in MODEL_KINDS:
        call = _model(span, kind, stage)
        return Step(call=call, start=span.start, end=span.end)
    held = span.attributes
    call = _function(span, kind, stage)
    documents = documents_in(span) if kind == "retriever" else documents_of(call)
    return Step(
        call=call,
        tool_id=lenient.name(names.first(held, names.TOOL_ID)),
        documents=documents,
        start=span.start,
        end=span.end,
    )


def _model(span: Span, kind: str, stage: str) -> Call:
    held = span.attributes
    given = given_to(span)
    answer, tools = said_in_span(span)
    usage = _usage(held)
    provider = lenient.name(names.first(held, names.PROVIDER))
    model = lenient.name(names.first(held, names.MODEL))
    silent = kind not in WORDLESS_KINDS and not (answer or tools)
    lacking = {
        "messages": not given,
        "answer": silent,
        "tool_calls": silent,
        "model": model is None,
    }
    return Call(
        id="",
        kind=cast("CallKind", kind),
        stage=stage,
        api="otlp.span",
        provider=names.PROVIDERS.get(provider.lower(), provider.lower())
        if provider
        else None,
        model=model,
        messages=given,
        answer=answer,
        tool_calls=tools,
        usage=usage,
        finish_reason=_finish(span, bool(tools)),
        missing=(
            *(name for name, lacks in lacking.items() if lacks),
            *usage_lacks(cast("CallKind", kind), usage),
        ),
    )


def _usage(held: Mapping[str, Any]) -> Usage | None:
    counts: dict[str, Any] = {
        field: lenient.count(lenient.parsed(names.first(held, aliases)))
        for field, aliases in names.USAGE.items()
    }
    if counts["input_tokens"] is None and counts["output_tokens"] is None:
        return None
    return Usage(**counts)


def _finish(span: Span, asks_for_tools: bool) -> str | None:
    if span.failed:
        return "error"
    said = lenient.parsed(names.first(span.attributes, names.FINISH))
    reasons = said if isinstance(said, list) else [said]
    found = next((r for r in map(finish_reason, reasons) if r), None)
    return "tool_calls" if asks_for_tools and found == "stop" else found


def _function(span: Span, kind: str, stage: str) -> Call:
    held = span.attributes
    if kind == "retriever":
        asked = names.first(held, names.QUERY)
        arguments: Any = None if asked is None else {"query": as_text(asked)}
        result: Any = [{"id": d.id, "text": d.text} for d in documents_in(span)] or None
        lacks = ["documents"] if texts_lack(span) else []
    else:
        arguments = lenient.parsed(names.first(held, names.TOOL_ARGUMENTS))
        result = lenient.parsed(names.first(held, names.TOOL_RESULT))
        result = _event_text(span) if result is None else result
        lacks = ["result", "messages"] if result is None else []
    lacks += ["arguments", "tool_calls"] if arguments is None else []
    known = arguments if isinstance(arguments, dict) else {"input": arguments}
    return Call(
        id="",
        kind="retriever" if kind == "retriever" else "tool",
        stage=stage,
        invocation=Invocation(
            function=_function_name(span),
            arguments={} if arguments is None else known,
            result=result,
        ),
        missing=tuple(lacks),
    )


def _function_name(span: Span) -> str:
    said = names.first(span.attributes, (*names.TOOL_NAME, "traceloop.entity.name"))
    name = lenient.name(said) or span.name.removeprefix("execute_tool ")
    return name or "unnamed"


def _event_text(span: Span) -> Any:
    """Give what Strands tells of a tool's result in an event."""
    for name, held in span.events:
        if name == "gen_ai.choice" and "message" in held:
            return lenient.parsed(held["message"])
    return None
