"""The card of `example.count`."""

from typing import Literal

from ml_core.spec import Card, Spec, setting


class CountSpec(Spec):
    """Counts slowly, with a curve, checkpoints and every way to end."""

    steps: int = setting(5, "How far to count.", group="Counting", unit="steps", ge=1, le=100_000)
    pause: float = setting(0.0, "How long a step takes.", group="Counting", unit="seconds", ge=0, le=60)
    seed: int = setting(0, "What the count starts from.", group="Counting", ge=0)
    every: int = setting(2, "Steps between two checkpoints.", group="Counting", unit="steps", ge=1, advanced=True)
    ending: Literal["well", "badly", "refused", "killed", "deaf", "silent", "odd", "huge"] = setting(
        "well", "How the run ends.", group="Ending"
    )
    dataset: str | None = setting(
        None, "A data set to look at.", group="Input", reference="dataset", accepts=("retrieval",)
    )
    source: str | None = setting(
        None, "A run to count on from.", group="Input", reference="run", accepts=("example.count",)
    )
    words: list[str] = setting([], "Words to say.", group="Input", max_length=5)


COUNT = Card(
    key="example.count",
    title="Count",
    summary="Counts to a number and tells how it went.",
    spec=CountSpec,
    entry="nearmiss_example.counting:run",
    headline="total",
    presets={"quick": {"steps": 2}, "slow": {"steps": 20, "pause": 0.1}},
)
