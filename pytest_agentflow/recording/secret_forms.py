"""What a secret looks like: values in every encoding, and patterns."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote

#: What stands in a secret's place where its name would give another one away.
PLACEHOLDER = "[redacted]"

#: Shorter values cannot be told from ordinary words.
_SHORTEST = 8
_SHORTEST_WITH_SIGNS = 6

_SECRET_WORDS = frozenset(
    [
        "APIKEY",
        "AUTH",
        "AUTHORIZATION",
        "COOKIE",
        "CREDENTIAL",
        "CREDENTIALS",
        "DSN",
        "JWT",
        "KEY",
        "PASS",
        "PASSPHRASE",
        "PASSWD",
        "PASSWORD",
        "PAT",
        "PRIVATE",
        "PWD",
        "SAS",
        "SECRET",
        "SECRETS",
        "SIGNATURE",
        "TOKEN",
        "WEBHOOK",
    ]
)
_PUBLIC_WORDS = frozenset({"PUBLIC", "PUBLISHABLE"})
#: Endings of names whose value is about a secret, not a secret.
_HARMLESS_ENDINGS = frozenset(
    [
        "ALGORITHM",
        "AUDIENCE",
        "BACKEND",
        "DIR",
        "DIRECTORY",
        "DOMAIN",
        "ENABLED",
        "ENDPOINT",
        "EXPIRES",
        "EXPIRY",
        "FILE",
        "HOME",
        "HOST",
        "ID",
        "ISSUER",
        "LENGTH",
        "LIFETIME",
        "LIMIT",
        "METHOD",
        "MODE",
        "NAME",
        "PATH",
        "PORT",
        "PROVIDER",
        "REGION",
        "SCOPE",
        "SERVER",
        "SOCK",
        "SOCKET",
        "STORE",
        "TTL",
        "TYPE",
        "USER",
        "USERNAME",
    ]
)
_HARMLESS_NAMES = frozenset({"PWD", "OLDPWD", "KEY_ID"})
_SURE_ENDINGS = ("KEY", "PASSWORD", "SECRET", "TOKEN")

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_USERINFO = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s:@]*:([^@/\s]+)@", re.IGNORECASE)
_FILE_PATH = re.compile(r"(~|[A-Za-z]:)?([/\\][\w.@ -]+){2,}[/\\]?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """One value that must not stand in any file."""

    name: str
    """What stands in its place: ``[redacted:NAME]``."""
    value: str
    forms: tuple[str, ...]
    """Texts that give it away, longest first."""
    fragments: tuple[str, ...]
    """What any base64 text holds that has the value somewhere inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Texts that are secrets by their form."""

    name: str
    needles: tuple[str, ...]
    """In lower case; the expression is only tried on texts that hold one of them."""
    expression: re.Pattern[str]


def _pattern(name: str, needles: str, expression: str, flags: int = 0) -> Pattern:
    return Pattern(
        name=name,
        needles=tuple(needles.split("|")),
        expression=re.compile(expression, flags | re.ASCII),
    )


_NOT_INSIDE = r"(?<![A-Za-z0-9])"
_JWT_PART = r"[A-Za-z0-9_-]{10,}"
_SLASH = r"(?:\\*/|%2F|%2f)"
"""As it stands in an address, in JSON of any depth, and in another one's parameter."""
_GUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _after(word: str) -> str:
    """Stand behind a word of a path; a lookbehind has one length, so each its own."""
    slashes = [*(r"\\" * depth + "/" for depth in range(5)), "%2F", "%2f"]
    return f"(?:{'|'.join(f'(?<={word}{slash})' for slash in slashes)})"


