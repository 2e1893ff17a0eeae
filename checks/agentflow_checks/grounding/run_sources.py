"""What a run may rely on, in order of authority: its sources as documents."""

from __future__ import annotations

import difflib
import fnmatch
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest_agentflow as af
from agentflow_checks.grounding.folding import letters
from agentflow_checks.grounding.sources import Document

#: The order of authority; the first document that holds a value is its evidence.
_KINDS = ("retrieved", "tool", "upstream", "profile", "prompt", "facts")
_INPUTS = "inputs"
_SHORTEST = 12
#: Kinds of model calls that write no text.
_WORDLESS = frozenset({"embeddings", "rerank"})


def documents_of(
    run: af.Run,
    chosen: Sequence[str] | None = None,
    facts: Sequence[str | Path] = (),
    *,
    judged: str | None = None,
) -> tuple[Document, ...]:
    """Collect the documents that the claims of a run are held against.

    Outputs of models are never among them, wherever they were recorded: a value that a
    model invented does not become true by being passed on.

    Args:
        run: the run.
        chosen: ids, kinds or globs of sources; None for all.
        facts: files of the user's.
        judged: the stage under judgement, whose output is no source of itself.

    Returns:
        Empty when the run declares no source, and none was given.

    Raises:
        af.CheckError: a chosen source or a facts file does not exist.
    """
    declared = [*_declared(run), *_from_calls(run), *_from_code(run, judged)]
    inputs = _inputs(run)
    if chosen is not None:
        kept = _chosen(run, [*declared, *inputs], chosen)
        return (*kept, *_facts(run, facts))
    given = tuple(_facts(run, facts))
    if not declared and not given:
        return ()
    ordered = sorted([*declared, *inputs], key=_authority)
    return (*ordered, *given)


def prepare(
    facts: str | Path | Sequence[str | Path] = (),
    calibration: str | Path | None = None,
    actions: object = None,
    **others: object,
) -> None:
    """Hold the files that are named to be readable before any test runs.

    Raises:
        af.CheckError: one is a folder, cannot be read, holds no text, or is no
            calibration, or no registry of actions.
    """
    if isinstance(actions, (str, Path)):
        from agentflow_checks.grounding.action_registry import (  # noqa: PLC0415 - rare
            find_actions,
            registry,
        )

        if find_actions(actions) or Path(actions).is_absolute():
            registry(actions)
    del others  # stages and sources are known when there is a run
    if calibration is not None:
        from agentflow_checks.grounding.calibration import (  # noqa: PLC0415 - rare
            read_calibration,
        )

        read_calibration(calibration)
    for path in (facts,) if isinstance(facts, (str, Path)) else facts:
        wanted = Path(path)
        if not wanted.exists() and not wanted.is_absolute():
            continue  # it may stand beside the recordings
        try:
            text = wanted.read_bytes().decode("utf-8")
        except OSError as error:
            reason = error.strerror or error
            raise af.CheckError(f"facts file {path}: {reason}; name a file") from error
        except UnicodeDecodeError as error:
            message = f"facts file {path} is not UTF-8 text; save it as UTF-8"
            raise af.CheckError(message) from error
        if not text.strip():
            message = f"facts file {path} is empty; write what is true into it"
            raise af.CheckError(message)


def read_facts(path: str | Path, run: af.Run) -> Path:
    """Find a facts file: as given, or beside the recordings; raises `CheckError`."""
    wanted = Path(path)
    folders = [Path(), *([run.folder, run.folder.parent] if run.folder else [])]
    for folder in folders:
        if (folder / wanted).is_file():
            return folder / wanted
    looked = ", ".join(str(folder.resolve()) for folder in folders)
    message = (
        f"facts file {str(path)!r} was not found (looked in {looked}). "
        "Give the path from the folder in which pytest runs."
    )
    raise af.CheckError(message)


