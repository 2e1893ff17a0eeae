"""What looks like a value inside JSON, markup, code and names raises no alarm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from agentflow_checks.grounding import score
from agentflow_checks.grounding.atoms import atoms

_CORPUS = json.loads(
    (Path(__file__).parent / "harmless.json").read_text("utf-8"),
)
KINDS = sorted(_CORPUS["outputs"])


def alarms(output: str, source: str) -> list[str]:
    """Give the values of an output that would fail a test."""
    return [f.text for f in score(output, source).findings if f.hard]


def test_the_corpus_has_two_hundred_strings_of_every_kind() -> None:
    """JSON, HTML, Markdown, addresses, code, Python repr, snake case and logs."""
    outputs = [output for kind in KINDS for output in _CORPUS["outputs"][kind]]
    assert len(set(outputs)) == len(outputs) == 200
    assert (
        sorted(["json", "html", "markdown", "url", "code", "repr", "snake_case", "log"])
        == KINDS
    )


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_the_source_are_quiet_in_every_wrapping(kind: str) -> None:
    """No string of the corpus raises an alarm against the source that it is about."""
    pytest.importorskip("bs4", reason="some strings are HTML")
    loud = {
        output: found
        for output in _CORPUS["outputs"][kind]
        if (found := alarms(output, _CORPUS["source"]))
    }
    assert loud == {}


@pytest.mark.parametrize("kind", ["json", "markdown", "log", "url"])
def test_the_corpus_is_not_quiet_because_nothing_is_read(kind: str) -> None:
    """Against a source that holds none of it, most strings of facts do raise one."""
    pytest.importorskip("bs4", reason="some strings are HTML")
    outputs = _CORPUS["outputs"][kind]
    loud = [output for output in outputs if alarms(output, "The lodge has a sauna.")]
    assert len(loud) >= 0.6 * len(outputs)


@pytest.mark.parametrize(
    ("code", "fact"),
    [
        ("max_tokens=4096", "costs $4,096"),
        ("<img width='640'> of it", "<img alt='640 rooms'> of it"),
        ("range(100) items", "100 items"),
        ("<!-- build 20991 --> of it", "build 20991 of it"),
        ("<style>p {gap: 77 units}</style> of it", "77 units of it"),
        ("status === 404", "404 guests"),
        ("rows[128] = 255", "128 of 255 rows"),
        ('return {"items": 50}', "return 50 items"),
        ("const limit = 250;", "the limit was 250;"),
        ("SELECT a FROM b LIMIT 50", "SELECT 50 rooms"),
        ("at 0x7f3a", "at 7300"),
        ("sha_256 sums", "256 sums"),
        ("col-md-16 cells", "16 cells"),
        ("on localhost:8000 now", "on 8000 now"),
        ("transition: opacity 300ms", "takes 300ms"),
        ("in /a?id=98765 now", "in 98765 now"),
        ("chmod 755 it", "open 755 times"),
        ("2024-05-01T03:10:00+01:45", "at 01:45"),
        ("[^14] says", "14 say"),
        ("color: #336699", "336699 colors"),
        ("hero-77.png", "hero of 77"),
        ("rgba(17, 34, 51)", "rooms 17, 34, 51"),
        ("width: 77%", "share: 77%"),
        ("height of 77%", "part of 77%"),
        ("an opacity of 77% black", "77% of rooms"),
        ("1920x1080", "1920 and 1080"),
        ("© 2021 Lodge", "since 2021 here"),
    ],
)  # fmt: skip
def test_the_same_digits_are_technical_in_code_and_facts_in_prose(
    code: str, fact: str
) -> None:
    """Every rule leaves out its own case and nothing beside it."""
    source = "On 2024-05-01 at 03:10 the lodge had a sauna."
    assert alarms(code, source) == []
    assert alarms(fact, source) != []


def test_contact_data_and_dates_inside_code_are_still_read() -> None:
    """An invented address in a call or an attribute is an invention."""
    source = "The lodge has a sauna."
    for output in (
        'send("info@example.com")',
        '<a data-mail="info@example.com">x</a> y',
        "opened(day='2024-05-01')",
        "datetime.date(2024, 5, 1)",
        "report_2024_05_01",
    ):
        assert alarms(output, source) != [], output


def test_a_source_is_read_with_its_code() -> None:
    """What a source holds in code or names supports a value all the same."""
    assert alarms("It has 4,096 rooms.", "rooms=4096") == []
    assert ("number", "4096") in {a.key for a in atoms("rooms=4096", role="source")}
