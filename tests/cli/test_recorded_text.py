"""What was recorded cannot drive the terminal of who looks at it."""

import dataclasses
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.model.text import json_escaped
from pytest_agentflow.recording.save import save

ROOT = Path(__file__).parents[2]
HOTEL = ROOT / "examples/website_builder/recordings/build_site/hotel.flow.json"
TITLE = "\x1b]0;owned\x07\x9b2J\u202e"


def obeyed(text: str) -> list[str]:
    """List the characters that a terminal would act on, line breaks aside."""
    odd = (c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs"))
    return [c for c in odd if c != "\n"]


def hostile(name: str = f"artist{TITLE}\nall passed") -> af.Run:
    """Build a run whose every name asks the terminal for something."""
    page = af.Artefact(name=name, media_type="text/html", data=b"<p>", stage=name)
    return af.Run(
        workflow="w",
        case=name,
        stages=(af.Stage(name=name, outputs=(name,), artefacts=(page,)),),
        sources=(af.Source(id=name, text=name, kind="retrieved", stage=name),),
        missing=(name,),
    )


def written(run: af.Run, path: Path) -> str:
    """Record `run` at `path`."""
    return str(save(run, path))


def test_show_and_diff_quote_what_was_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names appear with their controls as pictures, each on its own line."""
    first = written(hostile(), tmp_path / "a.flow.json")
    second = written(hostile(f"other{TITLE}"), tmp_path / "b.flow.json")
    assert main(["show", first]) == 0
    shown = capsys.readouterr().out
    assert "␛]0;owned␇⟨U+009B⟩2J⟨U+202E⟩" in shown
    assert not any(line.startswith("all passed") for line in shown.splitlines())
    assert main(["diff", first, second]) == 1
    changed = capsys.readouterr().out
    assert "other␛]0;owned␇⟨U+009B⟩2J⟨U+202E⟩: added" in changed
    assert not obeyed(shown + changed)


def test_json_of_show_keeps_every_value_and_no_control(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Machine-readable output is escaped, not altered."""
    run = hostile()
    assert main(["show", "--json", written(run, tmp_path / "a.flow.json")]) == 0
    out = capsys.readouterr().out
    assert not obeyed(out)
    assert json.loads(out)["stages"][0]["stage"] == run.stages[0].name


def test_check_quotes_run_and_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failing check, its summary and a wrong call print no control."""
    run = dataclasses.replace(af.load(HOTEL), case=f"hotel{TITLE}", path=None)
    path = written(run, tmp_path / "a.flow.json")
    assert main(["check", path, "-c", "cost(total=0.0001)"]) == 1
    assert main(["check", f"no{TITLE}", "-c", "cost"]) == 2
    captured = capsys.readouterr()
    assert "hotel␛]0;owned␇" in captured.out
    assert "no␛]0;owned␇⟨U+009B⟩2J⟨U+202E⟩ does not exist" in captured.err
    assert not obeyed(captured.out + captured.err)


@given(st.text(st.characters(codec=None)))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_escaped_json_is_the_same_value(text: str) -> None:
    """Escaping changes how a string is written and not what it says."""
    document = json_escaped(json.dumps({text: text}, ensure_ascii=False))
    assert json.loads(document) == {text: text}
    assert not [c for c in document if unicodedata.category(c) in ("Cc", "Cs")]
