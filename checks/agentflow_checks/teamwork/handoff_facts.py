"""The facts that a hand-off must carry: values at paths, and typed values."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest_agentflow as af
from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.texts import as_text
from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.json_leaves import leaves
from agentflow_checks.grounding.kinds import (
    TYPES,
    Atom,
    AtomType,
    Reading,
    is_hard,
)
from agentflow_checks.grounding.structure import atoms_under_key, canonical_key
from agentflow_checks.teamwork.json_path import parse_path, values_at

INPUTS = "inputs"

#: A typed value is all of a text when it fills this share of its letters.
_FILLS = 0.6
_QUOTES = frozenset({"quote", "quotation", "testimonial", "citation", "blockquote"})
_SHORTEST_QUOTE = 5
_PART = re.compile(r"[a-z][a-z_-]*")
_PLURALS: dict[str, AtomType] = {
    **{name: name for name in TYPES},
    **{f"{name}s": name for name in TYPES},
    "addresses": "address",
    "quantities": "quantity",
    "e-mail": "email",
    "e-mails": "email",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One value that must survive: as written, where it stands, what it is.

    ``atoms`` are the typed values that say all of it; empty for words, which survive
    as they are written. ``shared`` is how many facts at different paths have this
    value: one place of it then shows that one of them arrived, not which.
    """

    text: str
    path: str | None = None
    declared: str = ""
    atoms: tuple[Atom, ...] = ()
    shared: int = 1

    @property
    def label(self) -> str:
        """The fact as one short text."""
        flat = " ".join(self.text.split())
        return flat if len(flat) <= 60 else f"{flat[:57]}..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One entry of ``must_carry``: a path, a type, or a type below a path."""

    written: str
    kind: AtomType | None = None
    path: str | None = None


def declared(entry: str) -> Declared:
    """Read ``$.contact.*``, ``money`` or ``money in $.offers``.

    Raises `ValueError` for what is none of these, and for names, which are found by
    guess: only names at a path are declared.
    """
    if not isinstance(entry, str):
        message = f"{entry!r} is no text; {_FORMS}"
        raise ValueError(message)  # noqa: TRY004 - one error for all that is written
    if entry.startswith("$"):
        parse_path(entry)
        return Declared(written=entry, path=entry)
    word, _, path = entry.strip().partition(" in ")
    kind = _PLURALS.get(word.strip().lower())
    if kind == "name":
        message = (
            "names are found by guess, and nothing fails on a guess; name the path of "
            "what must survive: '$.testimonials[*].name'"
        )
        raise ValueError(message)
    if kind is None:
        message = f"{entry!r} is neither a JSON path nor a kind of value; {_FORMS}"
        raise ValueError(message)
    if path:
        parse_path(path.strip())
    return Declared(written=entry, kind=kind, path=path.strip() or None)


_FORMS = (
    "write '$.contact.*', 'money' or 'money in $.offers'; kinds are "
    f"{', '.join(kind for kind in TYPES if kind != 'name')}"
)


def names_a_part(text: str) -> bool:
    """Whether a value is one word in lower case: it names a picture or a section."""
    return _PART.fullmatch(text) is not None


def output_of(run: af.Run, stage: str) -> Any:
    """Give what a stage handed on, or the inputs; JSON texts are read as JSON."""
    if stage == INPUTS:
        return dict(run.inputs)
    output = run.stage(stage).output
    if not isinstance(output, str):
        return output
    try:
        return json.loads(output)
    except (ValueError, RecursionError):
        return output


def facts_at(path: str, output: Any) -> Iterator[Fact]:
    """Give every value at a path, or below it, that says something."""
    for exact, value in values_at(path, output):
        for leaf in leaves(value, exact, _last_name(exact)):
            text = as_text(leaf.value).strip()
            if text:
                atoms = _filling(text, leaf.key)
                yield Fact(text=text, path=leaf.path, declared=path, atoms=atoms)


def counted_apart(facts: Sequence[Fact]) -> list[Fact]:
    """Give the facts, each with the number of paths that have its value."""
    paths: dict[object, set[str | None]] = defaultdict(set)
    for fact in facts:
        paths[_value(fact)].add(fact.path)
    return [replace(fact, shared=len(paths[_value(fact)])) for fact in facts]


def _value(fact: Fact) -> object:
    return tuple(atom.key for atom in fact.atoms) or fold(fact.text)


def facts_of(entry: Declared, output: Any) -> Iterator[Fact]:
    """Give the facts that one entry of ``must_carry`` declares, each once."""
    if entry.kind is None:
        yield from facts_at(entry.path or "$", output)
        return
    seen: set[tuple[str, str]] = set()
    for place, value in values_at(entry.path or "$", output):
        for path, atom in _typed(entry.kind, value):
            if atom.key not in seen:
                seen.add(atom.key)
                whole = place + path.removeprefix("$") if path else place
                yield Fact(
                    text=atom.text,
                    path=None if whole == "$" else whole,
                    declared=entry.written,
                    atoms=(atom,),
                )


def _typed(kind: AtomType, value: Any) -> Iterator[tuple[str | None, Atom]]:
    for claim in claims_of(value):
        if kind == "quotation" and (whole := _quotation(claim.text, claim.key)):
            yield claim.path, whole
            continue
        for atom in atoms_under_key(claim.text, claim.key, lang=""):
            if atom.type == kind and (kind == "quotation" or is_hard(atom)):
                yield claim.path, atom


def _quotation(text: str, key: str) -> Atom | None:
    """Read a text that stands under a key such as ``quote`` as a quotation."""
    long_enough = len(text.split()) >= _SHORTEST_QUOTE
    if canonical_key(key) not in _QUOTES or not long_enough:
        return None
    reading = Reading("quotation", letters(text))
    return Atom(text, 0, len(text), (reading,)) if reading.normal else None


def _filling(text: str, key: str) -> tuple[Atom, ...]:
    """Give the typed values of a text if it says little beside them."""
    found = [a for a in atoms_under_key(text, key, lang="") if a.type != "name"]
    found = [a for a in found if a.type != "quotation" and is_hard(a)]
    filled = sum(len(letters(atom.text)) for atom in found)
    return tuple(found) if found and filled >= _FILLS * len(letters(text)) else ()


def _last_name(path: str) -> str:
    return next((s for s in reversed(_steps(path)) if isinstance(s, str)), "")


def _steps(path: str) -> Sequence[str | int]:
    try:
        return parse_path(path)
    except ValueError:  # a key with a quotation mark in it
        return ()
