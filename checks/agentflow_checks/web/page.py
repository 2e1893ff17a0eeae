"""What one visit of a page found: raw facts that every page check reads."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pytest_agentflow as af
from agentflow_checks.web import missing

Body: TypeAlias = bytes | Callable[[], Iterable[bytes]]
"""A file's bytes, or a function giving its chunks as they come."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it is given: its bytes, the files beside it, the folder below it."""

    html: bytes
    name: str = "index.html"
    """Path below the site's root; its ending tells HTML, XHTML and SVG apart."""
    files: Mapping[str, Body] = dataclasses.field(default_factory=dict, repr=False)
    """Further files by their path below the site's root."""
    root: Path | None = None
    """Folder that answers what `files` does not hold."""

    @property
    def digest(self) -> str:
        """SHA-256 over name, bytes, files and the folder's path, hexadecimal."""
        parts = [self.name.encode(), self.html, str(self.root or "").encode()]
        for name, body in sorted(self.files.items()):
            data = body if isinstance(body, bytes) else str(id(body)).encode()
            parts += [name.encode(), data]
        whole = hashlib.sha256()
        for part in parts:
            whole.update(len(part).to_bytes(8, "big") + part)
        return whole.hexdigest()


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """One element, or ``::before``/``::after`` box, that takes part in the layout."""

    selector: str
    tag: str
    """Name in lower case, ``::before`` for a generated box."""
    attributes: Mapping[str, str]
    text: str
    """The text directly inside it, white space folded; not that of its children."""
    box: af.Box
    styles: Mapping[str, str]
    """Computed value of every property in `snapshot.PROPERTIES`."""
    background: str | None
    """Colour behind its text, all layers blended, as ``rgb(51, 102, 153)``; None where
    the browser cannot tell: an image, a gradient, elements beside the text, no text."""
    text_opacity: float
    """Opacity that ancestors leave to its text, from 0 to 1."""
    paint_order: int
    parent: int | None
    """Index of the nearest ancestor in `Visit.elements`."""
    clickable: bool = False
    """Whether it listens to clicks or is a control."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Overflow:
    """How a page fits one width."""

    width: int
    """Viewport width in CSS pixels."""
    pixels: int
    """By how much content sticks out to the right; up to 1 is rounding."""
    culprits: tuple[str, ...] = ()
    """Selectors of the innermost elements that stick out, at most five."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One line of the browser's log about the page."""

    kind: str
    """``exception``, ``console.error``, ``console.warn``, ``violation``, ``dialog``
    (what the page tried to open, with the place of the call), ..."""
    text: str
    url: str = ""
    line: int | None = None
    """Line in the file at `url`, from 1."""
    column: int | None = None
    """Column in that line, from 1, in UTF-16 units as browsers count."""
    level: str = "error"
    """``error`` or ``warning``, where the browser tells them apart by this alone."""
    rejected: bool = False
    """Whether an ``exception`` is that of a promise which nobody handled."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class MissingAsset:
    """Something that the page asked for and did not get."""

    url: str
    kind: str
    """``image``, ``stylesheet``, ``script``, ``font``, ..."""
    reason: str
    """``404``, or the browser's error such as ``net::ERR_NAME_NOT_RESOLVED``."""
    blocked: bool = False
    """True where the address is outside the page's own site: pages get no network."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The facts of one visit; either `error` is set or everything else is."""

    page: Page
    error: str | None = None
    """Why the page could not be judged, as one sentence."""
    part_missing: bool = False
    """Whether the reason is a part that is not on this machine."""
    axe: Mapping[str, Any] | None = None
    """axe-core's answer: ``version``, ``violations``, ``incomplete``, ``passes`` (rule
    and number of nodes), ``inapplicable``; None when it was not asked for."""
    axe_error: str | None = None
    """Why axe-core gave no answer although it was asked, as one sentence."""
    elements: tuple[Element, ...] = ()
    hidden_roots: int = 0
    """Elements inside closed shadow roots, which no rule of axe-core examined."""
    overflow: tuple[Overflow, ...] = ()
    log: tuple[LogEntry, ...] = ()
    assets: tuple[MissingAsset, ...] = ()
    navigated_to: tuple[str, ...] = ()
    """Addresses that the page tried to go to by itself; it was kept where it was."""
    dialogs: tuple[str, ...] = ()
    """Dialogs and windows that the page tried to open."""
    dom: str = ""
    """The document as scripts left it, serialised."""
    settled: bool = True
    """False where fonts, frames or resources did not come to rest in time."""
    timings: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Milliseconds per step."""

    @property
    def unjudged(self) -> af.Verdict:
        """Verdict of everything that `error` keeps from being judged."""
        return missing.verdict() if self.part_missing else af.Verdict.ERROR
