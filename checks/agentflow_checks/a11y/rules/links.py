"""Where links, frames and pages that go on by themselves lead."""

from __future__ import annotations

import itertools
import json
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.languages import lists
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

MOST_TARGETS = 12
"""Pages that are opened to compare what links of one name lead to."""

APART = 0.25
"""Part of the shorter page's words that the other one has, too, at most, where two
pages are called clearly different."""

ENOUGH = 3
"""Words of its own that a page has to have before it is compared."""

LONGEST_DELAY = 72_000
"""Seconds, 20 hours: a longer delay is no limit of time, by WCAG's 2.2.1."""


def links(bench: Bench) -> dict[str, Any]:
    """Find links of one name, and look at the pages of the site that they lead to."""
    question = "document.querySelectorAll('a[href], [role=link]').length"
    if probing.ask(bench, question) < 2:
        return {"links": [], "pages": {}}
    probing.install(bench, __package__, "links.js")
    found = json.loads(probing.ask(bench, "agentflowLinks.links()"))
    wanted = dict.fromkeys(one["url"] for group in _unlike(found) for one in group)
    urls = [url for url in wanted if url][:MOST_TARGETS]
    if not urls:
        return {"links": found, "pages": {}}
    pages = json.loads(probing.ask(bench, f"agentflowLinks.looks({json.dumps(urls)})"))
    # Frames were laid into the page and taken out of it.
    probing.load(bench)
    return {"links": found, "pages": pages}


def frames(bench: Bench) -> Any:
    """Give the frames: their names, whether Tab reaches them, what they show."""
    if not probing.ask(bench, "document.querySelector('iframe, frame') !== null"):
        return []
    probing.install(bench, __package__, "links.js")
    return json.loads(probing.ask(bench, "agentflowLinks.frames()"))


def refreshes(bench: Bench) -> Any:
    """Give the meta elements that may send the page elsewhere."""
    question = "document.querySelector('meta[http-equiv=refresh i]') !== null"
    if not probing.ask(bench, question):
        return []
    probing.install(bench, __package__, "links.js")
    return json.loads(probing.ask(bench, "agentflowLinks.refreshes()"))


LINKS = Probe(name="links", run=links, acts=False)
FRAMES = Probe(name="frames", run=frames, acts=False)
REFRESHES = Probe(name="refreshes", run=refreshes, acts=False)


def _grouped(
    found: Iterable[Mapping[str, Any]], *keys: str
) -> Iterator[list[Mapping[str, Any]]]:
    groups = defaultdict(list)
    for one in found:
        groups[tuple(one[key] for key in keys)].append(one)
    return (group for group in groups.values() if len(group) > 1)


