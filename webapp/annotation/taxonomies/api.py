"""Taxonomies over the API: read them, begin or copy one, write the next version, keep pictures for examples."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from ml_core.datasets.decoding import BYTE_LIMIT, BrokenPicture
from ml_core.spec import BadInput
from ml_core.taxonomy import LANGUAGES
from ml_core.taxonomy import Taxonomy as Document
from webapp.accounts.doors import ProjectAPIView
from webapp.annotation.models import Taxonomy, TaxonomyPicture, TaxonomyVersion
from webapp.annotation.taxonomies import actions, drafts, queries
from webapp.annotation.taxonomies.colours import DARK, LIGHT, unreadable
from webapp.annotation.taxonomies.drafts import LONGEST_GUIDE
from webapp.annotation.taxonomies.examples import SIDES, Offer, offered_by_case, offered_by_sample
from webapp.annotation.taxonomies.files import document_from
from webapp.api import checked
from webapp.corpora.actions.uploads import refuse_larger
from webapp.corpora.displaying import MEDIA_TYPE


class ExampleShape(serializers.Serializer[Any]):
    """An example picture: the key of its category or subtype, one of the taxonomy's pictures, and what to see in it."""

    choice = serializers.CharField(max_length=40)
    picture = serializers.IntegerField(min_value=1, max_value=2**62)
    note = serializers.CharField(max_length=300, default="", allow_blank=True)


class VersionIn(serializers.Serializer[Any]):
    """What a version says: `taxonomy` as a version's `document` has it, `guide` Markdown by language."""

    taxonomy = serializers.JSONField()
    guide = serializers.DictField(child=serializers.CharField(max_length=LONGEST_GUIDE), required=False, default=dict)
    note = serializers.CharField(max_length=300, default="", allow_blank=True)


class NextVersionIn(VersionIn):
    """The next version; without `examples` it keeps those of the newest."""

    examples = ExampleShape(many=True, required=False)


class TaxonomyIn(VersionIn):
    """A taxonomy to be made."""

    name = serializers.CharField(max_length=120)


class CopyIn(serializers.Serializer[Any]):
    """A copy's name, and the number of the version that it begins with (without it the newest)."""

    name = serializers.CharField(max_length=120)
    number = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class ArchivedShape(serializers.Serializer[Any]):
    """Whether new campaigns may choose it."""

    archived = serializers.BooleanField()


class PictureFileIn(serializers.Serializer[Any]):
    """A picture to be kept for examples."""

    file = serializers.FileField()


class PictureOfCaseIn(serializers.Serializer[Any]):
    """A picture that is there already: of a case of a run (`run`, `case`) or of a sample (`campaign`, `task`)."""

    run = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    case = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)
    campaign = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    task = serializers.IntegerField(required=False, min_value=1, max_value=2**62)
    side = serializers.ChoiceField(choices=list(SIDES))


class PictureOut(serializers.ModelSerializer[TaxonomyPicture]):
    """A picture for examples, as it was re-encoded."""

    class Meta:
        model = TaxonomyPicture
        fields = ("id", "sha256", "width", "height", "created_at")


class VersionOut(serializers.ModelSerializer[TaxonomyVersion]):
    """A version."""

    examples = ExampleShape(many=True)

    class Meta:
        model = TaxonomyVersion
        fields = ("id", "taxonomy", "number", "document", "guide", "examples", "content_hash", "note", "created_at")


