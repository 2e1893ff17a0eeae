"""HTML read in one pass: its text, what of it a reader sees, its elements."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from agentflow_checks.flow.folding import fold

SPOKEN = frozenset(
    (
        "alt",
        "aria-label",
        "content",
        "href",
        "id",
        "placeholder",
        "src",
        "title",
        "value",
    )
)
"""Attributes whose value somebody reads, hears, follows, or sees the picture of; what
a brief calls a part of the page, the page has as its id."""

_RAW = frozenset(("iframe", "noembed", "noframes", "script", "style"))
_PLAIN = frozenset(("textarea", "title", "xmp"))
_SILENT = _RAW | {"template"}
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em font i ins kbd label mark q s samp "  # noqa: SIM905 - words
    "small span strong sub sup time u var wbr".split()
)
_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905 - words
)
_ENDED_BY: Mapping[str, frozenset[str]] = {
    "p": frozenset(
        "address article aside blockquote div dl fieldset footer form h1 h2 h3 h4 h5 "  # noqa: SIM905 - words
        "h6 header hr main nav ol p pre section table ul".split()
    ),
    "li": frozenset(("li",)),
    "dt": frozenset(("dt", "dd")),
    "dd": frozenset(("dt", "dd")),
    "td": frozenset(("td", "th", "tr", "tbody", "tfoot")),
    "th": frozenset(("td", "th", "tr", "tbody", "tfoot")),
    "tr": frozenset(("tr", "tbody", "tfoot")),
    "option": frozenset(("option", "optgroup")),
    "head": frozenset(("body",)),
}
"""Elements whose end tag may be left out, and what begins behind them."""

# Possessive, and a tag without an end ends the reading: no sign is met twice.
_LESS = re.compile(r"<(?=/?[a-zA-Z]|[!?])")
_START = re.compile(
    r"""<([a-zA-Z][^\s/>]*+)((?:[^>"'=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+|["'])*+)>"""
)
_ATTRIBUTE = re.compile(
    r"""([^\s=/>"']++)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>]*+)))?+"""
)
_COMMENT_END = re.compile("--!?>")
_ENDS = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW | _PLAIN
}
_HTML = re.compile(
    r"<(?:!doctype|!--|/?(?:a|article|aside|b|body|br|button|dd|div|dl|dt|em|fieldset|"
    r"figcaption|figure|footer|form|h[1-6]|head|header|html|i|iframe|img|input|label|"
    r"li|link|main|meta|nav|ol|option|p|script|section|select|span|strong|style|svg|"
    r"table|tbody|td|template|textarea|th|title|tr|ul)(?![\w:@.-]))",
    re.IGNORECASE,
)
_PAGE = re.compile(r"<(?:!doctype\s|html\b|body\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag: the element's name in lower case, its attributes as written."""

    name: str
    written: str

    @property
    def attributes(self) -> dict[str, str]:
        """Its attributes, of two with one name the first, as browsers do."""
        found: dict[str, str] = {}
        for name, *values in _ATTRIBUTE.findall(self.written):
            found.setdefault(name.lower(), "".join(values))
        return found


@dataclass(frozen=True, slots=True)
class _End:
    name: str


_Part = str | Tag | _End


def is_html(text: str) -> bool:
    """Whether a text holds HTML, and not only a ``<`` or an address in brackets."""
    return "<" in text and _HTML.search(text) is not None


def visible(markup: str) -> str:
    """Give the text of a page without tags, comments, scripts and styles.

    Linear in the text. What CSS hides is kept: whose pages are compared as wholes does
    not ask who sees them; `readable` does.
    """
    if "<" not in markup:
        return markup
    said, templates = [], 0
    for part in _parts(markup):
        if isinstance(part, str):
            said.append("" if templates else part)
            continue
        said.append(" ")
        if part.name == "template":
            templates = max(templates + (1 if isinstance(part, Tag) else -1), 0)
    return "".join(said)


def elements(markup: str) -> Iterator[Tag]:
    """Give the start tags in a page's order, without head, scripts and templates."""
    inside: Counter[str] = Counter()
    for part in _parts(markup):
        if isinstance(part, str):
            continue
        if isinstance(part, Tag) and part.name == "body":
            del inside["head"]
        if part.name in ("head", "template"):
            more = 1 if isinstance(part, Tag) else -1
            inside[part.name] = max(inside[part.name] + more, 0)
        elif isinstance(part, Tag) and part.name not in _RAW and not inside.total():
            yield part


def readable(text: str, between: str = " ") -> str:
    """Give what a reader sees of a text, and of attributes what is read or followed.

    Text that is not HTML is given as it is. Left out are comments, scripts, styles,
    templates, and elements hidden by ``hidden``, ``display: none`` or ``visibility:
    hidden`` in their own attributes; rules of style sheets are not applied. Elements
    with ``aria-hidden`` are seen. `SPOKEN` attributes stand on lines of their own.

    Args:
        text: HTML, a part of it, or any other text.
        between: what stands for the tags of inline elements: ``£<b>9</b>`` is one
            price, ``<span>9</span><span>days</span>`` are two words.
    """
    if not is_html(text):
        return text
    reader = _Reader(between=between)
    for part in _parts(text):
        reader.meet(part)
    return "".join(reader.said)


@dataclass(frozen=True, slots=True)
class _Open:
    name: str
    gone: bool
    unseen: bool


@dataclass(slots=True)
class _Reader:
    """Follows which elements are open, and whether they are shown."""

    between: str
    said: list[str] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=lambda: [_Open("", False, False)])
    counts: Counter[str] = field(default_factory=Counter)

    def meet(self, part: _Part) -> None:
        """Take one part of the page in."""
        if isinstance(part, str):
            if self._shown(self.stack[-1]):
                self.said.append(part)
            return
        self.said.append(self.between if part.name in _INLINE else "\n")
        if isinstance(part, Tag):
            self._begin(part)
        elif self.counts[part.name]:
            self._end(part.name)

    def _begin(self, tag: Tag) -> None:
        while tag.name in _ENDED_BY.get(self.stack[-1].name, ()):
            self._end(self.stack[-1].name)
        attributes = tag.attributes
        opened = _opened(tag.name, attributes, self.stack[-1])
        if self._shown(opened):
            for name in attributes.keys() & SPOKEN:
                self.said.append(f"\n{attributes[name]}\n")
        closed = tag.written.endswith("/") and self.counts["svg"] + self.counts["math"]
        if tag.name not in _VOID and not closed:
            self.stack.append(opened)
            self.counts[tag.name] += 1

    def _end(self, name: str) -> None:
        while (last := self.stack.pop().name) != name:
            self.counts[last] -= 1
        self.counts[name] -= 1

    def _shown(self, element: _Open) -> bool:
        return not (element.gone or element.unseen)


def _opened(name: str, attributes: Mapping[str, str], parent: _Open) -> _Open:
    style = _declared(attributes.get("style", ""))
    display, seen = style.get("display"), style.get("visibility")
    hidden = display == "none" or ("hidden" in attributes and display is None)
    hidden |= name == "input" and attributes.get("type", "").lower() == "hidden"
    unseen = parent.unseen if seen in (None, "inherit") else seen != "visible"
    return _Open(name, parent.gone or hidden or name in _SILENT, unseen)


def _declared(style: str) -> dict[str, str]:
    """Give the declarations of a style attribute; the last of one name counts."""
    pairs = (part.partition(":") for part in fold(style).split(";"))
    return {
        name.strip(): value.partition("!")[0].strip()
        for name, colon, value in pairs
        if colon
    }


def _parts(markup: str) -> Iterator[_Part]:
    """Give the texts and tags of a page, each sign met a fixed number of times."""
    at, whole, met = 0, len(markup), False
    strict = _PAGE.search(markup) is not None
    while at < whole:
        less = _LESS.search(markup, at)
        if less is None:
            yield markup[at:]
            return
        opened = less.start()
        if opened > at:
            yield markup[at:opened]
        following = markup[opened + 1 : opened + 2]
        if following in ("!", "?"):
            at = _after_declaration(markup, opened)
            yield " "
        elif following == "/":
            at = _end_of(markup, opened)
            name = markup[opened + 2 : at].rstrip(">").split(maxsplit=1)[0]
            yield _End(name.rstrip("/").lower())
        elif (start := _START.match(markup, opened)) is None:
            # Browsers show nothing of what follows an unclosed tag. Before any tag it
            # is no page, but a sign in a sentence.
            if not met:
                yield markup[opened:]
            return
        elif not strict and _is_address(start[1]):
            yield start[0]
            at = start.end()
        else:
            met = True
            tag = Tag(start[1].lower(), start[2])
            yield tag
            at = yield from _raw(markup, tag.name, start.end())


def _is_address(name: str) -> bool:
    """Whether ``<hello@a.example>`` or ``<https:...`` stands in a text for itself."""
    return "@" in name or name.lower().startswith(("http:", "https:", "mailto:"))


def _raw(markup: str, name: str, start: int) -> Generator[_Part, None, int]:
    """Give the text of an element in which no tag counts; returns where it ends."""
    pattern = _ENDS.get(name)
    if pattern is None:
        return start
    found = pattern.search(markup, start)
    end = found.start() if found else len(markup)
    if name in _PLAIN:
        yield markup[start:end]
    return end


def _after_declaration(markup: str, opened: int) -> int:
    if markup.startswith("<!--", opened):
        found = _COMMENT_END.search(markup, opened + 2)
        return found.end() if found else len(markup)
    return _end_of(markup, opened)


def _end_of(markup: str, opened: int) -> int:
    end = markup.find(">", opened)
    return len(markup) if end < 0 else end + 1
