"""One fault that several rules find is told once; fingerprints outlive a recording."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.model.fault import cause_of, same_faults
from pytest_agentflow.model.finding import shape


def found(rule: str, fault: str | None = "alt", **more: object) -> af.Finding:
    """Give a finding of a rule about the picture in line 3."""
    spot = {"artefact": "a.html", "line": 3, "column": 1}
    place = af.Place(**{**spot, **more.pop("at", {})})  # type: ignore[dict-item]
    return af.Finding(rule=rule, message="no alt", fault=fault, place=place, **more)  # type: ignore[arg-type]


def test_rules_that_name_one_fault_on_one_spot_are_told_once() -> None:
    """The first is told, the other is named with it and not told itself."""
    ours, theirs = found("a11y.image-alt"), found("html.source")
    faults = same_faults([ours, theirs])

    assert faults.also(ours) == (theirs,)
    assert faults.within(theirs) is ours
    assert list(faults.told([ours, theirs])) == [ours]


def test_what_stands_elsewhere_or_has_no_word_is_told_itself() -> None:
    """Another line, artefact, stage or fault, and none at all: nothing is merged."""
    findings = [
        found("a"),
        found("b", at={"line": 4}),
        found("c", at={"artefact": "b.html"}),
        found("d", at={"stage": "qa"}),
        found("e", fault="role"),
        found("f", fault=None),
        found("g", fault=None),
    ]
    assert same_faults(findings).merged == ()


def test_selectors_place_what_has_no_line_and_pages_have_some_faults_once() -> None:
    """Of two places of a page's title one tells; an element needs the same selector."""
    nowhere = {"line": None, "column": None}
    one = found("a", at={**nowhere, "selector": "img"})
    same = found("b", at={**nowhere, "selector": "img"})
    other = found("c", at={**nowhere, "selector": "p"})
    head, page = found("d", "page:title"), found("e", "page:title", at={"line": 9})

    merged = same_faults([one, same, other, head, page]).merged
    assert [(m.told.rule, m.also[0].rule) for m in merged] == [("a", "b"), ("d", "e")]


def test_what_fails_is_told_before_what_asks_and_what_is_waived() -> None:
    """A question that another check decides is no question any more."""
    asks = found("a", verdict=af.Verdict.UNDETERMINED, severity=af.Severity.CRITICAL)
    waived = found("b", status="waived")
    fails = found("c", severity=af.Severity.INFO)

    faults = same_faults([asks, waived, fails])
    assert faults.merged[0].told is fails
    assert faults.also(fails) == (asks, waived)


words = st.sampled_from(("alt", "role", "page:title", None))
some = st.lists(
    st.builds(
        found,
        st.sampled_from("abc"),
        words,
        verdict=st.sampled_from([af.Verdict.FAILED, af.Verdict.UNDETERMINED]),
        status=st.sampled_from(("new", "known", "waived", "expired")),
        at=st.fixed_dictionaries({"line": st.sampled_from((None, 1, 2))}),
    ),
    max_size=9,
)


@given(some)
def test_nothing_is_lost_and_nothing_told_twice(findings: list[af.Finding]) -> None:
    """Each is told, or named with one that is told; those of one rule stay apart."""
    faults = same_faults(findings)
    told = list(faults.told(findings))
    named = [other for one in told for other in faults.also(one)]

    assert sorted(map(id, told + named)) == sorted(map(id, findings))
    for one in told:
        rules = [one.rule, *(other.rule for other in faults.also(one))]
        assert len(set(rules)) == len(rules)
        assert all(other.fault == one.fault for other in faults.also(one))
    failing = any(f.fails for f in findings)
    assert any(f.fails for f in told) == failing


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12).map(
    lambda t: t.replace("<", "").replace(">", "").replace('"', "").replace("\x00", "")
)
names = st.text(string.ascii_letters, min_size=1, max_size=12)


def anchor(said: str, name: str, number: int) -> str:
    """Give the same link of a template for another customer."""
    return (
        f'<a class="nav card-{number}" href="/{name}?n={number}" title="{name}" '
        f'style="order: {number}">\n  {said} {name}</a>'
    )


def link(said: str, name: str, number: int) -> af.Finding:
    """Give a finding about it, with all that changes from recording to recording."""
    return af.Finding(
        rule="a11y.link-name",
        message="Element has no name",
        evidence=anchor(said, name, number),
        observed=anchor(said, name, number),
        fix="Put words inside.",
        place=af.Place(
            stage="frontend",
            artefact="index.html",
            line=number + 1,
            column=number + 1,
            selector=f'li:nth-child({number}) > a[title="{name}"]',
            box=(number, number, number, number),
        ),
    )


links = st.tuples(text, names, st.integers(0, 999))


@given(links, links)
def test_another_customer_or_recording_changes_no_fingerprint(
    here: tuple[str, str, int], there: tuple[str, str, int]
) -> None:
    """Text, names, addresses, styles, order and lines count neither here nor there."""
    one, other = link(*here), link(*there)
    assert one.fingerprint == other.fingerprint
    assert cause_of(one) == cause_of(other)


@given(text.filter(str.strip))
def test_white_space_changes_no_fingerprint(said: str) -> None:
    """A text that was laid out anew is the same evidence."""
    laid = af.Finding(rule="r", message="m", evidence=f"  {said}\n\t{said} ")
    plain = af.Finding(rule="r", message="m", evidence=f"{said} {said}")
    assert laid.fingerprint == plain.fingerprint


def test_another_element_rule_stage_or_state_is_another_fingerprint() -> None:
    """What a template gives an element tells it from the others of its rule."""
    place = af.Place(stage="a")
    markup = ("<a>x</a>", "<b>x</b>", '<a class="nav">', '<a id="top">', "<a download>")
    prints = {
        af.Finding(rule="r", message="m", evidence=m, place=place).fingerprint
        for m in markup
    }
    others = [
        af.Finding(rule="s", message="m", evidence="<a>", place=place),
        af.Finding(rule="r", message="m", evidence="<a>", place=af.Place(stage="b")),
        af.Finding(
            rule="r",
            message="m",
            evidence="<a>",
            place=af.Place(stage="a", state="dark"),
        ),
    ]
    prints |= {finding.fingerprint for finding in others}
    assert len(prints) == len(markup) + len(others)


@given(st.text(max_size=60) | st.text("<>ab=\"' /-", max_size=30))
def test_every_text_has_a_shape(markup: str) -> None:
    """Whatever was recorded is reduced, and what is no element has no shape."""
    reduced = shape(markup)
    assert reduced.startswith("<") or reduced == ""
    assert bool(reduced) <= markup.lstrip().startswith("<")


def test_colours_tell_causes_apart_and_names_do_not() -> None:
    """One pair of colours on many pages is one cause, another pair another."""

    def contrast(seen: str, name: str) -> af.Finding:
        return af.Finding(
            rule="c", message="m", observed=seen, evidence=f"<p class=x>{name}</p>"
        )

    grey, again = (
        contrast("2:1, #999 on #fff", "Ada"),
        contrast("2:1, #999 on #fff", "B"),
    )
    assert cause_of(grey) == cause_of(again)
    assert cause_of(grey) != cause_of(contrast("3:1, #888 on #fff", "Ada"))
