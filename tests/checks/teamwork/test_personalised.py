"""A page fits its own customer better than all others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from agentflow_checks import personalised
from agentflow_checks.teamwork.personalised_fit import Portrait, fit_of, portrait_of
from agentflow_checks.teamwork.personalised_terms import idf, share, terms_of
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[3]
RECORDINGS = ROOT / "examples/website_builder/recordings"
PROFILES = {
    "bakery": "A bakery in Millgate with three deck ovens, baking at night since 1952.",
    "hotel": "A seafront hotel in Cleaver Bay: 48 rooms, breakfast, and a laundry.",
    "school": "A primary school in Ashgrove with 387 pupils and a cold assembly hall.",
}


def save(folder: Path, case: str, brief: str, page: str) -> af.Run:
    """A run of one customer: its profile as input, a brief, a page."""
    html = f"<h1>{page}</h1>".encode()
    call = af.Call(id="brief/1", kind="chat", stage="brief", answer=brief)
    wrote = af.Call(id="front/1", kind="chat", stage="front", answer=page)
    run = af.Run(
        workflow="w",
        case=case,
        inputs={"profile": PROFILES.get(case, "")},
        calls=(call, wrote),
        stages=(
            af.Stage(name="brief", outputs=(brief,)),
            af.Stage(name="front", after=("brief",)),
        ),
        artefacts=(
            af.Artefact(
                name="p.html", media_type="text/html", data=html, stage="front"
            ),
        ),
    )
    path = folder / "w" / f"{case}.flow.json"
    af.save(run, path)
    return af.load(path)


def save_all(folder: Path, pages: Mapping[str, str]) -> dict[str, af.Run]:
    """Runs of the three customers; each page says its own profile, or another text."""
    return {
        case: save(folder, case, text, pages.get(case, f"Welcome. {text}"))
        for case, text in PROFILES.items()
    }


def failing(run: af.Run, check: af.Check) -> list[af.Finding]:
    """What makes the check fail."""
    return [f for f in af.evaluate(run, check).findings if f.fails]


def test_own_pages_pass(tmp_path: Path) -> None:
    """A page that carries its own profile is that customer's."""
    for run in save_all(tmp_path, {}).values():
        result = af.evaluate(run, personalised("w/*", min_others=2)).results[0]
        assert [(r.rule, r.verdict.value) for r in result.rules] == [
            ("personalised", "passed"),
            ("personalised.swap", "passed"),
        ]


def test_a_page_in_other_words_for_another_customer_is_found(tmp_path: Path) -> None:
    """No five words are shared; it fits the hotel all the same, from the front end on.

    The brief was the school's.
    """
    told = "Rooms, 48 of them; laundry; breakfast; Bay of Cleaver; a hotel; seafront"
    run = save_all(tmp_path, {"school": told})["school"]
    (finding,) = failing(run, personalised("w/*", min_others=2))

    assert (finding.rule, finding.introduced_by) == ("personalised.swap", "front")
    assert finding.message == "the page fits hotel better than school"


def test_a_page_for_nobody_fails(tmp_path: Path) -> None:
    """A page that carries nothing of its profile fits every other one as well."""
    run = save_all(tmp_path, {"bakery": "We save energy for everybody."})["bakery"]
    (finding,) = failing(run, personalised("w/*", min_others=2))

    assert "as well as bakery" in finding.message


def test_the_share_that_is_carried_is_listed_and_limited(tmp_path: Path) -> None:
    """Without min_carried= the shares are listed; with it the losing stage is named."""
    page = "A bakery in Millgate that is baking"
    run = save_all(tmp_path, {"bakery": page})["bakery"]
    listed = af.evaluate(run, personalised("w/*", min_others=2)).results[0]
    (table,) = listed.exhibits
    (finding,) = failing(run, personalised("w/*", min_carried=0.9, min_others=2))

    assert isinstance(table, af.Table)
    assert listed.ok
    assert [row[0] for row in table.rows] == ["brief", "front", "final page"]
    assert table.rows[0][1] == "100%"
    assert (finding.rule, finding.lost_at) == ("personalised.carried", "front")


