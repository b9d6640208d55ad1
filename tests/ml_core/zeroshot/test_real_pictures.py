"""Real pictures, published prompts and generated descriptions through a small CLIP trained here from scratch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ml_core.encoders.torchvision_ops  # noqa: F401  before transformers looks for torchvision

# isort: split
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, PreTrainedTokenizerFast

from ml_core.datasets.opening import open_dataset
from ml_core.datasets.types import Dataset
from ml_core.encoders import load_encoder
from ml_core.generators.recorded import read_class_captions
from ml_core.spec import BadInput
from ml_core.zeroshot.known import KNOWN
from ml_core.zeroshot.template_files import read_template_sets, templates_from
from tests.ml_core.zeroshot.made import metrics_of, run_method

pytestmark = pytest.mark.slow
HELD_OUT = "?sample=300&seed=1"
WIDTH, STEPS, BATCH = 48, 160, 100


def prompts(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "prompts" / "openai_clip_prompts.json").read_text())["CIFAR10"]


def described(folder: Path, kind: str) -> dict[str, list[str]]:
    return json.loads((folder / "prompts" / f"cupl_cifar10_{kind}.json").read_text())


@pytest.fixture(scope="module")
def folder(real_data: Path) -> Path:
    """Pictures of ten classes with prompts and descriptions."""
    if not (real_data / "zeroshot").is_dir():
        pytest.skip(f"no zeroshot data at {real_data}")
    return real_data / "zeroshot"


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The reference of a CLIP trained on the pictures that are not held out, with half of the descriptions."""
    data = f"imagefolder:{folder / 'cifar10_train'}"
    whole, held_out = open_dataset(data), set(open_dataset(data + HELD_OUT).item_ids)
    templates = [template.replace("{}", "{c}") for template in prompts(folder)["templates"]] + ["an image of a {c}"]
    base = described(folder, "base")
    texts = [[*(t.replace("{c}", name) for t in templates), *base[name][::2]] for name in whole.category_names]
    path = tmp_path_factory.mktemp("model")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        _train(whole, [n for n, item in enumerate(whole.item_ids) if item not in held_out], texts, path)
    return f"hf:{path}"


def _train(dataset: Dataset, numbers: list[int], texts: list[list[str]], path: Path) -> None:
    tokenizer = _tokenizer([text for row in texts for text in row])
    clip = CLIPModel(_config(tokenizer))
    processor = CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    clip.save_pretrained(path), tokenizer.save_pretrained(path), processor.save_pretrained(path)
    encoder = load_encoder(f"hf:{path}", "cpu")
    arrays = np.stack([encoder.prepare_bytes(dataset.open_bytes(number)) for number in numbers])
    pixels = encoder.preparation.normalised(torch.from_numpy(arrays))
    labels = torch.from_numpy(dataset.labels[numbers].astype(np.int64))
    tokens = [
        tokenizer(row, padding="max_length", max_length=32, truncation=True, return_tensors="pt") for row in texts
    ]
    learner = torch.optim.AdamW(clip.parameters(), lr=2e-3, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(learner, 2e-3, STEPS)
    rng = np.random.default_rng(0)
    clip.train()
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.choice(len(numbers), BATCH, replace=False))
        flipped = pixels[chosen].flip(-1) if rng.random() < 0.5 else pixels[chosen]
        one = [rng.integers(len(row)) for row in texts]
        ids, mask = (
            torch.stack([t[key][n] for t, n in zip(tokens, one, strict=True)])
            for key in ("input_ids", "attention_mask")
        )
        found = clip(input_ids=ids, attention_mask=mask, pixel_values=flipped)
        loss = torch.nn.functional.cross_entropy(found.logits_per_image, labels[chosen])
        learner.zero_grad(), loss.backward(), learner.step(), rate.step()
    clip.save_pretrained(path)


def _tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    words = sorted({word for text in texts for word in text.lower().replace(",", " ").replace(".", " ").split()})
    vocabulary = {word: number for number, word in enumerate(["<pad>", "<unk>", "<s>", "</s>", *words])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.normalizer = normalizers.Lowercase()
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    ends = [(name, vocabulary[name]) for name in ("<s>", "</s>")]
    inner.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def _config(tokenizer: PreTrainedTokenizerFast) -> CLIPConfig:
    sizes = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2, "num_attention_heads": 4}
    ids = {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    text = {"vocab_size": len(tokenizer), "max_position_embeddings": 32, "projection_dim": 32, **ids, **sizes}
    vision = {"image_size": 32, "patch_size": 8, "projection_dim": 32, **sizes}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=32)


