"""The rules about what is counted: tokens in all and by kind, calls, images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest_agentflow as af
from agentflow_checks.spending.amounts import marked, percent
from agentflow_checks.spending.bill import Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Something that a budget can be given for."""

    rule: str
    argument: str
    unit: str
    verb: str
    title: str
    of: Callable[[af.Run, Bill], Decimal | None]
    """The amount of a bill; `None` where it is not known."""
    unknown: str = ""
    """Why it may not be known."""
    fix: str = ""


_ASK = (
    'Ask for them: stream_options={"include_usage": True} beside stream=True, and '
    "record again."
)

_MEASURES = (
    Measure(
        rule="cost.tokens",
        argument="tokens",
        unit="tokens",
        verb="used",
        title="Input and output tokens stay within their budget",
        of=lambda _run, bill: None if bill.silent else Decimal(bill.tokens),
        unknown="some of its answers report no tokens",
        fix=_ASK,
    ),
    Measure(
        rule="cost.calls",
        argument="calls",
        unit="model calls",
        verb="made",
        title="No more model calls than allowed",
        of=lambda _run, bill: Decimal(len(bill.model_calls)),
    ),
    Measure(
        rule="cost.images",
        argument="images",
        unit="images",
        verb="made",
        title="No more images than allowed",
        of=lambda _run, bill: Decimal(bill.pictures),
    ),
)


_WHOLE = {"reasoning_tokens": "output_tokens"}
"""Parts: an answer that tells the whole, and says nothing of reasoning, did none."""


def _of(kind: str) -> Callable[[af.Run, Bill], Decimal | None]:
    def tokens(_run: af.Run, bill: Bill) -> Decimal | None:
        if bill.silent_on(_WHOLE.get(kind, kind)):
            return None
        told = (getattr(call.usage, kind, None) or 0 for call in bill.model_calls)
        return Decimal(sum(told))

    return tokens


def _measure(kind: str, unit: str, verb: str, title: str) -> Measure:
    return Measure(
        rule=f"cost.{kind}",
        argument=kind,
        unit=unit,
        verb=verb,
        title=title,
        of=_of(kind),
        unknown="some of its answers do not report them",
        fix=_ASK,
    )


_KINDS = (
    _measure(
        "input_tokens",
        "input tokens",
        "read",
        "Input tokens stay within their budget",
    ),
    _measure(
        "output_tokens",
        "output tokens",
        "wrote",
        "Output tokens stay within their budget",
    ),
    _measure(
        "reasoning_tokens",
        "reasoning tokens",
        "thought",
        "Reasoning tokens, a part of the output, stay within their budget",
    ),
)


MEASURES = (*_MEASURES, *_KINDS)
"""Everything that `cost` counts, in the order of its rules."""


def judge_count(
    run: af.Run, measure: Measure, bill: Bill, limit: Decimal, parts: Sequence[Bill]
) -> Iterator[af.Examined | af.Finding]:
    """Hold one measure of a stage, or of the run, against its budget."""
    amount = measure.of(run, bill)
    place = af.Place(stage=bill.stage)
    if amount is None:
        yield af.Finding(
            rule=measure.rule,
            verdict=af.Verdict.ERROR,
            message=f"the {measure.unit} of {bill.name} are not known: "
            f"{measure.unknown}",
            place=place,
            expected=f"at most {limit:,f} {measure.unit}",
            fix=measure.fix,
            subject=bill.name,
            evidence=f"{bill.name} unknown",
        )
    elif amount > limit:
        yield _over(run, measure, bill, parts, amount=amount, limit=limit)
    else:
        yield af.Examined(rule=measure.rule, place=place)


def _over(
    run: af.Run,
    measure: Measure,
    bill: Bill,
    parts: Sequence[Bill],
    *,
    amount: Decimal,
    limit: Decimal,
) -> af.Finding:
    estimate = marked(bill.estimated and measure.argument == "tokens")
    more = f" ({percent(amount - limit, limit)})" if limit else ""
    culprit, cause = _cause(run, measure, bill, parts)
    key = f'{{"{bill.stage}": {amount:f}}}' if bill.stage else f"{amount:f}"
    return af.Finding(
        rule=measure.rule,
        message=f"{bill.name} {measure.verb} {amount:,f} {measure.unit}{estimate}, "
        f"{amount - limit:,f}{more} over its {limit:,f}. {cause}",
        place=af.Place(stage=bill.stage),
        observed=f"{amount:,f} {measure.unit}{estimate}",
        expected=f"at most {limit:,f} {measure.unit}",
        fix=f"Lower it, or raise the budget: {measure.argument}={key}",
        subject=bill.name,
        introduced_by=culprit,
        evidence=f"{bill.name} over {limit}",
    )


def _cause(
    run: af.Run, measure: Measure, bill: Bill, parts: Sequence[Bill]
) -> tuple[str | None, str]:
    if bill.stage is not None:
        return bill.stage, _calls(bill)
    names = {stage.name for stage in run.stages}
    shares = [(measure.of(run, part), part) for part in parts if part.stage in names]
    known = [(share, part) for share, part in shares if share]
    if not known:
        return None, "No stage is known for it."
    share, largest = max(known, key=lambda pair: pair[0])
    text = f"{largest.name} has the largest part, {share:,f} {measure.unit}."
    return largest.stage, f"{text} {_calls(largest)}"


def _calls(bill: Bill) -> str:
    """Say how many calls of which models it made, with their tokens."""
    models: dict[str, list[af.Call]] = {}
    for call in bill.model_calls:
        models.setdefault(call.model or "an unnamed model", []).append(call)
    return "; ".join(_model(name, calls) for name, calls in models.items()) + "."


def _model(name: str, calls: Sequence[af.Call]) -> str:
    used = [call.usage for call in calls if call.usage is not None]
    read = sum(usage.input_tokens or 0 for usage in used)
    written = sum(usage.output_tokens or 0 for usage in used)
    number = f"{len(calls)} {'call' if len(calls) == 1 else 'calls'}"
    # What an answer does not tell is not nothing.
    least = "at least " if any(call.unreported for call in calls) else ""
    return f"{number} of {name}: {least}{read:,} tokens in, {least}{written:,} out"
