from __future__ import annotations

import base64
import dataclasses
import html
import itertools
import json
import re
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from recorded_runs import (
    PNG,
    chat_call,
    chat_request,
    full_run,
    plain_json,
    runs,
)

from pytest_agentflow.model.call import Call, Invocation, Request, Response
from pytest_agentflow.model.run import Artefact, Run, Stage
from pytest_agentflow.recording.document import encode
from pytest_agentflow.recording.match import match_key
from pytest_agentflow.recording.pretty import pretty
from pytest_agentflow.recording.redact import RedactionRefused, Redactor
from pytest_agentflow.recording.secret_forms import secrets_of

SECRET = 'sk-proj-Ab/c+"1234567890abcdEFGH\\x'  # noqa: S105 - must not be written
REDACTOR = Redactor({"OPENAI_API_KEY": SECRET, "HOME": "/home/someone"})

passwords = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["Cs"]),
    min_size=8,
    max_size=40,
).filter(lambda text: len(set(text)) > 4 and "redacted" not in text)


def respond(body: bytes, media: str = "application/json", **parts: Any) -> Response:
    """A response with one content type."""
    return Response(status=200, headers=(("content-type", media),), body=body, **parts)


def readings(text: str) -> list[str]:
    """Give a text in all ways that somebody could read it: decoded again and again."""
    found, fresh = [text], [text]
    for _ in range(3):
        fresh = [part for one in fresh for part in _decoded(one) if part not in found]
        found += fresh
    return found


def _decoded(text: str) -> list[str]:
    parts = [unquote(text), unquote_plus(text), html.unescape(text)]
    for line in [text, *text.split("\n")]:
        try:
            parts += _strings(json.loads(line.removeprefix("data: ")))
        except ValueError:
            continue
    for run in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        standard = run.translate(str.maketrans("-_", "+/"))
        for shift in range(4):
            cut = standard[shift:]
            cut = cut[: len(cut) - len(cut) % 4] if len(cut) % 4 == 1 else cut
            data = base64.b64decode(cut + "=" * (-len(cut) % 4))
            parts.append(data.decode("utf-8", "replace"))
        if re.fullmatch(r"([0-9a-fA-F]{2})+", run):
            parts.append(bytes.fromhex(run).decode("utf-8", "replace"))
    return parts


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [*value, *(s for item in value.values() for s in _strings(item))]
    return (
        [s for item in value for s in _strings(item)] if isinstance(value, list) else []
    )


