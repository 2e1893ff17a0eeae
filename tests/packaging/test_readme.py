"""What the README shows is what happens."""

import re

import pytest
import readme_examples

from pytest_agentflow import __all__ as public_names

EXAMPLES = readme_examples.examples()


@pytest.mark.parametrize(
    ("command", "shown"),
    EXAMPLES,
    ids=[c.partition("-c ")[2][:20] for c, _ in EXAMPLES],
)
def test_a_console_example_prints_what_is_shown(command: str, shown: str) -> None:
    """Terminal text is API: run tests/packaging/readme_examples.py after a change."""
    assert readme_examples.run(command) == shown


def test_the_readme_names_only_what_is_there() -> None:
    """Every af.NAME of the README is a public name."""
    text = readme_examples.README.read_text("utf-8")
    assert set(re.findall(r"\baf\.(\w+)", text)) - {"NAME"} <= set(public_names)


def test_every_shipped_mark_has_its_section() -> None:
    """A mark that nobody can look up is not there."""
    text = readme_examples.README.read_text("utf-8")
    headings = " ".join(re.findall(r"^### (.*)$", text, re.MULTILINE))
    for name in ("policy", "design", "accessibility", "html_validity", "cost"):
        assert name in headings
