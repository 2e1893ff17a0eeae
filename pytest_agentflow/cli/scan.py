"""agentflow scan: secrets and personal data in recordings and other files."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.people import declared_in, of_profiles
from pytest_agentflow.cli.targets import FOREIGN, absent
from pytest_agentflow.model.text import json_escaped, plain_line
from pytest_agentflow.recording.audit import Leak, audit
from pytest_agentflow.recording.personal import masks_of
from pytest_agentflow.recording.redact import Redactor


def main(argv: list[str]) -> int:
    """Read files and list what should not stand in them; status 1 if anything does."""
    options = _parser().parse_args(argv)
    values, passed = of_profiles(options.profile, options.member)
    paths = declared_in(Path.cwd(), options.personal)
    redactor = Redactor(os.environ, personal=masks_of(values) if values else None)
    profiles = {file.resolve() for file in options.profile}
    files = [file for file in _files(options.paths) if file.resolve() not in profiles]
    if not files:
        named = ", ".join(map(str, options.paths))
        raise CallWrong(f"{named} holds no file to read")
    leaks = [leak for file in files for leak in _audited(file, redactor, paths)]
    if options.json:
        sys.stdout.write(_as_json(leaks, len(files), passed))
    else:
        sys.stdout.write(_as_text(leaks, len(files), passed))
    return FAILED if leaks else PASSED


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="agentflow scan", description=__doc__)
    add = parser.add_argument
    add("paths", nargs="+", type=Path, metavar="PATH", help="files, or folders of them")
    add(
        "--profile",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a person as JSON: names, addresses, telephone numbers are sought",
    )
    add(
        "--member",
        action="append",
        default=[],
        metavar="NAME",
        help="look for what the profile's members of this name hold, too",
    )
    add(
        "--personal",
        action="append",
        default=[],
        metavar="JSONPATH",
        help="inputs that must be pseudonyms; else the setting agentflow_personal",
    )
    add("--json", action="store_true", help="machine-readable")
    return parser


def _audited(
    file: Path, redactor: Redactor, paths: tuple[tuple[str | int | None, ...], ...]
) -> list[Leak]:
    try:
        return audit(file, redactor, personal=paths)
    except OSError as error:
        raise CallWrong(f"{file} cannot be read: {error.strerror}") from None


def _files(targets: list[Path]) -> Iterator[Path]:
    for target in targets:
        if target.is_file():
            yield target
        elif target.is_dir():
            yield from sorted(_below(target))
        else:
            raise CallWrong(absent(target))


def _below(top: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(top):
        folders[:] = [n for n in folders if n not in FOREIGN and not n.startswith(".")]
        yield from (path for n in names if (path := Path(folder, n)).is_file())


def _as_text(leaks: list[Leak], files: int, passed: list[str]) -> str:
    lines = [f"{leak.file}: {leak.place}  {leak.kind}  {leak.shown}" for leak in leaks]
    if passed:
        lines.append(
            f"not looked for: {', '.join(passed)} (--member NAME looks for it)"
        )
    held = len({leak.file for leak in leaks})
    found = f"{len(leaks)} finding{'s' * (len(leaks) != 1)} in {held}" if leaks else ""
    lines.append(f"{files} file{'s' * (files != 1)} read, {found or 'nothing found'}")
    return "".join(plain_line(line) + "\n" for line in lines)


def _as_json(leaks: list[Leak], files: int, passed: list[str]) -> str:
    found = [{**dataclasses.asdict(leak), "file": str(leak.file)} for leak in leaks]
    document = {"files": files, "not_looked_for": passed, "findings": found}
    return json_escaped(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"
