"""What scripts did wrong: errors, promises, the console, handlers, JSON, dialogs."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest_agentflow as af
from agentflow_checks.markup import page_errors_source as sources
from agentflow_checks.markup.page_errors_fault import Fault, Looked, Met
from agentflow_checks.markup.page_errors_source import Piece, Spot
from agentflow_checks.web.page import LogEntry

HERE = re.compile(r"(?:https?|wss?)://p[0-9a-f]{12}\.page\.test(?::\d+)?/")
"""The invented host: another for each page, so it may stand in no message."""

SECURE = re.compile(
    r"serviceWorker|\.clipboard|crypto\.subtle|\.subtle\b|randomUUID|mediaDevices|"
    r"getUserMedia|\bcaches\b|navigator\.(?:storage|gpu|usb|bluetooth|serial|hid|locks|"
    r"credentials|geolocation|share|wakeLock|xr)|showOpenFilePicker|showSaveFilePicker|"
    r"Notification|PaymentRequest|secure context|"
    r"insecure|permission"
)
"""What browsers offer only to pages that come by https, which pages here do not."""

OPENING = {"alert", "confirm", "prompt", "print", "beforeunload"}

JSON_TYPES = re.compile(
    r"^\s*(?:application/(?:[\w.-]+\+)?json|importmap|speculationrules)\s*(?:;|$)",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """Take the invented host out of a text."""
    return HERE.sub("", text)


def file_of(looked: Looked, url: str) -> str | None:
    """Name the file of the site behind a URL: empty for the page, None for others."""
    if not HERE.match(url):
        return None
    name = urllib.parse.unquote(urllib.parse.urlsplit(url).path).lstrip("/")
    return "" if name in (looked.name, "about:srcdoc") else name


def errors(looked: Looked) -> Iterator[Fault | Met]:
    """Judge what was thrown, rejected, reported to the console, and refused."""
    log = [entry for entry in looked.visited.log if not _told_elsewhere(looked, entry)]
    # Without scripts of its own a page may hold a frame that has some.
    if not looked.scripted and not log:
        return
    thrown = [entry for entry in log if entry.kind == "exception"]
    console = [e for e in log if e.kind in ("console.error", "console.assert")]
    yield from _entries(
        looked, "page.script-error", [e for e in thrown if not e.rejected]
    )
    yield from _entries(
        looked, "page.rejected-promise", [e for e in thrown if e.rejected]
    )
    if looked.choice.console_error != "ignore":
        yield from _entries(looked, "page.console-error", console)


def refusals(looked: Looked) -> Iterator[Fault | Met]:
    """Judge what the browser refused; the page's own policy is the page's word."""
    refused = [
        entry
        for entry in looked.visited.log
        if entry.kind in ("security", "javascript", "other", "rendering")
        and entry.level == "error"
    ]
    if refused:
        yield from _entries(looked, "page.refused", refused)


def _told_elsewhere(looked: Looked, entry: LogEntry) -> bool:
    """Whether it is told elsewhere: as broken JSON, as a handler, on a framed page."""
    if file_of(looked, entry.url) in looked.siblings:
        return True
    broken = entry.text.startswith(("SyntaxError", "TypeError: Line: "))
    if broken and "import map" in entry.text:
        return True
    if entry.text.startswith("TypeError: Line: ") and entry.line == 1:
        return True
    return any(
        handler.get("error") and entry.text == handler["error"] and broken
        for handler in looked.facts["handlers"]
    ) and entry.line not in _script_lines(looked.source)


def _script_lines(source: str) -> set[int]:
    """Give the lines that hold some of a script element's text."""
    lines: set[int] = set()
    for piece in sources.pieces(source):
        if piece.kind == "raw" and piece.name == "script":
            first = sources.spot(source, piece.start).line
            lines.update(range(first, sources.spot(source, piece.end).line + 1))
    return lines


def _entries(
    looked: Looked, rule: str, entries: list[LogEntry]
) -> Iterator[Fault | Met]:
    """Report each entry once, however often a loop repeated it."""
    places = Counter((e.text, e.url, e.line, e.column) for e in entries)
    first = {(e.text, e.url, e.line, e.column): e for e in entries}
    yield Met(rule=rule, count=max(1, len(first)))
    for key, entry in first.items():
        yield _fault(looked, rule, entry, places[key])


