"""Pictures: their place while they load, their size against what is shown of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from agentflow_checks.markup.best_practices_rules import Load, Outcome, Seen
from agentflow_checks.markup.page_errors_fault import Fault, Met
from agentflow_checks.markup.page_errors_scripts import plain

SCREENS = (1, 2)
"""Device pixels per CSS pixel: older screens, and those of phones and laptops."""

WORTH, WORTH_CHOSEN = 4096, 12288
"""Bytes that make a smaller file worth it, and where the page offers several
(Lighthouse 12, ``uses-responsive-images``)."""

WORTH_LATE = 2048
"""Bytes that make loading late worth it (Lighthouse 12, ``offscreen-images``)."""

NEAR = 1250
"""CSS pixels below the window in which Chromium loads lazy pictures, too, on a fast
line: only what lies beyond is ever loaded later."""

WINDOW = 800
"""Height in CSS pixels of the first look."""

CROOKED = 2
"""CSS pixels of a side that rounding explains (Lighthouse 12: image-aspect-ratio)."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Waste:
    """A picture's pixels that nobody sees."""

    natural: tuple[int, int]
    needed: Mapping[int, tuple[int, int]]
    """Pixels per CSS pixel -> width and height that are enough for it."""
    bytes: int
    saved: Mapping[int, int]
    """Pixels per CSS pixel -> bytes that a picture of that size would save."""


def _bytes_of(load: Load, picture: Mapping[str, Any]) -> int | None:
    if picture["url"].startswith("data:"):
        # What stands in base64 is a third longer than the file.
        return int(picture["length"]) * 3 // 4
    sizes = {sent.url[:1000]: sent.bytes for sent in load.sent}
    return sizes.get(picture["url"])


