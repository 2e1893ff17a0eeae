"""How much of what was known of a customer stands in a text: distinguishing terms."""

from __future__ import annotations

import fnmatch
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

import pytest_agentflow as af
from agentflow_checks.flow.texts import as_text
from agentflow_checks.grounding.atoms import atoms
from agentflow_checks.grounding.folding import fold, word_form
from agentflow_checks.grounding.kinds import AMOUNTS, Atom, Reading, is_hard
from agentflow_checks.grounding.stopwords import STOP_WORDS
from agentflow_checks.teamwork.json_path import parse_path, values_at

#: A content word or a typed value in one notation: ("word", "boiler").
Term: TypeAlias = tuple[str, str]

_WORD = re.compile(r"[^\W\d_]{2,}")
_ENDINGS = ("ing", "ed", "es", "s")
_SHORTEST = 3
_KEPT = 4
#: Kinds of atoms whose words say the same, or which are found by guess.
_AS_WORDS = frozenset({"name", "quotation", "address"})


def terms_of(text: str) -> frozenset[Term]:
    """Give the content words and typed values of a text, each in one notation.

    Amounts count by their number alone, so that "62 employees" is in "a staff of 62".
    """
    words = {("word", _stem(w)) for w in _WORD.findall(fold(text).text)}
    kept = {(k, w) for k, w in words if len(w) >= _SHORTEST and w not in STOP_WORDS}
    found = [a for a in atoms(text, lang="", role="source") if _counts(a)]
    return frozenset(kept | {_key(r) for atom in found for r in atom.readings})


def _counts(atom: Atom) -> bool:
    return atom.type not in _AS_WORDS and is_hard(atom)


def _key(reading: Reading) -> Term:
    if reading.type in AMOUNTS and reading.value is not None:
        return "amount", f"{reading.value.normalize():f}"
    return reading.type, reading.normal


def _stem(word: str) -> str:
    """Cut what a word's place in the sentence adds; both sides are cut alike."""
    plain = word_form(word)
    if plain in STOP_WORDS:
        return plain
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) - len(ending) >= _KEPT:
            return plain.removesuffix(ending)
    return plain


def idf(profiles: Iterable[Collection[Term]]) -> Mapping[Term, float]:
    """Weigh terms by how few customers have them: ln(N / df).

    What all customers share weighs nothing. The inverse document frequency of Spärck
    Jones (1972) over the customers' profiles.
    """
    known = list(profiles)
    held = Counter(term for profile in known for term in set(profile))
    return {term: math.log(len(known) / df) for term, df in held.items()}


def share(
    profile: Collection[Term], text: Collection[Term], weights: Mapping[Term, float]
) -> float | None:
    """Give the weighted share of a profile's terms that stand in a text, 0 to 1.

    `None` where nothing distinguishes the profile from the others.
    """
    whole = math.fsum(weights.get(term, 0.0) for term in profile)
    there = set(text)
    carried = math.fsum(weights.get(term, 0.0) for term in profile if term in there)
    return carried / whole if whole > 0 else None


def profile_text(run: af.Run, profile: str | None) -> str:
    """Give what the workflow was told of its customer.

    Args:
        run: the run.
        profile: a JSON path into the inputs (``$.customer``), a section of a prompt
            (``<customer>``) or a glob of source ids. Without: the inputs, sources that
            are profiles, and what retrievers and tools were asked.

    Raises:
        af.CheckError: nothing is there.
    """
    found = _profile(run, profile)
    text = "\n".join(part for part in found if part.strip())
    if not text and profile is not None:
        message = f"run {run.id} holds nothing at profile={profile!r}"
        raise af.CheckError(message)
    return text


def _profile(run: af.Run, profile: str | None) -> list[str]:
    if profile is None:
        asked = [
            as_text(dict(call.invocation.arguments))
            for call in run.calls
            if call.invocation is not None
        ]
        own = [source.text for source in run.sources if source.kind == "profile"]
        return [as_text(dict(run.inputs)), *own, *asked]
    if profile.startswith("$"):
        return [as_text(value) for _, value in values_at(profile, dict(run.inputs))]
    if profile.startswith("<"):
        return _sections(run, profile)
    return [s.text for s in run.sources if fnmatch.fnmatchcase(s.id, profile)]


def _sections(run: af.Run, tag: str) -> list[str]:
    """Give a prompt's text between a tag and its end, of the first that has it."""
    for call in run.calls:
        _, opened, rest = call.prompt.partition(tag)
        text, closed, _ = rest.partition(f"</{tag[1:]}")
        if opened and closed:
            return [text]
    return []


def check_profile(profile: str | None) -> None:
    """Refuse what cannot name a profile; raises `ValueError`."""
    if profile is not None and profile.startswith("$"):
        parse_path(profile)
    if profile is not None and profile.startswith("<"):
        whole = re.fullmatch(r"<[\w.-]+>", profile)
        if whole is None:
            message = f"profile={profile!r} is no tag such as '<customer>'"
            raise ValueError(message)


def research_text(run: af.Run) -> str:
    """Give what was found about the customer: retrieved documents, tools' results."""
    found = [s for s in run.sources if s.kind in {"retrieved", "tool"}]
    return "\n".join(f"{source.title}\n{source.text}" for source in found)
