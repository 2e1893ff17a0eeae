"""How often is the usage read off recorded traffic what its owners expect?

Reads every VCR cassette (``*.yaml``) of DATA, folders or tar and zip archives, and
takes each exchange that one of our readers knows. Three figures, ours beside
genai-prices on the same exchanges (which reads one JSON object and no streams, so it is
also given the objects that our readers fold streams into):

1. expected: of the values in ``*.expected-usage.json`` (file -> list of usages in call
   order), how many stand in the right order in what was read of that file; a refused
   call counts as zero on both sides;
2. read: of the answers with status 2xx, how many give model, input and output tokens;
3. agreement: of the answers that both read, on how many both say the same.

    python benchmarks/usage.py DATA... [--json] [--findings OUT]
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from genai_prices import extract_usage

from pytest_agentflow.model.call import Request, Response
from pytest_agentflow.providers import (
    anthropic_stream,
    openai_chat_stream,
    openai_responses_stream,
)
from pytest_agentflow.providers.exchange import open_exchange
from pytest_agentflow.providers.read import READERS, read

KINDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")

ARCHIVES = (".tar.xz", ".tar.gz", ".tgz", ".tar", ".zip")

#: The C loader where it was built: ten times as fast on megabytes of cassettes.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Values = tuple[int, int, int, int]

FOLD = {
    "openai.chat": openai_chat_stream.folded,
    "openai.responses": openai_responses_stream.folded,
    "anthropic.messages": anthropic_stream.folded,
}

FLAVOURS = {
    "openai.chat": ("chat", "default"),
    "openai.responses": ("responses", "default"),
    "openai.images": ("images",),
    "openai.embeddings": ("embeddings", "default"),
    "anthropic.messages": ("anthropic", "default"),
}


@dataclass(slots=True, kw_only=True)
class Sample:
    """What was read of one exchange."""

    file: str
    api: str
    streamed: bool
    refused: bool
    """Answered with another status than 2xx: no usage stands in it."""
    ours: Values | None
    model: str | None
    theirs: Values | None


@dataclass(slots=True, kw_only=True)
class Corpus:
    """All exchanges of DATA, and what is known about them."""

    samples: list[Sample] = field(default_factory=list)
    expected: dict[str, list[Values]] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    """Files and exchanges that are no part of the figures, by reason."""
    files: int = 0


def files_in(data: Path) -> Iterator[tuple[str, bytes]]:
    """Give the YAML and expected-usage files of a folder or archive, by name."""
    if data.is_dir():
        for path in sorted(p for p in data.rglob("*") if p.is_file()):
            if path.name.endswith(ARCHIVES):
                yield from files_in(path)
            elif _wanted(path.name):
                yield str(path.relative_to(data)), path.read_bytes()
    elif data.name.endswith(ARCHIVES):
        yield from _archived(data)
    else:
        yield data.name, data.read_bytes()


def _archived(data: Path) -> Iterator[tuple[str, bytes]]:
    if data.suffix == ".zip":
        with zipfile.ZipFile(data) as archive:
            for name in filter(_wanted, archive.namelist()):
                yield name, archive.read(name)
        return
    with tarfile.open(data) as tape:
        for member in tape:
            content = tape.extractfile(member) if _wanted(member.name) else None
            if content is not None:
                yield member.name, content.read()


def _wanted(name: str) -> bool:
    return name.endswith((".yaml", ".yml", "expected-usage.json"))


def corpus_of(paths: Sequence[Path]) -> Corpus:
    """Read all of DATA."""
    corpus = Corpus()
    for path in paths:
        for name, content in files_in(path):
            if name.endswith("expected-usage.json"):
                for file, usages in json.loads(content).items():
                    corpus.expected[file] = [values_of(u) for u in usages]
            else:
                _add_cassette(corpus, name, content)
    # A single archive brings its expectations in a file beside it.
    for path in paths:
        if path.is_file():
            for beside in path.parent.glob("*.expected-usage.json"):
                for file, usages in json.loads(beside.read_bytes()).items():
                    corpus.expected[file] = [values_of(u) for u in usages]
    return corpus


def values_of(usage: Mapping[str, Any]) -> Values:
    """Give the four counts of a usage; what is not reported counts as 0."""
    first, second, third, fourth = (usage.get(kind) or 0 for kind in KINDS)
    return first, second, third, fourth


def _add_cassette(corpus: Corpus, name: str, content: bytes) -> None:
    try:
        document = yaml.load(content, LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError):
        corpus.skipped["files that are no YAML"] += 1
        return
    interactions = document.get("interactions") if isinstance(document, dict) else None
    if not isinstance(interactions, list) or not interactions:
        corpus.skipped["files without interactions"] += 1
        return
    corpus.files += 1
    for interaction in interactions:
        exchange = exchange_of(interaction)
        if exchange is None:
            corpus.skipped["interactions that are no HTTP exchange"] += 1
        else:
            _add_exchange(corpus, name, *exchange)


def exchange_of(interaction: Any) -> tuple[Request, Response] | None:
    """Build request and response of a VCR interaction, in all dialects of DATA."""
    if not isinstance(interaction, dict) or "request" not in interaction:
        return None
    asked, answered = interaction["request"], interaction["response"]
    address = urlsplit(str(asked.get("uri")))
    headers = tuple(
        (str(key).lower(), str(value[0] if isinstance(value, list) else value))
        for key, value in (answered.get("headers") or {}).items()
        if value
    )
    request = Request(
        method=str(asked.get("method")),
        scheme=address.scheme,
        host=address.hostname or "",
        port=address.port or 443,
        path=address.path,
        query=address.query,
        body=_body(asked),
    )
    status = answered["status"]
    code = status["code"] if isinstance(status, dict) else status
    body = unpacked(_body(answered))
    return request, Response(status=int(code), headers=headers, body=body)


def _body(side: Mapping[str, Any]) -> bytes:
    if side.get("parsed_body") is not None:
        return json.dumps(side["parsed_body"]).encode()
    body = side.get("body")
    if isinstance(body, dict) and set(body) <= {"string", "encoding"}:
        body = body.get("string")
    if isinstance(body, (dict, list)):
        return json.dumps(body).encode()
    return body if isinstance(body, bytes) else str(body or "").encode()


def unpacked(body: bytes) -> bytes:
    """Undo gzip, which cassettes keep as it came; a broken one stays as it is."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body


