"""What citations name: the sources of a run by number, id, title, entry or address."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from agentflow_checks.grounding.citation_marks import Mark, name_marks
from agentflow_checks.grounding.contact import url_normal
from agentflow_checks.grounding.folding import letters, spaced
from agentflow_checks.grounding.passages import content_words

State = Literal["held", "failed", "undetermined"]

#: Words that say no more than that something is a source.
_GENERIC_WORDS = """
    source sources document documents doc passage passages reference references article
    page website site web internet online report data research company information
    official general knowledge own internal various public
"""
_GENERIC = frozenset(_GENERIC_WORDS.split())
_DIGITS = re.compile(r"[0-9]+")
_ENDING = re.compile(r"\.[a-z0-9]{2,4}\Z")
_URL = re.compile(r"https?://[^\s<>\")\]]+")
_ADDRESS = re.compile(r"(?:https?:)?//|www\.", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class CitedSource:
    """A source as citations see it.

    Args:
        id: the id that the run knows it by.
        text: what it says.
        title: its title, empty where it has none.
        uri: its recorded address, None where it has none.
        kind: ``retrieved``, ``tool``, ``profile``, ... as the run has it.
        quotable: False for prompts and inputs: words of theirs are nobody's quotation.
    """

    id: str
    text: str
    title: str = ""
    uri: str | None = None
    kind: str = "retrieved"
    quotable: bool = True

    @cached_property
    def letters(self) -> str:
        """Its letters and digits, for verbatim look-ups."""
        return letters(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words, folded."""
        return frozenset(spaced(self.text).split())

    @cached_property
    def names(self) -> frozenset[str]:
        """What it may be called: id, file name with and without ending, title."""
        file = self.id.rpartition("/")[2]
        plain = (self.id, file, _ENDING.sub("", self.id), _ENDING.sub("", file))
        called = (*plain, self.title, *([self.uri] if self.uri else []))
        return frozenset(name for one in called if (name := spaced(one)))

    @cached_property
    def address(self) -> str:
        """Its recorded address in normal form; empty where it has none."""
        written = self.uri or (self.id if _ADDRESS.match(self.id) else "")
        return url_normal(written) if written else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one output may cite.

    Args:
        sources: all sources of the run, in the order they came.
        numbered: those that a number without a list of its own counts, in order.
        labels: numbers that the prompt gave to sources: number to source, None where
            it cannot be told which one.
        withheld: ids of the sources that this output's stage was not given; None where
            that is not known.
        entries: the output's own list of sources: label to entry.
    """

    sources: tuple[CitedSource, ...]
    numbered: tuple[CitedSource, ...] = ()
    labels: Mapping[str, CitedSource | None] = field(default_factory=dict)
    withheld: frozenset[str] | None = frozenset()
    entries: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What one mark cites: its sources, or why there are none.

    ``sure`` is False where a number was counted and the count may differ.
    """

    state: State
    sources: tuple[CitedSource, ...] = ()
    sure: bool = True
    why: str = ""


def resolve(mark: Mark, given: Given) -> Resolved | None:
    """Find the sources that a mark cites; None where it is no citation."""
    if mark.kind == "number":
        return merged([_by_number(number, given) for number in mark.cites])
    if mark.kind == "link":
        return _by_link(mark, given)
    if mark.kind == "field":
        return _by_field(mark, given)
    found = [(name, _by_label(name, given)) for name in mark.cites]
    if mark.kind == "name":
        return merged([one for _, one in found])
    # "[guide.md, p. 4]" cites, "[Your name]" does not: a part has to be known.
    citing = [
        one
        for name, one in found
        if one.state == "held"
        or name.casefold() in given.entries
        or _looks_like_an_id(name, given)
    ]
    return merged(citing) if citing else None


def _by_label(name: str, given: Given) -> Resolved:
    if (entry := given.entries.get(name.casefold())) is not None:
        return _by_entry(entry, given)
    if _URL.search(name):
        return _by_entry(name, given)
    return _by_name(name, given)


