"""Errors of ours as pytest shows them: the message, and the project's own lines."""

from __future__ import annotations

import itertools
import os
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.recording.personal import PersonalDataError
from pytest_agentflow.recording.redact import RedactionRefused
from pytest_agentflow.recording.redaction_hooks import HookFailed
from pytest_agentflow.running.spend import OverBudget
from pytest_agentflow.wire.miss import Miss, NetworkRefused
from pytest_agentflow.wire.rivals import Intercepted

#: Clients of providers: of what they raise in a run, only the sentence is of interest.
CLIENTS = frozenset(
    {
        "aiohttp",
        "anthropic",
        "boto3",
        "botocore",
        "cohere",
        "google",
        "groq",
        "grpc",
        "httpcore",
        "httpx",
        "httpx2",
        "huggingface_hub",
        "litellm",
        "mistralai",
        "ollama",
        "openai",
        "requests",
        "together",
        "urllib3",
    }
)

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


_RUNNING = Path(__file__).parents[1] / "running"


def shortened(
    error: BaseException, item: pytest.Item, more: str = ""
) -> BaseException | None:
    """Give what to raise for `error`; `None` where its trace is worth showing.

    Args:
        error: what the test, or a fixture of it, raised.
        item: the test.
        more: told below the message.
    """
    root = item.config.rootpath
    if notes := getattr(error, "__notes__", None):
        error.__notes__ = [note.replace(f"{root}{os.sep}", "") for note in notes]
    if item.config.getoption("fulltrace"):
        return None
    if not (isinstance(error, TOLD) or _is_failed_call(error)):
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
    # How a recording that broke off is gone on with stands in a note: the last word.
    notes = [f"\n{note}" for note in getattr(error, "__notes__", ())]
    return "\n".join([*_sentences(error), *where, *notes])


def _sentences(error: BaseException) -> Iterator[str]:
    """Give the message; of a failed call also what the client says is behind it."""
    yield f"{_name(error)}: {error}"
    seen, cause = {str(error)}, error
    while _is_clients(error) and (behind := cause.__cause__) is not None:
        if str(behind) not in seen:
            yield f"  because of {_name(behind)}: {behind}"
        seen.add(str(behind))
        cause = behind


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__name__}"


def _is_clients(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in CLIENTS


def _is_failed_call(error: BaseException) -> bool:
    """Whether a provider, or the way to it, failed a run; not a test of its own."""
    frames = traceback.walk_tb(error.__traceback__)
    return _is_clients(error) and any(
        Path(frame.f_code.co_filename).is_relative_to(_RUNNING) for frame, _ in frames
    )


def _is_own(file: Path, root: Path) -> bool:
    foreign = {"site-packages", "dist-packages"} & set(file.parts)
    ours = file.is_relative_to(Path(__file__).parents[1])
    return file.is_relative_to(root) and not foreign and not ours
