"""Usage is read off real recorded traffic as its owners expect it."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("genai_prices", reason="the benchmark compares with genai-prices")
pytest.importorskip("yaml", reason="the recorded traffic is YAML")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "usage_oracle.py"


def test_usage_is_what_the_owners_of_the_traffic_expect(third_party_data: Path) -> None:
    """The bars of the benchmark are met, and genai-prices alone reads less."""
    spec = importlib.util.spec_from_file_location("usage_oracle", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    sys.path.insert(0, str(SCRIPT.parent))  # as for any script
    try:
        spec.loader.exec_module(benchmark)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    folder = third_party_data / "cassettes"
    expected = benchmark.expectations([*folder.glob("*.expected-usage.json")])
    result, _ = benchmark.measure([folder], expected)
    assert result["expected_values"] > 100
    assert result["carried"] > 1000
    assert benchmark.met(result)
    assert result["expected_ours"] > result["expected_genai_prices"]
    assert result["carried_ours"] > result["carried_genai_prices"]
