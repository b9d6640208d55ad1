"""Lets torchvision be imported beside a torch it was not built for. Import it before open_clip, timm or transformers.

The torchvision wheel is linked against CUDA; beside a CPU-only torch its `_C.so` does not load, `torchvision::nms` is
then unknown, and importing torchvision fails, and with it open_clip and timm. Where the native library loads, nothing
happens here. Where it does not, the two missing operators are declared, `nms` gets a small CPU implementation, and
torchvision is told that it has its operators. `torchvision.io` stays broken; pictures are decoded with Pillow.
"""

from __future__ import annotations

import importlib
import importlib.util
from pathlib import Path

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_library: torch.library.Library | None = None


def non_maximum_suppression(boxes_B4: torch.Tensor, scores_B: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    """Numbers of the boxes (x1, y1, x2, y2) kept, best score first: each drops later ones that overlap it by more."""
    order = scores_B.argsort(descending=True, stable=True)
    area_B = (boxes_B4[:, 2] - boxes_B4[:, 0]) * (boxes_B4[:, 3] - boxes_B4[:, 1])
    kept: list[int] = []
    while order.numel():
        first, rest = order[0], order[1:]
        kept.append(int(first))
        corner = torch.minimum(boxes_B4[first, 2:], boxes_B4[rest, 2:])
        overlap_R2 = (corner - torch.maximum(boxes_B4[first, :2], boxes_B4[rest, :2])).clamp(min=0)
        shared_R = overlap_R2[:, 0] * overlap_R2[:, 1]
        order = rest[shared_R <= iou_threshold * (area_B[first] + area_B[rest] - shared_R)]
    return torch.tensor(kept, dtype=torch.int64, device=boxes_B4.device)


def _native_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        return False
    for path in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(path))
            return True
        except OSError:
            continue
    return False


def _declare() -> None:
    global _library
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + _SCHEMA)
    library.impl("nms", non_maximum_suppression, "CPU")
    _library = library  # its operators vanish with it


def _let_pass() -> None:
    extension = importlib.import_module("torchvision.extension")  # importable only now that the operators are declared
    vars(extension)["_assert_has_ops"] = lambda: None


if importlib.util.find_spec("torchvision") and not _native_loads():
    _declare()
    _let_pass()
