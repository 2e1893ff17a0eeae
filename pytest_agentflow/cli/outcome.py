"""Exit statuses and the error that becomes status 2."""

from __future__ import annotations

PASSED, FAILED, WRONG = 0, 1, 2


class CallWrong(Exception):
    """The call or its input was wrong; one sentence, no traceback."""
