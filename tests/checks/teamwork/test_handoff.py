"""Facts that must survive each hand-off, in any notation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks import handoff
from agentflow_checks.flow.folding import fold
from agentflow_checks.flow.markup import readable
from agentflow_checks.teamwork.handoff_facts import Fact, declared, facts_of
from agentflow_checks.teamwork.handoff_texts import Texts
from agentflow_checks.teamwork.near_paths import what_is_there
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[3]
PLANTED = ROOT / "fixtures/planted"
RECORDINGS = ROOT / "examples/website_builder/recordings"

BRIEF = {
    "offers": [{"name": "Heat pump", "price": "£9,600"}],
    "contact": {"phone": "01632 960418", "email": "hello@fernwick.example"},
    "quotes": [{"quote": "They left the hall swept and were quiet."}],
}
DRAFT = (
    "Heat pump: 9600 GBP. Call +44 1632 960418 or write to hello@fernwick.example. "
    "“They left the hall swept and were quiet.”"
)


def call(stage: str, prompt: str) -> af.Call:
    """A chat call of a stage whose prompt is `prompt`."""
    message = af.Message(role="user", text=prompt)
    return af.Call(id=f"{stage}/1", kind="chat", stage=stage, messages=(message,))


def build(
    outputs: Mapping[str, Any], page: str, prompts: Mapping[str, str] | None = None
) -> af.Run:
    """A chain of stages with these outputs, and the page that its code shipped."""
    names = list(outputs)
    stages = tuple(
        af.Stage(name=name, after=tuple(names[:i]), outputs=(outputs[name],))
        for i, name in enumerate(names)
    )
    data = page.encode(errors="surrogatepass")
    shipped = af.Artefact(name="p.html", media_type="text/html", data=data)
    return af.Run(
        workflow="w",
        case="c",
        stages=stages,
        calls=tuple(call(s, text) for s, text in (prompts or {}).items()),
        artefacts=(shipped,),
    )


MUST = ["$.contact.*", "money", "quotations", "money in $.offers"]


def test_another_notation_is_no_loss() -> None:
    """A price, a telephone number and a quotation are followed as what they say."""
    run = build({"brief": BRIEF, "draft": DRAFT}, f"<p>{DRAFT}</p>")
    result = af.evaluate(run, handoff("brief", must_carry=MUST)).results[0]

    assert (result.verdict, result.examined) == ("passed", 5)


def test_the_table_says_where_each_fact_was_held_lost_or_never_given() -> None:
    """QA dropped the price that the draft still had; the artist was never given it."""
    outputs = {"brief": BRIEF, "artist": "a pump", "draft": DRAFT, "qa": "Heat pump."}
    run = build(outputs, "<p>Heat pump.</p>", {"artist": "Paint a pump."})
    evaluation = af.evaluate(run, handoff("brief", must_carry="money"))
    (finding,) = evaluation.findings
    (table, *_) = evaluation.results[0].exhibits

    assert isinstance(table, af.Table)
    assert table.columns[2:] == ("artist", "draft", "qa", "final page")
    assert table.rows[0][2:] == ("never given", "held", "lost", "lost")
    assert finding.lost_at == "qa"
    assert finding.observed == "not there, in any notation; last held by draft"


def test_a_price_inside_a_longer_one_is_not_that_price() -> None:
    """£480 does not stand in £4,800, nor £1,250 in £1,250.50."""
    run = build({"brief": {"a": "£480", "b": "£1,250"}}, "<p>£4,800, £480k, £1,250.50")
    findings = af.evaluate(run, handoff("brief", "$.a", "$.b")).findings

    assert [f.place.path for f in findings] == ["$.a", "$.b"]


def test_a_fact_that_comes_back_is_told_and_fails_on_demand() -> None:
    """A draft without the price, mended by QA, fails only with each_stage."""
    outputs = {"brief": BRIEF, "draft": "A heat pump.", "qa": "It costs £9,600."}
    run = build(outputs, "<p>It costs £9,600.</p>")
    result = af.evaluate(run, handoff("brief", must_carry="money")).results[0]
    each = handoff("brief", must_carry="money", each_stage=True)
    (finding,) = af.evaluate(run, each).findings

    assert result.ok
    assert "1 of 1 facts were lost on the way" in result.notes[0].text
    assert (finding.lost_at, finding.repaired_by) == ("draft", "qa")


def test_only_what_is_declared_fails() -> None:
    """A name that nobody declared may go; declared kinds that are absent are errors."""
    run = build({"brief": BRIEF}, "<p>9600 GBP</p>")
    assert af.evaluate(run, handoff("brief", must_carry="money")).passed
    for entry in ("dates", "$.nowhere", "money in $.contact"):
        result = af.evaluate(run, handoff("brief", must_carry=entry)).results[0]
        assert result.verdict == "error"


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("names", "names are found by guess"),
        ("prices", "neither a JSON path nor a kind of value"),
        ("money in offers", "begins with"),
        (7, "is no text"),
    ],
)
def test_what_cannot_be_declared_is_told_when_it_is_written(
    entry: Any, told: str
) -> None:
    """A wrong entry is refused at collection, with the forms that there are."""
    with pytest.raises(af.BadArgument, match=told):
        handoff("brief", must_carry=[entry])
    with pytest.raises(af.BadArgument, match="neither 'list' nor 'fail'"):
        handoff("brief", "$.a", invented="warn")  # type: ignore[call-overload,unused-ignore]


def modelled(page_phone: str, brief_phone: str = "01632 960418") -> af.Run:
    """A brief that was told the number, and a front end that was given the brief."""
    outputs = {
        "brief": {"contact": {"phone": brief_phone}},
        "front": {"contact": {"phone": page_phone}},
    }
    prompts = {"brief": "Call 01632 960418.", "front": "Write the page."}
    return build(outputs, "<p>tel: 01632 960418</p>", prompts)


def test_values_from_nowhere_are_counted_and_fail_on_demand() -> None:
    """A made up telephone number is listed, and with invented="fail" a finding."""
    run = modelled("01632 960999")
    listed = af.evaluate(run, handoff("brief", must_carry="phones")).results[0]
    failing = handoff("brief", must_carry="phones", invented="fail")
    (finding,) = af.evaluate(run, failing).findings

    assert listed.ok
    assert "1 of 2 values that nothing upstream holds" in [n.text for n in listed.notes]
    assert (finding.rule, finding.introduced_by) == ("handoff.invented", "front")


def test_two_values_under_one_name_contradict_each_other() -> None:
    """The page's number differs from that of the brief that it depends on."""
    check = handoff("brief", "$.contact.phone", contradicted="fail")
    (finding,) = af.evaluate(modelled("01632 960999"), check).findings

    assert finding.rule == "handoff.contradicted"
    assert finding.message == (
        "phone is '01632 960999' at front and '01632 960418' at brief"
    )
    assert af.evaluate(modelled("+44 1632 960418"), check).passed


