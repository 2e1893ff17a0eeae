"""Hostile pages: does each come to what is wanted, and is the page after it judged?

DATA is a list of pages as in ``hostile.json``. Each is visited as the suite visits it,
and a healthy page after it, whose judgement must be right: its time is the recovery.
Then a tab is crashed in the middle of a visit, and the browser is killed, in the middle
of a visit and between two. A listener on loopback must see no request; home, current
and temporary folder are empty ones of this script, in which nothing may be left but,
while it runs, the browser's profile; and no process may outlive the end.

    python benchmarks/hostile.py hostile.json [--json]
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

from agentflow_checks.web import browser, cdp, processes, tab, visits, warm
from agentflow_checks.web import session as web
from agentflow_checks.web.page import Visit
from data_set import table

SUITE = Path(__file__).parents[1] / "tests/checks/web/test_hostile_pages.py"

DOWNLOADS = ("x.txt", "y.bin", "*.crdownload", "*.pdf")

numbers = iter(range(1_000_000))


def main() -> int:
    """Visit every page, and tell what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    options = parser.parse_args()
    document = json.loads(options.data.read_text(encoding="utf-8"))
    suite = the_suite()
    with folder_of_ours() as folder, trap() as (port, seen):
        started: set[int] = set()
        try:
            normal = warmed()
            rows = list(visited(suite, document, port, started))
            crash, mid, idle = crashes(started)
            downloads = [p for name in DOWNLOADS for p in folder.rglob(name)]
        finally:
            web.shutdown()
        left = processes_left(started)
        files = sorted(str(p.relative_to(folder)) for p in folder.glob("*/**/*"))
    times = [row["recovery"] for row in rows]
    wrong = [row["page"] for row in [*rows, crash] if not row["as wanted"]]
    unwell = [r["page"] for r in [*rows, crash, mid, idle] if not r["next is right"]]
    print(table(tuple(crash), [tuple(row.values()) for row in [*rows, crash]]))
    figures = {
        "pages as wanted": f"{len(rows) + 1 - len(wrong)} of {len(rows) + 1}",
        "not as wanted": ", ".join(wrong) or "none",
        "next page judged wrong after": ", ".join(unwell) or "none",
        "healthy page, warm, s": round(normal, 3),
        "page after a hostile one, median s": round(statistics.median(times), 3),
        "page after a hostile one, longest s": max(times),
        "page after a crashed tab, s": crash["recovery"],
        "page after the browser was killed in a visit, s": mid["recovery"],
        "page after the browser was killed between visits, s": idle["recovery"],
        "requests that reached the trap": len(seen),
        "files downloaded": len(downloads),
        "files left": len(files),
        "processes left": len(left),
        "load of the machine": round(os.getloadavg()[0], 1),
    }
    print(*(f"{name:52} {value}" for name, value in figures.items()), sep="\n")
    print(*(f"left: {name}" for name in (*seen, *downloads, *files, *left)), sep="\n")
    if options.json:
        print(json.dumps(figures))
    return 0


