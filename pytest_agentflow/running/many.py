"""Judge many recordings at once, on as many processes or machines as there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

from pytest_agentflow.checking.check import Check
from pytest_agentflow.checking.evaluate import evaluate
from pytest_agentflow.checking.results import Evaluation
from pytest_agentflow.recording.load import load
from pytest_agentflow.running.page_run import page_run

#: Recordings handed to the executor ahead of those that are finished.
AHEAD = 64


def evaluate_many(
    paths: Iterable[str | Path], *checks: Check, executor: Executor | None = None
) -> Iterator[Evaluation]:
    """Judge each recording or page of `paths` by all `checks`.

    Args:
        paths: ``*.flow.json`` files, or ``.html`` pages.
        checks: what must hold; they travel by name, so they must be importable there.
        executor: where the work is done: any `concurrent.futures.Executor`, a Dask
            cluster's ``client.get_executor()`` too. A process pool, one process per
            processor, when not given; it is shut down at the end.

    Yields evaluations as they finish; `Evaluation.run` says whose each one is. Files
    are loaded where they are judged, and only a bounded number is under way at a time.
    Raises `RecordingError` for a file that cannot be read.
    """
    if not checks:
        message = "evaluate_many(paths) was given no check; name what must hold"
        raise TypeError(message)
    return _evaluations(iter(paths), checks, executor)


def _evaluations(
    paths: Iterator[str | Path], checks: Sequence[Check], executor: Executor | None
) -> Iterator[Evaluation]:
    with ExitStack() as stack:
        pool = executor or stack.enter_context(_processes())
        waiting = {_submit(pool, path, checks) for path in islice(paths, AHEAD)}
        try:
            while waiting:
                done = next(as_completed(waiting))
                waiting.discard(done)
                waiting.update(_submit(pool, path, checks) for path in islice(paths, 1))
                yield done.result()
        finally:
            for future in waiting:
                future.cancel()


def _processes() -> ProcessPoolExecutor:
    """Start clean processes: a forked one would share our sockets and browsers."""
    import multiprocessing  # noqa: PLC0415 - only where processes are started

    return ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))


def _submit(
    pool: Executor, path: str | Path, checks: Sequence[Check]
) -> Future[Evaluation]:
    return pool.submit(judge_file, str(path), tuple(checks))


def judge_file(path: str, checks: tuple[Check, ...]) -> Evaluation:
    """Load one recording or page, and judge it; what a worker process runs."""
    is_page = path.lower().endswith((".html", ".htm"))
    return evaluate(page_run(path) if is_page else load(path), *checks)
