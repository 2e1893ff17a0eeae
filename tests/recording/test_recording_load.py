from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded_runs import full_run, plain_json

import pytest_agentflow as af
from pytest_agentflow.model.codec import Malformed
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.document import encode
from pytest_agentflow.recording.load import (
    RecordingError,
    find_recordings,
    load,
    loads,
)
from pytest_agentflow.recording.migrate import migrate
from pytest_agentflow.recording.names import blobs_folder, recording_path
from pytest_agentflow.recording.pretty import pretty
from pytest_agentflow.recording.save import save

FILE = Path("recordings/build_site/hotel.flow.json")
DOCUMENT, BLOBS = encode(full_run())
DATA = pretty(DOCUMENT).encode()


def read(data: bytes) -> Run:
    """Read bytes as if they were the file."""

    def read_blob(name: str) -> bytes:
        if name not in BLOBS:
            raise FileNotFoundError(2, "No such file or directory", name)
        return BLOBS[name]

    return loads(data, file=FILE, read_blob=read_blob)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Give a whole recording on disk."""
    run = full_run()
    return save(run, recording_path(tmp_path, run.workflow, run.case))


def test_a_recording_knows_where_it_was_loaded_from(
    recording: Path, tmp_path: Path
) -> None:
    """The run names its file and its recordings folder, and is equal otherwise."""
    run = load(recording)
    assert run == full_run()
    assert (run.path, run.folder) == (recording, tmp_path)
    assert load(str(recording)) == run


def test_a_file_outside_its_workflows_folder_has_its_own_folder(
    recording: Path, tmp_path: Path
) -> None:
    """A recording that was copied elsewhere is in the folder it lies in."""
    copied = tmp_path / "other" / "x.flow.json"
    copied.parent.mkdir()
    blobs_folder(recording).rename(blobs_folder(copied))
    recording.rename(copied)
    assert load(copied).folder == copied.parent


def test_a_file_cut_off_anywhere_gives_one_error() -> None:
    """At every length the error names the file; only the last line end may lack."""
    assert read(DATA[:-1]) == full_run()
    for length in range(0, len(DATA) - 1, 7):
        with pytest.raises(RecordingError, match=r"hotel\.flow\.json") as caught:
            read(DATA[:length])
        assert "git checkout" in caught.value.repair


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all nodes of a document."""
    found = [path]
    members: list[tuple[Any, Any]] = []
    if isinstance(node, dict):
        members = list(node.items())
    elif isinstance(node, list):
        members = list(enumerate(node))
    for key, item in members:
        found += places(item, (*path, key))
    return found


PLACES = [place for place in places(DOCUMENT) if place]


@given(st.sampled_from(PLACES), plain_json, st.sampled_from(["set", "drop", "rename"]))
@settings(max_examples=400, deadline=None)
def test_any_changed_node_gives_a_run_or_one_error(
    place: tuple[Any, ...], value: Any, change: str
) -> None:
    """Whatever stands at any JSON path, nothing but a `RecordingError` is raised."""
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    if change == "set":
        holder[place[-1]] = value
    else:
        item = holder.pop(place[-1])
        if change == "rename" and isinstance(holder, dict):
            holder[f"{place[-1]}x"] = item
    try:
        run = read(pretty(document).encode())
    except RecordingError as error:
        assert str(error).startswith(str(FILE))  # noqa: PT017 - both ends are good
        assert error.json_path.startswith("$")  # noqa: PT017
    else:
        assert isinstance(run, Run)


