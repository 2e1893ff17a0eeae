"""An alarm for pages that are more alike than the single model's."""

from __future__ import annotations

import io
import random
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from agentflow_checks import diversity
from agentflow_checks.teamwork.diversity_measures import (
    apart,
    bigrams,
    distinct_2,
    edits,
    incompressible,
    matrix,
    mean_distance,
    packed,
    pictures_apart,
)
from agentflow_checks.teamwork.diversity_pictures import distance, picture_hash
from agentflow_checks.teamwork.diversity_sets import Compared, Comparison
from hypothesis import given
from hypothesis import strategies as st

import pytest_agentflow as af

ROOT = Path(__file__).resolve().parents[3]
GROWN = ROOT / "fixtures/grown/recordings"
VOCABULARY = [f"word{n}" for n in range(600)]
TEMPLATE = ["we", "look", "forward", "to", "hear", "from", "you", "soon", "again"]


def page(case: int, template: float, words: int = 120) -> str:
    """A page of which this share of sentences is from a template."""
    chance = random.Random(case)  # noqa: S311 - no secret
    text: list[str] = []
    while len(text) < words:
        own = chance.sample(VOCABULARY, 12)
        text += TEMPLATE if chance.random() < template else own
    body = "".join(f"<p>{' '.join(text[i : i + 24])}</p>" for i in range(0, words, 24))
    return f"<body><main id='m'><h1>Page {case}</h1>{body}</main></body>"


