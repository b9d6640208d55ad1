"""The API of methods, runs, groups and models: what the pages do, programs can do."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.methods import cards
from ml_core.spec import Card
from webapp.accounts.doors import AdministratorAPIView, ProjectAPIView
from webapp.api import Conflict, FileNegotiation, KeysetPagination, checked, narrowed
from webapp.experiments import actions
from webapp.experiments.models import Artifact, LogLine, Metric, RegisteredModel, Run
from webapp.experiments.queries import details, left, runs
from webapp.experiments.queries.groups import group_of
from webapp.experiments.views.runs import download, safe_name


class MethodShown(serializers.Serializer[Any]):
    """A method with the JSON Schema of its settings."""

    key = serializers.CharField()
    title = serializers.CharField()
    summary = serializers.CharField()
    queue = serializers.CharField()
    headline = serializers.CharField()
    higher_is_better = serializers.BooleanField()
    paper = serializers.CharField()
    web = serializers.BooleanField(help_text="False: it reads files by path and runs on the command line alone.")
    presets = serializers.SerializerMethodField()
    spec = serializers.SerializerMethodField(help_text="JSON Schema of the settings.")

    def get_presets(self, card: Card) -> dict[str, Any]:
        """Named choices of settings."""
        return dict(json.loads(json.dumps(card.presets)))

    def get_spec(self, card: Card) -> dict[str, Any]:
        """JSON Schema."""
        return card.spec.model_json_schema()


class RunShown(serializers.ModelSerializer[Run]):
    """A run."""

    created_by = serializers.CharField(source="created_by.username", default=None)
    inputs = serializers.SerializerMethodField()
    queue_position = serializers.SerializerMethodField()
    held_out = serializers.SerializerMethodField(
        help_text="“no”: its model was trained on what it is evaluated on, so no number says how it does on anything "
        "new; “unknown”: its model does not say; null: not a model of ours."
    )

    class Meta:
        model = Run
        fields = [
            "id", "method", "title", "state", "queue", "queue_position", "spec", "fingerprint", "inputs", "attempt",
            "progress", "failure", "provenance", "held_out", "case_count", "group_id", "cloned_from_id", "created_by",
            "created_at", "started_at", "finished_at", "cancel_requested_at",
        ]  # fmt: skip

    def get_inputs(self, run: Run) -> list[dict[str, Any]]:
        """What the run reads."""
        return [
            {"field": one.field, "corpus": one.corpus_id, "run": one.source_run_id, "captions": one.caption_file_id}
            for one in run.inputs.all()
        ]

    def get_held_out(self, run: Run) -> str | None:
        """What the run says of its data."""
        return runs.held_out_of(run) or None

    def get_queue_position(self, run: Run) -> int | None:
        """Place in its queue, from 1, while it waits; told for a single run."""
        return runs.positions_of([run]).get(run.pk) if self.context.get("position") else None


class RunWritten(serializers.Serializer[Any]):
    """A run to be launched."""

    method = serializers.CharField(max_length=80)
    spec = serializers.DictField(default=dict, help_text="Settings; see the method's schema. Left out: the default.")
    title = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")


class CloneWritten(serializers.Serializer[Any]):
    """What a clone changes."""

    spec = serializers.DictField(default=dict, help_text="Settings that differ; the rest is the cloned run's.")
    title = serializers.CharField(max_length=160, required=False, allow_blank=True, default="")


class SeedsWritten(serializers.Serializer[Any]):
    """Seeds to run again with."""

    seeds = serializers.ListField(child=serializers.IntegerField(min_value=0), min_length=1, max_length=20)


class MetricShown(serializers.ModelSerializer[Metric]):
    """A number; `step` -1 is the final value."""

    held_out = serializers.SerializerMethodField(
        help_text="As the run's own: “no” marks a number that was not held out."
    )

    class Meta:
        model = Metric
        fields = ["id", "name", "slice", "step", "value", "low", "high", "n", "held_out"]

    def get_held_out(self, metric: Metric) -> str | None:
        """The run's."""
        return self.context.get("held_out")


