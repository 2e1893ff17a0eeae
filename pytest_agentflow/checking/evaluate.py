"""Judge a run: count subjects, collect findings, fold verdicts."""

from __future__ import annotations

import datetime as dt
import inspect
import sys
import time
import traceback
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pytest_agentflow.attribution.trace import attribute_to_place
from pytest_agentflow.checking.check import Check, CheckError, CheckFactory, resolve
from pytest_agentflow.checking.judges import JudgeSource, bound_judge
from pytest_agentflow.checking.results import (
    CheckResult,
    Evaluation,
    Examined,
    Note,
    Rule,
    RuleResult,
)
from pytest_agentflow.checking.returned import (
    Outcome,
    Returned,
    of_run,
    of_subject,
    subjects,
)
from pytest_agentflow.checking.waivers import Waiver, apply_waivers
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.price import UnknownPrice
from pytest_agentflow.model.run import Run, UnknownStage
from pytest_agentflow.model.verdict import Verdict, fold, fold_verdicts

#: What checks raise when content is missing; a sentence for the reader, no bug.
EXPECTED = (CheckError, UnknownStage, UnknownPrice)


@dataclass(slots=True)
class _Tally:
    """What a check has yielded so far."""

    rules: dict[str, Rule] = field(default_factory=dict)
    examined: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    exhibits: list[Exhibit] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    waivers: list[Waiver] = field(default_factory=list)

    def take(self, item: Outcome) -> None:
        """Sort one outcome in."""
        if isinstance(item, Finding):
            self.rules.setdefault(item.rule, Rule(id=item.rule, title=item.title))
            self.findings.append(item)
        elif isinstance(item, Examined):
            self.rules.setdefault(item.rule, Rule(id=item.rule))
            self.examined[item.rule] += item.count
        elif isinstance(item, Rule):
            self.rules[item.id] = item
        elif isinstance(item, Note):
            self.notes.append(item)
        elif isinstance(item, Waiver):
            self.waivers.append(item)
        else:
            self.exhibits.append(item)


def evaluate(
    run: Run,
    *checks: Check,
    judge: Callable[..., Any] | JudgeSource | None = None,
    earlier: Run | None = None,
    known: Mapping[str, int] | None = None,
    waivers: Sequence[Waiver] = (),
    strict: bool = False,
    today: dt.date | None = None,
    progress: Callable[[Check, str], None] | None = None,
) -> Evaluation:
    """Judge `run` by `checks`; never raises on a finding.

    Args:
        run: what to judge.
        checks: what must hold.
        judge: answers what the checks leave undetermined, where a check takes one: any
            callable, see `bound_judge`.
        earlier: the same run as it was on main, for checks that compare with it.
        known: fingerprints of findings that were there before, with their number; only
            findings beyond these are new, and only new ones fail. An error is told as
            known, too, and stays one: nobody has examined what it stands for.
        waivers: findings that somebody answers for; an error cannot be waived.
        strict: let undetermined subjects fail in every check.
        today: the day that waivers are held against; the current one when not given.
        progress: called before each check with the check and the run's id.
    """
    begin = time.perf_counter()
    results = []
    for check in checks:
        if progress is not None:
            progress(check, run.id)
        tally = _collect(run, check, {"judge": judge, "earlier": earlier})
        _mark(tally, run.id, known or {}, waivers, today)
        results.append(_fold(check, tally, strict=strict or check.is_strict))
    seconds = time.perf_counter() - begin
    return Evaluation(run=run.id, results=tuple(results), seconds=seconds)


def _collect(run: Run, check: Check, given: Mapping[str, Any]) -> _Tally:
    tally = _Tally()
    try:
        for item in _outcomes(run, check, given):
            tally.take(item)
        # Of a check that broke off nobody knows what it would still have met.
        _demand_subjects(tally)
    except EXPECTED as error:
        tally.take(_error(check, str(error)))
    except Exception as error:  # noqa: BLE001 - one broken check must not hide others
        tally.take(_error(check, _bug(check, error)))
    return tally


def _error(check: Check, message: str) -> Finding:
    return Finding(rule=check.id, message=message, verdict=Verdict.ERROR)


