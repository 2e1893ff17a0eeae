"""Citations: what is one, what it names, and when it is no true one."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.grounding.citation_marks import Mark, marks_in, numbers_of
from agentflow_checks.grounding.citation_places import citing_parts
from agentflow_checks.grounding.citations import judge_marks
from agentflow_checks.grounding.cited_sources import CitedSource, Given
from agentflow_checks.grounding.hallucination import hallucination
from hypothesis import given, settings
from hypothesis import strategies as st

import pytest_agentflow as af

GUIDE = af.Source(
    id="guide.md",
    title="The lodge guide",
    text=(
        "Alpine Lodge has 40 rooms at 1,850 m. The lodge keeps a herb garden behind "
        "the kitchen all year."
    ),
    uri="https://guide.example/lodge",
    stage="writer",
)
PRESS = af.Source(
    id="press.md",
    title="Press notes",
    text="The chef said that every guest gets soup at four in the afternoon.",
    stage="writer",
)


#: The same, given to all stages.
EVERYBODY_S = [replace(source, stage=None) for source in (GUIDE, PRESS)]


def chat(stage: str, prompt: str, answer: str) -> af.Call:
    """Make a model call of a stage."""
    told = (af.Message(role="user", text=prompt),)
    return af.Call(
        id=f"{stage}/1", kind="chat", stage=stage, messages=told, answer=answer
    )


def run(
    output: Any,
    page: str | None = None,
    *,
    sources: Sequence[af.Source] = (GUIDE, PRESS),
    prompt: str = "Write about the lodge.",
) -> af.Run:
    """Make a run of a writer, and of a front-end stage where there is a page."""
    text = output if isinstance(output, str) else json.dumps(output)
    stages = [af.Stage(name="writer", outputs=(output,))]
    calls = [chat("writer", prompt, text)]
    artefacts = []
    if page is not None:
        stages.append(af.Stage(name="frontend", after=("writer",), outputs=(page,)))
        calls.append(chat("frontend", f"Make a page of: {text}", page))
        artefacts.append(
            af.Artefact(
                name="index.html",
                media_type="text/html",
                data=page.encode(),
                stage="frontend",
            )
        )
    return af.Run(
        workflow="build",
        case="lodge",
        stages=tuple(stages),
        calls=tuple(calls),
        sources=tuple(sources),
        artefacts=tuple(artefacts),
    )


def judged(a_run: af.Run, **arguments: Any) -> dict[str, list[af.Finding]]:
    """Judge a run; give its findings about citations by the last word of the rule."""
    found: dict[str, list[af.Finding]] = {}
    check = hallucination(claims="values", **arguments)
    for finding in af.evaluate(a_run, check).results[0].findings:
        family, _, rule = finding.rule.partition(".citation-")
        if family == "hallucination" and rule:
            found.setdefault(rule, []).append(finding)
    return found


def rules(a_run: af.Run) -> dict[str, tuple[int, int]]:
    """Give what was examined: rule about citations to (passed, examined)."""
    result = af.evaluate(a_run, hallucination(claims="values")).results[0]
    prefix = "hallucination.citation-"
    return {
        one.rule.removeprefix(prefix): (one.passed, one.examined)
        for one in result.rules
        if one.rule.startswith(prefix)
    }


def test_true_citations_of_all_forms_pass() -> None:
    """Numbers, ids, titles, entries of a list, links and quotations all resolve."""
    text = (
        'Forty rooms [1]. "Every guest gets soup at four" [press.md]. It "keeps a herb '
        'garden ... all year" (Source: The lodge guide). See [the lodge guide]'
        "(https://www.guide.example/lodge/) and the notes[^a].\n\n[^a]: Press notes\n"
    )
    assert judged(run(text)) == {}
    examined = rules(run(text))
    assert examined["exists"] == (5, 5)
    assert examined["verbatim"] == (2, 2)
    assert examined["link"] == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "Forty rooms. Dear [Your Name], see [the shop](https://shop.example/).",
        "Run `rooms[1]` or:\n```python\nx = rooms[9]\n```\nand matrix[7] = 3.",
        "Step [1], then step [7]; see figure [4] and table [9].",
        "Choose [A] or [B] on [2024-05-01] at [10:30]. Score: [8/10]. [INFO] done",
        {
            "testimonials": [
                {"quote": "We loved every minute of it", "source": "Ann Lee"}
            ]
        },
        {"references": [{"name": "Ann Lee", "url": "https://ann.example/"}]},
        "- [x] done\n- [ ] open\n![plan](plan.png) and values within [0, 100].",
        {"picture": {"source": "hero.png"}, "sources": ["camera"], "text": "Rooms."},
    ],
)
def test_what_only_looks_like_a_citation_is_none(text: Any) -> None:
    """Placeholders, code, check boxes, pictures and plain links cite nothing."""
    assert rules(run(text)) == {}


def test_nothing_cited_is_not_a_pass() -> None:
    """No rule about citations is examined where an output cites nothing."""
    assert rules(run("The lodge has 40 rooms.")) == {}


@pytest.mark.parametrize(
    ("cited", "why"),
    [
        ("[7]", "there is no source 7, but 2 sources"),
        ("[2, 9]", "there is no source 9"),
        ("[other.md]", "no source has the id other.md"),
        ("(Source: Alpine Energy Review, 2024)", "called Alpine Energy Review, 2024"),
        ("[source: https://x.example/a]", "no source has the address"),
        ("\u30109\u2020source\u3011", "there is no source 9"),
    ],
)
def test_a_source_that_is_not_there_fails(cited: str, why: str) -> None:
    """The finding names the citation, its place, why it is none, and what there is."""
    text = f"The lodge has 40 rooms [1], they say {cited}."
    (finding,) = judged(run(text))["exists"]
    assert finding.verdict is af.Verdict.FAILED
    assert why in finding.message
    assert finding.observed == cited
    assert finding.expected == "a source of this run: guide.md, press.md"
    span = finding.place.span
    assert span is not None
    assert text[slice(*span)] == cited
    assert (finding.place.line, finding.place.column) == (1, text.index(cited) + 1)
    assert finding.introduced_by == "writer"
    assert finding.fix


@pytest.mark.parametrize(
    "cited",
    [
        "(Source: guide.md, press.md)",
        "(Source: guide.md, page 4)",
        "(Sources: The lodge guide and Press notes)",
        "[guide.md, p. 4]",
        "[guide.md#rooms]",
        "[guide]",
        "[[1]](https://guide.example/lodge)",
        "(source: https://guide.example/lodge)",
        "[Source 2]",
        "[1](https://guide.example/lodge)",
    ],
)
def test_people_cite_one_source_in_many_ways(cited: str) -> None:
    """Lists, pages, anchors, endings left out and addresses all name it."""
    assert judged(run(f"The lodge has 40 rooms {cited}.")) == {}
    assert rules(run(f"The lodge has 40 rooms {cited}."))["exists"] == (1, 1)


def test_a_field_may_cite_by_the_words_themselves() -> None:
    """A snippet in place of a name is held by the source that has it."""
    snippet = "The chef said that every guest gets soup"
    assert judged(run({"citations": [snippet]})) == {}
    (finding,) = judged(run({"citations": [snippet.replace("soup", "Cake")]}))["exists"]
    assert finding.verdict is af.Verdict.UNDETERMINED


@pytest.mark.parametrize(
    "cited",
    [
        "(Source: the lodge press)",
        "(Source: our own research)",
        "[0]",
        "[16, 24]",
        "(Source: hotel website)",
        "(Source: afternoon soup)",
        "[500]",
        "[3, 4]",
    ],
)
def test_other_words_for_a_source_are_a_question(cited: str) -> None:
    """What may mean a source, or no citation at all, does not fail."""
    (finding,) = judged(run(f"The lodge has 40 rooms {cited}."))["exists"]
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_a_number_that_a_source_has_in_its_own_text_is_a_question() -> None:
    """Marks are copied along with the words of an encyclopedia."""
    wiki = replace(GUIDE, text="The lodge was built in 1911.[12]")
    (finding,) = judged(run("Built in 1911.[12]", sources=[wiki]))["exists"]
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_an_address_that_a_source_names_is_a_question() -> None:
    """The source that it leads to was not read, but it was not made up either."""
    listing = replace(GUIDE, text="See https://x.example/a for more.")
    text = "Rooms [source: https://x.example/a]."
    (finding,) = judged(run(text, sources=[listing]))["exists"]
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_a_run_without_numbered_sources_leaves_numbers_open() -> None:
    """Where nothing was retrieved, nothing says what is numbered."""
    told = af.Source(id="profile", text="Forty rooms.", kind="profile")
    (finding,) = judged(run("Forty rooms [1].", sources=[told]))["exists"]
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_a_prompt_that_numbers_its_sources_is_heeded() -> None:
    """Numbers of the prompt win over the order of the sources, also for quotations."""
    prompt = f"[3] {PRESS.title}: {PRESS.text}\n[4] {GUIDE.title}: {GUIDE.text}\nWrite."
    text = 'It says "every guest gets soup at four" [3]. Forty rooms [4].'
    assert judged(run(text, prompt=prompt)) == {}
    wrong = text.replace("[3]", "[4]")
    (finding,) = judged(run(wrong, prompt=prompt))["misattributed"]
    assert finding.expected == "a citation of press.md"


@pytest.mark.parametrize(
    ("entry", "fails"),
    [
        ("[1]: https://guide.example/lodge", False),
        ("[1] The lodge guide, https://guide.example/lodge [1]", False),
        ("[1]: https://invented.example/study", True),
        ("[1]: Journal of Mountain Hotels 12", True),
        ("## References\n1. Press notes", False),
        ("## References\n1. Journal of Mountain Hotels", True),
    ],
)
def test_an_own_list_of_sources_says_what_numbers_mean(entry: str, fails: bool) -> None:
    """A number is as good as its entry."""
    found = judged(run(f"The lodge has 40 rooms [1].\n\n{entry}\n"))
    assert bool(found.get("exists")) is fails


@pytest.mark.parametrize(
    ("quote", "cited", "rule", "source", "why"),
    [
        ("every guest gets soup at four", "[guide.md]", "misattributed", "press.md",
         "the words stand in press.md"),
        ("a herb garden at 1,850 m behind rooms", "[guide.md]", "spliced", "guide.md",
         "not in a row"),
        ("nobody ever wrote these five words", "(Source: Press notes)", "verbatim",
         "press.md", "the words stand in no source"),
    ],
)  # fmt: skip
def test_quoted_words_are_held_against_the_cited_source(
    quote: str, cited: str, rule: str, source: str, why: str
) -> None:
    """Invented, put together and misattributed quotations are findings of their own."""
    text = f'Of the lodge they say "{quote}" {cited}.'
    found = judged(run(text))
    assert set(found) == {rule}
    (finding,) = found[rule]
    assert finding.verdict is af.Verdict.FAILED
    assert why in finding.message
    span = finding.place.span
    assert span is not None
    assert text[slice(*span)] == quote
    assert finding.source is not None
    assert finding.source.path == source


def test_a_misattributed_quotation_points_into_its_true_source() -> None:
    """The offset leads to the words in the source's text, title included."""
    text = 'They say "every guest gets soup at four" [guide.md].'
    (finding,) = judged(run(text))["misattributed"]
    assert finding.source is not None
    assert finding.source.span is not None
    told = f"{PRESS.title}\n{PRESS.text}"
    assert told[slice(*finding.source.span)] == "every guest gets soup at four"


