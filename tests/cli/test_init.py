"""agentflow init writes a first test that works, and only what is not there yet."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import subprocess
import sys
import threading
import tomllib
import venv
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

PROGRAM = "import sys; from pytest_agentflow.cli.main import main; sys.exit(main())"

FLOW = """
import os

import httpx


def ask(text: str) -> str:
    body = {"model": "m-small", "messages": [{"role": "user", "content": text}]}
    answer = httpx.post(os.environ["MODEL_URL"] + "/v1/chat/completions", json=body)
    return answer.json()["choices"][0]["message"]["content"]


def build(topic: str, count: int = 1) -> str:
    return ask("Write about " + topic)


async def later(topic: str) -> str:
    return ask("Write later about " + topic)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own, with the workflow shop:build, to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (tmp_path / "shop.py").write_text(FLOW)
    return tmp_path


def python(*words: str, by: Path | None = None, **environment: str) -> str:
    """Run Python as programs of its bin folder are: without the current folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    done = subprocess.run(
        [str(by or sys.executable), "-P", *words],
        check=False,
        capture_output=True,
        text=True,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def init(*words: str, by: Path | None = None) -> list[list[str]]:
    """Run agentflow init as a program; give the commands that it says to run next."""
    return commands(python("-c", PROGRAM, "init", *words, by=by))


def commands(out: str) -> list[list[str]]:
    """Read the arguments of the pytest commands that are printed."""
    lines = [line.strip() for line in out.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("pytest ")]


class _Model(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer with the prompt, in other words."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = body["messages"][-1]["content"]
        message = {"role": "assistant", "content": f"<{prompt}>"}
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "model": body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {"prompt_tokens": 100, "completion_tokens": 50},
        }
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[ThreadingHTTPServer]:
    """A model on loopback, over real HTTP."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("function", ["build", "later"])
def test_a_fresh_project_records_and_replays_by_the_printed_commands(
    function: str, project: Path, model: ThreadingHTTPServer
) -> None:
    """One module, no settings at all: init, record, and replay with the model gone."""
    url = f"http://127.0.0.1:{model.server_port}"
    record, replay = init(f"shop:{function}")
    assert "1 passed" in python("-m", "pytest", *record, MODEL_URL=url)
    assert (project / f"tests/recordings/{function}/first.flow.json").is_file()
    model.shutdown()
    model.server_close()
    assert "1 passed" in python("-m", "pytest", *replay, MODEL_URL=url)


TEAM = """
import asyncio
from functools import partial
from shop import ask

class Index:
    def search(self, topic):
        return [{"id": "a1", "text": topic + " is fine."}]

class Team:
    def __init__(self, style="short"):
        self.index = Index()
        self.style = style
    def draft(self, topic, found):
        return ask(f"Draft {topic} by {found}")
    def polish(self, text, *, style):
        return ask(f"Polish {text}, {style}")
    async def build(self, topic: str) -> str:
        found = self.index.search(topic)
        text = await asyncio.to_thread(self.draft, topic, found)
        loop = asyncio.get_running_loop()
        step = partial(self.polish, text, style=self.style)
        return await loop.run_in_executor(None, step)
"""


