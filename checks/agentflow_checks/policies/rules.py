"""Reads a policy file: rules in YAML, compiled to closures."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.policies import document
from agentflow_checks.policies.document import BadPolicy, Entry
from agentflow_checks.policies.files import findable, shown
from agentflow_checks.policies.ruling import Head, Judge, Policy, PolicyRule

VERBS = ("forbid", "require", "allow", "before", "at_most", "flow")
"""Each verb is the module of that name; its ``read`` compiles one rule."""

VERSION = 1

HEAD_KEYS = ("id", "title", "severity", "why", "fix", "tags", "must_apply")
FILE_KEYS = ("version", "salt", "rules", "waivers")

Reader = Callable[[Entry], tuple[Judge, tuple[str, ...]]]


def prepare(file: str | Path, stage: str | None = None) -> None:
    """Read the policy before any test runs; raises `af.CheckError`."""
    del stage  # which stages there are, only a run knows
    if (path := findable(file, "policy")) is not None:
        usable_policy(path, file)


def usable_policy(path: Path, file: str | Path) -> Policy:
    """Read the policy at `path`, written `file`; raises `af.CheckError`."""
    try:
        return load_policy(path, shown(file))
    except BadPolicy as error:
        raise af.CheckError(str(error)) from error


def load_policy(path: Path, name: str) -> Policy:
    """Read the policy at `path`, called `name` in messages; raises `BadPolicy`."""
    return _load(path.resolve(), name, path.stat().st_mtime_ns)


@lru_cache(maxsize=32)
def _load(path: Path, name: str, _changed: int) -> Policy:
    # Every test of a suite judges by the same file.
    return read_policy(document.open_document(path, name))


def read_policy(entry: Entry) -> Policy:
    """Compile a parsed policy; raises `BadPolicy` that names file, line and repair."""
    if entry.form == "sequence":
        raise entry.bad(
            "expected a mapping with the key 'rules', and 'waivers' where there are "
            "some; a list of waivers alone is the form of the file that "
            "agentflow_waivers names"
        )
    given = document.mapping(entry, FILE_KEYS, needs=("rules",))
    if "version" in given and document.plain(given["version"]) != VERSION:
        raise given["version"].bad(f"this release reads version {VERSION} only")
    salt = document.text(given["salt"]) if "salt" in given else ""
    rules: dict[str, PolicyRule] = {}
    for item in _listed(given["rules"]):
        rule = _rule(item, salt)
        if rule.head.id in rules:
            raise item.bad(f"the id {rule.head.id!r} stands here twice; ids are unique")
        rules[rule.head.id] = rule
    return Policy(
        name=entry.file,
        rules=tuple(rules.values()),
        waivers=_waivers(given, tuple(rules)),
    )


def _listed(entry: Entry) -> list[Entry]:
    if entry.form != "sequence":
        raise entry.bad("expected a list, each item '- id: ...'")
    return document.items(entry)


def _rule(entry: Entry, salt: str) -> PolicyRule:
    given = document.mapping(entry, (*HEAD_KEYS, *VERBS), needs=("id",))
    id_ = document.text(given["id"]).strip()
    entry = entry.named(f"rule {id_}")
    verb = document.only_one(entry, given, VERBS)
    judge, stages = _reader(verb)(given[verb].named(f"rule {id_}: {verb}"))
    return PolicyRule(
        head=_head(given, id_, salt), verb=verb, judge=judge, stages=stages
    )


def _reader(verb: str) -> Reader:
    module = importlib.import_module(f"agentflow_checks.policies.{verb}")
    read: Reader = module.read
    return read


def _head(given: dict[str, Entry], id_: str, salt: str) -> Head:
    severity = af.Severity.ERROR
    if "severity" in given:
        severity = af.Severity(document.choice(given["severity"], list(af.Severity)))
    words = {
        key: document.text(given[key]).strip()
        for key in ("title", "why", "fix")
        if key in given
    }
    return Head(
        id=id_,
        severity=severity,
        tags=document.texts(given["tags"]) if "tags" in given else (),
        must_apply="must_apply" in given and document.flag(given["must_apply"]),
        salt=salt or id_,
        **words,
    )


def _waivers(given: dict[str, Entry], rules: tuple[str, ...]) -> tuple[af.Waiver, ...]:
    if "waivers" not in given or document.plain(given["waivers"]) in (None, []):
        return ()
    if given["waivers"].form != "sequence":
        raise given["waivers"].bad(
            "expected a list, each item "
            "'- {rule: RULE, until: 2026-12-31, by: NAME, reason: WHY}'"
        )
    waivers = []
    for item in _listed(given["waivers"]):
        try:
            waiver = af.waiver_from(document.plain(item), item.where)
        except af.BadWaiver as error:
            raise BadPolicy(str(error)) from error
        if waiver.rule not in rules:
            hint = document.suggestion(waiver.rule, rules)
            raise item.bad(f"there is no rule {waiver.rule!r}{hint}")
        waivers.append(waiver)
    return tuple(waivers)
