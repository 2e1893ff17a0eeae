"""Why a model stopped, in one vocabulary for all providers."""

from __future__ import annotations

#: What providers say -> what we say; anything else is kept as it is.
_REASONS = {
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "completed": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "refusal",
    "failed": "error",
}


def finish_reason(said: object) -> str | None:
    """Translate a provider's reason; `None` where it gave none."""
    if not isinstance(said, str) or not said:
        return None
    return _REASONS.get(said, said)
