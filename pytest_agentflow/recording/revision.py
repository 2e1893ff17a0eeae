"""Recordings as they stood at another git revision."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

from pytest_agentflow.recording.names import SUFFIX


class RevisionError(ValueError):
    """A git revision cannot be compared with; the message says how to repair it."""

    __module__ = "pytest_agentflow"


def merge_base(ref: str, folder: Path) -> str:
    """Give the commit that HEAD is to be compared with.

    The merge base of HEAD and `ref`; where HEAD itself is the merge base (a push to
    main), its first parent. Raises `RevisionError` for anything that would end in an
    empty comparison: no repository, an unknown ref, a shallow clone.
    """
    head = _git(folder, "rev-parse", "HEAD")
    if head is None:
        message = f"{folder} is in no git repository with a commit to compare with"
        raise RevisionError(message)
    if _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is None:
        message = f"git knows no {ref!r} here. {_fetch_hint(ref)}"
        raise RevisionError(message)
    base = _git(folder, "merge-base", "HEAD", ref)
    if base is None:
        message = f"HEAD and {ref} have no common commit here. {_fetch_hint(ref)}"
        raise RevisionError(message)
    if base != head:
        return base
    parent = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD^1^{commit}")
    if parent is None:
        message = f"HEAD is {ref} itself and has no parent here. {_fetch_hint(ref)}"
        raise RevisionError(message)
    return parent


def _fetch_hint(ref: str) -> str:
    remote, _, branch = ref.partition("/")
    fetch = f"git fetch {remote} {branch}" if branch else "git fetch --unshallow"
    return (
        "In CI, check out the history: actions/checkout with 'fetch-depth: 0'. "
        f"Locally: {fetch}"
    )


def recordings_at(commit: str, folder: Path) -> list[Path] | None:
    """List the recordings that `commit` has below `folder`, as working-tree paths.

    `None` where git knows no such commit, or `folder` is in no repository.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    tree = ("ls-tree", "-r", "--name-only", "-z", "--full-tree")
    listing = _git(folder, *tree, f"{commit}^{{commit}}")
    if listing is None or top is None:
        return None
    paths = (Path(top, name) for name in listing.split("\0"))
    inside = (p for p in paths if folder.resolve() in p.resolve().parents)
    return [path for path in inside if path.name.endswith(SUFFIX)]


def materialise(commit: str, file: Path, target: Path) -> Path | None:
    """Write a recording, and its blobs, as they stood at `commit` below `target`.

    Args:
        commit: of the repository that `file` lies in.
        file: path of the recording in the working tree; it need not exist there.
        target: an existing folder outside the repository.

    Returns:
        The path of the recording below `target`; `None` where `commit` has none.
    """
    top = _git(file.parent, "rev-parse", "--show-toplevel")
    if top is None:
        return None
    relative = PurePosixPath(file.resolve().relative_to(Path(top).resolve()).as_posix())
    if _write(top, commit, relative, target) is None:
        return None
    blobs = relative.with_suffix(".blobs")
    listed = _git(Path(top), "ls-tree", "-r", "--name-only", "-z", commit, f"{blobs}/")
    for name in filter(None, (listed or "").split("\0")):
        _write(top, commit, PurePosixPath(name), target)
    return target / relative


def _write(top: str, commit: str, name: PurePosixPath, target: Path) -> Path | None:
    # --filters: as a checkout would write it, so that Git LFS pointers are resolved.
    command = ("git", "cat-file", "--filters", f"{commit}:{name}")
    done = subprocess.run(command, cwd=top, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        return None
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(done.stdout)
    return path


def _git(folder: Path, *args: str) -> str | None:
    existing = next((p for p in (folder, *folder.parents) if p.is_dir()), folder)
    try:
        done = subprocess.run(  # noqa: S603 - arguments are ours, no shell
            ("git", *args),  # noqa: S607 - the user's git
            cwd=existing,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None
