"""Dataclasses to JSON and back."""

import contextlib
import json
import pickle
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.codec import Malformed, from_json, to_json
from pytest_agentflow.model.exhibit import Bar, Bars, Exhibit, PictureExhibit, Table
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.run import Run, Source, Stage
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.model.verdict import Severity, Verdict

TEXT = st.text(max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = st.builds(
    Place,
    stage=st.none() | TEXT,
    path=st.none() | TEXT,
    span=st.none() | st.tuples(st.integers(0, 9), st.integers(9, 20)),
    line=st.none() | st.integers(1, 999),
)
FINDINGS = st.builds(
    Finding,
    rule=TEXT,
    message=TEXT,
    place=PLACES,
    verdict=st.sampled_from(list(Verdict)),
    severity=st.sampled_from(list(Severity)),
    introduced_between=st.none() | st.tuples(TEXT, TEXT),
    propagated_through=st.lists(TEXT, max_size=2).map(tuple),
)
USAGES = st.builds(
    Usage,
    input_tokens=st.none() | st.integers(0, 10**9),
    units=st.dictionaries(TEXT, st.decimals(0, 1000, places=4), max_size=2),
    source=st.sampled_from(["wire", "estimated", "declared"]),
)
RUNS = st.builds(
    Run,
    workflow=TEXT,
    case=TEXT,
    inputs=st.dictionaries(TEXT, JSON, max_size=2),
    stages=st.lists(
        st.builds(Stage, name=TEXT, outputs=st.lists(JSON, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    sources=st.lists(st.builds(Source, id=TEXT, text=TEXT), max_size=2).map(tuple),
)


@given(FINDINGS | USAGES | RUNS)
def test_round_trip_is_identity(value: Finding | Usage | Run) -> None:
    """A value survives JSON text and pickling unchanged."""
    text = json.dumps(to_json(value))
    assert from_json(type(value), json.loads(text)) == value
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes


@given(RUNS, JSON)
def test_any_json_is_a_value_or_malformed(run: Run, junk: object) -> None:
    """Junk in place of any field ends in Malformed, never in another error."""
    document = to_json(run)
    for key in [*document, "zzz"]:
        with contextlib.suppress(Malformed):
            from_json(Run, {**document, key: junk})


def test_exhibits_are_told_apart_by_kind() -> None:
    """A union of dataclasses is written with a tag and read by it."""
    exhibits: list[Exhibit] = [
        Table(title="t", columns=("a",), rows=(("1",),)),
        Bars(title="b", unit="USD", bars=(Bar(label="x", value=Decimal("0.10")),)),
        PictureExhibit(
            title="p", media_type="image/png", data=b"\0", width=1, height=1
        ),
    ]
    for exhibit in exhibits:
        assert from_json(Exhibit, to_json(exhibit)) == exhibit  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"case": "c"}, "$.workflow"),
        ({"workflow": "w", "case": 3}, "$.case"),
        ({"workflow": "w", "case": "c", "stages": [{}]}, "$.stages[0].name"),
        ({"workflow": "w", "case": "c", "stage": []}, "$.stage"),
        ({"workflow": "w", "case": "c", "size": True}, "$.size"),
    ],
)
def test_the_path_of_the_fault_is_named(document: object, path: str) -> None:
    """The error says where the fault is."""
    with pytest.raises(Malformed) as caught:
        from_json(Run, document)
    assert caught.value.path == path
