"""The agentflow command as ``python -m pytest_agentflow``."""

from __future__ import annotations

import sys

from pytest_agentflow.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
