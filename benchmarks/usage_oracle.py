"""Is the usage of recorded traffic read as its owners expect, and wherever it stands?

Each file of CASSETTES (folders, tar and zip archives) goes through `agentflow import`
into a recording of its own, which `af.load` reads. Beside it, on the same calls,
genai-prices alone, as one would use it without us: it takes one JSON object, so that it
is given each plain JSON answer with the URL, and streams are out of its reach. Figures:

1. expected: of the usages in EXPECTED.json (file -> list of usages in call order), how
   many stand in the right order in what was read of that file. Its owners have no "not
   reported": where an answer brings no usage they expect zeros, so that for this figure
   alone absent counts as 0. Expectations that are all zero are also counted apart.
   Bar: 98 %.
2. carried: of the answers (2xx) that carry a model, an input and an output count at
   all, how many give all three. Whether one does is told by its bytes, by a search for
   the providers' keys which shares no code with the readers. Bar: 97 %.
3. crashes: files at which import or load ended otherwise than with a run or a refusal
   that names its reason. Bar: 0.

    python benchmarks/usage_oracle.py CASSETTES... [EXPECTED.json] [--json]
        [--findings OUT]

Status 0: all bars are met; 1: not; 2: there was nothing to measure.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genai_prices import extract_usage
from traffic.archives import ARCHIVES, unpack
from traffic.carried import carries

import pytest_agentflow as af
from pytest_agentflow.cli import import_

KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")

BARS = {"expected": 0.98, "carried": 0.97}

Values = tuple[int, int, int, int]

#: Flavours that genai-prices is asked for, by what follows in the path.
FLAVOURS = (
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
    ("/images/", "images"),
    ("/embeddings", "embeddings"),
    ("/embed", "embeddings"),
    ("/messages", "anthropic"),
    (":rawPredict", "anthropic"),
    ("/invoke", "anthropic"),
    ("/v2/chat", "tokens"),
)


@dataclass(slots=True, kw_only=True)
class Sample:
    """One call of a recording, and what was read of it."""

    file: str
    call: af.Call
    ours: Values | None
    theirs: Values | None
    carries: bool
    """Whether its bytes carry a model, an input and an output count."""

    @property
    def whole(self) -> bool:
        """Whether all three were read."""
        used = self.call.usage
        return bool(
            self.call.model
            and used
            and used.input_tokens is not None
            and used.output_tokens is not None
        )


@dataclass(slots=True, kw_only=True)
class Corpus:
    """All that was imported, and what was not."""

    samples: list[Sample] = field(default_factory=list)
    files: int = 0
    refused: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)


def unpacked(data: Path, room: Path) -> Path:
    """Give a folder with the files of `data`, archives inside of it unpacked."""
    archives = [data] if data.is_file() else []
    if data.is_dir():
        archives = [p for p in sorted(data.iterdir()) if p.name.endswith(ARCHIVES)]
    for archive in archives:
        target = room / archive.name.partition(".tar")[0]
        unpack(archive, target)
    return room if archives else data


def files_in(folder: Path) -> Iterator[Path]:
    """Give what `agentflow import` would look at."""
    for path in sorted(folder.rglob("*")):
        fits = path.is_file() and path.name.lower().endswith(import_.ENDINGS)
        if fits and not path.name.endswith("expected-usage.json"):
            yield path


def add_file(corpus: Corpus, file: Path, name: str, room: Path) -> None:
    """Import one file, load its recordings, and read their calls."""
    target, told = room / f"{corpus.files}", io.StringIO()
    corpus.files += 1
    try:
        with (
            contextlib.redirect_stderr(told),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            import_.main(["--to", str(target), str(file)])
        runs = [af.load(path) for path in sorted(target.rglob("*.flow.json"))]
    except (Exception, SystemExit) as error:  # noqa: BLE001 - all are counted
        corpus.crashes.append(f"{name}: {type(error).__name__}: {error}")
        return
    if not runs:
        corpus.refused.append(f"{name}: {' '.join(told.getvalue().split())[-200:]}")
    for run in runs:
        corpus.samples += [sample_of(name, call) for call in run.calls]


def sample_of(file: str, call: af.Call) -> Sample:
    """Say what was read of a call, by us and by genai-prices."""
    used = call.usage
    return Sample(
        file=file,
        call=call,
        ours=values_of({k: getattr(used, k) for k in KINDS}) if used else None,
        theirs=theirs(call),
        carries=carries(call),
    )


def values_of(usage: Mapping[str, Any]) -> Values:
    """Give the four counts of a usage; what is not reported counts as 0 here."""
    first, second, third, fourth = (usage.get(kind) or 0 for kind in KINDS)
    return first, second, third, fourth


def theirs(call: af.Call) -> Values | None:
    """Give what genai-prices reads of the answer by itself."""
    asked, said = call.request, call.response
    if asked is None or said is None:
        return None
    if said.status >= 400:
        return (0, 0, 0, 0)
    try:
        body = json.loads(said.body)
    except ValueError:
        return None
    url = f"{asked.scheme}://{asked.host}{asked.path}"
    wanted = [flavour for part, flavour in FLAVOURS if part in asked.path]
    for flavour in (*wanted, "default"):
        try:
            found = extract_usage(body, provider_api_url=url, api_flavor=flavour)
        except (LookupError, ValueError, AttributeError, TypeError):
            continue
        return values_of({kind: getattr(found.usage, kind) for kind in KINDS})
    return None


def in_order(expected: Sequence[Values], read: Sequence[Values]) -> int:
    """Count the expected values that are found in order (longest common sequence)."""
    row = [0] * (len(read) + 1)
    for want in expected:
        before = row[:]
        for place, found in enumerate(read, 1):
            hit = before[place - 1] + (want == found)
            row[place] = max(before[place], row[place - 1], hit)
    return row[-1]


def judge_expected(
    corpus: Corpus, expected: Mapping[str, list[Values]], found: list[str]
) -> dict[str, int]:
    """Hold what was read of each file against its owners' expectations."""
    by_file: dict[str, list[Sample]] = {}
    for sample in corpus.samples:
        if sample.call.is_model_call:
            by_file.setdefault(sample.file, []).append(sample)
    counts: Counter[str] = Counter()
    for key, wanted in expected.items():
        names = [n for n in by_file if n == key or n.endswith("/" + key)]
        samples = [sample for name in names for sample in by_file[name]]
        ours = [s.ours or (0, 0, 0, 0) for s in samples]
        good = in_order(wanted, ours)
        counts["expected_values"] += len(wanted)
        counts["expected_ours"] += good
        peer = in_order(wanted, [s.theirs or (0, 0, 0, 0) for s in samples])
        counts["expected_genai_prices"] += peer
        counts["files_genai_prices_reads_better"] += peer > good
        told = [want for want in wanted if any(want)]
        counts["expected_values_not_zero"] += len(told)
        counts["expected_ours_not_zero"] += in_order(told, ours)
        if good < len(wanted):
            found.append(f"{key}: expected {wanted}, read {[s.ours for s in samples]}")
    return dict(counts)


