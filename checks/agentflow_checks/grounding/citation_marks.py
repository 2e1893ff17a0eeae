"""Citations in a text: numbers, ids, named sources, links, and the words they quote."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

MarkKind = Literal["number", "name", "id", "link", "field"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Quoted words, at ``text[start:end]`` of the text they stand in."""

    text: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One citation as it is written.

    Args:
        text: as written: ``[1]``, ``(Source: Annual report)``, ``[guide](https://...)``.
        kind: ``number`` cites by position, ``name`` names a source in words, ``id``
            may name one (only sources tell), ``link`` leads to a web address, ``field``
            is a value of a JSON field for sources.
        cites: what it names, one entry a source; the words of a link.
        url: where a link leads.
        start: offset of ``text`` in the text it was read from.
        end: its end.
        quotes: words in quotation marks that this citation stands for.
        group: marks that stand together ("[1][2]") share a number.
    """

    text: str
    kind: MarkKind
    cites: tuple[str, ...]
    url: str | None = None
    start: int = 0
    end: int = 0
    quotes: tuple[Quote, ...] = ()
    group: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations:
    """The marks of one text in their order, and the entries of its own source list."""

    marks: tuple[Mark, ...] = ()
    entries: dict[str, str] = field(default_factory=dict)


_LABEL = r"(?:passage|source|document|doc|reference|ref|context|chunk|footnote)s?"
_NUMBERS = r"[0-9]{1,3}(?:[ ]?(?:,|;|&|-|\u2013|and)[ ]?[0-9]{1,3}){0,9}"
_BRACKET = re.compile(r"\[\^?([^\[\]\n]{1,120})\](?!\()")
_CORNER = re.compile(r"\u3010([0-9]{1,3})[^\u3010\u3011\n]{0,60}\u3011")
_LINK = re.compile(
    r"(?<!!)\[([^\[\]\n]{1,200})\]\([ ]{0,4}<?([^()\s<>]{1,800}(?:\([^()\s<>]{0,80}\))?"
    r"[^()\s<>]{0,200})>?(?:[ ]{1,4}\"[^\"\n]{0,200}\")?[ ]{0,4}\)"
)
_NAMED = re.compile(
    r"\([ ]{0,4}(?:sources?|cited from|quoted from)[ ]{0,4}:[ ]{0,4}"
    r"((?:[^()\n]|\([^()\n]{0,80}\)){1,300})\)",
    re.IGNORECASE,
)
_NAMED_LINE = re.compile(
    r"^[ \t>*_\u2014-]{0,8}(?:sources?|quelle)[*_]{0,2}[ ]{0,4}:[*_]{0,2}[ ]{1,4}"
    r"(\S[^\n]{0,98})$",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRY = re.compile(
    r"^[ \t>*-]{0,8}\[\^?([^\[\]\n]{1,40})\](?::[ \t]?|[ \t]+)(\S[^\n]{0,400})$",
    re.MULTILINE,
)
_LIST_HEAD = re.compile(
    r"^[ \t]{0,3}(?:\#{1,6}[ ]{0,4})?[*_]{0,2}(?:sources|references|citations|footnotes"
    r"|bibliography|works cited|quellen)[*_:]{0,4}[ \t]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
_ITEM = re.compile(r"^[ \t]{0,8}([0-9]{1,3})[.)][ \t]+(\S[^\n]{0,400})$", re.MULTILINE)
_ONLY_NUMBERS = re.compile(_NUMBERS)
_LABELLED = re.compile(rf"{_LABEL}[ ]?(?:\#|no\.)?[ ]?({_NUMBERS})", re.IGNORECASE)
_PREFIX = re.compile(rf"{_LABEL}[ ]{{0,4}}:[ ]{{0,4}}", re.IGNORECASE)
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_INLINE_CODE = re.compile(r"`[^`\n]{1,200}`")
_SUBSCRIPT = re.compile(r"[\w(]|\.\w|[ ]?=")
#: What is numbered, if not a source: "step [3]", and names of code.
_NUMBERED = re.compile(
    r"(?:\b(?:step|fig\.?|figure|table|section|chapter|equation|eq\.|schritt|abbildung)"
    r"[ ]?|_)\Z",
    re.IGNORECASE,
)
_QUOTE_SIGNS = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'))
_QUOTED = re.compile(r'(?<![A-Za-z0-9])"([^"\n]{15,600})"(?![A-Za-z0-9])')
_NEXT_SENTENCE = re.compile(r"[.!?][\"')\]]*\s+[A-Z0-9\"]")
_WORD = re.compile(r"\w+")
#: Shorter quotations are titles and scare quotes.
FEWEST_WORDS = 5
_FARTHEST = 120
_JOINT = re.compile(r"[\s,;]{0,3}")
_MOST_NUMBERS = 20


def marks_in(text: str) -> Citations:
    """Read the citations of a text or Markdown document.

    Code, in fences or between back-ticks, cites nothing. Which of the bracketed words
    cite ("[guide.md]", "[Your name]") is for the sources to tell; all are given.

    Returns:
        Marks whose spans index ``text``, in order; they do not overlap.
    """
    plain = _without_code(text)
    entries, listed = _entries(plain)
    found = sorted(
        _found(plain, listed, entries), key=lambda mark: (mark.start, -mark.end)
    )
    marks = _grouped(plain, _disjoint(found))
    return Citations(marks=tuple(_with_quotes(plain, marks)), entries=entries)


def numbers_of(written: str) -> tuple[str, ...]:
    """Give the numbers of ``1``, ``1, 3`` and ``2-4``; empty where it is no such list.

    A range names at most 20 numbers; a longer one names its ends.
    """
    if _ONLY_NUMBERS.fullmatch(written.strip()) is None:
        return ()
    numbers: list[str] = []
    for part in re.split(r"[,;&]|and", written):
        ends = [str(int(end)) for end in re.split("[-\u2013]", part) if end.strip()]
        numbers += _range(ends)
    return tuple(dict.fromkeys(numbers))


def name_marks(written: str) -> tuple[MarkKind, tuple[str, ...]]:
    """Read what stands behind "Source:": numbers, or the names of sources."""
    bare = written.strip(" .*_`\"'")
    labelled = _LABELLED.fullmatch(bare)
    numbers = numbers_of(labelled[1] if labelled else bare)
    if numbers:
        return "number", numbers
    parts = tuple(part.strip(" .*_`\"'") for part in bare.split(";"))
    return "name", tuple(part for part in parts if part)


def _range(ends: Sequence[str]) -> list[str]:
    if len(ends) != 2:
        return list(ends)
    first, last = int(ends[0]), int(ends[1])
    if not first < last <= first + _MOST_NUMBERS:
        return list(ends)
    return [str(number) for number in range(first, last + 1)]


def _without_code(text: str) -> str:
    """Blank code out, so that offsets stay as they are; fold quotation marks."""
    lines = text.translate(_QUOTE_SIGNS).split("\n")
    fence = ""
    for number, line in enumerate(lines):
        opened = _FENCE.match(line)
        if fence or opened:
            lines[number] = " " * len(line)
        if opened and not fence:
            fence = opened[1]
        elif opened and opened[1] == fence:
            fence = ""
    return _INLINE_CODE.sub(lambda code: " " * len(code[0]), "\n".join(lines))


def _entries(text: str) -> tuple[dict[str, str], set[int]]:
    """Read the text's own list of sources: what each label stands for, and where."""
    entries: dict[str, str] = {}
    listed: set[int] = set()
    first: dict[str, int] = {}
    for match in _BRACKET.finditer(text):
        first.setdefault(match[1], match.start(1))
    for match in _ENTRY.finditer(text):
        # A sentence may begin with a citation; an entry names or links something.
        cited_before = first.get(match[1], match.start(1)) < match.start(1)
        is_address = "://" in match[2] and "](" not in match[2]
        if cited_before or is_address or text[match.end(1) + 1] == ":":
            entries.setdefault(_label(match[1]), match[2])
            listed.add(match.start(1))
    heads = [head.end() for head in _LIST_HEAD.finditer(text)]
    if heads:
        for match in _ITEM.finditer(text, heads[-1]):
            entries.setdefault(_label(match[1]), match[2])
    return entries, listed


def _label(written: str) -> str:
    return str(int(written)) if written.isdecimal() else written.strip().casefold()


def _found(text: str, listed: set[int], labels: Collection[str]) -> Iterator[Mark]:
    for match in _LINK.finditer(text):
        yield _mark(match, "link", (match[1].strip(),), url=match[2])
    for pattern in (_NAMED, _NAMED_LINE):
        for match in pattern.finditer(text):
            if "](" not in match[1]:
                kind, cites = name_marks(match[1])
                if cites:
                    yield _mark(match, kind, cites)
    for match in _CORNER.finditer(text):
        yield _mark(match, "number", (str(int(match[1])),))
    for match in _BRACKET.finditer(text):
        if match.start(1) not in listed and (mark := _bracketed(text, match, labels)):
            yield mark


def _bracketed(text: str, match: re.Match[str], labels: Collection[str]) -> Mark | None:
    inside = match[1].strip()
    labelled = _LABELLED.fullmatch(inside)
    numbers = numbers_of(labelled[1] if labelled else inside)
    if numbers:
        before = text[max(0, match.start() - 12) : match.start()]
        if _NUMBERED.search(before) or _SUBSCRIPT.match(text, match.end()):
            return None
        # "[0, 100]" is a range of values, not two sources.
        is_range = len(numbers) > 1 and "0" in numbers
        return None if is_range else _mark(match, "number", numbers)
    if prefix := _PREFIX.match(inside):
        kind, cites = name_marks(inside[prefix.end() :])
        return _mark(match, kind, cites) if cites else None
    cites = tuple(part for raw in re.split("[,;]", inside) if (part := raw.strip()))
    # "[x]" is a ticked box, unless the text says what x is.
    names = len(inside) > 1 or _label(inside) in labels
    return _mark(match, "id", cites) if cites and names else None


def _mark(
    match: re.Match[str],
    kind: MarkKind,
    cites: tuple[str, ...],
    url: str | None = None,
) -> Mark:
    return Mark(
        text=match[0].strip(),
        kind=kind,
        cites=cites,
        url=url,
        start=match.start(),
        end=match.end(),
    )


def _disjoint(found: Sequence[Mark]) -> list[Mark]:
    kept: list[Mark] = []
    for mark in found:
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def _grouped(text: str, marks: Sequence[Mark]) -> list[Mark]:
    """Number the groups of marks with nothing but blanks and commas between them."""
    grouped: list[Mark] = []
    group = 0
    for mark in marks:
        if grouped and not _JOINT.fullmatch(text, grouped[-1].end, mark.start):
            group += 1
        grouped.append(replace(mark, group=group))
    return grouped


def _with_quotes(text: str, marks: Sequence[Mark]) -> Iterator[Mark]:
    quotes: dict[int, list[Quote]] = {}
    starts = [mark.start for mark in marks]
    for match in _QUOTED.finditer(text) if marks else ():
        if len(_WORD.findall(match[1])) < FEWEST_WORDS:
            continue
        group = _group_of(text, match, marks, bisect_right(starts, match.start()))
        if group is not None:
            quote = Quote(text=match[1], start=match.start(1), end=match.end(1))
            quotes.setdefault(group, []).append(quote)
    for mark in marks:
        yield replace(mark, quotes=tuple(quotes.get(mark.group, ())))


def _group_of(
    text: str, quote: re.Match[str], marks: Sequence[Mark], after: int
) -> int | None:
    """Find the group that a quotation belongs to: the next of its sentence, or before.

    A mark behind it wins, as far as no other quotation or sentence begins in between.
    """
    following = next(
        (m for m in marks[after : after + 2] if m.start >= quote.end()), None
    )
    if following is not None and following.start - quote.end() <= _FARTHEST:
        between = text[quote.end() - 2 : following.start]
        open_end = "\n" not in between and '"' not in between[2:]
        if open_end and not _NEXT_SENTENCE.search(between):
            return following.group
    before = marks[after - 1] if after else None
    if before is not None and 0 <= quote.start() - before.end <= _FARTHEST:
        between = text[before.end : quote.start() + 1]
        if "\n" not in between and not _NEXT_SENTENCE.search(between):
            return before.group if '"' not in between[:-1] else None
    return None
