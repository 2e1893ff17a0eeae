"""What a check's function gives is an outcome, or told how it is written."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sample_checks as checks
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

RUN = af.Run(workflow="w", case="c", stages=(af.Stage(name="a"),))
LINES = Path(checks.__file__).read_text("utf-8").splitlines()


def told(check: af.Check) -> str:
    """Give what the one error says; the test fails where there is none."""
    (result,) = af.evaluate(RUN, check).results
    assert result.verdict is af.Verdict.ERROR
    (error,) = (f for f in result.findings if f.verdict is af.Verdict.ERROR)
    assert "returned.py" not in error.message
    assert "evaluate.py" not in error.message
    return error.message


def line_of(message: str) -> str:
    """Give the line of the sample that a message names."""
    found = re.search(r"\(sample_checks\.py:(\d+)", message)
    assert found is not None, message
    return LINES[int(found[1]) - 1]


def test_a_text_from_a_check_of_the_run_is_told_with_its_function() -> None:
    """The message names what was given, where, and what is written instead."""
    message = told(checks.gives_whole("text"))
    assert re.sub(r":\d+", ":N", message) == (
        "gives_whole (sample_checks.py:N) gave 'bad', which is no outcome; without "
        'each= a check writes: yield af.Finding(rule="gives.whole", message="what is '
        'wrong"), and where nothing is: yield af.Examined(rule="gives.whole"). '
        "docs/writing-checks.md shows both forms"
    )
    assert line_of(message) == '@af.check("gives.whole")'


@pytest.mark.parametrize("what", ["false", "true", "mapping", "empty", "object"])
def test_what_is_no_outcome_is_never_silently_nothing(what: str) -> None:
    """Neither for the run as a whole nor for one subject."""
    assert "yield af.Finding(" in told(checks.gives_whole(what))
    assert 'return "what is wrong"' in told(checks.gives_each(what))


@pytest.mark.parametrize("what", ["text", "false", "minus", "silent", "nothing"])
def test_what_is_yielded_is_told_with_its_very_line(what: str) -> None:
    """A generator stands at the yield that gave it."""
    assert line_of(told(checks.yields(what))) == "    yield GIVEN[what]"


def test_a_single_outcome_may_be_returned() -> None:
    """A finding is itself, and no list to be looked through."""
    for check in (checks.gives_whole("finding"), checks.gives_each("finding")):
        assert [f.message for f in af.evaluate(RUN, check).findings] == ["bad"]
    several = af.evaluate(RUN, checks.gives_whole("findings"))
    assert several.findings == (checks.FINDING,)
    texts = af.evaluate(RUN, checks.gives_each("texts"))
    assert [f.message for f in texts.findings] == ["bad", "worse"]


def test_nothing_is_nothing() -> None:
    """None examined nothing in a run, and passes a subject."""
    whole, each = checks.gives_whole("nothing"), checks.gives_each("nothing")
    assert af.evaluate(RUN, whole).verdict is af.Verdict.INAPPLICABLE
    assert af.evaluate(RUN, each).verdict is af.Verdict.PASSED


def test_a_negative_count_and_an_empty_message_are_refused() -> None:
    """Nobody can examine minus five subjects, or mend what nobody names."""
    assert "gave af.Examined(count=-5); a count is" in told(checks.gives_whole("minus"))
    assert "a finding without a message" in told(checks.gives_whole("silent"))
    assert "a finding without a message" in told(checks.gives_each("silent"))


def test_subjects_without_places_and_async_checks_are_told() -> None:
    """Both are written in another way, which the message shows."""
    assert told(checks.no_pairs()) == (
        "each= of no.pairs gave a value of type Stage; it writes, for each subject: "
        "yield af.Place(stage=stage.name), stage"
    )
    assert "is async; a check is a plain function" in told(checks.is_async())


def test_a_bug_below_a_check_names_the_line_of_the_check() -> None:
    """A user knows their own file, and not the library's."""
    message = told(checks.reads_json())
    assert line_of(message) == '    json.loads("no")'
    assert ", in decoder.py:" in message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        ),
        max_leaves=4,
    )
)
def test_whatever_a_check_gives_is_judged_or_told(value: object) -> None:
    """No value makes a check of a run pass, and none is reported as a bug of ours."""
    checks.GIVEN["any"] = value
    for check in (checks.gives_whole("any"), checks.gives_each("any")):
        for finding in af.evaluate(RUN, check).findings:
            assert finding.message.strip()
            assert "the check itself failed" not in finding.message
    assert af.evaluate(RUN, checks.gives_whole("any")).verdict in {
        af.Verdict.ERROR,
        af.Verdict.INAPPLICABLE,
    }
