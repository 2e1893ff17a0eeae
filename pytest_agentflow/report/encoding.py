"""Reports and entries as JSON values and as text, pictures once by digest."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from pytest_agentflow.checking.results import CheckResult, Evaluation
from pytest_agentflow.model.codec import Malformed, from_json
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.report.document import (
    FORMAT,
    Entry,
    GateEntry,
    Report,
    TrialsEntry,
)
from pytest_agentflow.report.entry import without_pictures

DERIVED: Mapping[type, tuple[str, ...]] = {
    Evaluation: ("verdict", "ok", "told_once"),
    CheckResult: ("ok", "examined", "undetermined"),
    Finding: ("fingerprint",),
}
"""Properties that are written for readers of the JSON, and not read back."""


def report_to_json(report: Report) -> dict[str, Any]:
    """Give `report` as JSON values; see ``schemas/report-1.schema.json``.

    Unlike recordings it names what is a default, too (every verdict, every count), so
    that a reader needs no table of defaults; only what is empty is left out.
    """
    pictures: dict[str, bytes] = {}
    document = _encode(report, pictures)
    return {"format": FORMAT, **document, "pictures": _texts(pictures)}


def report_from_json(data: object) -> Report:
    """Rebuild a report; raises `Malformed` with the JSON path that does not fit."""
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, Mapping) else None
        raise Malformed("$.format", f"expected {FORMAT!r}, found {found!r}")
    rest = {k: v for k, v in data.items() if k not in ("format", "pictures")}
    return from_json(Report, _restored(rest, _bytes(data.get("pictures", {}))))


def report_to_text(report: Report) -> str:
    """Give `report` as the text of its JSON form."""
    return dumps(report_to_json(report), indent=1) + "\n"


def entry_to_text(entry: Entry, *, pictures: bool = True) -> str:
    """Give one entry as one line of JSON, to ride on a test's report.

    Args:
        entry: what to send.
        pictures: whether to send the pictures of its exhibits, each once.
    """
    return _pack("entry", entry if pictures else without_pictures(entry))


def entry_from_text(text: str) -> Entry:
    """Rebuild the entry that `entry_to_text` gave; raises `Malformed`."""
    data, pictures = _unpack(text)
    restored = _restored({"entries": [data.get("entry")]}, pictures)
    entry = from_json(Entry, restored["entries"][0], "$.entry")
    return dataclasses.replace(entry, seconds=float(data.get("seconds", 0.0)))


def gate_to_text(gate: GateEntry) -> str:
    """Give one decomposition as one line of JSON, to ride on a test's report."""
    return _pack("gate", gate)


def gate_from_text(text: str) -> GateEntry:
    """Rebuild what `gate_to_text` gave; raises `Malformed`."""
    data, pictures = _unpack(text)
    restored = _restored({"decompositions": [data.get("gate")]}, pictures)
    return from_json(GateEntry, restored["decompositions"][0], "$.gate")


def trials_to_text(trials: TrialsEntry) -> str:
    """Give how the trials of a test went as one line of JSON."""
    return _pack("trials", trials)


def trials_from_text(text: str) -> TrialsEntry:
    """Rebuild what `trials_to_text` gave; raises `Malformed`."""
    return from_json(TrialsEntry, _unpack(text)[0].get("trials"), "$.trials")


def _pack(name: str, item: Entry | GateEntry | TrialsEntry) -> str:
    pictures: dict[str, bytes] = {}
    document = {name: _encode(item, pictures), "seconds": getattr(item, "seconds", 0.0)}
    return dumps({**document, "pictures": _texts(pictures)})


