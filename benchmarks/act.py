"""ACT: which failures of the W3C's test cases are found, and which are false alarms?

DATA is a folder or an archive with a ``cases.json``; its pages are served below /WAI/,
as they expect, and judged on the path that a user's page takes: one visit each, the
accessibility check with all rules on (level AAA, experimental and best practices too).
A case is a (rule, page) pair; its outcome is the gravest over all rules of a tool that
are mapped to the ACT rule; "cannot tell" is our undetermined.

Peers, on the same pages in the same run: the newest axe-core injected by
axe-selenium-python into the page's own world and that of its frames, and
axe-selenium-python with the axe-core it brings. Counted, too: pages on which axe-core's
own answer differs between the page's world and ours.

A rule of ACT is consistent where the tool reports nothing wrong about any case and
leaves none open, partial where some failures are found and others open, inconsistent
where a failure is called passed or a pass is called failed, silent where a rule is
mapped and no failure found.

    python benchmarks/act.py DATA... [--json] [--findings OUT] [--open OUT.md]
        [--only ACT_RULE...] [--ours-only]
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import json
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import page_peers as peers
from agentflow_checks import accessibility
from agentflow_checks.web import engines, server, tab, visits
from agentflow_checks.web import session as web
from data_set import opened, table

import pytest_agentflow as af

BELOW = "WAI/content-assets/wcag-act-rules"
BUDGET = 30.0

GRAVITY = ("inapplicable", "passed", "cantTell", "failed")

BESIDE: dict[str, tuple[str, ...]] = {"summary-name": ("2t702h",)}
"""Rules of axe-core that decide an ACT rule without saying so."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case: what a rule must say about a page."""

    rule: str
    rule_name: str
    title: str
    expected: str
    path: str
    root: Path

    @property
    def name(self) -> str:
        """The page's path below the site's root."""
        return f"{BELOW}/{self.path}"


@dataclasses.dataclass(slots=True, kw_only=True)
class Answers:
    """What one tool said about the pages."""

    tool: str
    rules: Mapping[str, Sequence[str]]
    pages: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    unjudged: dict[str, str] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    def outcome(self, case: Case) -> str:
        """Give a case's outcome, ``no rule`` where none is mapped."""
        mapped = [rule for rule, acts in self.rules.items() if case.rule in acts]
        if not mapped:
            return "no rule"
        said = self.pages.get(case.path, {})
        return max(
            (said.get(rule, "inapplicable") for rule in mapped), key=GRAVITY.index
        )