def test_stages_side_by_side_do_not_contradict_each_other() -> None:
    """Two drafts made at the same time may differ."""
    run = modelled("01632 960999")
    apart = tuple(replace(stage, after=()) for stage in run.stages)
    check = handoff("brief", "$.contact.phone", contradicted="fail")

    assert af.evaluate(replace(run, stages=apart), check).passed


def test_labels_in_text_are_names_too() -> None:
    """The same label before another amount, in a stage after it, contradicts."""
    outputs = {"brief": "Price: £9,600\nTerm: 14 days", "draft": "Price: £9,900"}
    run = build(outputs, "<p>£9,600</p>")
    check = handoff("brief", must_carry="money", contradicted="fail")
    findings = af.evaluate(run, check).findings

    assert [f.message for f in findings] == [
        "price is '£9,900' at draft and '£9,600' at brief"
    ]


@pytest.mark.parametrize(
    ("name", "stage", "held"),
    [
        ("price-lost", "frontend", "personalizer"),
        ("price-lost-by-qa", "qa", "frontend"),
    ],
)
def test_planted_losses_are_found_by_kind(name: str, stage: str, held: str) -> None:
    """A price that is declared as money is found like one that is declared by path."""
    (path,) = (PLANTED / name / "build_site").glob("*.flow.json")
    check = handoff("personalizer", must_carry=["money", "quotations", "phones"])
    (finding,) = af.evaluate(af.load(path), check).findings

    assert finding.lost_at == stage
    assert finding.observed is not None
    assert finding.observed.endswith(f"last held by {held}")


