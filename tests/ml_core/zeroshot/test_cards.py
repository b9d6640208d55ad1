"""The cards of classification: presets that can be chosen, models that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

import ml_core.encoders.torchvision_ops  # noqa: F401  before open_clip imports torchvision

# isort: split
import open_clip

from ml_core.classifying import ENCODERS, KNOWN_SETS
from ml_core.methods import card
from ml_core.zeroshot.known import KNOWN

KEYS = ("zeroshot.evaluate", "synce.classify", "synce.sweep", "synce.ablate", "core.classify", "wdys.classify")


@pytest.mark.parametrize("key", KEYS)
def test_every_preset_is_a_valid_choice(key: str) -> None:
    found = card(key)
    for values in found.presets.values():
        found.parse({"data": "imagefolder:x", "encoder": "hf:x"} | values)
    assert {found.presets[known.title]["expects"] for known in KNOWN.values()} == set(KNOWN_SETS)


def test_the_large_preset_has_as_many_points_as_the_published_grid() -> None:
    grid = card("synce.sweep").presets["3,024 points"]
    assert len(grid["alphas"]) * len(grid["betas"]) * len(grid["taus_t2t"]) * len(grid["taus_i2t"]) == 3024


def test_models_of_presets_are_known_by_name() -> None:
    for values in ENCODERS.values():
        family, _, rest = values["encoder"].partition(":")
        if family == "open_clip":
            name, _, tag = rest.partition("/")
            assert tag in open_clip.list_pretrained_tags_by_model(name)


def test_the_page_tells_the_published_figures() -> None:
    assert tuple(KNOWN) == KNOWN_SETS
    page = (Path(__file__).parents[3] / "docs" / "zeroshot.md").read_text("utf-8")
    for known in KNOWN.values():
        row = next(line for line in page.splitlines() if line.startswith(f"| {known.title}") and line.count("|") == 5)
        figures = ["–" if value is None else f"{value:.2f}" for value in known.accuracy]
        assert [cell.strip() for cell in row.split("|")][2:5] == figures
        assert known.domain in page and all(figure in known.published for figure in figures if figure != "–")
