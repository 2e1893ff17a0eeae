"""A price file, and what changes in a price lock, as lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pytest_agentflow.cli.money import money_text
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.price import Fee, PriceLock, UnitPrice
from pytest_agentflow.model.run import Run
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.drift import PriceDrift
from pytest_agentflow.report.wording import number

T = TypeVar("T")

_SHOWN = 20
"""So much of what was not read is named."""


def held_lines(book: PriceBook) -> Iterator[str]:
    """Say what a price file holds."""
    models = {price.model for price in book.entries}
    prices, of = number(len(book.entries), "price"), number(len(models), "model")
    yield f"{prices} of {of}" if book.entries else "no prices"
    if book.currency:
        yield f"reported in {book.currency}"
    for rate in book.rates:
        yield f"1 {rate.currency} = {rate.rate} {rate.into} from {rate.date} on"
    for fee in book.fees:
        yield _charged(fee)
    for size in book.sizes:
        steps = f", {size.steps} steps a picture" if size.steps else ""
        yield f"{size.model}: {size.parameters:,f} parameters{steps}"
    if book.unread:
        yield f"not read, and not guessed: {len(book.unread)}"
        yield from (f"  {one}" for one in book.unread[:_SHOWN])
    if len(book.unread) > _SHOWN:
        yield f"  and {len(book.unread) - _SHOWN} more"


def _charged(fee: Fee) -> str:
    """Write ``step transitions: $0.025 per 1000 stages``, and what it is limited to."""
    money = Money(amount=fee.amount, currency=fee.currency)
    what = f"{fee.kind} {fee.each}" if fee.kind else fee.each
    each = what if fee.per == 1 else f"{fee.per} {what}s"
    times = f", {fee.count:f} each" if fee.count != 1 else ""
    only = f" of stage {fee.stage}" if fee.stage else ""
    only += f" in {fee.workflow}" if fee.workflow else ""
    return f"{fee.name}: {money} per {each}{only}{times}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How the outcome is told: of which call, and from which price file."""

    now: bool
    check: bool
    file: Path | None

    @property
    def source(self) -> str:
        """Where prices are from."""
        return self.file.name if self.file is not None else "genai-prices"

    def headline(self, run: Run, new: Run) -> str:
        """Say what the run costs with the old lock and with the new one."""
        before, after = _short(run), _short(new)
        if self.now:
            then = " and" if before == after else f", {after}"
            return f"{run.id}: {before} as recorded{then} at today's prices"
        if before == after:
            return f"{run.id}: {after}, unchanged"
        return f"{run.id}: {before} -> {after}"

    def summary(self, changed: int, count: int, command: str) -> str:
        """Say how many of the locks differ, and what was or is to be done about it."""
        locks = number(count, "price lock")
        some = f"{changed} of {locks}"
        one = changed == 1
        if not changed and self.now:
            return f"{locks}, no price changed: {self.source} says the same today"
        if not changed:
            return f"{locks}, nothing to add from {self.source}"
        if self.check and self.now:
            what = f"{'differs' if one else 'differ'} from the prices of today"
            return f"{some} {what}; nothing was written. To replace: {command}"
        if self.check:
            what = f"{'lacks' if one else 'lack'} something that {self.source} gives"
            return f"{some} {what}; nothing was written. To add it: {command}"
        done = "replaced by the prices of today" if self.now else "completed"
        return f"{some} {done}, from {self.source}"


def _short(run: Run) -> str:
    """Give the cost; why it is not known stands once, at the end."""
    text = money_text(run)
    return "unknown" if text.startswith("unknown") else text


def run_lines(
    run: Run, new: Run, drifts: Sequence[PriceDrift], words: Words
) -> Iterator[str]:
    """Say what a new lock makes of a run: its cost, and what the lock then holds."""
    yield words.headline(run, new)
    for drift in drifts:
        if drift.after is not None:
            old, now = _price(drift.before), _price(drift.after)
            dates = drift.before_date, drift.after_date
            yield f"  {drift.name}: {old} ({dates[0]}) -> {now} ({dates[1]})"
    for line in _changes(run.recorded.prices, new.recorded.prices):
        yield f"  {line}"


def _price(price: UnitPrice) -> str:
    money = Money(amount=price.amount, currency=price.currency)
    return f"{money} per {price.per:,}" if price.per > 1 else f"{money} each"


def _changes(old: PriceLock, new: PriceLock) -> Iterator[str]:
    """Say what is added, dropped and said otherwise; changed amounts are told apart."""
    kinds = [
        _Kind("price", *_by(old.prices, new.prices, _priced)),
        _Kind("charge", *_by(old.fees, new.fees, lambda fee: fee)),
        _Kind("rate", *_by(old.rates, new.rates, lambda r: (r.currency, r.into))),
        _Kind("model size", *_by(old.sizes, new.sizes, lambda size: size.model)),
    ]
    if new.currency != old.currency:
        yield f"reported in {new.currency or 'the currencies of the prices'}"
    for verb, counts in (
        ("added", [(kind.name, kind.added) for kind in kinds]),
        ("dropped", [(kind.name, kind.dropped) for kind in kinds]),
        ("other source or date", [(kind.name, kind.restated) for kind in kinds]),
    ):
        if told := [number(count, name) for name, count in counts if count]:
            yield f"{verb}: {', '.join(told)}"


@dataclass(frozen=True, slots=True)
class _Kind:
    """How many entries of one kind are new, gone, or said otherwise."""

    name: str
    added: int
    dropped: int
    restated: int


def _priced(price: UnitPrice) -> object:
    return price.model, price.unit, price.tier, price.above_input_tokens


def _by(
    old: Iterable[T], new: Iterable[T], key: Callable[[T], object]
) -> tuple[int, int, int]:
    before, after = ({key(one): one for one in side} for side in (old, new))
    both = before.keys() & after.keys()
    restated = sum(
        before[one] != after[one] and _amount(before[one]) == _amount(after[one])
        for one in both
    )
    return len(after.keys() - both), len(before.keys() - both), restated


def _amount(one: object) -> object:
    if isinstance(one, UnitPrice):
        return one.amount / one.per, one.currency
    return None
