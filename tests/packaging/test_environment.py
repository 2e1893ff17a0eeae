"""What scripts/environment does where a browser or its driver is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BASH = shutil.which("bash")

pytestmark = pytest.mark.skipif(BASH is None, reason="the scripts are bash")


def need_browser(tmp_path: Path, *programs: str, user: int) -> tuple[int, str]:
    """Ask for a browser where PATH holds these programs only; nothing is installed."""
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    # The user and the package manager are played: the decision is what is looked at.
    script = (
        'set -eu; . scripts/environment; apt-get() { echo "apt-get $*"; }; '
        f'id() {{ echo {user}; }}; PATH="{tmp_path}"; need_browser'
    )
    done = subprocess.run(
        [str(BASH), "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "programs",
    [
        ("chromium", "chromedriver"),
        ("chromium-browser", "chromedriver"),
        ("google-chrome",),
        ("google-chrome-stable",),
    ],
)
def test_a_browser_that_can_be_driven_is_enough(
    tmp_path: Path, programs: tuple[str, ...]
) -> None:
    """Nothing is said or installed; selenium gets Google Chrome's driver itself."""
    assert need_browser(tmp_path, *programs, user=0) == (0, "")


@pytest.mark.parametrize(
    ("programs", "lacking"),
    [
        ((), "Chromium or Chrome"),
        (("chromedriver",), "Chromium or Chrome"),
        (("chromium",), "chromedriver, the driver of chromium,"),
        # Checks take Chromium before Chrome.
        (("chromium", "google-chrome"), "chromedriver, the driver of chromium,"),
    ],
)
def test_a_user_is_told_the_command(
    tmp_path: Path, programs: tuple[str, ...], lacking: str
) -> None:
    """Who may not install is told what is missing, and the one command for it."""
    if Path("/Applications/Google Chrome.app").exists() and "chromium" not in programs:
        pytest.skip("this machine has Google Chrome in its place")
    code, told = need_browser(tmp_path, *programs, user=1000)

    assert code == 2
    assert told.startswith(f"{lacking} was not found. One command brings it:\n")
    assert "sudo apt-get install chromium chromium-driver " in told


def test_root_gets_browser_and_driver(tmp_path: Path) -> None:
    """On Debian as root, browser and driver come of one version."""
    (tmp_path / "apt-get").touch()
    code, told = need_browser(tmp_path, "chromium", user=0)

    assert code == 0
    assert told.splitlines()[0] == "== installing chromium and chromium-driver"
