"""The report as SARIF 2.1.0, which code scanning shows beside the lines it is about.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
What of it GitHub shows:
https://docs.github.com/code-security/reference/code-scanning/sarif-support
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pytest_agentflow.checking.message import attribution_text
from pytest_agentflow.model.fault import Faults
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import tally
from pytest_agentflow.report.document import FilePlace, Report, RunSummary
from pytest_agentflow.report.encoding import dumps
from pytest_agentflow.report.sarif_rules import level_of, rule_list
from pytest_agentflow.report.sarif_text import literal
from pytest_agentflow.report.text import one_line

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json"
)

MOST = 25_000
"""Results: GitHub refuses a file with more; it shows the 5,000 gravest."""

_GRAVE = ("error", "warning", "note")
_Found = tuple[tally.JudgedRun, Finding, Faults]


def render_sarif(report: Report, *, below: str | None = None) -> str:
    """Draw `report` as SARIF: each fault once, what passed is not in it.

    Args:
        report: what to write.
        below: path of the working directory from the top of the repository, which
            code scanning counts paths from; looked up when not given.
    """
    return dumps(sarif(report, below=_below() if below is None else below), 1) + "\n"


def sarif(report: Report, *, below: str = "") -> dict[str, Any]:
    """Give `report` as the JSON values of a SARIF log.

    A failing finding is a result of kind ``fail``, with error, warning or note by its
    severity. A question is of kind ``review`` and a note, so that it is listed: the
    standard would have it without a level, which viewers take for nothing at all.
    What is waived, or was there before, is suppressed, and says why.
    """
    runs = tally.judged_runs(report)
    found = sorted(_found(runs), key=lambda one: _GRAVE.index(level_of(one[1])))[:MOST]
    rules = rule_list(runs, [finding for _, finding, _ in found])
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    seen: Counter[tuple[str, str]] = Counter()
    results = [_result(report, one, index, seen, below) for one in found]
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": _driver(report, rules)},
                "automationDetails": {"id": "agentflow/"},
                "invocations": [_invocation(report)],
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _below() -> str:
    here = Path.cwd().resolve()
    for top in (here, *here.parents):
        if (top / ".git").exists():
            return "" if top == here else here.relative_to(top).as_posix()
    return ""


def _found(runs: Sequence[tally.JudgedRun]) -> Iterator[_Found]:
    for judged in runs:
        faults = tally.faults_of(judged)
        for result in tally.results_of(judged):
            for finding in faults.told(result.findings):
                yield judged, finding, faults


def _driver(report: Report, rules: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    version = report.versions.get("pytest-agentflow", "")
    return {
        "name": "pytest-agentflow",
        **({"version": version} if version else {}),
        "rules": list(rules),
        "properties": {"versions": dict(report.versions)},
    }


def _invocation(report: Report) -> dict[str, Any]:
    command = report.volatile.command
    return {
        "executionSuccessful": True,
        **({"commandLine": command} if command else {}),
        "properties": {"passed": report.ok, "mode": report.mode},
    }


def _result(
    report: Report,
    one: _Found,
    index: Mapping[str, int],
    seen: Counter[tuple[str, str]],
    below: str,
) -> dict[str, Any]:
    judged, finding, faults = one
    also = faults.also(finding)
    asks = finding.verdict is Verdict.UNDETERMINED
    places = list(_related(judged, finding, also, below))
    made = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "kind": "review" if asks else "fail",
        "level": level_of(finding),
        "message": {"text": _message(finding, also)},
        "locations": [_location(judged, finding.place, below)],
        "partialFingerprints": _fingerprints(judged.run, finding, seen),
        "properties": dict(_properties(judged, finding, also)),
    }
    if places:
        made["relatedLocations"] = places
    if reason := _suppressed(report, finding):
        made["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": reason}
        ]
    if report.against:
        known = finding.status == "known"
        made["baselineState"] = "unchanged" if known else "new"
    return made


def _message(finding: Finding, also: Iterable[Finding]) -> str:
    """Say it as the terminal does; GitHub shows the first sentence in the list."""
    spot = str(finding.place)
    asks = finding.verdict is Verdict.UNDETERMINED
    sentences = [("To review: " if asks else "") + one_line(finding.message, 600)]
    if finding.expected is not None:
        sentences.append(f"Expected {one_line(finding.expected, 300)}")
    if finding.observed is not None:
        sentences.append(f"Observed {one_line(finding.observed, 300)}")
    if blame := attribution_text(finding):
        sentences.append(one_line(blame[:1].upper() + blame[1:], 200))
    if finding.fix:
        sentences.append(f"Fix: {one_line(finding.fix, 400)}")
    if spot:
        sentences.append(f"Place: {one_line(spot, 300)}")
    if others := dict.fromkeys(other.rule for other in also):
        sentences.append(f"Also found by {one_line(', '.join(others), 200)}")
    return literal("\n".join(s if s[-1:] in ".!?" else f"{s}." for s in sentences))


def _location(judged: tally.JudgedRun, place: Place, below: str) -> dict[str, Any]:
    run = judged.run
    named = [part for part in (run.id, place.stage, place.artefact) if part]
    logical: dict[str, Any] = {"fullyQualifiedName": "/".join(named)}
    if name := place.stage or place.artefact or run.id:
        logical["name"] = name
    logical["kind"] = "stage" if place.stage else "run"
    found: dict[str, Any] = {"logicalLocations": [logical]}
    if physical := _physical(judged, place, below):
        found["physicalLocation"] = physical
    return found


def _physical(
    judged: tally.JudgedRun, place: Place, below: str
) -> dict[str, Any] | None:
    """Give file and line: of the artefact, else of the recording, else of the test."""
    held = judged.run.files.get(place.artefact or "")
    if held is not None:
        region = _region(place, held)
        return {"artifactLocation": _file(held.file, below), "region": region}
    file = judged.run.file or _test_file(judged)
    if not file:
        return None
    return {"artifactLocation": _file(file, below), "region": {"startLine": 1}}


def _region(place: Place, held: FilePlace) -> dict[str, int]:
    line = max(place.line or 1, 1)
    if held.inside is not None:
        return {"startLine": held.inside + line - 1}
    column = place.column if place.line else None
    return {"startLine": line, **({"startColumn": column} if column else {})}


def _file(path: str, below: str) -> dict[str, Any]:
    whole = f"{below}/{path}" if below else path
    return {"uri": quote(whole.encode(errors="replace")), "uriBaseId": "%SRCROOT%"}


def _test_file(judged: tally.JudgedRun) -> str:
    files = (entry.target.partition("::") for entry in judged.entries)
    return next((file for file, sign, _ in files if sign), "")


def _related(
    judged: tally.JudgedRun, finding: Finding, also: Iterable[Finding], below: str
) -> Iterator[dict[str, Any]]:
    for number, other in enumerate(also, start=1):
        text = f"{other.rule}: {one_line(other.message, 300)}"
        place = _location(judged, other.place, below)
        yield {"id": number, "message": {"text": literal(text)}, **place}
    if finding.place.file:
        physical = {"artifactLocation": _file(finding.place.file, below)}
        yield {
            "message": {"text": "What it is held against."},
            "physicalLocation": physical,
        }


def _fingerprints(
    run: RunSummary, finding: Finding, seen: Counter[tuple[str, str]]
) -> dict[str, str]:
    """Give what an alert is known by when lines move or the run is recorded again.

    Without the first of them GitHub would take the words on the line.
    """
    key = f"{run.key}\x1f{finding.fingerprint}".encode(errors="surrogatepass")
    own = hashlib.sha256(key).hexdigest()[:16]
    seen[finding.rule, own] += 1
    return {
        "primaryLocationLineHash": f"{own}:{seen[finding.rule, own]}",
        "agentflow/v1": finding.fingerprint,
    }


def _properties(
    judged: tally.JudgedRun, finding: Finding, also: Iterable[Finding]
) -> Iterator[tuple[str, Any]]:
    yield "run", judged.run.id
    yield "verdict", finding.verdict.value
    yield "severity", finding.severity.value
    place, stage = finding.place, tally.stage_of(finding)
    given = {
        "introducedBy": stage,
        "artefact": place.artefact,
        "selector": place.selector,
        "state": place.state,
        "path": place.path,
        "fault": finding.fault,
    }
    yield from ((name, value) for name, value in given.items() if value)
    if others := [other.rule for other in also]:
        yield "also", others
    again = [entry.reproduce for entry in judged.entries if entry.reproduce]
    if again:
        yield "reproduce", again[0]


def _suppressed(report: Report, finding: Finding) -> str:
    if finding.status == "waived":
        return "waived: somebody answers for it until a day"
    if finding.status == "known":
        return f"it was there before, in {report.against or 'the earlier report'}"
    return ""