@pytest.mark.parametrize(
    "text",
    [
        'They speak of a "big red balloon" [1].',  # scare quotes
        '"Nobody ever wrote these five words." Forty rooms [1].',  # another sentence
        'Forty rooms [1]. "Nobody ever wrote these five words," he dreamt.',
    ],
)
def test_quotations_without_a_citation_are_not_held_against_one(text: str) -> None:
    """Only words of the same sentence, five or more, are credited to a citation."""
    assert judged(run(text)) == {}


def test_words_of_the_task_in_quotation_marks_are_no_quotation() -> None:
    """A quoted question is not credited to a source."""
    asked = af.Source(
        id="question", text="How many rooms are there now?", kind="profile"
    )
    text = 'To "how many rooms are there now" the guide says 40 [guide.md].'
    assert judged(run(text, sources=[GUIDE, asked])) == {}


def test_a_source_of_another_stage_was_not_given() -> None:
    """A stage that cites what only another one read is told so."""
    other = af.Source(
        id="secret.md", text="Only the front end was given this text.", stage="frontend"
    )
    (finding,) = judged(run("So it is [secret.md].", sources=[GUIDE, other]))["given"]
    assert "secret.md, which stage writer was not given" in finding.message
    assert finding.introduced_by == "writer"


@pytest.mark.parametrize(
    "prompt",
    [
        "Use secret.md.",
        "Use this: only the front end was given this text.",
    ],
)
def test_a_source_that_the_prompt_shows_was_given(prompt: str) -> None:
    """What a stage is told in its prompt it may cite, whoever retrieved it."""
    other = af.Source(
        id="secret.md", text="Only the front end was given this text.", stage="frontend"
    )
    text = "So it is [secret.md]."
    assert judged(run(text, sources=[GUIDE, other], prompt=prompt)) == {}


