"""What the families of checks hand over about such runs, findings and exhibits."""

from __future__ import annotations

import functools
import io
from decimal import Decimal
from typing import Any

from report_runs import CLAIMS, RESEARCH

import pytest_agentflow as af


@functools.cache
def page_picture(seed: int = 0) -> bytes:
    """Draw what the screenshot of a made page looks like."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (1280, 1500), "#fbf8f2")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 1280, 84), fill="#12454a")
    draw.rectangle((60, 28, 240, 56), fill="#f0b23d")
    for x in (820, 950, 1080):
        draw.rectangle((x, 34, x + 90, 50), fill="#d6ebe4")
    draw.rectangle((0, 84, 1280, 560), fill="#d6ebe4")
    draw.rectangle((60, 180, 640, 222), fill="#14282b")
    draw.rectangle((60, 240, 520, 282), fill="#14282b")
    for row in range(3):
        draw.rectangle((60, 320 + row * 28, 600 - row * 60, 334 + row * 28), "#4d6468")
    draw.rounded_rectangle((60, 440, 290, 496), 8, fill="#f4c668")
    draw.rectangle((96, 460, 254, 476), fill="#f7dda6")
    draw.ellipse((760, 150 + seed % 40, 1140, 530), fill="#0f6b74")
    draw.polygon(((800, 500), (950, 250), (1100, 500)), fill="#f0b23d")
    for column in range(3):
        left = 60 + column * 400
        draw.rounded_rectangle((left, 640, left + 360, 960), 14, fill="#ffffff")
        draw.rectangle((left, 640, left + 360, 800), fill="#b9d9d2")
        draw.rectangle((left + 24, 826, left + 240, 846), fill="#14282b")
        for row in range(3):
            draw.rectangle(
                (left + 24, 868 + row * 24, left + 320 - row * 40, 880 + row * 24),
                "#a9b5b3",
            )
    for row in range(8):
        draw.rectangle(
            (60, 1060 + row * 30, 1180 - (row * 83) % 320, 1074 + row * 30), "#5d7276"
        )
    draw.rectangle((0, 1360, 1280, 1500), fill="#12454a")
    draw.rectangle((60, 1410, 420, 1426), fill="#86b6bb")
    data = io.BytesIO()
    image.save(data, "PNG", optimize=True)
    return data.getvalue()


def rule(
    id_: str, title: str, passed: int, *findings: af.Finding, failed: int | None = None
) -> af.RuleResult:
    """Fold findings into a rule's result as the engine does."""
    open_ = [f for f in findings if f.verdict is af.Verdict.UNDETERMINED]
    bad = len(findings) - len(open_) if failed is None else failed
    stands = any(f.fails for f in findings)
    verdict = (
        af.Verdict.FAILED
        if stands
        else af.Verdict.PASSED
        if passed or bad
        else af.Verdict.UNDETERMINED
        if open_
        else af.Verdict.INAPPLICABLE
    )
    return af.RuleResult(
        rule=id_,
        title=title,
        verdict=verdict,
        examined=passed + bad + len(open_),
        passed=passed,
        failed=bad,
        undetermined=len(open_),
        findings=findings,
    )


def result(
    check: str, written: str, title: str, *rules: af.RuleResult, **extra: Any
) -> af.CheckResult:
    """Fold rules into a check's result as the engine does."""
    order = ("error", "failed", "passed", "undetermined", "inapplicable")
    verdicts = [r.verdict.value for r in rules] or ["inapplicable"]
    verdict = af.Verdict(next(v for v in order if v in verdicts))
    return af.CheckResult(
        check=check, written=written, title=title, verdict=verdict, rules=rules, **extra
    )


def contrast(number: int, box: tuple[float, float, float, float]) -> af.Finding:
    """Give a finding of too little contrast."""
    return af.Finding(
        rule="a11y.color-contrast",
        message="The text of the button has too little contrast with its background.",
        place=af.Place(
            stage="frontend",
            artefact="index.html",
            line=112 + number * 9,
            column=13,
            selector=f"section.offers > article:nth-child({number}) > a.button",
            box=box,
            viewport=1280,
            scheme="light",
        ),
        severity=af.Severity.ERROR,
        observed="2.31:1, #f7dda6 on #f4c668, 16 px",
        expected="at least 4.5:1",
        why="People with low vision, and everybody in sunlight, cannot read it.",
        fix="Use ink #14282b for the text of buttons, as the guideline's tokens do.",
        help_url="https://dequeuniversity.com/rules/axe/4.14/color-contrast",
        tags=("wcag143", "wcag2aa"),
        introduced_by="frontend",
        propagated_through=("qa",),
        evidence=f"button {number}",
    )


