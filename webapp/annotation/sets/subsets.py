"""The queries of a set, category by category, as the files that a run's `subset` reads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.corpora.files import store
from webapp.corpora.models import Caption, Item
from webapp.experiments.cases.queries import cases_numbered

PREFIX = "sets"
WHOLE = "all"


def subset_key(set_id: int, name: str) -> str:
    """Where the store keeps the queries of one category (or WHOLE) of a set."""
    return f"{PREFIX}/{set_id}/{name}.json"


def named_files() -> Iterator[str]:
    """Every file of a set that there is, for the sweep: one whose freezing was killed has files and no row."""
    found = store().list(PREFIX)
    there = {str(number) for number in AnalysisSet.objects.values_list("pk", flat=True)}
    return (key for key in found if key.split("/")[1] in there)


def write_subsets(made: AnalysisSet) -> None:
    """One file for each category and subtype that the set has, and one for all of it; none where no run is behind it.

    A query is named as `retrieval.evaluate` names it: a caption's id for text → image, a picture's for image → text.
    Each file says the category of its queries, too: `retrieval.improve` learns from them.
    """
    campaign = made.campaign
    if campaign.run is None or campaign.corpus_id is None:
        return
    items = list(AnalysisItem.objects.filter(analysis_set=made, case_number__isnull=False))
    rows = {row.number: row for row in cases_numbered(campaign.run, [item.case_number or 0 for item in items])}
    captions = _names(Caption, campaign.corpus_id, [r.prompt for r in rows.values() if r.direction == "t2i"])
    pictures = _names(Item, campaign.corpus_id, [r.prompt for r in rows.values() if r.direction == "i2t"])
    queries: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: {"t2i": {}, "i2t": {}})
    for item in items:
        row = rows.get(item.case_number or 0)
        names = {"t2i": captions, "i2t": pictures}.get(row.direction) if row else None
        if row is None or names is None or row.prompt not in names:
            continue
        for name in filter(None, (WHOLE, item.category, item.subtype)):
            queries[name][row.direction][names[row.prompt]] = item.category
    for name, ways in queries.items():
        content = {"name": name, "categories": ways} | {way: sorted(ids) for way, ids in ways.items() if ids}
        store().write_bytes(subset_key(made.pk, name), json.dumps(content).encode())


def _names(kind: type[Caption] | type[Item], corpus_id: int, numbers: list[int]) -> dict[int, str]:
    found = kind.objects.filter(corpus_id=corpus_id, number__in=numbers)
    return dict(found.values_list("number", "external_id"))
