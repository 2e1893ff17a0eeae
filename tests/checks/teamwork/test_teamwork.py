"""How stages hand over to each other."""

from dataclasses import replace
from pathlib import Path

import pytest
from agentflow_checks import handoff, personalised, stage_order
from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.texts import overlap, shingles
from agentflow_checks.teamwork.json_path import parse_path, values_at
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

BRIEF = {"offers": [{"name": "Heat pump", "price": "€1,200"}], "claim": "It's “new”"}
PAGE = '<p>Heat&nbsp;pump for &euro;1,200. It\\\'s "new"</p>'


def build(page: str, draft: str | None = None, *, artist: bool = True) -> af.Run:
    """A run brief -> artist -> front -> qa; the artist makes no text."""
    front = draft if draft is not None else page
    stages = [
        af.Stage(name="brief", outputs=(BRIEF,)),
        af.Stage(name="artist", after=("brief",), outputs=(b"\x89PNG",)),
        af.Stage(name="front", after=("artist",) if artist else ("brief",)),
        af.Stage(name="qa", after=("front",)),
    ]
    artefacts = (
        af.Artefact(
            name="p.html", media_type="text/html", data=front.encode(), stage="front"
        ),
        af.Artefact(
            name="p.html", media_type="text/html", data=page.encode(), stage="qa"
        ),
    )
    return af.Run(workflow="w", case="c", stages=tuple(stages), artefacts=artefacts)


def test_facts_survive_escaping_and_typography() -> None:
    """Entities, escapes and curly quotes are no loss."""
    check = handoff("brief", "$.offers[*].price", "$.offers[*].name", "$.claim")
    result = af.evaluate(build(PAGE), check).results[0]
    assert (result.verdict, result.examined) == ("passed", 3)


def test_a_lost_fact_names_the_stage_that_lost_it() -> None:
    """The price was in the brief and in the draft: QA dropped it."""
    run = build(page="<p>Heat pump</p>", draft=PAGE)
    (finding,) = af.evaluate(run, handoff("brief", "$.offers[*].price")).findings
    assert finding.lost_at == "qa"
    assert finding.place.path == "$.offers[0].price"
    gone = build(page="<p>Heat pump</p>")
    (finding,) = af.evaluate(gone, handoff("brief", "$.offers[0].price")).findings
    assert finding.lost_at == "front"


def asked(stage: str, text: str) -> af.Call:
    """A call of a stage whose prompt is `text`."""
    message = af.Message(role="user", text=text)
    return af.Call(id=f"{stage}/1", kind="chat", stage=stage, messages=(message,))


def test_a_stage_that_was_never_given_the_fact_did_not_lose_it() -> None:
    """The artist's labels stand between brief and page, and hold no price."""
    run = build(page="<p>Heat pump</p>")
    artist = replace(run.stage("artist"), outputs=([{"alt": "a pump"}],))
    calls = (asked("artist", "Paint a pump."), asked("front", f"Write: {BRIEF}"))
    stages = tuple(artist if s.name == "artist" else s for s in run.stages)
    beside = replace(run, stages=stages, calls=calls)
    (finding,) = af.evaluate(beside, handoff("brief", "$.offers[0].price")).findings
    named = handoff("brief", "$.offers[0].price", to="artist")
    (there,) = af.evaluate(beside, named).findings

    assert finding.lost_at == "front"
    assert (there.verdict, there.lost_at) == ("failed", None)


def test_a_stage_that_only_comments_on_the_page_did_not_lose_it() -> None:
    """QA was given the price, approves the page and makes none of its own."""
    run = build(page="<p>Heat pump</p>")
    review = replace(run.stage("qa"), outputs=({"approved": True},))
    stages = tuple(review if s.name == "qa" else s for s in run.stages)
    draft = tuple(a for a in run.artefacts if a.stage == "front")
    calls = (asked("qa", f"Review: {BRIEF}"),)
    silent = replace(run, stages=stages, artefacts=draft, calls=calls)
    (finding,) = af.evaluate(silent, handoff("brief", "$.offers[0].price")).findings

    assert (finding.lost_at, finding.propagated_through) == ("front", ())