def accessibility(failing: bool, seed: int = 0) -> af.CheckResult:
    """Give what the accessibility check hands over."""
    boxes = [
        (60.0, 440.0, 230.0, 56.0),
        *((84.0 + n * 400, 826.0, 216.0, 20.0) for n in range(3)),
        (820.0, 34.0, 90.0, 16.0),
        (950.0, 34.0, 90.0, 16.0),
        (1080.0, 34.0, 90.0, 16.0),
    ]
    found = [contrast(n, box) for n, box in enumerate(boxes)] if failing else []
    questions = [
        af.Finding(
            rule="a11y.color-contrast",
            verdict=af.Verdict.UNDETERMINED,
            message="Contrast of text over a picture cannot be computed: look at it.",
            place=af.Place(
                stage="frontend", artefact="index.html", selector="header h1"
            ),
            observed="background is a picture",
        )
    ]
    label = af.Finding(
        rule="a11y.label",
        message="The e-mail field has no label.",
        place=af.Place(
            stage="frontend",
            artefact="index.html",
            line=204,
            column=5,
            selector="#contact input[type=email]",
        ),
        observed='<input type="email" name="mail">',
        expected="a label element, or aria-label",
        introduced_by="frontend",
    )
    picture = af.PictureExhibit(
        title="index.html at 1280 px",
        media_type="image/png",
        data=page_picture(seed),
        width=1280,
        height=1500,
        alt="The page of Fernwick Energy for Hotel Seeblick",
        boxes=tuple(
            af.PictureBox(
                x=f.place.box[0],
                y=f.place.box[1],
                width=f.place.box[2],
                height=f.place.box[3],
                label=f"color-contrast, {f.place.selector}",
                fingerprint=f.fingerprint,
            )
            for f in found
        ),
    )
    return result(
        "accessibility",
        'accessibility("AA")',
        "Pages conform to WCAG 2.2 at the given level.",
        rule("a11y.color-contrast", "Text has enough contrast", 41, *found, *questions),
        rule("a11y.label", "Form fields have labels", 3, *([label] if failing else [])),
        rule("a11y.image-alt", "Pictures have a text alternative", 4),
        rule("a11y.video-caption", "Videos have captions", 0),
        exhibits=(picture,),
        notes=(af.Note(text="1 page in 1 state, axe-core 4.14.1"),),
    )


def hallucination(failing: bool) -> af.CheckResult:
    """Give what the hallucination check hands over."""
    phone = CLAIMS.index("Jana Keller")
    end = CLAIMS.index(". A heat")
    saving = CLAIMS.index("saves 40 %")
    found = [
        af.Finding(
            rule="hallucination.contact",
            message="The phone number stands in no source and no input.",
            place=af.Place(
                stage="personalizer",
                call="personalizer/0",
                path="$.description.hero",
                span=(phone, end),
                kind="output",
            ),
            severity=af.Severity.CRITICAL,
            observed="Jana Keller on +49 7541 555 0142",
            expected="contact data of the seller's file: +49 711 555 0100",
            why="Customers would call a stranger.",
            introduced_by="personalizer",
            propagated_through=("frontend", "qa"),
        ),
        af.Finding(
            rule="hallucination.number",
            message="The saving of 40 % is in no source.",
            place=af.Place(stage="personalizer", path="$.description.hero"),
            observed="saves 40 % of the gas",
            expected="a figure of the research, or none",
            introduced_by="personalizer",
            lost_at=None,
        ),
    ]
    marks = (
        af.Mark(
            start=CLAIMS.index("64 rooms"),
            end=CLAIMS.index(" by the lake"),
            verdict=af.Verdict.PASSED,
        ),
        af.Mark(
            start=CLAIMS.index("31 %"),
            end=CLAIMS.index("31 %") + 4,
            verdict=af.Verdict.PASSED,
        ),
        af.Mark(start=phone, end=end, verdict=af.Verdict.FAILED, note="in no source"),
        af.Mark(
            start=saving,
            end=saving + 10,
            verdict=af.Verdict.FAILED,
            note="in no source",
        ),
    )
    passage = tuple(
        af.Mark(
            start=RESEARCH.index(w),
            end=RESEARCH.index(w) + len(w),
            verdict=af.Verdict.PASSED,
            note="supports a claim",
        )
        for w in ("64 rooms", "31 %")
    )
    return result(
        "hallucination",
        'hallucination(stage="personalizer")',
        "What a stage says is held by its sources.",
        rule(
            "hallucination.contact",
            "Contact data is given, not invented",
            2,
            *(found[:1] if failing else []),
        ),
        rule(
            "hallucination.number",
            "Figures stand in a source",
            11,
            *(found[1:] if failing else []),
        ),
        exhibits=(
            af.MarkedText(
                title="Claims of personalizer",
                text=CLAIMS,
                marks=marks if failing else marks[:2],
            ),
            af.MarkedText(title="seeblick-2026", text=RESEARCH, marks=passage),
        ),
    )


