"""agentflow diff: flipped verdicts first, then stage by stage; and a budget of size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.recording.save import save

LIST = af.PriceLock(
    prices=(
        af.UnitPrice(model="m", unit="input_tokens", amount=1, per=1_000),  # type: ignore[arg-type]
        af.UnitPrice(model="n", unit="input_tokens", amount=2, per=1_000),  # type: ignore[arg-type]
    )
)


def asked(prompt: str, number: int = 1, model: str = "m", tokens: int = 10) -> af.Call:
    """Give a call of the writer, as an import has it: messages and no exchange."""
    return af.Call(
        id=f"writer/{number}",
        kind="chat",
        stage="writer",
        model=model,
        messages=(af.Message(role="user", text=prompt),),
        answer="…",
        usage=af.Usage(input_tokens=tokens, output_tokens=0),
    )


def recorded(side: Path, case: str, *calls: af.Call, output: object) -> None:
    """Record a run of one stage."""
    side.mkdir(exist_ok=True)
    run = af.Run(
        workflow="w",
        case=case,
        stages=(af.Stage(name="writer", outputs=(output,)),),
        calls=calls,
        recorded=af.Recorded(prices=LIST),
    )
    save(run, side / f"{case}.flow.json")


@pytest.fixture
def sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Record three cases twice: one changed, one changed and dearer, one as it was."""
    monkeypatch.chdir(tmp_path)
    sides = Path("old"), Path("new")
    for side in sides:
        recorded(side, "same", asked("Hello."), output="x")
    recorded(sides[0], "a", asked("Say 40 words."), output={"hero": "We save 9 %"})
    recorded(sides[1], "a", asked("Say 60 words."), output={"hero": "We save 11 %"})
    recorded(sides[0], "b", asked("Write."), output="page")
    calls = asked("Write.", model="n", tokens=900), asked("Check: \x1b[31m", 2, "n", 5)
    recorded(sides[1], "b", *calls, output="page")
    return sides


OUTPUT = """\
w/b
  cost(total=1): passed -> failed
  writer
    models m -> n
    calls 1 -> 2 (added writer/2)
    input tokens 10 -> 905
    output tokens 0 -> 0
    cost $0.010 -> $1.81
    because of longer prompts +$1.0325 (10 -> 452 tokens each), more calls +$0.3838 \
(1 -> 2), dearer model +$0.3838 (m -> n)
  total cost $0.010 -> $1.81
w/a
  writer
    writer/1 $.messages[0].content: Say [-40-]{+60+} words.
    output $.hero: We save [-9-]{+11+} %
"""


def test_what_flipped_stands_first_then_what_changed(
    sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Calls, money and words, by call and JSON path; what is the same is left out."""
    words = ["diff", *map(str, sides), "-c", "cost(total=1)"]
    assert main(words) == 1
    expected = OUTPUT.replace("    output tokens 0 -> 0\n", "")
    assert capsys.readouterr().out == expected


def test_recordings_beyond_a_budget_of_size_fail(
    sides: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a budget, only the budget decides; the largest files are named."""
    old, new = map(str, sides)
    assert main(["diff", old, new, "--max-size", "1MB"]) == 0
    assert "w/a" in capsys.readouterr().out
    art = af.Artefact(name="a.png", media_type="image/png", data=b"\x89PNG" * 9_000)
    run = replace(af.load(sides[1] / "a.flow.json"), artefacts=(art,))
    save(run, sides[1] / "a.flow.json")
    assert main(["diff", old, new, "--max-size", "20 kB"]) == 1
    *_, head, first, second, third, fourth, repair = (
        capsys.readouterr().out.splitlines()
    )
    assert head.startswith("the recordings take 3")
    assert head.endswith("more than the 20 kB of --max-size; the largest files:")
    assert first.startswith("  36 kB  new/a.flow.blobs/sha256-")
    assert [line[-15:] for line in (second, third, fourth)] == [
        "new/b.flow.json",
        "new/a.flow.json",
        "/same.flow.json",
    ]
    assert repair == "keep side files in Git LFS: `git lfs track '**/*.flow.blobs/**'`"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--max-size", "big"], "'big' is no size; write it as 20MB, 500kB or 1000000"),
        (["-c", "csot"], "Did you mean 'cost'"),
    ],
)
def test_a_wrong_call_is_told(
    sides: tuple[Path, Path],
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit status 2, and what to write instead."""
    try:
        status: object = main(["diff", *map(str, sides), *words])
    except SystemExit as stop:
        status = stop.code
    assert status == 2
    assert message in capsys.readouterr().err
