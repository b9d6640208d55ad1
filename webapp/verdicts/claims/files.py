"""Where the store keeps claims: `claims/PROJECT/DIGEST.zip`."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.verdicts.models import Claim

PREFIX = "claims"


def claim_key(project_id: int, digest: str) -> str:
    """A claim's file; a project has its own, so that nobody's deleting takes another's."""
    return f"{PREFIX}/{project_id}/{digest}.zip"


def named_files() -> Iterable[str]:
    """Every file that a claim names."""
    return Claim.objects.values_list("key", flat=True)