def cost(run: af.Run, *, failing: bool) -> af.CheckResult:
    """Give what the cost check hands over."""
    limits = {
        "personalizer": "0.005",
        "artist": "0.045",
        "frontend": "0.012",
        "qa": "0.002",
    }
    found = af.Finding(
        rule="cost.stage",
        message="frontend costs $0.0363 in this run, three times its budget.",
        place=af.Place(stage="frontend", call="frontend/0"),
        observed="$0.0363: 3,950 tokens in, 17,680 out",
        expected="at most $0.0120",
        fix="The prompt asks for the page four times; see the difference to main.",
        introduced_by="frontend",
    )
    bars = tuple(
        af.Bar(
            label=stage,
            value=run.cost(stage).amount,
            limit=Decimal(limit),
            against=run.cost(stage).amount
            / (4 if failing and stage == "frontend" else 1),
        )
        for stage, limit in limits.items()
    )
    return result(
        "cost",
        "cost(total=0.12, stages={'personalizer': 0.005, 'artist': 0.045, "
        "'frontend': 0.012, 'qa': 0.002})",
        "Money, tokens and calls stay within budget.",
        rule(
            "cost.stage",
            "Stages stay within their budgets",
            3 if failing else 4,
            *([found] if failing else []),
        ),
        rule("cost.total", "The run stays within its budget", 1),
        exhibits=(
            af.Bars(title="Cost per stage", unit="USD", bars=bars, against="main"),
        ),
    )


def design(failing: bool) -> af.CheckResult:
    """Give what the design check hands over."""
    drift = af.Finding(
        rule="design.palette",
        message="The button's colour is no colour of the brand.",
        place=af.Place(
            stage="frontend",
            artefact="index.html",
            selector="a.button",
            property="background-color",
        ),
        observed="#f4c668, ΔE 7.9 from amber",
        expected="#f0b23d (amber), ΔE at most 2",
        introduced_by="frontend",
        status="known",
    )
    swatches = (
        af.Swatch(
            colour="#12454a",
            label="header",
            nearest="#12454a",
            nearest_label="pine",
            distance=0.0,
            verdict=af.Verdict.PASSED,
        ),
        af.Swatch(
            colour="#d6ebe4",
            label="hero",
            nearest="#d6ebe4",
            nearest_label="mint",
            distance=0.0,
            verdict=af.Verdict.PASSED,
        ),
        af.Swatch(
            colour="#f4c668" if failing else "#f0b23d",
            label="buttons",
            nearest="#f0b23d",
            nearest_label="amber",
            distance=7.9 if failing else 0.0,
            verdict=af.Verdict.FAILED if failing else af.Verdict.PASSED,
        ),
        af.Swatch(
            colour="#14282b",
            label="text",
            nearest="#14282b",
            nearest_label="ink",
            distance=0.0,
            verdict=af.Verdict.PASSED,
        ),
    )
    return result(
        "design",
        'design("brand.tokens.json")',
        "Pages keep to the brand's tokens.",
        rule(
            "design.palette",
            "Colours are those of the brand",
            96,
            *([drift] if failing else []),
        ),
        rule("design.type-scale", "Font sizes are those of the scale", 58),
        exhibits=(
            af.Swatches(title="Colours of index.html", swatches=swatches),
            af.Table(
                title="Overflow",
                columns=("width", "overflow", "widest element"),
                rows=(
                    ("320", "0 px", "main"),
                    ("768", "0 px", "main"),
                    ("1280", "0 px", "header"),
                ),
                numeric=(0, 1),
            ),
        ),
    )


def validity() -> af.CheckResult:
    """Give what the validity check hands over."""
    return result(
        "html_validity",
        "html_validity",
        "Pages are valid HTML.",
        rule("html", "The Nu Html Checker reports no error", 1),
    )


def policy() -> af.CheckResult:
    """Give a policy none of whose rules met its case."""
    return result(
        "policy",
        'policy("policies/company.yaml")',
        "The run keeps to the company's policy.",
        rule("TOOL-01", "Refunds are approved before they are paid", 0),
    )


def evaluation(run: af.Run, *results: af.CheckResult) -> af.Evaluation:
    """Put results together."""
    return af.Evaluation(run=run.id, results=results, seconds=0.84)
