"""Token flow: which words of each prompt were copied, and from where in the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pytest_agentflow as af
from agentflow_checks.flow.copies import Index, Paint
from agentflow_checks.flow.shingles import WIDTH, Vocabulary, shingle_keys
from agentflow_checks.flow.texts import (
    forms,
    given_text,
    handed_on,
    in_order,
    rendered,
    said_text,
)

CHARACTERS_PER_TOKEN = 4


class Origin(StrEnum):
    """Where copied words come from."""

    OUTPUT = "output"
    """What another stage with models gave: a hand-off."""
    PROMPT = "prompt"
    """What another stage's models had been given: read again."""
    HISTORY = "history"
    """What this stage's models were given, or said, in an earlier call."""
    MATERIAL = "material"
    """What a stage without models gave, read for the first time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of the run that later prompts may copy."""

    stage: str
    call: str | None
    """`None`: what the stage handed on, which its code may have put together."""
    prompt: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A stretch of one prompt that an earlier text held word for word."""

    source: Text
    origin: Origin
    start: int
    """First word."""
    end: int
    """The word behind the last."""

    @property
    def words(self) -> int:
        """Length in words."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What one call was given, and which stretches of it were copied."""

    call: str
    stage: str
    words: int
    tokens: float
    """Text tokens: as the provider reported them, without pictures and sound."""
    estimated: bool
    """Whether the tokens are an estimate: four characters each where none is told."""
    turns: int = 1
    """Messages in it: a conversation that goes on has more of them each time."""
    copies: tuple[Copy, ...] = ()
    numbers: tuple[int, ...] = field(default=(), repr=False)
    """The words, as the vocabulary numbered them."""
    places: tuple[int, ...] = field(default=(0,), repr=False)
    """Where each word begins, in characters, and where the last one ends."""

    def tokens_in(self, start: int, end: int) -> float:
        """Give the tokens of some words: a share of all, by their characters."""
        whole = self.places[-1]
        part = self.places[end] - self.places[start]
        return self.tokens * part / whole if whole else 0.0

    def copied(self, *origins: Origin) -> float:
        """Give the tokens copied from some origins."""
        mine = (copy for copy in self.copies if copy.origin in origins)
        return sum(self.tokens_in(copy.start, copy.end) for copy in mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFlow:
    """All prompts of a run with their copies, in causal order."""

    stages: tuple[str, ...]
    """Those with model calls, in the order of the run: k is their number."""
    prompts: tuple[Prompt, ...]
    given: Mapping[str, int]
    """Stage -> words that it handed on."""
    echoes: frozenset[str] = frozenset()
    """Calls that mostly say again what models had said before: editors, reviewers."""
    width: int = WIDTH
    vocabulary: Vocabulary = field(
        default_factory=Vocabulary, repr=False, compare=False
    )

    def of(self, stage: str) -> tuple[Prompt, ...]:
        """Give the prompts of one stage."""
        return tuple(prompt for prompt in self.prompts if prompt.stage == stage)

    @property
    def estimated(self) -> bool:
        """Whether the tokens of some prompt are an estimate."""
        return any(prompt.estimated for prompt in self.prompts)


def token_flow(run: af.Run, *, width: int = WIDTH) -> TokenFlow:
    """Follow text through a run by shingles of `width` words.

    A word of a prompt counts as copied when a run of at least `width` words around it
    stands in an earlier text of the run, once entities, escapes, quotes, case and white
    space are folded. It has one origin: the longest stretch that a model said, else
    that a stage with models handed on (its code may have put it together), else that an
    earlier prompt held, else that a stage without models gave. Paraphrases are not
    seen: all figures are lower bounds. Time and memory are linear in the words of the
    run.

    Raises `CheckError` where prompts are not in the recording.
    """
    reader = _Reader(run, width)
    prompts = tuple(filter(None, map(reader.read, in_order(run))))
    with_models = {call.stage for call in run.calls if call.is_model_call}
    listed = [s.name for s in run.stages if s.name in with_models]
    stages = (*listed, *sorted(with_models.difference(listed)))
    given = {s.name: _length(s, reader.vocabulary) for s in run.stages}
    return TokenFlow(
        stages=stages,
        prompts=prompts,
        given=given,
        echoes=frozenset(reader.echoes),
        width=width,
        vocabulary=reader.vocabulary,
    )


def _length(stage: af.Stage, vocabulary: Vocabulary) -> int:
    return sum(len(vocabulary.read(rendered(v))) for v in handed_on(stage))


class _Reader:
    """Reads calls in order; every text is entered once it can have been copied."""

    def __init__(self, run: af.Run, width: int) -> None:
        self.vocabulary = Vocabulary()
        self.echoes: set[str] = set()
        self._width = width
        self._texts: list[Text] = []
        self._said, self._handed, self._read = Index(), Index(), Index()
        self._material = Index()
        self._stages = {stage.name: stage for stage in run.stages}
        models = {call.stage for call in run.calls if call.is_model_call}
        for stage in run.stages:
            if stage.name not in models:
                self._hand_on(stage, self._material)

    def read(self, call: af.Call) -> Prompt | None:
        """Find the copies in what `call` was given, then enter it and its answer."""
        if not call.is_model_call:
            return None
        if "messages" in call.missing:
            message = f"the recording does not hold what {call.id} was given"
            raise af.CheckError(message)
        text = given_text(call)
        numbers, places = self.vocabulary.measure(text)
        keys = shingle_keys(numbers, self._width)
        paint = Paint(len(numbers))
        paint.copied(self._said.runs(keys, self._width))
        for index in (self._handed, self._read, self._material):
            paint.copied(index.runs(keys, self._width), least=self._width)
        tokens, estimated = prompt_tokens(call, text)
        self._enter(keys, Text(stage=call.stage, call=call.id, prompt=True))
        self._answered(call)
        return Prompt(
            call=call.id,
            stage=call.stage,
            words=len(numbers),
            tokens=tokens,
            estimated=estimated,
            turns=len(call.messages),
            copies=tuple(self._copies(paint, call.stage)),
            numbers=tuple(numbers),
            places=tuple(places),
        )

    def _copies(self, paint: Paint, stage: str) -> Iterator[Copy]:
        for number, start, end in paint.stretches():
            source = self._texts[number]
            origin = self._origin(source, stage)
            yield Copy(source=source, origin=origin, start=start, end=end)

    def _origin(self, source: Text, stage: str) -> Origin:
        if source.stage == stage:
            return Origin.HISTORY
        if source.prompt:
            return Origin.PROMPT
        return Origin.MATERIAL if source.call == "" else Origin.OUTPUT

    def _answered(self, call: af.Call) -> None:
        numbers = self.vocabulary.read(said_text(call))
        keys = shingle_keys(numbers, self._width)
        paint = Paint(len(numbers))
        paint.copied(self._said.runs(keys, self._width))
        if numbers and 2 * sum(o >= 0 for o in paint.owner) >= len(numbers):
            self.echoes.add(call.id)
        self._enter(keys, Text(stage=call.stage, call=call.id), self._said)
        stage = self._stages.pop(call.stage, None)
        if stage is not None:
            self._hand_on(stage, self._handed)

    def _hand_on(self, stage: af.Stage, index: Index) -> None:
        call = "" if index is self._material else None
        for text in dict.fromkeys(f for value in stage.outputs for f in forms(value)):
            source = Text(stage=stage.name, call=call)
            self._enter(self._keys(text), source, index)

    def _keys(self, text: str) -> list[int]:
        return shingle_keys(self.vocabulary.read(text), self._width)

    def _enter(self, keys: list[int], text: Text, index: Index | None = None) -> None:
        (index or self._read).add(len(self._texts), keys)
        self._texts.append(text)


def prompt_tokens(call: af.Call, text: str) -> tuple[float, bool]:
    """Give the text tokens that a call was given, and whether they are an estimate."""
    used = call.usage
    if used is None or used.input_tokens is None:
        return len(text) / CHARACTERS_PER_TOKEN, True
    others = (used.input_image_tokens or 0) + (used.input_audio_tokens or 0)
    return float(max(used.input_tokens - others, 0)), used.source == "estimated"
