"""agentflow init: a first test, and the command that makes its first recording."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import PASSED, CallWrong
from pytest_agentflow.cli.pythonpath import Settings, add_folder, read_settings
from pytest_agentflow.cli.scaffold import TODO, first_test
from pytest_agentflow.cli.workflow import Workflow, find_workflow

ATTRIBUTES = (
    "*.flow.json linguist-generated text eol=lf",
    # A pattern with a slash inside counts from the top folder: hence the leading **/.
    "**/*.flow.blobs/** -text -diff linguist-generated",
)
IGNORED = "*.flow.partial.jsonl"


def main(argv: list[str]) -> int:
    """Write what is not there yet; change no line that is."""
    parser = Arguments(prog="agentflow init", description=__doc__)
    parser.add_argument(
        "workflow", metavar="MODULE:FUNCTION", help="the workflow's function"
    )
    parser.add_argument("--tests", type=Path, default=Path("tests"), metavar="FOLDER")
    options = parser.parse_args(argv)
    root = Path.cwd().resolve()
    tests = _inside(options.tests, root)
    settings = read_settings(root / tests, root)
    own = (root, root / "src")
    searched = [*settings.folders, *_installed(), *own, *_given()]
    workflow = find_workflow(options.workflow, list(dict.fromkeys(searched)))
    test = _test_path(tests, workflow)
    _write(test, first_test(workflow, toml=settings.file.suffix == ".toml"))
    by_hand = _importable(workflow, settings, root)
    _append(Path(".gitattributes"), ATTRIBUTES)
    _append(Path(".gitignore"), (IGNORED,))
    todos = test.read_text("utf-8").count(TODO)
    sys.stdout.write(_next_steps(test, by_hand, todos))
    return PASSED


def _inside(tests: Path, root: Path) -> Path:
    if not (root / tests).resolve().is_relative_to(root):
        message = (
            f"--tests {tests} does not lie below {root}; call agentflow init in the "
            "project's folder"
        )
        raise CallWrong(message)
    return (root / tests).resolve().relative_to(root)


def _installed() -> list[Path]:
    """List where pytest imports from without any setting."""
    # First stands the folder of the script, or with python -m the current one.
    entries = sys.path if sys.flags.safe_path else sys.path[1:]
    given = set(_given())
    return [p for entry in entries if entry and (p := Path(entry)) not in given]


def _given() -> list[Path]:
    """List what the environment of this call adds, which another need not have."""
    words = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [Path(word) for word in words if word]


def _test_path(tests: Path, workflow: Workflow) -> Path:
    """Name the test after the function, and where that one is another's, the module."""
    path = tests / f"test_{workflow.function}.py"
    module = re.compile(rf"(?<![\w.]){re.escape(workflow.module)}(?![\w])")
    if not path.exists() or module.search(path.read_text("utf-8")):
        return path
    longer = f"{workflow.module.replace('.', '_')}_{workflow.function}"
    return tests / f"test_{longer}.py"


def _importable(workflow: Workflow, settings: Settings, root: Path) -> str:
    """Have pytest find the workflow's module; give what is left to do by hand."""
    if workflow.home in settings.folders:
        file = settings.shown(root)
        sys.stdout.write(f"{file} has its pythonpath already; left as it is\n")
        return ""
    if workflow.home in _installed() or workflow.home not in (root, root / "src"):
        return ""
    added = add_folder(settings, workflow.home, root)
    if added.done:
        why = f"so that tests can import {workflow.module}"
        sys.stdout.write(f"added {added.text}, {why}\n")
    return "" if added.done else added.text


def _next_steps(test: Path, by_hand: str, todos: int) -> str:
    command = f"pytest {shlex.quote(str(test))}"
    first = ""
    if by_hand:
        first += f"\nFirst, so that tests can import the workflow: {by_hand}\n"
    if todos:
        values = "value" if todos == 1 else f"{todos} values"
        when = "Then" if by_hand else "First"
        first += f"\n{when}, write the {values} marked TODO in {test}.\n"
    return (
        f"{first}\nNow record it once, with your provider's key in the environment:\n"
        f"  {command} --agentflow=record\n"
        "and from then on replay it, without key or network:\n"
        f"  {command}\n"
    )


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
    if not missing:
        has = _count(len(lines), "line")
        sys.stdout.write(f"{path} has our {has} already; left as it is\n")
        return
    gap = "" if not present or present.endswith("\n") else "\n"
    path.write_text(present + gap + "\n".join(missing) + "\n", "utf-8")
    sys.stdout.write(f"added {_count(len(missing), 'line')} to {path}\n")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
