"""What a replayed call costs: ours, httpx.MockTransport with a dict, and vcrpy.

Usage: ``python benchmarks/replay_speed.py [--calls 1000] [--kilobytes 6] [--json]``

One plain httpx client asks for the same made-up chat calls again:

* *floor*: `httpx.MockTransport` and a dict from the bytes of the request to its answer,
  which is the least that any replay can do;
* *ours*: `AgentFlow.run` in replay of a recording on disk, with all that belongs to it:
  seam, redaction, canonical key, stage, index, notes, ledger;
* *vcrpy*: `vcr.use_cassette` with ``match_on=[method, scheme, host, port, path, query,
  body]``, its stubs and its YAML. Its cost grows with the number of calls, so that it
  is asked for a sample spread over the cassette.

Every answer is compared with what was recorded. Times are CPU times of this process.
Floor and ours take turns, and turns at going first, so that what else the machine does
meets both alike. Each round gives one ratio: their median counts, and where the middle
half of them lies is told beside it.

Loading is measured apart. *load* is `af.load` and the index: each call decoded, checked
and read by its provider's reader, ready to be judged and to be replayed; nothing is put
off but the canonical keys, which are computed once something is asked that no recorded
request equals byte for byte. *load, with keys* computes them, too.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import httpx

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.run import Run, Stage
from pytest_agentflow.recording.kept import KEPT
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.match import Index
from pytest_agentflow.recording.names import recording_path
from pytest_agentflow.recording.save import save
from pytest_agentflow.running.agentflow import AgentFlow
from pytest_agentflow.running.settings import RunSettings

T = TypeVar("T")

URL = "https://api.openai.com/v1/chat/completions"
HEADERS = (("content-type", "application/json"),)
STAGE = "writer"
SAMPLE = 12
ROUNDS = 16


def bodies(count: int, size: int) -> list[bytes]:
    """Make up requests of `size` bytes that share their words, as real ones do."""
    chosen = random.Random(2026)  # noqa: S311 - made-up words
    words = ["".join(chosen.choices("abcdefghij", k=7)) for _ in range(3000)]
    asked = []
    for number in range(count):
        prompt = f"Rule {number}: {' '.join(chosen.choices(words, k=size // 8))}"
        messages = [{"role": "user", "content": prompt}]
        body = {"model": "gpt-5-mini", "messages": messages}
        asked.append(json.dumps(body, separators=(",", ":")).encode())
    return asked


def answer(number: int) -> bytes:
    """Give an answer of 1.7 KB that says which call it belongs to."""
    message = {"role": "assistant", "content": f"answer {number} " + "text " * 300}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1500, "completion_tokens": 300}
    document = {"model": "gpt-5-mini", "choices": [choice], "usage": usage}
    return json.dumps(document).encode()


def cpu(work: Callable[[], T]) -> tuple[T, float]:
    """Run `work` and give its result and its CPU seconds."""
    gc.collect()
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def ask(client: httpx.Client, asked: Sequence[bytes]) -> list[bytes]:
    """Ask one by one, as a workflow does: with bytes that were never seen before."""
    headers = {"content-type": "application/json", "authorization": "Bearer sk-none"}
    return [
        client.post(URL, content=bytes(bytearray(body)), headers=headers).content
        for body in asked
    ]


def right(got: Sequence[bytes], numbers: Sequence[int], who: str) -> None:
    """Stop where a call got another call's answer."""
    if list(got) != [answer(number) for number in numbers]:
        raise SystemExit(f"{who}: a call got another call's answer")


def record(asked: Sequence[bytes], folder: Path) -> Path:
    """Write the recording that ours replays."""
    calls = tuple(
        Call(
            id=f"{STAGE}/{number}",
            kind="chat",
            stage=STAGE,
            request=Request(
                method="POST",
                scheme="https",
                host="api.openai.com",
                port=443,
                path="/v1/chat/completions",
                headers=HEADERS,
                body=body,
            ),
            response=Response(status=200, headers=HEADERS, body=answer(number)),
        )
        for number, body in enumerate(asked)
    )
    stages = (Stage(name=STAGE),)
    run = Run(workflow="workflow", case="all", stages=stages, calls=calls)
    return save(run, recording_path(folder, "workflow", "all"))


def floor(asked: Sequence[bytes]) -> float:
    """Give the CPU seconds of `MockTransport` and a dict."""
    known = {body: answer(number) for number, body in enumerate(asked)}

    def reply(request: httpx.Request) -> httpx.Response:
        body = known[request.read()]
        return httpx.Response(200, headers=dict(HEADERS), content=body)

    with httpx.Client(transport=httpx.MockTransport(reply)) as client:
        got, seconds = cpu(lambda: ask(client, asked))
    right(got, range(len(asked)), "floor")
    return seconds


