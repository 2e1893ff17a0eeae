"""What one test has to do with us, kept in its stash."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from pytest_agentflow.checking.check import Check
from pytest_agentflow.decomposition.bound import Decomposition
from pytest_agentflow.model.run import Run
from pytest_agentflow.plugin.collector import Judged


@dataclass(slots=True)
class ItemState:
    """What one test has to do with us."""

    checks: tuple[Check, ...] = ()
    carried: tuple[Check, ...] = ()
    """Checks of every run that nobody wrote on the test."""
    named: bool = False
    """Whether it carries the mark ``agentflow``, which names runs and judges none."""
    asked: bool = False
    """Whether its body asked for runs, whatever became of them."""
    runs: list[Run] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    gates: list[Decomposition] = field(default_factory=list)


state_key = pytest.StashKey[ItemState]()