@given(st.binary(max_size=300) | st.text().map(lambda t: t.encode("utf-8", "replace")))
def test_any_bytes_give_one_error(data: bytes) -> None:
    """What is no recording is said to be none."""
    with pytest.raises(RecordingError, match=r"To repair: "):
        read(data)


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_any_changed_byte_gives_a_run_or_one_error(place: int, byte: int) -> None:
    """A flipped byte never ends in a traceback of ours."""
    try:
        run = read(DATA[:place] + bytes([byte]) + DATA[place + 1 :])
    except RecordingError as error:
        assert "flow.json" in str(error)  # noqa: PT017 - both ends are good
    else:
        assert isinstance(run, Run)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            b'"input_tokens": 5',
            b'"input_tokens": "5"',
            (
                "recordings/build_site/hotel.flow.json at "
                "$.calls[4].usage.input_tokens: expected int, found '5'. To repair: "
                "record it anew (`pytest --agentflow=record`) or take it back from "
                "version control (`git checkout -- "
                "recordings/build_site/hotel.flow.json`)."
            ),
        ),
        (
            b'"kind": "retriever"',
            b'"kind": "retreiver"',
            (
                "at $.calls[2].kind: expected ('chat', 'embeddings', 'rerank', "
                "'image', 'audio', 'retriever', 'tool', 'http', 'judge'), found "
                "'retreiver'."
            ),
        ),
        (
            b'"stages"',
            b'"stagez"',
            "at $.stagez: unknown field (known: workflow, case,",
        ),
        (b'"workflow": "build_site",\n', b"", "at $.workflow: this field is missing."),
        (
            b'"agentflow/1"',
            b'"agentflow/7"',
            (
                "at $.schema: was made by a newer pytest-agentflow (agentflow/7; "
                "this one reads up to agentflow/1). To repair: upgrade: `pip install "
                "--upgrade pytest-agentflow`."
            ),
        ),
        (b'"agentflow/1"', b'"vcr/1"', "at $.schema: is no recording: expected"),
        (b"[10, 0,", b"[11, 0,", "chunk sizes add up to"),
        (b'"style": "compact"', b'"style": "odd"', "'odd' is none of compact,"),
        (b'"$$top"', b'"$top"', "$.calls[2].invocation.arguments.$top: expected a key"),
        (b'"amount": "0.25"', b'"amount": "cheap"', "'cheap' is no decimal number"),
        (b"{\n", b"<<<<<<< HEAD\n{\n", "holds the marks of a merge conflict"),
    ],
)
def test_each_kind_of_damage_has_its_own_sentence(
    old: bytes, new: bytes, sentence: str
) -> None:
    """The error says which file, where in it, what is wrong and how to repair it."""
    assert old in DATA
    with pytest.raises(RecordingError) as caught:
        read(DATA.replace(old, new, 1))
    assert sentence in str(caught.value)


def test_a_missing_side_file_is_named(recording: Path) -> None:
    """The error names the file, the JSON path and the command that brings it back."""
    (gone,) = [f for f in blobs_folder(recording).iterdir() if f.suffix == ".png"][:1]
    gone.unlink()
    with pytest.raises(RecordingError) as caught:
        load(recording)
    assert f"the side file {gone.name} cannot be read" in caught.value.problem
    assert caught.value.json_path.startswith("$.")
    assert ".gitattributes" in caught.value.repair


