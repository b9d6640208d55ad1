"""What the end of a child process means: its exit status and last words as a reason and a piece of advice."""

from __future__ import annotations

import signal

from ml_core.events import Failure

_SIGNALS = {
    signal.SIGKILL: (
        "The run was killed (SIGKILL), most likely because the machine ran out of memory.",
        "Clone it with a smaller batch, fewer workers or a smaller model, or use a machine with more memory.",
    ),
    signal.SIGSEGV: (
        "The run crashed in native code (SIGSEGV).",
        "Resume it; if it happens again, look at the packages in its provenance.",
    ),
    signal.SIGTERM: ("Somebody ended the run from outside (SIGTERM).", "Resume it from its last checkpoint."),
}


def failure_of(status: int, said: Failure | None, queue: str) -> tuple[str, str, str]:
    """(reason, advice, field) of a child that did not succeed; `status` is negative where a signal killed it."""
    number = -status if status < 0 else status - 128 if status > 128 and said is None else 0
    if number in list(signal.Signals):
        unknown = (
            f"The run was killed by signal {signal.Signals(number).name}.",
            "Resume it from its last checkpoint.",
        )
        reason, advice = _SIGNALS.get(signal.Signals(number), unknown)
        return reason, advice, ""
    if said is not None:
        advice = said.advice or ("Clone this run and correct that setting." if status == 2 else "")
        return said.reason, advice, said.field
    return f"The run ended with exit status {status} and did not say why.", "Its last lines may tell more.", ""
