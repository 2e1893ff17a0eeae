"""What the source of a page shows with no browser, and the cutting that it rests on."""

from __future__ import annotations

import json

import pytest
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup import page_errors_text
from agentflow_checks.markup.page_errors_fault import Fault
from agentflow_checks.markup.page_errors_scripts import json_faults, json_problem
from agentflow_checks.web.faults import word_of
from hypothesis import given
from hypothesis import strategies as st

HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>t</title></head>'
)
WHOLE = HEAD + "<body>{}</body></html>\n"

BITS = st.sampled_from(
    [
        *("<", ">", "</", "<!--", "-->", "<!", "<?", '"', "'", "=", "/", " ", "\r\n"),
        *("\r", "<p", "<script", "</script>", "<style>", "<svg>", "</svg>", "<title>"),
        *("a", "\u00e9", "<code>", "</code>", "&amp;", "<![CDATA[", "]]>", "😀"),
        *("\x85", "\ufffd", "\u00c3\u00a9"),
    ]
)
SOURCES = st.lists(BITS, max_size=30).map("".join) | st.text(max_size=60)


def faults(source: str | bytes) -> list[Fault]:
    """Judge a source alone."""
    data = source if isinstance(source, bytes) else source.encode()
    text = data.decode("utf-8", "replace")
    found = [*page_errors_text.faults(data, text), *json_faults(text)]
    return [one for one in found if isinstance(one, Fault)]


def told(source: str | bytes) -> list[tuple[str, str, str]]:
    """Give rule, verdict and place of each fault."""
    return [
        (
            one.rule.removeprefix("page."),
            str(one.verdict),
            f"{one.spot.line}:{one.spot.column}" if one.spot else "",
        )
        for one in faults(source)
    ]


@given(SOURCES)
def test_the_pieces_are_the_source(source: str) -> None:
    """Whatever a page holds, its pieces put together are the page."""
    found = sources.pieces(source)
    assert "".join(source[p.start : p.end] for p in found) == source
    assert all(p.end > p.start or not p.closed for p in found)


@given(SOURCES)
def test_every_source_is_judged(source: str) -> None:
    """No source is too broken to be judged, and each place lies in it."""
    for fault in faults(source.encode("utf-8", "replace")):
        assert fault.spot is None or fault.spot.line >= 1


@given(st.text(alphabet="a\n\r😀é", max_size=40), st.integers(0, 40))
def test_offsets_and_places_are_one(source: str, at: int) -> None:
    """A place leads back to its offset."""
    at = min(at, len(source))
    spot = sources.spot(source, at)
    assert sources.offset(source, spot.line, spot.column) == at


@given(st.text(alphabet="a😀é", max_size=20), st.integers(0, 20))
def test_columns_of_browsers_are_turned_into_characters(line: str, at: int) -> None:
    """A browser counts signs beyond the first plane twice, editors do not."""
    at = min(at, len(line))
    units = len(line[:at].encode("utf-16-le")) // 2
    found = sources.from_browser(f"x\n{line}\ny", 2, units + 1)
    assert found == sources.Spot(2, at + 1)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_what_json_writes_is_json(value: object) -> None:
    """Text that a serialiser wrote is never called broken."""
    assert json_problem(json.dumps(value)) is None


