"""Values that structured sources bind by key: there a wrong value is certain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from agentflow_checks.grounding.atoms import atoms
from agentflow_checks.grounding.claims import Claim
from agentflow_checks.grounding.evidence import Evidence
from agentflow_checks.grounding.json_leaves import is_written, leaves
from agentflow_checks.grounding.kinds import Atom
from agentflow_checks.grounding.phone_lookup import same_number
from agentflow_checks.grounding.sources import Document, Index

#: Keys that people use for the same thing.
_SYNONYMS = {
    "tel": "phone", "telephone": "phone", "phonenumber": "phone", "mobile": "phone",
    "contactphone": "phone", "mail": "email", "emailaddress": "email",
    "contactemail": "email", "cost": "price", "amount": "price", "website": "url",
    "web": "url", "homepage": "url", "streetaddress": "address", "street": "address",
    "employeecount": "employees", "numberofemployees": "employees",
    "foundingdate": "founded", "foundingyear": "founded", "established": "founded",
}  # fmt: skip
#: What a value under a key is read as if it stood after.
_READ_AS = {
    "phone": "tel: ", "fax": "fax: ", "author": "by ", "person": "by ",
    "speaker": "by ", "reviewer": "by ", "contactperson": "by ", "manager": "by ",
    "founder": "by ", "ceo": "by ", "owner": "by ",
}  # fmt: skip
_NOT_LETTER = re.compile(r"[^a-z]")
#: An atom is the value of its key when it fills at least this share of the text.
_FILLS = 0.6


@dataclass(frozen=True, slots=True)
class Binding:
    """A value of a structured source: document, key, record names, atoms, text."""

    document: int
    key: str
    record: frozenset[str]
    path: str
    text: str
    atoms: tuple[Atom, ...]


def with_contradictions(
    index: Index, claim: Claim, found: Sequence[Evidence]
) -> list[Evidence]:
    """Hold values that stand under a key against the sources' values of that key.

    A value is ``contradicted`` when the sources bind the key of the same record (or the
    key once only) to another value of its type, even if the value stands elsewhere.
    """
    if not claim.key:
        return list(found)
    key = canonical_key(claim.key)
    bound = [b for b in _bindings(index) if b.key == key]
    if not bound:
        return list(found)
    return [_bind(index, claim, evidence, bound) for evidence in found]


def atoms_under_key(text: str, key: str, *, lang: str = "en") -> tuple[Atom, ...]:
    """Read the values of a text that stands under a key: they are what the key says.

    "5551234" alone is a number of nothing, under "telephone" it is one to call; "Ann
    Lee" alone may be a heading, under "author" it is a person.
    """
    canonical = canonical_key(key) if key else ""
    prefix = _READ_AS.get(canonical, "")
    if not prefix:
        return atoms(text, lang=lang)
    return tuple(
        replace(atom, start=atom.start - len(prefix), end=atom.end - len(prefix))
        for atom in atoms(prefix + text, lang=lang)
        if atom.start >= len(prefix)
    )


def canonical_key(key: str) -> str:
    """Fold the spellings of a key: ``emailAddress``, ``e-mail`` and ``email``."""
    plain = _NOT_LETTER.sub("", key.lower())
    return _SYNONYMS.get(plain, plain)


def _bind(
    index: Index, claim: Claim, evidence: Evidence, bound: Sequence[Binding]
) -> Evidence:
    atom = evidence.atom
    if len(atom.text) < _FILLS * len(claim.text.strip()):
        return evidence
    rivals = [b for b in bound if any(_same_type(atom, other) for other in b.atoms)]
    rivals = _of_record(rivals, claim.record)
    if not rivals or any(_equal(atom, other) for b in rivals for other in b.atoms):
        return evidence
    first = rivals[0]
    document = index.documents[first.document]
    start = max(document.text.find(first.text), 0)
    return replace(
        evidence,
        status="contradicted",
        source=document.id,
        kind=document.kind,
        span=(start, start + len(first.text)),
        note=f"{first.path} is {first.text}",
    )


def _of_record(rivals: list[Binding], record: frozenset[str]) -> list[Binding]:
    """Keep the bindings of the claim's record, or the only record there is."""
    if named := [b for b in rivals if b.record & record]:
        return named
    records = {(b.document, b.record) for b in rivals}
    texts = {b.text for b in rivals}
    return rivals if len(records) == 1 or len(texts) == 1 else []


def _same_type(one: Atom, other: Atom) -> bool:
    return one.type == other.type


def _equal(one: Atom, other: Atom) -> bool:
    for a in one.readings:
        for b in other.readings:
            if a.type != b.type:
                continue
            if a.normal == b.normal or (
                a.type == "phone" and same_number(a.normal, b.normal)
            ):
                return True
    return False


def _bindings(index: Index) -> list[Binding]:
    known = index.remembered.get("bindings")
    if known is None:
        known = index.remembered["bindings"] = [
            binding
            for number, document in enumerate(index.documents)
            for binding in _of_document(number, document, index.lang)
        ]
    return cast("list[Binding]", known)


def _of_document(number: int, document: Document, lang: str) -> Iterator[Binding]:
    text = document.text.strip()
    if text[:1] not in {"{", "["}:
        return
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    for leaf in leaves(data):
        if not is_written(leaf.value):
            continue
        written = str(leaf.value).strip()
        found = atoms_under_key(written, leaf.key, lang=lang)
        filling = tuple(a for a in found if len(a.text) >= _FILLS * len(written))
        if filling:
            key = canonical_key(leaf.key)
            yield Binding(number, key, leaf.record, leaf.path, written, filling)