def main() -> int:
    """Judge all cases by all tools, and print who found what."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--findings", type=Path, help="write our outcomes")
    parser.add_argument("--open", type=Path, help="write what is open, as Markdown")
    parser.add_argument("--only", nargs="+", help="ids of ACT rules")
    parser.add_argument("--ours-only", action="store_true", help="leave the peers out")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        stack.callback(web.shutdown)
        cases = [c for path in options.data for c in stack.enter_context(served(path))]
        if options.only:
            cases = [case for case in cases if case.rule in options.only]
        if not cases:
            parser.error("no cases.json with test cases in DATA")
        everybody, figures = measured(cases, with_peers=not options.ours_only)
    print(drawn(everybody, cases))
    print(*(f"{name:44} {value}" for name, value in figures.items()), sep="\n")
    mine = everybody[0]
    if options.findings is not None:
        document = {"tool": mine.tool, "rules": mine.rules, "pages": mine.pages}
        text = json.dumps(document, indent=1) + "\n"
        options.findings.write_text(text, encoding="utf-8")
    if options.open is not None:
        options.open.write_text(still_open(mine, cases), encoding="utf-8")
    if options.json:
        print(json.dumps({a.tool: score(a, cases) for a in everybody} | figures))
    return 0


@contextlib.contextmanager
def served(path: Path) -> Iterator[list[Case]]:
    """Lay the pages out as their links expect them, and list the cases."""
    with opened(path) as folder, tempfile.TemporaryDirectory() as place:
        cases = []
        for number, listing in enumerate(sorted(folder.rglob("cases.json"))):
            root = Path(place) / str(number)
            here = listing.parent / "content-assets"
            shutil.copytree(here, root / "WAI" / "content-assets")
            document = json.loads(listing.read_text(encoding="utf-8"))
            cases += [case_of(entry, root) for entry in document["testcases"]]
        yield cases


def case_of(entry: Mapping[str, Any], root: Path) -> Case:
    """Read one entry of the list."""
    return Case(
        rule=entry["ruleId"],
        rule_name=entry["ruleName"],
        title=entry["testcaseTitle"],
        expected=entry["expected"],
        path=entry["relativePath"],
        root=root,
    )


def measured(
    cases: Sequence[Case], *, with_peers: bool
) -> tuple[list[Answers], dict[str, Any]]:
    """Ask every tool about every page."""
    # A page may belong to several cases, and is visited once.
    pages = list({case.path: case for case in cases}.values())
    mapping = axe_mapping()
    mine, raw = ours(pages, mapping)
    figures: dict[str, Any] = {
        "pages": len(pages),
        "ours, ms a page": round(1000 * mine.seconds / len(pages)),
        "ours, pages not judged": len(mine.unjudged),
    }
    for path, reason in mine.unjudged.items():
        print(f"not judged: {path}: {reason}", file=sys.stderr)
    if not with_peers:
        return [mine], figures
    with peers.peer() as driven:
        newest, main_world, left = in_main_world(driven, pages, mapping)
    with peers.peer() as driven:
        installed = as_installed(driven, pages, mapping)
    both = [path for path in main_world if path in raw and path not in left]
    differing = [path for path in both if main_world[path] != raw[path]]
    for path in differing:
        print(f"differs: {path}: {difference(main_world[path], raw[path])}")
    figures |= {
        "pages where axe ran in both worlds": len(both),
        "of them with another answer of axe": len(differing),
        "pages that had left by then": len(left),
        "axe-selenium-python, pages not judged": len(installed.unjudged),
    }
    return [mine, newest, installed], figures


def axe_mapping() -> dict[str, tuple[str, ...]]:
    """Ask the installed axe-core which ACT rules its rules are."""
    question = "JSON.stringify(axe.getRules().map((r) => [r.ruleId, r.actIds || []]))"
    current = visits._ready()  # noqa: SLF001 - there is no page yet to ask in
    found = json.loads(tab.evaluate(current, question, by=time.monotonic() + 5))
    return {rule: tuple(acts) for rule, acts in found}


def own_mapping() -> dict[str, tuple[str, ...]]:
    """Give the rules of our own and the ACT rules that they decide."""
    try:
        rules = importlib.import_module("agentflow_checks.a11y.rules").RULES
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("agentflow_checks.a11y.rules"):
            raise
        return {}
    return {rule.id: tuple(rule.act) for rule in rules.values()}


def ours(
    pages: Sequence[Case], mapping: Mapping[str, tuple[str, ...]]
) -> tuple[Answers, dict[str, Any]]:
    """Judge every page by the accessibility check; give axe-core's answers, too."""
    own = own_mapping()
    rules = {
        **{rule: (*acts, *BESIDE.get(rule, ())) for rule, acts in mapping.items()},
        **own,
    }
    answers = Answers(tool=f"ours (axe-core {engines.axe_version()})", rules=rules)
    check = accessibility("AAA", rules=sorted(rules), budget=BUDGET)
    raw = {}
    begin = time.perf_counter()
    for number, case in enumerate(pages, 1):
        data = (case.root / case.name).read_bytes()
        page = af.Artefact(name=case.name, media_type="text/html", data=data)
        run = af.Run(
            workflow="act", case=case.path, artefacts=(page,), folder=case.root
        )
        result = af.evaluate(run, check).results[0]
        answers.pages[case.path] = outcomes_of(result)
        # The same visit, kept: axe-core's own answer before our rules were added.
        visited = visits.visit(
            data, name=case.name, root=case.root, rules=mapping, budget=BUDGET
        )
        if visited.axe is None or not result.rules:
            notes = [note.text for note in result.notes]
            answers.unjudged[case.path] = visited.error or "; ".join(notes)
        else:
            raw[case.path] = fingerprint(visited.axe, mapping)
        if not number % 100:
            spent = time.perf_counter() - begin
            print(f"{number} pages in {spent:.0f} s", file=sys.stderr, flush=True)
    answers.seconds = time.perf_counter() - begin
    return answers, raw


