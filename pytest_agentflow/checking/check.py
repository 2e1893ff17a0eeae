"""Checks as values, and the decorator that makes them from functions."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, ParamSpec

from pytest_agentflow.checking.argument_types import wrong_argument
from pytest_agentflow.checking.misuse import misuse
from pytest_agentflow.checking.written import written
from pytest_agentflow.model.place import Place
from pytest_agentflow.model.run import Run

P = ParamSpec("P")
Subjects = Callable[[Run], Iterable[tuple[Place, Any]]]

#: Keyword parameters that the engine fills in; users do not pass them.
RESERVED = frozenset({"judge", "earlier"})


class CheckError(Exception):
    """Raised inside a check: why it cannot be decided; the verdict is ``error``."""

    __module__ = "pytest_agentflow"


class BadArgument(TypeError):
    """A check was given an argument that it does not take."""

    __module__ = "pytest_agentflow"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Check:
    """What must hold: a function's address and its arguments; compares and pickles."""

    id: str
    factory: str
    """``module:name`` of the function that `check` decorated."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    is_strict: bool = False
    is_optional: bool = False
    written: str = field(default="", compare=False)
    """As a marker would be written; paths stay as short as they were given."""

    def strict(self) -> Check:
        """Let undetermined subjects fail, too."""
        return replace(self, is_strict=True)

    def optional(self) -> Check:
        """Let ``inapplicable``, and a gate's INCONCLUSIVE, pass with a warning."""
        return replace(self, is_optional=True)

    def __hash__(self) -> int:
        arguments = sorted(
            (name, _hashed(value)) for name, value in self.arguments.items()
        )
        return hash((self.factory, *arguments, self.is_strict, self.is_optional))

    def __str__(self) -> str:
        """The check as it was written: ``accessibility("AA")``."""
        return self.written or self.id

    def __repr__(self) -> str:
        """The same, as one would write it as a value: ``replayed().optional()``."""
        call = str(self) if "(" in str(self) else f"{self}()"
        strict = ".strict()" * self.is_strict
        return f"{call}{strict}{'.optional()' * self.is_optional}"


def _hashed(value: object) -> str:
    """Give a text that equal arguments have in common."""
    if isinstance(value, Check):
        return str(hash(value))
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}({', '.join(map(_hashed, value))})"
    return repr(value)


class CheckFactory(Generic[P]):
    """A function that was made into a maker of checks by `check`."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        id: str,  # noqa: A002 - the word users write
        each: Subjects | None,
        validate: Callable[..., None] | None,
        prepare: str | None = None,
        timed: Collection[str] = (),
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.id = id
        self.each = each
        self.prepare = prepare
        self._validate = validate
        _, *rest = inspect.signature(function).parameters.values()
        self.takes = frozenset(p.name for p in rest) & RESERVED
        self.timed = frozenset(timed)
        self.parameters = {p.name: p for p in rest if p.name not in RESERVED}
        self.__signature__ = inspect.Signature(
            list(self.parameters.values()), return_annotation=Check
        )

    @property
    def title(self) -> str:
        """The first line of the function's docstring: what must hold."""
        return (inspect.getdoc(self.function) or self.id).splitlines()[0]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Check:
        """Make the check; raises `BadArgument` and names the right argument."""
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise BadArgument(self._explain(error, kwargs)) from None
        self._judge(bound.arguments)
        words = [*map(written, args), *(f"{k}={written(v)}" for k, v in kwargs.items())]
        return Check(
            id=self.id,
            factory=self._address(),
            arguments=bound.arguments,
            written=f"{self.id}({', '.join(words)})" if words else self.id,
        )

    def _judge(self, given: Mapping[str, Any]) -> None:
        """Raise `BadArgument` where a value or its type is not what is taken."""
        wrong = wrong_argument(self.function, self.parameters, given)
        try:
            if self._validate is not None:
                self._validate(**given)
        except BadArgument:
            raise
        except ValueError as error:
            # Written for this argument, it says more than the annotation does.
            message = f"{self.id}: {error}"
            raise BadArgument(message) from None
        except (TypeError, AttributeError, LookupError) as error:
            message = f"{self.id}: {wrong or self._unusable(error, given)}"
            raise BadArgument(message) from error
        if wrong is not None:
            message = f"{self.id}: {wrong}"
            raise BadArgument(message)

    def _unusable(self, error: Exception, given: Mapping[str, Any]) -> str:
        words = ", ".join(f"{name}={written(value)}" for name, value in given.items())
        cause = f"{type(error).__name__}: {error}"
        return f"{words} cannot be used ({cause}); it is written {self.form}"

    def _address(self) -> str:
        name = self.function.__qualname__
        if "." in name or "<" in name:
            message = (
                f"check {self.id!r} is the function {name}: a check must stand at "
                "module level, so that worker processes can import it. Move it there."
            )
            raise BadArgument(message)
        return f"{self.function.__module__}:{name}"

    @property
    def form(self) -> str:
        """How it is written: name and parameters with their defaults."""
        shown = inspect.Signature(list(map(_plain, self.parameters.values())))
        return f"{self.id}{shown}"

    def _explain(self, error: TypeError, kwargs: Mapping[str, Any]) -> str:
        function = self.function
        return misuse(
            self.id,
            f"{function.__module__}:{function.__qualname__}",
            self.parameters,
            documentation=function.__doc__,
            problem=str(error),
            kwargs=kwargs,
        )


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """Show annotations as they were written, and defaults as one would write them."""
    if isinstance(parameter.annotation, str):
        parameter = parameter.replace(annotation=_Bare(parameter.annotation))
    if isinstance(parameter.default, float):
        parameter = parameter.replace(default=_Bare(written(parameter.default)))
    return parameter


