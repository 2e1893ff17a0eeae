"""agentflow diff: what changed between runs, stage by stage."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.checks import read_check
from pytest_agentflow.cli.money import money_change
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.targets import find_targets, load_target
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.recording.names import blobs_folder
from pytest_agentflow.recording.revision import materialise, recordings_at
from pytest_agentflow.report import changed, figures
from pytest_agentflow.report.document import Flip
from pytest_agentflow.report.recorded import StageChange, TextChange
from pytest_agentflow.report.recordings import compared

Runs = Mapping[str, Run]
"""Runs by their path below the folder that was named: one id may stand there twice."""

SHOWN = 5
"""At most so many changed texts of a stage's prompts, or outputs, are printed."""
LARGEST = 5
_SIZE = re.compile(r"(?i)([0-9]+(?:\.[0-9]+)?)\s*(bytes|kb|mb|gb)?")
_UNITS = {"bytes": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}


def main(argv: list[str]) -> int:
    """Print the differences; exit status 1 when there are any, as diff does."""
    options = _parser().parse_args(argv)
    checks = [read_check(text) for text in options.check]
    with tempfile.TemporaryDirectory(prefix="agentflow-diff-") as scratch:
        sides = _sides(options.a, options.b, Path(scratch))
        found = [plain_line(line) for line in compare(*sides, checks)]
        over = list(_over(sides[1].values(), options.max_size))
    sys.stdout.write("\n".join([*(found or ["no difference"]), *over]) + "\n")
    counts = over if options.max_size is not None else found
    return FAILED if counts else PASSED


def _parser() -> argparse.ArgumentParser:
    parser = Arguments(
        prog="agentflow diff",
        description="What changed between two runs, folders of runs, or git revisions.",
        epilog=(
            "Exit status: 0 no difference, 1 there are some, 2 the call was wrong. "
            "With --max-size, 1 only where B is larger. Example: agentflow diff "
            "origin/main tests/recordings --max-size 20MB"
        ),
    )
    add = parser.add_argument
    add("a", metavar="A", help="a recording, a folder, or a git revision")
    add("b", metavar="B", nargs="?", default=".", help="the same (default: .)")
    add(
        "-c",
        "--check",
        action="append",
        default=[],
        metavar="CHECK",
        help="judge both sides, and print the verdicts that flipped; repeatable",
    )
    add(
        "--max-size",
        type=_bytes,
        metavar="SIZE",
        help="fail where the recordings of B are larger together: 20MB, 500kB",
    )
    return parser


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no size; write it as 20MB, 500kB or 1000000"
        raise argparse.ArgumentTypeError(message)
    return int(float(match[1]) * _UNITS[(match[2] or "bytes").lower()])


def _over(runs: Iterable[Run], limit: int | None) -> Iterator[str]:
    """Say that recordings are larger than they may be, and which files make it so."""
    if limit is None:
        return
    sizes = {file: file.stat().st_size for run in runs for file in _files(run)}
    whole = sum(sizes.values())
    if whole <= limit:
        return
    yield (
        f"the recordings take {figures.size(whole)}, more than the "
        f"{figures.size(limit)} of --max-size; the largest files:"
    )
    for file in sorted(sizes, key=lambda f: (-sizes[f], f))[:LARGEST]:
        yield f"  {figures.size(sizes[file])}  {file}"
    yield "keep side files in Git LFS: `git lfs track '**/*.flow.blobs/**'`"


def _files(run: Run) -> Iterator[Path]:
    if run.path is not None:
        yield run.path
        folder = blobs_folder(run.path)
        yield from (sorted(folder.iterdir()) if folder.is_dir() else ())


def _sides(a: str, b: str, scratch: Path) -> tuple[Runs, Runs]:
    first, second = _side(a, b, scratch / "a"), _side(b, a, scratch / "b")
    if Path(a).is_file() and Path(b).is_dir():
        return first, _counterpart(first, second, b)
    if Path(b).is_file() and Path(a).is_dir():
        return _counterpart(second, first, a), second
    return first, second


def _counterpart(file: Runs, folder: Runs, name: str) -> Runs:
    """Give the one run of a folder that a single file is to be compared with."""
    (run,) = file.values()
    same = {key: found for key, found in folder.items() if found.id == run.id}
    if len(same) != 1:
        has = (
            f"several runs {run.id}: {', '.join(same)}" if same else f"no run {run.id}"
        )
        message = f"{name} holds {has}; name the recording to compare with"
        raise CallWrong(message)
    return same


def _side(name: str, other: str, scratch: Path) -> Runs:
    """Give the runs of one side by their path below the folder that was named."""
    if Path(name).exists():
        top = Path(name) if Path(name).is_dir() else Path(name).parent
        found = find_targets([name], pages=False)
        return {_key(path, top): load_target(path, None) for path in found}
    scratch.mkdir()
    if Path(other).is_dir():
        return dict(_at_revision(name, Path(other), scratch))
    file = Path(other)
    return dict(_at_revision(name, file.parent, scratch, only=file))


