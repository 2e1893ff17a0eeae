"""Regular expressions of policies: refused when explosive, bounded when merely slow.

The texts of a run are hostile, and Python's `re` has no deadline. So a pattern is read
into its positions (Glushkov's construction): where, inside a repeat, one character can
be taken in two ways, the time is exponential and the policy is refused. For the rest
`steps` bounds the time on one text, and `search` hands texts beyond the bound to a
process that can be stopped; what it does not finish is undetermined, never passed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from typing import Any

MOST_STEPS = 300_000_000
"""Steps of the matcher that are risked in this process: about a second."""

SECONDS = 5.0
"""How long a search beyond that may take, in a process of its own."""

ENDLESS = 10
"""A repeat of more than so many rounds can be explosive."""

_SAMPLE = "".join(map(chr, [*range(0x250), 0x391, 0x416, 0x5D0, 0x2014, 0x4E2D]))
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


class Explosive(ValueError):
    """The time that a pattern takes can double with every character."""


class TooSlow(Exception):
    """A search was stopped; whether the pattern occurs is not known."""


@dataclass(frozen=True, slots=True)
class Position:
    """One place of a pattern that takes one character, and which characters."""

    number: int
    source: str
    """A character class as `re` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A repeat that can give characters back."""

    source: str
    most: int
    times: int
    """How often it stands in a row, as in ``(a+b){3}``."""
    ambiguous: bool
    """Whether what follows can take the same characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern with what bounds its time."""

    regex: re.Pattern[str]
    repeats: tuple[Repeat, ...] = ()
    first: str | None = None
    """Class of the characters that a match can begin with; `None`: any place."""


@dataclass(slots=True)
class _Reading:
    """What has been read of a pattern so far."""

    flags: int
    follow: dict[Position, set[Position]] = field(default_factory=dict)
    loops: list[tuple[frozenset[Position], int, int]] = field(default_factory=list)
    """The positions of a repeat, its most rounds, how often it stands in a row."""
    frozen: int = 0
    """How deep inside atomic groups and possessive repeats."""
    times: int = 1
    """How often the part being read stands in a row."""
    doubles: int = 0
    """How many parts can match nothing in two ways, as ``(?:a|a)`` or ``(?:b*)?``."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The positions that a part of a pattern begins and ends with."""

    empty: bool
    first: frozenset[Position]
    last: frozenset[Position]
    inside: frozenset[Position]


_NOTHING = _Part(True, frozenset(), frozenset(), frozenset())


def compile_pattern(source: str, flags: int = re.IGNORECASE) -> Pattern:
    """Compile `source`; raises `re.error`, or `Explosive` where it can blow up."""
    import re._parser as parser  # type: ignore[import-not-found] # noqa: PLC0415

    try:
        regex = re.compile(source, flags)
    except (RecursionError, OverflowError) as error:
        raise re.error(f"it is too complicated: {error}") from error
    reading = _Reading(flags=regex.flags)
    whole = _sequence(parser.parse(source, flags), reading)
    return Pattern(
        regex=regex,
        repeats=tuple(_repeats(reading)),
        first=None if whole.empty else _union(whole.first),
    )


def _sequence(items: Any, reading: _Reading) -> _Part:
    whole = _NOTHING
    for operation, argument in items:
        whole = _join(whole, _item(str(operation), argument, reading), reading)
    return whole


def _join(left: _Part, right: _Part, reading: _Reading) -> _Part:
    _connect(left.last, right.first, reading)
    return _Part(
        left.empty and right.empty,
        left.first | right.first if left.empty else left.first,
        left.last | right.last if right.empty else right.last,
        left.inside | right.inside,
    )


def _connect(
    ends: frozenset[Position], begins: frozenset[Position], reading: _Reading
) -> None:
    for end in ends:
        reading.follow.setdefault(end, set()).update(begins)


def _item(operation: str, argument: Any, reading: _Reading) -> _Part:
    match operation:
        case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
            return _single(_class(operation, argument, reading.flags), reading)
        case "SUBPATTERN":
            return _sequence(argument[3], reading)
        case "BRANCH":
            return _branch([_sequence(b, reading) for b in argument[1]], reading)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, items = argument
            return _repeat(least, most, items, reading)
        case "ATOMIC_GROUP":
            return _atomic(argument, reading)
        case "POSSESSIVE_REPEAT":
            return _atomic(argument[2], reading, empty=argument[0] == 0)
        case "GROUPREF":
            return _single(r"[\s\S]", reading)
        case "ASSERT" | "ASSERT_NOT":
            _sequence(argument[1], reading)
        case "GROUPREF_EXISTS":
            parts = [_sequence(b, reading) for b in argument[1:] if b is not None]
            return _branch([*parts, _NOTHING], reading)
    return _NOTHING


def _single(source: str, reading: _Reading) -> _Part:
    position = Position(len(reading.follow), source)
    reading.follow[position] = set()
    one = frozenset((position,))
    return _Part(False, one, one, one)


def _branch(parts: list[_Part], reading: _Reading) -> _Part:
    if sum(part.empty for part in parts) > 1:
        reading.doubles += 1
    return _Part(
        any(part.empty for part in parts),
        frozenset().union(*(part.first for part in parts)),
        frozenset().union(*(part.last for part in parts)),
        frozenset().union(*(part.inside for part in parts)),
    )


