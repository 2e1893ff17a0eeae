"""Any value has a readable form that is the same on every machine."""

from __future__ import annotations

import datetime as dt
import enum
import json
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.running.plain import plain

TMP = tempfile.gettempdir()


class Colour(enum.Enum):
    """An enumeration."""

    RED = "red"


class Point(NamedTuple):
    """A named tuple."""

    x: int
    y: float


@dataclass
class Page:
    """A dataclass."""

    title: str
    parts: tuple[Point, ...]


class Opaque:
    """An object that shows nothing but its address."""


class Broken:
    """An object that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Page("t", (Point(1, 2.5),)), {"title": "t", "parts": [{"x": 1, "y": 2.5}]}),
        ({1: Colour.RED}, {"1": "red"}),
        ({"b", "a"}, ["a", "b"]),
        (Decimal("1.50"), "1.50"),
        (dt.date(2026, 11, 20), "2026-11-20"),
        (bytearray(b"x"), b"x"),
        (float("inf"), "inf"),
        (True, True),
        (Path("a/b.html"), "a/b.html"),
        (Path.cwd() / "x" / "y.json", "x/y.json"),
        (
            Path(TMP) / "site-8fa2" / "index.html",
            "(temporary)/index.html",
        ),
        (Path(TMP) / "site-8fa2", "(temporary)"),
        (f"{TMP}/site-8fa2", "(temporary)"),
        (Broken(), "<test_plain.Broken>"),
    ],
)
def test_values_become_json(value: Any, expected: Any) -> None:
    """Every class has a plain form."""
    assert plain(value) == expected


def test_addresses_never_show() -> None:
    """An unknown object is written the same in every run."""
    assert plain(Opaque()) == plain(Opaque())


def test_a_value_that_holds_itself_ends() -> None:
    """Circles are cut, not followed for ever."""
    ring: list[Any] = []
    ring.append(ring)
    assert isinstance(plain(ring), list)


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dates()
    | st.decimals(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(value=_VALUES)
def test_plain_values_are_json_and_stay_as_they_are(value: Any) -> None:
    """The result can be written as JSON, and is its own plain form."""
    once = plain(value)
    assert json.loads(json.dumps(once, allow_nan=False)) == once
    assert plain(once) == once


def test_each_temporary_folder_is_one_whichever_was_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second recording of a process, with another folder, names neither of them."""
    for name in ("one", "two"):
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
        made = tmp_path / name / "site-x1"

        assert plain(made) == plain(str(made)) == "(temporary)"
        assert plain(made / "index.html") == "(temporary)/index.html"
