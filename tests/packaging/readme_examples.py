"""The examples of the README and of the pages in docs, run.

python tests/packaging/readme_examples.py          # writes their outputs into all
python tests/packaging/readme_examples.py PAGE.md  # into that one
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import worth_it
from agentflow_checks import accessibility, html_validity, personalised

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
# What docs/import.md shows needs a project of its own: tests/importers runs it.
DOCS = {page for page in (ROOT / "docs").glob("*.md") if page.name != "import.md"}
PAGES = (README, *sorted(DOCS))
RECORDINGS = ROOT / "examples/website_builder/recordings"
PLANTED = ROOT / "fixtures/planted"
# A command may go on after a backslash, as a shell reads it.
EXAMPLE = re.compile(
    r"```console\n\$ (agentflow (?:[^\n]*\\\n)*[^\n]*)\n(.*?)```", re.DOTALL
)
TEXT = re.compile(
    r"<!-- printed by (\w+) -->\n\n(?:```text\n(.*?)```|((?:\|[^\n]*\n)+))", re.DOTALL
)


def examples() -> list[tuple[str, str]]:
    """Commands with the outputs that the pages show."""
    return [shown for page in PAGES for shown in EXAMPLE.findall(_read(page))]


def texts() -> dict[str, str]:
    """The texts that the pages show by the names of those who print them."""
    found = [shown for page in PAGES for shown in TEXT.findall(_read(page))]
    return {name: text or table for name, text, table in found}


def _read(page: Path) -> str:
    return page.read_text("utf-8")


def run(command: str) -> str:
    """Run one command of ours at the root of the repository; give what it prints.

    What is piped behind it, ``| head -9``, is left to the shell.
    """
    ours, _, filters = command.replace("\\\n", "").partition(" | ")
    told = printed_by(ours.strip())
    return _piped(told, filters) if filters else told


@cache
def printed_by(command: str) -> str:
    """Run a command without what is piped behind it, once for all its excerpts."""
    out = io.StringIO()
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(out):
            main(shlex.split(command)[1:])
    finally:
        os.chdir(before)
    return out.getvalue()


def _piped(text: str, filters: str) -> str:
    done = subprocess.run(
        ["sh", "-c", filters],
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return done.stdout


def gate() -> str:
    """What the README's gate says where the bakery's run is the planted dear one."""
    dear = af.load(PLANTED / "dear-pictures/build_site/bakery.flow.json")
    split = [dear if r.case == dear.case else r for r in recorded("build_site/*")]
    try:
        outcome = af.require_decomposition(
            split,
            baseline=recorded("build_site_single/*"),
            checks=[accessibility("AA"), html_validity()],
            cost_ratio=0.40,
            quality_margin=0.10,
        )
    except af.DecompositionFailure as failure:
        return f"{failure}\n"
    return f"{outcome}\n"


def same_page() -> str:
    """What ``personalised`` says of the school's run that is a copy of the clinic's."""
    copied = af.load(PLANTED / "same-page/build_site/school.flow.json")
    judged = af.evaluate(
        replace(copied, folder=RECORDINGS), personalised("build_site/*")
    )
    return f"{af.failure_message(judged)}\n"


def changed_prompt() -> str:
    """What the example's suite says when one stage is told something else."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "website_builder"
        shutil.copytree(ROOT / "examples/website_builder", project)
        prompts = project / "site_builder/prompts.py"
        text = prompts.read_text("utf-8")
        prompts.write_text(text.replace("one complete HTML", "the best HTML"), "utf-8")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-k", "fit_to_ship and bakery"],
            cwd=project,
            env={k: v for k, v in os.environ.items() if not k.endswith("_BASE_URL")},
            capture_output=True,
            text=True,
            check=False,
        )
    told = done.stdout.partition("pytest_agentflow.Miss: ")[2]
    return told.partition("\n\n")[0] + "\n"


def recorded(pattern: str) -> list[af.Run]:
    """The example's recordings whose names fit a pattern."""
    return [af.load(path) for path in af.find_recordings(RECORDINGS, pattern)]


PRINTERS: dict[str, Callable[[], str]] = {
    "changed_prompt": changed_prompt,
    "gate": gate,
    "same_page": same_page,
    **worth_it.PRINTERS,
}


def rewrite(page: Path) -> None:
    """Put today's outputs into a page."""

    def block(match: re.Match[str]) -> str:
        return f"```console\n$ {match[1]}\n{run(match[1])}```"

    def printed(match: re.Match[str]) -> str:
        told = PRINTERS[match[1]]()
        body = told if told.startswith("|") else f"```text\n{told}```"
        return f"<!-- printed by {match[1]} -->\n\n{body}"

    text = EXAMPLE.sub(block, _read(page))
    page.write_text(TEXT.sub(printed, text), "utf-8")


if __name__ == "__main__":
    for one in [Path(name).resolve() for name in sys.argv[1:]] or PAGES:
        rewrite(one)
