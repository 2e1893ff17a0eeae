"""Texts as a reader sees them, each character traceable to where it was written."""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q s samp "  # noqa: SIM905 - words
    "small span strong sub sup time tt u var wbr".split()
)
"""Elements that do not end a word or sentence."""

SPOKEN = frozenset(
    "alt aria-description aria-label aria-roledescription aria-valuetext content "  # noqa: SIM905 - words
    "label placeholder summary title value".split()
)
"""Attributes whose value somebody reads or hears."""

# HTML 5 ends a tag at the first '>' outside a quoted attribute value. Possessive, so
# that the time stays linear in hostile text.
_TAG = re.compile(
    r"""<(/?)([a-zA-Z][^\s/>]*+)((?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|))*+)>"""
)
_ATTRIBUTE = re.compile(
    r"""(?<![^\s/"'])([^\s=/>"']++)\s*+=\s*+("[^"]*+"|'[^']*+'|[^\s>"']++)"""
)
_ENTITY = re.compile(
    r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});?"
)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"|\'(?:[^\'\\\n]|\\.)*+\'|`(?:[^`\\]|\\.)*+`')
_MARKUP = re.compile(
    r"<(?:!doctype|/?(?:html|head|body|main|section|article|div|p|span|ul|ol|li|table|"
    r"h[1-6]|a|img|header|footer|nav|form|script|style|meta|title|strong|em|b|i|br|"
    r"button|svg|template|iframe))\b",
    re.IGNORECASE,
)
_RAW = re.compile(r"</(script|style|xmp|noembed|noframes)\b[^>]*+>", re.IGNORECASE)
# Zero-width characters, soft hyphens, direction marks: seen by no reader.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_COMBINING = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_CLUSTER = re.compile(
    rf"[\x00-\x7f]{_COMBINING}++|[^\x00-\x7f]{_COMBINING}*+", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A readable text whose spans can be traced back to the written one."""

    text: str
    starts: tuple[int, ...] = ()
    """Where each stretch begins in `text`; none: it is the written text itself."""
    origins: tuple[tuple[int, int, bool], ...] = ()
    """Start and end of each stretch as written; whether character for character."""

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Give the span of the written text that stands behind `start` to `end`."""
        if not self.starts:
            return start, end
        first = max(bisect_right(self.starts, start) - 1, 0)
        last = max(bisect_right(self.starts, max(end - 1, start)) - 1, 0)
        begin, _, exact = self.origins[first]
        at = begin + (start - self.starts[first]) if exact else begin
        low, high, exact = self.origins[last]
        return at, low + (end - self.starts[last]) if exact else high


@dataclass(slots=True)
class _Weaver:
    """Puts a readable text together, stretch by stretch."""

    parts: list[str] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    origins: list[tuple[int, int, bool]] = field(default_factory=list)
    length: int = 0

    def add(self, text: str, start: int, end: int, *, exact: bool) -> None:
        if text:
            self.parts.append(text)
            self.starts.append(self.length)
            self.origins.append((start, end, exact))
            self.length += len(text)

    def plain(self, written: str, start: int, end: int) -> None:
        """Add written text as it is, folded where a reader sees something else."""
        piece = written[start:end]
        if is_plain(piece):
            self.add(piece, start, end, exact=True)
            return
        at = 0
        for match in _CLUSTER.finditer(piece):
            seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", match[0]))
            if seen == match[0]:
                continue
            self.add(piece[at : match.start()], start + at, start, exact=True)
            at = match.end()
            self.add(seen, start + match.start(), start + at, exact=False)
        self.add(piece[at:], start + at, end, exact=True)

    def escaped(self, written: str, start: int, end: int) -> None:
        """Add HTML text with character references."""
        at = start
        for match in _ENTITY.finditer(written, start, end):
            self.plain(written, at, match.start())
            seen = unicodedata.normalize("NFKC", html.unescape(match[0]))
            self.add(_UNSEEN.sub("", seen), match.start(), match.end(), exact=False)
            at = match.end()
        self.plain(written, at, end)

    def woven(self) -> Text:
        return Text(
            text="".join(self.parts),
            starts=tuple(self.starts),
            origins=tuple(self.origins),
        )


def is_plain(text: str) -> bool:
    """Whether a reader sees exactly the characters that were written."""
    if text.isascii():
        return True
    return unicodedata.is_normalized("NFKC", text) and not _UNSEEN.search(text)


