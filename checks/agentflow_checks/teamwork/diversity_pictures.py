"""PNG pictures to 64 bits each, so that alike pictures have alike bits."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate, pairwise

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: Largest picture that is decoded, in bytes of its pixels.
_LARGEST = 32_000_000
#: Bytes of rows with filters that plain Python undoes one by one: about a second.
_MOST_SLOW = 4_000_000
_WIDTH, _HEIGHT = 9, 8
#: Rows of pixels that stand for one row of the hash.
_SAMPLES = 8


@lru_cache(maxsize=1024)
def picture_hash(data: bytes) -> int | None:
    """Give 64 bits: is each of 9 x 8 fields brighter than its right neighbour.

    The difference hash (Krawetz 2013, "Kind of like that"). `None` for what is no PNG
    of up to 8 bits a channel without interlacing, damaged, or too large for here.
    """
    try:
        fields = _fields(data)
    except (struct.error, zlib.error, ValueError, IndexError, KeyError):
        return None
    if fields is None:
        return None
    bits = 0
    for row in fields:
        for left, right in pairwise(row):
            bits = bits << 1 | (left > right)
    return bits


def distance(one: int, other: int) -> float:
    """Give the share of bits in which two pictures differ, 0 to 1."""
    return (one ^ other).bit_count() / 64


def _fields(data: bytes) -> list[list[float]] | None:
    """Give the mean brightness of 9 x 8 fields of a picture."""
    if not data.startswith(_SIGNATURE):
        return None
    parts = list(_chunks(data))
    head = next((body for kind, body in parts if kind == b"IHDR"), b"")
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", head)
    channels = _CHANNELS[colour]
    stride = (width * channels * depth + 7) // 8
    small = width < _WIDTH or height < _HEIGHT
    known = depth == 8 or (depth < 8 and channels == 1)
    if not known or interlaced or small or stride * height > _LARGEST:
        return None
    packed = b"".join(body for kind, body in parts if kind == b"IDAT")
    raw = zlib.decompressobj().decompress(packed, (stride + 1) * height)
    if len(raw) < (stride + 1) * height or _slow(raw, stride, height):
        return None
    palette = next((body for kind, body in parts if kind == b"PLTE"), b"")
    rows = _rows(raw, stride, height, channels)
    pixels = (_unpacked(row, depth) for row in rows)
    return _means(pixels, height, width, colour, palette)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4])
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def _slow(raw: bytes, stride: int, height: int) -> bool:
    filters = raw[:: stride + 1][:height]
    return sum(f > 2 for f in filters) * stride > _MOST_SLOW


def _rows(raw: bytes, stride: int, height: int, channels: int) -> Iterator[bytes]:
    """Undo the filter of each row (PNG specification, 9.2)."""
    before = bytes(stride)
    for number in range(height):
        at = number * (stride + 1)
        before = _UNDO[raw[at]](raw[at + 1 : at + 1 + stride], before, channels)
        yield before


def _unpacked(row: bytes, depth: int) -> bytes:
    """Give one byte for each pixel of 1, 2 or 4 bits."""
    if depth == 8:
        return row
    shifts = range(8 - depth, -1, -depth)
    return bytes(byte >> shift & (1 << depth) - 1 for byte in row for shift in shifts)


def _none(row: bytes, _before: bytes, _channels: int) -> bytes:
    return row


def _sub(row: bytes, _before: bytes, channels: int) -> bytes:
    whole = bytearray(row)
    for channel in range(channels):
        sums = accumulate(row[channel::channels])
        whole[channel::channels] = bytes(value & 255 for value in sums)
    return bytes(whole)


def _up(row: bytes, before: bytes, _channels: int) -> bytes:
    return bytes([(a + b) & 255 for a, b in zip(row, before, strict=True)])


def _average(row: bytes, before: bytes, channels: int) -> bytes:
    whole = bytearray(row)
    for i, value in enumerate(row):
        left = whole[i - channels] if i >= channels else 0
        whole[i] = (value + (left + before[i] >> 1)) & 255
    return bytes(whole)


def _paeth(row: bytes, before: bytes, channels: int) -> bytes:
    whole = bytearray(row)
    for i, value in enumerate(row):
        b = before[i]
        if i < channels:
            whole[i] = (value + b) & 255
            continue
        a, c = whole[i - channels], before[i - channels]
        pa, pb, pc = abs(b - c), abs(a - c), abs(a + b - 2 * c)
        near = a if pa <= pb and pa <= pc else b if pb <= pc else c
        whole[i] = (value + near) & 255
    return bytes(whole)


_UNDO = (_none, _sub, _up, _average, _paeth)


def _means(
    rows: Iterator[bytes], height: int, width: int, colour: int, palette: bytes
) -> list[list[float]]:
    edges = [width * column // _WIDTH for column in range(_WIDTH + 1)]
    fields = [[0.0] * _WIDTH for _ in range(_HEIGHT)]
    step = max(1, height // (_HEIGHT * _SAMPLES))
    bright = _brightness_table(palette)
    for number, row in enumerate(rows):
        if number % step:
            continue
        into = fields[min(number * _HEIGHT // height, _HEIGHT - 1)]
        for weight, line in _lines(row, colour, bright):
            for column, (start, end) in enumerate(pairwise(edges)):
                into[column] += weight * sum(line[start:end]) / (end - start)
    return fields


def _brightness_table(palette: bytes) -> bytes:
    """Give the brightness of each colour of a palette (ITU-R BT.601)."""
    colours = zip(palette[0::3], palette[1::3], palette[2::3], strict=False)
    found = bytes((299 * r + 587 * g + 114 * b) // 1000 for r, g, b in colours)
    return found.ljust(256, b"\0")[:256]


def _lines(row: bytes, colour: int, bright: bytes) -> list[tuple[float, bytes]]:
    """Give the channels of a row that make up its brightness, with their weights."""
    if colour == 3:
        return [(1.0, row.translate(bright))]
    step = _CHANNELS[colour]
    if colour in (0, 4):
        return [(1.0, row[::step])]
    weights = (0.299, 0.587, 0.114)  # ITU-R BT.601
    return [(weight, row[i::step]) for i, weight in enumerate(weights)]
