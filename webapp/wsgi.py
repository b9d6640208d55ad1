"""The web application, for granian's WSGI threads."""

import gc
from collections.abc import Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

_django = get_wsgi_application()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Django's answer; one that is whole as a list, which granian sends at once.

    What only iterates goes to it piece by piece, through a channel between threads, which a short request waits for.
    """
    answer = _django(environ, start_response)
    if not isinstance(answer, HttpResponse):  # a stream, or a file
        return answer
    body = [answer.content]
    answer.close()
    return body


# What is loaded now stays for the life of the process. A full collection would walk all of it amid a request and cost
# somebody tens of milliseconds: leave it out, and collect what requests leave behind less often.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