def outcomes_of(result: af.CheckResult) -> dict[str, str]:
    """Give each rule's gravest outcome, in the words of ACT."""
    found = {}
    for rule in result.rules:
        verdicts = {finding.verdict for finding in rule.findings}
        if af.Verdict.FAILED in verdicts:
            outcome = "failed"
        elif verdicts:
            outcome = "cantTell"
        else:
            outcome = "passed" if rule.examined else "inapplicable"
        found[rule.rule.removeprefix("a11y.")] = outcome
    return found


def in_main_world(
    driven: peers.Peer, pages: Iterable[Case], mapping: Mapping[str, tuple[str, ...]]
) -> tuple[Answers, dict[str, Any], set[str]]:
    """Ask axe-core in the page's own world; tell which pages had gone by then."""
    answers = Answers(
        tool=f"axe-core {engines.axe_version()} in the page's own world", rules=mapping
    )
    raw, left = {}, set()
    begin = time.perf_counter()
    for case in pages:
        site = server.Site(files={}, root=case.root)
        try:
            with peers.shown(driven, site, case.name) as url:
                answer = peers.in_main_world(driven)
                if driven.driver.current_url.partition("#")[0] != url:
                    left.add(case.path)
        except peers.PeerFailed as failed:
            answers.unjudged[case.path] = str(failed)
            continue
        answers.pages[case.path] = peers.outcomes(answer)
        raw[case.path] = fingerprint(answer, mapping)
    answers.seconds = time.perf_counter() - begin
    return answers, raw, left


def as_installed(
    driven: peers.Peer, pages: Iterable[Case], mapping: Mapping[str, tuple[str, ...]]
) -> Answers:
    """Ask axe-selenium-python as pip installs it."""
    answers = Answers(tool="axe-selenium-python", rules=mapping)
    begin = time.perf_counter()
    for case in pages:
        site = server.Site(files={}, root=case.root)
        try:
            with peers.shown(driven, site, case.name):
                answer = peers.as_installed(driven)
        except peers.PeerFailed as failed:
            answers.unjudged[case.path] = str(failed)
            continue
        answers.pages[case.path] = peers.outcomes(answer)
        answers.tool = f"axe-selenium-python (axe-core {peers.version_of(driven)})"
    answers.seconds = time.perf_counter() - begin
    return answers


def fingerprint(answer: Mapping[str, Any], rules: Iterable[str]) -> dict[str, Any]:
    """Give what must be the same in both worlds: findings by element, the rest by rule.

    Of what passed our own visits keep the number of elements only.
    """
    known = set(rules)
    found: dict[str, Any] = {
        kind: {
            rule["id"]: sorted(json.dumps(node["target"]) for node in rule["nodes"])
            for rule in answer[kind]
            if rule["id"] in known
        }
        for kind in ("violations", "incomplete")
    }
    for rule in answer["passes"]:
        if rule["id"] in known:
            count = rule["count"] if "count" in rule else len(rule["nodes"])
            found.setdefault("passes", {})[rule["id"]] = count
    found["inapplicable"] = sorted(
        rule["id"] for rule in answer["inapplicable"] if rule["id"] in known
    )
    return found