def model_texts(run: af.Run) -> tuple[str, ...]:
    """Give everything that models wrote in a run."""
    return tuple(
        call.answer for call in run.calls if call.is_model_call and call.answer
    )


def as_text(value: Any) -> str:
    """Write a recorded value as text; JSON for what is no text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False, default=str)


def _authority(document: Document) -> int:
    return _KINDS.index(document.kind) if document.kind in _KINDS else len(_KINDS)


def _declared(run: af.Run) -> Iterator[Document]:
    written = [letters(text) for text in model_texts(run)]
    for source in run.sources:
        if source.kind == "upstream" and _is_written(source.text, written):
            continue
        text = f"{source.title}\n{source.text}" if source.title else source.text
        yield Document(id=source.id, text=text, kind=source.kind)


def _is_written(text: str, written: Sequence[str]) -> bool:
    plain = letters(text)
    return any(
        plain in answer or (len(answer) >= _SHORTEST and answer in plain)
        for answer in written
    )


def _from_calls(run: af.Run) -> Iterator[Document]:
    """Give the results of retrievers and tools that are not declared sources."""
    known = {source.call for source in run.sources if source.call}
    for call in run.calls:
        if call.id in known:
            continue
        if call.invocation is not None and call.kind in {"retriever", "tool"}:
            kind = "retrieved" if call.kind == "retriever" else "tool"
            yield Document(id=call.id, text=as_text(call.invocation.result), kind=kind)
        for number, message in enumerate(call.messages):
            if message.role == "tool" and message.text:
                name = message.tool_name or message.tool_call_id or str(number)
                yield Document(id=f"{call.id}:{name}", text=message.text, kind="tool")


def code_stages(run: af.Run) -> frozenset[str]:
    """Name the stages that called no model and follow none that did.

    Their outputs are data (a query's result, a profile), not something a model wrote.
    Known only where the run's model calls are recorded.
    """
    calls = (c for c in run.calls if c.is_model_call and c.kind not in _WORDLESS)
    models = {call.stage for call in calls}
    if not models:
        return frozenset()
    return frozenset(
        stage.name
        for stage in run.stages
        if stage.name not in models and not models & af.ancestors(run, stage.name)
    )


def _from_code(run: af.Run, judged: str | None) -> Iterator[Document]:
    data = code_stages(run) - {judged}
    for stage in run.stages:
        for output in stage.outputs if stage.name in data else ():
            if output not in (None, "", [], {}):
                text = as_text(output)
                yield Document(id=f"output of {stage.name}", text=text, kind="upstream")


def _inputs(run: af.Run) -> list[Document]:
    if not run.inputs:
        return []
    text = json.dumps(dict(run.inputs), ensure_ascii=False, default=str)
    return [Document(id=_INPUTS, text=text, kind="profile")]


def _chosen(
    run: af.Run, documents: Sequence[Document], chosen: Sequence[str]
) -> list[Document]:
    kept: list[Document] = []
    for wanted in chosen:
        matching = [d for d in documents if _matches(d, wanted)]
        if not matching:
            raise af.CheckError(_unknown(run, documents, wanted))
        kept += [document for document in matching if document not in kept]
    return kept


def _matches(document: Document, wanted: str) -> bool:
    return wanted in {document.id, document.kind} or fnmatch.fnmatchcase(
        document.id, wanted
    )


def _unknown(run: af.Run, documents: Sequence[Document], wanted: str) -> str:
    names = [*dict.fromkeys([d.id for d in documents] + [d.kind for d in documents])]
    near = difflib.get_close_matches(wanted, names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names[:12]) or "none"
    return f"run {run.id} has no source {wanted!r}.{hint} It has: {listed}."


def _facts(run: af.Run, facts: Sequence[str | Path]) -> Iterator[Document]:
    for path in facts:
        found = read_facts(path, run)
        text = found.read_text("utf-8", "replace")
        yield Document(id=str(path), text=text, kind="facts")
