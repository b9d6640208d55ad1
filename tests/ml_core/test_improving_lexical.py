"""Re-ranking by words: cosines of TF-IDF, never the query's own captions, the no-op, generated captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from ml_core.datasets.opening import open_dataset
from ml_core.retrieval.blocks import Ranked, rank_both
from ml_core.retrieval.improving.generated import read_generated
from ml_core.retrieval.improving.lexical import Words, captions_of, neighbours, reranked
from ml_core.retrieval.pairs import Pairs, unit_rows
from ml_core.spec import BadInput
from tests.ml_core import small_sets

CAPTIONS = ["a red ball", "a ball in the grass", "a blue cube", "two cubes", "a red dog runs", "dog and ball"]
ITEMS_M = np.array([0, 0, 1, 1, 2, 2])


def ranked(scores_QK: Any, right_Q: Any, score_Q: Any = None, rank_Q: Any = None) -> Ranked:
    """Queries whose answers are 0, 1, 2 … in this order, with these scores."""
    scores_QK = np.asarray(scores_QK, np.float32)
    given_QK = np.tile(np.arange(scores_QK.shape[1], dtype=np.int32), (len(scores_QK), 1))
    right_Q = np.asarray(right_Q, np.int32)
    inside_Q = right_Q < scores_QK.shape[1]
    score_Q = scores_QK[np.arange(len(right_Q)), np.where(inside_Q, right_Q, 0)] if score_Q is None else score_Q
    rank_Q = right_Q + 1 if rank_Q is None else rank_Q
    return Ranked(np.arange(len(right_Q), dtype=np.int32), right_Q, np.asarray(score_Q, np.float32),
                  np.asarray(rank_Q, np.int32), given_QK, scores_QK)  # fmt: skip


def test_what_words_say_is_the_cosine_of_tf_idf() -> None:
    texts_N = captions_of(CAPTIONS, ITEMS_M, 3)
    words = Words(CAPTIONS, texts_N, np.full(6, -1))
    vectoriser = TfidfVectorizer().fit(texts_N)
    expected = (vectoriser.transform(CAPTIONS) @ vectoriser.transform(texts_N).T).toarray()
    images_QT = np.tile(np.arange(3), (6, 1))
    assert np.allclose(words.scores(np.arange(6), images_QT), expected, atol=1e-6)


def test_captions_of_the_querys_own_picture_have_no_say() -> None:
    images_QT = np.tile(np.arange(3), (6, 1))
    found = Words(CAPTIONS, captions_of(CAPTIONS, ITEMS_M, 3), ITEMS_M).scores(np.arange(6), images_QT)
    others = [[n for n in range(3) if n != item] for item in ITEMS_M]
    for query, item in enumerate(ITEMS_M):
        assert found[query, item] == pytest.approx(found[query, others[query]].mean())


def test_the_query_itself_may_say_anything_without_helping_its_own_picture() -> None:
    """Were its own captions heard, a word that no other caption has would lift the right picture to the top."""
    strange = ["zyzzyva a red ball", *CAPTIONS[1:]]
    images_QT = np.array([[0, 1, 2]])
    found = Words(strange, captions_of(strange, ITEMS_M, 3), ITEMS_M).scores(np.array([0]), images_QT)[0]
    assert found[0] < found.max()


def test_a_picture_without_a_text_is_like_the_mean_of_the_others() -> None:
    found = Words(["red ball"], ["red ball", "blue cube", ""], np.array([-1])).scores(
        np.array([0]), np.array([[0, 1, 2]])
    )
    assert found[0].tolist() == pytest.approx([1, 0, 0.5])


def test_neighbours_speak_for_a_picture_and_the_querys_own_never_does() -> None:
    """Against every cosine worked out one by one."""
    rng = np.random.default_rng(3)
    vocabulary = np.array(["red", "blue", "ball", "cube", "dog", "cat", "tree", "runs"])
    captions = [" ".join(rng.choice(vocabulary, 3)) for _ in range(24)]
    items_M = np.repeat(np.arange(12), 2)
    images_NE = unit_rows(rng.standard_normal((12, 6)))
    order = np.arange(24)
    base = Pairs(images_NE, unit_rows(rng.standard_normal((24, 6))), items_M, order[:12], order)
    near_NJ = neighbours(base, 9)
    alike_NN = images_NE @ images_NE.T - 9 * np.eye(12)
    assert np.array_equal(near_NJ, np.argsort(-alike_NN, axis=1)[:, :9])
    texts_N = captions_of(captions, items_M, 12)
    vectoriser = TfidfVectorizer().fit(texts_N)
    cosines_MN = (vectoriser.transform(captions) @ vectoriser.transform(texts_N).T).toarray()
    answers_QT = np.stack([rng.permutation(12)[:5] for _ in captions])
    found = Words(captions, texts_N, items_M, like_NJ=near_NJ, speakers=3).scores(np.arange(24), answers_QT)
    for query, own in enumerate(items_M):
        for place, picture in enumerate(answers_QT[query]):
            speak = [n for n in near_NJ[picture] if n != own and n not in answers_QT[query]][:3]
            assert found[query, place] == pytest.approx(cosines_MN[query, speak].mean(), abs=1e-6)


def test_neighbours_do_not_give_away_which_of_two_like_pictures_is_right() -> None:
    """Pictures in pairs whose captions could be either's: nothing tells them apart, so half are right."""
    rng = np.random.default_rng(11)
    pictures = 400
    pair_N = np.arange(pictures) // 2
    images_NE = unit_rows(rng.standard_normal((pictures // 2, 24))[pair_N] + 0.05 * rng.standard_normal((pictures, 24)))
    captions = [" ".join(f"w{pair}x{rng.integers(4)}" for _ in range(4)) + f" c{pair % 20}" for pair in pair_N]
    items_M = np.arange(pictures)
    texts_ME = unit_rows(images_NE + images_NE[items_M ^ 1] + 0.2 * rng.standard_normal(images_NE.shape))
    base = Pairs(images_NE, texts_ME, items_M, items_M, items_M)
    found = rank_both(base, keep=10)[0]
    words = Words(captions, captions, items_M, like_NJ=neighbours(base, 16), speakers=5)
    after = reranked(found, words.scores(items_M, found.given_QK), 0.6)
    among = (after.given_QK[:, 0] // 2) == pair_N
    assert among.sum() > 100
    assert 0.4 < (after.rank_Q[among] == 1).mean() < 0.6


def test_a_picture_without_captions_speaks_for_none() -> None:
    images_NE = unit_rows(np.ones((4, 3)) + 0.1 * np.eye(4, 3))
    base = Pairs(images_NE, images_NE[:3], np.array([0, 1, 2]), np.arange(4), np.arange(3))
    near_NJ = neighbours(base, 5)
    assert near_NJ.shape == (4, 2) and 3 not in near_NJ
    assert not (near_NJ == np.arange(4)[:, None]).any()


def test_texts_without_a_word_are_refused() -> None:
    with pytest.raises(BadInput, match="no words"):
        Words(["a"], ["", ". ."], np.array([-1]))


def test_a_weight_of_nothing_changes_nothing() -> None:
    before = ranked([[0.5, 0.4, 0.4, 0.1]], [2])
    assert reranked(before, np.array([[0.0, 0, 0, 1]]), 0.0) is before


@pytest.mark.parametrize("weight", [0.1, 0.5, 1.0])
def test_words_that_say_the_same_of_all_change_no_order(weight: float) -> None:
    before = ranked([[0.5, 0.4, 0.4, 0.1], [0.3, 0.3, 0.3, 0.3]], [2, 3])
    after = reranked(before, np.full((2, 4), 0.7), weight)
    assert np.array_equal(after.given_QK, before.given_QK) and np.array_equal(after.rank_Q, before.rank_Q)


def test_words_reorder_the_first_answers_and_the_rest_stays_behind() -> None:
    before = ranked([[0.9, 0.8, 0.7, 0.6, 0.5]], [2])
    after = reranked(before, np.array([[0.0, 0.0, 1.0]]), 0.6)
    assert after.given_QK.tolist() == [[2, 0, 1, 3, 4]]
    assert after.rank_Q.tolist() == [1] and after.score_Q[0] == after.scores_QK[0, 0]
    assert (np.diff(after.scores_QK[0]) <= 0).all() and (after.scores_QK[0, 3:] <= 0).all()
    assert before.given_QK.tolist() == [[0, 1, 2, 3, 4]]


def test_a_right_answer_beyond_the_first_keeps_its_rank() -> None:
    before = ranked([[0.9, 0.8, 0.7]], [70], score_Q=[0.2], rank_Q=[41])
    after = reranked(before, np.array([[0.1, 0.9, 0.0]]), 0.9)
    assert after.rank_Q.tolist() == [41] and after.score_Q[0] <= after.scores_QK.min()


FORMS = {
    "by_name.json": {"1": "a thing", "000000000002.jpg": ["one", "two"], "_meta": {"model": "x"}},
    "coco.json": {"annotations": [{"image_id": 1, "caption": "a thing"}, {"image_id": 2, "caption": "one two"}]},
    "synce.json": {
        "predictions": [
            {"filename": "000000000001.jpg", "description": ["a thing"]},
            {"filename": "000000000002.jpg", "description": ["one", "two"]},
        ]
    },
    "list.json": [{"file_name": "000000000001.jpg", "captions": ["a thing"]}, {"id": "2", "text": "one two"}],
}


@pytest.mark.parametrize("name", [*FORMS, "lines.jsonl"])
def test_generated_captions_are_read_in_the_forms_that_people_have(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(f"coco:{small_sets.coco(tmp_path / 'set')}")
    lines = [json.dumps(row) for row in FORMS["coco.json"]["annotations"]]  # type: ignore[index,call-overload]
    (tmp_path / name).write_text("\n".join(lines) if name.endswith("l") else json.dumps(FORMS[name]))
    assert read_generated(str(tmp_path / name), dataset) == ["a thing", "one two", ""]


def test_generated_captions_that_people_wrote_are_refused(tmp_path: Path) -> None:
    dataset = open_dataset(f"coco:{small_sets.coco(tmp_path / 'set')}")
    path = tmp_path / "set" / "annotations" / "captions.json"
    with pytest.raises(BadInput, match="give the answer away") as refusal:
        read_generated(str(path), dataset)
    assert refusal.value.field == "generated"


@pytest.mark.parametrize(
    ("content", "message"), [("{", "cannot read"), ("[1]", "must hold"), ('{"9": "x"}', "no caption")]
)
def test_files_that_hold_no_generated_captions_are_refused(content: str, message: str, tmp_path: Path) -> None:
    dataset = open_dataset(f"coco:{small_sets.coco(tmp_path / 'set')}")
    (tmp_path / "texts.json").write_text(content)
    with pytest.raises(BadInput, match=message):
        read_generated(str(tmp_path / "texts.json"), dataset)