def save(folder: Path, workflow: str, html: Sequence[str]) -> af.Run:
    """Recordings of one workflow, a page for each customer; give the first."""
    for number, text in enumerate(html):
        made = af.Artefact(
            name="p.html", media_type="text/html", data=text.encode(), stage="front"
        )
        run = af.Run(
            workflow=workflow,
            case=f"c{number:02}",
            stages=(af.Stage(name="front", outputs=(text,)),),
            artefacts=(made,),
        )
        af.save(run, folder / workflow / f"{run.case}.flow.json")
    return af.load(folder / workflow / "c00.flow.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of a single model, a varied split and one that fills in templates."""
    root = tmp_path_factory.mktemp("recordings")
    save(root, "single", [page(n, 0.1) for n in range(16)])
    save(root, "varied", [page(100 + n, 0.1) for n in range(16)])
    save(root, "filled", [page(200 + n, 0.8) for n in range(16)])
    return root


def first(folder: Path, workflow: str) -> af.Run:
    """The run of the first customer."""
    return af.load(folder / workflow / "c00.flow.json")


def test_a_template_that_is_filled_in_raises_the_alarm(folder: Path) -> None:
    """Both measures of text warn; with fail=True they fail."""
    run = first(folder, "filled")
    warned = af.evaluate(run, diversity("single/*")).results[0]
    failed = af.evaluate(run, diversity("single/*", fail=True)).results[0]

    assert warned.ok
    assert {f.evidence for f in warned.findings if f.advisory} == {
        "text (compressed in pairs)",
        "text (distinct-2)",
    }
    assert not failed.ok
    assert [f.severity.value for f in failed.findings] == ["error", "error"]
    assert "front are most alike" in failed.findings[0].fix


def test_pages_as_varied_as_the_single_models_raise_none(folder: Path) -> None:
    """Nothing is found, and the note says that this proves nothing."""
    result = af.evaluate(first(folder, "varied"), diversity("single/*")).results[0]

    assert (result.verdict, result.findings) == ("passed", ())
    assert "that proves no variety" in result.notes[0].text
    (table, *_) = result.exhibits
    assert isinstance(table, af.Table)
    assert table.rows[-1][0] == "pictures"
    assert table.rows[-1][-1].startswith("not measured: 32 of 32 pages")


def test_length_alone_raises_no_alarm(folder: Path) -> None:
    """Twice as long pages are cut to the length of the others."""
    run = save(folder, "long", [page(300 + n, 0.1, words=240) for n in range(16)])
    result = af.evaluate(run, diversity("single/*", fail=True)).results[0]

    assert {f.evidence for f in result.findings if f.evidence} <= {
        "layout (runs of three tags)"
    }


def test_fewer_than_16_a_side_are_refused(folder: Path) -> None:
    """15 customers give no verdict, whatever their pages look like."""
    run = save(folder, "few", [page(n, 0.9) for n in range(15)])
    result = af.evaluate(run, diversity("single/*")).results[0]

    assert (result.verdict, result.ok) == ("undetermined", False)
    assert result.findings[0].message.startswith(
        "INCONCLUSIVE: 15 customers here and 16 in single/*"
    )


def test_very_short_pages_leave_the_text_open(folder: Path) -> None:
    """The text of a page of a few words is not compared; the rest is."""
    short = [page(n, 0.0, words=12) for n in range(16)]
    result = af.evaluate(save(folder, "short", short), diversity("single/*")).results[0]

    assert result.undetermined == 1
    assert result.rules[0].passed + result.rules[0].failed > 1


def test_nothing_to_compare_with_is_an_error(folder: Path) -> None:
    """A baseline that matches nothing, or only this workflow, is no baseline."""
    for baseline in ("nowhere/*", "filled/*"):
        result = af.evaluate(first(folder, "filled"), diversity(baseline)).results[0]
        assert result.verdict == "error"
    # The baseline of the last one is the workflow itself.
    assert result.findings[0].message == (
        "baseline='filled/*' names recordings of filled itself: a workflow is compared "
        "with another one, the single model's"
    )
    with pytest.raises(af.BadArgument, match="between 0 and 1"):
        diversity("single/*", alpha=1.0)


@pytest.mark.skipif(
    not (GROWN / "build_site_single").is_dir(), reason="the grown sample is not here"
)
@pytest.mark.parametrize(
    ("workflow", "verdict", "alarms"),
    [
        ("build_site", "passed", set()),
        ("build_site_nano", "passed", {"layout (runs of three tags)"}),
        ("build_site_large", "undetermined", set()),
    ],
)
def test_the_grown_sample_shows_all_three(
    workflow: str, verdict: str, alarms: set[str]
) -> None:
    """The split is as varied, the smallest model uses one layout, eight are few."""
    paths = af.find_recordings(GROWN, f"{workflow}/*")
    if not paths:
        pytest.skip(f"{workflow} is not recorded here")
    path = paths[0]
    check = diversity("build_site_single/*")
    result = af.evaluate(af.load(path), check).results[0]

    assert result.verdict == verdict
    assert {f.evidence for f in result.findings if f.advisory} == alarms


WORDS = st.lists(st.sampled_from(VOCABULARY[:20]), min_size=1, max_size=30)


@given(WORDS, WORDS)
def test_distances_are_symmetric_shares(one: list[str], other: list[str]) -> None:
    """From 0 for the same to 1, whichever comes first."""
    sets: Callable[[list[str]], frozenset[object]] = frozenset
    assert 0 <= apart(sets(one), sets(other)) == apart(sets(other), sets(one)) <= 1
    assert 0 <= edits(one, other) == edits(other, one) <= 1
    assert edits(one, one) == apart(sets(one), sets(one)) == 0
    first, second = packed(one), packed(other)
    assert incompressible(first, second) == incompressible(second, first) > 0


@given(st.lists(WORDS, min_size=2, max_size=5))
def test_no_set_is_more_varied_than_all_its_word_pairs(texts: list[list[str]]) -> None:
    """distinct-2 and mean distances are shares, and copies lower them."""
    pairs = [bigrams(text) for text in texts]
    total = sum(len(text) for text in texts)
    whole = range(len(texts))
    rows = matrix(pairs, apart)

    assert 0 <= distinct_2(pairs, total) <= 1
    assert distinct_2(pairs * 2, 2 * total) <= distinct_2(pairs, total)
    assert 0 <= mean_distance(rows, whole) <= 1


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
def test_a_set_of_pictures_is_itself(hashes: list[int]) -> None:
    """The same pictures in another order are no others."""
    assert pictures_apart(hashes, hashes[::-1]) == 0


def drawn(seed: int) -> bytes:
    """A picture of a few rectangles, as PNG in full colour."""
    from PIL import Image, ImageDraw

    chance = random.Random(seed)  # noqa: S311 - no secret
    picture = Image.new("RGB", (180, 120), (20, 40, 90))
    pen = ImageDraw.Draw(picture)
    for _ in range(9):
        x, y = chance.randrange(160), chance.randrange(100)
        tone = tuple(chance.randrange(256) for _ in range(3))
        pen.rectangle((x, y, x + 50, y + 30), fill=tone)
    return png(picture)


def png(picture: object) -> bytes:
    """A picture of Pillow's as PNG."""
    file = io.BytesIO()
    picture.save(file, "PNG")  # type: ignore[attr-defined]
    return file.getvalue()


def test_a_picture_keeps_its_hash_through_palettes_and_alpha() -> None:
    """Other forms of the same picture are near, another picture is far."""
    from PIL import Image

    one = picture_hash(drawn(1))
    other = picture_hash(drawn(2))
    assert one is not None
    assert other is not None
    picture = Image.open(io.BytesIO(drawn(1)))
    forms = picture.convert("RGBA"), picture.convert("L"), picture.quantize(64)
    for form in forms:
        again = picture_hash(png(form))
        assert again is not None
        assert distance(one, again) < 0.25
    assert distance(one, other) > 0.25


@given(st.integers(0, 4), st.integers(0, 99))
def test_every_row_filter_is_undone(kind: int, seed: int) -> None:
    """The same pixels behind another filter have the same hash."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    rows = [[chance.randrange(256) for _ in range(12)] for _ in range(9)]
    before = [0] * 12
    raw = b""
    for row in rows:
        raw += bytes([kind, *filtered(kind, row, before)])
        before = row
    plain = b"".join(bytes([0, *row]) for row in rows)

    assert picture_hash(grey(raw)) == picture_hash(grey(plain)) is not None


def filtered(kind: int, row: Sequence[int], before: Sequence[int]) -> list[int]:
    """One row of grey pixels behind a filter (PNG specification, 9.2)."""
    around = zip([0, *row[:-1]], before, [0, *before[:-1]], strict=True)
    told = [PREDICTED[kind](*each) for each in around]
    return [(x - p) & 255 for x, p in zip(row, told, strict=True)]


def paeth(left: int, above: int, corner: int) -> int:
    """The neighbour that is nearest to left + above - corner."""
    near = (left, above, corner)
    return min(near, key=lambda v: (abs(left + above - corner - v), near.index(v)))


PREDICTED: tuple[Callable[[int, int, int], int], ...] = (
    lambda *_: 0,
    lambda *near: near[0],
    lambda *near: near[1],
    lambda *near: (near[0] + near[1]) // 2,
    paeth,
)


def grey(raw: bytes) -> bytes:
    """A PNG of 12 x 9 grey pixels."""
    head = (12).to_bytes(4) + (9).to_bytes(4) + bytes([8, 0, 0, 0, 0])
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")]
    whole = b"".join(
        len(body).to_bytes(4) + kind + body + zlib.crc32(kind + body).to_bytes(4)
        for kind, body in parts
    )
    return b"\x89PNG\r\n\x1a\n" + whole


@given(st.binary(max_size=300), st.integers(0, 200))
def test_damaged_pictures_have_no_hash_and_break_nothing(
    noise: bytes, cut: int
) -> None:
    """Whatever the bytes are, the answer is 64 bits or none."""
    good = grey(bytes(13 * 9))
    for data in (noise, b"\x89PNG\r\n\x1a\n" + noise, good[:cut] + noise):
        found = picture_hash(data)
        assert found is None or 0 <= found < 2**64


def test_a_change_that_rounds_to_nothing_has_no_sign() -> None:
    """The same variety on both sides is no loss of 0 %."""
    found = Compared(
        comparisons=tuple(
            Comparison(name="text", mine=mine, baseline=1.0, p=1.0)
            for mine in (1.0, 0.999, 1.001, 0.5, 1.5)
        ),
        unmeasured=(),
        stages=(),
        mine=16,
        baseline=16,
        words=100,
        paired=True,
    )
    assert [row[3] for row in found.tables[0].rows] == [
        "0%",
        "0%",
        "0%",
        "-50%",
        "+50%",
    ]
