"""What of the head of an exchange may be written: headers, queries, redirects."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import parse_qsl

from pytest_agentflow.model.call import Request
from pytest_agentflow.recording.canonical import is_credential
from pytest_agentflow.recording.secret_forms import CREDENTIAL_NAMES

KEPT_REQUEST = re.compile(r"content-type|accept|anthropic-(version|beta)|openai-beta")
KEPT_RESPONSE = re.compile(
    r"content-type|(x-)?request-id|x-amzn-requestid|openai-processing-ms|retry-after"
    r"|(anthropic-|x-)?ratelimit-[\w-]+|x-amzn-bedrock-[\w-]+|x-amzn-errortype"
    r"|x-agentflow-provenance|(content-)?location"
)

_CREDENTIAL_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "ocp-apim-subscription-key",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
    }
)

_ADDRESSES = frozenset({"location", "content-location"})
_USERINFO = re.compile(r"^((?:[a-z][a-z0-9+.-]*:)?//)[^/?#@]*@", re.IGNORECASE)

_GRANTS = CREDENTIAL_NAMES | {"awsaccesskeyid", "jwt", "passwd", "pwd", "secret"}

#: What log-in services hand out in redirects; elsewhere these are ordinary words, so
#: that the value decides: ``code=DE`` stays.
_MAYBE_GRANTS = frozenset(
    ["assertion", "auth", "code", "session", "session_id", "sessionid", "sid", "ticket"]
)
_OPAQUE = re.compile(r"(?=\S*[0-9])\S{8,}|\S{20,}")

#: What stands for a credential in an address inside a text: it stays an address that
#: clients take and that is valid in a page, which brackets are not.
IN_ADDRESS = "redacted"

#: Parameters of a signature that say how it was made.
_ABOUT_SIGNATURE = re.compile(
    r"x-(amz|goog)-(algorithm|date|expires|signedheaders)", re.IGNORECASE
)

Clean = Callable[[str], str]
Mark = Callable[[str], str]


def clean_headers(
    headers: tuple[tuple[str, str], ...],
    kept: re.Pattern[str],
    clean: Clean,
    mark: Mark,
) -> tuple[tuple[str, str], ...]:
    """Give the headers of the list, names in lower case, values without secrets."""
    lowered = [(name.lower(), value) for name, value in headers]
    return tuple(
        (n, clean_address(v, clean, mark) if n in _ADDRESSES else clean(v))
        for n, v in lowered
        if kept.fullmatch(n)
    )


def credentials_of(request: Request) -> Iterator[str]:
    """Give the keys and passwords that a request lets itself in by."""
    for name, value in request.headers:
        if name.lower() in _CREDENTIAL_HEADERS:
            yield from filter(is_opaque, _inside(value))
    for name, value in parse_qsl(request.query):
        about = _ABOUT_SIGNATURE.fullmatch(name)
        if not about and is_grant(name, value) and is_opaque(value):
            yield value


def is_opaque(value: str) -> bool:
    """Whether a value is long and mixed enough to be a secret, not a word."""
    return _OPAQUE.fullmatch(value) is not None


def _inside(value: str) -> Iterator[str]:
    """Give what a header of credentials holds, without the scheme before it."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() == "basic" and rest:
        with suppress(ValueError):
            yield b64decode(rest).decode("utf-8").partition(":")[2]
    yield rest.strip() if rest and scheme.isalpha() else value.strip()


def clean_query(query: str, clean: Clean, mark: Mark) -> str:
    """Give a query without credentials; their names stay."""
    if not query:
        return query
    pairs = [pair.partition("=") for pair in query.split("&")]
    return "&".join(
        f"{name}={mark('query')}"
        if equals and is_grant(name, value)
        else clean(f"{name}{equals}{value}")
        for name, equals, value in pairs
    )


def is_grant(name: str, value: str) -> bool:
    """Whether a parameter carries what lets somebody in."""
    if is_credential(name) or name.lower() in _GRANTS:
        return True
    return name.lower() in _MAYBE_GRANTS and (value == IN_ADDRESS or is_opaque(value))


def clean_address(address: str, clean: Clean, mark: Mark) -> str:
    """Give the address of a redirect without user, password and credentials.

    The path stays: a replay follows the redirect as the recording did.
    """
    rest, hash_, fragment = address.partition("#")
    place, question, query = rest.partition("?")
    place = clean(_USERINFO.sub(r"\1", place))
    query = clean_query(query, clean, mark)
    return f"{place}{question}{query}{hash_}{clean_query(fragment, clean, mark)}"
