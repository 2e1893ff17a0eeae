from __future__ import annotations

import dataclasses
import datetime as dt
import sys
import types
from collections import namedtuple
from typing import Any, NamedTuple

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorded_runs import values

from pytest_agentflow.recording.values import (
    UnstorableValue,
    decode_user_value,
    encode_user_value,
    find_class,
)

Odd = namedtuple("Odd", ["a", "b"])  # noqa: PYI024 - users write these


class Place(NamedTuple):
    """A named tuple of a user's."""

    name: str
    rooms: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A frozen dataclass whose constructor must not run again."""

    text: str
    place: Place
    made: list[str] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        BUILT.append(self.text)


BUILT: list[str] = []


@dataclasses.dataclass
class Counter:
    """A dataclass with a field that its constructor does not take."""

    total: int = dataclasses.field(init=False, default=0)


class Offer(pydantic.BaseModel):
    """A pydantic model with a type of its own and an alias."""

    valid: dt.date
    price: float = pydantic.Field(alias="Price")
    nested: dict[str, Any] = {}


class Plain:
    """A class that is none of the kinds we store."""


def back(value: Any) -> Any:
    """Encode and decode."""
    return decode_user_value(encode_user_value(value))


@given(values | st.tuples(values, values) | st.floats())
def test_json_values_bytes_and_tuples_come_back(value: Any) -> None:
    """What was returned while recording is what is returned in replay."""
    again = back(value)
    assert repr(again) == repr(value)
    assert type(again) is type(value)


@given(st.text(), st.lists(st.text()), st.integers())
def test_dataclasses_and_named_tuples_come_back(
    text: str, made: list[str], rooms: int
) -> None:
    """Instances are equal and of the same class, however deep they stand."""
    value = {"found": [Document(text, Place(text, rooms), made)], "odd": Odd(1, (2,))}
    again = back(value)
    assert again == value
    assert type(again["found"][0].place) is Place
    assert type(again["odd"]) is Odd


def test_no_constructor_runs_when_a_dataclass_is_rebuilt() -> None:
    """Replay has no side effects of the user's constructors."""
    plain = encode_user_value(Document("x", Place("y")))
    BUILT.clear()
    assert decode_user_value(plain).text == "x"
    assert BUILT == []


def test_fields_outside_the_constructor_come_back() -> None:
    """A counter keeps its count."""
    counter = Counter()
    counter.total = 7
    assert back(counter) == counter


def test_pydantic_models_come_back() -> None:
    """Types that JSON lacks are restored by the model itself."""
    offer = Offer(valid=dt.date(2026, 11, 20), Price=1.5, nested={"$class": "x"})
    assert back([offer]) == [offer]


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({1, 2}, "the value is a builtins.set; a recording holds JSON values, bytes,"),
        ([dt.date(2026, 1, 1)], "the value[0] is a datetime.date;"),
        ({"a": {"b": Plain()}}, "['a']['b'] is a test_recording_values.Plain;"),
        ({3: "x"}, "the value is a dict with the key 3, which is no text"),
        (Document("x", Place("y"), [object()]), "the value.made[0] is a builtins.ob"),  # type: ignore[list-item]
        (type("Sub", (str,), {})("x"), "is a test_recording_values.Sub"),
    ],
)
def test_any_other_value_is_refused_with_its_place(value: Any, sentence: str) -> None:
    """The sentence names type and place, and what to do."""
    with pytest.raises(UnstorableValue) as caught:
        encode_user_value(value)
    assert sentence in str(caught.value)
    assert "replay=False" in str(caught.value)


def test_a_class_inside_a_function_is_refused() -> None:
    """It could not be found again."""

    @dataclasses.dataclass
    class Hidden:
        x: int = 1

    with pytest.raises(UnstorableValue, match="does not stand at the top of its mod"):
        encode_user_value(Hidden())


def test_a_model_that_does_not_survive_is_refused() -> None:
    """What replay would change is found while recording."""
    with pytest.raises(UnstorableValue, match="Offer, which is not the same after"):
        encode_user_value(
            Offer(valid=dt.date(2026, 1, 1), Price=1, nested={"x": (1, 2)})
        )


@given(values)
def test_keys_of_our_own_form_come_back_as_the_users(value: Any) -> None:
    """A user's ``$class`` is data."""
    for key in ("$class", "$tuple", "$$class", "$ref"):
        assert repr(back({key: value, "x": 1})) == repr({key: value, "x": 1})


HOSTILE = [
    "os:system",
    "builtins:eval",
    "subprocess:Popen",
    "antigravity:x",
    "not_imported_package:Thing",
    "test_recording_values:Plain",
    "test_recording_values:Document.__init__",
    "test_recording_values:datetime.date",
    "test_recording_values",
    ":",
    "a b:c",
    "",
    None,
    7,
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_recording_names_no_other_class(name: Any) -> None:
    """Only dataclasses, named tuples and models of imported packages are rebuilt."""
    before = set(sys.modules)
    with pytest.raises(UnstorableValue):
        decode_user_value({"$class": name, "command": "true"})
    assert set(sys.modules) == before


def test_a_class_that_changed_since_is_an_error_that_says_so() -> None:
    """Replay never builds half an object."""
    for fields in ({"name": "x", "floor": 1}, {"rooms": 1}):
        with pytest.raises(UnstorableValue, match="Record the run again"):
            decode_user_value({"$class": f"{__name__}:Place", **fields})
    with pytest.raises(UnstorableValue, match="its field 'place' is new"):
        decode_user_value({"$class": f"{__name__}:Document", "text": "x"})
    with pytest.raises(UnstorableValue, match="is not what it was"):
        decode_user_value({"$class": f"{__name__}:Offer", "Price": "dear"})


def test_a_new_field_with_a_default_gets_it() -> None:
    """Adding an optional field does not make old recordings useless."""
    plain = {"$class": f"{__name__}:Document", "text": "x", "place": None}
    assert decode_user_value(plain).made == []


def test_a_module_of_an_imported_package_is_imported_when_needed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A class whose module is only imported inside the replayed function is found."""
    package = types.ModuleType("made_up_package")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "made_up_package", package)
    (tmp_path / "shapes.py").write_text(
        "import dataclasses\n@dataclasses.dataclass\nclass Square:\n    side: int = 1\n"
    )
    square = decode_user_value({"$class": "made_up_package.shapes:Square", "side": 4})
    monkeypatch.setitem(
        sys.modules, "made_up_package.shapes", sys.modules["made_up_package.shapes"]
    )
    assert square.side == 4
    assert find_class("made_up_package.shapes:Square") is type(square)


@given(values)
def test_any_recorded_value_is_decoded_or_refused(value: Any) -> None:
    """A damaged result is never a traceback of another kind."""
    for damaged in (value, {"$class": value}, {"$tuple": value}):
        try:
            decode_user_value(damaged)
        except UnstorableValue as error:
            assert str(error)  # noqa: PT017 - both ends are good
