"""What the tool says about pages that real models built in the real workflow.

    python benchmarks/aws_personalization.py FOLDER [--json] [--report PATH]

FOLDER holds the recorded outputs of aws-samples/reinvent-personalization-with-LLMs:
``run.json`` (stage outputs of one customer), ``references/`` (what stages were given)
and one folder for each generated site (``*/main.html`` with its pictures). Folders are
found by pattern, so that other parts of the same set are judged by the same script.

Usage was not recorded. It is estimated here at four characters a token, stored as such
(``usage.source = "estimated"``), and every figure that rests on it is marked.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentflow_checks import (
    accessibility,
    cost,
    design,
    hallucination,
    html_validity,
    policy,
)

import pytest_agentflow as af
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.write import write

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
SDXL = "stability.stable-diffusion-xl-v1"
RECORDED = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)

PRICES = """
[[price]]
model = "stability.stable-diffusion-xl-v1"
unit = "images:1024x1024:standard"
usd = "0.04"
source = "AWS price list, SDXL 1.0, 1024x1024, up to 50 steps"
"""

POLICY = r"""
version: 1
rules:
  - id: CONTACT-MAIL
    title: The page gives an e-mail address, as the design guideline asks
    severity: error
    require:
      in: {kind: artefact, name: main.html}
      regex: '\w@\w'
    must_apply: true
    why: The guideline asks for the company's address, phone number and e-mail.
    fix: Give the front-end stage the company's real contact data, and check for it.
  - id: CONTACT-PHONE
    title: The page gives a phone number, as the design guideline asks
    severity: error
    require:
      in: {kind: artefact, name: main.html}
      regex: '(tel:|[Pp]hone\W{0,3}[+(\d])'
    must_apply: true
    why: The guideline asks for the company's address, phone number and e-mail.
    fix: Give the front-end stage the company's real contact data, and check for it.
  - id: CLAIM-01
    title: No superlative that nobody can substantiate
    severity: warning
    forbid:
      in: {kind: artefact, name: main.html}
      terms: [guaranteed, world-class, the best, unparalleled, number one]
    why: Advertising law asks for a substantiation of superlatives.
    fix: Say what was done, not how great it is.
