"""The tab that pages are visited in: always open, with a spare one beside it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys

from agentflow_checks.web import browser, cdp, engines, fresh, used, validator
from agentflow_checks.web.missing import PartMissing
from agentflow_checks.web.tab import Tab, abandon, post


@dataclasses.dataclass(slots=True)
class _Open:
    owner: int = 0
    tab: Tab | None = None
    spare: Tab | None = None
    """Opened while something else is waited for, for when the other one is lost."""


_open = _Open()


def tab() -> Tab:
    """Return the tab of this process's browser, both started on the first call.

    Where the browser has died since, another one is started.

    Raises:
        PartMissing: browser, driver or axe-core is not installed.
    """
    global _open  # noqa: PLW0603 - one state per process
    if _open.owner != os.getpid():
        _open = _Open(owner=os.getpid())
        _start_checker_beside()
    if _open.tab is not None and not _answers(_open.tab.connection):
        _give_up_browser()
    if _open.tab is not None and _open.tab.crashed:
        recover()
    running = browser.running()
    if _open.tab is None or _open.tab.connection is not running.connection:
        used.note("axe-core", engines.axe_version())
        opened, _open.spare = _begun(running.connection), None
        fresh.wait_until_open(opened, seconds=15)
        post(opened, "Page.bringToFront", {})
        _open.tab = opened
    return _open.tab


def _answers(connection: cdp.Connection) -> bool:
    """Tell whether the browser is still there; hear what was said since."""
    try:
        cdp.drain(connection, most=0.05)
    except cdp.ConnectionLost:
        return False
    return True


def _begun(connection: cdp.Connection) -> Tab:
    spare = _open.spare
    if spare is not None and spare.connection is connection and not spare.crashed:
        return spare
    axe = engines.axe_path().read_text(encoding="utf-8")
    return fresh.begin_tab(connection, axe=axe)


def have_spare() -> None:
    """Begin another tab, where there is none: it opens while visits wait."""
    if _open.tab is not None:
        # A browser that just died is found out by whoever needs it next.
        with contextlib.suppress(cdp.ConnectionLost):
            _open.spare = _begun(_open.tab.connection)


def recover() -> None:
    """Give up the tab: the next visit has another."""
    old, _open.tab = _open.tab, None
    if old is not None:
        abandon(old)


def restart() -> None:
    """End a browser that died with its page, and have another ready for the next."""
    _give_up_browser()
    # Where it does not start again, the next visit says why.
    with contextlib.suppress(PartMissing, cdp.CallTimeout, cdp.ConnectionLost):
        tab()


def _give_up_browser() -> None:
    _open.tab = _open.spare = None
    browser.stop(in_haste=True)


def stop() -> None:
    """End the browser with its tabs, if this process started one."""
    _open.tab = _open.spare = None
    browser.stop()


def _start_checker_beside() -> None:
    """Start the HTML checker with the browser where a check will ask it.

    Both need seconds to start, and wait for each other less when they start together.
    The family's module is loaded exactly where such a check was written.
    """
    if "agentflow_checks.markup.html_validity" in sys.modules:
        # What is missing is said when the checker is asked.
        with contextlib.suppress(PartMissing):
            validator.warm_up()
