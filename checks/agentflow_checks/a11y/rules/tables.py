"""Whether the header cells of tables head anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest_agentflow as af
from agentflow_checks.a11y.rules.rule import Facts, OwnRule, Subject
from agentflow_checks.web import probing
from agentflow_checks.web.page import Visit
from agentflow_checks.web.probing import Bench, Probe


def headers(bench: Bench) -> Any:
    """Give every header cell that is read out as one, and whether it heads a cell."""
    probing.install(bench, __package__, "tables.js")
    return json.loads(probing.ask(bench, "agentflowTables.headers()"))


HEADERS = Probe(name="table-headers", run=headers, acts=False)


def heads_cells(visited: Visit, facts: Facts) -> Iterator[Subject]:
    """Judge each header cell."""
    del visited
    for cell in facts[HEADERS.name]:
        place = {"selector": cell["selector"], "html": cell["html"]}
        box = af.Box(*cell["box"])
        if cell["heads"]:
            yield Subject(verdict=af.Verdict.PASSED, box=box, **place)
        else:
            yield Subject(
                verdict=af.Verdict.FAILED,
                box=box,
                message="no cell of its table belongs to this header",
                expected="at least one cell below or beside it",
                **place,
            )


RULES = (
    OwnRule(
        id="header-heads-cells",
        title="Every header cell of a table heads a cell",
        criteria=("1.3.1",),
        act=("d0f69e",),
        category="tables",
        fix="Give the header cells to head, or make it a <td>.",
        probes=(HEADERS,),
        judge=heads_cells,
    ),
)
