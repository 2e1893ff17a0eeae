"""Claims: what an output or a page states, and where each statement stands."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from agentflow_checks.grounding.claims import Claim, claims_of
from agentflow_checks.grounding.sentences import sentence_spans
from grounding_strategies import TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st

PAGE = """<!doctype html>
<html lang="en"><head><title>Alpine Lodge with 40 rooms</title>
<meta name="description" content="A lodge at 1,850 m.">
<meta property="og:title" content="Alpine Lodge">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="https://cdn.example.com/12345/site.css">
<style>.a { margin: 17px } /* call 555-123-4567 */</style>
<script type="application/ld+json">
{"@context": "https://schema.org", "@type": "Hotel", "name": "Alpine Lodge",
 "telephone": "+1 510 889 8690", "image": "x.jpg",
 "offers": [{"name": "Room", "price": 120}]}
</script></head>
<body>
<nav><ul><li><a href="/">Home</a></li><li><a href="#b">Book now</a></li></ul></nav>
<main id="top">
  <h1>Welcome</h1>
  <h2>Open since 1968, every single day of the year</h2>
  <p>Rooms cost <b>$120</b> a&nbsp;night.
     Breakfast is from 7&ndash;10am.</p>
  <p hidden>Secret price $99.</p>
  <p style="display: none">Also secret: $98.</p>
  <p>Enjoy!<br>Call us.</p>
  <ul><li>Sauna open 24/7</li><li>Skiing: 12 km of slopes</li></ul>
  <table><thead><tr><th>Room</th><th>Price</th></tr></thead>
  <tbody><tr><th>Double</th><td>$180</td></tr></tbody></table>
  <img src="a.jpg" alt="Guests at the fire in 2019">
  <blockquote>Lovely place<cite class="author">Maria Keller</cite></blockquote>
  <button>Reserve 2 nights</button>
  <form><label>Name</label><input placeholder="Your name" value="Jane Roe"></form>
  <p>Contact: <a href="mailto:info%40alpine.example?subject=x">mail</a>,
     <a href="tel:+1-510-889-8690">phone</a>
     <a href="https://social.example.com/alpine">us</a></p>
