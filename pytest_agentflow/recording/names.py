"""Names of recordings: safe on every file system, and one for each id."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_agentflow.recording.values import encode_user_value

SUFFIX = ".flow.json"
JUDGE = ".judge.json"

_LONGEST = 80

#: Ids that are file names as they stand. No capitals: some file systems fold them.
_SAFE = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_-])?")

#: Names that end like a size or a trial, or that Windows reserves.
_TAKEN = re.compile(
    r".*\.[nt][0-9]+(\..*)?|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.flow(\..*)?"
)

_OTHER = re.compile(r"[^a-z0-9]+")


def slug(name: str) -> str:
    """Give `name` as a file name; two names never give the same one.

    A safe name stays as it is. Any other is simplified and gets ``~`` and a digest,
    and no safe name holds a ``~``.
    """
    safe = _SAFE.fullmatch(name) and not _TAKEN.fullmatch(name)
    if safe and len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{_simplified(name) or '_'}~{digest}"


def _simplified(name: str) -> str:
    return _OTHER.sub("-", name.lower()).strip("-")[: _LONGEST // 2].strip("-")


def recording_path(
    folder: Path,
    workflow: str,
    case: str,
    size: int | None = None,
    trial: int | None = None,
) -> Path:
    """Give a recording's file: ``<workflow>/<case>[.n<size>][.t<trial>].flow.json``.

    Args:
        folder: the recordings folder; the path never leads out of it.
        workflow: name of the workflow.
        case: id of the case.
        size: size n of the problem (pages of a site, documents, bugs), where growth is
            measured over runs of several sizes.
        trial: number of the repetition.
    """
    numbers = f".n{size}" * (size is not None) + f".t{trial}" * (trial is not None)
    return folder / slug(workflow) / f"{slug(case)}{numbers}{SUFFIX}"


def partial_path(path: Path) -> Path:
    """Give the journal of a recording under way."""
    return path.with_name(path.name.removesuffix(SUFFIX) + ".flow.partial.jsonl")


def judge_path(path: Path) -> Path:
    """Give the file of what judges were asked about a recording."""
    return path.with_name(path.name.removesuffix(SUFFIX) + JUDGE)


def blobs_folder(path: Path) -> Path:
    """Give the folder of a recording's side files, or of a judgement's."""
    if path.name.endswith(JUDGE):
        return path.with_name(path.name.removesuffix(".json") + ".blobs")
    return path.with_name(path.name.removesuffix(SUFFIX) + ".flow.blobs")


def case_of(inputs: Mapping[str, Any]) -> str:
    """Name a case by its inputs: the first short text in them, and a digest of all.

    Raises `UnstorableValue` for inputs that cannot stand in a recording.
    """
    plain = encode_user_value(dict(inputs))
    text = json.dumps(plain, sort_keys=True, default=bytes.hex)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    words = [_simplified(v) for v in _texts(plain) if len(v) <= _LONGEST]
    first = next((word for word in words if word), "case")
    return f"{first}-{digest}"


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [t for k, v in value.items() if k != "$class" for t in _texts(v)]
    return [t for v in value for t in _texts(v)] if isinstance(value, list) else []
