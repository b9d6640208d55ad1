"""What a spec from the web may name within its project: `corpus:ID`, `run:ID`, `set:ID/CATEGORY`, `captions:ID`,
`model:SLUG`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ml_core.spec import BadInput, Card
from webapp.accounts.models import Project
from webapp.corpora.models import Category, Corpus
from webapp.experiments.models import Artifact, CaptionFile, ModelEndpoint, RegisteredModel, Run, RunInput

# What each kind of field may name; anything else (a path, an address) is for the command line alone.
ALLOWED = {
    "dataset": ("corpus",),
    "encoder": ("model", "run"),
    "generator": ("endpoint", "model", "captions"),
    "run": ("run",),
    "subset": ("set",),
    "file": ("captions", "run"),
}
EXAMPLES = {
    "corpus": "corpus:3",
    "model": "model:clip-vit-b-32",
    "run": "run:12",
    "set": "set:3/attribute",
    "captions": "captions:4",
    "endpoint": "endpoint:gpt-4o",
}
SAMPLING = {"sample", "seed"}
_GRAMMAR = re.compile(r"(corpus|run|model|set|captions):([A-Za-z0-9_/%.-]+)(?:\?(.*))?")
ENDPOINT_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_/.:@+-]{0,199}")  # what an endpoint may call a model
_LOCAL = "local:"  # how a registered model that writes text begins


@dataclass(frozen=True)
class Named:
    """One name in a spec, taken apart: `corpus:3?sample=9` is kind "corpus", target "3", options {"sample": "9"}."""

    field: str
    kind: str
    target: str
    options: dict[str, str]
    accepts: tuple[str, ...] = ()
    wanted: str = ""  # what the field refers to: "encoder", "generator", …

    @property
    def number(self) -> int:
        """The id it names; BadInput where that is no number."""
        if not self.target.isascii() or not self.target.isdigit() or len(self.target) > 18:
            raise BadInput(f"{self.kind}:{self.target} is no id: a number is wanted after the colon", field=self.field)
        return int(self.target)

    @property
    def query(self) -> str:
        """`?sample=…` as it was, or nothing."""
        return f"?{urlencode(self.options)}" if self.options else ""


@dataclass(frozen=True)
class Resolver:
    """How a later app lets specs name what it owns: `check` raises BadInput, `resolve` gives a store key."""

    check: Callable[[Project, Named], None]
    resolve: Callable[[Project, Named], str]
    choices: Callable[[Project], list[tuple[str, str]]]  # what a form offers: (name as a spec has it, words)


_RESOLVERS: dict[str, Resolver] = {}


def register_resolver(kind: str, resolver: Resolver) -> None:
    """Called in an AppConfig.ready by the app that owns `kind` (analysis sets: "set")."""
    _RESOLVERS[kind] = resolver


def offered(kind: str, project: Project) -> list[tuple[str, str]]:
    """What the app that owns `kind` offers to a project's forms; nothing where no app has registered one."""
    return _RESOLVERS[kind].choices(project) if kind in _RESOLVERS else []


def resolver(named: Named) -> Resolver:
    """The resolver of a kind that another app owns; BadInput where no app has registered one."""
    try:
        return _RESOLVERS[named.kind]
    except KeyError:
        raise BadInput(
            f"{named.kind}:{named.target} names nothing here: there are none yet", field=named.field
        ) from None


def reference_fields(card: Card) -> dict[str, dict[str, Any]]:
    """The fields of a method's spec that name something, each with its `reference` and what it `accepts`."""
    found = {}
    for name, field in card.spec.model_fields.items():
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("reference"):
            found[name] = extra
    return found


def kinds_of(extra: dict[str, Any]) -> tuple[str, ...]:
    """The kinds that a field may name. A file that does not say which methods leave such is for the command line."""
    return () if extra["reference"] == "file" and not extra.get("accepts") else ALLOWED.get(extra["reference"], ())


def sides_of(accepts: Iterable[str]) -> tuple[str, ...]:
    """What files a field takes, by the methods that leave such (`synce.class_captions`) or by the CaptionFile.Side that
    none leaves (`templates`)."""
    return tuple(method.rpartition(".")[2] for method in accepts)


def parse(field: str, text: str, extra: dict[str, Any]) -> Named:
    """A name taken apart; BadInput where a spec from the web may not say this in such a field."""
    allowed = kinds_of(extra)
    kind, _, target = text.partition(":")
    if kind == "endpoint" and kind in allowed and ENDPOINT_MODEL.fullmatch(target):
        return Named(field, kind, target, {})
    match = _GRAMMAR.fullmatch(text)
    if match is None or match[1] not in allowed:
        wanted = " or ".join(f"“{EXAMPLES[kind]}”" for kind in allowed) or "nothing from the web"
        shown = text if len(text) <= 80 else text[:77] + "…"
        raise BadInput(f"“{shown}” cannot be named here; wanted is {wanted}", field=field)
    options = dict(parse_qsl(match[3] or "", keep_blank_values=True))
    if options and (match[1] != "corpus" or not set(options) <= SAMPLING):
        raise BadInput(f"“?{match[3]}”: a corpus may be followed by sample= and seed= alone", field=field)
    if not all(value.isascii() and value.isdigit() and len(value) < 10 for value in options.values()):
        raise BadInput(f"“?{match[3]}”: sample and seed are whole numbers", field=field)
    return Named(field, match[1], match[2], options, tuple(extra.get("accepts") or ()), extra["reference"])


