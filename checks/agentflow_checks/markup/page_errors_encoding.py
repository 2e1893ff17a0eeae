"""Text in the wrong encoding: bytes, declared charset, and signs of a wrong decoder."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault
from agentflow_checks.markup.page_errors_source import Piece, Spot
from agentflow_checks.web import file_kind
from agentflow_checks.web.file_kind import FileKind

C0 = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")
C1 = re.compile("[\x80-\x9f]")
REPLACED = re.compile("\ufffd")
_REST = (
    "[\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013\u2014"
    "\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122]"
)
MISREAD = re.compile(
    f"\xef\xbb\xbf|\xef\xbf\xbd|\xe2{_REST}{{2}}|\xf0[\x9f\u0178]{_REST}{{2}}"
    f"|(?:[\xc4-\xdf]{_REST}){{3,}}|(?:[\xe0-\xef]{_REST}{{2}}){{2,}}"
    f"|[\xc2\xc3]{_REST}"
)
"""UTF-8 read byte by byte as Latin-1 or Windows-1252: an é as ``Ã©``.

Of other scripts than Latin it takes a run: a word of two or three signs, since é before
a space that does not break and a quotation mark is what French writes.
"""

TALKS = re.compile(
    r"mojibake|encoding|utf-?8|latin-?1|windows-1252|charset", re.IGNORECASE
)
META = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
SAYING = re.compile(r"<meta\b[^>]*charset[^>]*>", re.IGNORECASE)
KNOWN = frozenset(
    {
        *("ascii", "big5", "big5hkscs", "cp866", "cp874", "euc_jp", "euc_kr"),
        *("gb18030", "gb2312", "gbk", "iso2022_jp", "koi8-r", "koi8-u"),
        *("mac-cyrillic", "mac-roman", "shift_jis", "utf-8", "utf-16"),
        *("utf-16-be", "utf-16-le", "cp932", "cp949", "tis-620"),
        *(f"cp125{number}" for number in range(9)),
        *(f"iso8859-{number}" for number in range(1, 17) if number != 12),
    }
)
"""Encodings that browsers know (https://encoding.spec.whatwg.org), as Python calls
them; a name that is none of them they pass over."""

FAULT = "page:encoding"
"""A page is written in one encoding, so it is told once, whoever notices."""


def encoding(data: bytes, source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell bytes that contradict the declared charset, and text that was misread.

    Args:
        data: the file.
        source: its text, as `file_kind.text_of` reads it.
        found: the source's pieces.
    """
    kind = file_kind.kind_of(data)
    declared, label = _declared(data, kind)
    if kind.wide:
        yield _wide(kind, declared)
    elif (error := _not_utf8(data)) is not None:
        yield from _contradicted(data, declared, label, error)
        return
    elif declared not in (None, "utf-8") and not data.isascii():
        yield _contradiction(source, kind, declared, label)
    elif declared not in (None, *KNOWN):
        yield _unknown(source, label)
    talks = TALKS.search(_prose(source, found)) is not None
    wrong = [hit for hit in MISREAD.finditer(source) if misread(hit[0]) is not None]
    # What was misread holds control characters, too, and is told once.
    inside = {at for hit in wrong for at in range(hit.start(), hit.end())}
    for what, hits in (
        ("control characters U+0000 to U+001F", C0.finditer(source)),
        ("control characters U+0080 to U+009F", C1.finditer(source)),
        ("replacement characters U+FFFD", REPLACED.finditer(source)),
    ):
        outside = [hit for hit in hits if hit.start() not in inside]
        yield from _report(source, found, what, outside, talks)
    yield from _misread(source, found, wrong, talks)


def _declared(data: bytes, kind: FileKind) -> tuple[str | None, str]:
    """Give the charset that the first kilobyte declares, as Python names it, too."""
    head = data[:1024].decode(kind.encoding if kind.wide else "latin-1", "replace")
    said = SAYING.search(head)
    name = META.search(said[0]) if said else None
    if name is None:
        return None, ""
    try:
        return codecs.lookup(name[1]).name, name[1]
    except LookupError:
        return name[1].lower(), name[1]


def _not_utf8(data: bytes) -> UnicodeDecodeError | None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return error
    return None


def first_wrong(data: bytes) -> Spot | None:
    """Give line and column of the first byte that is none of UTF-8."""
    if (error := _not_utf8(data)) is None:
        return None
    before = data[: error.start].decode("utf-8")
    return sources.spot(before + "?", len(before))


def _wide(kind: FileKind, declared: str | None) -> Fault:
    """Tell a page in two bytes a sign; with a mark browsers read it all the same."""
    name = kind.encoding[:6].upper()
    contradicts = declared is not None and not declared.startswith("utf-16")
    if kind.marked and name == "UTF-16":
        sure = contradicts
        also = f", and it says {declared}" if contradicts else ": is it meant to be?"
    else:
        sure, also = True, ", which browsers read byte by byte"
    return Fault(
        rule="page.encoding",
        message=f"the file is written in {name}, and HTML is written in UTF-8{also}",
        key="bytes contradict the charset",
        verdict=af.Verdict.FAILED if sure else af.Verdict.UNDETERMINED,
        spot=Spot(1, 1),
        observed=name,
        expected="UTF-8",
        word=FAULT,
    )


def _contradicted(
    data: bytes,
    declared: str | None,
    label: str,
    error: UnicodeDecodeError,
) -> Iterator[Fault]:
    if declared not in (None, "utf-8") and declared in KNOWN:
        try:
            data.decode(declared or "")
        except UnicodeDecodeError:
            pass
        else:
            return
    said = f"says {label}" if declared else "declares no charset"
    read = data[max(0, error.start - 12) : error.start + 12].decode("cp1252", "replace")
    yield Fault(
        rule="page.encoding",
        message=(
            f"the page {said}, and byte {error.start + 1:,} "
            f"(0x{data[error.start]:02x}) is none of UTF-8"
        ),
        key="bytes contradict the charset",
        spot=first_wrong(data),
        observed=f"as Windows-1252: {' '.join(read.split())}",
        expected="UTF-8",
        word=FAULT,
    )


def _contradiction(
    source: str, kind: FileKind, declared: str | None, label: str
) -> Fault:
    """Tell UTF-8 that is declared as something else.

    A mark at its begin wins over what is declared, and for UTF-16 browsers take UTF-8
    where they read the name at all; a name that none of them knows they pass over.
    """
    harmless = kind.marked or declared not in KNOWN
    harmless = harmless or str(declared).startswith("utf-16")
    ask = ": does everything read it so?" if harmless else ""
    return Fault(
        rule="page.encoding",
        message=f"the page declares {label}, and its bytes are UTF-8{ask}",
        key="bytes contradict the charset",
        verdict=af.Verdict.UNDETERMINED if harmless else af.Verdict.FAILED,
        spot=_said_at(source),
        observed=label,
        expected='<meta charset="utf-8">',
        word=FAULT,
    )


def _unknown(source: str, label: str) -> Fault:
    return Fault(
        rule="page.encoding",
        message=f"the page declares {label}, which no browser knows: is it read right?",
        key="unknown charset",
        verdict=af.Verdict.UNDETERMINED,
        spot=_said_at(source),
        observed=label,
        expected='<meta charset="utf-8">',
        word=FAULT,
    )


def _said_at(source: str) -> Spot:
    said = SAYING.search(source)
    meta = META.search(source, said.start() if said else 0)
    return sources.spot(source, meta.start() if meta else 0)


def _prose(source: str, found: tuple[Piece, ...]) -> str:
    return " ".join(source[p.start : p.end] for p in found if p.kind in ("text", "raw"))


def _shown(found: tuple[Piece, ...], at: int) -> bool:
    """Whether people read what stands at an offset, and nobody quotes it."""
    piece = found[bisect.bisect_right(found, at, key=lambda one: one.start) - 1]
    prose = piece.kind == "text" or (piece.kind == "raw" and piece.name == "title")
    return (prose or piece.kind == "tag") and not piece.quoting


def _misread(
    source: str, found: tuple[Piece, ...], hits: list[re.Match[str]], talks: bool
) -> Iterator[Fault]:
    # A capital before it may make a word of it: "GALLEGO Ã " and the like.
    clear = [
        hit
        for hit in hits
        if len(hit[0]) > 2
        or not source[max(0, hit.start() - 1) : hit.start()].isupper()
    ]
    sure = len(clear) > 1 or any(len(hit[0]) > 2 for hit in clear)
    meant = ", ".join(
        f"{hit!r} for {misread(hit)!r}" for hit in sorted({h[0] for h in hits})[:3]
    )
    what = f"UTF-8 that was read as Latin-1 ({meant})"
    yield from _report(source, found, what, hits, talks or not sure)


def misread(text: str) -> str | None:
    """Give what a text was before it was misread, None if it was not."""
    try:
        return b"".join(map(_byte, text)).decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None


def _byte(sign: str) -> bytes:
    # The five bytes that Windows-1252 leaves out are passed through by browsers.
    return sign.encode("latin-1") if ord(sign) < 0x100 else sign.encode("cp1252")


def _report(
    source: str,
    found: tuple[Piece, ...],
    what: str,
    hits: list[re.Match[str]],
    talks: bool,
) -> Iterator[Fault]:
    """Report all of one kind together; quoted and scripted ones are a question."""
    if not hits:
        return
    shown = [hit for hit in hits if _shown(found, hit.start())]
    certain = bool(shown) and not talks
    first = (shown or hits)[0]
    near = " ".join(source[max(0, first.start() - 15) : first.end() + 15].split())
    yield Fault(
        rule="page.encoding",
        message=f"{what}, {len(hits)} in the page" + ("" if certain else ": meant so?"),
        key=what,
        verdict=af.Verdict.FAILED if certain else af.Verdict.UNDETERMINED,
        spot=sources.spot(source, first.start()),
        observed=near,
        word=FAULT,
    )