def judge_carried(corpus: Corpus, found: list[str]) -> dict[str, Any]:
    """Count what was read of the answers that carry model, input and output."""
    carrying = [s for s in corpus.samples if s.carries]
    found += [
        f"{s.file}: {s.call.id} {s.call.api}: carried, read {s.call.model} {s.ours}"
        for s in carrying
        if not s.whole
    ]
    both = [s for s in carrying if s.ours is not None and s.theirs is not None]
    found += [
        f"{s.file}: {s.call.id} {s.call.api} read {s.ours}, genai-prices {s.theirs}"
        for s in both
        if s.ours != s.theirs
    ]
    by_api: dict[str, dict[str, int]] = {}
    for sample in carrying:
        row = by_api.setdefault(sample.call.api or "not known", Counter())
        row["carried"] += 1
        row["ours"] += sample.whole
        row["genai_prices"] += sample.theirs is not None
    return {
        "carried": len(carrying),
        "carried_ours": sum(s.whole for s in carrying),
        "carried_genai_prices": sum(s.theirs is not None for s in carrying),
        "both": len(both),
        "agree": sum(s.ours == s.theirs for s in both),
        "by_api": {api: dict(by_api[api]) for api in sorted(by_api)},
    }


def expectations(paths: Sequence[Path]) -> dict[str, list[Values]]:
    """Read files of expected usage: file of the traffic -> usages in call order."""
    return {
        file: [values_of(usage) for usage in usages]
        for path in paths
        for file, usages in json.loads(path.read_bytes()).items()
    }


