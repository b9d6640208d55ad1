"""What a generator of text is to those who use it: requests in, answers out as they come. Loads no model library."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True)
class Sampling:
    """How an answer is drawn: temperature 0 takes the likeliest word each time; `seed` makes a draw repeatable."""

    temperature: float = 0.7
    max_tokens: int = 512
    seed: int = 0


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture of a request: the SHA-256 (hex) of its bytes, how to read them once they are needed, and the file's
    name for messages (never sent)."""

    hash: str
    read: Callable[[], bytes] = field(repr=False, compare=False)
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Request:
    """What is asked: a conversation that ends with the user, pictures that belong to that last turn, how to draw.

    `ordinal` tells apart several answers to one question: each is asked for and kept on its own.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    pictures: tuple[Picture, ...] = ()
    ordinal: int = 0

    def key(self, model_id: str) -> str:
        """SHA-256 (hex) over everything that an answer depends on: equal questions to a model, equal keys."""
        parts = [
            model_id,
            [[message.role, message.text] for message in self.messages],
            [picture.hash for picture in self.pictures],
            [self.sampling.temperature, self.sampling.max_tokens, self.sampling.seed],
            self.ordinal,
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def ask(prompt: str, sampling: Sampling = Sampling(), *, system: str = "", ordinal: int = 0) -> Request:
    """A request of one turn, without pictures."""
    turns = (Message("system", system),) if system else ()
    return Request((*turns, Message("user", prompt)), sampling, ordinal=ordinal)


@dataclass(frozen=True)
class Spent:
    """Tokens in and out, and what they cost in the currency of the prices given."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out, self.cost + other.cost)


NOTHING = Spent()


@dataclass
class Lost:
    """Paid for replies that were of no use: in this run, and before it for the questions that it asks again."""

    now: Spent = NOTHING
    before: Spent = NOTHING


@dataclass(frozen=True)
class Answer:
    """What came back for the request at place `number` of those given.

    Tokens and `cost` (in the currency of the prices given) are what it took; for a cached answer what was paid once,
    replies of no use to the same question included. `whole` is False where max_tokens cut it off.
    """

    number: int
    text: str
    model_id: str
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    cached: bool = False
    whole: bool = True

    @property
    def spent(self) -> Spent:
        """Its tokens and cost."""
        return Spent(self.tokens_in, self.tokens_out, self.cost)


class NoAnswer(Exception):
    """A model that does not answer, or not in a way that can be used; the message says what was tried, `advice` what to
    do. What was answered before is kept."""

    def __init__(self, message: str, *, advice: str = ""):
        super().__init__(message)
        self.advice = advice


@runtime_checkable
class Generator(Protocol):
    """A model that answers. `model_id` names it, `revision` its weights where they are known ("" where not), `lost` is
    what it took for nothing."""

    model_id: str
    revision: str
    lost: Lost

    def generate(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Answers as they come, in any order, one a request; NoAnswer where one cannot be had."""
