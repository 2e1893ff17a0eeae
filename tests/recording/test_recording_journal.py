from __future__ import annotations

import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_runs import chat_call, chat_request, full_run

from pytest_agentflow.model.run import Run, Timing
from pytest_agentflow.recording.journal import Entry, Journal, discard, read_journal
from pytest_agentflow.recording.journal_parts import KEPT, PART, parts_of
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.recording.order import Captured
from pytest_agentflow.recording.redact import RedactionRefused, Redactor

SECRET = "hunter2-hunter2-hunter2"  # noqa: S105 - the one that must not be written
REDACTOR = Redactor({"API_KEY": SECRET})

CAPTURED = tuple(
    Captured(call=call, id=f"t{n}", branch="main", start=float(n), parents=())
    for n, call in enumerate(full_run().calls)
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give the recording that is being made."""
    return tmp_path / "build_site" / "hotel.flow.json"


def write(path: Path) -> Path:
    """Write a whole journal and give its path."""
    with Journal(path, REDACTOR) as journal:
        journal.note("stage-begin", name="writer", at=0.5)
        for captured in CAPTURED:
            journal.call(captured, Timing(start=captured.start, end=9.0))
        journal.note("output", stage="writer", value={"$x": b"\0\1", "text": "a\nb"})
        return journal.path


def test_what_was_noted_is_read_again(path: Path) -> None:
    """Calls, timings and other events come back as they were."""
    assert write(path) == path.with_name("hotel.flow.partial.jsonl")
    begin, *calls, output = read_journal(path)
    assert begin == Entry(event="stage-begin", data={"name": "writer", "at": 0.5})
    assert tuple(entry.captured for entry in calls) == CAPTURED
    assert calls[2].timing == Timing(start=2.0, end=9.0)
    assert output.data["value"] == {"$x": b"\0\1", "text": "a\nb"}


def test_every_line_is_on_disk_as_soon_as_it_is_noted(path: Path) -> None:
    """A crash of the process loses nothing that was answered."""
    journal = Journal(path, REDACTOR)
    for number, captured in enumerate(CAPTURED, 1):
        journal.call(captured)
        assert len(read_journal(path)) == number
    journal.close()


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_journal_torn_anywhere_gives_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Whatever was cut off, the lines before are read."""
    path = tmp_path_factory.mktemp("journal") / "x.flow.json"
    whole = write(path).read_bytes()
    length = data.draw(st.integers(0, len(whole)))
    journal = path.with_name("x.flow.partial.jsonl")
    journal.write_bytes(whole[:length])
    entries = read_journal(path)
    # A line that lacks nothing but its end is whole.
    lines = whole[: length + 1].count(b"\n")
    assert len(entries) == max(0, lines - 1)


@given(st.integers(0, 5000), st.binary(min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_damaged_journal_is_read_or_refused_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, place: int, noise: bytes
) -> None:
    """Damage never ends in a traceback of another kind."""
    path = tmp_path_factory.mktemp("journal") / "x.flow.json"
    journal = write(path)
    data = journal.read_bytes()
    place %= len(data)
    journal.write_bytes(data[:place] + noise + data[place + len(noise) :])
    try:
        entries = read_journal(path)
    except RecordingError as error:
        assert f"--delete {journal}" in error.repair  # noqa: PT017 - both ends are good
    else:
        assert all(isinstance(entry, Entry) for entry in entries)
        numbers = [kept.number for kept in parts_of(entries).calls]
        assert numbers == list(range(len(numbers)))


def test_secrets_are_gone_before_the_first_byte_is_written(path: Path) -> None:
    """No file holds a secret, not even for a moment."""
    call = chat_call(request=chat_request(f"The key is {SECRET}."))
    captured = dataclasses.replace(CAPTURED[0], call=call)
    with Journal(path, REDACTOR) as journal:
        clean = journal.call(captured)
        journal.note("output", value=[SECRET, SECRET.encode()])
        data = journal.path.read_bytes()
    assert SECRET.encode() not in data
    assert clean.call.messages[1].text == "The key is [redacted:API_KEY]."
    assert read_journal(path)[0].captured == clean


def test_folding_writes_the_recording_and_removes_the_journal(path: Path) -> None:
    """A whole run becomes the recording."""
    write(path)
    journal = Journal(path, REDACTOR, resume=True)
    assert journal.fold(full_run()) == path
    assert load(path) == REDACTOR.run(full_run())
    assert not journal.path.exists()


def test_half_a_recording_never_replaces_a_whole_one(path: Path) -> None:
    """Until the run is folded, the old recording stays as it is."""
    Journal(path, REDACTOR).fold(full_run())
    before = path.read_bytes()
    write(path)
    assert path.read_bytes() == before
    assert load(path) == full_run()


def test_a_run_that_cannot_be_cleaned_is_not_folded(path: Path) -> None:
    """The journal stays, and the old recording too."""
    Journal(path, REDACTOR).fold(full_run())
    before = path.read_bytes()
    journal = Journal(path, Redactor({"ODD_TOKEN": "build_site"}))
    kept = dataclasses.replace(full_run(), provenance="x")
    fixed = dataclasses.replace(full_run().calls[0], kind="chat")
    redactor = Redactor({"KIND_TOKEN": "retriever"})
    with Journal(path, redactor) as odd, pytest.raises(RedactionRefused):
        odd.fold(dataclasses.replace(kept, calls=(fixed, *full_run().calls[1:])))
    assert path.read_bytes() == before
    assert journal.path.exists()
    journal.close()


def test_resuming_keeps_the_whole_lines_and_drops_the_torn_one(path: Path) -> None:
    """After a crash, recording goes on where it broke off."""
    journal = write(path)
    count = len(read_journal(path))
    journal.write_bytes(journal.read_bytes() + b'{"event": "ca')
    with Journal(path, REDACTOR, resume=True) as resumed:
        resumed.note("resumed")
    assert [entry.event for entry in read_journal(path)][count:] == ["resumed"]


def test_a_new_take_writes_over_an_old_journal(path: Path) -> None:
    """Without resume, the old part is gone."""
    write(path)
    with Journal(path, REDACTOR):
        pass
    assert read_journal(path) == ()


def test_discarding_says_what_was_paid_for(path: Path) -> None:
    """The calls of a discarded take can still be counted."""
    write(path)
    calls = discard(path)
    assert len(calls) == len(full_run().calls)
    assert sum(c.usage.input_tokens or 0 for c in calls if c.usage) > 0
    assert discard(path) == ()


def test_threads_share_a_journal(path: Path) -> None:
    """Lines of parallel calls are never mixed."""
    with Journal(path, REDACTOR) as journal, ThreadPoolExecutor(8) as pool:
        list(pool.map(journal.call, CAPTURED * 20))
    assert len(read_journal(path)) == len(CAPTURED) * 20


def test_a_journal_of_another_version_is_refused(path: Path) -> None:
    """A journal is never guessed at."""
    journal = write(path)
    first, _, rest = journal.read_bytes().partition(b"\n")
    header = {**json.loads(first), "journal": "agentflow-journal/9"}
    journal.write_bytes(json.dumps(header).encode() + b"\n" + rest)
    before = journal.read_bytes()
    with pytest.raises(RecordingError, match="of another version, 'agentflow-journ"):
        read_journal(path)
    assert journal.read_bytes() == before


def test_a_journal_without_its_first_line_is_refused(path: Path) -> None:
    """Whose journal it is, and of which version, stands there."""
    journal = write(path)
    journal.write_bytes(journal.read_bytes().partition(b"\n")[2])
    with pytest.raises(RecordingError, match="line 1 of the journal is damaged"):
        read_journal(path)


def test_a_missing_journal_is_an_error(path: Path) -> None:
    """There is nothing to resume."""
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        read_journal(path)


def test_an_empty_run_can_be_folded(path: Path) -> None:
    """A workflow without any call still has a recording."""
    run = Run(workflow="w", case="c")
    assert load(Journal(path, REDACTOR).fold(run)) == run


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["at", "anew", "id", "start", "parents", "call"]), inner
        )
    ),
    max_leaves=6,
)
_DATA = st.dictionaries(
    st.sampled_from(["at", "anew", "id", "start", "parents", "call"]), _ODD
)


@given(st.lists(st.tuples(st.sampled_from([PART, KEPT, "call"]), _DATA), max_size=12))
def test_the_parts_of_any_journal_hold_all_its_calls(
    lines: list[tuple[str, dict[str, object]]],
) -> None:
    """Whatever other lines say, no call is lost, and takes are counted upwards."""
    entries = [
        Entry(
            event=event,
            data=data,
            captured=CAPTURED[n % len(CAPTURED)] if event == "call" else None,
        )
        for n, (event, data) in enumerate(lines)
    ]
    calls = parts_of(entries).calls
    assert [kept.captured for kept in calls] == [
        entry.captured for entry in entries if entry.captured is not None
    ]
    assert [kept.take for kept in calls] == sorted(kept.take for kept in calls)
