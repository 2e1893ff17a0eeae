"""One thing found, with all that a reader needs to act on it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from pytest_agentflow.model.place import Place
from pytest_agentflow.model.verdict import Severity, Verdict

Status = Literal["new", "known", "waived", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found: where, expected, observed, why it matters, how to fix it."""

    rule: str
    """Stable id of the rule: ``a11y.color-contrast``, ``PII-04``."""
    message: str
    """One sentence: what is wrong."""
    place: Place = field(default_factory=Place)
    verdict: Verdict = Verdict.FAILED
    """`FAILED`, `UNDETERMINED` (a question) or `ERROR` (not examinable)."""
    severity: Severity = Severity.ERROR
    title: str = ""
    observed: str | None = None
    expected: str | None = None
    why: str = ""
    fix: str = ""
    help_url: str | None = None
    tags: tuple[str, ...] = ()
    fault: str | None = None
    """A word that names the fault alike, whichever rule reports it: ``alt``,
    ``reference:for``. Findings of one word on one spot are one fault, and told once;
    a word that begins with ``page:`` holds wherever on the page it stands."""
    subject: str | None = None
    """Key of the subject it is about; several findings of one subject count once."""
    source: Place | None = None
    """Where the offending value came from."""
    introduced_by: str | None = None
    """The stage that brought the fault in; ``inputs`` when it was given one."""
    introduced_between: tuple[str, str] | None = None
    """An honest range, where the stages between could not be decided."""
    propagated_through: tuple[str, ...] = ()
    repaired_by: str | None = None
    lost_at: str | None = None
    """The stage whose output no longer holds what it should have passed on."""
    evidence: str | None = None
    """What makes it this finding and no other; masked where it is secret."""
    status: Status = "new"
    advisory: bool = False
    """Reported, but lets the test pass: its rule only warns. Set by the engine."""

    @property
    def fingerprint(self) -> str:
        """A key that survives re-recording: rule, stage, path sans indexes, evidence.

        16 hexadecimal digits of SHA-256. Line numbers, boxes and spans do not count,
        nor of markup what it says: text, addresses and values (see `shape`).
        """
        place = self.place
        told = self.evidence if self.evidence is not None else self.observed
        words = " ".join((told or self.message).split())
        markup = shape(words)
        width = "" if place.viewport is None else str(place.viewport)
        parts = [self.rule, place.stage or "", place.property or "", width]
        # A selector is only as long as the rest of the page makes it.
        spot = "" if markup else place.path or place.selector or place.artefact or ""
        parts += [_steady(spot), markup or words.casefold()]
        parts += [place.state] if place.state else []
        # Recorded JSON may hold half a surrogate pair.
        key = "\x1f".join(parts).encode(errors="surrogatepass")
        return hashlib.sha256(key).hexdigest()[:16]

    @property
    def fails(self) -> bool:
        """Whether it makes its rule fail: failed, no warning, not known, not waived."""
        stands = self.status in ("new", "expired") and not self.advisory
        return self.verdict is Verdict.FAILED and stands

    def with_status(self, status: Status) -> Finding:
        """Give the same finding with another status."""
        return replace(self, status=status)


_TAG = re.compile(
    r"""\s*<([a-z][^\s/>"'<=]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>?""",
    re.IGNORECASE,
)
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?"""
)
_NAMING = frozenset({"class", "id", "name", "role", "type"})
"""Attributes of which the value says which element it is, and not what it shows."""


def shape(markup: str) -> str:
    """Reduce an element to what a template gives it; empty where it is no element.

    Kept are its name, the names of its attributes in the order of the alphabet, and of
    class, id, name, role and type the words without a digit. What it says changes from
    one recording and one customer to the next: text, addresses, styles, numbers.

    Args:
        markup: begins with a start tag: ``<a class="nav" href="/ada">Ada</a>``.
    """
    if (tag := _TAG.match(markup)) is None:
        return ""
    kept: set[str] = set()
    for name, *values in _ATTRIBUTE.findall(tag[2]):
        words = "".join(values).split() if name.lower() in _NAMING else []
        naming = sorted({word for word in words if not re.search(r"\d", word)})
        kept.add(" ".join([name.lower(), *naming]))
    return "\x1e".join([f"<{tag[1].lower()}", *sorted(kept)])


def _steady(spot: str) -> str:
    """Take out of a path or selector what counts, and the values it selects by."""
    spot = re.sub(r"\[\d+\]|:nth-(?:last-)?(?:child|of-type)\([^)]*\)", "", spot)
    return re.sub(r"""([~|^$*]?=)(?:"[^"]*"|'[^']*')(?=\])""", r"\1", spot)
