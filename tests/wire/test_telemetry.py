"""Telemetry endpoints are known by method, host and path."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.wire.telemetry import is_telemetry, parse_endpoint


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("POST", "api.openai.com", "/v1/traces/ingest"),
        ("POST", "api.smith.langchain.com", "/runs/multipart"),
        ("GET", "eu.api.smith.langchain.com", "/info"),
        ("POST", "us.i.posthog.com", "/batch/"),
        ("POST", "o1.ingest.sentry.io", "/api/7/envelope/"),
        ("POST", "cloud.langfuse.com", "/api/public/ingestion"),
        ("POST", "collector.internal", "/v1/traces"),
        ("POST", "telemetry.crewai.com", "/v1/x"),
    ],
)
def test_well_known_endpoints_are_telemetry(method: str, host: str, path: str) -> None:
    """Each vendor's ingestion address is left alone."""
    assert is_telemetry(method, host, path)


@pytest.mark.parametrize(
    ("method", "host", "path"),
    [
        ("POST", "api.openai.com", "/v1/chat/completions"),
        ("POST", "api.anthropic.com", "/v1/messages"),
        ("GET", "cloud.langfuse.com", "/api/public/v2/prompts/x"),
        ("GET", "collector.internal", "/v1/traces"),
    ],
)
def test_model_calls_are_not(method: str, host: str, path: str) -> None:
    """Calls that the workflow lives by are never taken for telemetry."""
    assert not is_telemetry(method, host, path)


def test_users_add_their_own() -> None:
    """An endpoint of the user's joins the built-in ones."""
    own = [parse_endpoint("POST stats.example.com/v1/*")]
    place = ("POST", "stats.example.com", "/v1/count")
    assert is_telemetry(*place, own)
    assert not is_telemetry(*place)
    assert not is_telemetry("GET", "stats.example.com", "/v1/count", own)


def test_a_url_is_no_endpoint() -> None:
    """The error shows how an endpoint is written."""
    with pytest.raises(ValueError, match=r"write \[METHOD\] HOST\[/PATH\]"):
        parse_endpoint("https://stats.example.com/v1")


@given(text=st.text(max_size=40))
def test_parsing_gives_an_endpoint_or_one_kind_of_error(text: str) -> None:
    """Any line is understood or refused with `ValueError`."""
    try:
        endpoint = parse_endpoint(text)
    except ValueError:
        return
    assert endpoint.host
