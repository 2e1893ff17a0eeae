"""How many invented values the hallucination check finds, and how often it cries wolf.

    python benchmarks/grounding_atoms.py DATA [--json] [--findings OUT]

DATA is a folder or an archive that holds labelled sets as JSON Lines (also ``.xz`` or
``.gz``); files are recognised by what their rows hold, not by the name of a split:

* ``{source_id, question, source}`` are sources, to which the others refer;
* ``{sentence, mode, was, now, source_id}`` are seeded edits: a value swapped, or one of
  its digits changed, must be found; another notation, or no edit, must stay quiet;
* ``{response, label}`` with ``source`` or ``source_id`` are answers; label 1 says that
  the answer holds something that its source does not, null leaves the row out.

An answer counts as flagged when one of its hard values (``unsupported`` or
``contradicted``) would fail a test. The peer measured in the same run flags every
number, e-mail and web address that does not stand letter by letter in the source.
"""

from __future__ import annotations

import argparse
import gzip
import json
import lzma
import re
import sys
import tarfile
import tempfile
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agentflow_checks.grounding.claims import claims_of
from agentflow_checks.grounding.kinds import is_hard
from agentflow_checks.grounding.sources import Document, Index, index
from agentflow_checks.grounding.verdict import Judged, judge_claims

Row = dict[str, Any]
_OPENERS: dict[str, Callable[..., Any]] = {".xz": lzma.open, ".gz": gzip.open}
_VALUES = re.compile(
    r"[\w.+-]+@[\w-]+\.[\w.]+|https?://\S+|www\.\S+|[$€£]?[0-9][0-9.,:/]*[0-9]|[0-9]"
)


