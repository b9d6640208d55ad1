"""Introduces claims.verify: whether the numbers of a claim bundle follow from what is in it."""

from __future__ import annotations

from ml_core.spec import Card, Spec, setting


class ClaimsVerify(Spec):
    """Which bundle is checked, and how closely."""

    bundle: str = setting(
        ..., "Claim bundle, as downloaded from a comparison.", group="Claim", reference="file", min_length=1
    )
    tolerance: float = setting(
        1e-9,
        "Largest difference between a stated and a recomputed number that counts as none; relative above 1.",
        group="Claim",
        ge=0,
        le=0.01,
        advanced=True,
    )


CARD = Card(
    key="claims.verify",
    title="Verify a claim",
    summary="Recomputes every number of a claim bundle from its outcomes and labels, and says where one differs.",
    spec=ClaimsVerify,
    entry="ml_core.claims.verify:run",
    headline="differing",
    higher_is_better=False,
    web=False,
)
