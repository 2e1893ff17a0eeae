"""Dates and times of day in the notations people and programs use."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence

from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.month_names import ENGLISH, MONTHS, SURE
from agentflow_checks.grounding.spans import Spans

_DAY = r"[0-9]{1,2}(?:st|nd|rd|th)?"
_LEFT = r"(?<![A-Za-z0-9])"
_RIGHT = r"(?![A-Za-z0-9])"
_YEAR = r"[0-9]{4}(?![0-9])"
_TO = r"[ ]?(?:-|—|to|through|until|and|&)[ ]?"

_MONTH_FIRST = re.compile(
    rf"{_LEFT}(?P<month>[A-Z][A-Za-z]{{2,8}})(?:[.,]?[ ]|\.)?(?:the[ ])?"
    rf"(?P<day>{_DAY})(?![0-9%]|:[0-9]|\.[0-9]|,[0-9]{{3}}(?![0-9]))(?![ ]?[ap]\.?m\b)"
    rf"(?:{_TO}(?P<last>{_DAY}){_RIGHT}(?![:%]))?"
    rf"(?:,?[ ]{{0,2}}(?:of[ ])?(?P<year>{_YEAR}))?"
)
_DAY_FIRST = re.compile(
    rf"{_LEFT}(?P<day>{_DAY})\.?(?:{_TO}(?P<last>{_DAY})\.?)?[ -]?(?:of[ ])?"
    rf"(?P<month>[^\W\d_a-z][^\W\d_]{{2,11}})\.?(?:[ ,-]{{1,2}}(?P<year>{_YEAR}))?"
)
_LONE_YEAR = re.compile(rf"(?:1[5-9]|20)[0-9]{{2}}{_RIGHT}")
#: A month before its year; looked for from the year, for years are rare.
_MONTH_BEFORE = re.compile(
    r"(?<![^\W_])(?P<month>[^\W\d_]{3,12})(?P<gap>\.?,?[ ](?:of[ ]|del?[ ])?)\Z"
)
_LONGEST_MONTH = 20
#: "3 mai 2024", "1er juillet", "el 3 de mayo de 2024": months without a capital.
_DAY_LOWER = re.compile(
    rf"(?<![A-Za-z0-9.,:/-])(?P<day>[0-9]{{1,2}})(?:\.|er|º|°)?"
    rf"(?:{_TO}(?P<last>[0-9]{{1,2}})\.?)?[ ](?:de[ ])?"
    rf"(?P<month>[^\W\d_]{{3,12}})(?:[ ](?:del?[ ])?(?P<year>{_YEAR}))?(?![\w-])"
)
_DIGITS = re.compile("[0-9]+")
_SIGNS = frozenset("-/._,")
_COMPACT_LONG = 8
_NAMED: tuple[tuple[re.Pattern[str], Container[str]], ...] = (
    (_MONTH_FIRST, ENGLISH),
    (_DAY_FIRST, MONTHS),
    (_DAY_LOWER, MONTHS),
)
_CJK = re.compile(
    r"(?:(?P<year>[0-9]{4})[ ]?年[ ]?)?(?P<month>1[0-2]|0?[1-9])[ ]?月"
    r"(?:[ ]?(?P<day>3[01]|[12][0-9]|0?[1-9])[ ]?[日号號])?"
)
_YEAR_FIRST = re.compile(
    r"(?<![0-9A-Za-z])(?:(?<![0-9][./-])|(?<=-[0-9]{2}/))"
    r"(?P<year>[0-9]{4})(?P<sign>[-/._])(?P<month>[0-9]{1,2})"
    r"(?P=sign)(?P<day>[0-9]{1,2})(?![0-9])"
)
_YEAR_MONTH = re.compile(
    r"(?<![0-9A-Za-z-])(?P<year>(?:1[5-9]|20)[0-9]{2})-(?P<month>0[1-9]|1[0-2])(?![0-9-])"
)
_COMPACT = re.compile(
    r"(?<![0-9A-Za-z])(?P<year>20[0-9]{2})(?P<month>0[1-9]|1[0-2])"
    r"(?P<day>0[1-9]|[12][0-9]|3[01])(?:T[0-9]{4,6}Z?)?(?![0-9A-Za-z])"
)
#: datetime.date(2024, 5, 1), as Python and tables write a date.
_CALLED = re.compile(
    r"(?:(?<=date\()|(?<=datetime\()|(?<=D(?:ate|ATE)\())(?P<year>[0-9]{4}),[ ]?"
    r"(?P<month>1[0-2]|[1-9]),[ ]?(?P<day>3[01]|[12][0-9]|[1-9])(?![0-9])"
)
_NUMERIC = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][./-])(?P<one>[0-9]{1,2})(?P<sign>[-/.])(?P<two>[0-9]{1,2})"
    r"(?P=sign)(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])(?![./-][0-9])"
)

_HALF = r"(?:[ap]\.?[ ]?m\b\.?|[AP]\.?[ ]?M\b\.?)"
_CLOCK = re.compile(
    rf"(?<![0-9A-Za-z.,$€£])(?P<hour>[0-9]{{1,2}})"
    rf"(?::(?P<minute>[0-9]{{2}})(?::(?P<second>[0-9]{{2}})(?:[.,][0-9]+)?)?"
    rf"(?![0-9]|:[0-9])[ ]?(?P<half>{_HALF})?"
    rf"|(?:\.(?P<dotted>[0-9]{{2}}))?[ ]?(?P<sure>{_HALF})"
    rf"|(?:\.(?P<past>[0-9]{{2}}))?[ ]?(?P<oclock>o'clock|[Uu]hr|uur)\b)"
)
#: "14h30", "kl. 14.30", "godz. 9": hours as other languages write them.
_OTHER_CLOCK = re.compile(
    r"(?=[0-9KkGg])(?<![0-9A-Za-z.,$€£])"
    r"(?:(?P<hour>[0-9]{1,2})[ ]?h[ ]?(?P<minute>[0-5][0-9])"
    r"|(?:[Kk]l\.|[Kk]lockan|[Gg]odz\.)[ ]"
    r"(?P<at>[0-9]{1,2})(?:[.:](?P<past>[0-5][0-9]))?)"
    r"(?![0-9A-Za-z])"
)
_CJK_CLOCK = re.compile(
    r"(?=[0-9午上下早晚])(?P<half>午前|午後|上午|下午|早上|晚上)?"
    r"[ ]?(?P<hour>[0-9]{1,2})[ ]?"
    r"(?:[時时点點](?!間|间)(?:[ ]?(?P<minute>[0-9]{1,2})[ ]?分|(?P<thirty>半))?)"
)
_AFTERNOON = frozenset({"午後", "下午", "晚上"})
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
_RATIO = re.compile(r"[ ]?(?:ratio|scale|odds|aspect)|[ ]?:[0-9]", re.IGNORECASE)
_BOOKS = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|"
    "Chronicles|Ezra|Nehemiah|Esther|Job|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|"
    "Ezekiel|Daniel|Hosea|Joel|Amos|Micah|Zechariah|Malachi|Matthew|Matt|Mark|Luke|John|"
    "Acts|Romans|Corinthians|Galatians|Ephesians|Philippians|Colossians|Thessalonians|"
    "Timothy|Titus|Hebrews|James|Peter|Jude|Revelation|Gen|Ps|Rom|Cor|Heb|Rev|Quran|Surah"
)
_VERSE = re.compile(
    rf"(?=[A-Z])\b(?:{_BOOKS})\.?[ ][0-9]{{1,3}}:[0-9]{{1,3}}(?:-[0-9]{{1,3}})?"
)


def dates(text: str, taken: Spans) -> Iterator[Atom]:
    """Read the dates of a folded text and take their spans."""
    yield from _named(text, taken)
    if "月" in text:
        yield from _unspaced(text, taken)
    begins = _date_begins(text)
    for pattern in (_YEAR_FIRST, _COMPACT, _CALLED):
        for match in _matches(pattern, text, begins):
            if taken.take(*match.span()):
                yield _atom(
                    match, (_date(match["year"], match["month"], match["day"]),)
                )
    for match in _matches(_NUMERIC, text, begins):
        readings = _numeric_readings(match)
        if readings and taken.take(*match.span()):
            yield _atom(match, readings)
    for match in _matches(_YEAR_MONTH, text, begins):
        if taken.take(*match.span()):
            yield _atom(match, (_date(match["year"], match["month"], ""),))


def _date_begins(text: str) -> list[int]:
    """Find where digits begin that a date in figures may begin with."""
    return [
        run.start()
        for run in _DIGITS.finditer(text)
        if text[run.end() : run.end() + 1] in _SIGNS
        or len(run.group()) == _COMPACT_LONG
    ]


def _matches(
    pattern: re.Pattern[str], text: str, begins: Sequence[int]
) -> Iterator[re.Match[str]]:
    for begin in begins:
        if match := pattern.match(text, begin):
            yield match


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
    clocks = (_OTHER_CLOCK,) if text.isascii() else (_OTHER_CLOCK, _CJK_CLOCK)
    for match in (match for clock in clocks for match in clock.finditer(text)):
        readings = _other_readings(match)
        if readings and taken.take(*match.span()):
            yield _atom(match, readings)
    for match in _WORD_CLOCK.finditer(text):
        hour = 12 if match["word"].lower() == "noon" else 0
        if taken.take(*match.span()):
            yield _atom(match, (_time(hour, "00"),))


def _iso_times(text: str, taken: Spans) -> Iterator[Atom]:
    """Read the times after an ISO date; Bible verses are taken, for they look alike."""
    for match in _VERSE.finditer(text):
        taken.take(*match.span())
    for match in _ISO_CLOCK.finditer(text) if "T" in text else ():
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


def _unspaced(text: str, taken: Spans) -> Iterator[Atom]:
    """Read Chinese and Japanese dates; a month alone says nothing."""
    for match in _CJK.finditer(text):
        if (match["year"] or match["day"]) and taken.take(*match.span()):
            found = _date(match["year"] or "", match["month"], match["day"] or "")
            yield _atom(match, (found,))


def _named(text: str, taken: Spans) -> Iterator[Atom]:
    for pattern, known in _NAMED:
        for match in pattern.finditer(text):
            if _is_month(match, known) and taken.take(*match.span()):
                yield from _named_days(match)
    for year in _LONE_YEAR.finditer(text):
        begin = max(0, year.start() - _LONGEST_MONTH)
        named = _MONTH_BEFORE.search(text, begin, year.start())
        if named is None or not _names_month(named):
            continue
        if taken.take(named.start(), year.end()):
            written = text[named.start() : year.end()]
            reading = _date(year.group(), _month(named["month"]), "")
            yield Atom(written, named.start(), year.end(), (reading,))


def _is_month(match: re.Match[str], known: Container[str]) -> bool:
    """Tell whether a word is a month's name; without a capital, only if it is sure."""
    name = match["month"]
    if name.lower() not in known:
        return False
    sure = bool(match["year"]) or name in SURE
    return sure if name.islower() else name.istitle() or name.isupper()