def measure(
    data: Sequence[Path], expected: Mapping[str, list[Values]]
) -> tuple[dict[str, Any], list[str]]:
    """Import and load everything, and work out the figures."""
    corpus, found, began = Corpus(), list[str](), time.perf_counter()
    with tempfile.TemporaryDirectory() as room:
        for number, one in enumerate(data):
            folder = unpacked(one, Path(room) / f"data{number}")
            for file in files_in(folder):
                name = file.relative_to(folder).as_posix()
                add_file(corpus, file, name, Path(room) / f"recordings{number}")
    silent = [s for s in corpus.samples if s.call.is_model_call and s.ours is None]
    unsaid = [s for s in silent if not any("usage" in m for m in s.call.missing)]
    result: dict[str, Any] = {
        "files": corpus.files,
        "refused": len(corpus.refused),
        "crashes": len(corpus.crashes),
        "calls": len(corpus.samples),
        "model_calls": sum(s.call.is_model_call for s in corpus.samples),
        **judge_expected(corpus, expected, found),
        **judge_carried(corpus, found),
        "without_usage": len(silent),
        "without_usage_and_reason": len(unsaid),
        "seconds": round(time.perf_counter() - began, 1),
    }
    found += [f"crash: {line}" for line in corpus.crashes]
    found += [f"not imported: {line}" for line in corpus.refused]
    found += [f"no usage, no reason: {s.file}: {s.call.id}" for s in unsaid]
    return result, found


def show(result: Mapping[str, Any]) -> None:
    """Print the figures as a table, each with its denominator."""
    print(
        f"{result['files']} files, {result['refused']} refused with a reason, "
        f"{result['crashes']} crashes; {result['model_calls']} model calls"
    )
    print(f"{'':52}{'ours':>8}{'genai-prices alone':>20}")
    rows = []
    if result.get("expected_values"):
        label = f"expected usages read exactly, of {result['expected_values']}"
        rows.append((label, "expected_ours", "expected_genai_prices"))
    label = f"model, input, output read where carried, of {result['carried']}"
    rows.append((label, "carried_ours", "carried_genai_prices"))
    for label, ours, peer in rows:
        print(f"{label:52}{result[ours]:>8}{result[peer]:>20}")
    for api, row in result["by_api"].items():
        label = f"  {api}, of {row['carried']}"
        print(f"{label:52}{row['ours']:>8}{row['genai_prices']:>20}")
    print(f"both read {result['both']}, and say the same on {result['agree']}")
    if result.get("expected_values"):
        told = result["expected_values_not_zero"]
        print(
            f"expected and not all zero: {result['expected_ours_not_zero']} of {told}"
        )
    print(
        f"model calls without any usage: {result['without_usage']}, "
        f"{result['without_usage_and_reason']} of them without a reason"
    )


def met(result: Mapping[str, Any]) -> bool:
    """Whether all bars are met."""
    shares = {
        what: result[f"{what}_ours"] / result[total]
        for what, total in (("expected", "expected_values"), ("carried", "carried"))
        if result.get(total)
    }
    return not result["crashes"] and all(shares[w] >= BARS[w] for w in shares)


def main(argv: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "data",
        nargs="+",
        type=Path,
        metavar="CASSETTES",
        help="folders or archives; a .json file among them is EXPECTED.json",
    )
    parser.add_argument("--json", action="store_true", help="a last line of JSON")
    parser.add_argument("--findings", type=Path, help="write what is not as expected")
    options = parser.parse_args(argv)
    expected = expectations([p for p in options.data if p.suffix == ".json"])
    data = [path for path in options.data if path.suffix != ".json"]
    result, found = measure(data, expected)
    show(result)
    if options.findings:
        options.findings.write_text("\n".join(found) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result))
    if not result["carried"] and not result.get("expected_values"):
        return 2
    return 0 if met(result) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
