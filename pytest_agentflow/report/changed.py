"""What is said of recordings that changed: in which order, and in what words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_agentflow.model.verdict import Verdict
from pytest_agentflow.report import figures, wording
from pytest_agentflow.report.amounts import StageDelta
from pytest_agentflow.report.document import Comparison, Flip, Report
from pytest_agentflow.report.recorded import (
    PictureState,
    Piece,
    RecordingChange,
    RecordingsChanged,
    StageChange,
    TextChange,
)

_STATES = ("unreadable", "changed", "added", "removed", "same")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One recording that changed, and the verdicts that flipped with it."""

    change: RecordingChange
    flips: tuple[Flip, ...]
    judged: bool
    """Whether both sides were judged in this session."""

    @property
    def worse(self) -> int:
        """How many checks fail that did not."""
        return sum(is_worse(flip) for flip in self.flips)


def is_worse(flip: Flip) -> bool:
    """Whether a check fails now that passed, or was undecided, before."""
    bad = (Verdict.FAILED, Verdict.ERROR)
    return flip.now in bad and flip.before not in bad


def told(report: Report) -> tuple[Told, ...]:
    """Give the recordings that changed: what flipped first, and to failing before all.

    Recordings of which only dates and times differ are left out; see `only_dates`.
    """
    if report.recordings is None:
        return ()
    judged = {c.file: c for c in report.comparisons if c.before is not None}
    items = [
        _told(change, judged.get(change.file))
        for change in report.recordings.changes
        if change.state != "same"
    ]
    return tuple(
        sorted(
            items,
            key=lambda t: (
                -t.worse,
                -len(t.flips),
                _STATES.index(t.change.state),
                t.change.file,
            ),
        )
    )


def _told(change: RecordingChange, comparison: Comparison | None) -> Told:
    flips = comparison.flips if comparison is not None else ()
    flips = tuple(sorted(flips, key=lambda f: (not is_worse(f), f.check)))
    return Told(change=change, flips=flips, judged=comparison is not None)


def only_dates(recordings: RecordingsChanged) -> int:
    """Count the recordings of which only dates, times and the like differ."""
    return sum(change.state == "same" for change in recordings.changes)


def summary(report: Report) -> str:
    """Say in one sentence how many recordings changed, and what that flipped."""
    recordings = report.recordings
    if recordings is None:
        return ""
    since = wording.against_name(report)
    items = told(report)
    dates = only_dates(recordings)
    kept = (
        f"; {wording.number(dates, 'other')} only in dates and times" if dates else ""
    )
    if not items:
        also = f" ({dates} only in dates and times)" if dates else ""
        return f"None of {_recordings(recordings.count)} changed since {since}{also}."
    states = [item.change.state for item in items]
    words = {"changed": "changed", "added": "new", "removed": "removed"}
    words["unreadable"] = "unreadable"
    counts = [f"{states.count(s)} {words[s]}" for s in words if s in states]
    told_ = f"Recordings since {since}: {wording.listed(counts)}, of {recordings.count}"
    return f"{told_}{kept}. {_flipped(items)}"


def _recordings(count: int) -> str:
    return wording.number(count, "recording")


def _flipped(items: Sequence[Told]) -> str:
    flips = [flip for item in items for flip in item.flips]
    changed = [item for item in items if item.change.state == "changed"]
    unjudged = sum(not item.judged for item in changed)
    note = f" No test judged {unjudged} of those that changed." if unjudged else ""
    if not flips:
        return f"No verdict flipped.{note}"
    first = wording.number(len(flips), "verdict")
    return f"{first} flipped, {sum(map(is_worse, flips))} to failing.{note}"


def size_sentence(recordings: RecordingsChanged) -> str:
    """Say how large the recordings are, and by how much they grew."""
    growth = recordings.size - recordings.size_before
    sign = "+" if growth > 0 else "-" if growth < 0 else "±"
    grown = f"{sign}{figures.size(abs(growth))}" if growth else "as before"
    lfs = f"; {recordings.lfs} in Git LFS" if recordings.lfs else ""
    return f"All recordings together: {figures.size(recordings.size)} ({grown}){lfs}."


