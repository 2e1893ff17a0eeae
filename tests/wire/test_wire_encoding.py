"""Content encodings are undone piece by piece."""

from __future__ import annotations

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.wire.encoding import Undecodable, decode_body, decode_pieces


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress, "identity": bytes}


@given(
    data=st.binary(max_size=400),
    codings=st.lists(st.sampled_from(sorted(PACKERS)), max_size=3),
)
def test_decoding_undoes_any_stack_of_codings(data: bytes, codings: list[str]) -> None:
    """What was encoded by several codings, in order, comes back."""
    packed = data
    for coding in codings:
        packed = PACKERS[coding](packed)
    assert decode_body(packed, ", ".join(codings)) == data


@given(
    data=st.binary(min_size=1, max_size=400),
    cuts=st.lists(st.integers(min_value=0, max_value=400), max_size=6),
)
def test_pieces_decode_to_the_whole_however_they_are_cut(
    data: bytes, cuts: list[int]
) -> None:
    """The number of pieces is kept, and they add up to the decoded whole."""
    packed = gzip.compress(data)
    edges = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]
    pieces = [packed[a:b] for a, b in itertools.pairwise(edges)]
    decoded = decode_pieces(pieces, "gzip")
    assert len(decoded) == len(pieces)
    assert b"".join(decoded) == data


@given(data=st.binary(max_size=200), coding=st.sampled_from(["gzip", "deflate", "br"]))
def test_decoding_anything_gives_bytes_or_one_kind_of_error(
    data: bytes, coding: str
) -> None:
    """Bytes that are not so encoded raise `Undecodable`, never a codec's own error."""
    try:
        decode_body(data, coding)
    except Undecodable:
        return


def test_gzip_of_several_members_is_one_body() -> None:
    """A gzip body may consist of several members, one after the other."""
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    assert decode_body(packed, "gzip") == b"one two"


def test_deflate_without_its_frame_is_understood() -> None:
    """Some servers send bare deflate under that name."""
    assert decode_body(_deflated(b"bare"), "deflate") == b"bare"


def test_an_unknown_coding_is_named() -> None:
    """An unknown coding raises with its name."""
    with pytest.raises(Undecodable, match="snappy"):
        decode_body(b"x", "snappy")
