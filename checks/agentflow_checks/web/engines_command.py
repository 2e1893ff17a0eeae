"""``agentflow engines``: the versions of browser, axe-core and HTML checker here."""

from __future__ import annotations

import argparse
import sys


def engines(argv: list[str]) -> int:
    """Print the engines of this machine; 0 when none is missing, 1 else."""
    parser = argparse.ArgumentParser(
        prog="agentflow engines",
        description="Show which browser, axe-core and HTML checker page checks use.",
    )
    parser.parse_args(argv)
    from agentflow_checks.web.session import engine_versions  # noqa: PLC0415 - heavy

    found = engine_versions()
    width = max(map(len, found))
    lines = [f"{name:{width}}  {version}" for name, version in found.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return int(any(version.startswith("missing:") for version in found.values()))
