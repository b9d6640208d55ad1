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


def test_what_every_part_changes_against_the_settings_as_given_is_a_bar_of_its_own() -> None:
    table = {
        "arm": ["plain", "as-given", "uniform"],
        "accuracy@1": [0.5, 0.6, 0.55],
        "accuracy@1.low": [0.4] * 3,
        "accuracy@1.high": [0.7] * 3,
        "n": [84] * 3,
        "both/net": [-0.1, None, -0.05],
        "both/net.low": [-0.2, None, -0.1],
        "both/net.high": [-0.02, None, 0.01],
    }
    (_, all_of_them), (name, plot) = plots_of({"ablation": table})
    assert all_of_them.x == ("Plain", "As given", "Uniform weights")
    assert name == "plot-ablation-1" and plot.x == ("Plain", "Uniform weights") and plot.format == "points"
    assert plot.series[0].values == (-0.1, -0.05) and plot.series[0].high == (-0.02, 0.01)
