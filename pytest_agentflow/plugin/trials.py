"""Runs each workflow test several times, and holds the rate of passing to a bar."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.plugin import RUNS
from pytest_agentflow.plugin.shortened import TOLD
from pytest_agentflow.plugin.state import state_key
from pytest_agentflow.report.document import SequentialEntry, TrialsEntry
from pytest_agentflow.report.encoding import entry_from_text, trials_to_text
from pytest_agentflow.report.text import one_line
from pytest_agentflow.report.trials import REASON, first_failure, trials_text
from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.proportion import Proportion, least_of
from pytest_agentflow.statistics.reliability import Sprt, sequential_plan

#: Trials whose failure is told in full; the others are counted.
SHOWN = 3
NO_SAMPLE = "agentflow_no_sample"
"""Mark of a test report that says nothing about how often the workflow succeeds."""


class Trials:
    """Repeats tests that run workflows, with their fixtures of function scope.

    Args:
        count: how often each test is run.
        begin: told the number of a trial before it is run, and `None` after the last.
    """

    def __init__(self, count: int, begin: Callable[[int | None], None]) -> None:
        self.count = count
        self._begin = begin

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> bool | None:
        """Run all trials of a test that may run a workflow, and log one outcome."""
        if RUNS not in getattr(item, "fixturenames", ()):
            return None
        hook = item.ihook
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        try:
            for report in self._reports(item, nextitem):
                hook.pytest_runtest_logreport(report=report)
        finally:
            self._begin(None)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mark a trial that is no sample: it is not passed, and no failed one either.

        Its recording is missing or lacks a call, the budget is spent, or a check could
        not be made: the workflow did not get the chance to succeed.
        """
        # What was judged is handed over, and forgotten, while the report is made.
        errored = call.excinfo is not None and _was_not_judged(item)
        report = yield
        if errored or (call.excinfo is not None and _is_ours(call.excinfo.value)):
            setattr(report, NO_SAMPLE, True)
        return report

    def _reports(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[pytest.TestReport]:
        calls: list[pytest.TestReport] = []
        rule = rule_of(item, self.count)
        last: dict[str, pytest.TestReport] = {}
        for number in range(1, self.count + 1):
            self._begin(number)
            # Between trials only the test itself is torn down, not its module.
            following: Any = nextitem if number == self.count else item.parent
            made = runtestprotocol(item, log=False, nextitem=following)
            last = {report.when or "": report for report in made}
            if (
                any(r.when != "call" and not r.passed for r in made)
                or "call" not in last
                or last["call"].skipped
                or getattr(last["call"], NO_SAMPLE, False)
            ):
                self._explain(last.get("call"), [one.passed for one in calls])
                yield from made
                yield from _rest_torn_down(item, nextitem)
                return
            calls.append(last["call"])
            if rule is not None:
                rule = rule.after(last["call"].passed)
                if rule.finished:
                    break
        yield last["setup"]
        yield self._folded(item, calls, rule)
        yield last["teardown"]
        if len(calls) < self.count:
            yield from _rest_torn_down(item, nextitem)

    def _explain(
        self, report: pytest.TestReport | None, before: Sequence[bool]
    ) -> None:
        """Say above the message of a trial that is no sample why there is no rate."""
        if report is None or not report.failed or not hasattr(report, NO_SAMPLE):
            return
        told = f"; {sum(before)} of {len(before)} before it passed" if before else ""
        report.longrepr = (
            f"trial {len(before) + 1} of {self.count} could not be judged, and counts "
            f"neither as passed nor as failed{told}:\n\n{report.longreprtext}"
        )

    def _folded(
        self,
        item: pytest.Item,
        calls: Sequence[pytest.TestReport],
        rule: Sprt | None,
    ) -> pytest.TestReport:
        outcome = outcome_of(item, [call.passed for call in calls], rule)
        failed = [(n, call) for n, call in enumerate(calls, 1) if not call.passed]
        outcome = replace(outcome, reasons=tuple(_reason(call) for _, call in failed))
        report = failed[0][1] if failed and not outcome.ok else calls[-1]
        report.outcome = "passed" if outcome.ok else "failed"
        report.longrepr = None if outcome.ok else _told(outcome, failed)
        report.duration = sum(call.duration for call in calls)
        texts = [getattr(call, "agentflow", None) for call in calls]
        report.agentflow = [text for text in texts if text]  # type: ignore[attr-defined]
        report.agentflow_trials = trials_to_text(outcome)  # type: ignore[attr-defined]
        return report


def _rest_torn_down(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Iterator[pytest.TestReport]:
    """Tear down what was kept for further trials, which are not made."""
    state = item.session._setupstate  # noqa: SLF001 - pytest offers no other way
    # Not by the hook: the test itself was torn down by it already.
    call = pytest.CallInfo.from_call(
        lambda: state.teardown_exact(nextitem),
        when="teardown",
        reraise=(KeyboardInterrupt, pytest.exit.Exception),
    )
    if call.excinfo is not None:
        yield item.ihook.pytest_runtest_makereport(item=item, call=call)


def _was_not_judged(item: pytest.Item) -> bool:
    """Whether a check or a comparison of the trial ended in an error."""
    state = item.stash.get(state_key, None)
    if state is None:
        return False
    verdicts = [one.evaluation.verdict for one in state.judged]
    verdicts += [gate.verdict for gate in state.gates]
    return Verdict.ERROR in verdicts


def _is_ours(error: BaseException | None) -> bool:
    # What we show shortly has what was raised as its context.
    while error is not None:
        if isinstance(error, TOLD):
            return True
        error = error.__cause__ or error.__context__
    return False


def outcome_of(
    item: pytest.Item, passed: Sequence[bool], rule: Sprt | None = None
) -> TrialsEntry:
    """Fold trials by the bar of the test's mark; without one all must pass.

    Args:
        item: the test.
        passed: whether each trial passed.
        rule: the sequential test that ended them, if one did.
    """
    rate = Proportion(passed=sum(passed), trials=len(passed))
    return TrialsEntry(
        target=item.nodeid,
        passed=rate.passed,
        trials=rate.trials,
        needed=needed_of(item, rate.trials) if rule is None else 0,
        interval=rate.interval(),
        pass_2=rate.all_of(2) if rate.trials > 1 and rule is None else None,
        failed=tuple(n for n, good in enumerate(passed, 1) if not good),
        position=item.session.items.index(item),
        sequential=None if rule is None else _entry(rule),
    )


def _entry(rule: Sprt) -> SequentialEntry:
    verdicts = {
        Decision.PASS: Verdict.PASSED,
        Decision.FAIL: Verdict.FAILED,
        Decision.INCONCLUSIVE: Verdict.UNDETERMINED,
    }
    verdict = verdicts[rule.decision]
    return SequentialEntry(verdict=verdict, good=rule.good, bad=rule.bad, most=rule.cap)


def rule_of(item: pytest.Item, trials: int) -> Sprt | None:
    """Give the sequential test that a mark asks for; `None` where none does.

    ``sequential=True`` tests the bar against three quarters of it, ``sequential=0.7``
    against that rate. Raises `pytest.UsageError` for one that is not possible.
    """
    marks = [
        m.kwargs for m in item.iter_markers("agentflow") if "sequential" in m.kwargs
    ]
    if not marks or marks[0]["sequential"] is False:
        return None
    bad, at_least = marks[0]["sequential"], marks[0].get("at_least")
    try:
        if at_least is None or not isinstance(bad, (bool, float)):
            message = (
                "sequential=True needs a bar, at_least=0.9; sequential=0.7 also says "
                "which rate must be found out"
            )
            raise ValueError(message)  # noqa: TRY301 - told like the others
        needed = least_of(at_least, trials)
        bar = at_least if isinstance(at_least, float) else needed / trials
        return sequential_plan(bar, trials, None if bad is True else bad)
    except ValueError as error:
        message = f"{item.nodeid}: @pytest.mark.agentflow: {error}"
        raise pytest.UsageError(message) from None


def needed_of(item: pytest.Item, trials: int) -> int:
    """Give how many trials of a test must pass.

    Raises `pytest.UsageError` for a bar that is not possible.
    """
    marks = [m for m in item.iter_markers("agentflow") if "at_least" in m.kwargs]
    if not marks:
        return trials
    try:
        return least_of(marks[0].kwargs["at_least"], trials)
    except ValueError as error:
        message = f"{item.nodeid}: @pytest.mark.agentflow: {error}"
        raise pytest.UsageError(message) from None


def _reason(call: pytest.TestReport) -> str:
    """Say what failed first in a trial; what was judged rides on its report."""
    judged = json.loads(getattr(call, "agentflow", None) or "{}")
    told = first_failure(map(entry_from_text, judged.get("entries", ())))
    crash = getattr(call.longrepr, "reprcrash", None)
    return told or one_line(getattr(crash, "message", ""), REASON)


def _told(outcome: TrialsEntry, failed: Sequence[tuple[int, pytest.TestReport]]) -> str:
    texts = [f"trial {n} failed:\n{call.longreprtext}" for n, call in failed[:SHOWN]]
    if (more := len(failed) - SHOWN) > 0:
        texts.append(f"and {more} more trials failed")
    return "\n\n".join([trials_text(outcome), *texts])