class _Bare(str):
    """A text that is shown without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def check(
    id: str,  # noqa: A002 - the word users write
    *,
    each: Subjects | None = None,
    validate: Callable[..., None] | None = None,
    prepare: str | None = None,
    timed: Collection[str] = (),
) -> Callable[[Callable[..., Any]], CheckFactory[...]]:
    """Make a function into a maker of checks.

    With `each`, the function gets one subject at a time and gives `None`, one sentence,
    a `Finding`, or several of these. Without, it gets the `Run` and yields `Finding`,
    `Examined`, `Rule`, `Note`, `Waiver` or an exhibit. Its further parameters are the
    arguments of the check, which are held against their annotations when it is made.
    The function must stand at module level.

    Args:
        id: stable id of the check and, with `each`, of its one rule: ``html.img-alt``.
        each: gives the subjects of a run, as pairs of `Place` and anything.
        validate: called with the arguments when the check is made (for a marker: at
            collection); a `ValueError` becomes a `BadArgument`, and so does what a
            value of a wrong type makes it raise.
        prepare: ``module:function`` that is called with the same arguments, paths made
            absolute, when collection is done, once for each distinct check of the
            collected tests. It reads the files that arguments name and raises
            `CheckError` with file, line and repair, before any workflow has run.
        timed: arguments that are about time: a replay computes `Run.computed` for a
            check that is given one of them.
    """

    def decorate(function: Callable[..., Any]) -> CheckFactory[...]:
        return CheckFactory(
            function,
            id=id,
            each=each,
            validate=validate,
            prepare=prepare,
            timed=timed,
        )

    return decorate


def resolve(factory: str) -> CheckFactory[...]:
    """Import the factory at ``module:name``."""
    module, _, name = factory.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, CheckFactory):
        message = f"{factory} is no check; decorate the function with @af.check(...)"
        raise BadArgument(message)
    return found


def is_timed(check: Check) -> bool:
    """Whether a check was given an argument that is about time."""
    given = (name for name, value in check.arguments.items() if value is not None)
    return not resolve(check.factory).timed.isdisjoint(given)


def located(check: Check, folders: Sequence[Path]) -> Check:
    """Make the relative paths among a check's arguments absolute.

    Arguments that the function annotates with ``Path`` are looked for in `folders`, in
    order. So are those of checks that are arguments themselves, given as values or, in
    what is annotated with ``Check``, as texts. Raises `BadArgument` when a file is in
    none of them.
    """
    arguments = dict(check.arguments)
    for name, parameter in resolve(check.factory).parameters.items():
        if name not in arguments:
            continue
        kind = str(parameter.annotation)
        if "Path" in kind:
            arguments[name] = _locate(check, arguments[name], folders)
        arguments[name] = _within(arguments[name], folders, named="Check" in kind)
    if arguments == check.arguments:
        return check
    return replace(check, arguments=arguments)


def _within(value: Any, folders: Sequence[Path], *, named: bool) -> Any:
    """Locate the checks among the values of an argument."""
    if isinstance(value, Check):
        return located(value, folders)
    if type(value) in (list, tuple):
        return type(value)(_within(item, folders, named=named) for item in value)
    if named and isinstance(value, str):
        return _from_text(value, folders)
    return value


def _from_text(text: str, folders: Sequence[Path]) -> Any:
    """Give the located check that a text writes; the text, where it names no file."""
    # Reading a check needs this module: there would be a circle at import.
    from pytest_agentflow.checking.discovery import (  # noqa: PLC0415
        CheckNotInstalled,
        UnknownCheck,
    )
    from pytest_agentflow.checking.expression import (  # noqa: PLC0415
        BadExpression,
        parse_check,
    )

    try:
        check = parse_check(text)
    except (BadExpression, UnknownCheck, CheckNotInstalled):
        return text  # the check that is given it knows best what to say
    found = located(check, folders)
    return text if found is check else found


def _locate(check: Check, value: Any, folders: Sequence[Path]) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_locate(check, item, folders) for item in value)
    if not isinstance(value, (str, Path)) or Path(value).is_absolute():
        return value
    for folder in folders:
        if (path := folder / value).exists():
            return path.resolve()
    looked = ", ".join(dict.fromkeys(map(str, folders)))
    message = f"{check.id}: there is no file {str(value)!r} in {looked}"
    raise BadArgument(message)
