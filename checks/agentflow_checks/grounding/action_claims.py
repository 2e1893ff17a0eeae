"""What a text says was done: "I have booked", "has been cancelled", verb by verb."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionClaim:
    """A statement that something was done, at ``text[start:end]`` of its sentence.

    Args:
        text: the words that say it: "have booked", "has been cancelled".
        participle: the form of the verb in them: "booked", "set".
        verbs: what that may be of, likeliest first: ``("set up", "set")``.
        start: offset of ``text`` in the sentence.
        end: its end.
        passive: who did it is not said.
        of_text: what was done to is a text, so that the answer itself may be the deed:
            "I have created a list:", "I have added some comments below".
    """

    text: str
    participle: str
    verbs: tuple[str, ...]
    start: int
    end: int
    passive: bool = False
    of_text: bool = False


_IRREGULAR_WORDS = """
    been:be begun:begin bought:buy brought:bring built:build chosen:choose come:come
    cut:cut done:do drawn:draw driven:drive found:find forgotten:forget frozen:freeze
    given:give gone:go got:get gotten:get had:have heard:hear held:hold hidden:hide
    kept:keep known:know laid:lay learnt:learn left:leave lent:lend let:let lost:lose
    made:make met:meet overwritten:overwrite paid:pay put:put read:read rebuilt:rebuild
    rerun:rerun reset:reset rewritten:rewrite run:run said:say seen:see sent:send
    set:set shown:show shut:shut sold:sell sought:seek spent:spend split:split
    spoken:speak taken:take taught:teach thought:think told:tell typed:type
    undone:undo understood:understand withdrawn:withdraw won:win written:write
