"""What an atom is: a typed value of a text, its readings and its place."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

AtomType = Literal[
    "email",
    "url",
    "phone",
    "date",
    "time",
    "year",
    "money",
    "percent",
    "quantity",
    "number",
    "name",
    "identifier",
    "address",
    "quotation",
]

TYPES: Final[tuple[AtomType, ...]] = AtomType.__args__  # type: ignore[attr-defined]

#: Types whose values are amounts and are compared as numbers.
AMOUNTS: Final = frozenset({"year", "money", "percent", "quantity", "number"})

#: Bare numbers up to this one occur by chance in any source: they never fail a test.
SMALL_NUMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing a piece of text may stand for.

    Args:
        type: the kind of value.
        normal: the value in one notation; with ``type`` it is hashable identity.
        value: the amount, for amounts; of a quantity in the unit as written.
        unit: currency code or unit symbol as written, for amounts that have one.
    """

    type: AtomType
    normal: str
    value: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Atom:
    """A typed value of a text, at ``text[start:end]`` of the text it was read from.

    ``readings`` holds the likeliest reading first; ``03/05/2024`` has two, and so has
    a time without am or pm.
    """

    text: str
    start: int
    end: int
    readings: tuple[Reading, ...]

    @property
    def type(self) -> AtomType:
        """The likeliest kind of value."""
        return self.readings[0].type

    @property
    def normal(self) -> str:
        """The likeliest value in one notation."""
        return self.readings[0].normal

    @property
    def key(self) -> tuple[str, str]:
        """The hashable identity: (type, normal form)."""
        first = self.readings[0]
        return first.type, first.normal


def is_hard(atom: Atom) -> bool:
    """Tell whether a missing atom may fail a test by default.

    Bare numbers up to 12 and quotations may not: faithful answers hold many that are
    not in their sources (27 % of faithful quotations differ from the text).
    """
    first = atom.readings[0]
    if first.type == "quotation":
        return False
    if first.type == "number":
        return first.value is None or abs(first.value) > SMALL_NUMBER
    return True
