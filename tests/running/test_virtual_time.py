"""Time that nobody waits for: as long as recorded, as parallel as the program."""

from __future__ import annotations

import asyncio
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_agentflow.running import virtual_time_still
from pytest_agentflow.running.virtual_time import VirtualClock

DURATIONS = (40, 10, 30, 20)


@contextmanager
def clock(**given: Any) -> Iterator[VirtualClock]:
    """Give a clock that is stopped in the end."""
    made = VirtualClock(**given)
    try:
        yield made
    finally:
        made.stop()


def taken(workflow: Callable[[VirtualClock], object], **given: Any) -> int:
    """Give the microseconds that a workflow takes; they must be relied on."""
    with clock(**given) as made:
        workflow(made)
        assert made.undetermined == ()
        return made.now


def call(made: VirtualClock, duration: int) -> None:
    """Make a call that takes so long."""
    made.hold(made.now + duration)


async def call_async(made: VirtualClock, duration: int) -> None:
    """Make it in a task."""
    await made.hold_task(made.now + duration)


def in_threads(functions: list[Callable[[], object]]) -> None:
    """Run functions side by side, each in a thread of its own."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# One after the other, and side by side


def test_calls_one_after_the_other_add_up() -> None:
    """Plain code that makes a call after the other takes as long as all of them."""
    assert taken(lambda made: [call(made, d) for d in DURATIONS]) == sum(DURATIONS)


def test_tasks_side_by_side_take_as_long_as_the_longest() -> None:
    """Of gathered tasks the longest call counts."""

    async def gathered(made: VirtualClock) -> None:
        await asyncio.gather(*(call_async(made, d) for d in DURATIONS))

    assert taken(lambda made: asyncio.run(gathered(made))) == max(DURATIONS)


def test_tasks_that_wait_for_each_other_add_up() -> None:
    """A lock that lets one task call at a time is as slow as a loop."""

    async def in_turn(made: VirtualClock) -> None:
        lock = asyncio.Lock()

        async def one(duration: int) -> None:
            async with lock:
                await call_async(made, duration)

        await asyncio.gather(*(one(d) for d in DURATIONS))

    assert taken(lambda made: asyncio.run(in_turn(made))) == sum(DURATIONS)


def test_a_limit_of_two_at_a_time_is_seen() -> None:
    """A semaphore of two gives each free place to the next call that waits."""

    async def limited(made: VirtualClock) -> None:
        places = asyncio.Semaphore(2)

        async def one(duration: int) -> None:
            async with places:
                await call_async(made, duration)

        await asyncio.gather(*(one(d) for d in DURATIONS))

    # 40 and 10; then 30 from 10 to 40; then 20 from 40 to 60
    assert taken(lambda made: asyncio.run(limited(made))) == 60


def test_a_pool_gives_its_threads_work_as_they_get_free() -> None:
    """Calls in a thread pool are as parallel as the pool is wide."""

    def pooled(made: VirtualClock) -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda d: call(made, d), DURATIONS))

    assert taken(pooled) == 60


def test_threads_that_share_a_lock_add_up() -> None:
    """Threads that wait for a plain lock are known to wait for each other."""

    def locked(made: VirtualClock) -> None:
        lock = threading.Lock()

        def one(duration: int) -> None:
            with lock:
                call(made, duration)

        in_threads([lambda d=d: one(d) for d in DURATIONS])  # type: ignore[misc]

    assert taken(locked) == sum(DURATIONS)


def test_a_pipeline_of_queues_overlaps() -> None:
    """Two threads that hand on over a queue work at the same time."""

    def piped(made: VirtualClock) -> None:
        between: queue.Queue[int | None] = queue.Queue()

        def first() -> None:
            for duration in DURATIONS:
                call(made, duration)
                between.put(duration)
            between.put(None)

        def second() -> None:
            while between.get() is not None:
                call(made, 30)

        in_threads([first, second])

    # 40; then 10, 30 and 20 to 100, beside 30 + 30 to 100; then 30 + 30
    assert taken(piped) == 160


def test_sync_code_in_threads_of_a_loop_overlaps() -> None:
    """Blocking calls that a loop hands to threads are side by side with its tasks."""

    async def mixed(made: VirtualClock) -> None:
        blocking = (asyncio.to_thread(call, made, d) for d in DURATIONS)
        await asyncio.gather(*blocking, call_async(made, 35))

    assert taken(lambda made: asyncio.run(mixed(made))) == max(DURATIONS)


def test_a_blocking_call_in_a_task_blocks_its_loop() -> None:
    """What blocks a loop keeps its other tasks from going on, as it really would."""

    async def blocked(made: VirtualClock) -> None:
        async def blocks() -> None:
            call(made, 100)

        async def goes_on() -> None:
            await call_async(made, 10)
            await call_async(made, 10)

        other = asyncio.create_task(goes_on())
        await asyncio.sleep(0)
        await asyncio.gather(other, blocks())

    # 10 is answered while the loop is blocked; its task makes the next call at 100
    assert taken(lambda made: asyncio.run(blocked(made))) == 110


def test_two_hundred_tasks_at_once() -> None:
    """Many calls are in order, and none is forgotten."""
    order: list[int] = []

    async def one(made: VirtualClock, duration: int) -> None:
        await call_async(made, duration)
        order.append(duration)

    async def many(made: VirtualClock) -> None:
        await asyncio.gather(*(one(made, 1 + i * 37 % 200) for i in range(200)))

    assert taken(lambda made: asyncio.run(many(made))) == 200
    assert order == list(range(1, 201))


def test_two_hundred_threads_at_once() -> None:
    """The same with threads."""
    order: list[int] = []

    def one(made: VirtualClock, duration: int) -> None:
        call(made, duration)
        order.append(duration)

    def many(made: VirtualClock) -> None:
        in_threads([lambda i=i: one(made, 1 + i * 37 % 200) for i in range(200)])  # type: ignore[misc]

    assert taken(many) == 200
    assert order == list(range(1, 201))


def test_trio_tasks_are_held_as_well() -> None:
    """Tasks of trio overlap as those of asyncio do."""
    trio = pytest.importorskip("trio")

    async def nursed(made: VirtualClock) -> None:
        async with trio.open_nursery() as nursery:
            for duration in DURATIONS:
                nursery.start_soon(call_async, made, duration)
        await call_async(made, 5)

    assert taken(lambda made: trio.run(nursed, made)) == max(DURATIONS) + 5


# Any program of sequences and side-by-side parts

trees = st.recursive(
    st.integers(1, 50),
    lambda parts: st.tuples(
        st.sampled_from(("sequence", "parallel")),
        st.lists(parts, min_size=1, max_size=4),
    ),
    max_leaves=10,
)


def span_of(tree: Any) -> int:
    """Give how long a tree takes."""
    if isinstance(tree, int):
        return tree
    kind, parts = tree
    spans = [span_of(part) for part in parts]
    return sum(spans) if kind == "sequence" else max(spans)


async def as_tasks(made: VirtualClock, tree: Any) -> None:
    """Run a tree as tasks."""
    if isinstance(tree, int):
        return await call_async(made, tree)
    kind, parts = tree
    if kind == "parallel":
        running: list[Awaitable[None]] = [as_tasks(made, part) for part in parts]
        await asyncio.gather(*running)
        return None
    for part in parts:
        await as_tasks(made, part)
    return None


def as_threads(made: VirtualClock, tree: Any) -> None:
    """Run a tree as threads."""
    if isinstance(tree, int):
        return call(made, tree)
    kind, parts = tree
    if kind == "parallel":
        return in_threads([lambda p=p: as_threads(made, p) for p in parts])  # type: ignore[misc]
    for part in parts:
        as_threads(made, part)
    return None


@settings(max_examples=40, deadline=None)
@given(tree=trees)
def test_any_program_of_tasks_takes_exactly_its_span(tree: Any) -> None:
    """Tasks nested in any way take what the tree of their calls says."""
    assert taken(lambda made: asyncio.run(as_tasks(made, tree))) == span_of(tree)


@settings(max_examples=40, deadline=None)
@given(tree=trees)
def test_any_program_of_threads_takes_exactly_its_span(tree: Any) -> None:
    """So do threads."""
    assert taken(lambda made: as_threads(made, tree)) == span_of(tree)


# A busy machine


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Let other processes use the processors."""
    spin = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(spin) for _ in range(processes)]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_a_busy_machine_changes_nothing() -> None:
    """Threads that get no processor for a while are waited for."""
    tree = (
        "parallel",
        [("sequence", [5, 7, 3]), 11, ("sequence", [2, ("parallel", [4, 9])])],
    )
    with busy(6):
        for _ in range(10):
            assert taken(lambda made: as_threads(made, tree)) == 15
            assert taken(lambda made: asyncio.run(as_tasks(made, tree))) == 15


