"""What the source alone shows: broken off, left out, talked around, wrongly encoded."""

from __future__ import annotations

import bisect
import codecs
import re
from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault, Met
from agentflow_checks.markup.page_errors_source import Piece

NEED_END = frozenset(
    {
        *("a", "button", "form", "fieldset", "select", "span", "svg", "table", "div"),
        *("article", "aside", "footer", "header", "main", "nav", "ol", "section", "ul"),
    }
)
"""Elements whose end tag HTML does not let one leave out."""

OMITTED = re.compile(
    r"\b(?:rest|remainder)\s+of\s+(?:the\s+|your\s+|this\s+)?(?:\w+\s+)?"
    r"(?:code|page|content|html|css|styles?|scripts?|sections?|file|implementation|"
    r"javascript|markup|document|items|cards)\b"
    r"|\b(?:existing|previous|same|other|remaining)\s+(?:\w+\s+)?"
    r"(?:code|content|html|css|styles?|scripts?|sections?|markup)\b"
    r".{0,30}\b(?:here|unchanged|as before|stays?|remains?|goes)\b"
    r"|\b(?:omitted|truncated|shortened|abbreviated)\s+for\s+brevity\b"
    r"|\bcontinue[sd]?\s+in\s+(?:the\s+)?next\s+(?:response|message|part)\b",
    re.IGNORECASE | re.DOTALL,
)
"""Words by which models say that they left something out."""

ELLIPSIS = re.compile(
    r"\.\.\.|…|unchanged|same|omitted|truncated|next|here", re.IGNORECASE
)
BRACKETED = re.compile(r"\[[^\]\n]{0,120}\]")
LINE_COMMENT = re.compile(r"^[ \t]*(?://|/\*)(?P<said>[^\n]{0,200})", re.MULTILINE)
FENCE = re.compile(r"^[ \t]*(?:```|~~~)[\w-]*[ \t]*$", re.MULTILINE)

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


def faults(data: bytes, source: str) -> Iterator[Fault | Met]:
    """Judge a page's bytes and source, with no browser.

    Args:
        data: the file.
        source: its text, undecodable bytes replaced.
    """
    found = sources.pieces(source)
    for rule, judge in (
        ("page.truncated", truncated),
        ("page.placeholder", placeholders),
        ("page.chatter", chatter),
    ):
        yield Met(rule=rule)
        yield from judge(source, found)
    yield Met(rule="page.encoding")
    yield from encoding(data, source, found)


