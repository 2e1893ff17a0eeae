"""The first test calls the workflow as its signature wants it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.cli.scaffold import TODO, first_test
from pytest_agentflow.cli.workflow import find_workflow


def written(folder: Path, source: str, name: str = "shop:build") -> str:
    """Write the first test of a function of shop.py."""
    (folder / "shop.py").write_text(source)
    return first_test(find_workflow(name, [folder]), toml=False)


class Flow:
    """Stands where agentflow does, and binds as it does."""

    def run(self, workflow: Any, *args: Any, **kwargs: Any) -> Any:
        """Bind the inputs, which fails for a wrong call."""
        bound = inspect.signature(workflow).bind(*args, **kwargs).arguments
        made = types.SimpleNamespace(calls=(bound,))

        async def later() -> Any:
            await asyncio.sleep(0)
            return made

        self.bound = bound
        return later() if inspect.iscoroutinefunction(workflow) else made


def called(
    folder: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """Run the first test as pytest would; give what the workflow was given."""
    text = written(folder, source)
    shop = types.ModuleType("shop")
    exec(source, shop.__dict__)  # noqa: S102 - the test's own
    monkeypatch.setitem(sys.modules, "shop", shop)
    names: dict[str, Any] = {}
    exec(text, names)  # noqa: S102 - what is under test
    flow = Flow()
    (test,) = [v for k, v in names.items() if k.startswith("test_")]
    given = {"case": names["CASES"][0]} if "CASES" in names else {}
    test(flow, **given)
    return flow.bound


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        ("topic: str", {"topic": "first"}),
        ("topic: 'str', /", {"topic": "first"}),
        ("", {}),
        ("n: int, topic: str, b: str", {"n": 1, "topic": "first", "b": "first"}),
        (
            "n: float, *, yes: bool, raw: bytes",
            {"n": 1.0, "yes": True, "raw": b"first"},
        ),
        ("topic: str | None", {"topic": "first"}),
        ("n: None | int", {"n": 1}),
        ("n: 'Optional[int]'", {"n": 1}),
        ("topic: str = 'x', n=3, *a, **k", {}),
    ],
)
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_each_input_gets_a_value_of_its_type(
    kind: str,
    signature: str,
    inputs: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Functions are called, coroutine functions awaited, with plain examples."""
    source = f"{kind} build({signature}): pass\n"
    assert called(tmp_path, source, monkeypatch) == inputs


@pytest.mark.parametrize(
    ("signature", "message"),
    [
        ("profile", "TODO: give build its profile"),
        ("p: 'Profile'", "TODO: give build its p, a 'Profile'"),
        ('p: Literal["a", "b"]', "TODO: give build its p, a Literal['a', 'b']"),
        ("topic: str, p: dict[str, int]", "TODO: give build its p, a dict[str, int]"),
    ],
)
def test_a_value_that_only_the_user_knows_fails_the_test_and_is_named(
    signature: str,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is made up for it, and the workflow is not called."""
    source = (
        "from __future__ import annotations\n"
        f"from typing import Literal\ndef build({signature}): pass\n"
    )
    with pytest.raises(pytest.fail.Exception, match="TODO") as caught:
        called(tmp_path, source, monkeypatch)
    assert str(caught.value) == message


def test_an_unknown_signature_is_left_to_the_user(tmp_path: Path) -> None:
    """What another function makes shows no parameters."""
    assert f"{TODO}write what build is given" in written(tmp_path, "build = make()")


@pytest.mark.parametrize("name", ["test_site", "pytest", "af", "case", "agentflow"])
def test_a_name_that_the_test_needs_itself_is_imported_as_workflow(
    name: str, tmp_path: Path
) -> None:
    """Pytest would collect test_site, and agentflow is the fixture."""
    text = written(tmp_path, f"def {name}(t: str): pass", f"shop:{name}")
    assert f"from shop import {name} as workflow" in text
    assert "agentflow.run(workflow, t=case)" in text


def test_helpers_are_shown_as_stages_and_else_the_mark_in_code(
    tmp_path: Path,
) -> None:
    """The hint is the one that fits: by configuration, or in the workflow's code."""
    ask = "import m\ndef plan(t): return m.ask(t)\n"
    source = f"{ask}def build(t: str): return plan(t)\n"
    assert "#         plan = shop:plan" in written(tmp_path, source)
    assert "agentflow_retrievers" not in written(tmp_path, source)
    alone = written(tmp_path, "def build(t: str): pass\n")
    assert "agentflow_stages" not in alone
    assert 'af.stage("draft")' in alone


def test_what_finds_documents_is_shown_as_a_retriever(tmp_path: Path) -> None:
    """It has a setting of its own, whether or not there are stages."""
    source = "def search(t): return []\ndef build(t: str): return search(t)\n"
    text = written(tmp_path, source)
    assert "#     agentflow_retrievers =\n#         shop:search\n" in text
    assert "agentflow_stages" not in text


@pytest.mark.parametrize(
    ("head", "call"),
    [
        ("", "agentflow.run(Shop().build, t=case)"),
        ("def __init__(self, n: int): pass", "n=1,  # a placeholder"),
        ("def __init__(self, model): pass", "TODO: give Shop its model"),
    ],
)
def test_a_method_is_called_on_an_object_made_for_it(
    head: str, call: str, tmp_path: Path
) -> None:
    """With what the class must be given, where anything must."""
    source = f"class Shop:\n  {head}\n  def build(self, t: str): pass\n"
    text = written(tmp_path, source, "shop:Shop.build")
    assert "from shop import Shop\n" in text
    assert "def test_build(" in text
    assert call in text
    ast.parse(text)


def test_a_class_that_pytest_would_collect_is_imported_by_another_name(
    tmp_path: Path,
) -> None:
    """A class Tester is no test of the user's."""
    source = "class Tester:\n  def build(self): pass\n"
    text = written(tmp_path, source, "shop:Tester.build")
    assert "from shop import Tester as Workflow" in text
    assert "agentflow.run(Workflow().build)" in text


ANNOTATIONS = ["", ": str", ": int", ": bool | None", ": 'X'", ': Literal["\\n", "\'"]']
NAMES = st.lists(
    st.text("abcé_", min_size=1, max_size=4), unique=True, min_size=4, max_size=4
)


@given(NAMES, st.lists(st.sampled_from(ANNOTATIONS), min_size=4, max_size=4))
def test_every_signature_gives_a_test_that_is_python(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], types_: list[str]
) -> None:
    """Whatever the parameters: it compiles, and asserts."""
    folder = tmp_path_factory.mktemp("project")
    a, b, c, d = (n + t for n, t in zip(names, types_, strict=True))
    text = written(folder, f"async def build({a}, /, {b}, *, {c}, {d}): pass\n")
    (function,) = [n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
    assert any(isinstance(n, ast.Assert) for n in function.body)
    plain = [line for line in text.splitlines() if TODO not in line]
    assert all(len(line) <= 88 for line in plain)


def test_the_text_is_formatted_as_formatters_leave_it(tmp_path: Path) -> None:
    """The first thing that a user's linter says is not about us."""
    flow = "import m\ndef plan(t): m.ask(t)\ndef search(t): pass\n"
    for signature in ("", "t: str", "t: str, n: int, p", "n: int"):
        for kind in ("def", "async def"):
            text = written(
                tmp_path, f"{flow}{kind} build({signature}): plan(search(1))\n"
            )
            call = ["ruff", "format", "--isolated", "--diff", "-"]
            done = subprocess.run(
                [sys.executable, "-m", *call],
                input=text,
                check=False,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + text
