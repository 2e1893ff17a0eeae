"""Asking a judge what sources leave open: batches, orders, quotes, caps, rulings."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

import pytest_agentflow as af
from agentflow_checks.grounding.folding import letters

JudgeWord = Literal["supported", "unsupported", "contradicted", "undetermined"]
RulingWord = Literal[
    "supported", "unsupported", "contradicted", "undetermined", "error"
]

WORDS: tuple[JudgeWord, ...] = get_args(JudgeWord)

#: Longer batches make judges skip claims; see docs/judges.md.
LONGEST_BATCH = 10
#: A claim ends its batch by chance of 1 in so many, whatever stands before it: one that
#: is put in or taken out changes its own batch, and what was recorded of others holds.
_ENDS_BATCH = 8
#: Orders that claims are asked in; votes that differ decide nothing.
ORDERS = 2
#: Letters and digits: shorter quotations stand in any source by chance.
SHORTEST_QUOTE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeClaim:
    """One claim that the sources leave undetermined, under an id of its batch."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeEvidence:
    """One source, or a passage of it, under its id."""

    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeVerdict:
    """What a judge says of one claim.

    Args:
        verdict: one of `WORDS`.
        quote: words of the evidence, verbatim; ``supported`` and ``contradicted`` count
            for nothing without.
        reason: in one sentence, for the reader.
    """

    verdict: str
    quote: str = ""
    reason: str = ""


class Judge(Protocol):
    """Gives a verdict on each claim, by the claim's id."""

    def __call__(
        self, claims: Sequence[JudgeClaim], evidence: Sequence[JudgeEvidence], /
    ) -> Mapping[str, JudgeVerdict]:
        """Judge each claim by the evidence alone; no claim may be left out."""


EvidenceFor = Callable[[Sequence[str]], Sequence[JudgeEvidence]]
"""Gives the evidence for a batch of claims, the same for the same claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What all votes on one claim come to, and why where they decide nothing."""

    verdict: RulingWord
    quote: str = ""
    source: str | None = None
    """Id of the evidence that holds the quotation."""
    why: str = ""
    asked: bool = True
    """False where nobody was asked: a cap was met, or a recording lacks the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulings:
    """The rulings, in the order of the claims put in."""

    rulings: tuple[Ruling, ...]
    questions: int = 0
    """How often the judge was called."""
    notes: tuple[str, ...] = ()

    def count(self, verdict: RulingWord) -> int:
        """Count the claims that were ruled so."""
        return sum(one.verdict == verdict for one in self.rulings)


def rule_on(
    judge: Judge,
    claims: Sequence[str],
    evidence: Sequence[JudgeEvidence] | EvidenceFor,
    *,
    orders: int = ORDERS,
    max_calls: int | None = None,
) -> Rulings:
    """Ask `judge` about each claim, `orders` times, and give one ruling for each.

    Claims are asked in batches of at most `LONGEST_BATCH`, each in several orders that
    depend on nothing but their texts. A ruling is what all votes agree on. It is

    - ``undetermined`` where votes differ, where ``supported`` or ``contradicted`` comes
      without words that stand verbatim in the evidence, where a cap stopped the asking,
      or where a recording does not hold the answer;
    - ``error`` where the judge raised, or gave no verdict on the claim, or one that is
      none of `WORDS`.

    Args:
        judge: see `Judge`.
        claims: their texts, in any number.
        evidence: what they are held against, or what gives it for a batch of claims.
        orders: votes on each claim, at least 1.
        max_calls: most calls of the judge; claims beyond stay undetermined.
    """
    given = evidence if callable(evidence) else _always(tuple(evidence))
    asking = _Asking(judge, given, orders, max_calls)
    rulings = [one for batch in batches(claims) for one in asking.ask(batch)]
    return Rulings(
        rulings=tuple(rulings), questions=asking.questions, notes=tuple(asking.notes)
    )


def _always(evidence: tuple[JudgeEvidence, ...]) -> EvidenceFor:
    return lambda _: evidence


def batches(claims: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Cut claims into batches, by what they say rather than by where they stand."""
    batch: list[str] = []
    for text in claims:
        batch.append(text)
        if len(batch) == LONGEST_BATCH or _digest(text) % _ENDS_BATCH == 0:
            yield tuple(batch)
            batch = []
    if batch:
        yield tuple(batch)


def _digest(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(data).digest()[:8])


def in_orders(
    claims: Sequence[JudgeClaim], orders: int
) -> Iterator[tuple[JudgeClaim, ...]]:
    """Give the claims as they stand, then shuffled; the same texts, the same orders."""
    yield tuple(claims)
    seed = _digest("\0".join(claim.text for claim in claims))
    for number in range(1, orders):
        shuffled = list(claims)
        random.Random(seed + number).shuffle(shuffled)  # noqa: S311 - no secret
        if number == 1 and shuffled == list(claims):
            shuffled.reverse()
        yield tuple(shuffled)


