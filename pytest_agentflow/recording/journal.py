"""The journal of a recording under way: one line per event, folded when it is whole."""

from __future__ import annotations

import json
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
        whole = _length_of_whole_lines(self.path) if resume else 0
        self._stream = self.path.open("ab")
        self._stream.truncate(whole)
        if not whole:
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


def _length_of_whole_lines(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1 if path.exists() else 0


def read_journal(path: Path) -> tuple[Entry, ...]:
    """Read a journal; a last line that a crash tore is left out.

    Args:
        path: of the recording or of its journal.

    Raises `RecordingError` for a line in the middle that is damaged.
    """
    file = path if path.suffix == ".jsonl" else partial_path(path)
    repair = f"discard it: `rm {file}`"
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise RecordingError(file, "", problem, repair) from None
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entries += _entry(json.loads(line))
        except (ValueError, RecursionError) as error:
            problem = f"line {number} of the journal is damaged: {error}"
            raise RecordingError(file, "$", problem, repair) from None
    return tuple(entries)


def _entry(line: Any) -> list[Entry]:
    if not isinstance(line, dict):
        raise Malformed("$", "expected an object")
    if "journal" in line:
        if line["journal"] != VERSION:
            raise Malformed("$.journal", f"expected {VERSION}")
        return []
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
    return [Entry(event=line["event"], data=data, captured=captured, timing=timing)]


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
