"""Checks are values; the engine counts and decides."""

import datetime as dt
import pickle
import re

import pytest
import sample_checks as checks
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.checking.require import Settings, using

RUN = af.Run(
    workflow="w",
    case="c",
    stages=(af.Stage(name="a", outputs=(1,)), af.Stage(name="b", after=("a",))),
)
TODAY = dt.date(2026, 1, 1)


def verdict(check: af.Check, run: af.Run = RUN, **options: object) -> af.Verdict:
    """Judge by one check."""
    return af.evaluate(run, check, today=TODAY, **options).verdict  # type: ignore[arg-type]


def test_subjects_are_counted() -> None:
    """One of two stages gives no output: failed, with the denominator."""
    rule = af.evaluate(RUN, checks.gives_output()).results[0].rules[0]
    assert (rule.examined, rule.passed, rule.failed) == (2, 1, 1)
    assert rule.findings[0].place.stage == "b"
    assert rule.findings[0].title == "Every stage gives an output."


def test_nothing_examined_is_inapplicable() -> None:
    """Without stages there is nothing to pass, and require says so."""
    empty = af.Run(workflow="w", case="c")
    assert verdict(checks.gives_output(), empty) is af.Verdict.INAPPLICABLE
    with pytest.raises(af.CheckFailure, match="examined nothing"):
        af.require(empty, checks.gives_output())
    assert af.require(empty, checks.gives_output().optional()).ok


def test_an_optional_check_warns_and_lets_no_question_pass() -> None:
    """Optional is about having nothing to examine, and about nothing else."""
    empty = af.Run(workflow="w", case="c")
    result = af.evaluate(empty, checks.gives_output().optional()).results[0]
    assert result.ok
    assert result.notes[0].text == "stage.output is optional and examined nothing"
    asking = af.evaluate(RUN, checks.only_asks().optional()).results[0]
    assert not asking.ok


def test_questions_beside_decisions_pass_unless_strict() -> None:
    """Undetermined subjects are counted; strict makes them fail."""
    result = af.evaluate(RUN, checks.asks()).results[0]
    assert (result.verdict, result.undetermined, result.examined) == ("passed", 1, 3)
    assert verdict(checks.asks().strict()) is af.Verdict.FAILED
    assert verdict(checks.asks(), strict=True) is af.Verdict.FAILED


def test_a_bug_in_a_check_is_an_error_that_hides_no_other_check() -> None:
    """The broken check errors with its place; the others are judged."""
    found = af.evaluate(RUN, checks.broken(), checks.asks())
    assert [r.verdict for r in found.results] == ["error", "passed"]
    message = found.results[0].findings[0].message
    assert re.search(r"KeyError: 'c' \(sample_checks\.py:\d+\)", message)


def test_missing_content_is_an_error_never_a_pass() -> None:
    """CheckError becomes the verdict error with its sentence."""
    result = af.evaluate(RUN, checks.lacks_content()).results[0]
    assert result.verdict is af.Verdict.ERROR
    assert result.findings[0].message == "the recording holds no prompts"


def test_a_rule_without_subjects_is_listed() -> None:
    """It is inapplicable, or fails when it must apply."""
    assert verdict(checks.nothing()) is af.Verdict.INAPPLICABLE
    assert verdict(checks.must()) is af.Verdict.FAILED


def test_several_findings_of_one_subject_count_once() -> None:
    """The denominator counts subjects, not findings."""
    rule = af.evaluate(RUN, checks.findings("x", twice=True)).results[0].rules[0]
    assert (len(rule.findings), rule.examined, rule.failed) == (2, 1, 1)


def test_a_waiver_covers_until_its_day() -> None:
    """Waived findings do not fail; after the day they do, and a note says why."""
    check = checks.findings("waived")
    assert verdict(check) is af.Verdict.PASSED
    late = af.evaluate(RUN, check, today=dt.date(2030, 1, 2)).results[0]
    assert late.verdict is af.Verdict.FAILED
    assert late.findings[0].status == "expired"
    assert late.notes[0].text == "the waiver of f.rule by qa ended on 2030-01-01"