def named_in(card: Card, values: dict[str, Any]) -> Iterator[Named]:
    """Everything that plain spec values name, lists included; empty optional fields are passed over."""
    for field, extra in reference_fields(card).items():
        value = values.get(field)
        for text in value if isinstance(value, list | tuple) else [value]:
            if text not in (None, ""):
                yield parse(field, str(text), extra)


def check(project: Project, card: Card, values: dict[str, Any]) -> tuple[list[RunInput], list[tuple[str, str]]]:
    """Unsaved RunInputs of what the values name, and (field, sentence) for everything they may not name."""
    inputs: list[RunInput] = []
    problems: list[tuple[str, str]] = []
    for field in reference_fields(card):
        try:
            for number, named in enumerate(named_in(card, {field: values.get(field)})):
                key = field if number == 0 else f"{field}.{number}"
                inputs += _checked(project, named, key)
        except BadInput as problem:
            problems.append((field, str(problem)))
    return inputs, problems + [problem for needed in inputs for problem in _of_another_set(needed, inputs)]


def _of_another_set(needed: RunInput, inputs: list[RunInput]) -> Iterator[tuple[str, str]]:
    """Captions of one data set say nothing of another's pictures, nor of classes that are called otherwise."""
    file = needed.caption_file
    data = next((one.corpus for one in inputs if one.field == "data" and one.corpus), None)
    if file is None or file.corpus is None or data is None or file.corpus.pk == data.pk:
        return
    if file.side == CaptionFile.Side.PICTURES or _classes(file.corpus.pk) != _classes(data.pk):
        yield needed.field, f"“{file.name}” belongs to another data set, “{file.corpus.name}”"


def _classes(corpus_id: int) -> set[str]:
    return set(Category.objects.filter(corpus_id=corpus_id).values_list("name", flat=True))


def _checked(project: Project, named: Named, key: str) -> list[RunInput]:
    if named.kind == "corpus":
        return [RunInput(field=key, corpus=_corpus(project, named))]
    if named.kind == "run":
        return [RunInput(field=key, source_run=_run(project, named))]
    if named.kind == "captions":
        return [RunInput(field=key, caption_file=_captions(project, named))]
    if named.kind == "model":
        _model(named)
        return []
    if named.kind == "endpoint":
        if named.target not in endpoint_models():
            raise BadInput(f"the endpoint has no model “{named.target}”: ask an administrator", field=named.field)
        return []
    resolver(named).check(project, named)
    return []


def _corpus(project: Project, named: Named) -> Corpus:
    corpus = Corpus.objects.filter(project=project, pk=named.number).first()
    if corpus is None:
        raise BadInput(f"this project has no data set {named.number}", field=named.field)
    if corpus.state not in (Corpus.State.READY, Corpus.State.IMPORTING):
        raise BadInput(f"the data set “{corpus.name}” is {corpus.get_state_display().lower()}", field=named.field)
    if named.accepts and corpus.task not in named.accepts:
        wanted = " or ".join(named.accepts)
        raise BadInput(f"“{corpus.name}” is a set for {corpus.task}, wanted is one for {wanted}", field=named.field)
    return corpus


def _run(project: Project, named: Named) -> Run:
    run = Run.objects.filter(project=project, pk=named.number).first()
    if run is None:
        raise BadInput(f"this project has no run {named.number}", field=named.field)
    if run.state in (Run.State.FAILED, Run.State.CANCELLED):
        raise BadInput(f"run {run.pk} {run.state}, so it left nothing to use", field=named.field)
    if named.accepts and run.method not in named.accepts:
        wanted = " or ".join(named.accepts)
        raise BadInput(f"run {run.pk} is a {run.method}, wanted is a run of {wanted}", field=named.field)
    if named.wanted == "encoder" and not (run.method.endswith(".train") or _left_a_model(run)):
        raise BadInput(f"run {run.pk} is a {run.method}, which leaves no model: name a training", field=named.field)
    return run


def _left_a_model(run: Run) -> bool:
    return Artifact.objects.filter(run=run, role="model").exists()


def writes_text(model: RegisteredModel) -> bool:
    """Whether a registered model generates text; the others turn pictures and texts into vectors."""
    return model.reference.startswith(_LOCAL)


def endpoint_models() -> list[str]:
    """The models that an administrator lets specs name as `endpoint:NAME`."""
    return list(ModelEndpoint.objects.values_list("model_names", flat=True).first() or [])


def _model(named: Named) -> None:
    model = RegisteredModel.objects.filter(slug=named.target).first()
    if model is None:
        raise BadInput(f"no model is registered as “{named.target}”: ask an administrator", field=named.field)
    if writes_text(model) != (named.wanted == "generator"):
        does = "writes text" if writes_text(model) else "makes vectors and writes no text"
        raise BadInput(f"“{model.name}” {does}; another kind of model is wanted", field=named.field)


def _captions(project: Project, named: Named) -> CaptionFile:
    file = CaptionFile.objects.filter(project=project, pk=named.number).first()
    if file is None:
        raise BadInput(f"this project has no caption file {named.number}", field=named.field)
    if file.side not in sides_of(named.accepts):
        wanted = " or ".join(str(CaptionFile.Side(side).label).lower() for side in sides_of(named.accepts))
        raise BadInput(f"“{file.name}” holds {file.get_side_display().lower()}, wanted are {wanted}", field=named.field)
    if file.state == CaptionFile.State.REFUSED:
        raise BadInput(f"“{file.name}” cannot be used: {file.failure}"[:600], field=named.field)
    return file
