"""Traffic that other projects recorded comes through an import as it was."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("vcr", reason="the benchmark compares with vcrpy")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "import_roundtrip.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    """Give the benchmark's functions."""
    spec = importlib.util.spec_from_file_location("import_roundtrip", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    sys.path.insert(0, str(SCRIPT.parent))  # as for any script
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module


@pytest.mark.parametrize(
    "name", ["opentelemetry-python-contrib", "langsmith-sdk", "inspect-logs"]
)
def test_no_body_is_lost_and_no_secret_is_left(
    name: str, benchmark: ModuleType, third_party_data: Path
) -> None:
    """Every body is the same, but for listed places; nothing crashes or leaks."""
    data = third_party_data / "cassettes" / f"{name}.tar.xz"
    if not data.exists():
        pytest.skip(f"{data.name} is not among the third-party data")
    result = benchmark.figures(benchmark.measured([data]))
    assert result["runs"] >= 20
    assert result["exact_bodies"] + result["parsed_bodies"] >= 40
    equal = result["exact_equal"] + result["parsed_equal"]
    assert equal >= 0.98 * (result["exact_bodies"] + result["parsed_bodies"])
    assert (result["mismatches"], result["crashes"], result["secrets"]) == (0, 0, 0)
    assert result["vcrpy_bodies_equal"] <= equal
