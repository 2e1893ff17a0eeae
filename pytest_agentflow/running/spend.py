"""The spend limit of a session: no call is made that would exceed it."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pytest_agentflow.model.call import WORDLESS_KINDS, Call, Request, Response
from pytest_agentflow.model.money import Money, total
from pytest_agentflow.model.price import UnknownPrice, charges
from pytest_agentflow.model.usage import Usage
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.lock import lock_prices
from pytest_agentflow.providers.read import read
from pytest_agentflow.wire.unseen import ADVICE, Connection

#: A token is seldom shorter; pictures in base64 count for more than they cost.
_LETTERS_PER_TOKEN = 3

#: Taken for an answer where neither the request limits it nor one has been seen.
_UNLIMITED = 4_096

_LIMITS = frozenset(
    {
        "max_tokens",
        "max_completion_tokens",
        "max_output_tokens",
        "maxOutputTokens",
        "maxTokens",
        "max_tokens_to_sample",
        "max_gen_len",
        "num_predict",
    }
)

_NOTHING = Response(status=200)


class OverBudget(BaseException):
    """A call was not made since it might have exceeded the session's spend limit.

    A `BaseException`, so that no retry and no fallback model spends on.
    """

    __module__ = "pytest_agentflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Estimate:
    """What a call may cost at most, and why."""

    cost: Decimal
    model: str
    """As the request names it: an answer may name a dated version of it."""
    assumed: str = ""
    """What was taken for its output, in words."""


@dataclass(slots=True)
class Spend:
    """What a session may spend, and has spent; threads may share it.

    Args:
        limit: in the currency of the prices.
        book: where prices are looked up.
    """

    limit: Money
    book: PriceBook
    _spent: Decimal = Decimal(0)
    _reserved: dict[object, _Estimate] = field(default_factory=dict)
    _longest: dict[str, int] = field(default_factory=dict)
    _dearest: dict[str, Decimal] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def spent(self) -> Money:
        """What the answered calls cost so far."""
        return Money(amount=self._spent, currency=self.limit.currency)

    def before(self, key: object, request: Request) -> None:
        """Set aside what a call may cost at most; raises `OverBudget`.

        Input is counted as one token for three letters of the request, output as the
        request's own limit, else as the longest answer of that model so far, else as
        4,096 tokens; a picture as the dearest call of that model so far. Calls under
        way count with what was set aside for them.

        Args:
            key: stands for the call, until `after` is told of it.
            request: that is about to go over the network.
        """
        estimate = self._estimate(request)
        if estimate is None:
            return
        with self._lock:
            held = self._spent + sum(one.cost for one in self._reserved.values())
            if held + estimate.cost > self.limit.amount:
                raise OverBudget(self._sentence(request, held, estimate))
            self._reserved[key] = estimate

    def after(self, key: object, call: Call | None) -> None:
        """Count what a call cost; `None`: it was not answered, and cost nothing."""
        try:
            cost = Decimal(0) if call is None else self._cost(call)
        except UnknownPrice:
            held = self._reserved.get(key)
            cost = Decimal(0) if held is None else held.cost
        with self._lock:
            asked = self._reserved.pop(key, None)
            self._spent += cost
            if call is None:
                return
            for model in {asked.model if asked else None, call.model}:
                if model is not None:
                    self._learn(model, call.usage, cost)

    def unseen(self, connection: Connection) -> OverBudget:
        """Give the error for a connection of which no costs would be known."""
        return OverBudget(
            f"a budget of {self.limit} is set, and {connection.by} tried to reach "
            f"{connection.place}: it was not let through, for what it costs is not "
            f"counted. {ADVICE.format(where=connection.place)}"
        )

    def _learn(self, model: str, usage: Usage | None, cost: Decimal) -> None:
        self._dearest[model] = max(cost, self._dearest.get(model, cost))
        if usage is not None and usage.output_tokens is not None:
            known = self._longest.get(model, 0)
            self._longest[model] = max(known, usage.output_tokens)

    def _estimate(self, request: Request) -> _Estimate | None:
        """Give what a call may cost; `None` for one that no model answers.

        Raises `OverBudget` where no price is known: the limit could not be kept.
        """
        reading = read(request, _NOTHING)
        if reading.kind == "http" or reading.model is None:
            return None
        output, assumed = self._output(request, reading.model)
        words = reading.kind not in WORDLESS_KINDS
        usage = Usage(
            input_tokens=len(request.body) // _LETTERS_PER_TOKEN,
            output_tokens=output if words else 0,
            source="estimated",
        )
        call = Call(
            id="next", kind=reading.kind, stage="", model=reading.model, usage=usage
        )
        call = replace(call, provider=reading.provider, api=reading.api)
        try:
            cost = self._cost(call)
            told = assumed if words else ""
            return _Estimate(cost=cost, model=reading.model, assumed=told)
        except UnknownPrice as error:
            if reading.kind not in {"chat", *WORDLESS_KINDS}:
                dearest = self._dearest.get(reading.model, Decimal(0))
                return _Estimate(cost=dearest, model=reading.model)
            message = (
                f"a budget is set, and {error}. Give {reading.model} a price in the "
                "file that agentflow_prices names, or run without --agentflow-budget"
            )
            raise OverBudget(message) from None

    def _output(self, request: Request, model: str) -> tuple[int, str]:
        """Give the tokens that an answer may have, and where the number is from."""
        if limit := _limit_in(request):
            return limit, f"{limit:,} output tokens: the request's own limit"
        longest = self._longest.get(model, 0)
        given = f"{longest or _UNLIMITED:,} output tokens assumed"
        why = "the request names no limit"
        if longest:
            return longest, f"{given}, the longest answer of {model} so far; {why}"
        return _UNLIMITED, f"{given}; {why}, and {model} has not answered yet"

    def _cost(self, call: Call) -> Decimal:
        book = replace(self.book, currency=self.limit.currency)
        lock = lock_prices([call], book, dt.datetime.now(dt.UTC))
        money = total(charge.money for charge in charges(call, lock))
        return (self.limit + money).amount - self.limit.amount  # one currency only

    def _sentence(self, request: Request, held: Decimal, estimate: _Estimate) -> str:
        def money(amount: Decimal) -> Money:
            return Money(amount=amount, currency=self.limit.currency)

        return (
            f"{request.method} {request.host}{request.path} was not sent: "
            f"{money(held)} of the budget of {self.limit} is spent or under way, and "
            f"this call may cost up to {money(estimate.cost)}"
            f"{f' ({estimate.assumed})' if estimate.assumed else ''}. Raise "
            "--agentflow-budget, or limit the answer's tokens"
        )


def _limit_in(request: Request) -> int | None:
    try:
        body = json.loads(request.body)
    except ValueError:
        return None
    found = [limit for limit in _limits(body) if limit > 0]
    return max(found, default=None)


def _limits(body: Any) -> Iterator[int]:
    if not isinstance(body, Mapping):
        return
    for name, value in body.items():
        if name in _LIMITS and isinstance(value, int):
            yield value
        elif name in ("generationConfig", "inferenceConfig", "options", "config"):
            yield from _limits(value)
