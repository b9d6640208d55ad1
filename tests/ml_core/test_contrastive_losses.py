"""Contrastive losses, against sums written out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import normalize

from ml_core.contrastive.losses import clamp_scale, info_nce, same_group


@pytest.fixture
def rows() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    return normalize(torch.randn(5, 8), dim=-1), normalize(torch.randn(5, 8), dim=-1)


def by_hand(logits: torch.Tensor, positives: list[list[int]]) -> float:
    total = 0.0
    for i, right in enumerate(positives):
        bottom = sum(math.exp(float(value)) for value in logits[i])
        total += -sum(math.log(math.exp(float(logits[i, j])) / bottom) for j in right) / len(right)
    return total / len(positives)


def test_info_nce_is_the_mean_of_both_directions(rows) -> None:
    images, texts = rows
    logits = 7.0 * images @ texts.T
    expected = (by_hand(logits, [[i] for i in range(5)]) + by_hand(logits.T, [[i] for i in range(5)])) / 2
    assert float(info_nce(images, texts, torch.tensor(7.0))) == pytest.approx(expected, rel=1e-5)


def test_with_one_positive_each_both_forms_agree(rows) -> None:
    images, texts = rows
    scale = torch.tensor(9.0)
    several = info_nce(images, texts, scale, torch.eye(5, dtype=torch.bool))
    assert torch.allclose(several, info_nce(images, texts, scale))


def test_two_captions_of_one_picture_share_the_target(rows) -> None:
    images, texts = rows
    positives = same_group(torch.tensor([4, 1, 4, 2, 3]))
    right = [[0, 2], [1], [0, 2], [3], [4]]
    logits = 7.0 * images @ texts.T
    expected = (by_hand(logits, right) + by_hand(logits.T, right)) / 2
    assert float(info_nce(images, texts, torch.tensor(7.0), positives)) == pytest.approx(expected, rel=1e-5)


def test_a_second_caption_of_a_picture_is_not_pushed_away() -> None:
    images = torch.eye(3)[[0, 0, 1]].requires_grad_()
    texts = torch.eye(3)[[0, 0, 1]]
    plain = info_nce(images, texts, torch.tensor(20.0))
    aware = info_nce(images, texts, torch.tensor(20.0), same_group(torch.tensor([0, 0, 1])))
    assert aware.item() == pytest.approx(plain.item())  # equal halves: log 2 each, but with no pull between the two
    (pull,) = torch.autograd.grad(aware, images)
    assert torch.allclose(pull[0], pull[1], atol=1e-6)


def test_perfect_pairs_at_a_low_temperature_cost_nothing() -> None:
    assert float(info_nce(torch.eye(4), torch.eye(4), torch.tensor(100.0))) < 1e-6


def test_the_temperature_stays_between_one_and_a_hundredth() -> None:
    for start, kept in ((-2.0, 0.0), (3.0, 3.0), (9.0, math.log(100))):
        scale = torch.nn.Parameter(torch.tensor(start))
        clamp_scale(scale)
        assert scale.item() == pytest.approx(kept)
