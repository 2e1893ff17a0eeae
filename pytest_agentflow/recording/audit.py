"""Looks for secrets and for people in files that exist: recordings and other texts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.bodies import parse_json
from pytest_agentflow.recording.leaves import decode_text
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.recording.names import SUFFIX
from pytest_agentflow.recording.personal import declared_values, masks_of
from pytest_agentflow.recording.pseudonyms import look_made_up
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.recording.redaction_text import Hit
from pytest_agentflow.recording.redaction_values import is_text
from pytest_agentflow.recording.volatile import JsonPath

_MARK = re.compile(r"\[redacted:([^\]\n]*)\]")
_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One thing that should not stand in a file."""

    file: Path
    place: str
    """JSON path; line and column of a text; byte of anything else."""
    kind: str
    """``secret: NAME``, ``personal: $.inputs.profile.name``."""
    shown: str
    """The value with most of it left out."""


def audit(
    file: Path,
    redactor: Redactor,
    *,
    personal: Sequence[JsonPath] = (),
) -> list[Leak]:
    """List what of a file the redactor would not have written.

    Args:
        file: a recording, a side file, a journal or any other file.
        redactor: knows secrets and the values that are looked for.
        personal: paths of a recording's inputs that are declared personal: what stands
            there and is no pseudonym is a leak, and looked for in the recording.

    Raises `OSError` for a file that cannot be read.
    """
    data = file.read_bytes()
    found = [
        Leak(file=file, place="(its name)", kind=kind, shown=shown)
        for kind, shown in _leaks(file.name, redactor)
    ]
    found += [
        Leak(file=file, place=place, kind=kind, shown=shown)
        for place, kind, shown in _audit_data(file, data, redactor)
    ]
    if file.name.endswith(SUFFIX):
        found += _audit_recording(file, redactor, personal, known=bool(found))
    return list(dict.fromkeys(found))


_Found = tuple[str, str, str]


def _audit_data(file: Path, data: bytes, redactor: Redactor) -> Iterator[_Found]:
    if not is_text(data):
        yield from _audit_bytes(data, redactor)
        return
    text = data.decode("utf-8")
    if file.suffix in _JSON_LINES:
        for number, line in enumerate(text.split("\n"), 1):
            yield from _audit_document(line, redactor, f"line {number} ")
        return
    yield from _audit_document(text, redactor, "")


def _audit_document(text: str, redactor: Redactor, before: str) -> Iterator[_Found]:
    try:
        value = parse_json(text)
    except ValueError:
        yield from _audit_lines(text, redactor, before)
        return
    for place, key, item in _leaves(value, "$", ""):
        for kind, shown in _leaks_of_leaf(key, item, redactor):
            yield f"{before}{place}", kind, shown


def _audit_lines(text: str, redactor: Redactor, before: str) -> Iterator[_Found]:
    hits = redactor.hits(text)
    for hit in hits:
        line = text.count("\n", 0, hit.start) + 1
        column = hit.start - text.rfind("\n", 0, hit.start)
        place = f"{before}line {line}, column {column}"
        yield place, _kind(hit.name), shortened(text[hit.start : hit.end])
    if not hits:
        for kind, shown in _leaks(text, redactor):
            yield f"{before}somewhere in it", kind, shown


def _audit_bytes(data: bytes, redactor: Redactor) -> Iterator[_Found]:
    clean = redactor.data(data)
    if clean == data:
        return
    place = next(
        (n for n, (a, b) in enumerate(zip(data, clean, strict=False)) if a != b), 0
    )
    hits = redactor.hits(data.decode("latin-1"))
    kind = _kind(hits[0].name) if hits else "secret or personal"
    yield f"byte {place}", kind, "…"