def _fault(looked: Looked, rule: str, entry: LogEntry, times: int) -> Fault:
    text = plain(entry.text).strip().partition("\n")[0]
    text = text or "an error without a message"
    file = file_of(looked, entry.url)
    doubt = _doubt(looked, rule, entry, file)
    often = f" ({times} times)" if times > 1 else ""
    outside = "" if file is not None or not entry.url else f" in {plain(entry.url)}"
    reason = f"; {doubt}" if doubt else ""
    return Fault(
        rule=rule,
        message=f"{_BEGIN[rule]}{text}{often}{outside}{reason}",
        key=f"{file or ''} {text}".strip(),
        verdict=af.Verdict.UNDETERMINED if doubt else af.Verdict.FAILED,
        spot=_spot(looked, entry, file),
        file=file or "",
        observed=_line_at(looked, entry, file),
        fix=_fix(doubt),
    )


def _fix(doubt: str) -> str:
    """Say how to settle a doubt about where the page ran; empty: the rule's own fix."""
    if "cannot reach" in doubt:
        return (
            "Ship what it needs with the page and judge it again; or try it where the "
            "host answers, and leave it out with ignore=."
        )
    if "server" in doubt or "https" in doubt:
        return "Try it where the page is shipped; if it works, leave it out: ignore=."
    return ""


_BEGIN = {
    "page.script-error": "",
    "page.rejected-promise": "unhandled: ",
    "page.console-error": "console.error: ",
    "page.refused": "the browser says: ",
}


def _spot(looked: Looked, entry: LogEntry, file: str | None) -> Spot | None:
    if file is None or entry.line is None or entry.kind == "security":
        return None
    if file:
        return Spot(entry.line, entry.column or 1)
    return sources.from_browser(looked.source, entry.line, entry.column or 1)


def _line_at(looked: Looked, entry: LogEntry, file: str | None) -> str | None:
    """Quote the code around the place of an error in the page."""
    spot = _spot(looked, entry, file)
    if file != "" or spot is None:
        return None
    lines = re.split(r"\r\n|\r|\n", looked.source)
    if spot.line > len(lines):
        return None
    line, at = lines[spot.line - 1], spot.column - 1
    quoted = line[max(0, at - 20) : at + 60]
    return " ".join(quoted.split()) or None


def _doubt(looked: Looked, rule: str, entry: LogEntry, file: str | None) -> str:
    """Say why an error may come from where the page ran, and not from the page."""
    text = entry.text
    if rule == "page.refused":
        own = "Content Security Policy directive" in text
        return "" if own else "does the page need what was refused?"
    if _never_parsed(entry, file):
        return ""
    nearby = _line_at(looked, entry, file) or ""
    if SECURE.search(text) or SECURE.search(nearby):
        return "does it hold over https, which browsers ask for here?"
    return beyond_reach(looked)


def beyond_reach(looked: Looked) -> str:
    """Ask about what a foreign host or a server might have brought, empty if nothing.

    Args:
        looked: the page.
    """
    asked = {"script", "fetch", "xhr", "websocket", "eventsource", "preflight", "other"}
    closed = [a for a in looked.visited.assets if a.kind in asked]
    hosts = sorted({_host(a.url) for a in closed if a.blocked} - {""})
    if hosts:
        return (
            f"does it hold with {', '.join(hosts[:3])}, which pages cannot reach here?"
        )
    served = [a for a in closed if a.kind in asked - {"script"}]
    if served:
        path = plain(served[0].url)
        return f"does it hold with the server that answers {path}?"
    return ""


def _never_parsed(entry: LogEntry, file: str | None) -> bool:
    """Whether it is an error of grammar in the site's own code, whatever is missing."""
    grammar = entry.text.startswith("SyntaxError: ") and not entry.rejected
    return grammar and file is not None and "JSON" not in entry.text


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).hostname or ""


def handlers(looked: Looked) -> Iterator[Fault | Met]:
    """Judge the on* attributes, which browsers compile only when the event comes."""
    found = looked.facts["handlers"]
    if found:
        judged = sum("error" in handler for handler in found)
        yield Met(rule="page.handler-syntax", count=judged + (judged < len(found)))
    for handler in found:
        if handler.get("error"):
            yield _handler_fault(looked, handler)
    if beyond := sum("error" not in handler for handler in found):
        yield _uncompiled(beyond, len(found) - beyond)


def _uncompiled(beyond: int, compiled: int) -> Fault:
    return Fault(
        rule="page.handler-syntax",
        message=f"{beyond} more handlers were not compiled: {compiled} of a page are",
        key="beyond",
        verdict=af.Verdict.UNDETERMINED,
    )


