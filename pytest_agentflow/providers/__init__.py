"""Pure readers from an exchange to model, usage, messages, tool calls and pictures."""
