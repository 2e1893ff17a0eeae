"""Verdicts on claims: values, arithmetic, bound keys, and what stays undecided."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.sources import Document, index
from agentflow_checks.grounding.verdict import (
    VERDICTS,
    Judged,
    counts,
    judge_claims,
    passage_for,
)
from grounding_strategies import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st


def judged(claim: object, *sources: object) -> Sequence[Judged]:
    """Judge an output against texts, or JSON documents."""
    texts = [s if isinstance(s, str) else json.dumps(s) for s in sources]
    documents = [Document(id=f"s{i}", text=text) for i, text in enumerate(texts)]
    return judge_claims(claims_of(claim), index(documents))


def verdicts(claim: object, *sources: object) -> list[str]:
    """Give the verdict of every claim."""
    return [one.verdict for one in judged(claim, *sources)]


@given(st.lists(TEXTS, max_size=4), st.lists(TEXTS, max_size=3))
@settings(max_examples=150)
def test_every_claim_put_in_gets_one_verdict(
    claims: list[str], sources: list[str]
) -> None:
    """Counts add up to the claims put in; nothing is dropped and nothing fails."""
    known = index([Document(id=str(i), text=text) for i, text in enumerate(sources)])
    put_in = [claim for text in claims for claim in claims_of(text)]
    found = judge_claims(put_in, known)
    assert [one.claim for one in found] == put_in
    assert sum(counts(found).values()) == len(put_in)
    assert set(counts(found)) == set(VERDICTS)
    for one in found:
        assert (one.verdict in {"unsupported", "contradicted"}) == bool(one.missing)
        passage_for(one.claim, known, *one.missing[:1])


@given(TEXTS)
@settings(max_examples=150)
def test_a_text_is_never_unsupported_by_itself(text: str) -> None:
    """No claim of a text is unsupported where the source is that text."""
    found = judge_claims(claims_of(text), index([Document(id="s", text=text)]))
    for one in found:
        if one.claim.path is None and one.claim.selector is None:
            assert one.verdict not in {"unsupported", "contradicted"}, one


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("A night costs $120.", "supported"),
        ("A night costs $125.", "unsupported"),
        ("Two nights at $120 cost 2 x $120 = $240.", "derived"),
        ("Two nights cost $240.", "unsupported"),
        ("The lodge has a sauna.", "supported"),
        ("The lodge has a pool.", "undetermined"),
        ("Book your room today.", "not verifiable"),
        ("Would you like to stay?", "not verifiable"),
        ("The passages do not mention a pool.", "supported"),
        ("The stay takes 120 minutes.", "undetermined"),
        ("Opening Hours", "no claim"),
    ],
)
def test_verdicts(claim: str, verdict: str) -> None:
    """Values decide; prose without values is supported only word for word."""
    source = "A night costs $120. The lodge has a sauna. Call 2 hosts."
    assert verdicts(claim, source) == [verdict]


@pytest.mark.parametrize(
    ("claim", "note"),
    [
        ("In total $45 + $30 = $75.", "$45 + $30 = $75"),
        ("The difference of $45 and $30 is $15.", "$45 - $30 = $15"),
        ("12 nights at $45 each cost $540.", "$45 x 12 nights = $540"),
        ("A discount of 20% on $45 leaves $36.", "$45 - 20% = $36"),
        ("That is double the $45, $90.", "2 x $45 = $90"),
        ("Half of the $45, $22.50.", "$45 / 2 = $22.50"),
        ("Split by 4, $1,045 / 4 = $261.25.", "$1,045 / 4 = $261.25"),
        ("Split by 4, $1,045 / 4 = $261.60.", None),
        ("$45 + $30 + 15 dollars + 1 dollar = $91.", None),
    ],
)
def test_written_arithmetic_is_derived(claim: str, note: str | None) -> None:
    """A result is accepted if operands and sign stand beside it; the note shows how."""
    source = "Rooms cost $45, beds $30 and 12 towels. A discount of 20% applies. $1,045"
    (one,) = judged(claim, source)
    if note is None:
        assert one.verdict == "unsupported"
    else:
        assert one.verdict == "derived"
        assert note in {evidence.note for evidence in one.evidence}


@pytest.mark.parametrize(
    ("claim", "source", "verdict"),
    [
        ("Bake at 400°F (200°C).", "Bake at 400° now.", "derived"),
        ("Bake at 250°F (75°C).", "Bake at 250°F now.", "unsupported"),
        ("A high of 92°F (33°C).", "A high near 92.", "derived"),
        ("Keep it at 65-75°F (18-24°C).", "Best at 65 to 75.", "derived"),
        ("2-3 minutes per side, so 4-6 minutes.", "2-3 minutes a side", "derived"),
        ("2-3 minutes, so 4-6 minutes.", "2-3 minutes a side", "unsupported"),
        ("It is 5 feet 6 inches (168 cm).", "It is 5 feet 6 inches", "derived"),
        ("It is 5 feet 6 inches (198 cm).", "It is 5 feet 6 inches", "unsupported"),
    ],
)
def test_written_conversions_are_derived(claim: str, source: str, verdict: str) -> None:
    """The same quantity again in another unit is accepted, a wrong one is not."""
    assert verdicts(claim, source) == [verdict]


def test_a_source_more_drives_no_operand_out() -> None:
    """The operands are those next to the result, however many others are held."""
    claim = "Of 14, 15, 16, 17, 18, 19, 21, 22, 23: $45 + $30 = $75."
    rooms = "Rooms $45, beds $30."
    numbers = "There are 14, 15, 16, 17, 18, 19, 21, 22 and 23."
    statuses = [one.status for one in judged(claim, rooms, numbers)[0].evidence[-1:]]
    assert statuses == ["derived"]


def test_numbers_do_not_add_up_by_chance() -> None:
    """Without a sign or word for it, a sum of two supported values is unsupported."""
    assert verdicts(
        "Rooms cost $45, beds $30, suites $75.", "Rooms $45, beds $30."
    ) == ["unsupported"]


def test_a_derived_value_may_be_used_again() -> None:
    """What one claim derived, later claims may state."""
    claim = "Together $45 + $30 = $75. So the price is $75."
    assert verdicts(claim, "Rooms $45, beds $30.") == ["derived", "derived"]


def test_a_value_under_another_key_is_contradicted() -> None:
    """In structured sources the key binds: the fax number is no telephone number."""
    source = {"phone": "510-889-8690", "fax": "510-889-8691"}
    (one,) = judged({"telephone": "(510) 889-8691"}, source)
    assert one.verdict == "contradicted"
    assert one.evidence[0].note == "$.phone is 510-889-8690"
    assert verdicts({"telephone": "(510) 889-8690"}, source) == ["supported"]


def test_records_are_told_apart_by_their_names() -> None:
    """The price of one product is no evidence for another's."""
    source = [{"name": "Basic", "price": "$20"}, {"name": "Pro", "price": "$50"}]
    assert verdicts([{"plan": "Pro", "price": "$50"}], source)[1] == "supported"
    assert verdicts([{"plan": "Pro", "price": "$20"}], source)[1] == "contradicted"


