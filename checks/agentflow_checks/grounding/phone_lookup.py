"""Telephone numbers looked up in the sources, national or international."""

from __future__ import annotations

from agentflow_checks.grounding.evidence import Evidence, evidence_at
from agentflow_checks.grounding.kinds import Atom, Reading
from agentflow_checks.grounding.sources import LONG_DIGITS, Index


def find_phone(index: Index, atom: Atom, reading: Reading) -> Evidence | None:
    """Find a number that is the same with or without its country code."""
    for digits, hit in index.digits:
        if same_number(reading.normal, digits):
            return evidence_at(index, atom, hit, "supported")
    return None


def same_number(one: str, other: str) -> bool:
    """Tell whether two digit strings, with ``+`` if international, are one number.

    A national number equals its international form when what precedes it there is a
    country code (up to three digits after ``+``, or the 1 of North America).
    """
    if one.lstrip("+") == other.lstrip("+"):
        return True
    if one.startswith("+") == other.startswith("+"):
        short, long = sorted((one.lstrip("+"), other.lstrip("+")), key=len)
        return len(short) == 10 and long == f"1{short}"
    national, abroad = (other, one[1:]) if one.startswith("+") else (one, other[1:])
    core = national.removeprefix("0")
    country = abroad.removesuffix(core)
    return len(core) >= LONG_DIGITS and abroad != country and 0 < len(country) <= 3
