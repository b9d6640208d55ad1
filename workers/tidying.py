"""What is removed once a day because nothing needs it any more, and what is said about it in the log."""

from __future__ import annotations

import logging
from datetime import datetime

from webapp.accounts.actions.expiring import forget_expired
from webapp.annotation.review.calculations import forget_replaced
from webapp.experiments.probing.queries import forget_unpinned
from webapp.experiments.sweeping import sweep

logger = logging.getLogger(__name__)


def tidy(*, now: datetime) -> None:
    """Removes files that no row names, what has expired, and agreement reports that newer ones have replaced."""
    sessions, invitations = forget_expired(now=now)
    logger.info("%s expired sessions and %s expired invitations were removed", sessions, invitations)
    reports = forget_replaced(now=now)
    logger.info("%s agreement reports that newer ones have replaced were removed", reports)
    probes = forget_unpinned(now=now)
    logger.info("%s captions tried long ago that nobody pinned were removed", probes)
    found = sweep(now=now)
    logger.info(
        "%s files (%s bytes) and %s folders that no row names were removed",
        len(found.files), found.byte_count, len(found.folders),
    )  # fmt: skip
