"""Tells our seams from the functions that were there before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

_MARK = "__agentflow_seam__"

#: A seam of another copy of this package (tests of plugins load several) is not ours.
_OURS = object()


def as_seam(function: F) -> F:
    """Mark `function` as a seam of ours."""
    setattr(function, _MARK, _OURS)
    return function


def is_seam(function: Callable[..., Any]) -> bool:
    """Whether `function` is a seam of ours, and not something put over it."""
    return getattr(function, _MARK, None) is _OURS
