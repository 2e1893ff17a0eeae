"""What the README and the pages in docs show is what happens."""

from __future__ import annotations

import re
import tomllib

import pytest
import readme_examples

from pytest_agentflow import __all__ as public_names

EXAMPLES = readme_examples.examples()


DOCS = readme_examples.ROOT / "docs"


def readme() -> str:
    """The page that everybody reads first."""
    return readme_examples.README.read_text("utf-8")


def pages() -> str:
    """All that is written for users."""
    return "\n".join(page.read_text("utf-8") for page in readme_examples.PAGES)


@pytest.mark.parametrize(
    ("command", "shown"),
    EXAMPLES,
    ids=[f"{n}-{c.partition('-c ')[2][:20]}" for n, (c, _) in enumerate(EXAMPLES)],
)
def test_a_console_example_prints_what_is_shown(command: str, shown: str) -> None:
    """Terminal text is API: run tests/packaging/readme_examples.py after a change."""
    assert readme_examples.run(command) == shown


@pytest.mark.parametrize("name", readme_examples.PRINTERS)
def test_a_failure_reads_as_shown(name: str) -> None:
    """What a failing gate and a copied page say is shown to the letter."""
    shown = readme_examples.texts()

    assert set(shown) == set(readme_examples.PRINTERS)
    assert readme_examples.PRINTERS[name]() == shown[name]


def test_the_readme_names_only_what_is_there() -> None:
    """Every af.NAME of our pages is a public name."""
    named = set(re.findall(r"\baf\.(\w+)", pages())) - {"NAME"}

    assert len(named) > 5
    assert named <= set(public_names)


def test_every_shipped_mark_has_its_page() -> None:
    """The README's table leads to a heading of each mark that there is."""
    rows = re.findall(
        r"^\| \[`(\w+)`\]\(docs/([\w.]+)(?:#(.*))?\)", readme(), re.MULTILINE
    )
    project = tomllib.loads((readme_examples.ROOT / "pyproject.toml").read_text())
    marks = project["project"]["entry-points"]["pytest_agentflow.checks"]

    assert sorted(name for name, _, _ in rows) == sorted(marks)
    for name, page, anchor in rows:
        headings = re.findall(
            r"^#+ (.*)$", (DOCS / page).read_text("utf-8"), re.MULTILINE
        )
        slugs = [re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings]
        assert anchor in slugs if anchor else name in headings[0].lower(), name


def test_options_and_ini_keys_are_those_of_the_tables(
    pytester: pytest.Pytester,
) -> None:
    """Whatever pytest --help lists of ours has one row, and nothing else has."""
    told = "\n".join(pytester.runpytest_subprocess("--help").outlines)
    there = set(re.findall(r"^ +(--agentflow[\w-]*)", told, re.MULTILINE))
    there |= set(re.findall(r"^ +(agentflow_\w+)", told, re.MULTILINE))
    settings = (DOCS / "settings.md").read_text("utf-8")
    firsts = re.findall(r"^\| (`[^|]*)", settings, re.MULTILINE)
    rows = re.findall(r"`((?:--)?agentflow[\w-]*)", " ".join(firsts))

    assert sorted(rows) == sorted(there)


def test_every_extra_is_explained() -> None:
    """The table of extras is that of the project."""
    project = tomllib.loads((readme_examples.ROOT / "pyproject.toml").read_text())
    extras = re.findall(r"^\| `\[(\w+)\]`", readme(), re.MULTILINE)

    assert sorted(extras) == sorted(project["project"]["optional-dependencies"])
