"""`python -m ml_core METHOD key=value … out=DIR`: the same specs as the web form, the same events as the worker reads."""

from __future__ import annotations

import sys

from ml_core.command.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