def _at_revision(
    ref: str, folder: Path, scratch: Path, only: Path | None = None
) -> Iterator[tuple[str, Run]]:
    paths = recordings_at(ref, folder)
    if paths is None:
        message = f"{ref} is neither a file or folder nor a git revision here"
        raise CallWrong(message)
    if only is not None:
        paths = [path for path in paths if path.resolve() == only.resolve()]
    if only is not None and not paths:
        message = f"{ref} has no {only}"
        raise CallWrong(message)
    for path in paths:
        copy = materialise(ref, path, scratch)
        if copy is not None:
            yield _key(path.resolve(), folder.resolve()), load_target(copy, None)


def _key(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix()


def compare(first: Runs, second: Runs, checks: Sequence[Check] = ()) -> Iterator[str]:
    """Give the differences of two sets of runs as lines; a lone pair is compared.

    Runs of which verdicts flipped come first.

    Args:
        first: the earlier runs by their path.
        second: the later ones.
        checks: what both sides are judged with.
    """
    if len(first) == len(second) == 1:
        (one,), (other,) = first.values(), second.values()
        yield from compare_runs(one, other, checks)
        return
    found = []
    for key in sorted(first.keys() | second.keys()):
        known = first.get(key) or second[key]
        twice = any(_count(known.id, side) > 1 for side in (first, second))
        where = f" ({key})" if twice else ""
        old, new = first.get(key), second.get(key)
        if old is None or new is None:
            side = "the first" if new is None else "the second"
            found.append((0, [f"{known.id}{where}: only in {side}"]))
            continue
        flips = flipped(old, new, checks)
        head, *body = [*_lines(old, new, flips)] or [""]
        if head:
            found.append((len(flips), [f"{head}{where}", *body]))
    for _, lines in sorted(found, key=lambda item: -item[0]):
        yield from lines


def _count(run_id: str, side: Runs) -> int:
    return sum(run.id == run_id for run in side.values())


def compare_runs(
    first: Run, second: Run, checks: Sequence[Check] = ()
) -> Iterator[str]:
    """Give the differences of two runs as lines, flipped verdicts first."""
    yield from _lines(first, second, flipped(first, second, checks))


def flipped(first: Run, second: Run, checks: Sequence[Check]) -> list[Flip]:
    """Judge both runs, and give the checks that decide otherwise on the later one."""
    if not checks:
        return []
    sides = (evaluate(run, *checks).results for run in (first, second))
    flips = (
        Flip(check=old.written, before=old.verdict, now=new.verdict)
        for old, new in zip(*sides, strict=True)
        if old.verdict is not new.verdict
    )
    return sorted(flips, key=lambda flip: not changed.is_worse(flip))


def _lines(first: Run, second: Run, flips: Sequence[Flip]) -> Iterator[str]:
    change = compared(first, second)
    body = [f"  {flip.check}: {changed.flip_text(flip, '->')}" for flip in flips]
    for stage in change.stages:
        body += _stage_lines(stage, first, second)
    money = money_change(first, second)
    body += [f"  total cost {money}"] if money else []
    if body:
        yield first.id if first.id == second.id else f"{first.id} -> {second.id}"
        yield from body


def _stage_lines(stage: StageChange, first: Run, second: Run) -> list[str]:
    name = changed.stage_name(stage)
    if stage.state != "changed":
        return [f"  {name}: {stage.state}"]
    lines = [f"{what} {change}" for what, change in _figures(stage) if change]
    if all(any(s.name == stage.name for s in run.stages) for run in (first, second)):
        money = money_change(first, second, stage.name)
        lines += [f"cost {money}"] if money else []
    lines += [f"because of {stage.causes}"] if stage.causes else []
    lines += _texts(stage.prompts, stage.prompts_changed)
    lines += _texts(stage.outputs, stage.outputs_changed)
    for picture in stage.pictures:
        sides = map(changed.picture_text, (picture.before, picture.now))
        lines.append(f"picture {picture.name} {' -> '.join(sides)}")
    return [f"  {name}", *(f"    {line}" for line in lines)]


def _figures(stage: StageChange) -> Iterator[tuple[str, str]]:
    before, now = stage.spent.before, stage.spent.now
    yield "after", _change(", ".join(stage.waited), ", ".join(stage.waits))
    yield "models", _change(", ".join(stage.models_before), ", ".join(stage.models))
    if before is not None and now is not None:
        yield "calls", _calls(stage, before.calls, now.calls)
        yield "input tokens", _tokens(before.input_tokens, now.input_tokens)
        yield "output tokens", _tokens(before.output_tokens, now.output_tokens)


def _calls(stage: StageChange, before: int, now: int) -> str:
    if not (stage.calls_added or stage.calls_removed):
        return ""
    which = changed.calls_text(stage).removeprefix("calls ")
    return f"{before} -> {now} ({which})"


def _change(before: str, after: str) -> str:
    return "" if before == after else f"{before or 'none'} -> {after or 'none'}"


def _tokens(before: int | None, after: int | None) -> str:
    return "" if before == after else f"{before} -> {after}"


def _texts(texts: Sequence[TextChange], count: int) -> Iterator[str]:
    for text in texts[:SHOWN]:
        yield f"{text.where} {text.path}: {changed.diff_text(text)}"
    if count > SHOWN:
        yield f"and {count - min(len(texts), SHOWN)} more changed texts"
