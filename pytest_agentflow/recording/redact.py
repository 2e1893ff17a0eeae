"""Takes secrets out of everything that is written: headers, bodies, values, blobs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.bodies import STYLES, parse_json, style_of
from pytest_agentflow.recording.canonical import is_credential, with_fixed_boundary
from pytest_agentflow.recording.document import encode
from pytest_agentflow.recording.exchange import media_type
from pytest_agentflow.recording.pretty import pretty
from pytest_agentflow.recording.redaction_text import (
    Hit,
    clean_stream,
    recoded,
    resized,
)
from pytest_agentflow.recording.secret_forms import (
    CREDENTIAL_NAMES,
    PATTERNS,
    PLACEHOLDER,
    secrets_of,
)

T = TypeVar("T")

_KEPT_REQUEST = re.compile(r"content-type|accept|anthropic-(version|beta)|openai-beta")
_KEPT_RESPONSE = re.compile(
    r"content-type|(x-)?request-id|x-amzn-requestid|openai-processing-ms|retry-after"
    r"|(anthropic-|x-)?ratelimit-[\w-]+|x-amzn-bedrock-[\w-]+|x-amzn-errortype"
    r"|x-agentflow-provenance"
)

#: Fields that hold one of a few words, never a user's text.
_FIXED_FIELDS = frozenset(
    {"kind", "role", "method", "scheme", "found_by", "output_from", "source", "unit"}
)

_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")
_HIDDEN_LETTER = re.compile(r"\\u00[2-7]")
_CREDENTIAL_MEMBER = re.compile(
    r'\\?"(' + "|".join(map(re.escape, sorted(CREDENTIAL_NAMES))) + r')\\?"\s*:',
    re.IGNORECASE,
)
_FORM_MEMBER = re.compile(
    r"(?<![^&])(" + "|".join(map(re.escape, sorted(CREDENTIAL_NAMES))) + r")=([^&]+)",
    re.IGNORECASE,
)
_CHECKSUMMED = "application/vnd.amazon.eventstream"
_NESTED = 20
_CREDENTIAL = re.compile(r"(?=\S*[0-9])\S{8,}|\S{20,}")


class RedactionRefused(RuntimeError):
    """A secret was found where it cannot be removed, so nothing was written."""


class Redactor:
    """Removes secrets before anything is written.

    Args:
        environment: names and values of the environment; those that look like secrets
            by their name are removed wherever they stand, in any usual encoding.
        extra: further values that must not be written.

    Placeholders name what they stand for, ``[redacted:OPENAI_API_KEY]``. Redacting
    twice gives the same as redacting once, so recorded and replayed requests that are
    both redacted still match.
    """

    def __init__(
        self, environment: Mapping[str, str], extra: Iterable[str] = ()
    ) -> None:
        self._secrets = secrets_of(environment, extra)
        forms = [(form, s.name) for s in self._secrets for form in s.forms]
        self._forms = sorted(forms, key=lambda pair: -len(pair[0]))
        self._fragments = [(f, s.name) for s in self._secrets for f in s.fragments]

    def _mark(self, name: str) -> str:
        """Give what stands in a secret's place; it never holds a secret itself."""
        mark = f"[redacted:{name}]"
        return PLACEHOLDER if any(s.value in mark for s in self._secrets) else mark

    def text(self, text: str) -> str:
        """Give `text` without secrets."""
        lowered: str | None = None
        text = self._without_base64(text)
        for form, name in self._forms:
            if form in text:
                text = text.replace(form, self._mark(name))
        for pattern in PATTERNS:
            lowered = text.lower() if lowered is None else lowered
            if any(needle in lowered for needle in pattern.needles):
                text = pattern.expression.sub(self._mark(pattern.name), text)
        return text

    def hits(self, text: str) -> list[Hit]:
        """List the secrets in `text` by place."""
        found = [
            Hit(start=match.start(), end=match.end(), name=name)
            for form, name in [*self._forms, *self._fragments]
            if form in text
            for match in re.finditer(re.escape(form), text)
        ]
        lowered = text.lower()
        found += [
            Hit(start=match.start(), end=match.end(), name=pattern.name)
            for pattern in PATTERNS
            if any(needle in lowered for needle in pattern.needles)
            for match in pattern.expression.finditer(text)
        ]
        return sorted(found, key=lambda hit: (hit.start, -hit.end))

    def _without_base64(self, text: str) -> str:
        if not any(fragment in text for fragment, _ in self._fragments):
            return text
        return _BASE64_RUN.sub(lambda match: self._clean_run(match[0]), text)

    def _clean_run(self, run: str) -> str:
        """Remove secrets from inside a base64 text, which stays base64 if it can."""
        held = [pair for pair in self._fragments if pair[0] in run]
        if not held:
            return run
        for shift in range(min(4, len(run))):
            clean = run[:shift] + recoded(run[shift:], self.data)
            if not any(fragment in clean for fragment, _ in held):
                return clean
        for fragment, name in held:
            run = run.replace(fragment, self._mark(name))
        return run

    def data(self, data: bytes) -> bytes:
        """Give `data` without secrets; what is no text keeps its length."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return self._binary(data)
        return self.document(text).encode("utf-8")

    def _binary(self, data: bytes) -> bytes:
        text = data.decode("latin-1")
        for form, _ in self._forms:
            raw = form.encode("utf-8", "surrogatepass").decode("latin-1")
            text = text.replace(raw, "*" * len(raw))
        for fragment, _ in self._fragments:
            text = text.replace(fragment, "A" * len(fragment))
        lowered = text.lower()
        for pattern in PATTERNS:
            if any(needle in lowered for needle in pattern.needles):
                text = pattern.expression.sub(lambda m: "*" * len(m[0]), text)
        return text.encode("latin-1")

    def document(self, text: str) -> str:
        """Give a JSON document, a stream of them or any other text without secrets.

        JSON stays JSON, and keeps its layout where it has a known one.
        """
        clean = self.text(text)
        suspicious = _HIDDEN_LETTER.search(clean) or _CREDENTIAL_MEMBER.search(clean)
        if clean == text and not suspicious and not _may_be_stream(text):
            return text
        if (rewritten := self._json(clean)) is not None:
            return rewritten
        # A number that is a secret became a placeholder, which JSON lets stand only
        # inside quotes.
        rewritten = self._json(text)
        if rewritten is not None and not self.hits(rewritten):
            return rewritten
        return clean_stream(clean, self._line, self.hits, self._mark)

    def _json(self, text: str) -> str | None:
        try:
            return self._rewritten(text, parse_json(text))
        except ValueError:
            return None

    def _rewritten(self, text: str, value: Any) -> str:
        clean = self.value(value)
        if clean == value:
            return text
        style = (
            style_of(text.encode("utf-8", "surrogatepass"), value) or "compact-ascii"
        )
        return STYLES[style](clean).decode("utf-8")

    def _line(self, text: str, value: Any) -> str:
        suspicious = _HIDDEN_LETTER.search(text) or _CREDENTIAL_MEMBER.search(text)
        return self._rewritten(text, value) if suspicious else text

    def value(self, value: T, depth: int = 0) -> T:
        """Give a JSON value, where bytes may stand, without secrets."""
        return cast("T", self._value(value, depth))

    def _value(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self._string(value, depth)
        if isinstance(value, bytes):
            return self.data(value)
        if isinstance(value, Mapping):
            return {
                self.text(key): self._member(key, item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._value(item, depth + 1) for item in value]
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._number(value)
        return value

    def _string(self, text: str, depth: int) -> str:
        clean = self.text(text)
        if depth < _NESTED and clean[:1] in ("{", "["):
            try:
                return self._rewritten(clean, parse_json(clean))
            except ValueError:
                return clean
        return clean

    def _member(self, key: str, item: Any, depth: int) -> Any:
        if key.lower() in CREDENTIAL_NAMES and _looks_like_credential(item):
            return self._mark(key.lower())
        return self._value(item, depth)

    def _number(self, number: float) -> Any:
        clean = self.text(str(number))
        return number if clean == str(number) else clean

    def request(self, request: Request) -> Request:
        """Give `request` as it may be written and compared.

        Only harmless headers stay; credentials in the query are replaced; a multipart
        body gets the boundary that all recordings have.
        """
        request = with_fixed_boundary(request)
        headers = self._headers(request.headers, _KEPT_REQUEST)
        return dataclasses.replace(
            request,
            host=self.text(request.host),
            path=self.text(request.path),
            query=self._query(request.query),
            headers=headers,
            body=self._body(request.body, media_type(request.headers)),
        )

    def response(self, response: Response) -> Response:
        """Give `response` as it may be written; chunk sizes follow the new body."""
        body = self._body(response.body, media_type(response.headers))
        return dataclasses.replace(
            response,
            headers=self._headers(response.headers, _KEPT_RESPONSE),
            body=body,
            chunks=resized(response.chunks, response.body, body),
        )

    def _headers(
        self, headers: tuple[tuple[str, str], ...], kept: re.Pattern[str]
    ) -> tuple[tuple[str, str], ...]:
        lowered = [(name.lower(), value) for name, value in headers]
        return tuple((n, self.text(value)) for n, value in lowered if kept.fullmatch(n))

    def _query(self, query: str) -> str:
        pairs = [pair.partition("=") for pair in query.split("&")]
        return "&".join(
            f"{name}={self._mark('query')}"
            if equals and is_credential(name)
            else self.text(f"{name}{equals}{value}")
            for name, equals, value in pairs
        )

    def _body(self, body: bytes, media: str) -> bytes:
        if not body:
            return body
        clean = self.data(body)
        if media == "application/x-www-form-urlencoded":
            text = clean.decode("utf-8", "surrogateescape")
            text = _FORM_MEMBER.sub(self._masked_member, text)
            clean = text.encode("utf-8", "surrogateescape")
        if media == _CHECKSUMMED and clean != body:
            raise RedactionRefused(
                "a secret stands in an answer of Amazon's event stream, whose frames "
                "carry check sums, so it cannot be removed. Nothing was written. Keep "
                "the secret out of the prompt, or use the call without streaming."
            )
        return clean

    def _masked_member(self, match: re.Match[str]) -> str:
        if _is_placeholder(match[2]):
            return match[0]
        return f"{match[1]}={self._mark(match[1].lower())}"

    def call(self, call: Call) -> Call:
        """Give `call` without secrets, the raw exchange and all that was read of it."""
        return self._dataclass(call)

    def run(self, run: Run) -> Run:
        """Give `run` without secrets."""
        return self._dataclass(run)

    def _dataclass(self, value: T) -> T:
        fields = {
            field.name: self._field(getattr(value, field.name))
            for field in dataclasses.fields(cast("Any", value))
            if field.init
            and field.name not in _FIXED_FIELDS
            and field.metadata.get("json") is not False
        }
        return cast("T", dataclasses.replace(cast("Any", value), **fields))

    def _field(self, item: Any) -> Any:
        if isinstance(item, Request):
            return self.request(item)
        if isinstance(item, Response):
            return self.response(item)
        if dataclasses.is_dataclass(item):
            return self._dataclass(item)
        if isinstance(item, tuple):
            return tuple(self._field(part) for part in item)
        if isinstance(item, Mapping):
            return {self.text(k): self._entry(k, v) for k, v in item.items()}
        return self._value(item, 0) if isinstance(item, (str, bytes, list)) else item

    def _entry(self, key: str, item: Any) -> Any:
        if dataclasses.is_dataclass(item) or isinstance(item, tuple):
            return self._field(item)
        return self._member(key, item, 0)

    def verify(self, run: Run) -> None:
        """Make sure that nothing of `run` gives a secret away.

        Raises `RedactionRefused` that names the secret and the place.
        """
        document, blobs = encode(run)
        parts = {"the recording": pretty(document)}
        for name, data in blobs.items():
            parts[f"the side file {name}"] = data.decode("utf-8", "replace")
        for where, text in parts.items():
            if found := self.hits(text):
                hit = found[0]
                raise RedactionRefused(
                    f"{hit.name} stands in {where} ({_surroundings(text, hit)}) and "
                    "cannot be removed. Nothing was written. Keep it out of what the "
                    "workflow stores, or give it another name in the environment if it "
                    "is no secret."
                )


def _looks_like_credential(item: Any) -> bool:
    """Tell a password from its label: ``{"password": "Choose one"}`` is a form."""
    if not isinstance(item, str) or _is_placeholder(item):
        return False
    word = item.rpartition(" ")[2] if item.count(" ") == 1 else item
    return _CREDENTIAL.fullmatch(word) is not None


def _is_placeholder(text: str) -> bool:
    return text.startswith("[redacted") and text.endswith("]")


def _may_be_stream(text: str) -> bool:
    return text.startswith(("data:", "event:", "{")) and "\n" in text


def _surroundings(text: str, hit: Hit) -> str:
    """Show the place of a hit without the hit."""
    before = text[max(0, hit.start - 30) : hit.start].replace("\n", " ")
    after = text[hit.end : hit.end + 10].replace("\n", " ")
    return f"…{before}***{after}…"
