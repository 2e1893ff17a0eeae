"""promptfoo: every stage of every run, by its deterministic assertions."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import exported, install
from .subjects import EXAMPLE, STAGES, Subject
from .verdicts import Failure, Judged, stage_named

TOOL = "promptfoo"
CONFIG = Path(__file__).parent / "config" / "promptfoo"
QUICK = ("--no-cache", "--no-table", "--no-progress-bar")


def judge(subjects: tuple[Subject, ...], tools: Path, work: Path) -> Judged:
    """Evaluate all runs in one evaluation."""
    modules = install.node_package(TOOL, tools)
    folder = prepared(subjects, work)
    result = folder / "result.json"
    command = [modules / ".bin" / "promptfoo", "eval", *QUICK, "-o", result]
    begin = time.perf_counter()
    done = install.run(command, folder, {"PROMPTFOO_CONFIG_DIR": str(work / "state")})
    seconds = time.perf_counter() - begin
    if not result.is_file():
        raise RuntimeError(f"promptfoo gave no result: {done.stdout[-800:]}")
    rows = json.loads(result.read_text("utf-8"))["results"]["results"]
    return Judged(
        tool=TOOL,
        versions=install.node_version(modules, "promptfoo"),
        seconds=seconds,
        failures=by_run(rows),
    )


def prepared(subjects: tuple[Subject, ...], work: Path) -> Path:
    """The configuration, with the runs that it reads beside it."""
    folder = work / TOOL
    shutil.copytree(CONFIG, folder)
    shutil.copy(EXAMPLE / "brand.tokens.json", folder)
    (folder / "runs").symlink_to(work / "runs")
    scenario = {
        "config": [{"vars": exported.variables(subject)} for subject in subjects],
        "tests": "file://tests.yaml",
    }
    (folder / "scenario.json").write_text(json.dumps(scenario), "utf-8")
    return folder


def by_run(rows: list[dict[str, Any]]) -> dict[str, tuple[Failure, ...]]:
    """Failing assertions by run; a run is there even where all of its passed."""
    found: dict[str, tuple[Failure, ...]] = {}
    for row in rows:
        name = row["vars"]["run"]
        found[name] = (*found.get(name, ()), *_failures(row))
    return found


def _failures(row: dict[str, Any]) -> Iterator[Failure]:
    label = row["testCase"]["description"]
    parts = (row.get("gradingResult") or {}).get("componentResults") or []
    if not parts:
        raise RuntimeError(f"promptfoo judged nothing of {label}: {row.get('error')}")
    for part in parts:
        if not part["pass"]:
            said = part["reason"]
            yield Failure(
                label=label,
                by=part["assertion"]["type"],
                message=said,
                stage=stage_named(label, said, STAGES),
            )
