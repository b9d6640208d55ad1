"""Keeps every answer under the hash of its question, whole or not at all, so that nothing is paid for twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ml_core.generators.types import NOTHING, Answer, Request, Spent
from ml_core.store import Store

FORMAT = "nearmiss-answer-1"  # raise it when what is sent for the same request changes


@dataclass(frozen=True)
class AnswerCache:
    """Answers of one model (`model_id` with whatever else its answers depend on) in a store."""

    store: Store
    model_id: str

    def read(self, number: int, request: Request) -> Answer | None:
        """The kept answer to a request, None where there is none or where the file is damaged."""
        found = self._read(number, request)
        return found if isinstance(found, Answer) else None

    def write(self, request: Request, answer: Answer, lost: Spent = NOTHING) -> None:
        """Keeps an answer, and what was `lost` on its way; the next `read` of an equal request finds it."""
        self._write(request, answer.text, answer.spent + lost, answer.whole)

    def lose(self, request: Request, lost: Spent) -> None:
        """Keeps in mind what was paid so far for a request that has no answer yet."""
        self._write(request, None, lost, True)

    def known(self, requests: Sequence[Request]) -> tuple[list[Answer], dict[int, Spent]]:
        """Kept answers, and the places of the requests that have none with what was paid for them in vain."""
        found = [self._read(number, request) for number, request in enumerate(requests)]
        missing = {number: kept for number, kept in enumerate(found) if isinstance(kept, Spent)}
        return [kept for kept in found if isinstance(kept, Answer)], missing

    def _read(self, number: int, request: Request) -> Answer | Spent:
        key = request.key(self.model_id)
        try:
            kept = json.loads(self.store.read_bytes(_place(key)))
            if kept["format"] != FORMAT or kept["key"] != key:
                return NOTHING
            spent = Spent(int(kept["tokens_in"]), int(kept["tokens_out"]), float(kept.get("cost", 0)))
            if not isinstance(kept["text"], str):
                return spent
            counts = spent.tokens_in, spent.tokens_out, spent.cost
            return Answer(number, kept["text"], kept["model_id"], *counts, cached=True, whole=bool(kept["whole"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return NOTHING

    def _write(self, request: Request, text: str | None, spent: Spent, whole: bool) -> None:
        key = request.key(self.model_id)
        named = self.model_id.partition("|")[0]
        kept = {"format": FORMAT, "key": key, "model_id": named, "text": text, **asdict(spent), "whole": whole}
        self.store.write_bytes(_place(key), json.dumps(kept, ensure_ascii=False).encode())


def _place(key: str) -> str:
    return f"answers/{key[:2]}/{key}.json"