def test_code_that_computes_before_its_call_is_waited_for() -> None:
    """However long a thread computes, its call still begins at the same moment."""

    def computes(made: VirtualClock) -> None:
        def slow() -> None:
            sum(i * i for i in range(2_000_000))
            call(made, 10)
            call(made, 10)

        in_threads([slow, lambda: call(made, 15)])

    assert taken(computes) == 20


@pytest.mark.parametrize("rest", [None, 0, 0.0005], ids=["spins", "yields", "polls"])
def test_a_thread_that_is_older_and_busy_elsewhere_is_left_alone(
    rest: float | None,
) -> None:
    """Work that has nothing to do with the run does not hold it up."""
    done = threading.Event()

    def works() -> None:
        while not (done.is_set() if rest is None else done.wait(rest)):
            sum(range(1000))

    other = threading.Thread(target=works)
    other.start()
    try:
        assert taken(lambda made: [call(made, d) for d in DURATIONS]) == 100
    finally:
        done.set()
        other.join()


def test_without_proc_threads_are_looked_at_several_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where no kernel tells who sleeps, frames do."""
    monkeypatch.setattr(virtual_time_still, "_PROOF", False)
    monkeypatch.setattr(virtual_time_still, "_LOOKS", 5)
    monkeypatch.setattr(virtual_time_still, "_PAUSE", 0.001)
    tree = ("parallel", [("sequence", [5, 7, 3]), 11, ("sequence", [2, 4])])
    for _ in range(3):
        assert taken(lambda made: as_threads(made, tree)) == 15
        assert taken(lambda made: asyncio.run(as_tasks(made, tree))) == 15
    test_a_blocking_call_in_a_task_blocks_its_loop()


def test_where_the_kernel_does_not_tell_of_locks_nothing_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The interpreter's lock is then not known, and switches alone tell."""
    virtual_time_still._interpreter_lock.cache_clear()
    monkeypatch.setattr(virtual_time_still, "_waits_at", lambda _: 0)
    try:
        assert virtual_time_still._interpreter_lock() == range(0)
        assert taken(lambda made: as_threads(made, ("parallel", [5, 7]))) == 7
    finally:
        virtual_time_still._interpreter_lock.cache_clear()


