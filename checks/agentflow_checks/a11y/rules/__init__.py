"""Our own accessibility rules, where axe-core is silent; one topic a module."""

from __future__ import annotations

from agentflow_checks.a11y.rules import (
    aria,
    backdrop,
    bypass,
    changes,
    device,
    errors,
    keyboard,
    labels,
    language,
    layout,
    links,
    media,
    motion,
    mouse,
    opening,
    purpose,
    tables,
    transcripts,
)
from agentflow_checks.a11y.rules.rule import OwnRule

_TOPICS = (
    media,
    transcripts,
    motion,
    device,
    keyboard,
    changes,
    labels,
    errors,
    purpose,
    backdrop,
    layout,
    mouse,
    opening,
    tables,
    language,
    links,
    bypass,
    aria,
)

RULES: dict[str, OwnRule] = {rule.id: rule for topic in _TOPICS for rule in topic.RULES}
"""Every rule of ours by its id."""
