"""What of a run is judged: outputs of stages and pages, taken apart into claims."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest_agentflow as af
from agentflow_checks.grounding.claims import Claim, claims_of
from agentflow_checks.grounding.languages import language_of
from agentflow_checks.grounding.run_sources import code_stages


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output of a stage, or one page: where it stands and what it claims.

    ``shipped`` marks what the workflow gives away, ``returned`` what its own code wrote
    beside stages and pages, ``lang`` is the language that says how its numbers are
    written.
    """

    label: str
    place: af.Place
    claims: tuple[Claim, ...]
    shipped: bool = False
    returned: bool = False
    lang: str = "en"


def outputs_of(run: af.Run, stage: str | None) -> tuple[Output, ...]:
    """Give the outputs to judge: of one stage, or of all; and the final pages.

    Of all: what the workflow returned, too, as far as it is nothing of these; and the
    last answers of a run without stages. Stages of mere code, whose outputs are data,
    are judged only if named.

    What was shipped comes first, then stages from the last to the first, so that a
    value that travelled is reported where it arrived.

    Raises:
        af.UnknownStage: the run has no such stage.
    """
    if stage is not None:
        stages = [run.stage(stage)]
    else:
        data = code_stages(run)
        stages = [one for one in reversed(run.stages) if one.name not in data]
    pages = run.pages()
    shipped = [_page_output(page, shipped=True) for page in pages]
    final = {page.digest for page in pages}
    inner: list[Output] = []
    for one in stages:
        made = [a for a in one.artefacts if a.media_type == "text/html"]
        inner += [_page_output(page) for page in made if page.digest not in final]
        inner += _stage_outputs(one, has_pages=bool(made or pages))
    if stage is None:
        inner += _answers(run)
        shipped.append(_returned(run, (*shipped, *inner)))
    return tuple(o for o in (*shipped, *inner) if o.claims)


def stage_claims(stage: af.Stage) -> tuple[Claim, ...]:
    """Give all claims that a stage's outputs, pages and answers make."""
    texts = [*stage.outputs, *(a.text for a in stage.artefacts if _is_page(a))]
    if not texts:
        texts = [call.answer for call in stage.calls if call.answer]
    return tuple(claim for text in texts for claim in claims_of(text))


def _is_page(artefact: af.Artefact) -> bool:
    return artefact.media_type == "text/html"


def _page_output(page: af.Artefact, *, shipped: bool = False) -> Output:
    place = af.Place(stage=page.stage, artefact=page.name, kind="artefact")
    html = page.text
    # The file is HTML by its type, even where it starts without a root element.
    from agentflow_checks.grounding.pages import claims_of_page  # noqa: PLC0415 - heavy

    return Output(
        label=page.name,
        place=place,
        claims=tuple(claims_of_page(html)),
        shipped=shipped,
        lang=language_of(html),
    )


def _stage_outputs(stage: af.Stage, *, has_pages: bool) -> Iterator[Output]:
    for number, output in enumerate(stage.outputs):
        claims = claims_of(output)
        if has_pages:
            # Pages inside an output are judged as the artefacts that they are.
            claims = tuple(c for c in claims if c.selector is None)
        visit = f" (visit {number + 1})" if len(stage.outputs) > 1 else ""
        yield Output(
            label=f"{stage.name}{visit}",
            place=af.Place(stage=stage.name, kind="output"),
            claims=claims,
        )


def _answers(run: af.Run) -> Iterator[Output]:
    """Give the last answers of a run in which nobody named a stage."""
    asked_on = {parent for call in run.calls for parent in call.parents}
    for call in run.calls if not run.stages and not run.pages() else ():
        if call.answer and call.id not in asked_on:
            place = af.Place(stage=call.stage, call=call.id, kind="answer")
            yield Output(label=call.id, place=place, claims=claims_of(call.answer))


def _returned(run: af.Run, judged: Sequence[Output]) -> Output:
    """Give what the workflow returned, without what is judged where it stands."""
    known = {_words(claim) for output in judged for claim in output.claims}
    data = code_stages(run)
    for one in run.stages:
        if one.name in data:
            known.update(map(_words, stage_claims(one)))
    found = {a.path for a in run.artefacts if a.stage is None}
    claims = claims_of(run.output) if run.output is not None else ()
    return Output(
        label="what the workflow returned",
        place=af.Place(kind="output"),
        claims=tuple(
            replace(claim, path="$.output" + (claim.path or "$")[1:])
            for claim in claims
            if _words(claim) not in known and not _stands_in(claim, found)
        ),
        returned=True,
    )


def _words(claim: Claim) -> str:
    return " ".join(claim.text.split())


def _stands_in(claim: Claim, found: Collection[str | None]) -> bool:
    """Whether a claim of what was returned is one of an artefact found there."""
    if (claim.path or "$") not in found:
        return False
    # A page, or the name of a folder or file.
    return claim.selector is not None or len(claim.text.split()) < 2
