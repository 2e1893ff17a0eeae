"""What a rule of a policy is, and what it says about a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest_agentflow as af
from agentflow_checks.policies.case import Case, place
from agentflow_checks.policies.selector import Selector, lacking, select

Outcome = af.Finding | af.Examined | af.Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every rule says about itself, whatever its verb."""

    id: str
    title: str = ""
    severity: af.Severity = af.Severity.ERROR
    why: str = ""
    fix: str = ""
    tags: tuple[str, ...] = ()
    must_apply: bool = False
    salt: str = ""
    """Goes into the digests of masked values."""


Judge = Callable[[Case, Head], Iterator[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """A rule, compiled."""

    head: Head
    verb: str
    judge: Judge
    stages: tuple[str, ...] = ()
    """Names of stages that it speaks of, as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy file, compiled."""

    name: str
    rules: tuple[PolicyRule, ...]
    waivers: tuple[af.Waiver, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An event that a rule decides about."""

    case: Case
    head: Head
    event: af.Event
    sure: bool = True
    """Whether the rule is surely about it."""


def passed(head: Head, number: int = 1) -> af.Examined:
    """Say that `number` subjects are as they should be."""
    return af.Examined(rule=head.id, count=number)


def breach(
    subject: Subject,
    message: str,
    *,
    path: str | None = None,
    span: tuple[int, int] | None = None,
    fix: str = "",
    verdict: af.Verdict = af.Verdict.FAILED,
    key: str | None = None,
    **more: Any,
) -> af.Finding:
    """Make the finding of a rule at an event; `fix` is used where the rule has none.

    Where it is not sure that the rule is about the event, it becomes a question.
    """
    head = subject.head
    if not subject.sure:
        verdict = af.Verdict.UNDETERMINED
        message = f"{message}; whether the rule is about it cannot be known"
    return af.Finding(
        rule=head.id,
        message=message,
        place=place(subject.event, path, span),
        verdict=verdict,
        severity=head.severity,
        title=head.title,
        why=head.why,
        fix=head.fix or fix,
        tags=head.tags,
        subject=key or str(subject.event.seq),
        **more,
    )


def question(subject: Subject, message: str, **more: Any) -> af.Finding:
    """Make a finding that leaves the decision to a person."""
    sure = replace(subject, sure=True)
    return breach(sure, message, verdict=af.Verdict.UNDETERMINED, **more)


def lacks(case: Case, selector: Selector, head: Head) -> Iterator[af.Finding]:
    """Say which content the rule reads that the recording lacks."""
    for content in lacking(case, selector):
        yield error(head, f"the recording lacks {content}, which the rule reads")


def subjects(
    case: Case, selector: Selector, head: Head, *, judged: bool = True
) -> Iterator[Subject]:
    """Give the events that a selector means; see `select`."""
    for event, sure in select(case, selector, judged=judged):
        yield Subject(case=case, head=head, event=event, sure=sure)


def error(head: Head, message: str) -> af.Finding:
    """Say that a rule cannot be examined on this run."""
    return af.Finding(
        rule=head.id,
        message=message,
        verdict=af.Verdict.ERROR,
        severity=head.severity,
        title=head.title,
        tags=head.tags,
    )
