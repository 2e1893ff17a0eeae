"""deepeval: the metrics that need no model, by its own runner."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path
from xml.etree import ElementTree as ET

from . import install
from .subjects import STAGES, Subject
from .verdicts import Failure, Judged, stage_named

TOOL = "deepeval"
CONFIG = Path(__file__).parent / "config" / "deepeval"


def judge(subjects: tuple[Subject, ...], tools: Path, work: Path) -> Judged:
    """Run the tests on all runs."""
    python = install.python_package(TOOL, tools)
    folder = work / TOOL
    shutil.copytree(CONFIG, folder)
    result = folder / "result.xml"
    more = {
        "RUNS": str(work / "runs"),
        "OPENAI_API_KEY": "unused",  # a metric that asks no model wants one, too
        "PYTEST_ADDOPTS": f"--junit-xml={result}",
    }
    command = [python.with_name("deepeval"), "test", "run", "test_sites.py"]
    begin = time.perf_counter()
    done = install.run(command, folder, more)
    seconds = time.perf_counter() - begin
    if not result.is_file():
        raise RuntimeError(f"deepeval gave no result: {done.stdout[-800:]}")
    names = [subject.name for subject in subjects]
    return Judged(
        tool=TOOL,
        versions=install.python_version(python, "deepeval"),
        seconds=seconds,
        failures=by_run(result.read_text("utf-8"), names),
    )


def by_run(document: str, names: list[str]) -> dict[str, tuple[Failure, ...]]:
    """Failing tests by the run that their id names.

    Raises:
        RuntimeError: A run was not judged at all.
    """
    found: dict[str, list[Failure]] = {name: [] for name in names}
    judged = set()
    for test in ET.fromstring(document).iter("testcase"):  # noqa: S314
        label, name = split_id(test.attrib["name"], names)
        judged.add(name)
        broken = [*test.findall("failure"), *test.findall("error")]
        if broken:
            said = re.sub(r"\s+", " ", broken[0].attrib.get("message", ""))
            named = stage_named(label, said, STAGES)
            one = Failure(label=label, by=metric(said), message=said, stage=named)
            found[name].append(one)
    if missing := set(names) - judged:
        raise RuntimeError(f"deepeval judged nothing of {sorted(missing)}")
    return {name: tuple(failures) for name, failures in found.items()}


def split_id(test: str, names: list[str]) -> tuple[str, str]:
    """A test's id without the run, and the run: ``test_x[stage]``, ``guarantee``."""
    base, _, inside = test.partition("[")
    inside = inside.removesuffix("]")
    # The longest first: one name may begin with another one.
    name = next(
        n
        for n in sorted(names, key=len, reverse=True)
        if inside == n or inside.startswith(f"{n}-") or inside.endswith(f"-{n}")
    )
    rest = inside.removeprefix(name).removesuffix(name).strip("-")
    return f"{base}[{rest}]" if rest else base, name


def metric(message: str) -> str:
    """The metric that an assertion error names, else the first words of the error."""
    found = re.search(r"Metrics: (.+?) \(score", message)
    return found[1] if found else message[:60]
