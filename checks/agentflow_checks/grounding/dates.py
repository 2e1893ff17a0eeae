"""Dates and times of day in the notations people and programs use."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.spans import Spans

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janvier enero", "february feb februar février febrero",
            "march mar märz mars marzo", "april apr avril abril", "may mai mayo",
            "june jun juni juin junio", "july jul juli juillet julio",
            "august aug août agosto", "september sep sept septembre septiembre",
            "october oct oktober octobre octubre", "november nov novembre noviembre",
            "december dec dezember décembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CAPITAL = "|".join(
    sorted({m.capitalize() for m in _MONTHS} | {m.upper() for m in _MONTHS}, key=len)[
        ::-1
    ]
)
_ANY = "|".join(sorted(_MONTHS, key=len)[::-1])
_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_LEFT = r"(?<![A-Za-z0-9])"
_RIGHT = r"(?![A-Za-z0-9])"
_YEAR = r"[0-9]{4}(?![0-9])"
_TO = r"[ ]?(?:-|—|to|through|until|and|&)[ ]?"

_MONTH_FIRST = re.compile(
    rf"{_LEFT}(?P<month>{_CAPITAL})(?:[.,]?[ ]|\.)?(?:the[ ])?"
    rf"(?P<day>{_DAY})(?![0-9%]|:[0-9]|\.[0-9]|,[0-9]{{3}}(?![0-9]))(?![ ]?[ap]\.?m\b)"
    rf"(?:{_TO}(?P<last>{_DAY}){_RIGHT}(?![:%]))?"
    rf"(?:,?[ ]{{0,2}}(?:of[ ])?(?P<year>{_YEAR}))?"
)
_DAY_FIRST = re.compile(
    rf"{_LEFT}(?P<day>{_DAY})\.?(?:{_TO}(?P<last>{_DAY})\.?)?[ -]?(?:of[ ])?"
    rf"(?P<month>{_CAPITAL})(?![a-z])\.?(?:[ ,-]{{1,2}}(?P<year>{_YEAR}))?"
)
_MONTH_YEAR = re.compile(
    rf"{_LEFT}(?:(?P<month>{_CAPITAL})\.?,?[ ](?:of[ ])?|(?P<lower>{_ANY})[ ])"
    rf"(?P<year>(?:1[5-9]|20)[0-9]{{2}}){_RIGHT}",
)
_YEAR_FIRST = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][./-])(?P<year>[0-9]{4})(?P<sign>[-/.])(?P<month>[0-9]{1,2})"
    r"(?P=sign)(?P<day>[0-9]{1,2})(?![0-9])"
)
_YEAR_MONTH = re.compile(
    r"(?<![0-9A-Za-z-])(?P<year>(?:1[5-9]|20)[0-9]{2})-(?P<month>0[1-9]|1[0-2])(?![0-9-])"
)
_COMPACT = re.compile(
    r"(?<![0-9A-Za-z])(?P<year>20[0-9]{2})(?P<month>0[1-9]|1[0-2])"
    r"(?P<day>0[1-9]|[12][0-9]|3[01])(?:T[0-9]{4,6}Z?)?(?![0-9A-Za-z])"
)
_NUMERIC = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][./-])(?P<one>[0-9]{1,2})(?P<sign>[-/.])(?P<two>[0-9]{1,2})"
    r"(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])(?![./-][0-9])"
)

_HALF = r"(?:[ap]\.?[ ]?m\b\.?|[AP]\.?[ ]?M\b\.?)"
_CLOCK = re.compile(
    rf"(?<![0-9A-Za-z.,$€£])(?P<hour>[0-9]{{1,2}})"
    rf"(?::(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}})(?:[.,][0-9]+)?)?"
    rf"(?![0-9:])[ ]?(?P<half>{_HALF})?"
    rf"|(?:\.(?P<dotted>[0-9]{{2}}))?[ ]?(?P<sure>{_HALF})"
    rf"|[ ]?(?P<oclock>o'clock|[Uu]hr)\b)"
)
_ISO_CLOCK = re.compile(
    r"(?<=[0-9])T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
)
_WORD_CLOCK = re.compile(
    rf"{_LEFT}(?P<word>noon|midnight)\b(?![ -](?:blue|sun|snack|black|oil))",
    re.IGNORECASE,
)
_OPENS_RANGE = re.compile(
    r"(?<![0-9A-Za-z:.,$€£/])(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{2}))?"
    r"[ ]?(?:-|—|to|until|till|and)[ ]?\Z"
)
_RATIO = re.compile(r"[ ]?(?:ratio|scale|odds|aspect)|[ ]?:", re.IGNORECASE)
_BOOKS = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|"
    "Chronicles|Ezra|Nehemiah|Esther|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|"
    "Ezekiel|Daniel|Hosea|Joel|Amos|Micah|Zechariah|Malachi|Matthew|Matt|Mark|Luke|John|"
    "Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Colossians|Thessalonians|"
    "Timothy|Titus|Hebrews|James|Peter|Jude|Revelation|Gen|Ps|Rom|Cor|Heb|Rev|Quran|Surah"
)
_VERSE = re.compile(rf"\b(?:{_BOOKS})\.?[ ][0-9]{{1,3}}:[0-9]{{1,3}}(?:-[0-9]{{1,3}})?")
_HAS_MONTH = re.compile(
    rf"{_LEFT}(?:{_CAPITAL})(?![a-z])|(?:{_ANY})[ ][0-9]{{4}}", re.UNICODE
)


def dates(text: str, taken: Spans) -> Iterator[Atom]:
    """Read the dates of a folded text and take their spans."""
    if _HAS_MONTH.search(text):
        yield from _named(text, taken)
    for pattern in (_YEAR_FIRST, _COMPACT):
        for match in pattern.finditer(text):
            if taken.take(*match.span()):
                yield _atom(
                    match, (_date(match["year"], match["month"], match["day"]),)
                )
    for match in _NUMERIC.finditer(text):
        readings = _numeric_readings(match)
        if readings and taken.take(*match.span()):
            yield _atom(match, readings)
    for match in _YEAR_MONTH.finditer(text):
        if taken.take(*match.span()):
            yield _atom(match, (_date(match["year"], match["month"], ""),))


def times(text: str, taken: Spans) -> Iterator[Atom]:
    """Read the times of day of a folded text and take their spans."""
    if ":" in text:
        yield from _iso_times(text, taken)
    for match in _CLOCK.finditer(text):
        readings = _clock_readings(match, text)
        if readings and not taken.overlaps(*match.span()):
            opening = _opening(text, match, readings)
            if opening and taken.take(opening.start, opening.end):
                yield opening
            taken.take(*match.span())
            yield _atom(match, readings)
    for match in _WORD_CLOCK.finditer(text):
        hour = 12 if match["word"].lower() == "noon" else 0
        if taken.take(*match.span()):
            yield _atom(match, (_time(hour, "00"),))


def _iso_times(text: str, taken: Spans) -> Iterator[Atom]:
    """Read the times after an ISO date; Bible verses are taken, for they look alike."""
    for match in _VERSE.finditer(text):
        taken.take(*match.span())
    for match in _ISO_CLOCK.finditer(text):
        start, end = match.start() + 1, match.end()
        if taken.take(start, end):
            reading = _time(int(match["hour"]), match["minute"])
            yield Atom(match.group()[1:], start, end, (reading,))


def date_parts(normal: str) -> tuple[str, str, str]:
    """Take a normal form apart into year, month and day; missing parts are empty."""
    year, _, rest = (
        normal.partition("-") if normal[:2] != "--" else ("", "", normal[2:])
    )
    month, _, day = rest.partition("-")
    return year, month, day


def _named(text: str, taken: Spans) -> Iterator[Atom]:
    for pattern in (_MONTH_FIRST, _DAY_FIRST):
        for match in pattern.finditer(text):
            if taken.take(*match.span()):
                yield from _named_days(match)
    for match in _MONTH_YEAR.finditer(text):
        if taken.take(*match.span()):
            month = match["month"] or match["lower"]
            yield _atom(match, (_date(match["year"], _month(month), ""),))


def _named_days(match: re.Match[str]) -> Iterator[Atom]:
    month = _month(match["month"])
    year = match["year"] or ""
    yield _atom(match, (_date(year, month, match["day"]),))
    if match["last"]:
        start, end = match.span("last")
        reading = _date(year, month, match["last"])
        yield Atom(match["last"], start, end, (reading,))


def _numeric_readings(match: re.Match[str]) -> tuple[Reading, ...]:
    one, two, year = match["one"], match["two"], match["year"]
    if len(year) == 2 and match["sign"] != "/":
        return ()
    if max(int(one), int(two)) > 31 and len(year) == 2:
        return ()
    years = (year,) if len(year) == 4 else (f"20{year}", f"19{year}")
    dotted = match["sign"] == "."
    orders = [(two, one), (one, two)] if dotted else [(one, two), (two, one)]
    # A month above 12 leaves one order; where both are impossible, keep what is
    # written, so that a mistyped date is still a value that no source holds.
    possible = [pair for pair in orders if int(pair[0]) <= 12] or orders
    possible = possible[:1] if dotted else possible
    return tuple(
        dict.fromkeys(_date(y, month, day) for y in years for month, day in possible)
    )


def _date(year: str, month: str, day: str) -> Reading:
    digits = re.sub(r"[^0-9]", "", day)
    head = year.zfill(4) if year else "-"
    normal = f"{head}-{int(month):02d}" + (f"-{int(digits):02d}" if digits else "")
    return Reading("date", normal)


def _month(name: str) -> str:
    return str(_MONTHS[name.lower()])


def _clock_readings(match: re.Match[str], text: str) -> tuple[Reading, ...]:
    hour = int(match["hour"])
    minute = match["minute"] or match["dotted"] or "00"
    half = (match["half"] or match["sure"] or "")[:1].lower()
    if hour > 24 or (half and hour > 12):
        return ()
    if half:
        return (_time(hour % 12 + (12 if half == "p" else 0), minute),)
    if _RATIO.match(text, match.end()) and not match["oclock"]:
        return ()
    both = (hour, (hour + 12) % 24) if hour <= 12 else (hour % 24,)
    return tuple(_time(h, minute) for h in both)


def _opening(
    text: str, match: re.Match[str], readings: tuple[Reading, ...]
) -> Atom | None:
    """Read the bare first hour of ``9-5pm`` or ``9 to 5:30 pm`` as a time too."""
    if not (match["half"] or match["sure"]):
        return None
    start = max(0, match.start() - 14)
    before = _OPENS_RANGE.search(text[start : match.start()])
    if before is None or int(before["hour"]) > 12:
        return None
    hour, minute = int(before["hour"]), before["minute"] or "00"
    late = readings[0].normal >= "12"
    hours = (hour % 12 + 12, hour % 12) if late else (hour % 12, hour % 12 + 12)
    first = start + before.start("hour")
    last = start + (before.end("minute") if before["minute"] else before.end("hour"))
    return Atom(text[first:last], first, last, tuple(_time(h, minute) for h in hours))


def _time(hour: int, minute: str) -> Reading:
    return Reading("time", f"{hour:02d}:{minute}")


def _atom(match: re.Match[str], readings: tuple[Reading, ...]) -> Atom:
    return Atom(match.group(), match.start(), match.end(), readings)
