"""Processes that page checks start end with the process that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from agentflow_checks.web import processes

NESTED = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
child.wait()
"""
OWNER = """
import os, subprocess, sys
from pathlib import Path
from agentflow_checks.web import processes
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
processes.end_with_us(processes.known([child.pid]), Path(sys.argv[1]))
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits to be noticed does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    """Wait until a process has ended."""
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="the test reads /proc"
)


@needs_proc
def test_ending_a_process_ends_what_it_started() -> None:
    """A whole tree goes by the id of its root."""
    with subprocess.Popen(
        [sys.executable, "-c", NESTED], stdout=subprocess.PIPE, text=True
    ) as root:
        assert root.stdout is not None
        grandchild = int(root.stdout.readline())
        assert processes.descendants(root.pid) == [grandchild]
        processes.end(root.pid)
        root.wait()
    assert gone(grandchild)


@needs_proc
def test_what_a_killed_run_started_ends_too(tmp_path: Path) -> None:
    """After kill -9 no exit handler runs; the watcher ends the child and its folder."""
    folder = tmp_path / "profile"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert gone(int(done.stdout))
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert not folder.exists()


@needs_proc
def test_another_process_of_the_same_number_is_left_alone() -> None:
    """Numbers of ended processes are given anew; who has one then is a stranger."""
    with subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(60)"]
    ) as stranger:
        (now,) = processes.known([stranger.pid])
        processes.end_known([now._replace(born="1")])
        time.sleep(0.1)
        assert stranger.poll() is None
        processes.end_known([now])
        assert stranger.wait(timeout=10) != 0


@needs_proc
def test_a_browser_leaves_nothing_behind() -> None:
    """Stopping the browser ends its processes, its driver and its profile."""
    from agentflow_checks.web import browser

    running = browser.running()
    pids = [one.pid for one in running.started if alive(one.pid)]
    assert len(pids) > 2
    browser.stop()
    assert all(gone(pid) for pid in pids)
    assert not running.profile.exists()


@needs_proc
def test_a_browser_is_started_again_as_it_was() -> None:
    """The second start needs no driver, and has every switch of the first."""
    from agentflow_checks.web import again, browser

    first, pids = browser.running(), [one.pid for one in browser.running().started]
    before = again.command_of(pids, first.profile)
    browser.stop()
    second = browser.running()
    whole = again.command_of([second.root.pid], second.profile)
    assert second.root.args == whole
    assert {word.partition("=")[0] for word in whole} == {
        word.partition("=")[0] for word in before
    }


def test_what_does_not_start_again_is_given_up(tmp_path: Path) -> None:
    """A browser that ends at once is waited for no longer."""
    from agentflow_checks.web import again

    begin = time.monotonic()
    command = (sys.executable, "-c", "")
    assert again.start(command, dict(os.environ), tmp_path, seconds=30) is None
    assert time.monotonic() - begin < 20


DOWNLOADING = (
    b"<!doctype html><html lang=en><title>t</title><main><h1>h</h1>"
    b"<a id=a download=x.txt href='data:text/plain,hi'>x</a><script>a.click()</script>"
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's folders")
def test_nothing_is_written_outside_of_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither a download, nor caches, nor crash reports; the profile goes too."""
    from agentflow_checks.web import cdp, visits, warm

    visits.stop()
    # The tests' own folder is deeper than the address of a socket may be long.
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        for place in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
            (home / place).mkdir()
            monkeypatch.setenv(place, str(home / place))
        monkeypatch.setattr("tempfile.tempdir", None)
        assert visits.visit(DOWNLOADING, rules=["image-alt"]).error is None
        current = warm.tab()
        cdp.post(current.connection, "Page.crash", session=current.session)
        visits.visit(b"<title>what may be lost</title>", rules=["image-alt"])
        assert [file.parent.name for file in home.glob("*/*")] == ["TMPDIR"]
        visits.stop()
        assert list(home.glob("*/*")) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_worker_does_not_touch_its_parents_browser() -> None:
    """The child of a fork starts a browser of its own, or none; never ends ours."""
    import multiprocessing

    from agentflow_checks.web import browser

    mine = browser.running()
    context = multiprocessing.get_context("fork")
    with context.Pool(1) as pool:
        pid = pool.apply(_visit_in_child)
    assert pid != mine.root.pid
    assert alive(mine.root.pid)
    assert browser.running() is mine
    assert gone(pid)


def _visit_in_child() -> int:
    from agentflow_checks.web import browser

    return browser.running().root.pid
