"""What the page asked for and did not get: files, foreign hosts, plain http."""

from __future__ import annotations

import fnmatch
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met
from agentflow_checks.markup.page_errors_scripts import HERE, plain
from agentflow_checks.markup.page_errors_source import Spot
from agentflow_checks.web import server
from agentflow_checks.web.page import MissingAsset

BY_SCRIPTS = frozenset(
    {"fetch", "xhr", "websocket", "eventsource", "ping", "preflight"}
)
"""Requests that a server would answer, of which there is none here."""

LINKED = ("icon", "apple-touch-icon", "manifest", "stylesheet", "preload")
WEB = ("http", "https", "ws", "wss")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1", "")


def site_of(looked: Looked) -> server.Site:
    """Give the files that the page's host serves."""
    page = looked.visited.page
    return server.Site(files={**page.files, page.name: page.html}, root=page.root)


def served(site: server.Site, url: str) -> bool:
    """Whether the page's host answers a URL of it."""
    path = urllib.parse.urlsplit(url).path
    return server.find(site, path) is not None


def missing(looked: Looked) -> Iterator[Fault | Met]:
    """Judge every file of the page's own site, and addresses that lead nowhere."""
    failed = {a.url: a for a in looked.visited.assets if not _foreign(a.url)}
    unasked = dict(_unasked(looked, failed))
    inside = {e["url"] for e in looked.facts["assets"] if e["url"] and _own(e["url"])}
    count = len(inside | failed.keys())
    if count:
        yield Met(rule="page.asset-missing", count=count)
    for url, asset in failed.items():
        if not url.endswith("/favicon.ico") or _element(looked, url) is not None:
            yield _missing_fault(looked, asset)
    for asset in unasked.values():
        yield _missing_fault(looked, asset)


def _own(url: str) -> bool:
    return HERE.match(url) is not None


def _foreign(url: str) -> bool:
    return urllib.parse.urlsplit(url).scheme in WEB and not _own(url)


def _unasked(
    looked: Looked, failed: Mapping[str, MissingAsset]
) -> Iterator[tuple[str, MissingAsset]]:
    """Find files that the browser did not ask for yet: lazy pictures, icons."""
    site = site_of(looked)
    for element in looked.facts["assets"]:
        url, tag = element["url"], element["tag"]
        if not url or url in failed or not _own(url) or tag == "form":
            continue
        if tag == "link" and not set(element["rel"].split()) & set(LINKED):
            continue
        if not served(site, url.partition("#")[0]):
            yield url, MissingAsset(url=url, kind=_KINDS.get(tag, tag), reason="404")


_KINDS = {"img": "image", "image": "image", "source": "image", "link": "linked file"}


def _element(looked: Looked, url: str) -> Mapping[str, Any] | None:
    return next((e for e in looked.facts["assets"] if e["url"] == url), None)


def _missing_fault(looked: Looked, asset: MissingAsset) -> Fault:
    element = _element(looked, asset.url)
    shown = plain(asset.url)[:200]
    by_script = asset.kind in BY_SCRIPTS and element is None
    reason = "is not there" if asset.reason == "404" else f"failed: {asset.reason}"
    ask = "; does a server answer it where the page is shipped?" if by_script else ""
    named = f" of <{element['tag']}>" if element else ""
    return Fault(
        rule="page.asset-missing",
        message=f"{asset.kind} {shown}{named} {reason}{ask}",
        key=f"{asset.kind} {shown}",
        verdict=af.Verdict.UNDETERMINED if by_script else af.Verdict.FAILED,
        spot=_spot(looked, element, shown),
        selector=element["selector"] if element else "",
        observed=asset.reason,
    )


def _spot(looked: Looked, element: Mapping[str, Any] | None, shown: str) -> Spot | None:
    """Find an address in the source: its element, or the string that holds it."""
    if element is not None:
        return looked.spot_of(element)
    quoted = re.compile(rf"""(?<=[\"'(`])(?:\.?/)?{re.escape(shown)}(?=[\"')`?#])""")
    found = [hit.start() for hit in quoted.finditer(looked.source)]
    # Code that is shown may name it before the code that asks for it.
    code = [at for at in found if sources.is_code(looked.source, at)]
    at = next(iter(code or found), None)
    return None if at is None else sources.spot(looked.source, at)


