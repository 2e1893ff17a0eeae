"""Modules of a project, and names in them, by their source: nothing is imported."""

from __future__ import annotations

import ast
import difflib
import functools
import importlib.machinery
import pkgutil
import sys
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_agentflow.cli.outcome import CallWrong

_SHOWN = 8
"""At most so many names are listed."""
_NEARLY = 0.8

Definition = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module that was found; `tree` is `None` for one without Python source."""

    name: str
    home: Path | None
    tree: ast.Module | None
    is_package: bool


Bound = tuple[Module, ast.stmt | None]


def find_module(name: str, folders: Sequence[Path]) -> Module:
    """Find a module below `folders`, or installed by an import hook; read its source.

    Raises `CallWrong`, with the nearest name, where there is none.
    """
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
    return Module(
        name=name,
        home=folder,
        tree=_tree(name, spec),
        is_package=spec.submodule_search_locations is not None,
    )


def module_or_none(name: str, folders: Sequence[Path]) -> Module | None:
    """Find a module as `find_module` does; `None` for what cannot be followed."""
    top = name.partition(".")[0]
    if not top or top in sys.stdlib_module_names or _top(top, folders) is None:
        return None  # without a search for the nearest name, which takes its time
    try:
        return find_module(name, folders)
    except CallWrong:
        return None


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
            return _parsed(file.read())
    except (SyntaxError, UnicodeDecodeError, ValueError, OSError) as error:
        line = f":{error.lineno}" if isinstance(error, SyntaxError) else ""
        message = f"{name} cannot be read: {spec.origin}{line}: {error}"
        raise CallWrong(message) from error


@functools.lru_cache(maxsize=128)
def _parsed(text: str) -> ast.Module:
    return ast.parse(text)


def _no_module(name: str, top: str, folders: Sequence[Path]) -> str:
    own = [folder for folder in folders if folder.is_relative_to(Path.cwd())]
    # Among all that is installed something resembles any word: nearly the same, then.
    near = difflib.get_close_matches(top, [*_modules(folders)], n=1, cutoff=_NEARLY)
    known = hint(top, [*_modules(own), *near])
    end = "" if known.endswith("?") else "."
    places = " and ".join(str(f.relative_to(Path.cwd())) for f in own) or "none"
    return (
        f"there is no module {top}{f' for {name}' if name != top else ''}, neither in "
        f"this project (folders searched: {places}) nor installed{known}{end} "
        "A module in another folder is found when pytest's setting pythonpath names it"
    )


def _no_submodule(before: str, part: str, places: list[str]) -> str:
    known = list(_modules([Path(place) for place in places]))
    what = "" if places else f" ({before} is one file and no package)"
    return f"{before} has no module {part}{what}{hint(part, known)}"


def _modules(folders: Iterable[Path]) -> Iterator[str]:
    for folder in folders:
        yield from (m.name for m in pkgutil.iter_modules([str(folder)]))


# Names


def look_up(module: Module, name: str, folders: Sequence[Path]) -> Bound:
    """Follow a name through the modules that only hand it on.

    Gives the module that binds it and the statement that does: `ast.Pass` where the
    source does not tell, as for what an installed package hands on, and `None` where
    nothing binds it.
    """
    return _look_up(module, name, folders, set())


def _look_up(
    module: Module, name: str, folders: Sequence[Path], seen: set[tuple[str, str]]
) -> Bound:
    if module.tree is None or (module.name, name) in seen:
        return module, None
    seen.add((module.name, name))
    stars = []
    for statement in reversed(list(statements(module.tree.body))):
        if isinstance(statement, ast.ImportFrom):
            names = {
                alias.asname or alias.name: alias.name for alias in statement.names
            }
            if name in names:
                return _through(module, statement, names[name], folders, seen)
            stars += [statement] if "*" in names else []
        elif name in bound(statement):
            return module, statement
    for statement in stars:
        home, found = _through(module, statement, name, folders, seen)
        if found is not None:
            return home, found
    dynamic = any("__getattr__" in bound(s) for s in statements(module.tree.body))
    return module, ast.Pass() if dynamic else None


def _through(
    module: Module,
    statement: ast.ImportFrom,
    name: str,
    folders: Sequence[Path],
    seen: set[tuple[str, str]],
) -> Bound:
    source = module_or_none(absolute(module, statement), folders)
    if source is None or source.tree is None:
        return module, ast.Pass()  # not to be followed, but it may well be there
    return _look_up(source, name, folders, seen)


def absolute(module: Module, statement: ast.ImportFrom) -> str:
    """Give the full name of the module that a statement imports from."""
    if not statement.level:
        return statement.module or ""
    parts = module.name.split(".")
    up = statement.level - module.is_package
    package = parts[: len(parts) - up]
    return ".".join([*package, *filter(None, [statement.module])])


def statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements of a module's own level, those in if, try and with, too."""
    for statement in body:
        yield statement
        for part in ("body", "handlers", "orelse", "finalbody"):
            inner = getattr(statement, part, [])
            if isinstance(statement, ast.If | ast.Try | ast.With | ast.ExceptHandler):
                yield from statements(inner)


def bound(statement: ast.stmt) -> set[str]:
    """Give the names that a statement binds, but for those of `from` imports."""
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


def hint(name: str, known: Sequence[str]) -> str:
    """Give the nearest of the known names, or all of them where they are few."""
    shown = dict.fromkeys(n for n in known if not n.startswith("_") and n != name)
    near = difflib.get_close_matches(name, shown, n=1)
    if near:
        return f"; did you mean {near[0]!r}?"
    few = list(shown)[:_SHOWN]
    return f"; there are: {', '.join(few)}" if few and len(shown) <= _SHOWN else ""
