"""The recordings beside a run: what a glob of a check finds, or says there is."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.recording.names import recording_path

NAMES = st.text("abc", min_size=1, max_size=4)


def run(folder: Path | None, workflow: str = "pages", case: str = "ant") -> af.Run:
    """A run of a folder."""
    return af.Run(workflow=workflow, case=case, folder=folder)


def record(folder: Path, workflow: str, case: str) -> None:
    """A recording in it."""
    af.save(run(folder, workflow, case), recording_path(folder, workflow, case))


def test_all_that_fit_are_loaded_sorted_and_know_their_folder(tmp_path: Path) -> None:
    """The run's own recording is among them."""
    for case in ("cat", "ant", "bee"):
        record(tmp_path, "pages", case)
    found = af.runs_beside(run(tmp_path), "pages/*")

    assert [one.case for one in found] == ["ant", "bee", "cat"]
    assert {one.folder for one in found} == {tmp_path}


def test_a_run_from_nowhere_has_nothing_beside_it() -> None:
    """The argument is named as the check calls it."""
    with pytest.raises(af.CheckError, match=r"others='x' is looked for beside the run"):
        af.runs_beside(run(None), "x", "others")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    """There is nothing to name, so the command that records is."""
    with pytest.raises(af.CheckError, match="holds no recording; make some"):
        af.runs_beside(run(tmp_path), "x/*")


def test_the_nearest_names_are_told_and_then_the_workflows_own(tmp_path: Path) -> None:
    """Each with what it holds; many others are counted."""
    for workflow in ("alpha", "beta", "gamma", "delta", "epsilon"):
        record(tmp_path, workflow, "ant")
    one = dataclasses.replace(run(tmp_path), workflow="gamma")
    with pytest.raises(af.CheckError) as failure:
        af.runs_beside(one, "bta/*")

    text = str(failure.value)
    assert "there are beta/* (1), gamma/* (1), alpha/* (1) and 2 other" in text
    assert "folders: name those that are meant, as in runs='beta/*'" in text


@settings(max_examples=25, deadline=None)
@given(st.sets(st.tuples(NAMES, NAMES), min_size=1, max_size=5), NAMES, NAMES)
def test_something_is_found_or_something_that_is_there_is_named(
    recorded: set[tuple[str, str]], workflow: str, case: str
) -> None:
    """What an error tells to write finds recordings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for one, other in recorded:
            record(folder, one, other)
        asked = f"{workflow}/{case}"
        try:
            found = af.runs_beside(run(folder), asked)
        except af.CheckError as error:
            told = str(error).rpartition("as in runs='")[2].rstrip("'")
            assert (workflow, case) not in recorded
            assert af.find_recordings(folder, told)
        else:
            assert [(one.workflow, one.case) for one in found] == [(workflow, case)]
