"""The browser: one warm Chromium for the whole process, started through selenium."""

from __future__ import annotations

import atexit
import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import util
from pathlib import Path

import pytest_agentflow as af
from agentflow_checks.web import again, cdp, processes, server, unstarted, used
from agentflow_checks.web.missing import PartMissing, python_package

VIEWPORT = (1280, 800)
"""Width and height, in CSS pixels, that pages are judged in."""

START_SECONDS = 30.0

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)

SWITCHED_OFF = (
    "IsolateSandboxedIframes",
    "IsolateOrigins",
    "site-per-process",
    "BackForwardCache",
    "Translate",
    "MediaRouter",
    "OptimizationHints",
    "PaintHolding",
)

FLAGS = (
    "--headless=new",
    # A container's root has no user namespaces to build the sandbox from; pages reach
    # neither the network nor files, which the flags below and the page server see to.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-extensions",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-pings",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--lang=en-US",
    # All frames in one process: one protocol session sees them all, axe gets into each.
    "--disable-site-isolation-trials",
    f"--disable-features={','.join(SWITCHED_OFF)}",
    "--disable-back-forward-cache",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--no-proxy-server",
)


@dataclasses.dataclass(slots=True, kw_only=True)
class Browser:
    """A running browser with its page server; owned by the process that started it."""

    owner: int
    root: subprocess.Popen[bytes]
    """Its driver, which it ends with; the browser itself where it was started again."""
    started: tuple[processes.Known, ...]
    """All its processes when it had started."""
    connection: cdp.Connection
    pages: server.PageServer
    profile: Path
    watcher: subprocess.Popen[bytes] | None
    version: str


_lock = threading.RLock()
_running: Browser | None = None


def running() -> Browser:
    """Return this process's browser, started on the first call.

    :raises PartMissing: no Chromium, driver or selenium on this machine.
    """
    global _running  # noqa: PLW0603 - one browser per process
    with _lock:
        # After a fork the parent's browser is known here, and not ours to talk to.
        if _running is None or _running.owner != os.getpid():
            _running = _start()
            _end_with_process()
        return _running


def stop(*, in_haste: bool = False) -> None:
    """End the browser, if this process started one, with all its processes.

    Args:
        in_haste: another one is wanted at once: its folder is removed beside.
    """
    global _running
    with _lock:
        browser, _running = _running, None
    if browser is not None and browser.owner == os.getpid():
        _end(browser, in_haste=in_haste)


def _end_with_process() -> None:
    """Have the browser ended at exit, in worker processes of a pool too."""
    atexit.unregister(stop)
    atexit.register(stop)
    # Pool workers leave through os._exit, which runs these finalizers and no atexit.
    util.Finalize(None, stop, exitpriority=10)


def _end(browser: Browser, *, in_haste: bool) -> None:
    # A browser that already died leaves a closed socket behind.
    with contextlib.suppress(OSError, cdp.ConnectionLost):
        cdp.close(browser.connection)
    processes.end_known(browser.started)
    browser.root.wait(timeout=10)
    if browser.root.stdin:
        browser.root.stdin.close()
    while _ports:
        forbid(_ports.pop())
    server.stop(browser.pages)
    processes.dismiss(browser.watcher)
    # The interpreter waits for this thread before it ends.
    removing = threading.Thread(target=_remove, args=(browser.profile,))
    removing.start()
    if not in_haste:
        removing.join()


def _remove(folder: Path) -> None:
    """Remove the profile; dying processes may still write into it for a moment."""
    for _ in range(20):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.05)


def executable() -> str:
    """Return the browser's path.

    :raises PartMissing: neither Chromium nor Chrome is installed.
    """
    for name in NAMES:
        if path := shutil.which(name):
            return path
    for place in ELSEWHERE:
        if Path(place).exists():
            return place
    raise PartMissing(_no_browser())


def driver() -> str | None:
    """Return the path of chromedriver; None: selenium looks for one itself."""
    return shutil.which("chromedriver")


def _no_browser() -> str:
    return (
        "Page checks need Chromium or Chrome, and none is on this machine's path. "
        f"Install it with: {unstarted.commands().browser}"
    )


LOOPBACK = ("localhost", "127.0.0.1", "::1")

_ports: set[int] = set()
"""Of the driver and the debugging socket of the browser that is running."""


def allow(port: int) -> None:
    """Register a loopback port of ours with the engine's network guard."""
    for host in LOOPBACK:
        af.allow_connection(host, port)


def forbid(port: int) -> None:
    """Take a port back: once it is closed, the system gives it to anybody."""
    for host in LOOPBACK:
        af.forbid_connection(host, port)


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _start() -> Browser:
    program = executable()
    # Whatever fails on the way, nothing of it stays behind.
    with contextlib.ExitStack() as undo:
        pages = server.start()
        undo.callback(server.stop, pages)
        profile = Path(tempfile.mkdtemp(prefix=PROFILE, dir=_place()))
        undo.callback(_remove, profile)
        root = _again(profile, pages.port) or _session(program, profile, pages.port)
        undo.callback(processes.end, root.pid)
        browser = _attached(root, pages, profile)
        undo.pop_all()
    used.note("browser", f"{Path(program).stem} {browser.version}")
    return browser


