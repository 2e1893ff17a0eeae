"""Dataclasses in the form they have in a recording, by their type annotations."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache, partial
from typing import Any

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.recording.blobs import Blobs, ReadBlob
from pytest_agentflow.recording.leaves import (
    decode_bytes,
    decode_text,
    decode_value,
    encode_bytes,
    encode_text,
    encode_value,
    escape_key,
    short,
)

Decode = Callable[[Any, str, ReadBlob], Any]
"""Reads a node of the document, which stands at a JSON path."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Special:
    """How one class is written where its fields alone do not say it."""

    encode: Callable[[Any, Blobs], dict[str, Any]]
    decode: Decode


#: Classes with a form of their own; filled by `document`, which knows them.
SPECIALS: dict[type, Special] = {}


@cache
def stored_fields(form: Any) -> tuple[dataclasses.Field[Any], ...]:
    """List the fields of a dataclass that stand in a recording."""
    return tuple(
        field
        for field in dataclasses.fields(form)
        if field.init and field.metadata.get("json") is not False
    )


@cache
def hints(form: Any) -> dict[str, Any]:
    """Give the resolved annotations of a dataclass."""
    return typing.get_type_hints(form)


@cache
def optional_of(form: Any) -> Any:
    """Give ``X`` for ``X | None``, and `None` for every other annotation."""
    if typing.get_origin(form) in (typing.Union, types.UnionType):
        (inner,) = [c for c in typing.get_args(form) if c is not types.NoneType]
        return inner
    return None


def encode_as(form: Any, value: Any, blobs: Blobs) -> Any:
    """Write `value`, which is annotated as `form`."""
    if value is None and form is not Any:
        return None
    if (inner := optional_of(form)) is not None:
        return encode_as(inner, value, blobs)
    if form is str:
        return encode_text(value)
    if form is float:
        return encode_value(float(value), blobs)
    if form is Decimal:
        return str(value)
    if form is bytes:
        return encode_bytes(value, blobs)
    if dataclasses.is_dataclass(form):
        return _encode_dataclass(form, value, blobs)
    return _encode_container(form, value, blobs)


def _encode_container(form: Any, value: Any, blobs: Blobs) -> Any:
    inner = typing.get_args(form)
    if typing.get_origin(form) is tuple:
        forms = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return [encode_as(f, v, blobs) for f, v in zip(forms, value, strict=True)]
    if is_mapping(form) and inner[1] is not Any:
        return {escape_key(k): encode_as(inner[1], v, blobs) for k, v in value.items()}
    return encode_value(value, blobs)


@cache
def is_mapping(form: Any) -> bool:
    """Whether `form` is an annotation of a mapping."""
    origin = typing.get_origin(form)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _encode_dataclass(form: Any, value: Any, blobs: Blobs) -> dict[str, Any]:
    if special := SPECIALS.get(form):
        return special.encode(value, blobs)
    return encode_fields(form, value, blobs)


