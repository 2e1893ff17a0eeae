"""Many recordings are judged on any executor."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from many_checks import has_title

import pytest_agentflow as af
from pytest_agentflow.running import many


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    """Pages, of which every third lacks its title."""
    made = []
    for number in range(9):
        page = tmp_path / f"{number}.html"
        title = "" if number % 3 == 0 else "<title>x</title>"
        page.write_text(f"<!doctype html>{title}<p>{number}")
        made.append(page)
    return made


def _failed(evaluations: list[af.Evaluation]) -> set[str]:
    return {e.run for e in evaluations if not e.ok}


EXPECTED = {"pages/0.html", "pages/3.html", "pages/6.html"}


def test_any_executor_will_do(pages: list[Path]) -> None:
    """Evaluations come back for every path, whoever judged it."""
    with ThreadPoolExecutor(2) as pool:
        found = list(af.evaluate_many(pages, has_title(), executor=pool))
    assert len(found) == 9
    assert _failed(found) == EXPECTED


def test_checks_and_evaluations_travel_between_processes(pages: list[Path]) -> None:
    """The same from other processes."""
    context = get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        found = list(af.evaluate_many(pages[:4], has_title(), executor=pool))
    assert _failed(found) == {"pages/0.html", "pages/3.html"}


def test_only_a_few_are_under_way(
    pages: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long list is handed over bit by bit."""
    monkeypatch.setattr(many, "AHEAD", 2)
    taken: list[Path] = []

    def paths() -> object:
        for page in pages:
            taken.append(page)
            yield page

    with ThreadPoolExecutor(1) as pool:
        found = af.evaluate_many(paths(), has_title(), executor=pool)
        next(found)
        assert len(taken) <= 3
        assert len(list(found)) == 8


def test_no_check_is_an_error(pages: list[Path]) -> None:
    """Nothing examined is never a pass."""
    with pytest.raises(TypeError, match="was given no check"):
        af.evaluate_many(pages)


def test_a_file_that_cannot_be_read_is_raised(tmp_path: Path) -> None:
    """A damaged recording is no evaluation."""
    broken = tmp_path / "x.flow.json"
    broken.write_text("{")
    with (
        ThreadPoolExecutor(1) as pool,
        pytest.raises(ValueError, match=r"x\.flow\.json"),
    ):
        list(af.evaluate_many([broken], has_title(), executor=pool))
