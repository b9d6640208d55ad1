"""Labels over the API: read them as JSON lines, send a file of them, see what came of it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.campaigns.found import campaign_open_to, campaign_or_404, refuse_peers
from webapp.annotation.exchange import actions, downloads, queries, records
from webapp.annotation.exchange.accounts import LONGEST
from webapp.annotation.exchange.judging import ERROR
from webapp.annotation.models import LabelFile
from webapp.api import Conflict, checked

SHOWN_PROBLEMS = 200  # in the JSON of a file; its CSV has all


class FileIn(serializers.Serializer[Any]):
    """A file of labels. `take`: write the answers at once; without, the file waits and the answer tells of its rows.

    `accounts`: whose an account of Label Studio is, by its number or e-mail address (“11=A, 12=B”).
    """

    file = serializers.FileField()
    annotator = serializers.CharField(required=False, default="", max_length=4, allow_blank=True)
    accounts = serializers.CharField(required=False, default="", max_length=LONGEST, allow_blank=True)
    replace = serializers.BooleanField(required=False, default=False)
    take = serializers.BooleanField(required=False, default=False)


class FileOut(serializers.ModelSerializer[LabelFile]):
    """A file that came in, and what its rows came to."""

    annotator = serializers.CharField(source="annotator.letter", default="")
    report_csv = serializers.SerializerMethodField(help_text="Every row of the report.")
    problems = serializers.SerializerMethodField(help_text="The first rows with a fault; `problems_in_all` in the CSV.")
    problems_in_all = serializers.SerializerMethodField()

    class Meta:
        model = LabelFile
        fields = (
            "id", "name", "annotator", "accounts", "sha256", "replace", "state", "report", "report_csv", "problems",
            "problems_in_all", "uploaded_at", "taken_at",
        )  # fmt: skip

    def get_report_csv(self, file: LabelFile) -> str:
        """Where all of it is."""
        kwargs = {"slug": file.campaign.project.slug, "campaign_id": file.campaign_id, "file_id": file.pk}
        address = reverse("annotation:api_label_file_report", kwargs=kwargs)
        request = self.context.get("request")
        return str(request.build_absolute_uri(address)) if request else address

    def get_problems(self, file: LabelFile) -> list[dict[str, str]]:
        """Rows that cannot be taken, in words."""
        faults = [line for line in actions.lines_in(file) if line.verdict == ERROR]
        return [{"place": line.place, "idx": line.idx, "text": line.text} for line in faults[:SHOWN_PROBLEMS]]

    def get_problems_in_all(self, file: LabelFile) -> int:
        """How many there are."""
        return int(file.report.get("counts", {}).get(ERROR, 0))


class OwnFormats(DefaultContentNegotiation):
    """`format` in the address names a format of ours, not one of the framework's renderers."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        """All of them."""
        return renderers


