"""Whether what is given a name by ARIA may have one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

NAMELESS = frozenset(
    {
        *("caption", "code", "deletion", "emphasis", "generic", "insertion", "none"),
        *("paragraph", "presentation", "strong", "subscript", "superscript"),
    }
)
"""Roles that cannot be named, by WAI-ARIA 1.2, 5.2.8.6."""

_GENERIC = ("b", "bdi", "bdo", "data", "div", "i", "pre", "q", "samp", "small", "span")
ROLES = dict.fromkeys((*_GENERIC, "u"), "generic") | {
    "caption": "caption",
    "code": "code",
    "del": "deletion",
    "em": "emphasis",
    "ins": "insertion",
    "p": "paragraph",
    "s": "deletion",
    "strong": "strong",
    "sub": "subscript",
    "sup": "superscript",
}
"""Roles of HTML's elements that cannot be named, by HTML-AAM and ARIA in HTML; those
for which axe-core gives none."""

_NAMING = (
    "[aria-label],[aria-labelledby],[aria-roledescription],[aria-braillelabel],"
    "[aria-brailleroledescription]"
)
_ROLE_ONLY = frozenset({"aria-roledescription", "aria-brailleroledescription"})
"""Prohibited on generic elements alone."""


def named(bench: Bench) -> Any:
    """Give the elements that ARIA names or describes the role of, with their roles."""
    if not probing.ask(bench, f"document.querySelector('{_NAMING}') !== null"):
        return []
    probing.install(bench, __package__, "aria.js")
    return json.loads(probing.ask(bench, "agentflowAria.named()"))


NAMED = Probe(name="aria-named", run=named, acts=False)


def role_of(one: dict[str, Any]) -> str:
    """Give the role of an element, empty where none is known for it."""
    if one["role"]:
        return str(one["role"])
    return "" if one["svg"] else ROLES.get(one["shape"], "")


def prohibited(given: list[str], role: str) -> list[str]:
    """Give those of the attributes that an element with the role must not have."""
    if role not in NAMELESS:
        return []
    return [name for name in given if role == "generic" or name not in _ROLE_ONLY]


def name_prohibited(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each element that ARIA names by whether its role may have a name."""
    del visited
    for one in facts[NAMED.name]:
        said = {
            "selector": one["selector"],
            "html": one["html"],
            "box": af.Box(*one["box"]),
        }
        role = role_of(one)
        wrong = prohibited(one["given"], role)
        if not role and not one["other"]:
            continue
        if not role or (wrong and one["other"]):
            message = "which role has it? Some roles must not have a name"
            yield Subject(verdict=af.Verdict.UNDETERMINED, message=message, **said)
        elif wrong:
            yield Subject(
                verdict=af.Verdict.FAILED,
                message=f"{' and '.join(wrong)} is prohibited on the role {role}: it "
                "is not read out everywhere, and may replace the text where it is",
                observed=f"<{one['shape']}> of the role {role} with {', '.join(wrong)}",
                expected="a role that may have a name, or the words as text",
                **said,
            )
        else:
            yield Subject(verdict=af.Verdict.PASSED, **said)


RULES = (
    OwnRule(
        id="aria-name-prohibited",
        title="ARIA names only what may have a name",
        criteria=(),
        act=("kb1m8s",),
        category="aria",
        fix="Give the element the role of what it is (group, region, img, ...), or "
        "write the words as text that all people get.",
        probes=(NAMED,),
        judge=name_prohibited,
    ),
)
