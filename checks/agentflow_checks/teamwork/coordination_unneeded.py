"""What a stage is handed although it does not read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.shape import tokens_given
from agentflow_checks.flow.shingles import shingle_keys
from agentflow_checks.flow.texts import forms, handed_on
from agentflow_checks.flow.token_flow import Copy, Origin, Prompt, TokenFlow
from agentflow_checks.teamwork.json_path import parse_path, values_at

Reads = Mapping[str, Sequence[str]]
"""Stage -> sections of outputs of the stages before it that it reads.

A section is a JSON path (``$.description``) or a stretch of text (``Section 1..Section
2``: from the first words up to the second, or to the end where nothing stands behind
the dots). ``personalizer:$.description`` means the output of that stage only.
"""

_SHOWN = 8


def validate_reads(reads: Reads) -> None:
    """Raise `ValueError` where a section cannot be read."""
    example = 'reads={"frontend": ["$.description"]}'
    for stage, sections in reads.items():
        if isinstance(sections, str) or not sections:
            message = f"reads= maps {stage!r} to a list of sections: {example}"
            raise ValueError(message)
        for section in sections:
            _, where = _split(section)
            if where.startswith("$"):
                parse_path(where)
            elif ".." not in where:
                message = (
                    f"{section!r} is no section: a JSON path begins with $, a stretch "
                    "of text has dots between its first words and those behind it: "
                    '"Section 1..Section 2"'
                )
                raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unneeded:
    """What one stage was handed without reading it."""

    stage: str
    tokens: float
    share: float
    """Of the tokens of its prompts, 0 to 1."""
    source: str = ""
    """The stage that most of it comes from."""
    what: str = ""
    """The section that most of it is: a JSON path, or its first words."""


def unneeded(run: af.Run, flow: TokenFlow, reads: Reads) -> Iterator[Unneeded]:
    """Measure what each declared stage is handed outside the sections that it reads.

    Counted is text that the stages before it handed on (their outputs), word for word.
    Raises `CheckError` where a section is in no output, `UnknownStage` for a stage that
    the run does not have.
    """
    for name, sections in reads.items():
        run.stage(name)
        needed = _keys(flow, _needed(run, name, sections))
        prompts = flow.of(name)
        whole = tokens_given(flow, name)
        if not whole:
            message = f"{name} was given no text, so that nothing of it is read"
            raise af.CheckError(message)
        left = [(p, c, part) for p in prompts for c, part in _left(flow, p, needed)]
        tokens = sum(p.tokens_in(*part) for p, _, part in left)
        source, what = _name(run, flow, left)
        yield Unneeded(
            stage=name,
            tokens=tokens,
            share=min(tokens / whole, 1.0),
            source=source,
            what=what,
        )


def _needed(run: af.Run, stage: str, sections: Sequence[str]) -> Iterator[str]:
    earlier = [run.stage(n) for n in sorted(af.ancestors(run, stage))]
    for section in sections:
        owner, where = _split(section)
        sources = [run.stage(owner)] if owner else earlier
        values = [v for s in sources for v in _values(s, where)]
        if not values:
            listed = ", ".join(s.name for s in sources) or "no stage"
            message = (
                f"reads[{stage!r}]: there is no {where} in what {listed} handed on; "
                "agentflow show --json prints the outputs"
            )
            raise af.CheckError(message)
        for value in values:
            yield from forms(value)


def _split(section: str) -> tuple[str, str]:
    owner, colon, where = section.partition(":$")
    return (owner, "$" + where) if colon else ("", section)


def _values(stage: af.Stage, where: str) -> Iterator[Any]:
    for output in handed_on(stage):
        if where.startswith("$"):
            yield from (value for _, value in values_at(where, _parsed(output)))
        elif isinstance(output, str):
            yield from _stretch(output, where)


def _parsed(output: Any) -> Any:
    if not isinstance(output, str):
        return output
    try:
        return json.loads(output)
    except ValueError:
        return output


def _stretch(text: str, where: str) -> Iterator[str]:
    first, _, behind = where.partition("..")
    start = text.find(first)
    if start < 0:
        return
    end = text.find(behind, start + len(first)) if behind else len(text)
    yield text[start : end if end >= 0 else len(text)]


def _keys(flow: TokenFlow, texts: Iterator[str]) -> frozenset[int]:
    read = flow.vocabulary.read
    return frozenset(k for t in texts for k in shingle_keys(read(t), flow.width))


def _left(
    flow: TokenFlow, prompt: Prompt, needed: frozenset[int]
) -> Iterator[tuple[Copy, tuple[int, int]]]:
    """Give the stretches of hand-offs that no needed section holds."""
    covered = bytearray(prompt.words)
    for place, key in enumerate(shingle_keys(prompt.numbers, flow.width)):
        if key in needed:
            covered[place : place + flow.width] = b"\1" * flow.width
    for copy in prompt.copies:
        if copy.origin is Origin.OUTPUT:
            for start, end in _holes(covered, copy.start, copy.end):
                # What stands between two needed sections are their names.
                if end - start >= flow.width:
                    yield copy, (start, end)


def _holes(covered: bytearray, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        start = covered.find(0, start, end)
        if start < 0:
            return
        stop = covered.find(1, start, end)
        stop = end if stop < 0 else stop
        yield start, stop
        start = stop


def _name(
    run: af.Run, flow: TokenFlow, left: Sequence[tuple[Prompt, Copy, tuple[int, int]]]
) -> tuple[str, str]:
    if not left:
        return "", ""
    prompt, copy, (start, end) = max(left, key=lambda item: item[0].tokens_in(*item[2]))
    stage = copy.source.stage
    keys = frozenset(shingle_keys(prompt.numbers[start:end], flow.width))
    shares = [
        (len(keys & _keys(flow, forms(value))), f"$.{key}")
        for output in handed_on(run.stage(stage))
        if isinstance(parsed := _parsed(output), dict)
        for key, value in parsed.items()
    ]
    most, path = max(shares, default=(0, ""))
    if most:
        return stage, path
    # A section of plain text is known by its first words.
    first, _, (begin, stop) = next(x for x in left if x[1].source.stage == stage)
    words = flow.vocabulary.write(first.numbers[begin : min(stop, begin + _SHOWN)])
    return stage, f"{words!r} ..."
