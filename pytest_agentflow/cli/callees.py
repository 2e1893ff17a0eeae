"""Which functions of a project a workflow runs: its likely stages and retrievers.

Read from the source alone, so a proposal and no more. A function counts as run where
it is called, and where it is handed on, as to ``asyncio.to_thread``, an executor or
``functools.partial``.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentflow.cli.meaning import Function, Kind, Scope, meant, member, scope_of
from pytest_agentflow.cli.source import Definition

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_RETRIEVING = frozenset(
    {"rag", "recall", "retrieval", "retrieve", "retriever", "retrieves"}
)
_SEEKING = frozenset({"look", "lookup", "query", "search"})
_GETTING = frozenset({"collect", "fetch", "find", "gather", "get", "load", "read"})
_DOCUMENTS = re.compile(
    r"(archive|article|chunk|context|corpus|doc|document|evidence|fact|faq|guide|index"
    r"|knowledge|manual|passage|reference|snippet|source)s?|polic(y|ies)"
)
_ASKING = re.compile(
    r"a?completions?|chat|converse(_stream)?|a?generate(_content(_stream)?|_images?)?"
    r"|images|a?invoke(_model)?|messages|responses"
)
"""Parts of names by which clients of models are called."""

_REACHING = frozenset({"http", "socket", "subprocess", "urllib"})
"""Modules of Python itself by which a model may be asked."""
_HARMLESS = frozenset(
    name
    for kind in (str, bytes, list, dict, set, tuple, int, float, Path)
    for name in dir(kind)
)
"""Methods of Python's own types: no model is asked by them."""
_LOGGING = frozenset({"critical", "debug", "error", "exception", "info", "warning"})

_GENERIC = re.compile(
    "__call__|act|ask|call|chat|execute|generate|handle|invoke|process|respond|run|step"
)
"""Methods whose class says what they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a workflow runs, as lines of pytest's settings.

    Attributes:
        stages: pairs of a stage's name and ``module:function``, in the order in which
            they first run.
        retrievers: ``module:function`` of those that seem to find documents.
    """

    stages: tuple[tuple[str, str], ...] = ()
    retrievers: tuple[str, ...] = ()


