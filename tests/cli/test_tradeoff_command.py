"""agentflow tradeoff on the grown sample: what it prints, to the letter."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from pytest_agentflow.cli.main import main

ROOT = Path(__file__).parents[2]
GROWN = ROOT / "fixtures/grown/recordings"
DECLARED = [
    "--volume=10000",
    "--engineering-cost=60000",
    "--months=12",
    "--upkeep=1500",
    "--fine-tuning=3000",
    "--fine-tuning-requests=1000000",
    "--error-price=.25",
    "--requests-per-user=20",
]


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are judged by the HTML checker of the companion distribution."""
    pytest.importorskip("agentflow_engines", reason="pages are judged by vnu")
    monkeypatch.chdir(ROOT)


def tradeoff(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command; give its exit status and what it printed."""
    status = main(["tradeoff", *words])
    out, err = capsys.readouterr()
    return status, out + err


def dated(text: str) -> str:
    """Put words in the place of the day of the recordings, and of their times."""
    text = re.sub(r"20\d\d-\d\d-\d\d", "DAY", text)
    text = re.sub(r"\b\d\.\d\d s\b", "TIME s", text)
    return re.sub(r"(?m)^(span of the splits: ).*", r"\1LAW", text)


def shown(name: str) -> str:
    """The text that is pinned under that name."""
    return (Path(__file__).parent / f"tradeoff_{name}.txt").read_text("utf-8")


def test_a_split_that_pays(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Thirty customers, an error price and all else declared: PASS, exit status 0."""
    page, table = tmp_path / "page.html", tmp_path / "out" / "all.csv"
    files = [f"--report={page}", f"--csv={table}"]
    words = [*DECLARED, "--by=model", "--noun=site", "--coordinator=planner"]
    status, text = tradeoff(capsys, str(GROWN), *words, *files)

    assert (status, dated(text).replace(str(tmp_path), "OUT")) == (0, shown("pass"))
    assert "81 % less" in page.read_text("utf-8")
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    saved = next(row for row in rows if row["figure"] == "saved share")
    assert float(saved["value"]) == pytest.approx(0.8147, abs=1e-3)


def test_a_split_into_too_many_stages(capsys: pytest.CaptureFixture[str]) -> None:
    """Five stages take more than four, which are as good: FAIL, exit status 1."""
    words = ["--in-use=build_site_five", "--coordinator=planner"]
    status, text = tradeoff(capsys, str(GROWN), *words)

    assert (status, dated(text)) == (1, shown("fail"))


def test_a_split_that_is_not_decided(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whether three are as good is open: exit status 1, and a saving nowhere."""
    page, table = tmp_path / "page.html", tmp_path / "all.csv"
    runs = [str(GROWN / name) for name in ("build_site_single", "build_site_three")]
    words = [*runs, *DECLARED, f"--report={page}", f"--csv={table}"]
    status, text = tradeoff(capsys, *words)
    _, document = tradeoff(capsys, *words, "--json")

    assert (status, dated(text).replace(str(tmp_path), "OUT")) == (1, shown("open"))
    for told in (table.read_text("utf-8"), page.read_text("utf-8")):
        assert not re.search(r"[Ss]av(ed|ing) (a|of|beside|share)", told)
    bill = json.loads(document)["bill"]
    assert not {"saving", "saving_interval", "break_even"} & set(bill)
    assert "estimate" not in json.loads(document)["ratio"]


def test_a_split_that_is_worse(capsys: pytest.CaptureFixture[str]) -> None:
    """Two stages break pages that the single model gets right: FAIL, and no saving."""
    runs = [str(GROWN / name) for name in ("build_site_single", "build_site_two")]
    status, text = tradeoff(capsys, *runs)

    assert status == 1
    assert "FAIL: The split is worse than the single model." in text
    assert "change what?  writer: newly breaks 12 verdicts" in text
    assert "saving: none: the split does not pay" in text


def test_a_best_number_of_stages_that_is_open(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Three or four is open without a price of errors; that four pay is decided."""
    runs = [
        str(GROWN / f"build_site{name}") for name in ("_single", "_three", "", "_five")
    ]
    status, text = tradeoff(capsys, *runs, "--in-use=build_site", "--noun=site")
    head = text.splitlines()[1:6]

    assert status == 0
    assert head[0] == (
        "does it pay?  PASS: A site costs 81 % less than with the single large model."
    )
    assert "$0.161 a site (81.5 %; 90 % interval" in head[1]
    assert head[4].startswith("best k?       INCONCLUSIVE: best by money: 3 stages")
    assert head[4].endswith(
        "worth it where an error costs $0.0070 and more; declare --error-price"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere"], "nowhere does not exist"),
        (["fixtures/grown/*/nothing*"], "matches no file or folder"),
        ([str(GROWN / "build_site")], "no workflow of these runs has one stage"),
        ([str(GROWN), "--months=0"], "months=0.0: give a number above 0"),
        ([str(GROWN), "-c", "beauty"], "there is no check 'beauty'"),
        ([str(GROWN), "--alpha=2"], "alpha=2.0 must be a share"),
        ([str(GROWN), "--coordinator=nobody"], "--coordinator nobody: no workflow"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_status_2(
    capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """What, and how to repair it; no traceback."""
    status, text = tradeoff(capsys, *words)

    assert status == 2
    assert text.startswith("agentflow tradeoff: ")
    assert sentence in text
    assert text.count("\n") == 1


def test_what_is_not_declared_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """The break-even is left out, with the options that it needs."""
    runs = [str(GROWN / name) for name in ("build_site_single", "build_site")]
    status, text = tradeoff(capsys, *runs)

    assert status == 0
    assert "for a month's bill declare --volume" in text
    assert (
        "break-even: left out, for nothing is assumed: declare --engineering-cost, "
        "--months, --upkeep, --requests-per-user, --fine-tuning and --error-price"
    ) in text


def test_the_help_tells_exit_status_and_every_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Who reads --help needs no other page."""
    with pytest.raises(SystemExit):
        main(["tradeoff", "--help"])
    text = " ".join(capsys.readouterr().out.split())

    assert (
        "0 it is decided that the split pays, whether or not it has the best number"
        in text
    )
    assert "1 it does not pay, has too many stages, or the runs cannot tell" in text
    for option in (*(word.partition("=")[0] for word in DECLARED), "--by", "--csv"):
        assert option in text
