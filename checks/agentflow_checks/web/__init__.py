"""What the page checks share: browser, page server, HTML checker, HTML subjects."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentflow_checks.web.page import Element as Element
    from agentflow_checks.web.page import Overflow as Overflow
    from agentflow_checks.web.page import Page as Page
    from agentflow_checks.web.page import Visit as Visit
    from agentflow_checks.web.session import engine_versions as engine_versions
    from agentflow_checks.web.session import shutdown as shutdown
    from agentflow_checks.web.validator import Message as Message
    from agentflow_checks.web.validator import validate as validate
    from agentflow_checks.web.visits import screenshot as screenshot
    from agentflow_checks.web.visits import visit as visit

#: Public name -> module that holds it.
_HOMES = {
    "Element": "page",
    "Message": "validator",
    "Overflow": "page",
    "Page": "page",
    "Visit": "page",
    "engine_versions": "session",
    "screenshot": "visits",
    "shutdown": "session",
    "validate": "validator",
    "visit": "visits",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(f"{__name__}.{_HOMES[name]}")
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
