"""Who brought the faults of one page in, asked once for all that came the same way."""

from __future__ import annotations

from collections.abc import Callable

import pytest_agentflow as af
from agentflow_checks.web.artefacts import attribute_fault

Shows = Callable[[af.Artefact], bool | None]
Origin = Callable[[Shows], af.Attribution]


def origin_of(run: af.Run, page: af.Artefact) -> Origin:
    """Give a function that names the stage which brought a fault into a page.

    Who brought it in rests on nothing but which versions show it. Pages have thousands
    of faults and few versions, so most faults came as one did before; walking the
    stages for each took half a minute on large pages.

    Args:
        run: the run.
        page: the page that the faults were found on.
    """
    known: list[tuple[list[tuple[af.Artefact, bool | None]], af.Attribution]] = []

    def origin(shows: Shows) -> af.Attribution:
        for answers, attribution in known:
            if all(shows(version) is answer for version, answer in answers):
                return attribution
        asked: list[tuple[af.Artefact, bool | None]] = []

        def heard(version: af.Artefact) -> bool | None:
            asked.append((version, shows(version)))
            return asked[-1][1]

        attribution = attribute_fault(run, page, heard)
        known.append((asked, attribution))
        return attribution

    return origin
