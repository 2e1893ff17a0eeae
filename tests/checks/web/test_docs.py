"""What docs/writing-checks.md shows is what happens."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from agentflow_checks.web import html

import pytest_agentflow as af

TEXT = (Path(__file__).parents[3] / "docs/writing-checks.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)

Written = Callable[[int], object]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """The page's examples as modules of a user's."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def module(number: int) -> object:
        name = f"documented_checks_{number}"
        (tmp_path / f"{name}.py").write_text(BLOCKS[number], "utf-8")
        return importlib.import_module(name)

    return module


def run_of(body: str) -> af.Run:
    """A run whose one stage made a page."""
    page = af.Artefact(
        name="index.html", media_type="text/html", data=body.encode(), stage="frontend"
    )
    return af.Run(
        workflow="w",
        case="c",
        stages=(af.Stage(name="frontend"),),
        artefacts=(page,),
    )


def test_the_check_of_elements_does_as_it_says(written: Written) -> None:
    """An image without alt, one with a long alt and a good one; no image is nothing."""
    img_alt = written(0).img_alt  # type: ignore[attr-defined]
    run = run_of('<img src="a.png"><img alt="abcdef"><img alt="ab">')
    rule = af.evaluate(run, img_alt(longest=3)).results[0].rules[0]
    assert (rule.examined, rule.passed) == (3, 1)
    assert [f.message for f in rule.findings] == [
        "<img src='a.png'> has no alt",
        "the alt has 6 characters, 3 at most",
    ]
    assert [f.place.column for f in rule.findings] == [1, 18]
    assert af.evaluate(run_of("<p>x"), img_alt()).verdict == "inapplicable"


def test_the_check_of_runs_does_as_it_says(written: Written) -> None:
    """A stage without an output is found, with the stage's name."""
    stages_speak = written(1).stages_speak  # type: ignore[attr-defined]
    found = af.evaluate(run_of("<p>x"), stages_speak()).findings
    assert [(f.message, f.introduced_by) for f in found] == [
        ("frontend gave nothing", "frontend")
    ]


def test_the_table_of_a_tag_names_all_that_it_has() -> None:
    """Fields and methods of an element are those of the table."""
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert rows == [field.name for field in dataclasses.fields(html.Tag)]
    tag = html.Tag(
        name="img", attributes={"alt": "x"}, text="", line=1, column=1, html="<img>"
    )
    assert "alt" in tag
    assert (tag["alt"], tag.get("src"), tag.get("src", "d")) == ("x", None, "d")


def test_the_page_names_only_what_is_there() -> None:
    """Every af.NAME of the page is a public name."""
    assert set(re.findall(r"\baf\.(\w+)", TEXT)) <= set(af.__all__)


def test_the_table_of_criteria_is_that_of_the_rules() -> None:
    """What docs/accessibility.md says is decided is what the installed rules decide."""
    from agentflow_checks.a11y.criteria import table
    from agentflow_checks.a11y.rules import RULES
    from agentflow_checks.web.visits import axe_rules

    page = (Path(__file__).parents[3] / "docs/accessibility.md").read_text("utf-8")
    assert "\n".join(table(axe_rules(), RULES.values())) in page, (
        "run scripts/wcag-table"
    )
