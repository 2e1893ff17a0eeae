"""The figures of the page's tables and charts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from pytest_agentflow.checking.results import CheckResult, RuleResult
from pytest_agentflow.model.exhibit import Bar, Bars, Table
from pytest_agentflow.model.money import Money
from pytest_agentflow.model.run import UNATTRIBUTED
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.pricing.cost import amount_text
from pytest_agentflow.pricing.cost_model import PARAMETER_TOKENS
from pytest_agentflow.report.document import Comparison, RunSummary, Spent, StageDelta
from pytest_agentflow.report.summary import add_spent
from pytest_agentflow.report.tally import CURRENCIES, WorkflowLine, counts
from pytest_agentflow.report.text import one_line
from pytest_agentflow.report.wording import milliseconds, number

NONE = "\u2013"  # an en dash
AT_LEAST = "\u2265 "
SLIM = 44
"""Letters across of a table that does not need the width of the page."""

#: A number at the end of a cell, behind the sign of its currency.
_AMOUNT = re.compile(r"-?(?P<unit>[^\d.,-]{0,8})[\d,]*\d(?:\.(?P<part>\d+))?")


def figure(value: Decimal | None, unit: str = "") -> str:
    """Give a number with at most four decimals, thousands apart; money as money."""
    if value is None:
        return NONE
    if unit in CURRENCIES:
        return str(Money(amount=value, currency=CURRENCIES[unit]))
    if value and (abs(value) >= Decimal("1e15") or abs(value) < Decimal("1e-4")):
        return f"{value:.3g}"
    text = f"{value:,.4f}"
    return text.rstrip("0").rstrip(".") if value == value.to_integral_value() else text


def least(spent: Spent, kind: str, runs: int = 1) -> str:
    """Give the tokens of a kind, or their mean; `≥` where some calls do not tell them.

    Args:
        spent: of a stage or of all.
        kind: ``input_tokens`` or ``output_tokens``.
        runs: how many runs it is of.
    """
    count = getattr(spent, kind)
    text = mean(count, runs) if runs > 1 else count_or(count)
    return f"{AT_LEAST}{text}" if spent.silent and count is not None else text


def silent_text(spent: Spent) -> str:
    """Say of how many calls not all tokens are known; empty: of none."""
    if not spent.silent:
        return ""
    return f"{spent.silent} of {spent.calls} calls do not report all of theirs"


def mean(total: int | None, runs: int) -> str:
    """Give the mean over the runs; whole numbers from ten up."""
    if total is None or not runs:
        return NONE
    share = total / runs
    return f"{share:,.0f}" if share >= 10 or share == int(share) else f"{share:.1f}"


def count_or(count: int | None) -> str:
    """Give a count; a dash where it was not reported."""
    return NONE if count is None else f"{count:,}"


def places(amounts: Iterable[Money | None]) -> int:
    """Count the decimals of the amount of a column that shows most of them."""
    return max((len(_decimals(m)) for m in amounts if m is not None), default=0)


def pad(amount: Money | None, most: int) -> str:
    """Give what an amount lacks beside one of `most` decimals: drawn, but not seen.

    So the points of a column stand below each other, and no nought is made up.
    """
    if amount is None or not str(amount)[-1].isdigit() or not most:
        return ""
    own = _decimals(amount)
    return ("" if own else ".") + "0" * (most - len(own))


def _decimals(amount: Money) -> str:
    return re.sub(r"[^0-9].*", "", str(amount).partition(".")[2])


def spent_places(parts: Iterable[Spent | None]) -> int:
    """Count the decimals of a column that shows what was spent."""
    return places(p.cost for p in parts if p is not None and p.billed)


def run_places(line: WorkflowLine) -> int:
    """Count the decimals of the column that shows what one run costs, by stage."""
    stages = [line.per_run(spent.cost) for _, spent in line.stages if spent.billed]
    return places([*stages, line.per_run(line.total.cost)])


def tokens(spent: Spent | None) -> str:
    """Give tokens in and out together; a dash where none were reported."""
    if spent is None or (spent.input_tokens is None and spent.output_tokens is None):
        return NONE
    least = AT_LEAST if spent.silent else ""
    return f"{least}{(spent.input_tokens or 0) + (spent.output_tokens or 0):,}"


def passes(spent: Spent, runs: int = 1) -> str:
    """Give forward passes of one run in parameter-tokens; blank where not known."""
    if spent.passes is None:
        return ""
    return amount_text(spent.passes / runs, PARAMETER_TOKENS)


def took(run: RunSummary, stage: str) -> str:
    """Give how long a stage worked; a dash where the recording does not say."""
    if stage not in run.recorded.stages:
        return NONE
    start, end = run.recorded.stages[stage]
    return milliseconds(end - start)


def examined(result: CheckResult) -> str:
    """Count what a check examined and what stands against it, with the denominator."""
    if not result.examined:
        return "examined nothing"
    at_fault = sum(_at_fault(rule) for rule in result.rules)
    subjects = number(result.examined, "subject")
    settled = [f.status for f in result.findings if f.status in ("known", "waived")]
    more = [f"{result.undetermined:,} to review"] if result.undetermined else []
    more += [f"{settled.count(s)} {s}" for s in ("known", "waived") if s in settled]
    more += [number(result.warnings, "warning")] if result.warnings else []
    stands = any(map(counts, result.findings))
    first = f"{at_fault:,} of {subjects} at fault" if stands else f"{subjects} examined"
    return ", ".join([first, *more])


def _at_fault(rule: RuleResult) -> int:
    warns_only = any(finding.advisory for finding in rule.findings)
    return rule.errors + (0 if warns_only else rule.failed)


def size(count: int) -> str:
    """Give a number of bytes as people read it: ``41 kB``, ``3.2 MB``."""
    if count < 1_000:
        return number(count, "byte")
    for unit, one in (("kB", 1e3), ("MB", 1e6)):
        if count < 999.5 * one:
            amount = count / one
            return f"{amount:,.1f} {unit}" if amount < 10 else f"{amount:,.0f} {unit}"
    return f"{count / 1e9:,.1f} GB"


def when(stamp: str) -> str:
    """Give an ISO timestamp as people read it; anything else as it is."""
    found = re.fullmatch(
        r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d(\.\d+)?)?(Z|\+00:00)", stamp
    )
    return f"{found[1]} {found[2]} UTC" if found else one_line(stamp, 40)


def rules_by_use(
    result: CheckResult,
) -> tuple[list[RuleResult], list[RuleResult]]:
    """Part the rules that met something, gravest first, from those that did not."""
    order = (Verdict.ERROR, Verdict.FAILED, Verdict.UNDETERMINED, Verdict.PASSED)
    applied = [rule for rule in result.rules if rule.verdict in order]
    idle = [rule for rule in result.rules if rule.verdict not in order]
    return sorted(applied, key=lambda rule: order.index(rule.verdict)), idle


def stage_deltas(comparisons: Sequence[Comparison]) -> list[StageDelta]:
    """Add up what each stage consumed before and now, over all runs."""
    now: dict[str, list[Spent]] = {}
    before: dict[str, list[Spent]] = {}
    for comparison in comparisons:
        for delta in comparison.stages:
            for store, spent in ((now, delta.now), (before, delta.before)):
                kept = store.setdefault(delta.name, [])
                kept.extend([spent] if spent is not None else [])
    return [
        StageDelta(
            name=name,
            now=add_spent(now[name]) if now[name] else None,
            before=add_spent(before[name]) if before[name] else None,
        )
        for name in now
    ]


def changed_first(
    comparisons: Sequence[Comparison],
) -> tuple[list[Comparison], list[Comparison]]:
    """Part the runs of which something changed from those of which nothing did."""
    same = [c for c in comparisons if _is_same(c)]
    return [c for c in comparisons if not _is_same(c)], same


def _is_same(one: Comparison) -> bool:
    known = one.before is not None and one.before.cost == one.now.cost
    return known and not (one.new or one.fixed)


def stage_name(name: str) -> str:
    """Name a stage; what belongs to none is said to."""
    return "in no stage" if name == UNATTRIBUTED else name


def parts_per_run(line: WorkflowLine) -> list[tuple[str, Decimal]]:
    """Give what each stage costs in one run on average; unknown ones are left out."""
    parts = ((name, line.per_run(spent.cost)) for name, spent in line.stages)
    return [(name, money.amount) for name, money in parts if money is not None]


def longest(lines: Sequence[WorkflowLine]) -> Decimal:
    """Give the dearest workflow's cost of one run: the width of the common scale."""
    costs: list[Money | None] = [line.per_run(line.total.cost) for line in lines]
    return max((c.amount for c in costs if c is not None), default=Decimal(0))