def _names_month(match: re.Match[str]) -> bool:
    name, gap = match["month"], match["gap"]
    if name.islower():
        return name in MONTHS and gap in {" ", " de ", " del "}
    return name.lower() in MONTHS and "de" not in gap


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
    return str(MONTHS[name.lower()])


def _clock_readings(match: re.Match[str], text: str) -> tuple[Reading, ...]:
    hour = int(match["hour"])
    minute = match["minute"] or match["dotted"] or match["past"] or "00"
    half = (match["half"] or match["sure"] or "")[:1].lower()
    if hour > 24 or (half and hour > 12):
        return ()
    if half:
        return (_time(hour % 12 + (12 if half == "p" else 0), minute),)
    if _RATIO.match(text, match.end()) and not match["oclock"]:
        return ()
    return _either_half(hour, minute)


def _other_readings(match: re.Match[str]) -> tuple[Reading, ...]:
    parts = match.groupdict()
    hour = int(parts.get("at") or parts["hour"])
    minute = (
        parts.get("past") or parts["minute"] or ("30" if parts.get("thirty") else "0")
    )
    if hour > 24 or int(minute) > 59:
        return ()
    half = parts.get("half")
    if half:
        late = half in _AFTERNOON
        return (_time(hour % 12 + 12 if late else hour % 24, f"{int(minute):02d}"),)
    return _either_half(hour, f"{int(minute):02d}")


def _either_half(hour: int, minute: str) -> tuple[Reading, ...]:
    """Read an hour without am or pm: up to twelve, it may be of either half."""
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
