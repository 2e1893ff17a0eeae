"""Find the function that MODULE:FUNCTION names, and what it wants; import nothing."""

from __future__ import annotations

import ast
import importlib
import keyword
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentflow.cli.callees import Proposal, propose
from pytest_agentflow.cli.meaning import Function, Kind, member
from pytest_agentflow.cli.outcome import CallWrong
from pytest_agentflow.cli.source import (
    Definition,
    Module,
    bound,
    find_module,
    hint,
    look_up,
    statements,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An input that the workflow must be given."""

    name: str
    annotation: ast.expr | None
    by_position: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """What the source tells about a workflow's function.

    Attributes:
        module: its dotted name, as it is imported.
        function: its name there, or in its class.
        home: the folder of those searched that it was found below; `None` where an
            import hook found it, as for some editable packages.
        parameters: those without a default; `None` where the source does not tell, as
            of what another function makes.
        is_async: whether it is a coroutine function.
        proposal: what it runs: its likely stages and retrievers.
        owner: the class whose method it is.
        made_of: what an object of the class must be given; `None` where the method
            needs no object, or none has to be made.
    """

    module: str
    function: str
    home: Path | None
    parameters: tuple[Parameter, ...] | None
    is_async: bool
    proposal: Proposal = field(default_factory=Proposal)
    owner: str | None = None
    made_of: tuple[Parameter, ...] | None = None


def find_workflow(name: str, folders: Sequence[Path]) -> Workflow:
    """Find the function that `name`, MODULE:FUNCTION, stands for.

    Nothing is imported: what a module needs when it is (a key, a database) need not be
    there.

    Args:
        name: as in an import: ``shop.flow:build``, or ``shop.flow:Shop.build`` for a
            method.
        folders: where top modules are looked for, as in `sys.path`.

    Raises `CallWrong`, with the nearest name, where there is no such module or
    function, and for a generator, which nobody would iterate.
    """
    module_name, _, function = name.partition(":")
    owner, _, method = function.rpartition(".")
    words = [*module_name.split("."), *([owner] if owner else []), method]
    if not all(word.isidentifier() and not keyword.iskeyword(word) for word in words):
        raise CallWrong(_no_name(name))
    importlib.invalidate_caches()
    module = find_module(module_name, folders)
    if module.tree is None:
        # Compiled: only an import could tell what is in it.
        if owner:
            raise CallWrong(f"{module_name} is compiled: name a function of it")
        return _unread(module, function)
    if owner:
        return _method(module, owner, method)
    home, found = look_up(module, function, folders)
    if isinstance(found, ast.Pass):
        return _unread(module, function)
    if found is None or not _may_be_called(found):
        raise CallWrong(_no_function(module, home, function, found))
    if not isinstance(found, Definition):
        return _unread(module, function)
    _refuse_generator(name, found)
    return _workflow(module, Function(home=home, found=found))


def _no_name(name: str) -> str:
    message = f"{name!r} is no MODULE:FUNCTION, such as shop.flow:build"
    path, colon, rest = name.partition(":")
    if path.endswith(".py") and not Path(path).is_absolute():
        dotted = ".".join(Path(path).with_suffix("").parts).removeprefix("src.")
        return f"{message}; did you mean {dotted}:{rest or 'FUNCTION'}?"
    module, dot, last = path.rpartition(".")
    if dot and not colon:
        return f"{message}; did you mean {module}:{last}?"
    return message


def _refuse_generator(name: str, found: Definition) -> None:
    if _is_generator(found):
        message = (
            f"{name} is a generator, which agentflow.run does not iterate; name a "
            f"function that does, such as one that returns list({found.name}(...))"
        )
        raise CallWrong(message)


def _unread(module: Module, function: str) -> Workflow:
    return Workflow(
        module=module.name,
        function=function,
        home=module.home,
        parameters=None,
        is_async=False,
    )


def _workflow(
    module: Module,
    function: Function,
    made_of: tuple[Parameter, ...] | None = None,
    *,
    is_bound: bool = False,
) -> Workflow:
    return Workflow(
        module=module.name,
        function=function.found.name,
        home=module.home,
        parameters=tuple(_required(function.found))[is_bound:],
        is_async=isinstance(function.found, ast.AsyncFunctionDef),
        proposal=propose(function, _own(module)),
        owner=function.owner.name if function.owner else None,
        made_of=made_of,
    )


def _own(module: Module) -> tuple[Path, ...]:
    return (module.home,) if module.home is not None else ()


# Methods


def _method(module: Module, owner: str, name: str) -> Workflow:
    home, found = look_up(module, owner, _own(module))
    if not isinstance(found, ast.ClassDef):
        names = [s.name for s in _body(module) if isinstance(s, ast.ClassDef)]
        message = f"{module.name} has no class {owner}{hint(owner, names)}"
        raise CallWrong(message)
    kind = Kind(home=home, found=found)
    method = member(kind, name, _own(module))
    if not isinstance(method, Function):
        methods = _methods(found)
        message = f"{module.name}:{owner} has no method {name}{hint(name, methods)}"
        raise CallWrong(message)
    _refuse_generator(f"{module.name}:{owner}.{name}", method.found)
    marks = {d.id for d in method.found.decorator_list if isinstance(d, ast.Name)}
    called = Function(home=home, found=method.found, owner=found)
    if marks & {"staticmethod", "classmethod"}:
        return _workflow(module, called, is_bound="classmethod" in marks)
    return _workflow(module, called, _made_of(kind, module), is_bound=True)


def _methods(found: ast.ClassDef) -> list[str]:
    return [s.name for s in found.body if isinstance(s, Definition)]


def _made_of(kind: Kind, module: Module) -> tuple[Parameter, ...]:
    """List what ``__init__`` must be given, or the fields of a dataclass."""
    made = member(kind, "__init__", _own(module))
    if isinstance(made, Function):
        return tuple(_required(made.found))[1:]
    marks = [ast.unparse(mark) for mark in kind.found.decorator_list]
    if not any("dataclass" in mark for mark in marks):
        return ()
    return tuple(
        Parameter(name=part.target.id, annotation=part.annotation, by_position=False)
        for part in kind.found.body
        if isinstance(part, ast.AnnAssign)
        and part.value is None
        and isinstance(part.target, ast.Name)
        and "ClassVar" not in ast.unparse(part.annotation)
    )


# What is there instead


def _may_be_called(statement: ast.stmt) -> bool:
    """Whether a name that is bound so can stand for a workflow's function."""
    if isinstance(statement, Definition):
        return True
    value = getattr(statement, "value", None)
    made = ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.IfExp
    return isinstance(value, made)


def _no_function(
    module: Module, home: Module, function: str, found: ast.stmt | None
) -> str:
    if isinstance(found, ast.ClassDef):
        methods = [name for name in _methods(found) if not name.startswith("_")]
        named = ", ".join(f"{module.name}:{function}.{name}" for name in methods)
        repair = f"name one of its methods: {named}" if named else "it has no method"
        return f"{module.name}:{function} is a class; {repair}"
    body = _body(module)
    known = [s.name for s in body if isinstance(s, Definition)]
    known += [name for s in body if isinstance(s, ast.ImportFrom) for name in _taken(s)]
    other = found or next((s for s in reversed(body) if function in bound(s)), None)
    what = f" (a {_kind(other)} is there)" if other is not None else ""
    return f"{home.name} has no function {function}{what}{hint(function, known)}"


def _body(module: Module) -> list[ast.stmt]:
    return list(statements(module.tree.body)) if module.tree else []


def _taken(statement: ast.ImportFrom) -> list[str]:
    """List names imported that may be functions: those of classes are written Big."""
    names = [a.asname or a.name for a in statement.names if a.name != "*"]
    return [name for name in names if not name[:1].isupper()]


def _kind(statement: ast.stmt) -> str:
    if isinstance(statement, ast.Import):
        return "module of that name"
    is_lambda = isinstance(getattr(statement, "value", None), ast.Lambda)
    return "lambda, which has no name of its own," if is_lambda else "value"


# What it wants


def _required(found: Definition) -> Iterator[Parameter]:
    args = found.args
    placed = [*args.posonlyargs, *args.args]
    without = placed[: len(placed) - len(args.defaults)]
    for given in without:
        yield _parameter(given, by_position=given in args.posonlyargs)
    for given, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        if default is None:
            yield _parameter(given, by_position=False)


def _parameter(given: ast.arg, *, by_position: bool) -> Parameter:
    return Parameter(
        name=given.arg, annotation=given.annotation, by_position=by_position
    )


def _is_generator(found: Definition) -> bool:
    rest: list[ast.AST] = [*found.body]
    while rest:
        node = rest.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, Definition | ast.ClassDef | ast.Lambda):
            rest += ast.iter_child_nodes(node)
    return False