class LineShown(serializers.ModelSerializer[LogLine]):
    """A line of the log."""

    class Meta:
        model = LogLine
        fields = ["id", "attempt", "number", "at", "level", "message"]


class ArtifactShown(serializers.ModelSerializer[Artifact]):
    """A file that the run left."""

    class Meta:
        model = Artifact
        fields = ["id", "path", "name", "role", "media_type", "byte_count", "sha256"]


class ModelShown(serializers.ModelSerializer[RegisteredModel]):
    """A model that specs may name as `model:SLUG`."""

    class Meta:
        model = RegisteredModel
        fields = ["id", "slug", "name", "reference", "note", "created_at"]
        read_only_fields = ["id", "created_at"]


class ModelWritten(serializers.Serializer[Any]):
    """A model to be registered."""

    slug = serializers.SlugField(max_length=50)
    name = serializers.CharField(max_length=120)
    reference = serializers.CharField(max_length=500)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class InOrder(KeysetPagination):
    """Oldest first."""

    ordering = "id"


class Methods(ProjectAPIView):
    """What can be run."""

    capability = {"GET": "run.view"}

    @extend_schema(responses=MethodShown(many=True), operation_id="methods")
    def get(self, request: Request, slug: str) -> Response:
        """Every method there is, with the schema of its settings."""
        return Response(MethodShown(list(cards().values()), many=True).data)


class Method(ProjectAPIView):
    """One method."""

    capability = {"GET": "run.view"}

    @extend_schema(responses=MethodShown, operation_id="method")
    def get(self, request: Request, slug: str, method: str) -> Response:
        """A method and the schema of its settings."""
        if method not in cards():
            raise Http404
        return Response(MethodShown(cards()[method]).data)


class Runs(ProjectAPIView):
    """The runs of a project."""

    capability = {"GET": "run.view", "POST": "run.launch"}
    pagination_class = KeysetPagination
    filters = {
        "state": lambda rows, text: rows.filter(state=text),
        "method": lambda rows, text: rows.filter(method=text),
        "dataset": lambda rows, text: rows.filter(inputs__corpus_id=int(text)).distinct(),
        "group": lambda rows, text: rows.filter(group_id=int(text)),
        "q": lambda rows, text: runs.narrowed(rows, runs.Filters(text=text)),
    }

    @extend_schema(responses=RunShown(many=True), operation_id="runs")
    def get(self, request: Request, slug: str) -> Response:
        """Runs, newest first; `state`, `method`, `dataset`, `group` and `q` narrow."""
        found = runs.runs_of(self.project).select_related("created_by").prefetch_related("inputs")
        page = self.paginate_queryset(narrowed(found, request, filters=self.filters))
        return self.get_paginated_response(RunShown(page, many=True).data)

    @extend_schema(request=RunWritten, responses={201: RunShown}, operation_id="run_launch")
    def post(self, request: Request, slug: str) -> Response:
        """Launch a run; 400 tells every wrong setting at once."""
        body = checked(RunWritten, request)
        card = cards().get(body["method"])
        if card is None:
            raise serializers.ValidationError(
                {"method": [f"There is no such method. There are: {', '.join(cards())}."]}
            )
        run = _launched(self, card, body["spec"], body["title"], None)
        return Response(RunShown(run, context={"position": True}).data, status=status.HTTP_201_CREATED)


class _OneRun(ProjectAPIView):
    def run_or_404(self) -> Run:
        """The run that the address names, in this project."""
        run = runs.run_of(self.project, self.kwargs["run_id"])
        if run is None:
            raise Http404
        return run


