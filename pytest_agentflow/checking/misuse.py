"""A check that is called wrongly: which argument it was, and what was meant."""

from __future__ import annotations

import difflib
import importlib.metadata
import inspect
import re
from collections.abc import Mapping
from typing import TypeAlias

Parameters: TypeAlias = Mapping[str, inspect.Parameter]

CHECKS = "pytest_agentflow.checks"
"""Where checks that are marks, too, are registered."""

METHODS = ("strict", "optional")
"""What a mark takes beside the arguments of its check; of a value it is a method."""

_MOST_MEANT = 2
#: A shorter word stands in any sentence.
_TELLING = 4
_TWICE = re.compile(r"multiple values for argument '(\w+)'")
_MISSING = re.compile(r"missing a required (?:keyword-only )?argument: '(\w+)'")
_ARGUMENT = re.compile(r"^    (\w+): (.*(?:\n(?:      .*|\s*$))*)", re.MULTILINE)


def misuse(
    name: str,
    address: str,
    parameters: Parameters,
    *,
    documentation: str | None,
    problem: str,
    kwargs: Mapping[str, object],
) -> str:
    """Say in a sentence what is wrong with the arguments of a check.

    Args:
        name: the check's id.
        address: ``module:name`` of its function.
        parameters: what it takes.
        documentation: the function's docstring.
        problem: what Python says of the call.
        kwargs: the arguments that were given by name.
    """
    problem = problem or "wrong arguments"
    told = _unknown(name, parameters, documentation, kwargs) or _other(name, problem)
    takes = ", ".join(map(_shown, parameters.values())) or "no argument"
    return f"{told} It takes {takes}; {_documented(address)}"


def _unknown(
    name: str,
    parameters: Parameters,
    documentation: str | None,
    kwargs: Mapping[str, object],
) -> str | None:
    wrong = next((given for given in kwargs if given not in parameters), None)
    if wrong is None:
        return None
    if wrong in METHODS:
        return f"{wrong}=True is for marks; a value is written {name}(...).{wrong}()."
    near = difflib.get_close_matches(wrong, [*parameters, *METHODS], n=1)
    meant = near or _described(wrong, documentation)
    hint = " or ".join(f"{one}=" for one in meant if one in {*parameters, *METHODS})
    end = f"; did you mean {hint}?" if hint else "."
    return f"{name} takes no argument {wrong!r}{end}"


def _described(word: str, documentation: str | None) -> list[str]:
    """Name the arguments whose description has `word`: ``seconds`` of a latency."""
    if len(word) < _TELLING:
        return []
    _, _, described = inspect.cleandoc(documentation or "").partition("\nArgs:\n")
    whole = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
    found = [m[1] for m in _ARGUMENT.finditer(described) if whole.search(m[2])]
    return found if len(found) <= _MOST_MEANT else []


def _other(name: str, problem: str) -> str:
    if missing := _MISSING.search(problem):
        return f"{name} needs {missing[1]}=."
    if twice := _TWICE.search(problem):
        return f"{name} was given {twice[1]}= twice."
    return f"{name}: {problem}."


def _shown(parameter: inspect.Parameter) -> str:
    name = parameter.name
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return f"*{name}"
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        return name
    return (
        f"**{name}" if parameter.kind is inspect.Parameter.VAR_KEYWORD else f"{name}="
    )


def _documented(address: str) -> str:
    marks = importlib.metadata.entry_points(group=CHECKS)
    if any(entry.value == address for entry in marks):
        return "`pytest --markers` shows how it is written"
    module, _, function = address.partition(":")
    return f"the docstring of {function} in {module} says more"
