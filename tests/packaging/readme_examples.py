"""The console examples of the README, run.

python tests/packaging/readme_examples.py    # writes their outputs into the README
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from pathlib import Path

from pytest_agentflow.cli.main import main

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
EXAMPLE = re.compile(r"```console\n\$ (agentflow [^\n]*)\n(.*?)```", re.DOTALL)


def examples() -> list[tuple[str, str]]:
    """Commands with the outputs that the README shows."""
    return EXAMPLE.findall(README.read_text("utf-8"))


def run(command: str) -> str:
    """Run one command of ours at the root of the repository; give what it prints."""
    out = io.StringIO()
    before = Path.cwd()
    os.chdir(ROOT)
    try:
        with contextlib.redirect_stdout(out):
            main(shlex.split(command)[1:])
    finally:
        os.chdir(before)
    return out.getvalue()


def rewrite() -> None:
    """Put today's outputs into the README."""
    text = README.read_text("utf-8")

    def block(match: re.Match[str]) -> str:
        return f"```console\n$ {match[1]}\n{run(match[1])}```"

    README.write_text(EXAMPLE.sub(block, text), "utf-8")


if __name__ == "__main__":
    rewrite()
