"""The pages of a run: which to judge, what lies beside, and who broke them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import pytest_agentflow as af
from agentflow_checks.web.missing import PartMissing, verdict

if TYPE_CHECKING:
    from agentflow_checks.web.page import Visit

HTML = "text/html"


def pages_of(run: af.Run, stage: str | None = None) -> tuple[af.Artefact, ...]:
    """Give the pages to judge: the final ones, or all that one stage made.

    Raises:
        UnknownStage: the run has no such stage.
        CheckError: there is none, and the recording lacks them.
    """
    if stage is None:
        pages = run.pages()
    else:
        made = run.stage(stage).artefacts
        pages = tuple(a for a in made if a.media_type == HTML)
    if not pages:
        af.expect_content(run, "artefacts", stage=stage)
    return pages


def files_beside(run: af.Run, page: af.Artefact) -> dict[str, bytes]:
    """Give the other artefacts of the run by name, as the page would find them.

    Of several with one name that of the page's own stage wins, then the latest.
    """
    files: dict[str, bytes] = {}
    for artefact in run.artefacts:
        if artefact.name != page.name and artefact.stage != page.stage:
            files[artefact.name] = artefact.data
    for artefact in run.artefacts:
        if artefact.name != page.name and artefact.stage == page.stage:
            files[artefact.name] = artefact.data
    return files


def root_of(run: af.Run, page: af.Artefact) -> Path | None:
    """Give the folder that a page was read from, None for a page of a recording."""
    if run.folder is None:
        return None
    file = run.folder / page.name
    try:
        same = file.is_file() and file.read_bytes() == page.data
    except OSError:
        return None
    return run.folder if same else None


def visit_artefact(
    run: af.Run,
    page: af.Artefact,
    *,
    rules: Collection[str] | None = None,
    budget: float = 10.0,
) -> Visit:
    """Visit one page of a run with everything that lies beside it.

    Raises:
        CheckError: browser, driver or axe-core is not installed; with
            ``--agentflow-web=skip`` the visit has an `error` instead, and what it keeps
            from being judged is `Visit.unjudged`.
    """
    from agentflow_checks.web.page import Page, Visit  # noqa: PLC0415 - heavy
    from agentflow_checks.web.visits import visit  # noqa: PLC0415 - heavy

    try:
        return visit(
            page.data,
            files=files_beside(run, page),
            root=root_of(run, page),
            name=page.name,
            budget=budget,
            rules=rules,
        )
    except PartMissing as gone:
        if verdict() is af.Verdict.ERROR:
            raise af.CheckError(str(gone)) from gone
        shown = Page(html=page.data, name=page.name)
        return Visit(page=shown, error=str(gone), part_missing=True)


def attribute_fault(
    run: af.Run,
    page: af.Artefact,
    shows: Callable[[af.Artefact], bool | None],
) -> af.Attribution:
    """Name the stage that brought a fault into the versions of a page.

    Args:
        run: the run.
        page: the page that the fault was found on.
        shows: whether one version shows the fault; None where it cannot be judged. Not
            asked about versions that are this page under another name.
    """

    def fold(artefacts: Collection[af.Artefact]) -> af.Verdict:
        pages = [a for a in artefacts if a.media_type == HTML]
        # Of a stage that made several pages the one of this name is the version.
        pages = [a for a in pages if a.name == page.name] or pages
        if not pages:
            return af.Verdict.INAPPLICABLE
        answers = [is_same(run, page, version) or shows(version) for version in pages]
        if any(answers):
            return af.Verdict.FAILED
        return af.Verdict.UNDETERMINED if None in answers else af.Verdict.PASSED

    if not run.stages:
        return af.Attribution()
    own = [a for a in run.artefacts if a.stage is None]
    return af.attribute(
        run,
        lambda stage: fold(stage.artefacts),
        at=page.stage,
        shipped=fold(own),
    )


def is_same(run: af.Run, page: af.Artefact, version: af.Artefact) -> bool:
    """Tell whether a version is the same page: bytes, folder, and the files beside it.

    A stage often ships under one name what another one wrote under a second.
    """
    if version.data != page.data or _folder(version) != _folder(page):
        return False
    names = {page.name, version.name}
    beside = [
        {n: data for n, data in files_beside(run, one).items() if n not in names}
        for one in (page, version)
    ]
    return beside[0] == beside[1] and root_of(run, page) == root_of(run, version)


def _folder(page: af.Artefact) -> str:
    return page.name.rpartition("/")[0]