</main>
<footer><p>&copy; 2024 Alpine Lodge. All rights reserved.</p></footer>
<script>var price = "$77"; document.write("call 555-999-0000")</script>
</body></html>
"""


def page_claims() -> dict[str, Claim]:
    """Give the claims of the page by their text."""
    return {claim.text: claim for claim in claims_of(PAGE)}


@given(TEXTS)
@settings(max_examples=200)
def test_any_text_gives_claims_whose_spans_index_it(text: str) -> None:
    """No text is refused, and a claim's span gives the claim's text."""
    for claim in claims_of(text):
        assert claim.text.strip()
        if claim.span is not None and claim.path is None:
            assert text[slice(*claim.span)] == claim.text
            assert claim.line == text.count("\n", 0, claim.span[0]) + 1


@given(TEXTS)
@settings(max_examples=200)
def test_sentences_hold_all_that_is_not_blank(text: str) -> None:
    """Sentences are disjoint, in order, and lose no character but blanks."""
    spans = sentence_spans(text)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    joined = "".join(text[slice(*span)] for span in spans)
    assert "".join(joined.split()) == "".join(text.split())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=8,
)


@given(JSON)
@settings(max_examples=150)
def test_any_json_value_gives_claims_with_a_path(value: object) -> None:
    """JSON values of every shape are read, each claim with its JSON path."""
    for claim in claims_of(value):
        if not isinstance(value, str):
            assert claim.path is not None
            assert claim.path.startswith("$")


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It is 3.5 km. Dr. Smith left.", ["It is 3.5 km.", "Dr. Smith left."]),
        ("Open 9 a.m. to 5 p.m. daily.", ["Open 9 a.m. to 5 p.m. daily."]),
        ("Ask J. Doe. Now!", ["Ask J. Doe.", "Now!"]),
        ("e.g. this. And that?", ["e.g. this.", "And that?"]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
    ],
)
def test_sentence_ends(text: str, sentences: list[str]) -> None:
    """Abbreviations, initials, decimals and list markers end no sentence."""
    assert [text[slice(*span)] for span in sentence_spans(text)] == sentences


def test_markdown_gives_sentences_items_headings_and_rows() -> None:
    """Every carrier of text in Markdown is a claim of its kind, with its place."""
    text = (
        "# Menu\n\nWe are open. Come in 2024.\n\n- soup: $5\n* bread\n\n"
        "| Dish | Price |\n|---|---|\n| Soup | $5 |\n\n> quoted words stand here\n"
    )
    claims = [(c.kind, c.text, c.line, c.column) for c in claims_of(text)]
    assert claims == [
        ("heading", "Menu", 1, 3),
        ("sentence", "We are open.", 3, 1),
        ("sentence", "Come in 2024.", 3, 14),
        ("list item", "soup: $5", 5, 3),
        ("list item", "bread", 6, 3),
        ("table row", "| Soup | $5 |", 10, 1),
        ("sentence", "quoted words stand here", 12, 3),
    ]


def test_json_strings_keep_path_key_and_record() -> None:
    """A JSON value is placed by its path and bound to its key and its record."""
    text = json.dumps({"items": [{"name": "Soup", "price": "$5", "color": "#ff0000"}]})
    claims = {claim.path: claim for claim in claims_of(text)}
    assert set(claims) == {"$.items[0].name", "$.items[0].price"}
    price = claims["$.items[0].price"]
    assert (price.text, price.key, price.record) == ("$5", "price", {"soup"})


def test_pages_and_json_inside_an_answer_are_read_as_such() -> None:
    """Fences decide how their body is read; code makes no claims."""
    text = (
        'Here you are:\n```html\n<p>Only <b>$5</b></p>\n```\n```json\n{"n": 20}\n```\n'
        "```python\nprice = 99\n```\nDone well."
    )
    claims = [(c.text, c.selector, c.path, c.line) for c in claims_of(text)]
    assert claims == [
        ("Here you are:", None, None, 1),
        ("Only $5", "p", None, 3),
        ("20", None, "$.n", None),
        ("Done well.", None, None, 11),
    ]


def test_binary_and_encoded_data_say_nothing() -> None:
    """Pictures, as bytes or base64, and data addresses make no claims."""
    assert claims_of(b"\x89PNG\r\n\x1a\n\x00\xff") == ()
    assert claims_of({"image": "iVBORw0KGgo" * 90}) == ()
    assert claims_of({"image": "data:image/png;base64,AAAA"}) == ()


def test_a_page_shows_what_it_claims() -> None:
    """Text, items, headed cells, alternatives, title, description: each is a claim."""
    claims = page_claims()
    for text in (
        "Alpine Lodge with 40 rooms",
        "A lodge at 1,850 m.",
        "Rooms cost $120 a night.",
        "Breakfast is from 7\u201310am.",
        "Open since 1968, every single day of the year",
        "Skiing: 12 km of slopes",
        "Double: Price: $180",
        "Guests at the fire in 2019",
    ):
        assert claims[text].asserted, text


def test_hidden_text_code_and_technical_addresses_are_left_out() -> None:
    """Scripts, styles, hidden elements, style sheets and viewport make no claims."""
    everything = " ".join(page_claims())
    for hidden in (
        "$99",
        "$98",
        "$77",
        "555-",
        "17px",
        "cdn.",
        "width=device",
        "x.jpg",
    ):
        assert hidden not in everything


def test_menus_buttons_and_legal_lines_state_nothing_but_are_read() -> None:
    """Text that is no statement is kept, so that its values are looked up."""
    claims = page_claims()
    for text in ("Home", "Book now", "Welcome", "Reserve 2 nights", "Jane Roe"):
        assert not claims[text].asserted, text
    assert not claims["All rights reserved."].asserted


def test_structured_data_and_link_targets_are_read() -> None:
    """JSON-LD values come with their key and path; links with what they reach."""
    claims = page_claims()
    phone = claims["+1 510 889 8690"]
    assert (phone.key, phone.path, phone.kind) == (
        "telephone",
        "$.telephone",
        "structured data",
    )
    assert claims["120"].record == {"room"}
    assert "info@alpine.example" in claims
    assert "tel: +1-510-889-8690" in claims
    assert "https://social.example.com/alpine" in claims


def test_a_person_is_known_by_the_markup() -> None:
    """A cited author is bound as such, so that the name alone is looked up."""
    assert page_claims()["Maria Keller"].key == "author"


def test_places_on_a_page_lead_to_the_source() -> None:
    """Selector, line and column point at the element that shows the text."""
    slopes = page_claims()["Skiing: 12 km of slopes"]
    line = PAGE.splitlines()[slopes.line - 1]  # type: ignore[operator]
    assert line[slopes.column - 1 :].startswith("Skiing")  # type: ignore[operator]
    assert slopes.selector == "#top > ul > li:nth-of-type(2)"


def test_minified_data_is_read_and_pictures_in_base64_are_not() -> None:
    """No blank in the first hundreds of signs does not make a text a picture."""
    minified = json.dumps({f"k{i}": "$990" for i in range(60)}, separators=(",", ":"))
    assert len(claims_of(minified)) == 60
    page = "<html>" + "<b>" * 200 + "costs $990</html>"
    assert [claim.text for claim in claims_of(page)] == ["costs $990"]
    assert claims_of("iVBORw0KGgo" * 60) == ()
