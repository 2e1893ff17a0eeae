"""What can be wrong with a page that runs: the rules, a fault, and what it rests on."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_source import Spot
from agentflow_checks.web import file_kind, html

if TYPE_CHECKING:
    from agentflow_checks.web.page import Visit


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One rule: a kind of thing that can be wrong."""

    title: str
    fix: str
    why: str = ""
    severity: af.Severity = af.Severity.ERROR


_WARNING, _INFO = af.Severity.WARNING, af.Severity.INFO
_CRITICAL = af.Severity.CRITICAL

FACTS: Mapping[str, Fact] = {
    "page.script-error": Fact(
        title="Scripts run without an error",
        fix="Correct the script where it stops: what comes after does not happen.",
        why="The rest of the script does not run.",
    ),
    "page.rejected-promise": Fact(
        title="No promise is rejected unhandled",
        fix="Handle it with catch or try/await, and tell the person what failed.",
        why="What waited for it never goes on.",
    ),
    "page.console-error": Fact(
        title="The page reports no error to the console",
        fix="Repair what it reports, or leave it out with console_error='ignore'.",
        severity=_WARNING,
    ),
    "page.refused": Fact(
        title="The browser refuses nothing that the page wants",
        fix="Change what is refused, or the page's policy that refuses it.",
    ),
    "page.handler-syntax": Fact(
        title="Event handlers in attributes are JavaScript",
        fix="Correct the code in the attribute: it is dropped as it stands.",
        why="Nothing happens when the event comes.",
    ),
    "page.json": Fact(
        title="JSON in the page is JSON",
        fix="Write it with json.dumps, or correct it where it breaks off.",
        why="Who reads it gets nothing.",
    ),
    "page.asset-missing": Fact(
        title="Everything that the page loads is there",
        fix="Ship the file, or correct the address.",
        why="People get a broken page, or a part without style or function.",
    ),
    "page.foreign-host": Fact(
        title="The page needs no host but its own",
        fix="Ship the file with the page, or allow the host: allow_hosts=[...].",
        why="Pages get no network here; what such a host brings was not judged.",
        severity=_WARNING,
    ),
    "page.mixed-content": Fact(
        title="Nothing is loaded over plain http",
        fix="Write https:// in the address.",
        why="A page that comes by https may not load it.",
        severity=_WARNING,
    ),
    "page.broken-anchor": Fact(
        title="Links within the page lead somewhere",
        fix="Correct the link, or give the target this id.",
        why="Nothing happens when people follow it.",
    ),
    "page.broken-link": Fact(
        title="Links within the site lead to a page",
        fix="Ship the page that is linked, or correct the address.",
        why="People land on an error page.",
    ),
    "page.reference": Fact(
        title="What an attribute refers to is there",
        fix="Correct the id, or give it to the element that is meant.",
        why="Label, description or action is lost.",
    ),
    "page.dead-control": Fact(
        title="Links do something",
        fix="Link it to its page, or make it a <button> that does something.",
        why="People press it in vain.",
        severity=_INFO,
    ),
    "page.navigates": Fact(
        title="The page stays where it is",
        fix="Let people follow a link, or judge the page that it goes to.",
    ),
    "page.dialog": Fact(
        title="The page opens no dialog by itself",
        fix="Show the message in the page, and only after people did something.",
        why="It stands in the way before the page was seen.",
    ),
    "page.window": Fact(
        title="The page opens no window by itself",
        fix="Open it when people ask for it: browsers block it else.",
    ),
    "page.truncated": Fact(
        title="The page is written to its end",
        fix=(
            "Let the model write more (its limit of output tokens), or add what is "
            "missing up to </html>."
        ),
        why="What should have followed is lost.",
        severity=_CRITICAL,
    ),
    "page.placeholder": Fact(
        title="The page leaves nothing out",
        fix="Ask the model for the whole page, with nothing left out.",
        why="Somebody was to fill this in.",
    ),
    "page.chatter": Fact(
        title="The file holds the page and nothing else",
        fix="Take the page alone out of the model's answer.",
        why="People read it at the top or the end of the page.",
    ),
    "page.format": Fact(
        title="The file is an HTML page",
        fix=file_kind.STORE,
        why="Browsers take it for broken HTML; nothing else of it was judged.",
        severity=_CRITICAL,
    ),
    "page.encoding": Fact(
        title="The text is in the encoding that it says",
        fix=(
            "Write and read it as UTF-8 in every step, open(path, 'w', "
            "encoding='utf-8'), and declare it: <meta charset=\"utf-8\">."
        ),
        why="People read wrong signs.",
    ),
    "page.blank": Fact(
        title="The page shows something",
        fix=(
            "Put the content into the body. Where a script builds or empties it, see "
            "why nothing is left; where a style hides it, show it."
        ),
        why="People see an empty window.",
        severity=_CRITICAL,
    ),
    "page.ran": Fact(
        title="The page could be run",
        fix="Give it more time with budget=..., or mend what keeps it from resting.",
    ),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the check was asked for."""

    ignore: tuple[str, ...] = ()
    ignore_re: tuple[str, ...] = ()
    console_error: str = "warn"
    foreign_hosts: str = "ask"
    allow_hosts: tuple[str, ...] = ()
    budget: float = 10.0

    def leaves_out(self, fault: Fault) -> bool:
        """Whether the user wants to hear nothing of this, by its message."""
        return any(part in fault.message for part in self.ignore) or any(
            re.search(pattern, fault.message) for pattern in self.ignore_re
        )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, or may be."""

    rule: str
    message: str
    key: str
    """What makes it the same in another version of the page; no position."""
    verdict: af.Verdict = af.Verdict.FAILED
    spot: Spot | None = None
    file: str = ""
    """The file that `spot` is in, where it is not the page itself."""
    selector: str = ""
    observed: str | None = None
    expected: str | None = None
    fix: str = ""
    word: str = ""
    """Names the fault alike where others report it, too: see `web.faults`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """How many subjects of a rule there are, faulty ones included."""

    rule: str
    count: int = 1


MOST_SEARCHED = 1_000_000
"""Characters of the live document that are searched, all in all, for elements that
stand in no other order: some 20 ms for each 10,000."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """A page, its visit, and what was found in the live document."""

    name: str
    source: str
    data: bytes
    choice: Choice
    visited: Visit
    facts: Mapping[str, Any]
    clicks: Mapping[str, Any]
    """Selector -> what came of pressing it; an `Unknown` where nobody knows."""
    siblings: frozenset[str] = frozenset()
    """Names of the further pages that the run holds."""
    searches: list[int] = dataclasses.field(default_factory=list)
    """Lengths of the document at each search for an element by its selector."""

    @property
    def scripted(self) -> bool:
        """Whether scripts may have had, or may get, a hand in the document."""
        return bool(self.facts["scripts"] or self.facts["handlerCount"])

    def spot_of(
        self, found: Mapping[str, Any], value: str | None = None
    ) -> Spot | None:
        """Find an element of the live document in the source.

        Args:
            found: ``selector``, ``tag``, ``attribute`` and ``raw`` of the element.
            value: the attribute's value; ``raw`` where it is not given.
        """
        wanted = found.get("raw", "") if value is None else value
        name = found.get("attribute") or found.get("name", "")
        alike = sources.tag_with(self.source, found["tag"], name, wanted)
        if len(alike) == 1:
            return sources.spot(self.source, alike[0].start)
        nth, of = found.get("nth", -1), found.get("of", 0)
        tag = sources.nth_tag(self.source, found["tag"], nth, of)
        if tag is not None and (not alike or tag.attributes.get(name) == wanted):
            return sources.spot(self.source, tag.start)
        if ">>>" not in found["selector"] and self._may_search():
            there = html.locate(self.source, self.visited.dom, found["selector"])
            if there is not None:
                return Spot(there.line, there.column)
        return sources.spot(self.source, alike[0].start) if alike else None

    def _may_search(self) -> bool:
        """Whether one more search through the whole document is not too slow."""
        self.searches.append(len(self.visited.dom))
        return sum(self.searches) <= MOST_SEARCHED
