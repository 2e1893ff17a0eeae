"""agentflow prices: what a price file holds, and new price locks for recordings."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from pytest_agentflow.cli.money import money_text
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.pricing.book import PriceBook, load_book
from pytest_agentflow.pricing.drift import PriceDrift, completed, price_drifts, repriced
from pytest_agentflow.pricing.fields import BadPrice
from pytest_agentflow.recording.load import RecordingError, find_recordings, load
from pytest_agentflow.recording.names import SUFFIX
from pytest_agentflow.recording.save import save
from pytest_agentflow.report.wording import number

_SHOWN = 20
"""So much of what was not read is named."""


def main(argv: list[str]) -> int:
    """Print what a price file holds, or bring the price locks of recordings up to it.

    Recorded prices are kept: only what a lock lacks is added, prices as they were on
    the day of the recording. With ``--now`` all are those of today.
    """
    parser = argparse.ArgumentParser(prog="agentflow prices", description=__doc__)
    add = parser.add_argument
    add("recordings", nargs="*", type=Path, help="*.flow.json files, or folders")
    add("--file", type=Path, metavar="PRICES", help="price file, TOML or JSON")
    add("--now", action="store_true", help="replace recorded prices by those of today")
    add("--check", action="store_true", help="write nothing; exit 1 on any change")
    options = parser.parse_args(argv)
    try:
        book = load_book(options.file)
    except BadPrice as error:
        raise CallWrong(str(error)) from None
    if not options.recordings:
        _expect_file(options.file)
        _say(_held(book))
        return PASSED
    changed = 0
    for path in _files(options.recordings):
        changed += _brought_up(path, book, now=options.now, check=options.check)
    return FAILED if changed and options.check else PASSED


def _expect_file(file: Path | None) -> None:
    if file is None:
        message = (
            "name a price file, recordings, or both: "
            "agentflow prices recordings/ --file prices.toml"
        )
        raise CallWrong(message)


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{plain_line(line)}\n")


def _held(book: PriceBook) -> Iterator[str]:
    models = {price.model for price in book.entries}
    prices, of = number(len(book.entries), "price"), number(len(models), "model")
    yield f"{prices} of {of}"
    if book.currency:
        yield f"reported in {book.currency}"
    for rate in book.rates:
        yield f"1 {rate.currency} = {rate.rate} {rate.into} from {rate.date} on"
    for fee in book.fees:
        money = Money(amount=fee.amount, currency=fee.currency)
        yield f"{fee.name}: {money} per {fee.per} {fee.each}s"
    for size in book.sizes:
        yield f"{size.model}: {size.parameters:,f} parameters"
    if book.unread:
        yield f"not read, and not guessed: {len(book.unread)}"
        yield from (f"  {one}" for one in book.unread[:_SHOWN])
    if len(book.unread) > _SHOWN:
        yield f"  and {len(book.unread) - _SHOWN} more"


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        files = find_recordings(path, "**") if path.is_dir() else [path]
        if not files:
            message = f"{path} holds no recording (*{SUFFIX})"
            raise CallWrong(message)
        yield from files


def _brought_up(path: Path, book: PriceBook, *, now: bool, check: bool) -> bool:
    try:
        run = load(path)
    except RecordingError as error:
        raise CallWrong(str(error)) from None
    today = dt.datetime.now(dt.UTC)
    new = replace(repriced(run, book, today), locked=None) if now else run
    new = new if now else completed(run, book, _day(run) or today)
    drifts = price_drifts(run.recorded.prices, new.recorded.prices)
    if gone := [drift.name for drift in drifts if drift.after is None]:
        message = (
            f"{path}: no price of today is known for {', '.join(gone)}; nothing was "
            "written. Name a price file that has it (--file), or install "
            "'pytest-agentflow[prices]'"
        )
        raise CallWrong(message)
    # A lock that was made anew holds what it held: then its day stays, too.
    same = replace(new.recorded.prices, as_of=run.recorded.prices.as_of)
    changed = same != run.recorded.prices
    if changed:
        _say(_told(run, new, drifts))
        if not check:
            save(new, path)
    return changed


def _day(run: Run) -> dt.datetime | None:
    said = run.recorded.prices.as_of or run.recorded.at
    return dt.datetime.fromisoformat(said) if said else None


def _told(run: Run, new: Run, drifts: Sequence[PriceDrift]) -> Iterator[str]:
    before, after = money_text(run), money_text(new)
    if before != after:
        yield f"{run.id}: {before} -> {after}"
    else:
        yield f"{run.id}: {after} as before; its price lock holds more"
    for drift in drifts:
        old = Money(amount=drift.before.amount, currency=drift.before.currency)
        line = f"  {drift.name}: {old} per {drift.before.per:,} ({drift.before_date})"
        if drift.after is not None:
            now = Money(amount=drift.after.amount, currency=drift.after.currency)
            yield f"{line} -> {now} per {drift.after.per:,} ({drift.after_date})"