def _unlike(found: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Give groups of one name whose addresses are not all the same."""
    for group in _grouped(found, "name"):
        if len({same_place(one["url"]) for one in group}) > 1:
            yield group


def same_place(url: str) -> str:
    """Write an address so that those of one place are equal."""
    parts = urllib.parse.urlsplit(url)
    path = re.sub(r"/index\.html?$", "/", urllib.parse.unquote(parts.path)) or "/"
    path = path.rstrip("/") if path != "/" else path
    host = parts.netloc.lower().removeprefix("www.")
    scheme = "" if parts.scheme in {"http", "https"} else parts.scheme
    fragment = "" if parts.fragment == "top" else parts.fragment
    return f"{scheme}:{host}{path}?{parts.query}#{fragment}"


def equivalent(
    one: Mapping[str, Any], other: Mapping[str, Any], name: str
) -> tuple[bool | None, str]:
    """Tell whether two pages serve one purpose, and why; None: a person has to.

    Args:
        one: what was seen of a page: ``url``, ``title``, ``heading``, ``text``,
            ``whole``; or ``why`` it was not.
        other: the same of the other page.
        name: what leads to both is called so.
    """
    for page in (one, other):
        if "why" in page:
            return None, page["why"]
    if one["url"] and one["url"] == other["url"]:
        return True, ""
    if one["moves"] or other["moves"]:
        return None, "one of them goes on to another page by itself"
    if one["text"] and _same_text(one["text"], other["text"]):
        return True, ""
    mine, theirs = _words(one), _words(other)
    if min(len(mine), len(theirs)) < ENOUGH or not (one["whole"] and other["whole"]):
        return None, "there is little on them"
    if _heading(one) == _heading(other):
        return None, "they are headed alike"
    if spoken(name) and spoken(name) <= mine & theirs:
        return None, "both have its words"
    shared = len(mine & theirs) / min(len(mine), len(theirs))
    if shared > APART:
        return None, f"they share {shared:.0%} of their words"
    return False, f"{_shown(one)} and {_shown(other)}"


def _same_text(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _shown(page: Mapping[str, Any]) -> str:
    text = page["heading"] or page["title"] or page["text"]
    return repr(text[:60])


def _heading(page: Mapping[str, Any]) -> str:
    return str(page["heading"] or page["title"]).casefold()


def spoken(text: str) -> frozenset[str]:
    """Give the words of a text that carry what it is about."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return frozenset(words).difference(*lists().values())


def _words(page: Mapping[str, Any]) -> frozenset[str]:
    return spoken(f"{page['title']} {page['heading']} {page['whole']}")


def same_context(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge links of one name that stand in one context by where they lead."""
    del visited
    seen = facts[LINKS.name]
    for group in _grouped(seen["links"], "name", "context"):
        yield from _judged(group, seen["pages"], "link", in_context=True)


def same_name(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge links of one name by where they lead, wherever they stand."""
    del visited
    seen = facts[LINKS.name]
    for group in _grouped(seen["links"], "name"):
        yield from _judged(group, seen["pages"], "link")


def frames_alike(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge frames of one name by what they show."""
    del visited
    named = [one for one in facts[FRAMES.name] if one["name"]]
    for group in _grouped(named, "name"):
        yield from _judged(group, {}, "frame")


def _judged(
    group: Sequence[Mapping[str, Any]],
    pages: Mapping[str, Any],
    kind: str,
    *,
    in_context: bool = False,
) -> Iterator[Subject]:
    """Judge each of a group against those before it; ask once for all of them."""
    asked = False
    for index, one in enumerate(group):
        doubts, faults = [], []
        for other in itertools.islice(group, index):
            same, why = _alike(one, other, pages, in_context=in_context)
            doubts += [why] if same is None else []
            faults += [why] if same is False else []
        if doubts and not faults and asked:
            continue
        asked = asked or bool(doubts and not faults)
        yield _said(one, kind, doubts[:1], faults[:1])


def _alike(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    pages: Mapping[str, Any],
    *,
    in_context: bool,
) -> tuple[bool | None, str]:
    if one["url"] and same_place(one["url"]) == same_place(other["url"]):
        return True, ""
    if "shows" in one:
        return equivalent(one["shows"], other["shows"], one["name"])
    if not one["url"] or not other["url"]:
        return None, "a script says where it leads"
    unread = {"why": f"more than {MOST_TARGETS} pages would have to be opened"}
    same, why = equivalent(
        pages.get(one["url"], unread), pages.get(other["url"], unread), one["name"]
    )
    if same is False and in_context and one["under"] != other["under"]:
        return None, "they stand in parts of the page that may tell them apart"
    return same, why


def _said(
    one: Mapping[str, Any], kind: str, doubts: Sequence[str], faults: Sequence[str]
) -> Subject:
    said = {
        "selector": one["selector"],
        "html": one["html"],
        "box": af.Box(*one["box"]),
    }
    if faults:
        return Subject(
            verdict=af.Verdict.FAILED,
            message=f"another {kind} is called {one['name']!r}, too, and leads "
            f"elsewhere: {faults[0]}",
            observed=one["name"],
            expected="names that tell what leads to different things apart",
            **said,
        )
    if doubts:
        message = (
            f"another {kind} is called {one['name']!r}, too: do both serve the same "
            f"purpose? Not told by us: {doubts[0]}"
        )
        return Subject(verdict=af.Verdict.UNDETERMINED, message=message, **said)
    return Subject(verdict=af.Verdict.PASSED, **said)


def frames_reached(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each frame that holds controls by whether the Tab key goes into it."""
    del visited
    for one in facts[FRAMES.name]:
        if not one["seen"] or one["stops"] == 0:
            continue
        said = {
            "selector": one["selector"],
            "html": one["html"],
            "box": af.Box(*one["box"]),
        }
        if not one["left_out"]:
            if one["stops"]:
                yield Subject(verdict=af.Verdict.PASSED, **said)
        elif one["stops"] is None:
            message = "a negative tabindex keeps the Tab key out: are there controls?"
            yield Subject(verdict=af.Verdict.UNDETERMINED, message=message, **said)
        else:
            yield Subject(
                verdict=af.Verdict.FAILED,
                message=f"its tabindex keeps the Tab key from {one['stops']} controls "
                "inside of it",
                expected="no negative tabindex",
                **said,
            )


_REFRESH = re.compile(r"[ \t\n\f\r]*(?:(\d+)|(?=\.))[\d.]*(?:$|[;, \t\n\f\r])")


def delay(content: str) -> int | None:
    """Read after how many seconds a refresh takes place; None: it does not.

    As HTML has it: shared declarative refresh steps.
    """
    found = _REFRESH.match(content)
    return None if found is None else int(found[1] or 0)


def _refreshed(facts: Facts, *, longest: float) -> Iterator[Subject]:
    # The first one that can be read counts, those after it do nothing.
    read = [(one, delay(one["content"])) for one in facts[REFRESHES.name]]
    for one, seconds in [(o, s) for o, s in read if s is not None][:1]:
        said = {"selector": one["selector"], "html": one["html"]}
        if seconds == 0 or seconds > longest:
            yield Subject(verdict=af.Verdict.PASSED, **said)
        else:
            yield Subject(
                verdict=af.Verdict.FAILED,
                message=f"after {seconds} seconds another page takes the place of this "
                "one, whether people have read it or not",
                observed=f"{seconds} s",
                expected="no delay, or none of it by itself",
                **said,
            )


def refresh_delay(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge a refresh by its delay: none, or one that is no limit."""
    del visited
    yield from _refreshed(facts, longest=LONGEST_DELAY)


def refresh_at_once(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge a refresh by its delay: none."""
    del visited
    yield from _refreshed(facts, longest=float("inf"))


RULES = (
    OwnRule(
        id="same-name-same-context",
        title="Links of one name in one context lead to the same thing",
        criteria=("2.4.4",),
        act=("fd3a94",),
        category="text-alternatives",
        fix="Say in the link, or in its sentence, what is different about where it "
        "leads.",
        probes=(LINKS,),
        judge=same_context,
    ),
    OwnRule(
        id="same-name-same-purpose",
        title="Links of one name lead to the same thing",
        criteria=("2.4.9",),
        level="AAA",
        act=("b20e66",),
        category="text-alternatives",
        fix="Say in the link itself where it leads.",
        probes=(LINKS,),
        judge=same_name,
    ),
    OwnRule(
        id="frames-same-name",
        title="Frames of one name show the same thing",
        criteria=("4.1.2",),
        act=("4b1c6c",),
        category="text-alternatives",
        fix="Give each frame a title that says what it shows.",
        probes=(FRAMES,),
        judge=frames_alike,
    ),
    OwnRule(
        id="frame-in-tab-order",
        title="The Tab key goes into frames that hold controls",
        criteria=("2.1.1",),
        act=("akn7bn",),
        category="keyboard",
        fix="Remove the negative tabindex from the frame.",
        probes=(FRAMES,),
        judge=frames_reached,
    ),
    OwnRule(
        id="refresh-delay",
        title="No other page takes this one's place after a while",
        criteria=("2.2.1",),
        act=("bc659a",),
        category="time-and-media",
        fix="Remove the refresh, or redirect at once; let people choose when to go on.",
        probes=(REFRESHES,),
        judge=refresh_delay,
    ),
    OwnRule(
        id="refresh-delay-no-exceptions",
        title="No other page takes this one's place, however late",
        criteria=("2.2.4", "3.2.5"),
        level="AAA",
        act=("bisz58",),
        category="time-and-media",
        fix="Remove the refresh, or redirect at once; let people choose when to go on.",
        probes=(REFRESHES,),
        judge=refresh_at_once,
    ),
)
