"""`python -m fcot_engine.cli` is `fcot`."""

from __future__ import annotations

import sys

from fcot_engine.cli.command_line import main

if __name__ == "__main__":
    sys.exit(main())
