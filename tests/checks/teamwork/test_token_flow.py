"""Words of prompts are traced to where they came from."""

from __future__ import annotations

import json
import math

import pytest
from agentflow_checks.flow.copies import Index, Paint
from agentflow_checks.flow.repeats import repeats
from agentflow_checks.flow.shape import (
    boundaries,
    fan_in,
    fan_out,
    far_share,
    lag_profile,
    redundancy,
    reread_factor,
    share_copied,
    single_trace_exponent,
)
from agentflow_checks.flow.shingles import shingle_keys
from agentflow_checks.flow.token_flow import Origin, token_flow
from agentflow_checks.teamwork.coordination_order import in_seconds, parallelism
from flow_runs import chain, chat, flow_run, history, prose
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

NUMBERS = st.lists(st.integers(0, 3), max_size=30)


def origins(run: af.Run, stage: str) -> dict[str, int]:
    """Words of a stage's prompts by origin and source."""
    found: dict[str, int] = {}
    for prompt in token_flow(run).of(stage):
        for copy in prompt.copies:
            key = f"{copy.origin} of {copy.source.stage}"
            found[key] = found.get(key, 0) + copy.words
    return found


def test_a_hand_off_is_an_output_and_shared_rules_are_a_prompt() -> None:
    """Text that two stages are given is read again by the second one."""
    rules, plan = prose("rule"), prose("plan")
    run = flow_run(
        chat("plan", f"{rules} do plan", plan),
        chat("write", f"{rules} now write {plan}", "page"),
    )
    assert origins(run, "plan") == {}
    assert origins(run, "write") == {"prompt of plan": 40, "output of plan": 40}


def test_a_copy_is_found_in_any_notation() -> None:
    """JSON with keys, in the answer and in the prompt, escaped once more."""
    plan = {"title": "It's “new” & good", "text": prose("word"), "n": [1, 2.5]}
    order = f"Build: {json.dumps(json.dumps(plan))}"
    run = flow_run(chat("plan", "go", json.dumps(plan)), chat("build", order, "ok"))
    share = redundancy(token_flow(run), "build")
    assert share is not None
    assert share > 0.9


def test_a_page_is_the_page_and_no_quotation_of_the_plan() -> None:
    """The longest stretch decides where a word came from."""
    plan = prose("plan", 20)
    page = f"{prose('head', 10)} {plan} {prose('foot', 10)}"
    run = flow_run(
        chat("plan", "go", plan), chat("page", plan, page), chat("qa", page, "ok")
    )
    assert origins(run, "qa") == {"output of page": 40}


def test_a_stage_s_own_words_are_its_history() -> None:
    """A conversation that is sent again belongs to the stage that has it."""
    first, answer = prose("first"), prose("answer")
    again = chat("chat", f"{first} {answer} more", "done", id="chat/2")
    run = flow_run(chat("chat", first, answer), again)
    assert origins(run, "chat") == {"history of chat": 80}
    assert redundancy(token_flow(run), "chat") == 0


def test_what_code_gave_is_material_when_it_is_first_read() -> None:
    """Offers of a price list are no hand-off between models."""
    offers = prose("offer")
    stages = (af.Stage(name="offers", outputs=(offers,)), af.Stage(name="plan"))
    run = flow_run(chat("plan", f"Use {offers}", "x"), stages=stages)
    assert origins(run, "plan") == {"material of offers": 40}


def test_a_second_visit_reads_what_came_between() -> None:
    """Calls stand by stage in a run; causes decide what could be copied."""
    draft, verdict, final = prose("draft"), prose("verdict"), prose("final")
    run = flow_run(
        chat("front", "go", draft),
        chat("front", verdict, final, id="front/2", parents=("qa/1",)),
        chat("qa", draft, verdict, parents=("front/1",)),
    )
    assert origins(run, "front") == {"output of qa": 40}


def test_tokens_are_those_that_the_provider_reported() -> None:
    """A copied half of a prompt is half of its tokens, and marked where estimated."""
    plan = prose("plan", 20)
    run = flow_run(
        chat("plan", "go", plan), chat("page", f"{plan} {prose('pair', 20)}", "x")
    )
    (copied,) = [b for b in boundaries(token_flow(run)) if b.target == "page"]
    assert copied.tokens == pytest.approx(200, rel=0.05)
    assert copied.share == pytest.approx(0.5, rel=0.05)
    assert not token_flow(run).estimated
    silent = flow_run(chat("plan", plan, "x", usage=None))
    assert token_flow(silent).prompts[0].tokens == len(plan) / 4
    assert token_flow(silent).estimated


def test_prompts_that_were_not_recorded_are_an_error() -> None:
    """No copy was found is another thing than no text was there."""
    run = flow_run(chat("plan", "", "x", missing=("messages",)))
    with pytest.raises(af.CheckError, match="does not hold what plan/1 was given"):
        token_flow(run)


def test_shapes_are_told_apart() -> None:
    """A chain reads each output once, a history k/2 times."""
    linear, mesh = token_flow(chain(6)), token_flow(history(6))
    assert reread_factor(linear) == pytest.approx(1)
    assert reread_factor(mesh) == pytest.approx(3)
    assert list(lag_profile(linear)) == [1]
    assert list(lag_profile(mesh)) == [1, 2, 3, 4, 5]
    assert (far_share(linear), far_share(mesh)) == (0, pytest.approx(2 / 3, rel=0.02))
    assert fan_in(mesh)["s5"] == 5
    assert fan_out(mesh)["s0"] == 5
    assert single_trace_exponent(linear) == pytest.approx(math.log(5) / math.log(6))
    assert single_trace_exponent(mesh) == pytest.approx(math.log(15) / math.log(6))
    assert single_trace_exponent(token_flow(chain(1))) is None