@dataclass(slots=True)
class _Asking:
    """What is asked of a judge, as it goes on."""

    judge: Judge
    evidence: EvidenceFor
    orders: int
    max_calls: int | None
    questions: int = 0
    notes: list[str] = field(default_factory=list)
    stopped: str = ""
    """Why no more is asked."""

    def ask(self, batch: Sequence[str]) -> Iterator[Ruling]:
        """Rule on the claims of one batch."""
        if not self.stopped and self._is_capped():
            self.stopped = f"not asked: max_judge_calls={self.max_calls} was reached"
        if self.stopped:
            yield from (_unasked(self.stopped) for _ in batch)
            return
        claims = [
            JudgeClaim(id=f"c{number}", text=text)
            for number, text in enumerate(batch, 1)
        ]
        held = tuple(self.evidence(batch))
        orders = in_orders(claims, self.orders)
        try:
            given = [self._vote(order, held) for order in orders]
        except af.JudgeMiss as miss:
            yield from (_unasked(f"not judged: {miss}") for _ in batch)
        except af.JudgeCapped as cap:
            self.stopped = f"not asked: {cap}"
            yield from (_unasked(self.stopped) for _ in batch)
        except Exception as error:  # noqa: BLE001 - whatever others' judges raise
            said = f"the judge failed: {type(error).__name__}: {error}"
            yield from (Ruling(verdict="error", why=said) for _ in batch)
        else:
            for claim in claims:
                votes = [_read(claim.id, one, held) for one in given]
                yield _folded(votes)

    def _is_capped(self) -> bool:
        return (
            self.max_calls is not None and self.questions + self.orders > self.max_calls
        )

    def _vote(
        self, claims: tuple[JudgeClaim, ...], evidence: tuple[JudgeEvidence, ...]
    ) -> Any:
        self.questions += 1
        given = self.judge(claims, evidence)
        if isinstance(given, Mapping):
            known = {claim.id for claim in claims}
            unknown = [str(key) for key in given if key not in known]
            if unknown:
                listed = ", ".join(sorted(unknown)[:3])
                note = f"the judge gave verdicts on claims nobody asked about: {listed}"
                self.notes.extend({note} - set(self.notes))
        return given


def _unasked(why: str) -> Ruling:
    return Ruling(verdict="undetermined", why=why, asked=False)


def _read(id_: str, given: object, evidence: Iterable[JudgeEvidence]) -> Ruling:
    """Read one vote on one claim, and believe nothing that cannot be looked up."""
    if not isinstance(given, Mapping):
        kind = type(given).__name__
        why = f"the judge must give a mapping of claim ids to verdicts, and gave {kind}"
        return Ruling(verdict="error", why=why)
    one = given.get(id_)
    if one is None:
        why = "the judge gave no verdict on this claim"
        return Ruling(verdict="error", why=why)
    verdict, quote = getattr(one, "verdict", one), getattr(one, "quote", "")
    if not isinstance(verdict, str) or verdict not in WORDS:
        why = f"the judge said {verdict!r:.60}, which is none of {', '.join(WORDS)}"
        return Ruling(verdict="error", why=why)
    reason = str(getattr(one, "reason", "") or "")
    word: RulingWord = verdict
    if verdict not in {"supported", "contradicted"}:
        return Ruling(verdict=word, why=reason)
    return _quoted(word, quote if isinstance(quote, str) else "", reason, evidence)


def _quoted(
    word: RulingWord, quote: str, reason: str, evidence: Iterable[JudgeEvidence]
) -> Ruling:
    source = source_of(quote, evidence)
    if source is not None:
        return Ruling(verdict=word, quote=quote.strip(), source=source, why=reason)
    lacks = "words that stand in no source" if quote.strip() else "no source"
    why = f"the judge said {word} and quoted {lacks}, which decides nothing"
    return Ruling(verdict="undetermined", why=why)


def source_of(quote: str, evidence: Iterable[JudgeEvidence]) -> str | None:
    """Name the evidence that holds a quotation word for word; `None` where none does.

    Case, accents, blanks and punctuation do not count. A quotation of fewer than
    `SHORTEST_QUOTE` letters and digits must be all of a source.
    """
    wanted = letters(quote)
    if not wanted:
        return None
    for one in evidence:
        held = letters(one.text)
        if wanted == held or (len(wanted) >= SHORTEST_QUOTE and wanted in held):
            return one.id
    return None


def _folded(votes: Sequence[Ruling]) -> Ruling:
    for vote in votes:
        if vote.verdict == "error":
            return vote
    said = list(dict.fromkeys(vote.verdict for vote in votes))
    if len(said) == 1:
        return votes[0]
    unquoted = next((v.why for v in votes if v.verdict == "undetermined"), "")
    words = ", ".join(vote.verdict for vote in votes)
    why = f"asked in {len(votes)} orders, the judge said: {words}"
    return Ruling(verdict="undetermined", why=f"{why}; {unquoted}".rstrip("; "))


#: How a model's name begins -> whose model it is.
_VENDORS = {
    "openai": ("gpt", "o1", "o3", "o4", "chatgpt", "text-davinci"),
    "anthropic": ("claude",),
    "google": ("gemini", "gemma", "palm"),
    "mistral": ("mistral", "mixtral", "ministral", "codestral", "magistral"),
    "meta": ("llama", "meta-llama"),
    "cohere": ("command",),
    "deepseek": ("deepseek",),
    "alibaba": ("qwen",),
}


def vendor_of(model: str) -> str:
    """Give whose model it is, by its name; empty where that is not known.

    Names of routers and clouds (``openrouter/openai/gpt-5``, ``us.anthropic.claude-x``)
    are read from their last part that says it.
    """
    parts = [part for part in model.lower().replace(".", "/").split("/") if part]
    for part in reversed(parts):
        for vendor, beginnings in _VENDORS.items():
            if part == vendor or part.startswith(beginnings):
                return vendor
    return ""


def shared_vendor(judges: Iterable[str], generators: Iterable[str]) -> str | None:
    """Say that judge and generator are of one vendor; `None` where they are not.

    Models prefer what their own family wrote (Panickssery et al. 2024), so that such a
    judge passes more than it should.

    Args:
        judges: names of the models that judged.
        generators: names of the models whose output was judged.
    """
    ours = {vendor_of(name) for name in judges} - {""}
    both = sorted(ours & {vendor_of(name) for name in generators})
    if not both:
        return None
    return (
        f"judge and workflow both use models of {', '.join(both)}: models prefer what "
        "their own family wrote; take a judge of another vendor, or calibrate it"
    )
