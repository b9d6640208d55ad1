"""Which files the rows of this app name, for the sweep of the store."""

from __future__ import annotations

from webapp.experiments.sweeping import register_names
from webapp.verdicts.claims import files
from webapp.verdicts.ledger import history


def register() -> None:
    """From now on what no row names below these folders is swept."""
    register_names(files.PREFIX, files.named_files)
    register_names(history.PREFIX, history.named_files)
