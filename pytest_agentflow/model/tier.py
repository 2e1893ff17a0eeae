"""The service tier that a call was answered at: batch, flex, priority."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_agentflow.model.call import Call

#: What answers call the tier that list prices are for.
STANDARD = frozenset({"", "default", "standard", "auto", "on_demand"})

_KEY = b"service_tier"

#: Where an answer says it: OpenAI's and Groq's at the top, or at the top of the
#: ``response`` that an event carries; Anthropic's in the usage of the message.
_PLACES = (
    (),
    ("usage",),
    ("response",),
    ("message", "usage"),
)


def service_tier(call: Call) -> str:
    """Give the tier that the answer of `call` names; empty for the standard one.

    What was asked for does not count: a provider may serve ``auto`` or ``flex`` at
    another tier than the one asked for, and says so.
    """
    body = b"" if call.response is None else call.response.body
    if _KEY not in body:
        return ""
    said = [tier for answer in _answers(body) for tier in _named(answer)]
    # A stream begins with the tier asked for and ends with the one it was served at.
    return said[-1] if said and said[-1] not in STANDARD else ""


def _answers(body: bytes) -> Iterator[Any]:
    """Give the JSON of an answer, or of each event of a stream that tells a tier."""
    try:
        yield json.loads(body)
    except (ValueError, RecursionError):
        yield from _events(body)


def _events(body: bytes) -> Iterator[Any]:
    for line in body.splitlines():
        if _KEY in line:
            try:
                yield json.loads(line.removeprefix(b"data:"))
            except (ValueError, RecursionError):
                continue


def _named(answer: Any) -> Iterator[str]:
    for place in _PLACES:
        held = answer
        for key in place:
            held = held.get(key) if isinstance(held, Mapping) else None
        tier = held.get("service_tier") if isinstance(held, Mapping) else None
        if isinstance(tier, str):
            yield tier.lower()
