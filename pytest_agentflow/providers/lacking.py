"""Why a reading lacks something that it should have."""

from __future__ import annotations

from pytest_agentflow.model.call import Call, CallKind
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.providers import lenient
from pytest_agentflow.providers.exchange import Exchange
from pytest_agentflow.providers.reading import Reading


def lacks(exchange: Exchange, reading: Reading) -> tuple[str, ...]:
    """Give what the reader found missing, absent usage and unreadable bytes added.

    Each entry begins with the field it is about; what is no single word has a reason
    behind a colon: ``usage: the stream was not asked for it ...``.
    """
    found = [*reading.missing]
    if reading.usage is None:
        found.append(f"usage: {_why_no_usage(exchange)}")
    elif not found and (told := lacking_tokens(reading.kind, reading.usage)):
        found.append(told)
    if reading.usage is not None and exchange.stream.damage:
        found.append(f"answer: {exchange.stream.damage}")
    return tuple(found)


def lacking_tokens(kind: CallKind, usage: Usage | None) -> str:
    """Say which tokens are lacking of a usage that tells some; empty: none is.

    Args:
        kind: of the call, which tells what is due: embeddings have no output.
        usage: what was read.
    """
    if usage is None:
        return ""
    lacks = Call(id="", kind=kind, stage="", usage=usage).unreported
    return f"usage: the answer reports no {' and no '.join(lacks)}" if lacks else ""


def usage_lacks(kind: CallKind, usage: Usage | None) -> tuple[str, ...]:
    """Give what a foreign format lacks of a call's usage, as `Call.missing` names it.

    ``usage`` where it tells nothing, else as `lacking_tokens`.
    """
    if usage is None:
        return ("usage",)
    return tuple(filter(None, (lacking_tokens(kind, usage),)))


def _why_no_usage(exchange: Exchange) -> str:
    if not exchange.response.body:
        return "the response is empty"
    if exchange.stream.damage:
        return exchange.stream.damage
    if not exchange.events:
        return "the answer reports none"
    if any(event.get("error") for event in exchange.events):
        return "the stream ended in an error"
    if exchange.posted_to("completions") and not _asked_for_usage(exchange):
        return "the stream was not asked for it (stream_options.include_usage)"
    return "the stream does not bring it"


def _asked_for_usage(exchange: Exchange) -> bool:
    options = lenient.mapping(exchange.asked.get("stream_options"))
    return options.get("include_usage") is True
