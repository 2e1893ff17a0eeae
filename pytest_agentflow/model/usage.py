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

    @property
    def total_tokens(self) -> int | None:
        """Input plus output tokens; `None` when neither was reported."""
        if self.input_tokens is None and self.output_tokens is None:
            return None
        return (self.input_tokens or 0) + (self.output_tokens or 0)


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
    return Usage(**numbers, units=units, source=weakest[0] if weakest else "wire")


def _add(left: int | None, right: int | None) -> int | None:
    return None if left is None and right is None else (left or 0) + (right or 0)
