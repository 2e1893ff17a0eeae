"""Where an output cites: in its text, in links and quotes of HTML, in its fields."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agentflow_checks.grounding.citation_marks import Citations, Mark, Quote, marks_in
from agentflow_checks.grounding.claims import Claim, claims_of
from agentflow_checks.grounding.json_leaves import child_path

if TYPE_CHECKING:
    from bs4.element import Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedMark:
    """A citation and where it stands: JSON path, span, line, column, selector."""

    mark: Mark
    path: str | None = None
    span: tuple[int, int] | None = None
    line: int | None = None
    column: int | None = None
    selector: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CitingPart:
    """One text, page or JSON value of an output, with its citations and its list."""

    marks: tuple[PlacedMark, ...] = ()
    entries: Mapping[str, str] | None = None


#: Fields that hold sources and nothing else; others may ("source": "hero.png").
_CITING = frozenset(
    {
        "citation", "citations", "cited", "citedsources", "sourceid", "sourceids",
        "docid", "docids", "documentid", "documentids", "citationid", "citationids",
    }
)  # fmt: skip
_MAYBE = frozenset({"source", "sources", "reference", "references", "basedon"})
_IDENTITIES = (
    "sourceid", "docid", "documentid", "source", "document", "id", "url", "uri", "href",
    "title", "name", "citation",
)  # fmt: skip
_QUOTES = frozenset({"quote", "quotes", "quotation", "excerpt", "verbatim"})
_ADDRESSES = frozenset({"url", "uri", "href", "link"})
_NOT_LETTER = re.compile(r"[^a-z]")
_DEEPEST = 60
_MARKUP = re.compile(r"<[a-zA-Z!/]")
_BLANKS = re.compile(r"\s+")
_LIST_TITLE = re.compile(
    r"(?:sources|references|citations|footnotes|bibliography|quellen)\W*", re.IGNORECASE
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def citing_parts(output: Any, *, pages: bool = True) -> Iterator[CitingPart]:
    """Read the citations of an output.

    Args:
        output: a text (plain, Markdown, HTML, JSON) or a JSON value.
        pages: False leaves HTML out, where pages are read as artefacts.
    """
    if isinstance(output, bytes):
        return
    if not isinstance(output, str):
        yield from _of_value(output, "$", pages=pages)
    elif (parsed := _as_json(output)) is not None:
        yield from _of_value(parsed, "$", pages=pages)
    else:
        yield from _of_text(output, pages=pages)


def _as_json(text: str) -> Any:
    if text.strip()[:1] not in {"{", "["}:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


def _of_text(text: str, *, pages: bool) -> Iterator[CitingPart]:
    if _MARKUP.search(text):
        claims = claims_of(text)
        if any(claim.selector for claim in claims):
            if pages:
                yield _of_page(text, claims)
            return
    found = marks_in(text)
    if found.marks:
        yield CitingPart(marks=tuple(_in_text(text, found)), entries=found.entries)


def _in_text(text: str, found: Citations) -> Iterator[PlacedMark]:
    breaks = [match.start() for match in re.finditer("\n", text)]
    for mark in found.marks:
        line = bisect_right(breaks, mark.start - 1)
        begin = breaks[line - 1] + 1 if line else 0
        yield PlacedMark(
            mark=mark,
            span=(mark.start, mark.end),
            line=line + 1,
            column=mark.start - begin + 1,
        )


def _of_page(html: str, claims: Sequence[Claim]) -> CitingPart:
    from bs4 import BeautifulSoup  # noqa: PLC0415 - heavy, and there: claims were read

    soup = BeautifulSoup(html, "html.parser")
    marks = [*_in_claims(claims), *_in_elements(soup)]
    return CitingPart(marks=tuple(marks), entries=dict(_page_entries(soup)))


def _in_claims(claims: Sequence[Claim]) -> Iterator[PlacedMark]:
    """Read an element's sentences as one text, so that quotations keep their marks."""
    blocks: dict[tuple[str | None, int | None], list[Claim]] = {}
    for claim in claims:
        if claim.kind not in {"attribute", "link", "structured data"}:
            blocks.setdefault((claim.selector, claim.line), []).append(claim)
    for offset, block in enumerate(blocks.values()):
        first = block[0]
        for mark in marks_in(" ".join(claim.text for claim in block)).marks:
            # Groups are numbered by text, and these are several texts.
            grouped = replace(mark, group=mark.group + 1000 * offset)
            yield PlacedMark(mark=grouped, selector=first.selector, line=first.line)


def _in_elements(soup: Tag) -> Iterator[PlacedMark]:
    for link in soup.find_all("a", href=True):
        words = _words(link)
        if words:
            url = str(link["href"]).strip()
            yield _placed(link, Mark(text=words, kind="link", cites=(words,), url=url))
    for quoting in soup.find_all(["q", "blockquote"], cite=True):
        words, url = _words(quoting), str(quoting["cite"]).strip()
        if words and "//" in url:
            mark = Mark(text=url, kind="field", cites=(url,), url=url,
                        quotes=(Quote(text=words),))  # fmt: skip
            yield _placed(quoting, mark)
    for cite in soup.find_all("cite"):
        if words := _words(cite):
            # Beside a testimonial it names the person who said it.
            person = cite.find_parent(["blockquote", "figure", "figcaption"])
            kind = "id" if person is not None else "name"
            yield _placed(cite, Mark(text=words, kind=kind, cites=(words,)))  # type: ignore[arg-type]


