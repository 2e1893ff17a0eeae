"""Every stage of every run, judged by the metrics that need no model."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from deepeval import assert_test
from deepeval.dataset import Golden
from deepeval.metrics import (
    AgentLoopDetectionMetric,
    JsonCorrectnessMetric,
    PatternMatchMetric,
    ToolCorrectnessMetric,
    ToolPermissionMetric,
)
from deepeval.test_case import LLMTestCase, ToolCall
from deepeval.tracing import observe, update_current_trace
from pydantic import BaseModel, Field

RUNS = sorted(Path(os.environ["RUNS"]).glob("*.json"))
STEPS = ["personalizer", *["artist"] * 4, "frontend", "qa"]
RELEASED = {
    "personalizer": "gpt-5-mini",
    "artist": "gpt-image-1-mini",
    "frontend": "gpt-5-mini",
    "qa": "gpt-5-nano",
}
BIG_WORDS = re.compile(
    "guarantee|risk free|(best in|world) class|(industry|market) leading|award winning"
    "|unbeatable|unrivalled|cheapest|lowest price|the (best|finest)|number one"
    "|state of the art"
)


class Offer(BaseModel):
    """An offer."""

    name: str
    price: str = Field(pattern=r"^£[\d,]+$")
    unit: str


class Offers(BaseModel):
    """The offers, and the note on tax."""

    tax_note: str
    items: list[Offer] = Field(min_length=1)


class Description(BaseModel):
    """What stands on the page."""

    company: str
    page_title: str
    offers: Offers
    contact: dict[str, str]


class Plan(BaseModel):
    """What the personalizer answers."""

    description: Description
    visuals: list[dict[str, str]] = Field(min_length=1, max_length=4)


@pytest.fixture(params=RUNS, ids=[path.stem for path in RUNS])
def run(request: pytest.FixtureRequest) -> dict[str, Any]:
    """One recorded run."""
    return json.loads(request.param.read_text("utf-8"))


def case(run: dict[str, Any], stage: str) -> LLMTestCase:
    """What deepeval judges of a stage."""
    made = run["stages"][stage]
    called = [
        ToolCall(name=f"{c['stage']} {c['model']}") for c in run["calls"] if c["model"]
    ]
    return LLMTestCase(
        input=made["input"], actual_output=made["output"], tools_called=called
    )


def test_personalizer_plans_by_the_schema(run: dict[str, Any]) -> None:
    """The plan has the form that was asked for."""
    metric = JsonCorrectnessMetric(
        expected_schema=Plan, include_reason=False, async_mode=False
    )
    assert_test(case(run, "personalizer"), [metric], run_async=False)


@pytest.mark.parametrize("stage", ["personalizer", "frontend", "qa"])
def test_no_big_words(run: dict[str, Any], stage: str) -> None:
    """No text holds a guarantee or a superlative."""
    metric = PatternMatchMetric(
        pattern=rf"(?s)(?!.*({BIG_WORDS.pattern})).*", ignore_case=True
    )
    assert_test(case(run, stage), [metric], run_async=False)


def test_steps_in_order(run: dict[str, Any]) -> None:
    """Every step is taken, in order, as often as it should."""
    taken = case(run, "qa")
    taken.tools_called = [ToolCall(name=c["stage"]) for c in run["calls"] if c["model"]]
    taken.expected_tools = [ToolCall(name=name) for name in STEPS]
    metric = ToolCorrectnessMetric(
        threshold=1, should_exact_match=True, async_mode=False
    )
    assert_test(taken, [metric], run_async=False)


def test_released_models(run: dict[str, Any]) -> None:
    """Each stage asks only the model released for it."""
    allowed = [f"{stage} {model}" for stage, model in RELEASED.items()]
    metric = ToolPermissionMetric(allowed_tools=allowed)
    assert_test(case(run, "qa"), [metric], run_async=False)


def test_no_loops(run: dict[str, Any]) -> None:
    """No step is taken again and again."""

    @observe(type="llm")
    def step(call: dict[str, Any]) -> str:
        return call["output"]

    @observe(type="agent")
    def site(name: str) -> str:
        for call in run["calls"]:
            step(call)
        update_current_trace(input=name, output=run["stages"]["qa"]["output"])
        return name

    site(run["run"])
    assert_test(golden=Golden(input=run["run"]), metrics=[AgentLoopDetectionMetric()])
