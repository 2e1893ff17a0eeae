"""agentflow init writes what is not there yet."""

import subprocess
from pathlib import Path

import pytest

from pytest_agentflow.cli.main import main


def test_a_project_gets_a_test_and_two_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first test is written, and how to record and replay is printed."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "site.flow:build"]) == 0
    text = Path("tests/test_build.py").read_text()
    compile(text, "test_build.py", "exec")
    assert "from site.flow import build" in text
    assert "linguist-generated" in Path(".gitattributes").read_text()
    out = capsys.readouterr().out
    assert "pytest tests/test_build.py --agentflow=record" in out


def test_what_is_there_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second call changes nothing and says so."""
    monkeypatch.chdir(tmp_path)
    Path(".gitignore").write_text("build")
    main(["init", "site.flow:build"])
    before = {p: p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert main(["init", "site.flow:build"]) == 0
    assert before == {p: p.read_text() for p in tmp_path.rglob("*") if p.is_file()}
    assert "left as it is" in capsys.readouterr().out
    assert Path(".gitignore").read_text() == "build\n*.flow.partial.jsonl\n"


@pytest.mark.parametrize("words", [["init", "nonsense"], ["nope"], []])
def test_a_wrong_call_is_one_sentence_and_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what a user mistyped."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.err or captured.out


@pytest.mark.parametrize("folder", ["", "tests/recordings/build/"])
def test_git_leaves_side_files_as_they_are_in_every_folder(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line end of a side file is changed, wherever the recordings lie."""
    monkeypatch.chdir(tmp_path)
    main(["init", "site.flow:build"])
    names = (f"{folder}a.flow.blobs/x.html", f"{folder}a.flow.json")
    git = ["git", "-c", "core.attributesFile="]
    subprocess.run([*git, "init", "-q"], check=True)
    asked = [*git, "check-attr", "text", "diff", "linguist-generated", "eol", "--"]
    found = subprocess.run([*asked, *names], check=True, capture_output=True, text=True)
    assert found.stdout.splitlines() == [
        f"{names[0]}: text: unset",
        f"{names[0]}: diff: unset",
        f"{names[0]}: linguist-generated: set",
        f"{names[0]}: eol: unspecified",
        f"{names[1]}: text: set",
        f"{names[1]}: diff: unspecified",
        f"{names[1]}: linguist-generated: set",
        f"{names[1]}: eol: lf",
    ]
