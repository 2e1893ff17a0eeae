"""What the tool says about pages that real models built in the real workflow.

    python benchmarks/aws_personalization.py FOLDER [--json] [--report PATH]

FOLDER holds the recorded outputs of aws-samples/reinvent-personalization-with-LLMs:
``run.json`` (stage outputs of one customer), ``references/`` (what stages were given)
and one folder for each generated site (``*/main.html`` with its pictures). Folders are
found by pattern, so that other parts of the same set are judged by the same script.

Usage was not recorded. It is estimated here at four characters a token, stored as such
(``usage.source = "estimated"``), and every figure that rests on it is marked. Prompts
are put together again from the templates and references. The front-end developer's own
template is not in the set: a stand-in of the same length (the whole prompt is known to
have 12.2 thousand characters) takes its place: shares of that prompt hold as far
as nothing in the template itself was copied. Seconds are those that the notebook
printed: one number a stage, divided evenly among the pictures of the artist.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentflow_checks import (
    accessibility,
    coordination,
    cost,
    design,
    hallucination,
    html_validity,
    policy,
)
from agentflow_checks.flow.shape import boundaries, share_copied
from agentflow_checks.flow.token_flow import Origin, token_flow
from agentflow_checks.teamwork.coordination_order import in_seconds, parallelism
from agentflow_checks.teamwork.coordination_unneeded import unneeded

import pytest_agentflow as af
from pytest_agentflow.report.build import build_report
from pytest_agentflow.report.entry import build_entry
from pytest_agentflow.report.write import write

HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"
SDXL = "stability.stable-diffusion-xl-v1"
RECORDED = dt.datetime(2024, 8, 1, tzinfo=dt.UTC)

VISUAL = re.compile(
    r"<VISUAL_LABEL>(.+?)</VISUAL_LABEL>\s*"
    r"<VISUAL_DESCRIPTION>(.+?)</VISUAL_DESCRIPTION>",
    re.DOTALL,
)

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

#: What a developer is told, in our words: a stand-in of the length of the template.
DEVELOPER = """You are an experienced builder of web pages. Below you find what a
colleague wrote down about one page, what a second colleague says about good pages, and
a few sentences that clients let us print. Turn these into a single file which opens in
any browser. Put the styles into its head and the scripts at its end. Point to every
picture by the very name that it carries in the notes, in the folder where the file will
lie. Leave nothing for others to fill in later, and do not shorten what you were handed.
Write no remarks before or after the file, as nobody will read them.

How a page of ours should look and behave:
{design_guideline}

Sentences that clients let us print:
{testimonials}

What to build, with all names and texts:
{plan}

Now write the file from its first line to its last, and check it once more before you
hand it over to the people who put it online.
"""

#: The developer builds from the first section; the second is for the artist.
READS = {"frontend": ["Section 1:..Section 2:"]}

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


def painted(number: int, prompt: str, parents: tuple[str, ...]) -> af.Call:
    """One call of the image model; without a recorded plan its prompt is not known."""
    units = {"images:1024x1024:standard": Decimal(1)}
    return af.Call(
        id=f"artist/{number}",
        kind="image",
        stage="artist",
        parents=parents,
        provider="aws",
        model=SDXL,
        messages=(af.Message(role="user", text=prompt),) if prompt else (),
        pictures=(af.Picture(media_type="image/png", data=b"", size="1024x1024"),),
        usage=af.Usage(units=units, source="estimated"),
        missing=() if prompt else ("messages",),
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
    first = (chat("personalizer", material(folder, facts, industry), plan, ()),)
    first = first if plan else ()
    images = list(artist(page, facts, plan, tuple(call.id for call in first)))
    before = (images[-1].id,) if images else tuple(call.id for call in first)
    order = DEVELOPER.format(
        design_guideline=reference(folder, "DesignGuideline"),
        testimonials=reference(folder, "Testimonials"),
        plan=plan,
    )
    last = chat("frontend", order, html.decode("utf-8", "replace"), before)
    calls = (*first, *images, last)
    book = af.load_book(_price_file())
    stages = (
        af.Stage(name="personalizer", outputs=(plan,) if plan else ()),
        af.Stage(name="artist", after=("personalizer",)),
        af.Stage(name="frontend", after=("personalizer", "artist")),
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
        recorded=timed(calls, facts, af.lock_prices(calls, book, RECORDED)),
    )


def reference(folder: Path, name: str) -> str:
    """One of the texts that prompts were put together from."""
    return text(folder / "references" / f"{name}.txt")


def material(folder: Path, facts: dict[str, Any], industry: str) -> str:
    """The personalizer's prompt: its template, filled in as the notebook does."""
    if not facts:
        return ""
    offers = json.loads(text(folder / "references" / "offerings.json"))
    mine = next(t for n, t in offers.items() if n.casefold() == industry)
    return reference(folder, "designer_prompt_template").format(
        testimonials=facts["testimonials"],
        design_guideline=reference(folder, "DesignGuideline"),
        customer=facts["profile_sentence"],
        offering=mine,
        contexts_painpoints=facts["retrieved"],
        design_steps=facts["recommended_steps"],
    )


