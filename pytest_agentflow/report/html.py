"""The report as one HTML file that opens from disk and reaches for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_agentflow.checking.message import attribution_text
from pytest_agentflow.checking.results import CheckResult, RuleResult
from pytest_agentflow.model.call import kinds_text
from pytest_agentflow.model.exhibit import MarkedText, PictureExhibit
from pytest_agentflow.model.fault import Faults
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import (
    changed,
    charts,
    figures,
    gates,
    pictures,
    tally,
    trials,
    wording,
)
from pytest_agentflow.report.causes import causes
from pytest_agentflow.report.document import (
    AUTHORED,
    AUTHORED_MARK,
    ESTIMATED,
    Entry,
    Report,
)
from pytest_agentflow.report.text import brief, one_line, visible
from pytest_agentflow.report.views import (
    CheckView,
    FindingView,
    Group,
    RunView,
    TestView,
    TrialsView,
)

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
PER_CAUSE = 5
"""So many findings of one cause are shown at once; the rest unfolds."""
UNFOLDED = 100
"""So many are in the page at all; the JSON form has every one."""
OPEN_RUNS = 4
"""So many failing runs are unfolded when the report opens."""


def render_html(report: Report) -> str:
    """Draw `report` as one HTML document."""
    runs = tally.judged_runs(report)
    views = _run_views(runs)
    compared = gates.worst_first(report.decompositions)
    style, script = asset("report.css"), asset("report.js")
    template = environment().get_template("report.html.j2")
    return template.render(
        report=report,
        runs=views,
        lines=tally.check_lines(runs),
        workflows=tally.workflow_lines(runs, report.comparisons),
        causes=causes(runs),
        compared=compared,
        bad_gates=[gate for gate in compared if not gate.ok],
        anchors=_anchors(views),
        run_anchors={id(view.judged): view.anchor for view in views},
        recordings=changed.told(report),
        store=_store(report),
        thing=tally.thing(runs),
        tests=_trial_views(report, views),
        verdict=wording.verdict_of(report),
        sentences=wording.verdict_sentences(report),
        style=own_markup(style),
        script=own_markup(script),
        policy=policy(style, script),
    )


def policy(style: str, script: str = "") -> str:
    """Forbid everything but the one style, the one script and embedded pictures."""
    scripts = f"script-src '{_digest(script)}'; " if script else ""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; {scripts}img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def asset(name: str) -> str:
    """Read a style sheet or a script of ours."""
    # Without the last line break, which checkers of policies leave out of the digest.
    return (TEMPLATES / name).read_text("utf-8").strip()


def own_markup(text: str) -> str:
    """Let text of our own files pass as it is."""
    from markupsafe import Markup  # noqa: PLC0415 - comes with jinja2

    return Markup(text)  # noqa: S704 - our own files only


@cache
def environment() -> Environment:
    """Give what all templates are drawn with; everything is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        autoescape=True,
        finalize=_finalize,
        loader=FileSystemLoader(TEMPLATES),
        lstrip_blocks=True,
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    made.globals.update(
        AUTHORED=AUTHORED,
        AUTHORED_MARK=AUTHORED_MARK,
        ESTIMATED=ESTIMATED,
        LABELS=wording.LABELS,
        Verdict=Verdict,
        bearing=tally.bearing,
        tried=trials,
        ch=changed,
        charts=charts,
        exhibited=pictures.exhibited,
        fig=figures,
        gates=gates,
        kinds_text=kinds_text,
        kind_of=lambda exhibit: exhibit.KIND,
        brief=brief,
        short=one_line,
        marked_pieces=marked_pieces,
        stored=pictures.store,
        w=wording,
    )
    made.filters.update(
        capitalize_first=lambda text: text[:1].upper() + text[1:],
        colour=colour,
        ident=id,
        tie=lambda text: re.sub(r"\b(in|of) (?=\d)", "\\1\u00a0", text),
        sentence=lambda t: t if t[-1:] in ".!?" else f"{t}.",
    )
    return made


