"""Pages: are the engines' answers kept whole, and what does judging a page cost?

DATA is a folder or an archive. Where it holds a ``pages.json``, its pages are visited
and compared with a ``*.baseline.json`` (beside it, or inside): axe-core's rules and
nodes, the HTML checker's messages, overflow at 320 px; and the time of a visit is held
against the floor measured in the same run: plain load, axe-core's own run, snapshot.
Where it holds ``expected.json`` and ``tests/html``, every file is checked for validity,
and scored against the labels in the file names; the peer is the checker's own command
line, whose messages must be equal.

    python benchmarks/pages.py DATA... [--json] [--findings OUT] [--rounds 3]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agentflow_checks.web import cdp, engines, server, snapshot, tab, validator, visits
from agentflow_checks.web import session as web
from agentflow_checks.web.page import Page, Visit

ENDINGS = ("novalid", "isvalid", "haswarn")


def main() -> int:
    """Measure every data set given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--findings", type=Path, help="write the validity findings")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of timing")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    try:
        for path in options.data:
            with opened(path) as folder:
                figures |= measure(folder, path, options)
    finally:
        web.shutdown()
    if not figures:
        parser.error("no pages.json and no expected.json with tests/html in DATA")
    for name, value in figures.items():
        print(f"{name:44} {value}")
    if options.json:
        print(json.dumps(figures))
    return 0


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Give a folder, unpacked from an archive where it is one."""
    if path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory() as folder, tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
        yield Path(folder)


def measure(folder: Path, given: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Measure whatever the folder holds."""
    figures: dict[str, Any] = {}
    for listing in sorted(folder.rglob("pages.json")):
        figures |= agreement(listing.parent, baselines(folder, given))
        figures |= speed(listing.parent, options.rounds)
    for labels in sorted(folder.rglob("expected.json")):
        if (labels.parent / "tests" / "html").is_dir():
            figures |= validity(labels.parent / "tests" / "html", options.findings)
    return figures


def baselines(folder: Path, given: Path) -> dict[str, Any]:
    """Collect the pages of every baseline inside the data or beside it."""
    pages: dict[str, Any] = {}
    for file in [
        *folder.rglob("*.baseline.json"),
        *given.parent.glob("*.baseline.json"),
    ]:
        pages |= json.loads(file.read_text(encoding="utf-8"))["pages"]
    return pages


def agreement(root: Path, wanted: dict[str, Any]) -> dict[str, Any]:
    """Count where a visit says something else than the engines run by hand."""
    compared = Counter[str]()
    differing = []
    for name, expected in wanted.items():
        file = root / name
        if not file.is_file():
            continue
        compared["pages"] += 1
        data = file.read_bytes()
        found = said(visits.visit(data), validator.validate(data))
        for kind, value in found.items():
            same = value == expected[kind]
            compared[kind] += same
            if not same:
                differing.append(f"{name}: {kind} {value} not {expected[kind]}")
    print(*differing, sep="\n")
    total = compared.pop("pages", 0)
    return {"pages compared": total} | {
        f"equal {kind}": f"{count} of {total}" for kind, count in compared.items()
    }


def said(visited: Visit, messages: tuple[validator.Message, ...]) -> dict[str, Any]:
    """Give one page's answers in the baseline's form."""
    axe = visited.axe or {"violations": [], "incomplete": []}
    return {
        "axe": {rule["id"]: len(rule["nodes"]) for rule in axe["violations"]},
        "axe_incomplete": {r["id"]: len(r["nodes"]) for r in axe["incomplete"]},
        "vnu_errors": [m.text for m in messages if m.type in ("error", "fatal")],
        "vnu_warnings": [m.text for m in messages if m.type == "warning"],
        "overflow_320": visited.overflow[0].pixels if visited.overflow else None,
    }


def speed(root: Path, rounds: int) -> dict[str, Any]:
    """Time whole visits against plain load, axe-core's own run and snapshot."""
    pages = [Page(html=file.read_bytes()) for file in sorted(root.rglob("*.html"))]
    rules = visits.default_rules()
    visited, floors, checked = [], [], []
    for _ in range(rounds):
        floors.append(sum(floor(pages, sorted(rules))) / len(pages))
        visits._state.visits.clear()  # noqa: SLF001 - else the second round is free
        visited.append(sum(map(timed_visit, pages)) / len(pages))
        validator._kept.clear()  # noqa: SLF001 - the same
        begin = time.perf_counter()
        for page in pages:
            validator.validate(page.html)
        checked.append((time.perf_counter() - begin) * 1000 / len(pages))
    ratios = [ours / least for ours, least in zip(visited, floors, strict=True)]
    return {
        "visit, mean ms a page": round(statistics.median(visited), 1),
        "floor (load + axe + snapshot), mean ms a page": round(
            statistics.median(floors), 1
        ),
        "visit / floor, median of rounds": round(statistics.median(ratios), 3),
        "HTML checker, mean ms a page": round(statistics.median(checked), 1),
    }


