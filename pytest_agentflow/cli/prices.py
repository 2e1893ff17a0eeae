"""agentflow prices: what a price file holds, and new price locks for recordings."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_agentflow.cli.arguments import Arguments
from pytest_agentflow.cli.outcome import FAILED, PASSED, CallWrong
from pytest_agentflow.cli.price_gaps import gap_lines, gaps_of, idle_lines
from pytest_agentflow.cli.price_words import Words, held_lines, run_lines
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.text import plain_line
from pytest_agentflow.pricing.book import PriceBook, load_book
from pytest_agentflow.pricing.drift import PriceDrift, completed, price_drifts, repriced
from pytest_agentflow.pricing.fields import BadPrice
from pytest_agentflow.recording.load import RecordingError, find_recordings, load
from pytest_agentflow.recording.names import SUFFIX
from pytest_agentflow.recording.save import save


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A recording as it is, and as it would be with the price lock asked for."""

    path: Path
    run: Run
    new: Run
    drifts: tuple[PriceDrift, ...]

    @property
    def changed(self) -> bool:
        """Whether the two locks differ."""
        # A lock that was made anew holds what it held: then its day stays, too.
        old, new = self.run.recorded.prices, self.new.recorded.prices
        return replace(new, as_of=old.as_of) != old


def main(argv: list[str]) -> int:
    """Print what a price file holds, or bring the price locks of recordings up to it.

    Recorded prices are kept: only what a lock lacks is added, prices as they were on
    the day of the recording. With ``--now`` all are those of today. What no price is
    known for afterwards is told, with the entries to paste, and the exit status is 1.
    """
    parser = Arguments(prog="agentflow prices", description=__doc__)
    add = parser.add_argument
    add("recordings", nargs="*", type=Path, help="*.flow.json files, or folders")
    add("--file", type=Path, metavar="PRICES", help="price file, TOML or JSON")
    add("--now", action="store_true", help="replace recorded prices by those of today")
    add("--check", action="store_true", help="write nothing; exit 1 on any change")
    options = parser.parse_args(argv)
    _expect_something(options)
    try:
        book = load_book(options.file)
    except BadPrice as error:
        raise CallWrong(str(error)) from None
    if not options.recordings:
        _say(held_lines(book))
        return PASSED
    return _brought_up(options, book)


def _expect_something(options: argparse.Namespace) -> None:
    if options.recordings:
        return
    asked = [f"--{name}" for name in ("now", "check") if getattr(options, name)]
    if asked:
        message = (
            f"{' and '.join(asked)}: name the recordings, as in: "
            f"agentflow prices recordings/ --file prices.toml {' '.join(asked)}"
        )
        raise CallWrong(message)
    if options.file is None:
        message = (
            "name a price file, recordings, or both: "
            "agentflow prices recordings/ --file prices.toml"
        )
        raise CallWrong(message)


def _brought_up(options: argparse.Namespace, book: PriceBook) -> int:
    now, check = options.now, options.check
    plans = [_plan(path, book, now=now) for path in _files(options.recordings)]
    _expect_prices(plans)
    words = Words(now=now, check=check, file=options.file)
    changed = [plan for plan in plans if plan.changed]
    for plan in changed:
        _say(run_lines(plan.run, plan.new, plan.drifts, words))
        if not check:
            save(plan.new, plan.path)
    _say([words.summary(len(changed), len(plans), _command(options))])
    new = [plan.new for plan in plans]
    gaps = gaps_of(new)
    _say(gap_lines(gaps, len(plans), options.file, _command(options)))
    _say(idle_lines(new, book, options.file, _command(options)))
    return FAILED if gaps.repairable or (changed and check) else PASSED


def _plan(path: Path, book: PriceBook, *, now: bool) -> _Plan:
    try:
        run = load(path)
    except RecordingError as error:
        raise CallWrong(str(error)) from None
    today = dt.datetime.now(dt.UTC)
    if now:
        new = replace(repriced(run, book, today), locked=None)
    else:
        new = completed(run, book, _day(run) or today)
    drifts = price_drifts(run.recorded.prices, new.recorded.prices)
    return _Plan(path=path, run=run, new=new, drifts=drifts)


def _expect_prices(plans: Iterable[_Plan]) -> None:
    """Refuse to replace a price by none: nothing is written, of no recording."""
    for plan in plans:
        own = plan.run.recorded.prices.prices
        lost = [one for one in plan.drifts if one.after is None and one.before in own]
        if gone := [drift.name for drift in lost]:
            message = (
                f"{plan.path}: no price of today is known for {', '.join(gone)}; "
                "nothing was written. Name a price file that has it (--file), or "
                "install 'pytest-agentflow[prices]'"
            )
            raise CallWrong(message)


def _day(run: Run) -> dt.datetime | None:
    said = run.recorded.prices.as_of or run.recorded.at
    return dt.datetime.fromisoformat(said) if said else None


def _files(given: Sequence[Path]) -> Iterator[Path]:
    for path in given:
        files = find_recordings(path, "**") if path.is_dir() else [path]
        if not files:
            message = f"{path} holds no recording (*{SUFFIX})"
            raise CallWrong(message)
        yield from files


def _command(options: argparse.Namespace) -> str:
    """Give the call that writes what this one was asked about."""
    file = f" --file {options.file}" if options.file is not None else ""
    now = " --now" if options.now else ""
    named = " ".join(map(str, options.recordings))
    return f"agentflow prices {named}{file}{now}"


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{plain_line(line)}\n")
