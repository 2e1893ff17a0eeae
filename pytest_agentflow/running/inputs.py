"""The inputs of a run, by the names of the workflow's parameters."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any


def name_of(workflow: Callable[..., Any]) -> str:
    """Give the name that runs of `workflow` are recorded under.

    Raises `TypeError` for a lambda, which has none.
    """
    name = _name(workflow)
    if name == "<lambda>":
        message = (
            "a lambda has no name to record under; give agentflow.run a function, or "
            'name the workflow: @pytest.mark.agentflow(workflow="build_site")'
        )
        raise TypeError(message)
    return name


def _name(workflow: Callable[..., Any]) -> str:
    while isinstance(workflow, partial):
        workflow = workflow.func
    return str(getattr(workflow, "__name__", None) or type(workflow).__name__)


def two_cases(case: str) -> str:
    """Say that runs with different inputs were given one name."""
    return (
        f'two runs with different inputs are named case="{case}", so that one '
        "recording would replace the other. Give each a name, on its own parameters: "
        f'pytest.param(..., marks=pytest.mark.agentflow(case="{case}")), or leave '
        "case= out: the ids of the parameters name them"
    )


def inputs_of(
    workflow: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the inputs by name; raises `TypeError` for those it does not take."""
    __tracebackhide__ = True
    try:
        signature = inspect.signature(workflow)
    except (TypeError, ValueError):  # a builtin: nothing names its parameters
        return {**({"args": list(args)} if args else {}), **kwargs}
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        name = _name(workflow)
        raise TypeError(_explained(name, signature, kwargs, error)) from None
    inputs: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
            inputs.update(value)
        else:
            inputs[name] = value
    return inputs


def _explained(
    workflow: str,
    signature: inspect.Signature,
    kwargs: Mapping[str, Any],
    error: TypeError,
) -> str:
    """Say which input is wrong, before which one is missing: a slip makes it both."""
    takes = f"{workflow}{_bare(signature)}"
    for name in kwargs:
        if name not in _by_name(signature):
            near = difflib.get_close_matches(name, _by_name(signature), n=1)
            hint = f"; did you mean {near[0]}=? It is {takes}" if near else ""
            return f"{workflow} takes no input {name!r}{hint or f'; it is {takes}'}"
    reason = str(error)
    missing = reason.removeprefix("missing a required argument: ")
    if missing != reason:
        return f"{workflow} needs the input {missing}; it is {takes}"
    return f"{workflow}: {reason}; it is {takes}"


def _by_name(signature: inspect.Signature) -> list[str]:
    by_name = (
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.KEYWORD_ONLY,
    )
    return [p.name for p in signature.parameters.values() if p.kind in by_name]


def _bare(signature: inspect.Signature) -> inspect.Signature:
    """Leave annotations out: names and defaults are what a caller mistakes."""
    parameters = [
        p.replace(annotation=inspect.Parameter.empty)
        for p in signature.parameters.values()
    ]
    return inspect.Signature(parameters)
