"""Where there is no recording the nearest one says what changed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.load import RecordingError
from pytest_agentflow.recording.names import recording_path
from pytest_agentflow.recording.save import save
from pytest_agentflow.running import suggestions
from pytest_agentflow.running.absent import no_recording

_LONG = "Rule 40: state the figure. Rule 41: be kind. " * 8


def _recorded(folder: Path, case: str, inputs: dict[str, Any]) -> Path:
    path = recording_path(folder, "build", case)
    save(Run(workflow="build", case=case, inputs=inputs), path)
    return path


def _command(*options: str) -> str:
    return " ".join(("pytest", *options))


def _told(folder: Path, inputs: dict[str, Any]) -> list[str]:
    path = recording_path(folder, "build", "new")
    text = str(no_recording(path, inputs, _command))
    return text.removeprefix(f"{path}: ").splitlines()


def test_the_recording_with_the_fewest_changes_is_named(tmp_path: Path) -> None:
    """Each change by its path, old and new; long texts by the words that changed."""
    _recorded(tmp_path, "a", {"name": "Anna", "owner": {"age": 7}, "brief": "x"})
    _recorded(tmp_path, "b", {"name": "Bert", "owner": {"age": 7}, "brief": _LONG})
    changed = _LONG.replace("figure. Rule 41", "number. Rule 41", 1)
    new = {"name": "Bert", "owner": {"age": 8}, "brief": changed, "tone": "dry"}
    first, nearest, *changes, repair = _told(tmp_path, new)
    assert first == "there is no such recording."
    assert nearest == "  Nearest is b.flow.json; what changed in the inputs since:"
    words = "Rule 40: state the [-figure-]{+number+}. Rule 41: be kind. …"
    assert changes == [
        f"    $.inputs.brief: {words}",
        "    $.inputs.owner.age: 7 -> 8",
        "    $.inputs.tone: (absent) -> dry",
    ]
    assert repair == "  To repair: record it: `pytest --agentflow=record`."


def test_the_very_same_inputs_under_another_name_are_told(tmp_path: Path) -> None:
    """The case, its size or its trial has another name: nothing else changed."""
    old = _recorded(tmp_path, "old", {"name": "Anna"})
    new = recording_path(tmp_path, "build", "new")
    record = "record it: `pytest --agentflow=record`."
    assert _told(tmp_path, {"name": "Anna"})[1:] == [
        "  old.flow.json holds a run of the very same inputs, so named.",
        f"  To repair: rename it: `mv {old} {new}`; or {record}",
    ]


def test_trials_are_replayed_as_trials_and_one_run_is_recorded(tmp_path: Path) -> None:
    """Where only trials are there, the command that replays them is given."""
    for trial in (1, 2, 3, 5):
        path = recording_path(tmp_path, "build", "new", trial=trial)
        save(Run(workflow="build", case="new", trial=trial), path)
    (told,) = _told(tmp_path, {})
    assert told == (
        "there is no such recording. To repair: only trials .t1-.t3 are recorded: "
        "replay them by `pytest --agentflow-trials=3`, or record one run by "
        "`pytest --agentflow=record`."
    )
    fourth = recording_path(tmp_path, "build", "new", trial=4)
    told = str(no_recording(fourth, {}, _command))
    assert "only trials .t1-.t3 are recorded" in told
    assert told.endswith("or record them all by `pytest --agentflow=record`.")


def test_one_trial_alone_is_no_trials_to_replay(tmp_path: Path) -> None:
    """A test that is run once replays a run, and not its first trial."""
    path = recording_path(tmp_path, "build", "new", trial=1)
    save(Run(workflow="build", case="new", trial=1), path)
    assert _told(tmp_path, {})[-1] == (
        "  To repair: record it: `pytest --agentflow=record`."
    )


def test_many_changes_are_counted(tmp_path: Path) -> None:
    """Six are shown."""
    names = [f"n{number}" for number in range(9)]
    _recorded(tmp_path, "old", {**dict.fromkeys(names, 1), "text": "the same"})
    told = _told(tmp_path, {**dict.fromkeys(names, 2), "text": "the same"})
    assert told[-2] == "    and 3 more changes"
    assert len(told) == 10


def test_damaged_and_far_recordings_are_no_help(tmp_path: Path) -> None:
    """What is shown is near, or nothing is."""
    path = _recorded(tmp_path, "broken", {"a": 1})
    path.write_text("{")
    _recorded(tmp_path, "far", {"alpha": "one two three four five six seven"})
    told = _told(tmp_path, {"omega": ["11", "22", "33", "44"]})
    assert len(told) == 1
    assert told[0].startswith("there is no such recording. To repair: ")


def test_many_recordings_are_read_once(tmp_path: Path) -> None:
    """A suite without a hundred recordings does not read a thousand files each time."""
    for number in range(60):
        _recorded(tmp_path, f"c{number}", {"topic": f"topic {number}", "brief": _LONG})
    inputs = {"topic": "topic 7 b", "brief": _LONG}
    begin = time.perf_counter()
    told = _told(tmp_path, inputs)
    first = time.perf_counter() - begin
    assert told[1] == "  Nearest is c7.flow.json; what changed in the inputs since:"
    path = recording_path(tmp_path, "build", "c7")
    save(Run(workflow="build", case="c7", inputs={"topic": "z", "brief": "y"}), path)
    assert "c7.flow.json" not in _told(tmp_path, inputs)[1]
    assert first < 5.0


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
    ),
    max_leaves=6,
)
_INPUTS = st.dictionaries(st.text(max_size=4), _VALUES, max_size=4)


@given(recorded=_INPUTS, given_now=_INPUTS)
def test_any_inputs_can_be_compared(
    tmp_path_factory: pytest.TempPathFactory,
    recorded: dict[str, Any],
    given_now: dict[str, Any],
) -> None:
    """The message is there whatever the inputs are: it must not hide its own cause."""
    folder = tmp_path_factory.mktemp("recordings")
    _recorded(folder, "old", recorded)
    path = recording_path(folder, "build", "new")
    error = no_recording(path, given_now, _command)
    assert isinstance(error, RecordingError)
    assert str(error).endswith("record it: `pytest --agentflow=record`.")


@settings(max_examples=10)  # each one lists all modules that are installed
@given(st.text("abcdef_.", max_size=20))
def test_any_module_name_can_be_looked_for(name: str) -> None:
    """What is not there is told, however it is written."""
    assert suggestions.absent_module(name).startswith("there is no module")


@given(st.text(max_size=20))
def test_any_function_name_can_be_looked_for(name: str) -> None:
    """The sentence quotes what was written."""
    told = suggestions.absent_name(suggestions, "m:", name)
    assert told.startswith(f"there is no m:{name}; ")
