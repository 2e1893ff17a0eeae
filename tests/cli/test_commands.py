"""agentflow check, show and diff, on what is recorded here."""

import dataclasses
import importlib.metadata
import json
import shlex
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.cli.show import at_the_point
from pytest_agentflow.model.run import Retake
from pytest_agentflow.recording.save import save

ROOT = Path(__file__).parents[2]
RECORDINGS = ROOT / "examples" / "website_builder" / "recordings" / "build_site"
PLANTED = ROOT / "fixtures" / "planted"


def test_show_says_what_was_found_and_by_which_door(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Stages with door, calls, tokens, money; sources and artefacts."""
    assert main(["show", str(RECORDINGS / "hotel.flow.json")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("build_site/hotel  (authored, recorded 20")
    assert "personalizer  configuration  return value  1      1,688/1,381" in out
    assert "total $0.047 over 8 calls" in out
    assert "source customers/hotel#1 (retrieved, given to personalizer)" in out
    assert main(["show", "--json", str(RECORDINGS / "hotel.flow.json")]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [s["stage"] for s in facts["stages"]][-1] == "qa"


def test_show_counts_calls_that_are_no_chat_by_their_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A rerank is neither a chat nor an embedding; retrievers are no model calls."""
    kinds = ("chat", "rerank", "rerank", "embeddings", "retriever")
    calls = tuple(
        af.Call(id=f"find/{n}", kind=kind, stage="find")
        for n, kind in enumerate(kinds, start=1)
    )
    path = tmp_path / "flow/a.flow.json"
    save(af.Run(workflow="flow", case="a", calls=calls), path)
    assert main(["show", str(path)]) == 0
    assert " over 5 calls (of which 1 embeddings, 2 rerank)\n" in (
        capsys.readouterr().out
    )
    assert main(["show", "--json", str(path)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["kinds"] == {"embeddings": 1, "rerank": 2}


def test_show_counts_calls_that_do_not_tell_all_their_tokens(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sum over them is a lower bound, and its cost is not known."""
    usages = (
        af.Usage(input_tokens=900, output_tokens=20),
        af.Usage(input_tokens=100),
        None,
    )
    calls = tuple(
        af.Call(id=f"ask/{n}", kind="chat", stage="ask", model="m", usage=usage)
        for n, usage in enumerate(usages, start=1)
    )
    path = tmp_path / "flow/a.flow.json"
    stages = (af.Stage(name="ask"),)
    save(af.Run(workflow="flow", case="a", stages=stages, calls=calls), path)
    assert main(["show", str(path)]) == 0
    told = capsys.readouterr().out
    assert "  >= 1,000/20  " in told
    assert "\ntokens: 2 of 3 model calls do not report all that they used\n" in told
    assert main(["show", "--json", str(path)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["silent_calls"], facts["stages"][0]["silent_calls"]) == (2, 2)


def test_show_tells_a_retriever_that_found_nothing_from_one_that_nobody_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who named the retriever is not asked to name it."""
    run = af.Run(workflow="flow", case="a", stages=(af.Stage(name="ask"),))
    asked = af.Call(
        id="unattributed/1",
        kind="retriever",
        stage="unattributed",
        invocation=af.Invocation(function="shop:find", arguments={}, result=[]),
    )
    told = []
    for calls in ((), (asked,)):
        path = tmp_path / f"{len(calls)}.flow.json"
        save(dataclasses.replace(run, calls=calls), path)
        assert main(["show", str(path)]) == 0
        lines = capsys.readouterr().out.splitlines()
        told += [line for line in lines if line.startswith("sources: ")]
    assert told == [
        "sources: none were found; name the retriever (agentflow_retrievers)",
        "sources: none; shop:find gave no document",
    ]


def test_diff_names_the_stage_and_what_changed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Figures and words, stage by stage; equal runs have no difference."""
    healthy = str(RECORDINGS / "shipyard.flow.json")
    planted = str(PLANTED / "history-resent" / "build_site" / "shipyard.flow.json")
    assert main(["diff", healthy, planted]) == 1
    out = capsys.readouterr().out
    assert "  personalizer\n    calls 1 -> 6" in out
    assert "total cost $0.0469 -> $0.0691" in out
    assert main(["diff", healthy, healthy]) == 0
    assert capsys.readouterr().out == "no difference\n"


def test_diff_takes_a_git_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The working tree is held against the recordings of a commit."""
    monkeypatch.chdir(tmp_path)
    who = ["git", "-c", "user.name=a", "-c", "user.email=a@b.example"]
    target = tmp_path / "recordings" / "shipyard.flow.json"
    target.parent.mkdir()
    shutil.copy(RECORDINGS / "shipyard.flow.json", target)
    shutil.copytree(RECORDINGS / "shipyard.flow.blobs", target.with_suffix(".blobs"))
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "one"]):
        subprocess.run([*who, *words], check=True, capture_output=True)
    assert main(["diff", "HEAD"]) == 0
    text = target.read_text().replace('"output_tokens": 1', '"output_tokens": 2', 1)
    target.write_text(text)
    capsys.readouterr()
    assert main(["diff", "HEAD"]) == 1
    assert "output tokens" in capsys.readouterr().out
    assert main(["diff", "no-such-revision"]) == 2


def test_check_judges_a_folder_and_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0, the summary, and a JSON report that lists every target."""
    report = tmp_path / "r.json"
    words = ["-c", "cost(total=1)", "--report", str(report)]
    assert main(["check", str(RECORDINGS), *words]) == 0
    assert "cost(total=1)   6/6 runs" in capsys.readouterr().out
    entries = json.loads(report.read_text())["entries"]
    assert len(entries) == 6
    assert all(e["evaluation"]["results"][0]["examined"] for e in entries)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere", "-c", "cost"], "nowhere does not exist"),
        ([str(ROOT / "scripts"), "-c", "cost"], "holds no recording"),
        ([str(ROOT / "README.md"), "-c", "cost"], "is neither a recording"),
        ([str(RECORDINGS), "-c", "csot"], "Did you mean 'cost'"),
        ([str(RECORDINGS), "-c", "cost(totl=1)"], "did you mean total=?"),
        ([str(RECORDINGS), "-c", "cost(total=x)"], "is no check. Write a name"),
        ([str(RECORDINGS), "-c", 'policy("no.yaml")'], "there is no file 'no.yaml'"),
        ([str(RECORDINGS), "-c", "cost", "--waivers", "w.yaml"], "w.yaml"),
        (["nowhere", "-c", "cost", "--report", "z.pdf"], "form .pdf"),
    ],
)
def test_a_wrong_call_of_check_is_one_sentence_and_status_2(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback, and the sentence says what to write instead."""
    assert main(["check", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_a_damaged_recording_is_told_with_its_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A truncated file is one clear error, and stays as it is."""
    broken = tmp_path / "x.flow.json"
    broken.write_bytes((RECORDINGS / "hotel.flow.json").read_bytes()[:5000])
    before = broken.read_bytes()
    assert main(["check", str(broken), "-c", "cost"]) == 2
    error = capsys.readouterr().err
    assert "x.flow.json" in error
    assert "Traceback" not in error
    assert broken.read_bytes() == before


def test_a_page_outside_of_the_root_is_a_wrong_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names page, root and what a root is."""
    page = tmp_path / "a" / "index.html"
    page.parent.mkdir()
    page.write_text("<!doctype html><title>a</title>")
    root = tmp_path / "b"
    assert main(["check", str(page), "-c", "cost", "--root", str(root)]) == 2
    assert capsys.readouterr().err == (
        f"agentflow check: {page} does not lie below --root {root}, "
        "the folder where links that begin with / point to\n"
    )


def test_a_check_whose_package_is_missing_is_a_wrong_call(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An entry point that cannot be imported is one sentence with its reason."""
    broken = importlib.metadata.EntryPoint(
        "absent", "no_such_package:check", "pytest_agentflow.checks"
    )
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [broken])
    af.check_names.cache_clear()
    try:
        assert main(["check", str(RECORDINGS), "-c", "absent"]) == 2
    finally:
        af.check_names.cache_clear()
    error = capsys.readouterr().err
    assert "the check 'absent' (no_such_package:check) cannot be loaded" in error
    assert "No module named 'no_such_package'" in error


def in_two_currencies(path: Path) -> str:
    """Record the hotel's run with one model billed in euros."""
    run = af.load(RECORDINGS / "hotel.flow.json")
    lock = run.recorded.prices
    prices = tuple(
        dataclasses.replace(p, currency="EUR") if "mini-2025" in p.model else p
        for p in lock.prices
    )
    recorded = dataclasses.replace(
        run.recorded, prices=dataclasses.replace(lock, prices=prices)
    )
    return str(save(dataclasses.replace(run, recorded=recorded, path=None), path))


def test_two_currencies_stand_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rate is made up, and no amount is lost."""
    run = in_two_currencies(tmp_path / "two.flow.json")
    assert main(["show", run]) == 0
    assert "total $0.0347 + €0.0123 over 8 calls" in capsys.readouterr().out
    assert main(["diff", run, str(RECORDINGS / "hotel.flow.json")]) == 1
    assert "total cost $0.0347 + €0.0123 -> $0.047" in capsys.readouterr().out
    assert main(["check", run, "-c", "cost(total=1)"]) == 1
    assert "charged in EUR and USD" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pytest.ini", "[pytest]\nagentflow_waivers = own/w.yaml\n"),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\nagentflow_waivers = "own/w.yaml"\n',
        ),
    ],
)
def test_the_waivers_that_the_project_names_hold_without_pytest(
    file: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Found below the folder of the setting, from any folder of the project."""
    words = ["check", str(RECORDINGS / "hotel.flow.json"), "-c", "cost(total=0.01)"]
    below = tmp_path / "tests"
    below.mkdir()
    monkeypatch.chdir(below)
    assert main(words) == 1
    (tmp_path / file).write_text(text, "utf-8")
    assert main(words) == 2
    assert "w.yaml" in capsys.readouterr().err
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "w.yaml").write_text(
        "- {rule: cost.total, until: 2100-01-01, by: qa, reason: agreed}\n", "utf-8"
    )
    assert main(words) == 0
    assert "1 waived" in capsys.readouterr().out


def test_the_command_runs_as_a_module_of_python() -> None:
    """Where no script was installed, python -m does the same."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest_agentflow", "nonsense"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("agentflow: there is no command 'nonsense'")


def test_a_report_tells_the_command_that_judges_one_target_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command can be pasted whatever the path is called, and keeps every option."""
    page, report = tmp_path / "my site's" / "a b.flow.json", tmp_path / "r.json"
    shutil.copytree(RECORDINGS / "hotel.flow.blobs", page.with_suffix(".blobs"))
    shutil.copy(RECORDINGS / "hotel.flow.json", page)
    waivers = tmp_path / "w.yaml"
    waivers.write_text("[]")
    words = ["-c", "cost(total=1, optional=True)", "--strict"]
    words += ["--root", str(tmp_path), "--waivers", str(waivers)]
    assert main(["check", str(page), *words, "--report", str(report)]) == 0
    command = json.loads(report.read_text())["entries"][0]["reproduce"]
    again = shlex.split(command)
    assert again[:2] == ["agentflow", "check"]
    assert {str(page), str(tmp_path), str(waivers), *words} <= set(again)
    assert main([*again[1:], "--report", str(tmp_path / "s.json")]) == 0
    both = [json.loads(p.read_text()) for p in (report, tmp_path / "s.json")]
    assert both[0]["entries"][0]["reproduce"] == both[1]["entries"][0]["reproduce"]


def test_a_difference_too_small_to_be_seen_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two totals that read alike and differ are told with their difference."""
    run = af.load(RECORDINGS / "hotel.flow.json")
    lock = run.recorded.prices
    prices = tuple(
        dataclasses.replace(p, amount=p.amount * Decimal("1.0001"))
        if "mini-2025" in p.model
        else p
        for p in lock.prices
    )
    recorded = dataclasses.replace(
        run.recorded, prices=dataclasses.replace(lock, prices=prices)
    )
    dearer = dataclasses.replace(run, recorded=recorded, path=None)
    path = save(dearer, tmp_path / "dearer.flow.json")
    assert main(["diff", str(RECORDINGS / "hotel.flow.json"), str(path)]) == 1
    assert "total cost $0.047 -> $0.047 (+$0.0000012)" in capsys.readouterr().out


def test_costs_of_stages_stand_at_one_point() -> None:
    """Amounts are set by their decimal points; what is unknown stands by itself."""
    assert at_the_point(["$0.0031", "$12.40", "unknown", "$0", "$0.10 + €1.20"]) == [
        " $0.0031",
        "$12.40",
        "unknown",
        " $0",
        " $0.10 + €1.20",
    ]


def test_show_tells_that_a_recording_was_made_in_several_sittings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Parts, and stages that were recorded again, stand in one line below the date."""
    run = af.load(RECORDINGS / "hotel.flow.json")
    recorded = dataclasses.replace(
        run.recorded,
        parts=("2026-11-01T10:00:00Z", "2026-11-02T11:30:00Z"),
        retakes={"artist": Retake(at="2026-11-03T09:00:00Z")},
    )
    run = dataclasses.replace(run, recorded=recorded, path=None)
    path = save(run, tmp_path / "build_site/hotel.flow.json")
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[1] == (
        "recorded in 2 parts, begun 2026-11-01T10:00:00Z and 2026-11-02T11:30:00Z; "
        "artist recorded again 2026-11-03T09:00:00Z"
    )