def _add_exchange(
    corpus: Corpus, file: str, request: Request, response: Response
) -> None:
    reading = read(request, response)
    if reading.api is None:
        what = "generations" if _is_generation(request) else "exchanges"
        corpus.skipped[f"{what} of APIs that are not read yet"] += 1
        return
    exchange = open_exchange(request, response)
    used = reading.usage
    whole = FOLD[reading.api](exchange.events) if exchange.events else exchange.answered
    refused = not 200 <= response.status < 300
    corpus.samples.append(
        Sample(
            file=file,
            api=reading.api,
            streamed=bool(exchange.events),
            refused=refused,
            ours=values_of({k: getattr(used, k) for k in KINDS}) if used else None,
            model=reading.model,
            theirs=(0, 0, 0, 0) if refused else _theirs(request, reading.api, whole),
        )
    )


def _is_generation(request: Request) -> bool:
    """Whether it asks a model for something, by the path shapes of the other APIs."""
    signs = ("enerateContent", "/converse", "/invoke", "/chat", "/complet", ":predict")
    return request.method == "POST" and any(sign in request.path for sign in signs)


def _theirs(request: Request, api: str, answer: Mapping[str, Any]) -> Values | None:
    url = f"{request.scheme}://{request.host}{request.path}"
    for flavour in FLAVOURS[api]:
        try:
            found = extract_usage(answer, provider_api_url=url, api_flavor=flavour)
            return values_of({k: getattr(found.usage, k) for k in KINDS})
        except (LookupError, ValueError, AttributeError, TypeError):
            continue
    return None


def in_order(expected: Sequence[Values], read_: Sequence[Values]) -> int:
    """Count the expected values that are found in order (longest common sequence)."""
    row = [0] * (len(read_) + 1)
    for want in expected:
        before = row[:]
        for place, found in enumerate(read_, 1):
            hit = before[place - 1] + (want == found)
            row[place] = max(before[place], row[place - 1], hit)
    return row[-1]


