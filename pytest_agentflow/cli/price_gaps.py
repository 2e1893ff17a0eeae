"""What price locks still lack, as lines with the entries to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentflow.model.price import Charge
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.unknown import UnknownRate
from pytest_agentflow.pricing.book import PriceBook
from pytest_agentflow.pricing.file import entry_lines
from pytest_agentflow.pricing.idle_fees import idle_fees
from pytest_agentflow.pricing.paste import price_entry, rate_entry
from pytest_agentflow.report.wording import number

_DAY = "2026-11-01"


@dataclass(slots=True, kw_only=True)
class Gaps:
    """What keeps the cost of runs from being known."""

    prices: dict[tuple[str, str, str], set[tuple[str, str]]] = field(
        default_factory=dict
    )
    """Unit, model and service tier -> the calls, by run, that used it."""
    rates: dict[tuple[str, str], str] = field(default_factory=dict)
    """From and to -> the first day that one is needed for."""
    currency: str = ""
    """That everything would have to be told in; empty: that is declared."""
    silent: set[tuple[str, str]] = field(default_factory=set)
    """Calls that do not report what they used: no price helps."""
    runs: set[str] = field(default_factory=set)
    """Ids of the runs that lack a price or a rate."""

    @property
    def repairable(self) -> bool:
        """Whether the price file could give what lacks."""
        return bool(self.prices or self.rates)


def gaps_of(runs: Sequence[Run]) -> Gaps:
    """Find everything that the charges of `runs` have no price or no rate for."""
    gaps = Gaps()
    for run in runs:
        bill = run.charges()
        for charge in bill:
            _note(gaps, run, charge)
        _note_mix(gaps, run, bill)
    return gaps


def _note(gaps: Gaps, run: Run, charge: Charge) -> None:
    call = run.id, charge.call
    if not charge.reported:
        gaps.silent.add(call)
        return
    if charge.price is None:
        key = charge.unit, charge.model, charge.tier
        gaps.prices.setdefault(key, set()).add(call)
        gaps.runs.add(run.id)
        return
    try:
        charge.money  # noqa: B018 - whether it can be told is what is asked
    except UnknownRate:
        _need_rate(gaps, run, charge.price.currency, str(charge.currency))


def _note_mix(gaps: Gaps, run: Run, bill: Sequence[Charge]) -> None:
    """Ask for a currency that everything is told in, where there are several."""
    if run.recorded.prices.currency is not None:
        return
    found = sorted({charge.price.currency for charge in bill if charge.price})
    if len(found) < 2:
        return
    gaps.currency = gaps.currency or ("USD" if "USD" in found else found[-1])
    for one in found:
        if one != gaps.currency:
            _need_rate(gaps, run, one, gaps.currency)


def _need_rate(gaps: Gaps, run: Run, currency: str, into: str) -> None:
    said = run.recorded.prices.as_of or run.recorded.at or _DAY
    day = said.partition("T")[0]
    known = gaps.rates.get((currency, into), day)
    gaps.rates[currency, into] = min(known, day)
    gaps.runs.add(run.id)


def gap_lines(gaps: Gaps, count: int, file: Path | None, command: str) -> Iterator[str]:
    """Say what lacks of `count` recordings, and what to write where."""
    name = file.name if file is not None else "prices.toml"
    if gaps.silent:
        runs, count_ = {run for run, _ in gaps.silent}, len(gaps.silent)
        do = "does" if count_ == 1 else "do"
        yield (
            f"{number(count_, 'call')} of {number(len(runs), 'recording')} {do} not "
            "report what was used, which no price makes known: record again"
        )
    if not gaps.repairable:
        return
    yield f"The cost of {len(gaps.runs)} of {number(count, 'recording')} is unknown:"
    for (unit, model, tier), calls in gaps.prices.items():
        at = f" at service tier {tier!r}" if tier else ""
        yield f"  no price for {unit} of {model}{at} ({number(len(calls), 'call')})"
    for (currency, into), day in gaps.rates.items():
        yield f"  no rate from {currency} to {into} for {day}"
    if gaps.currency:
        yield f"Write at the top of {name}, before its first table:"
        yield ""
        yield f'currency = "{gaps.currency}"'
        yield ""
    yield f'Add to {name}, with the number for each "...":'
    for unit, model, tier in gaps.prices:
        yield ""
        yield from price_entry(model, unit, tier).splitlines()
    for (currency, into), day in gaps.rates.items():
        yield ""
        yield from rate_entry(currency, into, day).splitlines()
    yield ""
    again = command if file is not None else f"{command} --file {name}"
    yield f"then: {again}"


def idle_lines(
    runs: Sequence[Run], book: PriceBook, file: Path | None, command: str
) -> Iterator[str]:
    """Say of each charge that no run is charged where it stands, and why."""
    idle = idle_fees(runs)
    text = file.read_text("utf-8") if file is not None and idle else ""
    lines = entry_lines(text).get("charge", ())
    places = {
        fee: f"{file.name if file is not None else ''}:{line}"
        for fee, line in zip(book.fees, lines, strict=False)
    }
    for fee, why in idle.items():
        place = places.get(fee, fee.source or "the price file")
        yield f"{place}: the charge {fee.name!r} is charged for nothing: {why}"
    if idle:
        yield f"Correct what is misspelt, or remove it; then: {command}"
