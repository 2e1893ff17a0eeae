"""What a comparison of two workflows is told by: its bounds, worst first, and money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_agentflow.decomposition.bound import WORDS
from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report.document import GateEntry

NAMED = 3
"""So many comparisons that fail are named in a sentence."""

_VERDICTS = {word: verdict for verdict, word in WORDS.items()}
_FAILS = {
    Verdict.FAILED: "fails",
    Verdict.ERROR: "could not be made",
    Verdict.UNDETERMINED: "is inconclusive",
    Verdict.INAPPLICABLE: "had nothing to compare",
    Verdict.PASSED: "passes",
}
_LABELS = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "fail",
    Verdict.UNDETERMINED: "inconclusive",
    Verdict.INAPPLICABLE: "nothing to compare",
    Verdict.ERROR: "error",
}
_WORST_FIRST = (
    Verdict.ERROR,
    Verdict.FAILED,
    Verdict.UNDETERMINED,
    Verdict.INAPPLICABLE,
    Verdict.PASSED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLine:
    """One line of a comparison: a bound with its verdict, or a note without one."""

    name: str
    text: str
    verdict: Verdict | None = None


def gate_lines(gate: GateEntry) -> list[GateLine]:
    """Take the sentences of a comparison apart: ``cost: PASS: $0.28 is 21% of ...``."""
    return list(map(_line, gate.sentences))


def _line(sentence: str) -> GateLine:
    name, _, rest = sentence.partition(": ")
    word, _, text = rest.partition(": ")
    if word in _VERDICTS:
        return GateLine(name=name, text=text, verdict=_VERDICTS[word])
    return GateLine(name=name if rest else "", text=rest or sentence)


def gate_label(verdict: Verdict) -> str:
    """Name the verdict of a comparison; an open one is no question to a person."""
    return _LABELS[verdict]


def worst_first(gates: Sequence[GateEntry]) -> list[GateEntry]:
    """Order comparisons: what fails, then what was let pass, then what passes."""
    return sorted(gates, key=lambda g: (g.ok, _WORST_FIRST.index(g.verdict)))


def gate_sentences(gates: Sequence[GateEntry]) -> Iterator[str]:
    """Say which comparisons fail, and by which bound."""
    bad = [gate for gate in worst_first(gates) if not gate.ok]
    if len(gates) == 1:
        by = f": {_by(gates[0])}" if bad and _by(gates[0]) else ""
        yield f"The comparison {gates[0].title} {_FAILS[gates[0].verdict]}{by}."
    elif gates and not bad:
        is_open = [gate for gate in gates if gate.verdict is Verdict.UNDETERMINED]
        verb = "is" if len(is_open) == 1 else "are"
        undecided = f"{len(is_open)} of {len(gates)} comparisons {verb} undecided"
        told = f"{undecided}, and optional" if is_open else ""
        yield f"{told or f'All {len(gates)} comparisons pass'}."
    elif bad:
        verb = "fails" if len(bad) == 1 else "fail"
        named = [f"{g.title} ({_by(g) or gate_label(g.verdict)})" for g in bad[:NAMED]]
        named += [f"{len(bad) - NAMED} more"] if len(bad) > NAMED else []
        yield f"{len(bad)} of {len(gates)} comparisons {verb}: {'; '.join(named)}."


def _by(gate: GateEntry) -> str:
    """Name the bounds that are not kept, an open one as such."""
    bad = [(one.name, one.verdict) for one in gate_lines(gate) if one.verdict]
    told = [
        name if verdict is Verdict.FAILED else f"{name} {_LABELS[verdict]}"
        for name, verdict in bad
        if verdict is not Verdict.PASSED
    ]
    return ", ".join(told)
