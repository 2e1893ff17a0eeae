"""A fact is held where somebody sees it, and where it must be this one."""

from __future__ import annotations

import pytest
from agentflow_checks import handoff
from agentflow_checks.flow.markup import readable
from agentflow_checks.teamwork.handoff_facts import Fact
from agentflow_checks.teamwork.handoff_texts import Texts
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

PRICE = Fact(text="£4,711")


def shipped(data: object, page: str) -> af.Run:
    """A run whose first stage gave `data`, and whose page is `page`."""
    file = af.Artefact(name="p.html", media_type="text/html", data=page.encode())
    brief = af.Stage(name="brief", outputs=(data,))
    return af.Run(workflow="w", case="c", stages=(brief,), artefacts=(file,))


@pytest.mark.parametrize(
    "page",
    [
        "<!-- £4,711 --><p>x</p>",
        "<p>x</p><!-- £4,711",
        "<script>var a = '£4,711'</script><p>x",
        '<script type=\'application/ld+json\'>{"price": "£4,711"}</script><p>x',
        "<style>p::after { content: '£4,711' }</style><p>x",
        "<template><p>£4,711</p></template><p>x",
        "<p hidden>£4,711<p>x",
        "<ul><li hidden>£4,711<li>x</ul>",
        "<div style='display:none'><p>a <b>£4,711</b></p></div>x",
        "<div style='color: red; VISIBILITY : Hidden !important'>£4,711</div>x",
        "<input type='hidden' value='£4,711'><p>x",
        "<p data-price='£4,711' class='£4,711'>x",
        "<p style='--price: £4,711'>x",
        "<div hidden><img alt='£4,711'></div><p>x",
        "<p>x</p><a href='£4,711",
    ],
)
def test_what_no_reader_sees_is_not_held(page: str) -> None:
    """Comments, scripts, styles, templates, hidden elements and other attributes."""
    assert not Texts([page]).holds(PRICE)
    run = shipped({"price": "£4,711"}, page)
    assert af.evaluate(run, handoff("brief", "$.price")).results[0].verdict == "failed"


@pytest.mark.parametrize(
    "page",
    [
        "<p>£4,711",
        "<p>£<b>4,711</b></p>",
        "<p>&pound;4,711</p>",
        "<span>£4,711</span><span>a year</span>",
        "<img alt='It costs £4,711'>",
        "<meta name=description content='From £4,711'>",
        "<p title='£4,711'>x",
        "<p aria-label='£4,711'>x",
        "<input placeholder='£4,711'>",
        "<input value='£4,711'>",
        "<a href='/?q=£4,711'>x</a>",
        "<p aria-hidden='true'>£4,711</p>",
        "<p hidden>x</p>£4,711",
        "<p hidden>x<div>£4,711</div>",
        "<p hidden style='display: block'>£4,711",
        "<div style='visibility:hidden'><b style='visibility:visible'>£4,711</b></div>",
        "<input hidden><p>£4,711",
        "<svg><g hidden /><text>£4,711</text></svg>",
        "<!-- a --!><p>£4,711",
        "<!--><p>£4,711",
        "<title>A <b> £4,711</title>",
    ],
)
def test_what_a_reader_sees_or_follows_is_held(page: str) -> None:
    """Text, also in several elements, and attributes that are read or followed."""
    assert Texts([page]).holds(PRICE)


def test_an_address_in_brackets_is_text_outside_of_pages() -> None:
    """A mail's sender, Markdown's links, and a sign in a sentence are no tags."""
    mail = Fact(text="hello@fernwick.example")
    assert Texts(["Fernwick <hello@fernwick.example>"]).holds(mail)
    assert Texts(["Write<br>to <hello@fernwick.example>"]).holds(mail)
    assert not Texts(["<body>Write to <hello@fernwick.example>"]).holds(mail)
    assert Texts(["a <b and £4,711"]).holds(PRICE)


def test_a_model_reads_the_comments_of_its_prompt() -> None:
    """What a stage was given counts in full, what it gives as its reader sees it."""
    assert Texts(["<p>x</p><!-- £4,711 -->"], in_full=True).holds(PRICE)


def test_an_open_comment_in_one_value_hides_no_other_value() -> None:
    """Values of a JSON output are read one by one."""
    stages = (
        af.Stage(name="brief", outputs=({"price": "£4,711"},)),
        af.Stage(
            name="draft", after=("brief",), outputs=({"a": "<p><!--", "b": "£4,711"},)
        ),
    )
    run = af.Run(workflow="w", case="c", stages=stages)
    assert af.evaluate(run, handoff("brief", "$.price", to="draft")).passed


def test_facts_of_one_value_are_held_as_often_as_it_stands() -> None:
    """Two offers at £480: a page that says it once held one of them, and not which."""
    data = {"offers": [{"price": "£480"}, {"price": "£480"}]}
    check = handoff("brief", "$.offers[*].price")
    results = [
        af.evaluate(shipped(data, page), check).results[0]
        for page in ("<p>£480</p><p>480 GBP</p>", "<p>£480</p>", "<p>x</p>")
    ]

    assert [r.verdict for r in results] == ["passed", "undetermined", "failed"]
    assert results[1].undetermined == 2
    assert "2 facts have this value" in results[1].findings[0].why


def test_one_fact_declared_twice_is_no_second_fact() -> None:
    """The same path by two entries need not stand twice."""
    data = {"offers": [{"price": "£480"}]}
    check = handoff("brief", "$.offers[*].price", "$.offers[0].price")
    assert af.evaluate(shipped(data, "<p>£480</p>"), check).passed


@pytest.mark.parametrize(
    ("page", "verdict"),
    [
        ("<p>It has 4 rooms.</p>", "passed"),
        ("<p>Four bright rooms</p>", "passed"),
        ("<p>Rooms: 4</p>", "passed"),
        ("<p>Open until 4.</p>", "undetermined"),
        ("<p>Step four, and rooms</p>", "undetermined"),
        ("<p>14 rooms, 4,000 guests</p>", "failed"),
        ("<p>rooms</p>", "failed"),
    ],
)
def test_a_small_number_counts_beside_what_it_counts(page: str, verdict: str) -> None:
    """A bare 4 stands in any page; with its noun it is the fact."""
    run = shipped({"rooms": 4}, page)
    assert af.evaluate(run, handoff("brief", "$.rooms")).results[0].verdict == verdict


WORDS = st.text("abcdef £0123456789,.", min_size=1)


@given(WORDS, WORDS)
def test_hiding_an_element_hides_its_text_and_no_more(secret: str, said: str) -> None:
    """What stands before and after a hidden element is read as it was."""
    hidden = f"<div hidden>{secret}<p>{secret}</div>"
    assert readable(f"<p>{said}</p>{hidden}<p>{said}").split() == (said.split() * 2)