def _boxes(picture: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """Give the sizes in which the file is shown, at all widths."""
    if picture["seen"]:
        yield picture["box"][2], picture["box"][3]
    # Where the page offers several files another width takes another one.
    if not picture["choices"]:
        for width, height, seen in picture["narrow"]:
            if seen:
                yield width, height


def waste(picture: Mapping[str, Any], size: int | None) -> Waste | None:
    """Say how much larger a picture is than what is shown; None where that is nothing.

    What a smaller file would weigh is taken to go by its pixels, as in Lighthouse.

    Args:
        picture: ``natural``, ``box``, ``narrow``, ``fit``, as the page has it.
        size: bytes of its file.
    """
    wide, high = picture["natural"]
    boxes = [box for box in _boxes(picture) if min(box) > 0]
    if not size or not wide or not high or not boxes or picture["fit"] == "none":
        return None
    scale = max(_scale(picture["fit"], box, (wide, high)) for box in boxes)
    needed, saved = {}, {}
    for screen in SCREENS:
        share = min(1.0, scale * screen)
        needed[screen] = (max(1, round(wide * share)), max(1, round(high * share)))
        saved[screen] = round(size * (1 - share * share))
    return Waste(natural=(wide, high), needed=needed, bytes=size, saved=saved)


def _scale(fit: str, box: tuple[float, float], natural: tuple[int, int]) -> float:
    """How large one pixel of the file is shown, along the side that needs it most."""
    sides = (box[0] / natural[0], box[1] / natural[1])
    return min(sides) if fit in ("contain", "scale-down") else max(sides)


def wastes(load: Load) -> list[tuple[Mapping[str, Any], Waste]]:
    """List pictures with what they waste; drawings have no pixels."""
    found = []
    for picture in load.pictures:
        if _is_drawing(picture["url"]):
            continue
        if (told := waste(picture, _bytes_of(load, picture))) is not None:
            found.append((picture, told))
    return found


def _is_drawing(url: str) -> bool:
    path = url.partition("?")[0].partition("#")[0].lower()
    return path.endswith((".svg", ".svgz")) or url.startswith("data:image/svg")


def too_large(seen: Seen) -> Iterator[Outcome]:
    """Tell pictures of which a smaller file would do on every screen."""
    if seen.load is None:
        return
    found = wastes(seen.load)
    if found:
        yield Met(rule="best.picture-too-large", count=len(found))
    told = set()
    for picture, one in found:
        worth = WORTH_CHOSEN if picture["choices"] else WORTH
        if one.saved[2] < worth or picture["url"] in told:
            continue
        told.add(picture["url"])
        enough = one.needed[2]
        yield _fault(
            seen,
            "best.picture-too-large",
            picture,
            f"{_size(one.natural)} pixels, of which {_size(enough)} are enough for a "
            f"screen of 2 per CSS pixel ({_size(one.needed[1])} for 1): "
            f"{one.saved[2]:,} of {one.bytes:,} bytes could be saved "
            f"({one.saved[1]:,} for 1)",
            observed=f"{_size(one.natural)}, {one.bytes:,} bytes",
            expected=f"{_size(enough)}, about {one.bytes - one.saved[2]:,} bytes",
        )


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"


def _fault(
    seen: Seen,
    rule: str,
    picture: Mapping[str, Any],
    said: str,
    *,
    observed: str = "",
    expected: str = "",
) -> Fault:
    name = shown(picture)
    return Fault(
        rule=rule,
        message=f"picture {name}: {said}",
        key=name,
        spot=seen.looked.spot_of(picture),
        selector=picture["selector"],
        observed=observed or None,
        expected=expected or None,
    )


def shown(picture: Mapping[str, Any]) -> str:
    """Name a picture by its file."""
    url = str(picture["url"] or picture["raw"])
    return f"{url[:24]}..." if url.startswith("data:") else plain(url)[:120]


def dimensions(seen: Seen) -> Iterator[Outcome]:
    """Tell pictures whose height is unknown until they come."""
    if seen.load is None:
        return
    flowing = [p for p in seen.load.pictures if _flows(p)]
    if flowing:
        yield Met(rule="best.picture-dimensions", count=len(flowing))
    for picture in flowing:
        if not picture["sized"]:
            wide, high = picture["natural"]
            add = f'width="{wide}" height="{high}"' if wide and high else ""
            yield _fault(
                seen,
                "best.picture-dimensions",
                picture,
                "its height is unknown until it comes, and what follows jumps",
                observed="no width and height, no aspect-ratio",
                expected=add,
            )


def _flows(picture: Mapping[str, Any]) -> bool:
    """Whether others make room for it when it comes; data in the page is there."""
    free = picture["position"] in ("fixed", "absolute")
    here = picture["url"].startswith("data:")
    return bool(picture["seen"] and picture["url"] and not free and not here)


def distorted(seen: Seen) -> Iterator[Outcome]:
    """Tell pictures that are shown in other proportions than their own."""
    if seen.load is None:
        return
    stretched = [
        p
        for p in seen.load.pictures
        if p["seen"] and min(*p["natural"], *p["box"][2:]) > CROOKED
        if p["fit"] == "fill" and not _is_drawing(p["url"])
    ]
    if stretched:
        yield Met(rule="best.picture-distorted", count=len(stretched))
    for picture in stretched:
        (wide, high), (width, height) = picture["natural"], picture["box"][2:]
        true = width * high / wide
        # By the side that is off by less: the other one may be a thin line's.
        if min(abs(true - height), abs(height * wide / high - width)) > CROOKED:
            yield _fault(
                seen,
                "best.picture-distorted",
                picture,
                f"of {wide} x {high} pixels, shown as {width:.0f} x {height:.0f}",
                observed=f"{width / height:.2f} to 1",
                expected=f"{wide / high:.2f} to 1",
            )


def offscreen(seen: Seen) -> Iterator[Outcome]:
    """Tell pictures that are loaded long before anybody sees them, or for nobody."""
    if seen.load is None:
        return
    fetched = [
        (picture, size)
        for picture in seen.load.pictures
        if not picture["url"].startswith("data:") and picture["natural"][0]
        if (size := _bytes_of(seen.load, picture)) is not None and size >= WORTH_LATE
    ]
    if fetched:
        yield Met(rule="best.picture-offscreen", count=len(fetched))
    early = {p["url"] for p, _ in fetched if p["seen"] and not _is_far(p)}
    for picture, size in fetched:
        if picture["url"] in early or picture["lazy"]:
            continue
        if not any(min(box) > 0 for box in _boxes(picture)):
            said = "is loaded, and shown at none of 1280, 768 and 320 px"
        elif picture["seen"] and _is_far(picture):
            said = f"is loaded at once, {picture['box'][1]:.0f} px below the top"
        else:
            continue
        yield _fault(
            seen,
            "best.picture-offscreen",
            picture,
            said,
            observed=f"{size:,} bytes",
            expected='loading="lazy"',
        )


def _is_far(picture: Mapping[str, Any]) -> bool:
    return bool(picture["box"][1] > WINDOW + NEAR)


def largest(seen: Seen) -> Iterator[Outcome]:
    """Tell a lazy picture that is the largest thing of the first look."""
    if seen.load is None or seen.load.largest is None:
        return
    found = seen.load.largest
    if found["tag"] != "img":
        return
    yield Met(rule="best.largest-lazy")
    if found["lazy"]:
        said = 'is the largest part of the first look, and has loading="lazy"'
        yield _fault(seen, "best.largest-lazy", found, said)
