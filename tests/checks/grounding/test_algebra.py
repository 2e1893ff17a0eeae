"""The algebra of RAGChecker and ALCE, exact against brute force over all worlds."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.alce import Cited, cited_sentences, citing
from agentflow_checks.grounding.algebra import MEASURES, Rag, rag
from agentflow_checks.grounding.support_table import Interval
from hypothesis import assume, given
from hypothesis import strategies as st

Pairs = Mapping[tuple[str, str], "bool | None"]

RESPONSE, REFERENCE = "the response", "the reference"
answers = st.sampled_from([True, False, None])
decided = st.booleans()


def mean(truths: Sequence[bool]) -> Fraction:
    """Give the mean of yes and no."""
    return Fraction(sum(truths), len(truths))


def oracle(
    s: Callable[[str, str], bool], sizes: tuple[int, int, int]
) -> dict[str, Any]:
    """The note's formulas, written down one by one, for a decided `s`."""
    said, right, texts = names(sizes)

    def in_passages(claim: str) -> bool:
        return max(s(claim, p) for p in texts)

    relevant = [p for p in texts if max(s(g, p) for g in right)]
    irrelevant = [p for p in texts if p not in relevant]
    precision = mean([s(r, REFERENCE) for r in said])
    recall = mean([s(g, RESPONSE) for g in right])
    found = [g for g in right if in_passages(g)]
    noise = [r for r in said if not s(r, REFERENCE)]
    by_relevant = [r for r in noise if any(s(r, p) for p in relevant)]
    by_irrelevant = [
        r for r in noise if any(s(r, p) for p in irrelevant) and r not in by_relevant
    ]
    both = precision + recall
    return {
        "faithfulness": mean([in_passages(r) for r in said]),
        "precision": precision,
        "recall": recall,
        "f1": 2 * precision * recall / both if both else Fraction(0),
        "claim_recall": mean([in_passages(g) for g in right]),
        "context_precision": Fraction(len(relevant), len(texts)),
        "context_utilisation": mean([s(g, RESPONSE) for g in found]) if found else None,
        "noise_relevant": Fraction(len(by_relevant), len(said)),
        "noise_irrelevant": Fraction(len(by_irrelevant), len(said)),
        "hallucination": mean(
            [not in_passages(r) and not s(r, REFERENCE) for r in said]
        ),
        "self_knowledge": mean([not in_passages(r) and s(r, REFERENCE) for r in said]),
    }


def names(sizes: tuple[int, int, int]) -> tuple[list[str], list[str], list[str]]:
    """Name so many claims of a response, of a reference, and passages."""
    said, right, texts = sizes
    return (
        [f"said {i}" for i in range(said)],
        [f"right {i}" for i in range(right)],
        [f"passage {i}" for i in range(texts)],
    )


def keys(sizes: tuple[int, int, int]) -> list[tuple[str, str]]:
    """Every pair that has to be asked about."""
    said, right, texts = names(sizes)
    return [
        *((claim, text) for claim in (*said, *right) for text in texts),
        *((claim, REFERENCE) for claim in said),
        *((claim, RESPONSE) for claim in right),
    ]


def measured(pairs: Pairs, sizes: tuple[int, int, int]) -> Rag:
    """Measure with the answers of a table."""
    said, right, texts = names(sizes)
    return rag(
        said,
        right,
        texts,
        lambda claim, text: pairs[claim, text],
        response=RESPONSE,
        reference=REFERENCE,
    )


def worlds(pairs: Mapping[Any, Any]) -> Iterator[dict[Any, bool]]:
    """Decide what is undetermined in every way."""
    unknown = [key for key, answer in pairs.items() if answer is None]
    for chosen in itertools.product([False, True], repeat=len(unknown)):
        yield {**pairs, **dict(zip(unknown, chosen, strict=True))}


@st.composite
def tables(
    draw: st.DrawFn, answer: st.SearchStrategy[Any], *, largest: int = 4
) -> tuple[dict[tuple[str, str], Any], tuple[int, int, int]]:
    """Make random answers for 1 to `largest` claims, reference claims and passages."""
    count = st.integers(1, largest)
    sizes = (draw(count), draw(count), draw(count))
    return {key: draw(answer) for key in keys(sizes)}, sizes


@given(tables(decided))
def test_decided_answers_give_the_oracle_s_values(
    made: tuple[dict[tuple[str, str], bool], tuple[int, int, int]],
) -> None:
    """Every measure equals the formula, as a fraction, and is one value."""
    pairs, sizes = made
    result, wanted = measured(pairs, sizes), oracle(lambda c, t: pairs[c, t], sizes)
    for name in MEASURES:
        interval = getattr(result, name)
        got = None if interval is None else interval.value
        assert got == wanted[name], name
        assert getattr(result.lower, name) == getattr(result.upper, name) == got
    assert result.undetermined == 0
    assert result.asked == len(pairs)


