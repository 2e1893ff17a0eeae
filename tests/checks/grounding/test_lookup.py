"""Looking values up: what a source supports, and what it never supports."""

from __future__ import annotations

import datetime as dt
import json
from html import escape

import pytest
from agentflow_checks.grounding.atoms import atoms
from agentflow_checks.grounding.evidence import Evidence
from agentflow_checks.grounding.lookup import look_up
from agentflow_checks.grounding.sources import Document, Index, index
from grounding_strategies import DATES, EMAILS, PHONES, TEXTS, WHOLE, swapped
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

HELD = {"supported", "rounded"}


def source(*texts: str, lang: str = "en") -> Index:
    """Index texts as documents s0, s1, ..."""
    documents = [Document(id=f"s{i}", text=text) for i, text in enumerate(texts)]
    return index(documents, lang=lang)


def evidence(known: Index, claim: str, lang: str = "en") -> list[Evidence]:
    """Look up every value of a claim."""
    return [look_up(known, atom, context=claim) for atom in atoms(claim, lang=lang)]


def statuses(known: Index, claim: str) -> list[str]:
    """Give the status of every value of a claim."""
    return [one.status for one in evidence(known, claim)]


@given(TEXTS, st.sampled_from(["en", "de", ""]))
@settings(max_examples=250)
def test_a_text_supports_itself(text: str, lang: str) -> None:
    """Every value of a text is found in that text, and the span is inside it."""
    for one in evidence(source(text, lang=lang), text, lang):
        assert one.status in HELD, one
        assert one.span is None or 0 <= one.span[0] <= one.span[1] <= len(text)


@given(TEXTS, TEXTS)
@settings(max_examples=200)
def test_looking_up_never_fails(text: str, claim: str) -> None:
    """Any claim can be held against any source."""
    for one in evidence(source(text), claim):
        assert (one.source is None) == (one.span is None)


@given(TEXTS)
@example("+\r1-800-FLOWERS")
@settings(max_examples=150)
def test_escaping_raises_no_alarm(text: str) -> None:
    """A source that went through HTML or JSON still supports its values."""
    assume("&" not in text and "\\" not in text and "\ud83d" not in text)
    for wrapped in (escape(text), json.dumps({"text": text})):
        known = source(wrapped)
        for one in evidence(known, text):
            if one.atom.type in {"email", "phone", "date", "money", "percent", "url"}:
                assert one.status in HELD, (one, wrapped)


@given(st.data(), PHONES, st.sampled_from(["{}", "+1 {}", "1-{}"]))
def test_a_swapped_digit_of_a_phone_is_never_supported(
    data: st.DataObject, phone: str, form: str
) -> None:
    """One wrong digit makes a telephone number unsupported, whatever its notation."""
    known = source(f"Telephone: {phone}.")
    other = data.draw(st.composite(swapped)(phone))
    for status in statuses(known, f"Call {form.format(other)} now"):
        assert status == "unsupported"
    assert statuses(known, f"Call {form.format(phone)} now") == ["supported"]


@given(st.data(), EMAILS)
def test_a_changed_address_is_never_supported(data: st.DataObject, email: str) -> None:
    """One wrong letter makes an e-mail address unsupported."""
    local, _, host = email.partition("@")
    other = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz0123456789"))
    at = data.draw(st.integers(1, len(local) - 1))
    changed = f"{local[:at]}{other}{local[at + 1 :]}@{host}"
    assume(changed != email)
    known = source(f"Write to {email}, please.")
    assert "supported" not in statuses(known, f"Write to {changed}, please.")
    assert statuses(known, f"Write to {email.upper()}!") == ["supported"]


@given(st.data(), DATES)
def test_a_swapped_digit_of_a_date_is_never_supported(
    data: st.DataObject, day: dt.date
) -> None:
    """One wrong digit makes a date unsupported; another notation does not."""
    known = source(f"It opened on {day:%B} {day.day}, {day.year}.")
    other = data.draw(st.composite(swapped)(day.isoformat()))
    found = evidence(known, f"It opened on {other}.")
    assert all(e.status not in HELD for e in found if e.atom.type == "date")
    assert statuses(known, f"It opened on {day.isoformat()}.") == ["supported"]


@given(st.data(), WHOLE)
def test_a_swapped_digit_of_an_exact_amount_is_never_supported(
    data: st.DataObject, amount: int
) -> None:
    """One wrong digit in an amount with cents is found; no tolerance hides it."""
    known = source(f"The price is ${amount:,}.37.")
    other = data.draw(st.composite(swapped)(f"{amount}.37"))
    (status,) = statuses(known, f"The price is ${other}.")
    assert status == "unsupported"


