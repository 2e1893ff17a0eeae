"""agentflow prune --partial lists what recordings that broke off left."""

from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.recording.journal import Journal
from pytest_agentflow.recording.order import Captured
from pytest_agentflow.recording.redact import Redactor


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording that broke off after one call of a known price."""
    monkeypatch.chdir(tmp_path)
    call = af.Call(
        id="1",
        kind="chat",
        stage="plan",
        model="gpt-5-mini",
        provider="openai",
        request=af.Request(
            method="POST", scheme="https", host="api.openai.com", port=443, path="/"
        ),
        response=af.Response(status=200),
        usage=af.Usage(input_tokens=1_000_000, output_tokens=0),
    )
    with Journal(Path("recordings/site/hotel.flow.json"), Redactor({})) as made:
        made.call(Captured(call=call, id="1", branch="0", start=0.0))
        return made.path


def test_what_broke_off_is_listed_with_what_it_cost(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing goes, and both ways on are named."""
    assert main(["prune", "--partial"]) == 0
    assert capsys.readouterr().out == (
        "1 recording in . broke off\n"
        "  recordings/site/hotel.flow.partial.jsonl: 1 call worth $0.25\n"
        "nothing was removed; `agentflow prune --partial --delete` removes them, "
        "`pytest --agentflow=record --agentflow-resume` finishes them\n"
    )
    assert journal.exists()


@pytest.mark.parametrize("text", [None, "damaged\n"])
def test_a_journal_is_removed_when_asked(
    journal: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    """The command that a message names removes this one, readable or not."""
    other = journal.with_name("inn.flow.partial.jsonl")
    other.write_bytes(journal.read_bytes())
    if text is not None:
        journal.write_text(text)
    assert main(["prune", "--partial", "--delete", str(journal)]) == 0
    assert "removed its part\n" in capsys.readouterr().out
    assert not journal.exists()
    assert other.exists()


def test_a_file_that_is_no_journal_is_refused(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recording itself is never taken for what is left of one."""
    assert main(["prune", "--partial", "--delete", "recordings/site/a.flow.json"]) == 2
    assert "is no folder, and no journal" in capsys.readouterr().err


def test_where_nothing_broke_off_that_is_said(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No journal is no error."""
    journal.unlink()
    assert main(["prune", "--partial", "recordings"]) == 0
    assert capsys.readouterr().out == "0 recordings in recordings broke off\n"
