"""Atoms: what is read as a value, in which normal form, and where it stands."""

from __future__ import annotations

import datetime as dt
import json
from html import escape
from itertools import pairwise

import pytest
from agentflow_checks.grounding.atoms import atoms, normal_form
from agentflow_checks.grounding.kinds import TYPES, is_hard
from grounding_strategies import (
    CENTS,
    DATES,
    EMAILS,
    PHONES,
    TEXTS,
    WHOLE,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def found(text: str, **options: str) -> list[tuple[str, str]]:
    """Give type and normal form of every atom."""
    return [atom.key for atom in atoms(text, **options)]


@given(TEXTS, st.sampled_from(["en", "de", ""]), st.sampled_from(["claim", "source"]))
@settings(max_examples=250)
def test_reading_never_fails_and_spans_index_the_text(
    text: str, lang: str, role: str
) -> None:
    """Any text is read without error, and every span gives the atom's own text."""
    for atom in atoms(text, lang=lang, role=role):
        assert 0 <= atom.start <= atom.end <= len(text)
        assert text[atom.start : atom.end] == atom.text
        assert atom.readings
        assert all(reading.type in TYPES for reading in atom.readings)
        assert is_hard(atom) in {True, False}
        hash(atom.key)


@given(TEXTS)
@settings(max_examples=250)
def test_normal_forms_are_fixed_points(text: str) -> None:
    """The normal form of a normal form is that normal form."""
    for atom in atoms(text):
        for reading in atom.readings:
            assert normal_form(reading.type, reading.normal) == reading.normal


@given(TEXTS)
@settings(max_examples=200)
def test_values_of_a_claim_do_not_overlap(text: str) -> None:
    """No character of a claim belongs to two values, but of quotations and e-mail."""
    apart = [a for a in atoms(text) if a.type not in {"quotation", "email"}]
    for before, after in pairwise(apart):
        assert before.end <= after.start


@given(DATES)
def test_one_date_has_one_normal_form(day: dt.date) -> None:
    """ISO, English and American notations of a date read as the same date."""
    normal = ("date", day.isoformat())
    notations = [
        day.isoformat(),
        f"{day.isoformat()}T03:10:00Z",
        f"{day:%B} {day.day}, {day.year}",
        f"{day.day} {day:%B} {day.year}",
        f"{day:%b}. {day.day}, {day.year}",
        f"the {day.day}th of {day:%B} {day.year}",
    ]
    for written in notations:
        assert found(f"It opened on {written} in town.")[0] == normal, written


@given(DATES)
def test_numeric_dates_are_read_in_both_orders(day: dt.date) -> None:
    """d/m/y and m/d/y are both accepted, as far as they are possible."""
    (atom,) = atoms(f"{day.day}/{day.month}/{day.year}")
    assert day.isoformat() in {reading.normal for reading in atom.readings}
    (atom,) = atoms(f"{day.month}/{day.day}/{day.year}")
    assert day.isoformat() in {reading.normal for reading in atom.readings}


@given(WHOLE, CENTS)
def test_one_amount_has_one_normal_form(whole: int, cents: int) -> None:
    """Grouping, codes, words and trailing zeros do not change an amount of money."""
    value = f"{whole}.{cents:02d}".rstrip("0").rstrip(".")
    normal = ("money", f"USD {value}")
    for written in (
        f"${whole}.{cents:02d}",
        f"${whole:,}.{cents:02d}",
        f"USD {whole:,}.{cents:02d}",
        f"{whole}.{cents:02d} dollars",
        f"US$ {whole}.{cents:02d}",
    ):
        assert found(f"It costs {written} today.") == [normal], written


@given(WHOLE, CENTS)
def test_the_language_says_what_the_comma_is(whole: int, cents: int) -> None:
    """German decimals read like English ones when the language says so."""
    english = f"{whole:,}.{cents:02d}"
    german = english.translate(str.maketrans(",.", ".,"))
    in_german = atoms(f"{german} €", lang="de")[0].readings
    in_english = atoms(f"{english} €")[0].readings
    assert in_german[0].normal == in_english[0].normal


@given(PHONES)
def test_a_telephone_number_is_its_digits(phone: str) -> None:
    """Separators and parentheses do not change a number."""
    digits = phone.replace("-", "")
    area, exchange, line = phone.split("-")
    for written in (
        phone,
        f"({area}) {exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"{area} {exchange} {line}",
    ):
        assert found(f"Call {written} now") == [("phone", digits)], written


@given(EMAILS)
def test_an_address_survives_every_wrapping(email: str) -> None:
    """Markup, JSON, escapes and case do not change an e-mail address."""
    for written in (
        email,
        email.upper(),
        f"<a href='mailto:{email}'>{email}</a>",
        json.dumps({"mail": email}),
        f"**{email}**",
        f"`{email}`.",
        f"_{email}_,",
        escape(f'"{email}"'),
        repr({"mail": email}),
        email.replace("@", "&#64;"),
    ):
        assert ("email", email) in found(written), written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Visit https://www.Example.com:443/a/b/.", [("url", "example.com/a/b")]),
        ("(see [site](http://example.com/x))", [("url", "example.com/x")]),
        ("<https://example.com/a(b)>", [("url", "example.com/a(b)")]),
        ("go to usps.com.", [("url", "usps.com")]),
        ("open hero-example.jpg or index.html", []),
        ("open 9-5pm", [("time", "21:00"), ("time", "17:00")]),
        ("at 17:30 or 5:30 p.m.", [("time", "17:30"), ("time", "17:30")]),
        ("as John 8:24 says on a 16:9 screen", []),
        ("Step 5, passages 2 and 4, Figure 3", []),
        ("1. First\n2. Second\n3) Third", []),
        ("2. May help the heart", []),
        ("[1] and [2, 3] say so 24/7", []),
        ("in the 20th century", []),
        ("font-size: 48px; color: #003366; 2rem", []),
        ("a 1024x1024 picture, 300 dpi, 1200 pixels wide, 1080p", []),
        ("covering 100% of the viewport at an opacity of 40%", []),
        ("a size of 20 x 30 feet", [("quantity", "6.096 m"), ("quantity", "9.144 m")]),
        ("a pump of 30hp at 50psi", [("number", "30"), ("quantity", "50 psi")]),
        ("27 Harbour Row, FW4 1QT", [("address", "27 harbour row"),
                                     ("identifier", "FW4 1QT")]),
        ("As of Monday, April 24: sunny", [("date", "--04-24")]),
        ("Dear [First Name], hello", []),
        ('He read "The Great Book" with us', []),
        ("Opening Hours: we open the door with joy on each day", []),
        ("Make a plan. Incorporate HIIT into the plan.", []),
        ("We at [Company Name] say hello to all of you", []),
        ("© 2023 Example. Copyright Example 2021-2024", []),
        ("twenty-five minutes", [("quantity", "1500 s")]),
        ("1 1/2 cups", [("quantity", "0.354882355 l")]),
        ("¼-inch", [("quantity", "0.00635 m")]),
        ("10 minute walk", [("quantity", "600 s")]),
        ("10-15 minutes", [("quantity", "600 s"), ("quantity", "900 s")]),
        ("one cent", [("money", "USD 0.01")]),
        ("$1.5 million", [("money", "USD 1500000")]),
        ("$1.5-2 million", [("money", "USD 1500000"), ("money", "USD 2000000")]),
        ("£5 to 10", [("money", "GBP 5"), ("money", "GBP 10")]),
        ("350°F", [("quantity", "176.666667 °C")]),
        ("12.50 percent, 12.5 %", [("percent", "12.5%"), ("percent", "12.5%")]),
        ("ten per cent", [("percent", "10%")]),
        ("since the 1990s", [("year", "1990s")]),
        ("from 1942-1977", [("year", "1942"), ("year", "1977")]),
        ("order AB-12345 or COVID-19", [("identifier", "AB-12345"),
                                         ("identifier", "COVID-19")]),
        ("1234\u2009567 people", [("number", "1234"), ("number", "567")]),
        ("12\u202f345 people", [("number", "12345")]),
        ("at 123 N. Main St. today", [("address", "123 n main street")]),
        ("in der Hauptstr. 5", [("address", "hauptstraße 5")]),
        ("We met Jane Doe-Smith's team", [("name", "jane doe-smith")]),
        ("the Bank of America said", [("name", "bank america")]),
        ("Our Tailored Offerings For You", []),
        ("- Jane Doe, CTO from Example Corp", [("name", "jane doe"),
                                              ("name", "example corp")]),
        ("However Monday is fine", []),
        ("call 555-1234 now", [("phone", "5551234")]),
        ("between 100-1000 units", [("number", "100"), ("number", "1000")]),
        ("1-800-FLOWERS", [("phone", "18003569377")]),
        ("+49 (0)30 1234567", [("phone", "+49301234567")]),
        ("we reach 2500000 people", [("number", "2500000")]),
        ("call 5551234567", [("phone", "5551234567")]),
        ("a 500GB disk", [("quantity", "500000000000 B")]),
        ("code 1234567890123456789012", [("identifier", "1234567890123456789012")]),
        ("on 5 May and May 6", [("date", "--05-05"), ("date", "--05-06")]),
        ("on 03/05/2024 or 31.12.2024", [("date", "2024-03-05"),
                                          ("date", "2024-12-31")]),
        ("on 5-May-2024 and the 6th of May", [("date", "2024-05-05"),
                                              ("date", "--05-06")]),
        ("12:30 pm, 12:30 am, 24:00, kl. 24", [("time", "12:30"), ("time", "00:30"),
                                               ("time", "00:00"), ("time", "00:00")]),
        ("a score of 25:14", [("number", "25"), ("number", "14")]),
        ("from noon to midnight", [("time", "12:00"), ("time", "00:00")]),
        ("a 4:30 ratio", [("number", "4"), ("number", "30")]),
        ("sold 1.250.500 times", [("number", "1250500")]),
        ("takes 1 and 1/2 hours", [("quantity", "5400 s")]),
        ("takes 1 and ½ hours", [("quantity", "5400 s")]),
        ("two and a half miles", [("quantity", "4023.36 m")]),
        ("2 and a quarter hours", [("quantity", "8100 s")]),
        ("half an hour or half a million", [("quantity", "1800 s"),
                                            ("number", "500000")]),
        ("passage 2:04:00 am", [("time", "04:00")]),
        ("3 may also work, 5 mayo jars", [("number", "3"), ("number", "5")]),
        ("on 3 july and in may 2017", [("date", "--07-03"), ("date", "2017-05")]),
        ("2024-05-01/2024-11-30", [("date", "2024-05-01"), ("date", "2024-11-30")]),
        ("report_2024_05_01.txt", [("date", "2024-05-01")]),
        ("datetime.date(2024, 5, 1)", [("date", "2024-05-01")]),
        ("=WORKDAY(DATE(2024,5,1))", [("date", "2024-05-01")]),
        ("at 2024-05-01T03:10+02:00", [("date", "2024-05-01"), ("time", "03:10")]),
        ("from 14:30: tea, a ratio of 3:20:5", [("time", "14:30"), ("number", "3"),
                                                ("number", "20"), ("number", "5")]),
        ("open 9:00-17:00", [("time", "09:00"), ("time", "17:00")]),
        ("costs 1_250.50 now", [("number", "1250.5")]),
        ("Order#AB-12345", [("identifier", "AB-12345")]),
        ("logger.info(14)", []),
        ("https://anna@example.com/a", [("url", "example.com/a")]),
        ('He said "we will never sell your data to anyone"',
         [("quotation", "wewillneversellyourdatatoanyone")]),
    ],
)  # fmt: skip
def test_traps_of_notation(text: str, expected: list[tuple[str, str]]) -> None:
    """Notations that were misread once are read as people mean them."""
    assert found(text) == expected