def _bug(check: Check, error: Exception) -> str:
    """Name the line that raised, and of the check's own file the one that led there."""
    frames = traceback.extract_tb(error.__traceback__)
    module = sys.modules.get(check.factory.partition(":")[0])
    own = [f for f in frames if f.filename == getattr(module, "__file__", None)]
    places = [f"{Path(f.filename).name}:{f.lineno}" for f in (*own[-1:], frames[-1])]
    where = ", in ".join(dict.fromkeys(places))
    return f"the check itself failed: {type(error).__name__}: {error} ({where})"


def _outcomes(run: Run, check: Check, given: Mapping[str, Any]) -> Iterator[Outcome]:
    factory = resolve(check.factory)
    arguments, extra = _call_arguments(factory, check)
    extra |= {name: given[name] for name in factory.takes}
    if "judge" in extra:
        extra["judge"] = bound_judge(extra["judge"], run, check)
    if factory.each is None:
        result = factory.function(run, *arguments, **extra)
        yield from of_run(_returned(check, factory, result))
        return
    yield Rule(id=check.id, title=factory.title)
    for place, subject in subjects(check.id, factory.each(run)):
        result = factory.function(subject, *arguments, **extra)
        found = list(of_subject(_returned(check, factory, result)))
        if not found:
            yield Examined(rule=check.id, place=place)
        for item in found:
            yield _charged(run, _placed(item, check, factory, place))


def _returned(check: Check, factory: CheckFactory[...], result: object) -> Returned:
    return Returned(id=check.id, function=factory.function, result=result)


