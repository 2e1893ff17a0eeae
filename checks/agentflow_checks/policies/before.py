"""``before``: one thing must have happened before another may."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest_agentflow as af
from agentflow_checks.policies import document
from agentflow_checks.policies.case import Case
from agentflow_checks.policies.document import Entry
from agentflow_checks.policies.ruling import (
    Head,
    Judge,
    Outcome,
    Subject,
    breach,
    lacks,
    passed,
    question,
    subjects,
)
from agentflow_checks.policies.selector import (
    NOT_THERE,
    Selector,
    read_selector,
    value_reader,
)

KEYS = ("first", "then", "same", "within")

Read = Callable[[af.Event], Any]

_CLOSE = 8
"""Candidates that are copied at once; most often one of them decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What must come first, what then, and what the two have in common."""

    first: Selector
    then: Selector
    same: tuple[tuple[str, Read], ...]
    within: int | None


def read(entry: Entry) -> tuple[Judge, tuple[str, ...]]:
    """Compile ``before``.

    Every ``then`` event needs a ``first`` event that surely came before it, with equal
    values at the ``same`` paths and at most ``within`` events away. Concurrent ones are
    a question. A ``first`` with ``ok: true`` must have succeeded.
    """
    given = document.mapping(entry, KEYS, needs=("first", "then"))
    same = document.items(given["same"]) if "same" in given else []
    rule = Before(
        first=read_selector(given["first"]),
        then=read_selector(given["then"]),
        same=tuple((document.text(e), value_reader(e, document.text(e))) for e in same),
        within=document.count(given["within"], least=1) if "within" in given else None,
    )
    stages = (*rule.first.stages, *rule.then.stages)
    return lambda case, head: _judge(rule, case, head), stages


def _judge(rule: Before, case: Case, head: Head) -> Iterator[Outcome]:
    for selector in (rule.first, rule.then):
        yield from lacks(case, selector, head)
    later = list(subjects(case, rule.then, head))
    if not later:
        return
    firsts: dict[str, list[Subject]] = {}
    for earlier in subjects(case, rule.first, head, judged=False):
        firsts.setdefault(_key(rule, earlier.event) or "", []).append(earlier)
    for subject in later:
        yield _judge_event(rule, subject, firsts)


def _key(rule: Before, event: af.Event) -> str | None:
    """Give the values that the two must share; `None` where one is absent."""
    values = [read_value(event) for _, read_value in rule.same]
    if any(value is NOT_THERE for value in values):
        return None
    return json.dumps(values, sort_keys=True, default=repr)


def _judge_event(
    rule: Before, subject: Subject, firsts: dict[str, list[Subject]]
) -> Outcome:
    key = _key(rule, subject.event)
    if key is None:
        paths = ", ".join(path for path, _ in rule.same)
        return question(subject, f"this event has no {paths} to compare")
    doubt = ""
    for earlier in _nearest_first(firsts.get(key, []), subject):
        came = _came(rule, earlier, subject)
        if came and earlier.sure and subject.sure:
            return passed(subject.head)
        if came is not False:
            doubt = doubt or _doubt(earlier, came)
    if not doubt and rule.same and "" in firsts:
        doubt = "what came before holds no value to compare"
    if doubt:
        return question(subject, doubt)
    return _too_early(rule, subject, firsts, key)


def _nearest_first(candidates: list[Subject], subject: Subject) -> Iterator[Subject]:
    """Give what is listed before the event, backwards, then what is listed after it.

    The nearest earlier one decides most often; the list is no order in time.
    """
    at = bisect_left(candidates, subject.event.seq, key=lambda c: c.event.seq)
    yield from reversed(candidates[max(at - _CLOSE, 0) : at])
    yield from reversed(candidates[: max(at - _CLOSE, 0)])
    yield from candidates[at:]


def _came(rule: Before, earlier: Subject, subject: Subject) -> bool | None:
    """Whether one event came before another, and near enough."""
    event = subject.event
    if earlier.event is event:
        return False
    came = subject.case.precedes(earlier.event, event)
    far = rule.within is not None and event.seq - earlier.event.seq > rule.within
    return False if came and far else came


def _doubt(earlier: Subject, came: bool | None) -> str:
    name = _named(earlier.event)
    if came is None:
        return f"{name} ran at the same time; neither waited for the other"
    return f"whether {name} counts cannot be known"


def _too_early(
    rule: Before, subject: Subject, firsts: dict[str, list[Subject]], key: str
) -> af.Finding:
    event = subject.event
    values = f" for {key[1:-1]}" if rule.same else ""
    return breach(
        subject,
        f"{_named(event)} came without what must come before it{values}",
        expected=f"{_described(rule.first)} first",
        observed=_instead(rule, subject, firsts, key),
        fix="Make the first step, and wait for it, before this one.",
        evidence=f"{_named(event)}{values}",
        introduced_by=event.stage,
    )


def _instead(
    rule: Before, subject: Subject, firsts: dict[str, list[Subject]], key: str
) -> str:
    others = [e.event for e in firsts.get(key, ()) if e.event is not subject.event]
    if any(subject.case.precedes(other, subject.event) for other in others):
        return f"the last one more than {rule.within} events before"
    if others:
        return f"{_named(others[0])} only afterwards"
    elsewhere = any(v for k, v in firsts.items() if k != key)
    return "one for other values only" if elsewhere else "none at all"


def _named(event: af.Event) -> str:
    name = f" {event.name}" if event.name else ""
    stage = f" of stage {event.stage}" if event.stage else ""
    return f"{event.kind.replace('_', ' ')}{name}{stage}"


def _described(selector: Selector) -> str:
    kinds = " or ".join(sorted(selector.kinds)).replace("_", " ") or "an event"
    where = f" of stage {' or '.join(selector.stages)}" if selector.stages else ""
    names = f" {' or '.join(selector.names)}" if selector.names else ""
    return f"{kinds}{names}{where}"
