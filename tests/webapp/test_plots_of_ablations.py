"""How the table of an ablation is drawn."""

from __future__ import annotations

from webapp.experiments.plots import plots_of


def test_every_part_is_a_bar_with_its_interval() -> None:
    table = {
        "arm": ["plain", "both", "class-captions=5", "image-captions=1", "tau=0.05", "new one"],
        "accuracy@1": [0.5, 0.6, 0.55, 0.6, 0.5, 0.4],
        "accuracy@1.low": [0.4] * 6,
        "accuracy@1.high": [0.7] * 6,
        "n": [84] * 6,
    }
    ((name, plot),) = plots_of({"ablation": table})
    assert name == "plot-ablation-0" and plot.kind == "bars"
    assert plot.x == ("Plain", "Both sides", "Class captions: 5", "Picture captions: 1", "τ 0.05", "new one")
    assert plot.series[0].values == tuple(table["accuracy@1"]) and plot.series[0].n == (84,) * 6
