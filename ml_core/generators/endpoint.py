"""Asks an OpenAI-compatible endpoint: several questions at a time, with patience, and each answer kept as it comes."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ml_core.datasets.decoding import BrokenPicture
from ml_core.generators.asking import JPEG_QUALITY, Asker, Said, Trouble
from ml_core.generators.cache import AnswerCache
from ml_core.generators.door import Door
from ml_core.generators.pace import Pace, backing_off
from ml_core.generators.pictures import PICTURE_EDGE
from ml_core.generators.types import NOTHING, Answer, Lost, NoAnswer, Request, Spent
from ml_core.spec import Stopped
from ml_core.store import Store

_TICK = 0.1  # seconds between two looks at whether to stop
_NAMED = 3  # failed questions that a message tells of
_SAME = 3  # equal refusals, at least, before nobody else is asked
_SURER = 10  # times as many where the endpoint is known to have answered such questions


@dataclass(frozen=True)
class Terms:
    """How an endpoint is asked, and what it charges (for a million tokens; 0 where it is not known)."""

    concurrency: int = 4
    per_minute: float = 0  # requests; 0: no limit
    timeout: float = 120.0  # seconds of one attempt
    attempts: int = 6
    pause: float = 1.0  # seconds after the first failed attempt; doubled each time
    price_in: float = 0.0
    price_out: float = 0.0
    grace: float = 20.0  # seconds that answers under way may take once asked to stop


class Endpoint:
    """A Generator (see ml_core.generators.types) behind an address."""

    revision = ""

    def __init__(self, model: str, door: Door, terms: Terms, store: Store, stop: Callable[[], bool] = lambda: False):
        self.model_id = f"endpoint:{model}"
        self.terms = terms
        self.lost, self._lock = Lost(), threading.Lock()
        self._stop = stop
        self._asker = Asker(door, model, terms.timeout)
        self._cache = AnswerCache(store, f"{self.model_id}|{PICTURE_EDGE}|{JPEG_QUALITY}|{door.digest}")

    def generate(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Kept answers first, then the others as they come.

        Stopped where it is asked to; NoAnswer at once where the endpoint answers nobody, else at the end for the
        requests that got none. Whatever came is kept in each case.
        """
        known, missing = self._cache.known(requests)
        self.lost.before = sum(missing.values(), self.lost.before)
        yield from known
        if missing:
            yield from _Round(self, requests, missing).answers()

    def ask(self, number: int, request: Request, pace: Pace, lost: Spent = NOTHING) -> Answer | None:
        """The answer to one request, kept; None where all is to stop. Trouble after the last attempt.

        `lost` was paid for it before; what is paid for replies of no use is kept with it at once.
        """
        for attempt in range(1, self.terms.attempts + 1):
            if not pace.turn():
                return None
            try:
                answer = self._answer(number, self._asker.ask(request))
                self._cache.write(request, answer, lost)
                return answer
            except BrokenPicture as error:
                raise Trouble(f"a picture cannot be sent: {error}") from None
            except Trouble as trouble:
                lost = self._lose(request, trouble, lost)
                if not trouble.again or attempt == self.terms.attempts:
                    raise
                if trouble.wait is not None:
                    pace.hold(trouble.wait)
                elif not pace.rest(backing_off(attempt, self.terms.pause)):
                    return None
        return None

    def stopping(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop()

    def _answer(self, number: int, said: Said) -> Answer:
        cost = self._cost(said.tokens_in, said.tokens_out)
        return Answer(number, said.text, self.model_id, said.tokens_in, said.tokens_out, cost, whole=said.whole)

    def _lose(self, request: Request, trouble: Trouble, lost: Spent) -> Spent:
        """Counts a reply of no use that was charged for all the same."""
        if not any(trouble.tokens):
            return lost
        more = Spent(*trouble.tokens, self._cost(*trouble.tokens))
        self._cache.lose(request, lost + more)
        with self._lock:
            self.lost.now += more
        return lost + more

    def _cost(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.terms.price_in + tokens_out * self.terms.price_out) / 1e6


class _Round:
    """One call of `generate`: threads that take requests and put down answers or troubles.

    They are daemons: an answer that hangs does not keep a process that was asked to stop.
    """

    def __init__(self, endpoint: Endpoint, requests: Sequence[Request], missing: dict[int, Spent]):
        self._endpoint, self._requests, self._lost = endpoint, requests, missing
        self._pace = Pace(endpoint.terms.per_minute)
        self._todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Answer | tuple[int, Exception] | None] = queue.SimpleQueue()
        for number in missing:
            self._todo.put(number)
        self._waiting = len(missing)
        self._failed: list[tuple[int, Exception]] = []
        self._answered = 0
        kept = len(missing) < len(requests)
        self._enough = max(_SAME, min(endpoint.terms.concurrency, len(missing))) * (_SURER if kept else 1)
        self._threads = [
            threading.Thread(target=self._work, name="endpoint", daemon=True)
            for _ in range(min(endpoint.terms.concurrency, len(missing)))
        ]

    def answers(self) -> Iterator[Answer]:
        """Answers as they come; see Endpoint.generate for how it ends."""
        for thread in self._threads:
            thread.start()
        try:
            while self._waiting:
                if self._endpoint.stopping():
                    yield from self._last_answers()
                    raise Stopped("stopped while asking the endpoint; every answer that came is kept")
                yield from self._next(_TICK)
        finally:
            self._pace.halted.set()
        if self._failed:
            raise self._no_answer()

    def _next(self, seconds: float) -> Iterator[Answer]:
        try:
            result = self._done.get(timeout=seconds)
        except queue.Empty:
            return
        self._waiting -= 1
        if isinstance(result, Answer):
            self._answered += 1
            yield result
        elif result is not None:
            self._failed.append(result)
            self._give_up_where_it_is_hopeless(result[1])

    def _last_answers(self) -> Iterator[Answer]:
        """What is under way may still come; nothing new is begun."""
        self._pace.halted.set()
        until = time.monotonic() + self._endpoint.terms.grace
        while self._waiting and time.monotonic() < until and any(thread.is_alive() for thread in self._threads):
            yield from self._next(_TICK)
        while not self._done.empty():
            yield from self._next(_TICK)

    def _give_up_where_it_is_hopeless(self, error: Exception) -> None:
        """A wrong key will not become right; nor will an endpoint answer later that answered none of the first, or
        refused them all for the same reason."""
        if not isinstance(error, Trouble):
            raise error
        if error.final or (error.again and not self._answered and len(self._failed) >= len(self._threads)):
            raise self._no_answer()
        if not error.refused or self._answered or len(self._failed) != self._enough:
            return
        if all(getattr(other, "refused", "") == error.refused for _, other in self._failed):
            raise self._no_answer()

    def _no_answer(self) -> NoAnswer:
        final = next((error for _, error in self._failed if isinstance(error, Trouble) and error.final), None)
        if final is not None:
            return NoAnswer(f"{_sentence(final)}.", advice=f"{getattr(final, 'advice', '')} Then start the run again.")
        kinds = list(dict.fromkeys(_sentence(error) for _, error in self._failed))
        more = f" (and {len(kinds) - _NAMED} other reasons)" if len(kinds) > _NAMED else ""
        return NoAnswer(
            f"{len(self._failed):,} of {len(self._requests):,} questions got no answer: "
            f"{'; '.join(kinds[:_NAMED])}{more}.",
            advice="Every answer that came is kept: start the run again and only the rest is asked for.",
        )

    def _work(self) -> None:
        while not self._pace.halted.is_set():
            try:
                number = self._todo.get_nowait()
            except queue.Empty:
                return
            self._done.put(self._result(number))

    def _result(self, number: int) -> Answer | tuple[int, Exception] | None:
        try:
            return self._endpoint.ask(number, self._requests[number], self._pace, self._lost[number])
        except Exception as error:  # noqa: BLE001 (told where the answers are read)
            if isinstance(error, Trouble) and error.final:
                self._pace.halted.set()
            return number, error


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]