def _repeat(least: int, most: Any, items: Any, reading: _Reading) -> _Part:
    rounds = int(most)
    outer, reading.times = reading.times, reading.times * max(min(rounds, ENDLESS), 1)
    doubles = reading.doubles
    body = _sequence(items, reading)
    reading.times = outer
    if rounds > 1 and not reading.frozen:
        if rounds > ENDLESS:
            if reading.doubles > doubles:
                raise Explosive
            _check_loop(body, reading)
        if least != rounds:
            reading.loops.append((body.inside, rounds, outer))
        _connect(body.last, body.first, reading)
    if body.empty and (least == 0 or rounds > 1):
        reading.doubles += 1
    return _Part(body.empty or least == 0, body.first, body.last, body.inside)


def _atomic(items: Any, reading: _Reading, *, empty: bool = False) -> _Part:
    reading.frozen += 1
    doubles = reading.doubles
    part = _sequence(items, reading)
    reading.frozen -= 1
    # What an atomic part took is not tried another way.
    reading.doubles = doubles
    return _Part(part.empty or empty, part.first, part.last, part.inside)


def _check_loop(body: _Part, reading: _Reading) -> None:
    if body.empty and len(body.inside) > 1:
        raise Explosive
    for end in body.last:
        if reading.follow[end] & body.first:
            raise Explosive
    rounds = {p: reading.follow[p] & body.inside for p in body.inside}
    for end in body.last:
        rounds[end] = rounds[end] | body.first
    for following in (*rounds.values(), body.first):
        if not _apart(following):
            raise Explosive


def _apart(positions: AbstractSet[Position]) -> bool:
    seen: set[str] = set()
    for position in positions:
        taken = _sample(position.source)
        if taken & seen:
            return False
        seen |= taken
    return True


def _repeats(reading: _Reading) -> Iterator[Repeat]:
    for inside, most, times in reading.loops:
        after = {q for p in inside for q in reading.follow[p]} - inside
        taken = frozenset().union(*(_sample(p.source) for p in inside))
        meets = any(_sample(q.source) & taken for q in after)
        source = _union(inside)
        yield Repeat(source=source, most=most, times=times, ambiguous=meets)


def _union(positions: frozenset[Position]) -> str:
    return "|".join(sorted({p.source for p in positions}))


@cache
def _sample(source: str) -> frozenset[str]:
    return frozenset(re.findall(source, _SAMPLE))


def _class(operation: str, argument: Any, flags: int) -> str:
    if operation == "ANY":
        return r"[\s\S]" if flags & re.DOTALL else r"[^\n]"
    if operation == "LITERAL":
        source = f"[{_char(argument)}]"
    elif operation == "NOT_LITERAL":
        source = f"[^{_char(argument)}]"
    else:
        source = f"[{''.join(_member(str(o), a) for o, a in argument)}]"
    return f"(?i:{source})" if flags & re.IGNORECASE else source


def _member(operation: str, argument: Any) -> str:
    match operation:
        case "NEGATE":
            return "^"
        case "RANGE":
            return f"{_char(argument[0])}-{_char(argument[1])}"
        case "CATEGORY":
            return _CATEGORIES[str(argument)]
    return _char(argument)


def _char(code: int) -> str:
    return f"\\U{code:08x}"


def steps(pattern: Pattern, text: str) -> int:
    """Bound the steps that searching `text` takes.

    Places where a match can begin, times the longest stretch that each repeat can take
    there; repeats that compete for the same characters multiply, others add up.
    """
    if not pattern.repeats:
        return len(text)
    begins = len(text)
    if pattern.first is not None:
        begins = sum(1 for _ in re.finditer(pattern.first, text))
    together, times = 1, 1
    for repeat in pattern.repeats:
        longest = min(_longest(repeat.source, text), max(repeat.most, 1))
        if repeat.ambiguous:
            times *= max(longest, 1) ** repeat.times
        else:
            together += longest * repeat.times
    return len(text) + begins * together * times


def _longest(source: str, text: str) -> int:
    stretches = re.finditer(f"(?:{source})++", text)
    return max((m.end() - m.start() for m in stretches), default=0)


def search(
    pattern: Pattern, text: str, *, patient: bool = True
) -> list[tuple[int, int]]:
    """Find all spans of `pattern`; raises `TooSlow` where it had to be stopped.

    Without `patient` it is given up at once where it may take long.
    """
    # Short texts cannot reach the bound with one repeat; most texts are short.
    risky = len(pattern.repeats) > 1 or len(text) > 10_000
    if risky and steps(pattern, text) > MOST_STEPS:
        if not patient:
            raise TooSlow(pattern.regex.pattern)
        return _search_apart(pattern.regex, text)
    return [m.span() for m in pattern.regex.finditer(text) if m.end() > m.start()]


_APART = """
import json, re, sys
source, flags, text = json.load(sys.stdin)
spans = [m.span() for m in re.compile(source, flags).finditer(text)]
json.dump([s for s in spans if s[1] > s[0]], sys.stdout)
"""


def _search_apart(regex: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    sent = json.dumps([regex.pattern, regex.flags, text])
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter, our own program
            [sys.executable, "-I", "-c", _APART],
            input=sent,
            capture_output=True,
            text=True,
            encoding="ascii",
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise TooSlow(regex.pattern) from error
    return [(start, end) for start, end in json.loads(done.stdout)]
