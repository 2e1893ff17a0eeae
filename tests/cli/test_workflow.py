"""A workflow's function is found in its source, and nothing of it is run."""

from pathlib import Path

import pytest

from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.cli.workflow import Workflow, find_workflow


def find(folder: Path, source: str, name: str = "shop:build", **more: str) -> Workflow:
    """Write shop.py, and other files by their path, and look in that folder."""
    for path, text in {"shop.py": source, **more}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return find_workflow(name, [folder])


def test_nothing_is_imported(tmp_path: Path) -> None:
    """A module that needs a key when it is imported can be looked into."""
    found = find(tmp_path, "raise SystemExit\ndef build(topic: str): pass\n")
    assert found.home == tmp_path
    assert [p.name for p in found.parameters or ()] == ["topic"]


def test_inputs_are_the_parameters_without_a_default(tmp_path: Path) -> None:
    """By position where they must be; what has a default, * and ** are left out."""
    found = find(tmp_path, "def build(a, /, b, c=1, *d, e, f=2, **g): pass\n")
    assert [(p.name, p.by_position) for p in found.parameters or ()] == [
        ("a", True),
        ("b", False),
        ("e", False),
    ]


@pytest.mark.parametrize(
    ("source", "more"),
    [
        ("from flow import build", {"flow.py": "async def build(t): pass"}),
        ("from flow import make as build", {"flow.py": "async def make(t): pass"}),
        ("from flow import *", {"flow.py": "async def build(t): pass"}),
        ("try:\n  import x\nfinally:\n  async def build(t): pass", {}),
        ("def build(): pass\nasync def build(t): pass", {}),
    ],
)
def test_a_name_is_followed_to_its_function(
    source: str, more: dict[str, str], tmp_path: Path
) -> None:
    """Through imports, stars and blocks; the last of two definitions counts."""
    found = find(tmp_path, source, **more)
    assert found.module == "shop"
    assert found.is_async
    assert [p.name for p in found.parameters or ()] == ["t"]


def test_a_package_hands_on_what_a_module_of_it_defines(tmp_path: Path) -> None:
    """Relative imports are those of the package, from its modules as well."""
    files = {
        "pkg/__init__.py": "from .a.b import build",
        "pkg/a/__init__.py": "",
        "pkg/a/b.py": "from ..c import build",
        "pkg/c.py": "import m\ndef aid(): m.ask()\ndef build(t: int): aid()",
    }
    found = find(tmp_path, "", "pkg:build", **files)
    assert (found.module, found.proposal.stages) == ("pkg", (("aid", "pkg.c:aid"),))
    assert find_workflow("pkg.a.b:build", [tmp_path]).proposal == found.proposal


def test_folders_without_init_are_packages_as_well(tmp_path: Path) -> None:
    """As Python sees them: nested, too."""
    found = find(tmp_path, "", "a.b.c:build", **{"a/b/c.py": "def build(): pass"})
    assert found.module == "a.b.c"


@pytest.mark.parametrize(
    "source",
    [
        "build = make()",
        "build = partial(make, 1)",
        "from elsewhere import build",
        "def __getattr__(name): pass",
    ],
)
def test_what_the_source_does_not_tell_is_left_open(
    source: str, tmp_path: Path
) -> None:
    """It may be a function: its inputs are unknown, and it is not refused."""
    assert find(tmp_path, source).parameters is None