@pytest.mark.parametrize(
    "written",
    [
        '{"day": "2024-05-01T03:10:00Z"}',
        "<time datetime='2024-05-01'>x</time>",
        "**2024-05-01**",
        "_2024-05-01_",
        "report_2024-05-01_final",
        "2024&#45;05&#45;01",
        "2024\\u002d05\\u002d01",
        "[2024-05-01](x)",
        "date=2024-05-01&x=1",
    ],
)
def test_a_date_is_read_in_every_context(written: str) -> None:
    """JSON, HTML, Markdown, snake case, escapes: an ISO date stays a date."""
    assert ("date", "2024-05-01") in found(written)


def test_a_source_is_read_inside_addresses_too() -> None:
    """A date inside a web address supports a date, though it is none in a claim."""
    text = "https://example.com/2024/05/01/news"
    assert found(text) == [("url", "example.com/2024/05/01/news")]
    assert ("date", "2024-05-01") in found(text, role="source")


def test_split_digits_keep_the_joined_reading() -> None:
    """Text from PDF files splits numbers; the joined value is one of the readings."""
    readings = {
        r.normal for atom in atoms("735, 000 and 122. 5") for r in atom.readings
    }
    assert {"735000", "122.5"} <= readings


def test_small_bare_numbers_and_quotations_are_soft() -> None:
    """Numbers up to twelve and quotations may not fail a test, a quantity may."""
    soft = {atom.text: is_hard(atom) for atom in atoms("12 of 13 took 2 hours")}
    assert soft == {"12": False, "13": True, "2 hours": True}