class RunDetail(_OneRun):
    """One run."""

    capability = {"GET": "run.view", "DELETE": "run.delete"}

    @extend_schema(responses=RunShown, operation_id="run")
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """Its state, settings, progress, failure and provenance."""
        return Response(RunShown(self.run_or_404(), context={"position": True}).data)

    @extend_schema(responses={204: None}, operation_id="run_delete")
    def delete(self, request: Request, slug: str, run_id: int) -> Response:
        """Remove it with everything it left."""
        _allowed(actions.delete_run, run=self.run_or_404(), actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Metrics(_OneRun):
    """What a run measured."""

    capability = {"GET": "run.view"}
    pagination_class = InOrder
    filters = {
        "name": lambda rows, text: rows.filter(name=text),
        "slice": lambda rows, text: rows.filter(slice=text),
        "step": lambda rows, text: rows.filter(step=int(text)),
    }

    @extend_schema(responses=MetricShown(many=True), operation_id="run_metrics")
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """Final values (step -1) and points of curves."""
        run = self.run_or_404()
        found = Metric.objects.filter(run=run)
        page = self.paginate_queryset(narrowed(found, request, filters=self.filters))
        context = {"held_out": runs.held_out_of(run) or None}
        return self.get_paginated_response(MetricShown(page, many=True, context=context).data)


class Log(_OneRun):
    """What a run said."""

    capability = {"GET": "run.view"}
    pagination_class = InOrder

    @extend_schema(responses=LineShown(many=True), operation_id="run_log")
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """Its lines, oldest first."""
        found = LogLine.objects.filter(run=self.run_or_404())
        page = self.paginate_queryset(narrowed(found, request, filters={}))
        return self.get_paginated_response(LineShown(page, many=True).data)


class Artifacts(_OneRun):
    """What a run left."""

    capability = {"GET": "run.view"}

    @extend_schema(responses=ArtifactShown(many=True), operation_id="run_artifacts")
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """Its files, with sizes and SHA-256."""
        return Response(ArtifactShown(left.artifacts_of(self.run_or_404()), many=True).data)


class ArtifactFile(_OneRun):
    """One file of a run."""

    capability = {"GET": "run.download"}
    content_negotiation_class = FileNegotiation

    @extend_schema(responses=OpenApiTypes.BINARY, operation_id="run_artifact")
    def get(self, request: Request, slug: str, run_id: int, artifact_id: int) -> HttpResponseBase:
        """Its bytes."""
        row = details.artifact_of(self.run_or_404(), artifact_id)
        if row is None:
            raise Http404
        return download(row.key, safe_name(row), row.byte_count)


class Cancel(_OneRun):
    """Stop a run."""

    capability = {"POST": "run.launch"}

    @extend_schema(request=None, responses=RunShown, operation_id="run_cancel")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """Cancel a waiting run, or ask a running one to write a checkpoint and stop; 409 once it has ended."""
        run = _allowed(actions.cancel_run, run=self.run_or_404(), actor=self.person, now=timezone.now())
        return Response(RunShown(run).data)


class Resume(_OneRun):
    """Let a run go on."""

    capability = {"POST": "run.launch"}

    @extend_schema(request=None, responses=RunShown, operation_id="run_resume")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """A failed or cancelled run waits again, from its last checkpoint; 409 in any other state."""
        run = _allowed(actions.resume_run, run=self.run_or_404(), actor=self.person, now=timezone.now())
        return Response(RunShown(run).data)


class Clone(_OneRun):
    """The same again, changed."""

    capability = {"POST": "run.launch"}

    @extend_schema(request=CloneWritten, responses={201: RunShown}, operation_id="run_clone")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """A new run with this one's settings and the changes sent."""
        source, body = self.run_or_404(), checked(CloneWritten, request)
        card = cards().get(source.method)
        if card is None:
            raise Conflict(f"The method {source.method} is no longer installed.")
        run = _launched(self, card, source.spec | body["spec"], body["title"] or source.title, source)
        return Response(RunShown(run, context={"position": True}).data, status=status.HTTP_201_CREATED)


class Rerun(_OneRun):
    """The same under other seeds."""

    capability = {"POST": "run.launch"}

    @extend_schema(request=SeedsWritten, responses={201: OpenApiTypes.OBJECT}, operation_id="run_rerun")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """One run a seed, in a group with this run."""
        body = checked(SeedsWritten, request)
        group = actions.rerun_with_seeds(
            run=self.run_or_404(), seeds=body["seeds"], actor=self.person, now=timezone.now()
        )
        made = {"group": group.pk, "runs": list(group.runs.order_by("id").values_list("id", flat=True))}
        return Response(made, status=status.HTTP_201_CREATED)


class Bundle(_OneRun):
    """Everything a run reads, in one file."""

    capability = {"GET": "run.download", "POST": "run.download"}

    @extend_schema(responses=OpenApiTypes.BINARY, operation_id="run_inputs")
    def get(self, request: Request, slug: str, run_id: int) -> HttpResponseBase:
        """The zip; 404 until it has been put together, 409 with the reason where that could not be done."""
        run = self.run_or_404()
        if run.bundle_failure:
            raise Conflict(f"The inputs could not be put together. {run.bundle_failure}")
        if not run.bundle:
            raise Http404
        return download(run.bundle["key"], f"run-{run.pk}-inputs.zip", run.bundle["byte_count"])

    @extend_schema(request=None, responses={202: None}, operation_id="run_inputs_make")
    def post(self, request: Request, slug: str, run_id: int) -> Response:
        """Have a worker put it together."""
        actions.request_bundle(run=self.run_or_404(), actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_202_ACCEPTED)


class Group(ProjectAPIView):
    """Runs that belong together."""

    capability = {"GET": "run.view"}

    @extend_schema(responses=OpenApiTypes.OBJECT, operation_id="run_group")
    def get(self, request: Request, slug: str, group_id: int) -> Response:
        """Its runs, and each metric as mean with spread and 95 % t-interval over them."""
        group = group_of(self.project, group_id, now=timezone.now())
        if group is None:
            raise Http404
        columns = ("name", "value", "low", "high", "spread", "n")
        metrics = [{column: getattr(one, column) for column in columns} for one in group.metrics]
        return Response(
            {"id": group.id, "name": group.name, "runs": [row.id for row in group.rows], "metrics": metrics}
        )


class Models(AdministratorAPIView):
    """The models that runs may use."""

    pagination_class = InOrder

    @extend_schema(responses=ModelShown(many=True), operation_id="models")
    def get(self, request: Request) -> Response:
        """All of them."""
        page = self.paginate_queryset(narrowed(RegisteredModel.objects.all(), request, filters={}))
        return self.get_paginated_response(ModelShown(page, many=True).data)

    @extend_schema(request=ModelWritten, responses={201: ModelShown}, operation_id="model_register")
    def post(self, request: Request) -> Response:
        """Register one."""
        model = actions.register_model(**checked(ModelWritten, request), actor=self.person, now=timezone.now())
        return Response(ModelShown(model).data, status=status.HTTP_201_CREATED)


class ModelDetail(AdministratorAPIView):
    """One registered model."""

    @extend_schema(responses={204: None}, operation_id="model_remove")
    def delete(self, request: Request, model_id: int) -> Response:
        """Take it back."""
        model = RegisteredModel.objects.filter(pk=model_id).first()
        if model is None:
            raise Http404
        actions.remove_model(model=model, actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


def _launched(view: ProjectAPIView, card: Card, values: dict[str, Any], title: str, source: Run | None) -> Run:
    """Launches, or raises a 400 with every wrong setting at its name below `spec`."""
    problems = actions.check_values(view.project, card, values).problems
    if problems:
        told: dict[str, list[str]] = {}
        for field, text in problems:
            told.setdefault("method" if field == "method" else f"spec.{field}", []).append(text)
        raise serializers.ValidationError(told)
    return actions.launch_run(
        project=view.project, method=card.key, values=values, title=title, cloned_from=source,
        actor=view.person, now=timezone.now(),
    )  # fmt: skip


def _allowed(act: Any, **arguments: Any) -> Any:
    """Does it, or raises a 409 that says why not."""
    try:
        return act(**arguments)
    except actions.Refused as problem:
        raise Conflict(str(problem)) from problem