@pytest.mark.parametrize("stage", [None, af.UNATTRIBUTED])
def test_a_source_of_no_stage_was_given_to_all(stage: str | None) -> None:
    """What the run was given, or what nobody attributed, withholds nothing."""
    other = af.Source(id="secret.md", text="Nobody's own text.", stage=stage)
    assert judged(run("So it is [secret.md].", sources=[GUIDE, other])) == {}


def test_an_unrecorded_prompt_decides_nothing_about_what_was_given() -> None:
    """Without the prompt nobody knows what the stage was shown."""
    other = af.Source(id="secret.md", text="Only for others.", stage="frontend")
    made = run("So it is [secret.md].", sources=[GUIDE, other])
    calls = tuple(replace(call, missing=("messages",)) for call in made.calls)
    assert rules(replace(made, calls=calls)) == {"exists": (1, 1)}


def test_a_citation_that_travelled_is_charged_to_who_invented_it() -> None:
    """The page shows it, the front end passed it on, the writer brought it in."""
    page = (
        "<html lang=en><body><h1>Lodge</h1>"
        "<p>The lodge has 40 rooms [press.md]. And more [5].</p></body></html>"
    )
    (finding,) = judged(run("40 rooms [press.md]. And more [5].", page))["exists"]
    assert finding.place.artefact == "index.html"
    assert finding.place.selector == "html > body > p"
    assert finding.introduced_by == "writer"
    assert finding.propagated_through == ("frontend",)


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ("See <a href='https://x.example/'>The lodge guide</a>.", "link"),
        ("<q cite='https://guide.example/lodge'>keeps a dog</q>", "verbatim"),
        ("<blockquote cite='https://x.example/'>soup</blockquote>", "exists"),
        ("Says <cite>Journal of Mountain Hotels</cite>.", "exists"),
        ("Rooms<sup><a href='#s1'>1</a></sup> [1]<ol><li id=s1>Hotel Weekly 7</ol>",
         "exists"),
        ("Rooms [1]</p><h2>Sources</h2><ol><li>Hotel Weekly 7</ol><p>", "exists"),
    ],
)  # fmt: skip
def test_pages_cite_by_links_quotes_and_lists(body: str, rule: str) -> None:
    """HTML's own ways to cite are read, and their faults placed in the page."""
    page = f"<html lang=en><body><p>{body}</p></body></html>"
    found = judged(run("The lodge has 40 rooms.", page, sources=EVERYBODY_S))
    assert set(found) == {rule}
    assert found[rule][0].place.artefact == "index.html"
    assert found[rule][0].place.selector
    assert found[rule][0].introduced_by == "frontend"