def is_markup(text: str) -> bool:
    """Whether a text holds HTML tags."""
    return "<" in text and _MARKUP.search(text) is not None


def readable(written: str) -> Text:
    """Give a text as a reader sees it.

    HTML becomes the text between its tags, character references resolved, with the
    attributes that are read out (`SPOKEN`) and the sentences inside scripts; comments
    and styles are left out. Elements that are not inline begin a new line. Characters
    are NFKC-normalised, unseen ones (zero-width, soft hyphen) dropped. Hidden elements
    are kept: whether CSS hides them is not decided here.
    """
    weaver = _Weaver()
    if is_markup(written):
        _weave_html(weaver, written)
    elif is_plain(written):
        return Text(text=written)
    else:
        weaver.plain(written, 0, len(written))
    return weaver.woven()


def _weave_html(weaver: _Weaver, written: str) -> None:
    at, whole = 0, len(written)
    while at < whole:
        opened = written.find("<", at)
        if opened < 0:
            weaver.escaped(written, at, whole)
            return
        weaver.escaped(written, at, opened)
        at = _weave_tag(weaver, written, opened)


def _weave_tag(weaver: _Weaver, written: str, opened: int) -> int:
    following = written[opened + 1 : opened + 2]
    if following in ("!", "?"):
        return _after_declaration(written, opened)
    if not (following.isalpha() or following == "/"):
        weaver.add("<", opened, opened + 1, exact=True)
        return opened + 1
    tag = _TAG.match(written, opened)
    if tag is None:
        return _after_broken_tag(weaver, written, opened)
    name = tag[2].lower()
    if name not in INLINE:
        weaver.add("\n", opened, tag.end(), exact=False)
    if tag[1]:
        return tag.end()
    _weave_attributes(weaver, written, tag.start(3), tag.end(3))
    if name in ("script", "style"):
        return _weave_raw(weaver, written, name, tag.end())
    return tag.end()


def _after_declaration(written: str, opened: int) -> int:
    if written.startswith("<!--", opened):
        end = written.find("-->", opened + 2)
        return len(written) if end < 0 else end + 3
    end = written.find(">", opened)
    return len(written) if end < 0 else end + 1


def _after_broken_tag(weaver: _Weaver, written: str, opened: int) -> int:
    if written.find(">", opened) >= 0 and written[opened + 1] == "/":
        # "</>" and "</ x>" are dropped by browsers.
        return written.find(">", opened) + 1
    # An unclosed tag swallows the rest in a browser; it is searched all the same.
    weaver.add("\n", opened, opened + 1, exact=False)
    weaver.plain(written, opened + 1, len(written))
    return len(written)


def _weave_attributes(weaver: _Weaver, written: str, start: int, end: int) -> None:
    for match in _ATTRIBUTE.finditer(written, start, end):
        if match[1].lower() in SPOKEN:
            quoted = match[2][0] in "\"'"
            weaver.add("\n", match.start(), match.start(2), exact=False)
            weaver.escaped(written, match.start(2) + quoted, match.end(2) - quoted)
            weaver.add("\n", match.end(2), match.end(2), exact=False)


def _weave_raw(weaver: _Weaver, written: str, name: str, start: int) -> int:
    end, after = len(written), len(written)
    for match in _RAW.finditer(written, start):
        if match[1].lower() == name:
            end, after = match.span()
            break
    if name == "script":
        for string in _STRING.finditer(written, start, end):
            if " " in string[0]:
                weaver.add("\n", string.start(), string.start() + 1, exact=False)
                weaver.plain(written, string.start() + 1, string.end() - 1)
    weaver.add("\n", end, after or end, exact=False)
    return after


def leaves(data: object, path: str) -> Iterator[tuple[str, str]]:
    """Give every text inside JSON values with its JSON path; numbers as written."""
    todo: list[tuple[str, object]] = [(path, data)]
    while todo:
        at, value = todo.pop()
        if isinstance(value, str):
            yield at, value
        elif isinstance(value, dict):
            inner = [(f"{at}.{key}", item) for key, item in value.items()]
            todo.extend(reversed(inner))
        elif isinstance(value, (list, tuple)):
            listed = [(f"{at}[{i}]", item) for i, item in enumerate(value)]
            todo.extend(reversed(listed))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            yield at, str(value)
