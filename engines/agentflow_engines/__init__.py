"""Where axe-core and the Nu Html Checker lie here, and which versions they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

__all__ = ["Engine", "axe_path", "versions", "vnu_path"]

_HERE = Path(__file__).parent


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """One engine: its version, licence identifier, file name and the file's SHA-256."""

    version: str
    licence: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """The engine's file in this installation."""
        return _HERE / self.file


def axe_path() -> Path:
    """Return the path of axe-core's ``axe.min.js``."""
    return versions()["axe-core"].path


def vnu_path() -> Path:
    """Return the path of the Nu Html Checker's ``vnu.jar``."""
    return versions()["vnu-jar"].path


def versions() -> dict[str, Engine]:
    """Return the engines of this installation by npm package name.

    :raises FileNotFoundError: when the package lies here without its engines, as in a
        bare checkout that was never built.
    """
    file = _HERE / "versions.json"
    if not file.exists():
        message = (
            f"{file} is missing: this is the package's source, without the engines "
            "that its build fetches. Install the wheel: pip install ./engines"
        )
        raise FileNotFoundError(message)
    entries = json.loads(file.read_text(encoding="utf-8"))
    return {name: Engine(**entry) for name, entry in entries.items()}