def test_the_settings_that_are_proposed_name_stages_and_sources(
    project: Path, model: ThreadingHTTPServer
) -> None:
    """Pasted without their #, for methods that run in threads: nothing is left over."""
    (project / "team.py").write_text(TEAM)
    record, replay = init("team:Team.build")
    lines = (project / "tests/test_build.py").read_text().splitlines()
    pasted = [line[6:] for line in lines if line.startswith("#     ")]
    with (project / "pytest.ini").open("a") as file:
        file.write("\n".join([*pasted, ""]))
    url = f"http://127.0.0.1:{model.server_port}"
    python("-m", "pytest", *record, MODEL_URL=url)
    model.shutdown()
    model.server_close()
    assert "1 passed" in python("-m", "pytest", *replay, MODEL_URL=url)
    run = af.load(project / "tests/recordings/build/first.flow.json")
    assert [stage.name for stage in run.stages if stage.calls] == ["draft", "polish"]
    assert [source.text for source in run.sources] == ["first is fine."]


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"pyproject.toml": '[project]\nname = "x"\n'}, id="pyproject"),
        pytest.param(
            {"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-q"'}, id="ini"
        ),
        pytest.param({"pyproject.toml": "[tool.pytest]\nstrict = true\n"}, id="native"),
        pytest.param({"pytest.ini": "[pytest]\r\naddopts = -q\r\n"}, id="pytest.ini"),
        pytest.param({"pytest.ini": ""}, id="empty"),
        pytest.param({"pytest.toml": "[pytest]\n"}, id="pytest.toml"),
        pytest.param({"src/shop.py": FLOW}, id="src"),
        pytest.param({"src/shop.py": FLOW, "shop/data.txt": ""}, id="folder-of-name"),
        pytest.param({"tests/pytest.ini": "[pytest]\n"}, id="below"),
        pytest.param({"tests/__init__.py": "", "conftest.py": ""}, id="packages"),
    ],
)
def test_what_init_writes_can_be_collected_in_every_layout(
    files: dict[str, str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plain pytest imports the workflow, and the second call has nothing to do."""
    if "src/shop.py" in files:
        (project / "shop.py").unlink()
    for name, text in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_bytes(text.encode())
    assert main(["init", "shop:build"]) == 0
    _, replay = commands(capsys.readouterr().out)
    collected = python("-m", "pytest", "--collect-only", *replay)
    assert "1 test collected" in collected or "test_build.py: 1" in collected
    before = {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}
    assert main(["init", "shop:build"]) == 0
    assert before == {p: p.read_bytes() for p in project.rglob("*") if p.is_file()}


def test_an_installed_package_needs_no_setting(project: Path, tmp_path: Path) -> None:
    """What plain pytest can import already is left to it."""
    (project / "shop.py").unlink()
    place = tmp_path / "environment"
    venv.create(place, symlinks=True)
    (packages,) = place.glob("lib/*/site-packages")
    ours = next(p for p in sys.path if p.endswith("site-packages"))
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    (packages / "shop").mkdir()
    (packages / "shop/__init__.py").write_text("from .flow import build\n")
    (packages / "shop/flow.py").write_text(FLOW)
    by = place / "bin/python"
    _, replay = init("shop:build", by=by)
    assert "1 test collected" in python(
        "-m", "pytest", "--collect-only", *replay, by=by
    )
    assert not (project / "pytest.ini").exists()


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\npythonpath = ["lib"]\n',
            'pythonpath = ["lib", "."]',
        ),
        ("pytest.ini", "[pytest]\npythonpath = lib\n", "pythonpath = lib ."),
        ("setup.cfg", "[tool:pytest]\n", "pythonpath = ."),
        ("tox.ini", "[pytest]\n", "pythonpath = ."),
        (
            "pyproject.toml",
            'tool = {pytest = {ini_options = {addopts = "-q"}}}\n',
            'pythonpath = ["."]',
        ),
    ],
)
def test_a_setting_that_would_have_to_change_is_shown_to_paste(
    name: str,
    text: str,
    line: str,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The user's own lines are the user's: the exact new one is printed."""
    (project / name).write_text(text)
    assert main(["init", "shop:build"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert f"  {line}" in out
    assert any("First" in one and name in one for one in out)
    assert (project / name).read_text() == text
    assert not (project / "pytest.ini").exists() or name == "pytest.ini"


def test_a_setting_above_the_project_is_not_written(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a monorepo the line is shown, as seen from the file that it belongs in."""
    (project / "pytest.ini").write_text("[pytest]\n")
    (project / "services").mkdir()
    (project / "shop.py").rename(project / "services/shop.py")
    monkeypatch.chdir(project / "services")
    assert main(["init", "shop:build"]) == 0
    assert "  pythonpath = services\n" in capsys.readouterr().out
    assert (project / "pytest.ini").read_text() == "[pytest]\n"


def test_all_other_settings_stay_as_they_are(project: Path) -> None:
    """Comments, order and line ends, too; the one new line stands in its table."""
    text = '# mine\r\n[tool.pytest.ini_options] # p\r\naddopts = "-q"\r\n[tool.x]\r\n'
    (project / "pyproject.toml").write_bytes(text.encode())
    assert main(["init", "shop:build"]) == 0
    after = (project / "pyproject.toml").read_bytes().decode()
    assert after.replace('pythonpath = ["."]\r\n', "") == text
    options = tomllib.loads(after)["tool"]["pytest"]["ini_options"]
    assert options == {"addopts": "-q", "pythonpath": ["."]}


def test_a_new_file_of_settings_holds_that_one_line(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the project says nothing to pytest yet; and it is said."""
    assert main(["init", "shop:build"]) == 0
    parser = configparser.ConfigParser()
    parser.read(project / "pytest.ini")
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        "pytest": {"pythonpath": "."}
    }
    assert "added `pythonpath = .` to [pytest] of pytest.ini" in capsys.readouterr().out


def test_what_is_there_is_left_as_it_is(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A second call changes nothing and says so of every file."""
    Path(".gitignore").write_text("build")
    main(["init", "shop:build"])
    out = capsys.readouterr().out
    assert "added 1 line to .gitignore" in out
    assert "added 2 lines to .gitattributes" in out
    before = {p: p.read_text() for p in project.rglob("*") if p.is_file()}
    assert main(["init", "shop:build"]) == 0
    assert before == {p: p.read_text() for p in project.rglob("*") if p.is_file()}
    assert capsys.readouterr().out.splitlines()[:4] == [
        "tests/test_build.py is there already; left as it is",
        "pytest.ini has its pythonpath already; left as it is",
        ".gitattributes has our 2 lines already; left as it is",
        ".gitignore has our 1 line already; left as it is",
    ]
    assert Path(".gitignore").read_text() == "build\n*.flow.partial.jsonl\n"


def test_the_same_name_in_two_modules_makes_two_tests(project: Path) -> None:
    """The command that is printed runs the workflow that was asked for."""
    (project / "other").mkdir()
    (project / "other/flow.py").write_text(FLOW)
    main(["init", "shop:build"])
    main(["init", "other.flow:build"])
    assert "from shop import" in Path("tests/test_build.py").read_text()
    second = Path("tests/test_other_flow_build.py").read_text()
    assert "from other.flow import build" in second


@pytest.mark.parametrize("words", [["init", "nonsense"], ["nope"], []])
def test_a_wrong_call_is_one_sentence_and_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for what a user mistyped."""
    assert main(words) == 2
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert captured.err or captured.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["shop:nope"], "shop has no function nope; there are: ask, build, later"),
        (["shop:biuld"], "shop has no function biuld; did you mean 'build'?"),
        (["shpo:build"], "there is no module shpo, neither in this project"),
        (["shpo:build"], "; did you mean 'shop'? A module in another folder"),
        (["nope:build"], "nor installed; there are: shop. A module in another"),
        (["shop.flow:build"], "shop has no module flow (shop is one file"),
        (["site.flow:build"], "site is a module of Python itself"),
        (["shop:class"], "is no MODULE:FUNCTION"),
        (["shop:build", "--tests", "../tests"], "does not lie below"),
    ],
)
def test_a_workflow_that_is_not_there_is_a_wrong_call(
    words: list[str], message: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, the nearest name, and nothing is written."""
    assert main(["init", *words]) == 2
    assert message in capsys.readouterr().err
    assert [p.name for p in project.iterdir()] == ["shop.py"]


@pytest.mark.parametrize("folder", ["", "tests/recordings/build/"])
def test_git_leaves_side_files_as_they_are_in_every_folder(
    folder: str, project: Path
) -> None:
    """No line end of a side file is changed, wherever the recordings lie."""
    main(["init", "shop:build"])
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
