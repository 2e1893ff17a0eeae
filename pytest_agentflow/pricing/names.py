"""Which entry of a price file stands for which model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_SNAPSHOT = re.compile(r"[-@]20\d\d-?(?:0[1-9]|1[0-2])-?(?:0[1-9]|[12]\d|3[01])$")

#: Beginnings of names that stand for somebody's own model: fine-tuned ones, and
#: resources of a cloud account that are rented by the hour.
_OWN = (
    "ft:",
    "arn:",
    "projects/",
    "endpoints/",
    "endpoint:",
    "sagemaker:",
    "provisioned-model/",
    "custom-model/",
    "custom-model-deployment/",
    "imported-model/",
    "application-inference-profile/",
    "tunedModels/",
)


def own_kind(model: str) -> str:
    """Give the beginning that says that `model` is somebody's own; empty if it is not.

    What it costs has nothing to do with the price of the model that it was made from.
    """
    return next((start for start in _OWN if model.startswith(start)), "")


def closest(
    entries: Iterable[T], name_of: Callable[[T], str], model: str
) -> tuple[T, ...]:
    """Give the entries whose name stands closest to that of a model.

    The model's own name is closest, then the name without the date of a snapshot, then
    the longest pattern. A pattern stands for a fine-tuned model, or another of a user's
    own, only where it says so itself: ``ft:gpt-4o-mini*``.
    """
    ranked = [
        (closeness, entry)
        for entry in entries
        if (closeness := _closeness(name_of(entry), model))
    ]
    best = max((closeness for closeness, _ in ranked), default=None)
    return tuple(entry for closeness, entry in ranked if closeness == best)


def _closeness(entry: str, model: str) -> tuple[int, int] | None:
    model = re.sub("^retriever:", "tool:", model)
    entry = re.sub("^retriever:", "tool:", entry)
    if entry == model:
        return 3, 0
    own = own_kind(model)
    if not own and entry == _SNAPSHOT.sub("", model):
        return 2, 0
    if "*" not in entry or not entry.startswith(own):
        return None
    return (1, len(entry)) if matches(entry, model) else None


def matches(pattern: str, name: str) -> bool:
    """Whether `name` fits a pattern of which each ``*`` stands for any text."""
    parts = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), name, re.DOTALL) is not None
