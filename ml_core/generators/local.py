"""A language or vision-language model of transformers on this machine, asked in batches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import ml_core.encoders.torchvision_ops  # noqa: F401  before transformers looks for torchvision

# isort: split
import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES as SEEING
from transformers.utils import logging

from ml_core.datasets.decoding import BrokenPicture
from ml_core.encoders.hub import out_of_reach
from ml_core.encoders.torch_encoder import resolved_precision, usable_device, weights_digest
from ml_core.generators.cache import AnswerCache
from ml_core.generators.pictures import PICTURE_EDGE, shown
from ml_core.generators.types import Answer, Lost, NoAnswer, Request
from ml_core.spec import BadInput, Stopped
from ml_core.store import Store

FIELD = "generator"
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
_TRANSIENT = ("_name_or_path", "transformers_version", "torch_dtype", "dtype")
logging.disable_progress_bar()


class Local:
    """A Generator (see ml_core.generators.types) around a model in memory.

    A request's words depend on the request and its seed alone, not on what else is in its batch (but for last bits).
    """

    def __init__(
        self,
        name: str,
        *,
        device: str,
        store: Store,
        precision: str = "auto",
        batch: int = 0,
        stop: Callable[[], bool] = lambda: False,
    ):
        self.device = usable_device(device)
        precision = resolved_precision(precision, self.device)
        self._model, self._processor, self.sees = _load(name, _DTYPES[precision])
        self._model.to(self.device).eval().requires_grad_(False)
        self._tokenizer = getattr(self._processor, "tokenizer", self._processor)
        self._batch = batch or (16 if self.device.type == "cuda" else 4)
        self._stop = stop
        self.lost = Lost()
        self.model_id = f"local:{Path(name).name if os.path.isdir(name) else name}"
        settings = self._model.config.to_diff_dict()
        self.revision = weights_digest(self._model, {k: v for k, v in settings.items() if k not in _TRANSIENT})
        self._cache = AnswerCache(store, f"{self.model_id}|{self.revision}|{precision}|{PICTURE_EDGE}")

    def generate(self, requests: Sequence[Request]) -> Iterator[Answer]:
        """Kept answers first, then the others batch by batch; Stopped between two batches. What came is kept.

        BadInput where the model cannot do what is asked; NoAnswer where a picture cannot be read.
        """
        known, places = self._cache.known(requests)
        missing = list(places)
        yield from known
        for request in (requests[number] for number in missing):
            self._refuse(request)
        for limit in sorted({requests[number].sampling.max_tokens for number in missing}):
            waiting = [number for number in missing if requests[number].sampling.max_tokens == limit]
            for start in range(0, len(waiting), self._batch):
                batch = [(number, requests[number]) for number in waiting[start : start + self._batch]]
                yield from self._kept(batch, requests)

    def _kept(self, batch: list[tuple[int, Request]], requests: Sequence[Request]) -> Iterator[Answer]:
        for answer in self._answers(batch):
            self._cache.write(requests[answer.number], answer)
            yield answer

    def _refuse(self, request: Request) -> None:
        if request.pictures and not self.sees:
            raise BadInput(f"{self.model_id} reads text alone; a model that sees is wanted", field=FIELD)

    def _answers(self, batch: list[tuple[int, Request]]) -> list[Answer]:
        """The answers of one batch, in two halves where the memory does not hold it."""
        if self._stop():
            raise Stopped("stopped between two batches; every answer that came is kept")
        try:
            return self._together(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise
            self._batch = max(1, len(batch) // 2)
        return self._answers(batch[: self._batch]) + self._answers(batch[self._batch :])

    @torch.inference_mode()
    def _together(self, batch: list[tuple[int, Request]]) -> list[Answer]:
        requests = [request for _, request in batch]
        inputs = self._inputs(requests)
        read = inputs["input_ids"].shape[1]
        limit = requests[0].sampling.max_tokens
        room = getattr(self._model.config.get_text_config(), "max_position_embeddings", None) or read + limit
        if read + limit > room:
            raise BadInput(
                f"the question has {read:,} tokens and the answer may have {limit:,}; {self.model_id} holds {room:,}. "
                "Ask for fewer captions or name fewer classes",
                field=FIELD,
            )
        written = self._model.generate(
            **inputs,
            generation_config=self._settings(limit),
            logits_processor=LogitsProcessorList([_Draw(requests, self._cache.model_id, self.device)]),
            stopping_criteria=StoppingCriteriaList([_AskedToStop(self._stop)]),
        )[:, read:].tolist()
        if self._stop():
            raise Stopped("stopped amid a batch; every answer that came before it is kept")
        mask = inputs["attention_mask"].sum(1).tolist()
        return [
            self._answer(number, tokens, int(count))
            for (number, _), tokens, count in zip(batch, written, mask, strict=True)
        ]

    def _answer(self, number: int, tokens: list[int], read: int) -> Answer:
        ends = self._ends()
        length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
        text = self._tokenizer.decode(tokens[:length], skip_special_tokens=True).strip()
        return Answer(number, text, self.model_id, read, length, whole=length < len(tokens))

    def _inputs(self, requests: list[Request]) -> Any:
        """Everything that the model reads, padded on the left, on its device."""
        texts = [self._written(request) for request in requests]
        options: dict[str, Any] = {"padding": True, "return_tensors": "pt"}
        self._tokenizer.padding_side = "left"
        if not self.sees:
            return self._tokenizer(texts, add_special_tokens=False, **options).to(self.device)
        try:
            pictures = [[shown(picture) for picture in request.pictures] for request in requests]
        except BrokenPicture as error:
            raise NoAnswer(
                f"A picture cannot be shown to the model: {error}.", advice="Take it out of the data set."
            ) from error
        if any(pictures):
            options["images"] = pictures
        inputs = self._processor(text=texts, **options).to(self.device)
        return {name: _as_model(value, self._model.dtype) for name, value in inputs.items()}

    def _written(self, request: Request) -> str:
        """The conversation in the words of the model's own template."""
        turns: list[dict[str, Any]] = [{"role": turn.role, "content": turn.text} for turn in request.messages]
        if self.sees:
            for turn in turns:
                turn["content"] = [{"type": "text", "text": turn["content"]}]
            turns[-1]["content"] = [{"type": "image"} for _ in request.pictures] + turns[-1]["content"]
        return str(self._processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

    def _settings(self, limit: int) -> Any:
        return GenerationConfig(
            do_sample=False,  # drawing is _Draw's: row by row, each with a seed of its own
            max_new_tokens=limit,
            eos_token_id=sorted(self._ends()),
            pad_token_id=self._tokenizer.pad_token_id,
        )

    def _ends(self) -> set[int]:
        own = self._model.generation_config.eos_token_id
        ends = set(own if isinstance(own, list) else [own]) | {self._tokenizer.eos_token_id}
        return {token for token in ends if token is not None}


class _Draw(LogitsProcessor):
    """Adds to each row's logits / T its own Gumbel noise, so that the greatest is a draw from the softmax."""

    def __init__(self, requests: list[Request], model_id: str, device: torch.device):
        self._heat = torch.tensor([[request.sampling.temperature] for request in requests], device=device)
        self._generators = [_seeded(request, model_id, device) for request in requests]

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        scores = scores.float()
        if not self._heat.any():
            return scores
        noise = torch.empty_like(scores)
        for row, generator in zip(noise, self._generators, strict=True):
            row.exponential_(generator=generator)
        drawn = scores / self._heat.clamp(min=1e-6) - noise.log()
        return torch.where(self._heat > 0, drawn, scores)


def _seeded(request: Request, model_id: str, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(int(request.key(model_id)[:15], 16))


class _AskedToStop(StoppingCriteria):
    """Ends a batch where somebody asked to stop; what it has written so far is thrown away."""

    def __init__(self, stop: Callable[[], bool]):
        self._stop = stop

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self._stop(), device=input_ids.device, dtype=torch.bool)


def _load(name: str, dtype: torch.dtype) -> tuple[Any, Any, bool]:
    """(model, processor or tokenizer, whether it sees); BadInput where one of them cannot be had."""
    where, _, revision = name.rpartition("@") if "@" in name and not os.path.isdir(name) else (name, "", "main")
    alone = not os.path.isdir(where) and out_of_reach()
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": False, "local_files_only": alone}
    try:
        sees = AutoConfig.from_pretrained(where, **options).model_type in SEEING
        family, reader = (AutoModelForImageTextToText, AutoProcessor) if sees else (AutoModelForCausalLM, AutoTokenizer)
        model = family.from_pretrained(where, dtype=dtype, **options)
        processor = reader.from_pretrained(where, **options)
    except (OSError, ValueError, RuntimeError, KeyError, ImportError) as error:
        raise BadInput(_why(name, error, alone), field=FIELD) from error
    tokenizer = getattr(processor, "tokenizer", processor)
    if not getattr(processor, "chat_template", None) and not tokenizer.chat_template:
        raise BadInput(f"local:{name} has no chat template: a model that was taught to answer is wanted", field=FIELD)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, processor, sees


def _why(name: str, error: Exception, alone: bool) -> str:
    if alone:
        return (
            f"local:{name} could not be loaded: it is no folder here, it is not cached whole on this machine, and the "
            "model hub cannot be reached (give a folder that save_pretrained wrote, or load it once with a network)"
        )
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return f"local:{name} could not be loaded: {first[:300]}"


def _as_model(value: Any, dtype: torch.dtype) -> Any:
    return value.to(dtype) if torch.is_tensor(value) and value.is_floating_point() else value