def the_suite() -> ModuleType:
    """Load the module of the tests: it knows how each page is to be served."""
    spec = importlib.util.spec_from_file_location("hostile_suite", SUITE)
    if spec is None or spec.loader is None:
        sys.exit(f"{SUITE} is not there: run this in a checkout")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def folder_of_ours() -> Iterator[Path]:
    """Make an empty folder the home, the current and the temporary one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        places = {key: folder / key.lower() for key in ("HOME", "TMPDIR", "PWD")}
        for key, place in places.items():
            place.mkdir()
            os.environ[key] = str(place)
        tempfile.tempdir = None
        os.chdir(places["PWD"])
        try:
            yield folder
        finally:
            os.chdir(before)


@contextlib.contextmanager
def trap() -> Iterator[tuple[int, list[str]]]:
    """Listen on loopback, where no request must come."""
    seen: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)

        def log_message(self, *args: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Trap) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield listener.server_port, seen
        listener.shutdown()


def warmed() -> float:
    """Start everything, then time the healthy page alone; seconds."""
    healthy()
    return statistics.median(healthy()[0] for _ in range(5))


def healthy() -> tuple[float, bool]:
    """Judge a page that was not seen before: seconds, and whether it came out right."""
    page = (
        "<!doctype html><html lang=en><title>t</title><main><h1>h</h1>"
        f"<img src=x>{next(numbers)}"
    )
    begin = time.monotonic()
    found = visits.visit(page.encode())
    return time.monotonic() - begin, has_image_alt(found)


def has_image_alt(found: Visit) -> bool:
    """Tell whether the one fault of a page was found."""
    violations = found.axe["violations"] if found.axe else ()
    return any(rule["id"] == "image-alt" for rule in violations)


def visited(
    suite: ModuleType, document: dict[str, Any], port: int, started: set[int]
) -> Iterator[dict[str, Any]]:
    """Visit every page of the list that has a document."""
    for name, case in document["pages"].items():
        if "url" in case:
            continue
        html = suite.html_of(case, document["prefix"], port)
        begin = time.monotonic()
        # The suite is in a hurry; here that page has the time users give it.
        budget = 10.0 if name == "mem" else suite.budget_of(name, case)
        found = suite.visit_case(name, html, budget)
        spent = time.monotonic() - begin
        started |= {*processes.descendants(os.getpid())}
        fine = as_wanted(suite.outcome(found), case["expect"], found)
        yield row(name, case["expect"], suite.outcome(found), fine, spent)


def as_wanted(outcome: str, expected: str, found: Visit) -> bool:
    """Tell whether a page ended as its entry says, and reached nothing."""
    wanted, _, further = expected.partition(": ")
    kinds = [expected] if wanted == "finding" else wanted.split(" or ")
    right = any(outcome.startswith(kind) for kind in kinds)
    if "image-alt" in further:
        right = right and has_image_alt(found)
    title = found.dom.partition("<title>")[2].partition("</title>")[0]
    return right and title not in ("REACHED", "REGISTERED")


def row(
    name: str, expected: str, outcome: str, as_wanted: bool, seconds: float
) -> dict[str, Any]:
    """Judge the healthy page after a hostile one, and tell both."""
    recovery, right = healthy()
    return {
        "page": name,
        "wanted": expected,
        "came out as": outcome,
        "as wanted": as_wanted,
        "s": round(seconds, 2),
        "next is right": right,
        "recovery": round(recovery, 3),
    }


def crashes(started: set[int]) -> tuple[dict[str, Any], ...]:
    """Crash a tab, then kill the browser inside of a visit and between two."""
    crash = crashed("crash", crash_tab)
    mid = crashed("killed in a visit", kill_browser)
    kill_browser()
    idle = row("killed between visits", "judged", "-", True, 0.0)
    started |= {*processes.descendants(os.getpid())}
    return crash, mid, idle


def crashed(name: str, harm: Callable[[], None]) -> dict[str, Any]:
    """Visit a page that comes to harm as soon as it is open."""
    before = tab.evaluate

    def harmed(current: tab.Tab, expression: str, *, by: float) -> Any:
        tab.evaluate = before
        harm()
        return before(current, expression, by=by)

    tab.evaluate = harmed
    begin = time.monotonic()
    try:
        found = visits.visit(b"<!doctype html><title>%d</title>" % next(numbers))
    finally:
        tab.evaluate = before
    spent = time.monotonic() - begin
    outcome = "error" if found.error else "judged"
    return row(name, "error", outcome, outcome == "error", spent)


def crash_tab() -> None:
    """Do to the tab what opening chrome://crash in it does."""
    current = warm.tab()
    cdp.post(current.connection, "Page.crash", session=current.session)


def kill_browser() -> None:
    """Kill the browser's own process, not its driver."""
    running = browser.running()
    itself, parents = running.root.pid, dict(processes._parents())  # noqa: SLF001
    if "chromedriver" in str(running.root.args):
        itself = next(p for p, _ in running.started if parents.get(p) == itself)
    os.kill(itself, signal.SIGKILL)


def processes_left(started: set[int]) -> list[str]:
    """Name the processes of this run that live on, a moment after its end."""
    time.sleep(1.0)
    alive = {*processes.descendants(os.getpid()), *started}
    return [said for pid in sorted(alive) if (said := living(pid))]


def living(pid: int) -> str:
    """Give a living process's command; empty for one that ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return ""
    return "" if state == "Z" else f"{pid} {command.decode()[:80]}"


if __name__ == "__main__":
    raise SystemExit(main())
