"""What a judge says is believed only as far as it can be looked up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from agentflow_checks.grounding.judging import (
    LONGEST_BATCH,
    JudgeClaim,
    JudgeEvidence,
    JudgeVerdict,
    batches,
    in_orders,
    rule_on,
    shared_vendor,
    source_of,
    vendor_of,
)
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

GUIDE = JudgeEvidence(
    id="guide.md", text="Breakfast is served from 7 to 10. Dogs are not allowed."
)
QUOTE = "Dogs are not allowed"


class Scripted:
    """A judge that says the same of every claim, and counts how often it is asked."""

    def __init__(self, verdict: Any, quote: Any = "", reason: str = "") -> None:
        self.verdict = JudgeVerdict(verdict=verdict, quote=quote, reason=reason)
        self.asked: list[tuple[str, ...]] = []

    def __call__(
        self, claims: Sequence[JudgeClaim], _: Sequence[JudgeEvidence], /
    ) -> Mapping[str, JudgeVerdict]:
        """Judge all claims alike."""
        self.asked.append(tuple(claim.text for claim in claims))
        return {claim.id: self.verdict for claim in claims}


def verdicts(judge: Any, *claims: str, **more: Any) -> list[str]:
    """Give the verdicts on claims, in their order."""
    ruled = rule_on(judge, claims or ("Dogs must stay out.",), [GUIDE], **more)
    return [one.verdict for one in ruled.rulings]


@pytest.mark.parametrize("word", ["supported", "contradicted"])
def test_a_quote_that_stands_in_a_source_decides(word: str) -> None:
    """The ruling has the quotation and names the source that holds it."""
    (ruling,) = rule_on(Scripted(word, "dogs are NOT allowed."), ["x"], [GUIDE]).rulings
    assert (ruling.verdict, ruling.source) == (word, "guide.md")


@pytest.mark.parametrize("word", ["supported", "contradicted"])
@pytest.mark.parametrize("quote", ["", "Cats are allowed", "dogs", "  ", None, 7])
def test_without_a_quote_that_stands_in_a_source_nothing_is_decided(
    word: str, quote: Any
) -> None:
    """No quotation, a made-up one and one of a single word are worth nothing."""
    assert verdicts(Scripted(word, quote)) == ["undetermined"]


def test_unsupported_needs_no_quote() -> None:
    """There is nothing to quote for what no source says."""
    assert verdicts(Scripted("unsupported")) == ["unsupported"]


@pytest.mark.parametrize(
    "word", [math.nan, None, 1, True, "yes", "NaN", "", "SUPPORTED ", b"supported"]
)
def test_what_is_no_verdict_is_an_error(word: Any) -> None:
    """NaN, numbers, prose and other words are never taken for a pass."""
    assert verdicts(Scripted(word, QUOTE)) == ["error"]


@pytest.mark.parametrize(
    "answer", [None, "all claims are supported", math.nan, [], {}, {"c9": "supported"}]
)
def test_what_is_no_mapping_of_all_claims_is_an_error(answer: Any) -> None:
    """Prose, nothing at all and verdicts on other claims leave an error for each."""
    assert verdicts(lambda *_: answer, "one", "two") == ["error", "error"]


def test_fewer_verdicts_than_claims_are_errors_of_those_left_out() -> None:
    """The denominator is the claims put in: one of three left out is one error."""

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        said = JudgeVerdict(verdict="supported", quote=QUOTE)
        return {claim.id: said for claim in claims if claim.text != "two"}

    assert verdicts(judge, "one", "two", "three") == ["supported", "error", "supported"]


def test_verdicts_on_unknown_claims_are_told_once() -> None:
    """A judge that answers what nobody asked is told of, and counts for nothing."""

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        said = JudgeVerdict(verdict="unsupported")
        return {**{claim.id: said for claim in claims}, "c99": said}

    ruled = rule_on(judge, ["one"], [GUIDE])
    assert [one.verdict for one in ruled.rulings] == ["unsupported"]
    assert ruled.notes == ("the judge gave verdicts on claims nobody asked about: c99",)


def test_a_judge_that_raises_is_an_error_with_its_words() -> None:
    """Which exception it was stands in the ruling of each claim."""

    def judge(*_: object) -> dict[str, JudgeVerdict]:
        message = "no answer in 30 s"
        raise TimeoutError(message)

    (ruling,) = rule_on(judge, ["x"], [GUIDE]).rulings
    assert ruling.verdict == "error"
    assert "TimeoutError: no answer in 30 s" in ruling.why


def test_a_miss_leaves_its_batch_undetermined_and_the_others_ruled() -> None:
    """What a recording does not hold is a question with the command, and no error."""

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        if any("new" in claim.text for claim in claims):
            message = "To judge what is new: pytest --agentflow-judge=record"
            raise af.JudgeMiss(message)
        return {c.id: JudgeVerdict(verdict="unsupported") for c in claims}

    claims = [f"claim {n}" for n in range(30)]
    claims[12] = "a new claim"
    ruled = rule_on(judge, claims, [GUIDE]).rulings
    (hit,) = [batch for batch in batches(claims) if "a new claim" in batch]
    open_ = [c for c, one in zip(claims, ruled, strict=True) if not one.asked]
    assert open_ == list(hit)
    assert "--agentflow-judge=record" in ruled[12].why
    assert {one.verdict for one in ruled if one.asked} == {"unsupported"}


def test_votes_that_differ_decide_nothing() -> None:
    """A judge that minds the order of claims is no witness."""
    words = itertools.cycle(["supported", "contradicted"])

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        said = JudgeVerdict(verdict=next(words), quote=QUOTE)
        return {claim.id: said for claim in claims}

    (ruling,) = rule_on(judge, ["x"], [GUIDE]).rulings
    assert ruling.verdict == "undetermined"
    assert ruling.why == "asked in 2 orders, the judge said: supported, contradicted"


@pytest.mark.parametrize(("most", "calls"), [(0, 0), (1, 0), (2, 2), (5, 4)])
def test_no_more_calls_than_allowed_and_the_rest_says_so(most: int, calls: int) -> None:
    """A cap never leaves half of the votes; beyond it claims stay undetermined."""
    judge = Scripted("unsupported")
    claims = [f"claim {n}" for n in range(40)]
    ruled = rule_on(judge, claims, [GUIDE], max_calls=most)
    assert len(judge.asked) == ruled.questions == calls
    left = [one for one in ruled.rulings if not one.asked]
    assert len(left) == 40 - sum(map(len, judge.asked)) // 2
    assert all(one.verdict == "undetermined" for one in left)
    assert all(f"max_judge_calls={most}" in one.why for one in left)


def test_a_limit_of_money_stops_the_asking() -> None:
    """After it nobody is asked again, and each claim says why."""
    calls = []

    def judge(claims: Sequence[JudgeClaim], _: object, /) -> dict[str, JudgeVerdict]:
        calls.append(claims)
        message = "this call may cost up to US$0.01"
        raise af.JudgeCapped(message)

    ruled = rule_on(judge, [f"claim {n}" for n in range(40)], [GUIDE])
    assert len(calls) == 1
    assert {one.why for one in ruled.rulings} == {
        "not asked: this call may cost up to US$0.01"
    }


@given(st.lists(st.text(max_size=12), max_size=60))
def test_batches_hold_all_claims_in_order(claims: list[str]) -> None:
    """None is lost or doubled, and no batch is longer than allowed."""
    cut = list(batches(claims))
    assert [text for batch in cut for text in batch] == claims
    assert all(0 < len(batch) <= LONGEST_BATCH for batch in cut)


@given(st.lists(st.text(max_size=8), max_size=40, unique=True), st.text(max_size=8))
def test_a_claim_put_in_front_leaves_most_batches_alone(
    claims: list[str], new: str
) -> None:
    """Batches end by what claims say: those behind the first end stay the same."""
    before, after = list(batches(claims)), list(batches([new, *claims]))
    same = set(before) & set(after)
    ends = [batch for batch in before if len(batch) < LONGEST_BATCH]
    if len(ends) == len(before) and len(before) > 1:
        assert same >= set(before[2:])


@given(st.lists(st.text(max_size=6), min_size=1, max_size=10), st.integers(1, 4))
def test_orders_are_permutations_that_depend_on_the_texts_alone(
    texts: list[str], orders: int
) -> None:
    """The same claims are asked in the same orders, and two claims in two of them."""
    claims = [JudgeClaim(id=f"c{n}", text=text) for n, text in enumerate(texts)]
    one, again = list(in_orders(claims, orders)), list(in_orders(claims, orders))
    assert one == again
    assert all(sorted(o, key=lambda c: c.id) == claims for o in one)
    if orders > 1 and len(claims) > 1:
        assert one[0] != one[1]


_ANY = st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(), st.binary(),
    st.dictionaries(
        st.sampled_from(["c1", "c2", "c3", "x"]),
        st.one_of(
            st.none(), st.text(), st.floats(),
            st.builds(
                JudgeVerdict,
                verdict=st.one_of(
                    st.sampled_from(["supported", "contradicted", "unsupported"]),
                    st.text(),
                ),
                quote=st.one_of(st.text(), st.sampled_from([QUOTE, "dogs"])),
            ),
        ),
    ),
)  # fmt: skip


@given(_ANY, st.integers(1, 3))
def test_whatever_a_judge_says_no_claim_passes_without_a_quote(
    answer: Any, orders: int
) -> None:
    """One ruling for each claim put in, and `supported` only with words of a source."""
    ruled = rule_on(lambda *_: answer, ["a", "b", "c"], [GUIDE], orders=orders).rulings
    assert len(ruled) == 3
    for one in ruled:
        if one.verdict in {"supported", "contradicted"}:
            assert source_of(one.quote, [GUIDE]) == one.source == "guide.md"


@given(st.data())
def test_any_long_part_of_a_source_is_a_quote_of_it(data: st.DataObject) -> None:
    """Whatever its case and blanks."""
    begin = data.draw(st.integers(0, len(GUIDE.text) - 25))
    part = GUIDE.text[begin : begin + 25].upper().replace(" ", "\n ")
    assert source_of(part, [GUIDE]) == "guide.md"


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("gpt-5-mini", "openai"),
        ("openrouter/anthropic/claude-x", "anthropic"),
        ("us.anthropic.claude-3", "anthropic"),
        ("models/gemini-2.5-flash", "google"),
        ("m-small", ""),
        ("", ""),
    ],
)
def test_the_vendor_is_read_from_the_model(model: str, vendor: str) -> None:
    """Routers and clouds before the name do not hide it."""
    assert vendor_of(model) == vendor


def test_judge_and_generator_of_one_vendor_are_told() -> None:
    """A model is no neutral judge of its own family; unknown names say nothing."""
    assert "openai" in str(shared_vendor(["gpt-5"], ["gpt-5-mini", "claude-x"]))
    assert shared_vendor(["claude-x"], ["gpt-5"]) is None
    assert shared_vendor(["m-small"], ["m-small"]) is None
