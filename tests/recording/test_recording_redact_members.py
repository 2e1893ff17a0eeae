"""Members that hold a credential by their name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.recording.redaction_members import (
    is_credential,
    may_hold_credential,
    without_form_credentials,
)


@pytest.mark.parametrize(
    ("key", "item", "held"),
    [
        ("password", "hunter22", True),
        ("Password", "Bearer abcd1234efgh", True),
        ("password", "Choose one", False),
        ("password", "[redacted:password]", False),
        ("password", 12345678, False),
        ("headline", "hunter22", False),
    ],
)
def test_a_password_is_told_from_its_label(key: str, item: object, held: bool) -> None:
    """A form's own words stay, what somebody filled in does not."""
    assert is_credential(key, item) is held


def test_a_name_is_found_however_the_json_is_nested() -> None:
    """Quotes may be escaped, and letters, too."""
    assert may_hold_credential('{"password": "x"}')
    assert may_hold_credential(r'"{\"password\": 1}"')
    assert may_hold_credential(r'{"p\u0061ssword": 1}')
    assert not may_hold_credential('{"headline": "password"}')


@given(st.text(st.characters(codec="utf-8", exclude_characters="&=[]"), min_size=1))
def test_a_form_loses_its_credentials_once(value: str) -> None:
    """The other members stay; doing it again changes nothing."""
    form = f"page=hotel&password={value}&n=1"
    clean = without_form_credentials(form, lambda name: f"[redacted:{name}]")
    assert clean == "page=hotel&password=[redacted:password]&n=1"
    assert without_form_credentials(clean, lambda _: "twice") == clean
