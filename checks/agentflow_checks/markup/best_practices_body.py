"""What a page is made of: headings, main part, link texts, plain http."""

from __future__ import annotations

import dataclasses
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_assets
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.best_practices_head import top
from agentflow_checks.markup.best_practices_rules import Outcome, Seen
from agentflow_checks.markup.page_errors_fault import Fault, Met
from agentflow_checks.markup.page_errors_scripts import file_of, plain

SAYS_NOTHING: Mapping[str, frozenset[str]] = {
    "en": frozenset(
        {
            *("here", "click", "click here", "click me", "this", "this link", "link"),
            *("more", "read more", "learn more", "see more", "find out more", "go"),
            *("more info", "more information", "more details", "details", "continue"),
        }
    ),
    "de": frozenset({"hier", "hier klicken", "mehr", "mehr lesen", "weiter", "link"}),
    "fr": frozenset({"ici", "cliquez ici", "lire la suite", "en savoir plus", "plus"}),
    "es": frozenset(
        {"aquí", "haga clic aquí", "más", "leer más", "ver más", "saber más"}
    ),
    "it": frozenset({"qui", "clicca qui", "leggi di più", "scopri di più"}),
    "pt": frozenset({"aqui", "clique aqui", "saiba mais", "leia mais", "mais"}),
    "nl": frozenset({"hier", "klik hier", "lees meer", "meer"}),
    "sv": frozenset({"här", "klicka här", "läs mer", "mer"}),
}
"""Texts, by language, that say nothing of a link's target; after Lighthouse's audit."""

ADDRESS = re.compile(r"https?://\S+\Z", re.IGNORECASE)


def heading(seen: Seen) -> Iterator[Outcome]:
    """Tell a page with no main heading, or with several."""
    yield Met(rule="best.h1")
    yield from _exactly_one(seen, "best.h1", seen.body["h1"], "main heading", "<h1>")


def main_part(seen: Seen) -> Iterator[Outcome]:
    """Tell a page with no main part, or with several."""
    yield Met(rule="best.landmarks")
    found = seen.body["mains"]
    yield from _exactly_one(seen, "best.landmarks", found, "main part", "<main>")


def _exactly_one(
    seen: Seen, rule: str, found: list[Mapping[str, Any]], what: str, tag: str
) -> Iterator[Outcome]:
    if len(found) == 1:
        return
    second = found[1] if found else None
    many = f"{len(found)} elements that are its {what}"
    yield Fault(
        rule=rule,
        message=f"the page has {many if found else f'no {what}'}",
        key="several" if found else "missing",
        spot=seen.looked.spot_of(second) if second else top(seen),
        selector=second["selector"] if second else "",
        observed=f"{len(found)} {tag}",
        expected=f"1 {tag}",
    )


def links(seen: Seen) -> Iterator[Outcome]:
    """Ask about links whose text names no target."""
    named = [one for one in seen.body["links"] if one["text"] and _leads(seen, one)]
    if named:
        yield Met(rule="best.link-text", count=len(named))
    for one in named:
        text = one["text"]
        if not _says_nothing(text, one["lang"]):
            continue
        yield Fault(
            rule="best.link-text",
            message=f"the link {text!r} does not say where it leads: can people know?",
            key=f"{text.casefold()} {one['raw'][:200]}",
            verdict=af.Verdict.UNDETERMINED,
            spot=seen.looked.spot_of(one),
            selector=one["selector"],
            observed=f"{text} -> {plain(one['raw'])[:120]}",
        )


def _leads(seen: Seen, link: Mapping[str, Any]) -> bool:
    url = link["url"] or ""
    scheme = urllib.parse.urlsplit(url).scheme if "[" not in url else "http"
    same = url.partition("#")[0] == seen.body["here"]
    return scheme in ("http", "https") and not same


def _says_nothing(text: str, lang: str) -> bool:
    words = text.casefold().strip(" \t.…!:>»\u203a→-\u2013[]()")
    known = SAYS_NOTHING.get(lang.partition("-")[0])
    lists = SAYS_NOTHING.values() if not lang else [known or frozenset()]
    return bool(ADDRESS.match(text)) or any(words in texts for texts in lists)


def mixed(seen: Seen) -> Iterator[Outcome]:
    """Judge what is loaded by plain http, as `page_errors` does."""
    for outcome in page_errors_assets.mixed(seen.looked):
        yield dataclasses.replace(outcome, rule="best.mixed-content")


def deprecated(seen: Seen) -> Iterator[Outcome]:
    """Tell what the browser says that it will drop."""
    if seen.load is None or not seen.looked.scripted:
        return
    yield Met(rule="best.deprecated")
    for said in seen.load.deprecated:
        line, column = said["line"], said["column"] or 1
        name = file_of(seen.looked, said["file"]) if said["file"] else ""
        spot = None
        if line:
            mine = name == ""
            spot = sources.Spot(line, column)
            if mine:
                spot = sources.from_browser(seen.looked.source, line, column)
        yield Fault(
            rule="best.deprecated",
            message=said["text"],
            key=f"{said['id']} {name or ''}",
            spot=spot,
            file=name or "",
            observed=said["id"],
        )
