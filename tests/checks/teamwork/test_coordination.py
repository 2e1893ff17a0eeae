"""The check `coordination` names what a split costs, and where."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import coordination
from agentflow_checks.flow.token_flow import token_flow
from agentflow_checks.teamwork.coordination_line import Cause, coordination_line
from agentflow_checks.teamwork.coordination_order import ways_together
from flow_runs import PRICES, chain, chat, flow_run, history, prose

import pytest_agentflow as af

ROOT = Path(__file__).parents[3]
HOTEL = ROOT / "examples/website_builder/recordings/build_site/hotel.flow.json"


def judge(run: af.Run, *args: Any, **kwargs: Any) -> af.CheckResult:
    """Judge one run by one check."""
    return af.evaluate(run, coordination(*args, **kwargs)).results[0]


def only(result: af.CheckResult) -> af.Finding:
    """The one finding."""
    (finding,) = result.findings
    return finding


def split(handed: str, extra: str = "") -> af.Run:
    """A planner's text, of which a writer is handed some."""
    answer = prose("answer", 100)
    return flow_run(
        chat("plan", prose("ask", 100), handed),
        chat("write", f"{handed} {extra}", answer),
    )


def test_the_largest_boundary_is_named_with_what_it_costs() -> None:
    """40 words of 10 tokens at $1 a million: $0.0004 of $0.0075."""
    run = split(prose("plan", 40))
    line = coordination_line(run, token_flow(run), (), money=True)
    assert line.money == Decimal("0.007") + Decimal("0.0000")
    (part,) = [p for p in line.parts if p.money]
    assert (part.cause, part.name) == (Cause.OUTPUT, "plan -> write")
    assert float(part.money) == pytest.approx(0.0004)
    assert judge(run, 0.06).verdict == "passed"
    finding = only(judge(run, 0.05))
    assert finding.message == (
        "coordination takes 5.7% of the money, $0.00040 of $0.0070; 5% is allowed. "
        "The largest part is what plan hands on to write (400 tokens): "
        "$0.00040, 100% of it."
    )
    assert (finding.introduced_by, finding.place) == ("write", af.Place())


def test_shares_of_tokens_need_no_prices() -> None:
    """What has no price can be judged by tokens, and is an error in money."""
    run = split(prose("plan", 40))
    bare = replace(run, recorded=af.Recorded())
    assert judge(bare, 0.2, of="tokens").verdict == "passed"
    assert "400 tokens of 2,800 tokens" in only(judge(bare, 0.1, of="tokens")).message
    error = only(judge(bare, 0.2))
    assert (error.verdict, error.message[:17]) == ("error", "no price is known")


def test_missing_usage_is_an_error_and_no_share() -> None:
    """Never a number where a call says nothing of what it used."""
    run = flow_run(chat("plan", "go", "x", usage=None), chat("write", "go", "y"))
    for of in ("money", "tokens"):
        found = only(judge(run, 0.9, of=of))
        assert (found.verdict, found.message[:23]) == (
            "error",
            "plan/1 reports no usage",
        )


def test_calls_that_coordinate_count_whole() -> None:
    """A router's calls, and calls that no door found a stage for."""
    run = flow_run(
        chat("router", prose("route", 50), prose("to", 50)),
        chat("unattributed", prose("lost", 20), prose("found", 20)),
        chat("write", prose("ask", 100), prose("answer", 100)),
    )
    assert only(judge(run, 0.1, of="tokens")).observed == "11.8%"
    finding = only(judge(run, 0.1, of="tokens", coordinators=["router"]))
    assert finding.observed == "41.2%"
    assert finding.introduced_by == "router"
    assert "the calls of router, which coordinates: 1,000 tokens" in finding.message


def test_failed_attempts_and_fees_belong_to_it() -> None:
    """Both are paid for, and neither is work."""
    failed = af.Attempt(status=500, usage=af.Usage(input_tokens=1000, output_tokens=0))
    run = flow_run(chat("write", prose("ask", 100), "x", attempts=(failed, failed)))
    fee = af.Fee(name="transitions", each="stage", amount=Decimal("0.01"))
    recorded = af.Recorded(prices=replace(PRICES, fees=(fee,)))
    line = coordination_line(run, token_flow(run), (), money=True)
    assert [(p.cause, p.tokens, p.money) for p in line.parts] == [
        (Cause.FAILED, 2000, Decimal("0.002"))
    ]
    finding = only(judge(replace(run, recorded=recorded), 0.5))
    assert "transitions, which is charged beside the models" in finding.message


def test_a_failed_attempt_that_hides_its_usage_is_an_error() -> None:
    """An answer in vain is paid for; what a provider refused is not."""
    hidden, refused = af.Attempt(status=200), af.Attempt(status=429)
    ask = prose("ask", 100)
    for of in ("money", "tokens"):
        run = flow_run(chat("write", ask, "x", attempts=(refused, hidden)))
        found = only(judge(run, 0.9, of=of))
        assert found.verdict == "error"
        assert "a failed attempt of write/1 was answered and reports no usage" in (
            found.message
        )
        free = flow_run(chat("write", ask, "x", attempts=(refused,)))
        assert judge(free, 0.9, of=of).verdict == "passed"


