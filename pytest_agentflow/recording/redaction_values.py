"""What is removed from one text: secrets, patterns, what stands for people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from pytest_agentflow.recording.redaction_addresses import (
    SIGNED_ADDRESS,
    grants_in,
    without_grants,
)
from pytest_agentflow.recording.redaction_headers import IN_ADDRESS
from pytest_agentflow.recording.redaction_hooks import placeholders, without_patterns
from pytest_agentflow.recording.redaction_text import Hit, recoded
from pytest_agentflow.recording.secret_forms import PATTERNS, PLACEHOLDER, secrets_of
from pytest_agentflow.recording.substitution import Substitution

#: What a hook's pattern found is named by.
HOOK = "hook"

_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_BINARY_ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be")
_TEXT_IN_BASE64 = 12


class Removal:
    """Finds and replaces, in one text, what must not be written.

    Args:
        environment: names and values of the environment.
        extra: further values.
        patterns: further texts, by their form.
        personal: what stands for a person, and what replaces it.
        inside: cleans what a base64 text holds.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        extra: Iterable[str],
        patterns: Iterable[re.Pattern[str]],
        personal: Substitution | None,
        inside: Callable[[bytes], bytes],
    ) -> None:
        self._secrets = secrets_of(environment, extra)
        forms = [(form, s.name) for s in self._secrets for form in s.forms]
        self._forms = sorted(forms, key=lambda pair: -len(pair[0]))
        self._fragments = [(f, s.name) for s in self._secrets for f in s.fragments]
        self._patterns = tuple(patterns)
        self._personal = personal
        self._held = [*self._fragments, *(personal.fragments() if personal else ())]
        self._inside = inside

    def mark(self, name: str) -> str:
        """Give what stands in a secret's place; it never holds a secret itself."""
        mark = f"[redacted:{name}]"
        return PLACEHOLDER if any(s.value in mark for s in self._secrets) else mark

    def text(self, text: str) -> str:
        """Give `text` without secrets, persons by their pseudonyms."""
        return self.without_own(self.without_secrets(text))

    def without_secrets(self, text: str) -> str:
        """Give `text` without what is a secret in every project."""
        lowered: str | None = None
        # First: a signature that was learnt from a request must not get another mark
        # than it had when the answer that gave it was written.
        text = without_grants(text)
        text = self._without_base64(text)
        for form, name in self._forms:
            if form in text:
                text = text.replace(form, self.mark(name))
        for pattern in PATTERNS:
            lowered = text.lower() if lowered is None else lowered
            if any(needle in lowered for needle in pattern.needles):
                text = pattern.expression.sub(self.mark(pattern.name), text)
        return text

    def without_own(self, text: str) -> str:
        """Give `text` without what this project declares."""
        if self._personal is not None:
            text = self._personal.text(text)
        return without_patterns(text, self._patterns, self.mark(HOOK))

    def hits(self, text: str) -> list[Hit]:
        """List the secrets in `text` by place, and what stands for a person."""
        found = self.hits_of_secrets(text)
        found += self._hits_of_patterns(text) if self._patterns else ()
        found += self._personal.hits(text) if self._personal else ()
        return sorted(found, key=lambda hit: (hit.start, -hit.end))

    def hits_of_secrets(self, text: str) -> list[Hit]:
        """List what is a secret in every project."""
        lowered = text.lower()
        signed = [
            Hit(start=start, end=end, name=SIGNED_ADDRESS, instead=IN_ADDRESS)
            for start, end in grants_in(text)
        ]
        formed = [
            self._hit(match, pattern.name)
            for pattern in PATTERNS
            if any(needle in lowered for needle in pattern.needles)
            for match in pattern.expression.finditer(text)
        ]
        return [*signed, *self.hits_of_values(text), *formed]

    def hits_of_values(self, text: str) -> list[Hit]:
        """List the secrets whose values are known."""
        return [
            self._hit(match, name)
            for form, name in [*self._forms, *self._fragments]
            if form in text
            for match in re.finditer(re.escape(form), text)
        ]

    def _hits_of_patterns(self, text: str) -> list[Hit]:
        done = placeholders(text)
        return [
            self._hit(match, HOOK)
            for pattern in self._patterns
            for match in pattern.finditer(text)
            if not any(a < match.end() and match.start() < b for a, b in done)
        ]

    def _hit(self, match: re.Match[str], name: str) -> Hit:
        start, end = match.span()
        return Hit(start=start, end=end, name=name, instead=self.mark(name))

    def _without_base64(self, text: str) -> str:
        near = [pair for pair in self._held if pair[0] in text]
        if self._personal is None and not near:
            return text
        return _BASE64_RUN.sub(lambda match: self._clean_run(match[0], near), text)

    def _clean_run(self, run: str, near: list[tuple[str, str]]) -> str:
        """Remove secrets from inside a base64 text, which stays base64 if it can."""
        held = [pair for pair in near if pair[0] in run]
        if not held:
            return recoded(run, self._text_inside) if self._personal else run
        for shift in range(min(4, len(run))):
            clean = run[:shift] + recoded(run[shift:], self._inside)
            if not any(fragment in clean for fragment, _ in held):
                return clean
        for fragment, name in held:
            run = run.replace(fragment, self.mark(name))
        return run

    def _text_inside(self, data: bytes) -> bytes:
        """Clean what base64 holds where it is a text of some length."""
        return (
            data
            if len(data) < _TEXT_IN_BASE64 or not is_text(data)
            else self._inside(data)
        )

    def binary(self, data: bytes) -> bytes:
        """Give bytes that are no text without secrets; their length stays."""
        text = data.decode("latin-1")
        for start, end in grants_in(text):
            text = text[:start] + "*" * (end - start) + text[end:]
        for form, _ in self._forms:
            for encoding in _BINARY_ENCODINGS:
                raw = form.encode(encoding, "surrogatepass").decode("latin-1")
                text = text.replace(raw, "*" * len(raw))
        for fragment, _ in self._held:
            text = text.replace(fragment, "A" * len(fragment))
        lowered = text.lower()
        for pattern in PATTERNS:
            if any(needle in lowered for needle in pattern.needles):
                text = pattern.expression.sub(lambda m: "*" * len(m[0]), text)
        for own in self._patterns:
            text = own.sub(lambda m: "*" * len(m[0]), text)
        data = text.encode("latin-1")
        return self._personal.binary(data) if self._personal else data


def is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