def difference(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> str:
    """Say in what two answers differ."""
    return "; ".join(
        f"{kind}: theirs {theirs.get(kind)} ours {mine.get(kind)}"
        for kind in ("violations", "incomplete", "passes", "inapplicable")
        if theirs.get(kind) != mine.get(kind)
    )


def score(answers: Answers, cases: Sequence[Case]) -> dict[str, int]:
    """Count cases by their outcome, and rules by their consistency."""
    failures = [case for case in cases if case.expected == "failed"]
    said = Counter(map(answers.outcome, failures))
    fine = [case for case in cases if case.expected != "failed"]
    rules = Counter(consistency(answers, cases).values())
    return {
        "failures": len(failures),
        "found": said["failed"],
        "cannot tell": said["cantTell"],
        "missed": said["passed"] + said["inapplicable"],
        "no rule": said["no rule"],
        "fine": len(fine),
        "false alarms": sum(answers.outcome(case) == "failed" for case in fine),
        "rules": len(rules) and sum(rules.values()),
        **{
            kind: rules[kind]
            for kind in ("consistent", "inconsistent", "partial", "silent", "none")
        },
    }


def consistency(answers: Answers, cases: Iterable[Case]) -> dict[str, str]:
    """Tell for each ACT rule how well the tool agrees with its cases."""
    groups = defaultdict(list)
    for case in cases:
        groups[case.rule].append((case.expected, answers.outcome(case)))
    return {rule: agreement(pairs) for rule, pairs in groups.items()}


def agreement(pairs: Sequence[tuple[str, str]]) -> str:
    """Tell how well outcomes agree with what is expected of one rule."""
    if all(said == "no rule" for _, said in pairs):
        return "none"
    on_failures = {said for expected, said in pairs if expected == "failed"}
    alarm = any(said == "failed" for expected, said in pairs if expected != "failed")
    if alarm or on_failures & {"passed", "inapplicable"}:
        return "inconsistent"
    if "cantTell" in on_failures:
        return "partial" if "failed" in on_failures else "silent"
    return "consistent"


def drawn(everybody: Iterable[Answers], cases: Sequence[Case]) -> str:
    """Draw one line for each tool."""
    scores = [(answers, score(answers, cases)) for answers in everybody]
    first = scores[0][1]
    head = (
        "tool",
        f"found of {first['failures']}",
        "cannot tell",
        "missed",
        "no rule",
        f"false alarms of {first['fine']}",
        f"rules of {first['rules']}: consistent",
        "inconsistent",
        "partial",
        "silent",
        "none",
        "seconds",
    )
    keys = ("found", "cannot tell", "missed", "no rule", "false alarms")
    kinds = ("consistent", "inconsistent", "partial", "silent", "none")
    rows: list[tuple[object, ...]] = [
        (a.tool, *(s[key] for key in (*keys, *kinds)), round(a.seconds))
        for a, s in scores
    ]
    return table(head, rows)


def still_open(answers: Answers, cases: Iterable[Case]) -> str:
    """List failures that are not found, and false alarms, by ACT rule."""
    groups: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.rule, case.rule_name].append(case)
    lines = [f"# Open cases of {answers.tool}", ""]
    for (rule, name), members in sorted(groups.items()):
        tools = [mine for mine, acts in answers.rules.items() if rule in acts]
        opened_here = [c for c in members if is_open(answers, c)]
        if not opened_here:
            continue
        failing = sum(case.expected == "failed" for case in members)
        lines += [
            f"## {rule} {name}",
            "",
            f"{failing} failing cases of {len(members)}; rules: {', '.join(tools)}",
            "",
            *(f"- {open_line(answers, case)}" for case in opened_here),
            "",
        ]
    return "\n".join(lines)


def is_open(answers: Answers, case: Case) -> bool:
    """Tell whether a failure is not found, or an alarm is false."""
    return (case.expected == "failed") != (answers.outcome(case) == "failed")


def open_line(answers: Answers, case: Case) -> str:
    """Say what is open about one case."""
    said = answers.outcome(case)
    kind = {
        "failed": "FALSE ALARM",
        "cantTell": "cannot tell",
        "no rule": "no rule",
    }.get(said, f"missed ({said})")
    return f"{kind}: {case.title}: {case.path}"


if __name__ == "__main__":
    raise SystemExit(main())