def truncated(source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell a source that breaks off inside something, or with much still open."""
    last = found[-1] if found else None
    if last is not None and not last.closed:
        where = {"raw": f"<{last.name}>", "comment": "a comment"}.get(
            last.kind, "a tag"
        )
        begin = sources.spot(source, last.start)
        yield Fault(
            rule="page.truncated",
            message=(
                f"the page ends inside {where} that begins at {begin.line}:"
                f"{begin.column}: it was cut off, or the end of that is missing"
            ),
            key=f"inside {where}",
            spot=begin,
            observed=_tail(source),
            word="truncated",
        )
        return
    yield from _left_open(source, found)


def _left_open(source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    ended = {piece.name for piece in found if piece.kind == "end"}
    begun = {piece.name for piece in found if piece.kind == "tag"}
    if ended & {"html", "body"} or not begun:
        return
    opened = _open_elements(source, found)
    if not opened:
        return
    named = ", ".join(f"<{name}>" for name in opened[-3:])
    whole = bool(begun & {"html", "body"})
    cut = _cut_text(source, found)
    certain = whole and (cut or len(opened) > 1)
    yield Fault(
        rule="page.truncated",
        message=(
            f"the page ends with {len(opened)} elements open ({named}) and without "
            + ("</body> and </html>" if whole else "their end tags")
            + (", in the middle of a text" if cut else "")
            + ("" if certain else ": is that all of it?")
        ),
        key="left open",
        verdict=af.Verdict.FAILED if certain else af.Verdict.UNDETERMINED,
        spot=sources.spot(source, len(source.rstrip())),
        observed=_tail(source),
        word="truncated",
    )


def _open_elements(source: str, found: tuple[Piece, ...]) -> list[str]:
    """Give the elements that need an end tag and have none, outermost first."""
    stack: list[str] = []
    for piece in found:
        if piece.name not in NEED_END:
            continue
        if piece.kind == "tag":
            alone = source[piece.end - 2 : piece.end] == "/>" and piece.name == "svg"
            stack += [] if alone else [piece.name]
        elif piece.kind == "end" and piece.name in stack:
            last = len(stack) - 1 - stack[::-1].index(piece.name)
            del stack[last]
    return stack


def _cut_text(source: str, found: tuple[Piece, ...]) -> bool:
    last = found[-1]
    text = source[last.start : last.end].rstrip()
    return (
        last.kind == "text" and bool(text) and text[-1] not in ".!?:;)\"'\u201d\u2019»©"
    )


def _tail(source: str) -> str:
    return " ".join(source[-60:].split())


def placeholders(source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell where a model wrote that it left something out."""
    for piece in found:
        text = source[piece.start : piece.end]
        if piece.kind == "comment":
            yield from _left_out(source, piece.start, text, certain=True)
        elif piece.kind == "text" and not piece.quoting:
            for note in BRACKETED.finditer(text):
                at = piece.start + note.start()
                yield from _left_out(source, at, note[0], certain=True)
        elif piece.kind == "raw" and piece.name in ("script", "style"):
            for note in LINE_COMMENT.finditer(text):
                # Between backticks it is a text that the script writes.
                plain = text.count("`", 0, note.start()) % 2 == 0
                at = piece.start + note.start()
                yield from _left_out(source, at, note[0], certain=plain)


def _left_out(source: str, at: int, said: str, *, certain: bool) -> Iterator[Fault]:
    if not OMITTED.search(said) or not ELLIPSIS.search(said):
        return
    # Only with dots is it beyond doubt that words stand for what is not there.
    sure = certain and ("..." in said or "…" in said)
    words = " ".join(said.split())[:120]
    at += len(said) - len(said.lstrip())
    yield Fault(
        rule="page.placeholder",
        message=f"something was left out: {words}" + ("" if sure else " - was it?"),
        key=words,
        verdict=af.Verdict.FAILED if sure else af.Verdict.UNDETERMINED,
        spot=sources.spot(source, at),
        observed=words,
    )


def chatter(source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell what stands before the doctype, after </html>, or fences around."""
    first = _first_of_page(source, found)
    last = max(
        (p.end for p in found if p.kind == "end" and p.name == "html"), default=0
    )
    stretches = [("before the page", 0, first)] if first else []
    stretches += [("after </html>", last, len(source))] if last else []
    for where, start, end in stretches:
        yield from _talk(source, found, where, start, end)
    if not first and not last:
        yield from _fences(source)


def _first_of_page(source: str, found: tuple[Piece, ...]) -> int:
    """Give the offset of the doctype, or of <html> where there is none."""
    for piece in found:
        begin = source[piece.start : piece.start + 9].lower()
        if piece.kind == "declaration" and begin == "<!doctype":
            return piece.start
        if piece.kind == "tag" and piece.name == "html":
            return piece.start
    return 0


def _talk(
    source: str, found: tuple[Piece, ...], where: str, start: int, end: int
) -> Iterator[Fault]:
    texts = [p for p in found if p.kind == "text" and start <= p.start < end]
    said = " ".join(source[p.start : p.end].strip("\ufeff \t\r\n") for p in texts)
    if not said.strip():
        return
    piece = next(p for p in texts if source[p.start : p.end].strip("\ufeff \t\r\n"))
    text = source[piece.start : piece.end]
    at = piece.start + len(text) - len(text.lstrip("\ufeff \t\r\n"))
    words = " ".join(said.split())[:120]
    yield Fault(
        rule="page.chatter",
        message=f"text that is no part of the page stands {where}: {words}",
        key=f"{where} {words}",
        spot=sources.spot(source, at),
        observed=words,
    )


def _fences(source: str) -> Iterator[Fault]:
    """Tell a fragment that is still in the fence of the answer."""
    stripped = source.strip()
    if not re.match(r"(?:```|~~~)[\w-]*\s*\n", stripped):
        return
    fence = FENCE.search(source)
    yield Fault(
        rule="page.chatter",
        message="the page still stands in the fence of a model's answer",
        key="fence",
        spot=sources.spot(source, fence.start() if fence else 0),
        observed=stripped[:40],
    )


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
