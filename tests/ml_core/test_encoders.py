"""Encoders: opened by reference through the real loading code, unit rows, hashes that follow what they are made of."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

import ml_core.encoders.torchvision_ops  # noqa: F401  before open_clip imports torchvision

# isort: split
import open_clip
import pytest
import torch
from PIL import Image
from transformers import AutoImageProcessor

from ml_core.datasets.opening import open_dataset
from ml_core.encoders import family_names, load_encoder
from ml_core.encoders.families.open_clip import name_of
from ml_core.encoders.preparation import Preparation
from ml_core.encoders.torchvision_ops import non_maximum_suppression
from ml_core.encoders.types import Encoder, Recorded
from ml_core.spec import BadInput
from tests.tiny_models import tiny_clip, tiny_open_clip, tiny_siglip

TEXTS = ["a red ball", "two dogs in the park and a cat under the tree", "", "birds"]


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height))


@pytest.fixture(params=["clip", "siglip", "open_clip"])
def reference(request: pytest.FixtureRequest) -> str:
    made = {"clip": tiny_clip, "siglip": tiny_siglip, "open_clip": tiny_open_clip}[request.param]()
    return f"{'open_clip' if request.param == 'open_clip' else 'hf'}:{made}"


def test_pictures_and_texts_become_rows_of_unit_length(reference: str) -> None:
    encoder = load_encoder(reference)
    assert isinstance(encoder, Encoder)
    images_NE = encoder.encode_images([noise(60, 40), noise(31, 90, 1)])
    texts_ME = encoder.encode_texts(TEXTS)
    assert images_NE.shape == (2, encoder.dim)
    assert texts_ME.shape == (4, encoder.dim)
    for rows in (images_NE, texts_ME):
        assert rows.dtype == np.float32
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    assert encoder.encode_texts([]).shape == (0, encoder.dim)


def test_a_text_has_one_embedding_whatever_stands_beside_it(reference: str) -> None:
    encoder = load_encoder(reference)
    alone = np.concatenate([encoder.encode_texts([text]) for text in TEXTS])
    assert np.allclose(encoder.encode_texts(TEXTS), alone, atol=1e-5)


def test_bytes_arrays_and_pictures_are_the_same_to_an_encoder(reference: str) -> None:
    encoder = load_encoder(reference, exact=True)
    image, file = noise(50, 70), io.BytesIO()
    image.save(file, "PNG")
    rows = encoder.encode_images([image, encoder.prepare(image), encoder.prepare_bytes(file.getvalue())])
    assert np.allclose(rows[0], rows[1])
    assert np.allclose(rows[0], rows[2])


def test_the_hashes_say_what_changed(reference: str, tmp_path: Path) -> None:
    encoder, again = load_encoder(reference), load_encoder(reference)
    assert (encoder.revision, encoder.preprocessing_hash) == (again.revision, again.preprocessing_hash)
    exact = load_encoder(reference, exact=True)
    assert exact.revision == encoder.revision
    assert exact.preprocessing_hash != encoder.preprocessing_hash
    mixed = load_encoder(reference, precision="bf16")
    assert mixed.preprocessing_hash != encoder.preprocessing_hash
    family, _, folder = reference.partition(":")
    changed = Path(shutil.copytree(folder, tmp_path / "changed"))
    (weights,) = changed.glob("*.safetensors")
    data = bytearray(weights.read_bytes())
    data[-2] ^= 1
    weights.write_bytes(bytes(data))
    assert load_encoder(f"{family}:{changed}").revision != encoder.revision


def test_mixed_precision_stays_close_to_full_precision(reference: str) -> None:
    full, mixed = load_encoder(reference), load_encoder(reference, precision="bf16")
    assert np.allclose(full.encode_texts(TEXTS), mixed.encode_texts(TEXTS), atol=0.03)


@pytest.mark.parametrize("size", [(331, 190), (33, 90), (32, 32), (20, 300)])
def test_pixels_are_those_of_the_librarys_own_preprocessing(size: tuple[int, int]) -> None:
    image = noise(*size)
    for folder in (tiny_clip(), tiny_siglip()):
        encoder = load_encoder(f"hf:{folder}")
        theirs = AutoImageProcessor.from_pretrained(folder, backend="pil")(image, return_tensors="pt")["pixel_values"]
        assert torch.allclose(theirs, seen_by(encoder, image), atol=1e-5)
    encoder = load_encoder(f"open_clip:{tiny_open_clip()}")
    theirs = open_clip.image_transform(32, is_train=False)(image)[None]
    assert torch.allclose(theirs, seen_by(encoder, image), atol=1e-5)


def test_provenance_names_weights_of_this_machine_without_their_folder(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"")
    assert name_of(f"ViT-B-32/{tmp_path}/w.safetensors") == "ViT-B-32/w.safetensors"
    assert name_of("ViT-B-32/laion2b_s34b_b79k") == "ViT-B-32/laion2b_s34b_b79k"
    for family, folder in (("hf", tiny_clip()), ("open_clip", tiny_open_clip())):
        assert load_encoder(f"{family}:{folder}").model_id == f"{family}:{Path(folder).name}"


def seen_by(encoder: Encoder, image: Image.Image) -> torch.Tensor:
    """(1, 3, H, W): what reaches the model."""
    return encoder.preparation.normalised(torch.from_numpy(encoder.prepare(image).copy())[None])  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (5000, 3), (17, 16)])
def test_the_strangest_shapes_come_out_at_the_size_of_the_model(mode: str, size: tuple[int, int]) -> None:
    preparation = Preparation(mode, 32, 32, 32)  # type: ignore[arg-type]
    assert preparation(noise(*size)).shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("nonsense", "unknown encoder"),
        ("magic:wand", "unknown encoder"),
        ("hf:", "unknown encoder"),
        ("hf:/no/such/folder", "could not be loaded"),
        ("open_clip:ViT-B-32", "say which weights"),
        ("open_clip:ViT-Nought/openai", "no model"),
        ("open_clip:ViT-B-32/no-such-tag", "could not be loaded"),
        ("checkpoint:/tmp", "no model of ours"),
        ("embeddings:/no/such.npz", "no file"),
    ],
)
def test_an_encoder_that_cannot_be_opened_says_why(reference: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        load_encoder(reference)
    assert caught.value.field == "encoder"


def test_a_model_that_cannot_encode_both_sides_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(BadInput, match="'bert' model"):
        load_encoder(f"hf:{tmp_path}")


def test_a_device_or_precision_that_is_not_there_is_refused() -> None:
    with pytest.raises(BadInput, match="device"):
        load_encoder(f"hf:{tiny_clip()}", "abacus")
    with pytest.raises(BadInput, match="precision"):
        load_encoder(f"hf:{tiny_clip()}", precision="fp8")


def test_families_are_found_by_their_files() -> None:
    assert {"hf", "open_clip", "embeddings", "checkpoint"} <= set(family_names())


def write_npz(path: Path, dataset, **changes: object) -> Path:
    rng = np.random.default_rng(0)
    arrays: dict[str, object] = {
        "image_ids": np.array(dataset.item_ids[::-1]),
        "image_embeddings": rng.standard_normal((len(dataset.item_ids), 8)).astype(np.float32)[::-1],
        "text_ids": np.array(dataset.caption_ids),
        "text_embeddings": rng.standard_normal((len(dataset.caption_ids), 8)).astype(np.float16),
    } | changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})
    return path


@pytest.fixture(scope="module")
def dataset():
    return open_dataset("scenes:4?size=32")


def test_brought_embeddings_are_matched_by_id_not_by_place(dataset, tmp_path: Path) -> None:
    encoder = load_encoder(f"embeddings:{write_npz(tmp_path / 'e.npz', dataset)}")
    assert isinstance(encoder, Recorded)
    images_NE, texts_ME = encoder.look_up(dataset)
    expected = np.random.default_rng(0).standard_normal((4, 8)).astype(np.float32)
    assert np.allclose(images_NE, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-6)
    assert texts_ME.shape == (20, 8)
    assert texts_ME.dtype == np.float32


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text_ids": None}, "lacks text_ids"),
        ({"image_embeddings": np.full((4, 8), np.nan)}, "NaN"),
        ({"image_embeddings": np.ones((4, 9))}, "9 wide"),
        ({"image_embeddings": np.ones((3, 8))}, "belong together"),
        ({"image_embeddings": np.ones((4, 8), int)}, "floating"),
        ({"image_embeddings": np.zeros((4, 8))}, "all zeros"),
        ({"image_ids": np.array(["a", "b", "c", "d"])}, "4 of 4 image ids"),
        ({"image_ids": np.array(["a", "b", "c", "a"])}, "more than once"),
        ({"image_ids": np.array([{}, 1, 2, 3], dtype=object)}, "pickled"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(dataset, tmp_path: Path, changes: dict, said: str) -> None:
    path = write_npz(tmp_path / "e.npz", dataset, **changes)
    with pytest.raises(BadInput, match=said):
        load_encoder(f"embeddings:{path}").look_up(dataset)


def test_a_file_that_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "e.npz").write_bytes(b"no zip")
    with pytest.raises(BadInput, match=r"cannot be read as \.npz"):
        load_encoder(f"embeddings:{tmp_path / 'e.npz'}")


def test_brought_embeddings_load_no_torch(dataset, tmp_path: Path) -> None:
    path = write_npz(tmp_path / "e.npz", dataset)
    code = (
        "import sys; from ml_core.encoders import load_encoder; import ml_core.encoders.encoding; "
        f"load_encoder('embeddings:{path}'); print([m for m in ('torch', 'transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_stand_in_for_non_maximum_suppression_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [0, 0, 10, 5]], dtype=torch.float32)
    scores = torch.tensor([0.5, 0.9, 0.1, 0.4])
    assert non_maximum_suppression(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert torch.ops.torchvision.nms(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert non_maximum_suppression(boxes, scores, 0.99).tolist() == [1, 0, 3, 2]
