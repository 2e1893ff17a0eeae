"""agentflow import: cassettes, traces and logs of other tools as recordings."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import PASSED, WRONG, CallWrong
from pytest_agentflow.importers.as_test import identifier, test_of
from pytest_agentflow.importers.keep import Keeper, Kept
from pytest_agentflow.importers.problem import ImportRefused, Unfit
from pytest_agentflow.importers.read import read_runs
from pytest_agentflow.importers.stages import stage_by
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.pricing.book import load_book
from pytest_agentflow.pricing.file import BadPrice
from pytest_agentflow.recording.personal import (
    KEY_VARIABLE,
    PersonalDataError,
    parse_personal,
)
from pytest_agentflow.recording.protection import Protection, pseudonymised
from pytest_agentflow.recording.redact import Redactor

#: Endings of files that are looked at in a folder; a file named is always looked at.
ENDINGS = (".yaml", ".yml", ".json", ".jsonl", ".ndjson", ".toml", ".eval")

#: Places listed per recording; the rest is counted.
LISTED = 5


def main(argv: list[str]) -> int:
    """Import files; status 2 if one of them could not be imported."""
    options = _parser().parse_args(argv)
    keeper = _keeper(options)
    files = list(_files(options.files))
    if not files:
        names = ", ".join(map(str, options.files))
        raise CallWrong(f"{names} holds no file to import ({' '.join(ENDINGS)})")
    kept: list[Kept] = []
    broken = sum(not _import(file, keeper, options, kept) for file in files)
    if options.as_test:
        _write_tests(options.to, kept)
    if broken:
        sys.stderr.write(f"{broken} of {len(files)} files were not imported\n")
    return WRONG if broken else PASSED


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="agentflow import", description=__doc__)
    add = parser.add_argument
    add("files", nargs="+", type=Path, metavar="FILE", help="files, or folders of them")
    add("--to", type=Path, required=True, metavar="DIR", help="the recordings folder")
    add("--workflow", metavar="NAME", help="else the name of the file's folder")
    add("--case", metavar="NAME", help="else the name of the file")
    add("--inputs", metavar="JSON", help="what the workflow was called with")
    add(
        "--stage-by",
        metavar="RULE",
        help="where the format names no stages: model, instructions or header:NAME",
    )
    add(
        "--personal",
        action="append",
        default=[],
        metavar="JSONPATH",
        help=f"inputs that name people: pseudonyms by the key in {KEY_VARIABLE}",
    )
    add("--prices", type=Path, metavar="FILE", help="prices of your own")
    add(
        "--as-test",
        action="store_true",
        help="also write tests that judge the recordings, beside DIR",
    )
    return parser


def _keeper(options: argparse.Namespace) -> Keeper:
    try:
        stage_by(options.stage_by)
        book = load_book(options.prices)
        options.inputs = _inputs(options.inputs)
        paths = parse_personal(options.personal)
    except Unfit as error:
        raise CallWrong(f"{error.problem}: {error.repair}") from None
    except (BadPrice, PersonalDataError) as error:
        raise CallWrong(str(error)) from None
    return Keeper(
        folder=options.to,
        redactor=Redactor(os.environ),
        book=book,
        rewrite=partial(_without_people, Protection(personal=paths)),
    )


def _without_people(protection: Protection, run: Run) -> Run:
    if not protection.personal:
        return run
    return pseudonymised(run, protection, os.environ.get(KEY_VARIABLE))


def _inputs(text: str | None) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise Unfit("--inputs is no JSON object", """give '{"profile": "hotel"}'""")
    return value


def _files(named: list[Path]) -> Iterator[Path]:
    for path in named:
        if path.is_dir():
            inside = (p for p in sorted(path.rglob("*")) if p.is_file())
            yield from (p for p in inside if p.name.lower().endswith(ENDINGS))
        else:
            yield path


def _import(
    file: Path, keeper: Keeper, options: argparse.Namespace, kept: list[Kept]
) -> bool:
    """Import one file; an error is told, and the others are still imported."""
    try:
        for run in read_runs(
            file,
            workflow=options.workflow,
            case=options.case,
            inputs=options.inputs,
            stage_by=options.stage_by,
        ):
            kept.append(keeper.keep(run))
            _tell(file, kept[-1])
    except ImportRefused as error:
        sys.stderr.write(plain_line(str(error)) + "\n")
        return False
    except Unfit as error:
        refused = ImportRefused(file, error.problem, error.repair)
        sys.stderr.write(plain_line(str(refused)) + "\n")
        return False
    except PersonalDataError as error:
        sys.stderr.write(plain_line(f"{file}: {error}") + "\n")
        return False
    return True


def _write_tests(folder: Path, kept: list[Kept]) -> None:
    """Write one file of tests per workflow; a file that is there is left as it is."""
    for workflow in dict.fromkeys(one.run.workflow for one in kept):
        runs = [one.run for one in kept if one.run.workflow == workflow]
        path = folder.absolute().parent / f"test_{identifier(workflow)}_imported.py"
        if path.exists():
            said = f"{_shown(path)} is there already; left as it is"
        else:
            path.write_text(test_of(runs), "utf-8")
            said = f"wrote {_shown(path)}; run it: pytest {_shown(path)}"
        sys.stdout.write(plain_line(said) + "\n")
    if kept and folder.name != "recordings":
        setting = f'agentflow_recordings = "{folder}"'
        sys.stdout.write(plain_line(f"pytest finds them with the ini {setting}") + "\n")


def _shown(path: Path) -> str:
    """Give a path as one would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _tell(file: Path, kept: Kept) -> None:
    number = len(kept.run.calls)
    lines = [f"{file} -> {kept.path} ({number} call{'s' * (number != 1)})"]
    if kept.changed:
        listed = ", ".join(kept.changed[:LISTED])
        more = len(kept.changed) - LISTED
        listed += f" and {more} more" if more > 0 else ""
        what = f"place{'s' * (len(kept.changed) != 1)}"
        lines.append(f"  redaction changed {len(kept.changed)} {what}: {listed}")
    sys.stdout.write("".join(plain_line(line) + "\n" for line in lines))
