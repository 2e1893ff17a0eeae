"""Latency is computed where a mark asks for it, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Recorder = Callable[..., pytest.RunResult]

SUITE = """
import pytest
from flow import build

@pytest.mark.cost(latency=60)
def test_asked_by_a_check(agentflow):
    assert agentflow.run(build, "ants").computed is not None

@pytest.mark.agentflow(latency=True)
def test_asked_by_the_mark(agentflow):
    computed = agentflow.run(build, "ants").computed
    assert computed.undetermined == ()
    assert len(computed.calls) == len(computed.critical) == 2
    assert computed.span == computed.work > 0

@pytest.mark.cost(total=1)
def test_not_asked(agentflow):
    assert agentflow.run(build, "ants").computed is None

@pytest.mark.agentflow(latency=False)
@pytest.mark.cost(latency=60)
def test_asked_not_to(agentflow):
    assert agentflow.run(build, "ants").computed is None

@pytest.fixture(scope="module")
def shared(agentflow):
    return agentflow.run(build, "ants")

def test_first_of_those_that_share_a_run(shared, agentflow):
    assert shared.computed is not None

@pytest.mark.cost(latency=60)
def test_another_one_asks(shared, agentflow):
    pass
"""


def test_marks_and_checks_ask_for_it(
    project: pytest.Pytester, record: Recorder
) -> None:
    """A check that is given latency, or the mark, lets the replay compute it."""
    project.makepyfile(test_site=SUITE)
    project.makepyfile(
        test_first="from flow import build\n\n"
        "def test_build(agentflow):\n    agentflow.run(build, 'ants')\n"
    )
    record("test_first.py")
    result = project.runpytest("test_site.py")
    result.assert_outcomes(passed=6)


def test_the_option_decides_for_all(project: pytest.Pytester, record: Recorder) -> None:
    """`computed` computes every replay's latency, `recorded` none's."""
    project.makepyfile(
        test_site="import pytest\nfrom flow import build\n\n"
        "@pytest.mark.cost(latency=60)\n"
        "def test_a(agentflow):\n"
        "    print('A', agentflow.run(build, 'ants').computed is None)\n\n"
        "def test_b(agentflow):\n"
        "    print('B', agentflow.run(build, 'ants').computed is None)\n"
    )
    record()
    computed = project.runpytest("-s", "--agentflow-latency=computed")
    computed.stdout.fnmatch_lines(["*A False*", "*B False*"])
    recorded = project.runpytest("-s", "-o", "agentflow_latency=recorded")
    recorded.stdout.fnmatch_lines(["*A True*", "*B True*"])


def test_a_slow_replay_fails_by_its_computed_latency(
    project: pytest.Pytester, record: Recorder
) -> None:
    """The message says that the figure was computed."""
    project.makepyfile(
        test_site="import pytest\nfrom flow import build\n\n"
        "@pytest.mark.cost(latency=0)\n"
        "def test_a(agentflow):\n    agentflow.run(build, 'ants')\n"
    )
    record()
    result = project.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*the run takes * s (computed from this replay)*"])


def test_a_misspelt_source_of_latency_is_refused(project: pytest.Pytester) -> None:
    """A value that is none of the two is told with both."""
    project.makepyfile(test_site="def test_a(agentflow): pass")
    result = project.runpytest("-o", "agentflow_latency=live")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*'live' is none of computed, recorded"])
