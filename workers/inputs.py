"""What a spec names (`corpus:ID`, `run:ID`, `model:SLUG`, `set:…`) as the plain paths and addresses a method reads.

Everything is looked up within the run's own project once more: between launch and start a thing may have gone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ml_core.methods import card as find_card
from ml_core.spec import BadInput
from webapp.corpora.models import Corpus
from webapp.experiments import references
from webapp.experiments.files import url_of
from webapp.experiments.models import Artifact, RegisteredModel, Run
from workers.keeping import fetch_file


def resolved_spec(run: Run, folder: Path) -> dict[str, Any]:
    """The run's spec with every name replaced; files of other runs are fetched below `folder`. BadInput says what is gone."""
    card = find_card(run.method)
    values = dict(run.spec)
    for field, extra in references.reference_fields(card).items():
        value = values.get(field)
        if isinstance(value, list):
            values[field] = [_resolved(run, references.parse(field, str(text), extra), extra, folder) for text in value]
        elif value not in (None, ""):
            values[field] = _resolved(run, references.parse(field, str(value), extra), extra, folder)
    return values


def _resolved(run: Run, named: references.Named, extra: dict[str, Any], folder: Path) -> Any:
    if named.kind == "corpus":
        return f"frozen:{url_of(_corpus(run, named).prefix)}{named.query}"
    if named.kind == "model":
        return _model(named).reference
    if named.kind == "run":
        source = _run(run, named)
        if extra["reference"] == "encoder":
            return f"checkpoint:{_weights(source, folder / f'run-{source.pk}')}"
        return str(_cases(source, folder / f"run-{source.pk}"))
    return references.resolver(named).resolve(run.project, named)


def _corpus(run: Run, named: references.Named) -> Corpus:
    corpus = Corpus.objects.filter(project_id=run.project_id, pk=named.number, state=Corpus.State.READY).first()
    if corpus is None:
        raise BadInput(f"the data set {named.number} is no longer there", field=named.field)
    return corpus


def _model(named: references.Named) -> RegisteredModel:
    model = RegisteredModel.objects.filter(slug=named.target).first()
    if model is None:
        raise BadInput(f"the model “{named.target}” is no longer registered", field=named.field)
    return model


def _run(run: Run, named: references.Named) -> Run:
    source = Run.objects.filter(project_id=run.project_id, pk=named.number, state=Run.State.SUCCEEDED).first()
    if source is None:
        raise BadInput(f"run {named.number}, which this run needs, has not succeeded", field=named.field)
    return source


def _weights(source: Run, folder: Path) -> Path:
    """The model that a run left, as a folder: the folder that all of its model files share."""
    rows = list(Artifact.objects.filter(run=source, role="model").order_by("path"))
    if not rows:
        raise BadInput(f"run {source.pk} ({source.method}) left no model", field="encoder")
    for row in rows:
        fetch_file(row.key, folder / row.path)
    parents = [(folder / row.path).parent for row in rows]
    return min(parents, key=lambda path: len(path.parts))


def _cases(source: Run, folder: Path) -> Path:
    """The Parquet file of a run's cases."""
    row = Artifact.objects.filter(run=source, path__endswith="cases.parquet").order_by("path").first()
    if row is None:
        raise BadInput(f"run {source.pk} ({source.method}) left no cases", field="run")
    return fetch_file(row.key, folder / Path(row.path).name)
