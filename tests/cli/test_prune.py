"""agentflow prune names the recordings that no test reads."""

from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.recording.save import save


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with three recordings, two of which its tests read."""
    monkeypatch.chdir(tmp_path)
    for case in ("read", "loaded", "unused"):
        picture = af.Artefact(name="a.png", media_type="image/png", data=b"x" * 200)
        run = af.Run(workflow="site", case=case, artefacts=(picture,))
        save(run, Path("recordings/site") / f"{case}.flow.json")
    Path("recordings/site/unused.judge.json").write_text("{}")
    Path("test_site.py").write_text(
        "import pytest\nimport pytest_agentflow as af\n\n\n"
        '@pytest.mark.agentflow(recording="site/read")\n'
        "def test_read(agentflow_run):\n"
        '    assert agentflow_run.case == "read"\n\n\n'
        "def test_loaded():\n"
        '    assert af.load("recordings/site/loaded.flow.json")\n'
    )
    return tmp_path


def names() -> list[str]:
    """Give what lies in the folder of recordings."""
    return sorted(path.name for path in Path("recordings/site").iterdir())


def test_what_no_test_reads_is_listed_and_stays(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Recordings that the plugin or a test itself opened are used; nothing goes."""
    before = names()
    assert main(["prune", "recordings"]) == 0
    out = capfd.readouterr().out
    assert "1 of 3 recordings in recordings are read by no test\n" in out
    assert "recordings/site/unused.flow.json: no test reads it\n" in out
    assert "recordings/site/unused.flow.blobs: belongs to unused.flow.json\n" in out
    assert "recordings/site/unused.judge.json: belongs to unused.flow.json\n" in out
    assert "site/read" not in out
    assert names() == before


def test_trials_of_a_case_that_is_read_are_kept(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """They cost money, and are read only where trials are asked for."""
    for case in ("read", "gone"):
        run = af.Run(workflow="site", case=case, trial=2)
        save(run, Path("recordings/site") / f"{case}.t2.flow.json")
    assert main(["prune", "--delete"]) == 0
    assert "gone.t2.flow.json: no test reads it" in capfd.readouterr().out
    assert "read.t2.flow.json" in names()
    assert "gone.t2.flow.json" not in names()


def test_what_is_listed_is_removed_when_asked(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The recording goes with its side files, and the tests still pass."""
    assert main(["prune", "recordings", "--delete"]) == 0
    assert names() == [
        "loaded.flow.blobs",
        "loaded.flow.json",
        "read.flow.blobs",
        "read.flow.json",
    ]
    assert "removed 3 files and folders" in capfd.readouterr().out


def test_side_files_whose_recording_is_gone_are_listed(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A recording deleted by hand leaves side files; they are found."""
    Path("recordings/site/unused.flow.json").unlink()
    assert main(["prune", "recordings"]) == 0
    out = capfd.readouterr().out
    assert "recordings/site/unused.flow.blobs: its recording is gone" in out
    assert "recordings/site/unused.judge.json: its recording is gone" in out


def test_what_a_judge_was_asked_stays_with_its_recording(project: Path) -> None:
    """With its side files, also where a case has the name of another's judgement."""
    picture = af.Artefact(name="a.png", media_type="image/png", data=b"y" * 200)
    judged = af.Run(workflow="site", case="read", artefacts=(picture,))
    for name in ("read.judge.json", "gone.judge.json", "unused.judge.json"):
        save(judged, Path("recordings/site") / name)
    assert main(["prune", "recordings", "--delete"]) == 0
    assert names() == [
        "loaded.flow.blobs",
        "loaded.flow.json",
        "read.flow.blobs",
        "read.flow.json",
        "read.judge.blobs",
        "read.judge.json",
    ]


def test_nothing_is_removed_where_a_test_fails(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A test that stopped early may use what it never read: nothing is removed."""
    Path("test_more.py").write_text("def test_more():\n    assert False\n")
    before = names()
    assert main(["prune", "recordings", "--delete"]) == 2
    said = capfd.readouterr()
    assert said.out.endswith(
        "1 of 3 recordings in recordings are read by none of the 3 tests that ran\n"
        "  recordings/site/unused.flow.json: no test reads it\n"
        "  recordings/site/unused.flow.blobs: belongs to unused.flow.json\n"
        "  recordings/site/unused.judge.json: belongs to unused.flow.json\n"
        "nothing was removed, because these did not pass and may read some of it:\n"
        "  test_more.py::test_more\n"
    )
    assert said.err == (
        "agentflow prune: pytest ended with status 1. A test that did not pass may not "
        "have read its recording: nothing was removed. Let the tests pass first\n"
    )
    assert names() == before


MANY = """
import pytest
@pytest.mark.parametrize("n", range(23))
def test_more(n): assert False
"""


@pytest.mark.parametrize(
    ("file", "words", "told"),
    [
        (
            "import none_such",
            [],
            ["no test ran", "because these did not pass", "  test_more.py\n"],
        ),
        ("x = 1", ["--no-such"], ["no test ran, so nothing is known of 3 recordings"]),
        (
            MANY,
            [],
            ["  test_more.py::test_more[19]\n  and 3 more\n"],
        ),
    ],
)
def test_what_blocks_it_is_listed(
    project: Path,
    capfd: pytest.CaptureFixture[str],
    file: str,
    words: list[str],
    told: list[str],
) -> None:
    """A file that cannot be imported, a wrong option, more failures than fit."""
    Path("test_more.py").write_text(file)
    before = names()
    assert main(["prune", "recordings", "--", *words]) == 2
    out = capfd.readouterr().out
    for text in told:
        assert text in out
    assert names() == before


@pytest.mark.parametrize("words", [["test_site.py"], ["-k", "read"], ["--lf"]])
def test_a_part_of_the_tests_removes_nothing(
    project: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the tests left out would read is not known, so none are run."""
    assert main(["prune", "recordings", "--delete", "--", *words]) == 2
    assert "a part of the tests does not say" in capsys.readouterr().err
    assert "unused.flow.json" in names()


def test_a_folder_without_recordings_is_a_wrong_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to prune is no success, and no test is run for it."""
    assert main(["prune", str(tmp_path)]) == 2
    assert "holds no recording" in capsys.readouterr().err
    assert main(["prune", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err
