"""Actions that tool-using agents say they did and never did, and the false alarms.

    python benchmarks/actions.py DATA [--json] [--findings OUT] [--actions FILE]

DATA is a folder or an archive; files are recognised by what they hold:

* JSON Lines (``.jsonl``, also ``.gz``) of ``{messages, ...}``: runs of AgentDojo;
* JSON (also ``.gz``), a list of ``{task_id, reward, traj}``: runs of tau-bench.

Every statement that something was done ("I have booked", "has been cancelled") is held
against the run's tool calls, with the map of common verbs and FILE laid over it. A call
that returned an error is no performance. Statements that fail were read by hand; their
labels stand in ``actions.labels.json``, by a digest of run, place, verb and sentence.
The peer in the same run is the same pattern without its exclusions (questions,
conditions, negations, what others did).
"""

from __future__ import annotations

import argparse
import ast
import gzip
import hashlib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentflow_checks.grounding.action_claims import verbs_of
from agentflow_checks.grounding.action_registry import registry
from agentflow_checks.grounding.actions import (
    StatedAction,
    stated_actions,
)
from agentflow_checks.grounding.tool_calls import Performed, performed_in
from data_set import opened, table

import pytest_agentflow as af

HERE = Path(__file__).parent
LABELS = HERE / "actions.labels.json"

#: What the tools of these sets do beside what their names say.
REGISTRY: dict[str, Any] = {
    "schedule": ["schedule_transaction", "update_scheduled_transaction",
                 "create_calendar_event", "reschedule_calendar_event"],
    "credit": ["cancel_reservation", "update_reservation_*", "send_certificate"],
    "process": ["send_money", "schedule_transaction", "update_*", "cancel_*", "book_*",
                "send_certificate", "reserve_*"],
    "downgrade": ["update_reservation_flights"],
    "upgrade": ["update_reservation_flights"],
    "accept": [],
    "cover": [],
}  # fmt: skip
_BARE = re.compile(
    r"\b(?:I(?:'ve| have)|(?:has|have) been) (?:\w+ly )?([a-z]{3,20})\b", re.IGNORECASE
)


@dataclass(slots=True)
class Tally:
    """What was stated in one group of runs, and what became of it."""

    runs: int = 0
    states: Counter[str] = field(default_factory=Counter)
    flagged_runs: int = 0
    bare: int = 0
    right: int = 0
    wrong: int = 0
    unread: int = 0
    unmapped: Counter[str] = field(default_factory=Counter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every run below DATA and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, nargs="+", help="folders or archives")
    parser.add_argument("--json", action="store_true", help="one last line of JSON")
    parser.add_argument("--findings", type=Path, help="write every failure as JSONL")
    parser.add_argument("--actions", type=Path, help="verb to tools, YAML or JSON")
    options = parser.parse_args(arguments)
    known = registry(options.actions or REGISTRY)
    labels = json.loads(LABELS.read_text("utf-8")) if LABELS.exists() else {}
    tallies: dict[str, Tally] = {}
    findings: list[dict[str, Any]] = []
    begun = time.process_time()
    for place in options.data:
        with opened(place) as folder:
            for group, run in _runs(folder):
                tally = tallies.setdefault(group, Tally())
                findings += _measure(run, group, tally, known, labels)
    if not tallies:
        print(
            f"no run found below {', '.join(map(str, options.data))}", file=sys.stderr
        )
        return 2
    figures = _figures(tallies, time.process_time() - begun)
    _print(tallies, figures)
    if options.findings:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in findings)
        options.findings.write_text("".join(lines), "utf-8")
    if options.json:
        print(json.dumps(figures))
    return 0


def _measure(
    run: af.Run,
    group: str,
    tally: Tally,
    known: Mapping[str, Any],
    labels: Mapping[str, str],
) -> Iterator[dict[str, Any]]:
    tally.runs += 1
    stated = list(stated_actions(run, known))
    tally.states.update(one.state for one in stated)
    tally.unmapped.update(one.verb for one in stated if one.state == "unmapped")
    failed = [one for one in stated if one.state in {"never", "failed"}]
    tally.flagged_runs += bool(failed)
    performed = list(performed_in(run))
    tally.bare += sum(_bare(call.answer or "", performed, known) for call in run.calls)
    for one in failed:
        name = _digest(run, one)
        label = labels.get(name, "")
        tally.right += label == "right"
        tally.wrong += label == "wrong"
        tally.unread += not label
        yield {
            "id": name,
            "group": group,
            "run": run.case,
            "state": one.state,
            "verb": one.verb,
            "sentence": one.sentence,
            "label": label,
            "called": [(p.tool, p.ok) for p in performed],
        }


