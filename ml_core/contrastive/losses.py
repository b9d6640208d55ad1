"""Contrastive losses on a batch of pictures and texts."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

LARGEST_SCALE = 100.0  # 1 / temperature; CLIP's limit (Radford et al. 2021, section 2.5)


def info_nce(images_BE: Tensor, texts_BE: Tensor, scale: Tensor, positives_BB: Tensor | None = None) -> Tensor:
    """Symmetric InfoNCE of unit rows: the mean of picture→text and text→picture cross-entropy.

    `scale` is 1 / temperature. `positives_BB[i, j]` says that text j is true of picture i (the diagonal always is);
    a row's target is then uniform over its positives, so a second caption of one picture is no false negative.
    Sources: Oord et al. 2018; Radford et al. 2021; several positives as in Khosla et al. 2020, equation 2.
    """
    logits_BB = scale * images_BE.float() @ texts_BE.float().T
    if positives_BB is None:
        target_B = torch.arange(len(logits_BB), device=logits_BB.device)
        both = (nn.functional.cross_entropy(logits, target_B) for logits in (logits_BB, logits_BB.T))
        return sum(both, start=logits_BB.new_zeros(())) / 2
    return (_against(logits_BB, positives_BB) + _against(logits_BB.T, positives_BB.T)) / 2


def _against(logits_BB: Tensor, positives_BB: Tensor) -> Tensor:
    weights_BB = positives_BB.to(logits_BB.dtype)
    weights_BB = weights_BB / weights_BB.sum(dim=1, keepdim=True)
    return -(weights_BB * logits_BB.log_softmax(dim=1)).sum(dim=1).mean()


def same_group(groups_B: Tensor) -> Tensor:
    """(B, B): where two members of a batch belong to one group (one picture, one wording)."""
    return groups_B[:, None] == groups_B[None, :]


@torch.no_grad()
def clamp_scale(log_scale: Tensor) -> None:
    """Keeps a learned log(1 / temperature) between temperatures 1 and 0.01, in place."""
    log_scale.clamp_(0.0, math.log(LARGEST_SCALE))