def _call_arguments(
    factory: CheckFactory[...], check: Check
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    given = OrderedDict(check.arguments)
    bound = inspect.BoundArguments(factory.__signature__, given)
    bound.apply_defaults()
    return bound.args, bound.kwargs


def _placed(
    item: str | Finding, check: Check, factory: CheckFactory[...], place: Place
) -> Finding:
    if isinstance(item, str):
        item = Finding(rule=check.id, message=item)
    return replace(
        item,
        rule=item.rule or check.id,
        title=item.title or factory.title,
        place=place if item.place == Place() else item.place,
        subject=item.subject or repr(place),
    )


def _charged(run: Run, finding: Finding) -> Finding:
    """Charge a finding that names no stage to the one where it was found."""
    named = finding.introduced_by or finding.introduced_between or finding.lost_at
    if named or finding.verdict is not Verdict.FAILED:
        return finding
    return attribute_to_place(run, finding.place).on(finding)


def _demand_subjects(tally: _Tally) -> None:
    """Add what fails a rule that had to apply, and met nothing.

    It is a finding like any other, known from before or waived, and the rule itself is
    its one subject, so that it counts as 1 of 1.
    """
    met = {finding.rule for finding in tally.findings}
    for rule in tally.rules.values():
        if rule.must_apply and rule.id not in met and not tally.examined[rule.id]:
            tally.findings.append(_must_apply(rule))


def _mark(
    tally: _Tally,
    run: str,
    known: Mapping[str, int],
    waivers: Sequence[Waiver],
    today: dt.date | None,
) -> None:
    left = Counter(known)
    marked = []
    for finding in tally.findings:
        print_ = finding.fingerprint
        if left[print_] > 0:
            left[print_] -= 1
            finding = finding.with_status("known")  # noqa: PLW2901
        marked.append(finding)
    day = today or dt.datetime.now(dt.UTC).date()
    covering = [*tally.waivers, *waivers]
    tally.findings, used = apply_waivers(marked, covering, run=run, today=day)
    for waiver in tally.waivers:
        if waiver not in used and waiver.run in (None, run):
            tally.notes.append(_unused(waiver))
    for waiver in used:
        if waiver.expired(day):
            text = f"the waiver of {waiver.rule} by {waiver.by} ended on {waiver.until}"
            tally.notes.append(Note(text=text, warning=True))


def _unused(waiver: Waiver) -> Note:
    text = f"the waiver of {waiver.rule} by {waiver.by} waived nothing; remove it"
    return Note(text=text, warning=True)


def _fold(check: Check, tally: _Tally, *, strict: bool) -> CheckResult:
    rules = tuple(_fold_rule(rule, tally, strict) for rule in tally.rules.values())
    advisory = {rule.id for rule in tally.rules.values() if rule.advisory}
    verdict = _fold_gates(rules, advisory)
    tally.notes.extend(_warnings(rules))
    if verdict is Verdict.INAPPLICABLE and check.is_optional:
        text = f"{check} is optional and examined nothing"
        tally.notes.append(Note(text=text, warning=True))
    if verdict is Verdict.UNDETERMINED and check.is_optional:
        open_ = [r.rule for r in rules if r.gate and r.verdict is verdict]
        text = f"{check} is optional and INCONCLUSIVE: {', '.join(open_)}"
        tally.notes += [Note(text=text, warning=True)] if open_ else []
    return CheckResult(
        check=check.id,
        written=str(check),
        title=_title(check),
        verdict=verdict,
        rules=rules,
        exhibits=tuple(tally.exhibits),
        notes=tuple(tally.notes),
        strict=strict,
        optional=check.is_optional,
    )


def _fold_gates(rules: Sequence[RuleResult], advisory: Collection[str]) -> Verdict:
    """Fold the rules; unlike a subject, an open gate is not outvoted by what passed.

    Nor are questions of rules that may fail outvoted by what merely warns.
    """
    verdict = fold_verdicts([r.verdict for r in rules])
    firm = [r.verdict for r in rules if r.rule not in advisory]
    is_open = any(r.gate and r.verdict is Verdict.UNDETERMINED for r in rules)
    is_open |= fold_verdicts(firm) is Verdict.UNDETERMINED
    return Verdict.UNDETERMINED if verdict is Verdict.PASSED and is_open else verdict


def _title(check: Check) -> str:
    try:
        return resolve(check.factory).title
    except Exception:  # noqa: BLE001 - the check could not be loaded: told as its error
        return ""


def _fold_rule(rule: Rule, tally: _Tally, strict: bool) -> RuleResult:
    findings = [f for f in tally.findings if f.rule == rule.id]
    passed = tally.examined[rule.id]
    subjects = _subjects(findings)
    counted = Counter(subjects.values())
    examined = passed + len(subjects)
    if rule.advisory:
        findings = [_advisory(finding) for finding in findings]
        strict = False
    open_questions = sum(
        f.verdict is Verdict.UNDETERMINED and f.status in ("new", "expired")
        for f in findings
    )
    failing = sum(f.fails for f in findings) + (open_questions if strict else 0)
    verdict = fold(
        errors=sum(f.verdict is Verdict.ERROR for f in findings),
        failing=failing,
        decided=passed + counted[Verdict.FAILED],
        examined=examined,
    )
    return RuleResult(
        rule=rule.id,
        title=rule.title,
        verdict=verdict,
        examined=examined,
        passed=passed,
        failed=counted[Verdict.FAILED],
        undetermined=counted[Verdict.UNDETERMINED],
        errors=counted[Verdict.ERROR],
        findings=tuple(findings),
        gate=rule.gate,
    )


def _subjects(findings: Sequence[Finding]) -> dict[str, Verdict]:
    rank = (Verdict.UNDETERMINED, Verdict.FAILED, Verdict.ERROR)
    subjects: dict[str, Verdict] = {}
    for number, finding in enumerate(findings):
        key = finding.subject or f"#{number}"
        before = subjects.get(key, Verdict.UNDETERMINED)
        subjects[key] = max(before, finding.verdict, key=rank.index)
    return subjects


def _advisory(finding: Finding) -> Finding:
    # What could not be examined stays an error: nobody knows what it would warn of.
    failed = finding.verdict is Verdict.FAILED
    return replace(finding, advisory=True) if failed else finding


def _warnings(rules: Sequence[RuleResult]) -> Iterator[Note]:
    for rule in rules:
        found = [f for f in rule.findings if f.advisory and f.status == "new"]
        if found:
            place = f"{found[0].place}: " if str(found[0].place) else ""
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            text = (
                f"{found[0].severity} of {rule.rule}: {place}{found[0].message}{more}"
            )
            yield Note(text=text, warning=True)


def _must_apply(rule: Rule) -> Finding:
    return Finding(
        rule=rule.id,
        title=rule.title,
        message="the rule must apply, but nothing in the run matched it",
        fix="Mend the rule's matcher, or remove must_apply if the run may lack it.",
    )