"""

#: No brand tokens belong to the set, so only the widths are asked for.
TOKENS = {"$extensions": {"agentflow": {"viewports": [320, 768, 1280]}}}


def text(path: Path) -> str:
    """Read a reference; the set mixes encodings."""
    return path.read_bytes().decode("utf-8", "replace")


def estimate(prompt: str, answer: str) -> af.Usage:
    """Estimate tokens at four characters each."""
    return af.Usage(
        input_tokens=len(prompt) // 4,
        output_tokens=len(answer) // 4,
        source="estimated",
    )


def chat(stage: str, prompt: str, answer: str, parents: tuple[str, ...]) -> af.Call:
    """One call of the text model, as far as it is known."""
    return af.Call(
        id=f"{stage}/1",
        kind="chat",
        stage=stage,
        parents=parents,
        provider="aws",
        model=HAIKU,
        messages=(af.Message(role="user", text=prompt),),
        answer=answer,
        usage=estimate(prompt, answer),
        finish_reason="stop",
    )


def painted(number: int, path: Path, parents: tuple[str, ...]) -> af.Call:
    """One call of the image model; its prompt is not in the set."""
    units = {"images:1024x1024:standard": Decimal(1)}
    kind = "image/png" if path.suffix == ".png" else "image/jpeg"
    return af.Call(
        id=f"artist/{number}",
        kind="image",
        stage="artist",
        parents=parents,
        provider="aws",
        model=SDXL,
        pictures=(af.Picture(media_type=kind, data=b"", size="1024x1024"),),
        usage=af.Usage(units=units, source="estimated"),
        missing=("messages",),
    )


def sources(folder: Path, industry: str, facts: dict[str, Any]) -> Iterator[af.Source]:
    """What the stages of one site were given."""
    given = folder / "references"
    for path in sorted((given / "kb").glob("*.txt")):
        if path.name.casefold().startswith(industry):
            yield af.Source(id=path.name, text=text(path), stage="personalizer")
    offers = json.loads(text(given / "offerings.json"))
    for name, offer in offers.items():
        if name.casefold() == industry:
            yield af.Source(id=f"offerings:{name}", text=offer, stage="personalizer")
    for path in sorted(given.glob("*.txt")):
        yield af.Source(id=path.name, text=text(path), kind="prompt", stage="frontend")
    for key in ("profile_sentence", "retrieved", "testimonials"):
        if facts.get(key):
            kind = "profile" if key == "profile_sentence" else "retrieved"
            yield af.Source(id=key, text=facts[key], kind=kind, stage="personalizer")


def build_run(folder: Path, page: Path) -> af.Run:
    """Turn one generated site into a run."""
    industry = page.parent.name.casefold()
    recorded = json.loads(text(folder / "run.json"))
    ours = industry in recorded.get("profile_sentence", "").casefold()
    facts = recorded if ours else {}
    plan = facts.get("personalizer", {}).get("output", "")
    given = tuple(sources(folder, industry, facts))
    html = page.read_bytes()
    material = "\n".join(s.text for s in given if s.stage == "personalizer")
    order = "\n".join([*(s.text for s in given if s.stage == "frontend"), plan])
    first = (chat("personalizer", material, plan, ()),) if plan else ()
    before = tuple(call.id for call in first)
    pictures = sorted(
        p
        for p in page.parent.iterdir()
        if p.suffix in {".png", ".jpg"} and "logo" not in p.name
    )
    images = [painted(i, p, before) for i, p in enumerate(pictures, start=1)]
    last = chat("frontend", order, html.decode("utf-8", "replace"), before)
    calls = (*first, *images, last)
    book = af.load_book(_price_file())
    stages = (
        af.Stage(name="personalizer", outputs=(plan,) if plan else ()),
        af.Stage(name="artist", after=("personalizer",)),
        af.Stage(name="frontend", after=("personalizer",)),
    )
    return af.Run(
        workflow="aws_personalization",
        case=industry,
        inputs={"profile": facts.get("profile_sentence", f"industry: {industry}")},
        stages=stages,
        calls=calls,
        sources=given,
        artefacts=tuple(_artefacts(page)),
        missing=() if plan else ("output:personalizer", "messages:personalizer"),
        provenance="imported: aws-samples notebook outputs",
        recorded=af.Recorded(prices=af.lock_prices(calls, book, RECORDED)),
    )


def _price_file() -> Path:
    path = Path(tempfile.gettempdir(), "agentflow-aws-prices.toml")
    path.write_text(PRICES, "utf-8")
    return path


def _artefacts(page: Path) -> Iterator[af.Artefact]:
    kinds = {".html": "text/html", ".png": "image/png", ".jpg": "image/jpeg"}
    for path in sorted(page.parent.iterdir()):
        if path.suffix in kinds:
            yield af.Artefact(
                name=path.name,
                media_type=kinds[path.suffix],
                data=path.read_bytes(),
                stage="frontend" if path == page else "artist",
            )


def judge(run: af.Run, scratch: Path) -> tuple[tuple[af.Check, ...], af.Evaluation]:
    """Judge one run by all families."""
    rules, tokens = scratch / "policy.yaml", scratch / "tokens.json"
    rules.write_text(POLICY, "utf-8")
    tokens.write_text(json.dumps(TOKENS), "utf-8")
    checks = (
        policy(rules),
        design(tokens),
        accessibility("AA", best_practices="fail"),
        html_validity(),
        hallucination(),
        cost(),
    )
    return checks, af.evaluate(run, *checks)


def figures(run: af.Run, evaluation: af.Evaluation) -> dict[str, Any]:
    """What is printed of one run."""
    money = run.cost()
    artist = run.cost("artist")
    return {
        "verdicts": {r.check: r.verdict for r in evaluation.results},
        "findings": Counter(f.rule for f in evaluation.findings if f.fails),
        "examined": {r.check: r.examined for r in evaluation.results},
        "estimated_cost": str(money),
        "estimated_picture_share": round(float(artist / money), 3),
    }


def main() -> None:
    """Judge every site below the folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", action="store_true", help="figures on the last line")
    parser.add_argument("--report", type=Path, action="append", default=[])
    options = parser.parse_args()
    pages = sorted(options.folder.glob("*/main.html"))
    if not pages:
        parser.error(f"{options.folder} holds no */main.html")
    found, entries = {}, []
    with tempfile.TemporaryDirectory() as scratch:
        for page in pages:
            run = build_run(options.folder, page)
            _, evaluation = judge(run, Path(scratch))
            found[run.id] = figures(run, evaluation)
            entries.append(build_entry(str(page.parent.name), run, evaluation))
            print(af.failure_message(evaluation), end="\n\n")
    for path in options.report:
        write(build_report(entries, title="AWS personalization sample"), path)
    print(json.dumps(found) if options.json else json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