@given(st.integers(2, 5), st.integers(0, 40), st.booleans())
def test_shares_are_shares(k: int, length: int, mesh: bool) -> None:
    """Whatever is copied: at most everything, and the parts are the whole."""
    flow = token_flow((history if mesh else chain)(k, length))
    for stage in flow.stages:
        parts = [share_copied(flow, stage, origin) or 0 for origin in Origin]
        assert all(0 <= part <= 1 for part in parts)
        assert sum(parts) <= 1 + 1e-9
        listed = [b.share for b in boundaries(flow) if b.target == stage]
        assert sum(listed) == pytest.approx(sum(parts))
        assert (redundancy(flow, stage) or 0) <= 1


@given(NUMBERS, st.lists(NUMBERS, max_size=4), st.integers(1, 6))
def test_wider_shingles_find_no_more(
    text: list[int], sources: list[list[int]], width: int
) -> None:
    """What a run of words has in common, every shorter run has, too."""

    def covered(size: int) -> int:
        index, paint = Index(), Paint(len(text))
        for number, source in enumerate(sources):
            index.add(number, shingle_keys(source, size))
        runs = list(index.runs(shingle_keys(text, size), size))
        assert all(0 <= start < end <= len(text) for _, start, end in runs)
        paint.copied(iter(runs))
        stretches = list(paint.stretches())
        assert sum(end - start for _, start, end in stretches) == sum(
            owner >= 0 for owner in paint.owner
        )
        return sum(owner >= 0 for owner in paint.owner)

    assert covered(width + 1) <= covered(width)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_a_text_that_was_there_before_is_found_whole(
    before: list[int], text: list[int], after: list[int]
) -> None:
    """Between any other words, however often it was copied."""
    index, whole = Index(), [*before, *text, *after]
    for number in range(9):
        index.add(number, shingle_keys(text, 3))
    paint = Paint(len(whole))
    paint.copied(index.runs(shingle_keys(whole, 3), 3))
    if len(text) >= 3:
        start = len(before)
        assert min(paint.owner[start : start + len(text)]) >= 0


def test_pictures_could_be_painted_side_by_side_and_beside_the_page() -> None:
    """The page is written from the plan, not from what the painter made."""
    plan = f"{prose('page')} {prose('one', 12)} {prose('two', 12)}"
    picture = {"kind": "image", "pictures": (PICTURE,)}
    run = flow_run(
        chat("plan", "go", plan),
        chat("paint", prose("one", 12), "", id="paint/1", **picture),
        chat("paint", prose("two", 12), "", id="paint/2", **picture),
        chat("front", prose("page"), prose("html")),
        seconds=(2, 3, 3, 4),
    )
    found = parallelism(run, token_flow(run), in_seconds(run) or {}, unit="s")
    assert (found.work, found.recorded, found.span) == (12, 12, 6)
    assert [(s.first, s.second, s.saved) for s in found.savings] == [
        ("paint", "front", 4),
        ("paint", "paint", 3),
    ]


PICTURE = af.Picture(media_type="image/png")


@pytest.mark.parametrize(
    ("middle", "more"),
    [
        ("yes", {}),
        (prose("plan"), {}),
        (prose("other"), {"tool_calls": (af.ToolCall(name="stop"),)}),
        (prose("other"), {"kind": "retriever"}),
    ],
    ids=["verdict", "passed on", "tool", "no model"],
)
def test_what_text_cannot_tell_is_waited_for(middle: str, more: dict[str, str]) -> None:
    """A verdict, an editor, a tool call and a retrieval decide what comes next."""
    plan = prose("plan")
    run = flow_run(
        chat("plan", "go", plan),
        chat("middle", plan, middle, **more),
        chat("last", plan, "x"),
        seconds=(1, 1, 1),
    )
    found = parallelism(run, token_flow(run), in_seconds(run) or {}, unit="s")
    assert (found.span, found.savings) == (3, ())


def test_a_question_that_is_asked_again_is_found() -> None:
    """A conversation that goes on is none."""
    text = prose("question")
    again = chat("qa", f"{text} please", "b", id="qa/2")
    turn = chat(
        "qa",
        "",
        "c",
        id="qa/3",
        messages=(
            af.Message(role="user", text=f"{text} please"),
            af.Message(role="assistant", text="b"),
            af.Message(role="user", text="more"),
        ),
    )
    found = repeats(token_flow(flow_run(chat("qa", text, "a"), again, turn)))
    assert [(r.first, r.again) for r in found] == [("qa/1", "qa/2")]


def test_clocks_decide_where_no_parents_are_recorded() -> None:
    """Imported runs may lack parents: what ended before the start was waited for."""
    run = flow_run(
        chat("a", prose("a"), prose("b")),
        chat("b", prose("c"), prose("d")),
        seconds=(2, 3),
        serial=False,
    )
    found = parallelism(run, token_flow(run), in_seconds(run) or {}, unit="s")
    assert (found.recorded, found.span) == (5, 3)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 9)),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
)
def test_no_order_is_faster_than_its_texts_allow(
    drawn: list[tuple[str, str, int]], serial: bool
) -> None:
    """The span is at most what was recorded, and that at most all work."""
    calls = [
        chat(stage, prose(text, 12), prose(f"{text}{n}", 9), id=f"{stage}/{n}")
        for n, (stage, text, _) in enumerate(drawn)
    ]
    lengths = [length for _, _, length in drawn]
    run = flow_run(*calls, seconds=lengths, serial=serial)
    flow = token_flow(run)
    found = parallelism(run, flow, in_seconds(run) or {}, unit="s")
    assert 0 <= found.span <= found.recorded <= found.work + 1e-9
    saved = found.recorded - found.span
    assert all(0 < s.saved <= saved + 1e-9 for s in found.savings)
