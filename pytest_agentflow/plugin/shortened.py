"""Errors of ours as pytest shows them: the message, and the project's own lines."""

from __future__ import annotations

import itertools
import traceback
from pathlib import Path

import pytest

from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.recording.personal import PersonalDataError
from pytest_agentflow.recording.redact import RedactionRefused
from pytest_agentflow.recording.redaction_hooks import HookFailed
from pytest_agentflow.running.spend import OverBudget
from pytest_agentflow.wire.miss import Miss, NetworkRefused
from pytest_agentflow.wire.rivals import Intercepted

#: What is told by its message: the frames are ours, or a client's hundred lines.
TOLD = (
    HookFailed,
    Intercepted,
    Miss,
    NetworkRefused,
    OverBudget,
    PersonalDataError,
    RecordingError,
    RedactionRefused,
)


def shortened(
    error: BaseException, item: pytest.Item, more: str = ""
) -> BaseException | None:
    """Give what to raise for `error`; `None` where its trace is worth showing.

    Args:
        error: what the test, or a fixture of it, raised.
        item: the test.
        more: told below the message.
    """
    if not isinstance(error, TOLD) or item.config.getoption("fulltrace"):
        return None
    told = "\n\n".join(filter(None, (_told(error, item), more)))
    return pytest.fail.Exception(told, pytrace=False)


def _told(error: BaseException, item: pytest.Item) -> str:
    """Give the message, and the lines of the project's own code that led there."""
    frames = [
        f"  {Path(frame.filename).relative_to(item.config.rootpath)}:{frame.lineno} "
        f"in {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
        if _is_own(Path(frame.filename), item.config.rootpath)
    ]
    # The wrapper of a configured function stands under the function's own name.
    own = [line for line, _ in itertools.groupby(frames)]
    where = ["", "Called from (--full-trace shows all):", *own] if own else []
    name = f"{type(error).__module__}.{type(error).__name__}"
    # How a recording that broke off is gone on with stands in a note.
    notes = [f"\n{note}" for note in getattr(error, "__notes__", ())]
    return "\n".join([f"{name}: {error}", *notes, *where])


def _is_own(file: Path, root: Path) -> bool:
    foreign = {"site-packages", "dist-packages"} & set(file.parts)
    ours = file.is_relative_to(Path(__file__).parents[1])
    return file.is_relative_to(root) and not foreign and not ours
