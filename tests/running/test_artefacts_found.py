"""Pages, pictures, data and files are found in whatever a stage gave."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_agentflow.running.artefacts import (
    MOST_FILES,
    Names,
    TooManyFiles,
    artefacts_in,
)
from pytest_agentflow.running.media import media_type_of

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
HTML = "<!DOCTYPE html>\n<html lang=en><title>x</title></html>\n"


@dataclass
class Picture:
    """A picture as a user's program has it."""

    name: str
    data: bytes


@dataclass
class Site:
    """A result that names a folder."""

    folder: Path
    html: str


def _found(value: Any) -> list[tuple[str | None, str, bytes, str]]:
    return [(a.name, a.media_type, a.data, a.path) for a in artefacts_in(value)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (HTML, [(None, "text/html", HTML.encode(), "$")]),
        (
            f"Here:\n```html\n{HTML}```\nDone.",
            [(None, "text/html", HTML.encode(), "$")],
        ),
        ("```html\n<p>cut off", [(None, "text/html", b"<p>cut off", "$")]),
        (PNG, [(None, "image/png", PNG, "$")]),
        (
            base64.b64encode(PNG).decode(),
            [(None, "image/png", PNG, "$")],
        ),
        (
            "data:image/png;base64," + base64.b64encode(PNG).decode(),
            [(None, "image/png", PNG, "$")],
        ),
        ("data:text/plain,hi%20there", [(None, "text/plain", b"hi there", "$")]),
        ('{"a": [1]}', [(None, "application/json", b'{"a": [1]}', "$")]),
        (
            {"pages": [{"filename": "a.html", "html": HTML}]},
            [("a.html", "text/html", HTML.encode(), "$.pages[0].html")],
        ),
        (
            [Picture("hero.png", PNG)],
            [("hero.png", "image/png", PNG, "$[0].data")],
        ),
        (
            {"path": "x/notes.md", "data": b"# Hi"},
            [("notes.md", "text/markdown", b"# Hi", "$.data")],
        ),
    ],
    ids=str,
)
def test_each_form_is_found(value: Any, expected: list[Any]) -> None:
    """The media type is told by content, the name by what stands beside it."""
    assert _found(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "just a sentence about <html> pages",
        "```python\nprint()\n```",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        b"no known bytes",
        {"title": "x", "score": 0.5},
        "docs",
        "[not json",
    ],
)
def test_other_values_hold_no_artefact(value: Any) -> None:
    """Plain texts, numbers and unknown bytes are outputs, not artefacts."""
    assert _found(value) == []


def test_files_below_a_returned_folder_are_artefacts(tmp_path: Path) -> None:
    """Paths, texts that are paths, and fields that hold one: files come in order."""
    (tmp_path / "img").mkdir()
    (tmp_path / "index.html").write_text(HTML)
    (tmp_path / "img" / "hero.png").write_bytes(PNG)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("x")
    names = ["img/hero.png", "index.html"]
    for value in (tmp_path, str(tmp_path)):
        assert [a.name for a in artefacts_in(value)] == names
    found = artefacts_in(Site(folder=tmp_path, html="<p>"))
    assert [(a.name, a.path) for a in found] == [(n, "$.folder") for n in names]


def test_a_path_to_a_file_is_that_file(tmp_path: Path) -> None:
    """A returned file is one artefact under its own name."""
    file = tmp_path / "page.htm"
    file.write_text("<p>no doctype")
    assert _found(file) == [("page.htm", "text/html", b"<p>no doctype", "$")]


def test_a_folder_that_is_no_product_is_refused(tmp_path: Path) -> None:
    """A home directory returned by mistake is not swallowed whole."""
    for number in range(MOST_FILES + 1):
        (tmp_path / f"{number}.txt").touch()
    with pytest.raises(TooManyFiles, match="return the folder of the product alone"):
        artefacts_in(tmp_path)


def test_a_bare_word_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that happens to be the name of a folder here stays a text."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").write_text(HTML)
    monkeypatch.chdir(tmp_path)
    assert artefacts_in("site") == []
    assert len(artefacts_in(Path("site"))) == 1


def test_names_are_unique_and_stable() -> None:
    """Two artefacts never share a name, and a name has the right ending."""
    names = Names()
    assert [
        names.name(None, "text/html"),
        names.name(None, "text/html"),
        names.name("hero", "image/png"),
        names.name("hero.png", "image/png"),
        names.name(None, "image/jpeg"),
        names.name(None, "application/json"),
        names.name("v1.2 draft", "text/html"),
    ] == [
        "page.html",
        "page-2.html",
        "hero.png",
        "hero-2.png",
        "picture.jpg",
        "data.json",
        "v1.2 draft.html",
    ]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(value=_JSON)
def test_any_value_can_be_searched(value: Any) -> None:
    """Whatever a stage gives, looking for artefacts neither fails nor invents."""
    for artefact in artefacts_in(value):
        assert isinstance(artefact.data, bytes)
        assert "/" in artefact.media_type
        assert artefact.path.startswith("$")


@given(wanted=st.lists(st.none() | st.text(max_size=8), max_size=12))
def test_any_wishes_give_distinct_names(wanted: list[str | None]) -> None:
    """No two artefacts of a stage get one name."""
    names = Names()
    given_names = [names.name(wish, "text/html") for wish in wanted]
    assert len(set(given_names)) == len(wanted)


@given(data=st.binary(max_size=300), name=st.text(max_size=12))
def test_any_bytes_have_a_media_type(data: bytes, name: str) -> None:
    """Every content has a type, and no name turns text into a picture."""
    kind = media_type_of(data, f"{name}.png")
    assert "/" in kind
    assert kind != "image/png" or data.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PNG, "photo.jpg", "image/png"),
        (b"\xff\xd8\xff\xe0", "", "image/jpeg"),
        (b"<svg xmlns='x'/>", "", "image/svg+xml"),
        (b"<!-- c -->\n<html>", "x.txt", "text/html"),
        (b"body { }", "style.css", "text/css"),
        (b"<p>fragment", "part.html", "text/html"),
        (json.dumps([1]).encode(), "", "application/json"),
        (b"words", "hero.png", "text/plain"),
        (b"\x00\xff", "", "application/octet-stream"),
    ],
)
def test_content_is_believed_before_names(data: bytes, name: str, kind: str) -> None:
    """A picture is what its bytes say; a name helps only where they say nothing."""
    assert media_type_of(data, name) == kind
