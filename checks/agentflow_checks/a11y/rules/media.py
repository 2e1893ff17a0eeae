"""Sound that plays by itself, and captions for those who do not hear it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules import controls
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe

LONGEST = 3.0
"""Seconds that sound may play by itself without a control, by WCAG 2.2, 1.4.2."""

PATIENCE = 1500
"""Milliseconds that media get to begin."""

STOPPING = (
    r"pause|stop|mute|sound|audio|volume|silen|quiet|music|play|turn.?off"
    r"|anhalten|ton\b|stumm|leise|lautst|musik|son\b|couper|arrêt|muet"
    r"|silenc|parar|detener|música|apagar|ferma|muto|⏸|⏹|🔇|🔈|🔊"
)

_MEDIA = re.compile(
    r"<(?:audio|video)\b|\bAudio\(|createElement(?:NS)?\([^)]*['\"](?:audio|video)",
    re.IGNORECASE,
)
_FRAMED = """[...document.querySelectorAll("iframe")].some((one) => {
  try { return one.contentDocument.querySelector("audio, video") !== null; }
  catch { return false; }
})"""
"""Media in pages of the same site that frames show."""

_PLAYED = (
    "performance.getEntriesByType('resource')"
    ".some((one) => ['audio', 'video'].includes(one.initiatorType))"
)


def _has_media(bench: Bench) -> bool:
    visited = bench.visited
    if _MEDIA.search(visited.dom):
        return True
    if any(element.tag in {"audio", "video"} for element in visited.elements):
        return True
    if "<iframe" in visited.dom and probing.ask(bench, _FRAMED):
        return True
    # A script in a file of its own may play what the document does not hold.
    return "<script" in visited.dom and bool(probing.ask(bench, _PLAYED))


def listen(bench: Bench) -> list[dict[str, Any]]:
    """Let media begin as they do by themselves, and give each with what it has.

    ``auto``: it began by itself; ``sound``: ``none``, ``silent``, ``faint``, ``some``
    or ``unknown``, with its ``first`` and ``last`` second; ``tracks``; ``words``: what
    calls itself a transcript; ``stop``: what stops it, where it plays by itself.
    """
    if not _has_media(bench):
        return []
    probing.media(bench, still=False)
    probing.load(bench, still=False)
    _adopt(bench)
    probing.install(bench, __package__, "controls.js")
    probing.install(bench, __package__, "media.js")
    found: list[dict[str, Any]] = _ask(bench, f"watch({PATIENCE})")
    for index, one in enumerate(found):
        one.update(_ask(bench, f"hear({index})"))
    _try_controls(bench, found)
    for index, one in enumerate(found):
        one["tracks"] = json.loads(
            probing.ask(bench, f"agentflowMedia.tracks({index})")
        )
        one["words"] = _ask(bench, f"words({index})")
    # The page is left as it was found: the next probe needs no other.
    probing.media(bench)
    probing.load(bench)
    return found


def _ask(bench: Bench, question: str) -> Any:
    return json.loads(probing.ask(bench, f"agentflowMedia.{question}"))


def _adopt(bench: Bench) -> None:
    """Put media that scripts play outside of the document into it, to be found."""
    prototype = probing.command(
        bench, "Runtime.evaluate", {"expression": "HTMLMediaElement.prototype"}
    )["result"]
    if "objectId" not in prototype or not _plays_outside(bench):
        return
    given = {"prototypeObjectId": prototype["objectId"]}
    objects = probing.command(bench, "Runtime.queryObjects", given)["objects"]
    adopting = {"objectId": objects["objectId"], "functionDeclaration": _ADOPTION}
    probing.command(bench, "Runtime.callFunctionOn", adopting)


def _plays_outside(bench: Bench) -> bool:
    inline = re.search(r"\bAudio\(|createElement", bench.visited.dom)
    return bool(inline) or bool(probing.ask(bench, _PLAYED))


_ADOPTION = """function () {
  for (const element of this) {
    // Prototypes are among them, which have no state.
    try {
      if (element.isConnected || (element.paused && !element.ended)) continue;
      element.setAttribute("data-agentflow-detached", "");
      document.documentElement.append(element);
    } catch { continue; }
  }
}"""


def _sounds(one: dict[str, Any]) -> bool:
    """Whether an element is heard without being asked, for all that is known."""
    return bool(one["auto"]) and not one["muted"] and one["sound"] in {"some", "faint"}


def _length(one: dict[str, Any]) -> float | None:
    """Give how many seconds sound goes on; None: without an end, or unknown."""
    if one["loop"] or one.get("first") is None:
        return None
    return float(one["last"] - one["first"])


def _goes_on(one: dict[str, Any]) -> bool:
    length = _length(one)
    return _sounds(one) and (length is None or length > LONGEST)


def _try_controls(bench: Bench, found: list[dict[str, Any]]) -> None:
    for index, one in enumerate(found):
        one["stop"] = None
        if not _goes_on(one) or (one["controls"] and one["visible"]):
            continue

        def stopped(index: int = index) -> bool:
            probing.pause(bench, 0.06)
            return not _ask(bench, "heard()")[index]

        probing.ask(bench, f"agentflowMedia.keep({index})")
        gone = stopped()
        one["stop"] = controls.stopped_by(
            bench, STOPPING, stopped, near=one["box"] if one["visible"] else ()
        )
        if one["stop"]["by"] is None and not gone:
            asked = f"agentflowMedia.lasts({index}, {LONGEST}, 6000)"
            one["lasts"] = bool(probing.ask(bench, asked))
        else:
            one["lasts"] = not gone


LISTENING = Probe(name="media", run=listen, acts=False)


def at_media(
    one: dict[str, Any], verdict: af.Verdict, message: str = "", **said: Any
) -> Subject:
    """Say something of one audio or video."""
    if one.get("detached"):
        html = f"new Audio({one['file']!r}), outside of the document"
        return Subject(verdict=verdict, html=html, message=message, **said)
    return Subject(
        verdict=verdict,
        selector=one["selector"],
        html=one["html"],
        box=af.Box(*one["box"]) if any(one["box"][2:]) else None,
        message=message,
        **said,
    )


def no_sound_by_itself(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each audio or video that begins by itself and is not muted."""
    for one in facts[LISTENING.name]:
        if one["muted"] or not (one["auto"] or one["autoplay"]):
            continue
        yield from _judged(one)
    for element in visited.elements:
        address = element.attributes.get("src", "")
        if element.tag == "iframe" and _PLAYER.search(address):
            yield Subject(
                verdict=af.Verdict.UNDETERMINED,
                selector=element.selector,
                html=f'<iframe src="{address[:200]}">',
                box=element.box,
                message="its address asks a player to begin by itself, and what it "
                "plays was not loaded: is it heard for more than 3 seconds, and can "
                "it be stopped?",
            )


