"""How reliable stages are together, repeated, voted on, and tested one by one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pytest_agentflow.statistics.outcome import Decision
from pytest_agentflow.statistics.proportion import Proportion
from pytest_agentflow.statistics.sample import share

#: More votes ahead than this are no advice.
_MOST_AHEAD = 1000


def pass_at_k(passed: int, trials: int, k: int) -> float:
    """Estimate the chance that at least one of `k` trials passes.

    The unbiased estimate 1 - C(trials - passed, k) / C(trials, k) (Chen et al. 2021,
    arXiv 2107.03374).

    Raises:
        ValueError: for counts that cannot be, or more than the trials made.
    """
    seen = Proportion(passed=passed, trials=trials)
    return 1 - Proportion(passed=trials - seen.passed, trials=trials).all_of(k)


def pass_hat_k(passed: int, trials: int, k: int) -> float:
    """Estimate pass^k, the chance that all of `k` trials pass.

    The unbiased estimate C(passed, k) / C(trials, k) (Yao et al. 2024, tau-bench,
    arXiv 2406.12045); (passed / trials)^k claims too much. Print it with the number of
    trials: at four, its standard deviation is about 0.47.

    Raises:
        ValueError: for counts that cannot be, or more than the trials made.
    """
    return Proportion(passed=passed, trials=trials).all_of(k)


def series_reliability(stages: Iterable[float]) -> float:
    """Give the chance that a chain succeeds whose stages all must, independently.

    Args:
        stages: the chance of success of each stage, 0 to 1. No stage never fails.

    Raises:
        ValueError: for what is no chance.
    """
    return math.prod(_chance(p, "stages") for p in stages)


def vote_reliability(p: float, ahead: int) -> float:
    """Give the chance that voting until one answer leads by `ahead` ends right.

    1 / (1 + ((1 - p) / p)^ahead), for two answers and independent votes (gambler's
    ruin; Meyerson et al. 2025, arXiv 2511.09030).

    Args:
        p: chance that one vote is right, 0 to 1.
        ahead: votes by which the winner leads, at least 1.
    """
    _chance(p, "p")
    _count(ahead, "ahead")
    if p in (0, 1):
        return float(p)
    log_odds = ahead * (math.log(p) - math.log1p(-p))
    if log_odds < -700:
        return 0.0
    return 1 / (1 + math.exp(-log_odds))


def vote_calls(p: float, ahead: int) -> float:
    """Give the expected number of votes until one answer leads by `ahead`.

    ahead (2P - 1) / (2p - 1) with P of `vote_reliability`; ahead^2 at p = 1/2.

    Args:
        p: chance that one vote is right, 0 to 1.
        ahead: votes by which the winner leads, at least 1.
    """
    won = vote_reliability(p, ahead)
    if abs(2 * p - 1) < 1e-9:
        return float(ahead) ** 2
    return ahead * (2 * won - 1) / (2 * p - 1)


def k_min(p: float, steps: int, target: float) -> int | None:
    """Give the least lead for which `steps` voted steps all succeed often enough.

    ceil(ln(target^(-1/steps) - 1) / ln((1 - p) / p)): it grows like the logarithm of
    the number of steps (Meyerson et al. 2025).

    Args:
        p: chance that one vote on one step is right, 0 to 1.
        steps: how many steps must succeed, at least 1.
        target: wanted chance that all do, between 0 and 1.

    Returns:
        The lead; `None` where none will do: votes that are right at most every other
        time make it worse, and leads above 1000 are no plan.
    """
    _chance(p, "p")
    _count(steps, "steps")
    share(target, "target")
    if p == 1:
        return 1
    if p <= 0.5:
        return None
    # expm1 keeps the digits that 1.0 - 1e-12 would lose.
    wanted = math.log(math.expm1(-math.log(target) / steps))
    lead = max(math.ceil(wanted / (math.log1p(-p) - math.log(p)) - 1e-9), 1)
    return lead if lead <= _MOST_AHEAD else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprt:
    """Wald's sequential test of a pass rate, one trial after another.

    It decides with as few trials as possible between "passes at least `good`" and
    "passes at most `bad`", and unlike rerunning until green it keeps its error rates.
    `after` gives the next state; nothing changes in place.
    """

    good: float = 0.95
    """Pass rate of a workflow that is to be accepted."""
    bad: float = 0.70
    """Pass rate of one that is to be found out."""
    alpha: float = 0.05
    """Chance of a FAIL at `good`."""
    beta: float = 0.05
    """Chance of a PASS at `bad`."""
    cap: int = 40
    """Most trials; undecided then, it stays INCONCLUSIVE."""
    passed: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        for name in ("good", "bad", "alpha", "beta"):
            share(getattr(self, name), name)
        if not self.bad < self.good or self.alpha + self.beta >= 1:
            message = (
                f"good={self.good} must lie above bad={self.bad}, and alpha + beta "
                "below 1"
            )
            raise ValueError(message)
        _count(self.cap, "cap")

    @property
    def trials(self) -> int:
        """How many were made."""
        return self.passed + self.failed

    @property
    def evidence(self) -> float:
        """Log of the likelihood ratio of `bad` over `good`."""
        lost = math.log(self.bad / self.good)
        found = math.log((1 - self.bad) / (1 - self.good))
        return self.passed * lost + self.failed * found

    @property
    def decision(self) -> Decision:
        """PASS or FAIL once known; INCONCLUSIVE before, and at the cap."""
        if self.evidence >= math.log((1 - self.beta) / self.alpha):
            return Decision.FAIL
        if self.evidence <= math.log(self.beta / (1 - self.alpha)):
            return Decision.PASS
        return Decision.INCONCLUSIVE

    @property
    def finished(self) -> bool:
        """Whether no further trial is to be made."""
        return self.trials >= self.cap or self.decision is not Decision.INCONCLUSIVE

    def after(self, passed: bool) -> Sprt:
        """Give the state after one more trial; a finished test stays as it is."""
        if self.finished:
            return self
        if passed:
            return replace(self, passed=self.passed + 1)
        return replace(self, failed=self.failed + 1)


def sprt(results: Sequence[bool], **settings: float) -> Sprt:
    """Run a sequential test over trials already made, stopping where it would have.

    Args:
        results: whether each trial passed, in order.
        **settings: of `Sprt`: good, bad, alpha, beta, cap.
    """
    state = Sprt(**settings)  # type: ignore[arg-type] # cap is a whole number
    for passed in results:
        state = state.after(passed)
    return state


def sequential_plan(at_least: float, most: int, bad: float | None = None) -> Sprt:
    """Plan a sequential test of a bar: does a workflow pass at least so often?

    A workflow that passes as often as the bar says fails the test with a chance of 5 %,
    and one that passes only as often as `bad` passes it with a chance of 5 %. What lies
    between may go either way: a `bad` nearer the bar costs more trials.

    Args:
        at_least: the bar, a rate between 0 and 1.
        most: trials after which it is given up, undecided.
        bad: a rate that must be found out; three quarters of the bar if not given.

    Raises:
        ValueError: for rates that make no sense, or so few trials that even a workflow
            that always passes could not pass the test.
    """
    share(at_least, "at_least")
    plan = Sprt(good=at_least, bad=0.75 * at_least if bad is None else bad, cap=most)
    fewest = math.ceil(
        math.log(plan.beta / (1 - plan.alpha)) / math.log(plan.bad / plan.good) - 1e-9
    )
    if fewest > most:
        message = (
            f"{most} trials cannot tell a rate of {plan.good:g} from {plan.bad:g}: "
            f"the sequential test needs {fewest} at least, and more where some fail"
        )
        raise ValueError(message)
    return plan


def error_amplification(error: float, baseline_error: float) -> float | None:
    """Give how many times the single model's error rate the workflow's is.

    E_workflow / E_single (Kim et al. 2025, arXiv 2512.08296); 1 is as good.

    Args:
        error: share of the workflow's cases that fail, 0 to 1.
        baseline_error: the same of the single model.

    Returns:
        The factor; `None` where the single model made no error.
    """
    _chance(error, "error")
    return error / _chance(baseline_error, "baseline_error") if baseline_error else None


def absorption(error: float, baseline_error: float) -> float | None:
    """Give the share of the single model's errors that the workflow avoids.

    (E_single - E_workflow) / E_single (Kim et al. 2025); negative if it adds some.

    Returns:
        The share; `None` where the single model made no error.
    """
    factor = error_amplification(error, baseline_error)
    return None if factor is None else 1 - factor


def _chance(p: float, name: str) -> float:
    if not 0 <= p <= 1:
        message = f"{name}: {p} is no chance; it lies from 0 to 1, as in 0.9"
        raise ValueError(message)
    return p


def _count(value: int, name: str) -> None:
    if value < 1 or value != int(value):
        message = f"{name}={value} must be a whole number of at least 1"
        raise ValueError(message)
