from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_runs import PNG, chat_call, chat_request, full_run

from pytest_agentflow.model.call import Response
from pytest_agentflow.model.run import Artefact, Run, Stage
from pytest_agentflow.recording.audit import audit, shortened
from pytest_agentflow.recording.erasure import Eraser, files_below
from pytest_agentflow.recording.journal import Journal, read_journal
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.match import STRICT, Index, match_key
from pytest_agentflow.recording.names import blobs_folder, judge_path, recording_path
from pytest_agentflow.recording.order import Captured
from pytest_agentflow.recording.personal import masks_of, parse_personal
from pytest_agentflow.recording.pseudonyms import pseudonym
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.recording.save import save

NAME, MAIL = "Ada Lovelace", "ada@engines.test"
VALUES = [("value 1", "name", NAME), ("value 2", "email", MAIL)]
REDACTOR = Redactor({}, personal=masks_of(VALUES))
ERASER = Eraser(redactor=REDACTOR)


def run_about(text: str, case: str = "one") -> Run:
    """A run that names somebody in prompt, streamed answer, output and side files."""
    words = [f"Dear {text[:5]}", text[5:], "!"]
    body = "".join(
        f"data: {json.dumps({'choices': [{'delta': {'content': w}}]})}\n\n"
        for w in words
    )
    call = chat_call(
        request=chat_request(f"Write to {text}."),
        response=Response(
            status=200,
            headers=(("content-type", "text/event-stream"),),
            body=body.encode(),
            chunks=(len(body.encode()),),
        ),
    )
    page = f"<p>{text}</p>\n".encode() * 4000
    return dataclasses.replace(
        full_run(),
        case=case,
        calls=(call,),
        inputs={"profile": {"name": text}},
        stages=(Stage(name="writer", outputs=(text,)),),
        artefacts=(
            Artefact(name="a.html", media_type="text/html", data=page),
            Artefact(name="a.png", media_type="image/png", data=PNG + text.encode()),
        ),
    )


def kept(folder: Path, run: Run) -> Path:
    """Write a run where recordings belong."""
    path = recording_path(folder, run.workflow, run.case, run.size, run.trial)
    return save(run, path)


