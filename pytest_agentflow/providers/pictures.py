"""Pictures that a model made, and the unit they are billed in."""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from pytest_agentflow.model.call import Picture
from pytest_agentflow.model.media import magic_type


def picture_from(
    data: object, *, size: str | None, quality: str | None, form: str | None = None
) -> Picture:
    """Make a picture of base64 text, or of none where only a URL was answered.

    Args:
        data: what the answer holds; what is no base64 gives a picture without data.
        size: as exchanged; ``auto`` or nothing is read off the data where it is a PNG.
        quality: as exchanged.
        form: the format that the exchange names: ``png``, ``jpeg``, ``webp``.
    """
    content = _content(data)
    told = magic_type(content) or ""
    return Picture(
        media_type=told if told.startswith("image/") else f"image/{form or 'png'}",
        data=content,
        size=_png_size(content) or size if size in (None, "auto") else size,
        quality=quality,
    )


def picture_units(pictures: Iterable[Picture]) -> Mapping[str, Decimal]:
    """Count pictures by ``images:SIZE:QUALITY``; what was not said is ``auto``."""
    names = [f"images:{p.size or 'auto'}:{p.quality or 'auto'}" for p in pictures]
    return {name: Decimal(number) for name, number in sorted(Counter(names).items())}


def _content(data: object) -> bytes:
    if not isinstance(data, str):
        return b""
    try:
        return base64.b64decode(data.partition("base64,")[2] or data)
    except (binascii.Error, ValueError):
        return b""


def _png_size(content: bytes) -> str | None:
    if not content.startswith(b"\x89PNG") or len(content) < 24:
        return None
    width, height = content[16:20], content[20:24]
    return f"{int.from_bytes(width)}x{int.from_bytes(height)}"