def foreign(looked: Looked) -> Iterator[Fault | Met]:
    """Judge the hosts that the page needs beside its own; one finding a host."""
    choice = looked.choice
    if choice.foreign_hosts == "ignore":
        return
    by_host: dict[str, list[MissingAsset]] = {}
    # The browser asks in any order; the document has one.
    places = {e["url"]: at for at, e in reversed([*enumerate(looked.facts["assets"])])}
    asked = sorted(looked.visited.assets, key=lambda a: (places.get(a.url, 1e9), a.url))
    for asset in asked:
        if _foreign(asset.url):
            host = urllib.parse.urlsplit(asset.url).netloc.rpartition("@")[2]
            by_host.setdefault(host, []).append(asset)
    if by_host:
        yield Met(rule="page.foreign-host", count=len(by_host))
    for host, assets in sorted(by_host.items()):
        if not allowed(host, choice.allow_hosts):
            yield _host_fault(looked, host, assets)


def allowed(host: str, patterns: tuple[str, ...]) -> bool:
    """Whether a host, its port put aside where the pattern names none, is allowed."""
    bare = host.lower().rpartition(":")[0] if ":" in host else host.lower()
    return any(
        fnmatch.fnmatchcase(name, pattern.lower())
        for pattern in patterns
        for name in (host.lower(), bare)
    )


def _host_fault(looked: Looked, host: str, assets: list[MissingAsset]) -> Fault:
    kinds: dict[str, int] = {}
    for asset in assets:
        kinds[asset.kind] = kinds.get(asset.kind, 0) + 1
    what = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    failing = looked.choice.foreign_hosts == "fail"
    element = next(filter(None, (_element(looked, a.url) for a in assets)), None)
    ask = "" if failing else "; may it?"
    return Fault(
        rule="page.foreign-host",
        message=f"the page asks {host} for {what}{ask}",
        key=host,
        verdict=af.Verdict.FAILED if failing else af.Verdict.UNDETERMINED,
        spot=_spot(looked, element, assets[0].url) or _named(looked.source, host),
        selector=element["selector"] if element else "",
        observed=assets[0].url[:200],
        fix=f"Ship the file with the page, or allow the host: allow_hosts=[{host!r}].",
    )


def _named(source: str, host: str) -> Spot | None:
    at = source.find(host)
    return sources.spot(source, at) if at >= 0 else None


def mixed(looked: Looked) -> Iterator[Fault | Met]:
    """Judge what is loaded by plain http; certain where the page says it has https."""
    loaded = [e for e in looked.facts["assets"] if e["url"] and _foreign(e["url"])]
    loaded = [e for e in loaded if e["tag"] != "link" or _loads(e)]
    if not loaded:
        return
    yield Met(rule="page.mixed-content", count=len(loaded))
    secure = (looked.facts["canonical"] or "").startswith("https://")
    for element in loaded:
        parts = urllib.parse.urlsplit(element["url"])
        if parts.scheme in ("http", "ws") and parts.hostname not in LOOPBACK:
            yield _mixed_fault(looked, element, secure=secure)


def _loads(element: Mapping[str, Any]) -> bool:
    return bool(set(element["rel"].split()) & set(LINKED))


def _mixed_fault(looked: Looked, element: Mapping[str, Any], *, secure: bool) -> Fault:
    tag, address = element["tag"], element["address"][:200]
    verb = "sends to" if tag == "form" else "loads"
    ask = "" if secure else ": is the page shipped by https?"
    return Fault(
        rule="page.mixed-content",
        message=f"<{tag}> {verb} {address} over plain http{ask}",
        key=f"{tag} {address}",
        verdict=af.Verdict.FAILED if secure else af.Verdict.UNDETERMINED,
        spot=looked.spot_of(element),
        selector=element["selector"],
        observed=address,
        expected=address.replace("http://", "https://", 1),
        word="mixed-content",
    )
