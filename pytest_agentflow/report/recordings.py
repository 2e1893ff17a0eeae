"""How recordings differ from those of a commit: read, compared and cut to size."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytest_agentflow.model.call import Call
from pytest_agentflow.model.run import Run
from pytest_agentflow.model.unknown import UnknownPrice
from pytest_agentflow.pricing.cost_change import cost_change
from pytest_agentflow.recording.blobs import extension_of
from pytest_agentflow.recording.changes import (
    ChangedStage,
    Located,
    changed_stages,
)
from pytest_agentflow.recording.history import History, Sizes, history, size_of
from pytest_agentflow.recording.load import RecordingError, load
from pytest_agentflow.recording.names import blobs_folder
from pytest_agentflow.recording.redrawn import Drawn, Redrawn
from pytest_agentflow.recording.revision import git, materialise, merge_base
from pytest_agentflow.report import picture_size
from pytest_agentflow.report.amounts import StageDelta
from pytest_agentflow.report.forge import Forge, forge
from pytest_agentflow.report.recorded import (
    FileSize,
    PictureChange,
    PictureState,
    Piece,
    RecordingChange,
    RecordingsChanged,
    Sign,
    StageChange,
    State,
    TextChange,
)
from pytest_agentflow.report.summary import spent

COMPARED = 400
"""At most so many changed recordings are read."""
TEXTS = 12
"""At most so many changed texts of a stage's prompts, or outputs, are kept."""
SHORT = 40
"""Letters below which the same change is told again rather than referred to."""
PIECE = 400
"""Letters of one piece of a changed text."""
PICTURE = 3_000_000
"""Bytes of one picture that a report holds; of a larger one it names the size."""
PICTURES = 24_000_000
"""Bytes of all pictures that a report holds."""
LARGEST = 5

_SIGNS: dict[str, Sign] = {" ": "same", "-": "gone", "+": "new"}
_UNBROKEN = re.compile(r"[^\s…]{240,}")


@dataclass(slots=True)
class Room:
    """What is left for pictures, and where they can be seen otherwise."""

    left: int = PICTURES
    """Bytes."""
    forge: Forge = field(default_factory=Forge)
    top: Path = Path()
    """Of the repository."""
    before: Sizes = field(default_factory=dict)
    """Files that a link can lead to."""
    now: Sizes = field(default_factory=dict)
    blobs: Path | None = None
    """Folder of the recording's side files; `None`: nothing is linked to."""

    def take(self, size: int) -> bool:
        """Whether a picture still fits; it then takes its room."""
        fits = size <= min(PICTURE, self.left)
        self.left -= size if fits else 0
        return fits


def recordings_changed(commit: str, folder: Path) -> RecordingsChanged | None:
    """Compare the recordings below `folder` with those of `commit`.

    Recordings of which no byte changed are not read. `None` where there are none, then
    and now.

    Args:
        commit: the earlier side; see `merge_base`.
        folder: of the project, in its working tree.
    """
    found = history(commit, folder)
    if not (found.now or found.before):
        return None
    top = Path(git(folder, "rev-parse", "--show-toplevel") or folder)
    room = Room(forge=forge(commit), top=top, before=found.before, now=found.now)
    with tempfile.TemporaryDirectory(prefix="agentflow-changed-") as scratch:
        changes = []
        for file in found.changed[:COMPARED]:
            room.blobs = blobs_folder(file)
            changes.append(_change(commit, file, found, Path(scratch), room))
    largest = sorted(found.now.items(), key=lambda item: (-item[1], item[0]))
    return RecordingsChanged(
        count=found.recordings,
        changes=tuple(changes),
        not_compared=max(len(found.changed) - COMPARED, 0),
        size=sum(found.now.values()),
        size_before=sum(found.before.values()),
        largest=tuple(
            FileSize(file=shown(path), size=size) for path, size in largest[:LARGEST]
        ),
        lfs=found.lfs,
    )


def recordings_against(given: str, folder: Path) -> RecordingsChanged | None:
    """Compare with what ``--agentflow-against`` names, where that is a revision.

    Args:
        given: ``git:REF``; `None` comes of anything else.
        folder: of the project.

    Raises `RevisionError` where there is no such revision.
    """
    if not given.startswith("git:"):
        return None
    return recordings_changed(merge_base(given.removeprefix("git:"), folder), folder)


def shown(path: Path) -> str:
    """Name a file from the working directory, where it is below."""
    return _relative(path.resolve(), Path.cwd().resolve())


def _relative(path: Path, top: Path) -> str:
    inside = path.resolve().is_relative_to(top.resolve())
    return path.resolve().relative_to(top.resolve()).as_posix() if inside else str(path)


def _change(
    commit: str, file: Path, found: History, scratch: Path, room: Room
) -> RecordingChange:
    try:
        copy = materialise(commit, file, scratch)
        before = None if copy is None else load(copy)
        after = load(file) if file.is_file() else None
    except (RecordingError, OSError) as error:
        problem = str(error).replace(f"{scratch}/", f"{commit[:12]}:")
        return RecordingChange(
            file=shown(file), run=file.name, state="unreadable", problem=problem
        )
    return compared(
        before,
        after,
        file=shown(file),
        size=size_of(file, found.now),
        size_before=size_of(file, found.before),
        room=room,
    )