"""
_IRREGULAR = dict(pair.split(":") for pair in _IRREGULAR_WORDS.split())
#: What may stand between "have" and the participle.
_ADVERB = (
    r"(?:[a-z]{2,20}ly|now|also|already|just|both|all|only|then|since|again|in turn)"
)
_ADVERBS = rf"(?:{_ADVERB}[ ,]{{1,3}}){{0,4}}"
_PARTICLE = r"(?:[ ](up|out|off|back|down|together|over|away|in)\b)?"
_ACTIVE = re.compile(
    rf"\b(?:I|we)(?:[ ]{_ADVERB})?(?:'ve|[ ]have)[ ]{_ADVERBS}([a-z]{{3,20}})\b"
    rf"{_PARTICLE}",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    rf"\b(?:has|have)[ ]{_ADVERBS}been[ ]{_ADVERBS}([a-z]{{3,20}})\b{_PARTICLE}",
    re.IGNORECASE,
)
_ALSO = re.compile(
    rf"(?:,|\band|&)[ ]{{1,2}}{_ADVERBS}([a-z]{{3,20}})\b{_PARTICLE}"
    r"(?=[ ](?:the|an?|your|his|her|their|its|it|them|him|this|that|these|those|all"
    r"|both|one|two|three|invitations?|e-?mails?|messages?|[0-9$\u00a3\u20ac'\"*]))",
    re.IGNORECASE,
)
#: A clause that these begin says when or whether, not that.
_SUBORDINATE = re.compile(
    r"\b(?:if|once|when|whenever|after|before|until|till|unless|whether|as soon as"
    r"|in case|provided|assuming|suppos\w{1,4}|imagine|as though|as if|while"
    r"|in order)\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:no|none|nothing|neither|nor|never|not|cannot|can't|couldn't|unable|fail\w{0,3}"
    r"|may|might|must|should|would|could|will|shall|seems?|appears?|apparently"
    r"|presumably|believe|assume|think|hope|ensure|make sure)\b|n't\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    r"\b(?:says?|said|stat(?:es|ed|ing)|mention\w{0,3}|indicat\w{1,4}|show\w{0,3}"
    r"|report\w{0,3}|according|claim\w{0,3}|ask\w{0,3}|request\w{0,3}|inform\w{0,3}"
    r"|notif\w{1,4}|subject|titled|reads?|reading|wrote|writes|remind\w{0,3}|learn\w{0,3}"
    r"|see|seen|found|noticed?)\b",
    re.IGNORECASE,
)
#: "which has been", "there has been", "I have been": nothing that the agent did.
_RELATIVE = re.compile(
    r"\b(?:that|which|who|whose|what|there|I|we|you)[ ]{0,2}\Z", re.IGNORECASE
)
_COMPLEMENT = re.compile(r"\b(?:that|which|whom)[ ]\Z", re.IGNORECASE)
_OTHER_SUBJECT = re.compile(
    r"\b(?:I|we|you|he|she|they|that|which|who|is|are|was|were|been)\b|;"
)
_OF_OLD = re.compile(
    r"\b(?:previously|originally|earlier|formerly|historically|recently|lately"
    r"|yesterday|last (?:week|month|year|night)|so far|over the years|ago"
    r"|since (?:the|last|[0-9]|you|it|we))\b",
    re.IGNORECASE,
)
_BY_OTHERS = re.compile(
    r"\bby (?!me\b|us\b|\w+ing\b|e-?mail|mail|phone|way\b|default|[0-9$\u00a3\u20ac])",
    re.IGNORECASE,
)
_DRAFT = re.compile(
    r"[\s>*_-]{0,8}(?:\*\*)?(?:body|message|subject|content|contents|text|description"
    r"|title|reply|note|comment|post|caption)(?:\*\*)?[ ]?:",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[,;:()\u2013\u2014]|[ ]-[ ]|\bbut\b|\bso\b", re.IGNORECASE)
_QUOTED = re.compile(r"\"[^\"\n]{0,600}\"|`[^`\n]{0,300}`")
_SAME_SIGNS = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u02bc", "'"),
        **dict.fromkeys("\u201c\u201d\u201e", '"'),
    }
)
#: "You said I have booked it", "please confirm that I have booked it".
_ASKED_ABOUT = re.compile(
    r"\b(?:you|he|she|they|please|it|user)\b.{0,60}\b(?:said|says?|think|thought|claims?"
    r"|claimed|confirm|check|verify|know|ask(?:ed|s)?|told|believe|see)(?: that)?[ ]\Z",
    re.IGNORECASE,
)
_NOTHING = re.compile(r"[ ](?:nothing|nobody|none|neither|no)\b", re.IGNORECASE)
_TEXT = re.compile(
    r"(?:[ ](?:you|for you|up|an?|the|some|my|this|these|your|its|all|following|new|few"
    r"|short|brief|detailed|quick|complete|concise|possible|personali[sz]ed|\w{2,20}ly"
    r"|two|three|four|five|several|any|more|\w{2,20}ed)){0,6}[ ](?:\w{2,20}[ ])?"
    r"(?:lists?|summar(?:y|ies)|overviews?|tables?|plans?|outlines?|drafts?|itinerar\w{1,3}"
    r"|comparisons?|breakdowns?|comments?|tips|recommendations?|suggestions?|examples?"
    r"|explanations?|details|information|mind|approach|answers?|responses?|wording|text"
    r"|code|snippets?|versions?|sections?|paragraphs?|sentences?|bullet points"
    r"|descriptions?|steps|ideas|options|links?|context|highlights|duplicates"
    r"|template|headings?|formatting|tone)\b",
    re.IGNORECASE,
)
_HERE = re.compile(r"\b(?:below|above|here)\b", re.IGNORECASE)
#: Forms that are adjectives before a noun far more often than participles.
_ADJECTIVE_WORDS = """
    advanced detailed excited interested limited mixed needed pleased related required
    so-called supposed unlimited unread
