"""Where something was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle on a page or picture, in CSS pixels from its top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a run; every field that applies is set."""

    stage: str | None = None
    call: str | None = None
    kind: str | None = None
    """Kind of the event there: ``prompt``, ``answer``, ``tool_call``, ..."""
    artefact: str | None = None
    """Name of the artefact, ``index.html``."""
    path: str | None = None
    """JSON path into the call, the event or the stage's output."""
    span: tuple[int, int] | None = None
    """Start and end in characters of the text at `path`."""
    line: int | None = None
    """Line in the artefact's source, from 1."""
    column: int | None = None
    """Column in that line, from 1."""
    selector: str | None = None
    box: tuple[float, float, float, float] | None = None
    """x, y, width, height in CSS pixels."""
    property: str | None = None
    """CSS property."""
    viewport: int | None = None
    """Width in CSS pixels."""
    scheme: str | None = None
    """``light`` or ``dark``."""
    state: str | None = None
    """What was done with the page before, ``with 'Menu' opened``; unset: nothing."""
    file: str | None = None
    """A file of the user's that it is about, such as a policy."""

    def __str__(self) -> str:
        """The place as one short text for terminals: ``frontend index.html:42:7``."""
        named = self.artefact or self.call or self.path or self.file or ""
        spot = named
        if spot and self.line is not None:
            spot += f":{self.line}"
            spot += f":{self.column}" if self.column is not None else ""
        owner = self.stage if spot != self.stage else None
        owned = bool(owner and spot.startswith(f"{owner}/"))
        parts = [None if owned else owner, spot, self.selector]
        if self.path and named != self.path:
            parts.append(self.path)
        if self.viewport is not None:
            parts.append(f"at {self.viewport} px")
        if self.state:
            parts.append(self.state)
        return " ".join(part for part in parts if part)
