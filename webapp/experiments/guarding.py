"""Whether the model that a run is to evaluate was trained on what it is evaluated on, looked up before it is launched.

The method looks once more, at what the model itself says it saw (`ml_core.datasets.held_out`); here a person is told
while the form is still open, and before a training that others wait for has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ml_core.datasets.choosing import chosen
from ml_core.datasets.overlap import FILE, Content, Overlap, Policy, Seen, content_of, read_seen, shared
from ml_core.methods import cards
from ml_core.spec import BadInput, Card
from webapp.accounts.models import Project
from webapp.corpora.models import Corpus, Item
from webapp.experiments import references
from webapp.experiments.files import store
from webapp.experiments.models import Artifact, Run

HELD_OUT, SEEN = "held_out", "seen_in_training"  # what the method says of it, in a run's provenance
NEEDED = {"data", "encoder", "overlap"}
_LONGEST_LINE = 20  # trainings that went on from each other
_EXAMPLES = 3


def problems(project: Project, card: Card, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(field, sentence) where the encoder is a run of this project that was trained on the data set; else nothing."""
    policy: Policy = values.get("overlap", "refuse")
    if not set(card.spec.model_fields) >= NEEDED or policy not in ("refuse", "content"):
        return []
    try:
        data, encoder = _named(card, values, "data"), _named(card, values, "encoder")
    except BadInput:
        return []  # told at its field already
    if data is None or encoder is None or encoder.kind != "run":
        return []
    corpus = Corpus.objects.filter(project=project, pk=data.number).first()
    if corpus is None:
        return []
    evaluated = _evaluated(corpus, data.options)
    for run in _trainings(project, encoder.number):
        if found := _in_common(run, evaluated, policy):
            return [("encoder", sentence(run, found))]
    return []


def sentence(run: Run, found: Overlap) -> str:
    """How much of it was seen, with examples, and the ways out."""
    parts = []
    for names, text in (
        (found.ids, ngettext("%(n)s picture has the same id", "%(n)s pictures have the same id", len(found.ids))),
        (
            found.hashes,
            ngettext("%(n)s picture has the same content", "%(n)s pictures have the same content", len(found.hashes)),
        ),
        (found.families, ngettext("%(n)s scene has siblings", "%(n)s scenes have siblings", len(found.families))),
    ):
        if names:
            examples = ", ".join(name[:24] for name in names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")
            parts.append(f"{text % {'n': format(len(names), ',')}} ({examples})")
    told = _("Run %(run)d was trained on what it would be evaluated on: %(found)s.") % {
        "run": run.pk,
        "found": "; ".join(parts),
    }
    told += " " + _("Choose pictures that it has not seen.")
    if found.ids and not found.hashes and not found.families:
        told += " " + _("Where the ids of the two sets have nothing to do with each other, set overlap to content.")
    return f"{told} {_('With overlap set to allow it goes on, and every number is marked as not held out.')}"


def _named(card: Card, values: Mapping[str, Any], field: str) -> references.Named | None:
    """What a field of a spec names; None where it is empty."""
    extra, text = references.reference_fields(card).get(field), values.get(field)
    return references.parse(field, str(text), extra) if extra and text else None


def _evaluated(corpus: Corpus, options: Mapping[str, str]) -> Content:
    """The pictures of a data set, or of a sample of it. A set that is still coming in has none yet."""
    rows = list(Item.objects.filter(corpus=corpus).order_by("number").values_list("external_id", "file_hash"))
    kept = _sample([name for name, _hash in rows], options)
    return content_of([rows[place][0] for place in kept], [rows[place][1] for place in kept], scenes=_scenes(corpus))


def _sample(ids: list[str], options: Mapping[str, str]) -> list[int]:
    size = options.get("sample")
    return chosen(ids, int(size) if size else None, int(options.get("seed") or 0))


def _scenes(corpus: Corpus) -> bool:
    return bool(corpus.about.get("simulated"))


def _trainings(project: Project, number: int) -> Iterator[Run]:
    """The run that left the model, and those whose models it went on from."""
    run = Run.objects.filter(project=project, pk=number).first()
    for _turn in range(_LONGEST_LINE):
        if run is None:
            return
        yield run
        earlier = run.inputs.filter(field="start", source_run__isnull=False).select_related("source_run").first()
        run = earlier.source_run if earlier else None


def _in_common(run: Run, evaluated: Content, policy: Policy) -> Overlap:
    """What a training and the evaluation share: by what the model says it saw where it is there, else by the rows of
    its data set, without those that its held-out set took out of training."""
    card = cards().get(run.method)
    data = _trained_data(run, card, "data")
    if data is None:
        return Overlap()
    found = shared(_matching(*data, evaluated), evaluated, policy)
    if not found:
        return found
    if seen := seen_of(run):
        return shared(seen.train, evaluated, policy)
    if val := _trained_data(run, card, "val_data"):
        away = _matching(*val, evaluated)
        left = _matching(*data, evaluated)
        return shared(
            Content(left.ids - away.ids, left.hashes - away.hashes, left.families - away.families), evaluated, policy
        )
    return found


def _trained_data(run: Run, card: Card | None, field: str) -> tuple[Corpus, dict[str, str]] | None:
    """A data set that a training reads, with how it was sampled."""
    needed = run.inputs.filter(field=field, corpus__isnull=False).select_related("corpus").first()
    if needed is None or needed.corpus is None or card is None:
        return None
    named = _named(card, run.spec, field)
    return needed.corpus, named.options if named else {}


def _matching(corpus: Corpus, options: Mapping[str, str], evaluated: Content) -> Content:
    """Those pictures of a data set that the evaluated ones share something with."""
    scenes = _scenes(corpus)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT external_id, file_hash FROM corpora_item WHERE corpus_id = %s AND (external_id = ANY(%s)"
            " OR left(file_hash, 32) = ANY(%s) OR regexp_replace(external_id, '-[^-]*$', '') = ANY(%s))",
            [corpus.pk, list(evaluated.ids), list(evaluated.hashes), list(evaluated.families if scenes else ())],
        )
        rows = cursor.fetchall()
    if rows and options.get("sample"):
        ids = list(Item.objects.filter(corpus=corpus).order_by("number").values_list("external_id", flat=True))
        inside = {ids[place] for place in _sample(ids, options)}
        rows = [row for row in rows if row[0] in inside]
    return content_of([row[0] for row in rows], [row[1] for row in rows], scenes=scenes)


def seen_of(run: Run) -> Seen | None:
    """What the model that a run left says it was trained on; None where there is no such file, or none that can be
    read."""
    row = Artifact.objects.filter(run=run, role="model", path__endswith=f"/{FILE}").first()
    if row is None:
        return None
    try:
        return read_seen(store().read_bytes(row.key))
    except (OSError, BadInput):
        return None
