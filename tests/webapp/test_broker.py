"""The line to Redis and what goes over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.broker import LONGEST_WAIT, app


class Enough(Exception):
    """Ends the trying."""


def test_redis_is_asked_again_within_five_seconds_however_long_it_was_away(tmp_path: Path) -> None:
    waits: list[float] = []

    def told(error: Exception, seconds: float) -> None:
        waits.append(seconds)
        raise Enough

    with app.connection_for_read(f"redis+socket://{tmp_path}/nobody-listens.sock") as line, pytest.raises(Enough):
        line.ensure_connection(told, None, interval_start=30)  # as after the fifteenth try
    assert waits == [LONGEST_WAIT]
    assert LONGEST_WAIT <= 5
