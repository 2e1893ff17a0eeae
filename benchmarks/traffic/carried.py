"""Whether the bytes of an exchange carry a model and its token counts."""

from __future__ import annotations

import base64
import re

import pytest_agentflow as af

#: Keys under which the providers keep their counts, from their documentation.
ASKED = re.compile(
    rb'"(prompt_tokens|input_tokens|promptTokenCount|inputTokens|inputTokenCount'
    rb'|prompt_eval_count|inputTextTokenCount|prompt_token_count)"\s*:\s*\d'
)
GIVEN = re.compile(
    rb'"(completion_tokens|output_tokens|candidatesTokenCount|responseTokenCount'
    rb"|thoughtsTokenCount|outputTokens|outputTokenCount|eval_count"
    rb'|totalOutputTextTokenCount|generation_token_count)"\s*:\s*\d'
)
MODEL = re.compile(rb'"(model|modelVersion|modelId)"\s*:\s*"[^"]')
IN_URL = re.compile(r"/(models?|deployments|engines)/[^/]")
CHUNK = re.compile(rb'"bytes"\s*:\s*"([A-Za-z0-9+/=]+)"')


def answered(call: af.Call) -> bool:
    """Whether a model may have answered: a success, and no look at an old answer."""
    asked, said = call.request, call.response
    if asked is None or said is None or not (200 <= said.status < 300 or is_live(call)):
        return False
    # A response made in the background is billed where it is fetched.
    fetched = re.search(rb'"background"\s*:\s*true', said.body)
    return asked.method.upper() == "POST" or is_live(call) or bool(fetched)


def is_live(call: af.Call) -> bool:
    """Whether it is a turn of a session over a WebSocket."""
    return call.request is not None and call.request.scheme in ("ws", "wss")


def carries(call: af.Call) -> bool:
    """Whether model, input and output counts stand anywhere in the exchange."""
    if not answered(call) or call.request is None or call.response is None:
        return False
    body = call.response.body + b"".join(
        base64.b64decode(chunk) for chunk in CHUNK.findall(call.response.body)
    )
    heads = {name.lower() for name, _ in call.response.headers}
    asked = ASKED.search(body) or "x-amzn-bedrock-input-token-count" in heads
    given = GIVEN.search(body) or "x-amzn-bedrock-output-token-count" in heads
    named = (
        MODEL.search(body)
        or MODEL.search(call.request.body)
        or IN_URL.search(call.request.path)
        or is_live(call)
    )
    return bool(asked and given and named)
