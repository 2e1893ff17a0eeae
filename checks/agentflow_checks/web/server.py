"""The page server: pages over loopback HTTP, one invented host name per page."""

from __future__ import annotations

import dataclasses
import http.server
import mimetypes
import threading
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from agentflow_checks.web.page import Body

DOMAIN = "page.test"
"""Pages live at ``http://ID.page.test/``: a reserved name that no resolver knows."""

TEXT_TYPES = ("text/", "application/xhtml+xml", "application/xml", "image/svg+xml")


@dataclasses.dataclass(slots=True, kw_only=True)
class Site:
    """What one host serves: given files first, then a folder, and what was asked."""

    files: Mapping[str, Body]
    root: Path | None = None
    served: dict[Path, tuple[int, int] | None] = dataclasses.field(default_factory=dict)
    """File below the root -> its (mtime in ns, size) when served, None: not there."""


@dataclasses.dataclass(slots=True, kw_only=True)
class PageServer:
    """A running server; sites are entered and removed by host label."""

    port: int
    sites: dict[str, Site]
    httpd: http.server.ThreadingHTTPServer
    thread: threading.Thread


def start() -> PageServer:
    """Serve on a free loopback port from a daemon thread."""
    sites: dict[str, Site] = {}
    httpd = _QuietServer(sites)
    thread = threading.Thread(
        target=httpd.serve_forever,
        kwargs={"poll_interval": 0.05},
        name="agentflow-page-server",
        daemon=True,
    )
    thread.start()
    return PageServer(
        port=httpd.server_address[1], sites=sites, httpd=httpd, thread=thread
    )


def stop(server: PageServer) -> None:
    """Stop serving and free the port."""
    server.httpd.shutdown()
    server.httpd.server_close()
    server.thread.join(timeout=5)


def address(label: str, path: str) -> str:
    """Return the URL of a path on the host with that label."""
    return f"http://{label}.{DOMAIN}/{urllib.parse.quote(path)}"


def stamp(path: Path) -> tuple[int, int] | None:
    """Return (mtime in ns, size) of a regular file, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size) if path.is_file() else None


def find(site: Site, path: str) -> Body | None:
    """Return what the site serves at a URL path, None for 404.

    The folder is searched only below itself: neither ``..`` nor a symbolic link leads
    out of it.
    """
    name = urllib.parse.unquote(path).lstrip("/")
    for candidate in (name, _index(name)):
        if candidate in site.files:
            return site.files[candidate]
    return _from_folder(site, name)


def _from_folder(site: Site, name: str) -> bytes | None:
    if site.root is None or "\0" in name:
        return None
    root = site.root.resolve()
    file = (root / name).resolve()
    if not file.is_relative_to(root):
        return None
    if file.is_dir():
        file = file / "index.html"
    site.served[file] = stamp(file)
    return file.read_bytes() if file.is_file() else None


def _index(name: str) -> str:
    return "index.html" if not name else f"{name.rstrip('/')}/index.html"


def content_type(path: str, body: Body) -> str:
    """Name the media type by the path's ending; text that is UTF-8 is said to be.

    A page's encoding is known where the text came from a model's answer; without the
    charset a page that does not declare one would be read as Windows-1252.
    """
    kind = mimetypes.guess_type(path)[0] or "text/html"
    if isinstance(body, bytes) and kind.startswith(TEXT_TYPES) and _is_utf8(body):
        return f"{kind}; charset=utf-8"
    return kind


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


SPARE = "spare"
"""Host of an empty page, for tabs that wait."""

_EMPTY = Site(files={"index.html": b"<!doctype html><title>-</title>"})


class _QuietServer(http.server.ThreadingHTTPServer):
    """Serves sites; connections that the browser drops are no news."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, sites: Mapping[str, Site]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sites = sites

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a reset socket is how a closed tab looks from here."""


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the label in front of the host name."""

    protocol_version = "HTTP/1.1"
    # Chromium holds idle sockets open; a blocked read must not outlive the tests.
    timeout = 30
    server: _QuietServer

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        path = urllib.parse.urlsplit(self.path).path
        label = self.headers.get("Host", "").partition(".")[0]
        site = _EMPTY if label == SPARE else self.server.sites.get(label)
        body = find(site, path) if site else None
        if body is None:
            # The browser asks for an icon by itself: that is no missing asset.
            self._head(204 if path == "/favicon.ico" else 404, "text/plain", 0)
        elif isinstance(body, bytes):
            self._head(200, content_type(path, body), len(body))
            if with_body:
                self.wfile.write(body)
        else:
            self._head(200, content_type(path, body), None)
            self._stream(body)

    def _head(self, status: int, kind: str, length: int | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        if length is None:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def _stream(self, body: Callable[[], Iterable[bytes]]) -> None:
        for chunk in body():
            self.wfile.write(chunk)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Log nothing: the browser's own log has what failed."""
