"""What a page weighs and how much it moves: figures, and budgets where given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup.best_practices_pictures import wastes
from agentflow_checks.markup.best_practices_rules import Load, Outcome, Seen, rule_of
from agentflow_checks.markup.page_errors_fault import Fault, Met

GOOD_SHIFT = 0.1
"""Up to it web.dev calls a page's cumulative layout shift good, beyond 0.25 poor."""

GAP, WINDOW = 1000.0, 5000.0
"""Milliseconds: a pause that ends a session window, and the longest window (web.dev,
Cumulative Layout Shift; the library web-vitals)."""

HEAVY = 2667 * 1024
"""Bytes as sent up to which Lighthouse 12 gives full marks (``total-byte-weight``)."""

MANY = 818
"""Elements up to which Lighthouse 12 gives full marks (``dom-size``)."""

NAMES = {
    "html": "documents",
    "style": "style sheets",
    "script": "scripts",
    "image": "pictures",
    "font": "fonts",
    "media": "sound and film",
    "data": "data",
    "other": "other",
}


def worst_window(shifts: Sequence[tuple[float, float]]) -> tuple[float, list[int]]:
    """Give the cumulative layout shift, and which shifts make it up.

    Shifts less than a second apart make one session window of at most five seconds;
    the worst window counts.

    Args:
        shifts: moment in milliseconds and value of each, in order of time.
    """
    best: tuple[float, list[int]] = (0.0, [])
    window: list[int] = []
    for index, (moment, _) in enumerate(shifts):
        if window:
            begin, last = shifts[window[0]][0], shifts[window[-1]][0]
            if moment - last >= GAP or moment - begin >= WINDOW:
                window = []
        window.append(index)
        total = sum(shifts[at][1] for at in window)
        if total > best[0]:
            best = (total, list(window))
    return best


def shift(seen: Seen) -> Iterator[Outcome]:
    """Judge the cumulative layout shift of the load."""
    if seen.load is None:
        return
    yield Met(rule="best.layout-shift")
    score, members = _score(seen.load)
    most = seen.choice.most.get("layout_shift", GOOD_SHIFT)
    if score <= most:
        return
    moved = _most_moved([seen.load.shifts[at] for at in members])
    what = f", most of all {_how(moved)}" if moved else ""
    yield Fault(
        rule="best.layout-shift",
        message=f"the page moves while it loads, by {score:.3f}{what}",
        key="moves",
        spot=seen.looked.spot_of(moved) if moved else None,
        selector=moved["selector"] if moved else "",
        observed=f"{score:.3f}",
        expected=f"at most {most:g}",
    )


def _score(load: Load) -> tuple[float, list[int]]:
    return worst_window([(one["time"], one["value"]) for one in load.shifts])


