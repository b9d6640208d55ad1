"""Settings that every method shares whose text comes from a model, by fieldset. Light: no arrays."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import model_validator

from ml_core.classifying import Published, expected
from ml_core.spec import Spec, setting

WHAT, WHO, DRAWN, PATIENCE = "What is described", "Who writes", "How it is drawn", "Patience and price"
AGAIN = "Writing some anew"


def writer(method: str = "") -> Any:
    """The setting that says who writes; `method` leaves the captions that may be there already."""
    return setting(
        ...,
        "Model that writes: endpoint:MODEL (the endpoint that an administrator set, or MODEL_API_URL), local:MODEL, or"
        " captions that are there already and are measured (recorded:FILE, in the web a caption file).",
        group=WHO,
        reference="generator",
        accepts=(method,) if method else (),
        min_length=1,
    )


def there_already(method: str = "") -> Any:
    """The setting that names the captions of which some are written anew, as `method` leaves them."""
    return setting(
        "",
        "Captions that are there already, of which some are to be written anew; empty writes all.",
        group=AGAIN,
        reference="file",
        accepts=(method,) if method else (),
        advanced=True,
    )


class Described(Spec):
    """What captions are written of."""

    data: str = setting(
        ...,
        "Data set whose classes or pictures are described.",
        group=WHAT,
        reference="dataset",
        accepts=("classification",),
        min_length=1,
    )
    domain: str = setting(
        "",
        "What all the pictures are, like “military vehicle”; empty takes the data set's own.",
        group=WHAT,
        max_length=200,
    )
    expects: Published = expected(WHAT)


class Asked(Spec):
    """Which model writes, how its words are drawn, how an endpoint is asked and what it charges."""

    generator: str = writer()
    temperature: float = setting(
        0.7, "How freely words are drawn; 0 takes the likeliest each time.", group=DRAWN, ge=0, le=2
    )
    max_tokens: int = setting(1024, "Longest answer.", group=DRAWN, unit="tokens", ge=16, le=32_768, advanced=True)
    seed: int = setting(0, "Seed of what is drawn.", group=DRAWN, ge=0, le=2**31 - 1)
    rounds: int = setting(
        3, "How often a question is asked again for what was missing or could not be read.", group=DRAWN, ge=0, le=20,
        advanced=True,
    )  # fmt: skip
    concurrency: int = setting(4, "Questions to an endpoint at a time.", group=PATIENCE, ge=1, le=64, advanced=True)
    per_minute: float = setting(
        0, "Most questions a minute to an endpoint; 0 sets no limit.", group=PATIENCE, ge=0, le=100_000, advanced=True
    )
    timeout: float = setting(
        120,
        "How long an endpoint may take for an answer.",
        group=PATIENCE,
        unit="seconds",
        ge=1,
        le=3600,
        advanced=True,
    )
    attempts: int = setting(
        6,
        "How often a question is sent to an endpoint that is busy or away.",
        group=PATIENCE,
        ge=1,
        le=20,
        advanced=True,
    )
    price_in: float = setting(
        0, "Price of a million tokens of questions, in your currency.", group=PATIENCE, ge=0, le=1e6, advanced=True
    )
    price_out: float = setting(0, "Price of a million tokens of answers.", group=PATIENCE, ge=0, le=1e6, advanced=True)
    precision: Literal["auto", "fp32", "bf16", "fp16"] = setting(
        "auto", "Number format of models on this machine.", group=PATIENCE, advanced=True
    )
    batch_size: int = setting(
        0, "Questions to a local model at a time; 0 leaves it to the machine.", group=PATIENCE, ge=0, le=1024,
        advanced=True,
    )  # fmt: skip


class Anew(Asked):
    """Which of the captions that are there already are written once more."""

    base: str = there_already()
    only: tuple[str, ...] = setting(
        (),
        "Names of the classes or pictures whose captions are written anew; all others stay as they are.",
        group=AGAIN,
        advanced=True,
    )

    @model_validator(mode="after")
    def _some_of_what_is_there(self) -> Self:
        if bool(self.base) != bool(self.only):
            raise ValueError("“base” and “only” are given together: which captions, and which of them anew")
        if self.only and self.generator.startswith(("recorded:", "captions:")):
            raise ValueError("captions that are there already are measured, not written anew: name a model that writes")
        return self
