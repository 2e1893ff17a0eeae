"""One exchange with its bodies decoded, the form that readers look at."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.forms import form_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request and its response, bodies decoded as far as they can be."""

    request: Request
    response: Response
    asked: Mapping[str, Any]
    """The request's JSON object, or the fields of its form."""
    answered: Mapping[str, Any]
    """The response's JSON object; empty for a stream."""
    events: tuple[Mapping[str, Any], ...] = ()
    """The JSON objects of a stream of server-sent events."""

    def posted_to(self, *endings: str) -> bool:
        """Whether it is a POST to a path with one of these endings."""
        path = self.request.path.rstrip("/")
        return self.request.method.upper() == "POST" and path.endswith(endings)

    @property
    def refused(self) -> bool:
        """Whether the provider answered with an error status."""
        return self.response.status >= 400


def open_exchange(request: Request, response: Response) -> Exchange:
    """Decode both bodies; whatever they hold, this does not raise."""
    answered = lenient.decoded(response.body)
    events = () if answered is not None else tuple(stream_events(response.body))
    return Exchange(
        request=request,
        response=response,
        asked=_asked(request),
        answered=lenient.mapping(answered),
        events=events,
    )


def _asked(request: Request) -> Mapping[str, Any]:
    found = lenient.decoded(request.body)
    if found is None:
        return form_fields(request)
    return lenient.mapping(found)


def stream_events(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Give the JSON objects of server-sent events; others, ``[DONE]`` say, are skipped.

    An event without a type of its own gets the one of its ``event:`` line.
    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    kind, data = "", list[str]()
    for line in _lines(body):
        if not line:
            yield from _event(kind, data)
            kind, data = "", []
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line.startswith("event:"):
            kind = line[6:].strip()
    yield from _event(kind, data)


def _lines(body: bytes) -> list[str]:
    text = body.decode("utf-8-sig", "replace")
    # Not str.splitlines: that also splits at U+2028, which may stand in an answer.
    return re.split(r"\r\n|\n|\r", text)


def _event(kind: str, data: list[str]) -> Iterator[Mapping[str, Any]]:
    found = lenient.decoded("\n".join(data)) if data else None
    if isinstance(found, dict):
        yield found if "type" in found or not kind else {**found, "type": kind}
