"""Telemetry endpoints: requests that report on a run and are no part of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Requests to leave alone, by method, host and path; ``*`` stands for anything."""

    method: str = "*"
    host: str = "*"
    path: str = "*"

    def covers(self, method: str, host: str, path: str) -> bool:
        """Whether it covers a method in capitals, a host in small letters, a path."""
        return (
            fnmatchcase(method, self.method.upper())
            and fnmatchcase(host, self.host.lower())
            and fnmatchcase(path, self.path)
        )


#: By vendor's documentation of its own ingestion API, each as narrow as it can be.
BUILT_IN = (
    # OpenAI Agents SDK, agents/tracing/processors.py
    Endpoint(method="POST", host="api.openai.com", path="/v1/traces/ingest"),
    # LangSmith: runs, batches, multipart, and the info that its client asks first
    Endpoint(host="*api.smith.langchain.com", path="/runs*"),
    Endpoint(host="*api.smith.langchain.com", path="/info"),
    Endpoint(host="*api.smith.langchain.com", path="/otel/*"),
    # PostHog, which CrewAI, LangFlow, Chroma and others report to
    Endpoint(host="*.posthog.com"),
    # Sentry
    Endpoint(method="POST", host="*.sentry.io", path="/api/*/envelope/"),
    Endpoint(method="POST", host="*.sentry.io", path="/api/*/store/"),
    # Langfuse, cloud and self-hosted alike
    Endpoint(method="POST", path="/api/public/ingestion"),
    Endpoint(method="POST", path="/api/public/otel/*"),
    # OpenTelemetry collectors: OTLP over HTTP, anywhere
    Endpoint(method="POST", path="*/v1/traces"),
    Endpoint(method="POST", path="*/v1/metrics"),
    Endpoint(method="POST", path="*/v1/logs"),
    # CrewAI, Mixpanel, Segment, Amplitude, Scarf, Datadog
    Endpoint(host="telemetry.crewai.com"),
    Endpoint(host="api.mixpanel.com"),
    Endpoint(host="api.segment.io"),
    Endpoint(host="api*.amplitude.com"),
    Endpoint(host="*.scarf.sh"),
    Endpoint(host="*.datadoghq.com", path="/api/*/traces"),
    Endpoint(host="http-intake.logs.*datadoghq.*"),
    # W&B Weave's trace server
    Endpoint(host="trace.wandb.ai"),
    # LiteLLM asks for its price list at import
    Endpoint(
        method="GET",
        host="raw.githubusercontent.com",
        path="/BerriAI/litellm/*/model_prices_and_context_window*.json",
    ),
)

_WRITTEN = re.compile(r"(?:(?P<method>[A-Za-z*]+)\s+)?(?P<host>[^\s/]+)(?P<path>/\S*)?")


def parse_endpoint(text: str) -> Endpoint:
    """Read ``[METHOD] HOST[/PATH]``, as in ``POST telemetry.example.com/v1/*``.

    Raises `ValueError` that shows the form.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or "://" in text:
        message = (
            f"{text!r} is no endpoint; write [METHOD] HOST[/PATH], for example "
            "'POST telemetry.example.com/v1/*'"
        )
        raise ValueError(message)
    return Endpoint(
        method=found["method"] or "*", host=found["host"], path=found["path"] or "*"
    )


def is_telemetry(
    method: str, host: str, path: str, own: Collection[Endpoint] = ()
) -> bool:
    """Whether a request goes to a built-in telemetry endpoint or one of the user's."""
    if _is_built_in(method, host, path):
        return True
    return bool(own) and _is_covered(method, host, path, own)


@lru_cache(maxsize=1024)  # few places are asked again and again
def _is_built_in(method: str, host: str, path: str) -> bool:
    return _is_covered(method, host, path, BUILT_IN)


def _is_covered(
    method: str, host: str, path: str, endpoints: Collection[Endpoint]
) -> bool:
    place = (method.upper(), host.lower(), path)
    return any(endpoint.covers(*place) for endpoint in endpoints)