def propose(workflow: Function, folders: tuple[Path, ...]) -> Proposal:
    """Propose stages and retrievers of a workflow's function.

    A stage is a function of the project which the workflow runs and by which a model
    may be asked: one that only calls Python's own functions is none, nor is one that
    other stages call to reach the model. A workflow that only hands on is followed.

    Args:
        workflow: its function or method.
        folders: where modules of the project are looked for.
    """
    reader = _Reader(top=workflow.home.name.partition(".")[0], folders=folders)
    stages = _stages(workflow, reader)
    found = dict.fromkeys(f.line for f in _retrievers(workflow, reader))
    return Proposal(stages=tuple(_named(stages)), retrievers=tuple(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """What is the project's own, and what was read of it already."""

    top: str
    folders: tuple[Path, ...]
    runs: dict[str, list[Function]] = field(default_factory=dict)

    def scope(self, function: Function) -> Scope:
        return scope_of(function, self.folders)

    def own(self, function: Function) -> bool:
        """Leave out what stands beside an installed package."""
        installed = any(f.name.endswith("-packages") for f in self.folders)
        return not installed or function.home.name.partition(".")[0] == self.top


def _stages(workflow: Function, reader: _Reader) -> list[Function]:
    run = [
        f
        for f in _run_by(workflow, reader)
        if f.line != workflow.line
        and not _is_retriever(f, reader)
        and _may_ask(f, reader, set())
    ]
    below = {inner.line for f in run for inner in _all_run_by(f, reader) if inner != f}
    top = [f for f in run if f.line not in below]
    public = [f for f in top if not _private(f)] or top
    if len(public) == 1:
        inner = _stages(public[0], reader)
        return inner if len(inner) > 1 else public
    return public


def _retrievers(workflow: Function, reader: _Reader) -> Iterator[Function]:
    seen = {workflow.line}
    rest = [workflow]
    while rest:
        for function in _run_by(rest.pop(0), reader):
            if function.line in seen:
                continue
            seen.add(function.line)
            if _is_retriever(function, reader):
                yield function
            else:
                rest.append(function)


# What a function runs


def _run_by(function: Function, reader: _Reader) -> list[Function]:
    """List functions that a function calls or hands on, in the order they begin."""
    if function.line not in reader.runs:
        reader.runs[function.line] = _read(function, reader)
    return reader.runs[function.line]


def _read(function: Function, reader: _Reader) -> list[Function]:
    scope = reader.scope(function)
    body = list(_nodes(function))
    calls = [node for node in body if isinstance(node, ast.Call)]
    called = {id(call.func) for call in calls}
    # An inner call ends, and runs, before the one that it is an argument of; so does
    # what a call is given before the function that is handed to it.
    ends = {id(node): _end(call) for call in calls for node in _handed(call)}
    found: list[tuple[tuple[int, int], Function]] = []
    for node in body:
        ran = None if id(node) in called else _ran(node, scope)
        if ran is not None and reader.own(ran):
            found.append((ends.get(id(node), _end(node)), ran))
    found.sort(key=lambda one: one[0])
    return list({one.line: one for _, one in found}.values())


def _ran(node: ast.expr, scope: Scope) -> Function | None:
    """Give the function that a call runs, or that stands there by its name."""
    if not isinstance(node, ast.Call | ast.Name | ast.Attribute):
        return None
    what = meant(node.func if isinstance(node, ast.Call) else node, scope)
    if isinstance(node, ast.Call) and isinstance(what, Kind) and what.is_made:
        what = member(what, "__call__", scope.folders)
    return what if isinstance(what, Function) else None


def _handed(call: ast.Call) -> list[ast.expr]:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return [node for node in given if isinstance(node, ast.Name | ast.Attribute)]


def _end(node: ast.expr) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0


def _all_run_by(function: Function, reader: _Reader) -> Iterator[Function]:
    seen = {function.line}
    rest = [function]
    while rest:
        for inner in _run_by(rest.pop(), reader):
            if inner.line not in seen:
                seen.add(inner.line)
                rest.append(inner)
                yield inner


def _nodes(function: Function) -> Iterator[ast.expr]:
    for statement in function.found.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.expr):
                yield node


# What it may be


def _may_ask(function: Function, reader: _Reader, seen: set[str]) -> bool:
    """Whether a function calls anything by which a model could be asked."""
    if function.line in seen:
        return False
    seen.add(function.line)
    scope = reader.scope(function)
    inner = {n.name for n in ast.walk(function.found) if isinstance(n, Definition)}
    for node in _nodes(function):
        if isinstance(node, ast.Call) and _reaches_out(node.func, scope, inner):
            return True
    return any(_may_ask(f, reader, seen) for f in _run_by(function, reader))


def _reaches_out(called: ast.expr, scope: Scope, inner: set[str]) -> bool:
    if meant(called, scope) is not None:
        return False
    chain = _chain(called)
    root = chain[0]
    if isinstance(called, ast.Name):
        if root in scope.local:
            return root not in inner
        return not (hasattr(builtins, root) or _of_python(root, scope))
    if len(chain) > 1 and root not in scope.local and _of_python(root, scope):
        return False
    harmless = chain[-1] in _HARMLESS or chain[-1] in _LOGGING
    return not harmless or _imports(root, scope) is not None


def _of_python(name: str, scope: Scope) -> bool:
    """Whether a name is imported from Python itself, and from nothing that reaches."""
    top = (_imports(name, scope) or "").partition(".")[0]
    return top in sys.stdlib_module_names and top not in _REACHING


def _imports(name: str, scope: Scope) -> str | None:
    tree = scope.module.tree
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name.partition(".")[0]):
                    module = getattr(node, "module", None)
                    return str(module or alias.name)
    return None


def _is_retriever(function: Function, reader: _Reader) -> bool:
    """Whether its name, or its class's, says so, and it asks no model for an answer."""
    return _seems_to_find(function) and not any(
        _ASKING.fullmatch(part)
        for one in (function, *_all_run_by(function, reader))
        for node in _nodes(one)
        if isinstance(node, ast.Call)
        for part in _chain(node.func)
    )


def _seems_to_find(function: Function) -> bool:
    first, *rest = [*map(str.lower, _WORDS.findall(function.found.name)), ""]
    owner = function.owner.name if function.owner else ""
    if _RETRIEVING & {first, *rest, *map(str.lower, _WORDS.findall(owner))}:
        return True
    of_documents = any(_DOCUMENTS.fullmatch(word) for word in rest)
    return first in _SEEKING or (first in _GETTING and of_documents)


def _chain(node: ast.expr) -> list[str]:
    """Split ``client.chat.create``; a part that has no name is empty."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *parts]


# What it is called


def _private(function: Function) -> bool:
    return function.found.name.startswith("_") and function.found.name != "__call__"


def _named(stages: list[Function]) -> Iterator[tuple[str, str]]:
    names = [_name(function) for function in stages]
    for name, function in zip(names, stages, strict=True):
        longer = _snake(function.owner.name) if function.owner else ""
        module = function.home.name.rpartition(".")[2]
        whole = f"{longer or module}_{function.found.name.strip('_')}"
        yield (name if names.count(name) == 1 else whole), function.line


def _name(function: Function) -> str:
    if function.owner is not None and _GENERIC.fullmatch(function.found.name):
        return _snake(function.owner.name)
    return function.found.name.strip("_")


def _snake(name: str) -> str:
    return "_".join(word.lower() for word in _WORDS.findall(name)) or name
