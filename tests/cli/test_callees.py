"""A workflow's likely stages and retrievers are read from its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_agentflow.cli.workflow import find_workflow

ASKING = """
import asyncio, threading
from functools import partial
import client

def plan(t): return client.ask(t)
def write(t): return client.ask(t)
async def check(t): return await client.ask(t)
def _log(t): return client.ask(t)
def slug(t): return t.lower().strip()
"""


def proposed(folder: Path, body: str, **more: str) -> tuple[list[str], list[str]]:
    """Propose for shop:build, whose body this is; names of stages, and retrievers."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    source = f"{ASKING}\nasync def build(t, pool=None):\n{lines}"
    for name, text in {"shop.py": source, **more}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    found = find_workflow("shop:build", [folder]).proposal
    return [name for name, _ in found.stages], [*found.retrievers]


@pytest.mark.parametrize(
    "body",
    [
        "return write(plan(t))",
        "to = asyncio.to_thread\nreturn await to(write, await to(plan, t))",
        "to = loop.run_in_executor\nreturn to(pool, partial(write, to(None, plan, t)))",
        "a = pool.submit(plan, t)\nreturn list(pool.map(write, [a.result()]))",
        "return [step(t) for step in (plan, write)]",
        "threading.Thread(target=plan, args=(t,)).start()\nreturn write(t)",
        "step = plan\nreturn write(step(t))",
        "def inner(x): return plan(x)\nreturn write(inner(t))",
        "return write(plan(slug(t)))",
    ],
)
def test_what_is_called_or_handed_on_is_run(body: str, tmp_path: Path) -> None:
    """Threads, executors, partial and lists of functions: each runs both stages."""
    assert proposed(tmp_path, body) == (["plan", "write"], [])


def test_tasks_and_groups_run_what_they_are_given(tmp_path: Path) -> None:
    """A coroutine is a call, wherever it is awaited."""
    body = "t = asyncio.create_task(check(t))\nawait asyncio.gather(t, *(map(plan, t)))"
    assert proposed(tmp_path, body)[0] == ["check", "plan"]


def test_what_asks_no_model_is_no_stage(tmp_path: Path) -> None:
    """Functions that only call Python's own are helpers, whoever calls them."""
    source = (
        "import json, logging, re\nlog = logging.getLogger()\n"
        "class Bad(Exception): pass\n"
        "def tidy(t):\n  log.info(t)\n  return re.sub(' ', '', json.dumps(t.split()))\n"
        "def twice(t):\n  if not t: raise Bad(t)\n  return tidy(t) + twice(t[1:])\n"
    )
    body = "from helpers import tidy, twice\nreturn slug(twice(tidy(plan(t))))"
    assert proposed(tmp_path, body, **{"helpers.py": source})[0] == ["plan"]


def test_a_helper_by_which_stages_ask_is_no_stage_beside_them(tmp_path: Path) -> None:
    """Else it would open inside of each and take its calls away from it."""
    more = {
        "llm.py": "import client\ndef ask(t): return client.post(t)",
        "steps.py": "from llm import ask\ndef plan(t): return ask(t)",
    }
    body = "import steps, llm\nreturn llm.ask(steps.plan(t))"
    assert proposed(tmp_path, body, **more)[0] == ["plan"]


