"""What a name or an expression of a project's source stands for, as far as it tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_agentflow.cli.source import (
    Definition,
    Module,
    absolute,
    look_up,
    module_or_none,
    statements,
)

_DEEP = 12
"""Names that stand for names: so many steps, since a circle would never end."""
_COMPUTED = ("property", "cached_property", "setter")


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function of the project, or a method with the class that holds it."""

    home: Module
    found: Definition
    owner: ast.ClassDef | None = None

    @property
    def line(self) -> str:
        """How pytest's settings name it: ``module:function``."""
        outer = f"{self.owner.name}." if self.owner else ""
        return f"{self.home.name}:{outer}{self.found.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A class of the project, or what one call of it made."""

    home: Module
    found: ast.ClassDef
    is_made: bool = False

    @property
    def made(self) -> Kind:
        """An object of the class."""
        return Kind(home=self.home, found=self.found, is_made=True)


Meaning = Function | Kind | Module | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where an expression stands.

    Attributes:
        module: whose names it sees.
        folders: where modules of the project are looked for; others stay unknown.
        local: what the function around it binds itself, `None` for what is unknown.
    """

    module: Module
    folders: tuple[Path, ...]
    local: Mapping[str, Meaning] = field(default_factory=dict)


def scope_of(function: Function, folders: tuple[Path, ...]) -> Scope:
    """Give the scope of a function's body: its parameters and what it assigns."""
    outside = Scope(module=function.home, folders=folders)
    return _inside(function, outside, 0)


def meant(node: ast.expr, scope: Scope, depth: int = 0) -> Meaning:
    """Say what an expression stands for: `None` where the source does not tell."""
    if depth > _DEEP:
        return None
    match node:
        case ast.Name(id=name) if name in scope.local:
            return scope.local[name]
        case ast.Name(id=name):
            return _global(name, scope, depth + 1)
        case ast.Attribute(value=value, attr=name):
            return _part(meant(value, scope, depth + 1), name, scope, depth + 1)
        case ast.Call(func=called):
            kind = meant(called, scope, depth + 1)
            return kind.made if isinstance(kind, Kind) and not kind.is_made else None
        case ast.BoolOp(values=values):
            found = (meant(value, scope, depth + 1) for value in values)
            return next((one for one in found if one), None)
    return None


def member(kind: Kind, name: str, folders: tuple[Path, ...], depth: int = 0) -> Meaning:
    """Find a method, or what an attribute of an object holds; in base classes, too."""
    if depth > _DEEP:
        return None
    outside = Scope(module=kind.home, folders=folders)
    for part in kind.found.body:
        if isinstance(part, Definition) and part.name == name:
            own = Function(home=kind.home, found=part, owner=kind.found)
            return None if _is_computed(part) else own
        if isinstance(part, ast.AnnAssign) and _last(part.target) == name:
            return _of_type(part.annotation, outside, depth + 1)
    held = _held(kind, name, outside, depth + 1)
    above = (meant(base, outside, depth + 1) for base in kind.found.bases)
    inherited = (
        member(base, name, folders, depth + 1)
        for base in above
        if isinstance(base, Kind)
    )
    return held or next((one for one in inherited if one is not None), None)


def _is_computed(method: Definition) -> bool:
    return any(_last(mark) in _COMPUTED for mark in method.decorator_list)


def _held(kind: Kind, name: str, outside: Scope, depth: int) -> Meaning:
    """Say what the class's own methods let an attribute hold."""
    for value, method in _given(kind.found, name):
        own = Function(home=kind.home, found=method, owner=kind.found)
        if found := meant(value, _inside(own, outside, depth), depth):
            return found
    return None


def _given(kind: ast.ClassDef, name: str) -> Iterator[tuple[ast.expr, Definition]]:
    """List what the methods of a class assign to an attribute of the object."""
    for method in kind.body:
        if isinstance(method, Definition):
            for node in ast.walk(method):
                if name in _attributes(node) and (
                    value := getattr(node, "value", None)
                ):
                    yield value, method


def _attributes(node: ast.AST) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [target.attr for target in targets if isinstance(target, ast.Attribute)]


def _inside(function: Function, outside: Scope, depth: int) -> Scope:
    local = _parameters(function, outside, depth)
    scope = Scope(module=outside.module, folders=outside.folders, local=local)
    for node in ast.walk(function.found):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            local.setdefault(node.id, None)
        elif isinstance(node, ast.arg):  # of a function inside it
            local.setdefault(node.arg, None)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                local[name] = _imported(node, name, outside, depth + 1)
    for name, value in _assigned(function.found):
        if local.get(name) is None:
            local[name] = meant(value, scope, depth + 1)
    return scope


def _parameters(function: Function, outside: Scope, depth: int) -> dict[str, Meaning]:
    given = function.found.args
    placed = [*given.posonlyargs, *given.args]
    local: dict[str, Meaning] = {
        one.arg: _of_type(one.annotation, outside, depth + 1)
        for one in (*placed, *given.kwonlyargs)
    }
    if function.owner is not None and placed:
        itself = Kind(home=function.home, found=function.owner, is_made=True)
        local[placed[0].arg] = itself
    return local


def _assigned(found: Definition) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(found):
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value


def _of_type(annotation: ast.expr | None, scope: Scope, depth: int) -> Meaning:
    match annotation:
        case None:
            return None
        case ast.Constant(value=str() as written):
            try:
                return _of_type(ast.parse(written, mode="eval").body, scope, depth)
            except (SyntaxError, ValueError):
                return None
        case ast.BinOp(left=left, right=right):
            return _of_type(left, scope, depth) or _of_type(right, scope, depth)
    kind = meant(annotation, scope, depth)
    return kind.made if isinstance(kind, Kind) else None


def _global(name: str, scope: Scope, depth: int) -> Meaning:
    module = scope.module
    if module.tree is None:
        return None
    home, found = look_up(module, name, scope.folders)
    if isinstance(found, Definition):
        return Function(home=home, found=found)
    if isinstance(found, ast.ClassDef):
        return Kind(home=home, found=found)
    value = getattr(found, "value", None)
    if isinstance(value, ast.expr):
        return meant(value, Scope(module=home, folders=scope.folders), depth)
    for statement in statements(module.tree.body):
        if isinstance(statement, ast.Import | ast.ImportFrom) and (
            part := _imported(statement, name, scope, depth)
        ):
            return part
    return None


def _imported(
    statement: ast.Import | ast.ImportFrom, name: str, scope: Scope, depth: int
) -> Meaning:
    """Say what an import binds to a name: a module, or something in one."""
    for alias in statement.names:
        if isinstance(statement, ast.Import):
            if alias.asname == name:
                return module_or_none(alias.name, scope.folders)
            if not alias.asname and alias.name.partition(".")[0] == name:
                return module_or_none(name, scope.folders)
        elif name == (alias.asname or alias.name):
            source = absolute(scope.module, statement)
            return _part(
                module_or_none(source, scope.folders), alias.name, scope, depth
            )
    return None


def _part(whole: Meaning, name: str, scope: Scope, depth: int) -> Meaning:
    """Say what ``whole.name`` is."""
    if depth > _DEEP or whole is None or isinstance(whole, Function):
        return None
    if isinstance(whole, Kind):
        return member(whole, name, scope.folders, depth)
    found = _global(name, Scope(module=whole, folders=scope.folders), depth + 1)
    if found is None and whole.is_package:
        return module_or_none(f"{whole.name}.{name}", scope.folders)
    return found


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