def test_a_renewed_waiver_counts_beside_the_expired_one() -> None:
    """Whichever stands first."""
    finding = af.evaluate(RUN, checks.findings("x")).findings[0]
    old, new = (
        af.Waiver(rule=finding.rule, until=day, by="me", reason="r")
        for day in ("2020-01-01", "2030-01-01")
    )
    for waivers in ((old, new), (new, old)):
        assert verdict(checks.findings("x"), waivers=waivers) is af.Verdict.PASSED


def test_a_waiver_that_waived_nothing_warns() -> None:
    """So that waivers do not pile up."""
    note = af.evaluate(RUN, checks.findings("x"), today=TODAY).results[0].notes[0]
    assert note.warning
    assert "waived nothing" in note.text


def test_known_findings_do_not_fail_but_further_ones_do() -> None:
    """Each known fingerprint excuses as many findings as there were."""
    found = af.evaluate(RUN, checks.findings("x")).findings[0]
    known = {found.fingerprint: 1}
    assert verdict(checks.findings("x"), known=known) is af.Verdict.PASSED
    both = af.evaluate(RUN, checks.findings("x", "y"), known=known)
    assert [f.status for f in both.findings] == ["known", "new"]
    assert both.failed


def test_a_rule_that_had_to_apply_can_be_known_or_waived() -> None:
    """What it fails with is a finding like any other, and the rule its one subject."""
    finding = af.evaluate(RUN, checks.must()).findings[0]
    known = {finding.fingerprint: 1}
    assert verdict(checks.must(), known=known) is af.Verdict.PASSED
    waiver = af.Waiver(rule="must.rule", until="2030-01-01", by="qa", reason="r")
    waived = af.evaluate(RUN, checks.must(), waivers=[waiver], today=TODAY)
    assert (waived.ok, waived.findings[0].status) == (True, "waived")
    text = str(af.CheckFailure(af.evaluate(RUN, checks.must())))
    assert "    must.rule  1 of 1  A rule\n" in text


def test_what_broke_off_is_not_said_to_have_met_nothing() -> None:
    """An error leaves open whether the rule would have applied."""
    found = af.evaluate(RUN, checks.must(lacks=True)).findings
    assert [f.message for f in found] == ["the recording holds no prompts"]


def test_an_error_that_was_there_before_fails_and_is_not_called_new() -> None:
    """Nothing was examined, then or now; the message says that it is not news."""
    known = {af.evaluate(RUN, checks.lacks_content()).findings[0].fingerprint: 1}
    waiver = af.Waiver(rule="content", until="2030-01-01", by="qa", reason="r")
    found = af.evaluate(
        RUN, checks.lacks_content(), known=known, waivers=[waiver], today=TODAY
    )
    assert (found.verdict, found.findings[0].status) == ("error", "known")
    assert "had the same error before" in str(af.CheckFailure(found))


def test_a_check_is_a_value() -> None:
    """It compares, hashes, pickles, and prints as a marker is written."""
    check = checks.findings("a", "b", twice=True)
    assert pickle.loads(pickle.dumps(check)) == check  # noqa: S301 - our own bytes
    assert check == checks.findings("a", "b", twice=True)
    assert len({check, checks.findings("a", "b", twice=True)}) == 1
    assert str(check) == 'findings("a", "b", twice=True)'
    assert str(checks.asks("who?")) == 'always.asks("who?")'
    assert str(checks.gives_output()) == "stage.output"


def test_a_wrong_argument_names_the_right_one() -> None:
    """A misspelt or bad argument is told when the check is made."""
    with pytest.raises(af.BadArgument, match="did you mean least="):
        checks.gives_output(leest=2)
    with pytest.raises(af.BadArgument, match="level 'AAAA' is none of A, AA"):
        checks.validated("AAAA")


def test_a_check_must_stand_at_module_level() -> None:
    """Worker processes could not import it otherwise."""

    @af.check("local")
    def local(run: af.Run) -> None:
        """Local."""

    with pytest.raises(af.BadArgument, match="module level"):
        local()


