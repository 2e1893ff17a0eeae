"""What the peers get of a run: its stages' texts, its calls, its page; all measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest_agentflow as af

from .subjects import EXAMPLE, STAGES, Subject

PAGE = "index.html"


def export(subject: Subject, runs: Path, pages: Path) -> None:
    """Write ``runs/<name>.json`` and the published site, ``pages/<name>/``."""
    document = as_document(subject)
    runs.mkdir(parents=True, exist_ok=True)
    (runs / f"{subject.name}.json").write_text(json.dumps(document, indent=1), "utf-8")
    folder = pages / subject.name
    folder.mkdir(parents=True, exist_ok=True)
    for artefact in subject.run.artefacts:
        if artefact.stage in {"artist", None} and artefact.data:
            (folder / Path(artefact.name).name).write_bytes(artefact.data)


def variables(subject: Subject) -> dict[str, Any]:
    """What a test may know of a customer: the profile that the run was given."""
    profile = EXAMPLE / "profiles" / f"{subject.case}.json"
    return {"run": subject.name, **json.loads(profile.read_text("utf-8"))}


def as_document(subject: Subject) -> dict[str, Any]:
    """A run as the peers read it. Money is handed to them: none of them has prices."""
    run = subject.run
    calls = [_call(run, call) for call in run.calls if call.stage in STAGES]
    outputs = _outputs(run)
    stages = {name: _stage(run, name, calls) | outputs[name] for name in STAGES}
    spent = run.cost()
    return {
        "run": subject.name,
        "output": outputs["qa"]["output"],
        "plan": run.stage("personalizer").output,
        "cost": float(spent.amount) if spent else None,
        "seconds": max(call["end"] for call in calls) / 1000,
        "models": [call["model"] for call in calls],
        "order": list(dict.fromkeys(call["stage"] for call in calls)),
        "stages": stages,
        "calls": calls,
    }


def _outputs(run: af.Run) -> dict[str, dict[str, str]]:
    plan = run.stage("personalizer").output
    prompts = [call.prompt for call in run.calls if call.stage == "artist"]
    return {
        "personalizer": {"output": json.dumps(plan, ensure_ascii=False)},
        # What can be judged of pictures without a model that sees: their prompts.
        "artist": {"output": "\n\n".join(prompts)},
        "frontend": {"output": str(run.stage("frontend").output)},
        "qa": {"output": published(run)},
    }


def published(run: af.Run) -> str:
    """The page that leaves the house."""
    (page,) = [a for a in run.artefacts if a.name == PAGE and a.stage is None]
    return page.text


def _stage(run: af.Run, name: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    own = [call for call in calls if call["stage"] == name]
    spent = run.cost(name)
    start, end = min(c["start"] for c in own), max(c["end"] for c in own)
    return {
        "input": own[0]["input"],
        "cost": float(spent.amount) if spent else None,
        "start": start,
        "end": end,
        "seconds": (end - start) / 1000,
        "models": [call["model"] for call in own],
    }


def _call(run: af.Run, call: af.Call) -> dict[str, Any]:
    timing = run.recorded.calls.get(call.id) if run.recorded else None
    return {
        "stage": call.stage,
        # As the application asked for it: answers name the dated model.
        "model": _asked_for(call),
        "start": timing.start if timing else 0.0,
        "end": timing.end if timing else 0.0,
        "input": call.prompt,
        "output": call.answer or "",
    }


def _asked_for(call: af.Call) -> str | None:
    if call.request is None or not call.request.body:
        return call.model
    asked: str | None = json.loads(call.request.body).get("model", call.model)
    return asked
