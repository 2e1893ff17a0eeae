"""What the options ``--agentflow-axe``, ``-vnu`` and ``-web`` of pytest do."""

from __future__ import annotations

import zipfile
from pathlib import Path

from agentflow_checks.web import engines, missing

CHECKER_CLASS = "nu/validator/client/SimpleCommandLineValidator.class"


def use_axe(value: str) -> None:
    """Judge accessibility with this ``axe.min.js``.

    Args:
        value: the file's path.

    Raises:
        ValueError: there is no such file, or it is not axe-core.
    """
    path = _file(value)
    if "axe v" not in path.read_text(encoding="utf-8", errors="replace")[:500]:
        message = "this is not axe-core's source; name its axe.js or axe.min.js"
        raise ValueError(message)
    engines.use(axe=path)


def use_vnu(value: str) -> None:
    """Check HTML with this ``vnu.jar``.

    Args:
        value: the file's path.

    Raises:
        ValueError: there is no such file, or it is not the Nu Html Checker.
    """
    path = _file(value)
    if not _is_checker(path):
        raise ValueError("this is not the Nu Html Checker; name its vnu.jar")
    engines.use(vnu=path)


def use_web(value: str) -> None:
    """Skip pages for which browser, Java or engine is missing (skip), or err (require).

    Args:
        value: ``require``: they are errors; ``skip``: they are undetermined.

    Raises:
        ValueError: it is neither.
    """
    if value not in ("require", "skip"):
        raise ValueError("give require (a missing browser or Java is an error) or skip")
    missing.tolerate(value == "skip")


def _file(value: str) -> Path:
    path = Path(value).expanduser().resolve()
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


def _is_checker(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as jar:
        return CHECKER_CLASS in jar.namelist()
