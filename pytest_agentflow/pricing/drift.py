"""What changed in prices between two locks: drift, which no usage is to blame for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from pytest_agentflow.model.price import Fee, PriceLock, UnitPrice
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.idle_fees import idle_fees
from pytest_agentflow.pricing.lock import lock_prices, one_each, rates_for


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDrift:
    """One price that is another one now."""

    before: UnitPrice
    before_date: str
    """ISO date that the price is from: of the entry, else of the lock."""
    after: UnitPrice | None
    """`None`: no price is known any more."""
    after_date: str

    @property
    def name(self) -> str:
        """What it is the price of: ``input_tokens of gpt-5-mini``."""
        price = self.before
        tier = f" at tier {price.tier}" if price.tier else ""
        above = price.above_input_tokens
        long = f" above {above:,} input tokens" if above else ""
        return f"{price.unit} of {price.model}{tier}{long}"


def price_drifts(before: PriceLock, after: PriceLock) -> tuple[PriceDrift, ...]:
    """Compare two locks of the same calls, price by price.

    Charges beside the models and rates between currencies count, too. What only the
    later lock has a price for is no drift.

    Args:
        before: of the recording.
        after: of today.
    """
    now = {_key(price): price for price in _all_prices(after)}
    return tuple(
        PriceDrift(
            before=price,
            before_date=_date(price, before),
            after=now.get(_key(price)),
            after_date=_date(now.get(_key(price)), after),
        )
        for price in _all_prices(before)
        if _value(price) != _value(now.get(_key(price)))
    )


def repriced(run: Run, book: PriceBook, at: dt.datetime) -> Run:
    """Give `run` with the prices of a time, and its own lock as `Run.locked`.

    Args:
        run: as recorded.
        book: where prices are looked up.
        at: the time: today.
    """
    lock = lock_prices(run.calls, book, at)
    own = run.locked or run.recorded.prices
    return replace(run, recorded=replace(run.recorded, prices=lock), locked=own)


def _all_prices(lock: PriceLock) -> Iterator[UnitPrice]:
    yield from lock.prices
    for fee in lock.fees:
        only = ", ".join(filter(None, (fee.kind, fee.stage, fee.workflow)))
        yield UnitPrice(
            model=f"{fee.name} ({only})" if only else fee.name,
            unit=f"{fee.each}s",
            amount=fee.amount * fee.count,
            per=fee.per,
            currency=fee.currency,
            effective=fee.effective,
        )
    for rate in lock.rates:
        yield UnitPrice(
            model=f"one {rate.currency}",
            unit="rate",
            amount=rate.rate,
            currency=rate.into,
            effective=rate.date,
        )


def _key(price: UnitPrice) -> tuple[object, ...]:
    return price.model, price.unit, price.tier, price.above_input_tokens


def _value(price: UnitPrice | None) -> tuple[object, ...] | None:
    return None if price is None else (price.amount / price.per, price.currency)


def _date(price: UnitPrice | None, lock: PriceLock) -> str:
    own = price.effective if price is not None else None
    return own or (lock.as_of or "no date").partition("T")[0]


def completed(run: Run, book: PriceBook, at: dt.datetime) -> Run:
    """Give `run` with what its lock lacks; prices that it holds stay as they are.

    Args:
        run: as recorded.
        book: where prices are looked up, with sizes, rates and charges.
        at: the day of the recording: no later price counts.
    """
    own, new = run.recorded.prices, lock_prices(run.calls, book, at)
    unpriced = [c for c in run.charges() if c.price is None and c.reported]
    lacking = {charge.model for charge in unpriced}
    prices, fees = tuple(_with_lacking(own, new, lacking)), _fees(run, new)
    # Also of what the lock holds, and the book does not, or no longer.
    currencies = [*(p.currency for p in prices), *(fee.currency for fee in fees)]
    rates = rates_for(currencies, book, at)
    lock = replace(
        own,
        prices=prices,
        as_of=own.as_of or new.as_of,
        currency=new.currency or own.currency,
        rates=one_each(own.rates, rates, lambda r: frozenset((r.currency, r.into))),
        fees=fees,
        sizes=one_each(new.sizes, own.sizes, lambda size: size.model),
    )
    return replace(run, recorded=replace(run.recorded, prices=lock))


def _fees(run: Run, new: PriceLock) -> tuple[Fee, ...]:
    """Give the charges of a run with those whose name its lock lacks.

    One that charges nothing, and does not stand in the file any more, has been
    corrected there: a stage was misspelt.
    """
    idle = idle_fees([run])
    own = run.recorded.prices.fees
    kept = tuple(fee for fee in own if fee not in idle or fee in new.fees)
    return one_each(kept, new.fees, lambda fee: fee.name)


def _with_lacking(
    own: PriceLock, new: PriceLock, lacking: Collection[str]
) -> Iterator[UnitPrice]:
    """Give prices anew for models that lack some, but for those that are recorded.

    A model is taken as a whole: a price per picture supersedes those of its tokens, and
    with both it would be billed twice.
    """
    held = {(price.model, price.unit, price.tier) for price in own.prices}
    anew = {price.model for price in new.prices} & set(lacking)
    wanted = {(p.model, p.unit, p.tier) for p in new.prices if p.model in anew}
    for price in own.prices:
        if price.model not in anew or (price.model, price.unit, price.tier) in wanted:
            yield price
    for price in new.prices:
        if price.model in anew and (price.model, price.unit, price.tier) not in held:
            yield price
