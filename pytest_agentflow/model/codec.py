"""Dataclasses to JSON values and back, with errors that name the JSON path."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


class Malformed(ValueError):
    """A JSON value does not have the declared form; ``path`` says where."""

    __module__ = "pytest_agentflow"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem


def to_json(value: object) -> Any:
    """Give `value` as JSON values; fields that equal their default are left out.

    Dataclasses become objects in field order, `Decimal` a string, `bytes` an object
    ``{"$base64": ...}``, enumerations their value. Everything else must be JSON.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _fields_to_json(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return {"$base64": base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    message = f"{type(value).__name__} is not a JSON value"
    raise TypeError(message)


def _fields_to_json(value: Any) -> dict[str, Any]:
    document: dict[str, Any] = {}
    if tag := getattr(type(value), "KIND", None):
        document["kind"] = tag
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if field.metadata.get("json") is False or _is_default(field, item):
            continue
        document[field.name] = to_json(item)
    return document


def _is_default(field: dataclasses.Field[Any], item: object) -> bool:
    if field.default is not dataclasses.MISSING:
        return type(item) is type(field.default) and bool(item == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(item == field.default_factory())
    return False


def from_json(form: type[T], data: object, path: str = "$") -> T:
    """Build a `form` from JSON values.

    Raises `Malformed` with the JSON path of the first place that does not fit:
    unknown or missing fields, a wrong type, a number that is none.
    """
    return typing.cast("T", _decode(form, data, path))


def _decode(form: Any, data: Any, path: str) -> Any:
    if form is Any or form is object:
        return _restore_bytes(data)
    if dataclasses.is_dataclass(form):
        return _decode_dataclass(form, data, path)
    origin = typing.get_origin(form)
    if origin in (typing.Union, types.UnionType):
        return _decode_union(form, data, path)
    if origin is typing.Literal:
        return _require(data in typing.get_args(form), data, form, path)
    if origin is tuple:
        return _decode_tuple(form, data, path)
    if origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(data, Mapping), "an object", data, path)
        inner = typing.get_args(form)[1]
        return {
            key: _decode(inner, item, f"{path}.{key}") for key, item in data.items()
        }
    return _decode_scalar(form, data, path)


def _decode_scalar(form: Any, data: Any, path: str) -> Any:
    if form is types.NoneType:
        return _require(data is None, data, form, path)
    if issubclass(form, Enum):
        return _decode_enum(form, data, path)
    if form is Decimal:
        return _decode_decimal(data, path)
    if form is bytes:
        restored = _restore_bytes(data)
        return _require(isinstance(restored, bytes), restored, form, path)
    if form is float:
        good = isinstance(data, (int, float)) and not isinstance(data, bool)
        return float(_require(good, data, form, path))
    if form is int:
        good = isinstance(data, int) and not isinstance(data, bool)
        return _require(good, data, form, path)
    return _require(isinstance(data, form), data, form, path)


def _decode_dataclass(form: Any, data: Any, path: str) -> Any:
    _expect(isinstance(data, Mapping), "an object", data, path)
    hints = _hints(form)
    fields = {f.name: f for f in dataclasses.fields(form) if _is_stored(f)}
    given = {
        key: item for key, item in data.items() if key != "kind" or "kind" in fields
    }
    for key in given:
        if key not in fields:
            known = ", ".join(fields)
            raise Malformed(f"{path}.{key}", f"unknown field (known: {known})")
    for name, field in fields.items():
        if name not in given and not _has_default(field):
            raise Malformed(f"{path}.{name}", "this field is missing")
    decoded = {k: _decode(hints[k], v, f"{path}.{k}") for k, v in given.items()}
    try:
        return form(**decoded)
    except (ValueError, TypeError) as error:
        raise Malformed(path, str(error)) from error


def _is_stored(field: dataclasses.Field[Any]) -> bool:
    return field.init and field.metadata.get("json") is not False


def _has_default(field: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


@cache
def _hints(form: Any) -> dict[str, Any]:
    return typing.get_type_hints(form)


def _decode_union(form: Any, data: Any, path: str) -> Any:
    choices = typing.get_args(form)
    if data is None and types.NoneType in choices:
        return None
    classes = [c for c in choices if dataclasses.is_dataclass(c)]
    if len(classes) > 1:
        return _decode_tagged(classes, data, path)
    problem: Malformed | None = None
    for choice in choices:
        if choice is types.NoneType:
            continue
        try:
            return _decode(choice, data, path)
        except Malformed as error:
            problem = problem or error
    raise problem or Malformed(path, f"{_short(data)} fits none of {form}")


def _decode_tagged(classes: Sequence[Any], data: Any, path: str) -> Any:
    kinds = {getattr(c, "KIND", c.__name__): c for c in classes}
    kind = data.get("kind") if isinstance(data, Mapping) else None
    if kind not in kinds:
        raise Malformed(f"{path}.kind", f"{kind!r} is none of {', '.join(kinds)}")
    rest = {key: item for key, item in data.items() if key != "kind"}
    return _decode_dataclass(kinds[kind], rest, path)


def _decode_tuple(form: Any, data: Any, path: str) -> tuple[Any, ...]:
    _expect(isinstance(data, (list, tuple)), "a list", data, path)
    inner = typing.get_args(form)
    if len(inner) == 2 and inner[1] is Ellipsis:
        return tuple(_decode(inner[0], v, f"{path}[{i}]") for i, v in enumerate(data))
    _expect(len(data) == len(inner), f"a list of {len(inner)}", data, path)
    pairs = zip(inner, data, strict=True)
    return tuple(_decode(f, v, f"{path}[{i}]") for i, (f, v) in enumerate(pairs))


def _decode_enum(form: Any, data: Any, path: str) -> Any:
    try:
        return form(data)
    except ValueError as error:
        choices = ", ".join(str(member.value) for member in form)
        raise Malformed(path, f"{_short(data)} is none of {choices}") from error


def _decode_decimal(data: Any, path: str) -> Decimal:
    good = isinstance(data, (str, int)) and not isinstance(data, bool)
    _expect(good, "a decimal number as text", data, path)
    try:
        number = Decimal(data)
    except InvalidOperation as error:
        raise Malformed(path, f"{_short(data)} is no decimal number") from error
    _expect(number.is_finite(), "a finite number", data, path)
    return number


def _restore_bytes(data: Any) -> Any:
    if isinstance(data, Mapping):
        if set(data) == {"$base64"} and isinstance(data["$base64"], str):
            return _from_base64(data["$base64"])
        return {key: _restore_bytes(item) for key, item in data.items()}
    if isinstance(data, list):
        return [_restore_bytes(item) for item in data]
    return data


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("$base64", "the text is no base64") from error


def _require(good: bool, data: Any, form: Any, path: str) -> Any:
    name = getattr(form, "__name__", str(form))
    _expect(good, name, data, path)
    return data


def _expect(good: bool, what: str, data: Any, path: str) -> None:
    if not good:
        raise Malformed(path, f"expected {what}, found {_short(data)}")


def _short(data: object) -> str:
    text = repr(data)
    return text if len(text) <= 60 else text[:57] + "..."
