"""Recorded calls by what was asked: found at once, each once, near ones shown."""

from __future__ import annotations

import difflib
import re
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from functools import cached_property

from pytest_agentflow.model.call import Call, Invocation, Request
from pytest_agentflow.model.run import Run
from pytest_agentflow.recording.canonical import (
    STRICT,
    Matching,
    canonical_call,
    canonical_invocation,
    canonical_request,
    is_playable,
    key_of_call,
    match_key,
    match_key_of_invocation,
)
from pytest_agentflow.recording.difference import (
    Change,
    difference,
    request_difference,
)

__all__ = [
    "Change",
    "Index",
    "Matching",
    "Verbatim",
    "difference",
    "match_key",
    "match_key_of_invocation",
    "nearest",
    "request_difference",
    "verbatim",
]

#: Calls whose distance is measured exactly, out of those that share the most words.
_CANDIDATES = 5
#: A call of the same stage that is nearer than this is shown without looking further.
_NEAR = 0.5
#: Calls made side by side that one is chosen from, when questions have changed.
_SIDE_BY_SIDE = 64
#: Longer texts are compared by their shared words alone.
_LONGEST = 6_000

# Pieces of at most 8 letters: scripts without spaces have words of their own kind.
_WORD = re.compile(r"\w{1,8}|[^\w\s]")


Verbatim = tuple[str, str, str, int, str, str, bytes]
"""What of a request is compared byte for byte: all but its headers."""


def verbatim(request: Request) -> Verbatim:
    """Give what is looked for before anything is parsed, cleaned or digested."""
    return (
        request.method,
        request.scheme,
        request.host,
        request.port,
        request.path,
        request.query,
        request.body,
    )


class Index:
    """The calls of one recording, each to be played once, in the order recorded.

    Looking up costs the same however many calls there are. It may be used by several
    threads at once. Keys are computed when something is asked that no recorded request
    equals byte for byte: a replay of unchanged code never needs them, and to compute
    them takes as long as to parse the whole recording twice.
    """

    def __init__(self, run: Run, rules: Matching = STRICT) -> None:
        self._rules = rules
        self._run = run
        self._calls = run.calls
        self._equal: dict[tuple[str, Verbatim], deque[Call]] = defaultdict(deque)
        self._played: set[str] = set()
        self._words: dict[str, frozenset[str]] = {}
        self._lock = threading.RLock()
        self.unplayable = tuple(c for c in run.calls if not self._add(c))

    def _add(self, call: Call) -> bool:
        if not is_playable(call):
            return False
        if call.request is not None and call.response is not None:
            self._equal[call.stage, verbatim(call.request)].append(call)
        return True

    @cached_property
    def _known(self) -> dict[Verbatim, Call]:
        """The calls that can be played by what was asked, in whatever stage."""
        calls = [call for call in self._calls if is_playable(call)]
        return {verbatim(c.request): c for c in calls if c.request is not None}

    @cached_property
    def _keys(self) -> dict[str, str]:
        """The key of each call that can be played, by its id."""
        keys = ((call.id, key_of_call(call, self._rules)) for call in self._calls)
        return {id_: key for id_, key in keys if key is not None}

    @cached_property
    def _keyed(self) -> dict[tuple[str, str], deque[Call]]:
        """The calls by stage and key; those played verbatim may still be among them."""
        keyed: dict[tuple[str, str], deque[Call]] = defaultdict(deque)
        for call in self._calls:
            if call.id in self._keys:
                keyed[call.stage, self._keys[call.id]].append(call)
        return keyed

    @cached_property
    def _recorded(self) -> Counter[tuple[str, str]]:
        stages = {call.id: call.stage for call in self._calls}
        return Counter((stages[id_], key) for id_, key in self._keys.items())

    def key_of(self, call: Call) -> str:
        """Give the key of a call of this index that can be played."""
        with self._lock:
            return self._keys[call.id]

    def verbatim(self, request: Request) -> tuple[str, Request] | None:
        """Give key and recorded request, where all that counts is byte for byte equal.

        The recorded request has no secrets, and so has one that equals it: it needs
        neither redaction nor a key of its own, which cost most of a replayed call.
        """
        with self._lock:
            call = self._known.get(verbatim(request))
        if call is None or call.request is None:
            return None
        return self.key_of(call), call.request

    def take_equal(self, stage: str, asked: Verbatim) -> Call | None:
        """Give the next call of `stage` that was asked just this, byte for byte.

        It counts as played. Equal requests have equal keys, so that what this gives is
        one of those that `take` could give.
        """
        with self._lock:
            return self._play(self._equal.get((stage, asked)))

    def take(self, stage: str, key: str) -> Call | None:
        """Give the next call of `stage` with this key and count it as played.

        `None` when there is none left: calls of other stages are never given.
        """
        with self._lock:
            return self._play(self._keyed.get((stage, key)))

    def _play(self, waiting: deque[Call] | None) -> Call | None:
        """Play the first call that was not found and played in the other way."""
        while waiting:
            call = waiting.popleft()
            if call.id not in self._played:
                self._played.add(call.id)
                return call
        return None

    def waits(self, stage: str, key: str) -> bool:
        """Whether a call of `stage` with this key is still to be played."""
        with self._lock:
            waiting = self._keyed.get((stage, key))
            while waiting and waiting[0].id in self._played:
                waiting.popleft()
            return bool(waiting)

    def take_next(self, stage: str, asked: Request | Invocation) -> Call | None:
        """Give the call of `stage` that is next in order, whatever it was asked.

        It has the same method and path, or the same function. Where several were made
        side by side, none of them is next: the one that reads most like what is asked
        is given. It counts as played.
        """
        with self._lock:
            waiting = self._next_of(stage, asked)
            text = self._text(asked, waiting[0].kind if waiting else "tool")
            nearest = self._nearest_of(text, waiting)
            if nearest is None:
                return None
            self._played.add(nearest[0].id)
            return nearest[0]

    def _next_of(self, stage: str, asked: Request | Invocation) -> list[Call]:
        gone = self._played | {call.id for call in self.unplayable}
        left = [
            call
            for call in self._calls
            if call.stage == stage and call.id not in gone and _asks_alike(call, asked)
        ]
        first: list[Call] = []
        for call in left[:_SIDE_BY_SIDE]:
            if any(self._run.happens_before(one.id, call.id) for one in first):
                break
            first.append(call)
        return first

    def recorded(self, stage: str, key: str) -> int:
        """Say how often the recording holds such a call in `stage`, played or not."""
        with self._lock:
            return self._recorded[stage, key]

    def stages_with(self, key: str) -> tuple[str, ...]:
        """Name the stages that hold a call with this key, to explain a miss."""
        with self._lock:
            return tuple(stage for stage, known in self._recorded if known == key)

    def unplayed(self) -> tuple[Call, ...]:
        """List the calls that could be played and were not, in recorded order."""
        with self._lock:
            gone = self._played | {call.id for call in self.unplayable}
            return tuple(call for call in self._calls if call.id not in gone)

    def nearest(
        self, stage: str, asked: Request | Invocation, kind: str = "tool"
    ) -> tuple[Call, float] | None:
        """Find the recorded call that reads most like what was asked.

        Args:
            stage: looked through first; other stages only where it has nothing near.
            asked: the request or function call that was missed.
            kind: of the function call.

        Returns the call and its distance: the share of words that differ, 0 to 1.
        `None` for a recording without calls of that sort.
        """
        text = self._text(asked, kind)
        same = [c for c in self._calls if _is_same_sort(c, asked)]
        here = self._nearest_of(text, [c for c in same if c.stage == stage])
        if here is not None and here[1] <= _NEAR:
            return here
        elsewhere = self._nearest_of(text, [c for c in same if c.stage != stage])
        found = [pair for pair in (here, elsewhere) if pair is not None]
        return min(found, key=lambda pair: pair[1], default=None)

    def _text(self, asked: Request | Invocation, kind: str) -> str:
        if isinstance(asked, Request):
            return canonical_request(asked, self._rules)
        return canonical_invocation(kind, asked.function, asked.arguments)

    def _nearest_of(self, text: str, calls: list[Call]) -> tuple[Call, float] | None:
        words = frozenset(_WORD.findall(text))
        shared = sorted(calls, key=lambda call: _overlap(words, self._words_of(call)))
        measured = [
            (distance(text, canonical_call(call, self._rules) or ""), call)
            for call in shared[-_CANDIDATES:]
        ]
        if not measured:
            return None
        order = {call.id: place for place, call in enumerate(calls)}
        best = min(
            measured, key=lambda m: (m[0], m[1].id in self._played, order[m[1].id])
        )
        return best[1], best[0]

    def _words_of(self, call: Call) -> frozenset[str]:
        if call.id not in self._words:
            text = canonical_call(call, self._rules) or ""
            self._words[call.id] = frozenset(_WORD.findall(text))
        return self._words[call.id]


