"""Which events a rule is about: typed matchers, compiled to closures."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args, get_type_hints

import pytest_agentflow as af
from agentflow_checks.policies import document
from agentflow_checks.policies.case import Case, is_judged
from agentflow_checks.policies.document import Entry

Test = Callable[[af.Event], "bool | None"]
"""`True`: the event matches; `None`: that cannot be decided."""

KEYS = (
    "stage",
    "kind",
    "tool",
    "model",
    "role",
    "artefact",
    "input",
    "name",
    "ok",
    "where",
)

#: Key that names an event -> the kind it stands for where no kind is given.
NAMED = {
    "tool": "tool_call",
    "model": "model",
    "role": "prompt",
    "artefact": "artefact",
    "input": "input",
    "name": None,
}

KINDS: tuple[str, ...] = (
    *get_args(get_type_hints(af.Event)["kind"]),
    "page",
    "shipped",
)
"""Kinds of events; ``page``: the final pages; ``shipped``: these, else last outputs."""

#: Content that a recording may lack -> kinds of events that are then not there.
LACKS = {
    "messages": ("prompt", "tool_result"),
    "answer": ("answer",),
    "tool_calls": ("tool_call",),
    "model": ("model",),
    "pictures": ("image",),
}

NOT_THERE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """Which events are meant."""

    test: Test
    kinds: frozenset[str]
    """Kinds as written; none: any."""
    stages: tuple[str, ...] = ()
    """Names of stages as written, globs included."""
    names: tuple[str, ...] = ()
    """Names of tools, models, ... as written."""

    def covers(self, case: Case, event: af.Event) -> bool | None:
        """Whether `event` is meant; `None` where that cannot be decided."""
        if self.kinds and event.kind not in self.kinds:
            final = "page" in self.kinds and event.seq in case.pages
            if not (final or ("shipped" in self.kinds and event.seq in case.shipped)):
                return False
        return self.test(event)


def select(
    case: Case, selector: Selector, *, judged: bool = True
) -> Iterator[tuple[af.Event, bool]]:
    """Give the events that are meant, each with whether that is sure.

    Args:
        case: the run.
        selector: which events.
        judged: only those of the stage that the policy was asked to judge.
    """
    for event in case.events:
        covered = selector.covers(case, event)
        if covered is not False and not (judged and not is_judged(case, event)):
            yield event, bool(covered)


def lacking(case: Case, selector: Selector) -> Iterator[str]:
    """Name what the recording lacks of the events that are meant."""
    wanted = selector.kinds or frozenset(KINDS)
    for call in case.run.calls:
        if call.stage is None or not _globbed(selector.stages, call.stage):
            continue
        if case.stage in (None, call.stage):
            for content in call.missing:
                if wanted & set(LACKS.get(content, ())):
                    yield f"{content} of call {call.id}"
    for content in case.run.missing:
        if content == "artefacts" and wanted & {"artefact", "page", "shipped"}:
            yield content


def read_selector(entry: Entry, *, default: str | None = None) -> Selector:
    """Read a selector; `default` is the kind where none is said or implied."""
    given = document.mapping(entry, KEYS)
    named = [key for key in NAMED if key in given]
    if len(named) > 1:
        raise entry.bad(f"says {' and '.join(named)}; an event has one name")
    tests: list[Test] = []
    stages: tuple[str, ...] = ()
    if "stage" in given:
        stages = document.texts(given["stage"])
        tests.append(_test_stage(stages))
    names = document.texts(given[named[0]]) if named else ()
    if names:
        tests.append(_test_name(names))
    if "ok" in given and (wanted := _ok(given["ok"])) is not None:
        tests.append(_test_ok(wanted))
    if "where" in given:
        tests.extend(_conditions(given["where"]))
    kinds = _kinds(given, named, default)
    return Selector(
        test=_all(tests), kinds=frozenset(kinds), stages=stages, names=names
    )


def kind_selector(kind: str) -> Selector:
    """Select all events of one kind."""
    return Selector(test=_all([]), kinds=frozenset((kind,)))


def _kinds(
    given: dict[str, Entry], named: list[str], default: str | None
) -> tuple[str, ...]:
    if "kind" in given:
        return document.choices(given["kind"], KINDS)
    implied = NAMED[named[0]] if named else default
    return (implied,) if implied else ()


def _test_stage(patterns: tuple[str, ...]) -> Test:
    if not any(_is_glob(p) for p in patterns):
        names = frozenset(patterns)
        return lambda event: event.stage in names
    return lambda event: event.stage is not None and _globbed(patterns, event.stage)


def _test_name(patterns: tuple[str, ...]) -> Test:
    if not any(_is_glob(p) for p in patterns):
        names = frozenset(patterns)
        return lambda event: event.name in names
    return lambda event: event.name is not None and _globbed(patterns, event.name)


def _ok(entry: Entry) -> bool | None:
    if document.text(entry) == "any":
        return None
    return document.flag(entry)


def _test_ok(wanted: bool) -> Test:
    return lambda event: None if event.ok is None else event.ok is wanted


def _all(tests: list[Test]) -> Test:
    if not tests:
        return lambda _: True
    if len(tests) == 1:
        return tests[0]

    def every(event: af.Event) -> bool | None:
        sure: bool | None = True
        for test in tests:
            answer = test(event)
            if answer is False:
                return False
            if answer is None:
                sure = None
        return sure

    return every


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")


@lru_cache(maxsize=4096)
def _globbed(patterns: tuple[str, ...], name: str) -> bool:
    return not patterns or any(fnmatch.fnmatchcase(name, p) for p in patterns)


def matches_glob(patterns: tuple[str, ...], name: str) -> bool:
    """Whether `name` matches one of the globs."""
    return bool(patterns) and _globbed(patterns, name)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "is": lambda found, wanted: found == wanted,
    "not": lambda found, wanted: found != wanted,
    "above": lambda found, wanted: found > wanted,
    "below": lambda found, wanted: found < wanted,
    "at_least": lambda found, wanted: found >= wanted,
    "at_most": lambda found, wanted: found <= wanted,
}


def _conditions(entry: Entry) -> Iterator[Test]:
    for path, wanted in document.mapping(entry).items():
        read = value_reader(wanted, path)
        if wanted.form != "mapping":
            yield _compare(read, "is", document.plain(wanted))
            continue
        for word, against in document.mapping(
            wanted, (*COMPARISONS, "in", "matches")
        ).items():
            yield _condition(read, word, against)


def _condition(read: Callable[[af.Event], Any], word: str, against: Entry) -> Test:
    if word == "in":
        wanted = [document.plain(item) for item in document.items(against)]
        return _unless_absent(
            read, lambda found: any(_equal(found, one) for one in wanted)
        )
    if word == "matches":
        patterns = document.texts(against)
        return _unless_absent(read, lambda found: matches_glob(patterns, str(found)))
    return _compare(read, word, document.plain(against))


def _compare(read: Callable[[af.Event], Any], word: str, wanted: Any) -> Test:
    compare = COMPARISONS[word]

    def test(found: Any) -> bool | None:
        if word in ("is", "not"):
            return _equal(found, wanted) is (word == "is")
        number = _number(found)
        limit = _number(wanted)
        if number is None or limit is None:
            return None
        return compare(number, limit)

    return _unless_absent(read, test)


def _unless_absent(
    read: Callable[[af.Event], Any], test: Callable[[Any], bool | None]
) -> Test:
    def decide(event: af.Event) -> bool | None:
        found = read(event)
        return None if found is NOT_THERE else test(found)

    return decide


def _equal(found: Any, wanted: Any) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) and isinstance(wanted, (int, float)):
        return _number(found) == wanted
    return bool(found == wanted)


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def value_reader(entry: Entry, path: str) -> Callable[[af.Event], Any]:
    """Compile ``args.sku``, ``result.id``, ``data.x.0`` or ``"data.x[0]"``, ``text``.

    The reader gives `NOT_THERE` where an event holds no such value.
    """
    head, *rest = _steps(entry, path)
    if head in ("text", "name", "stage") and not rest:
        name = str(head)
        return lambda event: (
            NOT_THERE if (value := getattr(event, name)) is None else value
        )
    if head not in ("args", "result", "data") or not rest:
        raise entry.bad(
            f"{path!r} is no path; write args.NAME (of a tool call), result.NAME "
            "(of its result), data.NAME, text, name or stage"
        )
    return lambda event: _walk(_root(event, str(head)), rest)


def _steps(entry: Entry, path: str) -> list[str | int]:
    if not re.fullmatch(r"[^.\[\]]+(?:\.[^.\[\]]+|\[\d{1,6}\])*+", path):
        raise entry.bad(f"{path!r} is no path like args.sku or result.items[0].id")
    words = re.findall(r"\[(\d+)\]|([^.\[\]]+)", path)
    return [int(index) if index else name for index, name in words]


def _root(event: af.Event, head: str) -> Any:
    if head == "data":
        return event.data
    if event.kind == "retrieval":
        wanted = {"args": "arguments", "result": "result"}[head]
        return event.data.get(wanted) if isinstance(event.data, dict) else None
    kind = {"args": "tool_call", "result": "tool_result"}[head]
    return event.data if event.kind == kind else NOT_THERE


def _walk(value: Any, steps: list[str | int]) -> Any:
    for step in steps:
        if isinstance(value, (list, tuple)) and re.fullmatch(r"[0-9]{1,6}", str(step)):
            value = value[int(step)] if int(step) < len(value) else NOT_THERE
        elif isinstance(value, dict):
            value = value.get(str(step), NOT_THERE)
        else:
            return NOT_THERE
    return value
