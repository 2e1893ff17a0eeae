"""``at_most``: so many of something, in the run, a stage, a call or for a value."""

from __future__ import annotations

import json
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

KEYS = ("count", "of", "per")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """How many of what, within what."""

    count: int
    of: Selector
    per: str
    group: Callable[[af.Event], Any]


def read(entry: Entry) -> tuple[Judge, tuple[str, ...]]:
    """Compile ``at_most``: ``count``, ``of`` (a selector) and ``per``.

    ``per`` is ``run`` (the default), ``stage``, ``call`` or a path like ``args.sku``;
    each group is one subject.
    """
    given = document.mapping(entry, KEYS, needs=("count", "of"))
    per = document.text(given["per"]) if "per" in given else "run"
    rule = AtMost(
        count=document.count(given["count"]),
        of=read_selector(given["of"]),
        per=per,
        group=_group(per, given.get("per", entry)),
    )
    return lambda case, head: _judge(rule, case, head), rule.of.stages


def _group(per: str, entry: Entry) -> Callable[[af.Event], Any]:
    if per == "run":
        return lambda _: "run"
    if per == "stage":
        return lambda event: event.stage
    if per == "call":
        return lambda event: event.call
    return value_reader(entry, per)


def _judge(rule: AtMost, case: Case, head: Head) -> Iterator[Outcome]:
    yield from lacks(case, rule.of, head)
    groups: dict[str, list[Subject]] = {}
    for subject in subjects(case, rule.of, head):
        value = rule.group(subject.event)
        if value is NOT_THERE:
            yield question(subject, f"this event has no {rule.per}")
            continue
        key = value if isinstance(value, str) else json.dumps(value, default=repr)
        groups.setdefault(key, []).append(subject)
    for key, members in groups.items():
        yield _judge_group(rule, key, members)


def _judge_group(rule: AtMost, key: str, members: list[Subject]) -> Outcome:
    where = "the run" if rule.per == "run" else f"{rule.per} {key}"
    name = f"{rule.per} {key}"
    if len(members) <= rule.count:
        return passed(members[0].head)
    sure = [subject for subject in members if subject.sure]
    if len(sure) <= rule.count:
        message = (
            f"between {len(sure)} and {len(members)} in {where}: which of them count "
            "cannot be known"
        )
        return question(members[rule.count], message, key=name)
    first = sure[rule.count]
    return breach(
        first,
        f"{len(sure)} in {where}, {rule.count} allowed",
        expected=f"at most {rule.count}",
        observed=str(len(sure)),
        fix="Do it less often, or raise the limit.",
        evidence=name,
        key=name,
        introduced_by=first.event.stage,
    )