def flip_text(flip: Flip, arrow: str = "→") -> str:
    """Give a flip in words: ``passed → failed``."""
    return f"{wording.LABELS[flip.before]} {arrow} {wording.LABELS[flip.now]}"


def what(stage: StageChange) -> str:
    """Sum up in words what changed in a stage: ``prompt, output, 2 pictures``."""
    if stage.state != "changed":
        return stage.state
    parts = ["prompt"] * bool(stage.prompts) + ["output"] * bool(stage.outputs)
    if stage.pictures:
        parts.append(wording.number(len(stage.pictures), "picture"))
    parts += ["calls"] * bool(stage.calls_added or stage.calls_removed)
    parts += ["order"] * (stage.waits != stage.waited)
    return ", ".join(parts) or "figures"


def stages_text(change: RecordingChange) -> str:
    """Name the stages that changed, each with what changed in it."""
    return "; ".join(f"{stage_name(stage)}: {what(stage)}" for stage in change.stages)


def stage_name(stage: StageChange) -> str:
    """Name a stage; what belongs to none is the workflow's own."""
    return stage.name or "the workflow itself"


def diff_text(text: TextChange) -> str:
    """Give a change as ``[-old-]{+new+}`` with some words around it."""
    if text.same_as:
        return f"as in {text.same_as}"
    marks = {"gone": "[-{}-]", "new": "{{+{}+}}", "same": "{}"}
    shown = "".join(marks[p.sign].format(p.text) for p in text.pieces)
    return shown + (f" (and {text.more:,} more changes here)" if text.more else "")


def piece_text(piece: Piece) -> str:
    """Give the text of a piece; spaces alone are made visible."""
    lone = piece.sign != "same" and not piece.text.strip()
    return piece.text.replace(" ", "␣") if lone else piece.text


def figures_of(stage: StageChange) -> Iterator[str]:
    """Give what changed in figures: models, calls, tokens and money."""
    if stage.models != stage.models_before:
        yield f"models {_listed(stage.models_before)} → {_listed(stage.models)}"
    if stage.waits != stage.waited:
        yield f"came after {_listed(stage.waited)} → comes after {_listed(stage.waits)}"
    if stage.calls_added or stage.calls_removed:
        yield calls_text(stage)
    yield from spent_changes(stage.spent)
    if stage.causes:
        yield f"because of {stage.causes.replace(' -> ', ' → ')}"


def calls_text(stage: StageChange) -> str:
    """Say which calls came and went."""
    parts = []
    for names, word in ((stage.calls_added, "added"), (stage.calls_removed, "removed")):
        if names:
            shown = ", ".join(names[:6])
            more = f" and {len(names) - 6} more" if len(names) > 6 else ""
            parts.append(f"{word} {shown}{more}")
    return f"calls {', '.join(parts)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def spent_changes(delta: StageDelta) -> Iterator[str]:
    """Give calls, tokens and money that are others now, each with both amounts."""
    old, new = delta.before, delta.now
    if old is None or new is None:
        return
    for name, one, other in (("calls", old.calls, new.calls),):
        if one != other:
            yield f"{name} {figures.count_or(one)} → {figures.count_or(other)}"
    for kind in ("input_tokens", "output_tokens"):
        texts = [figures.least(spent, kind) for spent in (old, new)]
        if texts[0] != texts[1]:
            yield f"{kind.replace('_', ' ')} {' → '.join(texts)}"
    if money := money_change(delta):
        yield f"cost {money}"


def money_change(delta: StageDelta) -> str:
    """Give what a stage or run cost then and now; empty where it is the same."""
    old, new = delta.before, delta.now
    if old is None or new is None or old.cost == new.cost:
        return ""
    change = wording.change(new.cost, old.cost)
    share = f" ({change})" if change else ""
    return f"{wording.cost(old)} → {wording.cost(new)}{share}"


def picture_text(state: PictureState | None) -> str:
    """Name a picture: ``1024x1024 PNG, 412 kB, sha256 3f2a1bc90d12``."""
    if state is None:
        return "none"
    kind = state.media_type.removeprefix("image/").upper()
    sides = f"{state.width}x{state.height} " if state.width else ""
    if not state.size:
        return f"{sides}{kind}, not in the recording"
    return f"{sides}{kind}, {figures.size(state.size)}, sha256 {state.digest[:12]}"
