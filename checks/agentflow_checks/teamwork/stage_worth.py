"""The check `stage_worth`: a stage that is there to find faults finds some."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import pytest_agentflow as af
from agentflow_checks.spending.amounts import money_text
from agentflow_checks.teamwork.json_path import parse_path
from agentflow_checks.teamwork.stage_worth_faults import (
    Judged,
    judge_stage,
    read_checks,
)

_SHOWN = 3
_CAUGHT = "stage_worth.caught"
_ALARMS = "stage_worth.false-alarms"
_COST = "stage_worth.cost"
_INTRODUCED = "stage_worth.introduced"


def _validate(
    stage: str,
    *,
    checks: Sequence[af.Check | str] = (),
    verdict: str | None = None,
    min_caught: float | None = None,
    max_false_alarms: float | None = None,
    max_introduced: int | None = None,
    max_cost: float | None = None,
    **_: Any,
) -> None:
    if isinstance(checks, (str, af.Check)) or not checks:
        message = f"checks= lists what {stage} is held against: [html_validity()]"
        raise ValueError(message)
    list(read_checks(checks))
    if verdict is not None:
        parse_path(verdict)
    shares = {"min_caught": min_caught, "max_false_alarms": max_false_alarms}
    for name, share in shares.items():
        if share is not None and not 0 <= share <= 1:
            message = f"{name}={share} is a share from 0 to 1"
            raise ValueError(message)
    limits = {"max_introduced": max_introduced, "max_cost": max_cost}
    for name, limit in limits.items():
        if limit is not None and limit < 0:
            message = f"{name}={limit} is negative; a limit is at least 0"
            raise ValueError(message)


@af.check("stage_worth", validate=_validate)
def stage_worth(
    run: af.Run,
    stage: str,
    *,
    checks: Sequence[af.Check | str],
    runs: str | None = None,
    verdict: str | None = None,
    min_caught: float | None = None,
    max_false_alarms: float | None = None,
    max_introduced: int | None = None,
    max_cost: float | None = None,
) -> Iterator[object]:
    """A stage that is there to find faults catches some, and says why it is worth it.

    Its faults are those that the checks find in what it was shown, the run without it.
    Caught are those that it repaired, and all that it refused to pass on; what it
    approved, and left as it was, it missed. Without limits it must catch one where
    there are any. Where no run holds a fault, nothing tells what the stage is worth.

    Args:
        run: the run.
        stage: the stage, such as ``qa``.
        checks: what counts as a fault: checks, or texts as a marker would be written.
        runs: glob of recordings below the recordings folder that are judged as well;
            rates are those of all of them. Planted faults belong there.
        verdict: JSON path of the stage's own verdict in its output; ``$.approved``
            where there is one.
        min_caught: smallest share of the faults that it catches, 0 to 1.
        max_false_alarms: largest share of faultless runs that it refuses, 0 to 1.
        max_introduced: faults that it may bring in.
        max_cost: largest price of a fault that it catches, in the run's currency.
    """
    wanted = tuple(read_checks(checks))
    every = list(_runs(run, runs))
    for one in every:
        if not any(s.outputs for s in one.stages):
            af.expect_content(one, "outputs")
        if not one.artefacts:
            af.expect_content(one, "artefacts")
    judged = [judge_stage(r, stage, wanted, verdict) for r in every]
    yield from _judge_caught(stage, judged, min_caught)
    if max_false_alarms is not None:
        yield from _judge_alarms(stage, judged, max_false_alarms)
    if max_introduced is not None:
        yield from _judge_introduced(stage, judged, max_introduced)
    if max_cost is not None:
        yield from _judge_cost(run, stage, judged, Decimal(str(max_cost)))
    yield from _exhibits(run, stage, judged)


def _runs(run: af.Run, pattern: str | None) -> Iterator[af.Run]:
    yield run
    if pattern is not None:
        beside = af.runs_beside(run, pattern)
        yield from (other for other in beside if other.id != run.id)


def _judge_caught(
    stage: str, judged: Sequence[Judged], least: float | None
) -> Iterator[object]:
    yield af.Rule(id=_CAUGHT, title="The stage catches the faults that it is shown")
    shown = sum(j.shown.total() for j in judged)
    caught = sum(j.caught.total() for j in judged)
    if not shown:
        text = f"no run holds a fault that these checks find in what {stage} is shown"
        yield af.Note(text=f"{text}: add runs with planted faults, runs=...")
        return
    yield af.Examined(rule=_CAUGHT, count=caught)
    if caught and caught / shown >= (least or 0):
        return
    missed: Counter[tuple[str, str]] = Counter()
    for j in judged:
        missed.update({(rule, j.run): n for (rule, _), n in j.missed.items()})
    most = [f"{rule} in {name}" for (rule, name), _ in missed.most_common(_SHOWN)]
    limit = "at least one" if least is None else f"at least {least:.0%}"
    yield af.Finding(
        rule=_CAUGHT,
        message=f"{stage} caught {caught} of {_faults(shown)}. {_approvals(judged)}"
        f" Missed: {', '.join(most)}{_more(missed)}",
        place=af.Place(stage=stage),
        observed=f"{caught} of {shown}",
        expected=limit,
        introduced_by=stage,
        evidence=f"{stage} caught {caught} of {shown}",
        subject=stage,
        why="A stage that finds nothing costs money and time, and gives false comfort.",
        fix=f"Show {stage} these faults as examples, give it another model, or leave "
        "the finding to the checks and take the stage out.",
    )


def _faults(number: int) -> str:
    return f"{number} fault" if number == 1 else f"{number} faults"


def _more(missed: Counter[tuple[str, str]]) -> str:
    return f" and {len(missed) - _SHOWN} more" if len(missed) > _SHOWN else ""


def _approvals(judged: Sequence[Judged]) -> str:
    told = [j for j in judged if j.approved is not None]
    if not told:
        return "It gave no verdict of its own."
    yes = [j for j in told if j.approved and not j.changed]
    faulty = sum(bool(j.shown) for j in yes)
    return (
        f"It approved {len(yes)} of {len(told)} pages as they were; "
        f"{faulty} of these held faults."
    )


def _judge_alarms(
    stage: str, judged: Sequence[Judged], most: float
) -> Iterator[object]:
    yield af.Rule(id=_ALARMS, title="The stage passes on what is faultless")
    clean = [j for j in judged if not j.shown and j.approved is not None]
    alarms = [j.run for j in clean if j.false_alarm]
    yield af.Examined(rule=_ALARMS, count=len(clean) - len(alarms))
    if clean and len(alarms) / len(clean) > most:
        yield af.Finding(
            rule=_ALARMS,
            message=f"{stage} refused {len(alarms)} of {len(clean)} runs that the "
            f"checks find nothing in, {most:.0%} is allowed: {', '.join(alarms)}",
            place=af.Place(stage=stage),
            observed=f"{len(alarms)} of {len(clean)}",
            expected=f"at most {most:.0%}",
            introduced_by=stage,
            evidence=f"{stage} false alarms",
            subject=stage,
            fix="Read what it complained about: it may see what the checks do not.",
        )
    else:
        yield af.Examined(rule=_ALARMS, count=len(alarms))


def _judge_introduced(
    stage: str, judged: Sequence[Judged], most: int
) -> Iterator[object]:
    yield af.Rule(id=_INTRODUCED, title="The stage brings no faults in")
    brought = [(j, j.introduced) for j in judged if j.introduced]
    yield af.Examined(rule=_INTRODUCED, count=len(judged) - len(brought))
    total = sum(faults.total() for _, faults in brought)
    if total <= most:
        yield af.Examined(rule=_INTRODUCED, count=len(brought))
        return
    for j, faults in brought:
        rules = ", ".join(sorted({rule for rule, _ in faults}))
        yield af.Finding(
            rule=_INTRODUCED,
            message=f"{stage} brought {_faults(faults.total())} into {j.run} "
            f"({total} into all {len(judged)} runs, {most} allowed): {rules}",
            place=af.Place(stage=stage),
            introduced_by=stage,
            evidence=f"{stage} {j.run} {rules}",
            subject=j.run,
            fix=f"Let {stage} say what is wrong, and the stage that made it repair it.",
        )


def _judge_cost(
    run: af.Run, stage: str, judged: Sequence[Judged], most: Decimal
) -> Iterator[object]:
    yield af.Rule(id=_COST, title="A fault that the stage catches is worth its price")
    caught = sum(j.caught.total() for j in judged)
    if not sum(j.shown.total() for j in judged):
        return
    cost, currency = _spent(stage, judged), run.cost(stage).currency
    if caught and cost / caught <= most:
        yield af.Examined(rule=_COST)
        return
    each = f"{money_text(cost / caught, currency)} each" if caught else "never one"
    yield af.Finding(
        rule=_COST,
        message=f"{stage} cost {money_text(cost, currency)} over {len(judged)} runs "
        f"and caught {_faults(caught)}, {each}; "
        f"{money_text(most, currency)} is allowed",
        place=af.Place(stage=stage),
        introduced_by=stage,
        evidence=f"{stage} cost of a fault",
        subject=stage,
        fix=f"Give {stage} a smaller model or a shorter prompt, or take it out.",
    )


def _spent(stage: str, judged: Sequence[Judged]) -> Decimal:
    unknown = [j.run for j in judged if j.cost is None]
    if unknown:
        message = f"what {stage} cost is not known in {unknown[0]}: a price is missing"
        raise af.CheckError(message)
    return sum((j.cost or Decimal(0) for j in judged), Decimal(0))


def _exhibits(
    run: af.Run, stage: str, judged: Sequence[Judged]
) -> Iterator[af.Exhibit]:
    verdicts = {True: "approved", False: "refused", None: "none"}
    yield af.Table(
        title=f"What {stage} was shown, and what it left",
        columns=(
            "run",
            "faults",
            "its verdict",
            "own version",
            "caught",
            "missed",
            "introduced",
            "false alarm",
        ),
        rows=tuple(
            (
                j.run,
                str(j.shown.total()),
                verdicts[j.approved],
                "yes" if j.changed else "no",
                str(j.caught.total()),
                str(j.missed.total()),
                str(j.introduced.total()),
                "yes" if j.false_alarm else "no",
            )
            for j in judged
        ),
        numeric=(1, 4, 5, 6),
    )
    brought = sum((j.introduced_by for j in judged), Counter[str]())
    mended = sum((j.repaired_by for j in judged), Counter[str]())
    names = [s.name for s in run.stages if brought[s.name] or mended[s.name]]
    others = sorted({*brought, *mended}.difference(s.name for s in run.stages))
    caught = sum(j.caught.total() for j in judged)
    priced = all(j.cost is not None for j in judged) and caught
    each = _spent(stage, judged) / caught if priced else None
    if names or others:
        yield af.Table(
            title="Faults by the stage that brought them in, and that repaired them",
            columns=("stage", "introduced", "repaired", "cost of a caught fault"),
            rows=tuple(
                (
                    name,
                    str(brought[name]),
                    str(mended[name]),
                    money_text(each, run.cost(stage).currency)
                    if each is not None and name == stage
                    else "",
                )
                for name in (*names, *others)
            ),
            numeric=(1, 2, 3),
        )