#: Forms of the providers' own documentation, and those that gitleaks and GitHub's
#: secret scanning look for. Each demands what prose and CSS classes do not have.
PATTERNS = (
    _pattern(
        "private-key",
        "private key-----",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----.*?"
        r"(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----|\Z)",
        re.DOTALL,
    ),
    _pattern(
        "jwt", "eyj", rf"{_NOT_INSIDE}eyJ{_JWT_PART}\.eyJ{_JWT_PART}\.[A-Za-z0-9_-]*"
    ),
    _pattern(
        "sk-key",
        "sk-",
        rf"{_NOT_INSIDE}sk-(?=[\w-]*[0-9])(?=[\w-]*[A-Za-z0-9]{{16}})[\w-]{{16,}}",
    ),
    _pattern(
        "stripe-key", "k_live_|k_test_", rf"{_NOT_INSIDE}[rs]k_(live|test)_\w{{16,}}"
    ),
    _pattern(
        "aws-key-id", "akia|asia", rf"{_NOT_INSIDE}A[KS]IA[0-9A-Z]{{16}}(?![0-9A-Za-z])"
    ),
    _pattern("google-key", "aiza", rf"{_NOT_INSIDE}AIza[\w-]{{35}}(?![\w-])"),
    _pattern("google-token", "ya29.", rf"{_NOT_INSIDE}ya29\.[\w-]{{20,}}"),
    _pattern(
        "github-token",
        "gho_|ghp_|ghr_|ghs_|ghu_|github_pat_",
        rf"{_NOT_INSIDE}(gh[opsur]_[A-Za-z0-9]{{36,}}|github_pat_\w{{22,}})",
    ),
    _pattern("gitlab-token", "glpat-", rf"{_NOT_INSIDE}glpat-[\w-]{{20,}}"),
    _pattern("slack-token", "xox", rf"{_NOT_INSIDE}xox[abeoprs]-[0-9A-Za-z-]{{10,}}"),
    _pattern(
        "slack-webhook",
        "services|hooks.slack.com|triggers|workflows",
        rf"{_after('services')}T\w{{7,}}{_SLASH}B\w{{7,}}{_SLASH}\w{{20,}}"
        rf"|{_after('hooks.slack.com')}"
        rf"(?:workflows|triggers)(?:{_SLASH}[\w-]{{8,}}){{2,}}"
        # A request's path stands without its host.
        rf"|(?<![\w-])(?:workflows|triggers){_SLASH}T(?=[A-Z]*[0-9])[A-Z0-9]{{8,}}"
        rf"(?:{_SLASH}[\w-]{{8,}}){{2,}}",
    ),
    # https://docs.discord.com/developers/resources/webhook#execute-webhook: the path
    # may name a version of the API, and a thread or message may follow.
    _pattern(
        "discord-webhook",
        "webhooks",
        rf"{_after('webhooks')}\d{{17,20}}{_SLASH}[\w-]{{60,}}",
    ),
    # Connectors of Microsoft Teams: group@tenant/NAME/id/owner, in newer ones with a
    # signature behind. Addresses of workflows carry `sig=`, as other signed ones do.
    _pattern(
        "teams-webhook",
        "webhook",
        rf"(?:{_after('webhookb2')}|{_after('webhook')}){_GUID}(?:@|%40|%2540){_GUID}"
        rf"{_SLASH}[a-z]+{_SLASH}[0-9a-f]{{32}}{_SLASH}{_GUID}(?:{_SLASH}[\w-]{{20,}})?",
        re.IGNORECASE,
    ),
    # https://core.telegram.org/bots/api#authorizing-your-bot. In practice the
    # second half begins with AA, which tells a bare token from a number and a hash.
    _pattern(
        "telegram-token",
        "/bot|%2fbot|:aa|%3aaa",
        r"(?:(?:(?<=/bot)|(?<=%2Fbot))\d{6,12}(?::|%3A)|(?<![\w:.-])\d{8,12}(?::|%3A)AA)"
        r"[\w-]{33,35}(?![\w-])",
    ),
    _pattern("huggingface-token", "hf_", rf"{_NOT_INSIDE}hf_[A-Za-z0-9]{{30,}}"),
    _pattern("groq-key", "gsk_", rf"{_NOT_INSIDE}gsk_[A-Za-z0-9]{{40,}}"),
    _pattern("xai-key", "xai-", rf"{_NOT_INSIDE}xai-[A-Za-z0-9]{{40,}}"),
    _pattern("perplexity-key", "pplx-", rf"{_NOT_INSIDE}pplx-[A-Za-z0-9]{{32,}}"),
    _pattern("replicate-token", "r8_", rf"{_NOT_INSIDE}r8_[A-Za-z0-9]{{32,}}"),
    _pattern(
        "bearer",
        "bearer",
        rf"{_NOT_INSIDE}bearer\s+(?=[\w.~+/-]*[0-9])[\w.~+/-]{{16,}}=*",
        re.IGNORECASE,
    ),
    _pattern(
        "basic",
        "basic ",
        r"(?<=authorization: )basic\s+[A-Za-z0-9+/]{8,}=*",
        re.IGNORECASE,
    ),
    _pattern(
        "userinfo",
        "://",
        r"(?<=://)[^/\s:@\"'<>\[\]]{1,200}:[^@/\s\"'<>\[\]]{1,200}(?=@)",
    ),
    _pattern(
        "cookie",
        "cookie:",
        r"\b(set-)?cookie:\s*[\w.!%-]+=(?!\[redacted)[^\r\n\"\\<]+",
        re.IGNORECASE,
    ),
)

