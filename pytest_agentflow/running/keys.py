"""The key that a call is looked up by, the same when it is recorded and replayed."""

from __future__ import annotations

from dataclasses import replace

from pytest_agentflow.recording.match import (
    Matching,
    match_key,
    match_key_of_invocation,
)
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.running.notes import CallNote


def clean_request(note: CallNote, redactor: Redactor) -> None:
    """Take secrets out of what was asked, by the rules of the recorder.

    Raises `RedactionRefused`.
    """
    if note.request is not None:
        note.request = redactor.request(note.request)
    if note.invocation is not None:
        arguments = redactor.value(dict(note.invocation.arguments))
        note.invocation = replace(note.invocation, arguments=arguments)


def key_of(note: CallNote, matching: Matching) -> str:
    """Give the key of a call that carries no secrets any more."""
    if note.invocation is not None:
        made = note.invocation
        return match_key_of_invocation(note.kind, made.function, made.arguments)
    assert note.request is not None  # noqa: S101 - one of the two
    return match_key(note.request, matching)
