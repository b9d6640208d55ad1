"""Runs one method. Exit 0; 2: bad input, one message; 1: a failure, traceback in error.log; 143: stopped as asked."""

from __future__ import annotations

import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from ml_core.command import listing, provenance, saying
from ml_core.command.advice import explain
from ml_core.command.arguments import Request, parse
from ml_core.command.keeping import Keeper
from ml_core.events import Failure, Log, Provenance
from ml_core.methods import card
from ml_core.spec import BadInput, Context, Disproved, Stopped

OK, FAILED, BAD_INPUT = 0, 1, 2
_HELP = ("-h", "--help", "help")


def main(words: list[str]) -> int:
    """The exit code of one command line; 128 + signal where the run was asked to stop and did."""
    say = saying.as_json if "--events" in words else saying.for_people()
    try:
        if not words or words[0] in _HELP:
            print(listing.methods())
            return OK
        if any(word in _HELP for word in words[1:]):
            print(listing.settings(card(words[0])))
            return OK
        request = parse(words)
    except BadInput as error:
        return _bad_input(error, say)
    return run(request, say)


def run(request: Request, say: saying.Say) -> int:
    """Runs the method to its end, its failure, or the stop it is asked for."""
    stopping = _StopSignal()
    keeper = Keeper(request)
    try:
        keeper.open()
        for event in _events(request, stopping):
            keeper.take(event)
            say(event)
        keeper.write()
        return OK
    except Stopped as error:
        keeper.write(whole=False)
        say(Log(str(error) or "Stopped as asked; the run can be resumed from its last checkpoint.", "warning"))
        return 128 + (stopping.number or signal.SIGTERM)
    except Disproved as error:
        keeper.write()
        return _told(Failure(str(error), error.advice), say)
    except BadInput as error:
        keeper.clear()
        return _bad_input(error, say)
    except Exception as error:  # noqa: BLE001 (whatever it is: a person gets a reason, the log the traceback)
        return _failed(error, request.out, say)


def _events(request: Request, stopping: _StopSignal) -> Any:
    context = Context(
        out=request.out,
        cache=request.cache,
        device=request.device,
        workers=request.workers,
        resume=request.resume,
        stop=stopping,
    )
    yield Provenance(provenance.before(request))
    yield from request.card.load()(request.spec, context)
    if facts := provenance.after(request):
        yield Provenance(facts)


def _bad_input(error: BadInput, say: saying.Say) -> int:
    if say is saying.as_json:
        say(Failure(str(error), field=error.field))
    print(f"error: {error}", file=sys.stderr, flush=True)
    return BAD_INPUT


def _failed(error: Exception, out: Path, say: saying.Say) -> int:
    try:
        (out / "error.log").write_text("".join(traceback.format_exception(error)), "utf-8")
    except OSError:  # a full or vanished disk: the log goes where it still can
        traceback.print_exception(error)
    failure = Failure(*explain(error))
    if isinstance(error, BrokenPipeError):  # nobody listens any more
        return FAILED
    return _told(failure, say)


def _told(failure: Failure, say: saying.Say) -> int:
    if say is saying.as_json:
        say(failure)
    print(saying.words(failure), file=sys.stderr, flush=True)
    return FAILED


class _StopSignal:
    """True once SIGTERM or SIGINT has come; a second SIGINT interrupts at once."""

    def __init__(self) -> None:
        self.number = 0
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, self._ask)

    def __call__(self) -> bool:
        return self.number != 0

    def _ask(self, number: int, frame: Any) -> None:
        if self.number and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.number = number
