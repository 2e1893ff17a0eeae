"""Finds the user's judge by its name, when it is first asked."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from typing import Any

from pytest_agentflow.checking.check import CheckError
from pytest_agentflow.running.settings import BadSetting

_FORM = "agentflow_judge = {given!r} must be written as 'module:function'"


def judge_named(name: str) -> Callable[[], Callable[..., Any]]:
    """Give what imports the judge at ``module:name``, when it is called.

    Raises `BadSetting` for a name of another form. What is given raises `CheckError`
    where there is no such judge.
    """
    module, colon, function = (part.strip() for part in name.strip().partition(":"))
    dotted = all(part.isidentifier() for part in f"{module}.{function}".split("."))
    if not colon or not dotted:
        raise BadSetting(_FORM.format(given=name))
    return partial(_load, module, function)


def _load(module: str, function: str) -> Callable[..., Any]:
    where = f"agentflow_judge = {module}:{function}"
    try:
        found: Any = importlib.import_module(module)
        for part in function.split("."):
            found = getattr(found, part)
    except ImportError as error:
        message = f"{where}: the module cannot be imported: {error}"
        raise CheckError(message) from error
    except AttributeError:
        message = f"{where}: {module} has no {function}"
        raise CheckError(message) from None
    if not callable(found):
        message = f"{where} is {type(found).__name__}, not a function"
        raise CheckError(message)
    judge: Callable[..., Any] = found
    return judge
