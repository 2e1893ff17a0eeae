"""One browser tab: it loads a page, and answers for it."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

from agentflow_checks.web import browser, cdp
from agentflow_checks.web.cdp import Json
from agentflow_checks.web.page import LogEntry, MissingAsset

WORLD = "agentflow"
LOG_LIMIT = 200
"""Entries kept per visit: a page in a loop must not fill the memory."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Tab:
    """An attached tab and what its current load has shown so far."""

    connection: cdp.Connection
    target: str = ""
    """Also the id of its main frame."""
    session: str = ""
    open: bool = False
    """Whether guard and axe-core await the next document."""
    shown: str = ""
    """Digest of the page that is there, settled and unharmed; else empty."""
    context: str | None = None
    """Unique id of the main frame's isolated world."""
    crashed: bool = False
    wanted: str = ""
    """Address that this visit loads; any other main document is refused."""
    admitted: bool = False
    """Whether that document's first request has been let through."""
    loader: str = ""
    loaded: bool = False
    moved: bool = False
    """Whether another document took the place of the one that was loaded."""
    log: list[LogEntry] = dataclasses.field(default_factory=list)
    assets: dict[str, MissingAsset] = dataclasses.field(default_factory=dict)
    requests: dict[str, tuple[str, str]] = dataclasses.field(default_factory=dict)
    navigated_to: list[str] = dataclasses.field(default_factory=list)
    dialogs: list[str] = dataclasses.field(default_factory=list)
    worlds: set[int] = dataclasses.field(default_factory=set)
    """Contexts of our own: what is thrown there is no fault of the page."""
    thrown: dict[int, LogEntry] = dataclasses.field(default_factory=dict)
    """By the browser's number, so that it can take back what is handled later."""


def command(tab: Tab, method: str, params: Json | None = None, *, by: float) -> Json:
    """Send one command to the tab and wait for its result until ``by``."""
    return answer(tab, send(tab, method, params), by=by)


def load(tab: Tab, url: str, *, by: float) -> None:
    """Go to URL and wait for its load event; return at ``by`` without it, too."""
    tab.context, tab.loader, tab.wanted = None, "", url
    tab.loaded = tab.moved = tab.admitted = False
    tab.requests = {}
    forget(tab)
    # A cookie for the common domain would reach the next page.
    post(tab, "Network.clearBrowserCookies", {})
    answer = command(tab, "Page.navigate", {"url": url}, by=by)
    if reason := answer.get("errorText"):
        raise cdp.ProtocolError(f"the page did not load: {reason}")
    cdp.pump(
        tab.connection,
        until=lambda: (
            (tab.loaded and tab.context is not None)
            or tab.crashed
            or url in tab.navigated_to
        ),
        deadline=by,
    )


def forget(tab: Tab) -> None:
    """Forget what was heard of the page before."""
    tab.log, tab.assets, tab.thrown = [], {}, {}
    tab.navigated_to, tab.dialogs = [], []


def evaluate(tab: Tab, expression: str, *, by: float) -> Any:
    """Evaluate in the isolated world, await a promise, and return a JSON value.

    Raises:
        CallTimeout: scripts of the page kept the answer from coming.
        ProtocolError: the expression threw; the message is the browser's.
    """
    return value(tab, ask(tab, expression), by=by)


def send(tab: Tab, method: str, params: Json | None = None) -> cdp.Sent:
    """Send one command to the tab; `answer` waits for its result."""
    return cdp.send(tab.connection, method, params, session=tab.session)


def answer(tab: Tab, sent: cdp.Sent, *, by: float) -> Json:
    """Wait for the result of a command that was sent."""
    return cdp.answer_to(
        tab.connection, sent, deadline=by, interrupted=lambda: tab.crashed
    )


def ask(tab: Tab, expression: str) -> cdp.Sent:
    """Send an expression to be evaluated in the isolated world, awaiting a promise.

    Raises:
        CallTimeout: there is no document to ask.
    """
    if tab.context is None:
        raise cdp.CallTimeout("the document never began")
    asked = {
        "expression": expression,
        "uniqueContextId": tab.context,
        "awaitPromise": True,
        "returnByValue": True,
    }
    return send(tab, "Runtime.evaluate", asked)


def value(tab: Tab, asked: cdp.Sent, *, by: float) -> Any:
    """Wait for the JSON value of an expression; it raises what `evaluate` raises."""
    result = answer(tab, asked, by=by)
    if problem := result.get("exceptionDetails"):
        thrown = problem.get("exception", {})
        raise cdp.ProtocolError(thrown.get("description") or problem["text"])
    return result["result"].get("value")


def abandon(tab: Tab) -> None:
    """Close a tab that may be stuck in a script, without waiting for it."""
    # A browser that died with its tab is found out by whoever needs it next.
    with contextlib.suppress(cdp.ConnectionLost):
        cdp.forget(tab.connection)
        tab.connection.listeners.pop(tab.session, None)
        cdp.post(tab.connection, "Runtime.terminateExecution", session=tab.session)
        cdp.post(tab.connection, "Target.closeTarget", {"targetId": tab.target})


def post(tab: Tab, method: str, params: Json) -> None:
    """Send one command to the tab and wait for nothing."""
    cdp.post(tab.connection, method, params, session=tab.session)


def resize(
    tab: Tab, width: int, height: int = browser.VIEWPORT[1], *, by: float
) -> None:
    """Give the tab a viewport, in CSS pixels."""
    command(tab, *metrics(width, height), by=by)


def metrics(
    width: int = browser.VIEWPORT[0], height: int = browser.VIEWPORT[1]
) -> tuple[str, Json]:
    """Give the command that makes a viewport so large, in CSS pixels."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    return "Emulation.setDeviceMetricsOverride", size