def _again(profile: Path, pages_port: int) -> subprocess.Popen[bytes] | None:
    """Start the browser as it was started before in this process, if it was."""
    if not _command:
        return None
    # Of switches that are given twice the last one holds.
    command = (*_command, *_flags_of_this_run(profile, pages_port))
    surroundings = _surroundings(profile)
    return again.start(command, surroundings, profile, seconds=START_SECONDS)


_command: tuple[str, ...] = ()
"""How the driver started this process's first browser."""


def _session(program: str, profile: Path, pages_port: int) -> subprocess.Popen[bytes]:
    """Start driver and browser through selenium; give the driver."""
    try:
        from selenium import webdriver  # noqa: PLC0415 - heavy
        from selenium.common import exceptions  # noqa: PLC0415 - heavy
        from selenium.webdriver.chrome import service as chrome  # noqa: PLC0415 - heavy
    except ImportError as error:
        raise python_package("selenium", "to start the browser") from error
    port = free_port()
    allow(port)
    _ports.add(port)
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.add_experimental_option("excludeSwitches", ["disable-popup-blocking"])
    for flag in (*FLAGS, *_flags_of_this_run(profile, pages_port)):
        options.add_argument(flag)
    service = chrome.Service(
        executable_path=driver(),
        port=port,
        # Ctrl-C in the terminal is ours to handle, not the driver's.
        popen_kw={"start_new_session": True},
        env=_surroundings(profile),
    )
    try:
        webdriver.Chrome(options=options, service=service)
    except (exceptions.WebDriverException, OSError) as error:
        said = str(getattr(error, "msg", None) or error)
        at_fault = isinstance(error, OSError)
        sentence = unstarted.sentence(program, driver(), said, no_driver=at_fault)
        raise PartMissing(sentence) from error
    root: subprocess.Popen[bytes] = service.process
    # Selenium's own clean-up would ask a dead driver to stop, over HTTP.
    service.process = None  # type: ignore[assignment]
    return root


def _attached(
    root: subprocess.Popen[bytes], pages: server.PageServer, profile: Path
) -> Browser:
    """Open the debugging socket of a browser that has just started."""
    global _command  # noqa: PLW0603 - how this machine starts it
    pids = (root.pid, *processes.descendants(root.pid))
    started = processes.known(pids)
    _command = _command or again.command_of(pids, profile)
    port, path = (profile / "DevToolsActivePort").read_text().splitlines()[:2]
    allow(int(port))
    _ports.add(int(port))
    connection = cdp.connect(f"ws://127.0.0.1:{port}{path}", timeout=START_SECONDS)
    cdp.post(connection, "Browser.setDownloadBehavior", {"behavior": "deny"})
    asked = cdp.call(
        connection, "Browser.getVersion", deadline=time.monotonic() + START_SECONDS
    )
    return Browser(
        owner=os.getpid(),
        root=root,
        started=started,
        connection=connection,
        pages=pages,
        profile=profile,
        watcher=processes.end_with_us(started, profile),
        version=asked["product"].partition("/")[2],
    )


def _surroundings(profile: Path) -> dict[str, str]:
    """Give the driver's environment: what is written goes into the profile.

    Caches, settings, crash reports and temporary files would stay behind else. HOME is
    left as it is, so that fonts installed there are found.
    """
    surroundings = dict(os.environ)
    if sys.platform.startswith("linux"):
        for name, folder in (
            ("XDG_CACHE_HOME", profile / "cache"),
            ("XDG_CONFIG_HOME", profile / "config"),
            ("TMPDIR", profile / "t"),
        ):
            folder.mkdir()
            surroundings[name] = str(folder)
    return surroundings


PROFILE = "agentflow-browser-"

SOCKET = f"/{PROFILE}12345678/t/org.chromium.Chromium.123456/SingletonSocket"
"""Where the browser has a socket; the system allows the whole address 107 bytes."""


def _place() -> str:
    usual = tempfile.gettempdir()
    long = sys.platform.startswith("linux") and len(usual) + len(SOCKET) > 107
    return "/tmp" if long else usual  # noqa: S108 - mkdtemp is safe there


def _flags_of_this_run(profile: Path, port: int) -> tuple[str, ...]:
    # Names and addresses alike are mapped, so nothing but our page server is reachable:
    # not even other ports of this machine.
    rules = f"MAP *.{server.DOMAIN} 127.0.0.1:{port}, MAP * ~NOTFOUND"
    return (
        f"--user-data-dir={profile}",
        f"--crash-dumps-dir={profile}",
        f"--window-size={VIEWPORT[0]},{VIEWPORT[1]}",
        f"--host-resolver-rules={rules}",
    )
