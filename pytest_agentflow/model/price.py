"""The price lock of a recording, and the arithmetic on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pytest_agentflow.model.call import RENTED, Call
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.rate import Rate, converted
from pytest_agentflow.model.tier import service_tier
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.model.usage import TOKEN_KINDS, Usage

__all__ = [
    "Charge",
    "Fee",
    "ModelSize",
    "PriceLock",
    "UnitPrice",
    "UnknownPrice",
    "charges",
    "measured",
    "same_thing",
]


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
    tier: str = ""
    """Service tier that it holds for: ``batch``, ``flex``, ``priority``; empty: the
    standard one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What is charged beside the models: step transitions, queries of an index."""

    name: str
    each: Literal["run", "stage", "call"]
    """What it is charged for: every run, every visit of a stage, or every call."""
    amount: Decimal
    """Money for `per` of it."""
    per: int = 1
    currency: str = "USD"
    count: Decimal = Decimal(1)
    """So many of it each time."""
    kind: str = ""
    """Only calls of this kind: ``retriever``, ``tool``; empty: all."""
    stage: str = ""
    """Only this stage, and calls of it; empty: all."""
    workflow: str = ""
    """Only this workflow, or with ``*`` a family of them; empty: all."""
    source: str = ""
    effective: str | None = None
    """ISO date since which it is charged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """How large a model is, as its user declares it: nobody lists that."""

    model: str
    """The model as the recorded call names it."""
    parameters: Decimal
    steps: int | None = None
    """Diffusion steps that it takes for a picture."""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLock:
    """The unit prices that held when a run was recorded."""

    prices: tuple[UnitPrice, ...] = ()
    as_of: str | None = None
    """ISO timestamp the prices were asked for: that of the recording."""
    currency: str | None = None
    """That everything is reported in; `None`: that of the prices."""
    rates: tuple[Rate, ...] = ()
    """Those that prices in other currencies are converted at."""
    fees: tuple[Fee, ...] = ()
    sizes: tuple[ModelSize, ...] = ()


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
    tier: str = ""
    """The service tier that the answer named; empty: the standard one."""
    fee: str = ""
    """Name of the fee, where nothing that a model used is charged: coordination."""
    currency: str | None = None
    """That it is reported in; `None`: that of the price."""
    rate: Rate | None = None
    """The one it is converted at."""
    reported: bool = True
    """Whether the answer tells the quantity; where not, `unit` says what it does not
    tell, and why."""

    @property
    def money(self) -> Money:
        """The charge, in the reporting currency where one is declared.

        Raises `UnknownPrice` where no price, and `UnknownRate` where no rate is known.
        """
        if self.price is None:
            at = f" at service tier {self.tier!r}" if self.tier else ""
            message = (
                f"no price is known for {self.unit} of {self.model}{at} "
                f"(call {self.call}, stage {self.stage})"
            )
            raise UnknownPrice(message)
        amount = self.quantity * self.price.amount / self.price.per
        money = Money(amount=amount, currency=self.price.currency)
        if self.currency is None:
            return money
        return converted(money, self.currency, self.rate)


#: What is part of something else, so that the whole is billed without it.
_PART_OF = {
    "cache_read_tokens": "input_tokens",
    "cache_write_tokens": "input_tokens",
    "cache_write_1h_tokens": "cache_write_tokens",
    "input_audio_tokens": "input_tokens",
    "input_image_tokens": "input_tokens",
    "output_audio_tokens": "output_tokens",
    "output_image_tokens": "output_tokens",
    "reasoning_tokens": "output_tokens",
}

#: Measures of a whole call: where one has a price, tokens need none.
_WHOLE_CALL = ("gpu_seconds", "requests")


def charges(call: Call, lock: PriceLock) -> tuple[Charge, ...]:
    """List what `call` is billed for at the prices of `lock`.

    A part of a total (cached input, say) is billed apart where it has a price of its
    own and at the price of the total otherwise. Of two measures of the same thing (the
    pictures of an image call and their tokens) the one with a price is billed; all else
    that was used is a charge, so that asking for its money raises `UnknownPrice` where
    it has no price. So is what an answer had to report and did not (`Call.unreported`),
    and a part that it does not report where the lock has a dearer price for it than for
    the total. Calls of tools, retrievers and plain HTTP are billed only where the lock
    has a price for them.
    """
    usage, tier = call.usage, service_tier(call)
    if call.model is None or usage is None:
        return tuple(_flat_charges(call, lock, tier))
    find = partial(_find, lock, call.model, tokens=usage.input_tokens or 0, tier=tier)
    known = (
        _charge(
            call,
            lock,
            model=call.model,
            unit=unit,
            quantity=quantity,
            price=find(unit),
            tier=tier,
        )
        for unit, quantity in _billed(call, usage, lambda unit: find(unit) is not None)
    )
    return (
        *known,
        *(_untold(call, lock, what, tier) for what in _gaps(call, lock, find)),
    )


def _untold(call: Call, lock: PriceLock, what: str, tier: str) -> Charge:
    name = call.model or call.billed_as or "an unnamed model"
    why = "the answer broke off" if call.broke_off else "the answer reports none"
    return _charge(
        call,
        lock,
        model=name,
        unit=f"{what} ({why})",
        quantity=Decimal(1),
        price=None,
        tier=tier,
        reported=False,
    )


