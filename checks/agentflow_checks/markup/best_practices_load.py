"""The page loaded as people load it: in motion, over a line that takes its time."""

from __future__ import annotations

import gzip
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agentflow_checks.markup.best_practices_rules import Load, Sent
from agentflow_checks.markup.page_errors_assets import site_of
from agentflow_checks.markup.page_errors_fault import Looked
from agentflow_checks.markup.page_errors_scripts import HERE
from agentflow_checks.web import server
from agentflow_checks.web.probing import (
    Bench,
    Probe,
    ask,
    command,
    install,
    load,
    media,
    resize,
)

LATENCY = 150
"""Milliseconds of every answer: the round trip of Lighthouse 12's slow 4G. Without it
all files come before the first frame, and nothing ever moves."""

CALM, LIMIT = 400, 2500
"""Milliseconds: what has come to rest for so long is loaded; the longest wait."""

NARROW = (768, 320)
"""Widths at which pictures may be shown larger than at the first one."""

KINDS = {
    "document": "html",
    "image": "image",
    "script": "script",
    "stylesheet": "style",
    "font": "font",
    "media": "media",
    "fetch": "data",
    "xhr": "data",
    "eventsource": "data",
    "manifest": "data",
    "texttrack": "media",
}
"""The browser's kind of a request -> ours."""


def _load(bench: Bench) -> Any:
    """Load in motion and watch; then measure pictures at the widths that follow."""
    media(bench, still=False)
    _slow(bench, LATENCY)
    load(bench, still=False)
    install(bench, "agentflow_checks.markup", "best_practices.js")
    seen = ask(bench, f"agentflowBestPractices.load({CALM}, {LIMIT})")
    _slow(bench, 0)
    seen["requests"] = list(bench.tab.requests.values())
    seen["boxes"] = []
    for width in NARROW:
        resize(bench, width)
        seen["boxes"].append(ask(bench, "agentflowBestPractices.boxes()"))
    return seen


LOAD = Probe(name="best_practices.load", run=_load)


def _slow(bench: Bench, latency: int) -> None:
    line = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    command(bench, "Network.emulateNetworkConditions", {**line, "latency": latency})


def _read(bench: Bench) -> Any:
    """Read head and body of the page at rest."""
    install(bench, "agentflow_checks.markup", "best_practices.js")
    return {
        "head": ask(bench, "agentflowBestPractices.head()"),
        "body": ask(bench, "agentflowBestPractices.body()"),
    }


FACTS = Probe(name="best_practices.facts", run=_read, acts=False)


def loaded(looked: Looked, answer: Mapping[str, Any]) -> Load:
    """Put what the probe saw beside the files that the page was served from."""
    pictures = answer["pictures"]
    for index, picture in enumerate(pictures):
        # Scripts may have changed the number of pictures with the width.
        same = [b for b in answer["boxes"] if len(b) == len(pictures)]
        picture["narrow"] = [boxes[index] for boxes in same]
    return Load(
        sent=tuple(_sent(looked, answer["requests"])),
        shifts=tuple(answer["shifts"]),
        largest=answer["largest"],
        deprecated=tuple(answer["deprecated"]),
        pictures=tuple(pictures),
    )


def _sent(looked: Looked, requests: Sequence[Sequence[str]]) -> Iterator[Sent]:
    """Give each address once, as a browser with a cache asks for it."""
    site = site_of(looked)
    for url, kind in {url: kind for url, kind in requests}.items():  # noqa: C416
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https"):
            continue
        ours = KINDS.get(kind, "other")
        if HERE.match(url) is None:
            yield Sent(url=url, kind=ours, bytes=None, foreign=True)
            continue
        body = server.find(site, parts.path)
        if body is None and parts.path == "/favicon.ico":
            continue
        data = body if isinstance(body, bytes) else None
        yield Sent(
            url=url,
            kind=ours,
            bytes=None if data is None else len(data),
            compressed=None if data is None else compressed(parts.path, data),
        )


def compressed(path: str, data: bytes) -> int:
    """Estimate the bytes that a server sends: gzip at its usual level, text alone."""
    if server.content_type(path, data).startswith((*server.TEXT_TYPES, *_ALSO_TEXT)):
        return min(len(data), len(gzip.compress(data, 6)))
    return len(data)


_ALSO_TEXT = ("application/javascript", "application/json", "application/manifest+json")
