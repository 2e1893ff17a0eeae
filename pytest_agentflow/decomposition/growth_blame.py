"""Which stage brings an excess of growth in, and what grows there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_agentflow.decomposition.growth_values import (
    Measured,
    Unmeasured,
    contexts,
    model_calls,
    written_tokens,
)
from pytest_agentflow.model.run import Run
from pytest_agentflow.statistics.growth import Growth
from pytest_agentflow.statistics.least_squares import weighted_fit

_NOTABLE = 1.02
_HELD = 0.5
_FEWEST = 3
_SHORTEST, _PROBE = 40, 160


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthBlame:
    """The stage of an excess, in a sentence; `None` where no single one has it."""

    stage: str | None
    sentence: str = ""
    cause: str = ""
    """``calls``, ``context``, ``output``, ``order`` of calls or ``model``; empty where
    none stands out."""
    fix: str = ""


NOBODY = GrowthBlame(stage=None)


def blame_growth(
    quantity: str, runs: Sequence[Run], measured: Measured, growth: Growth
) -> GrowthBlame:
    """Say which stage brings in most of an excess, and which factor of it grows.

    The excess term is fitted to each stage with the weights of the whole, so that the
    stages' terms add up to that of the whole.
    """
    shares = _shares(runs, measured, growth)
    if not shares:
        return GrowthBlame(stage=None, sentence="No stage can be named")
    name = max(shares, key=shares.__getitem__)
    share = min(shares[name], 1.0)
    told = f"{name} brings in {share:.0%} of the excess"
    if len(measured.stages) == 1:
        told = f"All of it is {name}'s"
    found = _cause(quantity, name, runs, growth)
    told += f": {found.sentence}" if found.sentence else ""
    stage = name if share >= _HELD and name in _asked(runs) else None
    return GrowthBlame(stage=stage, sentence=told, cause=found.cause, fix=found.fix)


def _asked(runs: Sequence[Run]) -> set[str]:
    return {call.stage for run in runs for call in run.calls}


def _shares(
    runs: Sequence[Run], measured: Measured, growth: Growth
) -> Mapping[str, float]:
    """Give each stage's share of the excess at the largest size, where it has one."""
    model = growth.model
    if model is None:
        return {}
    rows = [growth.row(float(run.size or 1), excess=True) for run in runs]
    least = 0.1 * min((m for m in map(model.at, rows) if m > 0), default=1.0)
    weights = [max(model.at(row), least) for row in rows]
    found: dict[str, float] = {}
    for stage in measured.stages:
        own = [one.get(stage, 0.0) / growth.unit for one in measured.values]
        fit = weighted_fit(rows, own, weights)
        if fit is not None and fit.coefficients[-1] > 0:
            found[stage] = fit.coefficients[-1]
    whole = sum(found.values())
    return {stage: excess / whole for stage, excess in found.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    sentence: str = ""
    cause: str = ""
    fix: str = ""


_WORDS = {
    "calls": "its calls grow",
    "context": "its context per call grows",
    "output": "its output per call grows",
    "order": "more of its calls wait for each other",
}
_MATTERS = {
    "calls": ("calls",),
    "context_per_call": ("context",),
    "prompt_tokens": ("calls", "context"),
    "output_tokens": ("calls", "output"),
}
FIXES = {
    "calls": "Bound how often {stage} asks for each item of the input.",
    "context": "Give each call of {stage} the part that it works on, not the whole of "
    "what grows with the input.",
    "output": "Ask {stage} for the part that changes, not for the whole again.",
    "order": "Make calls of {stage} side by side that do not need each other "
    "(asyncio.gather, a thread pool).",
    "model": "Look at why {stage} needs a larger model for a larger input.",
}


def _cause(quantity: str, stage: str, runs: Sequence[Run], growth: Growth) -> _Cause:
    """Hold the factors of a stage at the largest size against those at the next."""
    sizes = sorted({run.size or 1 for run in runs})
    small, large = sizes[-2:] if len(sizes) > 1 else (sizes[0], sizes[0])
    try:
        grown = {
            name: _ratio(runs, of, stage, small, large) for name, of in _FACTORS.items()
        }
    except Unmeasured:
        return _Cause()
    declared = growth.declared.relative(float(small), float(large))
    known = {n: r for n, r in grown.items() if r is not None}
    beyond = {n: r * declared if n == "calls" else r for n, r in known.items()}
    matters = _MATTERS.get(quantity, tuple(_FACTORS))
    named = [n for n in matters if n in beyond]
    worst = max(named, key=beyond.__getitem__, default="")
    told = ", ".join(f"{_FACTOR_WORDS[n]} x{r:.2f}" for n, r in known.items())
    steps = f"from size {small} to {large}: {told}"
    models = _models(runs, stage, small), _models(runs, stage, large)
    if quantity == "cost" and models[0] != models[1]:
        sentence = f"it asks {models[1]} instead of {models[0]} ({steps})"
        fix = FIXES["model"].format(stage=stage)
        return _Cause(sentence=sentence, cause="model", fix=fix)
    if not worst or beyond[worst] < _NOTABLE:
        return _Cause(sentence=steps)
    if quantity == "span" and worst == "calls":
        worst = "order"
    held = held_answers(runs, stage, large) if worst == "context" else ""
    return _Cause(
        sentence=f"{_WORDS[worst]} ({steps})" + (f". {held}" if held else ""),
        cause=worst,
        fix=FIXES[worst].format(stage=stage),
    )


def _calls(run: Run, stage: str) -> float | None:
    return float(len(model_calls(run, stage)))


def _context(run: Run, stage: str) -> float | None:
    return contexts(run).get(stage)


def _output(run: Run, stage: str) -> float | None:
    calls = model_calls(run, stage)
    whole = sum(written_tokens(run, call) for call in calls)
    return whole / len(calls) if calls else None


_FACTORS: Mapping[str, Callable[[Run, str], float | None]] = {
    "calls": _calls,
    "context": _context,
    "output": _output,
}
_FACTOR_WORDS = {
    "calls": "calls",
    "context": "context per call",
    "output": "output per call",
}


def _ratio(
    runs: Sequence[Run],
    of: Callable[[Run, str], float | None],
    stage: str,
    small: int,
    large: int,
) -> float | None:
    means = []
    for size in (small, large):
        found = [x for r in runs if r.size == size if (x := of(r, stage)) is not None]
        means.append(sum(found) / len(found) if found else 0.0)
    return means[1] / means[0] if means[0] else None


def _models(runs: Sequence[Run], stage: str, size: int) -> str:
    asked = {
        call.model or "an unnamed model"
        for run in runs
        if run.size == size
        for call in model_calls(run, stage)
    }
    return ", ".join(sorted(asked))


def held_answers(runs: Sequence[Run], stage: str, size: int | None) -> str:
    """Say whose earlier answers the longest prompt of a stage holds, if most of them.

    Looked for word for word after white space: what is told in other words is missed.
    """
    found = [call for r in runs if r.size == size for call in model_calls(r, stage)]
    longest = max(found, key=lambda call: len(call.prompt), default=None)
    if longest is None:
        return ""
    run = next(r for r in runs if r.size == size and longest in r.calls)
    prompt = _flat(longest.prompt)
    held: dict[str, list[bool]] = {}
    for call in model_calls(run):
        answer = _flat(call.answer or "")
        if call is not longest and len(answer) >= _SHORTEST:
            held.setdefault(call.stage, []).append(answer[:_PROBE] in prompt)
    whose = max(held, key=lambda name: sum(held[name]), default=None)
    if whose is None or sum(held[whose]) < max(_FEWEST, _HELD * len(held[whose])):
        return ""
    many = f"{sum(held[whose])} of the {len(held[whose])} other answers of {whose}"
    return f"The longest prompt of {stage} holds {many} again"


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