def test_paths_of_tokens_need_the_tokens_of_all_calls() -> None:
    """A call that tells none makes no path shorter: it is not compared in tokens."""
    calls = (chat("plan", "go", "x"), chat("write", "go", "y"))
    silent = (replace(calls[0], usage=af.Usage(input_tokens=9)), calls[1])
    told, untold = flow_run(*calls), flow_run(*silent)

    assert [w.unit for w in ways_together(told, token_flow(told))] == ["tokens"]
    assert ways_together(untold, token_flow(untold)) == ()
    assert judge(untold, calls={"plan": 1}).ok


def test_time_between_calls_belongs_to_no_stage() -> None:
    """Two seconds of five pass between the calls of two stages."""
    run = flow_run(chat("plan", "go", "x"), chat("write", "go", "y"))
    calls = {
        "plan/1": af.Timing(start=0, end=2000),
        "write/1": af.Timing(start=4000, end=5000),
    }
    timed = replace(run, recorded=af.Recorded(calls=calls, duration=5000))
    finding = only(judge(timed, 0.3, of="time"))
    assert "coordination takes 40.0% of the time, 2.0 s of 5.0 s" in finding.message
    assert "the time between plan and write: 2.0 s" in finding.message
    assert only(judge(run, 0.3, of="time")).verdict == "error"


def test_a_section_that_is_not_read_is_named() -> None:
    """The writer reads the description; the visuals are for the painter."""
    plan = {"description": prose("page"), "visuals": prose("picture", 20)}
    said = str(plan).replace("'", '"')
    run = flow_run(chat("plan", "go", said), chat("write", f"Build {said}", "x"))
    run = replace(
        run, stages=(replace(run.stages[0], outputs=(plan,)), *run.stages[1:])
    )
    finding = only(judge(run, reads={"write": ["$.description"]}))
    assert finding.rule == "coordination.unneeded"
    assert "outside $.description, 5% is allowed: most is $.visuals of plan" in (
        finding.message
    )
    both = {"write": ["$.description", "plan:$.visuals"]}
    assert judge(run, reads=both).verdict == "passed"
    wrong = only(judge(run, reads={"write": ["$.descriptions"]}))
    assert (wrong.verdict, wrong.message[:34]) == (
        "error",
        "reads['write']: there is no $.desc",
    )


def test_stretches_of_plain_text_can_be_declared() -> None:
    """From the first words up to the second."""
    said = f"Section 1 {prose('page')} Section 2 {prose('picture', 20)}"
    run = flow_run(chat("plan", "go", said), chat("write", f"Build {said}", "x"))
    finding = only(judge(run, reads={"write": ["Section 1..Section 2"]}))
    assert "most is 'section 2 picture0" in finding.message
    assert judge(run, reads={"write": ["Section 1.."]}).verdict == "passed"


def test_a_history_is_read_too_often() -> None:
    """The message says whose text it is, by whom it is read, how far it goes."""
    assert judge(chain(6), reread=1.2).verdict == "passed"
    finding = only(judge(history(6), reread=1.2))
    assert finding.message == (
        "what is handed on is read 3.00 times; 1.2 is allowed. Most of that is what s0 "
        "wrote, read by s1, s2, s3, s4, s5; the farthest copy comes from 5 stages back"
    )
    assert finding.introduced_by == "s5"


def test_redundancy_has_a_limit_for_each_stage() -> None:
    """Only stages that are named are judged."""
    run = split(prose("plan", 40), prose("own", 40))
    assert judge(run, redundancy=0.6).examined == 2
    result = judge(run, redundancy={"write": 0.4})
    assert (result.examined, only(result).introduced_by) == (1, "write")
    with_typo = only(judge(run, redundancy={"wirte": 0.4}))
    assert "Did you mean 'write'?" in with_typo.message


def test_rework_is_counted() -> None:
    """Calls beyond those that are meant, and questions that are asked again."""
    again = chat("qa", prose("ask"), "b", id="qa/2")
    run = flow_run(chat("qa", prose("ask"), "a"), again)
    assert only(judge(run, calls={"qa": 1})).message == (
        "qa made 2 calls, 1 more than the 1 that are meant"
    )
    finding = only(judge(run, repeats=0))
    assert (finding.place.call, finding.introduced_by) == ("qa/2", "qa")
    assert judge(run, repeats=1, calls={"qa": 2}).verdict == "passed"


