"""What a command finds below a folder, and how diff pairs it."""

import dataclasses
import subprocess
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.cli.targets import find_targets
from pytest_agentflow.recording.save import save


def recorded(path: Path, output: str = "text", case: str = "c") -> Path:
    """Record a run of one stage at `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return save(
        af.Run(
            workflow="w", case=case, stages=(af.Stage(name="s", outputs=(output,)),)
        ),
        path,
    )


def git(*words: str) -> None:
    """Call git in the current folder."""
    who = ("git", "-c", "user.name=a", "-c", "user.email=a@b.example")
    subprocess.run([*who, *words], check=True, capture_output=True)


def test_folders_of_tools_and_packages_are_passed_over(tmp_path: Path) -> None:
    """Hidden folders, environments, packages and caches hold none of our runs."""
    own = recorded(tmp_path / "recordings" / "w" / "c.flow.json")
    page = tmp_path / "site" / "index.html"
    page.parent.mkdir()
    page.write_text("<p>")
    for name in (".git", ".venv", ".venv-3.12", "node_modules", "a/__pycache__", "env"):
        recorded(tmp_path / name / "deep" / "x.flow.json")
        (tmp_path / name / "x.html").write_text("<p>")
    (tmp_path / "env" / "pyvenv.cfg").write_text("home = /usr/bin")
    assert find_targets([str(tmp_path)]) == [own, page]
    assert find_targets([str(tmp_path)], pages=False) == [own]


def test_a_folder_that_is_named_is_searched_whatever_it_is_called(
    tmp_path: Path,
) -> None:
    """Only what lies below is passed over: who names a hidden folder means it."""
    own = recorded(tmp_path / ".cache" / "c.flow.json")
    assert find_targets([str(tmp_path / ".cache")]) == [own]


def test_diff_compares_recordings_and_no_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pages beside the recordings are not read; a page alone is a wrong call."""
    monkeypatch.chdir(tmp_path)
    recorded(Path("recordings/c.flow.json"))
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    Path("page.html").write_text("<p>")
    Path("page.html").chmod(0)
    assert main(["diff", "HEAD"]) == 0
    assert main(["diff", "page.html", "page.html"]) == 2
    assert "page.html is no recording" in capsys.readouterr().err


def test_two_recordings_of_one_run_are_both_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Recordings are paired by their path, which is named where ids do not tell."""
    for side, output in (("a", "old"), ("b", "new")):
        recorded(tmp_path / side / "one" / "c.flow.json", output)
        recorded(tmp_path / side / "two" / "c.flow.json", "same")
    recorded(tmp_path / "b" / "three.flow.json", case="other")
    assert main(["diff", str(tmp_path / "a"), str(tmp_path / "b")]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "w/c (one/c.flow.json)",
        "  s",
        "    output $: [-old-]{+new+}",
        "w/other: only in the second",
    ]


def test_a_file_is_compared_with_the_same_run_of_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder's other runs are no difference; of two candidates one is named."""
    file = str(recorded(tmp_path / "new" / "c.flow.json", "new"))
    folder = tmp_path / "old"
    recorded(folder / "w" / "c.flow.json", "old")
    recorded(folder / "w" / "d.flow.json", case="d")
    assert main(["diff", str(folder), file]) == 1
    assert capsys.readouterr().out == "w/c\n  s\n    output $: [-old-]{+new+}\n"
    recorded(folder / "v" / "c.flow.json")
    assert main(["diff", file, str(folder)]) == 2
    assert "several runs w/c: v/c.flow.json, w/c.flow.json" in capsys.readouterr().err


def test_a_file_is_compared_with_itself_at_a_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only that file is read from the commit, which must have it."""
    monkeypatch.chdir(tmp_path)
    first = recorded(Path("recordings/c.flow.json"))
    recorded(Path("recordings/d.flow.json"), case="d")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    run = dataclasses.replace(af.load(first), path=None)
    stage = dataclasses.replace(run.stages[0], outputs=("changed",))
    save(dataclasses.replace(run, stages=(stage,)), first)
    assert main(["diff", "HEAD", str(first)]) == 1
    assert capsys.readouterr().out == "w/c\n  s\n    output $: [-text-]{+changed+}\n"
    late = recorded(Path("recordings/e.flow.json"), case="e")
    assert main(["diff", "HEAD", str(late)]) == 2
    assert f"HEAD has no {late}" in capsys.readouterr().err


def test_show_of_a_folder_names_what_it_can_show(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run is shown: of a folder the first few are named to choose from."""
    files = [recorded(tmp_path / f"{n}.flow.json", case=str(n)) for n in range(4)]
    assert main(["show", str(tmp_path)]) == 2
    named = ", ".join(map(str, files[:3]))
    assert capsys.readouterr().err == (
        f"agentflow show: {tmp_path} is a folder; name one of {named}, ... (4 in all)\n"
    )
