"""A browser that does not start: the part at fault is named, with its own command."""

from __future__ import annotations

import json
import sys
import textwrap
from pathlib import Path

import pytest
from agentflow_checks.web import browser, unstarted, warm
from agentflow_checks.web.missing import PartMissing
from hypothesis import given
from hypothesis import strategies as st

OLD = (
    "session not created: This version of ChromeDriver only supports Chrome version "
    "114\nCurrent browser version is 156.0.8078.79 with binary path /usr/bin/chromium"
)
DRIVER = """
import http.server, json, sys
port = next(int(a.split("=")[1]) for a in sys.argv if a.startswith("--port="))
class Old(http.server.BaseHTTPRequestHandler):
    def answer(self, status, value):
        body = json.dumps({"value": value}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, {"ready": True, "message": ""})
        if self.path == "/shutdown":
            sys.exit()
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(500, {"error": "session not created", "message": SAID})
    def log_message(self, *args):
        pass
http.server.HTTPServer(("127.0.0.1", port), Old).serve_forever()
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="a script as a program")


def program(folder: Path, code: str) -> Path:
    """Write a driver that is a script of this interpreter."""
    file = folder / "chromedriver"
    file.write_text(f"#!{sys.executable}\n{textwrap.dedent(code)}")
    file.chmod(0o755)
    return file


def said_with(driver: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Start a browser with this driver, and give what is said of it."""
    warm.stop()
    # What was started before in this process needs no driver.
    monkeypatch.setattr(browser, "_command", ())
    monkeypatch.setattr(browser, "driver", lambda: str(driver))
    with pytest.raises(PartMissing) as raised:
        browser.running()
    return str(raised.value)


@posix
def test_a_driver_of_another_version_is_brought_to_that_of_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both versions are named, and the command updates both parts, in one sentence."""
    old = program(tmp_path, DRIVER.replace("SAID", json.dumps(OLD)))
    said = said_with(old, monkeypatch)
    assert said == (
        f"The driver {old} is made for version 114, and the browser "
        f"{browser.executable()} is 156: bring both to one version with: "
        f"{unstarted.commands().both}"
    )


@posix
def test_a_driver_that_ends_at_once_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser is not blamed for its driver, which is installed anew."""
    broken = program(tmp_path, "raise SystemExit(3)")
    said = said_with(broken, monkeypatch)
    assert said.startswith(f"The driver {broken} did not start (")
    assert said.endswith(unstarted.commands().driver)


@posix
def test_a_driver_that_is_no_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that the system cannot run is the driver's fault, too."""
    file = tmp_path / "chromedriver"
    file.write_bytes(b"\x7fELF of another machine")
    file.chmod(0o755)
    said = said_with(file, monkeypatch)
    assert said.startswith(f"The driver {file} did not start (")


@pytest.mark.parametrize("system", ["linux", "darwin", "win32", "freebsd14"])
def test_every_system_has_its_commands(system: str) -> None:
    """Each part has a command to paste, whatever the system is called."""
    assert all(unstarted.commands(system))


def test_a_browser_that_crashes_is_shown_by_itself() -> None:
    """Where driver and versions are fine, the browser is started alone."""
    said = unstarted.sentence("/b", "/d", "session not created: Chrome failed to start")
    assert said.startswith("The browser /b did not start (")
    assert "/b --headless=new" in said


@given(said=st.text(), driver=st.none() | st.just("/d"), no_driver=st.booleans())
def test_whatever_is_said_one_line_names_a_part(
    said: str, driver: str | None, no_driver: bool
) -> None:
    """Any message gives one line that begins with the part at fault."""
    told = unstarted.sentence("/b", driver, said, no_driver=no_driver)
    assert told.startswith(("The browser", "The driver"))
    assert "\n" not in told
