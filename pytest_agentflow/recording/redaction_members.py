"""Members that hold a credential by their name: ``{"password": ...}``, ``token=``."""

from __future__ import annotations

import re
from collections.abc import Callable

from pytest_agentflow.recording.secret_forms import CREDENTIAL_NAMES

_NAMES = "|".join(map(re.escape, sorted(CREDENTIAL_NAMES)))
_MEMBER = re.compile(rf'\\?"({_NAMES})\\?"\s*:', re.IGNORECASE)
_FORM_MEMBER = re.compile(rf"(?<![^&])({_NAMES})=([^&]+)", re.IGNORECASE)
_HIDDEN_LETTER = re.compile(r"\\u00[2-7]")
_CREDENTIAL = re.compile(r"(?=\S*[0-9])\S{8,}|\S{20,}")


def may_hold_credential(document: str) -> bool:
    """Whether a JSON text names a credential, or may hide one by escaped letters."""
    return bool(_HIDDEN_LETTER.search(document) or _MEMBER.search(document))


def is_credential(key: str, item: object) -> bool:
    """Tell a password from its label: ``{"password": "Choose one"}`` is a form."""
    if key.lower() not in CREDENTIAL_NAMES or not isinstance(item, str):
        return False
    if _is_placeholder(item):
        return False
    word = item.rpartition(" ")[2] if item.count(" ") == 1 else item
    return _CREDENTIAL.fullmatch(word) is not None


def without_form_credentials(form: str, mark: Callable[[str], str]) -> str:
    """Give an URL-encoded form with `mark` of its name in place of each credential."""

    def masked(match: re.Match[str]) -> str:
        if _is_placeholder(match[2]):
            return match[0]
        return f"{match[1]}={mark(match[1].lower())}"

    return _FORM_MEMBER.sub(masked, form)


def _is_placeholder(text: str) -> bool:
    return text.startswith("[redacted") and text.endswith("]")
