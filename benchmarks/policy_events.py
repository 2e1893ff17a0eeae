"""How fast policy rules read events: ours against hand-written Python loops.

Usage: ``python benchmarks/policy_events.py [DATA...] [--events 10000] [--json]``

DATA are folders or ``.jsonl.gz`` files of AgentDojo runs (one a line, ``messages`` in
OpenAI's form); without them the runs are made up. Runs are taken until they hold so
many events. Each rule judges all runs, and a plain Python loop that finds the same
events does the same in the same process; the counts must agree. Reading the policy and
listing the events (`Run.events`, once per run for all rules) are timed apart. Last, the
order rule judges one single run of that many events, which shows how it grows.
Times are the best of five, CPU time of this process.
"""

from __future__ import annotations

import argparse
import ast
import gzip
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from agentflow_checks.policies.case import Case, open_case
from agentflow_checks.policies.document import parse_document
from agentflow_checks.policies.rules import read_policy
from agentflow_checks.policies.ruling import PolicyRule

import pytest_agentflow as af

ROUNDS = 5

POLICY = r"""
rules:
- id: struct
  at_most: {count: 0, of: {tool: send_money, where: {args.amount: {above: 100}}}, per: args.amount}
- id: allow-list
  allow: {tools: ["get_*", "read_*", "search_*", "list_*"]}
- id: text-regex
  forbid:
    regex: '\bimportant message\b|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b'
    case: true
    in: {kind: [prompt, answer, tool_result]}
    text: written
- id: text-readable
  forbid: {terms: [guaranteed, risk free], in: {kind: [prompt, answer, tool_result]}}
- id: order
  before: {first: {tool: [read_file, get_balance]}, then: {tool: send_money}}
"""  # noqa: E501 - one rule a line

MODEL_KINDS = ("prompt", "answer", "tool_result")
REGEX = re.compile(r"\bimportant message\b|\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b")
TERMS = re.compile(r"\b(?:guaranteed|risk free)\b", re.IGNORECASE)


def run_of(messages: Sequence[dict[str, Any]], name: str) -> af.Run:
    """Make a run of a chat: one call for each answer of the model."""
    calls: list[af.Call] = []
    heard: list[af.Message] = []
    for message in messages:
        role, text = message["role"], _text(message.get("content"))
        if role != "assistant":
            heard.append(
                af.Message(
                    role=role,
                    text=text,
                    tool_call_id=message.get("tool_call_id"),
                    tool_name=(message.get("tool_call") or {}).get("function"),
                )
            )
            continue
        calls.append(
            af.Call(
                id=f"agent/{len(calls) + 1}",
                kind="chat",
                stage="agent",
                model="m",
                parents=(calls[-1].id,) if calls else (),
                messages=tuple(heard),
                answer=text,
                tool_calls=tuple(_tools(message.get("tool_calls") or ())),
            )
        )
    stage = af.Stage(name="agent")
    return af.Run(workflow="w", case=name, stages=(stage,), calls=tuple(calls))


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content or "")


def _tools(given: Sequence[Any]) -> Iterator[af.ToolCall]:
    for one in given:
        if isinstance(one, str):
            continue
        function = one.get("function")
        arguments = one.get("args", {})
        if isinstance(function, dict):
            arguments, function = function.get("arguments"), function["name"]
        if isinstance(arguments, str):
            arguments = ast.literal_eval(arguments) if arguments else {}
        yield af.ToolCall(name=str(function), arguments=arguments, id=one.get("id"))


def recorded(places: Sequence[Path]) -> Iterator[af.Run]:
    """Give the runs of files and folders."""
    for place in places:
        files = sorted(place.rglob("*.jsonl.gz")) if place.is_dir() else [place]
        for file in files:
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                for number, line in enumerate(lines):
                    data = json.loads(line)
                    if "messages" in data:
                        yield run_of(data["messages"], f"{file.stem}-{number}")


def made_up() -> Iterator[af.Run]:
    """Make runs up: a task, then a few tools with answers of some sentences."""
    chosen = random.Random(2026)  # noqa: S311 - made-up words
    words = ["".join(chosen.choices("abcdefghij", k=6)) for _ in range(2000)]
    tools = ("read_file", "get_balance", "search_mail", "send_money", "delete_file")
    number = 0
    while True:
        number += 1
        messages = [{"role": "user", "content": " ".join(chosen.choices(words, k=80))}]
        for _ in range(chosen.randint(1, 6)):
            call = {"function": chosen.choice(tools), "args": {"amount": number % 300}}
            messages += [
                {"role": "assistant", "content": "So.", "tool_calls": [call]},
                {
                    "role": "tool",
                    "content": " ".join(chosen.choices(words, k=120)),
                    "tool_call": call,
                },
            ]
        messages.append({"role": "assistant", "content": "Done."})
        yield run_of(messages, str(number))


def taken(runs: Iterator[af.Run], events: int) -> list[af.Run]:
    """Take runs until they hold so many events."""
    found, count = [], 0
    for run in runs:
        found.append(run)
        count += len(run.events())
        if count >= events:
            break
    return found


