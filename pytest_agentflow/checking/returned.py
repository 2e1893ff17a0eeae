"""What a check's function gives: taken as outcomes, or told how it is written."""

from __future__ import annotations

import inspect
import reprlib
from collections.abc import (
    AsyncIterator,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, get_args

from pytest_agentflow.checking.check import CheckError
from pytest_agentflow.checking.results import Examined, Note, Rule
from pytest_agentflow.checking.waivers import Waiver
from pytest_agentflow.model.exhibit import Exhibit
from pytest_agentflow.model.finding import Finding
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.verdict import Verdict

Outcome: TypeAlias = Finding | Examined | Rule | Note | Waiver | Exhibit

_OUTCOMES = (Finding, Examined, Rule, Note, Waiver, *get_args(Exhibit))
_NO_FINDING = (Verdict.PASSED, Verdict.INAPPLICABLE)
_DOCUMENTED = "docs/writing-checks.md shows both forms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What `function` gave, and the check it was called for."""

    id: str
    function: Callable[..., Any]
    result: object

    def where(self) -> str:
        """Name the function, its file and the line that gave what was given last."""
        code = getattr(self.function, "__code__", None)
        name = getattr(self.function, "__name__", "the check's function")
        if code is None:
            return name
        running = self.result if inspect.isgenerator(self.result) else None
        frame = running.gi_frame if running is not None else None
        line = code.co_firstlineno if frame is None else frame.f_lineno
        return f"{name} ({Path(code.co_filename).name}:{line})"


def of_run(returned: Returned) -> Iterator[Outcome]:
    """Give what a check without ``each=`` found in a run.

    Raises `CheckError`, with the function, its file and line, for what is none.
    """
    result = returned.result
    if result is None:
        return
    whole = isinstance(result, _OUTCOMES) or not _several(returned)
    for item in (result,) if whole else result:  # type: ignore[attr-defined]
        if not isinstance(item, _OUTCOMES):
            _refuse_of_run(returned, item)
        yield _sound(returned, item)


def of_subject(returned: Returned) -> Iterator[str | Finding]:
    """Give what a check with ``each=`` says of one subject; raises `CheckError`."""
    result = returned.result
    if result is None:
        return
    whole = isinstance(result, (str, Finding)) or not _several(returned)
    for item in (result,) if whole else result:  # type: ignore[attr-defined]
        if isinstance(item, str) and item.strip():
            yield item
        elif isinstance(item, Finding):
            _sound(returned, item)
            yield item
        elif item is not None:
            _refuse_of_subject(returned, item)


def subjects(
    id: str,  # noqa: A002 - the word users write
    pairs: Iterable[tuple[Place, Any]],
) -> Iterator[tuple[Place, Any]]:
    """Give the pairs that ``each=`` gave; raises `CheckError` for what is none."""
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2):
            _refuse_subject(id, pair)
        if not isinstance(pair[0], Place):
            _refuse_subject(id, pair[0])
        yield pair


def _several(returned: Returned) -> bool:
    result = returned.result
    if isinstance(result, (Coroutine, AsyncIterator)):
        if isinstance(result, Coroutine):
            result.close()  # or Python warns that nobody awaited it
        message = f"{returned.where()} is async; a check is a plain function: def"
        raise CheckError(message)
    return isinstance(result, Iterable) and not isinstance(
        result, (str, bytes, Mapping)
    )


def _sound(returned: Returned, item: Outcome) -> Outcome:
    problem = ""
    if isinstance(item, Finding) and item.verdict in _NO_FINDING:
        problem = f"a finding that {item.verdict}; yield af.Examined instead"
    elif isinstance(item, Finding) and not item.message.strip():
        problem = "a finding without a message; say in it what is wrong"
    elif isinstance(item, Examined) and not _counts(item.count):
        shown = f"af.Examined(count={_shown(item.count)})"
        problem = f"{shown}; a count is a whole number, at least 0"
    if problem:
        message = f"{returned.where()} gave {problem}"
        raise CheckError(message)
    return item


def _counts(count: object) -> bool:
    return isinstance(count, int) and not isinstance(count, bool) and count >= 0


def _refuse_of_run(returned: Returned, item: object) -> NoReturn:
    rule = f'rule="{returned.id}"'
    message = (
        f"{returned.where()} gave {_shown(item)}, which is no outcome; without each= a "
        f'check writes: yield af.Finding({rule}, message="what is wrong"), and where '
        f"nothing is: yield af.Examined({rule}). {_DOCUMENTED}"
    )
    raise CheckError(message)


def _refuse_of_subject(returned: Returned, item: object) -> NoReturn:
    message = (
        f"{returned.where()} gave {_shown(item)}; with each= a check writes: "
        'return "what is wrong", or an af.Finding, and where nothing is: return None. '
        f"{_DOCUMENTED}"
    )
    raise CheckError(message)


def _refuse_subject(id: str, item: object) -> NoReturn:  # noqa: A002 - as above
    message = (
        f"each= of {id} gave {_shown(item)}; it writes, for each subject: "
        "yield af.Place(stage=stage.name), stage"
    )
    raise CheckError(message)


def _shown(value: object) -> str:
    """Show plain values; of others the type, since their text may differ each time."""
    plain = value is None or isinstance(value, (str, bytes, bool, int, float))
    return reprlib.repr(value) if plain else f"a value of type {type(value).__name__}"
