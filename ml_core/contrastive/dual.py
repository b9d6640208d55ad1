"""The model that is trained: a CLIP of transformers classes, small and new, or taken from an encoder reference."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_core.encoders.torchvision_ops  # noqa: F401  before transformers looks for torchvision

# isort: split
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast

from ml_core.encoders.families import checkpoint, hf
from ml_core.encoders.preparation import Preparation
from ml_core.encoders.torch_encoder import TorchEncoder
from ml_core.methods.contrastive_train import Train
from ml_core.spec import BadInput

PAD, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
_WORDS = 20_000  # the most a vocabulary may hold


class DualEncoder(nn.Module):
    """Pixels and tokens to unit rows and the scale (1 / temperature), in one forward pass."""

    def __init__(self, model: Any):
        super().__init__()
        self.model = model

    def forward(self, pixels: Tensor, tokens: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """(B, E), (B, E) and a scalar."""
        return self.images(pixels), self.texts(tokens), self.model.logit_scale.exp()

    def images(self, pixels: Tensor) -> Tensor:
        """(B, E) of normalised pixels (B, 3, H, W)."""
        return nn.functional.normalize(self.model.get_image_features(pixel_values=pixels).pooler_output.float(), dim=-1)

    def texts(self, tokens: dict[str, Tensor]) -> Tensor:
        """(B, E) of token ids and their mask (B, L)."""
        return nn.functional.normalize(self.model.get_text_features(**tokens).pooler_output.float(), dim=-1)


@dataclass(frozen=True)
class Parts:
    """What makes an encoder: the network, the words it knows, and how pictures are brought to it."""

    dual: DualEncoder
    tokenizer: Any
    preparation: Preparation

    def tokens(self, texts: Sequence[str]) -> dict[str, Tensor]:
        """Token ids and mask (B, L)."""
        padding = hf.FAMILIES[self.dual.model.config.model_type]
        return dict(hf.tokenize(self.tokenizer, list(texts), hf.text_limit(self.dual.model), padding))

    def encoder(self, device: str) -> TorchEncoder:
        """The encoder that `checkpoint:` would load from what `save` writes."""
        return hf.encoder_of(self.dual.model, self.tokenizer, self.preparation, "checkpoint", device=device)

    def save(self, folder: Path, facts: dict[str, Any]) -> None:
        """Writes a folder that `checkpoint:` and `hf:` load; `facts` say where the weights come from."""
        self.dual.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        hf.processor_of(self.preparation).save_pretrained(folder)
        (folder / checkpoint.MARK).write_text(json.dumps({"format": 1, **facts}, ensure_ascii=False, indent=1), "utf-8")


def start_from(spec: Train, texts: Sequence[str]) -> Parts:
    """The model training starts from: what `spec.start` names, or a small one whose vocabulary comes from `texts`."""
    if spec.start:
        return _tuned(spec.start)
    tokenizer = word_tokenizer(texts)
    size = spec.image_size
    preparation = Preparation("shortest", size, size, size)
    return Parts(DualEncoder(CLIPModel(_config(spec, tokenizer))), tokenizer, preparation)


def word_tokenizer(texts: Sequence[str]) -> PreTrainedTokenizerFast:
    """A tokenizer whose tokens are the lower-cased words and punctuation marks that occur at least twice in `texts`."""
    normalizer, splitter = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    seen = Counter(word for text in texts for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    common = sorted((word for word, count in seen.items() if count > 1), key=lambda word: (-seen[word], word))
    vocabulary = {word: number for number, word in enumerate([PAD, UNKNOWN, START, END, *common[:_WORDS]])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    ends = [(name, vocabulary[name]) for name in (START, END)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{START} $A {END}", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, unk_token=UNKNOWN, bos_token=START, eos_token=END
    )


def _config(spec: Train, tokenizer: PreTrainedTokenizerFast) -> CLIPConfig:
    common = {
        "hidden_size": spec.width,
        "intermediate_size": 2 * spec.width,
        "num_attention_heads": spec.heads,
        "projection_dim": spec.embedding,
        "hidden_act": "gelu",  # one operation; CLIP's quick_gelu is four, a sixth of a step on a CPU
    }
    text = {
        "vocab_size": len(tokenizer),
        "num_hidden_layers": spec.text_layers,
        "max_position_embeddings": spec.text_length,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    vision = {"image_size": spec.image_size, "patch_size": spec.patch, "num_hidden_layers": spec.vision_layers}
    return CLIPConfig(
        text_config=common | text,
        vision_config=common | vision,
        projection_dim=spec.embedding,
        logit_scale_init_value=math.log(1 / spec.temperature),
    )


def _tuned(reference: str) -> Parts:
    family, _, rest = reference.partition(":")
    if family == "checkpoint":
        rest = str(checkpoint.find_model(rest))
    elif family != "hf":
        raise BadInput(f"{reference!r} cannot be trained further; start from hf:… or checkpoint:…", field="start")
    model, tokenizer, preparation, _ = hf.load_parts(rest)
    return Parts(DualEncoder(model), tokenizer, preparation)
