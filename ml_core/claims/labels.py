"""How labels are distributed over categories, subtypes and origins; which query each belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from ml_core.claims.outcomes import Field
from ml_core.claims.plain import plain
from ml_core.claims.plan import Label
from ml_core.metrics.uncertainty import Estimate, wilson
from ml_core.spec import BadInput


def distribution(labels: Sequence[Label], fields: Mapping[str, Field]) -> dict[str, Any]:
    """Counts and shares (Wilson) of the labelled sample, unweighted: {"n", "categories", "subtypes", "origins"}.

    BadInput where a query is labelled twice, or is in no run though its direction is compared.
    """
    _check(labels, fields)
    categories = Counter(label.category for label in labels)
    subtypes = Counter((label.category, label.subtype) for label in labels if label.subtype)
    return {
        "n": len(labels),
        "categories": {
            name: {"count": count, "share": _share(count, len(labels))} for name, count in sorted(categories.items())
        },
        "subtypes": {
            f"{category}/{name}": {"count": count, "share": _share(count, categories[category])}
            for (category, name), count in sorted(subtypes.items())
        },
        "origins": dict(sorted(Counter(label.origin for label in labels).items())),
    }


def _share(count: int, n: int) -> dict[str, Any]:
    return plain(Estimate(count / n, *wilson(count, n), n))


def _check(labels: Sequence[Label], fields: Mapping[str, Field]) -> None:
    twice = [key for key, times in Counter((label.direction, label.query) for label in labels).items() if times > 1]
    if twice:
        raise BadInput(f"query {twice[0][1]} ({twice[0][0]}) is labelled twice; keep one label a query", field="labels")
    for way, field in fields.items():
        own = {label.query for label in labels if label.direction == way}
        if unknown := sorted(own.difference(field.id_Q)):
            shown = ", ".join(unknown[:5]) + (", …" if len(unknown) > 5 else "")
            raise BadInput(f"{len(unknown):,} labelled queries ({way}) are in no run: {shown}", field="labels")
