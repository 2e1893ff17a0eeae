"""Personal data and secrets in findings: recognisable to those who know them."""

from __future__ import annotations

import hashlib
import re


def mask(value: str) -> str:
    """Show the first character of each part of a value and hide the rest.

    ``m.osei@saltmarsh.example`` becomes ``m***@s***``, ``01632 960173`` ``0*** ***3``
    (digits show their first and last), ``Marguerite Osei`` ``M*** O***``.
    """
    value = " ".join(value.split())
    name, at, host = value.rpartition("@")
    if at:
        return f"{_first(name)}@{_first(host)}"
    if sum(c.isdigit() for c in value) >= 5:
        digits = re.sub(r"\D", "", value)
        return f"{digits[0]}***{digits[-1]}"
    return " ".join(_first(word) for word in value.split())


def _first(text: str) -> str:
    return f"{text[:1]}***"


def token(value: str, salt: str) -> str:
    """Give a short salted digest, by which one value can be told from another.

    32 bits of SHA-256 over salt and the value without case and blanks: enough to match
    findings of two runs, too little to prove a guess.
    """
    folded = "".join(value.split()).casefold()
    salted = f"{salt}\x1f{folded}".encode("utf-8", "replace")
    return f"#{hashlib.sha256(salted).hexdigest()[:8]}"
