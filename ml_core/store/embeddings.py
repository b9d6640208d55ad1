"""Keeps embeddings in verified chunks, so that a killed encoding goes on and a wrong or damaged chunk is never used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from safetensors.numpy import save

from ml_core.store.files import Store

Kind = Literal["images", "texts"]
FORMAT = "nearmiss-embeddings-1"
CHUNK = {"images": 512, "texts": 2048}  # rows; fixed, so that a resumed result is equal


class Refused(Exception):
    """A chunk that is damaged or belongs to something else; says which and why."""


@dataclass(frozen=True)
class EmbeddingCache:
    """Embeddings of one data set by one model, in chunks of fixed size; the key is every hash the numbers depend on."""

    store: Store
    dataset_hash: str
    model_id: str
    preprocessing_hash: str

    def chunks(self, kind: Kind, count: int) -> list[tuple[int, int]]:
        """The (start, stop) of every chunk of `count` rows."""
        size = CHUNK[kind]
        return [(start, min(start + size, count)) for start in range(0, count, size)]

    def write(self, kind: Kind, start: int, rows_NE: np.ndarray) -> None:
        """Keeps one chunk from row `start` on, (n, E), whole or not at all. ValueError where a value is not finite."""
        rows_NE = np.ascontiguousarray(rows_NE, dtype="<f4")
        if not np.isfinite(rows_NE).all():
            raise ValueError(f"{kind} {start}–{start + len(rows_NE)}: an embedding is not finite")
        expected = self._expected(kind, start, start + len(rows_NE))
        metadata = expected | {"sha256": hashlib.sha256(rows_NE.tobytes()).hexdigest()}
        self.store.write_bytes(self._key(kind, start), save({"embeddings": rows_NE}, metadata=metadata))

    def read(self, kind: Kind, start: int, stop: int) -> np.ndarray | None:
        """The verified chunk (stop - start, E); None where there is none; Refused where it is not what it should be."""
        key = self._key(kind, start)
        try:
            data = self.store.read_bytes(key)
        except FileNotFoundError:
            return None
        header, payload = _split(data, key)
        metadata = header.get("__metadata__") or {}
        for name, wanted in self._expected(kind, start, stop).items():
            if metadata.get(name) != wanted:
                raise Refused(f"{key}: {name} is {metadata.get(name)!r}, wanted {wanted!r}")
        if hashlib.sha256(payload).hexdigest() != metadata.get("sha256"):
            raise Refused(f"{key}: its content does not match its checksum")
        entry = header.get("embeddings") or {}
        shape = entry.get("shape") or [0]
        if entry.get("dtype") != "F32" or len(shape) != 2 or shape[0] != stop - start:
            raise Refused(f"{key}: holds {entry.get('dtype')} {shape}, wanted F32 [{stop - start}, E]")
        if shape[0] * shape[1] * 4 != len(payload):
            raise Refused(f"{key}: {len(payload)} bytes do not fit the shape {shape}")
        rows_NE = np.frombuffer(payload, dtype="<f4").reshape(shape)
        if not np.isfinite(rows_NE).all():
            raise Refused(f"{key}: an embedding is not finite")
        return rows_NE

    def _key(self, kind: Kind, start: int) -> str:
        digest = hashlib.sha256(json.dumps([self.model_id, self.preprocessing_hash]).encode()).hexdigest()
        return f"embeddings/{self.dataset_hash[:32]}/{digest[:32]}/{kind}-{start:09d}.safetensors"

    def _expected(self, kind: Kind, start: int, stop: int) -> dict[str, str]:
        return {
            "format": FORMAT,
            "dataset": self.dataset_hash,
            "model": self.model_id,
            "preprocessing": self.preprocessing_hash,
            "kind": kind,
            "start": str(start),
            "stop": str(stop),
        }


def _split(data: bytes, key: str) -> tuple[dict[str, Any], bytes]:
    """A safetensors file as its header and its payload."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or length > len(data) - 8:
        raise Refused(f"{key}: the file is cut short")
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError as error:
        raise Refused(f"{key}: its header cannot be read") from error
    if not isinstance(header, dict):
        raise Refused(f"{key}: its header cannot be read")
    return header, data[8 + length :]
