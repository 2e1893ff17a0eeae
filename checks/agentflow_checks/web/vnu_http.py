"""The HTML checker without JPype: its web server, or its command line in batches."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agentflow_checks.web import browser, processes

START_SECONDS = 30.0
DOCUMENT_SECONDS = 30.0
TYPES = {b"h": "text/html", b"x": "application/xhtml+xml", b"s": "image/svg+xml"}
ENDINGS = {b"h": ".html", b"x": ".xhtml", b"s": ".svg"}
JAVA_OPTIONS = (
    "-Xmx512m",
    "-Xss4m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dnu.validator.datatype.warn=true",
)


PRESET = re.compile("Using the (?:schema|preset) for ")
"""What the server says about itself and the command line does not."""


def media_type(kind: bytes, document: bytes) -> str:
    """Name the media type, with the charset where the bytes are UTF-8.

    Over HTTP the checker takes an undeclared encoding for a fault even of plain ASCII.
    """
    try:
        document.decode("utf-8")
    except UnicodeDecodeError:
        return TYPES[kind]
    return f"{TYPES[kind]}; charset=utf-8"


@dataclasses.dataclass(slots=True)
class HttpChecker:
    """The checker's web server on a loopback port (14-45 ms a page)."""

    process: subprocess.Popen[bytes]
    port: int
    batch: BatchChecker
    """Takes over where the server does not come up."""
    up: bool | None = None

    def check(
        self,
        documents: Sequence[tuple[bytes, bytes]],
        seconds: float = DOCUMENT_SECONDS,
    ) -> list[dict[str, Any]]:
        """Check (kind, document) pairs one after the other."""
        if self.up is None:
            self.up = answers(self.port, START_SECONDS)
        if not self.up:
            return self.batch.check(documents, seconds)
        return [self._check(kind, document, seconds) for kind, document in documents]

    def _check(self, kind: bytes, document: bytes, seconds: float) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        headers = {
            "Content-Type": media_type(kind, document),
            "User-Agent": "pytest-agentflow",
        }
        try:
            connection.request("POST", "/?out=json", document, headers)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return {"error": f"its server did not answer: {error}"}
        finally:
            connection.close()
        told = [m for m in answer["messages"] if not PRESET.match(m.get("message", ""))]
        return {"messages": told}

    def stop(self) -> None:
        """End the server."""
        processes.end(self.process.pid)
        self.process.wait()
        browser.forbid(self.port)


@dataclasses.dataclass(frozen=True, slots=True)
class BatchChecker:
    """The checker's command line, one Java per batch (1.3 s and 6 ms a page)."""

    java: Path
    jar: Path

    def check(
        self,
        documents: Sequence[tuple[bytes, bytes]],
        seconds: float = DOCUMENT_SECONDS,
    ) -> list[dict[str, Any]]:
        """Check all documents in one process."""
        with tempfile.TemporaryDirectory(prefix="agentflow-html-") as folder:
            files = [
                Path(folder) / f"{number}{ENDINGS[kind]}"
                for number, (kind, _) in enumerate(documents)
            ]
            for file, (_, document) in zip(files, documents, strict=True):
                file.write_bytes(document)
            return self._check(files, START_SECONDS + seconds * len(files))

    def _check(self, files: Sequence[Path], limit: float) -> list[dict[str, Any]]:
        options = ("--format", "json", "--stdout", "--exit-zero-always")
        command = [self.java, *JAVA_OPTIONS, "-jar", self.jar, *options]
        try:
            done = subprocess.run(  # noqa: S603 - our own words
                [*map(str, command), "--also-check-svg", *map(str, files)],
                capture_output=True,
                check=False,
                timeout=limit,
            )
        except subprocess.TimeoutExpired:
            return [{"error": f"no answer in {limit:g} s"} for _ in files]
        if done.returncode:
            reason = done.stderr.decode(errors="replace").strip()[-300:]
            return [{"error": reason} for _ in files]
        found: dict[str, list[dict[str, Any]]] = {file.name: [] for file in files}
        for message in json.loads(done.stdout)["messages"]:
            found[message["url"].rpartition("/")[2]].append(message)
        return [{"messages": found[file.name]} for file in files]

    def stop(self) -> None:
        """Do nothing: no process outlives a batch."""


def start_server(java: Path, jar: Path) -> HttpChecker:
    """Start the server and return at once; it warms up by itself (2-8 s)."""
    port = browser.free_port()
    browser.allow(port)
    process = subprocess.Popen(  # noqa: S603 - our own words
        [
            str(java),
            *JAVA_OPTIONS,
            "-Dnu.validator.servlet.bind-address=127.0.0.1",
            "-cp",
            str(jar),
            "nu.validator.servlet.Main",
            str(port),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    return HttpChecker(process, port, BatchChecker(java, jar))


def answers(port: int, seconds: float) -> bool:
    """Wait until something listens on a loopback port; tell whether it does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return True
        time.sleep(0.05)
    return False