ENCODINGS = {
    "raw": lambda s: s,
    "json": json.dumps,
    "json, all signs": lambda s: json.dumps(s, ensure_ascii=False),
    "json in json": lambda s: json.dumps({"arguments": json.dumps({"k": s})}),
    "escaped letters": lambda s: (
        '{"k": "' + "".join(f"\\u{ord(c):04x}" for c in s) + '"}'
    ),
    "percent": lambda s: f"?a={quote(s, safe='')}&b=1",
    "form": lambda s: f"a={quote_plus(s)}",
    "html": lambda s: f"<p title='{html.escape(s)}'>",
    "hexadecimal": lambda s: s.encode().hex(),
    "basic": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64, offset 0": lambda s: base64.b64encode(f"{s} and so on".encode()).decode(),
    "base64, offset 1": lambda s: base64.b64encode(f"a{s}".encode()).decode(),
    "base64, url": lambda s: base64.urlsafe_b64encode(f"{{{s}}}".encode()).decode(),
    "base64 in json": lambda s: json.dumps(
        {"data": base64.b64encode(f"{{'k': '{s}'}}".encode()).decode()}
    ),
    "base64 in a path": lambda s: "/a/b/" + base64.b64encode(s.encode()).decode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(password=passwords, before=st.sampled_from(["", "x ", '"', "\n"]))
@settings(max_examples=60, deadline=None)
@example(password=SECRET, before="")
def test_a_planted_secret_is_gone_in_every_encoding(
    encoding: str, password: str, before: str
) -> None:
    """Nobody can get the secret back from what is written."""
    text = ENCODINGS[encoding](password)
    if before != '"' and encoding == "raw":
        text = before + text
    redactor = Redactor({"SERVICE_PASSWORD": password})
    clean = redactor.response(respond(text.encode(), "text/plain")).body.decode()
    for reading in readings(clean):
        assert password not in reading


@given(password=passwords, value=plain_json)
@settings(max_examples=80, deadline=None)
def test_json_stays_json(password: str, value: Any) -> None:
    """A placeholder never breaks the document around it."""
    body = {"before": value, password: [password, {"deep": f"x{password}y"}], "n": 1}
    clean = Redactor({"API_TOKEN": password}).data(json.dumps(body).encode())
    parsed = json.loads(clean)
    assert password not in str(_strings(parsed))
    assert set(parsed) >= {"[redacted:API_TOKEN]", "n"}


@given(runs)
@settings(max_examples=30, deadline=None)
def test_redacting_twice_is_redacting_once(run: Run) -> None:
    """Recorded and replayed requests are redacted alike."""
    once = REDACTOR.run(run)
    assert REDACTOR.run(once) == once


@given(plain_json)
def test_what_holds_no_secret_is_not_touched(value: Any) -> None:
    """Bodies without a secret keep every byte."""
    body = json.dumps(value, indent=3).encode()
    assert REDACTOR.data(body) == body


STREAM_PATHS = {
    "openai": lambda word: {"choices": [{"delta": {"content": word}}], "id": "c1"},
    "anthropic": lambda word: {
        "type": "content_block_delta",
        "delta": {"type": "text_delta", "text": word},
    },
    "responses": lambda word: {"type": "response.output_text.delta", "delta": word},
}


@pytest.mark.parametrize("api", STREAM_PATHS)
@given(
    cuts=st.lists(st.integers(0, 80), max_size=6), sizes=st.lists(st.integers(0, 900))
)
@settings(max_examples=60, deadline=None)
def test_a_secret_split_over_events_is_gone(
    api: str, cuts: list[int], sizes: list[int]
) -> None:
    """A model that repeats a key word by word does not put it into the file."""
    said = f"The key is {SECRET}, keep it."
    places = sorted({0, len(said), *(cut % len(said) for cut in cuts)})
    words = [said[a:b] for a, b in itertools.pairwise(places)]
    events = [json.dumps(STREAM_PATHS[api](word)) for word in words]
    body = "".join([*(f"data: {e}\n\n" for e in events), "data: [DONE]\n\n"]).encode()
    ends = sorted({min(size, len(body)) for size in sizes} | {len(body)})
    chunks = tuple(b - a for a, b in zip([0, *ends], ends, strict=False))
    clean = REDACTOR.response(respond(body, "text/event-stream", chunks=chunks))
    lines = clean.body.decode().split("\n\n")
    assert len(lines) == len(words) + 2
    parsed = [json.loads(line.removeprefix("data: ")) for line in lines[:-2]]
    again = "".join(_said(api, event) for event in parsed)
    assert again == "The key is [redacted:OPENAI_API_KEY], keep it."
    assert sum(clean.chunks) == len(clean.body)
    assert len(clean.chunks) == len(chunks)
    assert all(size >= 0 for size in clean.chunks)


def _said(api: str, event: dict[str, Any]) -> str:
    if api == "openai":
        return event["choices"][0]["delta"]["content"]
    return event["delta"]["text"] if api == "anthropic" else event["delta"]


def test_a_secret_split_over_network_chunks_is_gone() -> None:
    """Bodies are cleaned whole, however they arrived."""
    body = f'{{"k": {json.dumps(SECRET)}}}\n'.encode()
    clean = REDACTOR.response(respond(body, chunks=(12, len(body) - 12)))
    assert json.loads(clean.body) == {"k": "[redacted:OPENAI_API_KEY]"}
    assert sum(clean.chunks) == len(clean.body)


#: Written with a dot in the middle, so that no scanner takes this file for a leak.
FORMS = {
    "anthropic": "sk-ant·-api03-Zx8Qw3Rt5Yp0Lk9Jh2Gf4Ds6Aa7Bb1Cc",
    "openai": "sk-pr·oj-T3BlbkFJabcdefghij1234567890",
    "aws": "AKIA·IOSFODNN7EXAMPLE",
    "google": "AIza·SyA1234567890abcdefghijklmnopqrstuv",
    "github": "ghp_·abcdefghijklmnopqrstuvwxyz0123456789",
    "github, fine": "github_·pat_11ABCDEFG0abcdefghijkl",
    "gitlab": "glpat·-abcdefghij0123456789",
    "huggingface": "hf_·abcdefghijklmnopqrstuvwxyzABCDEF01",
    "groq": "gsk_·" + "a1B2" * 13,
    "slack": "xoxb·-123456789012-abcdefghij",
    "google token": "ya29·.a0AfH6SMBabcdefghijklmnop",
    "jwt": "eyJ·hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w",
    "pem": "-----BEGIN RSA PRI·VATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    "pem, one line": "-----BEGIN PRI·VATE KEY-----\\nMII\\n-----END PRIVATE KEY-----",
    "basic": "Authorization: Basic dXNlcjpw·YXNzd29yZA==",
    "bearer": "bearer 01234567·89abcdef0123",
    "cookie": "Cookie: session=abc1·23def; theme=dark",
}


@pytest.mark.parametrize("form", FORMS)
def test_secrets_are_known_by_their_form(form: str) -> None:
    """Keys that are in no environment variable are found by what they look like."""
    redactor, secret = Redactor({}), FORMS[form].replace("·", "")
    for text in (f"Use {secret} now", json.dumps({"text": secret})):
        clean = redactor.document(text)
        assert secret not in clean
        assert json.dumps(secret)[1:-1] not in clean
        assert "[redacted:" in clean
        assert redactor.hits(clean) == []


@pytest.mark.parametrize(
    "text",
    [
        ".sk-loading-spinner-animated { color: red }",
        "sk-spinner-1-of-12-dots",
        "The bearer of this letter, unquestionably",
        "Cookie: what we store. See our cookie policy.",
        "AKIA is a prefix",
        "class='risk-assessment-2026-for-hotels-and-inns'",
        base64.b64encode(PNG).decode(),
        "eyJ alone",
        "a basic introduction",
    ],
)
def test_prose_and_style_sheets_are_left_alone(text: str) -> None:
    """What merely begins like a key is not one."""
    assert Redactor({}).document(text) == text


def test_only_harmless_headers_stay() -> None:
    """Everything that is not on the list is left out, in any spelling."""
    request = dataclasses.replace(
        chat_request(),
        headers=(
            ("Authorization", "Bearer abc"),
            ("X-Api-Key", "abc"),
            ("Content-Type", "application/json"),
            ("User-Agent", "OpenAI/Python"),
            ("X-Stainless-OS", "Linux"),
            ("OpenAI-Organization", "org-1"),
            ("Cookie", "a=b"),
        ),
    )
    assert REDACTOR.request(request).headers == (("content-type", "application/json"),)
    response = Response(
        status=200,
        headers=(
            ("Content-Encoding", "gzip"),
            ("Set-Cookie", "__cf_bm=x"),
            ("OpenAI-Organization", "org-1"),
            ("X-Request-Id", "req_1"),
            ("OpenAI-Processing-Ms", "12"),
            ("x-ratelimit-remaining-tokens", "9"),
            ("anthropic-ratelimit-requests-limit", "5"),
            ("X-Amzn-Bedrock-Input-Token-Count", "7"),
            ("x-agentflow-provenance", "authored"),
        ),
    )
    assert [name for name, _ in REDACTOR.response(response).headers] == [
        "x-request-id",
        "openai-processing-ms",
        "x-ratelimit-remaining-tokens",
        "anthropic-ratelimit-requests-limit",
        "x-amzn-bedrock-input-token-count",
        "x-agentflow-provenance",
    ]


def test_credentials_in_the_query_are_replaced() -> None:
    """Gemini's ``?key=`` is no part of a recording."""
    request = dataclasses.replace(
        chat_request(), query=f"alt=sse&key=abc&q={quote(SECRET, safe='')}"
    )
    assert REDACTOR.request(request).query == (
        "alt=sse&key=[redacted:query]&q=[redacted:OPENAI_API_KEY]"
    )


def test_credentials_are_known_by_the_name_of_their_member() -> None:
    """Tokens that a log-in service hands out are removed, whatever they look like."""
    body = {"access_token": "opaque-value-1", "expires_in": 3600, "password": {"a": 1}}
    clean = json.loads(REDACTOR.data(json.dumps(body).encode()))
    assert clean == {**body, "access_token": "[redacted:access_token]"}
    labels = b'{"password": "Choose a password", "cookie": "accepted"}'
    assert REDACTOR.data(labels) == labels
    form = Request(
        method="POST",
        scheme="https",
        host="login.test",
        port=443,
        path="/token",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
        body=b"grant_type=x&client_secret=opaque-value-2&scope=a",
    )
    assert REDACTOR.request(form).body == (
        b"grant_type=x&client_secret=[redacted:client_secret]&scope=a"
    )


def test_a_secret_that_is_a_number_leaves_json_behind() -> None:
    """A numeric password becomes text, so that the body can still be parsed."""
    redactor = Redactor({"DB_PASSWORD": "12345678"})
    clean = redactor.data(b'{"pin": 12345678, "text": "12345678"}')
    mark = "[redacted:DB_PASSWORD]"
    assert json.loads(clean) == {"pin": mark, "text": mark}


def test_pictures_keep_their_length() -> None:
    """A key in a picture's metadata is blackened in place."""
    inner = base64.b64encode(f"key: {SECRET}".encode())
    picture = PNG + b"tEXtkey " + SECRET.encode() + b"\0" + inner + PNG
    clean = REDACTOR.data(picture)
    assert len(clean) == len(picture)
    assert inner[8:40] not in clean
    assert SECRET.encode() not in clean
    assert clean.startswith(PNG)
    encoded = json.dumps({"b64_json": base64.b64encode(picture).decode()}).encode()
    answer = json.loads(REDACTOR.response(respond(encoded)).body)
    assert base64.b64decode(answer["b64_json"]) == clean


def test_frames_with_check_sums_are_refused() -> None:
    """What cannot be removed without breaking the body is not written."""
    body = b"\x00\x00\x01\xff" + SECRET.encode() + b"\xfe"
    media = "application/vnd.amazon.eventstream"
    with pytest.raises(RedactionRefused, match="Nothing was written"):
        REDACTOR.response(respond(body, media))
    assert REDACTOR.response(respond(b"\x00\xff", media)).body == b"\x00\xff"


def planted_run() -> Run:
    """A run with the secret in every kind of field."""
    call = chat_call(request=chat_request(f"Use {SECRET}"))
    tool = Call(
        id="writer/2",
        kind="tool",
        stage="writer",
        invocation=Invocation(
            function="m:f",
            arguments={"key": SECRET, SECRET: 1},
            result=[{"deep": (SECRET.encode(), SECRET)}],
        ),
    )
    page = f"<p>{html.escape(SECRET)}</p>".encode()
    return dataclasses.replace(
        full_run(),
        calls=(call, tool),
        inputs={"token": SECRET},
        output=[{"again": SECRET}],
        stages=(Stage(name="writer", outputs=(SECRET, {"x": [SECRET.encode()]})),),
        artefacts=(
            Artefact(name="a.html", media_type="text/html", data=page),
            Artefact(name=f"{SECRET}.txt", media_type="text/plain", data=page * 900),
        ),
    )


def test_nothing_of_a_run_gives_the_secret_away() -> None:
    """Exchange, readings, outputs, artefacts, names and side files are all clean."""
    clean = REDACTOR.run(planted_run())
    REDACTOR.verify(clean)
    document, blobs = encode(clean)
    everything = [
        pretty(document),
        *(data.decode("latin-1") for data in blobs.values()),
    ]
    for text in everything:
        assert "Ab/c+" not in text
        assert base64.b64encode(SECRET.encode()).decode()[:20] not in text
    with pytest.raises(RedactionRefused) as caught:
        REDACTOR.verify(planted_run())
    assert "OPENAI_API_KEY stands in" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_a_redacted_run_reads_as_before() -> None:
    """What a reader derived is redacted like the exchange that it came from."""
    (call, _) = REDACTOR.run(planted_run()).calls
    assert call.messages[1].text == "Use [redacted:OPENAI_API_KEY]"
    assert "messages" not in encode(Run(workflow="w", case="c", calls=(call,)))[0]


@given(passwords, passwords, st.sampled_from(["OTHER_KEY", "OPENAI_API_KEY"]))
@settings(max_examples=80, deadline=None)
def test_replay_matches_on_a_machine_with_another_key(
    recorded: str, replayed: str, name: str
) -> None:
    """Keys are compared after redaction, so they need not be the same."""
    assume(recorded not in "Call with key: and go" and replayed not in recorded)
    assume("#" not in recorded + replayed)
    there = Redactor({"OPENAI_API_KEY": recorded})
    here = Redactor({name: replayed})
    one = there.request(chat_request(f"# {recorded} #"))
    two = here.request(chat_request(f"# {replayed} #"))
    assume(json.loads(one.body)["messages"][0] == json.loads(two.body)["messages"][0])
    assert match_key(one) == match_key(two)


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("OPENAI_API_KEY", "abcdefgh", True),
        ("openaiApiKey", "abcdefgh", True),
        ("AWS_SECRET_ACCESS_KEY", "/abc/defghijklmnop/x", True),
        ("GITHUB_TOKEN", "x" * 12, True),
        ("DATABASE_URL", "postgres://me:s3cretpw@host/db", True),
        ("SLACK_WEBHOOK", "https://hooks.test/T0/B0/xyz", True),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/me/key.json", False),
        ("SSH_AUTH_SOCK", "/tmp/ssh-x/agent.1", False),  # noqa: S108
        ("PWD", "/home/someone/project", False),
        ("MAX_TOKENS", "16384000", False),
        ("AWS_ACCESS_KEY_ID", "some-key-id-1", False),
        ("STRIPE_PUBLISHABLE_KEY", "pk_live_abcdef", False),
        ("GIT_AUTHOR_NAME", "Somebody Else", False),
        ("KEYBOARD_LAYOUT", "qwerty-us", False),
        ("API_KEY", "none", False),
        ("API_KEY", "sk-12", False),
    ],
)
def test_variables_are_secret_by_their_name(
    name: str, value: str, *, is_secret: bool
) -> None:
    """Values that must be removed are told from paths, limits and public ids."""
    assert bool(secrets_of({name: value})) is is_secret


def test_the_password_of_an_address_is_removed_alone() -> None:
    """Only the password of a database address is secret."""
    redactor = Redactor({"DATABASE_URL": "postgres://me:p%40ss-word@db/x"})
    assert redactor.text("postgres://me:p%40ss-word@db/x and p@ss-word") == (
        "postgres://me:[redacted:DATABASE_URL]@db/x and [redacted:DATABASE_URL]"
    )


def test_further_secrets_can_be_given() -> None:
    """A user's own values are added, and never replace what is built in."""
    redactor = Redactor({"API_KEY": "abcdefgh"}, extra=["Project Falcon", ""])
    assert redactor.text("Project Falcon: abcdefgh") == (
        "[redacted:extra]: [redacted:API_KEY]"
    )


def test_a_value_that_is_part_of_a_placeholder_does_not_loop() -> None:
    """Somebody who sets API_KEY=OPENAI_API_KEY can still record."""
    redactor = Redactor({"API_KEY": "OPENAI_API_KEY", "OPENAI_API_KEY": "redacted"})
    text = redactor.text("redacted OPENAI_API_KEY")
    assert redactor.text(text) == text