def _leaves(node: Any, path: str, key: str) -> Iterator[tuple[str, str, Any]]:
    """Give path, name of the member and value of all that a JSON document holds."""
    if isinstance(node, dict):
        if (whole := _whole(node)) is not None:
            yield path, key, whole
            return
        for name, item in node.items():
            where = (
                f"{path}.{name}"
                if re.fullmatch(r"[\w$-]+", name)
                else (f"{path}[{json.dumps(name, ensure_ascii=False)}]")
            )
            yield f"{where} (the key)", "", name
            yield from _leaves(item, where, name)
    elif isinstance(node, list):
        for number, item in enumerate(node):
            yield from _leaves(item, f"{path}[{number}]", key)
    elif node is not None and not isinstance(node, bool):
        yield path, key, node


def _whole(node: dict[str, Any]) -> Any:
    """Give the text or bytes that a recording writes as an object."""
    if set(node) == {"$lines"}:
        try:
            return decode_text(node, "$")
        except Malformed:
            return None
    if set(node) == {"$base64"} and isinstance(node["$base64"], str):
        try:
            return base64.b64decode(node["$base64"], validate=True)
        except (binascii.Error, ValueError):
            return None
    return None


def _leaks_of_leaf(
    key: str, item: Any, redactor: Redactor
) -> Iterator[tuple[str, str]]:
    if isinstance(item, bytes):
        if redactor.data(item) != item:
            yield from _leaks(item.decode("utf-8", "replace"), redactor)
        return
    if isinstance(item, str):
        found = list(_leaks(item, redactor))
        yield from found
        if found:
            return
    if key and (clean := redactor.value({key: item})) != {key: item}:
        name = _name_in(json.dumps(clean), "")
        kind = f"secret: {name}" if name else f"personal: {key}"
        yield kind, shortened(str(item))


def _leaks(text: str, redactor: Redactor) -> Iterator[tuple[str, str]]:
    """Give kind and shortened value of all that a text gives away."""
    hits = redactor.hits(text)
    for hit in _outermost(hits):
        yield _kind(hit.name), shortened(text[hit.start : hit.end])
    if not hits and (clean := redactor.document(text)) != text:
        # Inside of base64, an escape, or the pieces of a stream.
        name = _name_in(clean, text)
        yield f"secret: {name}" if name else "personal, encoded", "…"


def _outermost(hits: list[Hit]) -> Iterator[Hit]:
    end = 0
    for hit in hits:
        if hit.end > end:
            yield hit
            end = hit.end


def _name_in(clean: str, before: str) -> str:
    known = set(_MARK.findall(before))
    return next((name for name in _MARK.findall(clean) if name not in known), "")


def _kind(name: str) -> str:
    return (
        f"personal: {name}" if name.startswith(("$", "value ")) else f"secret: {name}"
    )


def shortened(text: str) -> str:
    """Show enough of a value to find it, and not enough to use it."""
    words = text.split()
    if len(words) > 1:
        return " ".join(f"{word[0]}…" for word in words[:4])
    shown = text[: min(4, len(text) // 4)]
    return f"{shown}… ({len(text)} characters)"


def _audit_recording(
    file: Path, redactor: Redactor, personal: Sequence[JsonPath], *, known: bool
) -> Iterator[Leak]:
    """Look at a recording as the run it is: what no single text shows."""
    try:
        run = load(file)
    except RecordingError:
        return
    yield from _declared(file, run, personal)
    if known:
        return
    for number, call in enumerate(run.calls):
        if redactor.call(call) != call:
            place = f"$.calls[{number}]"
            kind = "secret or personal, by its place"
            yield Leak(file=file, place=place, kind=kind, shown="…")


def _declared(file: Path, run: Run, personal: Sequence[JsonPath]) -> Iterator[Leak]:
    values = declared_values(run.inputs, personal)
    if not values or look_made_up(text for _, _, text in values):
        return
    for where, _, text in values:
        kind = f"personal: {where}, no pseudonym"
        yield Leak(file=file, place=where, kind=kind, shown=shortened(text))
    seeker = Redactor({}, personal=masks_of(values))
    for place, kind, shown in _audit_data(file, file.read_bytes(), seeker):
        if kind.startswith("personal"):
            yield Leak(file=file, place=place, kind=kind, shown=shown)