def _placed(tag: Tag, mark: Mark) -> PlacedMark:
    from agentflow_checks.grounding.pages import selector_of  # noqa: PLC0415 - heavy

    column = getattr(tag, "sourcepos", None)
    return PlacedMark(
        mark=mark,
        selector=selector_of(tag),
        line=getattr(tag, "sourceline", None),
        column=None if column is None else column + 1,
    )


def _page_entries(soup: Tag) -> Iterator[tuple[str, str]]:
    """Read a page's list of sources: targets of numbered links, items of such lists."""
    targets = {str(tag["id"]): tag for tag in soup.find_all(id=True)}
    for link in soup.find_all("a", href=re.compile("^#.")):
        number = _words(link).strip("[]() ")
        target = targets.get(str(link["href"])[1:])
        if number.isdecimal() and target is not None and (entry := _entry(target)):
            yield str(int(number)), entry
    for heading in soup.find_all(_HEADINGS):
        if _LIST_TITLE.fullmatch(_words(heading)):
            listing = heading.find_next_sibling()
            items = listing.find_all("li") if listing and listing.name == "ol" else ()
            for place, item in enumerate(items, 1):
                if entry := _entry(item):
                    yield str(place), entry


def _entry(tag: Tag) -> str:
    addresses = [str(link["href"]) for link in tag.find_all("a", href=True)]
    kept = [address for address in addresses if "//" in address]
    return " ".join([_words(tag), *kept]).strip()


def _words(tag: Tag) -> str:
    return _BLANKS.sub(" ", tag.get_text()).strip()


def _of_value(
    value: Any, path: str, *, pages: bool, depth: int = 0
) -> Iterator[CitingPart]:
    """Read fields that hold sources, and the texts of all others."""
    if isinstance(value, str):
        for part in citing_parts(value, pages=pages) if depth < _DEEPEST else ():
            marks = tuple(_below(placed, path) for placed in part.marks)
            yield replace(part, marks=marks)
    elif isinstance(value, Mapping) and depth < _DEEPEST:
        for name, item in value.items():
            below, key = child_path(path, str(name)), _key(name)
            if key in _CITING or key in _MAYBE:
                quotes = _quotes_of(value)
                marks = tuple(_of_field(item, below, quotes, sure=key in _CITING))
                if marks:
                    yield CitingPart(marks=marks)
            elif not (key in _QUOTES and _names_a_source(value)):
                yield from _of_value(item, below, pages=pages, depth=depth + 1)
    elif isinstance(value, (list, tuple)) and depth < _DEEPEST:
        for number, item in enumerate(value):
            at = f"{path}[{number}]"
            yield from _of_value(item, at, pages=pages, depth=depth + 1)


def _below(placed: PlacedMark, path: str) -> PlacedMark:
    inner = placed.path.removeprefix("$") if placed.path else ""
    return replace(placed, path=path + inner)


def _of_field(
    value: Any, path: str, quotes: tuple[Quote, ...], *, sure: bool
) -> Iterator[PlacedMark]:
    if isinstance(value, Mapping):
        identity = next((k for i in _IDENTITIES for k in value if _key(k) == i), None)
        if identity is not None and _is_name(value[identity], sure=True):
            below = child_path(path, str(identity))
            address = _key(identity) in _ADDRESSES
            quoted = _quotes_of(value)
            yield _field_mark(value[identity], below, quoted, sure=sure, url=address)
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _of_field(item, f"{path}[{number}]", quotes, sure=sure)
    elif _is_name(value, sure=sure):
        yield _field_mark(value, path, quotes, sure=sure)


def _field_mark(
    value: Any, path: str, quotes: tuple[Quote, ...], *, sure: bool, url: bool = False
) -> PlacedMark:
    written = str(value).strip()
    address = written if url or (sure and "://" in written) else None
    mark = Mark(
        text=written,
        kind="field" if sure else "id",
        cites=(written,),
        url=address if sure else None,
        quotes=quotes,
    )
    return PlacedMark(mark=mark, path=path)


def _is_name(value: Any, *, sure: bool) -> bool:
    if isinstance(value, str):
        return 0 < len(value.strip()) < 300
    return sure and isinstance(value, int) and not isinstance(value, bool)


def _quotes_of(record: Mapping[Any, Any]) -> tuple[Quote, ...]:
    found: list[Quote] = []
    for key, item in record.items():
        if _key(key) in _QUOTES:
            texts = item if isinstance(item, (list, tuple)) else (item,)
            found += [Quote(text=t) for t in texts if isinstance(t, str) and t.strip()]
    return tuple(found)


def _names_a_source(record: Mapping[Any, Any]) -> bool:
    return any(_key(key) in _CITING or _key(key) in _MAYBE for key in record)


def _key(name: Any) -> str:
    return _NOT_LETTER.sub("", str(name).lower())
