"""The rules about prompts: the largest of one call, and what the cache gave of them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, percent, share_text
from agentflow_checks.spending.bill import Bill

CONTEXT = "cost.context"
CACHED = "cost.cached"

_WORDLESS = ("image", "audio")
"""Calls of these kinds may be billed by the piece and report no tokens."""


def prompts(bill: Bill) -> tuple[af.Call, ...]:
    """Give the model calls that are given a prompt in tokens."""
    return tuple(
        call
        for call in bill.model_calls
        if call.kind not in _WORDLESS
        or _read(call) is not None
        or call in bill.silent_on("input_tokens")
    )


def _read(call: af.Call) -> int | None:
    return None if call.usage is None or call.broke_off else call.usage.input_tokens


def _cached(call: af.Call) -> int | None:
    return None if call.usage is None else call.usage.cache_read_tokens


def largest(bill: Bill) -> tuple[af.Call, int] | None:
    """Give the call with the largest prompt, and its tokens; `None`: not known."""
    told = [(call, _read(call)) for call in prompts(bill)]
    known = [(call, read) for call, read in told if read is not None]
    if len(known) < len(told) or not known:
        return None
    return max(known, key=lambda pair: pair[1])


def judge_context(
    bill: Bill, limit: Decimal, before: Bill | None
) -> Iterator[af.Examined | af.Finding]:
    """Hold the largest prompt of a stage, or of the run, against its limit."""
    if not prompts(bill):
        return
    found = largest(bill)
    if found is None:
        yield _unknown(CONTEXT, bill, "the largest prompt", "input tokens")
        return
    call, tokens = found
    if tokens <= limit:
        yield af.Examined(rule=CONTEXT, place=af.Place(stage=bill.stage))
        return
    earlier = largest(before) if before is not None else None
    grown = f" Before, the largest was {earlier[1]:,}." if earlier else ""
    estimate = marked(bill.estimated)
    yield af.Finding(
        rule=CONTEXT,
        message=f"{call.id} was given {tokens:,} tokens{estimate}, "
        f"{tokens - limit:,f} over the {limit:,f} that a prompt of {bill.name} may "
        f"have, in {_parts(call)}.{grown}",
        place=af.Place(stage=call.stage, call=call.id),
        observed=f"{tokens:,} tokens{estimate}",
        expected=f"at most {limit:,f} tokens",
        why="Every token of the context is paid for again with every call.",
        fix="Hand on less, or summarise what is sent again.",
        subject=bill.name,
        introduced_by=call.stage,
        evidence=f"{bill.name} context over {limit}",
    )


def _parts(call: af.Call) -> str:
    number = len(call.messages)
    if not number:
        return "a prompt that the recording does not hold"
    longest = max(call.messages, key=lambda message: len(message.text))
    whole = sum(len(message.text) for message in call.messages) or 1
    share = percent(Decimal(len(longest.text)), Decimal(whole))
    if number == 1:
        return f"one message ({longest.role})"
    return f"{number} messages, the longest ({longest.role}) with {share} of the text"


def judge_cached(bill: Bill, least: Decimal) -> Iterator[af.Examined | af.Finding]:
    """Hold the share of the input that the cache gave against what it must give."""
    asked = prompts(bill)
    if any(_read(call) is None for call in asked):
        yield _unknown(CACHED, bill, "the share that the cache gave", "input tokens")
        return
    whole = sum(_read(call) or 0 for call in asked)
    if not whole:
        return
    cached = [_cached(call) for call in asked]
    read = sum(tokens or 0 for tokens in cached)
    if read >= least * whole:
        yield af.Examined(rule=CACHED, place=af.Place(stage=bill.stage))
        return
    pairs = zip(asked, cached, strict=True)
    silent = sum(_read(call) or 0 for call, tokens in pairs if tokens is None)
    if read + silent >= least * whole:
        what = "the share that the cache gave"
        yield _unknown(CACHED, bill, what, "tokens read from a cache")
        return
    share = percent(Decimal(read), Decimal(whole))
    yield af.Finding(
        rule=CACHED,
        message=f"{bill.name} read {read:,} of its {whole:,} input tokens from the "
        f"cache, {share}, where {share_text(least)} are asked for",
        place=af.Place(stage=bill.stage),
        observed=share,
        expected=f"at least {share_text(least)}",
        fix="Begin prompts with what stays the same, and end them with what changes.",
        subject=bill.name,
        introduced_by=bill.stage,
        evidence=f"{bill.name} cached below {least}",
    )


def _unknown(rule: str, bill: Bill, what: str, lacking: str) -> af.Finding:
    return af.Finding(
        rule=rule,
        verdict=af.Verdict.ERROR,
        message=f"{what} of {bill.name} is not known: some of its answers report no "
        f"{lacking}",
        place=af.Place(stage=bill.stage),
        fix='Ask for them: stream_options={"include_usage": True} beside stream=True, '
        "and record again.",
        subject=bill.name,
        evidence=f"{bill.name} {rule} unknown",
    )
