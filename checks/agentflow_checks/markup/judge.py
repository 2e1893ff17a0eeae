"""Judge the pages of a run: the source, its CSS, and the document after scripts."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Sequence

import pytest_agentflow as af
from agentflow_checks.markup import css, fixes
from agentflow_checks.web import faults, missing, validator
from agentflow_checks.web.artefacts import attribute_fault, pages_of, visit_artefact
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
    messages = _wanted(
        validator.validate(page.data, name=page.name, seconds=choice.budget), choice
    )
    errors = [m for m in messages if m.type in ("error", "fatal")]
    style = [m for m in errors if css.is_css(m.text)]
    markup = [m for m in errors if not css.is_css(m.text)]
    warned = [m for m in messages if m.type == "warning"]
    yield SOURCE
    yield from _all(run, page, SOURCE, markup)
    if style or b"style" in page.data.lower():
        yield STYLES
        yield from _styles(run, page, style)
    if choice.warnings == "fail":
        yield WARNING
        yield from _all(run, page, WARNING, warned)
    elif warned:
        count = f"{len(warned)} warning{'s' if len(warned) > 1 else ''}"
        yield af.Note(text=f"{page.name}: {count} of the HTML checker left out")
    if choice.dom and SCRIPTED.search(page.data):
        yield from _document(run, page, choice, errors)


def _wanted(messages: Sequence[Message], choice: Choice) -> list[Message]:
    return [m for m in messages if not choice.leaves_out(m.text)]


def _all(
    run: af.Run, page: af.Artefact, rule: af.Rule, messages: Sequence[Message]
) -> Iterator[object]:
    """Report every message; the page is the subject, so it counts once."""
    if not messages:
        yield af.Examined(rule=rule.id, place=_place(page, None))
    for message in messages:
        finding = _finding(page, rule, message)
        yield _attributed(run, page, finding)


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
        fault=faults.word_of(message.text, _spot(rule, message)),
        subject=page.name,
    )


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


def _attributed(run: af.Run, page: af.Artefact, finding: af.Finding) -> af.Finding:
    """Look for the same message about the page's versions along the stages."""

    def shows(version: af.Artefact) -> bool | None:
        try:
            messages = validator.validate(version.data, name=version.name)
        except validator.Unchecked:
            return None
        return any(m.text == finding.message for m in messages)

    return attribute_fault(run, page, shows).on(finding)


def _styles(
    run: af.Run, page: af.Artefact, messages: Sequence[Message]
) -> Iterator[object]:
    """Report CSS errors that the browser confirms; ask about the others."""
    if not messages:
        yield af.Examined(rule=STYLES.id, place=_place(page, None))
        return
    findings = [_attributed(run, page, _finding(page, STYLES, m)) for m in messages]
    try:
        accepted = list(_accepted(page, messages))
    except PartMissing as gone:
        doubt = f"The checker's CSS is behind, and no browser was there to ask. {gone}"
        for message, finding in zip(messages, findings, strict=True):
            yield _doubted(finding, message, missing.verdict(), doubt)
        return
    doubt = "The browser accepts it, and the checker's CSS is behind."
    for message, finding, fine in zip(messages, findings, accepted, strict=True):
        question = _doubted(finding, message, af.Verdict.UNDETERMINED, doubt)
        yield question if fine else finding


def _doubted(
    finding: af.Finding, message: Message, verdict: af.Verdict, why: str
) -> af.Finding:
    subject = f"{finding.subject} {message.line}:{message.last_column}"
    return dataclasses.replace(
        finding, verdict=verdict, why=why, fix="", subject=subject
    )


def _accepted(page: af.Artefact, messages: Sequence[Message]) -> Iterator[bool]:
    """Tell for each CSS message whether the browser understands what it is about.

    Raises:
        PartMissing: there is no browser to ask.
    """
    from agentflow_checks.web.visits import accepts  # noqa: PLC0415 - heavy

    offsets = Offsets(page.text)
    questions = [css.question(page.text, m.text, *offsets.stretch(m)) for m in messages]
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
    run: af.Run, page: af.Artefact, choice: Choice, said: Sequence[Message]
) -> Iterator[object]:
    """Report what is wrong only with the document that scripts leave."""
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
    if not found:
        yield af.Examined(rule=DOCUMENT.id, place=place)

    def shows(text: str, version: af.Artefact) -> bool | None:
        seen = look(version)
        if seen.error is not None:
            return None
        return any(m.text == text for m in new_in_document(seen.dom, ()))

    for message in found:
        finding = dataclasses.replace(_finding(page, DOCUMENT, message), place=place)
        origin = attribute_fault(run, page, functools.partial(shows, message.text))
        yield origin.on(finding)


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
