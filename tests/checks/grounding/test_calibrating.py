"""Labels become thresholds with bounds, and tell what a judge is worth."""

from __future__ import annotations

import json
import lzma
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.calibrate_command import calibrate_command
from agentflow_checks.grounding.calibrating import calibrate, threshold
from agentflow_checks.grounding.calibration import (
    Calibrated,
    calibration_text,
    read_calibration,
)
from agentflow_checks.grounding.judging import JudgeClaim, JudgeEvidence, JudgeVerdict
from agentflow_checks.grounding.labels import BadLabels, Labelled, read_labels
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

SOURCE = "Room {n} of the house has a bath and a view of the lake."


def rows(
    number: int = 160, *, sources: int = 16, seed: int = 1
) -> list[dict[str, Any]]:
    """Make labelled claims, half of them supported, of several sources."""
    draw = random.Random(seed)  # noqa: S311
    made = []
    for n in range(number):
        held = (n + n // sources) % 2 == 0
        source = SOURCE.format(n=n % sources)
        text = f"Room {n % sources} has bath {n}." if held else f"It has sauna {n}."
        label = "supported" if held else draw.choice(["unsupported", "contradicted"])
        made.append({"claim": text, "sources": source, "label": label})
    return made


def written(folder: Path, lines: Sequence[Any]) -> Path:
    """Write a file of labels."""
    path = folder / "labels.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def by_sauna(wrong: float = 0.0, seed: int = 5) -> Any:
    """Make a judge that knows what is true, and is wrong on a share of claims."""

    def judge(
        claims: Sequence[JudgeClaim], evidence: Sequence[JudgeEvidence], /
    ) -> dict[str, JudgeVerdict]:
        quote = evidence[0].text
        said = {}
        for claim in claims:
            draw = random.Random(f"{seed} {claim.text} {quote}")  # noqa: S311
            held = ("sauna" not in claim.text) != (draw.random() < wrong)
            word = "supported" if held else "unsupported"
            said[claim.id] = JudgeVerdict(verdict=word, quote=quote)
        return said

    return judge


def calibrated(folder: Path, lines: Sequence[Any], **more: Any) -> Calibrated:
    """Calibrate from lines of labels."""
    path = written(folder, lines)
    given: dict[str, Any] = {"score": None, **more}
    return calibrate(path, read_labels(path), **given)


def test_a_line_is_read_with_its_sources_and_group(tmp_path: Path) -> None:
    """Sources may be a text, a list or texts by id; claims of the same ones are kin."""
    same = [
        {"claim": "a", "sources": "s", "label": "supported"},
        {"claim": "b", "sources": ["s"], "label": "contradicted", "question": "?"},
        {"claim": "c", "sources": {"id": "s"}},
        {"claim": "d", "sources": "s", "group": 7, "label": "unsupported"},
    ]
    one, two, three, four = read_labels(written(tmp_path, same))
    assert [r.supported for r in (one, two, three, four)] == [True, False, None, False]
    assert one.group == two.group == three.group != four.group == "7"
    assert two.question == "?"
    assert three.sources == {"id": "s"}


def test_sources_may_be_those_of_a_recording(tmp_path: Path) -> None:
    """It is found beside the file of labels."""
    run = af.Run(
        workflow="w", case="c", inputs={}, sources=(af.Source(id="g", text="Lake."),)
    )
    af.save(run, tmp_path / "w" / "c.flow.json")
    path = written(tmp_path, [{"output": "x", "run": "w/c.flow.json"}])
    (row,) = read_labels(path)
    assert (dict(row.sources), row.unit) == ({"g": "Lake."}, "output")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", ":2: Expecting value"),
        ("[]", "is no JSON object"),
        ('{"sources": "s"}', 'either "claim" or "output"'),
        ('{"claim": "a", "output": "a", "sources": "s"}', 'either "claim" or "output"'),
        ('{"claim": " ", "sources": "s"}', 'either "claim" or "output"'),
        ('{"claim": "a"}', 'needs "sources"'),
        ('{"claim": "a", "sources": []}', 'needs "sources"'),
        ('{"claim": "a", "sources": [1]}', 'needs "sources"'),
        ('{"claim": "a", "sources": "s", "label": "yes"}', "'yes' is none of"),
        ('{"claim": "a", "sources": "s", "label": NaN}', "is none of"),
        ('{"claim": "a", "run": "none.flow.json"}', "no such recording"),
        ('{"output": "a", "sources": "s"}', "mixes claims and outputs"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_wrong_line_is_told_with_its_number_and_form(
    tmp_path: Path, line: str, said: str
) -> None:
    """What, where, and how a line is written."""
    path = tmp_path / "labels.jsonl"
    path.write_text(f'{{"claim": "a", "sources": "s"}}\n{line}\n')
    with pytest.raises(BadLabels) as caught:
        read_labels(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_an_empty_file_and_one_that_is_not_there_are_told(tmp_path: Path) -> None:
    """No labels are no calibration."""
    with pytest.raises(BadLabels, match="holds no line"):
        read_labels(written(tmp_path, []))
    with pytest.raises(BadLabels, match="cannot be read"):
        read_labels(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (rows(98), "49 labels say supported and 49 unsupported; at least 50"),
        ([r for r in rows(400) if r["label"] == "supported"], "0 unsupported"),
        (rows(160, sources=4), "fewer than 5 sources"),
        ([{**r, "label": None} for r in rows()], "0 labels say supported"),
    ],
)
def test_too_few_labels_calibrate_nothing(
    tmp_path: Path, lines: list[Any], said: str
) -> None:
    """50 of each class, of five sources at least."""
    with pytest.raises(BadLabels, match=said):
        calibrated(tmp_path, lines)


def test_one_class_of_one_source_calibrates_no_score(tmp_path: Path) -> None:
    """What is fitted on four fifths of the sources must meet both classes there."""
    lines = [r for r in rows() if r["label"] == "supported"]
    lines += [
        {"claim": f"n {n}", "sources": "z", "label": "unsupported"} for n in range(60)
    ]
    with pytest.raises(BadLabels, match="all labels of one class"):
        calibrated(tmp_path, lines, score=lambda row: float(len(row.text) % 2))


def test_a_score_that_tells_gets_thresholds_with_bounds(tmp_path: Path) -> None:
    """The bound is below the precision, and errors fall."""

    def score(row: Labelled) -> float:
        noise = random.Random(row.text + row.group).gauss(0, 1)  # noqa: S311
        return 0.5 + 0.1 * math.tanh(noise + (-1.3 if row.supported else 1.3))

    found = calibrated(tmp_path, rows(400), score=score).score
    assert found is not None
    assert found.unsupported is not None
    assert found.supported is not None
    assert found.ece_after < 0.07 < found.ece_before
    for one in (found.unsupported, found.supported):
        assert one.low < one.precision
        assert one.precision >= 0.9
        assert one.decided == round(one.coverage * 400)
    assert found.supported.chance < found.unsupported.chance
    assert found.chance(0.1) < found.chance(0.9)


def test_a_score_that_tells_nothing_gets_no_threshold(tmp_path: Path) -> None:
    """So it never says unsupported."""
    found = calibrated(tmp_path, rows(200), score=lambda _: 0.5).score
    assert found is not None
    assert (found.unsupported, found.supported) == (None, None)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=80),
    st.floats(0.5, 0.99),
)
def test_a_threshold_is_as_right_as_it_says(
    pairs: list[tuple[float, bool]], target: float
) -> None:
    """On its own labels, counted anew; and it decides at least 20."""
    found = threshold([c for c, _ in pairs], [b for _, b in pairs], target)
    if found is None:
        return
    above = [label for chance, label in pairs if chance >= found.chance]
    assert len(above) == found.decided >= 20
    assert sum(above) / len(above) == pytest.approx(found.precision)
    assert found.low <= found.precision >= target - 1e-9


