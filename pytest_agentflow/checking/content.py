"""What a check needs of a recording, and may be lacking there."""

from __future__ import annotations

from typing import Literal

from pytest_agentflow.checking.check import CheckError
from pytest_agentflow.model.run import Run

Content = Literal["artefacts", "messages", "answer", "outputs", "sources"]

_REPAIRS: dict[str, str] = {
    "artefacts": "Record the workflow with agentflow.run, or judge the pages "
    "themselves: agentflow check FOLDER -c CHECK",
    "messages": "Export the trace with the content of messages, and import it anew",
    "answer": "Export the trace with the content of messages, and import it anew",
    "outputs": "Record the run again with its stages named (agentflow_stages = "
    "STAGE = module:function)",
    "sources": "Record the run again with its retrievers named (agentflow_retrievers "
    "= module:function)",
}


def expect_content(run: Run, *kinds: Content, stage: str | None = None) -> None:
    """Make sure that the recording does not lack what a check is about to read.

    Call it where nothing was found: a trace without pages is no run without pages, and
    "nothing to examine" would be a verdict on what nobody looked at.

    Args:
        run: the run; `Run.missing` and `Call.missing` say what its form lacks.
        kinds: what is needed: ``artefacts``, ``messages``, ``answer``, ``outputs``,
            ``sources``.
        stage: only what this stage needs; without, any stage's lack counts.

    Raises:
        CheckError: it is lacking; says what, where, and how to repair it.
    """
    for kind in kinds:
        if (lacking := _lacking(run, kind, stage)) is not None:
            raise CheckError(
                f"recording {run.id} lacks {lacking}, which this check reads, so "
                f"nothing can be said of it. {_REPAIRS[kind]}."
            )


def _lacking(run: Run, kind: str, stage: str | None) -> str | None:
    for item in run.missing:
        name, _, owner = item.partition(":")
        if name == kind and (not owner or stage in (None, owner)):
            return item
    for call in run.calls:
        if call.kind == "chat" and kind in call.missing and stage in (None, call.stage):
            return f"{kind} of call {call.id}"
    return None
