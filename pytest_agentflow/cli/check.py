"""agentflow check: judge recordings and pages without pytest."""

from __future__ import annotations

import argparse
import datetime as dt
import shlex
import sys
from pathlib import Path

from pytest_agentflow.checking.check import Check, CheckError
from pytest_agentflow.checking.discovery import engine_versions
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.checking.message import failure_messages
from pytest_agentflow.checking.prepare import prepare
from pytest_agentflow.checking.waivers import BadWaiver, Waiver, load_waivers
from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.checks import read_check
from pytest_agentflow.cli.judges import add_judge_options, judge_of
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.people import configured
from pytest_agentflow.cli.targets import find_targets, load_target
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.document import Entry, Report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.progress import Progress
from pytest_agentflow.report.terminal import summary_lines
from pytest_agentflow.report.write import check_path, write


def main(argv: list[str]) -> int:
    """Judge every target by every check; print what fails, write the reports."""
    options = _parser().parse_args(argv)
    _check_reports(options.report)
    checks = [read_check(text) for text in options.check]
    _prepare(checks)
    waivers = _waivers(options.waivers)
    paths = find_targets(options.target)
    progress = Progress(sys.stderr)
    entries = [_judge(path, checks, waivers, options, progress) for path in paths]
    progress.clear()
    failures = list(failure_messages(entry.evaluation for entry in entries))
    report = build_report(
        entries,
        mode="check",
        versions=engine_versions(),
        created=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        command=shlex.join(["agentflow", "check", *argv]),
    )
    _print(report, failures, options.report)
    return FAILED if failures else PASSED


def _judge(
    path: Path,
    checks: list[Check],
    waivers: tuple[Waiver, ...],
    options: argparse.Namespace,
    progress: Progress,
) -> Entry:
    run = load_target(path, options.root)
    evaluation = evaluate(
        run,
        *checks,
        judge=judge_of(
            options, lambda *_: f"{_command(path, options)} --judge-mode record"
        ),
        waivers=waivers,
        strict=options.strict,
        progress=lambda check, name: progress(check, plain_line(name)),
    )
    return build_entry(str(path), run, evaluation, reproduce=_command(path, options))


def _command(path: Path, options: argparse.Namespace) -> str:
    """Give the command that judges this one target in the same way."""
    words = ["agentflow", "check", str(path)]
    words += [word for check in options.check for word in ("-c", check)]
    words += ["--root", str(options.root)] if options.root else []
    words += ["--waivers", str(options.waivers)] if options.waivers else []
    words += ["--judge", options.judge] if options.judge else []
    return shlex.join(words + ["--strict"] * options.strict)


def _print(report: Report, failures: list[str], paths: list[str]) -> None:
    out = sys.stdout
    for failure in failures:
        out.write(f"{failure}\n\n")
    for path in paths:
        try:
            write(report, Path(path))
        except (OSError, ValueError) as error:
            raise CallWrong(str(error)) from error
    lines = summary_lines(report, width=100)
    out.write(
        "\n".join([*lines, *(f"report: {plain_line(path)}" for path in paths)]) + "\n"
    )


def _prepare(checks: list[Check]) -> None:
    try:
        prepare(checks)
    except CheckError as error:
        raise CallWrong(str(error)) from error


def _check_reports(paths: list[str]) -> None:
    """Refuse a report that cannot be written before anything is judged."""
    for path in paths:
        try:
            check_path(Path(path))
        except ValueError as error:
            message = f"--report: {plain_line(str(error))}"
            raise CallWrong(message) from error


def _waivers(path: Path | None) -> tuple[Waiver, ...]:
    """Read the waivers given, else those of the project's ``agentflow_waivers``."""
    if path is None:
        place, named = configured(Path.cwd(), "agentflow_waivers")
        path = place / named[0].strip() if named else None
    try:
        return load_waivers(path) if path is not None else ()
    except BadWaiver as error:
        raise CallWrong(str(error)) from error


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="agentflow check",
        description="Judge recordings, HTML pages or folders of either.",
        epilog=(
            "Exit status: 0 all passed, 1 some check did not, 2 the call was wrong. "
            "Example: agentflow check site/ -c html_validity -c accessibility "
            "--report quality.html"
        ),
    )
    add = parser.add_argument
    add("target", nargs="+", metavar="TARGET", help="*.flow.json, *.html or a folder")
    add(
        "-c",
        "--check",
        action="append",
        required=True,
        metavar="CHECK",
        help='a check as a marker is written: accessibility("AA"); repeatable',
    )
    add(
        "--report",
        action="append",
        default=[],
        metavar="PATH",
        help=".html, .json, .md, .sarif",
    )
    add("--root", type=Path, help="the site's root folder, for links between pages")
    add(
        "--waivers",
        type=Path,
        help="YAML file of waivers; else the setting agentflow_waivers",
    )
    add_judge_options(parser)
    add("--strict", action="store_true", help="undecided subjects fail, too")
    return parser
