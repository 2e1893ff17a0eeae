"""The Python surface: a score without a run, exact offsets, and what never changes."""

from __future__ import annotations

import json
import subprocess
import sys
from html import escape

import pytest
from agentflow_checks import grounding
from agentflow_checks.grounding import Score, score
from grounding_strategies import CENTS, DATES, EMAILS, PHONES, TEXTS, WHOLE
from hypothesis import assume, given, settings
from hypothesis import strategies as st

SOURCE = "A night in the lodge costs $120. Call 510-889-8690. It has a sauna."


def verdicts(output: str, *sources: str) -> list[str]:
    """Give the verdict of every claim."""
    return [claim.verdict for claim in score(output, sources).claims]


@given(TEXTS, st.lists(TEXTS, max_size=3), st.none() | TEXTS)
@settings(max_examples=200)
def test_any_text_is_scored_and_offsets_are_exact(
    output: str, sources: list[str], question: str | None
) -> None:
    """Nothing fails; every claim and value is the slice of the output it names."""
    found = score(output, sources, question)
    assert 0 <= found.value <= 1
    assert found == score(output, sources, question)
    for claim in found.claims:
        assert claim.text == output[claim.start : claim.end]
        assert 0 <= claim.score <= 1
        for value in claim.values:
            assert value.text == output[value.start : value.end]
            assert claim.start <= value.start <= value.end <= claim.end
            assert not value.hard or claim.verdict in {"unsupported", "contradicted"}
            near = value.nearest
            if near is not None and near.source.startswith("source "):
                text = sources[int(near.source.split()[1]) - 1]
                assert near.text == text[near.start : near.end]
    held = [v for claim in found.claims for v in claim.values]
    assert [v for v in held if v in found.findings] == list(found.findings)


@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=3))
@settings(max_examples=150)
def test_taking_a_source_away_never_supports_a_claim(
    output: str, sources: list[str]
) -> None:
    """What the sources do not hold, fewer of them do not hold either."""
    before = score(output, sources).claims
    for gone in range(len(sources)):
        left = sources[:gone] + sources[gone + 1 :]
        for one, other in zip(before, score(output, left).claims, strict=True):
            if one.verdict == "unsupported":
                assert other.verdict not in {"supported", "derived"}
            if left:
                assert other.score >= one.score or one.verdict == "contradicted"


AMOUNTS = st.tuples(WHOLE, CENTS)


@given(st.data(), AMOUNTS, AMOUNTS, st.booleans())
def test_another_notation_of_an_amount_never_changes_the_verdict(
    data: st.DataObject, held: tuple[int, int], other: tuple[int, int], same: bool
) -> None:
    """Grouping, codes and words decide nothing, whether the amount is held or not."""
    forms = ("${:,}.{:02d}", "${}.{:02d}", "USD {:,}.{:02d}", "{}.{:02d} dollars")
    source = data.draw(st.sampled_from(forms)).format(*held)
    said = held if same else other
    found = {
        verdicts(f"The room costs {form.format(*said)}.", f"The room costs {source}.")[
            0
        ]
        for form in forms
    }
    assert found == {"supported" if said == held else "unsupported"} or (
        "supported" not in found and said != held
    )
    assert len(found) == 1


@given(st.data(), DATES, DATES, st.booleans())
def test_another_notation_of_a_date_never_changes_the_verdict(
    data: st.DataObject, held: object, other: object, same: bool
) -> None:
    """A date is one date in ISO, English and American notation."""
    forms = ("{0:%Y-%m-%d}", "{0:%B} {0.day}, {0.year}", "{0.day} {0:%b} {0.year}")
    source = data.draw(st.sampled_from(forms)).format(held)
    said = held if same else other
    found = {
        verdicts(f"It opened on {form.format(said)}.", f"It opened on {source}.")[0]
        for form in forms
    }
    assert found == {"supported" if said == held else "unsupported"}