@pytest.mark.parametrize(
    ("wrong", "may_fail"), [(0.0, True), (0.1, True), (0.4, False)]
)
def test_a_judge_may_fail_tests_if_it_agrees_with_people(
    tmp_path: Path, wrong: float, may_fail: bool
) -> None:
    """From kappa 0.4 on, with a lower bound of 0.2."""
    judge = by_sauna(wrong)
    found = calibrated(tmp_path, rows(400), judge=judge, name="m:f").judge
    assert found is not None
    assert found.may_fail is may_fail
    assert found.low <= found.kappa <= found.high
    assert found.decided == 400
    if not wrong:
        assert found.kappa == 1


def test_the_rate_of_all_outputs_is_put_right_by_the_labels(tmp_path: Path) -> None:
    """Lines without label are judged alone."""
    more = [{**row, "label": None} for row in rows(300)]
    found = calibrated(tmp_path, [*rows(), *more], judge=by_sauna(0.2)).judge
    assert found is not None
    assert found.rate_low <= 0.5 <= found.rate_high
    assert found.rate_low < found.rate < found.rate_high


def test_what_a_judge_leaves_open_is_counted_and_not_rated(tmp_path: Path) -> None:
    """A judge that decides too little cannot be calibrated."""

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        return {c.id: JudgeVerdict(verdict="undetermined") for c in claims}

    with pytest.raises(
        BadLabels, match="0 labels that the judge decided say supported"
    ):
        calibrated(tmp_path, rows(), judge=judge)


def test_an_output_is_supported_if_all_its_claims_are(tmp_path: Path) -> None:
    """One claim that is not makes the output unsupported."""
    lines = [
        {
            "output": f"Room {n % 16} has a bath."
            + ("" if n % 2 else f" It has sauna {n} in the cellar."),
            "sources": SOURCE.format(n=n % 16),
            "label": "supported" if n % 2 else "unsupported",
        }
        for n in range(160)
    ]
    found = calibrated(tmp_path, lines, judge=by_sauna()).judge
    assert found is not None
    assert found.kappa == 1


