"""The HTML checker in a worker process of ours, fed over a pipe (5-7 ms a page)."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

START_SECONDS = 60.0
DOCUMENT_SECONDS = 30.0
WORKER = Path(__file__).with_name("vnu_worker.py")


@dataclasses.dataclass(slots=True)
class PipeChecker:
    """A running worker; its answers are read by a thread, so that waits can end."""

    jar: Path
    process: subprocess.Popen[bytes]
    answers: queue.SimpleQueue[dict[str, Any]]
    ready: bool = False

    def check(
        self,
        documents: Sequence[tuple[bytes, bytes]],
        seconds: float = DOCUMENT_SECONDS,
    ) -> list[dict[str, Any]]:
        """Check (kind, document) pairs one after the other."""
        return [self._check(kind, document, seconds) for kind, document in documents]

    def _check(self, kind: bytes, document: bytes, seconds: float) -> dict[str, Any]:
        if not self.ready:
            hello = self._next(START_SECONDS)
            if "error" in hello:
                self._restart()
                return hello
            self.ready = True
        if not self._send(framed(kind, document)):
            self._restart()
            return {"error": "its worker process ended"}
        answer = self._next(seconds)
        if answer.get("gone"):
            self._restart()
        return answer

    def _send(self, request: bytes) -> bool:
        try:
            self._input.write(request)
            self._input.flush()
        except OSError:
            return False
        return True

    def _next(self, seconds: float) -> dict[str, Any]:
        try:
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            return {"error": f"no answer in {seconds:g} s", "gone": True}

    def _restart(self) -> None:
        """Replace a worker that hangs or died; the next document meets a new one."""
        self.stop()
        fresh = start(self.jar)
        self.process, self.answers, self.ready = fresh.process, fresh.answers, False

    @property
    def _input(self) -> IO[bytes]:
        stream = self.process.stdin
        if stream is None:
            raise OSError("the worker has no input")
        return stream

    def stop(self) -> None:
        """End the worker."""
        # A worker that died leaves a pipe that cannot be flushed.
        with contextlib.suppress(OSError):
            self._input.close()
        self.process.kill()
        self.process.wait()


def framed(kind: bytes, document: bytes) -> bytes:
    """Write one request as the worker reads it."""
    return kind + struct.pack(">I", len(document)) + document


def start(jar: Path) -> PipeChecker:
    """Start a worker and return at once; it warms up by itself (about 1-3 s)."""
    process = subprocess.Popen(  # noqa: S603 - our own words
        # -P: the script's folder must not shadow modules of the standard library.
        [sys.executable, "-P", str(WORKER), str(jar)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(
        target=_read_all,
        args=(process.stdout, answers),
        name="agentflow-html-checker",
        daemon=True,
    ).start()
    return PipeChecker(jar, process, answers)


def _read_all(stream: IO[bytes], answers: queue.SimpleQueue[dict[str, Any]]) -> None:
    """File every answer until the worker's output ends, and then that."""
    with stream:
        while len(head := stream.read(4)) == 4:
            (length,) = struct.unpack(">I", head)
            answers.put(json.loads(stream.read(length)))
    answers.put({"error": "its worker process ended", "gone": True})
