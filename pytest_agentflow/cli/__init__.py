"""The agentflow command, one module per subcommand."""