class Labels(ProjectAPIView):
    """A campaign's answers."""

    capability = {"GET": "label.exchange", "POST": "label.exchange"}
    parser_classes = (MultiPartParser,)
    content_negotiation_class = OwnFormats
    serializer_class = FileIn

    @extend_schema(
        parameters=[
            OpenApiParameter("format", str, enum=list(downloads.FORMS), default="jsonl"),
            OpenApiParameter(
                "accounts", str, description="For Label Studio: whose an answer is there, A=ann@example.org."
            ),
            OpenApiParameter(
                "pictures", str, enum=["inline"], description="For labelstudio: pictures in the JSON itself."
            ),
        ],
        responses={200: OpenApiResponse(description="A file; JSON lines where no format is named.")},
    )
    def get(self, request: Request, slug: str, campaign_id: int) -> HttpResponse | StreamingHttpResponse:
        """Every answer as a file, task by task; `format` csv has answers alone, the others unanswered tasks as well."""
        campaign = campaign_open_to(self, campaign_id)
        form = request.query_params.get("format", "jsonl")
        if form not in downloads.FORMS:
            said = _("There is no such format; there are: %(forms)s.")
            raise BadInput(said % {"forms": ", ".join(downloads.FORMS)}, field="format")
        return downloads.labels(campaign, form, request.query_params.dict())

    @extend_schema(request=FileIn, responses={201: FileOut})
    def post(self, request: Request, slug: str, campaign_id: int) -> Response:
        """Send a file of labels (CSV, .xlsx, .jsonl, Label Studio's .json)."""
        campaign = campaign_or_404(self.project, campaign_id)
        values = checked(FileIn, request)
        if values["file"].size > records.MOST_BYTES:
            raise BadInput(_("The file is larger than %(n)d MB.") % {"n": records.MOST_BYTES // 2**20}, field="file")
        annotator = queries.annotator_lettered(campaign, values["annotator"]) if values["annotator"] else None
        file = actions.keep_file(
            campaign=campaign,
            annotator=annotator,
            name=str(values["file"].name),
            data=values["file"].read(),
            replace=values["replace"],
            accounts=values["accounts"],
            actor=self.person,
            now=timezone.now(),
        )
        if values["take"]:
            actions.take_file(file=file, actor=self.person, now=timezone.now())
            file.refresh_from_db()
        return Response(FileOut(file, context={"request": request}).data, status=201)


class File(ProjectAPIView):
    """One file of labels."""

    capability = {"GET": "label.exchange", "POST": "label.exchange"}
    serializer_class = FileOut

    @extend_schema(responses=FileOut)
    def get(self, request: Request, slug: str, campaign_id: int, file_id: int) -> Response:
        """What its rows came to."""
        return Response(FileOut(_file(self, campaign_id, file_id), context={"request": request}).data)

    @extend_schema(request=None, responses=FileOut)
    def post(self, request: Request, slug: str, campaign_id: int, file_id: int) -> Response:
        """Take it: write its answers."""
        file = _file(self, campaign_id, file_id)
        if file.state == LabelFile.State.TAKEN:
            raise Conflict(_("This file was taken already."))
        actions.take_file(file=file, actor=self.person, now=timezone.now())
        file.refresh_from_db()
        return Response(FileOut(file, context={"request": request}).data)


class Sheets(ProjectAPIView):
    """Sheets, pictures and guide for people who label in a spreadsheet."""

    capability = {"GET": "label.exchange"}

    @extend_schema(
        parameters=[OpenApiParameter("annotator", str, description="A letter; everybody's in a folder each without.")],
        responses={200: OpenApiResponse(description="A zip.")},
    )
    def get(self, request: Request, slug: str, campaign_id: int) -> StreamingHttpResponse:
        """One annotator's as a zip, or everybody's who is here."""
        campaign = campaign_or_404(self.project, campaign_id)
        letter = request.query_params.get("annotator", "")
        people = queries.sheets_for(campaign, letter)
        if not people:
            raise BadInput(
                _("Nobody in this campaign goes by %(letter)s.") % {"letter": letter[:10]}, field="annotator"
            )
        if any(person.user_id != self.person.pk for person in people):
            refuse_peers(self, campaign)
        return downloads.sheets(campaign, people, letter or "everybody")


class FileReport(ProjectAPIView):
    """The report on a file."""

    capability = {"GET": "label.exchange"}

    @extend_schema(responses={200: OpenApiResponse(description="CSV: place, idx, annotator, verdict, label, text.")})
    def get(self, request: Request, slug: str, campaign_id: int, file_id: int) -> HttpResponse:
        """What its rows came to, every one of them, as CSV."""
        file = _file(self, campaign_id, file_id)
        return downloads.report(file.campaign, file.pk, actions.lines_in(file))


def _file(view: ProjectAPIView, campaign_id: int, file_id: int) -> LabelFile:
    campaign = campaign_or_404(view.project, campaign_id)
    found = queries.file_of(campaign, file_id)
    if found is None:
        raise Http404
    found.campaign = campaign
    return found