def everything(folder: Path) -> str:
    """All that is written below a folder, names of files included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    read = [path.read_bytes().decode("utf-8", "replace") for path in files]
    return "\n".join([*map(str, files), *read]).casefold()


@given(
    text=st.sampled_from([NAME, NAME.upper(), f"{MAIL}, {NAME}", "Ms Lovelace", MAIL]),
    case=st.sampled_from(["one", NAME, "ada-lovelace"]),
)
@settings(max_examples=10, deadline=None)
def test_erasing_leaves_nothing_and_the_recording_loads(text: str, case: str) -> None:
    """Side files get new names, the case a new one; the run is otherwise the same."""
    with tempfile.TemporaryDirectory() as top:
        folder = Path(top)
        old = kept(folder, run_about(text, case))
        other = kept(folder, run_about("Grace Hopper", "other"))
        before = other.read_bytes()
        done = [t for f in files_below(folder) if (t := ERASER.erase(f)) is not None]
        assert [t.done for t in done] == ["rewritten"]
        assert done[0].file == old
        left = everything(folder)
        assert "lovelace" not in left
        assert "engines.test" not in left
        assert other.read_bytes() == before
        (new,) = (f for f in files_below(folder) if f != other)
        run = load(new)
        assert run.calls[0].answer == REDACTOR.text(f"Dear {text}!")
        assert run.id == load(new).id
        blobs = {blob.name for blob in blobs_folder(new).iterdir()}
        assert len(blobs) == 2
        again = [t for f in files_below(folder) if (t := ERASER.erase(f)) is not None]
        assert again == []


def test_an_erased_recording_is_replayed_with_the_masked_inputs(
    tmp_path: Path,
) -> None:
    """Whoever asks with x in place of the name gets the answer with x."""
    path = kept(tmp_path, run_about(NAME))
    ERASER.erase(path)
    run = load(path)
    masked = run.inputs["profile"]["name"]
    assert masked == "Xxx Xxxxxxxx"
    asked = chat_request(f"Write to {masked}.")
    call = Index(run, STRICT).take("writer", match_key(asked))
    assert call is not None
    assert call.answer == "Dear Xxx Xxxxxxxx!"


def test_two_people_of_equally_long_names_stay_two_cases(tmp_path: Path) -> None:
    """A new name that is taken gets a number."""
    for name in (NAME, "Eva Lovelock"):
        path = kept(tmp_path, run_about(name, name))
        values = [("value 1", "name", name)]
        Eraser(redactor=Redactor({}, personal=masks_of(values))).erase(path)
    cases = sorted(load(file).case for file in files_below(tmp_path))
    assert cases == ["Xxx Xxxxxxxx", "Xxx Xxxxxxxx-2"]


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """It tells what would be done, and leaves every byte."""
    path = kept(tmp_path, run_about(NAME, NAME))
    before = everything(tmp_path)
    dry = Eraser(redactor=REDACTOR, dry_run=True)
    done = dry.erase(path)
    assert done is not None
    assert (done.done, done.places > 3) == ("rewritten", True)
    assert done.note.startswith("now xxx-xxxxxxxx~")
    assert dataclasses.replace(dry, delete=True).erase(path) is not None
    assert everything(tmp_path) == before


def test_cases_can_be_deleted_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    """Recording, side files, journal and judgement of the case go; others stay."""
    path = kept(tmp_path, run_about(NAME))
    other = kept(tmp_path, run_about("Grace Hopper", "other"))
    stem = path.name.removesuffix(".flow.json")
    path.with_name(f"{stem}.judge.json").write_text('{"claims": []}')
    with Journal(path, Redactor({})) as journal:
        journal.note("stage-begin", stage="writer")
    eraser = Eraser(redactor=REDACTOR, delete=True)
    done = [t for f in files_below(tmp_path) if (t := eraser.erase(f)) is not None]
    assert [t.done for t in done] == ["deleted"]
    left = {file.name for file in tmp_path.rglob("*") if file.is_file()}
    assert left == {other.name} | {f.name for f in blobs_folder(other).iterdir()}


def test_journals_and_judgements_are_rewritten(tmp_path: Path) -> None:
    """What broke off and what was judged name nobody either, and can be read."""
    run = run_about(NAME)
    path = recording_path(tmp_path, run.workflow, run.case)
    with Journal(path, Redactor({})) as journal:
        journal.note("stage-begin", stage="writer", said=NAME)
        journal.call(Captured(call=run.calls[0], id="1", branch="main", start=0.0))
    judge = path.with_name("one.judge.json")
    judgement = {"claims": [{"text": {"$lines": [f"{NAME}\n", "is right"]}}]}
    judge.write_text(json.dumps(judgement, indent=1) + "\n")
    before = len(read_journal(path))
    for file in files_below(tmp_path):
        done = ERASER.erase(file)
        assert done is not None
        assert done.done == "rewritten"
    entries = read_journal(path)
    assert len(entries) == before
    assert entries[0].data["said"] == "Xxx Xxxxxxxx"
    assert "lovelace" not in everything(tmp_path)
    lines = json.loads(judge.read_text())["claims"][0]["text"]["$lines"]
    assert lines == ["Xxx Xxxxxxxx\n", "is right"]


def test_a_recorded_judge_is_read_again_without_the_person(tmp_path: Path) -> None:
    """It has a recording's form, and keeps it: a replay finds its answers."""
    run = run_about(NAME)
    judged = dataclasses.replace(run, artefacts=(), stages=(), inputs={})
    path = recording_path(tmp_path, run.workflow, run.case)
    judge = save(judged, judge_path(path))
    done = ERASER.erase(judge)
    assert done is not None
    assert done.done == "rewritten"
    assert "lovelace" not in everything(tmp_path)
    asked = load(judge).calls[0].request
    cleaned = REDACTOR.call(run.calls[0]).request
    assert asked is not None
    assert cleaned is not None
    assert match_key(asked, STRICT) == match_key(cleaned, STRICT)


def test_what_is_no_recording_is_left_and_told(tmp_path: Path) -> None:
    """Nobody edits a user's own files; damaged recordings are named, too."""
    (tmp_path / "notes.md").write_text(f"Ask {NAME}.\n")
    (tmp_path / "x.flow.json").write_text(f'{{"schema": "agentflow/1", "a": "{NAME}"}}')
    done = [t for f in files_below(tmp_path) if (t := ERASER.erase(f)) is not None]
    assert [(t.file.name, t.done) for t in done] == [
        ("notes.md", "left"),
        ("x.flow.json", "left"),
    ]
    assert done[0].note == "is no recording: edit it by hand"
    assert "To repair" in done[1].note


SECRET = "sk-proj-1234567890abcdEFGH"  # noqa: S105 - is to be found


def test_an_audit_names_file_place_and_kind_and_never_the_value(
    tmp_path: Path,
) -> None:
    """JSON path in recordings, line and column in texts, byte in pictures."""
    redactor = Redactor({"MY_TOKEN": "s3cr3t-value"}, personal=masks_of(VALUES))
    files = {
        "a.json": json.dumps({"k": {"t": f"Use {SECRET}"}, "password": "hunter2024x"}),
        "b.md": f"# Hello\n\nDear {NAME},\n",
        "c.jsonl": '{"a": 1}\n{"a": "s3cr3t-value"}\n',
        "d.bin": b"\xff\x00" + NAME.encode(),
        "e.txt": "nothing here",
        f"{NAME}.txt": "nothing in it",
    }
    found = []
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (tmp_path / name).write_bytes(data)
        found += audit(tmp_path / name, redactor)
    told = [(leak.file.name, leak.place, leak.kind) for leak in found]
    assert told == [
        ("a.json", "$.k.t", "secret: sk-key"),
        ("a.json", "$.password", "secret: password"),
        ("b.md", "line 3, column 6", "personal: value 1"),
        ("c.jsonl", "line 2 $.a", "secret: MY_TOKEN"),
        ("d.bin", "byte 2", "personal: value 1"),
        (f"{NAME}.txt", "(its name)", "personal: value 1"),
    ]
    shown = " ".join(leak.shown for leak in found)
    for value in (SECRET, "Lovelace", "s3cr3t-value", "hunter2024x"):
        assert value not in shown


