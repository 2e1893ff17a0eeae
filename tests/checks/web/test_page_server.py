"""The page server: one host per page, nothing outside of it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from agentflow_checks.web import server
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def pages() -> Iterator[server.PageServer]:
    """A running server without sites."""
    running = server.start()
    yield running
    server.stop(running)


def get(
    port: int, label: str, path: str, method: str = "GET"
) -> tuple[int, str, bytes]:
    """Ask as the browser does: by address, with the invented host."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request(method, path, headers={"Host": f"{label}.{server.DOMAIN}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers["Content-Type"], body


def test_hosts_keep_their_files_apart(pages: server.PageServer) -> None:
    """A file of one host is not there on another."""
    pages.sites["one"] = server.Site(files={"a.html": b"<p>one"})
    pages.sites["two"] = server.Site(files={"b.html": b"<p>two"})
    assert get(pages.port, "one", "/a.html") == (
        200,
        "text/html; charset=utf-8",
        b"<p>one",
    )
    assert get(pages.port, "two", "/a.html")[0] == 404
    assert get(pages.port, "three", "/a.html")[0] == 404


def test_a_folder_answers_what_the_files_do_not_hold(
    pages: server.PageServer, tmp_path: Path
) -> None:
    """Given files win over the folder, and the folder's index answers for it."""
    (tmp_path / "style.css").write_text("p { color: red }")
    (tmp_path / "index.html").write_text("folder")
    site = server.Site(files={"index.html": b"given"}, root=tmp_path)
    pages.sites["x"] = site
    assert get(pages.port, "x", "/style.css?v=1")[1:] == (
        "text/css; charset=utf-8",
        b"p { color: red }",
    )
    assert get(pages.port, "x", "/")[2] == b"given"
    assert site.served == {tmp_path / "style.css": server.stamp(tmp_path / "style.css")}


def test_head_has_no_body(pages: server.PageServer) -> None:
    """A HEAD request gets the headers alone."""
    pages.sites["x"] = server.Site(files={"a.html": b"<p>one"})
    assert get(pages.port, "x", "/a.html", "HEAD") == (
        200,
        "text/html; charset=utf-8",
        b"",
    )


def test_the_browsers_own_icon_is_no_missing_file(pages: server.PageServer) -> None:
    """A request for the icon that nobody wrote is answered, not refused."""
    pages.sites["x"] = server.Site(files={})
    assert get(pages.port, "x", "/favicon.ico")[0] == 204


def test_chunks_come_as_they_are_made(pages: server.PageServer) -> None:
    """A body may be a function that gives chunks."""
    pages.sites["x"] = server.Site(files={"a.txt": lambda: iter([b"1", b"2"])})
    assert get(pages.port, "x", "/a.txt")[2] == b"12"


def test_a_link_out_of_the_folder_leads_nowhere(tmp_path: Path) -> None:
    """A symbolic link to a file outside of the root is not followed."""
    (tmp_path / "secret.txt").write_text("secret")
    root = tmp_path / "site"
    root.mkdir()
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    assert server.find(server.Site(files={}, root=root), "/link.txt") is None


@given(st.text(alphabet="./\\%2e0a\0é", max_size=30))
def test_no_path_leads_out_of_the_folder(path: str) -> None:
    """Whatever is asked, only files below the root are answered."""
    root = Path(__file__).parent / "no-such-folder"
    assert server.find(server.Site(files={}, root=root), path) is None


def test_text_in_another_encoding_is_not_called_utf_8() -> None:
    """Only bytes that decode as UTF-8 are said to be UTF-8."""
    assert server.content_type("a.html", "é".encode("latin-1")) == "text/html"
    assert server.content_type("a.png", b"\x89PNG") == "image/png"
