"""Which rules a WCAG level and version ask for."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Collection, Iterable
from typing import Protocol

import pytest_agentflow as af

_TAGS = {
    ("2.0", "A"): "wcag2a",
    ("2.0", "AA"): "wcag2aa",
    ("2.0", "AAA"): "wcag2aaa",
    ("2.1", "A"): "wcag21a",
    ("2.1", "AA"): "wcag21aa",
    ("2.1", "AAA"): "wcag21aaa",
    ("2.2", "A"): "wcag22a",
    ("2.2", "AA"): "wcag22aa",
    ("2.2", "AAA"): "wcag22aaa",
}
"""axe-core's tags; each version of WCAG adds criteria to the one before."""

BEST_PRACTICE = "best-practice"
LEFT_OUT = frozenset({"deprecated", "experimental"})
"""Tags of rules that run only when they are named."""


class TaggedRule(Protocol):
    """A rule of axe-core with its tags."""

    @property
    def id(self) -> str:
        """Its id, ``color-contrast``."""

    @property
    def tags(self) -> Collection[str]:
        """Its tags, ``wcag2aa`` among them."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the check was asked for."""

    level: str = "AA"
    version: str = "2.2"
    rules: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    best_practices: str = "review"
    states: tuple[str, ...] = ()

    @property
    def tags(self) -> frozenset[str]:
        """The tags of the criteria that level and version ask for."""
        return frozenset(
            tag
            for (version, level), tag in _TAGS.items()
            if version <= self.version and len(level) <= len(self.level)
        )

    def wants(self, rule: str, tags: Collection[str]) -> bool:
        """Whether a rule with these tags is to be run."""
        if rule in self.exclude:
            return False
        if self.rules is not None:
            return rule in self.rules
        if LEFT_OUT & {*tags}:
            return False
        by_level = bool(self.tags & {*tags})
        return by_level or (BEST_PRACTICE in tags and self.best_practices != "ignore")

    def only_asks(self, rule: str, tags: Collection[str]) -> bool:
        """Whether a rule's findings are questions: WCAG does not demand it."""
        named = self.rules is not None and rule in self.rules
        return BEST_PRACTICE in tags and self.best_practices == "review" and not named


def chosen(choice: Choice, known: Iterable[TaggedRule]) -> frozenset[str]:
    """Give the ids of the installed rules that the choice asks for.

    Raises:
        CheckError: a rule was named that there is not.
    """
    by_id = {rule.id: rule for rule in known}
    for name in (*(choice.rules or ()), *choice.exclude):
        if name not in by_id:
            near = difflib.get_close_matches(name, by_id, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            message = f"there is no rule {name!r}, of axe-core or of ours{hint}"
            raise af.CheckError(message)
    ids = frozenset(
        rule.id for rule in by_id.values() if choice.wants(rule.id, rule.tags)
    )
    if not ids:
        raise af.CheckError("rules= and exclude= leave no rule to judge by")
    return ids