def merged(found: Sequence[Resolved]) -> Resolved:
    """Join what several names resolve to: all their sources, the gravest state."""
    worst = min(found, key=lambda one: _GRAVITY.index(one.state))
    sources = tuple(dict.fromkeys(s for one in found for s in one.sources))
    sure = all(one.sure for one in found)
    return Resolved(state=worst.state, sources=sources, sure=sure, why=worst.why)


_GRAVITY: tuple[State, ...] = ("failed", "undetermined", "held")


def _by_number(number: str, given: Given) -> Resolved:
    if exact := tuple(source for source in given.sources if source.id == number):
        return Resolved(state="held", sources=exact)
    if number in given.entries:
        return _by_entry(given.entries[number], given)
    if number in given.labels:
        source = given.labels[number]
        return Resolved(
            state="held", sources=(source,) if source else (), sure=source is not None
        )
    count = len(given.numbered)
    if 1 <= int(number) <= count:
        source = given.numbered[int(number) - 1]
        return Resolved(state="held", sources=(source,), sure=False)
    if not count or number == "0" or int(number) >= _NO_COUNT > count:
        return Resolved(state="undetermined", why="nothing says what is numbered so")
    if any(f"[{number}]" in source.text for source in given.sources):
        why = "a source has the same mark in its text"
        return Resolved(state="undetermined", why=why)
    listed = "1 source" if count == 1 else f"{count} sources"
    return Resolved(state="failed", why=f"there is no source {number}, but {listed}")


#: A number from here on is more likely a status, a height or a price.
_NO_COUNT = 100


def _by_entry(entry: str, given: Given) -> Resolved:
    """Resolve an entry of the output's own list: by its address, else by its words."""
    for written in _URL.findall(entry):
        if found := _at_address(written, given):
            return Resolved(state="held", sources=found)
    bare = _URL.sub(" ", entry).strip(" .,:;()[]<>*_\u2014-")
    if not bare:
        return _no_address(entry.strip(), given)
    return _by_name(bare, given)


def _at_address(url: str, given: Given) -> tuple[CitedSource, ...]:
    wanted = url_normal(url)
    return tuple(s for s in given.sources if s.address and s.address == wanted)


def _no_address(url: str, given: Given) -> Resolved:
    if any(url.rstrip("/") in source.text for source in given.sources):
        return Resolved(state="undetermined", why="a source only names this address")
    return Resolved(state="failed", why=f"no source has the address {url}")


def _by_name(name: str, given: Given) -> Resolved:
    wanted = spaced(name)
    exact = tuple(s for s in given.sources if wanted in s.names)
    if exact:
        return Resolved(state="held", sources=exact)
    if _ADDRESS.match(name):
        if found := _at_address(name, given):
            return Resolved(state="held", sources=found)
        return _no_address(name, given)
    part = tuple(s for s in given.sources if _partly(wanted, s))
    if part:
        return Resolved(state="held", sources=part, sure=len(part) == 1)
    return _by_parts(name, given) or _unknown_name(name, given)


def _by_parts(name: str, given: Given) -> Resolved | None:
    """Read "guide.md, press.md", "guide.md, page 4" and "guide.md#rooms"."""
    parts = [part for raw in _LISTED.split(name) if (part := raw.strip())]
    if len(parts) < 2:
        base = _ANCHOR.split(name)[0]
        parts = [base] if base and base != name else []
    found = [
        one
        for part in parts
        if (one := _by_name(part, given)).state == "held"
        or _looks_like_an_id(part, given)
    ]
    return merged(found) if any(one.state == "held" for one in found) else None


_LISTED = re.compile(r"[,;&]|\band\b")
_ANCHOR = re.compile(r"[#:]")


