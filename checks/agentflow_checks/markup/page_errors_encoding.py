"""Text in the wrong encoding: bytes, declared charset, and signs of a wrong decoder."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault
from agentflow_checks.markup.page_errors_source import Piece

C1 = re.compile("[\x80-\x9f]")
REPLACED = re.compile("\ufffd")
MISREAD = re.compile(
    "(?:[\xc2\xc3][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6"
    "\u02dc\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030\u2039"
    "\u203a\u20ac\u2122]"
    "|\xe2[\x80\u20ac][\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192"
    "\u02c6\u02dc\u2013\u2014\u2018-\u201a\u201c-\u201e\u2020-\u2022\u2026\u2030"
    "\u2039\u203a\u2122]|\xf0[\x9f\u0178].{2})"
)
"""UTF-8 read byte by byte as Latin-1 or Windows-1252: an é as ``Ã©``."""

TALKS = re.compile(
    r"mojibake|encoding|utf-?8|latin-?1|windows-1252|charset", re.IGNORECASE
)
META = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", re.IGNORECASE)
LATIN = frozenset({"iso8859-1", "cp1252", "ascii"})


def encoding(data: bytes, source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell bytes that contradict the declared charset, and text that was misread."""
    declared = _declared(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        yield from _not_utf8(data, source, declared, error)
        return
    if declared in LATIN and not data.isascii():
        yield _contradiction(source, f"{declared}, and its bytes are UTF-8")
    talks = TALKS.search(_prose(source, found)) is not None
    wrong = [hit for hit in MISREAD.finditer(source) if misread(hit[0]) is not None]
    # What was misread holds control characters, too, and is told once.
    inside = {at for hit in wrong for at in range(hit.start(), hit.end())}
    controls = [hit for hit in C1.finditer(source) if hit.start() not in inside]
    replaced = list(REPLACED.finditer(source))
    for what, hits in (
        ("control characters U+0080 to U+009F", controls),
        ("replacement characters U+FFFD", replaced),
    ):
        yield from _report(source, found, what, hits, talks)
    yield from _misread(source, found, wrong, talks)


def _declared(data: bytes) -> str | None:
    """Give the charset that the first kilobyte declares, as Python names it."""
    head = data[:1024].decode("latin-1")
    meta = re.search(r"<meta\b[^>]*>", head, re.IGNORECASE)
    metas = (
        re.findall(r"<meta\b[^>]*charset[^>]*>", head, re.IGNORECASE) if meta else []
    )
    name = META.search(metas[0]) if metas else None
    if name is None:
        return None
    try:
        return codecs.lookup(name[1]).name
    except LookupError:
        return name[1].lower()


def _not_utf8(
    data: bytes, source: str, declared: str | None, error: UnicodeDecodeError
) -> Iterator[Fault]:
    if declared not in (None, "utf-8"):
        try:
            data.decode(declared)
        except (UnicodeDecodeError, LookupError):
            pass
        else:
            return
    at = len(data[: error.start].decode("utf-8"))
    said = f"says {declared}" if declared else "declares no charset"
    yield Fault(
        rule="page.encoding",
        message=(
            f"the page {said}, and byte {error.start + 1:,} "
            f"(0x{data[error.start]:02x}) is none of UTF-8"
        ),
        key="bytes contradict the charset",
        spot=sources.spot(source, min(at, len(source))),
        word="encoding",
    )


def _contradiction(source: str, what: str) -> Fault:
    meta = META.search(source)
    return Fault(
        rule="page.encoding",
        message=f"the page declares {what}",
        key="bytes contradict the charset",
        spot=sources.spot(source, meta.start() if meta else 0),
        expected='<meta charset="utf-8">',
        word="encoding",
    )


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
        if len(hit[0]) > 2 or not source[: hit.start()][-1:].isupper()
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
        word="encoding",
    )
