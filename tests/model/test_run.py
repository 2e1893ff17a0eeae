"""What a run answers."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.call import Call, Message
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.price import PriceLock, UnitPrice, UnknownPrice
from pytest_agentflow.model.run import Artefact, Recorded, Run, Stage, UnknownStage
from pytest_agentflow.model.usage import TOKEN_KINDS, Usage, add_usage


def priced(*prices: UnitPrice) -> Recorded:
    """A block with a price lock."""
    return Recorded(prices=PriceLock(prices=prices))


def price(unit: str, amount: str, **more: object) -> UnitPrice:
    """A price of model m."""
    return UnitPrice(model="m", unit=unit, amount=Decimal(amount), **more)  # type: ignore[arg-type]


def chat(usage: Usage | None, number: int = 1) -> Call:
    """A model call."""
    return Call(id=f"a/{number}", kind="chat", stage="a", model="m", usage=usage)


def run_of(*calls: Call, recorded: Recorded | None = None) -> Run:
    """A run with one stage."""
    return Run(
        workflow="w",
        case="c",
        stages=(Stage(name="a"),),
        calls=calls,
        recorded=recorded or Recorded(),
    )


def test_an_unknown_stage_is_an_error_with_a_suggestion() -> None:
    """A misspelt stage names the right one."""
    run = Run(workflow="w", case="c", stages=(Stage(name="personalizer"),))
    with pytest.raises(UnknownStage, match="Did you mean 'personalizer'"):
        run.stage("personaliser")


def test_a_first_recording_says_how_stages_get_their_names() -> None:
    """Who marks a stage before any has a name reads the line to paste."""
    for stages in ((), (Stage(name="unattributed"),)):
        run = Run(workflow="w", case="c", stages=stages)
        with pytest.raises(UnknownStage) as caught:
            run.stage("plan")
        told = str(caught.value)
        assert "agentflow_stages = plan = module:function" in told
        assert 'af.stage("plan")' in told
        assert told.endswith("Then record anew: pytest --agentflow=record")


def test_an_imported_run_without_stages_is_not_told_to_record() -> None:
    """What was imported has no code here that could be recorded."""
    run = Run(workflow="w", case="c", provenance="imported: page")
    with pytest.raises(UnknownStage, match=r"It is imported: page, and no stage"):
        run.stage("plan")


def test_cached_input_is_billed_apart_where_it_has_a_price() -> None:
    """A part with a price of its own is taken out of the total."""
    usage = Usage(input_tokens=1000, cache_read_tokens=400, output_tokens=10)
    lock = priced(
        price("input_tokens", "2", per=1000),
        price("cache_read_tokens", "0.5", per=1000),
        price("output_tokens", "8", per=1000),
    )
    cost = run_of(chat(usage), recorded=lock).cost()
    assert cost == Money(amount=Decimal("1.48"))


def test_a_part_without_a_price_is_billed_with_the_total() -> None:
    """Reasoning tokens are output tokens where nothing else is said."""
    usage = Usage(input_tokens=0, output_tokens=100, reasoning_tokens=60)
    lock = priced(price("output_tokens", "1", per=100))
    assert run_of(chat(usage), recorded=lock).cost().amount == 1


def test_an_unknown_price_is_never_nothing() -> None:
    """Neither a missing price nor missing usage counts as 0."""
    with pytest.raises(UnknownPrice, match="input_tokens of m"):
        run_of(chat(Usage(input_tokens=1))).cost()
    with pytest.raises(UnknownPrice, match="reports none"):
        run_of(chat(None)).cost()


def test_long_context_tiers_apply_above_their_threshold() -> None:
    """The tier with the highest threshold that is exceeded holds."""
    lock = priced(
        price("input_tokens", "1"),
        price("input_tokens", "3", above_input_tokens=100),
    )
    small, large = (
        run_of(chat(Usage(input_tokens=n, output_tokens=0)), recorded=lock).cost()
        for n in (100, 101)
    )
    assert (small.amount, large.amount) == (100, 303)


@given(st.lists(st.integers(0, 10**6), max_size=6))
def test_money_does_not_depend_on_order(tokens: list[int]) -> None:
    """Charges add up exactly, in any order."""
    lock = priced(price("input_tokens", "0.0000001"))
    calls = [
        chat(Usage(input_tokens=n, output_tokens=0), i) for i, n in enumerate(tokens)
    ]
    forward = run_of(*calls, recorded=lock)
    backward = run_of(*calls[::-1], recorded=lock)
    assert forward.cost() == backward.cost()
    assert forward.cost() == total(c.money for c in forward.charges())


NUMBERS = st.builds(
    Usage, **{kind: st.none() | st.integers(0, 999) for kind in TOKEN_KINDS}
)


@given(NUMBERS, NUMBERS)
def test_usage_adds_up(left: Usage, right: Usage) -> None:
    """Addition commutes and keeps what nobody reported unreported."""
    assert add_usage(left, right) == add_usage(right, left)
    assert add_usage(left, Usage()) == left


def test_an_estimate_taints_the_sum() -> None:
    """A sum is as good as its weakest part."""
    whole = add_usage(Usage(input_tokens=1), Usage(input_tokens=1, source="estimated"))
    assert whole.source == "estimated"


def test_final_pages_are_those_of_the_workflow_then_of_the_last_stage() -> None:
    """What the workflow's own code wrote ships; else what the last stage made."""
    draft = Artefact(name="d.html", media_type="text/html", data=b"1", stage="a")
    final = Artefact(name="i.html", media_type="text/html", data=b"2")
    stages = (Stage(name="a"), Stage(name="b", after=("a",)))
    both = Run(workflow="w", case="c", stages=stages, artefacts=(draft, final))
    assert both.pages() == (final,)
    assert Run(workflow="w", case="c", stages=stages, artefacts=(draft,)).pages() == (
        draft,
    )
    assert Run(workflow="w", case="c", stages=stages).pages() == ()


