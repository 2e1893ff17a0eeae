"""What a newcomer mistypes is answered in one sentence that says what to write."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_agentflow.cli.main import main

COMMANDS = {
    "check": "agentflow check TARGET ... -c CHECK",
    "show": "agentflow show RUN",
    "diff": "agentflow diff A",
    "tradeoff": "agentflow tradeoff RUNS ...",
    "init": "agentflow init MODULE:FUNCTION",
    "import": "agentflow import FILE ... --to DIR",
    "scan": "agentflow scan PATH ...",
    "export": "agentflow export RUN ... --to FILE",
}


def said(
    words: list[str], capsys: pytest.CaptureFixture[str], *, status: int = 2
) -> str:
    """Run a command; what it says on stderr, its status being `status`."""
    try:
        got = main(words)
    except SystemExit as stop:  # as argparse leaves
        got = int(stop.code or 0)
    assert got == status
    return capsys.readouterr().err


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_missing_is_named_with_the_call_to_write(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not the usage of every option, in which the one sentence is lost."""
    told = said([name], capsys)
    assert f"must be given: {COMMANDS[name]}; `agentflow {name} --help`" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "--chek", "cost"], "no option --chek; did you mean --check?"),
        (
            ["check", "a.html", "--reprot=x"],
            "no option --reprot; did you mean --report",
        ),
        (["import", "a", "--ot", "b"], "no option --ot; did you mean --to?"),
        (["show", "--everything"], "there is no option --everything; `agentflow show"),
        (["prune", "--delte", "--", "--mine"], "did you mean --delete?"),
        (["tradeoff", "a", "--by", "modle"], "invalid choice: 'modle' (choose from"),
        (["diff", "a", "--max-size", "3quux"], "'3quux' is no size; write it as 20MB"),
    ],
)
def test_a_misspelt_option_or_value_gets_the_right_one(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before what else is missing, which is often the same slip."""
    told = said(words, capsys)
    assert message in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("chekc", "there is no command 'chekc'; did you mean 'check'?"),
        ("zzz", "there is no command 'zzz'; there are: check, show, diff,"),
        ("-x\x1b[2J", "there is no command '-x\\x1b[2J'"),
    ],
)
def test_a_misspelt_command_gets_the_right_one(
    name: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line; control characters are shown, not sent to the terminal."""
    told = said([name], capsys)
    assert message in told
    assert told.count("\n") == 1


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """As most commands tell it."""
    assert main(["--version"]) == 0
    assert re.fullmatch(r"pytest-agentflow \d[\w.]*\n", capsys.readouterr().out)


READING = [
    ["check", "{}", "-c", "cost(total=1)"],
    ["show", "{}"],
    ["tradeoff", "{}"],
    ["scan", "{}"],
    ["export", "{}", "--to", "x.json"],
]


@pytest.mark.parametrize("words", READING, ids=lambda words: words[0])
def test_a_path_that_is_not_there_gets_the_nearest_or_where_recordings_are(
    words: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A slip of a letter, a wrong folder, or nothing recorded at all."""
    call = [word.format("recodings") for word in words]
    record = "nothing is recorded here yet: `pytest --agentflow=record` does"
    assert f"recodings does not exist; {record}" in said(call, capsys)
    recorded = project / "tests/recordings/build"
    recorded.mkdir(parents=True)
    (recorded / "a.flow.json").write_text("{}")
    assert "recordings are in tests/recordings\n" in said(call, capsys)
    call = [word.format("tests/recodings") for word in words]
    assert "did you mean tests/recordings?" in said(call, capsys)


@pytest.mark.parametrize("name", ["notes.txt", "run.json", "page"])
def test_a_file_that_is_neither_recording_nor_page_is_shown_as_none(
    name: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No text is taken for a page."""
    (project / name).write_text("hi")
    for words in (["show", name], ["check", name, "-c", "cost(total=1)"]):
        told = said(words, capsys)
        assert f"{name} is neither a recording (*.flow.json) nor a page" in told


def test_a_folder_without_recordings_says_where_they_are(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing examined is never a pass, and not the end of the way."""
    (project / "empty").mkdir()
    (project / "kept/build").mkdir(parents=True)
    (project / "kept/build/a.flow.json").write_text("{}")
    told = said(["check", "empty", "-c", "cost(total=1)"], capsys)
    assert "holds no recording (*.flow.json) and no page (*.html); recordings" in told
    assert "recordings are in kept\n" in told