def stage_chart(line: WorkflowLine) -> Bars:
    """Give the chart of a workflow's stages: cost of one run against its budget."""
    bars = []
    for name, spent in line.stages:
        money = line.per_run(spent.cost)
        bars.append(
            Bar(
                label=name,
                value=money.amount if money is not None else Decimal(0),
                limit=_comparable(line.limits.get(name), money),
                against=_comparable(line.before.get(name), money),
            )
        )
    return Bars(title=line.workflow, unit="", bars=tuple(bars))


def pair_chart(one: Money, other: Money) -> Bars:
    """Give the chart of two amounts; no bar where they are of two currencies."""
    amounts = (one.amount, other.amount)
    if one.currency != other.currency:
        amounts = (Decimal(0), Decimal(0))
    bars = tuple(Bar(label="", value=amount) for amount in amounts)
    return Bars(title="", unit="", bars=bars)


def _comparable(amount: Money | None, beside: Money | None) -> Decimal | None:
    if amount is None or beside is None or amount.currency != beside.currency:
        return None
    return amount.amount


def is_slim(table: Table) -> bool:
    """Whether a table is so narrow that the whole width would tear its rows apart."""
    if not 0 < len(table.columns) <= 3:
        return False
    rows = [list(table.columns), *([cell for cell, _ in r] for r in even_rows(table))]
    columns = zip(*rows, strict=True) if len(rows[-1]) == len(rows[0]) else ()
    widest = [max(map(len, column)) for column in columns]
    return bool(widest) and sum(widest) <= SLIM


def even_rows(table: Table) -> list[list[tuple[str, str]]]:
    """Give every row every column, each cell with what `pad` draws behind it.

    The points of a column of money stand below each other; a column that counts
    different things, tokens below dollars, has no common point.
    """
    width = max([len(table.columns), *(len(row) for row in table.rows)], default=0)
    rows = [row + ("",) * (width - len(row)) for row in table.rows]
    columns = [[row[number] for row in rows] for number in range(width)]
    pads = [
        _pads(column) if number in table.numeric else [""] * len(column)
        for number, column in enumerate(columns)
    ]
    return [
        [(cell, pads[column][line]) for column, cell in enumerate(row)]
        for line, row in enumerate(rows)
    ]


def _pads(column: Sequence[str]) -> list[str]:
    """Give what the amounts of a column lack beside the one with most decimals."""
    found = [_AMOUNT.fullmatch(cell) for cell in column]
    units = {match["unit"] for match in found if match is not None}
    most = max((len(match["part"] or "") for match in found if match), default=0)
    if len(units) != 1 or not most:
        return [""] * len(column)
    return ["" if match is None else _lacking(match["part"], most) for match in found]


def _lacking(part: str | None, most: int) -> str:
    return "0" * (most - len(part)) if part else f".{'0' * most}"
