"""What audits want of a page: each practice as data, and what a judgement rests on."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met

Outcome = Fault | Met

CHROME = "https://developer.chrome.com/docs/lighthouse/"
WEB_DEV = "https://web.dev/articles/"
AXE = "https://dequeuniversity.com/rules/axe/4.10/"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """One rule."""

    title: str
    fix: str
    why: str = ""
    audit: str = ""
    """Name of the audit in Lighthouse 12; empty where it has none."""
    url: str = ""
    advisory: bool = False
    """Warns, and lets the test pass, unless ``fail=`` names the rule."""
    severity: af.Severity = af.Severity.ERROR


_WARNING, _INFO = af.Severity.WARNING, af.Severity.INFO

PRACTICES: Mapping[str, Practice] = {
    "best.title": Practice(
        title="The page has a title of its own",
        fix="Write <title> into the head: what the page is about, then whose it is.",
        why="Tabs, bookmarks, search results and screen readers name the page by it.",
        audit="document-title",
        url=AXE + "document-title",
    ),
    "best.description": Practice(
        title="The page has a description",
        fix='Add <meta name="description" content="..."> of one or two sentences.',
        why="Search results show it below the title.",
        audit="meta-description",
        url=CHROME + "seo/meta-description/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.canonical": Practice(
        title="The canonical address is one, whole, and in the head",
        fix='Keep one <link rel="canonical" href="https://..."> in the head.',
        why="Search engines ignore addresses that contradict each other.",
        audit="canonical",
        url=CHROME + "seo/canonical/",
    ),
    "best.viewport": Practice(
        title="The page fits itself to phones",
        fix=(
            'Add <meta name="viewport" content="width=device-width, '
            'initial-scale=1"> to the head.'
        ),
        why="Phones show the page as a desktop's else, too small to read.",
        audit="viewport",
        url="https://developer.chrome.com/blog/300ms-tap-delay-gone-away/",
    ),
    "best.charset": Practice(
        title="The page says its encoding at its beginning",
        fix='Write <meta charset="utf-8"> as the first thing in the head.',
        why="Browsers look at the first 1024 bytes, and guess or begin anew else.",
        audit="charset",
        url=CHROME + "best-practices/charset/",
    ),
    "best.doctype": Practice(
        title="The page is shown by today's rules",
        fix="Begin the file with <!doctype html>.",
        why="Without it browsers imitate those of the nineties: quirks mode.",
        audit="doctype",
        url=CHROME + "best-practices/doctype/",
    ),
    "best.lang": Practice(
        title="The page says its language",
        fix='Write it on the root: <html lang="en">.',
        why="Screen readers, hyphenation and translation rest on it.",
        audit="html-has-lang",
        url=AXE + "html-has-lang",
    ),
    "best.robots": Practice(
        title="Search engines may list the page",
        fix="Remove noindex where the page is to be found.",
        audit="is-crawlable",
        url=CHROME + "seo/is-crawlable/",
        severity=_WARNING,
    ),
    "best.social": Practice(
        title="A shared link shows title and picture",
        fix="Add og:title, og:type, og:image and og:url as <meta property=...>.",
        why="Chats and networks show a bare address else.",
        url="https://ogp.me/#metadata",
        advisory=True,
        severity=_INFO,
    ),
    "best.favicon": Practice(
        title="The page has an icon",
        fix='Add <link rel="icon" href="icon.svg">, or ship /favicon.ico.',
        why="Tabs and bookmarks show an empty sheet else.",
        url=WEB_DEV + "building/an-adaptive-favicon",
        advisory=True,
        severity=_INFO,
    ),
    "best.h1": Practice(
        title="The page has exactly one main heading",
        fix="Make the heading that names the page its only <h1>.",
        why="It tells people and search engines what the page is about.",
        url=AXE + "page-has-heading-one",
        advisory=True,
        severity=_WARNING,
    ),
    "best.landmarks": Practice(
        title="The page has exactly one main part",
        fix="Put what the page is about into one <main>.",
        why="Screen readers jump to it, past what every page repeats.",
        audit="landmark-one-main",
        url=AXE + "landmark-one-main",
        advisory=True,
        severity=_WARNING,
    ),
    "best.link-text": Practice(
        title="Links say where they lead",
        fix="Name the target in the link: Read the report, and not: click here.",
        why="Out of their sentence, as in lists of links, they say nothing.",
        audit="link-text",
        url=CHROME + "seo/link-text/",
        severity=_INFO,
    ),
    "best.mixed-content": Practice(
        title="Nothing is loaded over plain http",
        fix="Write https:// in the address.",
        why="A page that comes by https may not load it.",
        audit="is-on-https",
        url=WEB_DEV + "what-is-mixed-content",
        severity=_WARNING,
    ),
    "best.render-blocking": Practice(
        title="No script in the head holds up what is seen",
        fix="Give the script defer, or async where order does not matter.",
        why="The browser shows nothing until it came and ran.",
        audit="render-blocking-resources",
        url=CHROME + "performance/render-blocking-resources/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.deprecated": Practice(
        title="The page uses nothing that browsers will drop",
        fix="Use what replaces it.",
        why="It stops working with a coming version of the browser.",
        audit="deprecations",
        url=CHROME + "best-practices/deprecations/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.picture-dimensions": Practice(
        title="Pictures keep their place while they load",
        fix="Give it width and height, or an aspect-ratio in CSS.",
        why="What stands below jumps when the picture comes.",
        audit="unsized-images",
        url=WEB_DEV + "optimize-cls#images_without_dimensions",
        advisory=True,
        severity=_WARNING,
    ),
    "best.picture-too-large": Practice(
        title="Pictures are not much larger than they are shown",
        fix="Ship it at twice the size in which it is shown, or several with srcset.",
        why="People wait and pay for pixels that nobody sees.",
        audit="uses-responsive-images",
        url=CHROME + "performance/uses-responsive-images/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.picture-distorted": Practice(
        title="Pictures keep their proportions",
        fix="Set one of width and height, or object-fit: cover.",
        why="People and things in it look squeezed.",
        audit="image-aspect-ratio",
        url=CHROME + "best-practices/image-aspect-ratio/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.picture-offscreen": Practice(
        title="Pictures that nobody sees yet are not loaded yet",
        fix='Give it loading="lazy"; remove it where it is never shown.',
        why="It takes the time of what people look at first.",
        audit="offscreen-images",
        url=CHROME + "performance/offscreen-images/",
        advisory=True,
        severity=_WARNING,
    ),
    "best.largest-lazy": Practice(
        title="The largest picture at first sight is loaded at once",
        fix='Remove loading="lazy" from it.',
        why="The browser waits for the layout before it asks for it.",
        audit="lcp-lazy-loaded",
        url=WEB_DEV + "lcp-lazy-loading",
        advisory=True,
        severity=_WARNING,
    ),
    "best.layout-shift": Practice(
        title="The page holds still while it loads",
        fix="Keep the place of what comes late: width and height, min-height.",
        why="People lose their line, or press what they did not mean.",
        audit="cumulative-layout-shift",
        url=WEB_DEV + "cls",
        severity=_WARNING,
    ),
    "best.bytes": Practice(
        title="The page keeps to its budget of bytes",
        fix="See the table of what it loads; begin with the largest kind.",
        audit="total-byte-weight",
        url=CHROME + "performance/total-byte-weight/",
    ),
    "best.requests": Practice(
        title="The page keeps to its budget of requests",
        fix="Put files together, write small ones into the page, or load them late.",
        audit="resource-summary",
        url=WEB_DEV + "performance-budgets-101",
    ),
    "best.elements": Practice(
        title="The document keeps to its budget of elements",
        fix="Leave out wrappers, and build long lists as people scroll.",
        audit="dom-size",
        url=CHROME + "performance/dom-size/",
    ),
    "best.text-compression": Practice(
        title="Text is compressed: a matter of the server, not examined here",
        fix="Have the server compress text with gzip or Brotli.",
        audit="uses-text-compression",
        url=CHROME + "performance/uses-text-compression/",
    ),
    "best.loaded": Practice(
        title="The page could be loaded as people load it",
        fix="Give it more time with budget=..., or mend what keeps it from resting.",
    ),
}

_OF_KIND = {
    "html_bytes": "documents",
    "image_bytes": "pictures",
    "script_bytes": "scripts",
    "style_bytes": "style sheets",
    "font_bytes": "fonts",
    "wasted_image_bytes": "pixels that nobody sees",
}


def rule_of(budget: str) -> str:
    """Name the rule of a budget: ``best.image-bytes``."""
    return f"best.{budget.replace('_', '-')}"


def practice(rule: str) -> Practice:
    """Give a rule's data; budgets of a kind share those of bytes."""
    if rule in PRACTICES:
        return PRACTICES[rule]
    kind = _OF_KIND[rule.removeprefix("best.").replace("-", "_")]
    whole = PRACTICES["best.bytes"]
    return dataclasses.replace(
        whole, title=f"The page keeps to its budget of bytes for {kind}"
    )


