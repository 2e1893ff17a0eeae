"""Whether what media show and say is to be had in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.media import (
    LISTENING,
    at_media,
    broken_track,
    track_fault,
    words_near,
)
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe


def words(bench: Bench) -> Any:
    """Count the page's words, and what else may tell or lead to what media hold.

    ``seen`` and ``told``: words that are seen, and that are read out, without those of
    headings, controls and navigation, which name things; ``ways``: links, buttons,
    frames, pictures and whatever else answers to clicks.
    """
    tags = {element.tag for element in bench.visited.elements}
    if not tags & {"audio", "video"} and "<audio" not in bench.visited.dom:
        return {"seen": 0, "told": 0, "ways": 0}
    probing.install(bench, __package__, "transcripts.js")
    found: dict[str, int] = json.loads(probing.ask(bench, "agentflowTranscripts()"))
    return found


WORDS = Probe(name="media-words", run=words, acts=False)

_SILENT = frozenset({"none", "silent"})
_HEARD = frozenset({"some", "faint"})


def alternatives(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge what audio gives to the deaf and silent video to the blind, in words."""
    for one in facts[LISTENING.name]:
        if one["kind"] == "audio":
            yield from _in_words(one, _nothing(visited, facts, "seen"))
        elif one["visible"] and not one["detached"] and one["sound"] not in _HEARD:
            yield _pictures(one, _nothing(visited, facts, "told"))


def pictures_told(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge what videos with sound give to those who do not see them."""
    del visited
    for one in facts[LISTENING.name]:
        if one["kind"] != "video" or not one["visible"] or one["detached"]:
            continue
        if one["sound"] in _SILENT:
            continue
        broken = [track for track in _descriptions(one) if track_fault(track)]
        yield from (broken_track(track) for track in broken)
        if not broken:
            yield at_media(one, af.Verdict.UNDETERMINED, _about_pictures(one))


def _descriptions(one: dict[str, Any]) -> list[dict[str, Any]]:
    return [track for track in one["tracks"] if track["kind"] == "descriptions"]


def _nothing(visited: Visit, facts: Facts, how: str) -> bool:
    """Whether the page has no word and no way to one, beside a single medium."""
    found: Mapping[str, int] = facts[WORDS.name]
    alone = len(facts[LISTENING.name]) == 1
    return alone and not (found[how] or found["ways"] or visited.hidden_roots)


def _in_words(one: dict[str, Any], nothing: bool) -> Iterator[Subject]:
    """Ask for the transcript of an audio element that people can play."""
    if one["sound"] in _SILENT:
        yield at_media(one, af.Verdict.PASSED)
    elif one["sound"] == "some" and one["visible"] and nothing:
        message = (
            f"{one['file']} is to be heard, and the page has not a word beside it, nor "
            "a link to any"
        )
        yield at_media(one, af.Verdict.FAILED, message, expected="a transcript")
    elif one["auto"] or one["visible"]:
        message = (
            f"{one['file']} is to be heard{words_near(one)}: is all that is said in it "
            "there in words?"
        )
        yield at_media(one, af.Verdict.UNDETERMINED, message)


def _pictures(one: dict[str, Any], nothing: bool) -> Subject:
    """Judge a video's pictures; what moves silently by itself may be decoration."""
    decoration = one["autoplay"] and not one["controls"]
    shows = one["size"][0] > 0 and one["sound"] in _SILENT
    if shows and nothing and not decoration:
        message = (
            f"{one['file']} shows pictures without sound, and the page says not a word "
            "about them, nor has it a link that may lead to some"
        )
        expected = "a description in words, or one to listen to"
        return at_media(one, af.Verdict.FAILED, message, expected=expected)
    return at_media(one, af.Verdict.UNDETERMINED, _about_pictures(one))


def _about_pictures(one: dict[str, Any]) -> str:
    track = next((t for t in _descriptions(one) if t["cues"]), None)
    told = (
        f"; its descriptions have {track['cues']} cues, the first {track['words']!r}"
        if track
        else "; it has no <track kind=descriptions>"
    )
    return (
        f"{one['file']} {_what(one)}{told}{words_near(one)}: is all that it shows told "
        "in words or in its sound, or is it decoration?"
    )


def _what(one: dict[str, Any]) -> str:
    return {
        "none": "shows pictures without sound",
        "silent": "shows pictures without sound",
        "unknown": f"could not be listened to ({one.get('why')})",
    }.get(one["sound"], "shows pictures with sound")


def transcripts(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge whether what a video with sound shows and says can be read."""
    for one in facts[LISTENING.name]:
        if one["kind"] != "video" or not one["visible"] or one["detached"]:
            continue
        if one["sound"] in _SILENT:
            continue
        heard = one["sound"] in _HEARD and one["size"][0] > 0
        lacking = [how for how in ("seen", "told") if _nothing(visited, facts, how)]
        if heard and lacking:
            missing = {
                "seen": "not a word that is seen",
                "told": "not a word that is read out",
            }[lacking[-1]]
            message = f"beside {one['file']} the page has {missing}, nor a link to any"
            expected = "a transcript of what is seen and heard"
            yield at_media(one, af.Verdict.FAILED, message, expected=expected)
        else:
            message = (
                f"{one['file']} {_what(one)}{words_near(one)}: can all of it be read?"
            )
            yield at_media(one, af.Verdict.UNDETERMINED, message)


RULES = (
    OwnRule(
        id="media-in-words",
        title="What audio says and silent video shows is to be had in words",
        criteria=("1.2.1",),
        act=("c3232f", "e7aa44", "2eb176", "d7ba54", "ee13b5", "fd26cf", "afb423"),
        category="time-and-media",
        impact="critical",
        fix="Put a transcript beside it, or a link that leads to one.",
        probes=(LISTENING, WORDS),
        judge=alternatives,
    ),
    OwnRule(
        id="pictures-told",
        title="What videos with sound show is told",
        criteria=("1.2.3",),
        act=("c5a4ea", "1ea59c"),
        category="time-and-media",
        impact="critical",
        fix="Tell in the sound what is seen, or put it in words beside the video.",
        probes=(LISTENING,),
        judge=pictures_told,
    ),
    OwnRule(
        id="media-transcript",
        title="What videos show and say can be read",
        criteria=("1.2.8",),
        level="AAA",
        act=("1ec09b", "1a02b0", "ab4d13"),
        category="time-and-media",
        fix="Put a transcript of all that is seen and heard beside it, or a link to "
        "one.",
        probes=(LISTENING, WORDS),
        judge=transcripts,
    ),
)