def ours(asked: Sequence[bytes], folder: Path) -> tuple[float, float]:
    """Give the CPU seconds of the calls, and of the whole `AgentFlow.run`."""
    settings = RunSettings(recordings=lambda: folder, case_for=lambda _: "all")
    agentflow = AgentFlow(settings)
    got: list[bytes] = []
    seconds = 0.0

    def workflow() -> None:
        nonlocal got, seconds
        from pytest_agentflow import stage  # noqa: PLC0415 - as a workflow imports it

        with stage(STAGE), httpx.Client() as client:
            got, seconds = cpu(lambda: ask(client, asked))

    _, whole = cpu(lambda: agentflow.run(workflow))
    right(got, range(len(asked)), "ours")
    return seconds, whole


def one_round(
    asked: Sequence[bytes], folder: Path, number: int
) -> tuple[float, float, float]:
    """Give the CPU seconds of floor, of ours, and of ours' whole run."""
    if number % 2:
        seconds, whole = ours(asked, folder)
        return floor(asked), seconds, whole
    return floor(asked), *ours(asked, folder)


def loading(path: Path) -> tuple[float, float]:
    """Give the CPU seconds from the file to the index, and to all of its keys."""

    def indexed() -> Index:
        KEPT.forget()  # every round reads the file
        return Index(load(path))

    def keyed() -> None:
        index = indexed()
        index.recorded(STAGE, "the first key that is asked for makes all")

    plain = min(cpu(indexed)[1] for _ in range(5))
    return plain, min(cpu(keyed)[1] for _ in range(5))


def vcrpy(asked: Sequence[bytes], folder: Path) -> tuple[float, float]:
    """Give vcrpy's CPU seconds for one call, and for loading its cassette."""
    import vcr  # noqa: PLC0415 - the peer, only where measured
    import yaml  # noqa: PLC0415

    interactions = [
        {
            "request": {
                "method": "POST",
                "uri": URL,
                "headers": {"content-type": ["application/json"]},
                "body": body.decode(),
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"content-type": ["application/json"]},
                "body": {"string": answer(number).decode()},
            },
        }
        for number, body in enumerate(asked)
    ]
    file = folder / "cassette.yaml"
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump({"interactions": interactions, "version": 1}, Dumper=dumper)
    file.write_text(text, "utf-8")
    step = max(1, len(asked) // SAMPLE)
    sample = range(step // 2, len(asked), step)
    match_on = ["method", "scheme", "host", "port", "path", "query", "body"]

    def replay() -> tuple[list[bytes], float]:
        context = vcr.use_cassette(str(file), record_mode="none", match_on=match_on)
        with context, httpx.Client() as client:
            return cpu(lambda: ask(client, [asked[number] for number in sample]))

    (got, seconds), whole = cpu(replay)
    right(got, sample, "vcrpy")
    return seconds / len(sample), whole - seconds


def measure(count: int, size: int) -> dict[str, Any]:
    """Measure all three."""
    asked = bodies(count, size)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = record(asked, folder)
        one_round(asked, folder, 0)  # what is done once is not counted
        rounds = [one_round(asked, folder, number) for number in range(ROUNDS)]
        peer, peer_load = vcrpy(asked, folder)
        load_s, keyed_s = loading(path)
    floor_s, ours_s, whole_s = (
        statistics.median(column) for column in zip(*rounds, strict=True)
    )
    ratios = [ours_ / floor_ for floor_, ours_, _ in rounds]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {
        "calls": count,
        "request_kb": round(len(asked[0]) / 1024, 2),
        "floor_us": floor_s / count * 1e6,
        "ours_us": ours_s / count * 1e6,
        "vcrpy_us": peer * 1e6,
        "ratio_to_floor": middle,
        "ratio_to_floor_middle_half": [low, high],
        "ratio_to_vcrpy": peer * count / ours_s,
        "load_ms": load_s * 1e3,
        "load_with_keys_ms": keyed_s * 1e3,
        "vcrpy_load_ms": peer_load * 1e3,
        "whole_run_ms": whole_s * 1e3,
        "vcrpy_sample": len(
            range(max(1, count // SAMPLE) // 2, count, max(1, count // SAMPLE))
        ),
    }


def main() -> None:
    """Measure and print, with ``--json`` the figures as the last line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--kilobytes", type=float, default=6)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = measure(options.calls, int(options.kilobytes * 1024))
    print(f"{options.calls} calls of {figures['request_kb']} KB, CPU time, us per call")
    print(f"  floor  {figures['floor_us']:12.0f}")
    low, high = figures["ratio_to_floor_middle_half"]
    print(
        f"  ours   {figures['ours_us']:12.0f}   {figures['ratio_to_floor']:.2f} x floor"
        f" (middle half of {ROUNDS} rounds: {low:.2f} to {high:.2f})"
    )
    print(
        f"  vcrpy  {figures['vcrpy_us']:12.0f}   {figures['ratio_to_vcrpy']:.0f} x ours"
    )
    print(
        f"loading: {figures['load_ms']:.0f} ms, with keys "
        f"{figures['load_with_keys_ms']:.0f} ms, vcrpy "
        f"{figures['vcrpy_load_ms']:.0f} ms"
    )
    print(f"the whole run, from file to judged run: {figures['whole_run_ms']:.0f} ms")
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
