"""Builds a tiny LLaVA that is trained until different pictures give different, correct colours, and a tiny LLM."""

from __future__ import annotations

import fcntl
import hashlib
import io
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.tiny_models import CACHE

# isort: split
import torch
from PIL import Image
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

COLOURS = {"red": (220, 30, 30), "green": (30, 180, 40), "blue": (30, 50, 220), "yellow": (230, 220, 30)}
STEPS = 220
WORDS = """
a the is it what this which picture colour class classes of and in one line write describe for each captions
USER ASSISTANT SYSTEM Class unknown plain patch area
""".split()  # noqa: SIM905
TEMPLATE = (
    "{% for turn in messages %}{{ turn['role'].upper() }}: "
    "{% if turn['content'] is string %}{{ turn['content'] }}{% else %}"
    "{% for part in turn['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}{% if turn['role'] == 'assistant' %}</s>{% endif %} {% endfor %}"
    "{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


def tiny_llava() -> Path:
    """A folder with a LLaVA that answers, whatever it is asked, with captions of the picture's colour and its class."""
    return _made("llava", _build_llava)


def tiny_llm() -> Path:
    """A folder with an untrained language model of the same vocabulary."""
    return _made("llm", _build_llm)


def colour_picture(name: str, seed: int = 0, size: int = 32) -> bytes:
    """A PNG of one of COLOURS, its shade by the seed."""
    buffer = io.BytesIO()
    _shade(name, random.Random(seed), size).save(buffer, "PNG")
    return buffer.getvalue()


def answer_of(name: str) -> str:
    """What the tiny LLaVA was taught to say to a picture of that colour."""
    return f"a plain {name} picture\nClass: {name}"


def _made(name: str, build: Callable[[Path], None]) -> Path:
    CACHE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            part = CACHE / f"{name}-{digest}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            with torch.random.fork_rng():
                torch.manual_seed(3)
                build(part)
            part.rename(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    special = ["<pad>", "<unk>", "<s>", "</s>", "<image>"]
    words = [*special, " ", "\n", ".", ",", ":", "?", "-", *WORDS, *COLOURS]
    inner = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w+|[^\w\s]|\s"), behavior="isolated")
    inner.decoder = decoders.Fuse()
    made = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        pad_token="<pad>",
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        extra_special_tokens={"image_token": "<image>"},
        padding_side="left",
    )
    made.chat_template = TEMPLATE
    return made


def _text_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=2048,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )


def _build_llm(folder: Path) -> None:
    tokenizer = _tokenizer()
    LlamaForCausalLM(_text_config(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _build_llava(folder: Path) -> None:
    tokenizer = _tokenizer()
    vision = CLIPVisionConfig(
        image_size=32,
        patch_size=16,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        projection_dim=32,
    )
    config = LlavaConfig(
        vision_config=vision.to_dict(),
        text_config=_text_config(tokenizer).to_dict(),
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="default",
        vision_feature_layer=-1,
    )
    model = LlavaForConditionalGeneration(config)
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"height": 32, "width": 32}, do_center_crop=False),
        tokenizer=tokenizer,
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    _train(model, processor)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def _train(model: LlavaForConditionalGeneration, processor: LlavaProcessor) -> None:
    """Every batch holds each colour; questions are of all lengths, so that none is learnt by heart."""
    rng, tokenizer = random.Random(1), processor.tokenizer
    said = [*WORDS, *["xyz"] * 40, ".", ",", ":", ";", "\n", "Class:", "“", *COLOURS]
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
    for _ in range(STEPS):
        names = list(COLOURS) * 2
        length = rng.choice([4, 12, 40, 110])
        asked = [" ".join(rng.choices(said, k=length)) for _ in names]
        heads = [f"USER: <image>{text} ASSISTANT:" for text in asked]
        texts = [f"{head}{answer_of(name)}</s>" for head, name in zip(heads, names, strict=True)]
        images = [[_shade(name, rng, 32)] for name in names]
        inputs = processor(text=texts, images=images, padding=True, return_tensors="pt")
        labels = inputs["input_ids"].clone()
        answers = [len(tokenizer(f"{answer_of(name)}</s>", add_special_tokens=False)["input_ids"]) for name in names]
        for row, count in zip(labels, answers, strict=True):
            row[:-count] = -100
        loss = model(**inputs, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    print(f"tiny LLaVA: last loss {loss.item():.4f}")


def _shade(name: str, rng: random.Random, size: int) -> Image.Image:
    return Image.new(
        "RGB", (size, size), tuple(max(0, min(255, part + rng.randint(-25, 25))) for part in COLOURS[name])
    )
