"""What a spec names (`corpus:ID`, `run:ID`, `captions:ID`, `model:SLUG`, `set:…`) as the plain paths a method reads.

Everything is looked up within the run's own project once more: between launch and start a thing may have gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ml_core.methods import card as find_card
from ml_core.spec import BadInput
from webapp.corpora.models import Corpus
from webapp.experiments import references
from webapp.experiments.files import store, url_of
from webapp.experiments.models import Artifact, CaptionFile, RegisteredModel, Run
from workers.keeping import fetch_file


@dataclass
class Plan:
    """A spec whose names are replaced by places below `root`, and the files to put there: path → store key."""

    root: str
    carry_data: bool  # data sets are files too, not addresses in the store
    values: dict[str, Any] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)  # models that stay on this server: `model:SLUG` → name


def planned(run: Run, *, root: str, carry_data: bool) -> Plan:
    """What a run reads, looked up but not yet fetched. BadInput says what is gone."""
    card = find_card(run.method)
    plan = Plan(root, carry_data, dict(run.spec))
    for name, extra in references.reference_fields(card).items():
        value = run.spec.get(name)
        if isinstance(value, list):
            plan.values[name] = [_placed(run, references.parse(name, str(text), extra), extra, plan) for text in value]
        elif value not in (None, ""):
            plan.values[name] = _placed(run, references.parse(name, str(value), extra), extra, plan)
    return plan


def resolved_spec(run: Run, folder: Path) -> dict[str, Any]:
    """The run's spec as its method reads it, files of other runs fetched below `folder`. BadInput says what is gone."""
    plan = planned(run, root=str(folder), carry_data=False)
    for path, key in plan.files.items():
        fetch_file(key, folder / path)
    return plan.values


def _placed(run: Run, named: references.Named, extra: dict[str, Any], plan: Plan) -> Any:
    match named.kind:
        case "corpus":
            return f"frozen:{_data(_corpus(run, named), plan)}{named.query}"
        case "model":
            return _reference(_model(named), plan)
        case "run" if extra["reference"] == "encoder":
            return f"checkpoint:{_weights(_run(run, named), named, plan)}"
        case "endpoint":
            return f"endpoint:{named.target}"
        case "captions":
            path = _file(_captions(run, named).key, plan)
            return f"recorded:{path}" if extra["reference"] == "generator" else path
        case "run" if extra["reference"] == "file":
            return _written(_run(run, named), named, extra, plan)
        case "run":
            return _cases(_run(run, named), named, plan)
    return _file(references.resolver(named).resolve(run.project, named), plan)


def _file(key: str, plan: Plan) -> str:
    """A file of the store that another app named, under a name of its own."""
    path = key.replace("/", "-")
    plan.files[path] = key
    return f"{plan.root}/{path}"


def _reference(model: RegisteredModel, plan: Plan) -> str:
    """What loads a model; a bundle that leaves this server names one that lies here by its registered name."""
    if not plan.carry_data or not lies_here(model.reference):
        return model.reference
    name = f"model:{model.slug}"
    plan.absent[name] = model.name
    return name


def lies_here(reference: str) -> bool:
    """Whether a model's reference names files of this machine, and not what a hub calls it."""
    rest = reference.partition(":")[2]
    weights = rest.partition("/")[2]  # open_clip:ARCHITECTURE/FILE
    by_look = rest.count("/") > 1 or any(part.startswith(("/", ".", "~")) for part in (rest, weights))
    return by_look or any(Path(part).exists() for part in (rest, weights) if part)


def _data(corpus: Corpus, plan: Plan) -> str:
    if not plan.carry_data:
        return url_of(corpus.prefix)
    folder = f"corpus-{corpus.pk}"
    for key in store().list(corpus.prefix):
        plan.files[f"{folder}{key.removeprefix(corpus.prefix)}"] = key
    return f"{plan.root}/{folder}"


def _weights(source: Run, named: references.Named, plan: Plan) -> str:
    """The folder that all model files of a run share."""
    rows = list(Artifact.objects.filter(run=source, role="model").order_by("path"))
    if not rows:
        raise BadInput(f"run {source.pk} ({source.method}) left no model", field=named.field)
    for row in rows:
        plan.files[f"run-{source.pk}/{row.path}"] = row.key
    top = min((PurePosixPath(row.path).parent for row in rows), key=lambda path: len(path.parts))
    return str(PurePosixPath(plan.root) / f"run-{source.pk}" / top)


def _cases(source: Run, named: references.Named, plan: Plan) -> str:
    """The Parquet file of a run's cases; the ids of its queries and the names of its classes come to lie beside it."""
    row = Artifact.objects.filter(run=source, path__endswith="cases.parquet").order_by("path").first()
    if row is None:
        raise BadInput(f"run {source.pk} ({source.method}) left no cases", field=named.field)
    folder = PurePosixPath(row.path).parent
    beside = [str(folder / name) for name in ("queries.parquet", "plots/classes.json")]
    for kept in (row, *Artifact.objects.filter(run=source, path__in=beside)):
        plan.files[f"run-{source.pk}/{kept.path}"] = kept.key
    return f"{plan.root}/run-{source.pk}/{row.path}"


def _written(source: Run, named: references.Named, extra: dict[str, Any], plan: Plan) -> str:
    """The file of captions that a run left, by the name of its side."""
    names = [f"{side}.json" for side in references.sides_of(extra.get("accepts") or ())]
    row = Artifact.objects.filter(run=source, path__in=names).order_by("path").first()
    if row is None:
        raise BadInput(f"run {source.pk} ({source.method}) left no captions", field=named.field)
    plan.files[f"run-{source.pk}/{row.path}"] = row.key
    return f"{plan.root}/run-{source.pk}/{row.path}"


def _captions(run: Run, named: references.Named) -> CaptionFile:
    file = CaptionFile.objects.filter(project_id=run.project_id, pk=named.number, state=CaptionFile.State.READY).first()
    if file is None:
        raise BadInput(f"the caption file {named.number} is no longer there", field=named.field)
    return file


def _corpus(run: Run, named: references.Named) -> Corpus:
    corpus = Corpus.objects.filter(project_id=run.project_id, pk=named.number).first()
    if corpus is None or corpus.state not in (Corpus.State.READY, Corpus.State.ARCHIVED):
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
