"""A judge over a real client, the model it asks, and a check that asks the judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
from agentflow_checks.grounding.judge_prompts import prompted
from agentflow_checks.grounding.judging import JudgeEvidence, rule_on
from scripted_server import Asked, Reply, as_json

import pytest_agentflow as af

MODEL = "gpt-5-mini"
SCORED: list[str] = []
GUIDE = "Dogs are not allowed. Breakfast is served from 7 to 10."


def answered(asked: Asked) -> Reply:
    """Answer as a judge's model would; these answers are written by people.

    Claims that speak of dogs are contradicted, others unsupported.
    """
    prompt = asked.json["messages"][-1]["content"]
    claims = [
        json.loads(line) for line in prompt.partition("Claims:\n")[2].splitlines()
    ]
    verdicts = [
        {"id": c["id"], "verdict": "contradicted", "quote": "Dogs are not allowed"}
        if "dogs" in c["claim"].lower()
        else {"id": c["id"], "verdict": "unsupported"}
        for c in claims
    ]
    content = json.dumps({"verdicts": verdicts})
    message = {"role": "assistant", "content": content}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 400, "completion_tokens": 60, "total_tokens": 460}
    head = {"id": "chatcmpl-1", "created": 1, "model": asked.json["model"]}
    whole = {**head, "object": "chat.completion", "choices": [choice], "usage": usage}
    return as_json(whole, headers={"x-agentflow-provenance": "authored"})


def ask(prompt: str) -> str:
    """Ask the model with OpenAI's own client."""
    with openai.OpenAI(max_retries=0) as client:
        said = client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": prompt}],
            max_completion_tokens=200,
        )
    return str(said.choices[0].message.content)


judge = prompted(ask)


def swallowing(*args: Any) -> Any:
    """Judge, and take whatever goes wrong for a pass, as no judge should."""
    try:
        return judge(*args)
    except BaseException:  # noqa: BLE001 - what a careless judge does
        return {"c1": "supported"}


@af.tool
def scored(claim: str) -> float:
    """Score a claim, with weights that CI does not have."""
    SCORED.append(claim)
    return 0.9 if "dogs" in claim.lower() else 0.1


def local(claims: Any, _: Any) -> Any:
    """Judge by a local model's scores."""
    from agentflow_checks.grounding.judging import JudgeVerdict

    return {
        c.id: JudgeVerdict(verdict="contradicted", quote="Dogs are not allowed")
        if scored(c.text) > 0.5
        else JudgeVerdict(verdict="unsupported")
        for c in claims
    }


@af.check("house_rules")
def house_rules(
    run: af.Run, *, max_judge_cost: float | None = None, judge: Any = None
) -> Iterator[object]:
    """The lines of the output follow from the guide, as a judge sees it."""
    lines = str(run.output).splitlines()
    guide = JudgeEvidence(id="guide.md", text=GUIDE)
    for line, one in zip(lines, rule_on(judge, lines, [guide]).rulings, strict=True):
        word = {"unsupported": "undetermined", "contradicted": "failed"}
        yield af.Finding(
            rule="house_rules",
            message=f"{line}: {one.verdict} {one.why}",
            verdict=af.Verdict(word.get(one.verdict, one.verdict)),
            subject=line,
        )
    yield af.Note(text=f"{judge.models} {judge.cost()} {len(judge.calls)}")
