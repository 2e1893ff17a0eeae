"""The wheel holds our two packages, everything they read, and nothing else."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
GROUPS: dict[str, dict[str, str]] = {
    "console_scripts": PROJECT["scripts"],
    **PROJECT["entry-points"],
}
ENTRIES = [(g, n, value) for g, named in GROUPS.items() for n, value in named.items()]
PACKAGES = {
    "pytest_agentflow": ROOT / "pytest_agentflow",
    "agentflow_checks": ROOT / "checks" / "agentflow_checks",
}
DIST = ROOT / "dist"

# Loads every entry point in a fresh interpreter that sees the installed wheel first.
LOAD = """
import json, sys
from importlib.metadata import EntryPoint
told = {}
for group, name, value in json.loads(sys.argv[1]):
    try:
        loaded = EntryPoint(name, value, group).load()
        module = sys.modules[value.partition(":")[0]]
        told[f"{group}:{name}"] = [module.__file__, callable(loaded)]
    except Exception as error:
        told[f"{group}:{name}"] = [f"{type(error).__name__}: {error}", False]
print(json.dumps(told))
"""


def pip(*arguments: str | Path, path: Path | None = None) -> str:
    """Run pip without colours and questions; give what it says, or fail with it."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"),
            *map(str, arguments),
        ],
        env={**os.environ, **({"PYTHONPATH": str(path)} if path else {})},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise RuntimeError(said)
    return said


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """The folder that holds hatchling; none where this environment has it."""
    if importlib.util.find_spec("pip") is None:
        pytest.skip("this environment has no pip to build a wheel with")
    if importlib.util.find_spec("hatchling"):
        return None
    folder = tmp_path_factory.mktemp("backend")
    try:
        pip("install", "-q", "--retries=0", "--target", folder, "hatchling>=1.27")
    except RuntimeError as error:
        last = str(error).strip().splitlines()[-1]
        pytest.skip(f"the build backend is not here and cannot be had: {last}")
    return folder


@pytest.fixture(scope="session")
def wheel(backend: Path | None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, as `scripts/build` makes it."""
    out = tmp_path_factory.mktemp("wheel")
    options = ("-q", "--no-deps", "--no-build-isolation", "--wheel-dir", out)
    pip("wheel", *options, ROOT, path=backend)
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the wheel, and nothing else, is installed in."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", "-q", "--no-index", "--no-deps", "--target", target, wheel)
    return target


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    """The files of the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if not name.endswith("/")}


@pytest.fixture(scope="session")
def distribution(installed: Path) -> PathDistribution:
    """What the installed wheel says about itself."""
    (folder,) = installed.glob("pytest_agentflow-*.dist-info")
    return PathDistribution(folder)


def with_path(*folders: Path) -> dict[str, str]:
    """The environment, with folders before everything that is installed here."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}


def python(*arguments: str, env: dict[str, str], cwd: Path) -> str:
    """Run an interpreter; give what it prints, or fail with what it said."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def loaded(installed: Path) -> dict[str, Any]:
    """Where each entry point was loaded from, and whether it can be called."""
    # Elsewhere than in the checkout, whose packages would come first.
    env = with_path(installed)
    told = python("-c", LOAD, json.dumps(ENTRIES), env=env, cwd=installed)
    result: dict[str, Any] = json.loads(told)
    return result


def source_files() -> set[str]:
    """The repository's files of both packages, as the wheel names them."""
    found = set()
    for package, folder in PACKAGES.items():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        files = filter(None, listed.split("\0"))
        found |= {f"{package}/{file}" for file in files if (folder / file).is_file()}
    return found


def test_the_wheel_holds_our_files_and_no_others(names: set[str]) -> None:
    """Neither a file of the packages is left out nor one of anybody else let in."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout that says which files are ours")
    ours = source_files()
    packed = {name for name in names if ".dist-info/" not in name}

    assert len(ours) > 100
    assert packed == ours


def test_the_wheel_has_two_packages_and_its_papers(names: set[str]) -> None:
    """Tests, fixtures and examples stay at home; the licence comes along."""
    version = PROJECT["version"]
    papers = f"pytest_agentflow-{version}.dist-info"

    assert {name.split("/")[0] for name in names} == {*PACKAGES, papers}
    assert f"{papers}/licenses/LICENSE" in names


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_typed(names: set[str], package: str) -> None:
    """Type checkers read our annotations."""
    assert f"{package}/py.typed" in names


@pytest.mark.parametrize(
    "pattern",
    [
        r"pytest_agentflow/recording/schemas/flow-\d+\.schema\.json",
        r"pytest_agentflow/report/schemas/report-\d+\.schema\.json",
        r"pytest_agentflow/report/templates/report\.html\.j2",
        r"pytest_agentflow/report/templates/report\.css",
        r"pytest_agentflow/report/templates/report\.js",
        r"agentflow_checks/web/probe\.js",
        r"agentflow_checks/policies/cases/forbid/.*\.yaml",
    ],
)
def test_what_the_code_reads_is_packed(names: set[str], pattern: str) -> None:
    """Schemas, templates, scripts and the rules' own cases are in the wheel."""
    assert any(re.fullmatch(pattern, name) for name in names)


