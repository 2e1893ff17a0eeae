"""What a replay says where there is no recording: the nearest, and what changed."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_agentflow.recording.load import RecordingError, load_inputs
from pytest_agentflow.recording.match import Change, distance
from pytest_agentflow.recording.names import SUFFIX, blobs_folder
from pytest_agentflow.running.missing import MOST_CHANGES, TOO_FAR, values_differ
from pytest_agentflow.running.replay import RECORD

TRIALS = "--agentflow-trials"
"""The option that runs a test several times, and replays its trials."""

#: Recordings that are looked into; a folder may hold thousands.
MOST_FILES = 200
#: Recordings compared value by value, out of those that share the most inputs.
_CANDIDATES = 5
#: Longer values are shown by the words that changed in them.
_SHORT = 60
_LONGEST = 300
# Signs of JSON would make all inputs look alike.
_WORD = re.compile(r"\w+")
# A case whose name ends so is stored under another one.
_TRIAL = re.compile(r"\.t[0-9]+$")


def no_recording(
    path: Path, inputs: Mapping[str, Any], command: Callable[..., str]
) -> RecordingError:
    """Say that `path` is not there, and which recording of the workflow is nearest.

    Only asked for where the run fails anyhow: it reads the other recordings.

    Args:
        path: where the recording would be.
        inputs: of the run, without secrets.
        command: gives the command that makes the run again, with more options.
    """
    problem = "there is no such recording"
    if (count := _trials_beside(path)) > 1:
        return RecordingError(path, "", problem, _by_trials(path, count, command))
    repair = f"record it: `{command(RECORD)}`"
    near = _nearest(path, inputs)
    if near is None:
        return RecordingError(path, "", problem, repair)
    file, changes = near
    if not changes:
        told = [f"  {file.name} holds a run of the very same inputs, so named."]
        # One trial of several is no run that was recorded for itself.
        if not _TRIAL.search(file.name.removesuffix(SUFFIX)):
            repair = f"rename it: `{_renamed(file, path)}`; or {repair}"
    else:
        told = [f"  Nearest is {file.name}; what changed in the inputs since:"]
        told += [f"    {_shown(change)}" for change in changes[:MOST_CHANGES]]
    if (more := len(changes) - MOST_CHANGES) > 0:
        told.append(f"    and {more} more changes")
    return RecordingError(path, "", problem, repair, told="\n".join(told))


def _trials_beside(path: Path) -> int:
    """Count the trials of the same run that are there, the first and so on."""
    stem = _TRIAL.sub("", path.name.removesuffix(SUFFIX))
    count = 0
    while path.with_name(f"{stem}.t{count + 1}{SUFFIX}").exists():
        count += 1
    return count


def _by_trials(path: Path, count: int, command: Callable[..., str]) -> str:
    # As many as there are; the command's own number would ask for more.
    replay = command(f"{TRIALS}={count}")
    what = "them all" if _TRIAL.search(path.name.removesuffix(SUFFIX)) else "one run"
    again = f"or record {what} by `{command(RECORD)}`"
    there = f"only trials .t1-.t{count} are recorded"
    return f"{there}: replay them by `{replay}`, {again}"


def _renamed(file: Path, path: Path) -> str:
    """Give the command that renames a recording, and the folder of its bodies."""
    pairs = [(file, path), (blobs_folder(file), blobs_folder(path))]
    return " && ".join(
        shlex.join(["mv", str(old), str(new)]) for old, new in pairs if old.exists()
    )


def _nearest(
    path: Path, inputs: Mapping[str, Any]
) -> tuple[Path, Sequence[Change]] | None:
    files = sorted(path.parent.glob(f"*{SUFFIX}"))[:MOST_FILES]
    known = [(file, found) for file in files if (found := _inputs_in(file)) is not None]
    words = _words(inputs)
    near = sorted(
        known,
        key=lambda pair: (
            len(_unlike(pair[1], inputs)),
            len(set(_words(pair[1])).symmetric_difference(words)),
        ),
    )
    text = " ".join(words)
    measured = [
        (len(_unlike(found, inputs)), distance(" ".join(_words(found)), text), n)
        for n, (_, found) in enumerate(near[:_CANDIDATES])
    ]
    _, far, best = min(measured, default=(0, 1.0, 0))
    if far > TOO_FAR:
        return None
    file, found = near[best]
    return file, values_differ("inputs", found, inputs)


def _inputs_in(file: Path) -> Mapping[str, Any] | None:
    try:
        return load_inputs(file)
    except RecordingError:  # damaged: its own test says so
        return None


def _unlike(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    missing = object()
    names = [*before, *after]
    return [n for n in set(names) if before.get(n, missing) != after.get(n, missing)]


def _words(inputs: Mapping[str, Any]) -> list[str]:
    text = json.dumps(inputs, sort_keys=True, default=_digest, ensure_ascii=False)
    return _WORD.findall(text)


def _digest(value: Any) -> str:
    data = value if isinstance(value, bytes) else repr(value).encode()
    return hashlib.sha256(data).hexdigest()


def _shown(change: Change) -> str:
    before = "(absent)" if change.before is None else change.before
    after = "(absent)" if change.after is None else change.after
    if max(len(before), len(after)) <= _SHORT and "\n" not in before + after:
        return f"{change.path}: {before} -> {after}"
    text = str(change)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
