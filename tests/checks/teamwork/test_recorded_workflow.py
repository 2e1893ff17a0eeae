"""Figures of a real workflow that others recorded come out."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "aws_personalization.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """The script, as a module."""
    spec = importlib.util.spec_from_file_location("aws_personalization", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_flow_of_the_recorded_workflow(
    benchmark: ModuleType, third_party_data: Path
) -> None:
    """Copied 93 %, unneeded 24 to 26 %, span 43.9 s of 91.4 s, pictures 98 %.

    The template of the developer's prompt is not in the set; a stand-in of the same
    length takes its place. By characters, its second section is 25.0 % of the prompt.
    """
    folder = third_party_data / "aws-personalization"
    if not folder.is_dir():
        pytest.skip("the set aws-personalization is not there")
    run = benchmark.build_run(folder, folder / "manufacturing" / "main.html")
    figures = benchmark.flow_figures(run)
    assert figures["developer_copied"] == pytest.approx(0.935, abs=0.01)
    assert figures["developer_from_output"] == pytest.approx(0.729, abs=0.02)
    assert figures["developer_from_prompts"] == pytest.approx(0.206, abs=0.02)
    assert figures["developer_unneeded"] == pytest.approx(0.259, abs=0.025)
    assert figures["seconds"] == pytest.approx(91.4)
    assert figures["seconds_span"] == pytest.approx(43.9)
    assert figures["estimated_tokens"]["personalizer/1"] == pytest.approx(
        [4362, 2108], rel=0.01
    )
    assert run.usage().source == "estimated"
    share = run.cost("artist") / run.cost()
    assert float(share) == pytest.approx(0.977, abs=0.001)
