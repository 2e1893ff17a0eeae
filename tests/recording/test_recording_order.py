from __future__ import annotations

import dataclasses
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from recorded_runs import chat_request, chat_response

from pytest_agentflow.model.call import Call, Invocation
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.order import Captured, numbered, order_calls


def seen(
    id: str,  # noqa: A002
    start: float,
    *,
    branch: str = "main",
    stage: str = "s",
    prompt: str = "",
    answer: str = "",
    parents: tuple[str, ...] = (),
) -> Captured:
    """A chat call as a recorder sees it."""
    call = Call(
        id="",
        kind="chat",
        stage=stage,
        request=chat_request(prompt or id),
        response=chat_response(answer or id),
    )
    return Captured(call=call, id=id, branch=branch, start=start, parents=parents)


def order(captured: list[Captured], stages: tuple[str, ...] = ()) -> list[str]:
    """Give the temporary ids in final order."""
    return list(numbered(captured, stages=stages))


def test_calls_of_one_branch_are_ordered_by_start() -> None:
    """A sequential workflow keeps the order in which it asked."""
    captured = [seen("z", 1), seen("a", 2), seen("m", 3)]
    assert order(captured[::-1]) == ["z", "a", "m"]


def test_calls_of_different_branches_do_not_depend_on_the_clock() -> None:
    """Parallel calls get the same ids whichever of them was quicker."""
    quick = [seen("a", 1, branch="t1"), seen("b", 2, branch="t2")]
    slow = [seen("a", 2, branch="t2"), seen("b", 1, branch="t1")]
    assert order(quick) == order(slow)


def test_equal_requests_are_ordered_by_their_answers() -> None:
    """Two workers that ask the same are told apart by what they got."""
    one = seen("1", 1, branch="t1", prompt="same", answer="x")
    two = seen("2", 2, branch="t2", prompt="same", answer="y")
    swapped = [
        dataclasses.replace(one, start=2, branch="t2"),
        dataclasses.replace(two, start=1, branch="t1"),
    ]
    assert order([one, two]) == order(swapped)


def test_no_call_stands_before_one_that_had_to_be_answered_first() -> None:
    """After a fan-out comes the call that used its answers, whatever their keys are."""
    first = seen("first", 0)
    fan = [seen(f"w{n}", 1 + n, branch=f"t{n}", parents=("first",)) for n in range(6)]
    last = seen("last", 9, parents=tuple(item.id for item in fan))
    ordered = order([last, *fan, first])
    assert (ordered[0], ordered[-1]) == ("first", "last")


def test_a_way_through_another_stage_counts_as_well() -> None:
    """What was answered before by a detour is still before."""
    a = seen("a", 0, branch="t1")
    detour = seen("d", 1, branch="t2", stage="other", parents=("a",))
    b = seen("b", 2, branch="t3", parents=("d",))
    ids = numbered([b, detour, a], stages=("s", "other"))
    assert ids == {"a": "s/1", "b": "s/2", "d": "other/1"}


def test_stages_stand_in_graph_order() -> None:
    """Stages that are not named follow by their first call."""
    captured = [seen("a", 3, stage="x"), seen("b", 1, stage="y"), seen("c", 2)]
    assert order(captured, stages=("s", "missing")) == ["c", "b", "a"]


def test_calls_get_ids_and_parents_by_their_place() -> None:
    """Temporary ids are replaced everywhere; unknown parents are left out."""
    calls = order_calls(
        [
            seen("x", 1, stage="draft"),
            seen("y", 2, stage="review", parents=("gone", "x")),
            seen("z", 3, stage="review", parents=("y", "x", "x")),
        ]
    )
    assert [(c.id, c.parents) for c in calls] == [
        ("draft/1", ()),
        ("review/1", ("draft/1",)),
        ("review/2", ("draft/1", "review/1")),
    ]
    run = Run(workflow="w", case="c", calls=tuple(calls))
    assert run.happens_before("draft/1", "review/2")


def test_function_calls_are_ordered_like_requests() -> None:
    """Retrievers and tools have keys and results, too."""

    def tool(id: str, start: float, query: str) -> Captured:  # noqa: A002
        made = Invocation(function="m:f", arguments={"q": query}, result=[b"\0"])
        call = Call(id="", kind="tool", stage="s", invocation=made)
        return Captured(call=call, id=id, branch=id, start=start)

    forth = order([tool("1", 1, "a"), tool("2", 2, "b")])
    back = order([tool("1", 2, "a"), tool("2", 1, "b")])
    assert forth == back


def test_parents_in_a_circle_do_not_hang() -> None:
    """Impossible input still ends, with every call once."""
    captured = [
        seen("a", 1, branch="t1", parents=("b",)),
        seen("b", 2, branch="t2", parents=("a",)),
        seen("c", 3, parents=("c",)),
    ]
    assert sorted(order(captured)) == ["a", "b", "c"]


@st.composite
def recordings(draw: st.DrawFn) -> list[Captured]:
    """Calls of some branches and stages, each with parents that started before."""
    captured: list[Captured] = []
    for number in range(draw(st.integers(0, 9))):
        earlier = [item.id for item in captured]
        parents = (
            draw(st.lists(st.sampled_from(earlier), max_size=2)) if earlier else ()
        )
        captured.append(
            seen(
                f"c{number}",
                float(number),
                branch=draw(st.sampled_from("xyz")),
                stage=draw(st.sampled_from("st")),
                prompt=draw(st.sampled_from("pq")),
                answer=draw(st.sampled_from("jk")),
                parents=tuple(parents),
            )
        )
    return captured


@given(recordings(), st.integers())
@settings(max_examples=150, deadline=None)
def test_the_order_of_capture_does_not_matter(
    captured: list[Captured], seed: int
) -> None:
    """Any permutation of the same captures gives the same calls."""
    shuffled = captured[:]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - a permutation
    assert order_calls(shuffled) == order_calls(captured)


@given(recordings())
@settings(max_examples=150, deadline=None)
def test_every_order_keeps_branches_and_causes(captured: list[Captured]) -> None:
    """Within a stage nothing stands before its cause, or before its own branch."""
    places = {temporary: n for n, temporary in enumerate(numbered(captured))}
    by_id = {item.id: item for item in captured}
    assert sorted(places) == sorted(by_id)
    for item in captured:
        for parent in item.parents:
            if by_id[parent].call.stage == item.call.stage:
                assert places[parent] < places[item.id]
        for other in captured:
            alike = (other.branch, other.call.stage) == (item.branch, item.call.stage)
            if alike and other.start < item.start:
                assert places[other.id] < places[item.id]


@given(recordings().filter(lambda c: len({i.branch for i in c}) == len(c)))
@settings(max_examples=60, deadline=None)
def test_parallel_calls_do_not_depend_on_their_times(captured: list[Captured]) -> None:
    """With one call per branch, other starting times give the same recording."""
    alone = [dataclasses.replace(item, parents=()) for item in captured]
    later = [dataclasses.replace(item, start=100.0 - item.start) for item in alone]
    stages = ("s", "t")
    assert order_calls(later, stages=stages) == order_calls(alone, stages=stages)
