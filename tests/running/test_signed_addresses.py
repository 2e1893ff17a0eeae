"""A picture behind a signed address is fetched while recording and in a replay."""

from __future__ import annotations

import httpx
import openai
import pytest
from flows import MakeFlow
from scripted_server import Asked, Reply, as_json, serving

from pytest_agentflow.cli.main import main

SIG = "Q7xkAb12Cd34%2BEf56Gh78%2FIj90Kl%3D"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
FETCHED: list[str] = []


def studio(asked: Asked) -> Reply:
    """Answer with the address of a picture, and give the picture to its holder."""
    if asked.method == "POST":
        host = asked.headers["host"]
        url = f"http://{host}/i/a.png?se=2026-11-22&sp=r&sig={SIG}"
        return as_json({"created": 1, "data": [{"url": url}]})
    assert f"sig={SIG}" in asked.path
    return Reply(body=PICTURE, headers={"content-type": "image/png"})


def hero(topic: str) -> bytes:
    """Let a picture be made, and fetch it."""
    with openai.OpenAI(api_key="made-up") as client:
        answer = client.images.generate(model="dall-e-3", prompt=topic)
    assert answer.data
    url = str(answer.data[0].url)
    FETCHED.append(url)
    return httpx.get(url).raise_for_status().content


def test_a_signed_picture_is_recorded_and_replayed(
    flow: MakeFlow,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No file holds the signature; the replay fetches the picture all the same."""
    with serving(studio) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
        recorder = flow("record")
        recorder.run(hero, topic="a hotel")
        assert SIG in FETCHED[-1]
    folder = recorder.settings.recordings()
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert all(b"Q7xk" not in file.read_bytes() for file in files)
    run = flow().run(hero, topic="a hotel")
    assert "sig=redacted" in FETCHED[-1]
    assert [call.response.body for call in run.calls if call.response][-1] == PICTURE
    assert main(["scan", str(folder)]) == 0
    file = folder / "leaked.json"
    file.write_text(f'{{"url": "https://b.test/a?sig={SIG}"}}', encoding="utf-8")
    assert main(["scan", str(folder)]) == 1
    assert "signed-address" in capsys.readouterr().out
