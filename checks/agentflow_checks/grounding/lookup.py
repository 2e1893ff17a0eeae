"""Looking one atom up in the indexed sources, type by type."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

from agentflow_checks.grounding.amount_lookup import find_amount
from agentflow_checks.grounding.dates import date_parts
from agentflow_checks.grounding.evidence import Evidence, evidence_at
from agentflow_checks.grounding.folding import spaced
from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.names import name_words
from agentflow_checks.grounding.phone_lookup import find_phone
from agentflow_checks.grounding.sources import Hit, Index
from agentflow_checks.grounding.vocabulary import holds_initials, holds_word
from agentflow_checks.grounding.word_lookup import find_verbatim, find_words

#: "Temporomandibular Joint (TMJ)": the source may know the short form only.
_SHORT_FORM = re.compile(r"[ ]?\(([A-Z]{2,8})s?\)")
_APART = "with its parts apart"
_MONTH_WORDS = """
    ? january february march april may june july august september october november
    december
"""
_MONTHS = _MONTH_WORDS.split()


def look_up(index: Index, atom: Atom, *, context: str = "") -> Evidence:
    """Find the best evidence for an atom over all its readings.

    Args:
        index: the sources.
        atom: the value.
        context: the text that the atom's span indexes; its words say whether the
            value is hedged ("nearly 5,000").
    """
    best = Evidence(atom=atom, status="unsupported")
    for reading in atom.readings:
        found = _FINDERS[reading.type](index, atom, reading, context)
        if found is not None and _RANK[found.status] < _RANK[best.status]:
            best = found
        if best.status == "supported":
            return best
    return best


_RANK: dict[str, int] = {
    "supported": 0,
    "rounded": 1,
    "derived": 2,
    "elsewhere": 3,
    "unsupported": 4,
    "contradicted": 5,
}


def _equal(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    hit = index.exact.get((reading.type, reading.normal))
    return None if hit is None else evidence_at(index, atom, hit, "supported")


def _identifier(
    index: Index, atom: Atom, reading: Reading, context: str
) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    text = find_words(index, spaced(reading.normal))
    if text is not None:
        return evidence_at(index, atom, text, "supported")
    head = re.split(r"[^A-Z]", reading.normal, maxsplit=1)[0].lower()
    if len(head) > 2 and head in index.vocabulary.words:
        return Evidence(atom=atom, status="elsewhere", note="with other digits")
    return None


def _url(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    host, _, path = reading.normal.partition("/")
    same_host = index.hosts.get(host, ())
    for hit in same_host:
        rest = hit.reading.normal[len(host) + 1 :]
        if _is_prefix(path, rest):
            return evidence_at(index, atom, hit, "supported")
    if same_host:
        return evidence_at(index, atom, same_host[0], "elsewhere", "with another path")
    loose = None if path else find_words(index, host.replace(".", " "))
    return None if loose is None else evidence_at(index, atom, loose, "supported")


def _is_prefix(path: str, whole: str) -> bool:
    following = whole[len(path) : len(path) + 1]
    return whole.startswith(path) and not (path and following.isalnum())


def _phone(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    return find_phone(index, atom, reading)


def _date(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    year, month, day = date_parts(reading.normal)
    partly: Hit | None = None
    for (y, m, d), hit in index.dates:
        if m != month or (day and d != day):
            continue
        if not year or y == year:
            return evidence_at(index, atom, hit, "supported")
        partly = partly or (None if y else hit)
    if partly is not None and Decimal(year) in index.values:
        return evidence_at(index, atom, partly, "elsewhere", _APART)
    if not day and holds_word(index.vocabulary, _MONTHS[int(month) % 13]):
        hits = index.values.get(Decimal(year), ())
        years = (hit for hit in hits if hit.reading.type == "year")
        return next(
            (evidence_at(index, atom, hit, "elsewhere", _APART) for hit in years), None
        )
    return None


def _time(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    if not any(c.isdigit() for c in atom.text):
        return Evidence(atom=atom, status="elsewhere", note="in other words")
    hour, _, minute = reading.normal.partition(":")
    if minute != "00":
        return None
    hits = index.values.get(Decimal(int(hour) % 12 or 12), ())
    for hit in hits:
        if hit.reading.type == "number":
            return evidence_at(index, atom, hit, "elsewhere", "as a number only")
    return None


def _name(index: Index, atom: Atom, reading: Reading, context: str) -> Evidence | None:
    known = index.vocabulary
    words = name_words(reading.normal)
    missing = [word for word in words if not holds_word(known, word)]
    short = _SHORT_FORM.match(context, atom.end)
    abbreviated = short is not None and holds_word(known, short[1].lower())
    if not missing or abbreviated or holds_initials(known, words):
        return evidence_at(index, atom, _find_name(index, words), "supported")
    if len(missing) == len(words):
        return None
    held = [word for word in words if word not in missing]
    note = f"without {', '.join(missing)}"
    return evidence_at(index, atom, _find_name(index, held), "elsewhere", note)


def _find_name(index: Index, words: Iterable[str]) -> Hit | None:
    run = tuple(words)
    return find_words(index, " ".join(run)) or (
        find_words(index, max(run, key=len)) if run else None
    )


def _address(
    index: Index, atom: Atom, reading: Reading, context: str
) -> Evidence | None:
    found = _equal(index, atom, reading, context)
    if found is not None:
        return found
    number, *street = spaced(reading.normal).split()
    name = " ".join(street[:-1]) or " ".join(street)
    hit = find_words(index, f"{number} {name}") or find_words(index, f"{name} {number}")
    return None if hit is None else evidence_at(index, atom, hit, "supported")


def _quotation(index: Index, atom: Atom, reading: Reading, _: str) -> Evidence | None:
    hit = find_verbatim(index, reading.normal)
    return None if hit is None else evidence_at(index, atom, hit, "supported")


def holds(index: Index, atom: Atom) -> bool:
    """Tell whether these texts hold the value itself, in whatever notation.

    Stricter than :func:`look_up` for names, whose words must stand together: this
    follows one value through outputs, it does not look for evidence.
    """
    if atom.type == "name":
        return find_words(index, spaced(atom.normal)) is not None
    return look_up(index, atom).status == "supported"


_Finder = Callable[[Index, Atom, Reading, str], Evidence | None]
_FINDERS: dict[str, _Finder] = {
    "email": _equal,
    "url": _url,
    "phone": _phone,
    "date": _date,
    "time": _time,
    "year": find_amount,
    "money": find_amount,
    "percent": find_amount,
    "quantity": find_amount,
    "number": find_amount,
    "name": _name,
    "identifier": _identifier,
    "address": _address,
    "quotation": _quotation,
}
