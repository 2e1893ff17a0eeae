"""The peers, installed on demand into environments of their own, outside of here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

SECONDS = 900
"""An installation that takes longer is given up."""

NODE = {"promptfoo": "promptfoo", "lighthouse": "@lhci/cli"}
PYTHON = {"deepeval": "deepeval", "recording": "pytest-recording"}
BESIDE = {"deepeval": (), "recording": ("pytest", "openai>=3")}

QUIET = {
    "DEEPEVAL_TELEMETRY_OPT_OUT": "YES",
    "DEEPEVAL_DISABLE_DOTENV": "1",
    "PROMPTFOO_DISABLE_TELEMETRY": "1",
    "PROMPTFOO_DISABLE_UPDATE": "1",
    "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    "PUPPETEER_SKIP_DOWNLOAD": "1",
}
"""Nothing is reported to anybody, and no browser fetched: ours is used."""


class NotInstalledError(RuntimeError):
    """A peer could not be installed; the message is the end of what was said."""


def environment(**more: str) -> dict[str, str]:
    """This process's environment, with the peers kept quiet."""
    return {**os.environ, **QUIET, **more}


def run(
    command: Sequence[str | Path],
    cwd: Path,
    more: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> subprocess.CompletedProcess[str]:
    """Run a command; its status is for the caller to judge."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(**(more or {})),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def node_package(tool: str, tools: Path) -> Path:
    """Install a package of npm, unless it is there; its ``node_modules``."""
    home = tools / tool
    modules = home / "node_modules"
    if not (modules / NODE[tool] / "package.json").is_file():
        home.mkdir(parents=True, exist_ok=True)
        _install(["npm", "install", "--no-audit", "--no-fund", NODE[tool]], home)
    return modules


def python_package(tool: str, tools: Path) -> Path:
    """Install a package of PyPI into a new environment, unless it is there."""
    home = tools / tool
    python = home / "bin" / "python"
    if not (home / "installed").is_file():
        shutil.rmtree(home, ignore_errors=True)
        tools.mkdir(parents=True, exist_ok=True)
        _install([sys.executable, "-m", "venv", home], tools)
        _install(
            [python, "-m", "pip", "install", "-q", PYTHON[tool], *BESIDE[tool]], tools
        )
        (home / "installed").touch()
    return python


def _install(command: Sequence[str | Path], cwd: Path) -> None:
    try:
        done = run(command, cwd)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalledError(str(error)) from error
    if done.returncode:
        raise NotInstalledError((done.stderr or done.stdout).strip()[-300:])


def node_version(modules: Path, *packages: str) -> str:
    """Versions of packages of npm, as installed."""
    files = [modules / name / "package.json" for name in packages]
    found = [json.loads(file.read_text("utf-8"))["version"] for file in files]
    pairs = zip(packages, found, strict=True)
    return ", ".join(f"{name} {version}" for name, version in pairs)


def python_version(python: Path, *packages: str) -> str:
    """Versions of packages of PyPI, as installed."""
    code = (
        "import sys; from importlib.metadata import version; "
        "print(', '.join(f'{p} {version(p)}' for p in sys.argv[1:]))"
    )
    return run([python, "-c", code, *packages], python.parent).stdout.strip()
