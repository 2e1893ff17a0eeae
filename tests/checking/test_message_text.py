"""What was recorded cannot drive the terminal that a message is printed on."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.message import attribution_text
from pytest_agentflow.checking.results import CheckResult, RuleResult

BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e").union(
    "\u2066\u2067\u2068\u2069"
)
HOSTILE = st.text(
    st.one_of(
        st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]),
        st.sampled_from("\x1b[]2J;0\x07\x9b\r\n\t ab"),
    ),
    max_size=12,
)
TITLE = "\x1b]0;owned\x07"


def obeyed(text: str) -> list[str]:
    """List the characters that a terminal would act on, line breaks aside."""
    return [
        c
        for c in text
        if c != "\n" and (c in BIDI or unicodedata.category(c) in ("Cc", "Cs"))
    ]


def evaluated(text: Callable[[], str], verdict: af.Verdict) -> af.Evaluation:
    """Build a failing evaluation whose every text is given by `text`."""
    finding = af.Finding(
        rule=text(),
        message=text(),
        place=af.Place(stage=text(), artefact=text(), selector=text(), path=text()),
        expected=text(),
        observed=text(),
        fix=text(),
        introduced_by=text(),
        propagated_through=(text(), text()),
        repaired_by=text(),
    )
    rule = RuleResult(
        rule=text(), verdict=verdict, title=text(), examined=1, findings=(finding,) * 6
    )
    result = CheckResult(
        check=text(),
        written=text(),
        title=text(),
        verdict=verdict,
        rules=(rule,),
        notes=(af.Note(text=text(), warning=True),),
    )
    return af.Evaluation(run=text(), results=(result,))


@given(st.data(), st.sampled_from(["failed", "error", "inapplicable", "undetermined"]))
def test_no_control_or_direction_mark_reaches_a_message(
    data: st.DataObject, verdict: str
) -> None:
    """Whatever was recorded, a message holds text and line breaks and nothing else."""
    evaluation = evaluated(lambda: data.draw(HOSTILE), af.Verdict(verdict))
    assert not obeyed(af.failure_message(evaluation))
    for finding in evaluation.findings:
        assert not obeyed("\n".join(af.finding_lines(finding)))


def test_a_control_is_shown_where_it_stood() -> None:
    """A title sequence in a finding is readable, and changes no title."""
    finding = af.Finding(rule="r", message=f"says {TITLE}", observed="\x1b[2J")
    assert list(af.finding_lines(finding)) == [
        "says ␛]0;owned␇",
        "  observed ␛[2J",
    ]


def test_a_recorded_name_writes_no_line_of_its_own() -> None:
    """A stage's name stays on one line; further lines of a fix are indented."""
    finding = af.Finding(
        rule="r",
        message="bad",
        place=af.Place(stage="a\nall passed"),
        fix="do this\nall passed",
    )
    lines = "\n".join(af.finding_lines(finding)).split("\n")
    assert lines == ["a all passed: bad", "  fix: do this", "    all passed"]


def test_what_is_no_stage_is_named_in_words() -> None:
    """A fault of the project's own code, or of its data, is charged in words."""

    def blame(**places: object) -> str:
        return attribution_text(af.Finding(rule="r", message="m", **places))  # type: ignore[arg-type]

    assert blame(introduced_by="workflow") == (
        "introduced by the workflow's own code, in no stage"
    )
    assert blame(introduced_by="inputs", propagated_through=("frontend",)) == (
        "introduced by the inputs or sources of the run, propagated through frontend"
    )
    assert blame(introduced_between=("frontend", "workflow")) == (
        "introduced between frontend and the workflow's own code, in no stage"
    )
    assert blame(introduced_by="artist") == "introduced by artist"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("qa costs $3", "qa costs $3"),
        ("qa's template grew", "qa's template grew"),
        ("what qa costs grew", "qa: what qa costs grew"),
        ("qa2 is slow", "qa: qa2 is slow"),
        ("qa/2 asks again", "qa: qa/2 asks again"),
    ],
)
def test_a_stage_is_not_named_twice(message: str, line: str) -> None:
    """A place is put before a message, unless it begins with that very place."""
    finding = af.Finding(rule="r", message=message, place=af.Place(stage="qa"))
    assert list(af.finding_lines(finding)) == [line]
