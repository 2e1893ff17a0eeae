"""How faults that axe-core finds are mended: what is seen, what is needed, a cure."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from agentflow_checks.a11y import contrast

_NAME = "Put words inside it, or an aria-label that says what it does."
_ARIA_NAME = "Add aria-label, or aria-labelledby with the id of the text that names it."
_ALT = 'Add alt="..." that says what it shows; alt="" where it only decorates.'
_TOP = "Move it out of the other landmark, to be a direct part of <body>."
_ONE = "Keep one of them; make the others a <div> or <section>."
_LANGUAGE = 'Use a language tag of BCP 47, such as lang="en" or lang="pt-BR".'

FIXES = {
    "accesskeys": "Give each accesskey to one element only.",
    "area-alt": 'Add alt="..." that says where the area leads.',
    "aria-allowed-attr": "Remove the attribute, or use a role that has it.",
    "aria-allowed-role": "Remove the role, or use the element that has it by nature.",
    "aria-command-name": _NAME,
    "aria-conditional-attr": "Use the element's own attribute, such as checked.",
    "aria-deprecated-role": "Remove the role, or use the one that took its place.",
    "aria-dialog-name": _ARIA_NAME,
    "aria-hidden-body": "Remove aria-hidden from <body>.",
    "aria-hidden-focus": (
        "Remove aria-hidden; or hide it from everybody with hidden, or take it out of "
        'the keyboard\'s way with disabled or tabindex="-1".'
    ),
    "aria-input-field-name": _ARIA_NAME,
    "aria-meter-name": _ARIA_NAME,
    "aria-progressbar-name": _ARIA_NAME,
    "aria-prohibited-attr": (
        "Remove the attribute, or give the element a role that may be named."
    ),
    "aria-required-attr": "Add what is missing, with the value that holds now.",
    "aria-required-children": (
        "Put children of the required role in, or drop the role: a plain list or "
        "table needs none."
    ),
    "aria-required-parent": "Put it inside an element of the role that owns it.",
    "aria-roles": "Correct the role's spelling, or remove it and use a plain element.",
    "aria-tab-name": _NAME,
    "aria-toggle-field-name": _ARIA_NAME,
    "aria-tooltip-name": _NAME,
    "aria-treeitem-name": _NAME,
    "aria-valid-attr": "Correct the attribute's spelling, or remove it.",
    "aria-valid-attr-value": "Use a value that it allows, or an id of the page.",
    "autocomplete-valid": "Use a token of the HTML standard, such as email or tel.",
    "avoid-inline-spacing": "Remove !important from the spacings in style=.",
    "button-name": _NAME,
    "bypass": "Wrap the content in <main>, or put a link to it first on the page.",
    "color-contrast": (
        "Look where text and background are most alike, or put one plain colour behind "
        "the text."
    ),
    "definition-list": "Keep only <dt> and <dd> groups (or <div> around them) inside.",
    "dlitem": "Put it inside a <dl>.",
    "document-title": "Add <title> with words that tell this page from others.",
    "duplicate-id-aria": "Make the id unique, and point the reference at it.",
    "empty-heading": "Put text into the heading, or remove it.",
    "empty-table-header": "Put text into the <th>, or make it a <td>.",
    "form-field-multiple-labels": "Keep one <label>; move hints to aria-describedby.",
    "frame-focusable-content": 'Remove tabindex="-1" from the frame.',
    "frame-title": 'Add title="..." that says what the frame shows.',
    "frame-title-unique": "Give each frame a title of its own.",
    "heading-order": (
        "Use the next level down from the heading before; set its size with CSS."
    ),
    "html-has-lang": 'Write the page\'s language into <html lang="...">.',
    "html-lang-valid": _LANGUAGE,
    "html-xml-lang-mismatch": "Give lang and xml:lang the same language.",
    "identical-links-same-purpose": "Word links apart that lead to different places.",
    "image-alt": _ALT,
    "image-redundant-alt": 'Use alt="" here: the text beside it already says it.',
    "input-button-name": 'Add value="..." that says what the button does.',
    "input-image-alt": 'Add alt="..." that says what the button does.',
    "label": (
        "Wrap it in a <label>, or point one at its id with <label for>; where nothing "
        "can be shown, use aria-label."
    ),
    "label-content-name-mismatch": (
        "Let the accessible name begin with the words that are seen, or remove "
        "aria-label."
    ),
    "label-title-only": "Show the words of its title in a visible <label>.",
    "landmark-banner-is-top-level": _TOP,
    "landmark-contentinfo-is-top-level": _TOP,
    "landmark-main-is-top-level": _TOP,
    "landmark-no-duplicate-banner": _ONE,
    "landmark-no-duplicate-contentinfo": _ONE,
    "landmark-no-duplicate-main": _ONE,
    "landmark-one-main": "Wrap the page's own content in one <main>.",
    "landmark-unique": "Give each landmark of a kind an aria-label of its own.",
    "link-in-text-block": "Underline the link, or set it off by more than its colour.",
    "link-name": (
        "Put words inside the link, or alt on its picture, or an aria-label: where "
        "does it lead?"
    ),
    "list": "Wrap each child in <li>, or use another element than a list.",
    "listitem": "Put it inside a <ul> or <ol>.",
    "meta-refresh": "Remove the refresh; redirect on the server, or offer a link.",
    "meta-refresh-no-exceptions": "Remove the refresh, or let people ask for it.",
    "meta-viewport": (
        "Remove user-scalable=no and any maximum-scale below 2 from the viewport."
    ),
    "meta-viewport-large": "Let maximum-scale be 5 or more, or leave it out.",
    "nested-interactive": "Take the inner control out: one control, one purpose.",
    "no-autoplay-audio": "Remove autoplay, add controls, or mute it.",
    "object-alt": _ARIA_NAME,
    "page-has-heading-one": "Make the page's main heading an <h1>.",
    "presentation-role-conflict": (
        "Remove the presentational role, or what makes it focusable or named."
    ),
    "region": "Put the content into <header>, <nav>, <main> or <footer>.",
    "role-img-alt": _ARIA_NAME,
    "scope-attr-valid": 'Use scope="col" or scope="row", on <th> only.',
    "scrollable-region-focusable": 'Add tabindex="0" (and a name) to what scrolls.',
    "select-name": "Point a <label for> at its id, or add aria-label.",
    "server-side-image-map": "Use a client-side map (usemap), or plain links.",
    "skip-link": "Give the link's target on the page the id that it points to.",
    "summary-name": _NAME,
    "svg-img-alt": "Add <title> as the first child of the <svg>, or aria-label.",
    "tabindex": 'Use tabindex="0", and put the elements in the order they are read.',
    "table-duplicate-name": "Say it in the <caption> only; drop the summary.",
    "target-size": "Enlarge it with padding, or move its neighbours away by margins.",
    "td-headers-attr": "Point headers= at ids of <th> cells of the same table.",
    "th-has-data-cells": "Give the header cells to head, or make it a <td>.",
    "valid-lang": _LANGUAGE,
    "video-caption": 'Add <track kind="captions" src="..."> to the video.',
}
"""What to do, by rule of axe-core; the others have axe-core's description."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What a finding says of one element."""

    message: str
    observed: str
    expected: str | None
    fix: str


