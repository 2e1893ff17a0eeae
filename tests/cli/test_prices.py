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
    assert capsys.readouterr().out == (
        "build_site/hotel: $0.047 -> $0.097\n"
        "  added: 1 charge, 3 model sizes\n"
        "1 of 1 price lock completed, from prices.toml\n"
    )
    after = af.load(hotel)
    assert after.recorded.prices.prices == before.recorded.prices.prices
    assert after.calls == before.calls
    assert af.cost_of(after, af.aalp()).amount is not None
    assert prices("recordings") == 0
    assert capsys.readouterr().out == "1 price lock, nothing to add from prices.toml\n"


def test_what_would_be_written_is_told_without_writing(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cost, what lacks and the command that adds it: status 1; 0 where nothing does."""
    Path("prices.toml").write_text(SIZES)
    before = hotel.read_bytes()
    assert prices("recordings", "--check") == 1
    assert capsys.readouterr().out == (
        "build_site/hotel: $0.047, unchanged\n"
        "  added: 3 model sizes\n"
        "1 of 1 price lock lacks something that prices.toml gives; nothing was "
        "written. To add it: agentflow prices recordings --file prices.toml\n"
    )
    assert hotel.read_bytes() == before
    prices("recordings")
    capsys.readouterr()
    assert prices("recordings", "--check") == 0
    assert capsys.readouterr().out == "1 price lock, nothing to add from prices.toml\n"


def test_todays_prices_are_held_beside_the_recorded_ones(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both costs stand in the headline, and the prices that changed below it."""
    Path("prices.toml").write_text(DEARER + 'effective = "2026-01-01"\n')
    assert prices(str(hotel), "--now", "--check") == 1
    first, *_, drift, last = capsys.readouterr().out.splitlines()
    assert first == ("build_site/hotel: $0.047 as recorded, $0.0807 at today's prices")
    assert re.fullmatch(
        r"  input_tokens of gpt-5-mini-2025-08-07: \$0\.25 per 1,000,000 \(20.*\) -> "
        r"\$9\.00 per 1,000,000 \(2026-01-01\)",
        drift,
    )
    assert last == (
        "1 of 1 price lock differs from the prices of today; nothing was written. To "
        f"replace: agentflow prices {hotel} --file prices.toml --now"
    )
    assert prices(str(hotel), "--now") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == (
        "1 of 1 price lock replaced by the prices of today, from prices.toml"
    )
    assert prices(str(hotel), "--now", "--check") == 0
    assert capsys.readouterr().out == (
        "1 price lock, no price changed: prices.toml says the same today\n"
    )


def bare(path: Path, **changes: object) -> None:
    """Take the prices of the small model from a recording."""
    run = af.load(path)
    lock = run.recorded.prices
    left = tuple(price for price in lock.prices if "nano" not in price.model)
    lock = replace(lock, prices=left, **changes)  # type: ignore[arg-type]
    af.save(replace(run, recorded=replace(run.recorded, prices=lock)), path)


def test_what_still_lacks_is_given_to_paste(
    hotel: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each price once, with its calls, and the command; filled in, nothing lacks."""
    monkeypatch.setattr("pytest_agentflow.pricing.genai.installed", lambda: False)
    bare(hotel)
    Path("prices.toml").write_text("")
    assert prices("recordings") == 1
    out = capsys.readouterr().out
    head, _, rest = out.partition('Add to prices.toml, with the number for each "...":')
    model = "gpt-5-nano-2025-08-07"
    assert head == (
        "1 price lock, nothing to add from prices.toml\n"
        "The cost of 1 of 1 recording is unknown:\n"
        f"  no price for input_tokens of {model} (1 call)\n"
        f"  no price for output_tokens of {model} (1 call)\n"
    )
    entries, _, command = rest.partition("then: ")
    assert command == "agentflow prices recordings --file prices.toml\n"
    Path("prices.toml").write_text(entries.replace("...", "0.1"))
    assert prices("recordings") == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first == "build_site/hotel: unknown -> $0.0473"


def test_a_mix_of_currencies_gets_the_rate_that_lacks(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The currency goes to the top, the rate has the day of the recording."""
    bare(hotel)
    entry = (
        '[[price]]\nmodel = "gpt-5-nano"\nunit = "{}_tokens"\namount = "1"\n'
        'currency = "EUR"\nper = 1000000\n'
    )
    text = entry.format("input") + entry.format("output")
    Path("prices.toml").write_text(text)
    assert prices("recordings") == 1
    out = capsys.readouterr().out
    day = (af.load(hotel).recorded.prices.as_of or "").partition("T")[0]
    assert f"  no rate from EUR to USD for {day}\n" in out
    top = out.partition("before its first table:\n\n")[2].partition("\n\n")[0]
    rate = out.partition('each "...":\n\n')[2].partition("\nthen: ")[0]
    assert top == 'currency = "USD"'
    assert rate.endswith(f'date = "{day}"\n')
    Path("prices.toml").write_text(f"{top}\n{text}{rate.replace('...', '1.09')}")
    capsys.readouterr()
    assert prices("recordings") == 0
    assert "  reported in USD\n  added: 1 rate\n" in capsys.readouterr().out
    assert af.load(hotel).cost().currency == "USD"


def test_calls_that_report_nothing_are_no_matter_of_prices(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are counted, and no entry is asked for."""
    run = af.load(hotel)
    first = next(call for call in run.calls if call.is_model_call)
    assert first.request is not None
    silent = replace(first, usage=None, response=None, request=None)
    calls = tuple(silent if call is first else call for call in run.calls)
    af.save(replace(run, calls=calls), hotel)
    Path("prices.toml").write_text("")
    assert prices("recordings", "--check") == 0
    assert capsys.readouterr().out.endswith(
        "\n1 call of 1 recording does not report what was used, which no price makes "
        "known: record again\n"
    )


def test_a_charge_that_is_charged_for_nothing_is_told_with_its_line(
    hotel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And once the stage is spelt as it is, the lock holds the right one alone."""
    wrong = SIZES + FEE + 'stage = "artits"\n'
    Path("prices.toml").write_text(wrong)
    assert prices("recordings") == 0
    assert capsys.readouterr().out.endswith(
        "\nprices.toml:10: the charge 'step transitions' is charged for nothing: run "
        "build_site/hotel has no stage 'artits'; did you mean 'artist'?\n"
        "Correct what is misspelt, or remove it; then: agentflow prices recordings "
        "--file prices.toml\n"
    )
    Path("prices.toml").write_text(wrong.replace("artits", "artist"))
    assert prices("recordings") == 0
    out = capsys.readouterr().out
    assert "$0.047 -> $0.057\n  added: 1 charge\n  dropped: 1 charge\n" in out
    assert "charged for nothing" not in out
    (fee,) = af.load(hotel).recorded.prices.fees
    assert fee.stage == "artist"


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
        (["prices", "--now", "--check"], "--now and --check: name the recordings"),
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
