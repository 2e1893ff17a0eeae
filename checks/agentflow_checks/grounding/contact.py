"""E-mail addresses, web addresses, telephone numbers, postal addresses, identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.spans import Spans
from agentflow_checks.grounding.units import CURRENCIES

_EMAIL = re.compile(
    r"(?<![A-Za-z0-9.%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}(?:@|%40)"
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,6}\.[A-Za-z]{2,18}(?![A-Za-z0-9])"
)
_SAFE = r"[^\s<>\"'`{}|\\^\[\]\u2009]"
#: Endings of a bare host. Those that are English words ("oven.in", "cut.it") are left
#: out: text with a missing space after a full stop is common in sources.
_TLDS = (
    "com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|shop|co|eu|uk|de|fr|es|nl|ch|se"
    "|dk|pl|cz|pt|ie|ca|au|nz|jp|cn|br|mx|example"
)
_URL = re.compile(
    rf"(?<![A-Za-z0-9@%])(?:(?:https?|ftp)://{_SAFE}{{1,2000}}"
    rf"|www\.[A-Za-z0-9-]+\.{_SAFE}{{1,2000}}"
    rf"|(?<![.-])(?:[a-z0-9](?:[a-z0-9-]{{0,61}}[a-z0-9])?\.){{1,4}}(?:{_TLDS})"
    rf"(?![A-Za-z0-9@(-]|\.[A-Za-z0-9])(?::[0-9]+)?(?:/{_SAFE}{{0,2000}})?)",
)
_SCHEME = re.compile(r"\A(?:(?:https?|ftp):)?//", re.IGNORECASE)
_DEFAULT_PORT = re.compile(r":(?:80|443)(?=/|\Z)")
_TRAILING = ".,;:!?*_~…-"

_PHONE = re.compile(
    r"""(?<![A-Za-z0-9$€£.,/=-])(?:
      (?P<plus>(?:\+|00)[ ]?[1-9][0-9]{0,3}(?:[ ./-]?\(?[0-9]{1,5}\)?){1,6})
    | (?P<nanp>(?:1[ .-]?)?(?:\([0-9]{3}\)[ .-]?|[0-9]{3}[.-]|[2-9][0-9]{2}[ ])
        [0-9]{3}[ .-][0-9]{4})
    | (?P<vanity>(?:1[ .-])?\(?8(?:00|33|44|55|66|77|88)\)?[ .-]
        (?=[A-Z0-9-]{7,14}(?![A-Za-z]))(?=[0-9-]*[A-Z])[A-Z0-9]{2,}(?:-[A-Z0-9]{2,}){0,2})
    | (?P<trunk>\(?0[1-9][0-9]{1,4}\)?[ ./-]{1,3}[0-9]{2,}(?:[ ./-][0-9]{2,}){0,4})
    | (?P<local>[2-9][0-9]{2}[.-][0-9]{4})
    | (?P<solid>1?[0-9]{7,12})
    )(?![A-Za-z0-9%]|[.,:/-][0-9])""",
    re.VERBOSE,
)
_PHONE_CUE = re.compile(
    r"(?:call|phone|telephone|tel|fax|mobile|cell|dial|ring|hotline|text|sms|whatsapp"
    r"|contact|reach)\b[^0-9\n]{0,25}\Z",
    re.IGNORECASE,
)
_NOT_A_PHONE_AFTER = re.compile(
    r"[ -]?(?:%|percent|units?|mg|g|kg|miles|km|people|dollars|years?|feet|lbs?)\b",
    re.IGNORECASE,
)
_KEYPAD = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_NOT_DIGIT = re.compile(r"[^0-9]")
_ZERO_IN_PARENTHESES = re.compile(r"\(0\)")
_FEWEST_DIGITS = 7
_MOST_DIGITS = 15

_STREETS = {
    "street": "street", "st": "street", "avenue": "avenue", "ave": "avenue",
    "road": "road", "rd": "road", "boulevard": "boulevard", "blvd": "boulevard",
    "lane": "lane", "ln": "lane", "drive": "drive", "dr": "drive", "way": "way",
    "court": "court", "ct": "court", "place": "place", "pl": "place",
    "square": "square", "sq": "square", "highway": "highway", "hwy": "highway",
    "parkway": "parkway", "pkwy": "parkway", "terrace": "terrace", "ter": "terrace",
    "circle": "circle", "cir": "circle", "plaza": "plaza", "quay": "quay",
    "row": "row", "close": "close", "crescent": "crescent", "walk": "walk",
    "mews": "mews", "wharf": "wharf", "alley": "alley",
}  # fmt: skip
_STREET = "|".join(word.capitalize() for word in sorted(_STREETS, key=len)[::-1])
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9.,$])(?P<number>[0-9]{1,5}[A-Za-z]?)[ ]"
    r"(?P<name>(?:[NSEW]\.?[ ])?(?:(?:[A-Z][A-Za-z.'-]{0,30}|[0-9]{1,3}(?:st|nd|rd|th))"
    rf"[ ]){{1,4}}?)(?P<type>{_STREET})\b\.?"
)
_GERMAN_STREET = re.compile(r"(?<=[a-zäöüß])str(?:asse)?\Z")
_ADDRESS_AFTER = re.compile(
    r"(?<![A-Za-z0-9])(?P<name>[A-ZÄÖÜ][a-zäöüß.-]{1,30}(?:straße|strasse|str\.|weg|platz"
    r"|allee|gasse))[ ](?P<number>[0-9]{1,4}[ ]?[a-z]?)(?![A-Za-z0-9])"
)

_IDENTIFIER = re.compile(
    r"(?<![A-Za-z0-9&./%-])(?:"
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=[A-Z0-9/_-]{0,40}[0-9])(?=[A-Z0-9/_-]{0,40}[A-Z])"
    r"[A-Z0-9]{1,24}(?:[-_/][A-Z0-9]{1,24}){0,6})(?![A-Za-z0-9]|-[A-Za-z0-9])"
)
_MEASURE = re.compile(r"[0-9]+(?:[A-Z]{1,3}|X[0-9]+)\Z")
#: British and Canadian postal codes.
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}"
    r"|[A-Z][0-9][A-Z] [0-9][A-Z][0-9])(?![A-Za-z0-9])"
)
_LONG_DIGITS = re.compile(r"(?<![A-Za-z0-9.,])[0-9]{22,60}(?![0-9])")


def emails(text: str, taken: Spans) -> Iterator[Atom]:
    """Read e-mail addresses; the normal form is lower case."""
    if "@" not in text and "%40" not in text:
        return
    for match in _EMAIL.finditer(text):
        if text.endswith("://", 0, match.start()):
            continue  # the user's name before the host of a web address
        taken.take(*match.span())
        yield _atom(match, Reading("email", email_normal(match.group())))


def urls(text: str, taken: Spans) -> Iterator[Atom]:
    """Read web addresses; the normal form has no scheme, ``www.`` or final slash."""
    if "." not in text:
        return
    for match in _URL.finditer(text):
        written = _without_trailing(match.group())
        start, end = match.start(), match.start() + len(written)
        normal = url_normal(written)
        if "." in normal and taken.take(start, end):
            yield Atom(written, start, end, (Reading("url", normal),))


def phones(text: str, taken: Spans) -> Iterator[Atom]:
    """Read telephone numbers; the normal form is their digits, ``+`` kept."""
    for match in _phone_matches(text):
        normal = _phone_normal(match)
        if normal is None or not _is_phone(text, match, normal):
            continue
        if taken.take(*match.span()):
            yield _atom(match, Reading("phone", normal))


def _phone_matches(text: str) -> Iterator[re.Match[str]]:
    """Find candidates; a plus before too few digits hides no number behind it."""
    at = 0
    while match := _PHONE.search(text, at):
        yield match
        digits = len(_NOT_DIGIT.sub("", match.group()))
        short = match["plus"] is not None and digits < _FEWEST_DIGITS
        at = match.start() + 1 if short else match.end()


def addresses(text: str, taken: Spans) -> Iterator[Atom]:
    """Read house number and street; the normal form is ``number name type``."""
    for match in _ADDRESS.finditer(text):
        if taken.take(*match.span()):
            yield _atom(match, Reading("address", address_normal(match.group())))
    for match in _ADDRESS_AFTER.finditer(text):
        if taken.take(*match.span()):
            yield _atom(match, Reading("address", address_normal(match.group())))


def identifiers(text: str, taken: Spans) -> Iterator[Atom]:
    """Read codes of capital letters and digits, UUIDs and very long digit runs."""
    for match in _POSTCODE.finditer(text):
        if taken.take(*match.span()):
            yield _atom(match, Reading("identifier", match.group()))
    for match in _IDENTIFIER.finditer(text):
        if _is_code(match.group()) and taken.take(*match.span()):
            yield _atom(match, Reading("identifier", match.group().upper()))
    for match in _LONG_DIGITS.finditer(text):
        if taken.take(*match.span()):
            yield _atom(match, Reading("identifier", match.group()))


def _atom(match: re.Match[str], reading: Reading) -> Atom:
    return Atom(match.group(), match.start(), match.end(), (reading,))


def _without_trailing(url: str) -> str:
    url = url.rstrip(_TRAILING)
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(_TRAILING)
    return url


def url_normal(url: str) -> str:
    """Give host and path without scheme, ``www.``, default port and final slash."""
    bare = _SCHEME.sub("", url)
    if "%" in bare:
        bare = _unquoted(bare)
    host, slash, path = bare.partition("/")
    host = _DEFAULT_PORT.sub("", host.rpartition("@")[2].lower())
    host = host.removeprefix("www.").rstrip(_TRAILING)
    path = path.rstrip(_TRAILING + "/")
    return f"{host}/{path}" if slash and path else host


def _unquoted(url: str) -> str:
    from urllib.parse import unquote  # noqa: PLC0415 - only for escaped addresses

    while (plain := unquote(url)) != url:
        url = plain
    return url


def phone_digits(written: str) -> str:
    """Give the digits of a telephone number, vanity letters as digits, ``+`` kept."""
    bare = _ZERO_IN_PARENTHESES.sub("", written).upper().translate(_KEYPAD)
    digits = _NOT_DIGIT.sub("", bare)
    if "+" in written:
        return f"+{digits}"
    return f"+{digits[2:]}" if written.startswith("00") else digits


def address_normal(written: str) -> str:
    """Lower case, without full stops, street types written out."""
    words = written.replace(".", " ").lower().split()
    return " ".join(_STREETS.get(w, _GERMAN_STREET.sub("straße", w)) for w in words)


def email_normal(written: str) -> str:
    """Lower case; a percent-encoded at sign is an at sign."""
    return written.replace("%40", "@").lower()


def _phone_normal(match: re.Match[str]) -> str | None:
    digits = phone_digits(match.group())
    count = len(digits.lstrip("+"))
    return digits if _FEWEST_DIGITS <= count <= _MOST_DIGITS else None


def _is_phone(text: str, match: re.Match[str], normal: str) -> bool:
    if _NOT_A_PHONE_AFTER.match(text, match.end()):
        return False
    if match["local"] or match["solid"]:
        start = max(0, match.start() - 40)
        return _PHONE_CUE.search(text[start : match.start()]) is not None
    return not (match["plus"] and normal.startswith("+") and _is_sum(match.group()))


def _is_sum(written: str) -> bool:
    # "+ 1990 - 2000" is arithmetic; a country code has up to three digits and the
    # sign stands beside it.
    return written.startswith("+ ")


def _is_code(written: str) -> bool:
    if CURRENCIES.get(written.rpartition("-")[2].lower()):
        return False
    digits = sum(c.isdigit() for c in written)
    if digits < 2 or len(written) < 4 or _MEASURE.match(written):
        return False
    return digits >= 3 or "-" in written
