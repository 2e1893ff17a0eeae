"""Links that lead nowhere, references without a target, controls that do nothing."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_assets import served, site_of
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met
from agentflow_checks.markup.page_errors_scripts import HERE, plain
from agentflow_checks.web import server
from agentflow_checks.web.faults import reference

MADE_LATER = frozenset(
    {
        "aria-activedescendant",
        "aria-controls",
        "aria-describedby",
        "aria-details",
        "aria-errormessage",
        "aria-flowto",
        "aria-owns",
    }
)
"""References whose target scripts often make only when it is needed."""

IDLE = re.compile(r"\s*(?:return\s+false|event\.preventDefault\(\))\s*;?\s*$")
"""Handlers that keep a link from leading anywhere, and do nothing else."""

FILE = re.compile(
    r"\.(?:x?html?|pdf|zip|csv|docx?|xlsx?|png|jpe?g|gif|svg|webp)$", re.IGNORECASE
)
NO_SCHEME = re.compile(
    r"^(?:www\.[\w-]+\.\w+|[\w-]+\.(?:com|org|net)(?:/|$))", re.IGNORECASE
)


def anchors(looked: Looked) -> Iterator[Fault | Met]:
    """Judge the links to a place in the page itself."""
    count = looked.facts["anchorCount"]
    if count:
        yield Met(rule="page.broken-anchor", count=count)
    for link in looked.facts["anchors"]:
        verdict, why = _pressed(looked, link)
        if verdict is not af.Verdict.PASSED:
            yield Fault(
                rule="page.broken-anchor",
                message=f"the link goes to {link['id']!r}, an id that nothing has{why}",
                key=f"{link['raw']} {link['text']}",
                verdict=verdict,
                spot=looked.spot_of(link),
                selector=link["selector"],
                observed=f'<{link["tag"]} {link["attribute"]}="{link["raw"]}">'
                f"{link['text']}",
            )


def _pressed(looked: Looked, link: Mapping[str, Any]) -> tuple[af.Verdict, str]:
    """Decide a link without a target by what came of pressing it."""
    if not looked.scripted:
        return af.Verdict.FAILED, ""
    if lacks_scripts(looked):
        return af.Verdict.UNDETERMINED, "; does a script that is missing here make it?"
    came = looked.clicks.get(link["selector"])
    if came is None:
        return af.Verdict.UNDETERMINED, "; does a script do it?"
    if came["threw"]:
        return af.Verdict.FAILED, f"; pressed, it throws {plain(came['threw'])}"
    if came["noise"]:
        return af.Verdict.UNDETERMINED, "; does a script do it?"
    if came["changes"] or came["scrolled"] or came["left"]:
        return af.Verdict.PASSED, ""
    if came["prevented"] is False:
        return af.Verdict.FAILED, ""
    return af.Verdict.UNDETERMINED, ", and a script that takes it does nothing visible"


def lacks_scripts(looked: Looked) -> bool:
    """Whether a script is out of reach that might have made what is missing."""
    return any(a.kind == "script" and a.blocked for a in looked.visited.assets)


def dead(looked: Looked) -> Iterator[Fault | Met]:
    """Ask about links to nothing that do nothing when they are pressed."""
    found = looked.facts["dead"]
    if found:
        yield Met(rule="page.dead-control", count=len(found))
    for link in found:
        came = looked.clicks.get(link["selector"])
        known = came is not None and not came["noise"]
        if came and known and _answers(link, came):
            continue
        named = link["text"] or link["selector"]
        yield Fault(
            rule="page.dead-control",
            message=(
                f"{named!r} links to {link['raw']!r}"
                + (", and pressing it shows nothing" if known else "")
                + ": is it meant to do something?"
            ),
            key=f"{link['raw']} {link['text']}",
            verdict=af.Verdict.UNDETERMINED,
            spot=looked.spot_of(link),
            selector=link["selector"],
            observed=f'{link["attribute"]}="{link["raw"]}"',
        )


def _answers(link: Mapping[str, Any], came: Mapping[str, Any]) -> bool:
    """Whether something came of pressing a link, or a script takes it for its own.

    A script may well do what nobody sees, such as a download.
    """
    seen = came["changes"] or came["scrolled"] or came["left"]
    idle = IDLE.match(link["onclick"] or "") is not None
    return bool(seen) or (came["prevented"] is not False and not idle)


def pages(looked: Looked) -> Iterator[Fault | Met]:
    """Judge the links to other pages and files of the site."""
    links = [link for link in looked.facts["links"] if _inside(link)]
    if links:
        yield Met(rule="page.broken-link", count=len(links))
    site = site_of(looked)
    for link in links:
        url = link["url"].partition("#")[0].partition("?")[0]
        if _answered(site, url):
            continue
        wrong = NO_SCHEME.match(link["raw"].strip()) is not None
        path = plain(url) or "/"
        certain = wrong or _belongs(looked, path)
        ask = "" if certain else ": is it made elsewhere?"
        what = (
            "lacks https:// in front" if wrong else f"leads to no file of the site{ask}"
        )
        yield Fault(
            rule="page.broken-link",
            message=f"the link {link['raw'][:100]!r} {what}",
            key=f"{link['raw'][:200]}",
            verdict=af.Verdict.FAILED if certain else af.Verdict.UNDETERMINED,
            spot=looked.spot_of(link),
            selector=link["selector"],
            observed=path,
        )


def _inside(link: Mapping[str, Any]) -> bool:
    return bool(link["url"]) and HERE.match(link["url"]) is not None


def _answered(site: Any, url: str) -> bool:
    """Whether a host gives something, with the endings that hosts add by themselves."""
    if served(site, url):
        return True
    last = urllib.parse.urlsplit(url).path.rpartition("/")[2]
    return bool(last) and "." not in last and served(site, f"{url}.html")


def _belongs(looked: Looked, path: str) -> bool:
    """Whether a file that is not there should be: its site is more than this page.

    A path without an ending may be a server's route, of which nothing is known here.
    """
    return bool(looked.siblings) and FILE.search(path) is not None


def references(looked: Looked) -> Iterator[Fault | Met]:
    """Judge attributes that name the id of another element."""
    count = looked.facts["referenceCount"]
    if count:
        yield Met(rule="page.reference", count=count)
    words = _script_text(looked) if looked.scripted else ""
    for found in looked.facts["references"]:
        yield _reference_fault(looked, found, words)


def _reference_fault(looked: Looked, found: Mapping[str, Any], words: str) -> Fault:
    attribute, missing = found["attribute"], list(dict.fromkeys(found["missing"]))
    later = looked.scripted and (
        attribute in MADE_LATER
        or lacks_scripts(looked)
        or all(id_ in words for id_ in missing)
    )
    named = " and ".join(repr(id_) for id_ in missing[:3])
    target = "map has the name" if attribute == "usemap" else "element has the id"
    ask = ": does a script make it?" if later else ""
    return Fault(
        rule="page.reference",
        message=f"{attribute} of <{found['tag']}>: no {target} {named}{ask}",
        key=f"{found['tag']} {attribute}={found['raw'][:200]}",
        verdict=af.Verdict.UNDETERMINED if later else af.Verdict.FAILED,
        spot=looked.spot_of(found),
        selector=found["selector"],
        observed=f'{attribute}="{found["raw"][:100]}"',
        word=reference(attribute),
    )


def _script_text(looked: Looked) -> str:
    """Give the text of all scripts and handlers, in which ids may be named."""
    parts, site = [], site_of(looked)
    for piece in sources.pieces(looked.source):
        if piece.kind == "raw" and piece.name == "script":
            parts.append(looked.source[piece.start : piece.end])
        parts += [v for k, v in piece.attributes.items() if k.startswith("on")]
    for asset in looked.facts["assets"]:
        if asset["tag"] == "script" and asset["url"] and HERE.match(asset["url"]):
            body = server.find(site, urllib.parse.urlsplit(asset["url"]).path)
            parts += [body.decode(errors="replace")] if isinstance(body, bytes) else []
    return "\n".join(parts)
