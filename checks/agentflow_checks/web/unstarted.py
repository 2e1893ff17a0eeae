"""Why a browser did not start: which part is at fault, and the command for that one."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple


class Commands(NamedTuple):
    """What installs or mends each part on one system."""

    browser: str
    driver: str
    both: str
    """Brings browser and driver to one version."""


LINUX = Commands(
    browser="apt-get install chromium chromium-driver",
    driver="apt-get install --reinstall chromium-driver",
    both="apt-get update && apt-get install chromium chromium-driver",
)
SYSTEMS = {
    "darwin": Commands(
        browser="brew install --cask google-chrome",
        driver="brew reinstall --cask chromedriver",
        both="brew upgrade --cask google-chrome chromedriver",
    ),
    "win32": Commands(
        browser="winget install Google.Chrome",
        driver="winget install Chromium.ChromeDriver --force",
        both="winget upgrade Google.Chrome Chromium.ChromeDriver",
    ),
}

_SUPPORTED = re.compile(r"only supports \w+ version (\d+)")
_CURRENT = re.compile(r"[Cc]urrent browser version is (\d+)")
_OF_DRIVER = re.compile(
    r"Service \S.* unexpectedly exited|connect to the Service|obtain driver"
)


def commands(platform: str = sys.platform) -> Commands:
    """Give the commands of a system, named as `sys.platform` names it."""
    return SYSTEMS.get(platform, LINUX)


def sentence(
    program: str, driver: str | None, said: str, *, no_driver: bool = False
) -> str:
    """Say in one sentence which part is at fault, and what mends it.

    Args:
        program: path of the browser.
        driver: path of chromedriver; None: there is none on this machine's path.
        said: message of selenium, of the driver, or of the system.
        no_driver: whether the driver itself could not be run.
    """
    reason = said.strip().partition("\n")[0].strip().rstrip(".")
    mend = commands()
    if made_for := _SUPPORTED.search(said):
        current = _CURRENT.search(said)
        is_now = f"is {current[1]}" if current else "is another one"
        return (
            f"The driver {driver or 'that selenium found'} is made for version "
            f"{made_for[1]}, and the browser {program} {is_now}: bring both to one "
            f"version with: {mend.both}"
        )
    if driver is None:
        return f"The browser's driver is missing ({reason}): {mend.driver}"
    if no_driver or _OF_DRIVER.search(said):
        return (
            f"The driver {driver} did not start ({reason}): {driver} --version shows "
            f"why, and this installs it anew: {mend.driver}"
        )
    return (
        f"The browser {program} did not start ({reason}): this shows why: {program} "
        "--headless=new --no-sandbox --dump-dom about:blank"
    )
