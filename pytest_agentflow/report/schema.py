"""The JSON Schema of the report's JSON form, made from the dataclasses themselves."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from pytest_agentflow.report.document import FORMAT, Report
from pytest_agentflow.report.encoding import DERIVED

FILE = Path(__file__).parent / "schemas" / "report-1.schema.json"

_SCALARS: Mapping[Any, dict[str, Any]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    types.NoneType: {"type": "null"},
    Decimal: {"type": "string", "pattern": r"^-?[0-9.]+([eE][+-]?[0-9]+)?$"},
    bytes: {
        "type": "object",
        "properties": {"$picture": {"type": "string"}},
        "required": ["$picture"],
        "additionalProperties": False,
    },
}


def report_schema() -> dict[str, Any]:
    """Make the JSON Schema (draft 2020-12) of what `report_to_json` gives.

    A property is required where it is always written: fields without default, and
    those whose values are never empty. What is derived is described, too.
    """
    parts: dict[str, Any] = {}
    root = _object(Report, parts)
    head = {"format": {"const": FORMAT}}
    pictures = {
        "type": "object",
        "description": "Every picture once: SHA-256 of its bytes -> base64.",
        "additionalProperties": {"type": "string", "contentEncoding": "base64"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of pytest-agentflow",
        "description": _first_line(Report),
        "type": "object",
        "properties": {**head, **root["properties"], "pictures": pictures},
        "required": ["format", *root["required"], "pictures"],
        "additionalProperties": False,
        "$defs": dict(sorted(parts.items())),
    }


def schema_text() -> str:
    """Give the schema as the text of its file."""
    return json.dumps(report_schema(), indent=1) + "\n"


def write_schema() -> None:
    """Bring the published file up to date."""
    FILE.write_text(schema_text(), "utf-8", newline="\n")


def _schema(form: Any, parts: dict[str, Any]) -> dict[str, Any]:
    if dataclasses.is_dataclass(form):
        return _reference(typing.cast("type", form), parts)
    origin = typing.get_origin(form)
    if origin in (typing.Union, types.UnionType):
        return _union(form, parts)
    if origin is typing.Literal:
        return {"enum": list(typing.get_args(form))}
    if origin is tuple:
        return _array(form, parts)
    if origin is not None and issubclass(origin, Mapping):
        inner = _schema(typing.get_args(form)[1], parts)
        return {"type": "object", "additionalProperties": inner}
    if isinstance(form, type) and issubclass(form, Enum):
        return {"enum": [member.value for member in form]}
    return dict(_SCALARS[form])


def _union(form: Any, parts: dict[str, Any]) -> dict[str, Any]:
    choices = [_schema(choice, parts) for choice in typing.get_args(form)]
    return {"anyOf": choices}


def _array(form: Any, parts: dict[str, Any]) -> dict[str, Any]:
    inner = typing.get_args(form)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return {"type": "array", "items": _schema(inner[0], parts)}
    return {
        "type": "array",
        "prefixItems": [_schema(item, parts) for item in inner],
        "minItems": len(inner),
        "maxItems": len(inner),
    }


def _reference(form: type, parts: dict[str, Any]) -> dict[str, Any]:
    if form.__name__ not in parts:
        parts[form.__name__] = {}  # holds the name while its own fields are read
        parts[form.__name__] = _object(form, parts)
    return {"$ref": f"#/$defs/{form.__name__}"}


def _object(form: type, parts: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(form)
    properties: dict[str, Any] = {}
    required: list[str] = []
    if kind := getattr(form, "KIND", None):
        properties["kind"] = {"const": kind}
        required.append("kind")
    for field in dataclasses.fields(form):
        if field.metadata.get("json") is False or not field.compare:
            continue
        properties[field.name] = _schema(hints[field.name], parts)
        if _always_written(field):
            required.append(field.name)
    for name in DERIVED.get(form, ()):
        getter: Callable[..., Any] = getattr(form, name).fget
        result = typing.get_type_hints(getter)["return"]
        properties[name] = {**_schema(result, parts), "readOnly": True}
        required.append(name)
    return {
        "type": "object",
        "description": _first_line(form),
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _always_written(field: dataclasses.Field[Any]) -> bool:
    """Whether `encoding` never leaves the field out: its default is not empty."""
    missing = dataclasses.MISSING
    if field.default_factory is not missing:
        return dataclasses.is_dataclass(field.default_factory())
    empty = field.default is None or field.default in ("", ())
    return field.default is missing or not empty


def _first_line(form: type) -> str:
    return (form.__doc__ or "").splitlines()[0]
