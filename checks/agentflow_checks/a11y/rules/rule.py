"""What a rule of our own is: data, and one function that judges a visited page."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import pytest_agentflow as af
from agentflow_checks.web.page import Element, Visit
from agentflow_checks.web.probing import Probe

Impact = Literal["critical", "serious", "moderate", "minor"]
"""How much a fault keeps people from, in axe-core's words."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One element, or the page, as one rule sees it."""

    verdict: af.Verdict
    """PASSED, FAILED or UNDETERMINED."""
    selector: str = "html"
    html: str = ""
    """Its start tag, as evidence."""
    box: af.Box | None = None
    message: str = ""
    """What is wrong, or cannot be decided; said of this element, with figures."""
    observed: str = ""
    expected: str | None = None
    fix: str = ""
    """What to do; empty: the rule's own words."""


Facts = Mapping[str, Any]
"""What the rule's probes found, by their names; none of them is `Unknown`."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OwnRule:
    """A rule where axe-core is silent."""

    id: str
    """``focus-visible``; none of axe-core's."""
    title: str
    """What holds where it is kept, as a sentence without a full stop."""
    criteria: tuple[str, ...]
    """Success criteria of WCAG 2.2, ``("2.4.7",)``; none: a best practice."""
    level: Literal["A", "AA", "AAA"] = "A"
    version: Literal["2.0", "2.1", "2.2"] = "2.0"
    """The first version of WCAG that has the criterion."""
    act: tuple[str, ...] = ()
    """Ids of the W3C's ACT rules that it decides, in whole or part."""
    category: str = "keyboard"
    """One of axe-core's, for whom it matters: ``cat.`` is put before it."""
    impact: Impact = "serious"
    fix: str
    probes: tuple[Probe, ...] = ()
    """What is done with the page before it can be judged."""
    judge: Callable[[Visit, Facts], Iterator[Subject]]
    """Gives every subject, those that pass too; none: the rule does not apply."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags, as axe-core's rules have them."""
        if not self.criteria:
            return (f"cat.{self.category}", "best-practice")
        version = self.version.replace(".", "").removesuffix("0")
        return (
            f"cat.{self.category}",
            f"wcag{version}{self.level.lower()}",
            *(f"wcag{number.replace('.', '')}" for number in self.criteria),
        )

    @property
    def help_url(self) -> str:
        """Where the W3C explains it: the ACT rule, else the criterion."""
        if self.act:
            return (
                f"https://www.w3.org/WAI/standards-guidelines/act/rules/{self.act[0]}/"
            )
        return "https://www.w3.org/TR/WCAG22/"


def of(
    element: Element, verdict: af.Verdict, message: str = "", **said: Any
) -> Subject:
    """Make a subject of a laid-out element of the visit."""
    return Subject(
        verdict=verdict,
        selector=element.selector,
        html=start_tag(element),
        box=element.box,
        message=message,
        **said,
    )


def start_tag(element: Element) -> str:
    """Write an element's start tag, shortened."""
    pairs = "".join(f' {name}="{value}"' for name, value in element.attributes.items())
    whole = f"<{element.tag}{pairs}>"
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}..."


_LONGEST = 300