@pytest.mark.parametrize(
    "body",
    [
        "See <a href='https://guide.example/lodge#rooms'>The lodge guide</a>.",
        "<q cite='https://guide.example/lodge'>a herb garden</q>",
        "Says <cite>Press notes</cite>.",
        "<blockquote>Lovely.<cite>Ann Lee</cite></blockquote>",
        "Rooms [1]</p><h2>Sources</h2><ol><li>The lodge guide</ol><p>",
    ],
)
def test_pages_that_cite_truly_pass(body: str) -> None:
    """Nothing is found where links, quotes and lists lead to the run's sources."""
    page = f"<html lang=en><body><p>{body}</p></body></html>"
    assert judged(run("The lodge has 40 rooms.", page, sources=EVERYBODY_S)) == {}


@pytest.mark.parametrize(
    ("output", "path", "rule"),
    [
        ({"citations": ["guide.md", "nope.md"]}, "$.citations[1]", "exists"),
        ({"citations": [1, 2, 3]}, "$.citations[2]", "exists"),
        ({"citations": [{"id": "lost-7", "quote": "a"}]},
         "$.citations[0].id", "exists"),
        ({"sources": ["guide.md", "other.md"]}, "$.sources[1]", "exists"),
        ({"facts": [{"source_id": "press.md", "quote": "a herb garden"}]},
         "$.facts[0].source_id", "misattributed"),
        ({"text": "Rooms [guide.md], soup [9]."}, "$.text", "exists"),
        ({"citations": [{"url": "https://x.example/"}]},
         "$.citations[0].url", "exists"),
    ],
)  # fmt: skip
def test_fields_that_hold_sources_are_citations(
    output: Any, path: str, rule: str
) -> None:
    """JSON values are placed by their path, whatever the form of the field."""
    for form in (output, json.dumps(output)):
        found = judged(run(form))
        assert set(found) == {rule}
        assert [finding.place.path for finding in found[rule]] == [path]


