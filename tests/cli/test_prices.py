"""agentflow prices: price locks of recordings brought up to a price file."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.cli.main import main

SAMPLE = Path(__file__).parents[2] / "examples/website_builder/recordings/build_site"

SIZES = """
[[size]]
model = "gpt-5-*"
parameters = "8e9"

[[size]]
model = "gpt-image-*"
parameters = "3e9"
steps = 20
"""
FEE = '[[charge]]\nname = "step transitions"\neach = "stage"\nusd = "0.01"\n'
DEARER = """
[[price]]
model = "gpt-5-mini"
unit = "input_tokens"
usd = "9"
per = 1000000
"""


@pytest.fixture
def hotel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of a recording, and a price file beside it."""
    monkeypatch.chdir(tmp_path)
    for name in ("hotel.flow.json", "hotel.flow.blobs"):
        source, target = SAMPLE / name, tmp_path / "recordings" / name
        target.parent.mkdir(exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    Path("prices.toml").write_text(SIZES + FEE)
    return tmp_path / "recordings/hotel.flow.json"


def prices(*words: str) -> int:
    """Call the command with the price file."""
    return main(["prices", *words, "--file", "prices.toml"])


def test_a_lock_is_completed_and_its_prices_stay(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sizes and charges are added; a dearer price of the file is none of the day's."""
    before = af.load(hotel)
    Path("prices.toml").write_text(SIZES + FEE + DEARER)
    assert prices("recordings", "--check") == 1
    assert af.load(hotel).recorded == before.recorded
    capsys.readouterr()
    assert prices("recordings") == 0
    assert capsys.readouterr().out == "build_site/hotel: $0.047 -> $0.097\n"
    after = af.load(hotel)
    assert after.recorded.prices.prices == before.recorded.prices.prices
    assert after.calls == before.calls
    assert af.cost_of(after, af.aalp()).amount is not None
    assert prices("recordings") == 0
    assert capsys.readouterr().out == ""


def test_todays_prices_replace_the_recorded_ones_on_demand(
    hotel: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is told with both dates; where one is gone, nothing is written."""
    Path("prices.toml").write_text(DEARER)
    assert prices(str(hotel), "--now") == 0
    out = capsys.readouterr().out
    assert "input_tokens of gpt-5-mini-2025-08-07: $0.25 per 1,000,000 (20" in out
    assert "-> $9.00 per 1,000,000 (20" in out
    written = hotel.read_bytes()
    monkeypatch.setattr("pytest_agentflow.pricing.genai.installed", lambda: False)
    assert prices(str(hotel), "--now") == 2
    error = capsys.readouterr().err
    assert "no price of today is known for output_tokens of gpt-5-mini" in error
    assert hotel.read_bytes() == written


def test_a_model_without_price_gets_one_that_the_file_now_holds(hotel: Path) -> None:
    """What was an unknown price is known without recording again."""
    run = af.load(hotel)
    lock = run.recorded.prices
    left = tuple(price for price in lock.prices if "nano" not in price.model)
    bare = replace(
        run, recorded=replace(run.recorded, prices=replace(lock, prices=left))
    )
    af.save(bare, hotel)
    with pytest.raises(af.UnknownPrice):
        af.load(hotel).cost()
    entry = '[[price]]\nmodel = "gpt-5-nano"\nunit = "{}"\nusd = "0.1"\nper = 1000000\n'
    text = entry.format("input_tokens") + entry.format("output_tokens")
    Path("prices.toml").write_text(text)
    assert prices(str(hotel)) == 0
    found = af.load(hotel).recorded.prices.prices
    assert [price for price in found if "nano" not in price.model] == list(left)
    assert {p.source for p in found if "nano" in p.model} == {"prices.toml"}
    assert af.load(hotel).cost().amount > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["prices"], "name a price file, recordings, or both"),
        (["prices", "--file", "none.toml"], "cannot be read"),
        (["prices", "nowhere.flow.json"], "nowhere.flow.json"),
        (["prices", "empty"], "holds no recording"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence and status 2."""
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_show_has_forward_passes_beside_money_where_sizes_are_declared(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No column without a size; a blank cell and the reason where one is missing."""
    assert main(["show", str(hotel)]) == 0
    assert "forward passes" not in capsys.readouterr().out
    prices(str(hotel))
    capsys.readouterr()
    assert main(["show", str(hotel)]) == 0
    out = capsys.readouterr().out
    head, personalizer = (
        line
        for line in out.splitlines()
        if "found by" in line or (line.startswith("personalizer"))
    )
    assert head.endswith("cost      forward passes")
    assert personalizer.endswith("$0.0032   2.63e+16")
    assert "parameter-tokens of forward passes" in out
    assert "coordination: 5 step transitions (for offers, personalizer, " in out
    run = af.load(hotel)
    lock = run.recorded.prices
    sizes = tuple(size for size in lock.sizes if "image" not in size.model)
    lock = replace(lock, sizes=sizes)
    af.save(replace(run, recorded=replace(run.recorded, prices=lock)), hotel)
    assert main(["show", str(hotel)]) == 0
    out = capsys.readouterr().out
    assert "forward passes: the size of gpt-image-1-mini is not declared; add" in out
    assert re.search(r"^artist .*\$0\.0344$", out, re.MULTILINE)
    assert main(["show", "--json", str(hotel)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["forward_passes"] is None
    assert facts["coordination"][0]["charge"] == "step transitions"
