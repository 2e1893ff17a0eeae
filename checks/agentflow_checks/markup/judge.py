"""Judge the pages of a run: the source, its CSS, and the document after scripts."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Mapping, Sequence

import pytest_agentflow as af
from agentflow_checks.markup import (
    content,
    css,
    fixes,
    messages,
    page_errors_blank,
    page_errors_encoding,
)
from agentflow_checks.markup.origins import Origin, origin_of
from agentflow_checks.web import faults, file_kind, missing, validator
from agentflow_checks.web.artefacts import pages_of, visit_artefact
from agentflow_checks.web.file_kind import FileKind
from agentflow_checks.web.missing import PartMissing
from agentflow_checks.web.validator import Message

SOURCE = af.Rule(id="html.source", title="The page as written is valid HTML")
STYLES = af.Rule(id="html.css", title="CSS in the page is understood by browsers")
DOCUMENT = af.Rule(id="html.dom", title="The document that scripts leave is sound")
WARNING = af.Rule(id="html.warning", title="The checker has no warning")

SEVERITIES = {
    "fatal": af.Severity.CRITICAL,
    "error": af.Severity.ERROR,
    "warning": af.Severity.WARNING,
}

IN_DOCUMENT = re.compile(
    r"^Duplicate ID|not allowed as child of|must be the ID of|must point to|"
    r"must refer to|must not be (?:used|specified)|\baria-|\brole\b|“role”|"
    r"must not appear as a descendant",
)
"""Messages that hold of the live document; how it is written is the serialiser's."""

