"""Keeps every answer under the hash of its question, whole or not at all, so that nothing is paid for twice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ml_core.generators.types import Answer, Request
from ml_core.store import Store

FORMAT = "nearmiss-answer-1"  # raise it when what is sent for the same request changes


@dataclass(frozen=True)
class AnswerCache:
    """Answers of one model (`model_id` with whatever else its answers depend on) in a store."""

    store: Store
    model_id: str

    def read(self, number: int, request: Request) -> Answer | None:
        """The kept answer to a request, None where there is none or where the file is damaged."""
        key = request.key(self.model_id)
        try:
            kept = json.loads(self.store.read_bytes(_place(key)))
            if kept["format"] != FORMAT or kept["key"] != key or not isinstance(kept["text"], str):
                return None
            counts = int(kept["tokens_in"]), int(kept["tokens_out"])
            return Answer(number, kept["text"], kept["model_id"], *counts, cached=True, whole=bool(kept["whole"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, request: Request, answer: Answer) -> None:
        """Keeps an answer; the next `read` of an equal request finds it."""
        key = request.key(self.model_id)
        kept = {
            "format": FORMAT,
            "key": key,
            "model_id": answer.model_id,
            "text": answer.text,
            "tokens_in": answer.tokens_in,
            "tokens_out": answer.tokens_out,
            "whole": answer.whole,
        }
        self.store.write_bytes(_place(key), json.dumps(kept, ensure_ascii=False).encode())

    def known(self, requests: Sequence[Request]) -> tuple[list[Answer], list[int]]:
        """Kept answers, and the places of the requests that have none."""
        found = [self.read(number, request) for number, request in enumerate(requests)]
        return [answer for answer in found if answer is not None], [n for n, a in enumerate(found) if a is None]


def _place(key: str) -> str:
    return f"answers/{key[:2]}/{key}.json"
