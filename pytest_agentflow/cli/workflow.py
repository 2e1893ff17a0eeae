"""Find the function that MODULE:FUNCTION names, and what it wants; import nothing."""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.machinery
import keyword
import pkgutil
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_agentflow.cli.outcome import CallWrong

_SHOWN = 8
_NEARLY = 0.8
"""At most so many names are listed."""

Definition = ast.FunctionDef | ast.AsyncFunctionDef


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
        function: its name there.
        home: the folder of those searched that it was found below; `None` where an
            import hook found it, as for some editable packages.
        parameters: those without a default; `None` where the source does not tell, as
            of what another function makes.
        is_async: whether it is a coroutine function.
        source: the module that defines it, which may be another.
        calls: functions of that module that its body calls: its likely stages.
    """

    module: str
    function: str
    home: Path | None
    parameters: tuple[Parameter, ...] | None
    is_async: bool
    source: str
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """A module that was found; `tree` is `None` for one without Python source."""

    name: str
    home: Path | None
    tree: ast.Module | None
    is_package: bool


def find_workflow(name: str, folders: Sequence[Path]) -> Workflow:
    """Find the function that `name`, MODULE:FUNCTION, stands for.

    Nothing is imported: what a module needs when it is (a key, a database) need not be
    there.

    Args:
        name: as in an import: ``shop.flow:build``.
        folders: where top modules are looked for, as in `sys.path`.

    Raises `CallWrong`, with the nearest name, where there is no such module or
    function, and for a generator, which nobody would iterate.
    """
    module_name, _, function = name.partition(":")
    words = [*module_name.split("."), function]
    if not all(word.isidentifier() and not keyword.iskeyword(word) for word in words):
        message = f"{name!r} is no MODULE:FUNCTION, such as shop.flow:build"
        raise CallWrong(message)
    importlib.invalidate_caches()
    module = _module(module_name, folders)
    if module.tree is None:
        # Compiled: only an import could tell what is in it.
        return _workflow(module, module, function, None)
    home, found = _look_up(module, function, folders, set())
    if found is None:
        raise CallWrong(_no_function(module, function))
    if isinstance(found, Definition) and _is_generator(found):
        message = (
            f"{name} is a generator, which agentflow.run does not iterate; name a "
            f"function that does, such as one that returns list({function}(...))"
        )
        raise CallWrong(message)
    return _workflow(module, home, function, found)


def _workflow(
    module: _Module, home: _Module, function: str, found: ast.stmt | None
) -> Workflow:
    plain = found if isinstance(found, Definition) else None
    return Workflow(
        module=module.name,
        function=function,
        home=module.home,
        parameters=tuple(_required(plain)) if plain else None,
        is_async=isinstance(found, ast.AsyncFunctionDef),
        source=home.name,
        calls=_calls(plain, home.tree) if plain else (),
    )


# Modules


def _module(name: str, folders: Sequence[Path]) -> _Module:
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        message = (
            f"{top} is a module of Python itself, which hides one of yours of that "
            f"name; rename yours, and call: agentflow init my_{name}:FUNCTION"
        )
        raise CallWrong(message)
    found = _top(top, folders)
    if found is None:
        raise CallWrong(_no_module(name, top, folders))
    folder, spec = found
    before = top
    for part in name.split(".")[1:]:
        places = list(spec.submodule_search_locations or ())
        inner = _spec(places, part) if places else None
        if inner is None:
            raise CallWrong(_no_submodule(before, part, places))
        spec = inner
        before = f"{before}.{part}"
    return _Module(
        name=name,
        home=folder,
        tree=_tree(name, spec),
        is_package=spec.submodule_search_locations is not None,
    )


def _top(
    top: str, folders: Sequence[Path]
) -> tuple[Path | None, importlib.machinery.ModuleSpec] | None:
    """Find a top module as Python does: a mere folder only where nothing else is."""
    pairs = [(f, s) for f in folders if (s := _spec([str(f)], top)) is not None]
    real = [pair for pair in pairs if pair[1].has_location]
    hooked = _spec_of_finders(top) if not real else None
    hooks = [(None, hooked)] if hooked is not None else []
    return next(iter([*real, *hooks, *pairs]), None)


def _spec(places: list[str], part: str) -> importlib.machinery.ModuleSpec | None:
    # The last part alone: for a dotted name, Python would look for imported parents.
    return importlib.machinery.PathFinder.find_spec(part, places)


def _spec_of_finders(top: str) -> importlib.machinery.ModuleSpec | None:
    """Ask for what is installed by an import hook, as editable packages are."""
    ours = (importlib.machinery.PathFinder,)
    finders = (f for f in sys.meta_path if f not in ours and hasattr(f, "find_spec"))
    return next((s for f in finders if (s := f.find_spec(top, None))), None)


def _tree(name: str, spec: importlib.machinery.ModuleSpec) -> ast.Module | None:
    if spec.origin is None or not spec.has_location:  # a folder without __init__.py
        return ast.Module(body=[], type_ignores=[])
    if not spec.origin.endswith(".py"):
        return None
    try:
        with tokenize.open(spec.origin) as file:
            return ast.parse(file.read())
    except (SyntaxError, UnicodeDecodeError, ValueError, OSError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        message = f"{name} cannot be read: {spec.origin}{line}: {error}"
        raise CallWrong(message) from error


def _no_module(name: str, top: str, folders: Sequence[Path]) -> str:
    own = [folder for folder in folders if folder.is_relative_to(Path.cwd())]
    # Among all that is installed something resembles any word: nearly the same, then.
    near = difflib.get_close_matches(top, [*_modules(folders)], n=1, cutoff=_NEARLY)
    hint = _hint(top, [*_modules(own), *near])
    end = "" if hint.endswith("?") else "."
    places = " and ".join(str(f.relative_to(Path.cwd())) for f in own) or "none"
    return (
        f"there is no module {top}{f' for {name}' if name != top else ''}, neither in "
        f"this project (folders searched: {places}) nor installed{hint}{end} "
        "A module in another folder is found when pytest's setting pythonpath names it"
    )


def _no_submodule(before: str, part: str, places: list[str]) -> str:
    known = list(_modules([Path(place) for place in places]))
    what = "" if places else f" ({before} is one file and no package)"
    return f"{before} has no module {part}{what}{_hint(part, known)}"


def _modules(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        yield from (m.name for m in pkgutil.iter_modules([str(folder)]))


# Functions


def _look_up(
    module: _Module, name: str, folders: Sequence[Path], seen: set[tuple[str, str]]
) -> tuple[_Module, ast.stmt | None]:
    """Follow a name through the modules that only hand it on."""
    if module.tree is None or (module.name, name) in seen:
        return module, None
    seen.add((module.name, name))
    stars = []
    for statement in reversed(list(_statements(module.tree.body))):
        if isinstance(statement, ast.ImportFrom):
            names = {
                alias.asname or alias.name: alias.name for alias in statement.names
            }
            if name in names:
                return _through(module, statement, names[name], folders, seen)
            stars += [statement] if "*" in names else []
        elif name in _bound(statement):
            return module, statement if _may_be_called(statement) else None
    for statement in stars:
        home, found = _through(module, statement, name, folders, seen)
        if found is not None:
            return home, found
    dynamic = any("__getattr__" in _bound(s) for s in _statements(module.tree.body))
    return module, ast.Pass() if dynamic else None


def _through(
    module: _Module,
    statement: ast.ImportFrom,
    name: str,
    folders: Sequence[Path],
    seen: set[tuple[str, str]],
) -> tuple[_Module, ast.stmt | None]:
    try:
        source = _module(_absolute(module, statement), folders)
    except CallWrong:
        return module, ast.Pass()  # not to be followed, but it may well be there
    if source.tree is None:
        return module, ast.Pass()
    return _look_up(source, name, folders, seen)


def _absolute(module: _Module, statement: ast.ImportFrom) -> str:
    if not statement.level:
        return statement.module or ""
    parts = module.name.split(".")
    up = statement.level - module.is_package
    package = parts[: len(parts) - up]
    return ".".join([*package, *filter(None, [statement.module])])


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements of a module's own level, those in if, try and with, too."""
    for statement in body:
        yield statement
        for part in ("body", "handlers", "orelse", "finalbody"):
            inner = getattr(statement, part, [])
            if isinstance(statement, ast.If | ast.Try | ast.With | ast.ExceptHandler):
                yield from _statements(inner)


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, Definition | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import):
        return {a.asname or a.name.partition(".")[0] for a in statement.names}
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _may_be_called(statement: ast.stmt) -> bool:
    """Whether a name that is bound so can stand for a workflow's function."""
    if isinstance(statement, Definition):
        return True
    value = getattr(statement, "value", None)
    made = ast.Call | ast.Name | ast.Attribute | ast.Subscript | ast.IfExp
    return isinstance(value, made)


