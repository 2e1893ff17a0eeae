"""agentflow import writes recordings, and says what it did."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

EXCHANGE = {
    "request": {
        "method": "POST",
        "uri": "https://api.openai.com/v1/chat/completions",
        "headers": {"content-type": ["application/json"]},
        "body": json.dumps(
            {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
        ),
    },
    "response": {
        "status": {"code": 200, "message": "OK"},
        "headers": {"content-type": ["application/json"]},
        "body": {
            "string": json.dumps(
                {
                    "object": "chat.completion",
                    "model": "m",
                    "choices": [
                        {"message": {"content": "Ho"}, "finish_reason": "stop"}
                    ],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1},
                }
            )
        },
    },
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with one cassette, which is the working directory."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    write(folder / "hotel.yaml", EXCHANGE)
    return folder


def write(path: Path, *exchanges: object) -> None:
    """Write a cassette."""
    path.write_text(json.dumps({"version": 1, "interactions": exchanges}))


def test_a_file_becomes_a_recording(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The name of the file, that of the recording and the calls are told."""
    assert main(["import", "shop/hotel.yaml", "--to", "recordings"]) == 0
    assert capsys.readouterr().out == (
        "shop/hotel.yaml -> recordings/shop/hotel.flow.json (1 call)\n"
    )
    run = af.load("recordings/shop/hotel.flow.json")
    assert run.calls[0].answer == "Ho"


def test_a_broken_file_is_told_and_the_others_are_imported(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, one sentence for the broken file, and a recording of each other."""
    (shop / "a.yaml").write_text("hello")
    assert main(["import", "shop", "--to", "recordings"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith(
        "shop/a.yaml: is in no format that is known. To repair: "
    )
    assert said.err.endswith("1 of 2 files were not imported\n")
    assert "shop/hotel.yaml -> recordings/shop/hotel.flow.json" in said.out


def test_places_that_redaction_changed_are_told(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """How many there are, and which."""
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    text = (shop / "hotel.yaml").read_text().replace("Hi", key)
    (shop / "hotel.yaml").write_text(text)
    assert main(["import", "shop/hotel.yaml", "--to", "recordings"]) == 0
    assert (
        "  redaction changed 1 place: unattributed/1 request body "
        "$.messages[0].content\n"
    ) in capsys.readouterr().out


def test_names_stages_and_inputs_are_as_asked(shop: Path) -> None:
    """Options name what a cassette does not tell."""
    words = ["--workflow", "site", "--case", "a", "--stage-by", "model"]
    words += ["--inputs", '{"profile": "b"}']
    assert main(["import", "shop/hotel.yaml", "--to", "recordings", *words]) == 0
    run = af.load("recordings/site/a.flow.json")
    assert (run.stage("m").output, run.inputs) == ("Ho", {"profile": "b"})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--stage-by", "nonsense"], "is no rule"),
        (["--inputs", "[1]"], "is no JSON object"),
        (["--prices", "none.toml"], "cannot be read"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    shop: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is imported by a wrong call."""
    assert main(["import", "shop/hotel.yaml", "--to", "recordings", *words]) == 2
    assert said in capsys.readouterr().err
    assert not Path("recordings").exists()


def test_an_empty_folder_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing imported is never a pass."""
    monkeypatch.chdir(tmp_path)
    Path("none").mkdir()
    assert main(["import", "none", "--to", "recordings"]) == 2
    assert "holds no file to import" in capsys.readouterr().err


def test_an_imported_run_gets_a_test_that_runs(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The test is written beside the recordings, passes, and fails for a cut answer."""
    cut = json.loads(json.dumps(EXCHANGE).replace('\\"stop\\"', '\\"length\\"'))
    write(shop / "cut-off.yaml", cut)
    assert main(["import", "shop", "--to", "tests/recordings", "--as-test"]) == 0
    test = Path("tests/test_shop_imported.py")
    assert f"wrote {test}; run it: pytest {test}\n" in capsys.readouterr().out
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        str(test),
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "test_cut_off" in done.stdout
    before = test.read_text()
    assert main(["import", "shop", "--to", "tests/recordings", "--as-test"]) == 0
    assert "left as it is" in capsys.readouterr().out
    assert test.read_text() == before


def test_an_imported_cassette_replays(shop: Path) -> None:
    """The workflow's own code is answered from what vcrpy once recorded."""
    Path("flow.py").write_text(
        "import httpx\n\n\n"
        "def shop(word: str) -> str:\n"
        '    body = {"messages": [{"role": "user", "content": word}], "model": "m"}\n'
        '    url = "https://api.openai.com/v1/chat/completions"\n'
        '    said = httpx.post(url, json=body).json()["choices"][0]["message"]\n'
        '    return str(said["content"])\n'
    )
    Path("test_flow.py").write_text(
        "import pytest\nfrom flow import shop\n\n\n"
        '@pytest.mark.parametrize("word", ["Hi"], ids=["hotel"])\n'
        "def test_shop(agentflow, word):\n"
        '    assert agentflow.run(shop, word).output == "Ho"\n'
    )
    inputs = ["--inputs", '{"word": "Hi"}']
    assert main(["import", "shop/hotel.yaml", "--to", "recordings", *inputs]) == 0
    command = [sys.executable, "-m", "pytest", "-q", "test_flow.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_people_of_an_imported_run_get_pseudonyms(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name from production is in no file; without a key nothing is written."""
    text = json.dumps(EXCHANGE).replace("Hi", "I am Ada Lovelace.")
    write(shop / "hotel.yaml", json.loads(text))
    command = ["import", "shop", "--to", "recordings", "--as-test"]
    command += ["--inputs", '{"name": "Ada Lovelace"}', "--personal", "$.inputs.name"]
    monkeypatch.delenv("AGENTFLOW_PSEUDONYM_KEY", raising=False)
    assert main(command) == 2
    assert "AGENTFLOW_PSEUDONYM_KEY=" in capsys.readouterr().err
    assert not list(Path().glob("recordings/**/*.json"))
    monkeypatch.setenv("AGENTFLOW_PSEUDONYM_KEY", "made up for this test, 32 letters")
    assert main(command) == 0
    run = af.load("recordings/shop/hotel.flow.json")
    assert "I am " in run.calls[0].prompt
    assert run.inputs["name"] in run.calls[0].prompt
    for file in Path("recordings").rglob("*"):
        assert file.is_dir() or "Lovelace" not in file.read_text()


@pytest.mark.parametrize(
    ("usd", "total"), [("0.0000183", "0.000044"), ("4", "9.6"), ("50000", "120000")]
)
def test_the_budget_of_an_imported_run_is_a_plain_number(
    shop: Path, usd: str, total: str
) -> None:
    """What the run cost and a fifth, as one would write it."""
    price = '[[price]]\nmodel = "m"\nunit = "{}_tokens"\nusd = "{}"\nper = 1\n'
    prices = (price.format(unit, usd) for unit in ("input", "output"))
    Path("prices.toml").write_text("".join(prices))
    command = ["import", "shop", "--to", "recordings", "--as-test"]
    assert main([*command, "--prices", "prices.toml"]) == 0
    assert f"@pytest.mark.cost(total={total})\n" in (
        Path("test_shop_imported.py").read_text()
    )
