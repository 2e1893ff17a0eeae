"""Replayed cases: what does judging one case by six checks cost, and where does it go?

RECORDINGS is a folder of recordings of the sample, ``examples/website_builder``, whose
workflow is replayed; by default the sample's own. The first case warms browser and HTML
checker up and is shown apart; every other case is measured with nothing kept of it.

    python benchmarks/replay_case.py [RECORDINGS] [--json] [--rounds 3] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import statistics
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agentflow_checks import (
    accessibility,
    cost,
    design,
    hallucination,
    html_validity,
    policy,
)
from agentflow_checks.web import session as web
from agentflow_checks.web import validator, visits

import pytest_agentflow as af
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.settings import RunSettings

SAMPLE = Path(__file__).resolve().parents[1] / "examples" / "website_builder"
WORKFLOW = "build_site"
LIMIT = 2.0
"""Seconds that a warm case may take."""

CHECKS = (
    policy("policies/company.yaml"),
    design("brand.tokens.json"),
    accessibility("AA"),
    html_validity(),
    hallucination(stage="personalizer"),
    cost(total=0.12, stages={"personalizer": 0.02, "artist": 0.06}),
)


def main() -> int:
    """Replay and judge every case; 1 when a warm one takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", nargs="?", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of timing")
    parser.add_argument("--profile", action="store_true", help="print a profile, too")
    options = parser.parse_args()
    recordings = (options.recordings or SAMPLE / "recordings").resolve()
    cases = sorted(p.name.partition(".")[0] for p in files_of(recordings))
    if not cases:
        parser.error(f"no {WORKFLOW}/*.flow.json below {recordings}")
    flow, workflow = prepared(recordings)
    profile = cProfile.Profile()
    try:
        cold = measured(flow, workflow, recordings, cases[0])
        if options.profile:
            profile.enable()
        warm = [
            measured(flow, workflow, recordings, case)
            for _ in range(options.rounds)
            for case in cases
        ]
        profile.disable()
    finally:
        web.shutdown()
    figures = summary(cold, warm)
    show(figures, cases, options.rounds)
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    if options.json:
        print(json.dumps(figures))
    return int(figures["slowest case, s"] >= LIMIT)


def files_of(recordings: Path) -> list[Path]:
    """Find the recordings of the workflow."""
    return sorted((recordings / WORKFLOW).glob("*.flow.json"))


def prepared(recordings: Path) -> tuple[AgentFlow, Callable[..., Any]]:
    """Set the sample up as its own configuration says, without pytest."""
    sys.path.insert(0, str(SAMPLE))
    # The sample finds its profiles as it does when pytest runs in its folder.
    os.chdir(SAMPLE)
    ini = tomllib.loads((SAMPLE / "pyproject.toml").read_text("utf-8"))
    ini = ini["tool"]["pytest"]["ini_options"]
    settings = RunSettings(
        recordings=lambda: recordings,
        stages=tuple(ini["agentflow_stages"].splitlines()),
        retrievers=tuple(ini["agentflow_retrievers"].splitlines()),
        case_for=lambda inputs: str(inputs["profile"]),
    )
    from site_builder import build_site  # noqa: PLC0415 - the sample's own

    return AgentFlow(settings), build_site


def measured(
    flow: AgentFlow, workflow: Callable[..., Any], recordings: Path, case: str
) -> dict[str, Any]:
    """Replay and judge one case with nothing kept of it; seconds per part."""
    forget()
    spent: dict[str, float] = {}
    begin = time.perf_counter()
    run = flow.run(workflow, profile=case)
    # Policies and tokens are looked for from the recordings upwards.
    run = replace(run, folder=recordings if within(recordings) else SAMPLE)
    spent["replay"] = time.perf_counter() - begin
    verdicts = {}
    for check in CHECKS:
        start = time.perf_counter()
        (result,) = af.evaluate(run, check).results
        spent[result.check] = time.perf_counter() - start
        verdicts[result.check] = str(result.verdict)
    steps = Counter[str]()
    for kept in visits._state.visits.values():  # noqa: SLF001 - where a visit went
        steps.update(kept.visit.timings)
    return {
        "case": case,
        "seconds": sum(spent.values()),
        "parts": spent,
        "visits": len(visits._state.visits),  # noqa: SLF001
        "pictures": len(visits._state.pictures),  # noqa: SLF001
        "steps": {name: ms / 1000 for name, ms in steps.items()},
        "verdicts": verdicts,
    }


def within(recordings: Path) -> bool:
    """Tell whether the sample's files are found from this folder upwards."""
    return SAMPLE in recordings.parents


def forget() -> None:
    """Have every page visited and checked anew."""
    visits._state.visits.clear()  # noqa: SLF001
    visits._state.pictures.clear()  # noqa: SLF001
    validator._kept.clear()  # noqa: SLF001


def summary(cold: dict[str, Any], warm: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the figures."""
    figures: dict[str, Any] = {
        "first case, engines started, s": round(cold["seconds"], 3),
        "warm case, median s": round(
            statistics.median(one["seconds"] for one in warm), 3
        ),
        "slowest case, s": round(max(one["seconds"] for one in warm), 3),
        "visits a case": statistics.mean(one["visits"] for one in warm),
        "pictures a case": statistics.mean(one["pictures"] for one in warm),
        "not passed": sorted(
            {
                f"{one['case']} {check} {verdict}"
                for one in warm
                for check, verdict in one["verdicts"].items()
                if verdict != "passed"
            }
        ),
    }
    for kind, title in (("parts", "of it"), ("steps", "of its visits")):
        for name in warm[0][kind]:
            typical = statistics.median(one[kind].get(name, 0.0) for one in warm)
            figures[f"{title}: {name}, median ms"] = round(1000 * typical, 1)
    return figures


def show(figures: dict[str, Any], cases: list[str], rounds: int) -> None:
    """Print the table."""
    print(f"{len(cases)} cases, {rounds} rounds, {len(CHECKS)} checks")
    for name, value in figures.items():
        print(f"{name:44} {value}")


if __name__ == "__main__":
    raise SystemExit(main())
