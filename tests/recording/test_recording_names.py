from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_runs import values

from pytest_agentflow.recording.names import (
    blobs_folder,
    case_of,
    partial_path,
    recording_path,
    slug,
)
from pytest_agentflow.recording.values import UnstorableValue

ROOT = Path("recordings")

odd_names = st.text(max_size=12) | st.sampled_from(
    [
        "hotel",
        "Hotel",
        "ho tel",
        "ho/tel",
        "..",
        "../x",
        "x.n3",
        "x.t1",
        "con",
        "nul.x",
        ".",
        "-",
        "ä",
        "x~1",
        "a\\b",
        "x.",
    ]
)
odd_names |= st.sampled_from(["", "a" * 300, "hotel.flow", "x\0y"])


def test_plain_names_are_file_names_as_they_stand() -> None:
    """What a person would write is what they find on disk."""
    path = recording_path(ROOT, "build_site", "hotel-1", size=3, trial=2)
    assert path.as_posix() == "recordings/build_site/hotel-1.n3.t2.flow.json"
    assert recording_path(ROOT, "w", "c").as_posix() == "recordings/w/c.flow.json"


def test_a_recordings_neighbours_share_its_name() -> None:
    """Journal and side files stand beside the recording."""
    path = recording_path(ROOT, "w", "c")
    assert partial_path(path).name == "c.flow.partial.jsonl"
    assert blobs_folder(path).name == "c.flow.blobs"


@given(odd_names, odd_names)
def test_no_name_leaves_the_folder(workflow: str, case: str) -> None:
    """Ids with slashes, dots or reserved words stay two levels below the folder."""
    path = recording_path(ROOT, workflow, case)
    assert path.parent.parent == ROOT
    assert len(path.name) < 120
    for part in path.parts[1:]:
        assert part not in (".", "..")
        assert not set(part) & set('<>:"/\\|?*\0 ')
        assert not part.endswith(".")
        assert part.isascii()
    stem = PureWindowsPath(path.name).stem.partition(".")[0]
    assert stem not in {"con", "nul", "aux", "prn"}


keys = st.tuples(
    odd_names, odd_names, st.none() | st.integers(0, 5), st.none() | st.integers(0, 5)
)


@given(keys, keys)
def test_two_recordings_never_share_a_file(
    left: tuple[str, str, int | None, int | None],
    right: tuple[str, str, int | None, int | None],
) -> None:
    """Not even on file systems that fold capitals."""
    paths = [str(recording_path(ROOT, *key)).lower() for key in (left, right)]
    assert (paths[0] == paths[1]) is (left == right)


def test_names_that_simplify_alike_have_different_digests() -> None:
    """Two ids that give one slug are two files."""
    names = {slug(name) for name in ("a b", "a/b", "A b", "a-b")}
    assert len(names) == 4
    assert all(PurePosixPath(name).name.startswith("a-b") for name in names)


def test_a_case_is_named_by_its_inputs() -> None:
    """The first short text tells a reader which one it is, the digest is unique."""
    assert case_of({"profile": "Grand Hotel", "rooms": 3}).startswith("grand-hotel-")
    assert case_of({"rooms": 3}).startswith("case-")
    assert case_of({"a": "x"}) != case_of({"b": "x"})
    assert case_of({"a": "x", "b": 1}) == case_of({"b": 1, "a": "x"})


@given(st.dictionaries(st.text(), values, max_size=3))
def test_any_storable_inputs_have_a_case(inputs: dict[str, object]) -> None:
    """The name is a safe one already."""
    case = case_of(inputs)
    assert slug(case) == case


def test_inputs_that_cannot_be_stored_are_refused() -> None:
    """An object has no lasting name."""
    with pytest.raises(UnstorableValue, match=r"the value\['x'\] is a builtins.object"):
        case_of({"x": object()})
