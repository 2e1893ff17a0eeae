"""axe-core's answer as outcomes: rules, examined subjects, findings."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import pytest_agentflow as af
from agentflow_checks.a11y.affected import why
from agentflow_checks.a11y.choice import Choice
from agentflow_checks.a11y.remedies import checks_of, detail, remedy
from agentflow_checks.a11y.same_fault import fault_of

KINDS = ("violations", "incomplete", "passes", "inapplicable")
"""Of axe-core's answer."""

SEVERITIES = {
    "critical": af.Severity.CRITICAL,
    "serious": af.Severity.ERROR,
    "moderate": af.Severity.WARNING,
    "minor": af.Severity.INFO,
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One page, or state of a page, with axe-core's answer about it."""

    name: str
    """How findings name it: the artefact, or the address."""
    stage: str | None
    axe: Mapping[str, Any]
    where: Callable[[str], tuple[int, int] | None]
    """Line and column of a selector's element in the source, where they are known."""
    state: str | None = None
    """What was done with the page before, in words; None: nothing."""
    viewport: int | None = None
    scheme: str | None = None


Node: TypeAlias = Mapping[str, Any]
"""One element of a rule's answer."""


def _always(node: Node, judged: Judged) -> bool:
    del node, judged
    return True


def _no_html(node: Node, judged: Judged) -> bool:
    """Whether the element is one of the page by which the browser shows bare XML."""
    del node
    return judged.name.lower().endswith(".xml") and judged.where("html") is None


def _several_refreshes(node: Node, judged: Judged) -> bool:
    del node
    return all(
        any(rule["id"].startswith("meta-refresh") for rule in judged.axe[kind])
        for kind in ("violations", "passes")
    )


class Doubt(NamedTuple):
    """Why violations of a rule are questions."""

    reason: str
    when: Callable[[Node, Judged], bool] = _always
    """Of which elements."""


_NO_HTML = Doubt("the document is no HTML, and HTML demands nothing of it", _no_html)
_REFRESH = Doubt("of several, the first that can be read counts", _several_refreshes)

DOUBTFUL = {
    "document-title": _NO_HTML,
    "frame-focusable-content": Doubt(
        "an open dialog may close the frame off, which axe-core does not look at"
    ),
    "html-has-lang": _NO_HTML,
    "label-content-name-mismatch": Doubt(
        "axe-core is often wrong about it: 4 of its 10 false alarms on the W3C's test "
        "cases; compare what is seen with what is read out"
    ),
    "meta-refresh": _REFRESH,
    "meta-refresh-no-exceptions": _REFRESH,
}
"""Rules whose violations are questions, and why."""

_DECIDED = frozenset({"violations", "passes"})
_KNOWN = _DECIDED | {"inapplicable"}
DECIDED_BETTER = {
    "bypass": ("bypass-repeated", _DECIDED),
    "frame-focusable-content": ("frame-in-tab-order", _KNOWN),
    "frame-title-unique": ("frames-same-name", _DECIDED),
    "identical-links-same-purpose": ("same-name-same-purpose", _DECIDED),
    "meta-refresh": ("refresh-delay", _KNOWN),
    "meta-refresh-no-exceptions": ("refresh-delay-no-exceptions", _KNOWN),
}
"""axe-core's rules that one of our own stands for where its answer is one of these:
it opens what axe-core only asks about, or follows the standard where axe-core errs."""

REASONS = {
    "bgImage": "the text stands on a picture",
    "bgGradient": "the text stands on a gradient",
    "bgOverlap": "another element covers the background",
    "fgAlpha": "the text is partly transparent",
    "imgNode": "the element is a picture",
    "elmPartiallyObscured": "another element covers part of it",
    "elmPartiallyObscuring": "it covers part of another element",
    "outsideViewport": "it lies outside the viewport",
    "equalRatio": "text and background have the same colour",
    "shortTextContent": "the text is too short to tell from a symbol",
    "nonBmp": "the text is made of symbols",
    "pseudoContent": "a ::before or ::after box may be its background",
    "colorParse": "a colour could not be read",
    "complexTextShadows": "the text has several shadows",
}
"""axe-core's reason keys for what it cannot decide, in words."""


def outcomes(judged: Judged, choice: Choice) -> Iterator[object]:
    """Give rules, examined subjects and findings of one page.

    A rule that axe-core calls a best practice asks one question per page; of any other
    rule each element is a subject of its own.
    """
    judged = dataclasses.replace(judged, axe=_without_doubles(judged.axe))
    place = af.Place(stage=judged.stage, artefact=judged.name)
    for rule in judged.axe["inapplicable"]:
        yield af.Rule(id=f"a11y.{rule['id']}", title=rule.get("help", ""))
    for rule in judged.axe["passes"]:
        title = rule.get("help", "")
        yield af.Rule(id=f"a11y.{rule['id']}", title=title)
        # Our own visits count, foreign results list the elements.
        count = rule["count"] if "count" in rule else len(rule["nodes"])
        yield af.Examined(rule=f"a11y.{rule['id']}", count=count, place=place)
    for kind in ("violations", "incomplete"):
        for rule in judged.axe[kind]:
            yield from _findings(judged, choice, rule, certain=kind == "violations")


def _without_doubles(axe: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Leave out what a rule of our own decides better."""
    said = {(rule["id"], kind) for kind in KINDS for rule in axe[kind]}
    gone = {
        theirs
        for theirs, (ours, kinds) in DECIDED_BETTER.items()
        if any((ours, kind) in said for kind in kinds)
    }
    return {kind: [r for r in axe[kind] if r["id"] not in gone] for kind in KINDS}


def _findings(
    judged: Judged, choice: Choice, rule: Mapping[str, Any], *, certain: bool
) -> Iterator[af.Finding]:
    asks = choice.only_asks(rule["id"], rule["tags"])
    known = DOUBTFUL.get(rule["id"])
    for node in rule["nodes"]:
        doubt = known.reason if known and known.when(node, judged) else None
        fails = certain and not asks and doubt is None
        yield _finding(
            judged,
            rule,
            node,
            verdict=af.Verdict.FAILED if fails else af.Verdict.UNDETERMINED,
            reason=_reason(node) if not certain else doubt,
            subject=judged.name
            if asks
            else f"{judged.name} {selector_of(node)}"
            + (f" {judged.state}" if judged.state else ""),
        )


def _finding(
    judged: Judged,
    rule: Mapping[str, Any],
    node: Mapping[str, Any],
    *,
    verdict: af.Verdict,
    reason: str | None,
    subject: str,
) -> af.Finding:
    selector = selector_of(node)
    line, column = judged.where(selector) or (None, None)
    box = node.get("box")
    cure = remedy(rule, node)
    return af.Finding(
        rule=f"a11y.{rule['id']}",
        title=rule["help"],
        message=f"cannot be decided: {reason}" if reason else cure.message,
        verdict=verdict,
        severity=SEVERITIES[node.get("impact") or rule.get("impact") or "moderate"],
        place=af.Place(
            stage=judged.stage,
            artefact=judged.name,
            line=line,
            column=column,
            selector=selector,
            box=None if box is None else tuple(box),
            viewport=judged.viewport,
            scheme=judged.scheme,
            state=judged.state,
        ),
        observed=cure.observed,
        expected=cure.expected,
        evidence=node["html"],
        why=why(rule["tags"]),
        fix=cure.fix,
        help_url=rule["helpUrl"],
        tags=tuple(rule["tags"]),
        fault=fault_of(rule["id"], node, judged.where),
        subject=subject,
    )


def selector_of(node: Mapping[str, Any]) -> str:
    """Write axe-core's target as one selector; frames and shadow roots by ``>>>``."""
    steps = ([s] if isinstance(s, str) else s for s in node["target"])
    return " >>> ".join(itertools.chain.from_iterable(steps))


def _reason(node: Mapping[str, Any]) -> str:
    """Say why axe-core could not decide, with its own key where it has one."""
    for check in checks_of(node):
        data = check.get("data")
        key = data.get("messageKey") if isinstance(data, Mapping) else None
        if key:
            return f"{REASONS.get(key, check['message'])} ({key})"
    return detail(node)