SCRIPTED = re.compile(rb"<script\b|\son\w+\s*=|javascript:", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the check was asked for."""

    ignore: tuple[str, ...] = ()
    ignore_re: tuple[str, ...] = ()
    warnings: str = "ignore"
    dom: bool = True
    budget: float = 10.0

    def leaves_out(self, text: str) -> bool:
        """Whether the user wants no message like this."""
        return any(part in text for part in self.ignore) or any(
            re.search(pattern, text) for pattern in self.ignore_re
        )


def judge_run(run: af.Run, choice: Choice, *, stage: str | None) -> Iterator[object]:
    """Judge every page."""
    for page in pages_of(run, stage):
        try:
            yield from _judge_page(run, page, choice)
        except PartMissing as gone:
            yield missing.unjudged(SOURCE, _place(page, None), gone)
        except validator.Unchecked as failed:
            yield af.Finding(
                rule=SOURCE.id,
                message=str(failed),
                verdict=af.Verdict.ERROR,
                place=_place(page, None),
            )


def _judge_page(run: af.Run, page: af.Artefact, choice: Choice) -> Iterator[object]:
    yield SOURCE
    kind = file_kind.kind_of(page.data)
    if kind.other:
        yield _no_page(page, kind)
        return
    said = messages.about(page.data, name=page.name, seconds=choice.budget)
    heard = _wanted(said, choice)
    errors = [m for m in heard if m.type in ("error", "fatal")]
    markup = [m for m in errors if not css.is_css(m.text)]
    bare = not markup and not _has_content(run, page, choice)
    told = Told(
        page=page,
        origin=origin_of(run, page),
        seconds=choice.budget,
        passes=not bare,
    )
    if bare:
        text = f"{page.name}: nothing in its body to check, so nothing of it passes"
        yield af.Note(text=text, warning=True)
    yield from _all(told, SOURCE, markup)
    style = [m for m in errors if css.is_css(m.text)]
    if style or b"style" in page.data.lower():
        yield STYLES
        yield from _styles(told, style)
    yield from _warnings(told, choice, [m for m in heard if m.type == "warning"])
    if choice.dom and SCRIPTED.search(page.data):
        yield from _document(run, told, choice, errors)


def _warnings(
    told: Told, choice: Choice, warned: Sequence[Message]
) -> Iterator[object]:
    if choice.warnings == "fail":
        yield WARNING
        yield from _all(told, WARNING, warned)
    elif warned:
        count = f"{len(warned)} warning{'s' if len(warned) > 1 else ''}"
        yield af.Note(text=f"{told.page.name}: {count} of the HTML checker left out")


def _no_page(page: af.Artefact, kind: FileKind) -> af.Finding:
    """Tell a file that is no HTML at all; what the checker says of it is noise."""
    return af.Finding(
        rule=SOURCE.id,
        title=SOURCE.title,
        message=kind.said,
        severity=af.Severity.CRITICAL,
        place=af.Place(stage=page.stage, artefact=page.name, line=1, column=1),
        observed=kind.other,
        expected="HTML",
        why="Nothing of it can be checked as HTML.",
        fix=file_kind.STORE,
        fault="page:format",
        subject=page.name,
    )


def _has_content(run: af.Run, page: af.Artefact, choice: Choice) -> bool:
    """Whether a valid page holds anything to check beside what every page has.

    Where its source holds none, scripts or styles may draw some: the browser knows.
    """
    if content.written(file_kind.text_of(page.data)):
        return True
    if not SCRIPTED.search(page.data) and b"style" not in page.data.lower():
        return False
    if not choice.dom:
        return True
    try:
        visited = visit_artefact(run, page, budget=choice.budget)
    except af.CheckError:
        return False
    if visited.error is not None:
        return False
    # What a script out of reach would draw nobody knows here.
    lacks = any(asset.blocked for asset in visited.assets)
    return lacks or page_errors_blank.shows_something(visited.elements)


def _wanted(said: Sequence[Message], choice: Choice) -> list[Message]:
    return [m for m in said if not choice.leaves_out(m.text)]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What it takes to tell the faults of one page."""

    page: af.Artefact
    origin: Origin
    seconds: float
    """Time of the checker for one version of the page."""
    passes: bool
    """Whether the page passes where it has no fault: one without content does not."""
    texts: dict[str, frozenset[str] | None] = dataclasses.field(default_factory=dict)
    """Version of the page -> what the checker says of it, None where nobody knows."""


def _all(told: Told, rule: af.Rule, found: Sequence[Message]) -> Iterator[object]:
    """Report the messages; the page is the subject, so it counts once."""
    if not found and told.passes:
        yield af.Examined(rule=rule.id, place=_place(told.page, None))
    listed, more = messages.listed(found)
    for message in listed:
        yield _attributed(told, _finding(told.page, rule, message))
    yield from _uncounted(told.page, more)


def _uncounted(page: af.Artefact, more: Mapping[str, int]) -> Iterator[af.Note]:
    for text, count in more.items():
        said = f"{page.name}: {count:,} more places are not listed of: {text}"
        yield af.Note(text=said, warning=True)


def _finding(page: af.Artefact, rule: af.Rule, message: Message) -> af.Finding:
    return af.Finding(
        rule=rule.id,
        title=rule.title,
        message=message.text,
        severity=SEVERITIES[message.type],
        place=_place(page, message),
        observed=" ".join(message.extract.split()) or None,
        evidence=faults.steady(message.text),
        why="Browsers guess at invalid markup, each in its own way.",
        fix=fixes.fix(rule.id, message.text),
        fault=_word(rule, message),
        subject=page.name,
    )


def _word(rule: af.Rule, message: Message) -> str | None:
    word = faults.word_of(message.text, _spot(rule, message))
    # A page is written in one encoding, so it is told once, whoever notices.
    return page_errors_encoding.FAULT if messages.of_encoding(message) else word


def _spot(rule: af.Rule, message: Message) -> tuple[int, int] | None:
    """Give the place in the source; positions in the live document are none there."""
    if rule is DOCUMENT or message.line is None or message.column is None:
        return None
    return message.line, message.column


def _place(page: af.Artefact, message: Message | None) -> af.Place:
    return af.Place(
        stage=page.stage,
        artefact=page.name,
        line=message.line if message else None,
        column=message.column if message else None,
    )


def _attributed(told: Told, finding: af.Finding) -> af.Finding:
    """Look for the same message about the page's versions along the stages."""
    text = messages.steady(finding.message)

    def shows(version: af.Artefact) -> bool | None:
        key = f"{version.name} {version.digest}"
        if key not in told.texts:
            told.texts[key] = messages.texts(
                version.data, name=version.name, seconds=told.seconds
            )
        known = told.texts[key]
        return None if known is None else text in known

    return told.origin(shows).on(finding)


def _styles(told: Told, found: Sequence[Message]) -> Iterator[object]:
    """Report CSS errors that the browser confirms; ask about the others."""
    page = told.page
    if not found:
        if told.passes:
            yield af.Examined(rule=STYLES.id, place=_place(page, None))
        return
    listed, more = messages.listed(found)
    yield from _uncounted(page, more)
    findings = [_attributed(told, _finding(page, STYLES, m)) for m in listed]
    try:
        accepted = list(_accepted(page, listed))
    except PartMissing as gone:
        doubt = f"The checker's CSS is behind, and no browser was there to ask. {gone}"
        for message, finding in zip(listed, findings, strict=True):
            yield _doubted(finding, message, missing.verdict(), doubt)
        return
    doubt = "The browser accepts it, and the checker's CSS is behind."
    for message, finding, fine in zip(listed, findings, accepted, strict=True):
        question = _doubted(finding, message, af.Verdict.UNDETERMINED, doubt)
        yield question if fine else finding


def _doubted(
    finding: af.Finding, message: Message, verdict: af.Verdict, why: str
) -> af.Finding:
    subject = f"{finding.subject} {message.line}:{message.last_column}"
    return dataclasses.replace(
        finding, verdict=verdict, why=why, fix="", subject=subject
    )


def _accepted(page: af.Artefact, found: Sequence[Message]) -> Iterator[bool]:
    """Tell for each CSS message whether the browser understands what it is about.

    Raises:
        PartMissing: there is no browser to ask.
    """
    from agentflow_checks.web.visits import accepts  # noqa: PLC0415 - heavy

    text = file_kind.text_of(page.data)
    offsets = Offsets(text)
    questions = [css.question(text, m.text, *offsets.stretch(m)) for m in found]
    asked = [q for q in questions if q is not None]
    answers = iter(accepts(asked) if asked else ())
    for question in questions:
        yield False if question is None else next(answers)


class Offsets:
    """Lines and columns of the checker as offsets into the text."""

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self.starts = [0]
        # The checker ends lines as HTML does: CR LF, CR and LF alike.
        self.starts += [m.end() for m in re.finditer(r"\r\n|\r|\n", text)]

    def stretch(self, message: Message) -> tuple[int, int]:
        """Give the start and end of a message's marked stretch."""
        last = message.last_column or 1
        end = self._at(message.last_line or message.line or 1, last)
        first = message.column or last
        start = self._at(message.line or message.last_line or 1, first)
        return start, min(end + 1, self.length)

    def _at(self, line: int, column: int) -> int:
        start = self.starts[min(line, len(self.starts)) - 1]
        return min(start + column - 1, self.length)


def _document(
    run: af.Run, told: Told, choice: Choice, said: Sequence[Message]
) -> Iterator[object]:
    """Report what is wrong only with the document that scripts leave."""
    page = told.page
    look = functools.partial(visit_artefact, run, budget=choice.budget)
    place = _place(page, None)
    yield DOCUMENT
    try:
        visited = look(page)
    except af.CheckError as gone:
        yield _unchecked(place, str(gone), af.Verdict.ERROR)
        return
    if visited.error is not None:
        yield _unchecked(place, visited.error, visited.unjudged)
        return
    found = _wanted(new_in_document(visited.dom, said), choice)
    if not found and told.passes:
        yield af.Examined(rule=DOCUMENT.id, place=place)

    @functools.cache
    def texts(version: af.Artefact) -> frozenset[str] | None:
        seen = look(version)
        if seen.error is not None:
            return None
        return frozenset(m.text for m in new_in_document(seen.dom, ()))

    def shows(text: str, version: af.Artefact) -> bool | None:
        known = texts(version)
        return None if known is None else text in known

    for message in found:
        finding = dataclasses.replace(_finding(page, DOCUMENT, message), place=place)
        yield told.origin(functools.partial(shows, message.text)).on(finding)


def _unchecked(place: af.Place, reason: str, verdict: af.Verdict) -> af.Finding:
    return af.Finding(
        rule=DOCUMENT.id,
        title=DOCUMENT.title,
        message=f"the document after scripts was not checked: {reason}",
        verdict=verdict,
        place=place,
        subject=place.artefact,
    )


def new_in_document(dom: str, said: Sequence[Message]) -> list[Message]:
    """Give the messages about a live document that its source did not draw."""
    known = {m.text for m in said}
    # A loop that makes a fault makes it often: each sentence is reported once.
    new = {m.text: m for m in reversed(validator.validate(dom.encode()))}
    return [
        m
        for m in reversed(new.values())
        if m.type == "error"
        and m.text not in known
        and not css.is_css(m.text)
        and IN_DOCUMENT.search(m.text)
    ]
