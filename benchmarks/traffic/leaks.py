"""Strings that look like secrets, by the recorder's rules and by independent ones."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from pytest_agentflow.recording.secret_forms import PATTERNS

#: After the rules of gitleaks 8 (MIT), written anew: the importer's own are others.
LEAKS = {
    "aws": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    "anthropic": r"\bsk-ant-(?:api03|admin01)-[\w-]{80,}",
    "openai": r"\bsk-(?:proj|svcacct|admin)-[\w-]{20,}|\bsk-[A-Za-z0-9]{48}\b",
    "openrouter": r"\bsk-or-v1-[0-9a-f]{64}\b",
    "google": r"\bAIza[\w-]{35}(?![\w-])",
    "google oauth": r"\bya29\.[\w-]{30,}",
    "github": r"\b(?:gh[pousr]_[0-9A-Za-z]{36}|github_pat_\w{82})\b",
    "gitlab": r"\bglpat-[\w-]{20}",
    "slack": r"\bxox[baprs]-[0-9]{8,}-[\w-]{10,}",
    "hugging face": r"\bhf_[A-Za-z]{34}\b",
    "groq": r"\bgsk_[A-Za-z0-9]{52}\b",
    "xai": r"\bxai-[A-Za-z0-9]{80}\b",
    "perplexity": r"\bpplx-[A-Za-z0-9]{48}\b",
    "stripe": r"\b[rs]k_(?:live|test)_[0-9A-Za-z]{20,}",
    "jwt": r"\bey[JI][\w-]{17,}\.ey[JI][\w-]{17,}\.[\w-]{10,}",
    "private key": r"-----BEGIN[ A-Z0-9]{0,30}PRIVATE KEY-----[\s\S]{64,}?-----END",
    "bearer": r"(?i)\bbearer\s+(?=[\w.~+/-]*[0-9])(?!\[)[\w.~+/-]{20,}",
    "set-cookie": r"(?i)\bset-cookie\b.{1,6}\w+=[^\[\s;\"']{16,}",
    "url password": r"[a-z][a-z0-9+.-]{2,9}://[^/\s:@\"\\]{1,40}:[^/\s@\"\\\[]{6,}@",
    "aws secret": r"(?i)aws_?secret\w{0,16}[\"']?\s*[:=]\s*[\"'][A-Za-z0-9/+]{40}\b",
}
EXPRESSIONS = {name: re.compile(form) for name, form in LEAKS.items()}


def suspicious(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    """Give the strings that look like secrets, by both sets of rules."""
    for name, expression in EXPRESSIONS.items():
        for found in expression.finditer(text):
            yield f"independent {name}", found
    lowered = text.lower()
    for pattern in PATTERNS:
        if any(needle in lowered for needle in pattern.needles):
            for found in pattern.expression.finditer(text):
                yield f"recorder's {pattern.name}", found


def is_inside_base64(text: str, found: re.Match[str]) -> bool:
    """Whether a hit is a part of a far longer base64 text: a picture, not a key."""
    around = text[max(0, found.start() - 60) : found.end() + 60]
    runs = re.findall(r"[A-Za-z0-9+/]{100,}", around)
    if not any(found[0][:20] in run for run in runs):
        return False
    try:
        base64.b64decode(runs[0][: len(runs[0]) // 4 * 4], validate=True)
    except ValueError:
        return False
    return True
