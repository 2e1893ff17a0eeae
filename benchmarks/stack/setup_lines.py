"""How much somebody has to write: lines of configuration and tests, comments aside."""

from __future__ import annotations

from pathlib import Path

from .subjects import EXAMPLE

CONFIG = Path(__file__).parent / "config"
COMMENTS = ("#", "//", '"""')
OURS = ("test_sites.py", "test_split.py", "policies/company.yaml", "pyproject.toml")
SECTION = "[tool.pytest.ini_options]"


def lines(text: str) -> int:
    """Lines that say something: neither blank, nor comment, nor one-line docstring."""
    stripped = (line.strip() for line in text.splitlines())
    return sum(bool(line) and not line.startswith(COMMENTS) for line in stripped)


def of_peer(tool: str) -> int:
    """Lines of a peer's set-up, all files of its folder."""
    files = [file for file in (CONFIG / tool).rglob("*") if file.is_file()]
    known = [f for f in files if "__pycache__" not in f.parts]
    return sum(lines(file.read_text("utf-8")) for file in known)


def of_ours() -> int:
    """Lines of the example's tests, policy and pytest section."""
    texts = [(EXAMPLE / name).read_text("utf-8") for name in OURS]
    texts[-1] = texts[-1].partition(SECTION)[2]
    return sum(map(lines, texts))
