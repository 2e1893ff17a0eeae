"""What is said of a recording that broke off: what is kept, and how to go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.recording.journal import discard_command
from pytest_agentflow.recording.journal_parts import Kept, Parts, read_parts
from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.running.replay import RECORD
from pytest_agentflow.running.takes import cost_now

RESUME = "--agentflow-resume"
"""The option that finishes what broke off."""


def kept_text(kept: Sequence[Kept], book: PriceBook) -> str:
    """Count calls, and say what they cost: ``3 calls worth $0.0042``.

    Where nobody was paid it is ``1 retriever call (free)``.
    """
    calls = [one.call for one in kept]
    cost = cost_now(calls, book)
    free = cost is not None and not cost.amount
    kinds = {call.kind for call in calls}
    # A retriever of the project's own is asked for nothing: $0 would read as an error.
    kind = f"{kinds.pop()} " if free and len(kinds) == 1 else ""
    count = f"1 {kind}call" if len(kept) == 1 else f"{len(kept)} {kind}calls"
    if free and not any(call.is_model_call for call in calls):
        return f"{count} (free)"
    return f"{count} {f'worth {cost}' if cost is not None else 'of unknown cost'}"


def beginning_text(
    run: str, path: Path, parts: Parts, book: PriceBook, resume: str | None
) -> str | None:
    """Say what of a broken recording is there when it is recorded; `None`: nothing.

    Args:
        run: id of the run.
        path: of the journal.
        parts: what it holds.
        book: where prices are looked up.
        resume: the command that would use it; `None`: it is used.
    """
    if not (usable := parts.usable):
        return None
    text = kept_text(usable, book)
    if resume is None:
        return (
            f"resuming {run}: {text} stand in {path.name} and are not paid for again, "
            "nor counted by a budget; all else is asked"
        )
    return (
        f"recording {run} anew: {text} of a recording that broke off are kept in "
        f"{path.name}; to use them instead, stop this and run: {resume}"
    )


def broken_off(
    path: Path, partial: Path, command: Callable[..., str]
) -> RecordingError:
    """Say that there is only a part of the recording `path`, and how to finish it."""
    problem = f"there is only a part of it, {partial.name}: the recording broke off"
    repair = (
        f"finish it: `{command(RECORD, RESUME)}`; or discard the part: "
        f"`{discard_command(partial)}`"
    )
    return RecordingError(path, "", problem, repair)


def ending_text(
    path: Path, book: Callable[[], PriceBook], *, resume: str, anew: str
) -> str:
    """Say what a recording that broke off leaves, and which commands go on with it.

    Args:
        path: of the journal.
        book: gives the book where prices are looked up.
        resume: the command that finishes it.
        anew: the command that begins it again.
    """
    try:
        usable = read_parts(path).usable
    except RecordingError as error:
        return str(error)
    if not usable:
        return "No call was answered: nothing is kept of this recording."
    return (
        f"The recording broke off; an older one, if any, is as it was. "
        f"{kept_text(usable, book())} {'is' if len(usable) == 1 else 'are'} kept in "
        f"{path}.\n"
        f"Resume it, and pay only for the rest: {resume}\n"
        f"Record anew (it then counts as a discarded take): {anew}\n"
        f"Discard it: {discard_command(path)}"
    )