@pytest.mark.parametrize(
    ("text", "claim", "status"),
    [
        ("costs $1,250", "1250 dollars", "supported"),
        ("costs $1,250", "€1,250", "elsewhere"),
        ("costs $1,250", "USD 1,250.00", "supported"),
        ("one cent more", "$0.01 more", "supported"),
        ("12 percent", "12%", "supported"),
        ("a share of 0.12", "12%", "supported"),
        ("takes 12 minutes", "12%", "elsewhere"),
        ("takes 90 minutes", "1.5 hours", "supported"),
        ("bake at 350°F", "177 °C", "rounded"),
        ("bake at 350°F", "150 °C", "unsupported"),
        ("bake at 350 degrees", "350°F", "supported"),
        ("bake at 350°F", "350°C", "elsewhere"),
        ("bake at 220 °C", "425°F", "rounded"),
        ("bake at 220 °C", "421°F", "unsupported"),
        ("weighs 2.4 kg", "2 kg", "unsupported"),
        ("weighs 2.04 kg", "2 kg", "rounded"),
        ("weighs 2.04 kg", "2.0 kg", "rounded"),
        ("weighs 9.29 kg", "9.0 kg", "unsupported"),
        ("about 4,870 guests", "nearly 5,000 guests", "rounded"),
        ("about 4,870 guests", "5,000 guests", "rounded"),
        ("a share of 19%", "20%", "unsupported"),
        ("a share of 19%", "about 20%", "rounded"),
        ("since 1995", "in the 1990s", "supported"),
        ("since 1985", "in the 1990s", "unsupported"),
        ("on 2015-04-26", "in April 2015", "supported"),
        ("on April 26", "on April 26, 2015", "unsupported"),
        ("on April 26 and in 2015", "on April 26, 2015", "elsewhere"),
        ("open 9 am", "open 9:00", "supported"),
        ("open 9 am", "open 21:00", "unsupported"),
        ("open 21:00", "open at 9:00", "supported"),
        ("open 22h15", "open at 10:15", "supported"),
        ("open 9 am", "open at 9 pm", "unsupported"),
        ("write to www.example.com/a/b", "https://example.com/a", "supported"),
        ("write to www.example.com/item/12", "https://example.com/item/1", "elsewhere"),
        ("write to usps com", "usps.com", "supported"),
        ("write to example.com", "example.org", "unsupported"),
        ("+49 30 1234567", "call 030 1234567", "supported"),
        ("030 1234567", "call 0130 1234567", "unsupported"),
        ("+1 510 889 8690", "call (510) 889-8690", "supported"),
        ("id 5108898690", "call (510) 889-8690", "supported"),
        ("order AB-1234", "order AB-1235", "unsupported"),
        ("order AB 1234", "order AB-1234", "supported"),
        ("the COVID pandemic", "the COVID-19 pandemic", "elsewhere"),
        ("at 123 Main Street", "at 123 Main St.", "supported"),
        ("at 123 Main Street", "at 124 Main St.", "unsupported"),
        ("Jane Doe spoke", "we met Jane Doe yesterday", "supported"),
        ("Jane Roe spoke", "we met Jane Doe yesterday", "elsewhere"),
        ("nobody spoke", "we met Jane Doe yesterday", "unsupported"),
        ("a flat in LA", "a flat in Los Angeles now", "supported"),
        ("735, 000 people", "735,000 people", "supported"),
        ("122. 5 km", "122.5 km", "supported"),
        ("page 7", "7 cups", "unsupported"),
        ("page of 7", "7 cups", "elsewhere"),
        ("a share of 13", "13%", "supported"),
        ("in 1999", "in the 1990s", "supported"),
        ("in 2000", "in the 1990s", "unsupported"),
        ("call 510-889-8690", "the id 5108898690 here", "supported"),
        ("it has 40 rooms", "takes 40 minutes", "elsewhere"),
        ("a stay of 13 full days", "13 days", "supported"),
        ("in Los Angeles with Dodgers", "he met the LA Dodgers there", "supported"),
        ("cook 1 and 1/2 hours", "90 minutes", "supported"),
        ("pine nuts in bc?", "the pines of British Columbia now", "supported"),
        ("what is it?", "the mascot Ivan Tolstoy now", "unsupported"),
        ("with tmj pain", "the Temporomandibular Joint (TMJ) hurts", "supported"),
        ("with tmp pain", "the Temporomandibular Joint (TMJ) hurts", "unsupported"),
        ("500 kr a night", "NOK 500", "supported"),
        ("500 kr a night", "PLN 500", "elsewhere"),
    ],
)
def test_what_a_source_says_about_a_value(text: str, claim: str, status: str) -> None:
    """Notation, unit, rounding and hedging decide as a careful reader would."""
    assert statuses(source(text), claim)[0] == status


def test_the_first_source_that_holds_a_value_is_named() -> None:
    """Evidence names document and span, in the order of authority."""
    known = source("nothing", "It costs $45 a night.", "$45 again")
    (one,) = evidence(known, "Only $45.")
    assert (one.source, one.span) == ("s1", (9, 12))


def test_evidence_spans_index_the_original_of_an_escaped_source() -> None:
    """Spans point into the source as it is stored, not into its folded form."""
    text = "Price:&nbsp;&euro;&#8203;45 &amp; more"
    (one,) = evidence(source(text), "only €45")
    assert one.span is not None
    assert text[slice(*one.span)] == "&euro;&#8203;45"
