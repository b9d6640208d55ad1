"""Asks a generator, round after round, until every question has what it needs; counts tokens and money on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field

from ml_core.events import Event, Metric, Progress
from ml_core.generating import Asked
from ml_core.generators import types
from ml_core.generators.loading import Wishes
from ml_core.generators.types import NOTHING, Answer, Lost, NoAnswer, Request, Sampling, Spent
from ml_core.spec import Stopped

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
    """What was asked so far: answers, those from the cache, what the others took and what the kept ones took once."""

    answers: int = 0
    cached: int = 0
    now: Spent = NOTHING
    once: Spent = NOTHING
    lost: Lost = field(default_factory=Lost)
    said: float = field(default=0.0, repr=False)

    def take(self, answer: Answer) -> None:
        """Counts an answer; what was kept costs nothing again."""
        self.answers += 1
        if answer.cached:
            self.cached += 1
            self.once += answer.spent
        else:
            self.now += answer.spent

    def events(self, *, last: bool = False) -> Iterator[Event]:
        """The counts as metrics: a curve over answers while it goes on, the final values at the end."""
        step = None if last else self.answers
        for name, value in self.facts().items():
            yield Metric(name, value, step=step)

    def facts(self) -> dict[str, float]:
        """Tokens and cost of this run, replies of no use included; with what kept answers took before, as `…/all`."""
        run = self.now + self.lost.now
        in_all = run + self.once + self.lost.before
        counts: dict[str, float] = {"answers": self.answers, "cached": self.cached}
        for spent, ending in ((run, ""), (in_all, "/all")):
            counts |= {f"tokens_in{ending}": spent.tokens_in, f"tokens_out{ending}": spent.tokens_out}
            counts |= {f"cost{ending}": round(spent.cost, 9)}
        return counts


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
    tally.lost = generator.lost
    for turn in range(rounds + 1):
        wanted = [(n, request) for n in range(count) if (request := question(n, turn)) is not None]
        if not wanted:
            return
        name = stage if turn == 0 else f"{stage}, for the missing ones"
        try:
            yield from _ask(generator, wanted, taken, tally, name)
        except (NoAnswer, Stopped):
            yield from tally.events(last=True)  # paid for, whatever comes of it
            raise


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
