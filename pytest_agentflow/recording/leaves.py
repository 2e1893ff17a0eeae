"""Texts, bytes and users' JSON values in the form they have in a recording."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping
from typing import Any

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.recording.blobs import Blobs, ReadBlob, fetch, keep, sniff

#: Deeper nesting is no recording of a person's program, and would end in a crash.
MAX_DEPTH = 150

#: Bytes longer than this go to a side file.
INLINE_BYTES = 96

#: Base64 texts of at least this length are cut out where the content is known...
_KNOWN_BASE64 = 256
#: ...and of this length in any case.
_ANY_BASE64 = 4096

_BASE64 = re.compile(r"(data:[\w.+/-]{1,60};base64,)?([A-Za-z0-9+/]+={0,2})")

_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode_text(text: str) -> Any:
    """Give text of several lines as ``{"$lines": [...]}``: diffs are then by line."""
    if "\n" not in text[:-1]:
        return text
    lines = text.split("\n")
    whole = [line + "\n" for line in lines[:-1]]
    return {"$lines": whole + lines[-1:] if lines[-1] else whole}


def decode_text(node: Any, path: str) -> str:
    """Give back the text; raises `Malformed`."""
    if isinstance(node, str):
        return node
    if isinstance(node, dict) and set(node) == {"$lines"}:
        lines = node["$lines"]
        if not isinstance(lines, list):
            raise Malformed(f"{path}.$lines", f"expected a list, found {short(lines)}")
        for number, line in enumerate(lines):
            if not isinstance(line, str):
                where = f"{path}.$lines[{number}]"
                raise Malformed(where, f"expected text, found {short(line)}")
        return "".join(lines)
    raise Malformed(path, f"expected text, found {short(node)}")


def encode_bytes(data: bytes, blobs: Blobs, media_type: str = "") -> Any:
    """Give short bytes as base64, others as the name of a side file."""
    if len(data) <= INLINE_BYTES:
        return {"$base64": base64.b64encode(data).decode("ascii")}
    return {"$blob": keep(blobs, data, media_type)}


def decode_bytes(node: Any, path: str, read_blob: ReadBlob) -> bytes:
    """Give back the bytes; raises `Malformed`."""
    if isinstance(node, dict) and set(node) == {"$base64"}:
        return _from_base64(node["$base64"], f"{path}.$base64")
    if isinstance(node, dict) and set(node) == {"$blob"}:
        return fetch(node["$blob"], read_blob, f"{path}.$blob")
    raise Malformed(path, f"expected bytes, found {short(node)}")


def _from_base64(text: Any, path: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Malformed(path, f"expected base64, found {short(text)}") from None
    if base64.b64encode(data).decode("ascii") != text:
        raise Malformed(path, f"expected canonical base64, found {short(text)}")
    return data


def encode_value(value: Any, blobs: Blobs, depth: int = 0) -> Any:
    """Give a user's JSON value, where bytes may stand, in the form of a recording.

    Keys that begin with ``$`` get a second one, so that ours cannot be mistaken.
    Raises `Malformed` for what is no JSON value or is nested too deep.
    """
    if isinstance(value, str):
        return _encode_string(value, blobs)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"$number": _name_of(value)}
    if isinstance(value, bytes):
        return encode_bytes(value, blobs)
    if depth > MAX_DEPTH:
        raise Malformed("$", f"the value is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, Mapping):
        return {
            escape_key(key): encode_value(item, blobs, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [encode_value(item, blobs, depth + 1) for item in value]
    raise Malformed("$", f"{type(value).__name__} is not a JSON value")


def _name_of(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _encode_string(text: str, blobs: Blobs) -> Any:
    if len(text) < _KNOWN_BASE64 or not (match := _BASE64.fullmatch(text)):
        return encode_text(text)
    try:
        data = base64.b64decode(match[2], validate=True)
    except (binascii.Error, ValueError):
        return encode_text(text)
    known = sniff(data) or len(match[2]) >= _ANY_BASE64
    if not known or base64.b64encode(data).decode("ascii") != match[2]:
        return encode_text(text)
    media_type = match[1][5:-8] if match[1] else ""
    node = {"$blob": keep(blobs, data, media_type), "as": "base64"}
    return {**node, "prefix": match[1]} if match[1] else node


def escape_key(key: Any) -> str:
    """Double the ``$`` that a user's key begins with; keys must be text."""
    if not isinstance(key, str):
        raise Malformed("$", f"keys must be text, found {short(key)}")
    return f"${key}" if key.startswith("$") else key


#: What stands in a recording as it is.
_PLAIN = frozenset({str, int, float, bool, type(None)})


def decode_value(node: Any, path: str, read_blob: ReadBlob, depth: int = 0) -> Any:
    """Give back a user's value; raises `Malformed`."""
    if node is None or isinstance(node, (str, bool, int, float)):
        return node
    if depth > MAX_DEPTH:
        raise Malformed(path, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(node, list):
        return [
            item
            if type(item) in _PLAIN
            else decode_value(item, f"{path}[{number}]", read_blob, depth + 1)
            for number, item in enumerate(node)
        ]
    if "$" not in "".join(node):  # one look at all keys: hardly any has it
        return {
            key: item
            if type(item) in _PLAIN
            else decode_value(item, f"{path}.{key}", read_blob, depth + 1)
            for key, item in node.items()
        }
    if marks := [k for k in node if k[:1] == "$" != k[1:2]]:
        return _decode_marked(marks, node, path, read_blob)
    return {
        key.removeprefix("$"): decode_value(item, f"{path}.{key}", read_blob, depth + 1)
        for key, item in node.items()
    }


def _decode_marked(
    marks: list[str], node: dict[str, Any], path: str, read_blob: ReadBlob
) -> Any:
    if marks == ["$lines"]:
        return decode_text(node, path)
    if marks == ["$number"] and len(node) == 1:
        number = node["$number"]
        if isinstance(number, str) and number in _NUMBERS:
            return _NUMBERS[number]
        raise Malformed(f"{path}.$number", f"unknown number {short(number)}")
    if marks == ["$blob"] and node.get("as") == "base64":
        data = fetch(node["$blob"], read_blob, f"{path}.$blob")
        prefix = node.get("prefix", "")
        if not isinstance(prefix, str) or not set(node) <= {"$blob", "as", "prefix"}:
            raise Malformed(
                path, f"expected a side file as base64, found {short(node)}"
            )
        return prefix + base64.b64encode(data).decode("ascii")
    if marks in (["$base64"], ["$blob"]):
        return decode_bytes(node, path, read_blob)
    known = "$lines, $base64, $blob, $number; a key of yours is written $$"
    raise Malformed(f"{path}.{marks[0]}", f"unknown mark (known: {known})")


def short(data: object) -> str:
    """Give a value for a message, cut at 60 characters."""
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
