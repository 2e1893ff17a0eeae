"""What holds for every policy, text and run."""

from __future__ import annotations

import json
import re
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from agentflow_checks.policies.case import open_case
from agentflow_checks.policies.document import BadPolicy, parse_document
from agentflow_checks.policies.masking import mask, token
from agentflow_checks.policies.patterns import Explosive, compile_pattern, search
from agentflow_checks.policies.policy import policy
from agentflow_checks.policies.rules import HEAD_KEYS, VERBS, read_policy
from agentflow_checks.policies.selector import KEYS, KINDS
from agentflow_checks.policies.texts import readable
from agentflow_checks.policies.urls import is_allowed, links
from agentflow_checks.policies.values import FORMS, Value, sightings, trace
from hypothesis import assume, example, given
from hypothesis import strategies as st
from policy_runs import policy_file

import pytest_agentflow as af

WORDS = ("guaranteed", "sea", "price", "not", "hotel")

junk = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 9), st.text(max_size=6), st.dates()
)
keys = st.sampled_from(
    [
        *(*VERBS, *HEAD_KEYS, *KEYS),
        *("terms", "regex", "in", "unless", "near", "when", "on", "yes", "x"),
        *("models", "urls", "first", "then", "same", "within", "count", "of", "per"),
        *("from", "to", "match", "fields", "identifiers", "rules", "waivers"),
    ]
)
words = st.sampled_from([*WORDS, *KINDS, "(a+)+", "[", "a*", "args.x", "{input}"])
values = st.recursive(
    st.one_of(junk, words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=12,
)
rules = st.fixed_dictionaries(
    {"id": st.one_of(words, junk)},
    optional={verb: st.dictionaries(keys, values, max_size=4) for verb in VERBS},
)


def read(text: str) -> object:
    """Read a policy, or tell whether the one error for readers names the file."""
    try:
        return read_policy(parse_document(text, "p.yaml"))
    except BadPolicy as error:
        return str(error).startswith("p.yaml")


@given(st.text())
@example("rules: &a [*a]")
@example("a: &x [*x, *x]")
@example("rules: [" * 60)
@example("? [a]\n: b")
@example("rules: !!python/object:os.system x")
@example("\x00")
@example("rules:\n- {id: a, at_most: {count: !!int 'x', of: {kind: model}}}")
def test_any_text_is_a_policy_or_a_clear_error(text: str) -> None:
    """Whatever the file holds, reading it ends in a policy or in one clear error."""
    assert read(text)


@given(
    st.fixed_dictionaries(
        {"rules": st.lists(rules, max_size=3)},
        optional={"waivers": values, "version": junk, "salt": junk},
    )
)
def test_any_structure_is_a_policy_or_a_clear_error(data: dict[str, Any]) -> None:
    """Any nesting of known and unknown keys is read or refused, never a traceback."""
    assert read(yaml.safe_dump(data))


@given(st.text(st.characters(codec="ascii", exclude_characters="<"), max_size=200))
def test_text_without_markup_reads_as_itself(text: str) -> None:
    """ASCII text without tags stays as it is, and spans stay where they are."""
    seen = readable(text)
    assert seen.text == text
    assert seen.origin(0, len(text)) == (0, len(text))


TAGS = ("<p>", "</p>", "<b>", "</b>", "<!--", "-->", "<script>", "</script>", "<style>")
SIGNS = ("<a href='", "'>", "&amp;", "&shy;", "&#101;", "<", ">", "&", '"', " = ", "</")
ODD = ("alt='x y'", "</style>", "\u00ad", "\u200b", "\ufb01", "e\u0301")
fragments = st.one_of(
    st.sampled_from([*TAGS, *SIGNS, *ODD]), st.sampled_from(WORDS), st.text(max_size=5)
)


@given(st.lists(fragments, max_size=30).map("".join))
@example("<p>a</p>" + "<a '" * 50)
def test_spans_of_readable_text_lie_in_the_written_text(written: str) -> None:
    """Every word a reader sees can be traced to a place of the source."""
    seen = readable(written)
    for match in re.finditer(r"\w+", seen.text):
        start, end = seen.origin(*match.span())
        assert 0 <= start < end <= len(written)
        if match[0] in WORDS and "&" not in written[start:end]:
            kept = re.sub(r"<[^>]*>|[\u00ad\u200b]", "", written[start:end])
            assert match[0] in kept or kept == match[0]


def test_hostile_pages_are_read_in_linear_time() -> None:
    """Pages made to slow a parser down are read within seconds."""
    began = time.perf_counter()
    for part in ("<a '", "<!--", "<script>", "&#", "<p alt=", "=''", "</", "<p a=\"'"):
        readable("<p>" + part * (400_000 // len(part)))
        list(links("<p>" + part * (400_000 // len(part))))
    assert time.perf_counter() - began < 20


atoms = st.sampled_from(["a", "b", "[ab]", "a?", ".", r"\w", "a+", "b*", "a{1,3}"])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda p: f"(?:{p[0]}|{p[1]})"),
        inner.map(lambda p: f"(?:{p})*"),
        inner.map(lambda p: f"(?:{p})+"),
        inner.map(lambda p: f"(?:{p}){{2,20}}"),
    ),
    max_leaves=5,
)


@given(patterns)
@example("(?:(?:a|b)*)c")
def test_accepted_patterns_do_not_explode(source: str) -> None:
    """What is not refused searches a text made to make it backtrack in no time."""
    try:
        pattern = compile_pattern(f"(?:{source})c")
    except Explosive:
        return
    began = time.perf_counter()
    for text in ("a" * 26 + "d", "ab" * 13 + "d", "aab" * 9 + "d"):
        search(pattern, text)
    assert time.perf_counter() - began < 3


@given(st.text(min_size=4, max_size=40), st.sampled_from(FORMS))
def test_masks_hide_the_inside_of_values(value: str, form: str) -> None:
    """A mask shows one character of each part, and tokens differ by salt."""
    shown = mask(value)
    for word in shown.split():
        assert len(word.replace("***", "").replace("@", "")) <= 2
    assert (
        token(value, form) == token(value.upper().lower(), form) or not value.isascii()
    )
    assert token(value, "a") != token(value, "b")


names = st.text("abcdefghij äöé", min_size=4, max_size=20).map(str.strip)


@given(names, st.text("xyz. ", max_size=10), st.sampled_from([str.upper, str.lower]))
def test_values_are_found_in_any_case(name: str, around: str, change: Any) -> None:
    """A value that stands on its own is found, whatever its case."""
    assume(len(name) >= 4)
    looked = trace(Value(text=name, name="n"), ("casefold",))
    assert looked is not None
    text = f"{around} {change(name)} {around}"
    assert any(True for _ in sightings(looked, text))


@given(st.integers(10**8, 10**10), st.sampled_from([" ", "-", "/", ") ", "", "."]))
def test_digits_are_found_whatever_separates_them(number: int, sign: str) -> None:
    """A number is found when its digits stand in a row, and not within a longer one."""
    looked = trace(Value(text=str(number), name="phone"), ("digits",))
    assert looked is not None
    spread = sign.join(str(number))
    assert any(True for _ in sightings(looked, f"call {spread}, please"))
    assert not any(True for _ in sightings(looked, f"call 7{spread}7"))


hosts = st.from_regex(r"[a-z]{1,8}(\.[a-z]{1,8}){1,2}", fullmatch=True)


@given(
    hosts,
    st.sampled_from(["//{}", "https://{}/", " \\\\{}", "HTTPS:/{}", "ht\ntps://{}"]),
)
def test_only_listed_hosts_are_allowed(host: str, form: str) -> None:
    """However a URL is written, its host decides."""
    url = form.format(host)
    assert is_allowed(url, (host,), ("https",))
    assert not is_allowed(url, (f"x{host}",), ("https",))
    assert not is_allowed(url.replace(host, f"{host}@evil.test"), (host,), ("https",))
    assert not is_allowed(url.replace(host, f"{host}.evil.test"), (host,), ("https",))


@st.composite
def graphs(draw: st.DrawFn) -> af.Run:
    """Draw a run whose calls form any acyclic graph in one stage."""
    size = draw(st.integers(1, 9))
    calls = []
    for number in range(size):
        parents = draw(st.sets(st.integers(0, number - 1))) if number else set()
        calls.append(
            af.Call(
                id=f"s/{number}",
                kind="chat",
                stage="s",
                model="m",
                parents=tuple(f"s/{p}" for p in sorted(parents)),
            )
        )
    return af.Run(
        workflow="w", case="c", stages=(af.Stage(name="s"),), calls=tuple(calls)
    )


@given(graphs())
def test_order_is_happens_before(run: af.Run) -> None:
    """Calls are ordered exactly as the run orders them; else they are concurrent."""
    case = open_case(run)
    events = [e for e in case.events if e.kind == "model"]
    for first in events:
        for second in events:
            if first is second:
                continue
            assert first.call is not None
            assert second.call is not None
            before = run.happens_before(first.call, second.call)
            after = run.happens_before(second.call, first.call)
            wanted = True if before else False if after else None
            assert case.precedes(first, second) is wanted


RULE = {"rules": [{"id": "R", "forbid": {"terms": ["guaranteed"]}}]}


def verdict(texts: list[str], rule: object = None) -> af.Verdict:
    """Judge a run whose one stage gave these outputs."""
    run = af.Run(
        workflow="w", case="c", stages=(af.Stage(name="s", outputs=tuple(texts)),)
    )
    with tempfile.TemporaryDirectory() as folder:
        file = policy_file(Path(folder), rule or RULE)
        return af.evaluate(run, policy(str(file))).verdict


sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


@given(st.lists(sentences, max_size=4), sentences)
def test_harmless_text_never_changes_a_forbidden_one(
    texts: list[str], more: str
) -> None:
    """Adding a text without the term never changes the verdict."""
    assume("guaranteed" not in more)
    assume(texts)
    assert verdict([*texts, more]) is verdict(texts)


@given(st.lists(sentences, min_size=1, max_size=4))
def test_forbid_fails_exactly_where_the_term_stands(texts: list[str]) -> None:
    """The verdict is that of a plain search for the word."""
    wanted = any("guaranteed" in text.split() for text in texts)
    assert verdict(texts) is (af.Verdict.FAILED if wanted else af.Verdict.PASSED)


@given(st.integers(0, 6), st.integers(0, 6))
def test_at_most_counts(made: int, allowed: int) -> None:
    """The limit is a limit: equal passes, more fails, none is not applicable."""
    limit = {"count": allowed, "of": {"kind": "output"}}
    rule = {"rules": [{"id": "R", "at_most": limit}]}
    found = verdict(["x"] * made, rule)
    if made == 0:
        assert found is af.Verdict.INAPPLICABLE
    else:
        assert (found is af.Verdict.FAILED) is (made > allowed)


@given(st.text(max_size=60))
def test_any_output_is_judged(text: str) -> None:
    """No text that a model writes makes the check itself fail."""
    rule = {
        "rules": [
            {"id": "A", "forbid": {"terms": ["x"], "regex": [r"\d+"]}},
            {"id": "B", "allow": {"urls": ["a.example"]}},
            {"id": "C", "require": {"when": {"regex": "[a-z]"}, "terms": ["y"]}},
        ]
    }
    assert verdict([text, json.dumps({"a": text})], rule) is not af.Verdict.ERROR
