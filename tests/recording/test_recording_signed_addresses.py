"""Addresses that let somebody in are recorded without what lets in."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.call import Response
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.recording.redaction_addresses import grants_in, without_grants

REDACTOR = Redactor({})
SIG = "Q7xkAb12Cd34%2BEf56Gh78%2FIj90Kl%3D"
HOOK = "T0ABCDEF12/B0ABCDEF12/" + "a1B2c3D4e5F6g7H8i9J0k1L2"

SIGNED = [
    f"https://acme.blob.core.windows.net/i/a.png?se=2026-11-22&sp=r&sig={SIG}",
    f"https://b.s3.amazonaws.com/a.png?X-Amz-Expires=60&X-Amz-Signature={SIG}",
    f"https://b.s3.amazonaws.com/a.png?X-Amz-Security-Token={SIG}&x=1",
    f"https://storage.googleapis.com/b/a.png?X-Goog-Signature={SIG}",
    f"https://img.test/%C3%A9?signature={SIG}#top",
    f"https://proxy.test/?url=https%3A%2F%2Fb.test%2Fa%3Fsig%3D{SIG}%26w%3D2",
    f"wss://host.test/live?token={SIG}",
]

HARMLESS = [
    "sig=Q7xkAb12Cd34Ef56Gh78 is how it looks in prose",
    "https://maps.test/?key=YOUR_API_KEY&q=Rome",
    "https://shop.test/?sort=key&page=2&colour=0123456789abcdef",
    "https://blob.test/a.png?sig=redacted&se=2026",
    "https://h.test/?token=[redacted:query]",
    "see https://h.test/a and sig=Q7xkAb12Cd34Ef56Gh78",
    "https://api.test/services/Tools/Build",
]


def html_of(address: str) -> str:
    """The address in a page."""
    return f'<img src="{address.replace("&", "&amp;")}" alt="">'


FORMS = {
    "as it is": str,
    "in JSON": lambda a: json.dumps({"data": [{"url": a}]}),
    "in JSON in JSON": lambda a: json.dumps({"arguments": json.dumps({"url": a})}),
    "slashes escaped": lambda a: json.dumps({"url": a}).replace("/", "\\/"),
    "signs escaped": lambda a: json.dumps({"url": a}).replace("&", "\\u0026"),
    "letters escaped": lambda a: json.dumps({"url": a.replace("?", "é?", 1)}),
    "in Markdown": lambda a: f"Here: ![hero]({a}). And more.",
    "in a page": html_of,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("address", SIGNED)
def test_no_signature_is_written(address: str, form: str) -> None:
    """Whatever holds the address; all else of it stays, and twice is like once."""
    text = FORMS[form](address)
    clean = REDACTOR.document(text)
    assert SIG not in clean
    assert "Q7xk" not in clean
    assert clean == text.replace(SIG, "redacted")
    assert REDACTOR.document(clean) == clean
    assert REDACTOR.hits(clean) == []
    assert REDACTOR.hits(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_addresses_stay(text: str) -> None:
    """A word like ``sig=`` in prose and a short or public value are no secrets."""
    assert REDACTOR.document(text) == text
    assert REDACTOR.hits(text) == []


@given(st.text(alphabet='abé:/?&=#%[]()\\" \n;.*', max_size=60))
def test_any_text_is_cleaned_once_and_for_all(text: str) -> None:
    """Cleaning is total and idempotent, and its places are apart and in order."""
    noisy = f"https://h.test/?{text}sig=Q7xkAb12Cd34Ef56{text}"
    clean = without_grants(noisy)
    assert without_grants(clean) == clean
    assert grants_in(clean) == []
    assert REDACTOR.text(REDACTOR.text(noisy)) == REDACTOR.text(noisy)


@given(st.lists(st.integers(1, 200), max_size=8), st.sampled_from(SIGNED[:5]))
def test_a_signature_in_pieces_of_a_stream_is_cut(
    places: list[int], address: str
) -> None:
    """Wherever a model's stream is cut, the pieces spell no signature."""
    said = f"The picture: {address} - enjoy"
    edges = sorted({0, len(said), *(place % len(said) for place in places)})
    words = [said[a:b] for a, b in itertools.pairwise(edges)]
    deltas = [{"choices": [{"index": 0, "delta": {"content": w}}]} for w in words]
    body = "".join(f"data: {json.dumps(d)}\n\n" for d in deltas).encode()
    sse = (("content-type", "text/event-stream"),)
    clean = REDACTOR.response(Response(status=200, headers=sse, body=body)).body
    events = [json.loads(line[6:]) for line in clean.decode().split("\n\n") if line]
    spelt = "".join(e["choices"][0]["delta"]["content"] for e in events)
    assert spelt == said.replace(SIG, "redacted")


def test_bytes_keep_their_length() -> None:
    """What is no text, such as a picture with an address inside, is starred out."""
    data = b"\xff\xd8\x00" + SIGNED[0].encode() + b"\x00\xff"
    clean = REDACTOR.data(data)
    assert len(clean) == len(data)
    assert b"Q7xk" not in clean
    assert REDACTOR.data(clean) == clean
    assert REDACTOR.hits(clean.decode("latin-1")) == []


@pytest.mark.parametrize("escaped", [False, True])
def test_a_slack_webhook_is_a_secret(escaped: bool) -> None:
    """Its path alone lets anybody post."""
    text = json.dumps({"url": f"https://hooks.slack.com/services/{HOOK}"})
    text = text.replace("/", "\\/") if escaped else text
    clean = REDACTOR.document(text)
    assert HOOK.rpartition("/")[2] not in clean
    assert json.loads(clean)["url"].startswith("https://hooks.slack.com/services/")
    assert "slack-webhook" in clean


def test_a_member_named_secret_is_one() -> None:
    """A long value of it goes; a sentence and a thought's signature stay."""
    text = json.dumps(
        {"secret": "9f86d081884c7d65", "signing_secret": "8f742231b10e8888"}
    )
    clean = json.loads(REDACTOR.document(text))
    assert clean["secret"] == "[redacted:secret]"  # noqa: S105
    assert clean["signing_secret"] == "[redacted:signing_secret]"  # noqa: S105
    kept = json.dumps({"secret": "a pinch of salt", "signature": "EqQBCgYIARgCIkA12"})
    assert REDACTOR.document(kept) == kept