def encode_fields(
    form: Any, value: Any, blobs: Blobs, leave: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Write the fields that differ from their default, except those in `leave`."""
    types_ = hints(form)
    return {
        field.name: encode_as(types_[field.name], item, blobs)
        for field in stored_fields(form)
        if field.name not in leave
        and not is_default(field, item := getattr(value, field.name))
    }


def is_default(field: dataclasses.Field[Any], item: object) -> bool:
    """Whether a field has its default value, and so need not be written."""
    if field.default is not dataclasses.MISSING:
        return type(item) is type(field.default) and bool(item == field.default)
    if field.default_factory is not dataclasses.MISSING:
        return bool(item == field.default_factory())
    return False


def decode_as(form: Any, node: Any, path: str, read_blob: ReadBlob) -> Any:
    """Read what `encode_as` wrote; raises `Malformed` with the JSON path."""
    return _decoder(form)(node, path, read_blob)


@cache  # what an annotation asks for is found out once, not for each value
def _decoder(form: Any) -> Decode:
    if (inner := optional_of(form)) is not None:
        return partial(_decode_optional, _decoder(inner))
    if form is str:
        return _decode_str
    if form is bytes:
        return decode_bytes
    if dataclasses.is_dataclass(form):
        return partial(_decode_dataclass, form)
    if typing.get_origin(form) is tuple:
        return partial(_decode_tuple, typing.get_args(form))
    if is_mapping(form):
        return partial(_decode_mapping, typing.get_args(form)[1])
    return decode_value if form is Any else _scalar_decoder(form)


def _scalar_decoder(form: Any) -> Decode:
    if typing.get_origin(form) is typing.Literal:
        return partial(_decode_choice, typing.get_args(form))
    known: dict[Any, Decode] = {Decimal: _decode_decimal, float: _decode_float}
    return known.get(form) or partial(_decode_instance, form)


def _decode_optional(inner: Decode, node: Any, path: str, read_blob: ReadBlob) -> Any:
    return None if node is None else inner(node, path, read_blob)


def _decode_str(node: Any, path: str, _: ReadBlob) -> str:
    return node if isinstance(node, str) else decode_text(node, path)


def _decode_dataclass(form: Any, node: Any, path: str, read_blob: ReadBlob) -> Any:
    if special := SPECIALS.get(form):
        return special.decode(node, path, read_blob)
    return build(form, decode_fields(form, node, path, read_blob), path)


def _decode_choice(choices: tuple[Any, ...], node: Any, path: str, _: ReadBlob) -> Any:
    if not isinstance(node, str) or node not in choices:
        _expect(False, str(choices), node, path)
    return node


def _decode_instance(form: Any, node: Any, path: str, _: ReadBlob) -> Any:
    good = isinstance(node, form) and (form is bool or not isinstance(node, bool))
    _expect(good, form.__name__, node, path)
    return node


def _decode_float(node: Any, path: str, _: ReadBlob) -> float:
    if isinstance(node, dict):
        node = decode_value(node, path, _no_blob)
    good = isinstance(node, (int, float)) and not isinstance(node, bool)
    _expect(good, "a number", node, path)
    try:
        return float(node)
    except OverflowError:
        return math.inf if node > 0 else -math.inf


def _no_blob(name: str) -> bytes:
    raise FileNotFoundError(2, "no side file may stand here", name)


def _decode_decimal(node: Any, path: str, _: ReadBlob) -> Decimal:
    _expect(isinstance(node, str), "a decimal number as text", node, path)
    try:
        number = Decimal(node)
    except InvalidOperation:
        raise Malformed(path, f"{short(node)} is no decimal number") from None
    _expect(number.is_finite(), "a finite number", node, path)
    return number


def _decode_tuple(
    inner: tuple[Any, ...], node: Any, path: str, read_blob: ReadBlob
) -> Any:
    _expect(isinstance(node, list), "a list", node, path)
    forms = inner[:1] * len(node) if inner[-1] is Ellipsis else inner
    _expect(len(forms) == len(node), f"a list of {len(forms)}", node, path)
    return tuple(
        decode_as(f, item, f"{path}[{number}]", read_blob)
        for number, (f, item) in enumerate(zip(forms, node, strict=True))
    )


def _decode_mapping(inner: Any, node: Any, path: str, read_blob: ReadBlob) -> Any:
    _expect(isinstance(node, dict), "an object", node, path)
    decoded = {}
    for key, item in node.items():
        where = f"{path}.{key}"
        good = not key.startswith("$") or key.startswith("$$")
        _expect(good, "a key of a user's, $ written $$", key, where)
        name = key.removeprefix("$")
        decoded[name] = decode_as(inner, item, where, read_blob)
    return decoded


def decode_fields(
    form: Any,
    node: Any,
    path: str,
    read_blob: ReadBlob,
    leave: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """Read the fields of a dataclass, except `leave`; unknown ones are errors."""
    _expect(isinstance(node, dict), "an object", node, path)
    fields, required, known = _plan(form, leave)
    if unknown := node.keys() - known:
        key = next(key for key in node if key in unknown)
        names = ", ".join(fields)
        raise Malformed(f"{path}.{key}", f"unknown field (known: {names})")
    if missing := required - node.keys():
        name = next(name for name in fields if name in missing)
        raise Malformed(f"{path}.{name}", "this field is missing")
    return {
        name: item
        if type(item := node[name]) is str and decode is _decode_str
        else decode(item, f"{path}.{name}", read_blob)
        for name, decode in fields.items()
        if name in node
    }


@cache  # the same for each of the many nodes of one class
def _plan(
    form: Any, leave: frozenset[str]
) -> tuple[dict[str, Decode], frozenset[str], frozenset[str]]:
    """Give what reads each field, the fields that must be there, and all that may."""
    read = [field for field in stored_fields(form) if field.name not in leave]
    required = frozenset(
        field.name
        for field in read
        if field.default is dataclasses.MISSING
        and field.default_factory is dataclasses.MISSING
    )
    fields = {field.name: _decoder(hints(form)[field.name]) for field in read}
    return fields, required, leave.union(fields)


def build(form: Any, fields: dict[str, Any], path: str) -> Any:
    """Make the dataclass; what its own rules refuse is `Malformed`."""
    try:
        return form(**fields)
    except (TypeError, ValueError) as error:
        raise Malformed(path, str(error)) from error


def _expect(good: bool, what: str, node: Any, path: str) -> None:
    if not good:
        raise Malformed(path, f"expected {what}, found {short(node)}")
