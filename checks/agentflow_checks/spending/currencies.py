"""The currency that a bill is told in, and the rates that it lacks for that."""

from __future__ import annotations

from collections.abc import Iterator

import pytest_agentflow as af
from agentflow_checks.spending.bill import Bill
from agentflow_checks.spending.price_file import prices_command, rate_entry


def told_currency(run: af.Run, whole: Bill, currency: str, *, budgets: bool) -> str:
    """Give the currency of the charges: that of the budgets, where there are any.

    Raises `CheckError` where all charges are in one, and the budgets in another.
    """
    found = _told(whole)
    if len(found) != 1 or found[0] == currency:
        return currency
    if budgets:
        message = (
            f"the calls are charged in {found[0]}, the budgets are in {currency}. "
            f'Write currency="{found[0]}", or give all prices in {currency}, then: '
            f"{prices_command(run)} --now"
        )
        raise af.CheckError(message)
    return found[0]


def lacking_rates(whole: Bill, currency: str) -> tuple[tuple[str, str], ...]:
    """Give from and to of each rate without which the charges have no sum.

    Args:
        whole: the bill of the run.
        currency: that all is to be told in where the price file does not say.
    """
    return tuple(dict.fromkeys(_lacking(whole, currency)))


def _told(whole: Bill) -> tuple[str, ...]:
    """Name the currencies that the charges are told in."""
    priced = (charge for charge in whole.charges if charge.price is not None)
    return tuple(
        sorted({c.currency or (c.price and c.price.currency) or "" for c in priced})
    )


def _lacking(whole: Bill, currency: str) -> Iterator[tuple[str, str]]:
    mixed = len(_told(whole)) > 1
    for charge in whole.charges:
        if charge.price is None:
            continue
        own = charge.price.currency
        try:
            told = charge.money.currency
        except af.UnknownRate:
            yield own, str(charge.currency)
            continue
        if mixed and told != currency:
            yield told, currency


def no_rate(
    run: af.Run, lacking: tuple[tuple[str, str], ...], currency: str
) -> af.Finding:
    """Say that charges in several currencies have no sum, with what to paste."""
    names = " and ".join(sorted({one for pair in lacking for one in pair}))
    into = lacking[0][1]
    entries = "\n".join(rate_entry(run, *pair) for pair in lacking)
    declared = run.recorded.prices.currency
    head = (
        ""
        if declared
        else f'write at the top of prices.toml:\ncurrency = "{into}"\nand '
    )
    other = "" if into == currency else f'and in the check: currency="{into}"\n'
    return af.Finding(
        rule="cost.priced",
        verdict=af.Verdict.ERROR,
        message=f"the run is charged in {names}, and no rate between them is declared "
        "for its day, so that what it costs is not known",
        why="Amounts of two currencies have no sum.",
        fix=f'{head}add to prices.toml, with the rate for "...":\n{entries}{other}'
        f"then: {prices_command(run)}",
        subject="the run",
        evidence=f"no rate {names}",
    )