def timed_visit(page: Page) -> float:
    """Visit one page; milliseconds."""
    begin = time.perf_counter()
    found = visits.visit(page.html)
    if found.error:
        print(f"not judged: {found.error}")
    return (time.perf_counter() - begin) * 1000


def floor(pages: list[Page], rules: list[str]) -> Iterator[float]:
    """Time what no way of judging can do without, page by page; milliseconds.

    The load is that of a tab without axe-core; axe-core's time is taken inside it.
    """
    current = visits._current_tab()  # noqa: SLF001 - the same browser and tab
    for page in pages:
        with visits._serving(page, site_of(page)) as url:  # noqa: SLF001
            plain = plain_load(current.connection, url)
            tab.load(current, url, by=time.monotonic() + 10)
            inside = tab.evaluate(
                current,
                ENGINE.replace("RULES", json.dumps(rules)),
                by=time.monotonic() + 10,
            )
            begin = time.perf_counter()
            tab.command(
                current,
                "DOMSnapshot.captureSnapshot",
                snapshot.REQUEST,
                by=time.monotonic() + 10,
            )
            yield plain + inside + (time.perf_counter() - begin) * 1000
    visits._state.shown = ""  # noqa: SLF001


ENGINE = """
(async () => {
  const begin = performance.now();
  await axe.run(document, {runOnly: {type: "rule", values: RULES}});
  return performance.now() - begin;
})()
"""

_plain: dict[int, tab.Tab] = {}


def plain_load(connection: cdp.Connection, url: str) -> float:
    """Load a page in a tab that has no axe-core; milliseconds."""
    before = connection.on_event
    if id(connection) not in _plain:
        _plain[id(connection)] = tab.open_tab(connection, axe="", seconds=10)
        _plain_listener[id(connection)] = connection.on_event
    connection.on_event = _plain_listener[id(connection)]
    begin = time.perf_counter()
    tab.load(_plain[id(connection)], url, by=time.monotonic() + 10)
    spent = (time.perf_counter() - begin) * 1000
    connection.on_event = before
    return spent


_plain_listener: dict[int, Any] = {}


def site_of(page: Page) -> server.Site:
    """Serve one page alone."""
    return server.Site(files={page.name: page.html})


def validity(root: Path, findings: Path | None) -> dict[str, Any]:
    """Check every labelled file and score it; hold it against the command line."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    validator.validate(b"<!doctype html><title>warm</title>")
    begin = time.perf_counter()
    found = {
        path: validator.validate(path.read_bytes(), name=path.name) for path in files
    }
    seconds = time.perf_counter() - begin
    peer, peer_seconds = command_line(files)
    document = {
        "tool": f"Nu Html Checker {web.engine_versions()['html checker']}",
        "seconds": round(seconds, 3),
        "files": {
            str(path.relative_to(root)): {
                "errors": [m.text for m in said_ if m.type in ("error", "fatal")],
                "warnings": [m.text for m in said_ if m.type == "warning"],
            }
            for path, said_ in found.items()
        },
    }
    if findings is not None:
        findings.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return score(document["files"]) | {
        "files equal to the command line's": (
            f"{sum(found[path] == peer[path] for path in files)} of {len(files)}"
        ),
        "validity, warm, ms a file": round(1000 * seconds / len(files), 2),
        "command line, whole set, ms a file": round(
            1000 * peer_seconds / len(files), 2
        ),
    }


def score(files: dict[str, Any]) -> dict[str, Any]:
    """Count right answers by the label at the end of each file's name."""
    labels = {name: Path(name).stem.rpartition("-")[2] for name in files}
    novalid, isvalid, haswarn = (
        [name for name, label in labels.items() if label == ending]
        for ending in ENDINGS
    )
    fine = [*isvalid, *haswarn]
    return {
        "invalid files found": f"{count(files, novalid, 'errors')} of {len(novalid)}",
        "valid files called invalid": f"{count(files, fine, 'errors')} of {len(fine)}",
        "files warned": f"{count(files, haswarn, 'warnings')} of {len(haswarn)}",
    }


def count(files: dict[str, Any], names: list[str], kind: str) -> int:
    """Count the files with at least one message of a kind."""
    return sum(bool(files[name][kind]) for name in names)


def command_line(
    files: list[Path],
) -> tuple[dict[Path, tuple[validator.Message, ...]], float]:
    """Run the checker's own command line over all files at once."""
    java = engines.java_program()
    command = [str(java), "-Xss4m", "-jar", str(engines.vnu_path())]
    options = ["--format", "json", "--stdout", "--exit-zero-always"]
    begin = time.perf_counter()
    done = subprocess.run(
        [*command, *options, *map(str, files)], capture_output=True, check=True
    )
    seconds = time.perf_counter() - begin
    messages: dict[str, list[dict[str, Any]]] = {}
    for message in json.loads(done.stdout)["messages"]:
        messages.setdefault(message["url"].removeprefix("file:"), []).append(message)
    return {
        path: validator._messages({"messages": messages.get(str(path), [])})  # noqa: SLF001
        for path in files
    }, seconds


if __name__ == "__main__":
    raise SystemExit(main())
