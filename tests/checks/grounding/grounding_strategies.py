"""Values of every type in more than one notation, for the tests of grounding."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

#: Text that looks like what models write: digits, signs, markup and escapes included.
FRAGMENTS = st.sampled_from(
    [
        "$", "€", "£", "%", " %", "1", "12", "1,234", "1.234,56", "735, 000", "122. 5",
        "1/2", "½", "3rd", "20th century",
        "2024-05-01T03:10:00Z", "03/05/2024", "May 3",
        "May 2017", "9-5pm", "noon", "8:24", "John 8:24", "Step 5", "(510) 889-8690",
        "+49 (0)30 1234567", "1-800-FLOWERS", "info@example.com", "https://x.com/a(b)",
        "www.example.com", "123 Main St.", "AB-1234", "Jane Doe", "of", "the",
        "million", "twenty-five", "hundred and", "minutes", "°F", "degrees",
        "kg", "px", "dollars",
        "cents", "pounds", "&nbsp;", "&amp;euro;", "\\u00e9", "\\n", "\\\\", "&#", "&",
        "\u00ad", "\u2009", "\u200b", "ﬁ", "**", "_", "|", "```", "<p>", "</p>", "{",
        "}", "[", "]", '"', "'", ":", ",", ".", "\n", "- ", "© 2023",
        "#003366", "\ud83d",
        "x", "-", "\u2013", "=", "+", "about", "per", "half", "http://", "@", "00",
    ]
)  # fmt: skip
NOISE = st.text(max_size=12)
TEXTS = st.lists(st.one_of(FRAGMENTS, NOISE), max_size=14).map("".join) | st.lists(
    st.one_of(FRAGMENTS, NOISE), max_size=14
).map(" ".join)

DIGITS = "0123456789"
DATES = st.dates(dt.date(1600, 1, 1), dt.date(2099, 12, 31))
#: North American numbers as people write them: area, exchange, line.
PHONES = st.from_regex(r"[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}", fullmatch=True)
EMAILS = st.from_regex(
    r"[a-z][a-z0-9]{0,8}[.]?[a-z0-9]{1,6}@[a-z][a-z0-9]{1,9}[.](com|org|de)",
    fullmatch=True,
)
WHOLE = st.integers(13, 9_999_999)
CENTS = st.integers(0, 99)


def swapped(draw: st.DrawFn, written: str) -> str:
    """Give the text with one of its digits replaced by another digit."""
    places = [i for i, sign in enumerate(written) if sign in DIGITS]
    at = draw(st.sampled_from(places))
    other = draw(st.sampled_from([d for d in DIGITS if d != written[at]]))
    return written[:at] + other + written[at + 1 :]