_PLAYER = re.compile(
    r"^(?!.*[?&]muted?=(?:1|true)).*[?&]auto_?play=(?:1|true)", re.IGNORECASE
)


def _judged(one: dict[str, Any]) -> Iterator[Subject]:
    native = one["controls"] and one["visible"]
    if one["sound"] == "unknown" or not one["auto"]:
        if one["error"] and one["here"]:
            return  # a file that cannot be played is not heard
        if native:
            yield at_media(one, af.Verdict.PASSED)
            return
        message = (
            f"it is to begin by itself, and its sound ({one['file']}) could not be "
            "listened to: does it last longer than 3 seconds, and what stops it?"
        )
        yield at_media(one, af.Verdict.UNDETERMINED, message)
    elif one["sound"] in {"some", "faint"}:
        if not _goes_on(one) or native:
            yield at_media(one, af.Verdict.PASSED)
        else:
            yield _judged_stop(one)


def _judged_stop(one: dict[str, Any]) -> Subject:
    stop, length = one["stop"], _length(one)
    lasting = "in a loop" if one["loop"] else f"for {length or 0:.1f} s"
    about = {
        "observed": f"sound {lasting}, from its start",
        "expected": "at most 3 s, or a control that pauses or mutes it",
    }
    if stop["by"] is not None:
        lacking = controls.missing(stop)
        if not lacking or not one["lasts"]:
            return at_media(one, af.Verdict.PASSED)
        message = f"it is heard {lasting} without being asked, and {lacking}"
        return at_media(one, af.Verdict.FAILED, message, **about)
    if one["sound"] == "faint":
        message = (
            f"it plays {lasting} by itself, at less than -40 dB: is that to be heard?"
        )
        return at_media(one, af.Verdict.UNDETERMINED, message, **about)
    if not one["lasts"]:
        # The page itself paused or muted it within three seconds.
        return at_media(one, af.Verdict.PASSED)
    if question := controls.doubt(stop):
        message = f"it is heard {lasting} without being asked: {question}"
        return at_media(one, af.Verdict.UNDETERMINED, message, **about)
    message = f"it is heard {lasting} without being asked, and nothing stops it"
    return at_media(one, af.Verdict.FAILED, message, **about)