def test_declared_inputs_that_are_no_pseudonyms_are_found(tmp_path: Path) -> None:
    """In recordings made before the data were declared, and only there."""
    paths = parse_personal(["$.inputs.profile.name"])
    old = kept(tmp_path, run_about("Grace Brewster Hopper", "old"))
    found = audit(old, Redactor({}), personal=paths)
    assert found[0].place == "$.inputs.profile.name"
    assert found[0].kind == "personal: $.inputs.profile.name, no pseudonym"
    assert "$.calls[0].request.body.json.messages[1].content" in [
        leak.place for leak in found
    ]
    made_up = pseudonym("Grace Brewster Hopper", b"a key of this project only")
    new = kept(tmp_path, run_about(made_up, "new"))
    assert audit(new, Redactor({}), personal=paths) == []


@given(st.text(max_size=40))
def test_a_value_is_never_shown_whole(text: str) -> None:
    """Enough is left out that nobody can use what is shown."""
    shown = shortened(text)
    if len(text.split()) == 1 and len(text) > 1:
        assert text not in shown.partition("…")[0] or len(text) < 2
    assert all(word not in shown.split("…") for word in text.split() if len(word) > 4)


@given(
    place=st.sampled_from(["prompt", "answer", "blob", "inputs", "header", "query"]),
    data=st.data(),
)
@settings(max_examples=30, deadline=None)
def test_a_planted_secret_is_never_written(place: str, data: Any) -> None:
    """Wherever it stands, and however a stream cuts it, no byte gives it away."""
    redactor = Redactor({"SERVICE_KEY": SECRET})
    run = run_about("somebody")
    call = run.calls[0]
    request, response = call.request, call.response
    assert request is not None
    assert response is not None
    if place == "prompt":
        request = chat_request(f"Use {SECRET}")
    if place == "query":
        request = dataclasses.replace(request, query=f"a=1&q={SECRET}&key={SECRET}")
    if place == "header":
        headers = (
            ("location", f"https://u:{SECRET}@h.test/a?token={SECRET}#{SECRET}"),
        )
        response = dataclasses.replace(response, headers=headers)
    if place == "answer":
        cut = data.draw(st.integers(1, len(SECRET) - 1))
        events = [{"delta": {"text": w}} for w in (SECRET[:cut], SECRET[cut:])]
        body = "".join(f"data: {json.dumps(e)}\n\n" for e in events).encode()
        response = dataclasses.replace(response, body=body, chunks=(len(body),))
    run = dataclasses.replace(
        run, calls=(dataclasses.replace(call, request=request, response=response),)
    )
    if place == "blob":
        blob = Artefact(name="x", media_type="image/png", data=PNG + SECRET.encode())
        run = dataclasses.replace(run, artefacts=(blob,))
    if place == "inputs":
        run = dataclasses.replace(run, inputs={"deep": [{SECRET: SECRET}]})
    clean = redactor.run(run)
    redactor.verify(clean)
    with tempfile.TemporaryDirectory() as top:
        path = kept(Path(top), clean)
        assert SECRET.casefold() not in everything(Path(top))
        loaded = load(path)
        assert loaded.calls[0].response == clean.calls[0].response
        spelt = "".join(part for part in json.dumps(str(loaded)).split('"'))
        assert SECRET not in spelt
        body = loaded.calls[0].response.body if loaded.calls[0].response else b""
        texts = [json.loads(p[6:]) for p in body.split(b"\n\n") if p]
        if place == "answer":
            assert SECRET not in "".join(t["delta"]["text"] for t in texts)


@pytest.mark.parametrize(
    ("given_", "kept_"),
    [
        ("https://me:pw@h.test/a/b?x=1", "https://h.test/a/b?x=1"),
        ("/next?token=abc&page=2", "/next?token=[redacted:query]&page=2"),
        ("/cb?code=4f0a9c1b2d&state=x", "/cb?code=[redacted:query]&state=x"),
        ("/cb?code=DE", "/cb?code=DE"),
        ("/cb#access_token=abcd", "/cb#access_token=[redacted:query]"),
        (
            "https://b.test/o?X-Amz-Signature=ff",
            "https://b.test/o?X-Amz-Signature=[redacted:query]",
        ),
        ("//h.test/x", "//h.test/x"),
    ],
)
def test_redirects_are_kept_without_credentials(given_: str, kept_: str) -> None:
    """A replay follows a redirect; nobody is let in by what was written."""
    response = Response(status=302, headers=(("Location", given_),))
    clean = Redactor({}).response(response)
    assert clean.headers == (("location", kept_),)
    assert Redactor({}).response(clean) == clean