#: Members of JSON objects and forms whose text is a secret, whatever it looks like.
CREDENTIAL_NAMES = frozenset(
    [
        "access_token",
        "accesstoken",
        "api_key",
        "api_secret",
        "apikey",
        "apisecret",
        "app_secret",
        "auth_token",
        "authorization",
        "authtoken",
        "aws_secret_access_key",
        "bearer_token",
        "client_secret",
        "clientsecret",
        "cookie",
        "id_token",
        "passphrase",
        "passwd",
        "password",
        "private_key",
        "privatekey",
        "refresh_token",
        "refreshtoken",
        "secret",
        "secret_access_key",
        "secret_key",
        "secret_token",
        "secretaccesskey",
        "secretkey",
        "session_token",
        "sessiontoken",
        "set-cookie",
        "shared_secret",
        "signing_secret",
        "webhook_secret",
        "x-api-key",
    ]
)


def secrets_of(
    environment: Mapping[str, str], extra: Iterable[str] = ()
) -> tuple[Secret, ...]:
    """List the secrets of an environment, longest first.

    Args:
        environment: names and values; what the names say decides.
        extra: further values.
    """
    found: dict[str, str] = {}
    for name, value in sorted(environment.items()):
        for secret in _secret_values(name, value):
            found.setdefault(secret, name)
    for value in extra:
        if value:
            found.setdefault(value, "extra")
    # Somebody whose password is "redacted" cannot be helped by a placeholder.
    usable = [value for value in found if value not in PLACEHOLDER]
    ordered = sorted(usable, key=lambda value: (-len(value), value))
    return tuple(_secret(found[value], value) for value in ordered)


def _secret_values(name: str, value: str) -> Iterator[str]:
    value = value.strip(" \t\r\n")
    if match := _USERINFO.match(value):
        yield from {match[1], unquote(match[1])}
    if _is_secret_name(name) and _is_long_enough(value):
        sure = name.upper().endswith(_SURE_ENDINGS)
        if sure or not _FILE_PATH.fullmatch(value):
            yield value


def _is_secret_name(name: str) -> bool:
    words = [word.upper() for word in _WORDS.findall(name)]
    if name.upper() in _HARMLESS_NAMES or not _SECRET_WORDS.intersection(words):
        return False
    return words[-1] not in _HARMLESS_ENDINGS and not _PUBLIC_WORDS.intersection(words)


def _is_long_enough(value: str) -> bool:
    least = _SHORTEST if value.isalpha() else _SHORTEST_WITH_SIGNS
    return len(value) >= least


def _secret(name: str, value: str) -> Secret:
    forms = sorted(set(_forms(value)), key=lambda form: (-len(form), form))
    return Secret(
        name=name,
        value=value,
        forms=tuple(forms),
        fragments=tuple(sorted(set(base64_fragments(value)))),
    )


def _forms(value: str) -> Iterator[str]:
    yield value
    for escape_all in (True, False):
        once = json.dumps(value, ensure_ascii=escape_all)[1:-1]
        yield from (once, once.replace("/", "\\/"))
        yield json.dumps(once, ensure_ascii=escape_all)[1:-1]
    raw = value.encode("utf-8", "surrogatepass")
    for quoted in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        yield from (quoted, re.sub("%..", lambda match: match[0].lower(), quoted))
    yield html.escape(value)
    if len(raw) >= _SHORTEST_WITH_SIGNS:
        yield from (raw.hex(), raw.hex().upper())


def base64_fragments(value: str) -> Iterator[str]:
    """Give what base64 makes of the value at each of the three possible offsets.

    The signs at both ends also hold bits of the neighbours, so they are cut off.
    """
    raw = value.encode("utf-8", "surrogatepass")
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw).decode("ascii")
        fragment = text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
        if len(fragment) >= _SHORTEST:
            yield from (fragment, fragment.replace("+", "-").replace("/", "_"))
