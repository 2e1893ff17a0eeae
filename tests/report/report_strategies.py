"""Any report that checks could give, hostile text and half-known numbers included."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

import pytest_agentflow as af
from pytest_agentflow.report.document import GateEntry, SequentialEntry, TrialsEntry
from pytest_agentflow.report.entry import build_entry

HOSTILE = (
    "<script>document.title='owned'</script>",
    "</script><img src=x onerror=alert(1)>",
    "\"'><svg onload=alert(1)>",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\x1b[31mred\x1b[0m \x07\x00",
    "\u202egnp.exe\u2066 \u200f",
    "{{ 7*7 }}{% raw %}",
    "<!--<script>",
    "]]>&lt;&#0;",
    "a\u0301\u0301\u0301 e\u0301",
    "\ud83d half",
    "\ufffe\uffff\ue000\U0010ffff",
    "| a | `b` | [c](javascript:d) @everyone https://evil.example",
    "x" * 3_000,
    "",
)

texts = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=()), max_size=30)
)
names = texts.filter(bool)
maybe = st.none() | texts
verdicts = st.sampled_from(af.Verdict)
numbers = st.floats(width=32) | st.integers(-5, 3_000).map(float)
decimals = st.decimals(allow_nan=True, allow_infinity=True) | st.decimals(
    0, 1, places=4
)
counts = st.integers(0, 5)


def few(strategy: st.SearchStrategy[object], most: int = 3) -> st.SearchStrategy[tuple]:  # type: ignore[type-arg]
    """Give tuples of at most `most`."""
    return st.lists(strategy, max_size=most).map(tuple)


places = st.builds(
    af.Place,
    stage=maybe,
    call=maybe,
    artefact=maybe,
    path=maybe,
    span=st.none() | st.tuples(counts, counts),
    line=st.none() | counts,
    column=st.none() | counts,
    selector=maybe,
    box=st.none() | st.tuples(numbers, numbers, numbers, numbers),
    property=maybe,
    viewport=st.none() | counts,
    scheme=maybe,
    file=maybe,
)
findings = st.builds(
    af.Finding,
    rule=names,
    message=texts,
    place=places,
    verdict=st.sampled_from(
        (af.Verdict.FAILED, af.Verdict.UNDETERMINED, af.Verdict.ERROR)
    ),
    severity=st.sampled_from(af.Severity),
    observed=maybe,
    expected=maybe,
    why=texts,
    fix=texts,
    help_url=maybe,
    tags=few(texts, 2),
    fault=st.none() | st.sampled_from(("alt", "page:title")) | texts,
    source=st.none() | places,
    introduced_by=maybe,
    introduced_between=st.none() | st.tuples(texts, texts),
    propagated_through=few(texts, 2),
    repaired_by=maybe,
    lost_at=maybe,
    status=st.sampled_from(("new", "known", "waived", "expired")),
)
points = st.lists(st.tuples(numbers, numbers), max_size=4).map(tuple)
exhibits = st.one_of(
    st.builds(
        af.Table,
        title=texts,
        columns=few(texts),
        rows=few(few(texts)),
        numeric=few(counts),
    ),
    st.builds(
        af.Bars,
        title=texts,
        unit=st.sampled_from(("USD", "tokens", "")),
        bars=few(
            st.builds(
                af.Bar,
                label=texts,
                value=decimals,
                limit=st.none() | decimals,
                against=st.none() | decimals,
            )
        ),
        against=texts,
    ),
    st.builds(
        af.Line, title=texts, x_label=texts, y_label=texts, points=points, bound=points
    ),
    st.builds(
        af.Swatches,
        title=texts,
        swatches=few(
            st.builds(
                af.Swatch,
                colour=texts | st.just("#12454a"),
                label=texts,
                nearest=maybe,
                nearest_label=texts,
                distance=st.none() | numbers,
                verdict=st.none() | verdicts,
            )
        ),
    ),
    st.builds(
        af.MarkedText,
        title=texts,
        text=texts,
        marks=few(
            st.builds(
                af.Mark,
                start=st.integers(-3, 40),
                end=st.integers(-3, 40),
                verdict=verdicts,
                note=texts,
            )
        ),
    ),
    st.builds(
        af.PictureExhibit,
        title=texts,
        media_type=st.sampled_from(("image/png", "image/svg+xml", "text/html")) | texts,
        data=st.binary(max_size=12),
        width=st.integers(-1, 2_000),
        height=st.integers(-1, 2_000),
        alt=texts,
        boxes=few(
            st.builds(
                af.PictureBox,
                x=numbers,
                y=numbers,
                width=numbers,
                height=numbers,
                label=texts,
            )
        ),
    ),
)
rules = st.builds(
    af.RuleResult,
    rule=names,
    verdict=verdicts,
    title=texts,
    examined=counts,
    passed=counts,
    failed=counts,
    undetermined=counts,
    errors=counts,
    findings=few(findings),
)
results = st.builds(
    af.CheckResult,
    check=names,
    written=names,
    verdict=verdicts,
    title=texts,
    rules=few(rules, 2),
    exhibits=few(exhibits, 2),
    notes=few(st.builds(af.Note, text=texts, warning=st.booleans()), 1),
    strict=st.booleans(),
    optional=st.booleans(),
)
evaluations = st.builds(
    af.Evaluation,
    run=texts,
    results=few(results, 2),
    seconds=st.floats(0, 100),
)
values = st.recursive(
    texts | st.none() | st.integers() | st.binary(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2)
    ),
    max_leaves=3,
)
calls = st.builds(
    af.Call,
    id=names,
    kind=st.sampled_from(("chat", "tool", "http")),
    stage=st.sampled_from(("writer", "stray", HOSTILE[0])),
    model=st.none() | st.just("m") | texts,
    usage=st.none()
    | st.builds(
        af.Usage,
        input_tokens=st.none() | st.integers(0, 10**12),
        output_tokens=st.none() | st.integers(0, 10**6),
        source=st.sampled_from(("wire", "estimated", "declared")),
    ),
)
PRICES = af.PriceLock(
    prices=(
        af.UnitPrice(model="m", unit="input_tokens", amount=Decimal("0.1"), per=1000),
        af.UnitPrice(
            model="m", unit="output_tokens", amount=Decimal(3), currency="EUR"
        ),
    )
)
runs = st.builds(
    af.Run,
    workflow=texts,
    case=texts,
    variant=maybe,
    size=st.none() | counts,
    inputs=st.dictionaries(texts, values, max_size=2),
    stages=st.lists(
        st.builds(
            af.Stage,
            name=st.sampled_from(("writer", "painter", HOSTILE[0])),
            after=few(st.sampled_from(("writer", "nobody"))),
            outputs=few(values, 1),
        ),
        max_size=3,
        unique_by=lambda stage: stage.name,
    ).map(tuple),
    calls=few(calls),
    sources=few(st.builds(af.Source, id=texts, text=texts, title=texts), 2),
    missing=few(texts, 2),
    provenance=st.sampled_from(("recorded", "authored")) | texts,
    recorded=st.builds(
        af.Recorded,
        at=maybe,
        duration=st.none() | st.floats(0, 1e7),
        stages=st.dictionaries(
            st.sampled_from(("writer", "painter", HOSTILE[0])),
            st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)),
        ),
        prices=st.sampled_from((PRICES, af.PriceLock())),
        takes=st.builds(af.Takes, discarded=counts),
    ),
)
entries = st.builds(
    build_entry,
    texts,
    runs,
    evaluations,
    problem=texts,
    reproduce=texts,
    position=counts,
)
money = st.none() | st.builds(
    af.Money,
    amount=st.decimals(0, 100, places=3),
    currency=st.sampled_from(("USD", "EUR")),
)
gates = st.builds(
    GateEntry,
    title=texts,
    verdict=verdicts,
    sentences=few(texts, 2),
    reproduce=texts,
    optional=st.booleans(),
    cost=money,
    baseline_cost=money,
    authored=st.booleans(),
    estimated=st.booleans(),
)
trials = st.builds(
    TrialsEntry,
    target=texts,
    passed=counts,
    trials=counts,
    needed=counts,
    interval=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    pass_2=st.none() | st.floats(0, 1),
    failed=few(counts),
    position=counts,
    sequential=st.none()
    | st.builds(
        SequentialEntry,
        verdict=verdicts,
        good=st.floats(0, 1),
        bad=st.floats(0, 1),
        most=counts,
    ),
)