def test_nothing_in_the_wheel_was_written_elsewhere(wheel: Path) -> None:
    """No engine, no minified script, no foreign copyright: those are companions."""
    with zipfile.ZipFile(wheel) as archive:
        for item in archive.infolist():
            example = "/cases/" in item.filename and not item.filename.endswith(".html")
            if ".dist-info/" in item.filename or example:
                continue  # sounds and pictures of the rules' examples are made here
            text = archive.read(item).decode("utf-8")  # and so nothing binary
            longest = max(map(len, text.splitlines()), default=0)
            assert longest < 1000, f"{item.filename} looks minified"
            foreign = re.search(r"Copyright|@licen[sc]e|SPDX-", text)
            assert foreign is None, f"{item.filename}: {foreign}"


def test_entry_points_are_those_of_the_project(distribution: PathDistribution) -> None:
    """Marks, options, commands and the plugin itself are found after an install."""
    assert {"pytest11", "pytest_agentflow.checks"} <= set(GROUPS)
    assert set(distribution.entry_points) == {
        EntryPoint(name, value, group) for group, name, value in ENTRIES
    }


@pytest.mark.parametrize(
    ("group", "name"), [e[:2] for e in ENTRIES], ids=[f"{g}-{n}" for g, n, _ in ENTRIES]
)
def test_an_entry_point_loads(
    loaded: dict[str, Any], installed: Path, group: str, name: str
) -> None:
    """Every registered name leads into the wheel: to functions and to the plugin."""
    place, is_callable = loaded[f"{group}:{name}"]

    assert place.startswith(str(installed)), place
    assert is_callable is (group != "pytest11")


def test_the_core_has_three_dependencies(distribution: PathDistribution) -> None:
    """Who only replays installs pytest, PyYAML and Jinja2; the rest are extras."""
    core = [r for r in distribution.requires or () if "extra ==" not in r]

    assert {re.split(r"[^\w.-]", r)[0].lower() for r in core} == {
        "pytest",
        "pyyaml",
        "jinja2",
    }
    assert len(core) == 3


def test_the_readme_is_the_long_description(distribution: PathDistribution) -> None:
    """Whoever looks the package up reads the same page."""
    told = distribution.metadata.get_payload()

    assert told.strip() == (ROOT / "README.md").read_text("utf-8").strip()


def test_an_installed_wheel_judges_and_reports(installed: Path, tmp_path: Path) -> None:
    """Templates and schemas are found where the wheel is installed."""
    recording = "examples/website_builder/recordings/build_site/bakery.flow.json"
    command = ("check", str(ROOT / recording), "-c", "cost(total=1)")
    code = "import sys; from pytest_agentflow.cli.main import main; sys.exit(main())"
    env = with_path(installed)
    reports = ("--report", "quality.html", "--report", "quality.json")
    told = python("-c", code, *command, *reports, env=env, cwd=tmp_path)

    assert "1/1 run" in told
    assert "cost(total=1)" in (tmp_path / "quality.html").read_text("utf-8")
    assert json.loads((tmp_path / "quality.json").read_text("utf-8"))


def test_both_wheels_install_from_a_folder(wheel: Path, tmp_path: Path) -> None:
    """A folder of wheels is enough, where there is no network at all."""
    built = sorted(DIST.glob("pytest_agentflow_engines-*.whl"))
    if not built:
        pytest.skip("dist/ holds no wheel of the engines; scripts/build makes it")
    target, folders = tmp_path / "site", ("--find-links", DIST, "--find-links")
    options = ("-q", "--no-index", "--no-deps", "--target", target, *folders)
    pip("install", *options, wheel.parent, "pytest-agentflow", built[-1])
    code = (
        "import agentflow_checks, agentflow_engines, pytest_agentflow\n"
        "for m in (agentflow_checks, agentflow_engines, pytest_agentflow):\n"
        "    print(m.__file__)\n"
        "assert agentflow_engines.axe_path().is_file()\n"
        "assert agentflow_engines.vnu_path().is_file()\n"
    )
    places = python("-c", code, env=with_path(target), cwd=tmp_path).split()

    assert len(places) == 3
    assert all(place.startswith(str(target)) for place in places)
