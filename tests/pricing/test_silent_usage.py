"""What an answer does not tell of its usage is never taken for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pytest
from agentflow_checks import cost
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.importers.as_test import test_of as file_of
from pytest_agentflow.model.usage import TOKEN_KINDS

PARTS = {
    "cache_read_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "input_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "reasoning_tokens": "output_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
}
UNITS = {
    "chat": ("web_searches",),
    "judge": (),
    "embeddings": ("input_images",),
    "rerank": ("search_units",),
    "image": ("images:1024x1024:medium", "gpu_seconds"),
    "audio": ("audio_seconds",),
}


def price(unit: str, amount: int, model: str = "m") -> af.UnitPrice:
    """A locked price of one token, or one unit."""
    return af.UnitPrice(model=model, unit=unit, amount=Decimal(amount))


def call(usage: af.Usage | None, kind: str = "chat", **more: object) -> af.Call:
    """A call of model m."""
    fields = {"id": "a/1", "kind": kind, "stage": "a", "model": "m", "usage": usage}
    return af.Call(**{**fields, **more})  # type: ignore[arg-type]


def run_of(*calls: af.Call, prices: tuple[af.UnitPrice, ...] = ()) -> af.Run:
    """A run of one stage."""
    lock = af.PriceLock(prices=prices or (price("input_tokens", 1), WRITES))
    return af.Run(
        workflow="w",
        case="c",
        stages=(af.Stage(name="a"),),
        calls=calls,
        recorded=af.Recorded(prices=lock),
    )


WRITES = price("output_tokens", 8)
READ = af.Usage(input_tokens=1000)
WROTE = af.Usage(output_tokens=1000)


@pytest.mark.parametrize("kind", ["chat", "judge", "audio", "image"])
@pytest.mark.parametrize(
    ("usage", "lacks"), [(READ, "output_tokens"), (WROTE, "input_tokens")]
)
def test_half_a_usage_has_no_price(kind: str, usage: af.Usage, lacks: str) -> None:
    """A call of which one side is not told costs something that nobody knows."""
    run = run_of(call(usage, kind))

    (known, untold) = run.charges()
    assert known.price is not None
    assert (untold.unit, untold.price, untold.reported) == (
        f"{lacks} (the answer reports none)",
        None,
        False,
    )
    with pytest.raises(af.UnknownPrice, match=f"{lacks} .the answer reports none"):
        run.cost()
    assert af.cost_of(run, af.priced()).amount is None
    assert run.calls[0].total_tokens is None
    assert run.usage().total_tokens is None
    assert run.usage("a").silent_calls == run.usage("a").model_calls == 1


@pytest.mark.parametrize("kind", ["embeddings", "rerank"])
def test_numbers_have_no_output(kind: str) -> None:
    """Embeddings and rankings are told whole by what they read."""
    run = run_of(call(READ, kind))
    assert (run.cost().amount, run.usage().silent_calls) == (1000, 0)
    assert run.calls[0].total_tokens == run.usage().total_tokens == 1000


@pytest.mark.parametrize(
    ("kind", "unit"),
    [
        ("image", "images:1024x1024:medium"),
        ("audio", "audio_seconds"),
        ("rerank", "search_units"),
        ("chat", "input_document_pages"),
        ("chat", "gpu_seconds"),
    ],
)
def test_what_is_billed_by_the_piece_needs_no_tokens(kind: str, unit: str) -> None:
    """Pictures, sound, searches, pages and rented time are measures of their own."""
    usage = af.Usage(units={unit: Decimal(3)})
    run = run_of(call(usage, kind), prices=(price(unit, 2),))
    assert (run.cost().amount, run.calls[0].unreported) == (6, ())


def test_a_hosted_search_stands_for_no_text() -> None:
    """A chat that tells its searches alone does not tell what it read and wrote."""
    usage = af.Usage(units={"web_searches": Decimal(1)})
    made = call(usage)
    assert made.unreported == ("input_tokens", "output_tokens")
    assert len([c for c in run_of(made).charges() if not c.reported]) == 2


def test_what_is_free_needs_no_number() -> None:
    """A local model that leaves out a cached prompt costs nothing all the same."""
    free = (price("input_tokens", 0), price("output_tokens", 0))
    run = run_of(call(WROTE), prices=free)
    assert run.cost().amount == 0
    assert run.calls[0].unreported == ("input_tokens",)


def test_a_part_that_is_dearer_than_its_total_is_to_be_told() -> None:
    """Where the lock prices what was written to a cache above plain input."""
    dear = (price("input_tokens", 4), price("cache_write_tokens", 5), WRITES)
    usage = af.Usage(input_tokens=100, output_tokens=1)
    with pytest.raises(
        af.UnknownPrice, match=r"cache_write_tokens .the answer reports"
    ):
        run_of(call(usage), prices=dear).cost()
    none = replace(usage, cache_write_tokens=0)
    assert run_of(call(none), prices=dear).cost().amount == 408


def test_a_fixed_price_of_a_call_needs_no_tokens() -> None:
    """Unless the tokens are billed beside it."""
    flat = (price("requests", 3),)
    for usage in (None, READ, af.Usage()):
        assert run_of(call(usage), prices=flat).cost().amount == 3
    with pytest.raises(af.UnknownPrice):
        run_of(call(None), prices=(*flat, WRITES)).cost()


@pytest.mark.parametrize("usage", [None, af.Usage(input_tokens=1, output_tokens=1)])
def test_both_ways_to_money_say_the_same_of_an_answer_that_broke_off(
    usage: af.Usage | None,
) -> None:
    """Neither takes partial usage for the whole, nor does a proposed budget."""
    run = run_of(call(usage, missing=("usage",)))
    with pytest.raises(af.UnknownPrice):
        run.cost()
    assert af.cost_of(run, af.priced()).amount is None
    assert "mark.cost" not in file_of([run])
    whole = run_of(call(af.Usage(input_tokens=1, output_tokens=1)))
    assert "mark.cost(total=11" in file_of([whole])


def test_a_price_file_is_not_asked_for_what_no_answer_tells() -> None:
    """Tokens that are not told are no gap in the prices."""
    finding = af.evaluate(run_of(call(READ)), cost(1)).results[0].findings[0]
    assert (
        finding.message == "m reports no output_tokens, so that its cost is not known"
    )
    assert "[[price]]" not in (finding.fix or "")


SAMPLE = Path(__file__).parents[2] / "examples/website_builder/recordings"


def test_the_sample_without_output_tokens_pays_nothing_off() -> None:
    """A split of which no answer tells what it wrote is not compared."""
    split, single = (
        [af.load(path) for path in sorted((SAMPLE / name).glob("*.flow.json"))]
        for name in ("build_site", "build_site_single")
    )
    mute = [
        replace(
            run,
            calls=tuple(
                replace(c, usage=c.usage and replace(c.usage, output_tokens=None))
                for c in run.calls
            ),
        )
        for run in split
    ]
    assert split
    with pytest.raises(AssertionError, match=r"output_tokens .the answer reports none"):
        af.require_decomposition(mute, baseline=single, cost_ratio=0.5)


@st.composite
def usages(draw: st.DrawFn, kind: str) -> af.Usage:
    """Usage as answers report it: all tokens that are due, or units; pictures both."""
    count = st.integers(0, 500)
    units = {unit: Decimal(draw(count)) for unit in UNITS[kind] if draw(st.booleans())}
    by_piece = kind not in ("chat", "judge") and any(units.values())
    if by_piece and (kind != "image" or draw(st.booleans())):
        return af.Usage(units=units)
    wordless = kind in ("embeddings", "rerank")
    whole = {
        "input_tokens": draw(count),
        "output_tokens": None if wordless else draw(count),
    }
    left = {name: number or 0 for name, number in whole.items()}
    parts = {}
    for part, total in PARTS.items():
        if left[total] and draw(st.booleans()):
            parts[part] = draw(st.integers(0, left[total]))
            left[total] -= parts[part]
    return af.Usage(**whole, **parts, units=units)


@st.composite
def calls(draw: st.DrawFn, number: int = 1) -> af.Call:
    """A call of any kind, which was given pictures and made one if it says so."""
    kind = draw(st.sampled_from(sorted(UNITS)))
    used = draw(usages(kind))
    made = (af.Picture(media_type="image/png"),) * bool(used.output_image_tokens)
    given_ = (af.Message(role="user", images=int(bool(used.input_image_tokens))),)
    return call(used, kind, id=f"a/{number}", messages=given_, pictures=made)


@st.composite
def locks(draw: st.DrawFn) -> tuple[af.UnitPrice, ...]:
    """Prices of any units, dearer for long prompts or not."""
    units = [*TOKEN_KINDS, "requests", *(u for units in UNITS.values() for u in units)]
    found = [
        price(unit, draw(st.integers(0, 9)))
        for unit in units
        if draw(st.integers(0, 3))
    ]
    if draw(st.booleans()):
        dear = af.UnitPrice(
            model="m", unit="input_tokens", amount=Decimal(20), above_input_tokens=200
        )
        found.append(dear)
    return tuple(found)


def silenced(made: af.Call) -> Iterator[af.Call]:
    """The call without any of its token counts, or several of them."""
    used = made.usage
    assert used is not None
    told = [kind for kind in TOKEN_KINDS if getattr(used, kind) is not None]
    for size in range(1, min(len(told), 3) + 1):
        for gone in combinations(told, size):
            yield replace(made, usage=replace(used, **dict.fromkeys(gone)))
    yield made if used.units else replace(made, usage=None)


@given(calls(), locks())
def test_silence_never_makes_a_call_cheaper(
    made: af.Call, prices: tuple[af.UnitPrice, ...]
) -> None:
    """Whatever counts an answer leaves out, it costs as much, more, or nobody knows."""
    priced = af.priced()
    whole = af.cost_of(run_of(made, prices=prices), priced)
    for other in silenced(made):
        run = run_of(other, prices=prices)
        found = af.cost_of(run, priced)
        if whole.amount is None or found.amount is not None:
            assert found.amount is None or whole.amount is not None, other
        if whole.amount is not None and found.amount is not None:
            assert found.amount >= whole.amount, other
        try:
            assert run.cost().amount == found.amount
        except af.UnknownPrice:
            assert found.amount is None


@given(
    st.lists(st.integers(1, 3).flatmap(calls), min_size=1, max_size=3),
    locks(),
    st.sampled_from(["total", "tokens", "input_tokens", "output_tokens", "context"]),
    st.integers(0, 2_000),
    st.data(),
)
def test_silence_never_passes_what_failed(
    made: list[af.Call],
    prices: tuple[af.UnitPrice, ...],
    budget: str,
    limit: int,
    data: st.DataObject,
) -> None:
    """No budget that failed, or could not be judged, passes since an answer is mute."""
    before = [replace(one, id=f"a/{i}") for i, one in enumerate(made)]
    place = data.draw(st.integers(0, len(before) - 1))
    other = data.draw(st.sampled_from([*silenced(before[place])]))
    after = [*before[:place], other, *before[place + 1 :]]
    check = cost(**{budget: limit})
    old, new = (
        af.evaluate(run_of(*side, prices=prices), check).results[0].verdict
        for side in (before, after)
    )
    assert old is af.Verdict.PASSED or new is not af.Verdict.PASSED
