"""What a page says about itself in its head: title, description, canonical, charset."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.best_practices_rules import Outcome, Seen
from agentflow_checks.markup.page_errors_assets import site_of
from agentflow_checks.markup.page_errors_fault import Fault, Met
from agentflow_checks.markup.page_errors_source import Piece, Spot
from agentflow_checks.web import file_kind, server

GENERIC_TITLES = frozenset(
    {
        *("document", "untitled", "untitled document", "untitled page", "title"),
        *("new page", "page", "page title", "web page", "webpage", "website"),
        *("my website", "my page", "my site", "index", "index.html", "home"),
        *("homepage", "home page", "test", "react app", "vite app", "next.js app"),
        *("vite + react", "create next app", "app", "landing page", "your title here"),
    }
)
"""What editors, starters and models write when nobody chose a title."""

LONGEST_TITLE = 70
"""Characters; search results cut titles at some 600 pixels, about 60 characters."""

CHARSET_WITHIN = 1024
"""Bytes in which the encoding must be said (HTML, 4.2.5.4; Lighthouse ``charset``)."""

SOCIAL = ("og:title", "og:type", "og:image", "og:url")
"""What every page shall say by the Open Graph protocol, ogp.me."""

HIDDEN = re.compile(r"(?:^|[\s,:])(?:noindex|none)(?:$|[\s,])", re.IGNORECASE)


def top(seen: Seen) -> Spot:
    """Place what is missing in the head: at <head>, at <html>, else at the begin."""
    found = sources.pieces(seen.looked.source)
    for name in ("head", "html"):
        for piece in found:
            if piece.kind == "tag" and piece.name == name:
                return sources.spot(seen.looked.source, piece.start)
    return Spot(1, 1)


def title(seen: Seen) -> Iterator[Outcome]:
    """Judge that there is a title, and that somebody chose it."""
    yield Met(rule="best.title")
    said = [one for one in seen.head["titles"] if one["text"]]
    if not said:
        yield Fault(
            rule="best.title",
            message="the page has no title",
            key="missing",
            word="page:title",
            spot=top(seen),
            observed="<title> is empty" if seen.head["titles"] else "no <title>",
        )
        return
    text = said[0]["text"]
    if text.casefold() in GENERIC_TITLES:
        ask = f"the title is {text!r}: did anybody choose it?"
        yield _ask("best.title", ask, seen, said[0], "generic")
    elif len(text) > LONGEST_TITLE:
        ask = (
            f"the title has {len(text)} characters, of which search results show "
            "about 60: does it begin with what matters?"
        )
        yield _ask("best.title", ask, seen, said[0], "long")


def _ask(
    rule: str, ask: str, seen: Seen, element: Mapping[str, Any], key: str
) -> Fault:
    shown = element.get("text") or element.get("href") or element.get("content") or ""
    return Fault(
        rule=rule,
        message=ask,
        key=key,
        verdict=af.Verdict.UNDETERMINED,
        spot=seen.looked.spot_of(element),
        selector=element["selector"],
        observed=shown[:200],
    )


def _metas(seen: Seen, name: str) -> list[Mapping[str, Any]]:
    return [one for one in seen.head["metas"] if one["name"] == name]


def description(seen: Seen) -> Iterator[Outcome]:
    """Tell a page without description."""
    yield Met(rule="best.description")
    said = _metas(seen, "description")
    if any((one["content"] or "").strip() for one in said):
        return
    yield Fault(
        rule="best.description",
        message="the page has no description"
        + (": that of its <meta> is empty" if said else ""),
        key="missing",
        spot=seen.looked.spot_of(said[0]) if said else top(seen),
        selector=said[0]["selector"] if said else "",
    )


def canonical(seen: Seen) -> Iterator[Outcome]:
    """Judge canonical addresses where there are any."""
    links = [one for one in seen.head["links"] if "canonical" in one["rel"]]
    if not links:
        return
    yield Met(rule="best.canonical")
    urls = {one["url"] for one in links}
    if len(urls) > 1:
        named = " and ".join(sorted(one["href"] or "nothing" for one in links)[:3])
        yield _canonical(
            seen, links[1], f"canonical addresses contradict: {named}", "two", named
        )
    for link in links:
        href = (link["href"] or "").strip()
        parts = _split(href)
        if not href or link["url"] is None or parts is None:
            text = f"the canonical address is none: {href!r}"
            yield _canonical(seen, link, text, "none", href)
        elif not link["head"]:
            text = "the canonical address stands outside the head, where it is ignored"
            yield _canonical(seen, link, text, "body", href)
        elif not parts.scheme:
            ask = f"the canonical address {href} is not whole: is it the one meant?"
            yield _ask("best.canonical", ask, seen, link, "relative")


def _split(href: str) -> urllib.parse.SplitResult | None:
    try:
        return urllib.parse.urlsplit(href)
    except ValueError:
        return None


def _canonical(
    seen: Seen, link: Mapping[str, Any], message: str, key: str, observed: str
) -> Fault:
    return Fault(
        rule="best.canonical",
        message=message,
        key=key,
        spot=seen.looked.spot_of(link),
        selector=link["selector"],
        observed=observed[:200],
        expected="one address, https://..., in the head",
    )


def viewport(seen: Seen) -> Iterator[Outcome]:
    """Judge that the page is laid out for the width of the device."""
    yield Met(rule="best.viewport")
    said = _metas(seen, "viewport")
    words = (said[-1]["content"] or "").lower() if said else ""
    if re.search(r"\b(?:width|initial-scale)\s*=", words):
        return
    yield Fault(
        rule="best.viewport",
        message="the page has no viewport for phones"
        + (": its <meta> names neither width nor initial-scale" if said else ""),
        key="missing",
        spot=seen.looked.spot_of(said[-1]) if said else top(seen),
        selector=said[-1]["selector"] if said else "",
        observed=words or 'no <meta name="viewport">',
        expected="width=device-width, initial-scale=1",
    )


def charset(seen: Seen) -> Iterator[Outcome]:
    """Judge that the encoding is said within the first 1024 bytes."""
    yield Met(rule="best.charset")
    looked = seen.looked
    if looked.data.startswith(b"\xef\xbb\xbf"):
        return
    if (kind := file_kind.kind_of(looked.data)).wide:
        name = kind.encoding[:6].upper()
        yield Fault(
            rule="best.charset",
            message=f"the page is written in {name}, and HTML is written in UTF-8",
            key="utf-16",
            spot=Spot(1, 1),
            observed=name,
            word="page:encoding",
            expected="UTF-8",
            fix="Write the file anew: open(path, 'w', encoding='utf-8').",
        )
        return
    said = next(filter(_says_charset, sources.pieces(looked.source)), None)
    if said is None:
        yield Fault(
            rule="best.charset",
            message="the page does not say its encoding; does every server?",
            key="missing",
            verdict=af.Verdict.UNDETERMINED,
            spot=top(seen),
            expected='<meta charset="utf-8">',
        )
        return
    end = len(looked.source[: said.end].encode("utf-8", "replace"))
    if end > CHARSET_WITHIN:
        yield Fault(
            rule="best.charset",
            message=f"the page says its encoding too late, at byte {end:,}",
            key="late",
            spot=sources.spot(looked.source, said.start),
            observed=f"ends at byte {end:,}",
            expected=f"within the first {CHARSET_WITHIN:,} bytes",
        )


def _says_charset(piece: Piece) -> bool:
    if piece.kind != "tag" or piece.name != "meta":
        return False
    if "charset" in piece.attributes:
        return True
    equiv = piece.attributes.get("http-equiv", "").strip().lower()
    return equiv == "content-type" and "charset=" in piece.attributes.get("content", "")


def doctype(seen: Seen) -> Iterator[Outcome]:
    """Judge the mode in which the browser shows the page."""
    yield Met(rule="best.doctype")
    kind = seen.head["doctype"]
    if seen.head["quirks"]:
        yield Fault(
            rule="best.doctype",
            message="the page is shown in quirks mode",
            key="quirks",
            spot=Spot(1, 1),
            observed="an outdated doctype" if kind else "no doctype",
            expected="<!doctype html>",
        )
    elif kind and kind["public"]:
        yield Fault(
            rule="best.doctype",
            message=f"the doctype is an old one, {kind['public'][:60]}: is it meant?",
            key="old",
            verdict=af.Verdict.UNDETERMINED,
            spot=Spot(1, 1),
            observed=kind["public"][:100],
            expected="<!doctype html>",
        )


def lang(seen: Seen) -> Iterator[Outcome]:
    """Judge that the root names a language."""
    yield Met(rule="best.lang")
    if not (seen.head["lang"] or "").strip():
        yield Fault(
            rule="best.lang",
            message="the page does not say its language",
            key="missing",
            word="page:lang",
            spot=top(seen),
            selector=seen.head["root"] or "",
            observed="no lang on the root",
            expected='<html lang="en">',
        )


def robots(seen: Seen) -> Iterator[Outcome]:
    """Ask whether a page that search engines must leave out is to be left out."""
    said = [*_metas(seen, "robots"), *_metas(seen, "googlebot")]
    if said:
        yield Met(rule="best.robots")
    for one in said:
        content = one["content"] or ""
        if HIDDEN.search(content):
            ask = (
                f"search engines are told to leave the page out ({content}): may they?"
            )
            yield _ask("best.robots", ask, seen, one, content.casefold())


def social(seen: Seen) -> Iterator[Outcome]:
    """Tell what a shared link would lack."""
    yield Met(rule="best.social")
    said = {
        one["property"]
        for one in seen.head["metas"]
        if (one["content"] or "").strip() and one["property"]
    }
    lacking = [name for name in SOCIAL if name not in said]
    if lacking:
        yield Fault(
            rule="best.social",
            message=f"a shared link lacks {', '.join(lacking)}",
            key=" ".join(lacking),
            spot=top(seen),
            observed=f"{len(SOCIAL) - len(lacking)} of {len(SOCIAL)}",
        )


def favicon(seen: Seen) -> Iterator[Outcome]:
    """Tell a page without icon."""
    yield Met(rule="best.favicon")
    rels = {rel for one in seen.head["links"] for rel in one["rel"]}
    if rels & {"icon", "apple-touch-icon", "mask-icon"}:
        return
    if server.find(site_of(seen.looked), "/favicon.ico") is None:
        yield Fault(
            rule="best.favicon",
            message="the page names no icon, and its site has no /favicon.ico",
            key="missing",
            spot=top(seen),
        )


def blocking(seen: Seen) -> Iterator[Outcome]:
    """Tell the scripts for which the browser waits before it shows anything."""
    scripts = seen.head["blocking"]
    yield Met(rule="best.render-blocking", count=max(1, len(scripts)))
    for one in scripts:
        yield Fault(
            rule="best.render-blocking",
            message=f"nothing is shown until {one['raw'][:120]} came and ran",
            key=one["raw"][:200],
            spot=seen.looked.spot_of(one),
            selector=one["selector"],
            observed=f'<script src="{one["raw"][:120]}"> in the head',
            expected="defer or async",
        )