def _no_function(module: _Module, function: str) -> str:
    body = list(_statements(module.tree.body)) if module.tree else []
    known = [s.name for s in body if isinstance(s, Definition)]
    known += [name for s in body if isinstance(s, ast.ImportFrom) for name in _taken(s)]
    other = next((s for s in reversed(body) if function in _bound(s)), None)
    what = f" (a {_kind(other)} is there)" if other is not None else ""
    return f"{module.name} has no function {function}{what}{_hint(function, known)}"


def _taken(statement: ast.ImportFrom) -> list[str]:
    return [a.asname or a.name for a in statement.names if a.name != "*"]


def _kind(statement: ast.stmt) -> str:
    if isinstance(statement, ast.ClassDef):
        return "class of that name"
    if isinstance(statement, ast.Import):
        return "module of that name"
    is_lambda = isinstance(getattr(statement, "value", None), ast.Lambda)
    return "lambda, which has no name of its own," if is_lambda else "value"


def _hint(name: str, known: Sequence[str]) -> str:
    shown = dict.fromkeys(n for n in known if not n.startswith("_") and n != name)
    near = difflib.get_close_matches(name, shown, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    few = list(shown)[:_SHOWN]
    return f"; there are: {', '.join(few)}" if few and len(shown) <= _SHOWN else ""


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


def _calls(found: Definition, tree: ast.Module | None) -> tuple[str, ...]:
    if tree is None:
        return ()
    defined = [s for s in _statements(tree.body) if isinstance(s, Definition)]
    own = {s.name for s in defined if not s.name.startswith("_")} - {found.name}
    # An inner call ends, and runs, before the one that it is an argument of.
    called = sorted(
        (node.end_lineno or 0, node.end_col_offset or 0, node.func.id)
        for node in ast.walk(found)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    )
    return tuple(dict.fromkeys(name for *_, name in called if name in own))
