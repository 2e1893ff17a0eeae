"""``agentflow handoff init``: a mark for what healthy recordings have in common."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.teamwork.handoff_proposal import Proposal, Unhealthy, propose
from agentflow_checks.teamwork.handoff_readings import Reading

LEAST = 3
_WRONG = 2
_WIDTH = 88


def handoff(argv: list[str]) -> int:
    """Propose what hand-offs must carry, of healthy runs; 0, or 2 if refused."""
    options = _parser().parse_args(argv)
    try:
        runs = [af.load(path) for path in _recordings(options.recordings)]
        found = propose(runs, least=options.least)
    except (Unhealthy, af.RecordingError) as error:
        sys.stderr.write(f"agentflow handoff init: {error}\n")
        return _WRONG
    sys.stdout.write("\n".join(_lines(found)) + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="agentflow handoff",
        description="Propose must_carry, reads and the order of stages.",
    )
    commands = parser.add_subparsers(required=True, metavar="init")
    init = commands.add_parser("init", help="print marks to paste, and why")
    init.add_argument("recordings", nargs="+", type=Path, metavar="RECORDINGS")
    init.add_argument(
        "--least", type=_at_least_2, default=LEAST, help="fewest runs (default: 3)"
    )
    return parser


def _at_least_2(text: str) -> int:
    number = int(text)
    if number < 2:
        message = "one run has nothing in common with any other; at least 2"
        raise argparse.ArgumentTypeError(message)
    return number


def _recordings(given: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        found += [path] if path.is_file() else af.find_recordings(path)
    return list(dict.fromkeys(found))


def _lines(found: Proposal) -> Iterator[str]:
    yield (
        f"{found.workflow}: {found.runs} runs of {found.cases} cases; what all kept "
        f"may still fail in up to {found.may_fail:.0%} of runs (95 %)"
    )
    if found.authored:
        yield "authored answers: illustrates the tool, is no evidence"
    yield ""
    yield f"stages, the same in {found.runs} of {found.runs} runs"
    for name, after in found.stages:
        yield f"  {name}" + (f", after {' and '.join(after)}" if after else "")
    yield ""
    yield f"what reaches {found.to or 'the final page'} in every run"
    for one in found.carries:
        yield (
            f"  {one.stage} {one.path}: {one.values} of {one.values} values, "
            f"{one.runs} of {one.runs} runs"
        )
    if not found.carries:
        yield "  no part of an output: only text, or all parts lost something"
    yield ""
    yield "what stages are given of the outputs before them"
    for reading in found.readings:
        yield f"  {_told(reading, found.runs)}"
    yield ""
    yield "to paste above the test"
    yield from _marks(found)


def _told(one: Reading, runs: int) -> str:
    given = f"{one.given} of {one.values} values given, in {one.runs} of {runs} runs"
    if one.used is None:
        use = "quoted nowhere, as in verdicts and pictures: counts as read"
    elif one.used:
        use = f"{one.used} of {one.shown} used"
    else:
        use = "none used: left out of reads, so that coordination fails on it"
    return f"{one.reader} {one.stage}:{one.path}: {given}, {use}"


def _marks(found: Proposal) -> Iterator[str]:
    if found.order:
        yield f"@pytest.mark.stage_order({', '.join(map(json.dumps, found.order))})"
    to = f", to={json.dumps(found.to)}" if found.to else ""
    for stage in dict.fromkeys(one.stage for one in found.carries):
        paths = [one.path for one in found.carries if one.stage == stage]
        yield from _call(f"handoff({json.dumps(stage)}, must_carry=", paths, f"{to})")
    reads = _reads(found)
    if reads:
        yield "@pytest.mark.coordination("
        yield "    reads={"
        for name, sections in reads.items():
            yield f"        {json.dumps(name)}: ["
            yield from (f"            {json.dumps(section)}," for section in sections)
            yield "        ],"
        yield "    }"
        yield ")"


def _call(head: str, paths: Sequence[str], tail: str) -> Iterator[str]:
    line = f"@pytest.mark.{head}{json.dumps(paths)}{tail}"
    if len(line) <= _WIDTH:
        yield line
        return
    yield f"@pytest.mark.{head}["
    yield from (f"    {json.dumps(path)}," for path in paths)
    yield f"]{tail}"


def _reads(found: Proposal) -> dict[str, list[str]]:
    reads: dict[str, list[str]] = {}
    for one in found.readings:
        if one.is_read:
            reads.setdefault(one.reader, []).append(f"{one.stage}:{one.path}")
    return reads