@given(tables(answers, largest=2))
def test_intervals_are_the_extremes_over_all_worlds(
    made: tuple[dict[tuple[str, str], bool | None], tuple[int, int, int]],
) -> None:
    """Lowest and highest value are those that some way to decide the rest reaches."""
    pairs, sizes = made
    assume(sum(answer is None for answer in pairs.values()) <= 8)
    result = measured(pairs, sizes)
    every = [oracle(lambda c, t, w=w: w[c, t], sizes) for w in worlds(pairs)]  # type: ignore[misc]
    for name in MEASURES:
        values = [one[name] for one in every if one[name] is not None]
        wanted = Interval(min(values), max(values)) if values else None
        assert getattr(result, name) == wanted, name
        assert (name in result.inapplicable) == (wanted is None)


@given(tables(answers))
def test_the_identities_hold_at_both_ends(
    made: tuple[dict[tuple[str, str], bool | None], tuple[int, int, int]],
) -> None:
    """What is undetermined counts alike in all measures, so that the parts add up."""
    result = measured(*made)
    for end in (result.lower, result.upper):
        shares = (end.faithfulness, end.hallucination, end.self_knowledge)
        noise = (end.noise_relevant, end.noise_irrelevant, end.hallucination)
        assert sum(map(number, shares)) == 1
        assert sum(map(number, noise)) == 1 - number(end.precision)
        for name in MEASURES:
            interval, value = getattr(result, name), getattr(end, name)
            if value is not None:
                assert interval.low <= value <= interval.high, name


def number(value: Fraction | None) -> Fraction:
    """A measure that applies."""
    assert value is not None
    return value


@given(tables(answers))
def test_passages_that_supported_anything_are_told(
    made: tuple[dict[tuple[str, str], bool | None], tuple[int, int, int]],
) -> None:
    """A passage is used if it supports a claim, unknown if it may, and else unused."""
    pairs, sizes = made
    said, _, texts = names(sizes)
    for text, used in zip(texts, measured(pairs, sizes).used, strict=True):
        column = {pairs[claim, text] for claim in said}
        assert used == (True if True in column else None if None in column else False)


@pytest.mark.parametrize(
    ("sizes", "applying"),
    [
        ((0, 1, 1), {"claim_recall", "context_precision"}),
        ((1, 0, 1), {"faithfulness"}),
        ((1, 1, 0), {"precision", "recall", "f1"}),
        ((0, 0, 0), set()),
    ],
)
def test_empty_inputs_are_inapplicable_and_never_zero(
    sizes: tuple[int, int, int], applying: set[str]
) -> None:
    """Each measure that lacks its input is None, with the reason in words."""
    said, right, texts = names(sizes)
    result = rag(said, right, texts, lambda *_: True)
    assert {name for name in MEASURES if getattr(result, name)} == applying
    assert set(result.inapplicable) == set(MEASURES) - applying
    assert all(result.inapplicable.values())
    for end in (result.lower, result.upper):
        assert {n for n in MEASURES if getattr(end, n) is not None} == applying


def test_without_a_reference_only_faithfulness_exists() -> None:
    """No reference is another reason than one that claims nothing."""
    result = rag(["a", "b"], None, ["p"], lambda claim, _: claim == "a")
    assert result.faithfulness == Interval(Fraction(1, 2), Fraction(1, 2))
    assert result.inapplicable["precision"] == "there is no reference"
    assert rag(["a"], [], ["p"], lambda *_: True).inapplicable["precision"] == (
        "the reference makes no claim"
    )


def test_nothing_found_leaves_nothing_to_utilise() -> None:
    """Where no passage holds a claim of the reference, utilisation does not apply."""
    result = rag(["r"], ["g"], ["p"], lambda *_: False)
    assert result.context_utilisation is None
    assert "passage" in result.inapplicable["context_utilisation"]
    assert result.claim_recall == Interval(Fraction(0), Fraction(0))


def test_degrees_are_undetermined_between_the_thresholds() -> None:
    """A degree decides at or beyond a threshold; NaN never does."""
    degrees = {"no": 0.2, "unsure": 0.5, "yes": 0.8, "nan": math.nan}
    result = rag(
        list(degrees), None, ["p"], lambda c, _: degrees[c], thresholds=(0.2, 0.8)
    )
    assert result.faithfulness == Interval(Fraction(1, 4), Fraction(3, 4))
    assert (result.undetermined, result.asked) == (2, 4)


@pytest.mark.parametrize("degree", [-0.1, 1.5, math.inf])
def test_a_degree_that_is_none_is_refused(degree: float) -> None:
    """A score on another scale is an error, not a verdict."""
    with pytest.raises(ValueError, match="0 to 1"):
        rag(["a"], None, ["p"], lambda *_: degree)


@pytest.mark.parametrize("thresholds", [(0.8, 0.2), (0.5, 0.5), (-1.0, 0.5)])
def test_thresholds_must_rise(thresholds: tuple[float, float]) -> None:
    """Thresholds out of order are told with an example that works."""
    with pytest.raises(ValueError, match=r"\(0.2, 0.8\)"):
        rag(["a"], None, ["p"], lambda *_: True, thresholds=thresholds)


