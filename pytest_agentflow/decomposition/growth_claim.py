"""What is declared of a workflow's growth, read and checked once."""

from __future__ import annotations

import functools
import inspect
import math
import re
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, cast, get_args

from pytest_agentflow.decomposition.growth_mode import Mode
from pytest_agentflow.decomposition.growth_values import QUANTITIES
from pytest_agentflow.pricing.cost_model import CostModel, cost_model, priced
from pytest_agentflow.statistics.growth_class import growth_class

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

_CLAIM = re.compile(r"^    claim: .*$", re.MULTILINE)
"""Stands for all its arguments in the docstring of what judges a claim."""


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


# The one list of these arguments: `takes_claim` gives it to whatever judges a claim.
def growth_claim(
    *,
    calls: str | None = None,
    prompt_tokens: str | None = None,
    output_tokens: str | None = None,
    total_tokens: str | None = None,
    context_per_call: str | None = None,
    cost: str | None = None,
    span: str | None = None,
    cost_model: CostModel | str | None = None,
    batch: int = 1,
    mode: Mode = "auto",
    at: Sequence[float] = (),
    stage: str | None = None,
    materiality: float = 0.10,
    alpha: float = 0.05,
    discarded_takes: Literal["refuse", "allow"] = "refuse",
    optional: bool = False,
) -> GrowthClaim:
    """Read what is declared of the growth of one or more quantities.

    Each is given a class in n, the `size` of the runs: ``"1"``, ``"log n"``, ``"n"``,
    ``"n log n"``, ``"n^2"``, ``"2^n"``.

    Args:
        calls: class of the number of model calls.
        prompt_tokens: of all tokens that models read.
        output_tokens: of all tokens that models write.
        total_tokens: of both.
        context_per_call: of the mean prompt of a stage's calls.
        cost: of what the run costs under `cost_model`.
        span: of the longest chain of calls that waited for each other, in seconds:
            computed from a replay that was timed, else as recorded.
        cost_model: "priced" (default), "aalp", or a value such as af.gpu_hour(...).
            The class of a workflow may differ between them.
        batch: items of the input that one call handles.
        mode: "exact" compares the estimate itself, "sample" its bounds; "auto" is
            exact where nothing is left to chance, and says so.
        at: sizes to project each quantity to.
        stage: judge this stage only.
        materiality: share at the largest size that may lie beyond the class.
        alpha: chance of a wrong FAIL, and of a wrong PASS, for each quantity.
        discarded_takes: "refuse" a sample of runs that were kept after other takes had
            been discarded (a selected take is no sample), or "allow" it.
        optional: let INCONCLUSIVE pass.

    Raises:
        ValueError: nothing is declared, or an argument makes no sense.
    """
    given = locals()
    declared = {
        name: str(growth_class(_text(name, given[name])))
        for name in QUANTITIES
        if given[name] is not None
    }
    _expect(
        bool(declared),
        f"nothing is declared: give a class for one or more of {', '.join(QUANTITIES)},"
        ' as in calls="n"',
    )
    claim = GrowthClaim(
        declared=declared,
        model=_model(cost_model, declared),
        batch=batch,
        mode=mode,
        at=tuple(map(_size, at)),
        stage=stage,
        materiality=materiality,
        alpha=alpha,
        discarded_takes=discarded_takes,
        optional=optional,
    )
    _validate(claim)
    return claim


def takes_claim(
    claim: Callable[P, GrowthClaim], *leave: str
) -> Callable[[Callable[[T, GrowthClaim], R]], Callable[Concatenate[T, P], R]]:
    """Let a function of what it judges and a `GrowthClaim` take the claim's arguments.

    Signature, annotations and docstring of what it makes hold them one by one, for
    ``help``, for type checkers, and for the engine where the function is a check.

    Args:
        claim: `growth_claim`.
        leave: arguments of it that are not taken.
    """
    theirs = {
        name: parameter
        for name, parameter in inspect.signature(claim).parameters.items()
        if name not in leave
    }

    def decorate(function: Callable[..., R]) -> Callable[Concatenate[T, P], R]:
        @functools.wraps(function)
        def judge(judged: T, *args: Any, **given: Any) -> R:
            __tracebackhide__ = True
            claimed = {name: given.pop(name) for name in theirs if name in given}
            reading: Callable[..., GrowthClaim] = claim
            return function(judged, reading(**claimed), *args, **given)

        _spell_out(judge, function, claim, theirs)
        return cast("Callable[Concatenate[T, P], R]", judge)

    return decorate


def _spell_out(
    judge: Any,
    function: Callable[..., Any],
    claim: Callable[..., Any],
    theirs: Mapping[str, inspect.Parameter],
) -> None:
    """Give a wrapper the signature, annotations and documentation of both."""
    signature = inspect.signature(function)
    judged, _, *more = signature.parameters.values()
    own = [judged, *more]
    judge.__signature__ = signature.replace(parameters=[*own, *theirs.values()])
    hints = typing.get_type_hints(claim)
    judge.__annotations__ = function.__annotations__ | {n: hints[n] for n in theirs}
    judge.__doc__ = _documented(function.__doc__, claim.__doc__, theirs)


def _documented(
    own: str | None, claim: str | None, theirs: Mapping[str, inspect.Parameter]
) -> str:
    """Put the arguments of a claim where a docstring tells of its ``claim``."""
    arguments = re.split(r"\n(?=\S|    \w)", inspect.cleandoc(claim or ""))
    named = [one for one in arguments if one.strip().partition(":")[0] in theirs]
    listed = "\n".join(one.rstrip() for one in named)
    return _CLAIM.sub(lambda _: listed, inspect.cleandoc(own or ""), count=1)


def _model(given: CostModel | str | None, declared: Mapping[str, str]) -> CostModel:
    _expect(
        given is None or "cost" in declared,
        'cost_model= is for cost: declare that, too, as in cost="n"',
    )
    return priced() if given is None else cost_model(given)


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
