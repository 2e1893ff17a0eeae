"""Recordings that are read again: not decoded again, and never out of date."""

from __future__ import annotations

import copy
import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_runs import full_run

import pytest_agentflow as af
from pytest_agentflow.recording.kept import Kept
from pytest_agentflow.recording.names import blobs_folder, recording_path

DAY = 86_400 * 10**9


def recorded(folder: Path, name: str = "hotel", age: int = DAY) -> Path:
    """A whole recording with side files, last changed a while ago."""
    run = dataclasses.replace(full_run(), case=name)
    path = af.save(run, recording_path(folder, run.workflow, run.case))
    for file in (path, *blobs_folder(path).iterdir()):
        then = file.stat().st_mtime_ns - age
        os.utime(file, ns=(then, then))
    return path


class Reader:
    """Reads one recording, and counts how often."""

    def __init__(self, path: Path, most: int = 2**26, settled: int = 10**9) -> None:
        self.path, self.reads = path, 0
        self.kept = Kept(most=most, settled=settled)

    def __call__(self, path: Path | None = None) -> af.Run:
        """The run, kept or read."""
        return self.kept.get(path or self.path, self._read)

    def _read(self) -> af.Run:
        self.reads += 1
        return full_run()


def test_a_recording_is_decoded_twice_at_most(tmp_path: Path) -> None:
    """The first reading notes it, the second keeps it, all others find it."""
    read = Reader(recorded(tmp_path))

    assert [read() for _ in range(5)] == [full_run()] * 5
    assert read.reads == 2
    assert 0 < read.kept.size < 2**20
    read.kept.forget()
    assert (read(), read.kept.size, read.reads) == (full_run(), 0, 3)


def test_who_changes_a_run_changes_no_others(tmp_path: Path) -> None:
    """What a test does to the values of its run stays with it."""
    path = recorded(tmp_path)
    for _ in range(3):
        run = af.load(path)
        before = copy.deepcopy(run.inputs)
        run.inputs.clear()  # type: ignore[attr-defined]
        assert af.load(path).inputs == before


def test_the_place_is_that_of_each_reading(tmp_path: Path) -> None:
    """Who names another folder is given it, kept or not."""
    path = recorded(tmp_path)
    folders = [af.load(path, folder=Path(f"f{i}")).folder for i in range(4)]

    assert folders == [Path(f"f{i}") for i in range(4)]
    assert af.load(path).folder == tmp_path


def _rewrite(path: Path) -> None:
    text = path.read_text("utf-8")
    path.write_text(text, "utf-8")


def _age(path: Path) -> None:
    os.utime(path, ns=(0, path.stat().st_mtime_ns - DAY))


def _drop_side_file(path: Path) -> None:
    next(blobs_folder(path).iterdir()).unlink()


def _change_side_file(path: Path) -> None:
    _age(next(blobs_folder(path).iterdir()))


def _replace(path: Path) -> None:
    then = path.stat().st_mtime_ns
    copied = path.with_suffix(".copy")
    copied.write_bytes(path.read_bytes())
    os.utime(copied, ns=(then, then))
    copied.replace(path)


@pytest.mark.parametrize(
    "change", [_rewrite, _age, _drop_side_file, _change_side_file, _replace]
)
def test_what_has_changed_is_read_anew(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """The file, its time, its place on disk, and its side files are looked at."""
    read = Reader(recorded(tmp_path))
    for _ in range(3):
        read()
    change(read.path)
    read()

    assert read.reads == 3


def test_a_side_file_that_is_gone_is_an_error_after_the_fact_too(
    tmp_path: Path,
) -> None:
    """What was kept does not hide that a recording is no longer whole."""
    path = recorded(tmp_path)
    for _ in range(3):
        af.load(path)
    _drop_side_file(path)
    with pytest.raises(af.RecordingError, match="the side file"):
        af.load(path)


def test_a_file_that_was_just_written_is_not_kept(tmp_path: Path) -> None:
    """It may change within one step of the file system's clock."""
    read = Reader(recorded(tmp_path, age=0))
    for _ in range(4):
        read()

    assert (read.reads, read.kept.size) == (4, 0)


def test_what_cannot_be_read_is_kept_by_nobody(tmp_path: Path) -> None:
    """The error is told each time, and what is there afterwards is read."""
    path = tmp_path / "flow" / "ant.flow.json"
    for _ in range(3):
        with pytest.raises(af.RecordingError, match="no such recording"):
            af.load(path)
    assert af.load(recorded(tmp_path)).case == "hotel"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 4))
def test_no_more_is_kept_than_allowed_and_the_oldest_goes_first(
    tmp_path_factory: pytest.TempPathFactory, asked: list[int], room: int
) -> None:
    """Whatever is asked for, in any order, the bytes stay within their bound."""
    folder = tmp_path_factory.mktemp("many")
    paths = [recorded(folder, f"case{i}") for i in range(6)]
    probe = Reader(paths[0])
    probe(), probe()
    read = Reader(paths[0], most=room * probe.kept.size)
    for number in asked:
        assert read(paths[number]) == full_run()
        assert 0 <= read.kept.size <= read.kept.most
    last = list(dict.fromkeys(reversed(asked)))[:room]
    for number in last:
        before = read.reads
        again = asked.count(number) > 1
        read(paths[number])
        assert read.reads - before <= (not again) or len(last) > 1
