"""What the style page shows: plausible numbers that nobody measured, marked as such on the page."""

from __future__ import annotations

from django import forms

from webapp.design.plots import Plot, Series


class SampleForm(forms.Form):
    """One field of every kind."""

    name = forms.CharField(help_text="Shown in lists; leave empty to name it after its settings.", required=False)
    encoder = forms.ChoiceField(
        choices=[("clip", "CLIP ViT-B/32"), ("siglip", "SigLIP SO400M")],
        help_text="What turns pictures and captions into vectors.",
    )
    batch_size = forms.IntegerField(min_value=1, max_value=4096, initial=256, help_text="Pictures encoded at once.")
    learning_rate = forms.FloatField(min_value=0, max_value=1, help_text="How far one step goes.")
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    directions = forms.MultipleChoiceField(
        choices=[("t2i", "Text to image"), ("i2t", "Image to text")],
        widget=forms.CheckboxSelectMultiple,
        initial=["t2i"],
    )
    queue = forms.ChoiceField(
        choices=[("cpu", "CPU"), ("gpu", "GPU")],
        widget=forms.RadioSelect,
        help_text="Without a GPU the worker serves both.",
    )
    keep = forms.BooleanField(label="Keep checkpoints of every epoch", required=False, help_text="About 600 KiB each.")

    batch_size.unit = "pictures"  # type: ignore[attr-defined]


def plots() -> dict[str, Plot]:
    """One plot of each kind."""
    k = (1, 2, 5, 10, 20, 50)
    text = (0.304, 0.402, 0.559, 0.669, 0.767, 0.872)
    image = (0.501, 0.612, 0.750, 0.835, 0.901, 0.957)

    def around(values: tuple[float, ...], by: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return tuple(v - by for v in values), tuple(v + by for v in values)

    ranks = ("1", "2", "3–5", "6–10", "11–20", "21–50", "51–100", "over 100")
    counts = (7611, 2450, 3925, 2750, 2450, 2625, 1410, 1779)
    steps = tuple(range(0, 1200, 24))
    loss = tuple(4.85 * 0.9972**step + 0.55 for step in steps)
    low_t, high_t = around(text, 0.02)
    low_i, high_i = around(image, 0.026)
    return {
        "recall": Plot(
            "curve",
            "Recall@K",
            "K",
            "Recall",
            k,
            (
                Series("Text to image", text, low_t, high_t, (25000,) * 6),
                Series("Image to text", image, low_i, high_i, (5000,) * 6),
            ),
            format="percent",
            x_scale="category",
            y_range=(0, 1),
            note="Bands are 95 % bootstrap intervals over pictures.",
        ),
        "ranks": Plot(
            "histogram",
            "Rank of the wanted picture",
            "Rank",
            "Queries",
            ranks,
            (Series("Queries", counts),),
            format="integer",
        ),
        "fixed": Plot(
            "bars",
            "Recall@1 by kind of failure",
            "Kind",
            "Recall@1",
            ("Attribute", "Action", "Count", "Context", "Spatial", "Object"),
            (
                Series(
                    "Before",
                    (0.21, 0.34, 0.18, 0.42, 0.15, 0.51),
                    (0.17, 0.29, 0.13, 0.36, 0.11, 0.47),
                    (0.25, 0.39, 0.23, 0.48, 0.19, 0.55),
                ),
                Series(
                    "After",
                    (0.33, 0.35, 0.17, 0.44, 0.26, 0.52),
                    (0.28, 0.30, 0.12, 0.38, 0.21, 0.48),
                    (0.38, 0.40, 0.22, 0.50, 0.31, 0.56),
                    tone="repaired",
                ),
            ),
            format="percent",
        ),
        "loss": Plot("curve", "Loss", "Step", "Loss", steps, (Series("Training", loss),), format="decimal"),
    }
