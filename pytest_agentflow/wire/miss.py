"""What happens in a replay that must never reach the network, and never be swallowed.

Both are `BaseException`s: an SDK that retries every `Exception`, a fallback model or an
``except Exception`` in the application would hide them otherwise.
"""

from __future__ import annotations


class Miss(BaseException):
    """A replayed run made a call that its recording does not answer, or left some out.

    The message names the stage, the nearest recorded call, what changed in it, and the
    command that records anew.
    """

    __module__ = "pytest_agentflow"


class NetworkRefused(BaseException):
    """A replayed run tried to open a connection that nobody allowed.

    The message names the address, the module that tried, and how to allow it.
    """

    __module__ = "pytest_agentflow"
