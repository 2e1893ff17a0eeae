"""What grounding.score() finds of planted and real inventions, and how often it errs.

    python benchmarks/hallucination.py DATA [--json] [--findings OUT] [--only PART...]

DATA is a folder or an archive that holds labelled sets as JSON Lines (also ``.xz`` or
``.gz``); files are recognised by what their rows hold, not by the name of a split:

* ``{source_id, question, source}`` are sources, to which the others refer;
* ``{sentence, mode, was, now, source_id}`` are seeded edits: a value swapped, or one of
  its digits changed, must be found; another notation, or no edit, must stay quiet;
* ``{response, label}`` with ``source`` or ``source_id`` are answers; label 1 says that
  the answer holds something that its source does not, null leaves the row out; with
  ``spans`` sentences are measured too (a sentence is at fault when it shares three
  characters with a span).

An answer is flagged when a finding is hard. Peers in the same run: ROUGE-L precision,
BM25, bigram novelty, and a matcher that flags every number, e-mail and web address that
does not stand letter by letter in the source.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentflow_checks.grounding import Score, score
from agentflow_checks.grounding.baselines import (
    Reference,
    bigram_novelty,
    bm25,
    misses_letter_by_letter,
    reference,
    rouge_l,
)
from agentflow_checks.grounding.sources import Document, index
from data_set import opened, table

Row = dict[str, Any]
Scored = list[tuple[float, int]]
_OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}
_PEERS: dict[str, Callable[[Reference, str], float]] = {
    "ROUGE-L": rouge_l,
    "BM25": bm25,
    "bigram novelty": bigram_novelty,
}
_MATCHER = "letter by letter"
_OURS = "ours"
#: A sentence is at fault when it shares so many characters with a marked span.
_SHARED = 3
_MEGABYTE = 1_000_000
_IMPORT = (
    "import time; begin = time.process_time(); import agentflow_checks.grounding as g; "
    "g.score; import sys; print(time.process_time() - begin, 'numpy' in sys.modules)"
)


@dataclass(slots=True)
class Set:
    """What was counted on one labelled set."""

    answers: list[tuple[bool, int]] = field(default_factory=list)
    matched: list[tuple[bool, int]] = field(default_factory=list)
    by_type: dict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    verdicts: Counter[tuple[str, int]] = field(default_factory=Counter)
    responses: dict[str, Scored] = field(default_factory=lambda: defaultdict(list))
    sentences: dict[str, Scored] = field(default_factory=lambda: defaultdict(list))
    seconds: float = 0.0
    claims: int = 0
    characters: int = 0


def main(arguments: list[str] | None = None) -> int:
    """Measure every set below DATA and print tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder or archive of labelled sets")
    parser.add_argument("--json", action="store_true", help="one last line of JSON")
    parser.add_argument("--findings", type=Path, help="write every finding as JSONL")
    parts = ("seeded", "answers", "speed")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    options = parser.parse_args(arguments)
    with opened(options.data) as folder:
        files = {path.name: list(_rows(path)) for path in _paths(folder)}
    findings: list[Row] = []
    figures = _figures(files, options.only, findings)
    if not any(figures.get(part) for part in options.only):
        print(f"no labelled set found below {options.data}", file=sys.stderr)
        return 2
    _print(figures)
    if options.findings:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in findings)
        options.findings.write_text("".join(lines), "utf-8")
    if options.json:
        print(json.dumps(figures))
    return 0


def _figures(
    files: dict[str, list[Row]], only: Iterable[str], findings: list[Row]
) -> Row:
    known = {
        row["source_id"]: row
        for rows in files.values()
        for row in rows
        if "source" in row and "source_id" in row and "response" not in row
    }
    figures: Row = {}
    if "seeded" in only:
        seeded = [r for rows in files.values() for r in rows if "mode" in r]
        figures["seeded"] = _seeded(seeded, known, findings)
    if "answers" in only:
        figures["answers"] = _answers(files, known, findings)
    if "speed" in only:
        texts = [row["source"] for row in known.values()]
        texts += [r["source"] for f in files.values() for r in f if "source" in r]
        figures["speed"] = _speed(texts)
    return figures


