"""`python -m ml_core METHOD key=value … out=DIR`: the specs of the web form, the events that a worker reads."""

from __future__ import annotations

import sys

from ml_core.command.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
