"""The answers are whole, are answers, and belong to the questions that were asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest_agentflow as af

_COMPLETE = af.Rule(id="replayed.whole-answers", title="No answer was cut off")
_ANSWERED = af.Rule(id="replayed.answers", title="No model refused, and no filter cut")
_ASKED = af.Rule(
    id="replayed.same-questions",
    title="No drift: answers belong to the questions that were asked",
    advisory=True,
)
_SEEN = af.Rule(
    id="replayed.seen",
    title="All that went over the network was seen",
    advisory=True,
)
_ATTRIBUTED = af.Rule(
    id="replayed.attributed", title="Every model call stands in a stage"
)


def _validate(*, allow: tuple[str, ...] = (), **_: object) -> None:
    unknown = sorted(set(allow).difference(ALLOWED))
    if isinstance(allow, str) or unknown:
        given = allow if isinstance(allow, str) else unknown[0]
        message = f"allow= takes a list of {', '.join(ALLOWED)}, not {given!r}"
        raise ValueError(message)


@af.check("replayed", validate=_validate)
def replayed(
    run: af.Run, *, allow: tuple[str, ...] = (), attributed: bool = False
) -> Iterator[object]:
    """Answers were neither cut off nor refused, and belong to the questions asked.

    Every run that `agentflow.run` gives a test carries this check by itself; a mark of
    the same name replaces it. A recorded call that is not made again, or a question
    that the recording does not hold, fails a replay before any check is asked: what
    this check adds are answers that a client takes for good ones. A chat call of which
    the recording does not say how it ended is undetermined; whether a model refused is
    an error where the recording lacks the answer. Drift, where answers
    are served in order (``--agentflow-match=stage-order``), is a warning, and so are
    connections that no seam saw, and processes that were started. A run that made no
    call is inapplicable.

    Args:
        run: the run.
        allow: endings that are meant: ``truncation`` (the model reached its length
            limit), ``refusal``, ``content_filter``; and ``process``, for processes
            that ask no model.
        attributed: let a model call that no door found a stage for fail, too.
    """
    models = [call for call in run.calls if call.is_model_call]
    # Pictures, vectors and rankings have no length limit that would cut them off.
    said = [call for call in models if call.kind == "chat"]
    yield _COMPLETE
    yield from _judged(said, _COMPLETE.id, ("length",), allow)
    yield _ANSWERED
    yield from _judged(said, _ANSWERED.id, ("refusal", "content_filter"), allow)
    pictures = [call for call in models if call.finish_reason in _FILTERED]
    yield from _judged(
        [call for call in pictures if call.kind != "chat"],
        _ANSWERED.id,
        _FILTERED,
        allow,
    )
    yield _ASKED
    drifted = {drift.call for drift in run.drifts}
    same = sum(call.id not in drifted for call in run.calls)
    yield af.Examined(rule=_ASKED.id, count=same)
    for drift in run.drifts:
        # Below a live stage, it is that stage's answer that is another one.
        yield _drift(drift, run.live[0] if run.live else drift.stage)
    yield _SEEN
    yield af.Examined(rule=_SEEN.id, count=len(run.calls))
    yield from _unseen(run, allow)
    if not run.calls:
        yield af.Note(text="no call was made that agentflow sees: nothing was replayed")
    yield from _where_from(run)
    if attributed:
        yield _ATTRIBUTED
        yield from map(_place_of, models)


def _place_of(call: af.Call) -> af.Examined | af.Finding:
    if call.stage != "unattributed":
        return af.Examined(rule=_ATTRIBUTED.id)
    return af.Finding(
        rule=_ATTRIBUTED.id,
        message=f"a call of {call.model or 'a model'} stands in no stage",
        place=af.Place(call=call.id),
        subject=call.id,
        evidence=call.model,
        why="Its cost and its faults are charged to nobody.",
        fix="Name what makes it: agentflow_stages = STAGE = module:function",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ending:
    """An ending that is no good answer, and what is said of it."""

    name: str
    message: str
    fix: str


_ENDINGS = {
    "length": _Ending(
        name="truncation",
        message="the answer of {model} was cut off{after}",
        fix="Raise the limit of output tokens, or ask for less",
    ),
    "refusal": _Ending(
        name="refusal",
        message="{model} refused to answer",
        fix="Read the answer and change the prompt",
    ),
    "content_filter": _Ending(
        name="content_filter",
        message="a content filter cut the answer of {model}",
        fix="Look at what the stage was given",
    ),
}
#: No picture may come of these, either.
_FILTERED = ("refusal", "content_filter")
ALLOWED = (*(ending.name for ending in _ENDINGS.values()), "process")


def _judged(
    calls: Sequence[af.Call], rule: str, ends: Sequence[str], allow: tuple[str, ...]
) -> Iterator[af.Examined | af.Finding]:
    for call in calls:
        ending = _ENDINGS.get(call.finish_reason or "")
        if call.finish_reason in ends and ending and ending.name not in allow:
            yield _finding(call, rule, ending)
        elif rule == _ANSWERED.id and "answer" in call.missing and ending is None:
            yield _unknown(call, rule, af.Verdict.ERROR)
        elif call.finish_reason is None:
            lacking = "answer" in call.missing
            verdict = af.Verdict.ERROR if lacking else af.Verdict.UNDETERMINED
            yield _unknown(call, rule, verdict)
        else:
            yield af.Examined(rule=rule)


def _unknown(call: af.Call, rule: str, verdict: af.Verdict) -> af.Finding:
    """Say of a call that the recording does not tell how it ended, and what helps."""
    lacking = verdict is af.Verdict.ERROR
    what = "what was answered" if lacking else "how the answer ended"
    model = call.model or "a model"
    return af.Finding(
        rule=rule,
        message=f"the recording does not say {what} in a call of {model}",
        place=af.Place(stage=call.stage, call=call.id, kind="answer"),
        verdict=verdict,
        subject=call.id,
        observed="no answer" if lacking else "no finish reason",
        evidence=f"{call.stage} {call.model} {'answer' if lacking else 'ending'}",
        why="It may have been cut off, filtered or refused: nobody can know.",
        fix="Export the trace with content and finish reasons, and import it anew"
        if lacking
        else "Read the stream to its end, or export finish reasons, and record anew",
    )


def _finding(call: af.Call, rule: str, ending: _Ending) -> af.Finding:
    used = call.usage.output_tokens if call.usage is not None else None
    after = f" after {used} tokens" if used is not None else ""
    model = call.model or "the model"
    meant = f'@pytest.mark.replayed(allow=["{ending.name}"])'
    return af.Finding(
        rule=rule,
        message=ending.message.format(model=model, after=after),
        place=af.Place(stage=call.stage, call=call.id, kind="answer"),
        subject=call.id,
        observed=f"finish_reason {call.finish_reason}",
        introduced_by=call.stage,
        evidence=f"{call.stage} {call.finish_reason}",
        why="The stages after it work with what is there, and nothing else fails.",
        fix=f"{ending.fix}; if it is meant: {meant}",
    )


def _drift(drift: af.Drift, origin: str) -> af.Finding:
    changes = "; ".join(drift.changes)
    served = f"answered in order, though its question changed: {changes}"
    said = changes if drift.call is None else served
    return af.Finding(
        rule=_ASKED.id,
        message=f"drift: {said}",
        place=af.Place(stage=drift.stage, call=drift.call, kind="prompt"),
        severity=af.Severity.WARNING,
        subject=drift.call or f"left {drift.stage}",
        introduced_by=origin,
        evidence=f"{drift.stage} {changes}",
        why="The answer was given to another question, so it proves nothing about it.",
        fix="Record the stage anew: pytest --agentflow-record-stage=" + drift.stage,
    )


def _unseen(run: af.Run, allow: Sequence[str]) -> Iterator[af.Finding]:
    for one in run.unseen:
        if one.place:
            count = f"{one.times} connection{'s' if one.times > 1 else ''}"
            verb = "were" if one.times > 1 else "was"
            yield _passed_by(
                f"{count} to {one.place} by {one.by} {verb} not recorded: a replay "
                "will refuse it",
                subject=f"{one.place} {one.by}",
                fix="Use a client that is seen (docs/clients.md), or mark the function "
                "as @af.tool; for a service that is no model: "
                f"agentflow_allow_hosts = {one.place}",
            )
    programs = dict.fromkeys(one.program for one in run.unseen if one.program)
    if programs and "process" not in allow:
        yield _passed_by(
            f"the workflow started a process ({', '.join(programs)}): what it asks the "
            "network for is neither recorded nor replayed; see af.proxy",
            subject="process",
            fix="Give it the proxy's variables: with af.proxy() as running: ...; if it "
            'asks no model: @pytest.mark.replayed(allow=["process"])',
        )


def _passed_by(message: str, *, subject: str, fix: str) -> af.Finding:
    return af.Finding(
        rule=_SEEN.id,
        message=message,
        severity=af.Severity.WARNING,
        subject=subject,
        evidence=subject,
        why="Its cost and its answers are in no figure of this run.",
        fix=fix,
    )


def _where_from(run: af.Run) -> Iterator[af.Note]:
    """Say, of a run that was partly live, how each stage was answered."""
    if not run.live:
        return
    told = dict.fromkeys((stage.name for stage in run.stages), "replayed")
    for drift in run.drifts:
        told[drift.stage] = "served in order, though its questions changed"
    told |= dict.fromkeys(run.live, "live")
    yield af.Note(text=", ".join(f"{name}: {how}" for name, how in told.items()))