def test_the_sample_finds_a_planted_citation() -> None:
    """A source that the sample's personalizer makes up is traced to it."""
    sample = Path(__file__).parents[3] / "examples" / "website_builder" / "recordings"
    made = af.load(sample / "build_site" / "museum.flow.json")
    known, planted = "humidity", "humidity [customers/museum#9]"
    stages = tuple(
        replace(stage, outputs=tuple(json.loads(json.dumps(stage.outputs).replace(
            known, planted, 1)))) if stage.name == "personalizer" else stage
        for stage in made.stages
    )  # fmt: skip
    assert "exists" not in judged(made)
    (finding,) = judged(replace(made, stages=stages))["exists"]
    assert finding.message.endswith("no source has the id customers/museum#9")
    assert finding.introduced_by == "personalizer"


# --- the parser

hostile = st.text(
    alphabet='[]()^"`#:.,;-1029 aS\n<>/x&\u201c\u3010\u3011\u0663', max_size=120
)


@given(st.text(max_size=200) | hostile)
@settings(max_examples=300)
def test_any_text_is_read(text: str) -> None:
    """Marks are in order, disjoint and where they say; quotations are words there."""
    found = marks_in(text).marks
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    for mark in found:
        assert text[mark.start : mark.end].strip() == mark.text or '"' in mark.text
        assert mark.cites
        assert all(len(text[q.start : q.end]) == len(q.text) for q in mark.quotes)
    list(citing_parts(text))
    list(judge_marks(found, Given(sources=(CitedSource(id=text, text=text),))))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | hostile,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["citations", "source", "quote", "id", "url", "text"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_value_is_read(value: Any) -> None:
    """Fields may hold anything; what names a source keeps its path."""
    for part in citing_parts(value):
        assert all(placed.path for placed in part.marks if not isinstance(value, str))


@given(st.lists(st.integers(0, 999), min_size=1, max_size=8, unique=True))
def test_a_list_of_numbers_is_read_back(numbers: list[int]) -> None:
    """Whatever the separator, a mark cites the numbers that were written."""
    wanted = tuple(map(str, numbers))
    for separator in (",", ", ", " and ", "; ", " & "):
        assert numbers_of(separator.join(wanted)) == wanted
    if len(numbers) == 1 or 0 not in numbers:
        (mark,) = marks_in(f"So it is [{', '.join(wanted)}].").marks
        assert mark == Mark(
            text=f"[{', '.join(wanted)}]",
            kind="number",
            cites=wanted,
            start=9,
            end=11 + len(", ".join(wanted)),
        )


@pytest.mark.parametrize(
    "piece",
    ["[", "[a", "[a](b", '"a ', "(source: ", "(source: (", "[1] ", "`", "\n", " ",
     '"a b c d e f g" ', "[1]: a\n", "[%d] a\n", "Sources:\n", "Source: a", "1. a\n",
     "[a]: b [", "```\n", "\u3010"],
)  # fmt: skip
def test_hostile_texts_take_linear_time(piece: str) -> None:
    """Twelve times the text takes no more than thirty times as long."""

    def seconds(times: int) -> float:
        many = (piece % n if "%" in piece else piece for n in range(times))
        text = "".join(many)
        begun = time.process_time()
        marks_in(text)
        return time.process_time() - begun

    small = max(min(seconds(1000) for _ in range(3)), 0.002)
    assert seconds(12_000) < 30 * small
