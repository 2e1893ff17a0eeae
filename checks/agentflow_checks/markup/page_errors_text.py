"""What the source alone shows: broken off, left out, talked around."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_encoding import encoding
from agentflow_checks.markup.page_errors_fault import Fault, Met
from agentflow_checks.markup.page_errors_source import Piece
from agentflow_checks.web import file_kind
from agentflow_checks.web.file_kind import FileKind

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
    r"|(?:\.\.\.|…)\s*(?:existing|previous|other|more|remaining)\s+(?:\w+\s+)?"
    r"(?:code|content|html|css|styles?|scripts?|sections?|markup|items|cards)\b"
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


def faults(data: bytes, source: str) -> Iterator[Fault | Met]:
    """Judge a page's bytes and source, with no browser.

    Args:
        data: the file.
        source: its text, undecodable bytes replaced.
    """
    yield from _written_as_xhtml(file_kind.kind_of(data))
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


def no_page(kind: FileKind) -> Iterator[Fault | Met]:
    """Tell a file that is no page: everything else about it would be wrong."""
    yield Met(rule="page.format")
    yield Fault(
        rule="page.format",
        message=kind.said,
        key=kind.other,
        spot=sources.Spot(1, 1),
        observed=kind.other,
        expected="HTML",
        word="page:format",
    )


def _written_as_xhtml(kind: FileKind) -> Iterator[Fault | Met]:
    if not kind.xhtml:
        return
    yield Met(rule="page.format")
    yield Fault(
        rule="page.format",
        message=(
            "the page is written as XHTML, and browsers read it as HTML, as it was "
            "judged here: is it shipped as HTML?"
        ),
        key="xhtml",
        verdict=af.Verdict.UNDETERMINED,
        spot=sources.Spot(1, 1),
        observed="XHTML",
        expected="<!doctype html>",
        fix=(
            "Begin it with <!doctype html> and nothing before; or name it .xhtml and "
            "ship it as application/xhtml+xml."
        ),
    )


def truncated(source: str, found: tuple[Piece, ...]) -> Iterator[Fault]:
    """Tell a source that breaks off inside something, or with much still open."""
    if not source.strip("\ufeff \t\r\n"):
        yield Fault(rule="page.truncated", message="the page is empty", key="empty")
        return
    last = found[-1]
    if not last.closed:
        where = {"raw": f"<{last.name}>", "comment": "a comment"}.get(
            last.kind, "a tag"
        )
        # What stands inside an element comes right behind its start tag.
        opened = found[-2] if last.kind == "raw" else last
        begin = sources.spot(source, opened.start)
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
            f"the page ends with {_elements(len(opened))} open ({named}) and without "
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


def _elements(count: int) -> str:
    return "1 element" if count == 1 else f"{count} elements"


def _open_elements(source: str, found: tuple[Piece, ...]) -> list[str]:
    """Give the elements that need an end tag and have none, outermost first."""
    opened: dict[str, list[int]] = {}
    for at, piece in enumerate(found):
        if piece.name not in NEED_END:
            continue
        alike = opened.setdefault(piece.name, [])
        if piece.kind == "tag":
            alone = source[piece.end - 2 : piece.end] == "/>" and piece.name == "svg"
            alike += [] if alone else [at]
        elif piece.kind == "end" and alike:
            alike.pop()
    return [
        found[at].name for at in sorted(at for some in opened.values() for at in some)
    ]


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
            ticks, seen = 0, 0
            for note in LINE_COMMENT.finditer(text):
                # Between backticks it is a text that the script writes.
                ticks += text.count("`", seen, note.start())
                seen = note.start()
                plain = ticks % 2 == 0
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
    if source.strip("\ufeff \t\r\n") and not any(p.kind == "tag" for p in found):
        yield _no_page(source)
        return
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


def _no_page(source: str) -> Fault:
    """Tell a file without any markup, such as a model's excuse."""
    words = " ".join(source.split())[:120]
    start = len(source) - len(source.lstrip("\ufeff \t\r\n"))
    return Fault(
        rule="page.chatter",
        message=f"the file is no page, it has no markup: {words}",
        key=words,
        spot=sources.spot(source, start),
        observed=words,
        fix="Ask the model for the page, and see what kept it from writing one.",
    )


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
