"""The part of the report that tells how recordings differ from those of a revision."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from pytest_agentflow.report.amounts import StageDelta

Sign = Literal["same", "gone", "new"]
State = Literal["changed", "added", "removed", "unreadable", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece of a text that changed."""

    sign: Sign
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChange:
    """What changed in one text of a prompt or an output."""

    where: str
    """Id of the call, ``output``, or the name of an artefact."""
    path: str
    """JSON path of the text."""
    pieces: tuple[Piece, ...] = ()
    """What changed with some words around it; long stretches are cut with a count."""
    more: int = 0
    """Changes of this text that are not shown."""
    same_as: str = ""
    """Where the very same change was told already: a stage, and what in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureState:
    """A picture as one of two recordings has it."""

    digest: str
    """SHA-256, hexadecimal."""
    size: int
    """Bytes."""
    media_type: str
    width: int = 0
    """Pixels; 0: not known."""
    height: int = 0
    data: bytes = b""
    """Empty where pictures would make the report too large."""
    link: str = ""
    """Address of the picture on the forge, where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureChange:
    """A picture that is another one now; `None` where there was or is none."""

    name: str
    before: PictureState | None = None
    now: PictureState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageChange:
    """One stage of a recording that is not what it was."""

    name: str
    """Empty: what belongs to no stage."""
    state: Literal["changed", "added", "removed"] = "changed"
    spent: StageDelta
    models_before: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    prompts: tuple[TextChange, ...] = ()
    prompts_changed: int = 0
    """How many texts changed; fewer of them may be shown."""
    outputs: tuple[TextChange, ...] = ()
    outputs_changed: int = 0
    pictures: tuple[PictureChange, ...] = ()
    calls_added: tuple[str, ...] = ()
    calls_removed: tuple[str, ...] = ()
    waited: tuple[str, ...] = ()
    """Stages that it came after."""
    waits: tuple[str, ...] = ()
    """Stages that it comes after now."""
    causes: str = ""
    """Why it costs something else: ``more calls +$0.012 (1 -> 6), ...``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingChange:
    """One recording that is not what it was."""

    file: str
    run: str
    """Id of the run; that of the file where it could not be read."""
    state: State = "changed"
    """``same``: only dates, times and the like differ."""
    problem: str = ""
    """Why it could not be read."""
    stages: tuple[StageChange, ...] = ()
    total: StageDelta = field(default_factory=lambda: StageDelta(name=""))
    size: int = 0
    """Bytes of the recording and its side files."""
    size_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSize:
    """A file and its size in bytes."""

    file: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsChanged:
    """How the recordings differ from those of a revision, and how large they are."""

    count: int = 0
    """Recordings there are now."""
    changes: tuple[RecordingChange, ...] = ()
    not_compared: int = 0
    """Changed recordings beyond those that were read."""
    size: int = 0
    """Bytes of all recordings and their side files."""
    size_before: int = 0
    largest: tuple[FileSize, ...] = ()
    lfs: int = 0
    """How many of the files git keeps in Large File Storage."""