def test_nothing_to_follow_is_an_error() -> None:
    """A path that matches nothing, or a stage that does not exist, cannot pass."""
    for check in (handoff("brief", "$.nowhere"), handoff("brif", "$.claim")):
        assert af.evaluate(build(PAGE), check).results[0].verdict == "error"
    with pytest.raises(af.BadArgument, match="begins with"):
        handoff("brief", "offers")


def test_the_declared_order_is_held_against_the_graph() -> None:
    """Side by side is not after, and a stage that did not run is told."""
    in_order = stage_order("brief", "artist", "front", "qa")
    assert af.evaluate(build(PAGE), in_order).passed
    (finding,) = af.evaluate(build(PAGE, artist=False), in_order).findings
    assert (finding.introduced_by, finding.observed) == (
        "front",
        "side by side, neither waits",
    )
    absent = af.evaluate(build(PAGE), stage_order("brief", "editor"))
    assert absent.findings[0].message == "stage editor did not run"


WORDS = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]


def saved(folder: Path, case: str, brief: str, page: str) -> af.Run:
    """A run saved below `folder` and loaded again."""
    run = af.Run(
        workflow="w",
        case=case,
        stages=(
            af.Stage(name="brief", outputs=(brief,)),
            af.Stage(name="front", after=("brief",)),
        ),
        artefacts=(
            af.Artefact(
                name="p.html", media_type="text/html", data=page.encode(), stage="front"
            ),
        ),
    )
    path = folder / "w" / f"{case}.flow.json"
    af.save(run, path)
    return af.load(path)


def test_the_page_of_another_customer_is_found(tmp_path: Path) -> None:
    """A copied page fails; the stage where the copy began is named."""
    mine = " ".join(WORDS)
    other = " ".join(reversed(WORDS))
    saved(tmp_path, "other", other, f"<p>{other}</p>")
    fine = saved(tmp_path, "fine", mine, f"<p>{mine}</p>")
    held = af.evaluate(fine, personalised("w/*")).results[0]
    assert [(r.rule, r.verdict) for r in held.rules] == [
        ("personalised", "passed"),
        ("personalised.swap", "undetermined"),
    ]
    copied = saved(tmp_path, "copied", mine + " own brief here", f"<h1>{other}</h1>")
    judged = af.evaluate(copied, personalised("w/*"))
    findings = [f for f in judged.findings if f.fails]
    assert [f.introduced_by for f in findings] == ["front"]
    assert findings[0].observed == "100% in common with w/other"


def test_nobody_to_compare_with_is_an_error(tmp_path: Path) -> None:
    """A glob that matches nothing else never passes."""
    alone = saved(tmp_path, "alone", "brief", f"<p>{' '.join(WORDS)}</p>")
    assert af.evaluate(alone, personalised("w/*")).results[0].verdict == "error"


@given(st.text())
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    """Both sides of a comparison may be normalised any number of times."""
    assert fold(fold(text)) == fold(text)


@given(st.lists(st.sampled_from(WORDS), min_size=5), st.integers(0, 9))
def test_overlap_is_a_share_and_symmetric(words: list[str], cut: int) -> None:
    """A text shares all with itself, and sharing goes both ways."""
    first = shingles(" ".join(words))
    second = shingles(" ".join(words[cut:]))
    assert overlap(first, first) == 1
    assert overlap(first, second) == overlap(second, first)


KEYS = st.from_regex(r"[a-z]{1,4}", fullmatch=True)
DATA = st.recursive(
    st.integers(),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(KEYS, x),
    max_leaves=8,
)


@given(DATA)
def test_every_value_is_found_again_at_its_own_path(data: object) -> None:
    """The exact path of a value leads to that value alone."""
    for path in ("$.*", "$[*]", "$.*[*]", "$[*].*"):
        for exact, value in values_at(path, data):
            assert list(values_at(exact, data)) == [(exact, value)]


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    """Reading a path ends in steps or in ValueError."""
    try:
        parse_path(text)
    except ValueError as error:
        assert "JSON path" in str(error)  # noqa: PT017 - either way
