"""Takes a person out of recordings that exist, so that they still load and replay."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.audit import audit
from pytest_agentflow.recording.bodies import parse_json
from pytest_agentflow.recording.journal import Journal, read_journal
from pytest_agentflow.recording.leaves import encode_text
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.recording.names import (
    JUDGE,
    SUFFIX,
    blobs_folder,
    partial_path,
    recording_path,
)
from pytest_agentflow.recording.redact import RedactionRefused, Redactor
from pytest_agentflow.recording.save import save

PARTIAL = ".flow.partial.jsonl"

Done = Literal["rewritten", "deleted", "left"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """One file that names the person, and what was done to it."""

    file: Path
    done: Done
    places: int
    """How many places of it named the person."""
    note: str = ""
    """The new name of a file that was renamed, or why it was left as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eraser:
    """Erases one person.

    Args:
        redactor: replaces what stands for the person; see `masks_of`.
        delete: remove recordings that name the person, with all that belongs to them.
        dry_run: change nothing, and tell what would be.
    """

    redactor: Redactor
    delete: bool = False
    dry_run: bool = False

    def erase(self, file: Path) -> Touched | None:
        """Erase the person from one file; `None` for one that does not name them.

        Recordings, their journals and judgements are rewritten. Side files go with
        their recording. Any other file is left, and told.
        """
        if not file.exists():
            return None  # deleted with its recording
        try:
            places = self._places(file)
        except OSError as error:
            return Touched(file=file, done="left", places=0, note=str(error))
        if not places:
            return None
        if not file.name.endswith((SUFFIX, PARTIAL, JUDGE)):
            note = "is no recording: edit it by hand"
            return Touched(file=file, done="left", places=places, note=note)
        if self.delete:
            return self._deleted(file, places)
        return self._rewritten(file, places)

    def _places(self, file: Path) -> int:
        files = [file]
        if file.name.endswith(SUFFIX) and blobs_folder(file).is_dir():
            files += sorted(blobs_folder(file).iterdir())
        return sum(len(audit(one, self.redactor)) for one in files)

    def _deleted(self, file: Path, places: int) -> Touched:
        stem = file.name.removesuffix(SUFFIX).removesuffix(PARTIAL).removesuffix(JUDGE)
        recording = file.with_name(stem + SUFFIX)
        if not self.dry_run:
            shutil.rmtree(blobs_folder(recording), ignore_errors=True)
            for one in (
                recording,
                partial_path(recording),
                file.with_name(stem + JUDGE),
            ):
                one.unlink(missing_ok=True)
        return Touched(file=file, done="deleted", places=places)

    def _rewritten(self, file: Path, places: int) -> Touched:
        rewrite = {SUFFIX: self._recording, PARTIAL: self._journal}
        ending = next((e for e in rewrite if file.name.endswith(e)), None)
        try:
            new = rewrite[ending](file) if ending else self._judgement(file)
            left = 0 if self.dry_run else self._places(new)
        except (RecordingError, RedactionRefused, OSError, ValueError) as error:
            return Touched(file=file, done="left", places=places, note=str(error))
        if left:
            note = f"{left} places of it could not be changed: delete it"
            return Touched(file=new, done="left", places=left, note=note)
        note = f"now {new.name}" if new != file else ""
        return Touched(file=file, done="rewritten", places=places, note=note)

    def _recording(self, file: Path) -> Path:
        run = load(file)
        clean = self.redactor.run(run)
        target = _place_of(file, run, clean)
        if target != file:
            clean, target = _without_clash(clean, target)
        if self.dry_run:
            return target
        save(clean, target)
        load(target)
        if target != file:
            file.unlink()
            shutil.rmtree(blobs_folder(file), ignore_errors=True)
            with contextlib.suppress(OSError):  # others' recordings are in it
                file.parent.rmdir()
        return target

    def _journal(self, file: Path) -> Path:
        entries = read_journal(file)
        target = file.with_name(self.redactor.text(file.name))
        if self.dry_run:
            return target
        with tempfile.TemporaryDirectory(dir=file.parent) as folder:
            name = target.name.removesuffix(PARTIAL) + SUFFIX
            with Journal(Path(folder, name), self.redactor) as journal:
                for entry in entries:
                    if entry.captured is not None:
                        journal.call(entry.captured, entry.timing)
                    else:
                        journal.note(entry.event, **entry.data)
            journal.path.replace(target)
        if target != file:
            file.unlink()
        return target

    def _judgement(self, file: Path) -> Path:
        value = parse_json(file.read_text("utf-8"))
        target = file.with_name(self.redactor.text(file.name))
        if self.dry_run:
            return target
        if isinstance(value, dict) and "schema" in value:  # in a recording's form
            save(self.redactor.run(load(file)), target)
            if target != file:
                file.unlink()
                shutil.rmtree(blobs_folder(file), ignore_errors=True)
            return target
        clean = _cleaned(self.redactor, value)
        text = json.dumps(clean, indent=1, ensure_ascii=False)
        target.write_text(f"{text}\n", "utf-8")
        if target != file:
            file.unlink()
        return target


def _cleaned(redactor: Redactor, node: Any) -> Any:
    """Clean a document in our own notation, where a text may be a list of lines."""
    if isinstance(node, dict) and set(node) == {"$lines"}:
        return encode_text(redactor.document("".join(node["$lines"])))
    if isinstance(node, dict):
        return {redactor.text(k): _cleaned(redactor, v) for k, v in node.items()}
    if isinstance(node, list):
        return [_cleaned(redactor, item) for item in node]
    return redactor.value(node)


def _place_of(file: Path, run: Run, clean: Run) -> Path:
    """Give where the recording belongs now: its name may have named the person."""
    if (clean.workflow, clean.case) == (run.workflow, run.case) or run.folder is None:
        return file
    old = recording_path(run.folder, run.workflow, run.case, run.size, run.trial)
    if old.resolve() != file.resolve():
        return file
    return recording_path(
        run.folder, clean.workflow, clean.case, clean.size, clean.trial
    )


def _without_clash(clean: Run, target: Path) -> tuple[Run, Path]:
    """Number a case whose new name is taken: two people of equally long names."""
    case, number = clean.case, 1
    while target.exists():
        number += 1
        clean = replace(clean, case=f"{case}-{number}")
        assert clean.folder is not None  # noqa: S101 - set by `load`
        target = recording_path(
            clean.folder, clean.workflow, clean.case, clean.size, clean.trial
        )
    return clean, target


def files_below(folder: Path) -> Iterator[Path]:
    """Give what may name a person: every file but side files, which have an owner."""
    for file in sorted(folder.rglob("*")):
        inside = file.relative_to(folder).parts
        hidden = any(part.startswith(".") for part in inside)
        if file.is_file() and not hidden and not _has_owner(file):
            yield file


def _has_owner(file: Path) -> bool:
    folder = file.parent
    if not folder.name.endswith(".flow.blobs"):
        return False
    return folder.with_name(folder.name.removesuffix(".flow.blobs") + SUFFIX).exists()