def test_pictures_are_told_apart_by_published_prompts_as_openai_pools_them(
    folder: Path, model: str, tmp_path: Path
) -> None:
    data = f"imagefolder:{folder / 'cifar10_train'}{HELD_OUT}"
    sentences = prompts(folder)["templates"]
    file = folder / "prompts" / "openai_clip_prompts.json"
    named = {"templates": "file", "template_file": str(file), "template_set": "CIFAR10"}
    found = metrics_of(run_method("zeroshot.evaluate", tmp_path, data=data, encoder=model, **named))
    own = {"templates": "own", "own_templates": "|".join(sentences)}
    assert found == metrics_of(run_method("zeroshot.evaluate", tmp_path / "own", data=data, encoder=model, **own))
    dataset, encoder = open_dataset(data), load_encoder(model, "cpu")
    assert dataset.category_names == prompts(folder)["classes"]
    pooled = [encoder.encode_texts([s.format(name) for s in sentences]).mean(0) for name in dataset.category_names]
    classes_CE = np.stack([row / np.linalg.norm(row) for row in pooled])
    images = [encoder.prepare_bytes(dataset.open_bytes(number)) for number in range(300)]
    scores_NC = encoder.encode_images(images) @ classes_CE.T
    assert found["accuracy@1"].value == pytest.approx((scores_NC.argmax(1) == dataset.labels).mean(), abs=0.004)
    assert found["accuracy@1"].n == 300 and found["accuracy@1"].low > 0.15  # chance is 0.1
    assert found["accuracy@5"].value > 0.6
    assert found["ece"].value < 0.6


def test_generated_descriptions_enrich_classes_and_a_sweep_reports_on_others(
    folder: Path, model: str, tmp_path: Path
) -> None:
    data = f"imagefolder:{folder / 'cifar10_train'}{HELD_OUT}"
    common = {"data": data, "encoder": model, "class_captions": str(folder / "prompts" / "cupl_cifar10_full.json")}
    plain = metrics_of(run_method("zeroshot.evaluate", tmp_path / "plain", data=data, encoder=model))
    none = metrics_of(run_method("synce.classify", tmp_path / "none", **common, alpha=0, template="generic"))
    assert {name: none[name] for name in plain} == plain
    found = metrics_of(run_method("synce.classify", tmp_path / "out", **common, alpha=0.5))
    assert found["accuracy@1"].low > 0.12
    assert found["repaired"].value - found["broken"].value == round(300 * found["net"].value)
    swept = metrics_of(run_method("synce.sweep", tmp_path / "sweep", **common, split="folds", folds=3))
    assert swept["accuracy@1"].n == 300 and swept["accuracy@1"].low > 0.12


@pytest.mark.parametrize("name", ["eurosat", "pets", "dtd"])
def test_published_descriptors_are_read_as_they_stand(folder: Path, name: str) -> None:
    path = folder / "prompts" / f"descriptors_{name}.json"
    told = json.loads(path.read_text())
    if all(told.values()):
        assert read_class_captions(str(path), list(told)).captions == [
            [" ".join(t.split()) for t in v] for v in told.values()
        ]
    with pytest.raises(BadInput, match="the class “a new one” is missing"):
        read_class_captions(str(path), [*told, "a new one"])


def test_published_prompts_of_every_data_set_are_read(folder: Path) -> None:
    path = folder / "prompts" / "openai_clip_prompts.json"
    told = json.loads(path.read_text())
    sets = read_template_sets(str(path))
    assert {name: [text.replace("{c}", "{}") for text in row] for name, row in sets.items()} == {
        name: one["templates"] for name, one in told.items()
    }
    assert told["PatchCamelyon"]["classes"] == list(KNOWN["patch-camelyon"].called.values())
    with pytest.raises(BadInput, match=r"has 21 lists: choose one; there is “CIFAR10”"):
        templates_from(str(path))