def undetermined(run: af.Run, check: af.Check) -> list[str]:
    """What is left as a question."""
    found = af.evaluate(run, check).findings
    return [f.message for f in found if f.verdict is af.Verdict.UNDETERMINED]


def test_what_cannot_be_told_is_left_open(tmp_path: Path) -> None:
    """No profile, a twin: each leaves the swap test undecided."""
    runs = save_all(tmp_path, {})
    nobody = save(tmp_path, "nobody", "brief", "A page of words that nobody shares")
    (empty,) = undetermined(nobody, personalised("w/*"))
    twin = replace(runs["hotel"], case="annex")
    (same,) = undetermined(twin, personalised("w/*"))

    assert "too few words and values" in empty
    assert same.endswith("all that is known of annex is true of hotel, too")


@pytest.mark.parametrize(
    ("others", "chance"), [("w/hotel", "1 of 2 cases"), ("w/*", "1 of 3 cases")]
)
def test_few_others_are_no_pass(tmp_path: Path, others: str, chance: str) -> None:
    """Nobody's page is copied, and the test does not pass unless luck is accepted."""
    run = save_all(tmp_path, {})["school"]
    result = af.evaluate(run, personalised(others)).results[0]
    (why,) = undetermined(run, personalised(others))
    accepted = personalised(others, min_others=int(chance[5]) - 1)

    assert (result.verdict, result.ok) == ("undetermined", False)
    assert chance in why
    assert "19 others are needed, of whom that is 1 in 20" in why
    assert af.evaluate(run, accepted).passed
    assert af.evaluate(run, personalised(others).optional()).passed
    with pytest.raises(af.BadArgument, match="at least one other"):
        personalised(others, min_others=0)


def test_another_customers_page_fails_beside_few_others(tmp_path: Path) -> None:
    """That another one fits better is told whatever their number."""
    told = "Rooms, 48 of them; laundry; breakfast; Bay of Cleaver; a hotel; seafront"
    run = save_all(tmp_path, {"school": told})["school"]
    (finding,) = failing(run, personalised("w/hotel"))

    assert finding.message == "the page fits hotel better than school"


def test_the_profile_may_be_named(tmp_path: Path) -> None:
    """By JSON path, and what names nothing is an error."""
    runs = save_all(tmp_path, {})
    assert af.evaluate(
        runs["hotel"], personalised("w/*", min_others=2, profile="$.profile")
    ).passed
    wrong = af.evaluate(runs["hotel"], personalised("w/*", profile="$.customer"))
    assert wrong.results[0].verdict == "error"
    for argument in ("<customer", "$customer"):
        with pytest.raises(af.BadArgument):
            personalised("w/*", profile=argument)


def test_sections_of_a_prompt_may_be_the_profile() -> None:
    """The sample's customer sentence stands between tags of the first prompt."""
    run = af.load(RECORDINGS / "build_site/hotel.flow.json")
    check = personalised("build_site/*", min_others=5, profile="<customer>")

    assert af.evaluate(run, check).passed


@pytest.mark.parametrize("workflow", ["build_site", "build_site_single"])
@pytest.mark.parametrize("case", ["bakery", "hotel", "school"])
def test_the_samples_own_pages_fit_best(workflow: str, case: str) -> None:
    """No healthy page of the sample fits another customer; each carries half."""
    run = af.load(RECORDINGS / f"{workflow}/{case}.flow.json")
    judged = af.evaluate(
        run, personalised(f"{workflow}/*", min_carried=0.45, min_others=5)
    )

    assert judged.passed, af.failure_message(judged)
    assert judged.results[0].undetermined == 0


def test_the_planted_copy_is_traced_by_fit_and_by_words() -> None:
    """Both tests name the clinic, and the personalizer whose plan it was."""
    path = ROOT / "fixtures/planted/same-page/build_site/school.flow.json"
    run = replace(af.load(path), folder=RECORDINGS)
    found = failing(run, personalised("build_site/*"))

    assert {f.rule for f in found} == {"personalised", "personalised.swap"}
    assert {f.introduced_by for f in found} == {"personalizer"}
    assert all("clinic" in f.message for f in found)


GROWN = ROOT / "fixtures/grown/recordings"


