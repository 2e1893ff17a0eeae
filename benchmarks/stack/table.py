"""The comparison as figures, and as it is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .ours import blamed
from .verdicts import Failure, Judged, caught, first_stage

JUDGED_BY_MODEL = {
    "hallucination": "deepeval Faithfulness, promptfoo context-faithfulness",
    "policy": "deepeval G-Eval, promptfoo llm-rubric",
    "handoff": "deepeval Summarization, promptfoo context-recall",
    "personalised": "deepeval G-Eval, promptfoo llm-rubric",
    "stage_worth": "deepeval G-Eval, promptfoo llm-rubric",
}
"""Check that is meant to catch it -> metrics that might, if there were a model."""

BETTER = """\
What the others do better, and this project does not try to:
- promptfoo, deepeval: quality judged by a model (faithfulness, tone, usefulness,
  G-Eval, rubrics) and red teaming. No model was reachable, so none of it ran; rows
  that it might have caught say "needs a model", for or against nobody.
- promptfoo: dozens of providers; prompts and models side by side in a web view; rules
  in any language. What a team can say beforehand takes it a line or a short script.
- deepeval: some fifty metrics, conversations, voice, synthetic data sets, and a
  service with dashboards and traces of production.
- pytest-recording: any HTTP traffic of any application, in a format that many read.
- Lighthouse: performance, SEO and best practices with advice, budgets, trends on a
  server. Only accessibility is planted here, so the rest could not show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One regression: what each side said of it.

    Attributes:
        ours: Our checks that catch it.
        by_marks: Whether one that the example's test carries is among them.
        ours_stage: The stage that ours names.
        stage: The stage that did it.
        tools: The peers that caught it, and by which assertion.
        tools_stage: The earliest stage that a peer's failure names.
        needs_model: Metrics of the peers that might have caught it, had they run.
        stale: Whether a changed request alone was noticed, until recorded again.
    """

    name: str
    stage: str | None
    ours: tuple[str, ...]
    by_marks: bool
    ours_stage: str | None
    tools: Mapping[str, tuple[str, ...]]
    tools_stage: str | None
    needs_model: str = ""
    stale: bool = False

    @property
    def theirs(self) -> bool:
        """Whether any peer caught it."""
        return any(self.tools.values())


def row(
    *,
    name: str,
    stage: str | None,
    check: str,
    ours: Sequence[Failure],
    own: str,
    peers: Sequence[Judged],
    healthy: str,
    stages: tuple[str, ...],
) -> Row:
    """What both sides said of a regression.

    Args:
        name: The regression.
        stage: The stage that did it.
        check: Our check that is meant to catch it; empty while there is none.
        ours: Our failures that the healthy run does not have.
        own: The label of those that the example's own test would have, too.
        peers: What the peers said of all runs.
        healthy: The healthy run of the same customer.
        stages: The workflow's, in order.
    """
    found = {
        peer.tool: caught(peer.failures.get(name, ()), peer.failures.get(healthy, ()))
        for peer in peers
    }
    everything = [failure for failures in found.values() for failure in failures]
    by = {tool: tuple(dict.fromkeys(f.by for f in fs)) for tool, fs in found.items()}
    return Row(
        name=name,
        stage=stage,
        ours=tuple(dict.fromkeys(failure.by for failure in ours)),
        ours_stage=first_stage(blamed(ours), stages),
        by_marks=any(failure.label == own for failure in ours),
        tools=by,
        tools_stage=first_stage(everything, stages),
        needs_model="" if everything else JUDGED_BY_MODEL.get(check, ""),
        stale=any(name in peer.stale for peer in peers),
    )


def figures(
    rows: Sequence[Row],
    judged: Sequence[Judged],
    healthy: Sequence[str],
    lines: Mapping[str, int],
    runs: int,
) -> dict[str, Any]:
    """Counts of both sides.

    Args:
        rows: The regressions.
        judged: What every tool said of all runs; ours first.
        healthy: Names of the runs in which nothing is planted.
        lines: Tool -> lines of set-up.
        runs: How many runs each tool judged.
    """
    peers = judged[1:]
    silent = [r for r in rows if not r.theirs]
    return {
        "regressions": len(rows),
        "healthy runs": len(healthy),
        "caught": {
            "ours": _count(r.ours for r in rows),
            "stack": _count(r.theirs for r in rows),
        }
        | {p.tool: _count(bool(r.tools[p.tool]) for r in rows) for p in peers},
        "caught by own marks": _count(r.by_marks for r in rows),
        "stage named": {
            "ours": _count(r.ours and r.ours_stage == r.stage for r in rows),
            "stack": _count(r.theirs and r.tools_stage == r.stage for r in rows),
        },
        "not caught, needs a model": _count(bool(r.needs_model) for r in silent),
        "not caught, request changed": _count(r.stale for r in silent),
        "false alarms": {j.tool: alarms(j, healthy) for j in judged},
        "seconds": {j.tool: round(j.seconds, 1) for j in judged},
        "seconds a run": {j.tool: round(j.seconds / runs, 2) for j in judged},
        "lines of set-up": dict(lines),
        "versions": {j.tool: j.versions for j in judged},
        "errors": {j.tool: j.error for j in judged if j.error},
    }


def _count(flags: Any) -> int:
    return sum(map(bool, flags))


def alarms(judged: Judged, healthy: Sequence[str]) -> int:
    """Healthy runs that a tool fails."""
    return sum(bool(judged.failures.get(name)) for name in healthy)


def as_json(row: Row) -> dict[str, Any]:
    """A row as figures."""
    return asdict(row) | {"theirs": row.theirs}


def rendered(rows: Sequence[Row], found: Mapping[str, Any]) -> str:
    """The table, its totals, and what the others do better."""
    head = ("regression", "stage", "ours", "stage?", "stack", "stage?", "by")
    body = [head, *map(_cells, rows)]
    widths = [max(len(line[i]) for line in body) for i in range(len(head) - 1)]
    lines = [_line(line, widths) for line in body]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join((*lines, "", *_totals(found), "", BETTER))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join((*first, cells[-1])).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        row.stage or "-",
        "caught" if row.ours else "no",
        _stage(bool(row.ours), row.ours_stage, row.stage),
        "caught" if row.theirs else "no",
        _stage(row.theirs, row.tools_stage, row.stage),
        _by(row),
    )


def _stage(is_caught: bool, named: str | None, right: str | None) -> str:
    if not is_caught:
        return ""
    return "yes" if named == right else f"says {named}" if named else "no"


def _by(row: Row) -> str:
    if row.theirs:
        tools = {tool: by for tool, by in row.tools.items() if by}
        return "; ".join(f"{tool}: {', '.join(by)}" for tool, by in tools.items())
    notes = ["needs a model"] if row.needs_model else []
    if row.stale:
        notes.append("a changed request, until recorded again")
    return ", ".join(notes)


def _totals(found: Mapping[str, Any]) -> list[str]:
    total, healthy = found["regressions"], found["healthy runs"]
    table = [("", "caught", "stage", "false alarms", "s a run", "lines", "version")]
    peers = [tool for tool in found["caught"] if tool not in ("ours", "stack")]
    ours = next(tool for tool in found["seconds"] if tool not in peers)
    for name, tools in ((ours, [ours]), ("stack", peers), *((p, [p]) for p in peers)):
        key = "ours" if name == ours else name
        stage = found["stage named"].get(key)
        table.append(
            (
                name,
                f"{found['caught'][key]} of {total}",
                "" if stage is None else f"{stage} of {total}",
                f"{max(found['false alarms'][t] for t in tools)} of {healthy}",
                f"{sum(found['seconds a run'][t] for t in tools):.2f}",
                str(sum(found["lines of set-up"][t] for t in tools)),
                "" if name == "stack" else found["versions"][name],
            )
        )
    widths = [max(len(line[i]) for line in table) for i in range(6)]
    lines = [_line(line, widths) for line in table]
    lines += [f"{tool}: not judged: {why}" for tool, why in found["errors"].items()]
    return [
        *lines,
        "",
        _silence(found),
    ]


def _silence(found: Mapping[str, Any]) -> str:
    return (
        "Caught by the marks of the example's own test alone: "
        f"{found['caught by own marks']} of {found['regressions']}.\n"
        f"Not caught by the stack: {found['not caught, needs a model']} need a model, "
        f"{found['not caught, request changed']} show only as a changed request."
    )
