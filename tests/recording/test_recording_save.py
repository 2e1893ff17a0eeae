from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from recorded_runs import full_run, runs

from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.document import encode
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.names import blobs_folder
from pytest_agentflow.recording.pretty import pretty
from pytest_agentflow.recording.save import save
from pytest_agentflow.recording.schema import PATH, flow_schema, schema_text


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Give content and time of change of every file."""
    return {
        str(file.relative_to(folder)): (file.read_bytes(), file.stat().st_mtime_ns)
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_saving_what_is_there_already_touches_nothing(tmp_path: Path) -> None:
    """No file gets another byte or another date."""
    path = save(full_run(), tmp_path / "w" / "c.flow.json")
    before = snapshot(tmp_path)
    assert save(full_run(), path) == path
    assert snapshot(tmp_path) == before


def test_side_files_that_are_no_longer_named_are_removed(tmp_path: Path) -> None:
    """Nothing piles up, and files of other people stay."""
    path = save(full_run(), tmp_path / "c.flow.json")
    other = save(full_run(), tmp_path / "d.flow.json")
    notes = blobs_folder(path) / "notes.txt"
    notes.write_text("mine")
    save(Run(workflow="w", case="c"), path)
    assert list(blobs_folder(path).iterdir()) == [notes]
    assert load(other) == full_run()
    notes.unlink()
    save(Run(workflow="w", case="c"), path)
    assert not blobs_folder(path).exists()


def test_a_failed_save_leaves_the_old_recording_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk is full, the old recording and its side files are still there."""
    path = save(full_run(), tmp_path / "c.flow.json")
    before = snapshot(tmp_path)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    changed = dataclasses.replace(full_run(), output="new", artefacts=())
    with pytest.raises(OSError, match="No space left"):
        save(changed, path)
    assert snapshot(tmp_path) == before


def test_a_run_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    """A value of the wrong kind is found while it can still be repaired."""
    path = save(full_run(), tmp_path / "c.flow.json")
    before = snapshot(tmp_path)
    broken = dataclasses.replace(full_run(), size="three")  # type: ignore[arg-type]
    with pytest.raises(Malformed, match=r"\$\.size: expected int, found 'three'"):
        save(broken, path)
    assert snapshot(tmp_path) == before


def test_files_are_as_public_as_the_umask_says(tmp_path: Path) -> None:
    """A recording can be read by those who can read its neighbours."""
    mask = os.umask(0o022)
    try:
        path = save(full_run(), tmp_path / "c.flow.json")
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_file_is_utf_8_and_ends_with_a_line_end(tmp_path: Path) -> None:
    """Signs of all scripts can be read in a review."""
    text = save(full_run(), tmp_path / "c.flow.json").read_bytes().decode("utf-8")
    assert "Häuser" in text
    assert text.endswith("\n}\n")


def test_the_published_schema_is_current() -> None:
    """The schema is made from the classes; make it anew when they change."""
    made = schema_text()
    assert PATH.read_text() == made, (
        "write it anew: python -c 'from pytest_agentflow.recording.schema import *; "
        "PATH.write_text(schema_text())'"
    )


VALIDATOR = jsonschema.Draft202012Validator(flow_schema())


def test_the_schema_is_one() -> None:
    """The schema keeps to its own language."""
    jsonschema.Draft202012Validator.check_schema(flow_schema())


def test_the_full_run_fits_the_schema() -> None:
    """What we write is what we publish."""
    VALIDATOR.validate(json.loads(pretty(encode(full_run())[0])))


@given(runs)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_recording_fits_the_schema(run: Run) -> None:
    """No run leads to a form that the schema does not know."""
    VALIDATOR.validate(json.loads(pretty(encode(run)[0])))


@pytest.mark.parametrize("member", ["schema", "workflow", "case"])
def test_the_schema_refuses_what_lacks_a_member(member: str) -> None:
    """The schema is no schema that takes everything."""
    document = encode(full_run())[0]
    del document[member]
    assert not VALIDATOR.is_valid(document)
    assert not VALIDATOR.is_valid({**encode(full_run())[0], "odd": 1})
