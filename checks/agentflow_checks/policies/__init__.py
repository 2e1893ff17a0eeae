"""Company policies over prompts, answers and tool calls."""
