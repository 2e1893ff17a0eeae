"""Takes secrets out of everything that is written: headers, bodies, values, blobs."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.run import Run
from pytest_agentflow.providers.eventstream import MEDIA_TYPE
from pytest_agentflow.recording.bodies import STYLES, parse_json, style_of
from pytest_agentflow.recording.canonical import with_fixed_boundary
from pytest_agentflow.recording.document import encode
from pytest_agentflow.recording.exchange import media_type, reading_of
from pytest_agentflow.recording.personal import inverse
from pytest_agentflow.recording.pretty import pretty
from pytest_agentflow.recording.redaction_frames import clean_frames
from pytest_agentflow.recording.redaction_headers import (
    KEPT_REQUEST,
    KEPT_RESPONSE,
    clean_headers,
    clean_query,
    credentials_of,
)
from pytest_agentflow.recording.redaction_members import (
    is_credential,
    may_hold_credential,
    without_form_credentials,
)
from pytest_agentflow.recording.redaction_streams import (
    Rules,
    clean_lines,
    may_be_stream,
    unspelt,
    unspelt_stream,
)
from pytest_agentflow.recording.redaction_text import Hit, resized
from pytest_agentflow.recording.redaction_values import Removal, is_text
from pytest_agentflow.recording.substitution import Substitution, as_scalar

T = TypeVar("T")

#: Fields that hold one of a few words, never a user's text.
_FIXED_FIELDS = frozenset(
    {"kind", "role", "method", "scheme", "found_by", "output_from", "source", "unit"}
)

#: Members and fields that name a model or a kind: a person's name in them is chance.
_PROTOCOL = frozenset(
    [
        "api",
        "finish_reason",
        "model",
        "modelId",
        "modelVersion",
        "object",
        "provider",
        "role",
        "stop_reason",
        "type",
    ]
)

_NUMBER_OF_A_PERSON = 7

_IN_FRAMES = (
    "a secret stands in an answer of Amazon's event stream where no part of it can be "
    "replaced: the stream is damaged, or it stands in the head of a frame. Nothing was "
    "written. Keep the secret out of the prompt, or use the call without streaming."
)

_NESTED = 20


class RedactionRefused(RuntimeError):
    """A secret was found where it cannot be removed, so nothing was written."""


class Redactor:
    """Removes secrets before anything is written.

    Args:
        environment: names and values of the environment; those that look like secrets
            by their name are removed wherever they stand, in any usual encoding.
        extra: further values that must not be written.
        patterns: further texts that must not be written, by their form.
        personal: what stands for a person, and the pseudonyms that replace it.

    Placeholders name what they stand for, ``[redacted:OPENAI_API_KEY]``. Redacting
    twice gives the same as redacting once, so recorded and replayed requests that are
    both redacted still match.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        extra: Iterable[str] = (),
        *,
        patterns: Iterable[re.Pattern[str]] = (),
        personal: Substitution | None = None,
    ) -> None:
        own = tuple(patterns)
        self._extra = frozenset(extra)
        self._with = partial(
            Removal, environment, patterns=own, personal=personal, inside=self.data
        )
        self._out = self._with(extra=self._extra)
        self._personal = personal
        self._soft = bool(own or personal)
        self._restorer: Redactor | None = None

    def learn(self, values: Iterable[str]) -> None:
        """Remove `values`, too, from now on, wherever they stand."""
        more = self._extra.union(values)
        if more != self._extra:
            self._extra = more
            self._out = self._with(extra=more)

    def text(self, text: str) -> str:
        """Give `text` without secrets, persons by their pseudonyms."""
        return self._out.text(text)

    def hits(self, text: str) -> list[Hit]:
        """List the secrets in `text` by place, and what stands for a person."""
        return self._out.hits(text)

    def data(self, data: bytes) -> bytes:
        """Give `data` without secrets; what is no text keeps its length."""
        if is_text(data):
            return self.document(data.decode("utf-8")).encode("utf-8")
        return self._out.binary(data)

    def document(self, text: str) -> str:
        """Give a JSON document, a stream of them or any other text without secrets.

        JSON stays JSON, and keeps its layout where it has a known one.
        """
        if may_be_stream(text):
            text = unspelt_stream(text, self._rules())
        clean = self._out.without_secrets(text)
        odd = may_hold_credential(clean)
        listed = text[:1] == "[" and may_be_stream(text)
        if clean == text and not (odd or self._soft or listed):
            return text
        if (rewritten := self._json(clean)) is not None:
            return rewritten
        # A number that is a secret became a placeholder, which JSON lets stand only
        # inside quotes.
        rewritten = self._json(text)
        if rewritten is not None and not self.hits(rewritten):
            return rewritten
        return clean_lines(clean, self._rules())

    def _rules(self) -> Rules:
        return Rules(
            line=self._line,
            value=self.value,
            plain=self._out.without_own,
            find=self.hits,
            find_values=self._out.hits_of_values,
            whole=lambda text: self._string(text, 0),
        )

    def _json(self, text: str) -> str | None:
        try:
            return self._rewritten(text, parse_json(text), top=True)
        except ValueError:
            return None

    def _rewritten(self, text: str, value: Any, *, top: bool = False) -> str:
        joined = value
        if top and isinstance(value, list) and len(value) > 1:
            joined = unspelt(value, self._rules())
        clean = self.value(joined)
        if clean == value:
            return text
        style = (
            style_of(text.encode("utf-8", "surrogatepass"), value) or "compact-ascii"
        )
        return STYLES[style](clean).decode("utf-8", "surrogatepass")

    def _line(self, text: str, value: Any) -> str:
        odd = self._soft or may_hold_credential(text)
        return self._rewritten(text, value) if odd else text

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
        if is_credential(key, item):
            return self._out.mark(key.lower())
        if self._personal is not None and isinstance(item, (str, int, float)):
            item = self._personal.member(key, item)
        if key in _PROTOCOL and isinstance(item, str):
            return self._out.without_secrets(item)
        return self._value(item, depth)

    def _number(self, number: float) -> Any:
        text = str(number)
        clean = self._out.without_secrets(text)
        if clean != text:
            return clean
        if self._personal is None or len(text) < _NUMBER_OF_A_PERSON:
            return number
        clean = self._personal.text(text)
        return number if clean == text else as_scalar(clean, number)

    def request(self, request: Request) -> Request:
        """Give `request` as it may be written and compared.

        Only harmless headers stay; credentials in the query are replaced; a multipart
        body gets the boundary that all recordings have. A credential that it carries
        is removed from everything that is cleaned from now on: servers echo them.
        """
        self.learn(credentials_of(request))
        request = with_fixed_boundary(request)
        return dataclasses.replace(
            request,
            host=self.text(request.host),
            path=self.text(request.path),
            query=clean_query(request.query, self.text, self._out.mark),
            headers=clean_headers(
                request.headers, KEPT_REQUEST, self.text, self._out.mark
            ),
            body=self._body(request.body, media_type(request.headers)),
        )

    def response(self, response: Response) -> Response:
        """Give `response` as it may be written; chunk sizes follow the new body."""
        body = self._body(response.body, media_type(response.headers))
        return dataclasses.replace(
            response,
            headers=clean_headers(
                response.headers, KEPT_RESPONSE, self.text, self._out.mark
            ),
            body=body,
            chunks=resized(response.chunks, response.body, body),
        )

    def restored(self, response: Response) -> Response:
        """Give a recorded answer with the real values in place of their pseudonyms.

        A workflow that is replayed with a person's real data is answered with them.
        """
        restorer = self._back()
        return restorer.response(response) if restorer else response

    def restored_value(self, value: T) -> T:
        """Give the recorded result of a function, restored as `restored` does."""
        restorer = self._back()
        return restorer.value(value) if restorer else value

    def _back(self) -> Redactor | None:
        if self._personal is not None and self._restorer is None:
            self._restorer = Redactor({}, personal=inverse(self._personal))
        return self._restorer

    def _body(self, body: bytes, media: str) -> bytes:
        if not body:
            return body
        if media == MEDIA_TYPE and (framed := clean_frames(body, self._rules())):
            return self._expect_clean(framed)
        clean = self.data(body)
        if media == "application/x-www-form-urlencoded":
            text = clean.decode("utf-8", "surrogateescape")
            text = without_form_credentials(text, self._out.mark)
            clean = text.encode("utf-8", "surrogateescape")
        if media == MEDIA_TYPE and clean != body:
            raise RedactionRefused(_IN_FRAMES)
        return clean

    def _expect_clean(self, framed: bytes) -> bytes:
        if self._out.hits_of_values(framed.decode("latin-1")):
            raise RedactionRefused(_IN_FRAMES)
        return framed

    def call(self, call: Call) -> Call:
        """Give `call` without secrets, the raw exchange and all that was read of it."""
        return self._dataclass(call)

    def run(self, run: Run) -> Run:
        """Give `run` without secrets."""
        return self._dataclass(run)

    def _dataclass(self, value: T) -> T:
        fields = {
            field.name: self._named_field(field.name, getattr(value, field.name))
            for field in dataclasses.fields(cast("Any", value))
            if field.init
            and field.name not in _FIXED_FIELDS
            and field.metadata.get("json") is not False
        }
        return cast("T", dataclasses.replace(cast("Any", value), **fields))

    def _named_field(self, name: str, item: Any) -> Any:
        if name in _PROTOCOL and isinstance(item, str):
            return self._out.without_secrets(item)
        return self._field(item)

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
        """Make sure that nothing of `run` gives a secret or a person away.

        Raises `RedactionRefused` that names the secret and the place.
        """
        document, blobs = encode(run)
        parts = {"the recording": pretty(document)}
        for name, data in blobs.items():
            parts[f"the side file {name}"] = data.decode("utf-8", "replace")
        for where, text in parts.items():
            if found := self._out.hits_of_secrets(text):
                raise _refused(found[0].name, where, _surroundings(text, found[0]))
        for call in run.calls:
            self._expect_unspelt(call)
        if self._soft and self.run(run) != run:
            raise _refused("what the project declares", "the recording", "at its end")

    def _expect_unspelt(self, call: Call) -> None:
        """Make sure that what a reader puts together of a stream is no secret."""
        reading = reading_of(call)
        if reading is None:
            return
        read = [reading.answer or "", *(str(c.arguments) for c in reading.tool_calls)]
        for text in read:
            if found := self.hits(text):
                where = f"the pieces of the answer to {call.id}"
                raise _refused(found[0].name, where, _surroundings(text, found[0]))


def _refused(name: str, where: str, near: str) -> RedactionRefused:
    return RedactionRefused(
        f"{name} stands in {where} ({near}) and cannot be removed. Nothing was "
        "written. Keep it out of what the workflow stores, or give it another name in "
        "the environment if it is no secret."
    )


def _surroundings(text: str, hit: Hit) -> str:
    """Show the place of a hit without the hit."""
    before = text[max(0, hit.start - 30) : hit.start].replace("\n", " ")
    after = text[hit.end : hit.end + 10].replace("\n", " ")
    return f"…{before}***{after}…"