def test_the_failure_lists_every_finding_of_every_check() -> None:
    """One message, check by check, with place and denominators."""
    with pytest.raises(af.CheckFailure) as caught:
        af.require(RUN, checks.gives_output(), checks.asks(), checks.findings("x"))
    assert str(caught.value) == (
        "run w/c fails 2 of 3 checks\n"
        "\n"
        "  stage.output  failed: Every stage gives an output.\n"
        "    1 of 2\n"
        "      b: it gave none\n"
        "        introduced by b\n"
        "\n"
        '  findings("x")  failed: Finds one thing for each stage named.\n'
        "    f.rule  1 of 1\n"
        "      x: bad 0\n"
        "    note: the waiver of f.rule by qa waived nothing; remove it"
    )


def test_at_most_five_findings_per_cause_then_a_count() -> None:
    """Long lists are cut with a count."""
    many = checks.findings(*"abcdefgh")
    text = str(af.CheckFailure(af.evaluate(RUN, many)))
    assert text.count(": bad 0") == 5
    assert "and 3 more of f.rule" in text


def test_who_observes_hears_of_every_judgement() -> None:
    """The plugin and the command see what require judged."""
    heard = []
    settings = Settings(observe=lambda run, _, found: heard.append((run.id, found.ok)))
    with using(settings), pytest.raises(af.CheckFailure):
        af.require(RUN, checks.gives_output())
    af.require(RUN, checks.asks())
    assert heard == [("w/c", False)]


def test_requiring_nothing_is_refused() -> None:
    """A require without checks could not fail."""
    with pytest.raises(TypeError, match="no check"):
        af.require(RUN)


@given(st.lists(st.sampled_from("abc"), max_size=4), st.booleans(), st.booleans())
def test_an_evaluation_survives_json(
    stages: list[str],
    twice: bool,
    strict: bool,
) -> None:
    """What rides on a test report comes back equal."""
    check = checks.findings(*stages, twice=twice)
    found = af.evaluate(RUN, check, checks.asks(), strict=strict, today=TODAY)
    assert af.from_json(af.Evaluation, af.to_json(found)) == found


def test_what_cannot_be_loaded_or_makes_no_sense_is_an_error() -> None:
    """Evaluating never raises: a check that is gone, a finding that passed."""
    gone = af.Check(id="gone", factory="no_such_module:check")
    assert af.evaluate(RUN, gone).results[0].verdict is af.Verdict.ERROR
    (finding,) = af.evaluate(RUN, checks.passes_a_finding()).findings
    assert "yield af.Examined instead" in finding.message


def test_a_failure_crosses_process_borders() -> None:
    """It pickles with all its evaluations."""
    failure = af.CheckFailure(af.evaluate(RUN, checks.gives_output()))
    again = pickle.loads(pickle.dumps(failure))  # noqa: S301 - our own bytes
    assert str(again) == str(failure)
    assert again.evaluations == failure.evaluations


def test_a_warning_is_reported_and_lets_the_test_pass() -> None:
    """What an advisory rule finds is told and fails nobody, strict or not."""
    result = af.evaluate(RUN, checks.warns().strict()).results[0]
    assert (result.ok, result.verdict, result.warnings) == (True, "passed", 1)
    assert (result.rules[0].failed, result.rules[0].examined) == (1, 1)
    assert result.findings[0].advisory
    assert not result.findings[0].fails
    assert [n.text for n in result.notes if n.warning] == [
        "warning of W-1: four pictures"
    ]


def test_a_warning_that_had_to_apply_only_warns() -> None:
    """An advisory rule that met nothing, and must, says so and fails nobody."""
    result = af.evaluate(RUN, checks.warns(must_apply=True)).results[0]
    assert (result.ok, result.warnings) == (True, 1)
    assert "must apply" in result.notes[0].text


def test_what_a_warning_could_not_examine_stays_an_error() -> None:
    """Severity says how grave a breach is, not that content may be missing."""
    assert verdict(checks.warns(verdict="error")) is af.Verdict.ERROR


def test_a_warning_survives_the_report_file() -> None:
    """A finding that only warns is read back as one, so that it fails nobody later."""
    finding = af.evaluate(RUN, checks.warns()).results[0].findings[0]
    assert af.from_json(af.Finding, af.to_json(finding)) == finding
