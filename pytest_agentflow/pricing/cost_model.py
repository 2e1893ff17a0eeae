"""Cost models as values: what a call costs in money, forward passes or rented hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Number: TypeAlias = int | float | str | Decimal
"""Taken exactly as it is written: 2.5 and "2.5" are the same number."""

PARAMETER_TOKENS = "parameter-tokens"
"""The unit of `aalp`: one parameter applied to one token, once."""

HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """Money, at the prices that were locked when the run was recorded."""

    def __repr__(self) -> str:
        return "priced()"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardPasses:
    """The position paper's unit, made by `aalp`."""

    sizes: Mapping[str, Decimal] = field(default_factory=dict)
    steps: int | None = None

    def __repr__(self) -> str:
        return _written("aalp", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuHour:
    """Rented graphics processors by the tokens they work through, from `gpu_hour`."""

    rate: Decimal
    utilisation: Decimal
    prefill_tokens_per_second: Decimal
    decode_tokens_per_second: Decimal
    gpus: int = 1
    seconds_per_picture: Decimal | None = None
    currency: str = "USD"

    def __repr__(self) -> str:
        return _written("gpu_hour", self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BusyTime:
    """Rented machines by the time that calls took, made by `busy_time`."""

    rate: Decimal
    concurrency: Decimal = Decimal(1)
    currency: str = "USD"

    def __repr__(self) -> str:
        return _written("busy_time", self)


CostModel: TypeAlias = Priced | ForwardPasses | GpuHour | BusyTime
"""What `priced`, `aalp`, `gpu_hour` and `busy_time` give, and `cost_of` takes."""


def priced() -> Priced:
    """Count money: what the provider charges, at the prices of the recording."""
    return Priced()


def aalp(
    sizes: Mapping[str, Number] | None = None, *, steps: int | None = None
) -> ForwardPasses:
    """Count forward passes, weighted with the size of the model.

    A model of ``m`` parameters that writes ``L`` tokens after a prompt of ``P`` tokens
    costs ``m * (L * P + L * (L + 1) / 2)`` parameter-tokens: each token is one pass
    over all that stands before it. An embedding is one pass over its prompt,
    ``m * P``; a picture ``m * steps``.

    Source: Meyerson and Qiu, "Position: Scaling LLM Agents Requires Asymptotic
    Analysis with LLM Primitives" (arXiv 2502.04358, ICML 2025), definition 2.2.

    Args:
        sizes: model -> parameters; they win over those that ``[[size]]`` of the price
            file declares and the recording keeps. A model without size is undetermined.
        steps: diffusion steps of a picture, where ``[[size]]`` declares none.

    Raises:
        ValueError: for a size or a number of steps that is not above 0.
    """
    given = {
        name: _above_nought(f"sizes[{name!r}]", size)
        for name, size in (sizes or {}).items()
    }
    if steps is not None:
        _above_nought("steps", steps)
    return ForwardPasses(sizes=given, steps=steps)


def gpu_hour(
    rate: Number,
    *,
    utilisation: Number,
    prefill_tokens_per_second: Number,
    decode_tokens_per_second: Number,
    gpus: int = 1,
    seconds_per_picture: Number | None = None,
    currency: str = "USD",
) -> GpuHour:
    """Count the rent of own graphics processors, by the tokens they work through.

    ``rate * gpus / 3600 * (input / prefill + output / decode) / utilisation``: what the
    same calls cost on hardware by the hour. Cached input counts as input.

    Args:
        rate: money for one GPU and hour.
        utilisation: share of the time that it works at these speeds, above 0 and at
            most 1. It decides over the result, and has no default.
        prefill_tokens_per_second: of all GPUs together, reading at full load.
        decode_tokens_per_second: the same, writing.
        gpus: how many are rented.
        seconds_per_picture: at full load; without it pictures are undetermined.
        currency: of the rate.

    Raises:
        ValueError: for numbers that are not above 0, or a utilisation above 1.
    """
    share = _above_nought("utilisation", utilisation)
    if share > 1:
        message = f"utilisation={utilisation}: a share, above 0 and at most 1"
        raise ValueError(message)
    return GpuHour(
        rate=_above_nought("rate", rate),
        utilisation=share,
        prefill_tokens_per_second=_above_nought(
            "prefill_tokens_per_second", prefill_tokens_per_second
        ),
        decode_tokens_per_second=_above_nought(
            "decode_tokens_per_second", decode_tokens_per_second
        ),
        gpus=int(_above_nought("gpus", gpus)),
        seconds_per_picture=None
        if seconds_per_picture is None
        else _above_nought("seconds_per_picture", seconds_per_picture),
        currency=currency,
    )


def busy_time(
    rate: Number, *, concurrency: Number = 1, currency: str = "USD"
) -> BusyTime:
    """Count the rent of a machine for the time that calls took when recorded.

    ``rate / 3600 * seconds / concurrency``.

    Args:
        rate: money for one machine and hour.
        concurrency: how many calls it answers at a time.
        currency: of the rate.

    Raises:
        ValueError: for numbers that are not above 0.
    """
    return BusyTime(
        rate=_above_nought("rate", rate),
        concurrency=_above_nought("concurrency", concurrency),
        currency=currency,
    )


_BY_NAME: Mapping[str, CostModel] = {
    "priced": Priced(),
    "aalp": ForwardPasses(),
}


def cost_model(given: CostModel | str) -> CostModel:
    """Give a cost model, also by its name where it needs no arguments.

    So that a command line can name it: ``cost_model="aalp"``.

    Raises:
        ValueError: for any other name, with what to write.
    """
    if not isinstance(given, str):
        return given
    if given in _BY_NAME:
        return _BY_NAME[given]
    message = (
        f'cost_model={given!r}: write "priced" or "aalp", or give '
        "af.gpu_hour(2.50, utilisation=0.4, ...) or af.busy_time(2.50)"
    )
    raise ValueError(message)


def _above_nought(name: str, given: Number) -> Decimal:
    try:
        number = Decimal(str(given))
    except InvalidOperation:
        number = Decimal("nan")
    if isinstance(given, bool) or not number.is_finite() or number <= 0:
        message = f"{name}={given!r}: give a number above 0"
        raise ValueError(message)
    return number


def _written(name: str, model: CostModel) -> str:
    """Write a model as the call that makes it, without what is left at its default."""
    values = ((one, getattr(model, one.name)) for one in fields(model))
    given = [
        f"{one.name}={_plain(value)}"
        for one, value in values
        if value not in (one.default, {})
    ]
    return f"{name}({', '.join(given)})"


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{name!r}: {_plain(size)}" for name, size in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, Decimal) and value.adjusted() in range(-20, 21):
        return f"{value:f}"
    return repr(str(value)) if isinstance(value, Decimal) else repr(value)
