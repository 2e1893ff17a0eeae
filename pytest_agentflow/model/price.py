"""The price lock of a recording, and the arithmetic on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.usage import TOKEN_KINDS, Usage


class UnknownPrice(ValueError):
    """A call used a unit that no price is known for; never counted as 0."""

    __module__ = "pytest_agentflow"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPrice:
    """What one unit of one model costs, and who says so."""

    model: str
    """The model as the recorded call names it, or ``tool:NAME``, ``http:HOST``."""
    unit: str
    """A token kind (``input_tokens``), a key of `Usage.units`, or ``requests``."""
    amount: Decimal
    """Money for `per` units."""
    per: int = 1
    currency: str = "USD"
    above_input_tokens: int = 0
    """Long-context tier: applies to calls with more input tokens than this."""
    source: str = ""
    """Who says so, with version: ``genai-prices 0.2.3``, ``prices.toml``."""
    effective: str | None = None
    """ISO date since which this price holds, where the source says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLock:
    """The unit prices that held when a run was recorded."""

    prices: tuple[UnitPrice, ...] = ()
    as_of: str | None = None
    """ISO timestamp the prices were asked for: that of the recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One line of a bill: so many units of one call at one price."""

    call: str
    stage: str
    model: str
    unit: str
    quantity: Decimal
    price: UnitPrice | None
    """`None`: no price is known; `money` raises."""
    estimated: bool = False

    @property
    def money(self) -> Money:
        """The charge; raises `UnknownPrice` where no price is known."""
        if self.price is None:
            message = (
                f"no price is known for {self.unit} of {self.model} "
                f"(call {self.call}, stage {self.stage})"
            )
            raise UnknownPrice(message)
        amount = self.quantity * self.price.amount / self.price.per
        return Money(amount=amount, currency=self.price.currency)


#: Kinds that are part of a total, so that the total is billed without them.
_PART_OF = {
    "cache_read_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "input_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
    "reasoning_tokens": "output_tokens",
}


def charges(call: Call, lock: PriceLock) -> tuple[Charge, ...]:
    """List what `call` is billed for at the prices of `lock`.

    A part of a total (cached input, say) is billed apart where it has a price of its
    own and at the price of the total otherwise. A model call that reports no usage is
    one charge without a price, so that asking for its money raises `UnknownPrice`.
    Calls of tools, retrievers and plain HTTP are billed only where the lock has a price
    for them.
    """
    usage = call.usage
    if call.model is None or usage is None:
        return tuple(_flat_charges(call, lock))
    return tuple(
        Charge(
            call=call.id,
            stage=call.stage,
            model=call.model,
            unit=unit,
            quantity=quantity,
            price=_find(lock, call.model, unit, usage.input_tokens or 0),
            estimated=usage.source == "estimated",
        )
        for unit, quantity in _billed(usage, call.model, lock)
    )


def _flat_charges(call: Call, lock: PriceLock) -> Iterator[Charge]:
    name = call.model or call.billed_as
    price = _find(lock, name, "requests", 0) if name else None
    if price is None and not call.is_model_call:
        return
    unit = "requests" if price else "usage (the answer reports none)"
    yield Charge(
        call=call.id,
        stage=call.stage,
        model=name or "an unnamed model",
        unit=unit,
        quantity=Decimal(1),
        price=price,
    )


def _billed(usage: Usage, model: str, lock: PriceLock) -> Iterator[tuple[str, Decimal]]:
    amounts = {kind: getattr(usage, kind) for kind in TOKEN_KINDS}
    priced_by_unit = any(_find(lock, model, unit, 0) for unit in usage.units)
    for kind, whole in _PART_OF.items():
        part = amounts[kind]
        if not part or _find(lock, model, kind, usage.input_tokens or 0) is None:
            amounts[kind] = None
        else:
            amounts[whole] = max((amounts[whole] or 0) - part, 0)
    for kind, amount in amounts.items():
        has_price = _find(lock, model, kind, usage.input_tokens or 0) is not None
        if amount and (has_price or not priced_by_unit):
            yield kind, Decimal(amount)
    for unit, quantity in usage.units.items():
        tokens_priced = any(
            _find(lock, model, kind, 0) and getattr(usage, kind) for kind in TOKEN_KINDS
        )
        if quantity and (_find(lock, model, unit, 0) or not tokens_priced):
            yield unit, quantity


def _find(lock: PriceLock, model: str, unit: str, tokens: int) -> UnitPrice | None:
    fitting = [
        price
        for price in lock.prices
        if price.model == model
        and price.unit == unit
        and tokens >= price.above_input_tokens
        and (tokens > price.above_input_tokens or not price.above_input_tokens)
    ]
    return max(fitting, key=lambda price: price.above_input_tokens, default=None)
