"""What a check shows in the report beside its findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar, TypeAlias

from pytest_agentflow.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of text."""

    KIND: ClassVar[str] = "table"

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: tuple[int, ...] = ()
    """Indexes of the columns to align right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: a value, and where known its limit and what it is compared with."""

    label: str
    value: Decimal
    limit: Decimal | None = None
    against: Decimal | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A bar chart; the report always puts the figures in a table beside it."""

    KIND: ClassVar[str] = "bars"

    title: str
    unit: str
    bars: tuple[Bar, ...]
    against: str = ""
    """What `Bar.against` is: ``single large model``, ``main``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A curve through points, with an optional second line beside it."""

    KIND: ClassVar[str] = "line"

    title: str
    x_label: str
    y_label: str
    points: tuple[tuple[float, float], ...]
    bound: tuple[tuple[float, float], ...] = ()
    """The second line."""
    bound_name: str = "bound"
    """What it is: ``bound``, ``fitted as O(n)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatch:
    """A colour found, and the token it was held against."""

    colour: str
    """``#rrggbb``."""
    label: str
    nearest: str | None = None
    """Colour of the nearest token, ``#rrggbb``."""
    nearest_label: str = ""
    distance: float | None = None
    """CIEDE2000."""
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Swatches:
    """Colours beside their tokens."""

    KIND: ClassVar[str] = "swatches"

    title: str
    swatches: tuple[Swatch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A marked stretch of a text."""

    start: int
    end: int
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedText:
    """A text with marked stretches: claims by verdict, a passage of a source."""

    KIND: ClassVar[str] = "marked-text"

    title: str
    text: str
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureBox:
    """A rectangle on a picture, in its pixels."""

    x: float
    y: float
    width: float
    height: float
    label: str = ""
    fingerprint: str | None = None
    """Of the finding it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureExhibit:
    """A picture, such as a screenshot, with boxes on it."""

    KIND: ClassVar[str] = "picture"

    title: str
    media_type: str
    data: bytes
    width: int
    height: int
    boxes: tuple[PictureBox, ...] = field(default=())
    alt: str = ""


Exhibit: TypeAlias = Table | Bars | Line | Swatches | MarkedText | PictureExhibit