@given(PHONES, PHONES, st.booleans())
def test_another_notation_of_a_phone_never_changes_the_verdict(
    held: str, other: str, same: bool
) -> None:
    """Separators and the country's own code decide nothing."""
    said = held if same else other
    area, exchange, line = said.split("-")
    found = {
        verdicts(f"Call {written} now.", f"Call {held} now.")[0]
        for written in (
            said,
            f"({area}) {exchange}-{line}",
            f"{area}.{exchange}.{line}",
            f"+1 {area} {exchange} {line}",
        )
    }
    assert found == {"supported" if said == held else "unsupported"}


@given(EMAILS, st.integers(2, 400))
def test_another_wrapping_never_changes_the_verdict(email: str, hours: int) -> None:
    """HTML, JSON, Markdown and upper case leave values what they are."""
    claim = f"Write to {email} within {hours} hours."
    assume("&" not in claim)
    for wrapped in (escape(claim), claim.upper(), f"**{claim}**", claim):
        assert "unsupported" not in verdicts(wrapped, json.dumps({"text": claim}))
        assert "unsupported" in verdicts(wrapped, "Write to nobody.")


@pytest.mark.parametrize(
    ("output", "claims", "values"),
    [
        (
            '{"a": "He said \\"caf\\u00e9 $125\\"", "tel": "510-889-8691", "n": 13.50}',
            ['He said \\"caf\\u00e9 $125\\"', "510-889-8691", "13.5"],
            ["$125", "510-889-8691", "13.5"],
        ),
        (
            ("<html><body><p>Das <b>kostet</b> 1250&nbsp;&euro;  heute</p>"
            "<a href='tel:+4930123456'>Anruf</a></body></html>"),
            ["Das <b>kostet</b> 1250&nbsp;&euro;  heute", "tel:+4930123456", "Anruf"],
            ["1250&nbsp;&euro;", "+4930123456"],
        ),
        (
            ("<html><body><table><tr><th>Kind</th><th>Price</th></tr>"
            "<tr><td>Suite</td><td>$990</td></tr></table></body></html>"),
            ["Kind", "Price", "Suite", "$990"],
            ["$990"],
        ),
        ('```json\n{"price": "$990"}\n```', ["$990"], ["$990"]),
        ("a $990 room\n\n- for 4 nights", ["a $990 room", "for 4 nights"],
         ["$990", "4 nights"]),
    ],
)  # fmt: skip
def test_offsets_point_into_json_pages_and_text(
    output: str, claims: list[str], values: list[str]
) -> None:
    """Escapes, references, tags and table headers do not shift a place."""
    found = score(output, "Nothing of the kind.")
    assert [claim.text for claim in found.claims] == claims
    assert [v.text for claim in found.claims for v in claim.values] == values
    for claim in found.claims:
        assert output[claim.start : claim.end] == claim.text


def test_equal_values_of_a_document_are_placed_one_after_the_other() -> None:
    """The same price under two keys has two places."""
    output = '{"first": "$99", "second": "$99"}'
    starts = [f.start for f in score(output, "none").findings]
    assert starts == [output.index("$99"), output.rindex("$99")]


def test_a_finding_names_what_the_source_has_instead() -> None:
    """Type, place, hardness, nearest value and its offset: enough to correct it."""
    found = score("The lodge costs $125 a night.", {"guide": SOURCE})
    (finding,) = found.findings
    assert (finding.type, finding.text, finding.hard) == ("money", "$125", True)
    near = finding.nearest
    assert near is not None
    assert (near.source, near.text) == ("guide", "$120")
    assert SOURCE[near.start : near.end] == "$120"
    assert found.verdict == "failed"
    assert found.value >= 0.9


def test_the_nearest_value_stands_where_the_claim_is_about() -> None:
    """A closer amount that belongs to something else is not what was meant."""
    source = "Towels cost $124 a set. A night in the lodge costs $120. Parking is $9."
    (finding,) = score("A night in the lodge costs $125.", source).findings
    assert finding.nearest is not None
    assert finding.nearest.text == "$120"


