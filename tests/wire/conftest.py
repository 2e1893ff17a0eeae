"""What the wire's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from scripted_server import Server, provider, serving
from spies import Spy

from pytest_agentflow.wire import install, routing


@pytest.fixture
def open_session() -> Iterator[Callable[[Spy], Spy]]:
    """Open sessions for handlers; they are closed at the end of the test."""
    with ExitStack() as stack:

        def open_(spy: Spy) -> Spy:
            install.install(closes_network=spy.replays)
            stack.enter_context(routing.routed_to(spy))
            return spy

        yield open_


@pytest.fixture
def server() -> Iterator[Server]:
    """A scripted provider."""
    with serving(provider) as running:
        yield running
