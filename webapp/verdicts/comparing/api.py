"""Comparisons over the API: the page's numbers and its flips."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.verdicts.comparing import asking, confirming, flips, queries
from webapp.verdicts.comparing.asked import CELLS
from webapp.verdicts.comparing.found import Looked, look

_RUNS = OpenApiParameter("runs", str, description="Numbers of two or more runs, separated by commas.", required=True)
PARAMETERS = [
    _RUNS,
    OpenApiParameter("baseline", int, description="The run that the others are held against; the oldest by default."),
    OpenApiParameter("control", str, description="A run that changes as much at random; `none` for none."),
    OpenApiParameter("direction", str, description="t2i, i2t or classify."),
    OpenApiParameter("set", int, description="A frozen set of the baseline's cases; the newest by default."),
]
FLIPS = [
    *PARAMETERS,
    OpenApiParameter("slice", str, description="A category of the set; every query by default."),
    OpenApiParameter("against", int, description="The run beside the baseline; the first by default."),
    OpenApiParameter("flips", str, description="Which cell of the verdict.", enum=list(CELLS)),
    OpenApiParameter("after", int, description="The case that a page begins after: taken from `next`."),
]


class RegistrationNote(serializers.Serializer[Any]):
    """A registration that speaks of these runs and does not count."""

    registration = serializers.IntegerField()
    why = serializers.CharField()


class ComparisonOut(serializers.Serializer[Any]):
    """The numbers as docs/claims.md describes them; while `current` is false and nothing failed, ask again."""

    current = serializers.BooleanField()
    computed_at = serializers.DateTimeField(allow_null=True)
    failure = serializers.CharField()
    refusals = serializers.ListField(child=serializers.CharField(), help_text="Why these runs are not compared.")
    not_held_out = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Runs whose model was trained on the data: nothing is shown by them.",
    )
    differing = serializers.DictField(help_text="Setting → its value in each run, in their order.")
    mode = serializers.ChoiceField(
        choices=confirming.MODES,
        allow_null=True,
        help_text="Whether it is what was registered before looking; null until the numbers are there.",
    )
    registration = serializers.IntegerField(allow_null=True, help_text="The registration that it is held to.")
    uncounted = RegistrationNote(many=True, help_text="Registrations of these runs that do not count here, and why.")
    report = serializers.DictField(allow_null=True)


class FlipOut(serializers.Serializer[Any]):
    """A case as two runs answered it: numbers in the data set's frozen order."""

    number = serializers.IntegerField()
    prompt = serializers.IntegerField()
    prompt_text = serializers.CharField()
    right = serializers.IntegerField()
    rank_before = serializers.IntegerField()
    rank_after = serializers.IntegerField()
    first_before = serializers.IntegerField(allow_null=True)
    first_after = serializers.IntegerField(allow_null=True)


class FlipsOut(serializers.Serializer[Any]):
    """A page of flips with the counts of every cell."""

    refusals = serializers.ListField(child=serializers.CharField())
    counts = serializers.DictField(child=serializers.IntegerField())
    next = serializers.IntegerField(allow_null=True)
    results = FlipOut(many=True)


class Comparison(ProjectAPIView):
    """Two or more runs of the project beside each other."""

    capability = {"GET": "run.view", "POST": "run.view"}
    serializer_class = ComparisonOut

    @extend_schema(responses=ComparisonOut, parameters=PARAMETERS, operation_id="comparison")
    def get(self, request: Request, slug: str) -> Response:
        """Metrics with intervals, verdicts, curves, rank changes, effects."""
        return self._told(_looked(self, request))

    @extend_schema(request=None, responses=ComparisonOut, parameters=PARAMETERS, operation_id="comparison_again")
    def post(self, request: Request, slug: str) -> Response:
        """Tries numbers that failed again; those that are there or under way stay as they are."""
        looked = _looked(self, request)
        if looked.ready:
            asking.statistics_again(self.project, looked.comparison, now=timezone.now())
        return self._told(looked)

    def _told(self, looked: Looked) -> Response:
        found = looked.comparison
        told = asking.statistics_of(self.project, found, now=timezone.now()) if looked.ready else None
        differing = {one.name: one.values for one in queries.settings_of(found.runs) if one.differs}
        values = {
            "current": told.current if told else False,
            "computed_at": told.at if told else None,
            "failure": told.failure if told else "",
            "refusals": found.refusals,
            "differing": differing,
            "not_held_out": [run.id for run in found.not_held_out],
            "mode": told.result["mode"] if told and told.result else None,
            "registration": found.registered[0] if found.registered else None,
            "uncounted": [
                {"registration": one.registration.pk, "why": one.why} for one in looked.standings if not one.counts
            ],
            "report": told.result if told else None,
        }
        return Response(ComparisonOut(values).data)


class Flips(ProjectAPIView):
    """Cases whose answer changed between the baseline and another run."""

    capability = {"GET": "case.view"}
    serializer_class = FlipsOut

    @extend_schema(responses=FlipsOut, parameters=FLIPS, operation_id="comparison_flips")
    def get(self, request: Request, slug: str) -> Response:
        """A page of one cell: repaired, broken, still wrong or wrong differently."""
        looked = _looked(self, request)
        if not looked.ready:
            values: dict[str, Any] = {"refusals": looked.comparison.refusals, "counts": {}, "next": None, "results": []}
            return Response(FlipsOut(values).data)
        asked = looked.asked
        cases = queries.cases_in(looked.chosen, asked.slice)
        pair = asked.baseline, asked.against, asked.direction
        page = flips.page_of(*pair, asked.flips, cases=cases, start=asked.after, size=100)
        values = {
            "refusals": [],
            "counts": flips.counts_of(*pair, cases),
            "next": page.next,
            "results": [_flip(one) for one in page.flips],
        }
        return Response(FlipsOut(values).data)


def _looked(view: ProjectAPIView, request: Request) -> Looked:
    query = request.query_params
    assert isinstance(query, QueryDict)
    return look(view.project, view.person, query)


def _flip(one: flips.Flip) -> dict[str, Any]:
    before, after = asdict(one.before), asdict(one.after)
    kept = {name: before[name] for name in ("number", "prompt", "prompt_text", "right")}
    first = [(row["given"] or [None])[0] for row in (before, after)]
    ranks = {"rank_before": before["rank"], "rank_after": after["rank"]}
    return kept | ranks | {"first_before": first[0], "first_after": first[1]}