def _handler_fault(looked: Looked, handler: dict[str, Any]) -> Fault:
    name, value = handler["name"], handler["value"]
    alike = sources.tag_with(looked.source, handler["tag"], name, value)
    spot = looked.spot_of(handler, value)
    if len(alike) == 1:
        spot = sources.spot(looked.source, alike[0].places[name])
    return Fault(
        rule="page.handler-syntax",
        message=f"{name} of <{handler['tag']}> does not compile: {handler['error']}",
        key=f"{handler['tag']} {name}={value}"[:300],
        spot=spot,
        selector=handler["selector"],
        observed=f'{name}="{value[:100]}"',
    )


def json_faults(source: str) -> Iterator[Fault | Met]:
    """Judge JSON in a source; an empty block is one that scripts fill."""
    kinds: list[tuple[Piece, str]] = []
    before: Piece | None = None
    for piece in sources.pieces(source):
        if piece.kind == "raw" and before is not None and piece.name == "script":
            kind = before.attributes.get("type", "")
            if JSON_TYPES.match(kind) and source[piece.start : piece.end].strip():
                kinds.append((piece, kind.strip()))
        before = piece
    if kinds:
        yield Met(rule="page.json", count=len(kinds))
    for piece, kind in kinds:
        text = source[piece.start : piece.end]
        problem = json_problem(text)
        if problem is not None:
            said, at = problem
            yield Fault(
                rule="page.json",
                message=f"<script type={kind!r}> is no JSON: {said}",
                key=f"{kind} {' '.join(text.split())[:200]}",
                spot=sources.spot(source, piece.start + at),
                observed=" ".join(text[max(0, at - 20) : at + 40].split()) or None,
                word="json",
            )


def json_problem(text: str) -> tuple[str, int] | None:
    """Say what keeps a text from being JSON, and at which offset; None if it is."""

    def refuse(word: str) -> NoReturn:
        message = f"{word} is no value of JSON"
        raise json.JSONDecodeError(message, text, max(text.find(word), 0))

    try:
        # Of numbers nothing is of interest; they may be longer than Python takes.
        json.loads(text, parse_constant=refuse, parse_int=len)
    except json.JSONDecodeError as error:
        return error.msg, min(error.pos, len(text))
    except RecursionError:
        return None
    return None


def dialogs(looked: Looked) -> Iterator[Fault | Met]:
    """Judge what the page tried to open while nobody touched it."""
    if not looked.scripted:
        return
    tried = [entry for entry in looked.visited.log if entry.kind == "dialog"]
    by_rule: dict[str, list[LogEntry]] = {"page.dialog": [], "page.window": []}
    for entry in tried:
        kind = entry.text.partition(":")[0]
        by_rule["page.dialog" if kind in OPENING else "page.window"].append(entry)
    for rule, entries in by_rule.items():
        first = {(e.text, e.line, e.column): e for e in entries}
        yield Met(rule=rule, count=max(1, len(first)))
        for entry in first.values():
            yield _opened(looked, rule, entry)


def _opened(looked: Looked, rule: str, entry: LogEntry) -> Fault:
    kind, _, said = entry.text.partition(": ")
    file = file_of(looked, entry.url)
    what = f"{kind}({said[:80]!r})" if said else f"{kind}()"
    return Fault(
        rule=rule,
        message=f"the page calls {what} by itself",
        key=entry.text[:200],
        spot=_spot(looked, entry, file),
        file=file or "",
        observed=_line_at(looked, entry, file),
    )


def leaving(looked: Looked) -> Iterator[Fault | Met]:
    """Judge where the page went by itself; within its site it may mean to."""
    went = list(dict.fromkeys(looked.visited.navigated_to))
    yield Met(rule="page.navigates", count=max(1, len(went)))
    refresh = looked.facts["refresh"]
    for url in went:
        inside = HERE.match(url) is not None
        spot = None
        if refresh is not None:
            spot = looked.spot_of({**refresh, "attribute": "content"})
        yield Fault(
            rule="page.navigates",
            message=f"the page goes to {plain(url) or 'the root of its site'} by itself"
            + (": is that meant?" if inside else "; judged is the page before that"),
            key=plain(url),
            verdict=af.Verdict.UNDETERMINED if inside else af.Verdict.FAILED,
            spot=spot or _spot_of_leaving(looked.source),
            observed=plain(url),
        )


def _spot_of_leaving(source: str) -> Spot | None:
    """Find the one place where a script changes the address."""
    pattern = r"\blocation(?:\.href)?\s*=[^=]|\blocation\.(?:replace|assign)\s*\("
    found = list(re.finditer(pattern, source))
    return sources.spot(source, found[0].start()) if len(found) == 1 else None