def _gaps(
    call: Call, lock: PriceLock, find: Callable[[str], UnitPrice | None]
) -> Iterator[str]:
    """Name what an answer does not report of its usage, and is billed for."""
    if call.broke_off:
        yield "usage"
        return
    usage = call.usage or Usage()
    told = [unit for unit in (*measured(usage), "requests") if find(unit)]
    own = [price for price in lock.prices if price.model == call.model]
    for kind in call.due_tokens:
        if getattr(usage, kind) is not None:
            continue
        if any(price.unit == kind for price in own):
            counts = not _is_free(kind, own)
        else:
            by_piece = any(same_thing(call, kind, unit) for unit in told)
            counts = kind in call.unreported and not by_piece
        if counts:
            yield kind
    yield from _dear_parts(call, usage, find)


def _is_free(kind: str, prices: Sequence[UnitPrice]) -> bool:
    """Whether no number of these tokens costs anything, so that none is needed.

    Nor may a long prompt make anything else dearer.
    """
    tiers = kind == "input_tokens" and any(p.above_input_tokens for p in prices)
    return not tiers and not any(p.amount for p in prices if p.unit == kind)


def _dear_parts(
    call: Call, usage: Usage, find: Callable[[str], UnitPrice | None]
) -> Iterator[str]:
    """Name the parts that are not reported, and would cost more than their total."""
    for part, whole in _PART_OF.items():
        told = part not in TOKEN_KINDS or getattr(usage, part) is not None
        if told or getattr(usage, whole) == 0 or not _may_have(call, part):
            continue
        if _dearer(find(part), find(whole)):
            yield part


def _dearer(part: UnitPrice | None, whole: UnitPrice | None) -> bool:
    if part is None or whole is None:
        return part is not None and bool(part.amount)
    return part.amount / part.per > whole.amount / whole.per


def _may_have(call: Call, part: str) -> bool:
    """Whether a call may have used what its answer does not tell."""
    if part == "input_image_tokens":
        return any(message.images for message in call.messages)
    if part == "output_image_tokens":
        units = call.usage.units if call.usage is not None else ()
        return bool(call.pictures) or any(u.startswith("images:") for u in units)
    return True


def _charge(call: Call, lock: PriceLock, **fields: Any) -> Charge:
    estimated = call.usage is not None and call.usage.source == "estimated"
    charge = Charge(call=call.id, stage=call.stage, estimated=estimated, **fields)
    return in_currency(charge, lock)


def in_currency(charge: Charge, lock: PriceLock) -> Charge:
    """Let a charge be told in the reporting currency of `lock`, if it has one."""
    price = charge.price
    if price is None or lock.currency in (None, price.currency):
        return charge
    pair = {price.currency, lock.currency}
    rates = (rate for rate in lock.rates if {rate.currency, rate.into} == pair)
    return replace(charge, currency=lock.currency, rate=next(rates, None))


def _flat_charges(call: Call, lock: PriceLock, tier: str) -> Iterator[Charge]:
    name = call.model or call.billed_as
    find = partial(_find, lock, name or "", tokens=0, tier=tier)
    price = find("requests") if name else None
    rented = (name or "").startswith(RENTED) and not call.is_model_call
    if price is not None or rented:
        yield _charge(
            call,
            lock,
            model=name,
            unit="requests",
            quantity=Decimal(1),
            price=price,
            tier=tier,
        )
    more = any(p.unit != "requests" for p in lock.prices if p.model == name)
    silent = call.is_model_call and (price is None or more)
    if silent or call.broke_off:
        yield _untold(call, lock, "usage", tier)


def _billed(
    call: Call, usage: Usage, priced: Callable[[str], bool]
) -> Iterator[tuple[str, Decimal]]:

    measures = _apart(measured(usage), priced)
    if priced("requests"):
        measures.setdefault("requests", Decimal(1))
    for unit, quantity in measures.items():
        same = (other for other in measures if same_thing(call, unit, other))
        if quantity and (priced(unit) or not any(map(priced, same))):
            yield unit, quantity


def measured(usage: Usage) -> dict[str, Decimal]:
    """Give everything that was used, by kind of token and by unit."""
    tokens = {kind: Decimal(getattr(usage, kind) or 0) for kind in TOKEN_KINDS}
    return {unit: n for unit, n in {**tokens, **usage.units}.items() if n}


def _apart(
    measures: dict[str, Decimal], priced: Callable[[str], bool]
) -> dict[str, Decimal]:
    left = {u: n for u, n in measures.items() if u not in _PART_OF or priced(u)}
    for part in [unit for unit in left if unit in _PART_OF]:
        whole = _PART_OF[part]
        while whole in _PART_OF and whole not in left:
            whole = _PART_OF[whole]
        if whole in left:
            left[whole] = max(left[whole] - measures[part], Decimal(0))
    return left


def same_thing(call: Call, unit: str, other: str) -> bool:
    """Whether two units of a call measure the same, so that one of them is billed.

    The pictures of an image call are also its tokens; those that a chat model had
    painted (``images:1024x1024:medium``) are also tokens of the model that painted them
    (``gpt-image-1:output_image_tokens``). GPU seconds and requests measure whole calls.
    """
    return _measures(call, unit, other) or _measures(call, other, unit)


def _measures(call: Call, unit: str, other: str) -> bool:
    if unit in _WHOLE_CALL:
        return other in TOKEN_KINDS or other.startswith("images:")
    if not unit.startswith("images:"):
        return False
    if call.kind == "image":
        return other in TOKEN_KINDS
    return ":" in other and other.endswith("_tokens")


def _find(
    lock: PriceLock, model: str, unit: str, *, tokens: int, tier: str
) -> UnitPrice | None:
    fitting = [
        price
        for price in lock.prices
        if price.model == model
        and price.unit == unit
        and price.tier == tier
        and tokens >= price.above_input_tokens
        and (tokens > price.above_input_tokens or not price.above_input_tokens)
    ]
    return max(fitting, key=lambda price: price.above_input_tokens, default=None)
