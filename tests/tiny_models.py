"""Builds tiny real models in a folder, in seconds and without a hub; they are loaded by path through the real code."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import ml_core.encoders.torchvision_ops  # noqa: F401  before open_clip imports torchvision

# isort: split
import open_clip
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    PreTrainedTokenizerFast,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
    SiglipTextConfig,
    SiglipVisionConfig,
)

from ml_core import methods
from ml_core.events import Metric
from ml_core.spec import Context

CACHE = Path(__file__).resolve().parent.parent / "var" / "test-models"
VERSION = 2  # raise it when a builder changes, so that older folders are not used
WORDS = """
a an the red green blue yellow ball cube dog cat bird tree house on in under beside two three one is are jumps runs
sleeps park street beach photo of and with small large picture shows there near left right above
""".split()  # noqa: SIM905
# On top of the preset "quick test": what the suite's one trained model is trained with.
TRAINED = {
    "data": "scenes:900?split=train&size=96",
    "val_data": "scenes:200?size=96",
    "image_size": 64,
    "patch": 16,
    "width": 96,
    "vision_layers": 3,
    "text_layers": 2,
    "max_steps": 200,
    "epochs": 1000,
    "batch_size": 64,
    "eval_every": 100,
    "checkpoint_every": 200,
}


def tiny_clip() -> Path:
    """A folder with a CLIP of about 54,000 parameters, 32 pixels, 16 wide."""
    return _cached("clip", _build_clip)


def tiny_siglip() -> Path:
    """A folder with a SigLIP, 32 pixels, 32 wide, texts padded to 16 tokens."""
    return _cached("siglip", _build_siglip)


def tiny_open_clip() -> Path:
    """A folder with open_clip_config.json and safetensors weights of a custom tiny model, for `open_clip:FOLDER`."""
    return _cached("open_clip", _build_open_clip)


def _cached(name: str, build: Callable[[Path], None]) -> Path:
    folder = CACHE / f"{name}-{VERSION}"
    if not folder.is_dir():
        part = CACHE / f"{name}-{VERSION}.{os.getpid()}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        with torch.random.fork_rng():
            torch.manual_seed(7)
            build(part)
        try:
            part.rename(folder)
        except OSError:  # another test process was first
            shutil.rmtree(part)
    return folder


def _word_tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {word: number for number, word in enumerate(["<pad>", "<unk>", "<s>", "</s>", *dict.fromkeys(WORDS)])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(name, vocabulary[name]) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def _build_clip(folder: Path) -> None:
    tokenizer = _word_tokenizer()
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=24,
        projection_dim=16,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        image_size=32,
        patch_size=8,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=16,
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision.to_dict(), projection_dim=16)
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)


def _build_siglip(folder: Path) -> None:
    inner = Tokenizer(models.Unigram())
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>")
    inner.train_from_iterator([" ".join(WORDS[at : at + 6]) for at in range(len(WORDS))], trainer)
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=16,
        model_input_names=["input_ids"],
    )
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    ids = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1}
    text = SiglipTextConfig(vocab_size=len(tokenizer), max_position_embeddings=16, projection_size=32, **ids, **sizes)
    vision = SiglipVisionConfig(image_size=32, patch_size=8, **sizes)
    config = SiglipConfig(text_config=text.to_dict(), vision_config=vision.to_dict())
    SiglipModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    SiglipImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)


def _build_open_clip(folder: Path) -> None:
    settings = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
        "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
    }
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": settings, "preprocess_cfg": {}}))
    model = open_clip.CLIP(**settings)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")


def trained_checkpoint() -> Path:
    """The run folder of a small CLIP that contrastive.train has really trained on scenes, for `checkpoint:FOLDER`.

    Trained once a state of the code it depends on (under a minute on two cores), then shared by tests and processes.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = CACHE / f"trained-{_code_digest()}"
    with (CACHE / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "model").is_dir():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            _train(folder)
    return folder


def _train(folder: Path) -> None:
    card = methods.card("contrastive.train")
    spec = card.parse(dict(card.presets["quick test"]) | TRAINED)
    context = Context(out=folder, cache=str(folder / "cache"), workers=2)
    metrics = [event for event in card.load()(spec, context) if isinstance(event, Metric) and event.step is None]
    (folder / "metrics.json").write_text(json.dumps({metric.name: metric.value for metric in metrics}))


def _code_digest() -> str:
    """What the trained model depends on: the settings here and the sources of training, encoders and scenes."""
    digest = hashlib.sha256(json.dumps(TRAINED, sort_keys=True).encode())
    root = Path(methods.__file__).parent.parent
    for part in ("training", "contrastive", "encoders", "datasets/scenes", "methods/contrastive_train.py"):
        paths = [root / part] if part.endswith(".py") else sorted((root / part).rglob("*.py"))
        for path in paths:
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
