"""The API of cases: the gallery's filters and sorts, page by page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.http import Http404
from django.http.response import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import ProjectAPIView
from webapp.api import FileNegotiation
from webapp.experiments.cases import filters as choices
from webapp.experiments.cases import queries
from webapp.experiments.cases.filters import Filters
from webapp.experiments.cases.queries import Known, Page, Row
from webapp.experiments.cases.table import table_of
from webapp.experiments.models import Run

MOST = 200
PLAIN = ("after", "before", "page_size")
_TOLD = {
    "direction": ("Which way was searched.", list(choices.DIRECTIONS)),
    "outcome": ("Failures (the default), hits or everything.", list(choices.OUTCOMES)),
    "rank": ("Ranks of the right answer.", list(choices.RANKS)),
    "margin": ("By how much it was missed or won.", [*choices.MISSED, *choices.WON]),
    "category": ("A category that is in the picture, by its number.", None),
    "right": ("What was wanted, by its number; of a classification the true class.", None),
    "first": ("What came first, by its number; of a classification the predicted class.", None),
    "q": ("Words in the prompt's text.", None),
    "sort": ("The order; a minus turns it around.", list(choices.SORTS)),
    "after": ("Where a page begins: taken from `next`.", None),
    "before": ("Where a page ends: taken from `previous`.", None),
    "page_size": (f"Cases a page, at most {MOST}.", None),
}
PARAMETERS = [OpenApiParameter(name, str, description=text, enum=enum) for name, (text, enum) in _TOLD.items()]


class AnswerShown(serializers.Serializer[Any]):
    """A prompt or an answer: its kind, its number in the frozen order, its score, its text where it is one."""

    kind = serializers.CharField()
    number = serializers.IntegerField()
    score = serializers.FloatField(allow_null=True)
    text = serializers.CharField(allow_null=True)


class EvidenceShown(serializers.Serializer[Any]):
    """The caption nearest the picture of the true class and of the first wrong class given, with their cosines; of the
    picture's own captions the nearest."""

    given = serializers.CharField()
    given_cosine = serializers.FloatField()
    right = serializers.CharField()
    right_cosine = serializers.FloatField()
    picture = serializers.CharField()


class CaseShown(serializers.Serializer[Any]):
    """What a run answered to one prompt."""

    number = serializers.IntegerField()
    direction = serializers.CharField()
    unit = serializers.IntegerField(help_text="The picture's number: what is resampled for intervals.")
    prompt = AnswerShown()
    right = AnswerShown(help_text="The best-ranked right answer.")
    rank = serializers.IntegerField(help_text="Rank of the best right answer, from 1.")
    margin = serializers.FloatField(help_text="Its score minus the best wrong answer's.")
    given = AnswerShown(many=True, help_text="The best answers, best first.")
    categories = serializers.ListField(child=serializers.IntegerField())
    evidence = EvidenceShown(help_text="The captions that speak for a classification's answers; empty where none does.")


class PageShown(serializers.Serializer[Any]):
    """A page of cases; `count` stops at its limit, and says so."""

    count = serializers.IntegerField()
    count_is_a_limit = serializers.BooleanField()
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = CaseShown(many=True)


class Cases(ProjectAPIView):
    """The cases of a run."""

    capability = {"GET": "case.view"}

    @extend_schema(responses=PageShown, parameters=PARAMETERS, operation_id="cases")
    def get(self, request: Request, slug: str, run_id: int) -> Response:
        """A page of cases, narrowed and sorted as the gallery does it; 400 names every parameter that does not fit."""
        run = _run_or_404(self, run_id)
        filters, after, before, size = _asked(request, run)
        page = queries.page_of(run, filters, after=after, before=before, size=size)
        known = queries.known_of(queries.corpus_of(run), page.rows, whole=True)
        count = queries.count_of(run, filters)
        body = {
            "count": min(count, queries.COUNT_LIMIT),
            "count_is_a_limit": count > queries.COUNT_LIMIT,
            **_links(request, run, filters, page, size),
            "results": [as_json(row, known) for row in page.rows],
        }
        return Response(body)


