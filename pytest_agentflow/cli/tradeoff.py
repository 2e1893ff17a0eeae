"""agentflow tradeoff: how many stages, which model, and what the split is worth."""

from __future__ import annotations

import argparse
import glob
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from pytest_agentflow.checking.check import Check, CheckError
from pytest_agentflow.checking.prepare import prepare
from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.checks import read_check
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.targets import find_targets, load_target
from pytest_agentflow.decomposition.tradeoff import Tradeoff, tradeoff
from pytest_agentflow.decomposition.tradeoff_figures import OBJECTIVES
from pytest_agentflow.decomposition.tradeoff_money import Declared
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.report.page_one import render_page_one
from pytest_agentflow.report.tradeoff_csv import render_csv
from pytest_agentflow.report.tradeoff_json import render_json
from pytest_agentflow.report.tradeoff_terminal import tradeoff_lines
from pytest_agentflow.statistics.outcome import Decision

CHEAP = "html_validity"
"""Judges a page in tens of milliseconds, without a browser or a model."""

_DECLARED = {
    "volume": ("RUNS", "runs a month"),
    "engineering-cost": ("MONEY", "spent once, to build the split"),
    "months": ("N", "over which engineering is written off"),
    "upkeep": ("MONEY", "a month, beyond what the single model needs"),
    "fine-tuning": ("MONEY", "spent once on fine-tuning; 0 for none"),
    "fine-tuning-requests": ("N", "requests over which it is written off"),
    "error-price": ("MONEY", "of a run that fails a check; 0 for nothing"),
    "requests-per-user": ("N", "runs of one user in a month"),
}


def main(argv: list[str]) -> int:
    """Weigh the runs, print the answers, write page one and the CSV."""
    options = _parser().parse_args(argv)
    checks = [_check(text) for text in options.check or [CHEAP]]
    runs = _runs(options.runs)
    try:
        told = tradeoff(
            runs,
            baseline=options.baseline,
            in_use=options.in_use,
            checks=checks,
            quality_margin=options.quality_margin,
            objective=options.objective,
            declared=_declared(options),
            models=options.by == "model",
            coordinators=options.coordinator,
            discarded_takes=options.discarded_takes,
            alpha=options.alpha,
        )
    except (ValueError, CheckError) as error:
        raise CallWrong(str(error)) from error
    command = shlex.join(["agentflow", "tradeoff", *argv])
    _write(told, options, command)
    _print(told, options)
    return PASSED if told.decision is Decision.PASS else FAILED


def _write(told: Tradeoff, options: argparse.Namespace, command: str) -> None:
    if options.report is not None:
        page = render_page_one(told, noun=options.noun, command=command)
        _write_text(options.report, page)
    if options.csv is not None:
        _write_text(options.csv, render_csv(told))


def _write_text(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror or error}"
        raise CallWrong(message) from error


def _print(told: Tradeoff, options: argparse.Namespace) -> None:
    out = sys.stdout
    if options.json:
        out.write(f"{render_json(told)}\n")
        return
    for line in tradeoff_lines(told, options.noun):
        out.write(f"{plain_line(line)}\n" if line else "\n")
    if not options.check:
        out.write(f"quality is judged by {CHEAP}, which is cheap: -c chooses others\n")
    for name, path in (("report", options.report), ("csv", options.csv)):
        if path is not None:
            out.write(f"{name}: {plain_line(str(path))}\n")


def _runs(targets: Sequence[str]) -> list[Run]:
    paths = [
        p for target in targets for p in find_targets(_expand(target), pages=False)
    ]
    return [load_target(path, None) for path in dict.fromkeys(paths)]


def _expand(target: str) -> list[str]:
    """Give what a pattern matches that no shell has expanded; else the path."""
    if Path(target).exists() or not glob.has_magic(target):
        return [target]
    found = sorted(glob.glob(target, recursive=True))  # noqa: PTH207 - absolute, too
    if not found:
        message = f"{target} matches no file or folder"
        raise CallWrong(message)
    return [
        path for path in found if Path(path).is_dir() or path.endswith(".flow.json")
    ]


def _declared(options: argparse.Namespace) -> Declared:
    names = (name.replace("-", "_") for name in _DECLARED)
    return Declared(**{name: getattr(options, name) for name in names})


def _check(text: str) -> Check:
    check = read_check(text)
    try:
        prepare([check])
    except CheckError as error:
        message = f"-c {text!r}: {error}"
        raise CallWrong(message) from error
    return check


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="agentflow tradeoff",
        description="Weigh how many stages a workflow should have: recordings of the "
        "single model and of splits into several numbers of stages, case by case.",
        epilog="Exit status: 0 it is decided that the split pays, whether or not it "
        "has the best number of stages; 1 it does not pay, has too many stages, or the "
        "runs cannot tell (INCONCLUSIVE); 2 the call or the input was wrong. What is "
        "not declared is not assumed: it is asked for by name. Example: agentflow "
        "tradeoff recordings/ -c html_validity --by model --volume 10000 --report "
        "page.html",
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUNS", help="*.flow.json, folders or patterns")
    add("--baseline", metavar="WORKFLOW", help="the single model; default: one stage")
    add("--in-use", metavar="WORKFLOW", help="the split; default: most recordings")
    add(
        "-c",
        "--check",
        action="append",
        metavar="CHECK",
        help=f"what decides whether a run is good; repeatable; default: {CHEAP}",
    )
    add(
        "--quality-margin",
        type=float,
        default=0.10,
        metavar="SHARE",
        help="0.1: the pass rate may be 10 points lower",
    )
    add("--objective", choices=OBJECTIVES, default="money", help="default: money")
    add("--by", choices=["model"], help="which model would do in each stage, too")
    add(
        "--coordinator",
        action="append",
        default=[],
        metavar="STAGE",
        help="a stage that plans, routes or orchestrates: its calls count as "
        "orchestration, like calls in no stage and charges beside the models; "
        "repeatable",
    )
    add(
        "--discarded-takes",
        choices=["refuse", "allow"],
        default="refuse",
        help="runs that were selected among several takes; default: refuse",
    )
    add("--alpha", type=float, default=0.05, help="chance that one bound is wrong")
    add("--noun", default="run", metavar="WORD", help="what a run makes: site")
    for name, (metavar, text) in _DECLARED.items():
        add(f"--{name}", type=float, metavar=metavar, help=text)
    add("--report", type=Path, metavar="PAGE.html", help="page one, for whoever pays")
    add("--csv", type=Path, metavar="OUT.csv", help="all figures, one a line")
    add("--json", action="store_true", help="print everything as JSON")
    return parser