@pytest.mark.skipif(not virtual_time_still._PROOF, reason="asks the kernel of Linux")
def test_a_thread_that_wants_the_interpreters_lock_is_known() -> None:
    """It is seen waiting at the same place each time it is looked for."""
    found = set()
    for _ in range(3):
        virtual_time_still._interpreter_lock.cache_clear()
        found.add(virtual_time_still._interpreter_lock().start // 1024)
    assert 0 not in found
    assert max(found) - min(found) <= 1


# Sleeping, and what is never known


def test_a_task_that_sleeps_is_waited_for_and_its_time_counts() -> None:
    """A sleep that ends before the next answer delays the calls that follow it."""

    async def rests(made: VirtualClock) -> None:
        async def rested() -> None:
            await asyncio.sleep(0.5)
            await call_async(made, 1_000_000)

        await asyncio.gather(rested(), call_async(made, 1_020_000))

    span = taken(lambda made: asyncio.run(rests(made)))
    assert 1_020_000 < span <= 1_500_000


def test_a_time_limit_is_not_slept_out() -> None:
    """A client's limit is no sleep: a replay answers in time."""

    async def limited(made: VirtualClock) -> None:
        async with asyncio.timeout(3600):
            await call_async(made, 7_200_000_000)

    began = time.monotonic()
    assert taken(lambda made: asyncio.run(limited(made))) == 7_200_000_000
    assert time.monotonic() - began < 60


def test_a_thread_that_waits_for_something_outside_is_waited_for() -> None:
    """A thread that sleeps makes its call before the answers that are due later."""

    def sleeps(made: VirtualClock) -> None:
        def slow() -> None:
            time.sleep(0.1)
            call(made, 10)
            call(made, 10)

        in_threads([slow, lambda: call(made, 15)])

    assert taken(sleeps, patience=30.0) == 20


def test_what_is_not_waited_for_any_longer_is_noted() -> None:
    """A thread that waits for ever holds nothing up, and is told of."""
    ends = threading.Event()

    def sleeps() -> None:
        while not ends.is_set():
            time.sleep(0.2)

    with clock(patience=0.05) as made:
        other = threading.Thread(target=sleeps, name="the poller")
        other.start()
        call(made, 10)
        ends.set()
        other.join()
        assert made.now == 10
        assert made.undetermined == ()
        (note,) = made.notes
    assert note.startswith("the poller at test_virtual_time.py:")


def test_what_never_stands_still_is_undetermined() -> None:
    """Nothing waits for ever: an answer is given out, and time is not known."""
    done = threading.Event()

    def spins() -> None:
        while not done.is_set():
            pass

    with clock(bound=0.2) as made:
        other = threading.Thread(target=spins)
        other.start()
        call(made, 10)
        call(made, 10)
        done.set()
        other.join()
        (why,) = made.undetermined
    assert why.startswith("something went on for 0.2 s")


def test_a_cancelled_task_is_forgotten() -> None:
    """A call that nobody waits for any more takes no time."""

    async def cancels(made: VirtualClock) -> None:
        long = asyncio.create_task(call_async(made, 1_000))
        await call_async(made, 10)
        long.cancel()
        with suppress(asyncio.CancelledError):
            await long
        await call_async(made, 10)

    assert taken(lambda made: asyncio.run(cancels(made))) == 20


def test_the_first_of_several_can_be_taken() -> None:
    """Who takes the first answer, and drops the others, waits for the first alone."""

    async def first(made: VirtualClock) -> None:
        running = {asyncio.create_task(call_async(made, d)) for d in DURATIONS}
        _, left = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    assert taken(lambda made: asyncio.run(first(made))) == min(DURATIONS)


def test_a_clock_that_is_stopped_holds_nobody() -> None:
    """What is held when the run ends goes on, and what comes later is not held."""
    made = VirtualClock()
    done = threading.Event()
    waits = threading.Thread(target=lambda: (done.wait(), call(made, 10)))
    waits.start()
    made.stop()
    done.set()
    waits.join(10)
    assert not waits.is_alive()