"""
_ADJECTIVES = frozenset(_ADJECTIVE_WORDS.split())
#: How far around a claim its conditions, negations and agents are looked for.
_AROUND = 300


def action_claims(sentence: str) -> tuple[ActionClaim, ...]:
    """Find what a sentence says was done, in the order of the text.

    Left out are questions, conditions ("once it has been booked"), negations, hedges,
    what others did ("has been paid by Ann"), what is quoted or reported, and the
    parts of a drafted message.
    """
    plain = sentence.translate(_SAME_SIGNS)
    if plain.rstrip(" *_)\"'").endswith("?") or _DRAFT.match(plain):
        return ()
    blanked = _QUOTED.sub(lambda quoted: " " * len(quoted[0]), plain)
    found = [*_active(sentence, blanked), *_passive(sentence, blanked)]
    return tuple(sorted(found, key=lambda claim: claim.start))


def verbs_of(participle: str, particle: str = "") -> tuple[str, ...]:
    """Give the verbs that a participle may be of: "stopped" -> stop, stopp, stoppe.

    Empty for a word that is no participle.
    """
    word = participle.lower()
    if word in _IRREGULAR:
        bases: tuple[str, ...] = (_IRREGULAR[word],)
    elif word.endswith("ed") and word not in _ADJECTIVES:
        bases = _regular(word)
    else:
        return ()
    joined = tuple(f"{base} {particle.lower()}" for base in bases) if particle else ()
    return joined + bases


def _regular(word: str) -> tuple[str, ...]:
    stem = word[:-2]
    if stem.endswith("i"):
        return (f"{stem[:-1]}y", f"{stem}e")
    doubled = len(stem) > 2 and stem[-1] == stem[-2] and stem[-1] != "s"
    return (stem[:-1], stem, f"{stem}e") if doubled else (stem, f"{stem}e")


def _active(sentence: str, plain: str) -> Iterator[ActionClaim]:
    matches = list(_ACTIVE.finditer(plain))
    ends = [match.start() for match in matches[1:]] + [len(plain)]
    for match, end in zip(matches, ends, strict=False):
        before = _before(plain, match.start())
        clause = _clause(before)
        if _SUBORDINATE.search(clause) or _UNSURE.search(match[0]):
            continue
        if _COMPLEMENT.search(clause) and _REPORTED.search(before):
            continue
        if _ASKED_ABOUT.search(before):
            continue
        claim = _claim(sentence, match, passive=False)
        if claim is not None and "be" not in claim.verbs:
            yield claim
            yield from _coordinated(sentence, plain, match.end(), end)


def _coordinated(
    sentence: str, plain: str, start: int, end: int
) -> Iterator[ActionClaim]:
    """Read on: "I have checked the reviews and made a reservation"."""
    at = start
    for match in _ALSO.finditer(plain, start, end):
        between = plain[at : match.start()]
        if _SUBORDINATE.search(between) or _OTHER_SUBJECT.search(between):
            return
        at = match.end()
        claim = _claim(sentence, match, passive=False)
        if claim is not None:
            yield claim


def _passive(sentence: str, plain: str) -> Iterator[ActionClaim]:
    for match in _PASSIVE.finditer(plain):
        before = _before(plain, match.start())
        after = plain[match.end() : match.end() + _AROUND]
        clause = _clause(before)
        doubtful = (
            _SUBORDINATE.search(clause)
            or _UNSURE.search(clause)
            or _UNSURE.search(match[0])
            or _RELATIVE.search(before)
            or _REPORTED.search(before)
            or _OF_OLD.search(before)
            or _OF_OLD.search(after)
            or _BY_OTHERS.search(after)
        )
        claim = None if doubtful else _claim(sentence, match, passive=True)
        if claim is not None:
            yield claim


def _before(plain: str, start: int) -> str:
    return plain[max(0, start - _AROUND) : start]


def _clause(before: str) -> str:
    """Give the end of a text that belongs to the clause that follows."""
    ends = [match.end() for match in _BREAK.finditer(before)]
    return before[ends[-1] :] if ends else before


def _claim(sentence: str, match: re.Match[str], *, passive: bool) -> ActionClaim | None:
    verbs = verbs_of(match[1], match[2] or "")
    after = match.string[match.end() : match.end() + _AROUND]
    if not verbs or _NOTHING.match(after):
        return None
    start = match.start()
    return ActionClaim(
        text=sentence[start : match.end()].strip(" ,&"),
        participle=match[1].lower(),
        verbs=verbs,
        start=start,
        end=match.end(),
        passive=passive,
        of_text=bool(_TEXT.match(after) or _HERE.search(after)),
    )
