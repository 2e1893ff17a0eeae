"""axe-core run in a user's own selenium driver, on the page that it has loaded."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest_agentflow as af

RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {elementRef: false, runOnly: {type: "rule",
  values: axe.getRules().map((rule) => rule.ruleId)}}).then(
  (result) => done(JSON.stringify(result)),
  (error) => done(JSON.stringify({error: String(error)})));
"""

FRAME_DEPTH = 5


def run_axe(driver: Any) -> tuple[str, dict[str, Any]]:
    """Run every rule of our axe-core in all frames; give the address and the answer.

    Raises:
        CheckError: axe-core is missing, or the driver or axe-core failed.
    """
    import json  # noqa: PLC0415 - with its companions

    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415

    from agentflow_checks.web import engines  # noqa: PLC0415
    from agentflow_checks.web.missing import PartMissing  # noqa: PLC0415

    try:
        source = engines.axe_path().read_text(encoding="utf-8")
        _allow(driver)
        _inject(driver, source, FRAME_DEPTH)
        answer = json.loads(driver.execute_async_script(RUN))
        address = str(driver.current_url)
    except PartMissing as missing:
        raise af.CheckError(str(missing)) from missing
    except WebDriverException as error:
        message = f"the driver could not run axe-core on its page: {error.msg}"
        raise af.CheckError(message) from error
    if "error" in answer:
        message = f"axe-core failed on {address}: {answer['error']}"
        raise af.CheckError(message)
    return address, answer


def _inject(driver: Any, source: str, depth: int) -> None:
    """Put axe-core into the current document and every frame below it.

    A frame without axe-core is silently skipped, and costs half a second of waiting.
    """
    allow = "axe.configure({allowedOrigins: ['<unsafe_all_origins>']});"
    driver.execute_script(f"{source}\n{allow}")
    if not depth:
        return
    for frame in driver.find_elements("css selector", "iframe, frame"):
        driver.switch_to.frame(frame)
        try:
            _inject(driver, source, depth - 1)
        finally:
            driver.switch_to.parent_frame()


def _allow(driver: Any) -> None:
    """Register the driver's own socket with the network guard."""
    executor = driver.command_executor
    config = getattr(executor, "client_config", None) or getattr(
        executor, "_client_config", None
    )
    address = urlsplit(getattr(config, "remote_server_addr", "") or "")
    if address.hostname and address.port:
        af.allow_connection(address.hostname, address.port)
