"""Lighthouse CI: the published pages, served from loopback, in our own browser."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from urllib.parse import urlsplit

from . import install
from .subjects import Subject
from .verdicts import Failure, Judged

TOOL = "lighthouse"
CONFIG = Path(__file__).parent / "config" / "lighthouse"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
EACH = 60
"""Seconds that a page may take at most."""


def judge(subjects: tuple[Subject, ...], tools: Path, work: Path) -> Judged:
    """Audit every different site once, and assert."""
    modules = install.node_package(TOOL, tools)
    folder = work / TOOL
    shutil.copytree(CONFIG, folder)
    same = distinct(subjects, work / "pages", folder / "pages")
    more = {"CHROME_PATH": browser()}
    lhci = modules / ".bin" / "lhci"
    begin = time.perf_counter()
    done = install.run([lhci, "collect"], folder, more, EACH * len(set(same.values())))
    if done.returncode:
        raise RuntimeError(f"lhci collect: {(done.stderr + done.stdout)[-800:]}")
    install.run([lhci, "assert"], folder, more)
    return Judged(
        tool=TOOL,
        versions=install.node_version(modules, "@lhci/cli", "lighthouse"),
        seconds=time.perf_counter() - begin,
        failures=by_run(folder / ".lighthouseci", same),
    )


def browser() -> str:
    """The Chromium that our own checks use."""
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    raise install.NotInstalledError(f"no browser is installed; tried {BROWSERS}")


def distinct(subjects: tuple[Subject, ...], pages: Path, into: Path) -> dict[str, str]:
    """Copy each different site once; run -> the folder that holds its site."""
    same: dict[str, str] = {}
    first: dict[str, str] = {}
    for subject in subjects:
        site = pages / subject.name
        digest = hashlib.sha256()
        for file in sorted(site.iterdir()):
            digest.update(file.name.encode() + file.read_bytes())
        key = digest.hexdigest()
        if key not in first:
            first[key] = subject.name
            shutil.copytree(site, into / subject.name)
        same[subject.name] = first[key]
    return same


def by_run(results: Path, same: dict[str, str]) -> dict[str, tuple[Failure, ...]]:
    """Failing assertions by run.

    Raises:
        RuntimeError: A site was not audited.
    """
    reports = [json.loads(f.read_text("utf-8")) for f in results.glob("lhr-*.json")]
    audited = {_site(report["requestedUrl"]) for report in reports}
    if missing := set(same.values()) - audited:
        raise RuntimeError(f"lighthouse audited nothing of {sorted(missing)}")
    found: dict[str, list[Failure]] = {site: [] for site in audited}
    told = json.loads((results / "assertion-results.json").read_text("utf-8"))
    for one in told:
        # The property is a word, or a list where an assertion goes deeper.
        inside = one.get("auditProperty") or []
        inside = [inside] if isinstance(inside, str) else inside
        kind = ":".join((one["auditId"], *inside))
        said = f"{one['name']} {one['actual']}, not {one['operator']} {one['expected']}"
        if one["level"] == "error":
            found[_site(one["url"])].append(Failure(label=TOOL, by=kind, message=said))
    return {name: tuple(found[site]) for name, site in same.items()}


def _site(url: str) -> str:
    return urlsplit(url).path.strip("/").split("/")[0]
