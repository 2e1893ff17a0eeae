"""Peers of the page checks: axe-core in the page's own world, and old bundles of it.

They get a driver of their own with the switches of our browser, and the same pages from
a page server of their own, so that only the way in differs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agentflow_checks.web import browser, engines, server
from axe_selenium_python import Axe
from selenium import webdriver
from selenium.common import exceptions
from selenium.webdriver.chrome import service as chrome

FRAME_DEPTH = 5

ALLOW = "axe.configure({allowedOrigins: ['<unsafe_all_origins>']});"

RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {elementRef: false, runOnly: {type: "rule",
  values: axe.getRules().map((rule) => rule.ruleId)}}).then(
  (result) => done(JSON.stringify(result)),
  (error) => done(JSON.stringify({error: String(error)})));
"""

FRAMES = """
const all = (root) => [...root.querySelectorAll("*")].flatMap((element) => [
  ...(["iframe", "frame"].includes(element.localName) ? [element] : []),
  ...(element.shadowRoot ? all(element.shadowRoot) : [])]);
return all(document);
"""
"""Frames of a document, those inside open shadow roots among them."""


class PeerFailed(Exception):
    """What kept a peer from answering."""


@dataclasses.dataclass(slots=True, kw_only=True)
class Peer:
    """A driver, and the server that its pages come from."""

    driver: Any
    pages: server.PageServer


@contextlib.contextmanager
def peer() -> Iterator[Peer]:
    """Start a driver as ours is started, beside it."""
    pages = server.start()
    profile = Path(tempfile.mkdtemp(prefix="peer-browser-"))
    options = webdriver.ChromeOptions()
    options.binary_location = browser.executable()
    flags = browser._flags_of_this_run(profile, pages.port)  # noqa: SLF001 - the same
    for flag in (*browser.FLAGS, *flags):
        options.add_argument(flag)
    options.set_capability("unhandledPromptBehavior", "dismiss")
    service = chrome.Service(executable_path=browser.driver())
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(6)
    driver.set_page_load_timeout(20)
    metrics = {"width": 1280, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": still})
    try:
        yield Peer(driver=driver, pages=pages)
    finally:
        driver.quit()
        server.stop(pages)
        shutil.rmtree(profile, ignore_errors=True)


@contextlib.contextmanager
def shown(peer: Peer, site: server.Site, name: str) -> Iterator[str]:
    """Serve a site on a host of its own and load one page of it."""
    label = f"c{len(peer.pages.sites)}"
    peer.pages.sites[label] = site
    url = server.address(label, name)
    try:
        peer.driver.get(url)
        yield url
    except exceptions.WebDriverException as error:
        raise PeerFailed((error.msg or "").partition("\n")[0]) from error


def in_main_world(peer: Peer) -> dict[str, Any]:
    """Run the newest axe-core, all rules, as a script of the page and of its frames."""
    _inject(peer.driver, FRAME_DEPTH)
    answer: dict[str, Any] = json.loads(peer.driver.execute_async_script(RUN))
    if "error" in answer:
        raise PeerFailed(answer["error"])
    return answer


def _inject(driver: Any, depth: int) -> None:
    Axe(driver, script_url=str(engines.axe_path())).inject()
    driver.execute_script(ALLOW)
    for frame in driver.execute_script(FRAMES) if depth else ():
        driver.switch_to.frame(frame)
        try:
            _inject(driver, depth - 1)
        finally:
            driver.switch_to.parent_frame()


def as_installed(peer: Peer) -> dict[str, Any]:
    """Run axe-selenium-python with the axe-core that it brings, all rules."""
    axe = Axe(peer.driver)
    axe.inject()
    ids = peer.driver.execute_script("return axe.getRules().map((r) => r.ruleId)")
    # The package writes what it is given into the script as it is: JSON goes through.
    choice = json.dumps({"runOnly": {"type": "rule", "values": ids}})
    answer: dict[str, Any] = axe.run(options=choice)
    return answer


def outcomes(answer: Mapping[str, Any]) -> dict[str, str]:
    """Give each rule's gravest outcome of an axe-core answer, in the words of ACT."""
    kinds = {
        "inapplicable": "inapplicable",
        "passes": "passed",
        "incomplete": "cantTell",
        "violations": "failed",
    }
    return {
        rule["id"]: outcome
        for kind, outcome in kinds.items()
        for rule in answer.get(kind, ())
    }


def version_of(peer: Peer) -> str:
    """Give the version of the axe-core in the page."""
    return str(peer.driver.execute_script("return axe.version"))
