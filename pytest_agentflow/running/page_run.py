"""Plain HTML pages as runs, for pages that no workflow of ours built."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pytest_agentflow.model.run import Artefact, Run
from pytest_agentflow.running.media import media_type_of

#: Bytes of one file, and of all files, that are taken along with a page. Whatever is
#: larger is still found in the folder, which a page is served from.
LARGEST_FILE = 4_000_000
LARGEST_PAGE = 16_000_000

_PAGES = (".html", ".htm")


def page_run(path: str | Path, root: str | Path | None = None) -> Run:
    """Give a page, or a folder of pages, as a run without stages.

    Args:
        path: an HTML file, which becomes a run of one page; or a folder, whose pages
            become the pages of one run.
        root: the site's root, where links that begin with ``/`` point to; the page's
            own folder when not given.

    The run's case is the path below the root; `Run.folder` is the root and `Run.path`
    the page, so that what the page refers to can be served from there. Files that the
    page refers to come along as artefacts while they are small.

    Raises `FileNotFoundError` for a path that does not exist or holds no page, and
    `ValueError` for a page outside of the root.
    """
    place = Path(path)
    folder = _root_of(place, root)
    pages = [place] if place.is_file() else _pages_in(place)
    artefacts = {name: found for page in pages for name, found in _files(page, folder)}
    return Run(
        workflow="pages",
        case=_name(place, folder),
        artefacts=tuple(artefacts.values()),
        provenance="imported: page",
        folder=folder,
        path=place,
    )


def _root_of(place: Path, root: str | Path | None) -> Path:
    if not place.exists():
        message = f"{place} does not exist"
        raise FileNotFoundError(message)
    own = place if place.is_dir() else place.parent
    folder = own if root is None else Path(root)
    if not own.resolve().is_relative_to(folder.resolve()):
        message = f"{place} is not below {folder}; give the site's root as root="
        raise ValueError(message)
    return folder


def _pages_in(folder: Path) -> list[Path]:
    found = (p for p in folder.rglob("*") if p.suffix.lower() in _PAGES and p.is_file())
    pages = sorted(found)
    if not pages:
        message = f"{folder} holds no page (*.html)"
        raise FileNotFoundError(message)
    return pages


def _name(path: Path, root: Path) -> str:
    below = path.resolve().relative_to(root.resolve()).as_posix()
    return path.resolve().name if below == "." else below


def _files(page: Path, root: Path) -> Iterator[tuple[str, Artefact]]:
    """Give the page itself, then what it refers to."""
    data = page.read_bytes()
    name = _name(page, root)
    yield name, Artefact(name=name, media_type="text/html", data=data)
    left = LARGEST_PAGE
    for file in _referred(data, page, root):
        size = file.stat().st_size
        if size > min(left, LARGEST_FILE):
            continue
        left -= size
        found = file.read_bytes()
        name = _name(file, root)
        kind = media_type_of(found, name)
        yield name, Artefact(name=name, media_type=kind, data=found)


def _referred(data: bytes, page: Path, root: Path) -> Iterator[Path]:
    links = _Links()
    links.feed(data.decode("utf-8", "replace"))
    top = root.resolve()
    seen = set()
    for link in links.found:
        try:
            parts = urlsplit(link)
        except ValueError:  # http://[x: no address, and no file of ours
            continue
        if parts.scheme or parts.netloc or not parts.path or "\0" in parts.path:
            continue
        start = top if parts.path.startswith("/") else page.parent
        file = (start / unquote(parts.path).lstrip("/")).resolve()
        is_page = file.suffix.lower() in _PAGES
        if file in seen or is_page or not file.is_relative_to(top):
            continue
        seen.add(file)
        if file.is_file():
            yield file


class _Links(HTMLParser):
    """Collects what a page loads: pictures, styles, scripts, media."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of ``src``, ``poster``, ``srcset`` and a style sheet's ``href``."""
        for name, value in attrs:
            if not value:
                continue
            if name in ("src", "poster") or (name == "href" and tag == "link"):
                self.found.append(value.strip())
            elif name == "srcset":
                candidates = (part.split() for part in value.split(","))
                self.found += [words[0] for words in candidates if words]
