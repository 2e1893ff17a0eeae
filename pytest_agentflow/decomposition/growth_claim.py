"""What is declared of a workflow's growth, read and checked once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from pytest_agentflow.decomposition.growth_mode import Mode
from pytest_agentflow.decomposition.growth_values import QUANTITIES
from pytest_agentflow.pricing.cost_model import CostModel, cost_model, priced
from pytest_agentflow.statistics.growth_class import growth_class

_OPTIONS = (
    "batch",
    "mode",
    "stage",
    "materiality",
    "alpha",
    "discarded_takes",
    "optional",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthClaim:
    """What is declared of a workflow's growth, and how it is judged; `growth_claim`."""

    declared: Mapping[str, str]
    """Quantity -> class: ``{"calls": "n"}``."""
    model: CostModel = field(default_factory=priced)
    batch: int = 1
    mode: Mode = "auto"
    at: tuple[float, ...] = ()
    stage: str | None = None
    materiality: float = 0.10
    alpha: float = 0.05
    discarded_takes: Literal["refuse", "allow"] = "refuse"
    optional: bool = False


def growth_claim(**given: Any) -> GrowthClaim:
    """Read what is declared; the arguments are those of `require_growth`.

    Raises:
        ValueError: nothing is declared, or an argument makes no sense.
    """
    declared = {
        name: str(growth_class(_text(name, given[name])))
        for name in QUANTITIES
        if given.get(name) is not None
    }
    _expect(
        bool(declared),
        f"nothing is declared: give a class for one or more of {', '.join(QUANTITIES)},"
        ' as in calls="n"',
    )
    model = given.get("cost_model")
    _expect(
        model is None or "cost" in declared,
        'cost_model= is for cost: declare that, too, as in cost="n"',
    )
    options = {name: given[name] for name in _OPTIONS if name in given}
    claim = GrowthClaim(
        declared=declared,
        model=priced() if model is None else cost_model(model),
        at=tuple(map(_size, given.get("at", ()))),
        **options,
    )
    _validate(claim)
    return claim


def _text(name: str, declared: object) -> str:
    good = isinstance(declared, str)
    _expect(good, f'{name}={declared!r}: give a class as a text, as in {name}="n"')
    return str(declared)


def _size(given: object) -> float:
    number = isinstance(given, (int, float)) and not isinstance(given, bool)
    _expect(
        number and math.isfinite(float(str(given))) and float(str(given)) >= 1,
        f"at= holds {given!r}: give sizes of at least 1, as in at=[100, 1000]",
    )
    return float(str(given))


def _validate(claim: GrowthClaim) -> None:
    whole = isinstance(claim.batch, int) and not isinstance(claim.batch, bool)
    _expect(
        whole and claim.batch >= 1,
        f"batch={claim.batch!r}: give how many items one call handles, at least 1",
    )
    for name, known in (
        ("mode", get_args(Mode)),
        ("discarded_takes", ("refuse", "allow")),
    ):
        chosen = getattr(claim, name)
        _expect(
            chosen in known,
            f"{name}={chosen!r}: choose from {', '.join(map(repr, known))}",
        )
    for name in ("materiality", "alpha"):
        share = getattr(claim, name)
        _expect(
            isinstance(share, (int, float)) and 0 < share < 1,
            f"{name}={share!r}: give a share between 0 and 1",
        )


def _expect(good: bool, message: str) -> None:
    if not good:
        raise ValueError(message)