class CasesTable(ProjectAPIView):
    """The cases of a run as a table."""

    capability = {"GET": "case.view"}
    content_negotiation_class = FileNegotiation

    @extend_schema(
        responses={(200, "text/csv"): OpenApiTypes.STR},
        parameters=PARAMETERS[: len(choices.NAMES)],
        operation_id="cases_csv",
    )
    def get(self, request: Request, slug: str, run_id: int) -> HttpResponseBase:
        """Every case that matches as CSV, in the order asked for; filters and sorts as those of the pages."""
        run = _run_or_404(self, run_id)
        filters, *_ = _asked(request, run, plain=())
        return table_of(run, filters)


class CaseDetail(ProjectAPIView):
    """One case of a run."""

    capability = {"GET": "case.view"}

    @extend_schema(responses=CaseShown, operation_id="case")
    def get(self, request: Request, slug: str, run_id: int, number: int) -> Response:
        """The case of this number."""
        run = _run_or_404(self, run_id)
        row = queries.case_of(run, number)
        if row is None:
            raise Http404
        return Response(as_json(row, queries.known_of(queries.corpus_of(run), [row], whole=True)))


def as_json(row: Row, known: Known) -> dict[str, Any]:
    """A case as `CaseShown` describes it."""

    def answer(kind: str, number: int, score: float | None) -> dict[str, Any]:
        text = known.texts.get(number) if kind not in queries.PICTURES else None
        return {"kind": kind, "number": number, "score": score, "text": text.text if text else None}

    prompt = answer(row.prompt_kind, row.prompt, None)
    if row.prompt_kind == "text":
        prompt["text"] = row.prompt_text
    return {
        "number": row.number,
        "direction": row.direction,
        "unit": row.unit,
        "prompt": prompt,
        "right": answer(row.answer_kind, row.right, row.right_score),
        "rank": row.rank,
        "margin": row.margin,
        "given": [answer(row.answer_kind, one, score) for one, score in zip(row.given, row.scores, strict=False)],
        "categories": row.category_numbers,
        "evidence": asdict(queries.evidence_of(row)),
    }


def _run_or_404(view: ProjectAPIView, run_id: int) -> Run:
    run = queries.run_of(view.project, run_id)
    if run is None:
        raise Http404
    return run


def _asked(
    request: Request, run: Run, plain: tuple[str, ...] = PLAIN
) -> tuple[Filters, queries.Key | None, queries.Key | None, int]:
    known = (*choices.NAMES, *plain)
    problems = {
        name: f"No such parameter. There are: {', '.join(known)}." for name in request.query_params if name not in known
    }
    filters, wrong = choices.read(request.query_params, queries.directions_of(run))
    problems |= wrong
    keys: dict[str, queries.Key | None] = {}
    for name in ("after", "before"):
        try:
            keys[name] = queries.read_key(request.query_params.get(name, ""))
        except (ValueError, OverflowError):
            problems[name] = "Take it from `next` or `previous` of a page."
    size = request.query_params.get("page_size", str(queries.PAGE))
    if not (size.isascii() and size.isdigit() and 1 <= int(size[:6]) <= MOST):
        problems["page_size"] = f"A number from 1 to {MOST}."
    if problems:
        raise serializers.ValidationError({name: [text] for name, text in problems.items()})
    return filters, keys["after"], keys["before"], int(size)


def _links(request: Request, run: Run, filters: Filters, page: Page, size: int) -> dict[str, str | None]:
    here = reverse("experiments:api_cases", kwargs={"slug": run.project.slug, "run_id": run.pk})
    size_asked = {"page_size": size} if size != queries.PAGE else {}

    def link(name: str, key: queries.Key | None) -> str | None:
        if key is None:
            return None
        query = filters.address(**size_asked, **{name: queries.written_key(key)})
        return request.build_absolute_uri(f"{here}?{query}")

    return {"next": link("after", page.next), "previous": link("before", page.previous)}
