"""What first bytes tell."""

import mimetypes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.model.media import MARKED, magic_type
from pytest_agentflow.providers.pictures import picture_from
from pytest_agentflow.recording.blobs import sniff as extension_in
from pytest_agentflow.running.media import sniff as media_type_in


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"\x89PNG\r\n\x1a\nrest", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"GIF8", None),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\0\0\0\0AVI LIST", None),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"\0\0\0\x1cftypisom", "video/mp4"),
        (b"BMW is a car", None),
        (b"BM" + (30).to_bytes(4, "little") + b"\0" * 24, "image/bmp"),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell_the_media_type(data: bytes, kind: str | None) -> None:
    """Two letters of a word are no bitmap, and text tells nothing here."""
    assert magic_type(data) == kind


@given(st.sampled_from([b"", b"GIF89a", b"\xff\xd8\xff", b"ID3", b"fLaC"]), st.binary())
def test_every_room_is_told_the_same(start: bytes, rest: bytes) -> None:
    """The names of side files, artefacts and pictures of one content agree."""
    data = start + rest
    kind = magic_type(data)
    if kind is not None:
        assert media_type_in(data) == kind
    if (ending := extension_in(data)) is not None:
        assert kind is not None
        assert mimetypes.guess_type(f"a.{ending}")[0] in {kind, None, "audio/x-wav"}


def test_a_picture_is_never_called_something_else() -> None:
    """What an image model answered is a picture, also where its bytes are odd."""
    assert "application/pdf" in MARKED
    named = picture_from("JVBERi0xLjc=", size=None, quality=None, form="webp")
    assert named.media_type == "image/webp"