def test_a_module_that_imports_from_itself_ends(tmp_path: Path) -> None:
    """A name that only goes round in a circle is no function."""
    with pytest.raises(CallWrong, match="shop has no function build"):
        find(tmp_path, "from other import *", **{"other.py": "from shop import *"})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("build = 3", "shop has no function build (a value is there)"),
        ("class build: pass", "shop:build is a class; it has no method"),
        (
            "class build:\n  def _a(self): pass\n  def run(self): pass",
            "shop:build is a class; name one of its methods: shop:build.run",
        ),
        ("import build", "shop has no function build (a module of that name"),
        ("build = lambda: 3", "a lambda, which has no name of its own"),
        ("def build():\n  yield 1", "is a generator, which agentflow.run does not"),
        ("def build(:", "shop cannot be read: "),
        ("x = 1\n'\\ud800'.\n", "shop.py:2: "),
    ],
)
def test_what_is_no_function_is_told(source: str, message: str, tmp_path: Path) -> None:
    """What stands there instead is named."""
    with pytest.raises(CallWrong) as caught:
        find(tmp_path, source)
    assert message in str(caught.value)


def test_a_module_of_a_package_is_asked_for_by_the_nearest_name(
    tmp_path: Path,
) -> None:
    """Did you mean, one level after the other."""
    with pytest.raises(CallWrong) as caught:
        find(tmp_path, "", "pkg.flwo:build", **{"pkg/flow.py": "", "pkg/x.py": ""})
    assert str(caught.value) == "pkg has no module flwo; did you mean 'flow'?"


def test_a_generator_inside_is_no_generator(tmp_path: Path) -> None:
    """Only the function's own yield counts."""
    source = "def build():\n  def inner():\n    yield 1\n  return list(inner())"
    assert find(tmp_path, source).parameters == ()


# Methods


@pytest.mark.parametrize(
    ("source", "owner", "made_of", "inputs"),
    [
        ("def run(self, t): pass", "Shop", [], ["t"]),
        ("def __init__(self, m, n=1): pass\n  def run(self): pass", "Shop", ["m"], []),
        ("m: str\n  n: int = 1\n  async def run(self, t): pass", "Shop", ["m"], ["t"]),
        ("@classmethod\n  def run(cls, t): pass", "Shop", None, ["t"]),
        ("@staticmethod\n  def run(t): pass", "Shop", None, ["t"]),
    ],
)
def test_a_method_is_run_on_an_object_that_has_to_be_made(
    source: str,
    owner: str,
    made_of: list[str] | None,
    inputs: list[str],
    tmp_path: Path,
) -> None:
    """What its class must be given is told apart from its own inputs."""
    text = f"from dataclasses import dataclass\n@dataclass\nclass Shop:\n  {source}\n"
    found = find(tmp_path, text, "shop:Shop.run")
    given = None if found.made_of is None else [p.name for p in found.made_of]
    assert (found.owner, given) == (owner, made_of)
    assert [p.name for p in found.parameters or ()] == inputs


def test_a_method_of_a_base_class_is_run_on_the_class_that_was_named(
    tmp_path: Path,
) -> None:
    """Inherited methods are found where another module defines them."""
    files = {"base.py": "class Base:\n  def run(self, t): pass"}
    source = "from base import Base\nclass Shop(Base): pass"
    found = find(tmp_path, source, "shop:Shop.run", **files)
    assert (found.owner, found.function) == ("Shop", "run")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shop:Shpo.run", "shop has no class Shpo; did you mean 'Shop'?"),
        ("shop:Shop.rnu", "shop:Shop has no method rnu; did you mean 'run'?"),
        ("shop:Shop.each", "shop:Shop.each is a generator"),
        ("shop:a.b.c", "'shop:a.b.c' is no MODULE:FUNCTION"),
        ("src/pkg/shop.py:run", "did you mean pkg.shop:run?"),
        ("shop.py", "did you mean shop:FUNCTION?"),
        ("pkg.shop.run", "did you mean pkg.shop:run?"),
    ],
)
def test_a_method_or_notation_that_is_wrong_gets_the_nearest_right_one(
    name: str, message: str, tmp_path: Path
) -> None:
    """Paths and dotted names are what people try first."""
    source = "class Shop:\n  def run(self): pass\n  def each(self): yield 1\n"
    with pytest.raises(CallWrong) as caught:
        find(tmp_path, source, name)
    assert message in str(caught.value)