def test_keys_of_unknown_records_only_look_the_value_up() -> None:
    """Where many records hold a key and none is named, any of their values will do."""
    source = [{"name": "Basic", "price": "$20"}, {"name": "Pro", "price": "$50"}]
    assert verdicts({"price": "$20"}, source) == ["supported"]
    assert verdicts({"price": "$30"}, source) == ["unsupported"]


def test_structured_data_of_a_page_is_bound_by_key() -> None:
    """A wrong telephone in JSON-LD contradicts the profile that has another."""
    page = (
        '<html><script type="application/ld+json">{"telephone": "510-889-8691"}'
        "</script><body><p>Call us: 510-889-8690</p></body></html>"
    )
    found = {
        one.claim.text: one.verdict for one in judged(page, {"phone": "5108898690"})
    }
    assert found["510-889-8691"] == "contradicted"
    assert found["Call us: 510-889-8690"] == "supported"


def test_values_in_text_that_states_nothing_are_found() -> None:
    """An invented number on a button is unsupported though a button is no claim."""
    page = "<html><body><nav><a href='#'>Call 510-889-8690</a></nav></body></html>"
    assert verdicts(page, "Call 510-889-0000") == ["unsupported"]


def test_the_nearest_passage_is_shown_for_a_missing_value() -> None:
    """A finding's passage is the window that shares most with the claim."""
    source = "The lodge has a sauna. A night in the lodge costs $120. We like dogs."
    known = index([Document(id="guide", text=source)])
    (one,) = judge_claims(claims_of("A night in the lodge costs $99."), known)
    passage = passage_for(one.claim, known)
    assert passage is not None
    assert passage.text == "A night in the lodge costs $120."
    assert source[passage.start : passage.end] == passage.text