@dataclass(slots=True)
class Tally:
    """Answers of one set by label and by whether they were flagged."""

    true_alarms: int = 0
    false_alarms: int = 0
    missed: int = 0
    quiet: int = 0
    claims: int = 0
    seconds: float = 0.0
    by_type: dict[str, Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    verdicts: Counter[str] = field(default_factory=Counter)

    def add(self, *, flagged: bool, label: int) -> None:
        """Count one answer."""
        if label:
            self.true_alarms += flagged
            self.missed += not flagged
        else:
            self.false_alarms += flagged
            self.quiet += not flagged

    def figures(self) -> dict[str, Any]:
        """Give precision, recall and false alarms, None where nothing was there."""
        flagged = self.true_alarms + self.false_alarms
        bad, good = self.true_alarms + self.missed, self.false_alarms + self.quiet
        return {
            "answers": bad + good,
            "with_fault": bad,
            "flagged": flagged,
            "precision": _share(self.true_alarms, flagged),
            "recall": _share(self.true_alarms, bad),
            "false_alarms": _share(self.false_alarms, good),
        }


def main(arguments: list[str] | None = None) -> int:
    """Measure every set below DATA and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path, help="folder or archive of labelled sets")
    parser.add_argument("--json", action="store_true", help="one last line of JSON")
    parser.add_argument("--findings", type=Path, help="write every finding as JSONL")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        files = _read(_folder(options.data, Path(scratch)))
    sources = _sources(files)
    figures: dict[str, Any] = {"seeded": {}, "answers": {}, "peer": {}, "speed": {}}
    findings: list[Row] = []
    known = _Indexes(sources)
    for name, rows in sorted(files.items()):
        if rows and "mode" in rows[0] and "sentence" in rows[0]:
            figures["seeded"][name] = _seeded(rows, known, findings)
        elif rows and "response" in rows[0]:
            _answers(rows, known, figures, findings)
    if not figures["seeded"] and not figures["answers"]:
        print(f"no labelled set found below {options.data}", file=sys.stderr)
        return 2
    _print(figures)
    if options.findings:
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in findings)
        options.findings.write_text("".join(lines), "utf-8")
    if options.json:
        print(json.dumps(figures))
    return 0


def _folder(data: Path, scratch: Path) -> Path:
    if tarfile.is_tarfile(data) if data.is_file() else False:
        with tarfile.open(data) as archive:
            archive.extractall(scratch, filter="data")
        return scratch
    if data.is_file() and zipfile.is_zipfile(data):
        with zipfile.ZipFile(data) as archive:
            archive.extractall(scratch)  # noqa: S202 - members stay below the folder
        return scratch
    return data


def _read(folder: Path) -> dict[str, list[Row]]:
    paths = [folder] if folder.is_file() else sorted(folder.rglob("*.jsonl*"))
    return {path.name: list(_rows(path)) for path in paths}


def _rows(path: Path) -> Iterator[Row]:
    opener = _OPENERS.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not isinstance(row, dict):
                return
            yield row


def _sources(files: dict[str, list[Row]]) -> dict[str, Row]:
    return {
        row["source_id"]: row
        for rows in files.values()
        for row in rows
        if "source" in row and "source_id" in row and "response" not in row
    }


class _Indexes:
    """Sources of the sets, indexed when first needed, with the time it took."""

    def __init__(self, sources: dict[str, Row]) -> None:
        self._sources = sources
        self._made: dict[str, Index] = {}
        self.seconds = 0.0
        self.characters = 0

    def of(self, row: Row) -> Index | None:
        """Index what a row is held against: its source, and the question as prompt."""
        given = row if "source" in row else self._sources.get(row.get("source_id", ""))
        if given is None:
            return None
        key = given["source"] + "\0" + (given.get("question") or "")
        if key not in self._made:
            begin = time.process_time()
            documents = [Document(id="source", text=given["source"])]
            if given.get("question"):
                question = Document(
                    id="question", text=given["question"], kind="prompt"
                )
                documents.append(question)
            self._made[key] = index(documents)
            self.seconds += time.process_time() - begin
            self.characters += len(key)
        return self._made[key]


def _answers(
    rows: Iterable[Row], known: _Indexes, figures: dict[str, Any], findings: list[Row]
) -> None:
    ours: dict[str, Tally] = defaultdict(Tally)
    peer: dict[str, Tally] = defaultdict(Tally)
    for row in rows:
        source = known.of(row)
        if row.get("label") is None or source is None:
            continue
        name = str(row.get("task", "answers"))
        begin = time.process_time()
        judged = judge_claims(claims_of(row["response"]), source)
        ours[name].seconds += time.process_time() - begin
        _count(ours[name], row, judged, findings)
        peer[name].add(flagged=_verbatim_misses(row, source), label=row["label"])
    for name, tally in ours.items():
        figures["answers"][name] = {
            **tally.figures(),
            "by_type": {
                kind: {"right": counts[1], "wrong": counts[0]}
                for kind, counts in sorted(tally.by_type.items())
            },
            "verdicts": dict(tally.verdicts),
        }
        figures["peer"][name] = peer[name].figures()
        figures["speed"][name] = {
            "claims": tally.claims,
            "ms_per_claim": round(1000 * tally.seconds / max(tally.claims, 1), 3),
        }
    figures["speed"]["index_ms_per_1000_characters"] = round(
        1e6 * known.seconds / max(known.characters, 1), 3
    )


def _count(
    tally: Tally, row: Row, judged: Iterable[Judged], findings: list[Row]
) -> None:
    missing = []
    for one in judged:
        tally.claims += 1
        tally.verdicts[one.verdict] += 1
        missing += [(one, evidence) for evidence in one.missing]
    tally.add(flagged=bool(missing), label=row["label"])
    for one, evidence in missing:
        tally.by_type[evidence.atom.type][row["label"]] += 1
        offset = one.claim.span[0] if one.claim.span else 0
        findings.append(
            {
                "id": row["id"],
                "label": row["label"],
                "type": evidence.atom.type,
                "value": evidence.atom.text,
                "normal": evidence.atom.normal,
                "status": evidence.status,
                "span": [offset + evidence.atom.start, offset + evidence.atom.end],
                "claim": one.claim.text,
            }
        )


def _verbatim_misses(row: Row, source: Index) -> bool:
    texts = " ".join(document.text for document in source.documents)
    return any(value not in texts for value in _VALUES.findall(row["response"]))


def _seeded(rows: Iterable[Row], known: _Indexes, findings: list[Row]) -> Row:
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        source = known.of(row)
        if source is None:
            continue
        judged = judge_claims(claims_of(row["sentence"]), source)
        outcome = _outcome(row, judged)
        counted[f"{row['type']} {row['mode']}"][outcome] += 1
        counted[f"{row['type']} {row['mode']}"]["all"] += 1
        if (outcome == "certain") != bool(row["label"]):
            findings.append({"id": row["id"], "label": row["label"], "got": outcome})
    return {key: dict(counts) for key, counts in sorted(counted.items())}


def _outcome(row: Row, judged: Iterable[Judged]) -> str:
    """Say what became of the edited value: certain, elsewhere, or quiet.

    Edits are looked at where they stand; for untouched sentences every value counts.
    """
    statuses = set()
    for one in judged:
        offset = one.claim.span[0] if one.claim.span else 0
        for evidence in one.evidence:
            start, end = offset + evidence.atom.start, offset + evidence.atom.end
            if not row["label"] or _touches(row, start, end):
                if is_hard(evidence.atom) or evidence.status == "contradicted":
                    statuses.add(evidence.status)
                elif row["label"]:
                    statuses.add("soft" if evidence.status == "unsupported" else "")
    if statuses & {"unsupported", "contradicted"}:
        return "certain"
    return "elsewhere" if statuses & {"elsewhere", "soft"} else "quiet"


def _touches(row: Row, start: int, end: int) -> bool:
    sentence, now = row["sentence"], row["now"]
    at = sentence.find(now)
    while at >= 0:
        if at < end and start < at + len(now):
            return True
        at = sentence.find(now, at + 1)
    return False


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _print(figures: dict[str, Any]) -> None:
    for name, modes in figures["seeded"].items():
        print(f"{name}\n  {'type, edit':22}{'all':>6}{'certain':>9}{'elsewhere':>11}")
        for key, counts in modes.items():
            certain, elsewhere = counts.get("certain", 0), counts.get("elsewhere", 0)
            print(f"  {key:22}{counts['all']:>6}{certain:>9}{elsewhere:>11}")
    if figures["answers"]:
        print(f"\n{'set':24}{'n':>6}{'P':>8}{'R':>8}{'alarms':>8}   letter by letter")
    for name, ours in figures["answers"].items():
        peer = figures["peer"][name]
        print(f"{name:24}{ours['answers']:>6}{_three(ours)}   {_three(peer)}")
        for kind, counts in ours["by_type"].items():
            print(f"    {kind:20}{counts['right']:>6} right{counts['wrong']:>5} wrong")
    for name, speed in figures["speed"].items():
        print(f"{name}: {speed}")


def _three(figures: Row) -> str:
    shares = (figures[key] for key in ("precision", "recall", "false_alarms"))
    return "".join(f"{'-' if s is None else format(s, '.3f'):>8}" for s in shares)


if __name__ == "__main__":
    sys.exit(main())
