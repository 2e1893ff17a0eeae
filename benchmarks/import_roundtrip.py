"""Do imported recordings hold every body of the file they came from, and no secret?

Imports every recording of DATA (folders, or tar and zip archives) with ``agentflow
import``'s own functions, reads the written file back with `af.load`, and compares each
body with what the foreign file holds, read here by other code than the importer's:

1. exact: bodies that the file holds as bytes or text, content encoding undone: byte
   for byte the same;
2. parsed: bodies that the file holds only as a parsed value: equal as JSON;
3. redacted: bodies that redaction changed, each at places that the import listed and
   nowhere else;
4. secrets: strings that look like one, by the recorder's own patterns and by a set
   written for this script after gitleaks' rules, in any file that was written;
5. beside it, how many of the same bodies vcrpy gives that loads the same files.

    python benchmarks/import_roundtrip.py DATA... [--json] [--findings OUT]
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from traffic.archives import ARCHIVES, unpack
from traffic.bodies import Body, answers_of, held_by
from traffic.leaks import is_inside_base64, suspicious

import pytest_agentflow as af
from pytest_agentflow.importers.keep import Keeper, Kept
from pytest_agentflow.importers.problem import ImportRefused, Unfit
from pytest_agentflow.importers.read import read_runs
from pytest_agentflow.recording.names import blobs_folder
from pytest_agentflow.recording.redact import Redactor

ENDINGS = (".yaml", ".yml", ".json", ".jsonl", ".toml", ".eval")


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was counted, and what is not as it should be."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def files_in(data: Path, scratch: Path) -> Iterator[Path]:
    """Give the recordings of a folder or archive; archives are unpacked."""
    if data.is_dir():
        for path in sorted(p for p in data.rglob("*") if p.is_file()):
            if path.name.endswith(ARCHIVES):
                yield from files_in(path, scratch)
            elif wanted(path.name):
                yield path
    elif data.name.endswith(ARCHIVES):
        folder = (
            scratch / f"{len(list(scratch.iterdir()))}-{data.name.partition('.')[0]}"
        )
        unpack(data, folder)
        yield from files_in(folder, scratch)
    else:
        yield data


def wanted(name: str) -> bool:
    """Whether a file may be a recording, by its name."""
    return name.endswith(ENDINGS) and not name.endswith("expected-usage.json")


# The round trip


def round_trip(path: Path, keeper: Keeper, tally: Tally) -> None:
    """Import one file, read it back and compare."""
    tally.counts["files"] += 1
    try:
        kept = imported(path, keeper, tally)
    except (ImportRefused, Unfit) as error:
        problem = re.sub(r"[0-9]+", "n", error.problem.partition(":")[0])
        tally.refused[problem[:70]] += 1
        tally.findings.append(f"{path.name}: refused: {error}")
        return
    except Exception as error:  # noqa: BLE001 - a crash is what is counted
        tally.counts["crashes"] += 1
        tally.findings.append(f"{path}: crash: {type(error).__name__}: {error}")
        return
    tally.counts["imported"] += 1
    held = held_by(path)
    loaded = [(one, read_back(one, tally)) for one in kept]
    for one, run in loaded:
        tally.counts["runs"] += 1
        tally.counts["calls"] += len(run.calls)
        tally.counts["places redacted"] += len(one.changed)
        scan(one.path, tally)
    if held is not None and len(loaded) == 1:
        compare(path, held, *loaded[0], tally)
    elif (answers := answers_of(path)) is not None:
        compare_answers(path, answers, [run for _, run in loaded], tally)
    else:
        tally.counts["files whose bodies this script cannot tell"] += 1


def imported(path: Path, keeper: Keeper, tally: Tally) -> list[Kept]:
    """Import a file as the command does."""
    start = time.perf_counter()
    runs = list(read_runs(path))
    middle = time.perf_counter()
    kept = [keeper.keep(run) for run in runs]
    tally.seconds["read"] += middle - start
    tally.seconds["redact and write"] += time.perf_counter() - middle
    return kept


def read_back(kept: Kept, tally: Tally) -> af.Run:
    """Load what was written."""
    start = time.perf_counter()
    run = af.load(kept.path)
    tally.seconds["load"] += time.perf_counter() - start
    if run.calls != kept.run.calls:
        tally.counts["calls changed by writing"] += 1
        tally.findings.append(f"{kept.path}: calls are not those that were written")
    return run


def compare(
    path: Path, held: list[list[Body]], kept: Kept, run: af.Run, tally: Tally
) -> None:
    """Compare each body with what the foreign file holds."""
    if held and held[0] and held[0][0][0] == "frames":
        sent = lines_of(call.request.body for call in run.calls if call.request)
        got = lines_of(call.response.body for call in run.calls if call.response)
        for (_, want), lines in zip(held[0], (sent, got), strict=True):
            tally.counts["parsed bodies"] += 1
            tally.counts["parsed equal" if want == lines else "mismatches"] += 1
        return
    if len(held) != len(run.calls):
        tally.counts["mismatches"] += 1
        tally.findings.append(f"{path}: {len(held)} exchanges, {len(run.calls)} calls")
        return
    for bodies, call in zip(held, run.calls, strict=True):
        sides = {"request": call.request, "response": call.response}
        for (kind, want), (side, one) in zip(bodies, sides.items(), strict=True):
            place = f"{call.id} {side} body"
            got = one.body if one is not None else b""
            tally.counts[f"{kind} bodies"] += 1
            if same(kind, want, got):
                tally.counts[f"{kind} equal"] += 1
            elif redacted_only(kind, want, got, place, kept.changed):
                tally.counts[f"{kind} redacted"] += 1
            else:
                tally.counts["mismatches"] += 1
                tally.findings.append(f"{path}: {place}: {want!r:.150} != {got!r:.150}")


def lines_of(bodies: Iterable[bytes]) -> list[Any]:
    """Give the values of JSON lines."""
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def compare_answers(
    path: Path, answers: list[Any], runs: list[af.Run], tally: Tally
) -> None:
    """Compare the raw answers of an Inspect log with those that were kept."""
    calls = [call for run in runs for call in run.calls if call.kind == "chat"]
    if len(answers) != len(calls):
        tally.counts["mismatches"] += 1
        tally.findings.append(f"{path}: {len(answers)} answers, {len(calls)} calls")
        return
    for want, call in zip(answers, calls, strict=True):
        if call.response is None:
            tally.counts["raw answers of other interfaces"] += want is not None
            continue
        tally.counts["parsed bodies"] += 1
        equal = same("parsed", want, call.response.body)
        tally.counts["parsed equal" if equal else "mismatches"] += 1
        if not equal:
            tally.findings.append(f"{path}: {call.id}: the answer differs")


def same(kind: str, want: Any, got: bytes) -> bool:
    """Whether a body came back as it was held."""
    if kind == "exact":
        return bool(want == got)
    try:
        return bool(json.loads(got) == json.loads(json.dumps(want)))
    except ValueError:
        return False


def redacted_only(
    kind: str, want: Any, got: bytes, place: str, changed: Sequence[str]
) -> bool:
    """Whether a body differs at the listed places, and at no other."""
    listed = [p.removeprefix(place).strip() for p in changed if p.startswith(place)]
    if "" in listed:
        return b"[redacted" in got or b"agentflow-boundary" in got
    try:
        old = want if kind == "parsed" else json.loads(want)
        places = list(differing(old, json.loads(got), "$"))
    except ValueError:
        return False
    return bool(places) and set(places) <= set(listed)


def differing(old: Any, new: Any, place: str) -> Iterator[str]:
    """Give the JSON paths at which two values differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from differing(old.get(key), new.get(key), f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, pair in enumerate(zip(old, new, strict=True)):
            yield from differing(*pair, f"{place}[{number}]")
    elif old != new:
        yield place


# Secrets


def scan(path: Path, tally: Tally) -> None:
    """Look for secrets in all that was written for one recording."""
    files = [path, *blobs_folder(path).glob("*")]
    for file in files:
        tally.counts["files written"] += 1
        text = file.read_bytes().decode("utf-8", "replace")
        for name, found in suspicious(text):
            if is_inside_base64(text, found):
                tally.counts["look-alikes inside base64"] += 1
                continue
            tally.counts["secrets"] += 1
            shown = f"{found[0][:8]}… ({len(found[0])} characters)"
            tally.findings.append(f"{file}: looks like a secret: {name}: {shown}")


# The peer


def vcrpy_bodies(path: Path, held: list[list[Body]] | None, tally: Tally) -> None:
    """Count what vcrpy gives of the same bodies."""
    from vcr.filters import decode_response  # noqa: PLC0415 - slow, and optional
    from vcr.persisters.filesystem import FilesystemPersister  # noqa: PLC0415
    from vcr.serializers import jsonserializer, yamlserializer  # noqa: PLC0415

    form = jsonserializer if path.suffix == ".json" else yamlserializer
    start = time.perf_counter()
    try:
        loaded = FilesystemPersister.load_cassette(path, form)
    except Exception:  # noqa: BLE001 - whatever it raises, it gives nothing
        return
    finally:
        tally.seconds["vcrpy load"] += time.perf_counter() - start
    tally.counts["vcrpy files"] += 1
    for bodies, request, response in zip(held or [], *loaded, strict=False):
        given = [request.body or b"", b""]
        try:
            given[1] = decode_response(response)["body"]["string"]
        except Exception:  # noqa: BLE001 - the same
            tally.counts["vcrpy undecodable"] += 1
        for (kind, want), got in zip(bodies, given, strict=True):
            tally.counts["vcrpy bodies equal"] += same(kind, want, as_bytes(got))


def as_bytes(got: Any) -> bytes:
    """Give a body of vcrpy's, which may be text, bytes or an iterator of either."""
    if isinstance(got, str):
        return got.encode()
    return got if isinstance(got, bytes) else b"".join(map(as_bytes, got or ()))


def measured(paths: Sequence[Path]) -> Tally:
    """Run the whole comparison."""
    tally = Tally()
    keeper_of = Redactor({})
    with tempfile.TemporaryDirectory() as folder:
        scratch, out = Path(folder, "unpacked"), Path(folder, "recordings")
        scratch.mkdir()
        for data in paths:
            for number, path in enumerate(files_in(data, scratch)):
                place = out / f"{data.name}-{number}"
                keeper = Keeper(folder=place, redactor=keeper_of)
                round_trip(path, keeper, tally)
                if (held := safely_held(path)) is not None:
                    vcrpy_bodies(path, held, tally)
    return tally


def safely_held(path: Path) -> list[list[Body]] | None:
    """Give the bodies for the peer; what cannot be read is in none of its figures."""
    try:
        return held_by(path)
    except Exception:  # noqa: BLE001 - a broken file is told by the import
        return None


def figures(tally: Tally) -> dict[str, Any]:
    """Give the figures as JSON values."""
    count = tally.counts
    return {
        "files": count["files"],
        "imported": count["imported"],
        "refused": dict(tally.refused),
        "crashes": count["crashes"],
        "runs": count["runs"],
        "calls": count["calls"],
        **{
            f"{kind}_{what}": count[f"{kind} {what}"]
            for kind in ("exact", "parsed")
            for what in ("bodies", "equal", "redacted")
        },
        "mismatches": count["mismatches"] + count["calls changed by writing"],
        "raw_answers_not_kept": count["raw answers of other interfaces"],
        "files_not_compared": count["files whose bodies this script cannot tell"],
        "places_redacted": count["places redacted"],
        "files_written": count["files written"],
        "secrets": count["secrets"],
        "look_alikes_inside_base64": count["look-alikes inside base64"],
        "vcrpy_files": count["vcrpy files"],
        "vcrpy_bodies_equal": count["vcrpy bodies equal"],
        "seconds": {name: round(value, 2) for name, value in tally.seconds.items()},
    }


def show(result: Mapping[str, Any]) -> None:
    """Print the figures, each with its denominator."""
    print(f"{result['imported']} of {result['files']} files imported, ", end="")
    print(
        f"{result['runs']} runs, {result['calls']} calls, {result['crashes']} crashes"
    )
    for kind, what in (("exact", "byte for byte"), ("parsed", "as JSON")):
        whole = result[f"{kind}_bodies"]
        print(
            f"{kind} bodies, of {whole}: {result[f'{kind}_equal']} equal {what}, ",
            end="",
        )
        print(f"{result[f'{kind}_redacted']} but for redacted places")
    print(f"mismatches: {result['mismatches']}")
    print(f"places redacted: {result['places_redacted']}")
    print(
        f"secrets left in {result['files_written']} files: {result['secrets']}", end=""
    )
    print(f" (and {result['look_alikes_inside_base64']} look-alikes inside base64)")
    bodies = result["exact_bodies"] + result["parsed_bodies"]
    print(f"vcrpy: {result['vcrpy_files']} files loaded, ", end="")
    print(f"{result['vcrpy_bodies_equal']} of {bodies} bodies equal")
    for reason, number in result["refused"].items():
        print(f"refused: {number} x {reason}")
    kept = result["raw_answers_not_kept"]
    print(f"raw answers of interfaces that are not known, read but not kept: {kept}")
    print(f"not compared here: {result['files_not_compared']} files")
    print(f"seconds: {result['seconds']}")


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; status 1 for a mismatch, a crash or a secret."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path, help="folders or archives")
    parser.add_argument("--json", action="store_true", help="a last line of JSON")
    parser.add_argument("--findings", type=Path, help="write what is not as expected")
    options = parser.parse_args(argv)
    tally = measured(options.data)
    result = figures(tally)
    show(result)
    if options.findings:
        options.findings.write_text("\n".join(tally.findings) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result))
    bad = result["mismatches"] + result["crashes"] + result["secrets"]
    return 1 if bad else 0 if result["runs"] else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
