"""How many of a stage's claims its sources do not support."""

from __future__ import annotations

import pytest_agentflow as af
from agentflow_checks.grounding.hallucination import hallucination

NOT_KNOWN = "not known"


def unsupported_rate(run: af.Run, stage: str) -> str:
    """Give the unsupported claims of a stage as ``2 of 31 (6%)``, as far as known.

    Counted are claims that the hallucination check decides for this stage; those it
    leaves as questions are no claims here. ``not known`` where it cannot judge.
    """
    if not run.sources:
        return NOT_KNOWN
    evaluation = af.evaluate(run, hallucination(stage=stage))
    (result,) = evaluation.results
    failed = sum(rule.failed for rule in result.rules)
    decided = failed + sum(rule.passed for rule in result.rules)
    if result.verdict is af.Verdict.ERROR or not decided:
        return NOT_KNOWN
    return f"{failed} of {decided} ({failed / decided:.0%})"
