"""A file of labelled outputs: what people say of claims, and the sources they saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest_agentflow as af

#: Words of a label -> whether it is held by the sources.
LABELS = {"supported": True, "unsupported": False, "contradicted": False}

_FORM = (
    '{"claim": "...", "sources": ["..."], "label": "supported"}; the label is one of '
    f"{', '.join(LABELS)}, or left out where only the judge is asked"
)


class BadLabels(ValueError):
    """A line of a file of labels cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One text that people, or nobody yet, judged by its sources.

    Args:
        text: a claim, or a whole output.
        unit: which of the two.
        sources: their texts by id.
        supported: the label; `None` where there is none.
        group: what it comes from, so that intervals do not take claims of one source
            for independent.
        question: what was asked, where that is known.
    """

    text: str
    unit: Literal["claim", "output"]
    sources: Mapping[str, str]
    supported: bool | None
    group: str
    question: str | None = None


def read_labels(path: Path) -> tuple[Labelled, ...]:
    """Read a file of one JSON object a line.

    Members: ``claim`` or ``output``; ``sources`` (a text, a list, or texts by id) or
    ``run`` (a recording, relative to the file); ``label``; and, if wanted, ``group``
    (else the sources themselves) and ``question``.

    Raises `BadLabels` with the line's number, for a file without lines, and for one
    that mixes claims and outputs.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read: {error}"
        raise BadLabels(message) from None
    rows = tuple(_rows(path, lines))
    if not rows:
        message = f"{path} holds no line; write one JSON object a line: {_FORM}"
        raise BadLabels(message)
    if len({row.unit for row in rows}) > 1:
        message = (
            f"{path} mixes claims and outputs, which have scores of their own; write "
            "a file for each"
        )
        raise BadLabels(message)
    return rows


def _rows(path: Path, lines: list[str]) -> Iterator[Labelled]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _row(json.loads(line), path.parent)
        except RecursionError:
            message = f"{path}:{number}: is nested too deeply"
            raise BadLabels(message) from None
        except (ValueError, af.RecordingError) as error:
            message = f"{path}:{number}: {error}. A line is {_FORM}"
            raise BadLabels(message) from None


def _row(value: Any, folder: Path) -> Labelled:
    if not isinstance(value, dict):
        message = "is no JSON object"
        raise ValueError(message)  # noqa: TRY004 - of a file, like all that is wrong
    given = [name for name in ("claim", "output") if isinstance(value.get(name), str)]
    if len(given) != 1 or not value[given[0]].strip():
        message = 'needs either "claim" or "output", a text'
        raise ValueError(message)
    sources = _sources(value, folder)
    group = value.get("group")
    question = value.get("question")
    return Labelled(
        text=value[given[0]],
        unit="claim" if given[0] == "claim" else "output",
        sources=sources,
        supported=_label(value.get("label")),
        group=_digest(sources) if group is None else str(group),
        question=question if isinstance(question, str) else None,
    )


def _label(given: Any) -> bool | None:
    if given is None:
        return None
    if not isinstance(given, str) or given not in LABELS:
        message = f"label {given!r} is none of {', '.join(LABELS)}"
        raise ValueError(message)
    return LABELS[given]


def _sources(value: Mapping[str, Any], folder: Path) -> dict[str, str]:
    given = value.get("sources")
    if isinstance(value.get("run"), str):
        given = {s.id: s.text for s in af.load(folder / value["run"]).sources}
    if isinstance(given, str):
        given = [given]
    if isinstance(given, list):
        given = {f"source {number}": text for number, text in enumerate(given, 1)}
    texts: dict[str, str] = dict(given) if isinstance(given, dict) else {}
    held = [isinstance(text, str) and text.strip() for text in texts.values()]
    if not held or not all(held):
        message = 'needs "sources", texts, or "run", a recording that holds some'
        raise ValueError(message)
    return texts


def _digest(sources: Mapping[str, str]) -> str:
    text = json.dumps([*sources.values()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
