"""The journal of a recording under way: one line per event, folded when it is whole."""

from __future__ import annotations

import errno
import json
import os
import shlex
import threading
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.run import Run, Timing
from pytest_agentflow.recording.blobs import Blobs
from pytest_agentflow.recording.form import decode_as, encode_as
from pytest_agentflow.recording.leaves import decode_value, encode_value
from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.recording.names import partial_path
from pytest_agentflow.recording.order import Captured
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.recording.save import save

VERSION = "agentflow-journal/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a journal."""

    event: str
    """``call``, or what the recorder named: ``stage-begin``, ``stage-end``, ..."""
    data: Mapping[str, Any]
    """What the recorder told beside; empty for a call."""
    captured: Captured | None = None
    timing: Timing | None = None


class Journal:
    """Appends to ``NAME.flow.partial.jsonl`` beside the recording `path`.

    Every line is redacted before its first byte is written, and handed to the operating
    system at once, so that a crash of the process loses nothing that was answered.
    Threads may share it.

    Args:
        path: the recording that it is to become.
        redactor: removes secrets.
        resume: keep what an earlier journal holds, else it is written over.
    """

    def __init__(self, path: Path, redactor: Redactor, *, resume: bool = False) -> None:
        self.recording = path
        self.path = partial_path(path)
        self._redactor = redactor
        self._lock = threading.Lock()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = _whole_lines(self.path) if resume else []
        whole = sum(len(line) + 1 for line in lines)
        self._stream = self.path.open("ab")
        if self.path.stat().st_size < whole:  # whole, but for the end of its line
            self._stream.write(b"\n")
        self._stream.flush()
        self._stream.truncate(whole)
        if not lines:
            self._append({"journal": VERSION, "recording": path.name})
        self._stream.flush()

    def call(self, captured: Captured, timing: Timing | None = None) -> Captured:
        """Note a call that was answered; gives it redacted, as it was written.

        Raises `RedactionRefused` where a secret cannot be removed.
        """
        clean = Captured(
            call=self._redactor.call(captured.call),
            id=captured.id,
            branch=captured.branch,
            start=captured.start,
            parents=captured.parents,
        )
        blobs: Blobs = {}
        line: dict[str, Any] = {
            "event": "call",
            "captured": encode_as(Captured, clean, blobs),
        }
        if timing is not None:
            line["timing"] = encode_as(Timing, timing, blobs)
        self._write(line, blobs)
        return clean

    def note(self, event: str, **data: Any) -> None:
        """Note any other event: a stage that began or ended, an output, a source."""
        blobs: Blobs = {}
        clean = self._redactor.value(data)
        self._write({"event": event, "data": encode_value(clean, blobs)}, blobs)

    def _write(self, line: dict[str, Any], blobs: Blobs) -> None:
        if blobs:
            line["blobs"] = {
                name: b64encode(data).decode("ascii") for name, data in blobs.items()
            }
        with self._lock:
            self._append(line)
            self._stream.flush()

    def _append(self, line: dict[str, Any]) -> None:
        # ASCII: no sign inside a line can be taken for the end of it.
        self._stream.write(json.dumps(line).encode("ascii") + b"\n")

    def fold(self, run: Run) -> Path:
        """Write the whole recording and remove the journal; gives the recording's path.

        Call it only when the workflow returned: until then the old recording stays.
        """
        clean = self._redactor.run(run)
        self._redactor.verify(clean)
        path = save(clean, self.recording)
        self.close()
        self.path.unlink(missing_ok=True)
        return path

    def close(self) -> None:
        """Stop writing; the journal stays."""
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _whole_lines(path: Path) -> list[bytes]:
    """Give the lines that were written to their end; the last may lack its mark."""
    if not path.exists():
        return []
    *lines, last = path.read_bytes().split(b"\n")
    try:
        whole = isinstance(json.loads(last), dict)
    except (ValueError, RecursionError):
        whole = False
    return [*lines, last] if whole else lines


def read_journal(path: Path) -> tuple[Entry, ...]:
    """Read a journal; a last line that a crash tore is left out.

    Args:
        path: of the recording or of its journal.

    Raises `RecordingError` for a line in the middle that is damaged, and for a journal
    of another version. It is left as it is.
    """
    file = path if path.suffix == ".jsonl" else partial_path(path)
    repair = f"discard it: `{discard_command(file)}`"
    try:
        lines = _whole_lines(file)
        if not lines and not file.exists():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise RecordingError(file, "", problem, repair) from None
    if lines:
        _check_header(file, lines[0], repair)
    entries = []
    for number, line in enumerate(lines[1:], 2):
        try:
            entries.append(_entry(json.loads(line)))
        except (ValueError, RecursionError) as error:
            problem = f"line {number} of the journal is damaged: {error}"
            raise RecordingError(file, "$", problem, repair) from None
    return tuple(entries)


def discard_command(file: Path) -> str:
    """Give the command that removes the journal `file`."""
    return f"agentflow prune --partial --delete {shlex.quote(str(file))}"


def _check_header(file: Path, line: bytes, repair: str) -> None:
    try:
        header = json.loads(line)
        version = header["journal"]
    except (ValueError, RecursionError, TypeError, KeyError):
        problem = "line 1 of the journal is damaged: it names no version"
        raise RecordingError(file, "$", problem, repair) from None
    if version != VERSION:
        problem = (
            f"the journal is of another version, {version!r} (this one reads {VERSION})"
        )
        other = f"finish it with the version that began it, or {repair}"
        raise RecordingError(file, "$.journal", problem, other)


def _entry(line: Any) -> Entry:
    if not isinstance(line, dict):
        raise Malformed("$", "expected an object")
    blobs = line.get("blobs", {})
    if not isinstance(blobs, dict) or not isinstance(line.get("event"), str):
        raise Malformed("$", "expected event and data")

    def read_blob(name: str) -> bytes:
        try:
            return b64decode(blobs[name], validate=True)
        except (KeyError, TypeError, ValueError) as error:
            raise FileNotFoundError(2, f"not in this line: {error}", name) from None

    captured = timing = None
    if "captured" in line:
        captured = decode_as(Captured, line["captured"], "$.captured", read_blob)
    if "timing" in line:
        timing = decode_as(Timing, line["timing"], "$.timing", read_blob)
    data = decode_value(line.get("data", {}), "$.data", read_blob)
    if not isinstance(data, dict):
        raise Malformed("$.data", "expected an object")
    return Entry(event=line["event"], data=data, captured=captured, timing=timing)


def discard(path: Path) -> tuple[Call, ...]:
    """Remove the journal of a recording; gives the calls it held, which cost money.

    Args:
        path: of the recording or of its journal.

    Raises `RecordingError` for a damaged journal, which then stays.
    """
    file = path if path.suffix == ".jsonl" else partial_path(path)
    if not file.exists():
        return ()
    calls = tuple(e.captured.call for e in read_journal(file) if e.captured is not None)
    file.unlink()
    return calls