def remedy(rule: Mapping[str, Any], node: Mapping[str, Any]) -> Remedy:
    """Say what is wrong with an element in figures where there are any, and the cure.

    Args:
        rule: a rule of axe-core's answer.
        node: one of its nodes.
    """
    if "remedy" in node:  # a rule of ours has said it
        return Remedy(**node["remedy"])
    for check in checks_of(node):
        data = check.get("data")
        if isinstance(data, Mapping):
            found = _contrast(data) or _size(data, rule)
            if found is not None:
                return found
    return Remedy(
        message=detail(node),
        observed=node["html"],
        expected=_required(node),
        fix=_fix(rule, node),
    )


def checks_of(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give axe-core's checks of a node, of our own visits and of foreign results."""
    if "checks" in node:
        return list(node["checks"])
    return [*node.get("any", ()), *node.get("all", ()), *node.get("none", ())]


def detail(node: Mapping[str, Any]) -> str:
    """Give what axe-core says of this element."""
    messages = [check["message"] for check in checks_of(node) if check.get("message")]
    return messages[0] if messages else "axe-core gives no detail"


def _fix(rule: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    """Say what to do: own words, else axe-core's, if they say more than its message."""
    if own := FIXES.get(rule["id"]):
        return own
    said = str(rule.get("description") or "").rstrip(".")
    return f"{said}." if said and said != detail(node) else ""


def _required(node: Mapping[str, Any]) -> str | None:
    for check in checks_of(node):
        data = check.get("data")
        if check.get("id") == "aria-required-attr" and isinstance(data, list):
            return ", ".join(map(str, data))
    return None


def _contrast(data: Mapping[str, Any]) -> Remedy | None:
    """Give the ratio, the pair of colours, and the nearest colour that will do."""
    text = contrast.parse(str(data.get("fgColor")))
    behind = contrast.parse(str(data.get("bgColor")))
    expected = str(data.get("expectedContrastRatio") or "")
    wanted = _number(expected.partition(":")[0])
    ratio = data.get("contrastRatio")
    # What could not be measured has the ratio 0.
    if text is None or behind is None or wanted is None or not ratio:
        return None
    better = contrast.nearest(text, behind, wanted)
    size = re.search(r"\(([\d.]+)px\)", str(data.get("fontSize")))
    bold = "bold " if data.get("fontWeight") == "bold" else ""
    return Remedy(
        message=f"text has a contrast of {ratio} to 1 with its background",
        observed=(
            f"{ratio}:1, {contrast.write(text)} on {contrast.write(behind)}"
            + (f", {bold}{size[1]} px" if size else "")
        ),
        expected=expected,
        fix=(
            "Change the background: no text colour has enough contrast on it."
            if better is None
            else f"Use {contrast.write(better)}, the nearest text colour that has "
            "enough."
        ),
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _size(data: Mapping[str, Any], rule: Mapping[str, Any]) -> Remedy | None:
    """Give the size of what is pressed, and the size that WCAG 2.5.8 asks for."""
    if rule["id"] != "target-size" or not {"width", "height", "minSize"} <= data.keys():
        return None
    least = data["minSize"]
    seen = f"{data['width']} by {data['height']} px"
    return Remedy(
        message=f"target is {seen}, and its neighbours are near",
        observed=seen,
        expected=f"{least} by {least} px, or as much room around it",
        fix=FIXES["target-size"],
    )
