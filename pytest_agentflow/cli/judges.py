"""The judge that a command names, recorded beside each run that it judges."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.cli.people import configured
from pytest_agentflow.cli.pythonpath import read_settings
from pytest_agentflow.pricing.book import load_book
from pytest_agentflow.running.judge_loading import judge_named
from pytest_agentflow.running.judging import JudgeSettings, RecordedJudge
from pytest_agentflow.running.settings import (
    BadSetting,
    Mode,
    RunSettings,
    read_configuration,
)

MODES = ("replay", "record", "live")


def add_judge_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that lets a judge decide what is open."""
    parser.add_argument(
        "--judge",
        metavar="MODULE:FUNCTION",
        help="judge of what checks leave open; else the setting agentflow_judge",
    )
    parser.add_argument(
        "--judge-mode",
        choices=MODES,
        help="replay its answers (default), record what is new, or ask live",
    )


def judge_of(
    options: argparse.Namespace, command: Callable[..., str]
) -> RecordedJudge | None:
    """Give the judge that options or the project's settings name; `None`: nobody.

    Args:
        options: of the command.
        command: gives the command that judges again, with more options.

    Raises `CallWrong` for a name of another form, and for a mode without a judge.
    """
    here = Path.cwd()
    name = options.judge or "".join(configured(here, "agentflow_judge")[1]).strip()
    if not name:
        if options.judge_mode:
            message = f"--judge-mode={options.judge_mode}: name a judge with --judge"
            raise CallWrong(message)
        return None
    folders = [*map(str, read_settings(here, here).folders), str(here)]
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    place, prices = configured(here, "agentflow_prices")
    book = place / prices[0].strip() if prices else None
    lists = {
        key: tuple(configured(here, f"agentflow_{key}")[1])
        for key in ("personal", "redact", "volatile", "allow_hosts", "host_aliases")
    }
    mode: Mode = options.judge_mode or "replay"
    settings = RunSettings(mode=mode, recordings=lambda: here, **lists)  # type: ignore[arg-type]
    try:
        return RecordedJudge(
            judge_named(name),
            JudgeSettings(
                mode=mode,
                configuration=read_configuration(settings),
                book=lambda: load_book(book),
                environment=lambda: os.environ,
                command=command,
            ),
        )
    except BadSetting as error:
        raise CallWrong(str(error)) from None
