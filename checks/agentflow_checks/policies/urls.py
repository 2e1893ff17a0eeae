"""URLs of a text as a browser would follow them, held against an allow-list."""

from __future__ import annotations

import fnmatch
import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

LOCAL = ("mailto", "tel", "sms", "data", "blob", "about", "cid")
"""Schemes that name no host."""

_LINKS = re.compile(
    r"""(?<![\w-])(href|src|action|formaction|poster|cite|background|xlink:href|data|"""
    r"""srcset|imagesrcset|content)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"']++)""",
    re.IGNORECASE,
)
_CSS = re.compile(
    r"""(?:url\(\s*+|@import\s++)("[^"\n]*+"|'[^'\n]*+'|[^\s"')]++)""", re.IGNORECASE
)
_BARE = re.compile(r"""\b(?:https?|ftp|wss?)://[^\s<>"'`{}|\\^\[\]]++""", re.IGNORECASE)
_TRAILING = ".,;:!?)*_"
_LONGEST = 4096
"""Characters of an attribute in which a second URL is looked past."""


NAMES = frozenset(
    (
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "http://www.w3.org/1998/Math/MathML",
        "http://www.w3.org/2000/xmlns/",
        "http://www.w3.org/XML/1998/namespace",
    )
)
"""URLs that name a vocabulary; nobody follows them."""

# What stands before the name of a vocabulary, in HTML and in JSON-LD.
_NAMING = re.compile(
    r"""(?:xmlns(?::[\w-]+)?|itemtype|vocab|prefix|"@(?:context|vocab|type)")"""
    r"""\s*[=:]\s*\[?\s*["']$""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A URL as written, and where."""

    url: str
    start: int
    end: int


def links(text: str) -> Iterator[Link]:
    """Give the URLs of a text: of HTML attributes, of CSS, and those in prose."""
    seen: set[int] = set()
    for match in _LINKS.finditer(text):
        start, end = _unquoted(text, *match.span(2))
        written = text[start:end]
        name = match[1].lower()
        if name.endswith("srcset"):
            yield from _candidates(written, start, seen)
        elif name != "content" or _BARE.match(written.strip()):
            seen.add(start)
            yield Link(html.unescape(written), start, end)
    for match in _CSS.finditer(text):
        start, end = _unquoted(text, *match.span(1))
        if start not in seen:
            seen.add(start)
            yield Link(text[start:end], start, end)
    covered = sorted(seen)
    for match in _BARE.finditer(text):
        if match.start() in seen:
            continue
        url = match[0].rstrip(_TRAILING)
        before = text[max(match.start() - 40, 0) : match.start()]
        if url in NAMES or _NAMING.search(before):
            continue
        if not _inside(match.start(), covered, text):
            yield Link(html.unescape(url), match.start(), match.start() + len(url))


def _inside(start: int, covered: list[int], text: str) -> bool:
    """Whether a URL in prose begins within an attribute that was read already."""
    index = bisect_right(covered, start) - 1
    if index < 0 or start - covered[index] > _LONGEST:
        return False
    return not re.search(r"[\s\"'<>]", text[covered[index] : start])


def _unquoted(text: str, start: int, end: int) -> tuple[int, int]:
    quoted = end - start >= 2 and text[start] in "\"'" and text[end - 1] == text[start]
    return (start + 1, end - 1) if quoted else (start, end)


def _candidates(written: str, start: int, seen: set[int]) -> Iterator[Link]:
    for match in re.finditer(r"(?:^|,)\s*+([^\s,]++)", written):
        at = start + match.start(1)
        seen.add(at)
        yield Link(html.unescape(match[1]), at, at + len(match[1]))


def follow(url: str) -> SplitResult | None:
    """Split a URL as browsers read it; `None` where it cannot be read.

    Browsers strip blanks and control characters at both ends, drop tabs and line
    breaks inside, and take a backslash for a slash (WHATWG URL standard).
    """
    url = url.strip("".join(map(chr, range(0x21))))
    url = re.sub(r"[\t\n\r]", "", url)
    scheme = re.match(r"([a-zA-Z][a-zA-Z0-9+.-]*+):", url)
    if scheme is None or scheme[1].lower() in ("http", "https", "ftp", "ws", "wss"):
        url = url.replace("\\", "/")
        if scheme is not None:
            # "https:/host", "https:host" and "https:////host" all mean "https://host".
            url = f"{scheme[0]}//{url[scheme.end() :].lstrip('/')}"
        elif re.match(r"//+", url):
            url = "//" + url.lstrip("/")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts


def host_of(parts: SplitResult) -> str:
    """Give the host in lower case, as ASCII, without a trailing dot."""
    host = (parts.hostname or "").rstrip(".").lower()
    try:
        return host.encode("idna").decode("ascii") if not host.isascii() else host
    except UnicodeError:
        return host


def is_allowed(url: str, allowed: tuple[str, ...], schemes: tuple[str, ...]) -> bool:
    """Whether a URL stays on the site, or leads to what the list allows.

    Args:
        url: as written.
        allowed: hosts (``example.com``), host globs (``*.example.com``) or beginnings
            of URLs (``https://example.com/docs/``).
        schemes: those that may be used at all.
    """
    parts = follow(url)
    if parts is None:
        return False
    if parts.scheme and parts.scheme not in schemes:
        return False
    if parts.scheme in LOCAL or not (parts.scheme or parts.netloc):
        return True
    host = host_of(parts)
    return any(_fits(entry, parts, host) for entry in allowed)


def _fits(entry: str, parts: SplitResult, host: str) -> bool:
    wanted = urlsplit(entry)
    if not wanted.scheme:
        return fnmatch.fnmatchcase(host, entry.lower())
    same = parts.scheme in ("", wanted.scheme) and host == (wanted.hostname or "")
    return same and _below(parts.path, wanted.path)


def _below(path: str, folder: str) -> bool:
    if re.search(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", path, re.IGNORECASE):
        return folder in ("", "/")
    return (
        path.startswith(folder)
        if folder.endswith("/")
        else (path == folder or path.startswith(f"{folder}/") or folder == "")
    )
