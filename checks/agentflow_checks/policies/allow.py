"""``allow``: the only models, tools or link targets that may be used."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest_agentflow as af
from agentflow_checks.policies import document, urls
from agentflow_checks.policies.case import Case, pieces
from agentflow_checks.policies.document import Entry
from agentflow_checks.policies.forbid import read_where
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
from agentflow_checks.policies.selector import Selector, kind_selector
from agentflow_checks.policies.spread import introduced

LISTS = ("models", "tools", "urls")
KEYS = (*LISTS, "in", "schemes")

SCHEMES = ("http", "https", "mailto", "tel", "data", "about")

_SNAPSHOT = re.compile(
    r"-(?:\d{4}-\d{2}-\d{2}|\d{8})(?:-v\d+(?::\d+)?)?|@\d{8}|-latest"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Names or globs by stage; a stage that is not listed may use nothing."""

    by_stage: tuple[tuple[str, tuple[str, ...]], ...]

    def for_stage(self, stage: str | None) -> tuple[str, ...]:
        """Give what a stage may use: its own list, else the first glob that fits."""
        name = stage or ""
        for pattern, names in self.by_stage:
            if pattern == name:
                return names
        for pattern, names in self.by_stage:
            if fnmatch.fnmatchcase(name, pattern):
                return names
        return ()


def read(entry: Entry) -> tuple[Judge, tuple[str, ...]]:
    """Compile ``allow`` with one of ``models``, ``tools`` or ``urls``.

    The list holds names or globs, or is a mapping from stage (or glob) to such a list;
    a stage that no key fits may use nothing. A model's name also allows its dated
    snapshots. ``urls`` takes ``in`` (by default what the run ships) and ``schemes``.
    """
    given = document.mapping(entry, KEYS)
    what = document.only_one(entry, given, LISTS)
    for key in ("in", "schemes"):
        if key in given and what != "urls":
            raise given[key].bad(f"goes with urls, not with {what}")
    allowed = _allowed(given[what])
    stages = tuple(name for name, _ in allowed.by_stage if name != "*")
    if what == "urls":
        schemes = document.texts(given["schemes"]) if "schemes" in given else SCHEMES
        where = read_where(given)
        return _judge_urls(allowed, schemes, where), (*stages, *where.stages)
    kind = "model" if what == "models" else "tool_call"
    return lambda case, head: _judge_names(allowed, kind, case, head), stages


def _allowed(entry: Entry) -> Allowed:
    if entry.form != "mapping":
        return Allowed(by_stage=(("*", _names(entry)),))
    listed = document.mapping(entry)
    return Allowed(by_stage=tuple((k, _names(v)) for k, v in listed.items()))


def _names(entry: Entry) -> tuple[str, ...]:
    if entry.form == "sequence" and not entry.node.value:
        return ()
    return document.texts(entry)


def _judge_names(
    allowed: Allowed, kind: str, case: Case, head: Head
) -> Iterator[Outcome]:
    selector = kind_selector(kind)
    yield from lacks(case, selector, head)
    for subject in subjects(case, selector, head):
        yield _judge_name(allowed, subject)


def _judge_name(allowed: Allowed, subject: Subject) -> Outcome:
    event = subject.event
    names = allowed.for_stage(event.stage)
    word = "model" if event.kind == "model" else "tool"
    if event.name is None:
        return question(subject, f"the {word} of this call is not known")
    if _is_among(event.name, names, snapshots=event.kind == "model"):
        return passed(subject.head)
    return breach(
        subject,
        f"{word} {event.name} is not allowed in stage {event.stage}",
        expected=f"one of {', '.join(names)}" if names else f"no {word}",
        observed=event.name,
        evidence=event.name,
        fix=f"Use an allowed {word}, or add {event.name} to the policy's list.",
        introduced_by=event.stage,
    )


def _is_among(name: str, names: tuple[str, ...], *, snapshots: bool) -> bool:
    if any(fnmatch.fnmatchcase(name, n) for n in names):
        return True
    return snapshots and any(
        name.startswith(n) and _SNAPSHOT.fullmatch(name, len(n)) for n in names
    )


def _judge_urls(allowed: Allowed, schemes: tuple[str, ...], where: Selector) -> Judge:
    def judge(case: Case, head: Head) -> Iterator[Outcome]:
        yield from lacks(case, where, head)
        for subject in subjects(case, where, head):
            names = allowed.for_stage(subject.event.stage)
            for link in _distinct(subject):
                if urls.is_allowed(link.url, names, schemes):
                    yield passed(head)
                else:
                    yield _stray(subject, link, names)

    return judge


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    """A URL, and where in an event it first stands."""

    url: str
    path: str
    span: tuple[int, int]


def _distinct(subject: Subject) -> Iterator[_Link]:
    seen: set[str] = set()
    for piece in pieces(subject.case, subject.event, as_written=True):
        for link in urls.links(piece.written):
            if link.url.strip() and link.url not in seen:
                seen.add(link.url)
                span = link.start, link.end
                yield _Link(url=link.url, path=piece.path, span=span)


def _stray(subject: Subject, link: _Link, names: tuple[str, ...]) -> af.Finding:
    listed = ", ".join(names) or "none"
    finding = breach(
        subject,
        f"{_short(link.url)} leads where the policy does not allow",
        path=link.path,
        span=link.span,
        expected=f"one of {listed}, or a place on the site itself",
        observed=_short(link.url),
        evidence=link.url,
        fix="Link to an allowed host, or add this one to the policy's list.",
        key=f"{subject.event.seq} {link.url}",
    )
    at = subject.event.stage
    blame = introduced(subject.case, lambda p: link.url in p.written, at=at)
    return blame.on(finding)


def _short(url: str) -> str:
    return url if len(url) <= 80 else f"{url[:77]}..."