def test_planted_contact_data_stands_in_nothing_upstream() -> None:
    """The made-up number and address are the personalizer's, and went on from there."""
    path = PLANTED / "invented-contact/build_site/museum.flow.json"
    check = handoff("personalizer", must_carry="money", invented="fail")
    findings = af.evaluate(af.load(path), check).findings

    assert {f.introduced_by for f in findings} == {"personalizer"}
    assert {f.propagated_through for f in findings} == {("frontend", "qa")}
    assert len(findings) == 2


def test_healthy_runs_lose_nothing_and_make_nothing_up() -> None:
    """No healthy recording of the sample is charged, whatever is declared."""
    check = handoff(
        "personalizer",
        must_carry=["$.description.contact.*", "money", "quotations", "percents"],
        invented="fail",
        contradicted="fail",
    )
    some = handoff(
        "personalizer", must_carry=["money"], invented="fail", contradicted="fail"
    )
    for case in ("bakery", "clinic", "school"):
        run = af.load(RECORDINGS / f"build_site/{case}.flow.json")
        judged = af.evaluate(run, some)
        assert judged.passed, af.failure_message(judged)
    assert af.evaluate(run, check).results[0].verdict == "error"


AMOUNTS = st.integers(13, 99_999)


@given(AMOUNTS)
def test_every_notation_of_an_amount_holds_it(amount: int) -> None:
    """Pounds with and without groups, decimals and code are one value."""
    (fact,) = facts_of(declared("money"), f"It costs £{amount:,} today")
    for text in (f"£{amount}", f"{amount} GBP", f"GBP {amount:,}", f"£{amount:,}.00"):
        assert Texts([f"<b>{text}</b> per site"]).holds(fact)


@given(AMOUNTS, AMOUNTS)
def test_another_amount_is_never_taken_for_it(one: int, other: int) -> None:
    """Two prices hold each other only if they are equal."""
    (fact,) = facts_of(declared("money"), f"£{one:,}")

    assert Texts([f"It costs £{other:,}."]).holds(fact) == (one == other)


HOSTILE = st.text(
    st.sampled_from("£€$%0129.,:;-/\\<>&\"'“”#@ \n\tabx\u00a0\u202e\ud83d")
)


@given(HOSTILE, HOSTILE)
def test_any_text_is_held_by_itself_and_never_breaks(fact: str, text: str) -> None:
    """Asking whether a text holds a fact ends in yes or no."""
    one = Fact(text=fact)
    assert Texts([text]).holds(one) in (True, False)
    assert Texts([fact]).holds(one) or not fold(readable(fact))
    run = build({"brief": {"a": fact}, "draft": text}, f"<p>{text}</p>")
    result = af.evaluate(run, handoff("brief", "$.a", invented="fail")).results[0]
    assert all("the check itself failed" not in f.message for f in result.findings)


@given(st.text())
def test_any_entry_is_declared_or_refused(entry: str) -> None:
    """Reading an entry ends in a declaration or in ValueError."""
    try:
        assert declared(entry).written == entry
    except ValueError as error:
        assert "JSON path" in str(error) or "names" in str(error)  # noqa: PT017


PLAN = {"items": [{"name": "Tea", "price": "£2"}, {"name": "Cake"}], "note": "x"}


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (
            "$.item[*].price",
            (
                "Did you mean $.items[*].price? Paths with values: "
                "$.items[*].price, $.items[*].name, $.note"
            ),
        ),
        ("$.offers[0].price", "Did you mean $.items[*].price?"),
        ("$.zzzz", "Paths with values: $.items[*].name, $.items[*].price, $.note"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_what_is_there(path: str, told: str) -> None:
    """The nearest path is named, and those that hold something."""
    run = build({"plan": PLAN, "page": "p"}, "<p>Tea</p>")
    for check in (handoff("plan", path), handoff("plan", must_carry=path)):
        (finding,) = af.evaluate(run, check).results[0].findings
        assert told in finding.message


def test_at_most_five_paths_are_listed() -> None:
    """A large output does not fill the terminal."""
    told = what_is_there("$.zz", {f"k{n}": "v" for n in range(9)})
    assert told.endswith("$.k0, $.k1, $.k2, $.k3, $.k4 and 4 more")


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    ),
    st.sampled_from(["$", "$.a", "$.a[*].b", "$['x']"]),
)
def test_any_output_is_told_in_one_sentence_or_two(output: Any, path: str) -> None:
    """Whatever a stage hands on, the repair can be named."""
    assert what_is_there(path, output)
