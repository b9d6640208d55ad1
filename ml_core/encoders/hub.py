"""Whether the model hub can be asked from this machine, and quietly: what went wrong is told once, by us."""

from __future__ import annotations

import contextlib
import logging as python_logging
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants
from huggingface_hub.utils import logging

logging.set_verbosity_error()  # each of its attempts is a line otherwise


def out_of_reach() -> bool:
    """True where the hub's name cannot be resolved, so that there is nothing to wait for; a proxy may know better."""
    if constants.HF_HUB_OFFLINE:
        return True
    address = urlsplit(constants.ENDPOINT)
    if address.hostname is None or address.scheme in getproxies() or "all" in getproxies():
        return False
    try:
        socket.getaddrinfo(address.hostname, address.port or 443)
    except OSError:
        return True
    return False


@contextlib.contextmanager
def one_quiet_attempt() -> Iterator[bool]:
    """While a library that knows neither loads a model: no lines of log, and no attempts where there is no hub.

    Gives whether the hub is out of reach.
    """
    before, level = constants.HF_HUB_OFFLINE, python_logging.root.manager.disable
    away = out_of_reach()
    constants.HF_HUB_OFFLINE = away
    python_logging.disable(python_logging.ERROR)
    try:
        yield away
    finally:
        constants.HF_HUB_OFFLINE = before
        python_logging.disable(level)