def test_long_texts_are_read_in_linear_time() -> None:
    """Runs that invite backtracking are read as fast as any other text of the size."""
    import time

    for piece in (
        "a" * 40,
        "1" * 40,
        "1,",
        "A ",
        "a.",
        "(1) ",
        "+1 ",
        '"',
        "&amp;",
        "-1",
    ):
        text = piece * (60_000 // len(piece))
        begin = time.process_time()
        atoms(text)
        assert time.process_time() - begin < 3, piece[:5]


@pytest.mark.parametrize(
    ("lang", "text", "expected"),
    [
        ("de", "am 3. März 2024 um 14.30 Uhr: 1.250,50 €, 12,5 Prozent, 3 Stunden",
         ["2024-03-03", "14:30", "EUR 1250.5", "12.5%", "10800 s"]),
        ("fr", "le 3 mai 2024 à 14h30 : 1 250,50 €, 12,5 pour cent, 3 heures",
         ["2024-05-03", "14:30", "EUR 1250.5", "12.5%", "10800 s"]),
        ("de", "1.250 Gäste", ["1250"]),
        ("fr", "le 1er juillet, 3 millions de visiteurs",
         ["--07-01", "3000000"]),
        ("es", "el 3 de mayo de 2024: 1.250,50 €, 12,5 por ciento, 3 horas",
         ["2024-05-03", "EUR 1250.5", "12.5%", "10800 s"]),
        ("it", "il 3 maggio 2024 alle 14:30: 1.250,50 €, 3 milioni, 5 giorni",
         ["2024-05-03", "14:30", "EUR 1250.5", "3000000", "432000 s"]),
        ("nl", "op 3 mei 2024, 9 uur: € 12,50, 12,5 procent, 3 dagen",
         ["2024-05-03", "09:00", "EUR 12.5", "12.5%", "259200 s"]),
        ("sv", "den 3 maj 2024 kl. 14.30: 1 250 kr, 12,5 procent, 3 timmar",
         ["2024-05-03", "14:30", "SEK 1250", "12.5%", "10800 s"]),
        ("pl", "3 maja 2024, godz. 14.30: 1 250,50 zł, 12,5 procent, 3 godziny",
         ["2024-05-03", "14:30", "PLN 1250.5", "12.5%", "10800 s"]),
        ("ja", "2024年5月3日 午後2時30分、1,250円、3万円、12.5パーセント、3時間",
         ["2024-05-03", "14:30", "JPY 1250", "JPY 30000", "12.5%", "10800 s"]),
        ("zh", "2024年5月3日下午2点半、1,250元、3万人、12.5%、5公里",
         ["2024-05-03", "14:30", "CNY 1250", "30000", "12.5%", "5000 m"]),
        ("zh", "5月3日和2024年5月", ["--05-03", "2024-05"]),
    ],
)  # fmt: skip
def test_values_are_read_as_their_language_writes_them(
    lang: str, text: str, expected: list[str]
) -> None:
    """Dates, hours, money, shares and quantities in ten languages."""
    assert [atom.normal for atom in atoms(text, lang=lang)] == expected


def test_a_plain_blank_parts_thousands_only_where_that_is_written() -> None:
    """The blank of "1 250" makes one number in French, two in English."""
    assert [atom.normal for atom in atoms("1 250 kg", lang="fr")] == ["1250 kg"]
    assert [atom.normal for atom in atoms("1 250 kg")] == ["1", "250 kg"]
