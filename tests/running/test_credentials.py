"""A replay needs no key."""

import os
import threading

import pytest

from pytest_agentflow.running.credentials import STAND_IN, VARIABLES, stand_ins


def test_keys_stand_in_as_long_as_a_replay_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A key of the user's stays; the others are there only meanwhile."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    before = dict(os.environ)
    with stand_ins():
        assert os.environ["OPENAI_API_KEY"] == "mine"
        assert os.environ["ANTHROPIC_API_KEY"] == STAND_IN
    assert dict(os.environ) == before


def test_overlapping_replays_share_the_stand_ins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first that ends takes nothing from the other."""
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with stand_ins():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=other)
    with stand_ins():
        thread.start()
        assert entered.wait(5)
    assert os.environ["GROQ_API_KEY"] == STAND_IN
    leave.set()
    thread.join()
    assert "GROQ_API_KEY" not in os.environ