def _unpack(text: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    try:
        data = json.loads(text)
    except ValueError as error:
        raise Malformed("$", f"this is no JSON: {error}") from error
    if not isinstance(data, dict):
        raise Malformed("$", "expected an object")
    return data, _bytes(data.get("pictures", {}))


def dumps(document: object, indent: int | None = None) -> str:
    """Give JSON values as text that can be written as UTF-8."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair in a recorded text
        return json.dumps(document, indent=indent)
    return text


def _encode(value: Any, pictures: dict[str, bytes]) -> Any:
    if dataclasses.is_dataclass(value):
        return dict(_fields(value, pictures))
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        digest = hashlib.sha256(value).hexdigest()
        pictures[digest] = value
        return {"$picture": digest}
    if isinstance(value, Mapping):
        return {str(key): _encode(item, pictures) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(item, pictures) for item in value]
    return value


def _fields(value: Any, pictures: dict[str, bytes]) -> Iterator[tuple[str, Any]]:
    if kind := getattr(type(value), "KIND", None):
        yield "kind", kind
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        stored = field.metadata.get("json") is not False and field.compare
        if stored and not _left_out(field, item):
            yield field.name, _encode(item, pictures)
    for name in DERIVED.get(type(value), ()):
        yield name, _encode(getattr(value, name), pictures)


def _left_out(field: dataclasses.Field[Any], item: object) -> bool:
    """Whether it is empty, and reading without it gives the same."""
    if item is not None and not (isinstance(item, (str, tuple, Mapping)) and not item):
        return False
    if field.default_factory is not dataclasses.MISSING:
        return bool(item == field.default_factory())
    return field.default is not dataclasses.MISSING and item == field.default


def _texts(pictures: Mapping[str, bytes]) -> dict[str, str]:
    encoded = {k: base64.b64encode(v).decode("ascii") for k, v in pictures.items()}
    return dict(sorted(encoded.items()))


def _bytes(pictures: object) -> dict[str, bytes]:
    if not isinstance(pictures, Mapping):
        raise Malformed("$.pictures", "expected an object of digests")
    restored = {}
    for digest, text in pictures.items():
        try:
            restored[digest] = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise Malformed(f"$.pictures.{digest}", "the text is no base64") from error
    return restored


def _restored(data: dict[str, Any], pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """Put pictures back in their places, and take away what is derived."""
    document: dict[str, Any] = json.loads(json.dumps(data))
    for node, path in _evaluations(document):
        _drop(node, DERIVED[Evaluation])
        for number, result in enumerate(_objects(node, "results")):
            _drop(result, DERIVED[CheckResult])
            _put_back(result, pictures, f"{path}.results[{number}]")
            for rule in _objects(result, "rules"):
                for finding in _objects(rule, "findings"):
                    _drop(finding, DERIVED[Finding])
    for number, gate in enumerate(_objects(document, "decompositions")):
        _put_back(gate, pictures, f"$.decompositions[{number}]")
    for picture, path in _recorded_pictures(document):
        _put_picture_back(picture, pictures, path)
    for comparison in _objects(document, "comparisons"):
        for finding in _objects(comparison, "fixed"):
            _drop(finding, DERIVED[Finding])
    return document


def _evaluations(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for number, entry in enumerate(_objects(document, "entries")):
        if isinstance(entry.get("evaluation"), dict):
            yield entry["evaluation"], f"$.entries[{number}].evaluation"


def _recorded_pictures(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Give the pictures of recordings that changed, each with its JSON path."""
    recordings = document.get("recordings")
    for n, change in enumerate(_objects(recordings or {}, "changes")):
        for m, stage in enumerate(_objects(change, "stages")):
            for k, picture in enumerate(_objects(stage, "pictures")):
                for side in ("before", "now"):
                    if isinstance(picture.get(side), dict):
                        path = f"changes[{n}].stages[{m}].pictures[{k}].{side}"
                        yield picture[side], f"$.recordings.{path}"


def _objects(node: Any, name: str) -> Iterator[dict[str, Any]]:
    items = node.get(name) if isinstance(node, dict) else None
    if isinstance(items, list):
        yield from (item for item in items if isinstance(item, dict))


def _drop(node: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        node.pop(name, None)


def _put_back(node: Any, pictures: Mapping[str, bytes], path: str) -> None:
    for number, exhibit in enumerate(_objects(node, "exhibits")):
        if exhibit.get("kind") == "picture":
            _put_picture_back(exhibit, pictures, f"{path}.exhibits[{number}]")


def _put_picture_back(
    node: dict[str, Any], pictures: Mapping[str, bytes], path: str
) -> None:
    reference = node.get("data")
    if not isinstance(reference, dict):
        return
    digest = str(reference.get("$picture"))
    if digest not in pictures:
        raise Malformed(f"{path}.data", f"no picture {digest!r} is in $.pictures")
    node["data"] = pictures[digest]
