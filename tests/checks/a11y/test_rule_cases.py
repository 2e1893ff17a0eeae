"""Our own accessibility rules hold on their own examples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bs4
import pytest
from agentflow_checks import a11y
from agentflow_checks.a11y import own
from agentflow_checks.a11y.rules import RULES
from agentflow_checks.web.visits import visit

FOLDER = Path(a11y.__file__).parent / "cases"
KINDS = ("pass", "fail", "undetermined", "inapplicable")
CASES = sorted(FOLDER.glob("*/*.html"))


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_examples(rule: str) -> None:
    """A rule is shown where it holds, where it does not, and where it is silent.

    One that only a person can call kept is shown where it asks.
    """
    kinds = {file.name.partition("-")[0] for file in FOLDER.glob(f"{rule}/*.html")}
    assert "inapplicable" in kinds <= set(KINDS)
    assert kinds & {"fail", "undetermined"}
    assert "pass" in kinds or {"fail", "undetermined"} <= kinds


def test_every_example_is_one_of_a_rule() -> None:
    """No folder of examples has lost its rule."""
    assert {file.parent.name for file in CASES} <= RULES.keys()


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.parent.name}/{c.stem}")
def test_a_rule_decides_its_examples(case: Path) -> None:
    """Elements marked data-fault fail, those marked data-question are asked about."""
    kind, rule = case.name.partition("-")[0], case.parent.name
    visited = visit(case.read_bytes(), root=case.parent, name=case.name, rules=())
    assert visited.error is None
    said = own.answer(visited, {rule}, budget=60)
    page = bs4.BeautifulSoup(visited.dom, "html.parser")
    assert _elements(page, said["violations"]) == page.select("[data-fault]")
    assert _elements(page, said["incomplete"]) == page.select("[data-question]")
    assert bool(said["violations"]) == (kind == "fail")
    assert bool(said["incomplete"]) == (kind == "undetermined")
    assert bool(said["inapplicable"]) == (kind == "inapplicable")
    assert kind != "pass" or said["passes"]


def _elements(page: bs4.BeautifulSoup, found: list[dict[str, Any]]) -> list[bs4.Tag]:
    """Give the elements that were found, each once, in the page's order."""
    wanted = {id(tag) for tag in _selected(page, found)}
    return [tag for tag in page.find_all(True) if id(tag) in wanted]


def _selected(
    page: bs4.BeautifulSoup, found: list[dict[str, Any]]
) -> Iterator[bs4.Tag]:
    for rule in found:
        for node in rule["nodes"]:
            # Of what lies in a frame the frame is marked.
            tag = page.select_one(node["target"][0].partition(" >>> ")[0])
            assert tag is not None, node["target"]
            assert node["remedy"]["message"]
            yield tag