BAKERY = (
    "Brook Street Bakery has baked since 1987, 42 loaves a day. Phone +44 20 7946 "
    "0123. Sourdough rests 18 hours, £4.50. Croissants £2.20. Voted best in Fernwick "
    "by us."
)


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Family-run since generations, voted the best of the county.", "undetermined"),
        ("Since 1987 the most loved and admired shop of the county.", "undetermined"),
        ("Brook Street Bakery is run by one big happy family.", "undetermined"),
        ("Fresh bread each morning from Brook Street.", "undetermined"),
        ("Since 1988 the most loved and admired shop of the county.", "unsupported"),
        ("Our sourdough rests 18 hours and costs £4.50.", "supported"),
        ("We bake 42 loaves a day since 1987.", "supported"),
        ("Our croissants cost £2.20 each.", "supported"),
        ("Phone us on +44 20 7946 0123, Monday to Friday.", "supported"),
        ("Voted best in Fernwick by us.", "supported"),
        ("Call us on +44 20 7946 0123 whenever hunger strikes.", "supported"),
    ],
)
def test_values_that_hold_do_not_vouch_for_the_words_beside_them(
    claim: str, verdict: str
) -> None:
    """One true value in a sentence leaves the rest of it a question."""
    assert verdicts(claim, BAKERY) == [verdict]


def test_the_words_that_no_source_holds_are_named() -> None:
    """A reader sees at once what is to be looked up, and what is not."""
    found = judged("Since 1987 the most loved shop of the county.", BAKERY)[0]
    assert found.unheld == ("loved", "shop", "county")
    assert judged("Sourdough rests 18 hours.", BAKERY)[0].unheld == ()


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("Enjoy award-winning bread voted best in town.", "undetermined"),
        ("Welcome to the finest bakery of the coast.", "undetermined"),
        ("# Voted Best In Town", "undetermined"),
        ("# Award-Winning Bread", "undetermined"),
        ("The Leading Bakery", "undetermined"),
        ("Enjoy your stay.", "not verifiable"),
        ("Which bread is the best?", "not verifiable"),
        ("# Our Bread", "no claim"),
        ("Best for:", "no claim"),
    ],
)
def test_praise_is_a_claim_wherever_it_stands(claim: str, verdict: str) -> None:
    """Invitations and short headings that praise are counted as questions."""
    assert verdicts(claim, BAKERY) == [verdict]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("No other bakery in town includes so many organic loaves.", "undetermined"),
        ("Baked without additives, the dough contains organic flour.", "undetermined"),
        ("The passages do not say who owns it.", "supported"),
        ("There is no information about the owner provided.", "supported"),
        ("I am unable to answer based on the given passages.", "supported"),
    ],
)
def test_not_knowing_is_about_the_sources(claim: str, verdict: str) -> None:
    """A page that says "no other" or "without" makes a claim; it admits nothing."""
    assert verdicts(claim, BAKERY) == [verdict]
