"""Runs of the website builder as recordings give them, for reports to show."""

from __future__ import annotations

from decimal import Decimal

import pytest_agentflow as af

SPLIT = ("retrieval", "offers", "personalizer", "artist", "frontend", "qa")
MODELS = {
    "personalizer": "gpt-5-mini-2025-08-07",
    "artist": "gpt-image-1-mini",
    "frontend": "gpt-5-mini-2025-08-07",
    "qa": "gpt-5-nano-2025-08-07",
    "generalist": "gpt-5-2025-08-07",
}
PRICES = af.PriceLock(
    prices=tuple(
        af.UnitPrice(
            model=model, unit=unit, amount=Decimal(amount), per=1_000_000, source="list"
        )
        for model, unit, amount in (
            ("gpt-5-mini-2025-08-07", "input_tokens", "0.25"),
            ("gpt-5-mini-2025-08-07", "output_tokens", "2"),
            ("gpt-5-nano-2025-08-07", "input_tokens", "0.05"),
            ("gpt-5-nano-2025-08-07", "output_tokens", "0.4"),
            ("gpt-image-1-mini", "input_tokens", "2"),
            ("gpt-image-1-mini", "output_tokens", "8"),
            ("gpt-5-2025-08-07", "input_tokens", "1.25"),
            ("gpt-5-2025-08-07", "output_tokens", "10"),
        )
    ),
    as_of="2026-11-02T12:00:00Z",
)
RESEARCH = (
    "Hotel Seeblick runs 64 rooms, an indoor pool and a spa in Friedrichshafen. The "
    "heating plant dates from 1998. Energy makes 9.4 % of its costs, the pool hall "
    "alone 31 % of the electricity. A heat pump with a 4,000 litre store would take "
    "over the base load; the research names the regional grant of 2026 for it."
)
CLAIMS = (
    "Hotel Seeblick welcomes guests in 64 rooms by the lake. Its pool hall uses 31 % "
    "of the electricity. Call Jana Keller on +49 7541 555 0142. A heat pump saves "
    "40 % of the gas from the first winter on."
)


def chat(stage: str, ordinal: int, tokens: tuple[int, int]) -> af.Call:
    """Give a call of a stage's model with its usage."""
    return af.Call(
        id=f"{stage}/{ordinal}",
        kind="image" if stage == "artist" else "chat",
        stage=stage,
        model=MODELS[stage],
        answer="…",
        usage=af.Usage(input_tokens=tokens[0], output_tokens=tokens[1]),
        pictures=(af.Picture(media_type="image/png"),) if stage == "artist" else (),
    )


def split_run(case: str, *, blow_up: int = 1, provenance: str = "authored") -> af.Run:
    """Give a run of the four small models."""
    calls = (
        af.Call(id="retrieval/0", kind="retriever", stage="retrieval"),
        chat("personalizer", 0, (4_210, 1_180)),
        *(chat("artist", n, (120, 1_056)) for n in range(4)),
        chat("frontend", 0, (3_950, 4_420 * blow_up)),
        chat("qa", 0, (8_300, 240)),
    )
    html = f"<!doctype html><html lang=en><title>{case}</title><h1>Energy</h1>"
    times = {
        "retrieval": (0.0, 180.0),
        "offers": (180.0, 230.0),
        "personalizer": (230.0, 9_800.0),
        "artist": (9_800.0, 31_400.0),
        "frontend": (9_800.0, 44_200.0 * (1 + (blow_up - 1) / 2)),
        "qa": (44_200.0 * (1 + (blow_up - 1) / 2), 49_900.0 * (1 + (blow_up - 1) / 2)),
    }
    after = {
        "offers": ("retrieval",),
        "personalizer": ("retrieval", "offers"),
        "artist": ("retrieval", "offers", "personalizer"),
        "frontend": ("retrieval", "offers", "personalizer"),
        "qa": ("retrieval", "offers", "personalizer", "artist", "frontend"),
    }
    outputs = {
        "personalizer": {"description": {"hero": CLAIMS}, "visuals": ["hero", "pool"]},
        "frontend": html,
        "qa": {"approved": True, "issues": [], "html": None},
    }
    return af.Run(
        workflow="build_site",
        case=case,
        variant="split",
        inputs={"profile": case},
        stages=tuple(
            af.Stage(
                name=name,
                after=after.get(name, ()),
                outputs=(outputs[name],) if name in outputs else (),
            )
            for name in SPLIT
        ),
        calls=calls,
        sources=(
            af.Source(
                id="seeblick-2026",
                title="Company research: Hotel Seeblick",
                text=RESEARCH,
                stage="personalizer",
            ),
        ),
        artefacts=(
            af.Artefact(
                name="index.html",
                media_type="text/html",
                data=html.encode(),
                stage="frontend",
            ),
        ),
        provenance=provenance,
        recorded=af.Recorded(
            at="2026-11-02T12:00:00Z",
            duration=max(end for _, end in times.values()),
            stages=times,
            prices=PRICES,
            takes=af.Takes(discarded=2, cost=af.Money(amount=Decimal("0.0871")))
            if case == "hotel"
            else af.Takes(),
        ),
    )


def single_run(case: str) -> af.Run:
    """Give a run of the single large model."""
    return af.Run(
        workflow="build_site_single",
        case=case,
        variant="single",
        inputs={"profile": case},
        stages=(
            af.Stage(name="retrieval"),
            af.Stage(name="generalist", after=("retrieval",)),
        ),
        calls=(chat("generalist", 0, (6_100, 13_900)),),
        provenance="authored",
        recorded=af.Recorded(prices=PRICES, stages={}),
    )
