"""Workflows that are coroutines, in the plugins that run async tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Recorder = Callable[..., pytest.RunResult]

FLOW = """
    import os

    import httpx


    async def ask(text):
        url = os.environ.get("MODEL_URL", "http://127.0.0.1:9")
        body = {"model": "m-small", "messages": [{"role": "user", "content": text}]}
        async with httpx.AsyncClient() as client:
            answer = await client.post(url + "/v1/chat/completions", json=body)
        return answer.json()["choices"][0]["message"]["content"]
"""

ASYNCIO = """
    import pytest
    from quiz import ask

    @pytest.fixture
    async def made(agentflow):
        return await agentflow.run(ask, "in a fixture")

    @pytest.mark.cost(total=1)
    @pytest.mark.MARK
    async def test_body(agentflow):
        run = await agentflow.run(ask, "in the body")
        assert run.output == "<in the body>"

    @pytest.mark.cost(total=1)
    @pytest.mark.MARK
    async def test_fixture(made):
        assert made.output == "<in a fixture>"

    @pytest.mark.cost(total=0.00001)
    @pytest.mark.MARK
    async def test_dear(agentflow):
        await agentflow.run(ask, "too dear")
"""


@pytest.mark.parametrize(
    ("plugin", "mark", "options"),
    [
        ("pytest_asyncio", "asyncio", ["-o", "asyncio_mode=auto"]),
        ("anyio", "anyio", ["-p", "no:asyncio"]),
    ],
)
def test_async_tests_record_replay_and_are_judged(
    project: pytest.Pytester,
    record: Recorder,
    plugin: str,
    mark: str,
    options: list[str],
) -> None:
    """Body and fixture may await runs; the marks judge them all the same."""
    pytest.importorskip(plugin)
    test = ASYNCIO.replace("pytest.mark.MARK", f"pytest.mark.{mark}")
    if plugin == "anyio":
        test += """
    @pytest.fixture
    def anyio_backend():
        return "asyncio"
"""
    project.makeini(
        "[pytest]\nagentflow_prices = prices.toml\nfilterwarnings = error\n"
        "    ignore:.*asyncio_default_fixture_loop_scope.*\n"
    )
    project.path.joinpath("pytest.ini").unlink()
    project.makepyfile(quiz=FLOW, test_quiz=test)
    for result in (record(*options), project.runpytest(*options)):
        result.assert_outcomes(passed=2, failed=1)
        result.stdout.fnmatch_lines(["*cost(total=0.00001)  failed*"])


FORGOTTEN = """
    import pytest
    from quiz import ask

    {mark}
    def test_x(agentflow):
        run = agentflow.run(ask, "never awaited")
        {then}
"""


@pytest.mark.parametrize("then", ["", "assert run.output"])
@pytest.mark.parametrize(
    "mark", ["", '@pytest.mark.agentflow(case="x")', "@pytest.mark.cost(total=1)"]
)
@pytest.mark.parametrize("mode", ["replay", "record"])
def test_a_forgotten_await_is_no_pass(
    project: pytest.Pytester, record: Recorder, mark: str, then: str, mode: str
) -> None:
    """A run that nobody awaited never ran: the test says so, whatever its marks."""
    project.path.joinpath("pytest.ini").unlink()
    test = FORGOTTEN.format(mark=mark, then=then)
    project.makepyfile(quiz=FLOW, test_quiz=test)
    result = record("-W", "error", mode=mode)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*ask is async: await agentflow.run(...) or asyncio.run(agentflow.run(...)).*"]
    )
    assert not list(project.path.rglob("*.flow.json"))


def test_a_run_in_a_loop_of_the_tests_own_is_awaited(
    project: pytest.Pytester, record: Recorder
) -> None:
    """`asyncio.run` needs no plugin."""
    project.path.joinpath("pytest.ini").unlink()
    test = FORGOTTEN.format(
        mark='@pytest.mark.agentflow(case="x")',
        then='import asyncio; assert asyncio.run(run).output == "<never awaited>"',
    )
    project.makepyfile(quiz=FLOW, test_quiz=test)
    record().assert_outcomes(passed=1)
    project.runpytest().assert_outcomes(passed=1)
