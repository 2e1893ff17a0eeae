"""How long it takes to find a recorded call: ours, and vcrpy matching bodies.

Usage: ``python benchmarks/lookup.py [--calls 1000] [--kilobytes 6] [--all] [--json]``

Both tools get the same made-up chat calls, recorded by their own writers, and are asked
for them again through the part that answers a request: for ours redaction, key and
index, for vcrpy `Cassette.can_play_response_for` and `play_response` with
``match_on=[method, scheme, host, port, path, query, body]``. SDK and transport cost the
same for both and are left out. vcrpy is asked for a sample spread over the cassette,
since its cost grows with the number of calls; ``--all`` asks for every call. Times are
CPU times of this process.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pytest_agentflow.model.call import Call, Request, Response
from pytest_agentflow.model.run import Run, Stage
from pytest_agentflow.recording.load import load
from pytest_agentflow.recording.match import Index, difference, match_key
from pytest_agentflow.recording.redact import Redactor
from pytest_agentflow.recording.save import save

T = TypeVar("T")

SAMPLE = 40
HEADERS = (("content-type", "application/json"),)


def prompts(count: int, size: int) -> list[str]:
    """Make up prompts of `size` bytes that share their words, as real ones do."""
    chosen = random.Random(2026)  # noqa: S311 - made-up words
    words = ["".join(chosen.choices("abcdefghij", k=7)) for _ in range(3000)]
    return [
        f"Rule {number}: {' '.join(chosen.choices(words, k=size // 8))}"
        for number in range(count)
    ]


def request(prompt: str) -> Request:
    """Give the request as a client sends it."""
    messages = [{"role": "user", "content": prompt}]
    body = {"model": "gpt-5-mini", "messages": messages}
    return Request(
        method="POST",
        scheme="https",
        host="api.openai.com",
        port=443,
        path="/v1/chat/completions",
        headers=HEADERS,
        body=json.dumps(body).encode(),
    )


def answer(number: int) -> bytes:
    """Give an answer that says which call it belongs to."""
    message = {"role": "assistant", "content": f"answer {number} " + "text " * 300}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1500, "completion_tokens": 300}
    document = {"model": "gpt-5-mini", "choices": [choice], "usage": usage}
    return json.dumps(document).encode()


def cpu(work: Callable[[], T]) -> tuple[T, float]:
    """Run `work` and give its result and its CPU seconds."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def measure_ours(asked: Sequence[Request], folder: Path) -> dict[str, float]:
    """Record, load and find every call; then miss one."""
    calls = tuple(
        Call(
            id=f"writer/{number}",
            kind="chat",
            stage="writer",
            request=one,
            response=Response(status=200, headers=HEADERS, body=answer(number)),
        )
        for number, one in enumerate(asked, 1)
    )
    run = Run(workflow="w", case="c", stages=(Stage(name="writer"),), calls=calls)
    path, saving = cpu(lambda: save(run, folder / "w" / "c.flow.json"))
    loaded, loading = cpu(lambda: load(path))
    index, indexing = cpu(lambda: Index(loaded))
    redactor = Redactor({"OPENAI_API_KEY": "not-a-key-of-anybody"})

    def find_all() -> list[Call | None]:
        keys = (match_key(redactor.request(one)) for one in asked)
        return [index.take("writer", key) for key in keys]

    found, finding = cpu(find_all)
    if [call.id for call in found if call] != [call.id for call in calls]:
        raise SystemExit("ours: a call got another call's answer")
    return {
        "save_s": saving,
        "load_s": loading + indexing,
        "lookup_ms": 1000 * finding / len(asked),
        "explain_miss_s": explain_miss(index, asked),
        "file_mb": path.stat().st_size / 1e6,
    }


