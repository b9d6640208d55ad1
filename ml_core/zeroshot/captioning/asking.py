"""Asks a generator, round after round, until every question has what it needs; counts tokens and money on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from ml_core.events import Event, Metric, Progress
from ml_core.generating import Asked
from ml_core.generators import types
from ml_core.generators.loading import Wishes
from ml_core.generators.types import Answer, Request, Sampling

_QUIET = 2.0  # seconds between two reports


def wishes_of(spec: Asked) -> Wishes:
    """How a spec wants its generator asked."""
    return Wishes(
        concurrency=spec.concurrency,
        per_minute=spec.per_minute,
        timeout=spec.timeout,
        attempts=spec.attempts,
        prices=(spec.price_in, spec.price_out),
        precision=spec.precision,
        batch=spec.batch_size,
    )


def sampling_of(spec: Asked) -> Sampling:
    """How a spec wants words drawn."""
    return Sampling(spec.temperature, spec.max_tokens, spec.seed)


@dataclass
class Tally:
    """What was asked so far: answers, those from the cache, tokens of the others, their cost."""

    answers: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    said: float = field(default=0.0, repr=False)

    def take(self, answer: Answer) -> None:
        """Counts an answer; what was kept costs nothing again."""
        self.answers += 1
        if answer.cached:
            self.cached += 1
            return
        self.tokens_in += answer.tokens_in
        self.tokens_out += answer.tokens_out
        self.cost += answer.cost

    def events(self, *, last: bool = False) -> Iterator[Event]:
        """The counts as metrics: a curve over answers while it goes on, the final values at the end."""
        step = None if last else self.answers
        for name in ("answers", "cached", "tokens_in", "tokens_out"):
            yield Metric(name, getattr(self, name), step=step)
        yield Metric("cost", round(self.cost, 9), step=step)

    def facts(self) -> dict[str, float]:
        """The same for the file."""
        counts = {"answers": self.answers, "cached": self.cached}
        return counts | {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out, "cost": round(self.cost, 9)}


def ask_all(
    generator: types.Generator,
    count: int,
    question: Callable[[int, int], Request | None],
    taken: Callable[[int, Answer], None],
    *,
    rounds: int,
    tally: Tally,
    stage: str,
) -> Generator[Event, None, None]:
    """Asks about `count` things; `question(n, round)` is None where thing n has all it needs, `taken` reads an answer.

    The first round asks about everything, each further one (at most `rounds`) about what is still missing.
    """
    for turn in range(rounds + 1):
        wanted = [(n, request) for n in range(count) if (request := question(n, turn)) is not None]
        if not wanted:
            return
        name = stage if turn == 0 else f"{stage}, for the missing ones"
        yield from _ask(generator, wanted, taken, tally, name)


def _ask(
    generator: types.Generator,
    wanted: Sequence[tuple[int, Request]],
    taken: Callable[[int, Answer], None],
    tally: Tally,
    stage: str,
) -> Iterator[Event]:
    since, fresh = time.monotonic(), 0
    for done, answer in enumerate(generator.generate([request for _, request in wanted]), 1):
        tally.take(answer)
        fresh += not answer.cached
        taken(wanted[answer.number][0], answer)
        if done == len(wanted) or time.monotonic() - tally.said > _QUIET:
            tally.said = time.monotonic()
            rate = fresh / max(tally.said - since, 1e-9)
            eta = (len(wanted) - done) / rate if rate else None
            yield Progress(stage, done, len(wanted), "answers", rate or None, eta)
            yield from tally.events()