def compared(
    before: Run | None,
    after: Run | None,
    *,
    file: str = "",
    size: int = 0,
    size_before: int = 0,
    room: Room | None = None,
) -> RecordingChange:
    """Compare two recordings of one run; `None`: there is or was none.

    Args:
        before: the earlier recording.
        after: the later one.
        file: how it is named.
        size: bytes now.
        size_before: bytes before.
        room: for pictures.
    """
    known = after or before
    name = known.id if known is not None else file
    total = StageDelta(
        name="",
        now=spent(after, after.calls, after.fees()) if after is not None else None,
        before=spent(before, before.calls, before.fees())
        if before is not None
        else None,
    )
    change = RecordingChange(
        file=file, run=name, total=total, size=size, size_before=size_before
    )
    if before is None or after is None:
        state: State = "added" if before is None else "removed"
        return replace(change, state=state)
    room = room or Room()
    stages = tuple(
        _stage(stage, before, after, room) for stage in changed_stages(before, after)
    )
    stages = tuple(_told_once(stages))
    same = not stages and total.now == total.before
    return replace(change, state="same" if same else "changed", stages=stages)


def _stage(stage: ChangedStage, before: Run, after: Run, room: Room) -> StageChange:
    old, new = stage.before, stage.after
    spent_ = StageDelta(
        name=stage.name,
        now=spent(after, new.calls) if new is not None else None,
        before=spent(before, old.calls) if old is not None else None,
    )
    return StageChange(
        name=stage.name,
        state="added" if old is None else "removed" if new is None else "changed",
        spent=spent_,
        models_before=_models(old.calls if old is not None else ()),
        models=_models(new.calls if new is not None else ()),
        prompts=tuple(map(text_change, stage.prompts[:TEXTS])),
        prompts_changed=len(stage.prompts),
        outputs=tuple(map(text_change, stage.outputs[:TEXTS])),
        outputs_changed=len(stage.outputs),
        pictures=tuple(_picture(picture, room) for picture in stage.pictures),
        calls_added=stage.added,
        calls_removed=stage.removed,
        waited=stage.waited,
        waits=stage.waits,
        causes=_causes(stage, before, after),
    )


def _causes(stage: ChangedStage, before: Run, after: Run) -> str:
    if stage.before is None or stage.after is None:
        return ""
    try:
        return str(cost_change(before, after, stage.name))
    except UnknownPrice:
        return ""  # that it is not known is told with the cost


def _told_once(stages: Iterable[StageChange]) -> Iterator[StageChange]:
    """Tell a change once: the output of one stage is in the prompts of the next."""
    seen: dict[tuple[Piece, ...], str] = {}

    def told(stage: StageChange, texts: Iterable[TextChange]) -> Iterator[TextChange]:
        for text in texts:
            first = seen.get(text.pieces)
            if first is None or sum(len(p.text) for p in text.pieces) < SHORT:
                own = text.where.startswith(f"{stage.name}/")
                name = "" if own else f"{stage.name} "
                seen[text.pieces] = f"{name}{text.where} {text.path}".strip()
                yield text
            else:
                yield replace(text, pieces=(), same_as=first)

    for stage in stages:
        prompts = tuple(told(stage, stage.prompts))
        yield replace(stage, prompts=prompts, outputs=tuple(told(stage, stage.outputs)))


def _models(calls: Iterable[Call]) -> tuple[str, ...]:
    return tuple(sorted({call.model for call in calls if call.model}))


def text_change(located: Located) -> TextChange:
    """Cut a change to what a report shows of it, saying what was cut."""
    change = located.change
    pieces = tuple(
        Piece(sign=_SIGNS[sign], text=shortened(text)) for sign, text in change.pieces
    )
    return TextChange(
        where=located.where, path=change.path, pieces=pieces, more=change.more
    )


def shortened(text: str, limit: int = PIECE) -> str:
    """Keep both ends of a text; of what has no spaces, such as base64, the count."""
    text = _UNBROKEN.sub(_counted, text)
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]} … ({len(text) - 2 * half:,} letters) … {text[-half:]}"


def _counted(match: re.Match[str]) -> str:
    text = match[0]
    return f"{text[:60]} … ({len(text) - 120:,} letters) … {text[-60:]}"


def _picture(redrawn: Redrawn, room: Room) -> PictureChange:
    old, new = redrawn.before, redrawn.after
    return PictureChange(
        name=redrawn.name,
        before=_state(old, room, room.before, room.forge.link_before),
        now=_state(new, room, room.now, room.forge.link_now),
    )


def _state(
    drawn: Drawn | None, room: Room, files: Sizes, link: Callable[[str], str]
) -> PictureState | None:
    if drawn is None:
        return None
    size = len(drawn.data)
    width, height = picture_size.size_of(drawn.data)
    name = f"sha256-{drawn.digest}.{extension_of(drawn.data, drawn.media_type)}"
    file = room.blobs / name if room.blobs is not None else None
    return PictureState(
        digest=drawn.digest,
        size=size,
        media_type=drawn.media_type,
        width=width,
        height=height,
        data=drawn.data if room.take(size) else b"",
        link=link(_relative(file, room.top)) if file in files and file else "",
    )
