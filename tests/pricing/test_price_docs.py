"""What docs/prices.md shows is what happens."""

from __future__ import annotations

import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main
from pytest_agentflow.model.usage import TOKEN_KINDS
from pytest_agentflow.pricing import cost_model, declared, file
from pytest_agentflow.pricing.file import parse_file

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/prices.md").read_text("utf-8")
RECORDINGS = ROOT / "examples/website_builder/recordings"


def examples(language: str) -> list[str]:
    """The examples of the page in one language."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def printed(command: str) -> str:
    """What the page says that a command prints."""
    (found,) = re.findall(rf"    \$ {command}\n((?:    .*\n)+)", TEXT)
    return re.sub(r"^    ", "", found, flags=re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("prices.toml", examples("toml")[0]),
        ("model_prices.json", examples("json")[0]),
    ],
)
def test_a_price_file_is_told_as_shown(
    name: str,
    text: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The files of the page are read, and the command says what is printed there."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(text)
    assert main(["prices", "--file", name]) == 0
    assert capsys.readouterr().out == printed(f"agentflow prices --file {name}")


def test_locks_are_brought_up_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a size adds, and what a price of today changes, to the letter."""
    for name in ("hotel.flow.json", "hotel.flow.blobs"):
        source, target = (
            RECORDINGS / "build_site" / name,
            tmp_path / "recordings" / name,
        )
        target.parent.mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    monkeypatch.chdir(tmp_path)
    Path("prices.toml").write_text(examples("toml")[2])
    command = ["prices", "recordings", "--file", "prices.toml"]
    assert main(command) == 0
    assert capsys.readouterr().out == printed(f"agentflow {' '.join(command)}")
    Path("prices.toml").write_text(examples("toml")[2] + examples("toml")[3])
    command += ["--now", "--check"]
    assert main(command) == 1
    run = af.load(tmp_path / "recordings/hotel.flow.json")
    day = (run.recorded.prices.as_of or "").partition("T")[0]
    # The sample may be recorded again on another day.
    told = capsys.readouterr().out.replace(f"({day})", "(2026-11-21)")
    assert told == printed(f"agentflow {' '.join(command)}")


def test_rents_become_prices_of_tokens_and_requests() -> None:
    """By the formulas of the page."""
    prices = parse_file(examples("toml")[1], "prices.toml").prices
    amounts = [price.amount / price.per for price in prices]
    assert round(amounts[1] * 1_000_000, 2) == Decimal("0.69")
    assert amounts[2:] == [Decimal("0.0235"), Decimal("0.044")]


def test_costs_are_given_under_each_cost_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The code of the page runs on the sample, and gives three known amounts."""
    shutil.copytree(RECORDINGS, tmp_path / "recordings")
    monkeypatch.chdir(tmp_path)
    exec(examples("python")[0], {})  # noqa: S102 - the page's own example
    money, passes, rented = capsys.readouterr().out.splitlines()
    assert money.startswith("$")
    assert re.fullmatch(r"\d\.\d\de\+1\d", passes)
    assert rented.startswith("$")


def test_every_key_has_its_place() -> None:
    """What the reader takes is what the page names, every cost model included."""
    names = set(re.findall(r"`(\w+)`", TEXT))
    in_examples = set(
        re.findall(r"^(\w+) =", "\n".join(examples("toml")), re.MULTILINE)
    )
    keys = {*file._PRICE_KEYS, *file._GPU_KEYS, *file._ENDPOINT_KEYS}
    keys |= {*declared._FEE_KEYS, "from", "to", "rate", "date", "parameters", "steps"}
    assert keys <= names | in_examples
    assert set(TOKEN_KINDS) <= names
    for name in ("priced", "aalp", "gpu_hour", "busy_time"):
        assert f"`{name}(" in TEXT
        assert getattr(af, name) is getattr(cost_model, name)