def _is_same_sort(call: Call, asked: Request | Invocation) -> bool:
    if isinstance(asked, Request):
        return call.request is not None
    return call.invocation is not None


def _asks_alike(call: Call, asked: Request | Invocation) -> bool:
    """Whether the answer of `call` has the form that `asked` expects."""
    if isinstance(asked, Invocation):
        return (
            call.invocation is not None and call.invocation.function == asked.function
        )
    sent = call.request
    return sent is not None and (sent.method, sent.path) == (asked.method, asked.path)


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    return len(left & right) / (len(left | right) or 1)


def distance(left: str, right: str) -> float:
    """Give the share of words that differ between two texts, from 0 to 1."""
    if left == right:
        return 0.0
    a, b = _WORD.findall(left), _WORD.findall(right)
    head = _common(zip(a, b, strict=False))
    rest = zip(reversed(a[head:]), reversed(b[head:]), strict=False)
    tail = _common(rest)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(middle_a) + len(middle_b) > _LONGEST:
        return 1.0 - _overlap(frozenset(a), frozenset(b))
    matcher = difflib.SequenceMatcher(None, middle_a, middle_b, autojunk=False)
    same = head + tail + sum(block.size for block in matcher.get_matching_blocks())
    return 1.0 - 2.0 * same / (len(a) + len(b) or 1)


def _common(pairs: Iterable[tuple[str, str]]) -> int:
    count = 0
    for left, right in pairs:
        if left != right:
            break
        count += 1
    return count


def nearest(
    run: Run, stage: str, request: Request, rules: Matching = STRICT
) -> tuple[Call, float] | None:
    """Find the call of `run` that reads most like `request`; see `Index.nearest`."""
    return Index(run, rules).nearest(stage, request)
