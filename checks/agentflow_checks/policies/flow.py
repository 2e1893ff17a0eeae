"""``flow``: values of one place that must not get to another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.policies import document
from agentflow_checks.policies.case import Case, Piece, pieces, place
from agentflow_checks.policies.document import Entry
from agentflow_checks.policies.masking import mask, token
from agentflow_checks.policies.ruling import (
    Head,
    Judge,
    Outcome,
    Subject,
    breach,
    error,
    lacks,
    passed,
    subjects,
)
from agentflow_checks.policies.selector import KEYS as SELECTOR_KEYS
from agentflow_checks.policies.selector import Selector, read_selector, select
from agentflow_checks.policies.spread import introduced
from agentflow_checks.policies.texts import leaves
from agentflow_checks.policies.values import (
    DEFAULT_FORMS,
    FORMS,
    IDENTIFIERS,
    SHORTEST,
    Sighting,
    Trace,
    Value,
    identifiers,
    sightings,
    trace,
)

KEYS = ("from", "to", "match")
FROM_KEYS = (*SELECTOR_KEYS, "file", "fields", "identifiers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the values come from: an input, a file of the project, or events."""

    input: str | None = None
    file: str | None = None
    fields: tuple[str, ...] = ()
    events: Selector | None = None
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Which values must not get where, and in which forms they are looked for."""

    origin: Origin
    to: Selector
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    """A value and where it came from."""

    value: Value
    event: af.Event | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tainted:
    """A value that must not get on, and how it is looked for."""

    trace: Trace
    given: _Given


class _NoSuchField(LookupError):
    """A field of the policy is not in the data."""


def read(entry: Entry) -> tuple[Judge, tuple[str, ...]]:
    """Compile ``flow``.

    ``from`` is one of: ``input`` with ``fields``; ``file`` (relative to the policy,
    with ``{name}`` for an input of the run) with ``fields``; a selector of events with
    ``identifiers`` (email, url, phone, iban). A field ending in ``?`` may be absent.
    ``to`` selects the events they must not reach, ``match`` the forms (`values.trace`).
    """
    given = document.mapping(entry, KEYS, needs=("from", "to"))
    forms: tuple[str, ...] = DEFAULT_FORMS
    if "match" in given:
        forms = document.choices(given["match"], FORMS)
    flow = Flow(
        origin=_origin(given["from"]), to=read_selector(given["to"]), forms=forms
    )
    stages = flow.origin.events.stages if flow.origin.events else ()
    return lambda case, head: _judge(flow, case, head), (*stages, *flow.to.stages)


def _origin(entry: Entry) -> Origin:
    given = document.mapping(entry, FROM_KEYS)
    if "identifiers" in given:
        for key in ("file", "fields"):
            if key in given:
                raise given[key].bad("goes with input or file, not with identifiers")
        rest = [(k, v) for k, v in entry.node.value if k.value != "identifiers"]
        kinds = document.choices(given["identifiers"], IDENTIFIERS)
        return Origin(events=_narrowed(entry, rest), identifiers=kinds)
    what = document.only_one(entry, given, ("input", "file"))
    for key in given:
        if key not in (what, "fields"):
            raise given[key].bad(f"does not go with {what}; it takes fields only")
    fields = document.texts(given["fields"]) if "fields" in given else ()
    if what == "input":
        return Origin(input=document.text(given["input"]), fields=fields)
    return Origin(file=document.text(given["file"]), fields=fields)


def _narrowed(entry: Entry, rest: list[Any]) -> Selector:
    import yaml  # noqa: PLC0415 - only where a policy is read

    node = yaml.MappingNode(
        entry.node.tag, rest, entry.node.start_mark, entry.node.end_mark
    )
    return read_selector(Entry(file=entry.file, trail=entry.trail, node=node))


def _judge(flow: Flow, case: Case, head: Head) -> Iterator[Outcome]:
    yield from lacks(case, flow.to, head)
    try:
        values = list(_values(flow, case))
    except _NoSuchField as absent:
        yield error(head, str(absent))
        return
    tainted = list(_tainted(flow, values))
    if short := [v.value.name for v in values if trace(v.value, flow.forms) is None]:
        names = ", ".join(dict.fromkeys(short))
        text = f"{head.id}: {names} is shorter than {SHORTEST} characters: not sought"
        yield af.Note(text=text, warning=True)
    if not tainted:
        yield af.Note(text=f"{head.id}: {_nothing(flow)}", warning=not short)
        return
    for subject in subjects(case, flow.to, head):
        yield from _judge_event(flow, subject, tainted)


def _tainted(flow: Flow, values: list[_Given]) -> Iterator[_Tainted]:
    for given in values:
        looked = trace(given.value, flow.forms)
        if looked is not None:
            yield _Tainted(trace=looked, given=given)


def _nothing(flow: Flow) -> str:
    if flow.origin.input is not None:
        return f"the run has no input {flow.origin.input!r}, so no value to look for"
    return "found no value to look for"


def _values(flow: Flow, case: Case) -> Iterator[_Given]:
    origin = flow.origin
    if origin.events is not None:
        yield from _from_events(origin, origin.events, case)
    elif origin.input is not None:
        yield from _from_input(origin, origin.input, case)
    elif origin.file is not None:
        yield from _from_file(origin, origin.file, case)


def _from_events(origin: Origin, where: Selector, case: Case) -> Iterator[_Given]:
    for event, _ in select(case, where, judged=False):
        for piece in pieces(case, event):
            for value in identifiers(piece.written, origin.identifiers):
                yield _Given(value=value, event=event, path=piece.path)


def _from_input(origin: Origin, name: str, case: Case) -> Iterator[_Given]:
    events = [e for e in case.events if e.kind == "input" and e.name == name]
    if not events and (meant := document.near(name, case.run.inputs)):
        raise _NoSuchField(f"the run has no input {name!r}; did you mean {meant!r}?")
    for event in events:
        for path, value in _fields(event.data, origin, f"input {name!r}"):
            yield _Given(value=value, event=event, path=f"{event.path}{path}")


def _from_file(origin: Origin, pattern: str, case: Case) -> Iterator[_Given]:
    name = _filled(pattern, case.run.inputs)
    if name is None:
        return
    path = case.folder / name
    try:
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else _yaml(text)
    except (OSError, ValueError, RecursionError) as problem:
        raise _NoSuchField(
            f"the file {name} with the values cannot be read: {problem}"
        ) from problem
    for at, value in _fields(data, origin, f"file {Path(name).name}"):
        yield _Given(value=value, path=f"${at}")


def _filled(pattern: str, inputs: Mapping[str, Any]) -> str | None:
    """Put inputs into a file name; `None` where the run has no such input."""
    for name in document.placeholders(pattern):
        if name not in inputs:
            return None
        value = str(inputs[name])
        # An input may be hostile; it names a file, never a folder.
        if not value or any(sign in value for sign in "/\\\0") or ".." in value:
            raise _NoSuchField(f"the input {name!r} is no file name: {value[:60]!r}")
        pattern = pattern.replace("{" + name + "}", value)
    return pattern


def _yaml(text: str) -> Any:
    import yaml  # noqa: PLC0415 - only where such a file is read

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _fields(data: Any, origin: Origin, root: str) -> Iterator[tuple[str, Value]]:
    if not origin.fields:
        yield from _leaves(data, "", root)
        return
    for written in origin.fields:
        name = written.removesuffix("?")
        value, path = data, ""
        for step in name.split("."):
            if not isinstance(value, Mapping) or step not in value:
                if written.endswith("?"):
                    break
                names = value if isinstance(value, Mapping) else ()
                hint = document.suggestion(step, names) if names else ""
                raise _NoSuchField(f"the {root} has no field {name!r}{hint}")
            value, path = value[step], f"{path}.{step}"
        else:
            yield from _leaves(value, path, name)


def _leaves(data: Any, path: str, name: str) -> Iterator[tuple[str, Value]]:
    for at, text in leaves(data, path):
        if text.strip():
            label = at.removeprefix(".") or name
            yield at, Value(text=text, name=label)


def _judge_event(
    flow: Flow, subject: Subject, tainted: list[_Tainted]
) -> Iterator[Outcome]:
    parts = list(pieces(subject.case, subject.event, as_written=True))
    found = False
    for taint in tainted:
        origin = taint.given.event
        if origin is subject.event:
            continue
        came = origin is None or subject.case.precedes(origin, subject.event)
        hit = None if came is False else _first(taint.trace, parts)
        if hit is not None:
            found = True
            yield _leak(flow, subject, taint, hit, came=came)
    if parts and not found:
        yield passed(subject.head)


@dataclass(frozen=True, slots=True)
class _Hit:
    """Where a value was seen."""

    piece: Piece
    sighting: Sighting


def _first(looked: Trace, parts: list[Piece]) -> _Hit | None:
    for piece in parts:
        for sighting in sightings(looked, piece.written):
            return _Hit(piece, sighting)
    return None


def _leak(
    flow: Flow, subject: Subject, taint: _Tainted, hit: _Hit, *, came: bool | None
) -> af.Finding:
    value, event = taint.trace.value, subject.event
    digest = token(value.text, subject.head.salt)
    finding = breach(
        subject,
        f"{value.name} {mask(value.text)} got into a {event.kind.replace('_', ' ')} "
        f"of stage {event.stage}{'' if came else ', perhaps not from there'}",
        path=hit.piece.path,
        span=(hit.sighting.start, hit.sighting.end),
        verdict=af.Verdict.FAILED if came else af.Verdict.UNDETERMINED,
        expected=f"no {value.name} here",
        observed=f"{mask(value.text)} {digest} ({hit.sighting.form})",
        evidence=f"{value.name} {digest}",
        fix="Hand on an id or a summary without the value.",
        source=_source(flow, taint.given),
    )

    def holds(other: Piece) -> bool:
        return any(True for _ in sightings(taint.trace, other.written))

    # The value is expected where it came from; the question is who let it through.
    # What got out is out: a later stage without it has repaired nothing.
    seen_in = frozenset((event.stage,)) if event.stage else frozenset()
    blame = introduced(
        subject.case, holds, at=event.stage, seen_in=seen_in, given=False
    )
    return replace(blame, repaired_by=None).on(finding)


def _source(flow: Flow, given: _Given) -> af.Place:
    if given.event is not None:
        return place(given.event, given.path)
    return af.Place(file=flow.origin.file, path=given.path)