def test_needless_waiting_is_named_with_what_it_costs() -> None:
    """The second stage is given nothing that the first one said."""
    run = flow_run(
        chat("paint", prose("a"), prose("b")),
        chat("write", prose("c"), prose("d")),
        seconds=(3, 5),
    )
    finding = only(judge(run, waiting=0.1))
    assert finding.message == (
        "3.0 s of 8.0 s (38%) are spent waiting for stages whose text is not used; "
        "10% is allowed: running paint beside write would save 3.0 s of 8.0 s"
    )
    assert finding.introduced_by == "write"
    assert judge(run, waiting=0.4).verdict == "passed"


def test_a_run_that_asked_no_model_has_nothing_to_share() -> None:
    """Nothing examined is no pass."""
    assert judge(af.Run(workflow="w", case="c"), 0.1).verdict == "inapplicable"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, r"give a limit: coordination\(max_share=0.15\)"),
        ({"max_share": 15}, "max_share=15 is a share from 0 to 1"),
        ({"max_share": 0.1, "of": "cost"}, "none of money, tokens, time"),
        ({"max_share": 0.1, "coordinators": "planner"}, "coordinators= is a list"),
        ({"redundancy": {"qa": 2}}, "redundancy qa=2 is a share"),
        ({"reads": {"qa": "$.a"}}, "maps 'qa' to a list"),
        ({"reads": {"qa": ["$..a"]}}, "no JSON path"),
        ({"reads": {"qa": ["Section"]}}, "'Section' is no section"),
    ],
)
def test_limits_are_checked_when_they_are_written(
    arguments: dict[str, Any], said: str
) -> None:
    """A mark that says nothing, or nonsense, is an error at collection."""
    with pytest.raises(af.BadArgument, match=said):
        coordination(**arguments)


def test_the_sample_shows_boundaries_lags_and_what_could_run_at_once() -> None:
    """The report draws what the check yields."""
    result = judge(af.load(HOTEL), 0.15, of="tokens", unneeded=0.1)
    titles = [exhibit.title for exhibit in result.exhibits]
    assert titles[0] == "Text that prompts copy"
    assert titles[1].startswith("Coordination: ")
    assert titles[2] == "Handed-on text by how many stages back it comes from"
    assert titles[3] == "Shape of the flow: 4 stages with model calls"
    assert titles[4] == "What could run side by side"
    told = "\n".join(note.text for note in result.notes)
    assert "running artist beside frontend" in told
    assert "what is handed on is read 1." in told
    assert "one number of stages does not tell" in told


def growing(folder: Path, make: Any, sizes: tuple[int, ...]) -> af.Run:
    """Recordings of 2 to k stages with three cases each; the last one is judged."""
    for k in sizes:
        for words in (39, 40, 41):
            run = replace(make(k, words), workflow=f"site_{k}", case=f"c{words}")
            path = folder / run.workflow / f"{run.case}.flow.json"
            af.save(run, path)
    return replace(af.load(path), folder=folder)


@pytest.mark.parametrize(
    ("make", "sizes", "verdict"),
    [
        (chain, (2, 3, 4, 6, 8), "passed"),
        (history, (2, 3, 4, 6, 8), "failed"),
        (chain, (3, 4), "undetermined"),
    ],
)
def test_growth_with_the_pairs_of_stages_is_told_from_growth_with_stages(
    tmp_path: Path, make: Any, sizes: tuple[int, ...], verdict: str
) -> None:
    """A chain passes, a history fails, two numbers of stages cannot tell."""
    run = growing(tmp_path, make, sizes)
    result = judge(run, runs="site_*/*", pairwise=0.1)
    assert result.verdict == verdict
    assert any(isinstance(e, af.Line) for e in result.exhibits)
    if verdict == "failed":
        finding = only(result)
        assert "In this run most of that is what s" in finding.message
        assert finding.introduced_by in {stage.name for stage in run.stages}
    if verdict == "undetermined":
        message = only(result).message
        assert message.endswith("2 numbers of stages; 4 are needed to tell m")
        assert "with m =" not in message


def test_the_split_sites_do_not_tell_how_hand_offs_grow() -> None:
    """As the trade-off says of them; a limit beside it that passes is no excuse."""
    folder = ROOT / "fixtures/grown/recordings"
    run = af.load(folder / "build_site/bramcote-bakery.flow.json")
    result = judge(run, 0.9, runs="build_site*/bramcote-bakery.flow.json", pairwise=0.1)
    assert (result.verdict, result.inconclusive) == ("undetermined", True)
    assert "2, 3, 4 or 5 stages do not tell it" in only(result).message


def test_what_is_only_shown_needs_no_usage() -> None:
    """Copies are judged where nothing says what the calls cost."""
    plan = prose("plan")
    run = flow_run(
        chat("plan", "go", plan, usage=None), chat("write", plan, "x", usage=None)
    )
    finding = only(judge(run, redundancy=0.5))
    told = (
        "write is given what was in the run before: 100.0% of its prompts (estimated)"
    )
    assert finding.message.startswith(told)
