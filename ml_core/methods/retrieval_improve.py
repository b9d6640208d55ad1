"""Introduces retrieval.improve: what templates, words in captions and categories repair without training, and break."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ml_core.encoded import Encoded
from ml_core.spec import Card, Spec, setting

K = Annotated[int, Field(ge=1, le=100_000)]
TemplateSet = Literal["none", "photo", "showing", "mixed", "category"]
Pooling = Literal["embeddings", "mean", "max", "logsumexp"]
Tau = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1)]


class Improved(Spec):
    """Pictures, model, the means of improving and the bootstrap."""

    data: str = setting(
        ...,
        "Pictures with captions to search in.",
        group="What is improved",
        reference="dataset",
        accepts=("retrieval",),
        min_length=1,
    )
    encoder: str = setting(
        ...,
        "Model that turns pictures and texts into vectors.",
        group="What is improved",
        reference="encoder",
        min_length=1,
    )
    subset: str = setting(
        "",
        "Queries to report on their own as well, beside all of them.",
        group="What is improved",
        reference="subset",
    )
    overlap: Literal["refuse", "content", "allow"] = setting(
        "refuse",
        "What to do about pictures that the encoder was trained on, by id or bytes: refuse; refuse by bytes (content)"
        " alone, where equal ids mean different pictures; or allow, which marks every number as not held out.",
        group="What is improved",
        advanced=True,
    )
    templates: TemplateSet = setting(
        "mixed",
        "Sentences that each caption is put into; “category” chooses them by the category predicted from the caption.",
        group="Templates",
    )
    k_templates: int = setting(
        0, "How many templates of the set are used, from the first on; 0 uses all.", group="Templates", ge=0, le=16
    )
    pooling: Pooling = setting(
        "mean", "How a caption's templates become one answer: by their vectors or by their scores.", group="Templates"
    )
    tau: Tau = setting(
        1.0,
        "Softness of logsumexp on the logit scale (cosine × 100): small is like max, large like mean.",
        group="Templates",
        unit="logits",
    )
    labels: str = setting(
        "",
        "Labelled failures from which categories are learnt; a whole analysis set. Needed for “category”.",
        group="Templates",
        reference="subset",
    )
    folds: int = setting(
        5,
        "Parts that labelled pictures are split into: a caption's category comes from the other parts.",
        group="Templates",
        advanced=True,
        ge=2,
        le=50,
    )
    lexical: Literal["off", "neighbours", "captions", "generated"] = setting(
        "off",
        "Re-ranks the first answers by words that they share with the query: in captions of pictures like them, in"
        " their own (never those of the query's own picture, which then has none), or in generated ones.",
        group="Words in captions",
    )
    neighbours: int = setting(
        5,
        "Pictures most like an answer whose captions speak for it.",
        group="Words in captions",
        unit="pictures",
        advanced=True,
        ge=1,
        le=50,
    )
    generated: str = setting(
        "", "File with generated captions of the pictures.", group="Words in captions", reference="file"
    )
    top: int = setting(
        50, "First answers that are re-ranked.", group="Words in captions", unit="answers", ge=2, le=1000
    )
    weight: Weight = setting(
        0.3, "Share of the words in the new score; the model has the rest.", group="Words in captions"
    )
    ngrams: int = setting(
        1, "Longest run of words that counts as one.", group="Words in captions", advanced=True, ge=1, le=3
    )
    search: bool = setting(
        False,
        "Look for the best settings on a part of the pictures, and report on the others alone.",
        group="Search",
    )
    dev_share: float = setting(
        0.3, "Share of the pictures on which settings are searched.", group="Search", ge=0.05, le=0.9, advanced=True
    )
    search_templates: tuple[Literal["none", "photo", "showing", "mixed"], ...] = setting(
        ("none", "photo", "showing", "mixed"),
        "Template sets that are tried.",
        group="Search",
        advanced=True,
        min_length=1,
    )
    search_poolings: tuple[Pooling, ...] = setting(
        ("mean", "max", "logsumexp"), "Poolings that are tried.", group="Search", advanced=True, min_length=1
    )
    search_taus: tuple[Tau, ...] = setting(
        (0.5, 2.0),
        "Softnesses of logsumexp that are tried.",
        group="Search",
        advanced=True,
        min_length=1,
        max_length=20,
    )
    search_weights: tuple[Weight, ...] = setting(
        (0.1, 0.3, 0.5),
        "Shares of the words that are tried, beside none.",
        group="Search",
        advanced=True,
        min_length=1,
        max_length=20,
    )
    ks: tuple[K, ...] = setting(
        (1, 5, 10), "Depths at which recall is reported.", group="Numbers", min_length=1, max_length=50
    )
    resamples: int = setting(
        2000, "Bootstrap resamples behind each interval; whole pictures are drawn.", group="Numbers", ge=100, le=100_000
    )
    seed: int = setting(0, "Seed of the bootstrap, the splits and the control.", group="Numbers", ge=0, le=2**31 - 1)
    control: bool = setting(
        False,
        "Report the control in place of the improvement: as large a change, at random. Comparisons hold others to it.",
        group="Numbers",
        advanced=True,
    )
    keep: int = setting(10, "First answers kept for every query.", group="Numbers", unit="answers", ge=1, le=100)
    near_duplicate: float = setting(
        0.95,
        "Two pictures whose vectors are so alike (cosine) or more are near duplicates; recall is told with and without"
        " the queries for them.",
        group="Numbers",
        advanced=True,
        gt=0,
        le=1,
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.templates == "category" and not self.labels:
            raise ValueError("templates by category need labels: name an analysis set")
        if self.lexical == "generated" and not self.generated:
            raise ValueError("re-ranking by generated captions needs the file that holds them")
        return self


class RetrievalImprove(Encoded, Improved):
    """What is improved on what, by which means, and how the numbers are made."""


CARD = Card(
    key="retrieval.improve",
    title="Improvement without training",
    summary="Puts captions into templates and re-ranks by words, and says what that repairs and what it breaks.",
    spec=RetrievalImprove,
    entry="ml_core.retrieval.improving.run:run",
    queue="gpu",
    headline="t2i/recall@1",
    presets={
        "standard": {},
        "templates and words": {"lexical": "neighbours"},
        "search": {"search": True, "lexical": "neighbours"},
    },
    leaves_cases=True,
)
