"""agentflow init: a first test, and the command that makes its first recording."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pytest_agentflow.cli.outcome import PASSED, CallWrong

TEST = '''"""The workflow keeps its promises."""

import pytest
import pytest_agentflow as af

# The workflow is any function that calls models. Replace this import by yours:
from {module} import {function}

CASES = ["first"]


@pytest.mark.cost(total=0.10)
@pytest.mark.parametrize("case", CASES, ids=CASES)
def test_{function}(agentflow: af.AgentFlow, case: str) -> None:
    run = agentflow.run({function}, case)  # replayed unless --agentflow=record
    assert run.stages
'''

ATTRIBUTES = (
    "*.flow.json linguist-generated text eol=lf",
    # A pattern with a slash inside counts from the top folder: hence the leading **/.
    "**/*.flow.blobs/** -text -diff linguist-generated",
)
IGNORED = "*.flow.partial.jsonl"


def main(argv: list[str]) -> int:
    """Write what is not there yet; change no line that is."""
    parser = argparse.ArgumentParser(prog="agentflow init", description=__doc__)
    parser.add_argument(
        "workflow",
        nargs="?",
        default="my_package.workflow:build",
        metavar="MODULE:FUNCTION",
        help="the workflow's function",
    )
    parser.add_argument("--tests", type=Path, default=Path("tests"), metavar="FOLDER")
    options = parser.parse_args(argv)
    module, _, function = options.workflow.partition(":")
    if not (module and function.isidentifier()):
        message = f"{options.workflow!r} is no MODULE:FUNCTION, such as site.flow:build"
        raise CallWrong(message)
    test = options.tests / f"test_{function}.py"
    _write(test, TEST.format(module=module, function=function))
    _append(Path(".gitattributes"), ATTRIBUTES)
    _append(Path(".gitignore"), (IGNORED,))
    sys.stdout.write(
        "\nNow record it once, with your provider's key in the environment:\n"
        f"  pytest {test} --agentflow=record\n"
        "and from then on replay it, without key or network:\n"
        f"  pytest {test}\n"
    )
    return PASSED


def _write(path: Path, text: str) -> None:
    if path.exists():
        sys.stdout.write(f"{path} is there already; left as it is\n")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    sys.stdout.write(f"wrote {path}\n")


def _append(path: Path, lines: tuple[str, ...]) -> None:
    present = path.read_text("utf-8") if path.exists() else ""
    missing = [line for line in lines if line not in present.splitlines()]
    if missing:
        gap = "" if not present or present.endswith("\n") else "\n"
        path.write_text(present + gap + "\n".join(missing) + "\n", "utf-8")
        sys.stdout.write(f"added {len(missing)} lines to {path}\n")
