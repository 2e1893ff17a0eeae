"""Waivers: findings that somebody answers for until a day."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from pytest_agentflow.model.finding import Finding

EXAMPLE = "- {rule: RULE, until: 2026-12-31, by: NAME, reason: WHY}"
"""One entry of a list of waivers, as messages show it."""


class BadWaiver(ValueError):
    """A waiver lacks something, or has a field that does not exist."""

    __module__ = "pytest_agentflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Lets findings of one rule pass until a day, for a reason somebody gave."""

    rule: str
    until: str
    """ISO date, the last day on which it holds."""
    by: str
    reason: str
    stage: str | None = None
    fingerprint: str | None = None
    """First digits of the finding's fingerprint, as terminal and report print it."""
    run: str | None = None
    """``workflow/case``."""

    def covers(self, finding: Finding, run: str) -> bool:
        """Whether it is about `finding` of the run with id `run`, at any date."""
        return (
            finding.rule == self.rule
            and self.stage in (None, finding.place.stage, finding.introduced_by)
            and self.run in (None, run)
            and finding.fingerprint.startswith(self.fingerprint or "")
        )

    def expired(self, today: dt.date) -> bool:
        """Whether its last day is over."""
        return dt.date.fromisoformat(self.until) < today


def waiver_from(data: object, where: str) -> Waiver:
    """Read one waiver of a YAML or JSON list; `where` is named in errors."""
    names = [f.name for f in fields(Waiver)]
    if not isinstance(data, Mapping):
        message = (
            f"{where}: a waiver is a mapping of {', '.join(names)}: write {EXAMPLE}"
        )
        raise BadWaiver(message)
    for key in data:
        if key not in names:
            near = difflib.get_close_matches(str(key), names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = (
                f"{where}: a waiver has no field {key!r}{hint or '.'} Its fields are "
                f"rule, until, by and reason; stage, run and fingerprint are optional. "
                f"Write {EXAMPLE}"
            )
            raise BadWaiver(message)
    absent = [n for n in ("rule", "until", "by", "reason") if not data.get(n)]
    if absent:
        message = (
            f"{where}: this waiver lacks {', '.join(absent)}; say who answers for it "
            "(by), why (reason) and until which day (until: 2026-12-31)"
        )
        raise BadWaiver(message)
    return Waiver(**{k: _text(k, v, where) for k, v in data.items()})


def _text(key: str, value: Any, where: str) -> str:
    text = value.isoformat() if isinstance(value, dt.date) else str(value)
    if key == "until":
        try:
            dt.date.fromisoformat(text)
        except ValueError as error:
            message = f"{where}: until: {text!r} is no date like 2026-12-31"
            raise BadWaiver(message) from error
    return text


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read a YAML file that is a list of waivers; raises `BadWaiver`."""
    import yaml  # noqa: PLC0415 - only where a file is read

    try:
        data = yaml.safe_load(path.read_text("utf-8")) or []
    except (OSError, yaml.YAMLError) as error:
        message = f"{path}: cannot be read as YAML: {error}"
        raise BadWaiver(message) from error
    if not isinstance(data, list):
        raise BadWaiver(f"{path}: {_no_list(data)}")
    return tuple(waiver_from(w, f"{path}: waiver {i + 1}") for i, w in enumerate(data))


def _no_list(data: object) -> str:
    """Say what form a file has that is no list, and which one it should have."""
    wanted = f"this file is a list alone, each entry a line like {EXAMPLE}"
    if isinstance(data, Mapping) and "waivers" in data:
        return (
            "a mapping with the key 'waivers' is the form of policy files; "
            f"{wanted}. Leave the key out"
        )
    if isinstance(data, Mapping) and "rule" in data:
        return f"this is one waiver alone; {wanted}. Put a dash before it"
    return f"expected a list of waivers; {wanted}"


def apply_waivers(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver],
    *,
    run: str,
    today: dt.date,
) -> tuple[list[Finding], set[Waiver]]:
    """Mark findings as waived or expired; also give the waivers that were used."""
    used: set[Waiver] = set()
    marked = []
    for finding in findings:
        covering = [w for w in waivers if w.covers(finding, run)]
        # A renewed waiver counts, wherever the expired one still stands.
        covering.sort(key=lambda w: w.expired(today))
        waiver = covering[0] if covering else None
        if waiver is None or not finding.fails:
            marked.append(finding)
            continue
        used.add(waiver)
        expired = waiver.expired(today)
        marked.append(finding.with_status("expired" if expired else "waived"))
    return marked, used
