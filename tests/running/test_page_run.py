"""Plain pages can be judged as runs, without any workflow."""

from __future__ import annotations

from pathlib import Path

import pytest

import pytest_agentflow as af
from pytest_agentflow.running import page_run as room

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A small site: two pages, a style, pictures, and links that lead nowhere."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "pics").mkdir()
    (tmp_path / "index.html").write_text(
        '<!doctype html><link rel=stylesheet href="/main.css">'
        '<img src="pics/a%20b.png?v=2"><img srcset="pics/c.png 1x, gone.png 2x">'
        '<a href="shop/item.html">x</a><img src="https://cdn.example/x.png">'
        '<script src="../../etc/passwd"></script><img src="data:,x">'
    )
    (tmp_path / "shop" / "item.html").write_text('<img src="/pics/c.png">')
    (tmp_path / "main.css").write_text("p { color: red }")
    (tmp_path / "pics" / "a b.png").write_bytes(PNG)
    (tmp_path / "pics" / "c.png").write_bytes(PNG)
    (tmp_path / "unused.png").write_bytes(PNG)
    return tmp_path


def test_a_page_is_a_run_of_one_page(site: Path) -> None:
    """The page is the only page; what it refers to comes along."""
    run = af.page_run(site / "index.html")
    assert (run.workflow, run.case) == ("pages", "index.html")
    assert [page.name for page in run.pages()] == ["index.html"]
    assert {a.name: a.media_type for a in run.artefacts} == {
        "index.html": "text/html",
        "main.css": "text/css",
        "pics/a b.png": "image/png",
        "pics/c.png": "image/png",
    }
    assert (run.folder, run.path) == (site, site / "index.html")


def test_a_root_names_the_page_from_there(site: Path) -> None:
    """With the site's root, absolute links and names start there."""
    run = af.page_run(site / "shop" / "item.html", root=site)
    assert run.case == "shop/item.html"
    assert [a.name for a in run.artefacts] == ["shop/item.html", "pics/c.png"]


def test_a_folder_is_one_run_of_all_its_pages(site: Path) -> None:
    """Every page below the folder is a page of the run."""
    run = af.page_run(site)
    assert [page.name for page in run.pages()] == ["index.html", "shop/item.html"]
    assert run.case == site.name


def test_large_files_stay_in_the_folder(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is not filled with what the page server can read by itself."""
    monkeypatch.setattr(room, "LARGEST_FILE", 10)
    names = [a.name for a in af.page_run(site / "index.html").artefacts]
    assert names == ["index.html"]


@pytest.mark.parametrize(
    ("name", "root", "problem"),
    [
        ("nothing.html", None, "does not exist"),
        ("pics", None, "holds no page"),
        ("index.html", "shop", "is not below"),
    ],
)
def test_wrong_places_are_explained(
    name: str, root: str | None, problem: str, site: Path
) -> None:
    """Nothing examined is never a run."""
    with pytest.raises((FileNotFoundError, ValueError), match=problem):
        af.page_run(site / name, root=site / root if root else None)


def test_a_linked_file_outside_is_not_read(site: Path) -> None:
    """A symbolic link does not lead out of the root."""
    outside = site.parent / "secret.css"
    outside.write_text("x")
    (site / "main.css").unlink()
    (site / "main.css").symlink_to(outside)
    names = [a.name for a in af.page_run(site / "index.html").artefacts]
    assert "main.css" not in names


def test_a_link_that_is_no_address_hides_no_page(tmp_path: Path) -> None:
    """The page is judged; the link is its own fault."""
    page = tmp_path / "x.html"
    page.write_text('<img src="http://[x"><img src="a.png">')
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert [a.name for a in room.page_run(page).artefacts] == ["x.html", "a.png"]