def test_a_changed_side_file_is_noticed(recording: Path) -> None:
    """Side files are compared with their digest."""
    (changed, *_) = blobs_folder(recording).iterdir()
    changed.write_bytes(changed.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(RecordingError, match="was changed: its digest differs"):
        load(recording)


def test_a_side_file_outside_its_folder_is_never_read(tmp_path: Path) -> None:
    """A hostile recording cannot make us read other files."""
    secret = tmp_path / "secret"
    secret.write_text("x")
    data = DATA.replace(b"sha256-", b"../../sha256-", 1)
    with pytest.raises(RecordingError, match="expected the name of a side file"):
        read(data)


def test_a_missing_recording_names_its_neighbours(recording: Path) -> None:
    """A wrong name is answered with the names there are."""
    with pytest.raises(RecordingError) as caught:
        load(recording.with_name("hotle.flow.json"))
    problem = f"there is no such recording ({recording.parent} holds hotel.flow.json)"
    assert caught.value.problem == problem


def test_a_broken_off_recording_is_said_to_be_one(tmp_path: Path) -> None:
    """Where only the journal exists, the message says so."""
    (tmp_path / "x.flow.partial.jsonl").write_text("")
    with pytest.raises(RecordingError, match="the recording broke off") as caught:
        load(tmp_path / "x.flow.json")
    assert f"rm {tmp_path / 'x.flow.partial.jsonl'}" in caught.value.repair


def test_a_folder_is_no_recording(tmp_path: Path) -> None:
    """A folder is named as what it is."""
    with pytest.raises(RecordingError, match="is a folder, not a recording"):
        load(tmp_path)


def test_an_impossible_path_is_no_traceback() -> None:
    """A path that no system can open is an error of the same kind."""
    with pytest.raises(RecordingError, match="cannot be read"):
        load("a\0b.flow.json")


def test_errors_travel_between_processes() -> None:
    """A worker process can hand the error over."""
    error = RecordingError(FILE, "$.x", "is odd", "look")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert (str(again), again.json_path) == (str(error), "$.x")


def test_a_byte_order_mark_and_crlf_do_no_harm() -> None:
    """What editors and git do to a text file does not break it."""
    data = b"\xef\xbb\xbf" + DATA.replace(b"\n", b"\r\n")
    assert read(data) == full_run()


def test_nesting_without_end_is_one_error() -> None:
    """A file that would exhaust the stack is refused."""
    deep = json.dumps(DOCUMENT)[:-1] + ', "output": ' + "[" * 5000 + "]" * 5000 + "}"
    with pytest.raises(RecordingError, match="nested"):
        read(deep.encode())


def test_recordings_are_found_sorted_and_by_pattern(tmp_path: Path) -> None:
    """Patterns look at workflow and case; a name that is no safe one finds its file."""
    for workflow, case in [("b", "2"), ("b", "1"), ("a", "x"), ("Odd Name", "1")]:
        run = Run(workflow=workflow, case=case)
        save(run, recording_path(tmp_path, workflow, case))

    def names(pattern: str) -> list[str]:
        return [load(file).id for file in find_recordings(tmp_path, pattern)]

    assert names("**") == ["a/x", "b/1", "b/2", "Odd Name/1"]
    assert names("b/*") == ["b/1", "b/2"]
    assert names("b/[1].flow.json") == ["b/1"]
    assert names("Odd Name/*") == ["Odd Name/1"]
    assert names("nothing/*") == []


def test_a_missing_recordings_folder_is_an_error(tmp_path: Path) -> None:
    """No folder is not the same as no recordings."""
    with pytest.raises(RecordingError, match="there is no such folder"):
        find_recordings(tmp_path / "recordings", "*")


def test_old_documents_are_brought_forward_step_by_step() -> None:
    """Each version has one function to the next."""
    steps = {
        1: lambda document: {**document, "case": document["name"]},
        2: lambda document: {**document, "steps": 2},
    }
    document = migrate({"schema": "agentflow/1", "name": "hotel"}, steps, current=3)
    assert document["schema"] == "agentflow/3"
    assert (document["case"], document["steps"]) == ("hotel", 2)


@pytest.mark.parametrize("schema", [None, 1, "agentflow/0", "agentflow/x", "Agentflow"])
def test_a_document_without_a_version_is_no_recording(schema: Any) -> None:
    """Any other JSON file is refused as such."""
    with pytest.raises(Malformed, match="is no recording"):
        migrate({"schema": schema})


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_blobs_of_other_content_are_refused(data: st.DataObject) -> None:
    """Whatever a side file holds instead, it is one error."""
    name = data.draw(st.sampled_from(sorted(BLOBS)))
    content = data.draw(st.binary().filter(lambda b: b != BLOBS[name]))
    with pytest.raises(RecordingError, match="digest differs"):
        loads(DATA, file=FILE, read_blob=lambda n: {**BLOBS, name: content}[n])


def test_a_recording_from_before_rerankers_had_a_kind_is_read(tmp_path: Path) -> None:
    """What the call was is read of its exchange, not believed of the file."""
    request = af.Request(
        method="POST",
        scheme="https",
        host="api.cohere.com",
        port=443,
        path="/v2/rerank",
        body=b'{"model":"rerank-v3.5","query":"pool","documents":["a","b"]}',
    )
    body = b'{"results":[],"meta":{"billed_units":{"search_units":1}}}'
    call = af.Call(
        id="ranker/1",
        kind="rerank",
        stage="ranker",
        request=request,
        response=af.Response(status=200, body=body),
    )
    path = tmp_path / "flow/a.flow.json"
    save(af.Run(workflow="flow", case="a", calls=(call,)), path)
    old = path.read_text().replace('"kind": "rerank"', '"kind": "embeddings"')
    assert old != path.read_text()
    path.write_text(old)
    loaded = af.load(path)
    assert [call.kind for call in loaded.calls] == ["rerank"]
    assert loaded.calls[0].is_model_call