def refuse_unknown(argument: str, rules: tuple[str, ...]) -> None:
    """Refuse ids that no rule has.

    Raises:
        ValueError: it names the argument, and the id that was probably meant.
    """
    known = [*PRACTICES, *map(rule_of, _OF_KIND)]
    for rule in rules:
        if rule not in known:
            near = difflib.get_close_matches(rule, known, n=1, cutoff=0.4)
            meant = f"did you mean {near[0]!r}?" if near else f"known: {known}"
            message = f"{argument} holds {rule!r}, no rule of best_practices; {meant}"
            raise ValueError(message)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the check was asked for."""

    most: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """Budget -> the most that is allowed."""
    fail: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    budget: float = 10.0

    def warns(self, rule: str) -> bool:
        """Whether what fails this rule lets the test pass."""
        if rule == "best.layout-shift":
            return "layout_shift" not in self.most and rule not in self.fail
        return practice(rule).advisory and rule not in self.fail


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One thing that the page asked for while it was loaded."""

    url: str
    kind: str
    """``html``, ``image``, ``script``, ``style``, ``font``, ``media``, ``data``,
    ``other``."""
    bytes: int | None
    """Of the file as it is; None: another host's, or not there."""
    compressed: int | None = None
    """What gzip makes of it, where it is text."""
    foreign: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What was seen while the page was loaded as people load it."""

    sent: tuple[Sent, ...]
    shifts: tuple[Mapping[str, Any], ...]
    largest: Mapping[str, Any] | None
    deprecated: tuple[Mapping[str, Any], ...]
    pictures: tuple[Mapping[str, Any], ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page, its visit, and what was found in its document and while it loaded."""

    looked: Looked
    choice: Choice
    head: Mapping[str, Any]
    body: Mapping[str, Any]
    load: Load | None