class TaxonomyRowOut(serializers.Serializer[Any]):
    """A taxonomy in the list."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    version = serializers.IntegerField()
    changed_at = serializers.DateTimeField()
    campaigns = serializers.IntegerField()
    archived = serializers.BooleanField()


class Taxonomies(ProjectAPIView):
    """The taxonomies of a project."""

    capability = {"GET": "taxonomy.view", "POST": "taxonomy.manage"}
    serializer_class = VersionOut

    @extend_schema(responses=TaxonomyRowOut(many=True), operation_id="taxonomies")
    def get(self, request: Request, slug: str) -> Response:
        """All of them, by name."""
        return Response(TaxonomyRowOut(queries.taxonomies_of(self.project), many=True).data)

    @extend_schema(request=TaxonomyIn, responses={201: VersionOut}, operation_id="taxonomy_create")
    def post(self, request: Request, slug: str) -> Response:
        """Make one."""
        values = checked(TaxonomyIn, request)
        made = actions.create_taxonomy(
            project=self.project, name=values["name"], actor=self.person, now=timezone.now(), **_said(values)
        )
        return Response(VersionOut(made).data, status=201)


class TaxonomyDetail(ProjectAPIView):
    """One taxonomy."""

    capability = {"GET": "taxonomy.view", "POST": "taxonomy.manage", "PATCH": "taxonomy.manage"}
    serializer_class = VersionOut

    @extend_schema(responses=VersionOut(many=True), operation_id="taxonomy_versions")
    def get(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Its versions, newest first."""
        return Response(VersionOut(queries.versions_of(_found(self, taxonomy_id)), many=True).data)

    @extend_schema(request=NextVersionIn, responses={201: VersionOut}, operation_id="taxonomy_change")
    def post(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Write the next version; where nothing differs the newest one comes back."""
        found, values = _found(self, taxonomy_id), checked(NextVersionIn, request)
        said = _said(values)
        examples = queries.versions_of(found)[0].examples
        if "examples" in values:
            examples = _examples(found, said["document"], values["examples"])
        made = actions.add_version(
            taxonomy=found, examples=examples, note=values["note"], actor=self.person, now=timezone.now(), **said
        )
        return Response(VersionOut(made).data, status=201)

    @extend_schema(request=ArchivedShape, responses=ArchivedShape, operation_id="taxonomy_archive")
    def patch(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Take it out of what new campaigns may choose, or back; campaigns that use it go on."""
        found, values = _found(self, taxonomy_id), checked(ArchivedShape, request)
        row = actions.archive_taxonomy(
            taxonomy=found, archived=values["archived"], actor=self.person, now=timezone.now()
        )
        return Response({"archived": row.archived_at is not None})


class Copies(ProjectAPIView):
    """Copies of a taxonomy."""

    capability = {"POST": "taxonomy.manage"}
    serializer_class = VersionOut

    @extend_schema(request=CopyIn, responses={201: VersionOut}, operation_id="taxonomy_copy")
    def post(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Begin a new taxonomy with what a version of this one says, its example pictures included."""
        found, values = _found(self, taxonomy_id), checked(CopyIn, request)
        wanted = values.get("number")
        version = next((row for row in queries.versions_of(found) if wanted in (None, row.number)), None)
        if version is None:
            raise BadInput(_("There is no such version."), field="number")
        made = actions.copy_taxonomy(
            version=version, project=self.project, name=values["name"], actor=self.person, now=timezone.now()
        )
        return Response(VersionOut(made).data, status=201)


class Pictures(ProjectAPIView):
    """Pictures for examples. They show once a version names them in its `examples`."""

    capability = {"GET": "taxonomy.view", "POST": "taxonomy.manage"}
    parser_classes = (MultiPartParser, JSONParser)
    serializer_class = PictureOut

    @extend_schema(responses=PictureOut(many=True), operation_id="taxonomy_pictures")
    def get(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Those that the taxonomy has."""
        found = queries.pictures_of(_found(self, taxonomy_id))
        return Response(PictureOut([found[number] for number in sorted(found)], many=True).data)

    @extend_schema(
        request={"multipart/form-data": PictureFileIn, "application/json": PictureOfCaseIn},
        responses={201: PictureOut},
        operation_id="taxonomy_picture_add",
    )
    def post(self, request: Request, slug: str, taxonomy_id: int) -> Response:
        """Keep a picture: a file that is sent, or one that a case or a sample shows."""
        found = _found(self, taxonomy_id)
        refuse_larger(request, BYTE_LIMIT)
        if str(request.content_type).startswith("application/json"):
            field, data = "side", _offer(self, checked(PictureOfCaseIn, request)).data()
        else:
            field, data = "file", checked(PictureFileIn, request)["file"].read()
        try:
            kept = actions.keep_picture(taxonomy=found, data=data, now=timezone.now())
        except BrokenPicture as problem:
            raise BadInput(str(problem), field=field) from problem
        return Response(PictureOut(kept).data, status=201)


class Picture(ProjectAPIView):
    """One picture."""

    capability = {"GET": "taxonomy.view"}
    serializer_class = PictureOut

    @extend_schema(responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY}, operation_id="taxonomy_picture")
    def get(self, request: Request, slug: str, taxonomy_id: int, picture_id: int) -> HttpResponse:
        """The picture itself."""
        kept = queries.picture_of(_found(self, taxonomy_id), picture_id)
        data = queries.bytes_of(kept) if kept else None
        if data is None:
            raise Http404
        return HttpResponse(data, content_type=MEDIA_TYPE, headers={"X-Content-Type-Options": "nosniff"})


def _examples(found: Taxonomy, document: Document, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The examples that a version is to have. BadInput for a choice or a picture that the taxonomy has not."""
    if len(given) > drafts.MOST_EXAMPLES:
        raise BadInput(_("A version has at most %(most)d examples.") % {"most": drafts.MOST_EXAMPLES}, field="examples")
    choices, pictures = {choice.key for choice in document.choices}, queries.pictures_of(found)
    for number, entry in enumerate(given):
        if entry["choice"] not in choices:
            said = _("There is no category and no subtype “%(key)s”.") % {"key": entry["choice"]}
            raise BadInput(said, field=f"examples.{number}.choice")
        if entry["picture"] not in pictures:
            raise BadInput(_("The taxonomy has no such picture."), field=f"examples.{number}.picture")
    return [dict(entry) for entry in given]


def _offer(view: ProjectAPIView, values: dict[str, Any]) -> Offer:
    """The picture that a case or a sample has on the side that was named."""
    if {"run", "case"} <= set(values):
        offers = offered_by_case(view.project, values["run"], values["case"])
    elif {"campaign", "task"} <= set(values):
        offers = offered_by_sample(view.project, values["campaign"], values["task"])
    else:
        raise BadInput(_("Name a case by “run” and “case”, or a sample by “campaign” and “task”."))
    if offers is None:
        raise BadInput(_("This project has no such case and no such sample."))
    offer = next((one for one in offers if one.side == values["side"]), None)
    if offer is None:
        raise BadInput(_("There is no picture on this side."), field="side")
    return offer


def _said(values: dict[str, Any]) -> dict[str, Any]:
    document = document_from(values["taxonomy"])
    for category in document.categories:
        for colour, ground in ((category.colour, LIGHT), (category.colour_dark, DARK)):
            if text := unreadable(colour, ground):
                raise BadInput(f"{category.key}: {text}", field="taxonomy")
    if unknown := sorted(set(values["guide"]) - set(LANGUAGES)):
        said = _("A guide is in %(known)s; there is no %(unknown)s.")
        raise BadInput(said % {"known": ", ".join(LANGUAGES), "unknown": ", ".join(unknown)}, field="guide")
    return {"document": document, "guide": values["guide"]}


def _found(view: ProjectAPIView, taxonomy_id: int) -> Taxonomy:
    found = queries.taxonomy_of(view.project, taxonomy_id)
    if found is None:
        raise Http404
    return found