def _digest(run: af.Run, one: StatedAction) -> str:
    told = "\n".join((run.case, one.place.call or "", one.verb, one.sentence))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _bare(text: str, performed: Sequence[Performed], known: Mapping[str, Any]) -> int:
    """Count the alarms of the pattern without any exclusion."""
    alarms = 0
    for match in _BARE.finditer(text):
        verb = next((v for v in verbs_of(match[1]) if known.get(v)), None)
        alarms += verb is not None and not any(
            pattern.matches(one.tool, one.arguments) and one.ok is not False
            for one in performed
            for pattern in known[verb]
        )
    return alarms


def _runs(folder: Path) -> Iterator[tuple[str, af.Run]]:
    """Give the runs below a folder, with the name of their group."""
    for path in sorted(folder.rglob("*")):
        name = path.name.removesuffix(".gz")
        if name.endswith(".jsonl"):
            for number, row in enumerate(_lines(path)):
                if "messages" in row:
                    yield "AgentDojo", _run(row["messages"], f"{name}:{number}")
        elif name.endswith(".json"):
            try:
                value = json.loads(_read(path))
            except ValueError:
                continue  # no text, or no JSON: nothing of ours
            for number, row in enumerate(value if isinstance(value, list) else ()):
                if isinstance(row, dict) and "traj" in row:
                    group = "succeeded" if row["reward"] == 1 else "failed"
                    run = _run(row["traj"], f"{name}:{row['task_id']}:{number}")
                    yield f"tau-bench, {group}", run


def _read(path: Path) -> str:
    opener: Any = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        text: str = lines.read()
        return text


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in _read(path).splitlines():
        row = json.loads(line)
        if isinstance(row, dict):
            yield row


def _run(messages: Sequence[dict[str, Any]], name: str) -> af.Run:
    """Make a run of a chat: one call for each answer of the model."""
    calls: list[af.Call] = []
    heard: list[af.Message] = []
    for message in messages:
        role, text = message["role"], _text(message.get("content"))
        tools = tuple(_tools(message.get("tool_calls") or ()))
        if role == "tool":
            error = message.get("error")
            text = f"Error: {error}" if error else text
            named = message.get("tool_call_id")
            told = af.Message(role=role, text=text, tool_call_id=named)
        else:
            told = af.Message(role=role, text=text, tool_calls=tools)
        if role == "assistant":
            calls.append(
                af.Call(
                    id=f"agent/{len(calls) + 1}",
                    kind="chat",
                    stage="agent",
                    model="m",
                    parents=(calls[-1].id,) if calls else (),
                    messages=tuple(heard),
                    answer=text or None,
                    tool_calls=tools,
                )
            )
        heard.append(told)
    return af.Run(
        workflow="w", case=name, stages=(af.Stage(name="agent"),), calls=tuple(calls)
    )


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content)
    return content or ""


def _tools(given: Sequence[Any]) -> Iterator[af.ToolCall]:
    for one in given:
        if isinstance(one, str):
            continue
        function, arguments = one.get("function"), one.get("args", {})
        if isinstance(function, dict):
            arguments, function = function.get("arguments"), function["name"]
        yield af.ToolCall(
            name=str(function), arguments=_parsed(arguments), id=one.get("id") or None
        )


def _parsed(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments
    for read in (json.loads, ast.literal_eval):
        try:
            return read(arguments)
        except (ValueError, SyntaxError):
            continue
    return arguments


def _figures(tallies: Mapping[str, Tally], seconds: float) -> dict[str, Any]:
    figures: dict[str, Any] = {"cpu_seconds": round(seconds, 2)}
    for name, tally in tallies.items():
        read = tally.right + tally.wrong
        failed = tally.states["never"] + tally.states["failed"]
        figures[name] = {
            "runs": tally.runs,
            "stated": failed + tally.states["performed"],
            "performed": tally.states["performed"],
            "never": tally.states["never"],
            "failed_call": tally.states["failed"],
            "unmapped": tally.states["unmapped"],
            "flagged_runs": tally.flagged_runs,
            "read": read,
            "right": tally.right,
            "precision": tally.right / read if read else None,
            "bare_pattern": tally.bare,
        }
    return figures


def _print(tallies: Mapping[str, Tally], figures: Mapping[str, Any]) -> None:
    head = ("runs", "number", "stated", "never done", "call failed", "read by hand",
            "right", "unmapped", "bare pattern flags")  # fmt: skip
    rows = [
        (name, f["runs"], f["stated"], f["never"], f["failed_call"], f["read"],
         f["right"], f["unmapped"], f["bare_pattern"])
        for name in sorted(tallies)
        for f in (figures[name],)
    ]  # fmt: skip
    print(table(head, rows))
    for name in sorted(tallies):
        if unmapped := tallies[name].unmapped.most_common(12):
            listed = ", ".join(f"{verb} {count}" for verb, count in unmapped)
            print(f"{name}, verbs without tools: {listed}")


if __name__ == "__main__":
    raise SystemExit(main())
