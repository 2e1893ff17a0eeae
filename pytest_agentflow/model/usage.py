"""What one call consumed, in every unit that a provider bills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

UsageOrigin = Literal["wire", "estimated", "declared"]

TOKEN_KINDS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "input_audio_tokens",
    "output_audio_tokens",
    "input_image_tokens",
    "output_image_tokens",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens by kind and other billed units of one call; `None` means not reported.

    `input_tokens` and `output_tokens` are totals as OpenTelemetry defines them: cached,
    audio and image tokens are included in the input, reasoning tokens in the output.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_audio_tokens: int | None = None
    output_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_image_tokens: int | None = None
    units: Mapping[str, Decimal] = field(default_factory=dict)
    """Anything else that is billed: ``images:1024x1024:medium``, ``gpu_seconds``."""
    source: UsageOrigin = "wire"
    """Who says so: the provider's answer, an estimate, or the user's declaration."""
    model_calls: int = field(default=0, metadata={"json": False})
    """Of a sum over calls (`Run.usage`): how many of them a model answered."""
    silent_calls: int = field(default=0, metadata={"json": False})
    """Of these, how many do not say what they used, or not all of it: the sum is then
    a lower bound."""

    @property
    def total_tokens(self) -> int | None:
        """Input plus output tokens; `None` where either is not known.

        Of a sum over calls it is `None` where any of them is silent.
        `Call.total_tokens` also knows which kinds of call have no output to report.
        """
        if self.silent_calls:
            return None
        known = [n for n in (self.input_tokens, self.output_tokens) if n is not None]
        return sum(known) if len(known) == 2 or (known and self.model_calls) else None


def add_usage(left: Usage, right: Usage) -> Usage:
    """Add two usages; a kind that neither reports stays `None`.

    The source of the sum is the weaker one: an estimate taints what it is added to.
    """
    numbers = {
        kind: _add(getattr(left, kind), getattr(right, kind)) for kind in TOKEN_KINDS
    }
    units = {
        unit: left.units.get(unit, Decimal(0)) + right.units.get(unit, Decimal(0))
        for unit in sorted({*left.units, *right.units})
    }
    weakest = [s for s in ("estimated", "declared") if s in (left.source, right.source)]
    return Usage(
        **numbers,
        units=units,
        source=weakest[0] if weakest else "wire",
        model_calls=left.model_calls + right.model_calls,
        silent_calls=left.silent_calls + right.silent_calls,
    )


def _add(left: int | None, right: int | None) -> int | None:
    return None if left is None and right is None else (left or 0) + (right or 0)
