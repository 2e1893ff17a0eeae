"""The agentflow command: find the subcommand and call it."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import keyword
import os
import select
import sys
from typing import TextIO

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.model.text import visible

GROUP = "pytest_agentflow.commands"

UNREAD = 141
"""128 + SIGPIPE."""

_OWN = {
    "check": "judge recordings, pages (.html) or folders of either",
    "show": "stages, calls, tokens, money, sources and artefacts of one run",
    "diff": "what changed, stage by stage",
    "tradeoff": "how many stages, which model, and what the split is worth",
    "init": "first test and first recording command for this project",
    "import": "traces and cassettes of other tools -> *.flow.json",
    "scan": "secrets and personal data in recordings and other files",
    "erase": "take a person out of all recordings",
    "export": "runs and their verdicts -> OpenTelemetry (OTLP JSON)",
    "prune": "recordings that no test reads",
    "prices": "what a price file holds; price locks of recordings brought up to it",
}


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand: 0 all passed, 1 some check did not, 2 the call was wrong.

    141, without a word, where nobody read the output to its end (`| head`): what a
    shell gives for a program that a closed pipe ended.
    """
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        if not _silenced():
            raise
        return UNREAD


def _silenced() -> bool:
    """Send what nobody reads to nowhere, so that leaving Python does not fail on it.

    After https://docs.python.org/3/library/signal.html#note-on-sigpipe. False where
    both our streams are read: then the broken pipe was another one.
    """
    unread = [stream for stream in (sys.stdout, sys.stderr) if _is_unread(stream)]
    for stream in unread:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    return bool(unread)


def _is_unread(stream: TextIO) -> bool:
    try:
        stream.flush()
    except BrokenPipeError:
        return True
    if not hasattr(select, "poll"):
        return False
    # Without a buffer nothing is left to flush: ask for the pipe's other end.
    asked = select.poll()
    try:
        asked.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):  # no file stands behind it
        return False
    return any(event & select.POLLERR for _, event in asked.poll(0))


def _run(argv: list[str] | None) -> int:
    words = sys.argv[1:] if argv is None else argv
    if not words or words[0] in ("-h", "--help"):
        sys.stdout.write(_usage())
        return 0 if words else 2
    if words[0] == "--version":
        version = importlib.metadata.version("pytest-agentflow")
        sys.stdout.write(f"pytest-agentflow {version}\n")
        return 0
    name, rest = words[0], words[1:]
    try:
        if name in _OWN:
            room = f"{name}_" if keyword.iskeyword(name) else name
            module = importlib.import_module(f"pytest_agentflow.cli.{room}")
            return int(module.main(rest))
        families = importlib.metadata.entry_points(group=GROUP, name=name)
        for entry in families:
            return int(entry.load()(rest))
    except CallWrong as error:
        sys.stderr.write(f"agentflow {name}: {visible(str(error))}\n")
        return 2
    sys.stderr.write(_no_command(name))
    return 2


def _no_command(name: str) -> str:
    families = (entry.name for entry in importlib.metadata.entry_points(group=GROUP))
    known = [*_OWN, *sorted(families)]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)};"
    return (
        f"agentflow: there is no command {name!r}; {hint} "
        "`agentflow --help` says more\n"
    )


def _said_of(entry: importlib.metadata.EntryPoint) -> str:
    """Give the first line of what a family's command says of itself."""
    doc = getattr(entry.load(), "__doc__", None) or f"(from {entry.value})"
    return str(doc).splitlines()[0].partition(";")[0].rstrip(".").lower()


def _usage() -> str:
    lines = ["usage: agentflow COMMAND ...", ""]
    lines += [f"  {name:<10} {text}" for name, text in _OWN.items()]
    for entry in sorted(importlib.metadata.entry_points(group=GROUP)):
        lines.append(f"  {entry.name:<10} {_said_of(entry)}")
    lines += ["", "agentflow COMMAND --help says more.", ""]
    return "\n".join(lines)
