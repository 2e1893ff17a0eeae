"""Baselines against slow oracles, and the bounds that every score keeps."""

from __future__ import annotations

from agentflow_checks.grounding.baselines import (
    bigram_novelty,
    bm25,
    misses_letter_by_letter,
    reference,
    rouge_l,
)
from hypothesis import given
from hypothesis import strategies as st

WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


def longest_common(one: list[str], other: list[str]) -> int:
    """Count the longest common subsequence by the textbook's table."""
    row = [0] * (len(other) + 1)
    for word in one:
        before = row[:]
        for j, also in enumerate(other, start=1):
            row[j] = before[j - 1] + 1 if word == also else max(before[j], row[j - 1])
    return row[-1]


@given(WORDS, WORDS)
def test_rouge_l_counts_the_longest_common_subsequence(
    source: list[str], claim: list[str]
) -> None:
    """Counting on bits gives what the table gives."""
    found = rouge_l(reference(" ".join(source)), " ".join(claim))
    expected = 1 - longest_common(source, claim) / len(claim) if claim else 0.0
    assert found == expected


@given(WORDS, WORDS)
def test_every_baseline_stays_between_nought_and_one(
    source: list[str], claim: list[str]
) -> None:
    """Scores are comparable, and a text is nearest to itself."""
    known = reference(" ".join(source))
    for score in (rouge_l, bm25, bigram_novelty):
        assert 0 <= score(known, " ".join(claim)) <= 1
    assert rouge_l(known, " ".join(source)) == 0
    assert bigram_novelty(known, " ".join(source)) == 0


def test_bm25_prefers_the_sentence_with_the_rare_word() -> None:
    """What few sentences say counts more than what all say."""
    known = reference("the lodge has rooms. the lodge has beds. the lodge has a sauna.")
    assert bm25(known, "sauna lodge zebras") < bm25(known, "has lodge zebras")
    assert bm25(known, "zebras") == 1


def test_bigram_novelty_is_the_share_of_unknown_pairs() -> None:
    """One of two pairs is new."""
    assert bigram_novelty(reference("the lodge has rooms"), "the lodge sleeps") == 0.5


def test_the_matcher_knows_one_notation_only() -> None:
    """It is the peer that reformatting fools and that flags all else."""
    assert not misses_letter_by_letter("costs $1,250", "It costs $1,250.")
    assert misses_letter_by_letter("costs 1250 dollars", "It costs $1,250.")
    assert not misses_letter_by_letter("no values at all", "nothing")
