"""Any value as JSON values, where bytes may stand, for people and checks to read.

Unlike recorded results of functions, which are rebuilt as what they were, outputs and
inputs are only looked at: every value has a form here, and none is refused.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import math
import re
import tempfile
import uuid
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path, PurePath
from typing import Any

_DEEPEST = 40
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def described(value: Any) -> str:
    """Name what has no JSON form; without its address, which changes every time."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a broken repr of a user's must not stop a run
        text = f"<{type(value).__module__}.{type(value).__qualname__}>"
    return _ADDRESS.sub("", text)[:2000]


def plain(value: Any, *, unknown: Callable[[Any], str] = described) -> Any:
    """Give `value` as JSON values, where bytes may stand.

    Dataclasses, named tuples and models become objects of their fields. A path is
    written so that it is the same on every machine: see `plain_path`.

    Args:
        value: anything.
        unknown: names what has no JSON form.
    """
    return _plain(value, unknown, 0)


def _plain(value: Any, unknown: Callable[[Any], str], depth: int) -> Any:
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or isinstance(value, _SCALARS):
        return _plain_scalar(value)
    if depth > _DEEPEST:
        return unknown(value)
    if (fields := fields_of(value)) is not None:
        return {str(k): _plain(v, unknown, depth + 1) for k, v in fields.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, unknown, depth + 1) for item in value]
    if isinstance(value, AbstractSet):
        return sorted((_plain(v, unknown, depth + 1) for v in value), key=repr)
    return _plain_other(value, unknown)


_SCALARS = (bool, int, float, str, bytes, bytearray, memoryview)


def _plain_scalar(value: Any) -> Any:
    """Give a value of a subclass as one of the class itself."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    return _plain_text(str(value)) if isinstance(value, str) else bytes(value)


def _plain_text(text: str) -> str:
    """Write a text that is a path below the temporary folder as a path is written."""
    is_path = text.startswith(f"{tempfile.gettempdir()}/") and len(text) < 1000
    return plain_path(PurePath(text)) if is_path and "\n" not in text else text


def _plain_other(value: Any, unknown: Callable[[Any], str]) -> Any:
    if isinstance(value, PurePath):
        return plain_path(value)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (decimal.Decimal, uuid.UUID, dt.timedelta)):
        return str(value)
    return unknown(value)


def fields_of(value: Any) -> dict[Any, Any] | None:
    """Give the named parts of mappings, dataclasses, named tuples and models."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, type):
        return None
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: getattr(value, name) for name in names if hasattr(value, name)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(zip(value._fields, value, strict=True))
    # pydantic and attrs are asked without being imported
    if isinstance(known := getattr(type(value), "model_fields", None), Mapping):
        return {name: getattr(value, name, None) for name in known}
    if known := getattr(type(value), "__attrs_attrs__", None):
        return {a.name: getattr(value, a.name) for a in known}
    return None


def plain_path(path: PurePath) -> str:
    """Write a path so that it is the same on every machine and in every run.

    Below the working folder only what is relative to it counts, elsewhere below the
    temporary folder only a file's own name.
    """
    if not path.is_absolute():
        return path.as_posix()
    # A project that is checked out below the temporary folder is one all the same.
    here, temporary = Path.cwd(), Path(tempfile.gettempdir())
    if here != temporary and path.is_relative_to(here):
        return path.relative_to(here).as_posix()
    if path.is_relative_to(temporary):
        # The names of temporary folders are made up anew each time.
        return f"(temporary)/{path.name}" if path.suffix else "(temporary)"
    return path.as_posix()