def artist(
    page: Path, facts: dict[str, Any], plan: str, parents: tuple[str, ...]
) -> Iterator[af.Call]:
    """The calls of the image model, one after the other as in the notebook.

    It printed 8 pictures, from another run than the text, which names 9 besides the
    logo: the first 8 descriptions are taken as their prompts.
    """
    if plan:
        prompts = [d for label, d in VISUAL.findall(plan) if "logo" not in label]
        prompts = prompts[: facts["artist"]["pictures"]]
    else:
        kept = (p for p in page.parent.iterdir() if p.suffix in {".png", ".jpg"})
        prompts = ["" for p in kept if "logo" not in p.name]
    for number, prompt in enumerate(prompts, start=1):
        call = painted(number, prompt, parents)
        yield call
        parents = (call.id,)


def timed(
    calls: tuple[af.Call, ...], facts: dict[str, Any], prices: af.PriceLock
) -> af.Recorded:
    """When each call began and ended, where the notebook says how long stages took."""
    if not facts:
        return af.Recorded(prices=prices)
    clock, found = 0.0, {}
    for call in calls:
        many = sum(other.stage == call.stage for other in calls)
        start, clock = clock, clock + facts[call.stage]["wall_s"] * 1000 / many
        found[call.id] = af.Timing(start=start, end=clock)
    return af.Recorded(prices=prices, calls=found, duration=clock)


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
    flows = () if _lacks_prompts(run) else (coordination(0.15, reads=READS),)
    checks = (
        *flows,
        policy(rules),
        design(tokens),
        accessibility("AA", best_practices="fail"),
        html_validity(),
        hallucination(),
        cost(),
    )
    return checks, af.evaluate(run, *checks)


def _lacks_prompts(run: af.Run) -> bool:
    return any("messages" in call.missing for call in run.calls)


def flow_figures(run: af.Run) -> dict[str, Any]:
    """What was copied, what was not needed, and what could have run side by side."""
    flow = token_flow(run)
    (leak,) = unneeded(run, flow, READS)
    seconds = in_seconds(run) or {}
    together = parallelism(run, flow, seconds, unit="s")
    return {
        "estimated_tokens": {
            call.id: [call.usage.input_tokens, call.usage.output_tokens]
            for call in run.calls
            if call.usage and call.kind == "chat"
        },
        "developer_copied": share_copied(
            flow, "frontend", Origin.OUTPUT, Origin.PROMPT
        ),
        "developer_from_output": share_copied(flow, "frontend", Origin.OUTPUT),
        "developer_from_prompts": share_copied(flow, "frontend", Origin.PROMPT),
        "developer_unneeded": leak.share,
        "boundaries": [f"{b.name} {b.origin} {b.share:.3f}" for b in boundaries(flow)],
        "seconds": together.recorded,
        "seconds_span": together.span,
        "parallelism": together.factor,
        "savings": [f"{s.first}/{s.second} {s.saved:.1f}" for s in together.savings],
    }


def figures(run: af.Run, evaluation: af.Evaluation) -> dict[str, Any]:
    """What is printed of one run."""
    money = run.cost()
    pictures = run.cost("artist")
    return {
        "verdicts": {r.check: r.verdict for r in evaluation.results},
        "findings": Counter(f.rule for f in evaluation.findings if f.fails),
        "examined": {r.check: r.examined for r in evaluation.results},
        "estimated_cost": str(money),
        "estimated_picture_share": round(float(pictures / money), 3),
        "flow": {} if _lacks_prompts(run) else rounded(flow_figures(run)),
    }


def rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Three decimals are more than four characters a token can tell."""
    return {k: round(v, 3) if isinstance(v, float) else v for k, v in values.items()}


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