def test_a_value_under_another_key_names_the_rightful_one() -> None:
    """What structured data contradicts is shown with what it says."""
    source = json.dumps({"phone": "510-889-8690", "fax": "510-889-8691"})
    (finding,) = score('{"telephone": "510-889-8691"}', source).findings
    assert (finding.status, finding.hard) == ("contradicted", True)
    assert finding.nearest is not None
    assert finding.nearest.text == "510-889-8690"


def test_soft_values_are_listed_and_decide_nothing() -> None:
    """A small number that no source holds is a finding that is not hard."""
    found = score("It has 7 rooms.", SOURCE)
    assert [(f.text, f.hard) for f in found.findings] == [("7", False)]
    assert found.verdict == "undetermined"


def test_derived_values_are_no_findings() -> None:
    """Shown arithmetic stays with its claim, with the equation."""
    found = score("The lodge and parking cost $120 + $9 = $129.", f"{SOURCE} Park: $9")
    assert found.findings == ()
    notes = [v.note for claim in found.claims for v in claim.values]
    assert notes == ["", "", "$120 + $9 = $129"]
    assert found.verdict == "passed"


def test_the_question_is_no_invention() -> None:
    """Values of the question are supported, but a document without any is none."""
    assert score("It costs $75.", SOURCE).verdict == "failed"
    assert score("It costs $75.", SOURCE, "Is it $75?").verdict == "passed"


@pytest.mark.parametrize(
    ("output", "sources"), [("", SOURCE), ("It costs $75.", ()), ("...", SOURCE)]
)
def test_nothing_examined_is_no_pass(output: str, sources: str | tuple[str]) -> None:
    """Without claims or sources there is no verdict and no value."""
    found = score(output, sources)
    assert (found.value, found.findings) == (0.5, ())
    assert found.verdict in {"inapplicable", "undetermined"}
    assert all(claim.verdict != "supported" for claim in found.claims)


def test_unknown_words_rank_but_never_decide() -> None:
    """Prose far from the sources is undetermined, and is read first."""
    found = score("Zebras gallop nightly. The lodge has a sauna.", SOURCE)
    far, near = found.claims
    assert far.verdict == "undetermined"
    assert far.score > near.score
    assert found.value == far.score < 0.9


def test_what_is_no_text_is_refused_with_the_way_out() -> None:
    """Bytes and documents are named with what to pass instead."""
    with pytest.raises(TypeError, match="output is bytes, not str; pass the answer"):
        score(b"x", "y")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="source 'source 2' is dict, not str; decode"):
        score("x", ["y", {}])  # type: ignore[list-item]


def test_the_surface_is_named_by_its_package() -> None:
    """Names are found, listed, and misspelt ones are refused."""
    assert isinstance(score("x", "y"), Score)
    assert set(grounding.__all__) == {"Score", "ScoredClaim", "ValueFinding", "score"}
    with pytest.raises(AttributeError, match="no attribute 'scores'"):
        grounding.scores  # noqa: B018 - the access is the test


def test_importing_the_package_is_light() -> None:
    """No engine, no pytest, no parser of pages and no numpy is loaded for a score."""
    code = (
        "import sys; from agentflow_checks import grounding; "
        "assert 'agentflow_checks.grounding.scoring' not in sys.modules; "
        "grounding.score('It costs $5.', 'It costs $6.'); "
        "print({'numpy', 'pytest', '_pytest', 'bs4', 'pytest_agentflow.model'}"
        " & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_hash_seeds_do_not_change_a_score() -> None:
    """Sets are ordered before they decide: every process gives the same answer."""
    code = (
        "from agentflow_checks.grounding import score\n"
        "print(score('Jane Roe paid $125 on May 3. It has 7 saunas and 3 pools.', "
        f"[{SOURCE!r}, 'Jane Doe paid $12 on May 4, $13 on May 5.']))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": str(seed)},
        ).stdout
        for seed in (0, 1, 2)
    }
    assert len(outputs) == 1
