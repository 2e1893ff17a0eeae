"""A fresh tab: everything that is to be there before the first page."""

from __future__ import annotations

import functools
import importlib.resources
import time

from agentflow_checks.web import cdp, hearing
from agentflow_checks.web.cdp import Json
from agentflow_checks.web.server import SPARE, address
from agentflow_checks.web.tab import WORLD, Tab, metrics, post


def open_tab(connection: cdp.Connection, *, axe: str, seconds: float) -> Tab:
    """Open a fresh tab in which the guard and axe-core await every document."""
    tab = begin_tab(connection, axe=axe)
    wait_until_open(tab, seconds=seconds)
    return tab


def begin_tab(connection: cdp.Connection, *, axe: str) -> Tab:
    """Have a tab opened while other commands are waited for; a spare one, mostly.

    Every step is sent as soon as the one before is answered.
    """
    tab = Tab(connection=connection)

    def created(answer: Json) -> None:
        tab.target = answer["targetId"]
        asked = {"targetId": tab.target, "flatten": True}
        cdp.post(connection, "Target.attachToTarget", asked, then=attached)

    def attached(answer: Json) -> None:
        tab.session = answer["sessionId"]
        connection.listeners[tab.session] = functools.partial(hearing.hear, tab)
        *before, (method, params) = _preparations(axe)
        for each, given in before:
            post(tab, each, given)
        cdp.post(connection, method, params, session=tab.session, then=prepared)

    def prepared(answer: Json) -> None:
        del answer
        # The first document of a process pays for reading axe-core: not the first page.
        tab.wanted = address(SPARE, "")
        post(tab, "Page.navigate", {"url": tab.wanted})
        tab.open = True

    # What lies behind another tab is drawn no more: the one in use stays in front.
    wanted = {"url": "about:blank", "background": True}
    cdp.post(connection, "Target.createTarget", wanted, then=created)
    return tab


def wait_until_open(tab: Tab, *, seconds: float) -> None:
    """Wait for a tab that was begun.

    Raises:
        CallTimeout: it is not open in time.
        ConnectionLost: the browser went away.
    """
    by = time.monotonic() + seconds
    if not cdp.pump(tab.connection, until=lambda: tab.open and tab.loaded, deadline=by):
        message = f"the browser opened no tab within {seconds:g} s"
        raise cdp.CallTimeout(message)


def _preparations(axe: str) -> list[tuple[str, Json]]:
    world = axe + "\n" + _script("probe.js")
    add = "Page.addScriptToEvaluateOnNewDocument"
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    # Only documents are held up: everything else is refused by the resolver rules.
    documents = [{"resourceType": "Document", "requestStage": "Request"}]
    return [
        metrics(),
        ("Page.enable", {}),
        ("Page.setLifecycleEventsEnabled", {"enabled": True}),
        ("Inspector.enable", {}),
        ("Runtime.enable", {}),
        ("Log.enable", {}),
        ("Network.enable", {}),
        ("Network.setCacheDisabled", {"cacheDisabled": True}),
        ("Fetch.enable", {"patterns": documents}),
        ("DOMSnapshot.enable", {}),
        ("Emulation.setEmulatedMedia", {"media": "", "features": still}),
        ("Emulation.setFocusEmulationEnabled", {"enabled": True}),
        (add, {"source": _script("guard.js")}),
        (add, {"source": world, "worldName": WORLD}),
    ]


@functools.cache
def _script(name: str) -> str:
    folder = importlib.resources.files("agentflow_checks.web")
    return folder.joinpath(name).read_text(encoding="utf-8")
