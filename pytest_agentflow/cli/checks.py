"""Checks as they are written behind ``-c``."""

from __future__ import annotations

from pathlib import Path

from pytest_agentflow.checking.check import BadArgument, Check, located
from pytest_agentflow.checking.discovery import CheckNotInstalled, UnknownCheck
from pytest_agentflow.checking.expression import BadExpression, parse_check
from pytest_agentflow.cli.outcome import CallWrong


def read_check(text: str) -> Check:
    """Read one check; files that it names are sought from the working directory.

    Raises `CallWrong` for what is no check, or has arguments that it does not take.
    """
    try:
        return located(parse_check(text), [Path.cwd()])
    except (BadExpression, BadArgument, UnknownCheck, CheckNotInstalled) as error:
        message = f"-c {text!r}: {error}"
        raise CallWrong(message) from error