def with_page_of(run: af.Run, other: af.Run) -> af.Run:
    """The run of one customer that shipped what was made for another."""
    kept = [a for a in run.artefacts if a.media_type != "text/html"]
    pages = [a for a in other.artefacts if a.media_type == "text/html"]
    return replace(run, artefacts=(*kept, *pages))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("aldersea-inn", "gullhaven-guest-house"),
        ("farrowgate-museum", "hexley-creamery"),
    ],
)
def test_the_grown_sample_shows_all_three(first: str, second: str) -> None:
    """Own page PASS, another's (of the same trade, too) FAIL, one other left open."""
    run, other = (
        af.load(GROWN / f"build_site/{case}.flow.json") for case in (first, second)
    )
    check = personalised("build_site/*")
    own = af.evaluate(run, check).results[0]
    found = failing(with_page_of(run, other), check)

    assert (own.verdict, own.undetermined) == ("passed", 0)
    assert {f.rule for f in found} == {"personalised", "personalised.swap"}
    assert {f.introduced_by for f in found} == {"frontend"}
    assert all(second in f.message for f in found)
    assert undetermined(run, personalised(f"build_site/{second}")) != []


def test_every_page_of_the_grown_sample_is_known_by_its_fit() -> None:
    """Each of 30 pages fits its own best; a neighbour's page is named as that."""
    paths = af.find_recordings(GROWN, "build_site/*")
    known = [portrait_of(af.load(path), None) for path in paths]
    for one, neighbour in zip(known, [*known[1:], known[0]], strict=True):
        others = tuple(other for other in known if other is not one)
        fits, given = fit_of(one, others), replace(one, page=neighbour.page)
        assert fits.best_rival()[1] < (fits.share(one, one.page) or 0.0) - 0.1
        assert fit_of(given, others).best_rival()[0] == neighbour


TERMS = st.frozensets(st.tuples(st.just("word"), st.sampled_from("abcdefgh")))


def portrait(name: str, terms: frozenset[tuple[str, str]]) -> Portrait:
    """A customer of whom these terms are known, and whose page says them."""
    return Portrait(
        id=name,
        case=name,
        profile=terms,
        research=frozenset(),
        page=terms,
        shingles=frozenset(),
    )


@given(TERMS, TERMS, TERMS)
def test_a_page_of_ones_own_profile_is_never_beaten(
    mine: frozenset[tuple[str, str]],
    other: frozenset[tuple[str, str]],
    third: frozenset[tuple[str, str]],
) -> None:
    """Who carries all of the own profile fits it with 1; nobody fits better."""
    fits = fit_of(portrait("a", mine), (portrait("b", other), portrait("c", third)))
    own = fits.share(fits.mine, mine)
    assert own is None or own == pytest.approx(1)
    assert fits.best_rival()[1] <= 1


@given(TERMS, TERMS, TERMS, TERMS)
def test_swapping_customers_swaps_their_fits(
    mine: frozenset[tuple[str, str]],
    other: frozenset[tuple[str, str]],
    third: frozenset[tuple[str, str]],
    page: frozenset[tuple[str, str]],
) -> None:
    """How well a page fits a customer does not depend on whose page it is."""
    a, b, c = portrait("a", mine), portrait("b", other), portrait("c", third)
    one, two = fit_of(a, (b, c)), fit_of(b, (c, a))

    for customer in (a, b, c):
        first, second = one.share(customer, page), two.share(customer, page)
        assert first == (None if second is None else pytest.approx(second))


@given(st.lists(TERMS, min_size=1, max_size=5))
def test_what_all_customers_share_weighs_nothing(
    known: list[frozenset[tuple[str, str]]],
) -> None:
    """Weights are positive but for what every customer has."""
    weights = idf(known)
    everywhere = frozenset.intersection(*known)

    assert all((weights[t] == 0) == (t in everywhere) for t in weights)
    assert all(share(k, k, weights) in (None, pytest.approx(1)) for k in known)


@given(st.text())
def test_any_text_has_terms(text: str) -> None:
    """Terms are found in whatever text, and repeating the text finds no others."""
    assert terms_of(text) <= terms_of(f"{text}\n\n{text}")