def test_happens_before_follows_parents_only() -> None:
    """Calls side by side are not ordered."""
    calls = (
        Call(id="a/1", kind="chat", stage="a"),
        Call(id="a/2", kind="chat", stage="a", parents=("a/1",)),
        Call(id="a/3", kind="chat", stage="a", parents=("a/1",)),
        Call(id="a/4", kind="chat", stage="a", parents=("a/2", "a/3")),
    )
    run = run_of(*calls)
    assert run.happens_before("a/1", "a/4")
    assert not run.happens_before("a/2", "a/3")
    assert not run.happens_before("a/4", "a/1")


def test_a_conversation_gives_each_message_once() -> None:
    """A loop sends the history again; policies see each message once."""
    first = Message(role="user", text="hello", path="$.messages[0].content")
    result = Message(role="tool", text='{"x": 1}', tool_name="look")
    run = run_of(
        Call(id="a/1", kind="chat", stage="a", messages=(first,), answer="hm"),
        Call(id="a/2", kind="chat", stage="a", messages=(first, result)),
    )
    kinds = [(e.kind, e.name) for e in run.events()]
    assert kinds.count(("prompt", "user")) == 1
    assert ("tool_result", "look") in kinds


def returned(output: object, *stages: Stage) -> list[str]:
    """Paths of the events of what the workflow returned."""
    run = Run(workflow="w", case="c", output=output, stages=stages)
    return [e.path for e in run.events() if e.kind == "output" and e.stage is None]


def test_what_the_workflow_returned_is_an_event_of_its_own() -> None:
    """Its code may add to what stages gave, and may have no stage at all."""
    first = Stage(name="a", outputs=("draft",))
    last = Stage(name="b", after=("a",), outputs=('{"x": 1}',))
    assert returned("Hello: draft", first) == ["$.output"]
    assert returned("draft") == ["$.output"]
    assert returned("draft", first, last) == ["$.output"]
    assert returned(None, first) == []


def test_what_a_last_stage_gave_is_no_second_event() -> None:
    """Neither as it is nor parsed from its JSON text."""
    first = Stage(name="a", outputs=("draft",))
    last = Stage(name="b", after=("a",), outputs=('{"x": 1}',))
    assert returned("draft", first) == []
    assert returned({"x": 1}, first, last) == []


@given(st.recursive(st.none() | st.text() | st.binary(), st.lists, max_leaves=5))
def test_any_output_is_at_most_one_event(output: object) -> None:
    """Whatever a workflow returns, its event has it as it is."""
    run = Run(workflow="w", case="c", output=output)
    events = [e for e in run.events() if e.kind == "output"]
    assert [e.data for e in events] == ([] if output is None else [output])


def test_a_place_is_printed_once() -> None:
    """A line in the text at a path stands behind the path, which is not repeated."""
    assert str(Place(kind="output", path="$.output", line=2, column=7)) == (
        "$.output:2:7"
    )


def test_a_fingerprint_survives_moving_lines() -> None:
    """Line, span and index may move; rule, stage and evidence may not."""
    here = Finding(
        rule="r", message="m", place=Place(stage="a", path="$.x[1].y", line=3)
    )
    there = Finding(
        rule="r", message="m", place=Place(stage="a", path="$.x[7].y", line=90)
    )
    other = Finding(rule="r", message="n", place=Place(stage="a", path="$.x[1].y"))
    assert here.fingerprint == there.fingerprint
    assert here.fingerprint != other.fingerprint


def test_currencies_do_not_mix() -> None:
    """Adding dollars to euros is refused."""
    with pytest.raises(ValueError, match="cannot mix"):
        Money(amount=Decimal(1)) + Money(amount=Decimal(1), currency="EUR")
