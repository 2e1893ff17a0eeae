"""Seams are put in lazily, once, and never take an import along."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from pytest_agentflow.wire import install
install.install(closes_network=False)
clients = {"httpx", "httpx2", "urllib3"} & set(sys.modules)
assert not clients, clients
import httpx, urllib3
print(httpx.HTTPTransport.handle_request.__wrapped__.__qualname__)
print(urllib3.HTTPConnectionPool._make_request.__wrapped__.__qualname__)
before = httpx.HTTPTransport.handle_request
install.install(closes_network=False)
assert httpx.HTTPTransport.handle_request is before
print(httpx.__spec__.loader.__class__.__name__)
"""


def test_clients_get_their_seam_when_they_are_imported() -> None:
    """Nothing is imported for a seam; a later import gets it, and only once."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        "HTTPTransport.handle_request",
        "HTTPConnectionPool._make_request",
        "SourceFileLoader",
    ]


def test_a_process_without_a_session_is_left_as_it_was() -> None:
    """Importing the wire changes no class, no hook and no import."""
    script = (
        "import sys, threading; before = (list(sys.meta_path), threading.Thread.start);"
        "import pytest_agentflow.wire.install, pytest_agentflow.running.doors;"
        "assert before == (list(sys.meta_path), threading.Thread.start);"
        "assert 'httpx' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


TWO_COPIES = """
import sys
import httpx
from pytest_agentflow.wire import install
install.install(closes_network=False)
first = httpx.HTTPTransport.handle_request
for name in [n for n in sys.modules if n.startswith("pytest_agentflow")]:
    del sys.modules[name]
from pytest_agentflow.wire import install
install.install(closes_network=False)
second = httpx.HTTPTransport.handle_request
assert second is not first and second.__wrapped__ is first
install.install(closes_network=False)
assert httpx.HTTPTransport.handle_request is second
httpx.HTTPTransport.handle_request = first.__wrapped__
install.install(closes_network=False)
assert httpx.HTTPTransport.handle_request is not first.__wrapped__
"""


def test_a_seam_is_put_back_and_told_from_that_of_another_copy() -> None:
    """Tests of plugins load the package anew, and mocks put originals back."""
    subprocess.run([sys.executable, "-c", TWO_COPIES], check=True)
