"""What bytes are told to be: pages, other kinds of file, and their encodings."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile

import pytest
from agentflow_checks.web.file_kind import kind_of, text_of
from hypothesis import given
from hypothesis import strategies as st

PAGE = '<!doctype html><html lang="en"><title>Öl</title><p>Größe 5</p></html>'
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>x</text></svg>'

NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(200))


def zipped() -> bytes:
    """Pack a page."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.html", PAGE)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"x" * 99, "a PNG picture, its first bytes are 89 50"),
        (zipped(), "a ZIP archive"),
        (gzip.compress(PAGE.encode()), "data compressed with gzip"),
        (b"%PDF-1.7\n1 0 obj", "a PDF document"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "a WEBP file (RIFF)"),
        (NOISE, "binary data, its first bytes are"),
        (bytes(range(1, 32)) * 20, "binary data"),
        (SVG.encode(), "an SVG picture"),
        (f'<?xml version="1.0"?>\n<!-- a -->{SVG}'.encode(), "an SVG picture"),
        (SVG.encode("utf-16"), "an SVG picture"),
        (b'<rss version="2.0"><channel/></rss>', "an RSS feed"),
        (b'<?xml version="1.0"?><book/>', "XML with the root element <book>"),
        (b'{"html": "<p>x</p>"}', "JSON"),
    ],
)
def test_what_is_no_page_is_named(data: bytes, name: str) -> None:
    """Other kinds of file are told by their first bytes or their root element."""
    assert kind_of(data).other.startswith(name)
    assert kind_of(data).said.startswith("the file is no HTML page, it is ")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \n",
        b"Sorry, I cannot.",
        b"{ not: json }<p>x</p>",
        b"<p>x</p>",
        b"<svg><path/></svg>",
        SVG.encode() + b"<p>text</p>" + SVG.encode(),
        PAGE.encode(),
        PAGE.encode("cp1252"),
        PAGE.replace(" ", "\0").encode(),
        b"<title>\x01\x02\x03\x04\x05\x06\x07\x08</title>",
    ],
)
def test_a_page_is_taken_for_one(data: bytes) -> None:
    """Fragments, excuses, wrong encodings and stray control characters are judged."""
    assert kind_of(data).other == ""


@pytest.mark.parametrize(
    ("encoding", "name", "marked"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8", True),
        ("utf-16-le", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", False),
        ("utf-16", "utf-16-le", True),
        ("utf-32", "utf-32-le", True),
    ],
)
def test_encodings_are_told(encoding: str, name: str, marked: bool) -> None:
    """By the byte order mark, else by where the zeros stand."""
    kind = kind_of(PAGE.encode(encoding))
    assert (kind.encoding, kind.marked, kind.other) == (name, marked, "")
    assert text_of(PAGE.encode(encoding)).removeprefix("\ufeff") == PAGE


@pytest.mark.parametrize(
    ("begin", "xhtml"),
    [
        ('<?xml version="1.0"?>\n<!doctype html>', True),
        ('<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd">', True),
        ("<!doctype html>", False),
        ("", False),
    ],
)
def test_xhtml_is_told_by_what_stands_before_its_root(begin: str, xhtml: bool) -> None:
    """The namespace alone is allowed in HTML, too."""
    data = f'{begin}<html xmlns="http://www.w3.org/1999/xhtml"><p>x</p></html>'
    assert (kind_of(data.encode()).xhtml, kind_of(data.encode()).other) == (xhtml, "")


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_every_file_is_something(data: bytes) -> None:
    """No bytes are too odd to be told, and all can be read as text."""
    kind = kind_of(data)
    assert isinstance(text_of(data), str)
    assert not (kind.other and kind.xhtml)


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
)
def test_whatever_a_page_says_it_stays_a_page(text: str, encoding: str) -> None:
    """A page that begins as one is one, in every encoding, and reads the same."""
    page = f"<!doctype html><html><title>t</title><p>x{text}</p></html>"
    if encoding != "utf-8" and not text.isascii():
        # Without a mark it takes ASCII to tell; here nearly all of it is.
        page += " " * 3 * len(text)
    kind = kind_of(page.encode(encoding))
    assert kind.other == ""
    if kind.wide or encoding == "utf-8":
        assert text_of(page.encode(encoding)) == page