def explain_miss(index: Index, asked: Sequence[Request]) -> float:
    """Change one word of one prompt and give the seconds until the change is named."""
    target = asked[len(asked) // 2]
    body = json.loads(target.body)
    words = body["messages"][0]["content"].split()
    words[len(words) // 2] = "figure"
    missed = request(" ".join(words))

    def explain() -> str:
        near = index.nearest("writer", missed)
        if near is None or near[0].request is None:
            raise SystemExit("ours: no nearest call")
        return "\n".join(map(str, difference(near[0].request.body, missed.body)))

    text, seconds = cpu(explain)
    if "{+figure+}" not in text:
        raise SystemExit("ours: the changed word was not named")
    return seconds


def measure_vcrpy(
    asked: Sequence[Request], folder: Path, *, sample: Sequence[int]
) -> dict[str, float]:
    """Record and load the same calls with vcrpy and find some of them."""
    from vcr.cassette import Cassette  # noqa: PLC0415 - the peer, only where measured
    from vcr.matchers import (  # noqa: PLC0415
        body,
        host,
        method,
        path,
        port,
        query,
        scheme,
    )
    from vcr.request import Request as VcrRequest  # noqa: PLC0415

    matchers = (method, scheme, host, port, path, query, body)
    file = folder / "cassette.yaml"

    def sent(one: Request) -> Any:
        url = f"{one.scheme}://{one.host}{one.path}"
        return VcrRequest(one.method, url, one.body, dict(one.headers))

    def record() -> None:
        cassette = Cassette(str(file), match_on=matchers)
        for number, one in enumerate(asked, 1):
            response = {
                "status": {"code": 200, "message": "OK"},
                "headers": {"content-type": ["application/json"]},
                "body": {"string": answer(number)},
            }
            cassette.append(sent(one), response)
        cassette._save(force=True)  # noqa: SLF001 - its writer has no public name

    _, saving = cpu(record)
    cassette, loading = cpu(
        lambda: Cassette.load(path=str(file), match_on=matchers, record_mode="none")
    )

    def find_some() -> bool:
        answers = []
        for number in sample:
            wanted = sent(asked[number])
            if cassette.can_play_response_for(wanted):
                answers.append(cassette.play_response(wanted)["body"]["string"])
        return answers == [answer(number + 1) for number in sample]

    right, finding = cpu(find_some)
    if not right:
        raise SystemExit("vcrpy: a call got another call's answer")
    return {
        "save_s": saving,
        "load_s": loading,
        "lookup_ms": 1000 * finding / len(sample),
        "file_mb": file.stat().st_size / 1e6,
    }


def main() -> None:
    """Measure both and print a table, and with ``--json`` the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--kilobytes", type=float, default=6)
    parser.add_argument("--all", action="store_true", help="ask vcrpy for every call")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    size = int(options.kilobytes * 1024)
    asked = [request(prompt) for prompt in prompts(options.calls, size)]
    step = 1 if options.all else max(1, options.calls // SAMPLE)
    sample = range(step // 2, options.calls, step)
    with tempfile.TemporaryDirectory() as name:
        ours = measure_ours(asked, Path(name))
        vcrpy = measure_vcrpy(asked, Path(name), sample=sample)
    print(f"{options.calls} calls, {len(asked[0].body) / 1024:.1f} KB each, CPU time")
    print(f"{'':28}{'ours':>12}{'vcrpy':>12}")
    for key, label in (
        ("save_s", "save all, s"),
        ("load_s", "load, index, s"),
        ("lookup_ms", "find one call, ms"),
        ("explain_miss_s", "explain a miss, s"),
        ("file_mb", "file, MB"),
    ):
        other = f"{vcrpy[key]:12.3f}" if key in vcrpy else f"{'-':>12}"
        print(f"{label:28}{ours[key]:12.3f}{other}")
    print(f"vcrpy was asked for {len(sample)} of {options.calls} calls")
    if options.json:
        figures = {"calls": options.calls, "ours": ours, "vcrpy": vcrpy}
        print(json.dumps({**figures, "vcrpy_sample": len(sample)}))


if __name__ == "__main__":
    main()