def _most_moved(shifts: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    moved = [
        (one["value"], source["area"], source)
        for one in shifts
        for source in one["sources"]
    ]
    return max(moved, key=lambda each: each[:2])[2] if moved else None


def _how(moved: Mapping[str, Any]) -> str:
    tag = f"<{moved['tag']}>"
    if moved["gone"]:
        return f"{tag}, which is pushed out of sight"
    if moved["came"]:
        return f"{tag}, which comes into sight"
    if moved["down"]:
        way = "down" if moved["down"] > 0 else "up"
        return f"{tag}, {abs(moved['down'])} px {way}"
    return f"{tag}, {abs(moved['aside'])} px sideways"


def measured(seen: Seen) -> dict[str, float]:
    """Give every figure that has a budget, by the budget's name."""
    figures: dict[str, float] = {"elements": seen.body["elements"]}
    if seen.load is None:
        return figures
    sent = seen.load.sent
    own = [one for one in sent if not one.foreign]
    figures["bytes"] = sum(one.bytes or 0 for one in own)
    figures["requests"] = len(sent)
    for kind in ("html", "image", "script", "style", "font"):
        figures[f"{kind}_bytes"] = sum(o.bytes or 0 for o in own if o.kind == kind)
    # A picture that is shown twice is one file, and its larger place counts.
    saved: dict[str, int] = {}
    for picture, one in wastes(seen.load):
        url = picture["url"]
        saved[url] = min(saved.get(url, one.saved[2]), one.saved[2])
    figures["wasted_image_bytes"] = sum(saved.values())
    figures["layout_shift"] = _score(seen.load)[0]
    return figures


_FOREIGN_KINDS = {"image_bytes": "image", "script_bytes": "script"}
_FOREIGN_KINDS |= {"style_bytes": "style", "font_bytes": "font", "html_bytes": "html"}


def _unknown(seen: Seen, budget: str) -> int:
    """How many things that count to a budget did not come, and may weigh anything."""
    if seen.load is None or budget in ("elements", "layout_shift"):
        return 0
    away = [one for one in seen.load.sent if one.bytes is None]
    if budget == "wasted_image_bytes":
        return sum(one.kind == "image" for one in away)
    if budget == "requests":
        # Only these ask for more when they come.
        return sum(one.kind in ("style", "script", "html") for one in away)
    kind = _FOREIGN_KINDS.get(budget)
    return sum(one.kind == kind for one in away) if kind else len(away)


def budgets(seen: Seen) -> Iterator[Outcome]:
    """Judge every budget that was given."""
    figures = measured(seen)
    for name, most in seen.choice.most.items():
        # The shift has its own rule; what was not measured is told as such.
        if name == "layout_shift" or name not in figures:
            continue
        rule, found, away = rule_of(name), figures[name], _unknown(seen, name)
        yield Met(rule=rule)
        what = name.replace("_", " ")
        if found > most:
            yield Fault(
                rule=rule,
                message=(
                    f"the page has {found:,.0f} {what}, {found - most:,.0f} too many"
                ),
                key=name,
                observed=f"{found:,.0f}",
                expected=f"at most {most:,.0f}",
            )
        elif away:
            did = "1 thing" if away == 1 else f"{away} things"
            yield Fault(
                rule=rule,
                message=(
                    f"the page has {found:,.0f} {what} without {did} that did not come "
                    "here: do they keep to the budget, too?"
                ),
                key=f"{name} unknown",
                verdict=af.Verdict.UNDETERMINED,
                observed=f"{found:,.0f} and what did not come",
                expected=f"at most {most:,.0f}",
            )


def tables(name: str, seen: Seen) -> Iterator[af.Table]:
    """Draw up what the page loads, and its figures beside their bounds."""
    if seen.load is None:
        return
    rows = []
    for kind, title in NAMES.items():
        own = [o for o in seen.load.sent if o.kind == kind and not o.foreign]
        if own:
            rows.append(_row(title, own))
    own = [o for o in seen.load.sent if not o.foreign]
    rows.append(_row("all of its own", own))
    if foreign := [o for o in seen.load.sent if o.foreign]:
        rows.append(("of other hosts", str(len(foreign)), "unknown", "unknown"))
    yield af.Table(
        title=f"What {name} loads before anybody scrolls",
        columns=("kind", "requests", "bytes as they are", "gzip, estimated"),
        rows=tuple(rows),
        numeric=(1, 2, 3),
    )
    yield af.Table(
        title=f"Figures of {name}",
        columns=("figure", "measured", "budget", "full marks elsewhere"),
        rows=tuple(_figures(seen)),
        numeric=(1, 2),
    )


def _row(title: str, sent: Sequence[Any]) -> tuple[str, str, str, str]:
    whole = sum(one.bytes or 0 for one in sent)
    small = sum(one.compressed or 0 for one in sent)
    return title, str(len(sent)), f"{whole:,}", f"{small:,}"


_ELSEWHERE = {
    "bytes": f"up to {HEAVY:,} as sent (Lighthouse 12)",
    "elements": f"up to {MANY} (Lighthouse 12)",
    "layout_shift": f"up to {GOOD_SHIFT} (web.dev)",
}


def _figures(seen: Seen) -> Iterator[tuple[str, str, str, str]]:
    for name, found in measured(seen).items():
        most = seen.choice.most.get(name)
        digits = ".3f" if name == "layout_shift" else ",.0f"
        bound = "" if most is None else f"{most:,g}" if most < 1 else f"{most:,.0f}"
        title = name.replace("_", " ")
        yield title, format(found, digits), bound, _ELSEWHERE.get(name, "")


def told(name: str, seen: Seen) -> af.Note | None:
    """Say in one line what the page weighs."""
    if seen.load is None:
        return None
    own = [one for one in seen.load.sent if not one.foreign]
    small = sum(one.compressed or 0 for one in own)
    figures = measured(seen)
    return af.Note(
        text=(
            f"{name}: {figures['bytes']:,.0f} bytes (about {small:,} with gzip) in "
            f"{figures['requests']:.0f} requests, {figures['elements']:,.0f} elements, "
            f"layout shift {figures['layout_shift']:.3f}"
        )
    )
