"""agentflow erase: take a person out of all recordings below a folder."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.people import of_profiles, of_values
from pytest_agentflow.model.text import json_escaped, plain_line
from pytest_agentflow.recording.erasure import Eraser, Touched, files_below
from pytest_agentflow.recording.names import SUFFIX
from pytest_agentflow.recording.personal import masks_of
from pytest_agentflow.recording.redact import Redactor

_HISTORY = (
    "the history of a repository still holds what was committed: rewrite it with "
    "git filter-repo, where the person asked to be forgotten"
)


def main(argv: list[str]) -> int:
    """Rewrite or delete what names the person; status 1 if something still does."""
    options = _parser().parse_args(argv)
    folders = options.folders or [Path()]
    profiles, passed = of_profiles(options.profile, options.member)
    values = of_values(options.values) + profiles
    if not values:
        raise CallWrong(
            "say who: agentflow erase 'Full Name' mail@address, or --profile"
        )
    redactor = Redactor({}, personal=masks_of(values))
    eraser = Eraser(
        redactor=redactor, delete=options.delete_cases, dry_run=options.dry_run
    )
    kept = {file.resolve() for file in options.profile}
    files = [f for top in folders for f in _below(top) if f.resolve() not in kept]
    if not any(file.name.endswith(SUFFIX) for file in files):
        named = ", ".join(map(str, folders))
        raise CallWrong(f"{named} holds no recording (*{SUFFIX})")
    touched = [done for file in files if (done := eraser.erase(file)) is not None]
    write = _as_json if options.json else _as_text
    sys.stdout.write(write(touched, len(files), passed, dry_run=options.dry_run))
    return FAILED if any(one.done == "left" for one in touched) else PASSED


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(prog="agentflow erase", description=__doc__)
    add = parser.add_argument
    add("values", nargs="*", metavar="VALUE", help="full name, mail address, number")
    add(
        "--profile",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="the person as JSON: names, mail addresses, telephone numbers are erased",
    )
    add(
        "--member",
        action="append",
        default=[],
        metavar="NAME",
        help="erase what the profile's members of this name hold, too",
    )
    add(
        "--in",
        dest="folders",
        action="append",
        type=Path,
        metavar="DIR",
        help="where to look; else below the current folder",
    )
    add(
        "--delete-cases",
        action="store_true",
        help="remove recordings that name the person, rather than rewrite them",
    )
    add("--dry-run", action="store_true", help="change nothing, list what would be")
    add("--json", action="store_true", help="machine-readable")
    return parser


def _below(top: Path) -> list[Path]:
    if not top.is_dir():
        raise CallWrong(f"{top} is no folder")
    return list(files_below(top))


def _as_text(
    touched: list[Touched], files: int, passed: list[str], *, dry_run: bool
) -> str:
    would = "would be " if dry_run else ""
    lines = [_line(one, would) for one in touched]
    if passed:
        lines.append(f"not erased: {', '.join(passed)} (--member NAME erases it)")
    named = len(touched)
    lines.append(
        f"{named} of {files} files named the person"
        if named
        else f"nobody of that name in {files} files"
    )
    if touched and not dry_run:
        lines.append(_HISTORY)
    return "".join(plain_line(line) + "\n" for line in lines)


def _line(one: Touched, would: str) -> str:
    places = f"{one.places} place{'s' * (one.places != 1)}"
    done = one.done if one.done == "left" else f"{would}{one.done}"
    return f"{done}: {one.file} ({places}){f', {one.note}' if one.note else ''}"


def _as_json(
    touched: list[Touched], files: int, passed: list[str], *, dry_run: bool
) -> str:
    found = [{**dataclasses.asdict(one), "file": str(one.file)} for one in touched]
    document = {
        "files": files,
        "dry_run": dry_run,
        "not_erased": passed,
        "touched": found,
    }
    return json_escaped(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"
