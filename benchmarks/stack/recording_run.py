"""pytest-recording: requests matched strictly, body and all, without the network.

Every run is recorded against the scripted provider into a cassette of its own, as a
team records again after a change, and replayed from it. Runs of changed code are also
replayed from the healthy cassette: what fails there alone is a request that changed,
whether for better or worse, until somebody records it again.
"""

from __future__ import annotations

import operator
import os
import re
import shutil
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from xml.etree import ElementTree as ET

from fixtures.planted import write_answers
from fixtures.provider import serve
from fixtures.provider.manner import Manner
from fixtures.provider.script import ANSWERS

from . import install
from .subjects import EXAMPLE, STAGES, Subject
from .verdicts import Failure, Judged, stage_named

TOOL = "recording"
CONFIG = Path(__file__).parent / "config" / "recording"
PONDERING = 14_000  # reasoning tokens, where a model is asked to try hard
PASSED, FAILED = 0, 1


def judge(subjects: tuple[Subject, ...], tools: Path, work: Path) -> Judged:
    """Record every run, then replay it; only the replays are timed.

    Each is a process of its own here; a team starts pytest once, so that what the tests
    took is added up, and one start-up.
    """
    python = install.python_package(TOOL, tools)
    shutil.copytree(CONFIG, work / TOOL)
    failures, stale, walls, tests = {}, [], [], []
    for subject in subjects:
        own = work / "cassettes" / subject.name
        healthy = work / "cassettes" / f"healthy-{subject.case}"
        # Nothing was recorded of such a row: changed code replays the healthy run.
        source = healthy if subject.row and subject.row.replayed else own
        if source is own:
            _record(subject, python, work, own)
        begin = time.perf_counter()
        failures[subject.name] = _replay(subject, python, work, source)
        walls.append(time.perf_counter() - begin)
        tests.append(spent((work / "replay.xml").read_text("utf-8")))
        silent = bool(workflow(subject)) and not failures[subject.name]
        if silent and source is own and _replay(subject, python, work, healthy):
            stale.append(subject.name)
    return Judged(
        tool=TOOL,
        versions=install.python_version(python, "pytest-recording", "vcrpy"),
        seconds=sum(tests) + statistics.median(map(operator.sub, walls, tests)),
        failures=failures,
        stale=tuple(stale),
    )


def _record(subject: Subject, python: Path, work: Path, cassettes: Path) -> None:
    with provider(subject, work / "answers" / subject.name) as port:
        cassettes.mkdir(parents=True)
        (cassettes / "port").write_text(port, "utf-8")
        done = _pytest(subject, python, work, cassettes, "--record-mode=once")
    if not list(cassettes.rglob("*.yaml")):
        raise RuntimeError(f"{subject.name} was not recorded: {done.stdout[-800:]}")


@contextmanager
def provider(subject: Subject, overlay: Path) -> Iterator[str]:
    """The scripted provider with the planted answers; gives its base URL."""
    folders = [ANSWERS]
    if subject.row is not None:
        overlay.mkdir(parents=True)
        write_answers(subject.row, overlay)
        folders.insert(0, overlay)
    with serve(answers=folders, manner=Manner(pondering=PONDERING)) as url:
        yield url


def _replay(
    subject: Subject, python: Path, work: Path, cassettes: Path
) -> tuple[Failure, ...]:
    done = _pytest(subject, python, work, cassettes, "--block-network")
    if done.returncode == PASSED:
        return ()
    if done.returncode != FAILED:
        raise RuntimeError(f"pytest, {subject.name}: {done.stdout[-800:]}")
    return (failure((work / "replay.xml").read_text("utf-8")),)


def _pytest(
    subject: Subject, python: Path, work: Path, cassettes: Path, *options: str
) -> CompletedProcess[str]:
    more = {
        "CASSETTES": str(cassettes),
        "OPENAI_BASE_URL": (cassettes / "port").read_text("utf-8"),
        "OPENAI_API_KEY": "sk-scripted",
        "PLANTED_WORKFLOW": workflow(subject),
        "PYTHONPATH": os.pathsep.join(map(str, (EXAMPLE, Path(__file__).parent))),
    }
    command = (python, "-m", "pytest", "-q", "-p", "changed_workflow", *options)
    only = f"test_sites.py::test_site_is_built[{subject.case}]"
    report = f"--junit-xml={work / 'replay.xml'}"
    return install.run([*command, report, only], work / TOOL, more)


def workflow(subject: Subject) -> str:
    """The changed workflow of a run, or nothing."""
    row = subject.row
    return str(row.module) if row is not None and row.workflow else ""


def spent(document: str) -> float:
    """Seconds that the tests of a report took."""
    tests = ET.fromstring(document).iter("testcase")  # noqa: S314
    return sum(float(test.attrib["time"]) for test in tests)


def failure(document: str) -> Failure:
    """The failing test of a report.

    Raises:
        RuntimeError: No test failed, although pytest said so.
    """
    for test in ET.fromstring(document).iter("testcase"):  # noqa: S314
        for broken in (*test.findall("failure"), *test.findall("error")):
            said = re.sub(r"\s+", " ", broken.attrib.get("message", ""))
            by = said.split(":")[0].split(" ")[0].rpartition(".")[2]
            named = stage_named("", said, STAGES)
            return Failure(label=TOOL, by=by, message=said, stage=named)
    raise RuntimeError("pytest reports no failing test")