def captions(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge what each video with sound gives to those who do not hear it."""
    del visited
    for one in facts[LISTENING.name]:
        if one["kind"] != "video" or not one["visible"] or one["detached"]:
            continue
        shown = [t for t in one["tracks"] if t["kind"] in {"captions", "subtitles"}]
        broken = [track for track in shown if track_fault(track)]
        yield from (broken_track(track) for track in broken)
        if one["sound"] in {"none", "silent"}:
            yield at_media(one, af.Verdict.PASSED)
        elif len(broken) == len(shown) > 0:
            continue
        else:
            yield at_media(one, af.Verdict.UNDETERMINED, _about_captions(one, shown))


def track_fault(track: dict[str, Any]) -> str:
    """Say what is beyond doubt wrong with a track's file; empty: nothing."""
    if not track["src"].strip():
        return "it names no file"
    if track["state"] == _FAILED and track["here"]:
        return f"its file ({track['src']}) is missing, or no WebVTT"
    if track["state"] == _LOADED and not track["cues"]:
        return f"its file ({track['src']}) is empty"
    return ""


_LOADED, _FAILED = 2, 3
"""Ready states of track elements, as HTML numbers them."""


def broken_track(track: dict[str, Any]) -> Subject:
    """Fail a track whose file is of no use."""
    message = f"{track_fault(track)}: nobody can turn these {track['kind']} on"
    return at_media(
        track, af.Verdict.FAILED, message, expected="a WebVTT file with cues"
    )


def _about_captions(one: dict[str, Any], shown: list[dict[str, Any]]) -> str:
    heard = {
        "some": f"{one['file']} has sound",
        "faint": f"{one['file']} has faint sound",
    }.get(one["sound"], f"whether {one['file']} has sound could not be found out")
    working = [track for track in shown if not track_fault(track) and track["cues"]]
    if working:
        track = working[0]
        last = one.get("last")
        ends = f", its sound at {last:.0f} s" if last is not None else ""
        return (
            f"{heard}; its {track['kind']} have {track['cues']} cues, the first "
            f"{track['words']!r}, and end at {track['until']:.0f} s{ends}: do they say "
            "all that is said and heard?"
        )
    if shown:
        return f"{heard}, and its captions lie elsewhere and were not loaded: are they "
        "complete?"
    return (
        f"{heard}, and no <track kind=captions>{words_near(one)}: are captions part of "
        "the picture, or does it only show what the page's text says?"
    )


def words_near(one: dict[str, Any]) -> str:
    """Say what calls itself a transcript."""
    if one["words"] is None:
        return "; nothing on the page calls itself a transcript"
    return f"; the page has {one['words']['text']!r}"


RULES = (
    OwnRule(
        id="autoplay-audio",
        title="No sound plays by itself for more than 3 seconds, or it can be stopped",
        criteria=("1.4.2",),
        act=("80f0bf", "aaa1bf", "4c31df"),
        category="time-and-media",
        fix="Remove autoplay, or add muted; or give it controls.",
        probes=(LISTENING,),
        judge=no_sound_by_itself,
    ),
    OwnRule(
        id="media-captions",
        title="Videos with sound have captions",
        criteria=("1.2.2",),
        act=("f51b46",),
        category="time-and-media",
        impact="critical",
        fix='Add <track kind="captions" srclang="en" src="captions.vtt">.',
        probes=(LISTENING,),
        judge=captions,
    ),
)
