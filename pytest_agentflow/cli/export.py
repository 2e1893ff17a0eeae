"""agentflow export: runs and their verdicts as an OpenTelemetry trace."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.checks import read_check
from pytest_agentflow.cli.outcome import PASSED, CallWrong
from pytest_agentflow.cli.targets import find_targets, load_target
from pytest_agentflow.importers.otlp_export import otlp_of
from pytest_agentflow.model.text import plain_line


def main(argv: list[str]) -> int:
    """Write one file of OTLP JSON; verdicts change no exit status, `check` judges."""
    options = _parser().parse_args(argv)
    checks = [read_check(text) for text in options.check]
    paths = find_targets(options.run, pages=False)
    spans = []
    for path in paths:
        run = load_target(path, None)
        evaluation = evaluate(run, *checks) if checks else None
        spans += otlp_of(run, evaluation)["resourceSpans"]
    text = json.dumps({"resourceSpans": spans}, ensure_ascii=False) + "\n"
    try:
        options.to.write_text(text, "utf-8", "surrogatepass")
    except OSError as error:
        message = f"{options.to} cannot be written: {error.strerror or error}"
        raise CallWrong(message) from error
    said = f"{len(paths)} run{'s' * (len(paths) != 1)} -> {options.to}"
    sys.stdout.write(plain_line(said) + "\n")
    return PASSED


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="agentflow export", description=__doc__)
    add = parser.add_argument
    add("run", nargs="+", metavar="RUN", help="*.flow.json files, or folders of them")
    add(
        "-c",
        "--check",
        action="append",
        default=[],
        metavar="CHECK",
        help="a check whose verdict is exported, too; repeatable",
    )
    add("--to", type=Path, required=True, metavar="FILE", help="x.otlp.json")
    return parser
