"""Arguments of checks as text: what one would write, and can paste."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

#: Powers of ten whose noughts are printed; beyond them they tell nobody anything.
PLAIN = range(-20, 21)


def written(value: object) -> str:
    """Write one argument: texts and paths in quotes, numbers as plain decimals.

    A number never has an exponent, ``0.000044`` and not ``4.4e-05``, also within lists
    and mappings; a `Decimal` is written as the number it is.
    """
    if isinstance(value, (str, Path)):
        return '"' + str(value).replace('"', '\\"') + '"'
    return _inside(value)


def _inside(value: object) -> str:
    if isinstance(value, (float, Decimal)):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = (f"{_inside(key)}: {_inside(item)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if type(value) is list:
        return f"[{', '.join(map(_inside, value))}]"
    if type(value) is tuple:
        return f"({', '.join(map(_inside, value))}{',' * (len(value) == 1)})"
    return repr(value)


def _number(value: float | Decimal) -> str:
    is_float = isinstance(value, float)
    number = Decimal(float.__repr__(value)) if is_float else Decimal(value)
    if not (number.is_finite() and number.adjusted() in PLAIN):
        return repr(value)
    text = f"{number:f}"
    # A float stays one when it is read again: as an integer it would be another number.
    return f"{text}.0" if is_float and "." not in text else text
