"""Stand-ins for provider keys, so that a replay needs no secret."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

STAND_IN = "replayed-by-agentflow-no-key-needed"

#: What clients refuse to be made without, though a replay never sends it anywhere.
VARIABLES = (
    "ANTHROPIC_API_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AZURE_OPENAI_API_KEY",
    "CO_API_KEY",
    "GEMINI_API_KEY",
    "GROQ_API_KEY",
    "MISTRAL_API_KEY",
    "OPENAI_API_KEY",
)

_lock = threading.Lock()
_lent: dict[str, int] = {}


@contextmanager
def stand_ins() -> Iterator[None]:
    """Set the keys that are not set, as long as a replay is under way.

    Replays may overlap: the last one that ends removes what the first one set. A key
    that the workflow changed meanwhile is left to it.
    """
    with _lock:
        mine = [n for n in VARIABLES if n not in os.environ or n in _lent]
        for name in mine:
            os.environ.setdefault(name, STAND_IN)
            _lent[name] = _lent.get(name, 0) + 1
    try:
        yield
    finally:
        with _lock:
            for name in mine:
                _give_back(name)


def _give_back(name: str) -> None:
    _lent[name] -= 1
    if not _lent[name]:
        del _lent[name]
        if os.environ.get(name) == STAND_IN:
            del os.environ[name]
