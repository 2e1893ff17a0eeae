"""Puts a function behind a door, whatever its kind: sync, async or a generator.

What a door does on the way in and out is a `Passage`; this module only sees to it that
it happens at the right moments, and that code between a generator's steps stands where
its caller stands.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any, Protocol


class Pause(Protocol):
    """How long a known result is to be held."""

    def wait(self) -> None:
        """Hold the thread."""

    async def give_way(self) -> None:
        """Hold the task."""


class Passage(Protocol):
    """One call of a function behind a door."""

    def answer(self) -> tuple[bool, Any]:
        """Give (True, result) where the function need not run."""

    def pause(self) -> Pause | None:
        """Give how long a result that is known takes; `None`: no time."""

    def inside(self) -> AbstractContextManager[None]:
        """The function's own code runs in here."""

    def returned(self, value: Any) -> None:
        """The function gave `value`."""

    def yielded(self, items: list[Any], value: Any) -> None:
        """The function, a generator, gave `items` and at last returned `value`."""

    def raised(self, error: BaseException) -> None:
        """The function raised."""


Open = Callable[[tuple[Any, ...], dict[str, Any]], Passage | None]
"""Opens a door for one call; `None`: there is no session, just call the function."""


def behind_door(function: Callable[..., Any], open_: Open) -> Callable[..., Any]:
    """Give a function of the same kind as `function` that goes through the door."""
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, open_)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, open_)
    if inspect.isgeneratorfunction(function):
        return _generator(function, open_)
    return _plain(function, open_)


def _plain(function: Callable[..., Any], open_: Open) -> Callable[..., Any]:
    @wraps(function)
    def through(*args: Any, **kwargs: Any) -> Any:
        passage = open_(args, kwargs)
        if passage is None:
            return function(*args, **kwargs)
        known, result = passage.answer()
        if known:
            _hold(passage)
            return result
        with _telling(passage), passage.inside():
            result = function(*args, **kwargs)
        # A function may also hand out what a decorator made of a coroutine function.
        if inspect.iscoroutine(result):
            return _awaited(result, passage)
        if inspect.isgenerator(result):
            return _driven(result, passage)
        if inspect.isasyncgen(result):
            return _driven_async(result, passage)
        passage.returned(result)
        return result

    return through


def _hold(passage: Passage) -> None:
    if (pause := passage.pause()) is not None:
        pause.wait()


async def _hold_task(passage: Passage) -> None:
    if (pause := passage.pause()) is not None:
        await pause.give_way()


def _coroutine(function: Callable[..., Any], open_: Open) -> Callable[..., Any]:
    @wraps(function)
    async def through(*args: Any, **kwargs: Any) -> Any:
        passage = open_(args, kwargs)
        if passage is None:
            return await function(*args, **kwargs)
        known, result = passage.answer()
        if known:
            await _hold_task(passage)
            return result
        return await _awaited(function(*args, **kwargs), passage)

    return through


async def _awaited(coroutine: Any, passage: Passage) -> Any:
    with _telling(passage), passage.inside():
        result = await coroutine
    passage.returned(result)
    return result


def _generator(function: Callable[..., Any], open_: Open) -> Callable[..., Any]:
    @wraps(function)
    def through(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        passage = open_(args, kwargs)
        if passage is None:
            return (yield from function(*args, **kwargs))
        known, result = passage.answer()
        if known:
            _hold(passage)
            yield from result
            return None
        return (yield from _driven(function(*args, **kwargs), passage))

    return through


def _driven(
    steps: Generator[Any, Any, Any], passage: Passage
) -> Generator[Any, Any, Any]:
    """Run a generator step by step, each step inside."""
    given: list[Any] = []
    resume: Callable[[], Any] = steps.__next__
    while True:
        try:
            with _telling(passage, StopIteration), passage.inside():
                item = resume()
        except StopIteration as stop:
            passage.yielded(given, stop.value)
            return stop.value
        given.append(item)
        try:
            sent = yield item
        except GeneratorExit:
            with passage.inside():
                steps.close()
            passage.yielded(given, None)
            raise
        except BaseException as error:  # noqa: BLE001 - thrown in by the caller
            resume = _thrower(steps.throw, error)
        else:
            resume = _sender(steps.send, sent)


def _sender(send: Callable[[Any], Any], value: Any) -> Callable[[], Any]:
    return lambda: send(value)


def _thrower(
    throw: Callable[[BaseException], Any], error: BaseException
) -> Callable[[], Any]:
    return lambda: throw(error)


def _async_generator(function: Callable[..., Any], open_: Open) -> Callable[..., Any]:
    def steps_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        passage = open_(args, kwargs)
        if passage is None:
            return function(*args, **kwargs)
        known, result = passage.answer()
        if known:
            return _each(result, passage)
        return _driven_async(function(*args, **kwargs), passage)

    @wraps(function)
    async def through(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = steps_of(args, kwargs)
        resume: Callable[[], Any] = steps.__anext__
        try:
            while True:
                item = await resume()
                try:
                    sent = yield item
                except GeneratorExit:
                    raise
                except BaseException as error:  # noqa: BLE001 - thrown in by the caller
                    resume = _thrower(steps.athrow, error)
                else:
                    resume = _sender(steps.asend, sent)
        except StopAsyncIteration:
            return
        finally:
            await steps.aclose()

    return through


async def _each(items: Any, passage: Passage) -> AsyncGenerator[Any, Any]:
    await _hold_task(passage)
    for item in items:
        yield item


async def _driven_async(
    steps: AsyncGenerator[Any, Any], passage: Passage
) -> AsyncGenerator[Any, Any]:
    """Run an async generator step by step, each step inside."""
    given: list[Any] = []
    resume: Callable[[], Any] = steps.__anext__
    while True:
        try:
            with _telling(passage, StopAsyncIteration), passage.inside():
                item = await resume()
        except StopAsyncIteration:
            passage.yielded(given, None)
            return
        given.append(item)
        try:
            sent = yield item
        except GeneratorExit:
            with passage.inside():
                await steps.aclose()
            passage.yielded(given, None)
            raise
        except BaseException as error:  # noqa: BLE001 - thrown in by the caller
            resume = _thrower(steps.athrow, error)
        else:
            resume = _sender(steps.asend, sent)


class _telling:  # noqa: N801 - reads as a verb
    """Tells a passage of what the function raises, but for how generators end."""

    def __init__(self, passage: Passage, *ends: type[BaseException]) -> None:
        self._passage = passage
        self._ends = ends

    def __enter__(self) -> None:
        """Nothing to do on the way in."""

    def __exit__(
        self, kind: object, error: BaseException | None, trace: object
    ) -> None:
        """Tell of `error`, and let it go on."""
        if error is not None and not isinstance(error, self._ends):
            self._passage.raised(error)