def _partly(wanted: str, source: CitedSource) -> bool:
    """Whether a name is the beginning or a run of words of a title, or holds it."""
    if wanted.count(" ") < 1:
        return False
    title = f" {spaced(source.title)} "
    return f" {wanted} " in title or (title.count(" ") > 2 and title in f" {wanted} ")


def _unknown_name(name: str, given: Given) -> Resolved:
    """Decide about a name that no source has: other words for one, or nothing."""
    if _looks_like_an_id(name, given):
        return Resolved(state="failed", why=f"no source has the id {name}")
    told = letters(name)
    holding = tuple(s for s in given.sources if told and told in s.letters)
    if holding and len(name.split()) >= _SNIPPET:
        return Resolved(state="held", sources=holding)
    if holding:
        return Resolved(state="undetermined", why="it is named within a source only")
    words = content_words(name) - _GENERIC
    called = {w for s in given.sources for n in s.names for w in n.split()}
    kinds = {s.kind for s in given.sources}
    if words & called or words & kinds or not (words and _is_title(name)):
        why = "no source has this name, though one may be meant"
        return Resolved(state="undetermined", why=why)
    return Resolved(state="failed", why=f"no source of the run is called {name}")


#: So many words in a row are cited for what they say, not as a name.
_SNIPPET = 6
_LONGEST_TITLE = 12
_CAPITAL = re.compile(r"\b[A-Z0-9][\w.-]*")


def _is_title(name: str) -> bool:
    """Whether words name one certain work: capitals or numbers, and no sentence."""
    capitals = len(_CAPITAL.findall(name))
    return capitals > 1 and 2 * capitals >= len(name.split()) <= _LONGEST_TITLE


def _looks_like_an_id(name: str, given: Given) -> bool:
    """Whether a word has the form of the run's own ids: ``doc-17`` beside ``doc-3``."""
    if " " in name or not re.search(r"[0-9._/#:-]", name):
        return False
    return any(_form(name) == _form(source.id) for source in given.sources)


def _form(name: str) -> str:
    """Give the form of an id: its folders and ending, numbers as one sign."""
    numberless = _DIGITS.sub("0", name.casefold())
    ending = _ENDING.search(numberless)
    if ending and not numberless[: ending.start()].endswith("0"):
        folder = numberless.rpartition("/")[0]
        return f"{folder}/*{ending[0]}"
    head, slash, tail = numberless.rpartition("/")
    # In "customers/museum#3" the number tells one part of a document from another.
    return f"{head}{slash}*#0" if tail.endswith("#0") else numberless


def _by_link(mark: Mark, given: Given) -> Resolved | None:
    url = mark.url or ""
    if not _ADDRESS.match(url):
        return None
    at = _at_address(url, given)
    named = _named_by(mark.cites[0], given)
    if not at and not named:
        return None
    return Resolved(state="held", sources=named or at)


def _by_field(mark: Mark, given: Given) -> Resolved:
    """Resolve the value of a field that holds sources, and nothing else."""
    if mark.url is not None:
        found = _at_address(mark.url, given)
        if not found:
            return _no_address(mark.url, given)
        return Resolved(state="held", sources=found)
    return merged(
        [
            _by_number(str(int(one)), given)
            if one.isdecimal() and len(one) < _LONG_NUMBER
            else _by_name(one, given)
            for one in mark.cites
        ]
    )


#: Longer numbers are ids.
_LONG_NUMBER = 4


def _named_by(words: str, given: Given) -> tuple[CitedSource, ...]:
    """Give the sources with an address that a link's words name."""
    kind, cites = name_marks(words)
    if kind == "number":
        found = merged([_by_number(number, given) for number in cites])
        return tuple(s for s in found.sources if s.address) if found.sure else ()
    wanted = spaced(words)
    is_name = " " in wanted or re.search(r"[0-9._/#-]", words.strip()) is not None
    return tuple(
        s for s in given.sources if is_name and s.address and wanted in s.names
    )
