"""Pages against a brand's tokens, in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from agentflow_checks.brand.design import RULES, design

import pytest_agentflow as af

pytest.importorskip("selenium", reason="pages are judged in a browser")

EXAMPLE = Path(__file__).parents[3] / "examples" / "website_builder"
BRAND = design(str(EXAMPLE / "brand.tokens.json"))


@pytest.fixture(scope="module", autouse=True)
def engines_end() -> Iterator[None]:
    """No browser outlives this module."""
    yield
    from agentflow_checks import web

    web.shutdown()


HEAD = """<!doctype html><html lang="en"><title>t</title><style>
body {{ margin: 0; background: #ffffff; color: #102030; font: 16px Arial }}
h1 {{ font-size: 40px }} {css}</style><body><h1>Title</h1>{body}"""

TOKENS: dict[str, Any] = {
    "color": {
        "$type": "color",
        "ink": {
            "$value": {
                "colorSpace": "srgb",
                "components": [0.063, 0.125, 0.188],
                "hex": "#102030",
            }
        },
        "white": {"$value": {"colorSpace": "srgb", "components": [1, 1, 1]}},
        "sun": {
            "$value": {
                "colorSpace": "srgb",
                "components": [1, 0.784, 0],
                "hex": "#ffc800",
            }
        },
    },
    "font": {"$type": "fontFamily", "body": {"$value": ["Arial", "sans-serif"]}},
    "size": {
        "$type": "dimension",
        "m": {"$value": {"value": 16, "unit": "px"}},
        "h1": {"$value": {"value": 2.5, "unit": "rem"}},
    },
}


def page(css: str = "", body: str = "") -> af.Run:
    """Give a run whose one stage made this page."""
    data = HEAD.format(css=css, body=body).encode()
    made = af.Artefact(
        name="index.html", media_type="text/html", data=data, stage="frontend"
    )
    return af.Run(
        workflow="w", case="c", stages=(af.Stage(name="frontend"),), artefacts=(made,)
    )


@pytest.fixture
def tokens(tmp_path: Path) -> Callable[..., af.Check]:
    """Make a check over a token file, with rules beside the tokens."""

    def make(rules: dict[str, Any] | None = None, **arguments: Any) -> af.Check:
        data = dict(TOKENS)
        if rules is not None:
            data["$extensions"] = {"agentflow": rules}
        path = tmp_path / "t.json"
        path.write_text(json.dumps(data))
        return design(str(path), **arguments)

    return make


def rule(run: af.Run, check: af.Check, name: str) -> af.RuleResult:
    """Judge a run and give one rule's result."""
    rules = {r.rule: r for r in af.evaluate(run, check).results[0].rules}
    return rules[f"design.{name}"]


Tokens = Callable[..., af.Check]


def test_page_of_the_brand_passes(tokens: Tokens) -> None:
    """A page in the brand's colours, font and sizes has no finding."""
    result = af.evaluate(page(), tokens()).results[0]
    assert result.verdict is af.Verdict.PASSED
    assert not result.findings
    assert {r.rule for r in result.rules} == set(RULES)
    assert all(r.passed for r in result.rules)


def test_wrong_colour_names_element_property_and_token(tokens: Tokens) -> None:
    """A colour off the palette says where it stands and which token was meant."""
    run = page("p { background: #e0a000 }", "<p>Buy</p>")
    found = rule(run, tokens(), "palette")
    assert (found.failed, found.verdict) == (1, af.Verdict.FAILED)
    finding = found.findings[0]
    assert finding.place.selector == "html > body > p"
    assert finding.place.property == "background-color"
    assert finding.place.box is not None
    assert finding.observed == "#e0a000, CIEDE2000 10.9 from color.sun #ffc800"
    assert finding.introduced_by == "frontend"


@pytest.mark.parametrize(
    ("colour", "verdict"),
    [
        ("#ffc800", af.Verdict.PASSED),
        ("#ffca0a", af.Verdict.PASSED),  # 0.6
        ("#ffd02e", af.Verdict.PASSED),  # 2.6
        ("#ffd43a", af.Verdict.UNDETERMINED),  # 3.8
        ("#f2b600", af.Verdict.UNDETERMINED),  # 4.9
        ("#e0a000", af.Verdict.FAILED),  # 10.9
        ("hsl(47 100% 50%)", af.Verdict.PASSED),
        ("oklch(0.86 0.176 88)", af.Verdict.PASSED),
    ],
)
def test_distance_decides(tokens: Tokens, colour: str, verdict: af.Verdict) -> None:
    """Up to 3 is the brand's colour, up to 5 a question, beyond a failure."""
    run = page(f"p {{ background: {colour} }}", "<p>Buy</p>")
    found = [f.verdict for f in rule(run, tokens(), "palette").findings]
    assert found == ([] if verdict is af.Verdict.PASSED else [verdict])


def test_what_nobody_sees_is_not_judged(tokens: Tokens) -> None:
    """Borders without width, hidden text and plain form controls are no findings."""
    run = page(
        ".a { border: 0 solid red } .b { visibility: hidden; color: red }"
        ".c { position: absolute; left: -9999px; color: red }"
        ".d { opacity: 0; background: red } .e { background: rgb(255 0 0 / 0) }"
        "button { font: inherit }",
        "<p class=a>a</p><p class=b>b</p><p class=c>c</p><p class=d>d</p>"
        "<p class=e>e</p><button>OK</button><input aria-label=x>",
    )
    assert not rule(run, tokens(), "palette").findings


def test_translucent_colours_are_judged_as_seen(tokens: Tokens) -> None:
    """A third of ink over white is a grey, which the palette lacks."""
    run = page("p { background: rgb(16 32 48 / 0.3) }", "<p>x</p>")
    finding = rule(run, tokens(), "palette").findings[0]
    assert finding.verdict is af.Verdict.FAILED
    assert finding.observed is not None
    assert finding.observed.startswith("#102030 at 30%, seen as #b7bcc1")


def test_translucent_colour_over_a_picture_is_a_question(tokens: Tokens) -> None:
    """Where the backdrop is a picture, nobody can say what is seen."""
    run = page(
        "div { background-image: url('data:image/svg+xml,<svg/>'); padding: 9px }"
        "p { background: rgb(16 32 48 / 0.3) }",
        "<div><p>x</p></div>",
    )
    finding = rule(run, tokens(), "palette").findings[0]
    assert finding.verdict is af.Verdict.UNDETERMINED


def test_gradient_stops_are_judged(tokens: Tokens) -> None:
    """A gradient out of brand colours passes, one with a foreign stop does not."""
    good = page("p { background: linear-gradient(#102030, #ffc800) }", "<p>x</p>")
    bad = page("p { background: linear-gradient(#102030, #00ff00) }", "<p>x</p>")
    check = tokens()
    assert all(
        f.place.property != "background-image"
        for f in rule(good, check, "palette").findings
    )
    assert "background-image #00ff00" in rule(bad, check, "palette").findings[0].message


def test_font_and_size_off_the_scale(tokens: Tokens) -> None:
    """Another family and a size between two steps are found at their elements."""
    run = page(
        "p { font-family: Georgia, serif } i { font-size: 19px }", "<p>x</p><i>y</i>"
    )
    family = rule(run, tokens(), "font-family").findings
    size = rule(run, tokens(), "type-scale").findings
    assert [(f.place.selector, f.evidence) for f in family] == [
        ("html > body > p", "Georgia")
    ]
    assert [(f.place.selector, f.evidence) for f in size] == [
        ("html > body > i", "19 px")
    ]
    assert family[0].introduced_by == size[0].introduced_by == "frontend"


def test_fluid_sizes_are_allowed_by_range(tokens: Tokens) -> None:
    """A clamp() size passes where the guide allows the range between two tokens."""
    run = page("i { font-size: clamp(16px, 2vw, 40px) }", "<i>y</i>")
    assert rule(run, tokens(), "type-scale").failed == 1
    fluid = {"type_scale": {"ranges": [["{size.m}", "{size.h1}"]]}}
    assert rule(run, tokens(fluid), "type-scale").failed == 0


def test_overflow_is_measured_at_each_width(tokens: Tokens) -> None:
    """A box of 500 px sticks out at 320 only, and is named."""
    run = page("#wide { width: 500px }", "<div id=wide>x</div>")
    found = rule(run, tokens(), "overflow")
    assert (found.examined, found.failed) == (3, 1)
    assert found.findings[0].place.viewport == 320
    assert found.findings[0].place.selector == "#wide"
    assert rule(run, tokens(viewports=[768, 1280]), "overflow").failed == 0


def test_nothing_to_render_is_inapplicable(tokens: Tokens) -> None:
    """A run without pages examined nothing, and is no pass."""
    run = replace(page(), artefacts=())
    result = af.evaluate(run, tokens()).results[0]
    assert result.verdict is af.Verdict.INAPPLICABLE
    assert not result.ok


def test_page_that_cannot_be_rendered_is_an_error(tokens: Tokens) -> None:
    """A page whose script never ends is an error of every rule."""
    run = page("", "<script>for(;;);</script>")
    result = af.evaluate(run, tokens()).results[0]
    assert result.verdict is af.Verdict.ERROR
    assert "could not be rendered" in result.findings[0].message


def test_bad_tokens_are_an_error_with_the_path(tmp_path: Path) -> None:
    """An ill-formed token file is an error that names the JSON path."""
    path = tmp_path / "t.json"
    path.write_text('{"c": {"$type": "color", "a": {"$value": "#fff"}}}')
    result = af.evaluate(page(), design(str(path))).results[0]
    assert result.verdict is af.Verdict.ERROR
    assert "$.c.a.$value" in result.findings[0].message


@pytest.mark.parametrize(
    "arguments",
    [{"viewports": [400]}, {"viewports": []}, {"schemes": ["dark"]}, {"stage": 3}],
)
def test_wrong_arguments_are_refused_when_the_check_is_made(
    arguments: dict[str, Any],
) -> None:
    """What cannot be examined is refused at once, not passed over."""
    with pytest.raises(af.BadArgument, match="design: "):
        design("t.json", **arguments)


def test_swatches_and_a_boxed_screenshot_go_with_it(tokens: Tokens) -> None:
    """The report gets each colour beside its token, and the page with boxes."""
    run = page("p { background: #e0a000 }", "<p>Buy</p>")
    result = af.evaluate(run, tokens()).results[0]
    swatches, picture = result.exhibits
    assert isinstance(swatches, af.Swatches)
    worst = swatches.swatches[0]
    assert (worst.colour, worst.nearest_label) == ("#e0a000", "color.sun")
    assert worst.distance == 10.9
    assert isinstance(picture, af.PictureExhibit)
    assert picture.data.startswith(b"\x89PNG")
    assert picture.width == 1280
    assert picture.boxes[0].fingerprint == result.findings[0].fingerprint


@cache
def bakery() -> af.Run:
    """A healthy run of the sample."""
    return af.load(EXAMPLE / "recordings" / "build_site" / "bakery.flow.json")


def in_pages(run: af.Run, old: str, new: str, stages: set[str | None]) -> af.Run:
    """Change the pages that these stages made."""
    changed = tuple(
        replace(a, data=a.data.replace(old.encode(), new.encode()))
        if a.media_type == "text/html" and a.stage in stages
        else a
        for a in run.artefacts
    )
    assert changed != run.artefacts
    return replace(run, artefacts=changed)


def in_plan(run: af.Run, words: str) -> af.Run:
    """Add words to what the personalizer gave."""
    stages = tuple(
        replace(s, outputs=({**s.output, "look": words},))
        if s.name == "personalizer"
        else s
        for s in run.stages
    )
    return replace(run, stages=stages)


def all_pages(run: af.Run) -> set[str | None]:
    """Name the stages that made pages."""
    return {a.stage for a in run.artefacts if a.media_type == "text/html"}


@pytest.mark.parametrize(
    ("words", "stage"),
    [
        (None, "frontend"),
        ("Highlights in #e0a000.", "personalizer"),
        ("Highlights in goldenrod.", "frontend"),
    ],
)
def test_colour_is_traced_to_the_first_stage_that_names_it(
    words: str | None, stage: str
) -> None:
    """The stage whose output first holds the colour is named, be it brief or page."""
    run = in_pages(bakery(), "#f0b23d", "#e0a000", all_pages(bakery()))
    run = in_plan(run, words) if words else run
    result = af.evaluate(run, BRAND).results[0]
    assert result.verdict is af.Verdict.FAILED
    assert {f.rule for f in result.findings} == {"design.palette"}
    assert {f.introduced_by for f in result.findings} == {stage}


def test_sample_page_is_clean() -> None:
    """A healthy page of the sample breaks no rule of its brand."""
    result = af.evaluate(bakery(), BRAND).results[0]
    assert result.verdict is af.Verdict.PASSED
    assert not result.findings