def test_a_calibration_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Byte for byte, with its provenance."""
    found = calibrated(tmp_path, rows(400), judge=by_sauna(), score=lambda _: 0.5)
    file = tmp_path / "calibration.json"
    file.write_text(calibration_text(found))
    again = read_calibration(file)
    assert again == found
    assert calibration_text(again) == file.read_text()
    assert (again.labels, again.unit, len(again.sha256)) == (
        "labels.jsonl",
        "claim",
        64,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": "agentflow-calibration/2"}',
        '{"schema": "agentflow-calibration/1"}',
        '{"schema": "agentflow-calibration/1", "x": NaN}',
        "[" * 100_000,
    ],
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path: Path, text: str) -> None:
    """The message has the command that makes it anew."""
    file = tmp_path / "calibration.json"
    file.write_text(text)
    with pytest.raises(af.CheckError, match=r"agentflow calibrate LABELS\.jsonl --to"):
        read_calibration(file)


@pytest.mark.parametrize("kappa", ["high", None, True, float("inf")])
def test_a_kappa_that_is_no_number_is_refused(tmp_path: Path, kappa: Any) -> None:
    """Nobody may write a judge the right to fail tests in words."""
    found = calibrated(tmp_path, rows(), judge=by_sauna())
    assert found.judge is not None
    broken = replace(found, judge=replace(found.judge, kappa=kappa))
    file = tmp_path / "calibration.json"
    file.write_text(calibration_text(broken))
    with pytest.raises(af.CheckError, match="cannot be used"):
        read_calibration(file)


# The command


def test_the_command_writes_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Base rate beside thresholds, bounds beside precision; the file can be read."""
    path, to = written(tmp_path, rows(200)), tmp_path / "c.json"
    assert calibrate_command([str(path), "--to", str(to)]) == 0
    out = capsys.readouterr().out
    assert (
        "labels.jsonl: 100 claims labelled supported, 100 unsupported, from 16" in out
    )
    assert "base rate: 50% unsupported" in out
    assert "before" in out
    assert f"written: {to}" in out
    assert read_calibration(to).score is not None


def test_the_command_refuses_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status 2, and nothing is written."""
    path = written(tmp_path, rows(20))
    assert calibrate_command([str(path), "--to", str(tmp_path / "c.json")]) == 2
    err = capsys.readouterr().err
    assert err.startswith("agentflow calibrate: 10 labels say supported")
    assert not (tmp_path / "c.json").exists()


def test_the_command_asks_nobody_unless_it_is_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says the command that does; what was asked is then recorded."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sauna_judge.py").write_text(JUDGE)
    path = written(tmp_path, rows())
    words = [str(path), "--judge", "sauna_judge:judge"]
    assert calibrate_command(words) == 2
    err = capsys.readouterr().err
    assert "to ask the judge: agentflow calibrate" in err
    assert err.rstrip().endswith("--judge sauna_judge:judge --ask")
    assert calibrate_command([*words, "--ask"]) == 0
    assert "kappa 1.00" in capsys.readouterr().out
    assert path.with_name("labels.jsonl.judge.json").exists()
    import sauna_judge

    monkeypatch.setattr(sauna_judge, "ASKED", None)
    assert calibrate_command(words) == 0
    assert read_calibration("calibration.json").judge is not None


JUDGE = '''
"""A judge whose answers are recorded as those of a tool."""

import pytest_agentflow as af
from agentflow_checks.grounding.judging import JudgeVerdict

ASKED = []


@af.tool
def held(claim: str) -> bool:
    ASKED.append(claim)
    return "sauna" not in claim


def judge(claims, evidence):
    quote = evidence[0].text
    word = {True: "supported", False: "unsupported"}
    return {c.id: JudgeVerdict(verdict=word[held(c.text)], quote=quote) for c in claims}
'''


def test_begin_is_calibrated_on_200_labels(
    third_party_data: Path, tmp_path: Path
) -> None:
    """On turns of a dialogue, as people labelled them: the error falls to 0.1."""
    data = lzma.decompress(
        (third_party_data / "hallucination" / "begin.dev.jsonl.xz").read_bytes()
    )
    turns = [json.loads(line) for line in data.decode().splitlines()]
    lines = [
        {
            "output": turn["response"],
            "sources": turn["source"],
            "question": turn["question"] or None,
            "label": "unsupported" if turn["label"] else "supported",
        }
        for turn in turns
        if turn["label"] is not None
    ]
    random.Random(0).shuffle(lines)  # noqa: S311
    path = written(tmp_path, lines[:300])
    to = tmp_path / "c.json"
    assert calibrate_command([str(path), "--to", str(to)]) == 0
    found = read_calibration(to).score
    assert found is not None
    assert found.slope > 0
    assert found.ece_after < min(found.ece_before, 0.1)