def test_every_pair_is_asked_about_once() -> None:
    """A claim that stands twice costs one question."""
    asked = []

    def supports(claim: str, text: str) -> bool:
        asked.append((claim, text))
        return True

    rag(["a", "a"], ["a"], ["p", "q"], supports)
    assert len(asked) == len(set(asked))


# --- ALCE

Citations = list[tuple[str, list[str]]]


def citing_oracle(s: Callable[[str, tuple[str, ...]], bool], made: Citations) -> Any:
    """Citation recall and precision, word for word as ALCE has them."""
    recall = mean([bool(cited) and s(text, tuple(cited)) for text, cited in made])
    precise = [
        bool(
            s(text, tuple(cited))
            and (
                s(text, (one,))
                or not (len(cited) > 1 and s(text, tuple(c for c in cited if c != one)))
            )
        )
        for text, cited in made
        for one in cited
    ]
    return recall, mean(precise)


@st.composite
def citations(draw: st.DrawFn, answer: st.SearchStrategy[Any]) -> Any:
    """Make sentences with up to three citations, and answers for all that is asked."""
    made = [
        (f"sentence {i}", [f"source {i}.{j}" for j in range(draw(st.integers(0, 3)))])
        for i in range(draw(st.integers(1, 4)))
    ]
    assume(any(cited for _, cited in made))
    pairs: dict[tuple[str, tuple[str, ...]], bool | None] = {}
    for text, cited in made:
        for size in range(1, len(cited) + 1):
            for chosen in itertools.combinations(cited, size):
                pairs[text, chosen] = draw(answer)
    return made, pairs


def cite(made: Citations, pairs: Mapping[tuple[str, tuple[str, ...]], Any]) -> Any:
    """Measure with the answers of a table."""
    sentences = [Cited(text=text, sources=tuple(cited)) for text, cited in made]
    return citing(sentences, lambda c, t: pairs[c, tuple(t.split("\n"))])


@given(citations(decided))
def test_citation_measures_equal_brute_force(made: Any) -> None:
    """Recall and precision are the fractions of the definition."""
    cited, pairs = made
    recall, precision = citing_oracle(lambda c, t: pairs[c, t], cited)
    result = cite(cited, pairs)
    assert result.recall == Interval(recall, recall)
    assert result.precision == Interval(precision, precision)
    assert result.lower == result.upper == (recall, precision)


@given(citations(answers))
def test_citation_intervals_are_the_extremes_over_all_worlds(made: Any) -> None:
    """Also where the same answer counts for two citations of a sentence."""
    cited, pairs = made
    assume(sum(answer is None for answer in pairs.values()) <= 9)
    every = [citing_oracle(lambda c, t, w=w: w[c, t], cited) for w in worlds(pairs)]  # type: ignore[misc]
    result = cite(cited, pairs)
    for interval, values in zip(
        (result.recall, result.precision), zip(*every, strict=True), strict=True
    ):
        assert interval == Interval(min(values), max(values))
    for end in (result.lower, result.upper):
        assert end in every


@pytest.mark.parametrize("sentences", [[], [Cited(text="a")]])
def test_nothing_cited_is_inapplicable(sentences: list[Cited]) -> None:
    """Without a citation there is neither recall nor precision."""
    result = citing(sentences, lambda *_: True)
    assert (result.recall, result.precision) == (None, None)
    assert set(result.inapplicable) == {"recall", "precision"}


def test_a_source_cited_twice_counts_once() -> None:
    """A repeated citation neither helps nor hurts."""
    once = citing([Cited(text="a", sources=("p",))], lambda *_: True)
    twice = citing([Cited(text="a", sources=("p", "p"))], lambda *_: True)
    assert once == twice


def test_the_examples_of_the_page_run() -> None:
    """What the docs show of these measures holds."""
    page = Path(__file__).parents[3] / "docs" / "hallucination-citations.md"
    blocks = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, {})  # noqa: S102 - our own page


def test_an_answer_is_cut_into_sentences_with_what_they_cite() -> None:
    """Marks before and behind the full stop count; unknown sources and links do not."""
    text = (
        "It has 40 rooms [1]. Soup is at four.[press.md] Nobody knows. So [9] it is.\n"
        "[2] says so. See [the site](https://x.example/)."
    )
    sources = {"guide.md": "Forty rooms.", "press.md": "Soup at four."}
    assert cited_sentences(text, sources) == (
        Cited(text="It has 40 rooms .", sources=("Forty rooms.",)),
        Cited(text="Soup is at four.", sources=("Soup at four.",)),
        Cited(text="Nobody knows."),
        Cited(text="So it is."),
        Cited(text="says so.", sources=("Soup at four.",)),
        Cited(text="See the site."),
    )


@given(st.text(alphabet="[]()12 .aB\n:", max_size=80))
def test_any_text_is_cut_into_sentences(text: str) -> None:
    """Sentences say something, and cite each text once."""
    for one in cited_sentences(text, {"1": "a", "a": "b"}):
        assert one.text.strip()
        assert len(one.sources) == len(set(one.sources))
