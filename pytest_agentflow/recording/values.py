"""Values of users' functions as JSON values, and back as the classes they were.

A value is rebuilt only into a class that the recording names, that stands at the top of
a module of a package which is already imported, and that is a dataclass, a named tuple
or a pydantic model. Dataclasses and named tuples are filled field by field, so neither
``__init__`` nor ``__post_init__`` runs; pydantic models are validated by their own
rules. Nothing is ever unpickled.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
import sys
from collections.abc import Mapping
from typing import Any

from pytest_agentflow.recording.leaves import MAX_DEPTH

#: Keys of our own; a user's keys of the same form get one more ``$``.
_OWN = re.compile(r"\$+(class|tuple)")

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


class UnstorableValue(TypeError):
    """A value cannot stand in a recording, so its function cannot be replayed."""


def encode_user_value(value: Any) -> Any:
    """Give `value` as JSON values, where bytes may stand.

    JSON values, bytes, tuples, dataclasses, named tuples and pydantic models are
    stored; anything else raises `UnstorableValue` with the sentence for the user.
    """
    return _encode(value, "the value", 0)


def _encode(value: Any, where: str, depth: int) -> Any:
    kind = type(value)
    if value is None or kind in (bool, int, float, str, bytes):
        return value
    if depth > MAX_DEPTH:
        raise _refused(where, "is nested too deep")
    if kind is dict:
        return _encode_dict(value, where, depth)
    if kind in (list, tuple):
        items = [_encode(v, f"{where}[{n}]", depth + 1) for n, v in enumerate(value)]
        return items if kind is list else {"$tuple": items}
    if _is_pydantic(kind):
        return {"$class": _name_of(kind, where), **_dump_model(value, where, depth)}
    if not _is_dataclass(kind) and not _is_named_tuple(kind):
        raise _refused(where, f"is a {kind.__module__}.{kind.__qualname__}")
    fields = {
        name: _encode(getattr(value, name), f"{where}.{name}", depth + 1)
        for name in _field_names(kind)
        if hasattr(value, name)
    }
    return {"$class": _name_of(kind, where), **fields}


def _encode_dict(value: dict[Any, Any], where: str, depth: int) -> dict[str, Any]:
    encoded = {}
    for key, item in value.items():
        if type(key) is not str:
            raise _refused(
                where, f"is a dict with the key {key!r:.40}, which is no text"
            )
        name = f"${key}" if _OWN.fullmatch(key) else key
        encoded[name] = _encode(item, f"{where}[{key!r:.40}]", depth + 1)
    return encoded


def _refused(where: str, problem: str) -> UnstorableValue:
    return UnstorableValue(
        f"{where} {problem}; a recording holds JSON values, bytes, tuples, "
        "dataclasses, named tuples and pydantic models. Return one of these, or mark "
        "the function replay=False to run it in every replay."
    )


def _is_pydantic(kind: type) -> bool:
    # A model's class exists only where pydantic is imported; it is never imported here.
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and issubclass(kind, pydantic.BaseModel)


def _is_dataclass(kind: type) -> bool:
    return dataclasses.is_dataclass(kind)


def _is_named_tuple(kind: type) -> bool:
    names = getattr(kind, "_fields", None)
    return (
        issubclass(kind, tuple)
        and isinstance(names, tuple)
        and all(isinstance(name, str) for name in names)
    )


def _field_names(kind: Any) -> tuple[str, ...]:
    if _is_named_tuple(kind):
        return tuple(kind._fields)
    return tuple(field.name for field in dataclasses.fields(kind))


def _name_of(kind: type, where: str) -> str:
    name = f"{kind.__module__}:{kind.__qualname__}"
    try:
        found = find_class(name)
    except UnstorableValue:
        found = None
    if found is not kind:
        problem = f"is a {name}, a class that does not stand at the top of its module"
        raise _refused(where, problem)
    return name


def _dump_model(value: Any, where: str, depth: int) -> dict[str, Any]:
    """Dump a pydantic model, and make sure that it can be built again."""
    try:
        plain = value.model_dump(mode="json", by_alias=True, round_trip=True)
        good = type(value).model_validate(plain) == value
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise _refused(where, f"is a model that cannot be dumped: {reason}") from None
    if not good:
        name = type(value).__qualname__
        problem = f"is a {name}, which is not the same after dumping and validating it"
        raise _refused(where, problem)
    return _encode_dict(plain, where, depth)


def decode_user_value(value: Any) -> Any:
    """Rebuild what `encode_user_value` gave; raises `UnstorableValue`."""
    return _decode(value, 0)


def _decode(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise UnstorableValue("the recorded value is nested too deep")
    if isinstance(value, (list, tuple)):
        return [_decode(item, depth + 1) for item in value]
    if not isinstance(value, Mapping):
        return value
    if set(value) == {"$tuple"} and isinstance(value["$tuple"], (list, tuple)):
        return tuple(_decode(item, depth + 1) for item in value["$tuple"])
    if "$class" in value:
        return _rebuild(value, depth)
    return _decode_dict(value, depth)


def _decode_dict(value: Mapping[str, Any], depth: int) -> dict[str, Any]:
    return {
        key[1:] if _OWN.fullmatch(key) else key: _decode(item, depth + 1)
        for key, item in value.items()
        if key != "$class"
    }


def _rebuild(value: Mapping[str, Any], depth: int) -> Any:
    kind = find_class(value["$class"])
    fields = _decode_dict(value, depth)
    if _is_pydantic(kind):
        try:
            return kind.model_validate(fields)
        except ValueError as error:
            reason = str(error).partition("\n")[0]
            raise _changed(value["$class"], reason) from None
    known = _field_names(kind)
    if unknown := [name for name in fields if name not in known]:
        raise _changed(value["$class"], f"it has no field {unknown[0]!r} now")
    if _is_named_tuple(kind):
        if missing := [name for name in known if name not in fields]:
            raise _changed(value["$class"], f"its field {missing[0]!r} is new")
        return tuple.__new__(kind, [fields[name] for name in known])
    return _fill(kind, fields, value["$class"])


def _fill(kind: Any, fields: dict[str, Any], name: str) -> Any:
    instance = object.__new__(kind)
    for field in dataclasses.fields(kind):
        if field.name in fields:
            object.__setattr__(instance, field.name, fields[field.name])
        elif field.default is not dataclasses.MISSING:
            object.__setattr__(instance, field.name, field.default)
        elif field.default_factory is not dataclasses.MISSING:
            object.__setattr__(instance, field.name, field.default_factory())
        elif field.init:
            raise _changed(name, f"its field {field.name!r} is new")
    return instance


def _changed(name: Any, problem: str) -> UnstorableValue:
    return UnstorableValue(
        f"the class {name} is not what it was when its value was recorded: {problem}. "
        "Record the run again."
    )


def find_class(name: Any) -> Any:
    """Find the class that a recording names as ``module:Class``.

    The module must belong to a package that is imported already, and the class must be
    a dataclass, a named tuple or a pydantic model. Raises `UnstorableValue`.
    """
    module_name, _, qualified = (
        name.partition(":") if isinstance(name, str) else ("",) * 3
    )
    if not (_NAME.fullmatch(module_name) and _NAME.fullmatch(qualified)):
        raise UnstorableValue(f"{name!r:.80} is no name of a class")
    found: Any = _module(module_name)
    for part in qualified.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    good = isinstance(found, type) and (
        _is_dataclass(found) or _is_named_tuple(found) or _is_pydantic(found)
    )
    if not good or found.__module__ != module_name:
        raise UnstorableValue(
            f"{name} is no dataclass, named tuple or pydantic model of that module"
        )
    return found


def _module(name: str) -> Any:
    if name in sys.modules:
        return sys.modules[name]
    if name.partition(".")[0] not in sys.modules:
        raise UnstorableValue(f"the module {name} is not part of an imported package")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise UnstorableValue(
            f"the module {name} cannot be imported: {error}"
        ) from None