@pytest.mark.parametrize(
    ("load", "call"),
    [
        ("from pkg.steps import paint", "paint"),
        ("from pkg.steps import paint as p", "p"),
        ("from pkg import steps", "steps.paint"),
        ("import pkg.steps", "pkg.steps.paint"),
        ("import pkg.steps as s", "s.paint"),
        ("from pkg import paint", "paint"),
    ],
)
def test_stages_of_other_modules_are_named_where_they_are_defined(
    load: str, call: str, tmp_path: Path
) -> None:
    """However they are imported, inside of the function or above it."""
    files = {
        "pkg/__init__.py": "from .steps import paint",
        "pkg/steps.py": "import client\ndef paint(t): return client.ask(t)",
        "shop.py": f"{load}\ndef build(t): return {call}(t)\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = find_workflow("shop:build", [tmp_path])
    assert found.proposal.stages == (("paint", "pkg.steps:paint"),)
    assert proposed(tmp_path, f"{load}\nreturn {call}(t)")[0] == ["paint"]


CLASSES = """
from dataclasses import dataclass
import client

class Base:
    def ask(self, t): return client.ask(t)
class Writer(Base):
    def __init__(self, model=None): self.model = model
    def run(self, t): return self.ask(t)
@dataclass
class Painter:
    name: str
    def __call__(self, t): return client.ask(t)
    def frame(self, t): return client.ask(t)
class Index:
    def query(self, t): return client.find(t)
painter = Painter("p")
class Team:
    index: Index
    def __init__(self, writer: Writer | None = None):
        self.writer = writer or Writer()
        self.index = Index()
    def triage(self, t): return self.writer.ask(t)
    def handle(self, t):
        kind = self.triage(t)
        return painter(self.writer.run(self.index.query(kind)))
"""


@pytest.mark.parametrize(
    ("body", "stages"),
    [
        ("return Team().handle(t)", ["triage", "writer", "painter"]),
        ("team = Team()\nreturn team.handle(t)", ["triage", "writer", "painter"]),
        ("run = Team().handle\nreturn pool(run)", ["triage", "writer", "painter"]),
        ("return painter.frame(Writer().run(t))", ["writer", "frame"]),
        ("async def one(p: Painter): return p(t)\nreturn Writer().run(t)", ["writer"]),
    ],
)
def test_methods_are_found_by_the_class_that_made_their_object(
    body: str, stages: list[str], tmp_path: Path
) -> None:
    """Through attributes and annotations; one that only hands on is followed."""
    load = "from team import Index, Painter, Team, Writer, painter\n"
    found = proposed(tmp_path, load + body, **{"team.py": CLASSES})
    assert found[0] == stages
    assert found[1] == (["team:Index.query"] if "handle" in body else [])


def test_two_methods_of_one_name_get_longer_names(tmp_path: Path) -> None:
    """No two lines of a setting name the same stage."""
    two = "".join(
        f"class {name}:\n  def draw(self, t): return client.ask(t)\n"
        for name in ("Map", "Plan")
    )
    body = "from two import Map, Plan\nreturn Map().draw(Plan().draw(t))"
    found = proposed(tmp_path, body, **{"two.py": f"import client\n{two}"})
    assert found[0] == ["plan_draw", "map_draw"]


@pytest.mark.parametrize(
    ("name", "is_retriever"),
    [
        ("retrieve", True),
        ("search_archive", True),
        ("lookup_policy", True),
        ("fetch_documents", True),
        ("get_context", True),
        ("_rag", True),
        ("fetch_weather", False),
        ("find_best", False),
        ("researcher", False),
        ("write_article", False),
        ("drag", False),
    ],
)
def test_a_retriever_is_told_by_its_name_and_is_no_stage(
    name: str, is_retriever: bool, tmp_path: Path
) -> None:
    """Whether a stage calls it or the workflow, and in a thread as well."""
    source = f"import client\ndef {name}(t): return client.ask(t)\n"
    aid = {"aid.py": f"{source}def inner(t): return client.ask({name}(t))\n"}
    body = f"from aid import {name}\nreturn plan(await asyncio.to_thread({name}, t))"
    stages, retrievers = proposed(tmp_path, body, **aid)
    assert retrievers == [f"aid:{name}"] * is_retriever
    assert (name in stages) is not (is_retriever or name.startswith("_"))
    _, inside = proposed(tmp_path, "from aid import inner\nreturn inner(t)", **aid)
    assert inside == retrievers


def test_a_search_that_asks_a_model_for_an_answer_is_a_stage(tmp_path: Path) -> None:
    """An embedding it may ask for; a completion makes it an agent."""
    agent = "from openai import OpenAI\nc = OpenAI()\n"
    agent += "def search(t): return c.chat.completions.create(messages=t)\n"
    plain = agent.replace("chat.completions", "embeddings")
    body = "from agent import search\nreturn plan(search(t))"
    assert proposed(tmp_path, body, **{"agent.py": agent}) == (["search", "plan"], [])
    assert proposed(tmp_path, body, **{"agent.py": plain}) == (
        ["plan"],
        ["agent:search"],
    )


def test_a_parameter_of_the_same_name_is_not_the_function(tmp_path: Path) -> None:
    """What the workflow is given hides what the module defines."""
    inner = "def one(plan): return write(plan)\nreturn one(t)"
    assert proposed(tmp_path, inner)[0] == ["write"]
    assert proposed(tmp_path, "plan = t[0]\nreturn write(plan)")[0] == ["write"]


def test_private_steps_are_stages_where_there_are_no_others(tmp_path: Path) -> None:
    """A class often has only such."""
    assert proposed(tmp_path, "return _log(t)")[0] == ["log"]
    assert proposed(tmp_path, "return _log(plan(t))")[0] == ["plan"]


PIECES = st.sampled_from(
    [
        "x = x.y",
        "x = build",
        "self.a = self.a",
        "x: 'Team' = t",
        "import shop",
        "from shop import build",
        "from . import shop",
        "x = x or Team()",
        "return Team().a.b(x)",
        "x()()(t)",
        "with t as (x, y): pass",
        "await build(t)",
        "y = lambda: build",
    ]
)
TEAM = """
class Team(Other):
    a: "Team | None"
    def __init__(self): self.b = self.b or self.a
    def __call__(self): return self.b()
class Other(Team): pass
"""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, min_size=1, max_size=6))
def test_reading_ends_whatever_the_source(tmp_path: Path, pieces: list[str]) -> None:
    """Names that go round in circles are unknown, and no error."""
    body = "self = x = None\n" + "\n".join(pieces)
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    (tmp_path / "shop.py").write_text(f"{TEAM}\nasync def build(t):\n{lines}")
    assert find_workflow("shop:build", [tmp_path]).proposal.retrievers == ()
