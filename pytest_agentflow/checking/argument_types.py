"""Arguments of a check held against the annotations of its function."""

from __future__ import annotations

import dataclasses
import inspect
import numbers
import types
import typing
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from pytest_agentflow.checking.written import written

#: At most so many characters of a value are shown.
_SHOWN = 80

_LISTS = (Sequence, list, tuple)
_SETS = (Collection, Iterable, AbstractSet, set, frozenset)
_MAPPINGS = (Mapping, dict)

#: Annotation -> one, several, an example; of what is judged without its arguments.
_PLAIN: Mapping[object, tuple[str, str, str]] = {
    str: ("a text", "texts", '"..."'),
    bool: ("True or False", "True or False", "True"),
    int: ("a whole number", "whole numbers", "3"),
    float: ("a number", "numbers", "0.5"),
    Decimal: ("a Decimal", "Decimals", 'Decimal("0.5")'),
    Path: ("a path", "paths", '"folder/file"'),
    type(None): ("None", "None", "None"),
}


def wrong_argument(
    function: Callable[..., Any],
    parameters: Mapping[str, inspect.Parameter],
    given: Mapping[str, Any],
) -> str | None:
    """Say which argument is of a type that `function` does not take; `None`: none is.

    Judged are texts, numbers, truth values, paths, literals, dataclasses (a check is
    one), unions, and lists, sets and mappings of these. Whole numbers are numbers, but
    truth values are not; a path may be a text; a text is no list of texts. What is
    annotated otherwise, or cannot be resolved, is not judged.

    Args:
        function: its annotations count.
        parameters: by name, as far as users give them.
        given: the arguments of one call by name.
    """
    hints = _hints(function)
    for name, value in given.items():
        parameter = parameters[name]
        hint = hints.get(name, Any)
        for label, one in _each(parameter, value):
            if one is not parameter.default and not fits(one, hint):
                return _sentence(label, one, hint, parameter)
    return None


def _each(parameter: inspect.Parameter, value: Any) -> Iterable[tuple[str, Any]]:
    if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
        return ((f"*{parameter.name}: ", one) for one in value)
    if parameter.kind is inspect.Parameter.VAR_KEYWORD:
        return ((f"{name}=", one) for name, one in value.items())
    return ((f"{parameter.name}=", value),)


@cache
def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    """Resolve annotations one by one: one that cannot be leaves the others judged."""
    hints: dict[str, Any] = {}
    names = getattr(function, "__globals__", {})
    for name, annotation in getattr(function, "__annotations__", {}).items():
        single = types.SimpleNamespace(__annotations__={name: annotation})
        try:
            hints |= typing.get_type_hints(single, globalns=names)
        except Exception:  # noqa: BLE001, S112 - evaluates what a user wrote for mypy
            continue
    return hints


def fits(value: object, hint: Any) -> bool:
    """Whether `value` is what `hint` says, as far as such a hint is judged."""
    hint = _bare(hint)
    if hint in _PLAIN:
        return _is_plain(value, hint)
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Literal:
        return any(type(value) is type(one) and value == one for one in arguments)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, one) for one in arguments)
    if origin in _MAPPINGS:
        return isinstance(value, Mapping) and _holds(value, arguments)
    if origin in (*_LISTS, *_SETS):
        return _is_list(value, origin, arguments)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return isinstance(value, hint)
    return True


def _bare(hint: Any) -> Any:
    """Unwrap ``Annotated``, ``NewType`` and ``type X``; give the type of `None`."""
    if hint is None:
        return type(None)
    if typing.get_origin(hint) is typing.Annotated:
        return _bare(typing.get_args(hint)[0])
    inner = getattr(hint, "__supertype__", None) or getattr(hint, "__value__", None)
    return hint if inner is None or isinstance(hint, type) else _bare(inner)


def _is_plain(value: object, hint: Any) -> bool:
    if isinstance(value, bool):
        return hint is bool
    kinds: Mapping[object, tuple[type, ...]] = {
        int: (numbers.Integral,),
        float: (numbers.Real,),
        Path: (str, PathLike),
    }
    return isinstance(value, kinds.get(hint, hint))


def _holds(value: Mapping[Any, Any], arguments: tuple[Any, ...]) -> bool:
    if not arguments:
        return True
    key, item = arguments
    return all(fits(k, key) and fits(v, item) for k, v in value.items())


def _is_list(value: object, origin: Any, arguments: tuple[Any, ...]) -> bool:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        return False
    if origin in _LISTS and not isinstance(value, Sequence):
        return False
    if not isinstance(value, Collection) or not arguments:
        return True  # an iterator is used up by looking
    if origin is tuple and arguments[-1] is not ...:
        pairs = zip(value, arguments, strict=False)
        return len(value) == len(arguments) and all(fits(v, a) for v, a in pairs)
    return all(fits(one, arguments[0]) for one in value)


def _sentence(
    label: str, value: object, hint: Any, parameter: inspect.Parameter
) -> str:
    shown = written(value)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
    default = parameter.default
    usual = default not in (None, (), parameter.empty)
    example = written(default) if usual else _words(hint)[2]
    what = f"{label}{shown} is of a wrong type; it takes {_words(hint)[0]}"
    name = "" if label.startswith("*") else label
    return f"{what}, as in {name}{example}"


def _words(hint: Any) -> tuple[str, str, str]:
    """Name one of what `hint` says, several of it, and give an example."""
    hint = _bare(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint) or hint, typing.get_args(hint)
    if origin is typing.Literal:
        known = _either([written(one) for one in arguments])
        return known, known, written(arguments[0])
    if origin in (typing.Union, types.UnionType):
        found = [_words(one) for one in arguments if one is not type(None)]
        ones, many = (_either([w[i] for w in found]) for i in (0, 1))
        return ones, many, found[0][2]
    if origin in _MAPPINGS:
        (_, keys, key), (_, values, item) = map(_words, arguments or (Any, Any))
        several = f"of {keys} to {values}"
        return f"a mapping {several}", f"mappings {several}", f"{{{key}: {item}}}"
    if origin in (*_LISTS, *_SETS):
        _, items, item = _words(arguments[0] if arguments else Any)
        return f"a list of {items}", f"lists of {items}", f"[{item}]"
    name = getattr(hint, "__name__", "value") if hint is not Any else "value"
    if name == "Check":
        return "a check", "checks", "html_validity()"
    return f"a {name}", f"{name}s", "..." if name == "value" else f"{name}(...)"


def _either(words: Sequence[str]) -> str:
    *first, last = dict.fromkeys(words)
    return f"{', '.join(first)} or {last}" if first else last