def figures(corpus: Corpus) -> tuple[dict[str, Any], list[str]]:
    """Work out the three figures, and name what is not as expected."""
    by_file: dict[str, list[Sample]] = {}
    for sample in corpus.samples:
        by_file.setdefault(sample.file, []).append(sample)
    covered = {f: v for f, v in corpus.expected.items() if f in by_file}
    found, ours, theirs = [], 0, 0
    for file, expected in covered.items():
        said = [s.ours for s in by_file[file] if s.ours is not None]
        good = in_order(expected, said)
        ours += good
        them = [s.theirs for s in by_file[file] if s.theirs is not None]
        theirs += in_order(expected, them)
        if good < len(expected):
            found.append(f"{file}: expected {expected}, read {said}")
    answered = [s for s in corpus.samples if not s.refused]
    both = [s for s in answered if s.ours is not None and s.theirs is not None]
    found += [
        f"{s.file}: {s.api} read {s.ours}, genai-prices {s.theirs}"
        for s in both
        if s.ours != s.theirs
    ]
    found += [
        f"{s.file}: {s.api}{' stream' if s.streamed else ''} usage or model not read"
        for s in answered
        if not (s.ours and s.model)
    ]
    values = sum(map(len, covered.values()))
    result = {
        "files": corpus.files,
        "exchanges": len(answered),
        "refused": len(corpus.samples) - len(answered),
        "expected_values": values,
        "expected_values_in_files_of_other_apis": sum(
            map(len, corpus.expected.values())
        )
        - values,
        "expected_ours": ours,
        "expected_genai_prices": theirs,
        "read_ours": sum(bool(s.ours and s.model) for s in answered),
        "read_genai_prices": sum(s.theirs is not None for s in answered),
        "both": len(both),
        "agree": sum(s.ours == s.theirs for s in both),
        "by_api": {
            r.api: _by_api([s for s in answered if s.api == r.api]) for r in READERS
        },
        "skipped": dict(corpus.skipped),
    }
    return result, found


def _by_api(samples: Sequence[Sample]) -> dict[str, int]:
    return {
        "answers": len(samples),
        "streams": sum(s.streamed for s in samples),
        "read_ours": sum(bool(s.ours and s.model) for s in samples),
        "read_genai_prices": sum(s.theirs is not None for s in samples),
    }


def show(result: Mapping[str, Any]) -> None:
    """Print the figures as a table, each with its denominator."""
    values, exchanges = result["expected_values"], result["exchanges"]
    print(f"{result['files']} cassettes, {exchanges} answers of the APIs read so far")
    print(f"{'':44}{'ours':>12}{'genai-prices':>14}")
    rows = [
        (f"expected values found in order, of {values}", "expected"),
        (f"answers with model and tokens read, of {exchanges}", "read"),
    ]
    for label, key in rows:
        print(
            f"{label:44}{result[key + '_ours']:>12}{result[key + '_genai_prices']:>14}"
        )
    for api, row in result["by_api"].items():
        label = f"  {api}, of {row['answers']} ({row['streams']} streams)"
        print(f"{label:44}{row['read_ours']:>12}{row['read_genai_prices']:>14}")
    print(f"both read {result['both']}, and say the same on {result['agree']}")
    refused = result["refused"]
    print(f"of the expected values only: {refused} answers with a status beyond 2xx")
    other = result["expected_values_in_files_of_other_apis"]
    print(f"not in these figures: {other} expected values in files of other APIs")
    for reason, number in sorted(result["skipped"].items()):
        print(f"not in these figures: {number} {reason}")


def main(argv: Sequence[str]) -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", nargs="+", type=Path, help="folders or archives")
    parser.add_argument("--json", action="store_true", help="a last line of JSON")
    parser.add_argument("--findings", type=Path, help="write what is not as expected")
    options = parser.parse_args(argv)
    result, found = figures(corpus_of(options.data))
    show(result)
    if options.findings:
        options.findings.write_text("\n".join(found) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(result))
    return 0 if result["exchanges"] else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
