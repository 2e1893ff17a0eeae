"""Usage is read off real recorded traffic as its owners expect it."""

import importlib.util
import sys
from pathlib import Path

import pytest

pytest.importorskip("genai_prices", reason="the benchmark compares with genai-prices")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "usage.py"


def test_usage_is_what_the_owners_of_the_traffic_expect(third_party_data: Path) -> None:
    """At least 97 % of expected values, and never another figure than genai-prices."""
    spec = importlib.util.spec_from_file_location("usage_benchmark", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = benchmark
    spec.loader.exec_module(benchmark)
    corpus = benchmark.corpus_of([third_party_data / "cassettes"])
    result, _ = benchmark.figures(corpus)
    assert result["expected_values"] > 50
    assert result["expected_ours"] >= 0.97 * result["expected_values"]
    assert result["expected_ours"] >= result["expected_genai_prices"]
    assert result["agree"] == result["both"]
    assert result["read_ours"] >= result["read_genai_prices"]