def best(work: Callable[[], int]) -> tuple[int, float]:
    """Give the result of `work` and the milliseconds of its fastest round."""
    times = []
    result = 0
    for _ in range(ROUNDS):
        begin = time.process_time()
        result = work()
        times.append(time.process_time() - begin)
    return result, min(times) * 1000


def found_by(rule: PolicyRule, cases: Sequence[Case]) -> int:
    """Count the subjects that one rule finds fault with."""
    return sum(
        len(
            {
                item.subject
                for item in rule.judge(case, rule.head)
                if isinstance(item, af.Finding) and item.verdict is af.Verdict.FAILED
            }
        )
        for case in cases
    )


def plain_struct(cases: Sequence[Case]) -> int:
    """Find the amounts above 100 that were sent."""
    return sum(
        len(
            {
                e.data["amount"]
                for e in case.events
                if e.kind == "tool_call"
                and e.name == "send_money"
                and isinstance(e.data, dict)
                and isinstance(amount := e.data.get("amount"), (int, float))
                and amount > 100
            }
        )
        for case in cases
    )


def plain_allow(cases: Sequence[Case]) -> int:
    """Count the calls of tools that are not listed."""
    prefixes = ("get_", "read_", "search_", "list_")
    return sum(
        e.kind == "tool_call" and not (e.name or "").startswith(prefixes)
        for case in cases
        for e in case.events
    )


def plain_text(pattern: re.Pattern[str]) -> Callable[[Sequence[Case]], int]:
    """Count the texts in which a pattern stands."""
    return lambda cases: sum(
        e.kind in MODEL_KINDS and pattern.search(e.text) is not None
        for case in cases
        for e in case.events
    )


def plain_order(cases: Sequence[Case]) -> int:
    """Count the payments before which nothing was looked up."""
    count = 0
    for case in cases:
        looked_up = False
        for event in case.events:
            if event.kind == "tool_call":
                looked_up |= event.name in ("read_file", "get_balance")
                count += event.name == "send_money" and not looked_up
    return count


PLAIN = {
    "struct": plain_struct,
    "allow-list": plain_allow,
    "text-regex": plain_text(REGEX),
    "text-readable": plain_text(TERMS),
    "order": plain_order,
}


def one_long_run(events: int) -> af.Run:
    """Make one run of that many events: a chain of tool functions."""
    calls = tuple(
        af.Call(
            id=f"agent/{number}",
            kind="tool",
            stage="agent",
            parents=(f"agent/{number - 1}",) if number else (),
            invocation=af.Invocation(
                function="m:send_money" if number % 3 else "m:read_file"
            ),
        )
        for number in range(events // 2)
    )
    return af.Run(
        workflow="w", case="long", stages=(af.Stage(name="agent"),), calls=calls
    )


def measure(runs: Sequence[af.Run], events: int) -> dict[str, Any]:
    """Time every rule and its plain twin."""
    rules = read_policy(parse_document(POLICY, "benchmark.yaml")).rules
    listed, events_ms = best(lambda: sum(len(run.events()) for run in runs))
    cases = [open_case(run) for run in runs]
    _, read_ms = best(
        lambda: len(read_policy(parse_document(POLICY, "benchmark.yaml")).rules)
    )
    rows = []
    for rule in rules:
        plain, plain_ms = best(lambda r=rule: PLAIN[r.head.id](cases))  # type: ignore[misc]
        ours, ours_ms = best(lambda r=rule: found_by(r, cases))  # type: ignore[misc]
        rows.append(
            {
                "rule": rule.head.id,
                "found": ours,
                "plain_found": plain,
                "ours_ms": round(ours_ms, 2),
                "plain_ms": round(plain_ms, 2),
            }
        )
    order = rules[-1]
    growth = {}
    for size in (events // 10, events // 3, events):
        long = [open_case(one_long_run(size))]
        _, growth[size] = best(lambda cases=long: found_by(order, cases))  # type: ignore[misc]
    return {
        "runs": len(runs),
        "events": listed,
        "characters": sum(len(e.text) for case in cases for e in case.events),
        "events_ms": round(events_ms, 2),
        "read_policy_ms": round(read_ms, 2),
        "rules": rows,
        "order_in_one_run_ms": {str(k): round(v, 2) for k, v in growth.items()},
    }


def main() -> None:
    """Measure, print a table and, where asked, one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="*", type=Path)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    source = recorded(options.data) if options.data else made_up()
    figures = measure(taken(source, options.events), options.events)
    print(
        f"{figures['events']} events of {figures['runs']} runs, "
        f"{figures['characters']} characters; listing them {figures['events_ms']} ms, "
        f"reading the policy {figures['read_policy_ms']} ms"
    )
    print(f"{'rule':15}{'found':>8}{'by hand':>9}{'ours ms':>10}{'by hand ms':>12}")
    for row in figures["rules"]:
        print(
            f"{row['rule']:15}{row['found']:8}{row['plain_found']:9}"
            f"{row['ours_ms']:10}{row['plain_ms']:12}"
        )
    print("order in one run:", figures["order_in_one_run_ms"], "(events: ms)")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
