"""The words of a command, read; what is wrong with them is said in one sentence."""

from __future__ import annotations

import argparse
import difflib
import sys
from typing import Any, NoReturn

from pytest_agentflow.cli.outcome import WRONG

_REQUIRED = "the following arguments are required: "


class Arguments(argparse.ArgumentParser):
    """argparse's own, which would print its usage before the error, over many lines.

    A misspelt option is told before what is missing: the one is often the other.
    """

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read the words; leaves with status 2 where they are wrong."""
        words = sys.argv[1:] if args is None else list(args)
        end = words.index("--") if "--" in words else len(words)
        names = [word.partition("=")[0] for word in words[:end]]
        known = [*self._option_string_actions]
        for name in names:
            if name.startswith("--") and not any(k.startswith(name) for k in known):
                near = difflib.get_close_matches(name, known, n=1)
                meant = f"; did you mean {near[0]}?" if near else ";"
                self._leave(f"there is no option {name}{meant}")
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and what to write instead."""
        if not message.startswith(_REQUIRED):
            self._leave(f"{message};")
        needed = [action for action in self._actions if _is_needed(action)]
        placed = [_written(action) for action in needed if not action.option_strings]
        named = [_written(action) for action in needed if action.option_strings]
        call = " ".join([self.prog, *placed, *named])
        lacking = message.removeprefix(_REQUIRED)
        self._leave(f"{lacking} must be given: {call};")

    def _leave(self, sentence: str) -> NoReturn:
        sys.stderr.write(f"{self.prog}: {sentence} `{self.prog} --help` says more\n")
        sys.exit(WRONG)


def _is_needed(action: argparse.Action) -> bool:
    return action.required and action.nargs != argparse.SUPPRESS


def _written(action: argparse.Action) -> str:
    value = str(action.metavar or action.dest.upper())
    more = f"{value} ..." if action.nargs == "+" else value
    return f"{action.option_strings[0]} {more}" if action.option_strings else more
