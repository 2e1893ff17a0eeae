"""The example of docs/import.md, run in a folder of its own.

python tests/importers/import_example.py    # writes the outputs into the page
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/import.md"

BLOCK = re.compile(
    r"<!-- file (?P<path>\S+) -->\n\n```\w+\n(?P<text>.*?)```"
    r"|```console\n(?P<console>.*?)```",
    re.DOTALL,
)
COMMAND = re.compile(r"^\$ (.*)$", re.MULTILINE)

#: The commands of the page, whatever environment they are installed in.
SCRIPTS = """
agentflow() { "$PYTHON" -c 'import sys; from pytest_agentflow.cli.main import main
sys.exit(main(sys.argv[1:]))' "$@"; }
pytest() { "$PYTHON" -m pytest -p no:cacheprovider "$@"; }
"""


def played(page: str, folder: Path) -> str:
    """Give `page` with what its commands print in `folder`, where its files lie."""

    def block(match: re.Match[str]) -> str:
        if match["path"]:
            file = folder / match["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(match["text"], "utf-8")
            return match[0]
        commands = COMMAND.findall(match["console"])
        told = "".join(f"$ {one}\n{_run(one, folder)}" for one in commands)
        return f"```console\n{told}```"

    return BLOCK.sub(block, page)


def _run(command: str, folder: Path) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{SCRIPTS}\n{command}"],
        cwd=folder,
        env={**os.environ, "PYTHON": sys.executable, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return re.sub(r" in \d+\.\d+s", " in 0.10s", done.stdout)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        PAGE.write_text(played(PAGE.read_text("utf-8"), Path(place)), "utf-8")
