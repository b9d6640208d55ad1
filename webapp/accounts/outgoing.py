"""Sends mails after the answer has gone: how long a page takes must not tell whether an address has an account."""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from smtplib import SMTPException

from django.core.mail import EmailMessage

log = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


def send_later(message: EmailMessage) -> Future[None]:
    """Hand a mail to the one thread that sends them; a failure goes to the log. The future ends when it was tried."""
    return _sender.submit(_send, message)


def all_sent() -> None:
    """Return when every mail that was handed over has been tried."""
    _sender.submit(lambda: None).result()


def _send(message: EmailMessage) -> None:
    try:
        message.send()
    except (SMTPException, OSError):
        log.exception("A mail to %s could not be sent", ", ".join(message.to))