def _finalize(value: Any) -> Any:
    """Make all recorded text visible on its way into the page."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return visible(value)
    return value


def colour(text: str) -> str:
    """Give a colour as it may stand in SVG; nothing else passes."""
    return text if re.fullmatch(r"#[0-9a-fA-F]{6}", text) else "none"


def web_address(url: str | None) -> str:
    """Give `url` where it is a plain web address; empty otherwise."""
    if not url or any(c.isspace() or ord(c) < 0x21 or c in '"<>\\' for c in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    good = parts.scheme in ("http", "https") and parts.hostname and url.isascii()
    return url if good else ""


def marked_pieces(marked: MarkedText, limit: int) -> list[tuple[str, Any]]:
    """Cut a text at its marks: pieces with the mark they carry, or `None`.

    Marks that overlap an earlier one, or lie beyond `limit`, are left out.
    """
    text, pieces, at = marked.text[:limit], list[tuple[str, Any]](), 0
    for mark in sorted(marked.marks, key=lambda m: (m.start, -m.end)):
        start, end = max(mark.start, 0), min(mark.end, len(text))
        if start < at or start >= end:
            continue
        pieces.extend(((text[at:start], None), (text[start:end], mark)))
        at = end
    pieces.append((text[at:], None))
    return [(piece, mark) for piece, mark in pieces if piece]


class _Anchors:
    """Hands out ids that are fit for HTML, each once."""

    def __init__(self) -> None:
        self.taken: set[str] = set()

    def __call__(self, *parts: str) -> str:
        words = (re.sub(r"[^A-Za-z0-9._/-]+", "-", part)[:120] for part in parts)
        name, number = "/".join(words), 2
        anchor = name
        while anchor in self.taken:
            anchor, number = f"{name}-{number}", number + 1
        self.taken.add(anchor)
        return anchor


def _run_views(runs: Sequence[tally.JudgedRun]) -> tuple[RunView, ...]:
    anchor = _Anchors()
    bad = [judged for judged in runs if not (judged.ok or judged.excused)]
    failing = [id(judged) for judged in bad[:OPEN_RUNS]]
    views = []
    for judged in runs:
        name = anchor(f"run-{judged.run.id}")
        results = tally.results_of(judged)
        faults = tally.faults_of(judged)
        drawn = [_check_view(name, r, anchor, faults) for r in results]
        checks = tuple(_with_elsewhere(drawn, faults))
        views.append(
            RunView(
                judged=judged,
                anchor=name,
                tests=tuple(_test_views(judged, checks)),
                checks=checks,
                marked={
                    exhibit.title.removeprefix("Source "): exhibit
                    for result in results
                    for exhibit in result.exhibits
                    if isinstance(exhibit, MarkedText)
                },
                opened=id(judged) in failing or len(runs) == 1,
            )
        )
    return tuple(views)


def _test_views(
    judged: tally.JudgedRun, checks: Sequence[CheckView]
) -> Iterator[TestView]:
    tests: dict[str, list[Entry]] = {}
    for entry in judged.entries:
        tests.setdefault(entry.target, []).append(entry)
    for target, entries in tests.items():
        bad = [entry for entry in entries if not entry.ok]
        asked = {r.written for e in entries for r in e.evaluation.results}
        yield TestView(
            target=target,
            ok=not bad,
            trials=trials.numbers(entries),
            problems=tuple(dict.fromkeys(e.problem for e in entries if e.problem)),
            commands=tuple(dict.fromkeys(e.reproduce for e in bad if e.reproduce)),
            checks=tuple(c for c in checks if c.result.written in asked),
        )


def _with_elsewhere(checks: Sequence[CheckView], faults: Faults) -> Iterator[CheckView]:
    """Let each check name its findings that are told with those of another."""
    views = [v for c in checks for g in c.groups for v in (*g.first, *g.more)]
    anchors = {id(view.finding): view.anchor for view in views}
    for check in checks:
        pairs = [(f, faults.within(f)) for f in check.result.findings]
        yield replace(
            check,
            elsewhere=tuple(
                (own, told, anchors.get(id(told), "")) for own, told in pairs if told
            ),
        )


def _check_view(
    run: str, result: CheckResult, anchor: _Anchors, faults: Faults
) -> CheckView:
    shots = [e for e in result.exhibits if isinstance(e, PictureExhibit)]
    groups: dict[str, list[Group]] = {
        name: [] for name in ("standing", "warnings", "review", "settled")
    }
    own = anchor(run, result.check)
    for rule in result.rules:
        sorted_in: dict[str, list[FindingView]] = {}
        for number, finding in enumerate(faults.told(rule.findings), start=1):
            view = FindingView(
                finding=finding,
                anchor=anchor(run, finding.rule, str(number)),
                blame=attribution_text(finding),
                link=web_address(finding.help_url),
                cutout=pictures.cutout(shots, finding.fingerprint),
                also=faults.also(finding),
            )
            sorted_in.setdefault(_place_of(finding), []).append(view)
        for name, found in sorted_in.items():
            groups[name].append(_group(rule, found))
    return CheckView(
        result=result,
        anchor=own,
        standing=tuple(groups["standing"]),
        warnings=tuple(groups["warnings"]),
        review=tuple(groups["review"]),
        settled=tuple(groups["settled"]),
    )


def _place_of(finding: Finding) -> str:
    if tally.counts(finding):
        return "standing"
    if tally.warns(finding):
        return "warnings"
    settled = finding.status in ("known", "waived")
    return "settled" if settled else "review"


SHARED: Mapping[str, Callable[[FindingView], object]] = {
    "message": lambda view: view.finding.message,
    "expected": lambda view: view.finding.expected,
    "blame": lambda view: view.blame,
    "why": lambda view: view.finding.why,
    "fix": lambda view: view.finding.fix,
    "help_url": lambda view: view.finding.help_url,
}


def _common(found: Sequence[FindingView]) -> frozenset[str]:
    if len(found) < 2:
        return frozenset()
    return frozenset(n for n, get in SHARED.items() if len(set(map(get, found))) == 1)


def _group(rule: RuleResult, found: Sequence[FindingView]) -> Group:
    return Group(
        common=_common(found),
        rule=rule,
        first=tuple(found[:PER_CAUSE]),
        more=tuple(found[PER_CAUSE:UNFOLDED]),
        left_out=max(len(found) - UNFOLDED, 0),
    )


def _anchors(runs: Sequence[RunView]) -> dict[int, str]:
    """Give the anchors of findings and check results, by their identity."""
    found = {id(view.finding): view.anchor for view in _all_views(runs)}
    checks = (check for run in runs for check in run.checks)
    return found | {id(check.result): check.anchor for check in checks}


def _trial_views(report: Report, runs: Sequence[RunView]) -> tuple[TrialsView, ...]:
    anchors = {
        (entry.target, entry.trial): view.anchor
        for view in reversed(runs)
        for entry in view.judged.entries
        if not entry.ok
    }
    return tuple(
        TrialsView(
            test=test,
            failed=tuple(
                (number, anchors.get((test.target, number), ""), reason)
                for number, reason in trials.failed_trials(test)
            ),
        )
        for test in sorted(report.trials, key=lambda test: test.ok)
    )


def _all_views(runs: Sequence[RunView]) -> Iterator[FindingView]:
    for run in runs:
        for check in run.checks:
            for group in check.groups:
                yield from (*group.first, *group.more)


def _recorded_pictures(report: Report) -> Iterator[PictureExhibit]:
    for item in changed.told(report):
        for stage in item.change.stages:
            for picture in stage.pictures:
                for state in (picture.before, picture.now):
                    if state is not None:
                        yield pictures.exhibited(picture.name, state)


def _store(report: Report) -> tuple[pictures.Stored, ...]:
    """Collect every picture once, whatever number of findings shows it."""
    shown = [
        exhibit
        for entry in report.entries
        for result in entry.evaluation.results
        for exhibit in result.exhibits
    ]
    shown += [e for gate in report.decompositions for e in gate.exhibits]
    shown += list(_recorded_pictures(report))
    found = (pictures.store(e) for e in shown if isinstance(e, PictureExhibit))
    return tuple({picture.id: picture for picture in found if picture}.values())