def _paths(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.jsonl*") if path.is_file())


def _rows(path: Path) -> Iterator[Row]:
    with _OPENERS.get(path.suffix, open)(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if isinstance(row, dict):
                yield row


# Seeded edits


def _seeded(rows: Iterable[Row], known: dict[str, Row], findings: list[Row]) -> Row:
    counted: dict[str, dict[str, Counter[str]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for row in rows:
        given = known.get(row["source_id"])
        if given is None:
            continue
        outcome = _outcome(row, _score(row["sentence"], given))
        mode = "edit" if row["label"] else row["mode"]
        counted[row["type"]][mode][outcome] += 1
        if (outcome == "certain") != bool(row["label"]):
            findings.append({**row, "set": "seeded", "got": outcome})
    return {kind: _of_type(modes) for kind, modes in sorted(counted.items())}


def _of_type(modes: dict[str, Counter[str]]) -> Row:
    edits = modes["edit"]
    figures: Row = {"edits": edits.total(), "found": edits["certain"]}
    figures["found_or_elsewhere"] = edits["certain"] + edits["elsewhere"]
    figures["share"] = _share(edits["certain"], edits.total())
    for mode in ("none", "reformat"):
        figures[mode] = modes[mode].total()
        figures[f"{mode}_alarms"] = modes[mode]["certain"]
    return figures


def _outcome(row: Row, found: Score) -> str:
    """Say what became of an edited value: certain, elsewhere, or quiet.

    Edits are looked at where they stand; for untouched sentences every value counts.
    """
    touched = [
        f for f in found.findings if not row["label"] or _touches(row, f.start, f.end)
    ]
    if any(f.hard for f in touched):
        return "certain"
    return "elsewhere" if touched else "quiet"


def _touches(row: Row, start: int, end: int) -> bool:
    sentence, now = row["sentence"], row["now"]
    at = sentence.find(now)
    while at >= 0:
        if at < end and start < at + len(now):
            return True
        at = sentence.find(now, at + 1)
    return False


# Labelled answers


def _answers(
    files: dict[str, list[Row]], known: dict[str, Row], findings: list[Row]
) -> Row:
    sets: dict[str, Set] = defaultdict(Set)
    references: dict[str, Reference] = {}
    for name, rows in files.items():
        for row in rows:
            given = row if "source" in row else known.get(row.get("source_id", ""))
            if "response" not in row or row.get("label") is None or given is None:
                continue
            text = given["source"]
            if text not in references:
                references[text] = reference(text)
            one = sets[str(row.get("task") or name.partition(".")[0])]
            _count(one, row, given, references[text], findings)
    return {name: _of_set(one) for name, one in sorted(sets.items())}


def _count(
    one: Set, row: Row, given: Row, source: Reference, findings: list[Row]
) -> None:
    begin = time.process_time()
    found = _score(row["response"], given)
    one.seconds += time.process_time() - begin
    one.claims += len(found.claims)
    one.characters += len(found.claims) * len(given["source"])
    label = int(row["label"])
    hard = [f for f in found.findings if f.hard]
    one.answers.append((bool(hard), label))
    texts = (given["source"], given.get("question") or "")
    missed = misses_letter_by_letter(row["response"], *texts)
    one.matched.append((missed, label))
    for finding in hard:
        one.by_type[finding.type][label] += 1
        findings.append(_finding(row, finding))
    _score_sentences(one, row, found, source)


def _score_sentences(one: Set, row: Row, found: Score, source: Reference) -> None:
    label = int(row["label"])
    one.responses[_OURS].append((found.value, label))
    worst = dict.fromkeys(_PEERS, 0.0)
    for claim in found.claims:
        fault = _is_fault(row, claim.start, claim.end)
        one.verdicts[claim.verdict, fault] += 1
        one.sentences[_OURS].append((claim.score, fault))
        for name, peer in _PEERS.items():
            given = peer(source, claim.text)
            one.sentences[name].append((given, fault))
            worst[name] = max(worst[name], given)
    for name, value in worst.items():
        one.responses[name].append((value, label))


def _is_fault(row: Row, start: int, end: int) -> int:
    """Give 1 for a sentence at fault, 0 for a good one; -1 where only answers are."""
    if "spans" not in row:
        return -1
    spans = ((span["start"], span["end"]) for span in row["spans"])
    return int(any(min(end, b) - max(start, a) >= _SHARED for a, b in spans))


def _finding(row: Row, finding: Any) -> Row:
    return {
        "id": row.get("id"),
        "set": row.get("task"),
        "label": row["label"],
        "type": finding.type,
        "value": finding.text,
        "normal": finding.normal,
        "status": finding.status,
        "span": [finding.start, finding.end],
        "nearest": finding.nearest.text if finding.nearest else None,
        "around": row["response"][max(0, finding.start - 160) : finding.end + 60],
    }


def _of_set(one: Set) -> Row:
    with_spans = any(fault >= 0 for _, fault in one.verdicts)
    figures: Row = {
        "answers": len(one.answers),
        "with_fault": sum(label for _, label in one.answers),
        "hard": _precision(one.answers),
        _MATCHER: _precision(one.matched),
        "by_type": {
            kind: {"right": counts[1], "wrong": counts[0]}
            for kind, counts in sorted(one.by_type.items())
        },
        "response_auroc": {n: auroc(pairs) for n, pairs in one.responses.items()},
        "claims": one.claims,
        "ms_per_claim": round(1000 * one.seconds / max(one.claims, 1), 3),
        "source_characters": round(one.characters / max(one.claims, 1)),
    }
    if with_spans:
        figures["sentence_auroc"] = {n: auroc(p) for n, p in one.sentences.items()}
        figures["verdicts"] = _verdicts(one.verdicts)
    return figures


def _precision(answers: Sequence[tuple[bool, int]]) -> Row:
    counted = Counter((flagged, bool(label)) for flagged, label in answers)
    right, wrong = counted[True, True], counted[True, False]
    return {
        "flagged": right + wrong,
        "precision": _share(right, right + wrong),
        "recall": _share(right, right + counted[False, True]),
        "alarms": _share(wrong, wrong + counted[False, False]),
    }


def _verdicts(counted: Counter[tuple[str, int]]) -> Row:
    """Give per verdict its share of all sentences, and how many of it are good."""
    total = counted.total()
    verdicts = sorted({verdict for verdict, _ in counted})
    return {
        verdict: {
            "share": _share(counted[verdict, 0] + counted[verdict, 1], total),
            "good": _share(
                counted[verdict, 0], counted[verdict, 0] + counted[verdict, 1]
            ),
        }
        for verdict in verdicts
    }


def auroc(pairs: Scored) -> float | None:
    """Give the area under the ROC curve: the share of pairs in the right order.

    Draws count half (Mann and Whitney 1947). None where one class is missing.
    """
    ordered = sorted(pairs)
    positives = sum(label for _, label in ordered)
    negatives = len(ordered) - positives
    if not positives or not negatives:
        return None
    below, wins, at = 0, 0.0, 0
    while at < len(ordered):
        same = at
        while same < len(ordered) and ordered[same][0] == ordered[at][0]:
            same += 1
        bad = sum(label for _, label in ordered[at:same])
        good = same - at - bad
        wins += bad * (below + good / 2)
        below += good
        at = same
    return round(wins / (positives * negatives), 4)


# Speed


def _speed(texts: Sequence[str]) -> Row:
    """Time the index of a megabyte, of half of it, and the import: CPU seconds."""
    joined = "\n".join(texts)
    whole = (joined * (_MEGABYTE // max(len(joined), 1) + 1))[:_MEGABYTE]
    half = min(_index_seconds(whole[: _MEGABYTE // 2]) for _ in range(3))
    full = min(_index_seconds(whole) for _ in range(3))
    imports = [_import_seconds() for _ in range(5)]
    return {
        "index_1_mb_s": round(full, 3),
        "index_1_mb_over_half": round(full / half, 2) if half else None,
        "import_ms": round(1000 * min(imports), 1),
    }


def _index_seconds(text: str) -> float:
    begin = time.process_time()
    index([Document(id="source", text=text)])
    return time.process_time() - begin


def _import_seconds() -> float:
    command = [sys.executable, "-c", _IMPORT]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, numpy = done.stdout.split()
    if numpy == "True":
        message = "the import of the check brought numpy"
        raise RuntimeError(message)
    return float(seconds)


def _score(output: str, given: Row) -> Score:
    return score(output, given["source"], given.get("question") or None)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


# Tables


def _print(figures: Row) -> None:
    if figures.get("seeded"):
        print(_seeded_table(figures["seeded"]))
    for name, one in figures.get("answers", {}).items():
        _print_set(name, one)
    for name, value in figures.get("speed", {}).items():
        print(f"{name:26}{value}")


def _seeded_table(seeded: Row) -> str:
    head = ("seeded edits", "edits", "found", "+ elsewhere", "share", "untouched",
            "alarms", "reformatted", "alarms")  # fmt: skip
    rows: list[tuple[object, ...]] = [
        (kind, one["edits"], one["found"], one["found_or_elsewhere"], one["share"],
         one["none"], one["none_alarms"], one["reformat"], one["reformat_alarms"])
        for kind, one in seeded.items()
    ]  # fmt: skip
    return table(head, rows)


def _print_set(name: str, one: Row) -> None:
    print(f"\n{name}: {one['answers']} answers, {one['with_fault']} with a fault")
    keys = ("flagged", "precision", "recall", "alarms")
    rows: list[tuple[object, ...]] = [
        (who, *(one[who][key] for key in keys)) for who in ("hard", _MATCHER)
    ]
    print(table(("values", *keys), rows))
    levels = [k for k in ("response_auroc", "sentence_auroc") if k in one]
    scores = [(who, *(one[level][who] for level in levels)) for who in (_OURS, *_PEERS)]
    print(table(("score", *levels), scores))
    types = [(kind, n["right"], n["wrong"]) for kind, n in one["by_type"].items()]
    print(table(("hard findings", "right", "wrong"), types))
    if "verdicts" in one:
        verdicts = [(v, n["share"], n["good"]) for v, n in one["verdicts"].items()]
        print(table(("verdict", "share", "good"), verdicts))
    print(f"{one['ms_per_claim']} ms a claim at {one['source_characters']} characters")


if __name__ == "__main__":
    sys.exit(main())