@given(st.text(max_size=30))
def test_broken_json_is_told_where_it_breaks(text: str) -> None:
    """A problem lies inside the text, and there is one where Python finds one."""
    problem = json_problem(text)
    assert problem is None or 0 <= problem[1] <= len(text)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (HEAD + "<body><main><section><p>the best serv", "truncated failed 1:120"),
        (HEAD + "<body><script>let a = 1;", "truncated failed 1:89"),
        (HEAD + "<body><!-- and so", "truncated failed 1:89"),
        (HEAD + '<body><a href="x', "truncated failed 1:89"),
        (HEAD + "<body><style>p{", "truncated failed 1:89"),
        ("<div>only a part", "truncated undetermined 1:17"),
        ("", "truncated failed "),
        ("Here it is:\n" + WHOLE, "chatter failed 1:1"),
        ("```html\n" + WHOLE, "chatter failed 1:1"),
        (WHOLE + "\n```\n", "chatter failed 3:1"),
        ("```html\n<p>x\n```", "chatter failed 1:1"),
        ("I am sorry, I cannot do that.", "chatter failed 1:1"),
        (WHOLE.format("<!-- ... rest of the page ... -->"), "placeholder failed 1:89"),
        (WHOLE.format("<p>[... rest of the content ...]"), "placeholder failed 1:92"),
        (
            WHOLE.format("<script>\n // ... rest of the code\n</script>"),
            "placeholder failed 2:2",
        ),
        (
            WHOLE.format("<style>/* ... existing styles ... */</style>"),
            "placeholder failed 1:96",
        ),
        (WHOLE.format("<p>Caf\u00c3\u00a9 \u00e2\u20ac\u2122"), "encoding failed 1:95"),
        (WHOLE.format("<p>a\x85b"), "encoding failed 1:93"),
        (WHOLE.format("<p>a\ufffdb"), "encoding failed 1:93"),
        (WHOLE.format("<p>caf\u00e9").encode("latin-1"), "encoding failed 1:95"),
        ('<meta charset="latin1"><p>caf\u00e9', "encoding failed 1:7"),
        (
            WHOLE.format('<script type="application/ld+json">{"a":\n 1,}</script>'),
            "json failed 2:4",
        ),
        (
            WHOLE.format('<script type="importmap">{"a": NaN}</script>'),
            "json failed 1:120",
        ),
    ],
)
def test_a_fault_of_the_source_is_told(source: str | bytes, expected: str) -> None:
    """One fault is one finding, with its place in the source."""
    assert [" ".join(one) for one in told(source)] == [expected]


@pytest.mark.parametrize(
    "body",
    [
        "<p>The rest of the page is about trains... and here they are.",
        "<!-- the rest of the navigation -->",
        "<pre>&lt;!-- ... rest of the code ... --> [... rest of the code ...]</pre>",
        "<svg><title>a</title><style>p{}</style></svg>",
        "<script>if (a < b) { c('</p>') }</script>",
        '<p title="a > b">x<p class=a"">y',
        "<p>S\u00c3O, \u00c2ngela, na\u00efve \u201ccaf\u00e9\u201d \u2014 \u20ac 5",
        '<script type="application/json"></script>',
        "<ul><li>one<li>two</ul><table><tr><td>1</table>",
        "<p>``` is a fence",
    ],
)
def test_good_pages_are_left_alone(body: str) -> None:
    """What only looks like a fault is none, and no question either."""
    assert told(WHOLE.format(body)) == []


def test_optional_end_tags_may_be_left_out() -> None:
    """HTML lets a page end without </p>, </body> and </html>."""
    assert told(HEAD + "<body><h1>a</h1><p>This is all") == []


@pytest.mark.parametrize(
    "body",
    [
        "<p>Mojibake such as <code>\u00c3\u00a9</code> for \u00e9",
        "<p>UTF-8 read wrongly gives \u00c3\u00a9 \u00c3\u00a8",
        '<script>fix = {"\u00e2\u20ac\u2122": "x", "\ufffd": ""}</script>',
    ],
)
def test_talking_of_wrong_signs_is_a_question_at_most(body: str) -> None:
    """A page about encodings does not fail for its examples."""
    assert {verdict for _, verdict, _ in told(WHOLE.format(body))} == {"undetermined"}


@given(st.text(alphabet="\u00e9\u00fc\u2019\u201c\u20ac😀", min_size=1))
def test_utf8_read_as_latin1_is_found(text: str) -> None:
    """Every such text that went through the wrong decoder is noticed."""
    wrong = text.encode().decode("latin-1")
    found = [rule for rule, _, _ in told(WHOLE.format(f"<p>{wrong}"))]
    assert "encoding" in found


@pytest.mark.parametrize(
    ("message", "word"),
    [
        (
            (
                "The value of the “for” attribute of the “label” element must be the "
                "ID of a non-hidden form control."
            ),
            "reference:for",
        ),
        ("The “form” attribute must refer to a form element.", "reference:form"),
        (
            (
                "The hash-name reference in attribute “usemap” referred to “n”, but "
                "there is no “map” element with a “name” attribute with that value."
            ),
            "reference:usemap",
        ),
        ("Forbidden code point U+0080.", "encoding"),
        ("Stray end tag “b”.", None),
    ],
)
def test_the_checkers_messages_have_the_same_words(
    message: str, word: str | None
) -> None:
    """What both checks report bears one word, by which it can be told once."""
    assert word_of(message) == word
