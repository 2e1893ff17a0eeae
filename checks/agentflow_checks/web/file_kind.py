"""What the bytes of a page are: HTML, another kind of file, and in which encoding."""

from __future__ import annotations

import codecs
import dataclasses
import functools
import json
import re

SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF87a", "a GIF picture"),
    (b"GIF89a", "a GIF picture"),
    (b"\x00\x00\x01\x00", "an icon file (ICO)"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive (or an office document, which is one)"),
    (b"\x1f\x8b", "data compressed with gzip"),
    (b"\x28\xb5\x2f\xfd", "data compressed with Zstandard"),
    (b"\xfd7zXZ\x00", "data compressed with xz"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"\x7fELF", "a program (ELF)"),
    (b"\x00asm", "a WebAssembly module"),
    (b"wOFF", "a font (WOFF)"),
    (b"wOF2", "a font (WOFF2)"),
    (b"OggS", "a sound or film (Ogg)"),
    (b"SQLite format 3\x00", "an SQLite database"),
)
"""First bytes of files that are no text, as file(1) knows them."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks; that of UTF-32 begins with that of UTF-16, so it comes first."""

STORE = (
    "Store it under its own ending and media type, or let the step that made it write "
    "HTML."
)
"""What to do about a file that is no page."""

LOOKED_AT = 65_536
"""Bytes that tell a kind of file; what is text there is text."""

MOST_CONTROLS = 0.05
"""Share of control characters from which bytes are no text: of evenly spread ones
11 % are, of text none."""

MARKUP = re.compile(
    rb"<(?:!doctype|/?(?:html|head|body|main|div|p|span|h1|title|meta|section|table))"
    rb"\b[\s\x20-\x7e]{0,300}?>",
    re.IGNORECASE,
)
PROLOG = re.compile(
    r"\ufeff?(?:\s+|<\?[^>]*>|<!--.*?-->"
    r"|<!doctype[^>\[]{0,500}(?:\[[^\]]*\]\s*)?>)*",
    re.IGNORECASE | re.DOTALL,
)
ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>")
NAMESPACE = re.compile(r"""\sxmlns\s*=\s*["']([^"']*)""")
XHTML = "http://www.w3.org/1999/xhtml"
FEEDS = {"rss": "an RSS feed", "svg": "an SVG picture", "math": "a formula (MathML)"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """What a file is."""

    other: str = ""
    """What it is where it is no HTML page, ``a PNG picture``; empty for a page."""
    encoding: str = "utf-8"
    """Name of the encoding in which it is read here, as Python spells it."""
    marked: bool = False
    """Whether a byte order mark says so."""
    xhtml: bool = False
    """Whether it is written as XHTML: it has an XML declaration, or XHTML's doctype."""

    @property
    def wide(self) -> bool:
        """Whether signs take two or four bytes, which HTML does not allow."""
        return self.encoding.startswith(("utf-16", "utf-32"))

    @property
    def said(self) -> str:
        """What it is, as a sentence, where it is no page."""
        return f"the file is no HTML page, it is {self.other}"

    @property
    def refusal(self) -> str:
        """Why it is not judged as a page, and what to do."""
        return f"{self.said}. {STORE}"


@functools.lru_cache(maxsize=64)
def kind_of(data: bytes) -> FileKind:
    """Tell what the bytes of a page are; an empty file is a page."""
    for signature, name in SIGNATURES:
        if data.startswith(signature):
            return FileKind(other=f"{name}, its first bytes are {_shown(data)}")
    if data[:4] == b"RIFF" and data[8:12] in (b"WEBP", b"WAVE", b"AVI "):
        return FileKind(other=f"a {data[8:12].decode().strip()} file (RIFF)")
    if data[4:8] == b"ftyp":
        return FileKind(other="a film or picture (MP4, AVIF, HEIC)")
    encoding, marked = _encoding(data)
    wide = encoding.startswith(("utf-16", "utf-32"))
    if not wide and _is_binary(data[:LOOKED_AT]):
        return FileKind(other=f"binary data, its first bytes are {_shown(data)}")
    head = data[: 4 * LOOKED_AT].decode(encoding, "replace")
    other, xhtml = _of_text(head, data)
    return FileKind(other=other, encoding=encoding, marked=marked, xhtml=xhtml)


def text_of(data: bytes) -> str:
    """Read a page's bytes as text, what cannot be decoded replaced.

    The mark of UTF-8 stays, as offsets into the text are counted with it.
    """
    kind = kind_of(data)
    text = data.decode(kind.encoding, "replace")
    return text.removeprefix("\ufeff") if kind.wide else text


def _shown(data: bytes) -> str:
    return data[:8].hex(" ")


def _encoding(data: bytes) -> tuple[str, bool]:
    for mark, name in MARKS:
        if data.startswith(mark):
            return name, True
    # Of markup in two bytes each second one is zero: tags and spaces are ASCII.
    part = data[:1024]
    half = len(part) // 2
    if half >= 8:
        if part[1::2].count(0) > 0.7 * half and part[0::2].count(0) < 0.1 * half:
            return "utf-16-le", False
        if part[0::2].count(0) > 0.7 * half and part[1::2].count(0) < 0.1 * half:
            return "utf-16-be", False
    return "utf-8", False


def _is_binary(part: bytes) -> bool:
    text = bytes([9, 10, 12, 13, 27, *range(32, 127), *range(128, 256)])
    controls = len(part.translate(None, text))
    return controls > MOST_CONTROLS * len(part) and not MARKUP.search(part)


def _of_text(head: str, data: bytes) -> tuple[str, bool]:
    """Tell a text that is no HTML, and XHTML."""
    begin = head.lstrip("\ufeff \t\r\n")
    if begin[:1] in ("{", "["):
        return ("JSON" if _is_json(data) else ""), False
    prolog = PROLOG.match(head)
    before = prolog[0] if prolog else ""
    root = ROOT.match(head, len(before))
    if root is None:
        return "", False
    declared = "<?xml" in before.lower()
    name, said = root[1].lower(), NAMESPACE.search(root[2])
    space = said[1] if said else ""
    if name == "html":
        return "", declared or "dtd xhtml" in before.lower()
    foreign = declared or ":" in name or name == "rss" or space not in ("", XHTML)
    if not foreign or not _whole(data, name):
        return "", False
    return FEEDS.get(name, f"XML with the root element <{root[1]}>"), False


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _whole(data: bytes, root: str) -> bool:
    """Whether a root element is all that there is: a page may begin with a picture."""
    tags = re.findall(
        rb"<(/?)" + re.escape(root.encode()) + rb"(?=[\s/>])[^<>]*?(/?)>",
        data,
        re.IGNORECASE,
    )
    depth, opened = 0, 0
    for closing, alone in tags:
        opened += depth == 0 and not closing
        depth += -1 if closing else not alone
    return opened <= 1
