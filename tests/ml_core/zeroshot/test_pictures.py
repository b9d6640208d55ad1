"""zeroshot.pictures with a real small model: attention and words against doing it by hand, the sheet, seeds."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from ml_core.encoders import load_encoder
from ml_core.events import Artifact, Event
from ml_core.pictures import projection
from ml_core.pictures.text_occlusion import WORD_COLUMNS, word_rows
from ml_core.spec import BadInput
from ml_core.zeroshot.data import open_classification
from tests.ml_core import small_sets
from tests.ml_core.zeroshot.made import Made, metrics_of, run_method, warnings_of
from tests.tiny_models import tiny_clip

KEY = "zeroshot.pictures"
NAMES = ["red ball", "blue cube", "green dog"]
PLOTS = {"confusion", "classes", "tsne", "occlusion", "text_occlusion"}


@pytest.fixture(autouse=True, scope="module")
def few_iterations() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projection, "EARLY", 30)
        patch.setattr(projection, "LATE", 30)
        yield


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path, list[Event]]:
    """Settings, folder and events of one run on nine pictures of three classes."""
    root = tmp_path_factory.mktemp("drawn")
    small_sets.class_folders(root / "set", dict.fromkeys(NAMES, 3))
    captions = {name: [f"small {name} on the street", f"two {name}, near a tree"] for name in NAMES}
    small_sets.write(root / "classes.json", captions)
    rows = [
        {"filename": f"{name}/{k}.jpg", "description": [f"a {NAMES[k]} in the park", "tree"], "predicted_class": None}
        for name in NAMES
        for k in range(3)
    ]
    small_sets.write(root / "images.json", {"predictions": rows})
    values = {
        "data": f"imagefolder:{root / 'set'}",
        "encoder": f"hf:{tiny_clip()}",
        "class_captions": str(root / "classes.json"),
        "image_captions": str(root / "images.json"),
        "alpha": 0.5,
        "beta": 0.4,
        "looked_at": 2,
    }
    return values, root, run_method(KEY, root / "out", **values)


def table(folder: Path, name: str) -> dict[str, list[Any]]:
    return json.loads((folder / "plots" / f"{name}.json").read_text())


def test_what_speaks_for_the_answers_is_kept_where_captions_are_read(
    small: Made, tmp_path: Path, drawn: tuple[dict[str, Any], Path, list[Event]]
) -> None:
    _, root, _ = drawn
    kept = [json.loads(text) for text in pq.read_table(root / "out" / "cases.parquet")["evidence"].to_pylist()]
    assert len(kept) == 9 and all({"right", "given", "picture"} < set(one) for one in kept)
    plain = {"data": small.data, "encoder": small.encoder, "looked_at": 0, "sheet_pictures": 0}
    run_method(KEY, tmp_path, **plain)
    assert "evidence" not in pq.read_table(tmp_path / "cases.parquet").column_names


def test_the_pictures_with_the_worst_margins_are_looked_at(drawn: tuple[dict[str, Any], Path, list[Event]]) -> None:
    _, root, events = drawn
    cases = pq.read_table(root / "out" / "cases.parquet")
    worst = np.argsort(np.array(cases["margin"]), kind="stable")[:2]
    index = table(root / "out", "occlusion")
    assert index["number"] == worst.tolist() and index["given"] == [
        cases["given"][n].as_py()[0] for n in worst.tolist()
    ]
    assert index["squares"] == [225, 225] and index["square"] == [5, 5]
    paths = {event.path for event in events if isinstance(event, Artifact) and event.role == "plot"}
    singles = {f"occlusion_{number}" for number in worst}
    pictures = {f"plots/{name}{tail}.png" for name in singles for tail in ("", "_picture")}
    assert paths == {f"plots/{name}.json" for name in PLOTS | singles} | pictures
    assert all(Image.open(root / "out" / path).size == (224, 224) for path in pictures)
    assert metrics_of(events)["accuracy@1"].n == 9 and "baseline/accuracy@1" in metrics_of(events)


def test_attention_is_what_the_model_says_of_blanked_pictures(drawn: tuple[dict[str, Any], Path, list[Event]]) -> None:
    values, root, _ = drawn
    dataset = open_classification(values["data"]).dataset
    encoder = load_encoder(values["encoder"])
    index = table(root / "out", "occlusion")
    number = index["number"][0]
    squares = table(root / "out", index["table"][0])
    whole = encoder.prepare_bytes(dataset.open_bytes(number))
    for place in (0, 111, 224):
        picture, top, left = whole.copy(), squares["top"][place], squares["left"][place]
        picture[top : top + 5, left : left + 5] = 128
        scores_C = by_hand(values, encoder, number, encoder.encode_images([picture])[0])
        assert squares["given"][place] == scores_C.argmax()
        given = index["given"][0]
        margin = scores_C[given] - np.delete(scores_C, given).max()
        assert squares["margin"][place] == pytest.approx(margin, abs=1e-5)
        assert squares["drop"][place] == pytest.approx(index["margin"][0] - margin, abs=1e-5)


def by_hand(
    values: dict[str, Any], encoder: Any, number: int, image: np.ndarray, changed: dict[str, str] | None = None
) -> np.ndarray:
    """The fusion on paper for one picture, with some captions changed."""
    changed = changed or {}

    def mixed(texts: list[str], owner: np.ndarray) -> np.ndarray:
        rows = encoder.encode_texts(texts).astype(np.float64)
        weights = np.exp(rows @ owner / 0.1)
        total = (weights[:, None] * rows).sum(0)
        return total / np.linalg.norm(total)

    def plus(base: np.ndarray, added: np.ndarray, share: float) -> np.ndarray:
        total = (1 - share) * base + share * added
        return total / np.linalg.norm(total)

    of_image = json.loads(Path(values["image_captions"]).read_text())["predictions"][list_order(values)[number]]
    captions = [changed.get(text, text) for text in of_image["description"]]
    picture = plus(image, mixed(captions, image), 0.4)
    scores = []
    for name, texts in sorted(json.loads(Path(values["class_captions"]).read_text()).items()):
        prompt = encoder.encode_texts([f"An image of a {name}"])[0]
        sentences = [f"An image of a {name}. {changed.get(text, text)}" for text in texts]
        scores.append(picture @ plus(prompt, mixed(sentences, prompt), 0.5))
    return np.array(scores)


def list_order(values: dict[str, Any]) -> list[int]:
    """The place of each picture of the data set in the file of captions."""
    names = open_classification(values["data"]).dataset.file_names
    rows = json.loads(Path(values["image_captions"]).read_text())["predictions"]
    return [next(place for place, row in enumerate(rows) if row["filename"] == name) for name in names]


def test_words_left_out_are_what_the_changed_captions_give(drawn: tuple[dict[str, Any], Path, list[Event]]) -> None:
    values, root, _ = drawn
    dataset = open_classification(values["data"]).dataset
    encoder = load_encoder(values["encoder"])
    packed = table(root / "out", "text_occlusion")
    rows = dict(zip(WORD_COLUMNS, zip(*word_rows(packed), strict=True), strict=True))
    assert set(rows["side"]) == {"picture", "class"} and "tree" not in rows["text"]
    assert len(packed["texts"]) == len(set(packed["texts"])) < len(packed["captions"]["text"])
    for place in (0, len(rows["word"]) // 2, len(rows["word"]) - 1):
        number, text = rows["number"][place], rows["text"][place]
        assert text[rows["start"][place] : rows["end"][place]] == rows["word"][place]
        left = " ".join((text[: rows["start"][place]] + text[rows["end"][place] :]).split()).replace(" ,", ",")
        image = encoder.encode_images([encoder.prepare_bytes(dataset.open_bytes(number))])[0]
        before = by_hand(values, encoder, number, image)
        after = by_hand(values, encoder, number, image, {text: left})
        given = int(before.argmax())
        drop = (before[given] - np.delete(before, given).max()) - (after[given] - np.delete(after, given).max())
        assert rows["drop"][place] == pytest.approx(drop, abs=1e-5)
        assert rows["flips"][place] == (after.argmax() != given)


def test_one_sheet_holds_every_kind_of_vector(drawn: tuple[dict[str, Any], Path, list[Event]]) -> None:
    _, root, _ = drawn
    sheet = table(root / "out", "tsne")
    kinds = Counter(zip(sheet["kind"], sheet["side"], strict=True))
    assert kinds == {
        ("domain", "class"): 3,
        ("photo", "picture"): 9,
        ("caption", "class"): 6,
        ("caption", "picture"): 18,
        ("fused", "class"): 3,
        ("fused", "picture"): 9,
    }
    assert np.isfinite([sheet["x"], sheet["y"]]).all()
    for side, number, item, name in zip(*(sheet[key] for key in ("side", "picture", "item", "name")), strict=True):
        assert (number is None) == (side == "class")
        assert item is None if number is None else item.startswith(f"{name}/")


def test_the_same_seed_gives_the_same_numbers(drawn: tuple[dict[str, Any], Path, list[Event]], tmp_path: Path) -> None:
    values, root, _ = drawn
    run_method(KEY, tmp_path, **values)
    for path in sorted((root / "out" / "plots").iterdir()):
        assert (tmp_path / "plots" / path.name).read_bytes() == path.read_bytes(), path.name


def test_pictures_may_be_named_and_the_true_class_watched_by_flips(
    drawn: tuple[dict[str, Any], Path, list[Event]], tmp_path: Path
) -> None:
    plain = {key: drawn[0][key] for key in ("data", "encoder")}
    chosen = {"items": ["green dog/1.jpg"], "about": "true", "mode": "flip", "sheet_pictures": 0, "square": 16}
    events = run_method(KEY, tmp_path, **plain, **chosen)
    index = table(tmp_path, "occlusion")
    assert index["item"] == ["green dog/1.jpg"] and index["about_name"] == ["green dog"] and index["squares"] == [9]
    assert not (tmp_path / "plots" / "tsne.json").exists() and not (tmp_path / "plots" / "text_occlusion.json").exists()
    assert "baseline/accuracy@1" not in metrics_of(events)


@pytest.mark.parametrize(
    ("values", "field"),
    [({"items": "red ball/9.jpg, x"}, "items"), ({"square": 33}, "square"), ({"stride": 9}, "stride")],
)
def test_what_cannot_be_looked_at_is_refused(
    drawn: tuple[dict[str, Any], Path, list[Event]], tmp_path: Path, values: dict[str, Any], field: str
) -> None:
    plain = {key: drawn[0][key] for key in ("data", "encoder")}
    with pytest.raises(BadInput) as caught:
        run_method(KEY, tmp_path, **plain, **values, sheet_pictures=0)
    assert caught.value.field == field and not any(tmp_path.iterdir())


def test_recorded_embeddings_have_a_sheet_and_no_attention(small: Made, tmp_path: Path) -> None:
    captions = {"class_captions": small.class_file, "image_captions": small.image_file}
    sampled = {"sheet_pictures": 10, "sheet_captions": 12}
    events = run_method(KEY, tmp_path, data=small.data, encoder=small.encoder, **captions, **sampled)
    assert any("no model that could look" in warning for warning in warnings_of(events))
    sheet = table(tmp_path, "tsne")
    assert sheet["kind"].count("photo") == 10 and sheet["kind"].count("caption") == 12
    classified = run_method("synce.classify", tmp_path / "same", data=small.data, encoder=small.encoder, **captions)
    assert metrics_of(events) == metrics_of(classified)
