"""The API of data sets: what the pages show and do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.accounts.doors import AdministratorAPIView, ProjectAPIView
from webapp.api import FileNegotiation, KeysetPagination, checked, narrowed
from webapp.corpora import serializers as shapes
from webapp.corpora.actions import corpora as corpus_actions
from webapp.corpora.actions import imports as actions
from webapp.corpora.actions.roots import add_root, remove_root
from webapp.corpora.actions.uploads import WholeFileOnDisk, as_file, refuse_larger
from webapp.corpora.displaying import MEDIA_TYPE
from webapp.corpora.models import Caption, Corpus, Import, Item
from webapp.corpora.queries import folders
from webapp.corpora.queries import imports as import_queries
from webapp.corpora.queries.corpora import categories_of
from webapp.corpora.queries.items import Filters, narrowed_items, said
from webapp.corpora.views import corpora as corpus_views
from webapp.corpora.views import pictures
from webapp.corpora.views.finding import corpus_or_404, import_or_404, root_or_404, visible_or_404


class ByNumber(KeysetPagination):
    """In the frozen order."""

    ordering = "number"


class Corpora(ProjectAPIView):
    """Data sets of a project."""

    capability = {"GET": "corpus.view"}
    serializer_class = shapes.CorpusShown
    pagination_class = KeysetPagination

    @extend_schema(operation_id="corpora_list", parameters=[OpenApiParameter("state", str)])
    def get(self, request: Request, slug: str) -> Response:
        """Newest first; `?state=archived` for those put away."""
        rows = narrowed(
            Corpus.objects.filter(project=self.project),
            request,
            filters={"state": lambda rows, text: rows.filter(state=text)},
        )
        return _paged(self, rows)


class CorpusDetail(ProjectAPIView):
    """One data set."""

    capability = {"GET": "corpus.view", "DELETE": "corpus.manage"}
    serializer_class = shapes.CorpusShown

    @extend_schema(operation_id="corpora_read")
    def get(self, request: Request, slug: str, corpus_id: int) -> Response:
        """Its counts, hash and provenance."""
        return Response(shapes.CorpusShown(corpus_or_404(self.project, corpus_id)).data)

    @extend_schema(operation_id="corpora_delete", responses={202: shapes.CorpusShown})
    def delete(self, request: Request, slug: str, corpus_id: int) -> Response:
        """Delete it with its pictures; refused while runs name it."""
        found = corpus_or_404(self.project, corpus_id)
        gone = corpus_actions.delete_corpus(corpus=found, actor=self.person, now=timezone.now())
        return Response(shapes.CorpusShown(gone).data, status=status.HTTP_202_ACCEPTED)


class Archive(ProjectAPIView):
    """Puts a data set away."""

    capability = {"POST": "corpus.manage"}
    serializer_class = shapes.CorpusShown

    @extend_schema(operation_id="corpora_archive", request=None)
    def post(self, request: Request, slug: str, corpus_id: int) -> Response:
        """Hide it from new runs."""
        found = corpus_or_404(self.project, corpus_id)
        changed = corpus_actions.archive_corpus(corpus=found, actor=self.person, now=timezone.now())
        return Response(shapes.CorpusShown(changed).data)


class Restore(ProjectAPIView):
    """Brings a data set back."""

    capability = {"POST": "corpus.manage"}
    serializer_class = shapes.CorpusShown

    @extend_schema(operation_id="corpora_restore", request=None)
    def post(self, request: Request, slug: str, corpus_id: int) -> Response:
        """Offer it to new runs again."""
        found = corpus_or_404(self.project, corpus_id)
        changed = corpus_actions.restore_corpus(corpus=found, actor=self.person, now=timezone.now())
        return Response(shapes.CorpusShown(changed).data)


class Items(ProjectAPIView):
    """Pictures of a data set."""

    capability = {"GET": "corpus.view"}
    serializer_class = shapes.ItemShown
    pagination_class = ByNumber

    @extend_schema(
        operation_id="corpora_items", parameters=[OpenApiParameter("category", int), OpenApiParameter("words", str)]
    )
    def get(self, request: Request, slug: str, corpus_id: int) -> Response:
        """In the frozen order; `?category=NUMBER` and `?words=…` as on the page."""
        corpus = visible_or_404(self.project, corpus_id)
        rows = narrowed(
            Item.objects.filter(corpus=corpus),
            request,
            filters={
                "category": lambda rows, text: narrowed_items(corpus, rows, Filters(category=int(text))),
                "words": lambda rows, text: narrowed_items(corpus, rows, Filters(words=text.replace("\0", "")[:200])),
            },
        )
        return _paged(self, rows)


class ItemDetail(ProjectAPIView):
    """One picture of a data set."""

    capability = {"GET": "corpus.view"}
    serializer_class = shapes.ItemShown

    @extend_schema(operation_id="corpora_item")
    def get(self, request: Request, slug: str, corpus_id: int, number: int) -> Response:
        """What is known of it, and where it can be fetched."""
        corpus = visible_or_404(self.project, corpus_id)
        item = Item.objects.filter(corpus=corpus, number=number).first() if number < 2**31 else None
        if item is None:
            raise Http404
        return Response(self.get_serializer(item).data)


class Picture(ProjectAPIView):
    """A picture of a data set, to look at."""

    capability = {"GET": "corpus.view"}
    content_negotiation_class = FileNegotiation

    @extend_schema(operation_id="corpora_picture", responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY})
    def get(self, request: Request, slug: str, corpus_id: int, number: int, size: str) -> HttpResponse:
        """WebP in one of the sizes `tiny`, `small`, `medium`, `large`; 304 where the caller's copy is still good."""
        return pictures.shown(request._request, self.project, corpus_id, number, size)


class Order(ProjectAPIView):
    """The frozen order of a data set."""

    capability = {"GET": "corpus.view"}

    @extend_schema(operation_id="corpora_order", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, slug: str, corpus_id: int) -> HttpResponse:
        """`meta_*.json`: every picture in order with its file, hash and captions."""
        return corpus_views.order_of(visible_or_404(self.project, corpus_id))


class Captions(ProjectAPIView):
    """Captions of a data set."""

    capability = {"GET": "corpus.view"}
    serializer_class = shapes.CaptionShown
    pagination_class = ByNumber

    @extend_schema(
        operation_id="corpora_captions", parameters=[OpenApiParameter("item", int), OpenApiParameter("words", str)]
    )
    def get(self, request: Request, slug: str, corpus_id: int) -> Response:
        """In the frozen order; `?item=NUMBER` for one picture's, `?words=…` for those that hold the words."""
        corpus = visible_or_404(self.project, corpus_id)
        rows = narrowed(
            Caption.objects.filter(corpus=corpus),
            request,
            filters={
                "item": lambda rows, text: rows.filter(item_number=int(text)),
                "words": lambda rows, text: said(rows, text.replace("\0", "")[:200]),
            },
        )
        return _paged(self, rows)


class Categories(ProjectAPIView):
    """Categories of a data set."""

    capability = {"GET": "corpus.view"}
    serializer_class = shapes.CategoryShown

    @extend_schema(operation_id="corpora_categories", responses=shapes.CategoryShown(many=True))
    def get(self, request: Request, slug: str, corpus_id: int) -> Response:
        """Those that a picture shows, the commonest first."""
        rows = categories_of(visible_or_404(self.project, corpus_id))
        return Response(shapes.CategoryShown(rows, many=True).data)


class SourceFolders(ProjectAPIView):
    """Server folders that an import may name."""

    capability = {"GET": "corpus.import"}
    serializer_class = shapes.SourceFolderShown

    @extend_schema(operation_id="source_folders_list", responses=shapes.SourceFolderShown(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """By name."""
        return Response(shapes.SourceFolderShown(folders.roots(), many=True).data)


class Roots(AdministratorAPIView):
    """Server folders that are open for imports, for administrators."""

    serializer_class = shapes.RootShown
    pagination_class = None

    @extend_schema(operation_id="roots_list", responses=shapes.RootShown(many=True))
    def get(self, request: Request) -> Response:
        """By name, with their paths."""
        return Response(shapes.RootShown(folders.roots(), many=True).data)

    @extend_schema(operation_id="roots_open", request=shapes.RootWritten, responses={201: shapes.RootShown})
    def post(self, request: Request) -> Response:
        """Open one for imports."""
        root = add_root(actor=self.person, now=timezone.now(), **checked(shapes.RootWritten, request))
        return Response(shapes.RootShown(root).data, status=status.HTTP_201_CREATED)


class Root(AdministratorAPIView):
    """One of them."""

    serializer_class = shapes.RootShown

    @extend_schema(operation_id="roots_close")
    def delete(self, request: Request, root_id: int) -> Response:
        """Close it; data sets that came from it stay."""
        remove_root(root=root_or_404(root_id), actor=self.person, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Imports(ProjectAPIView):
    """Data sets on their way in."""

    capability = {"GET": "corpus.import", "POST": "corpus.import"}
    serializer_class = shapes.ImportShown
    pagination_class = KeysetPagination

    @extend_schema(operation_id="imports_list", parameters=[OpenApiParameter("state", str)])
    def get(self, request: Request, slug: str) -> Response:
        """Newest first."""
        rows = narrowed(
            Import.objects.filter(project=self.project),
            request,
            filters={"state": lambda rows, text: rows.filter(state=text)},
        )
        return _paged(self, rows)

    @extend_schema(operation_id="imports_start", request=shapes.ImportWritten, responses={201: shapes.ImportShown})
    def post(self, request: Request, slug: str) -> Response:
        """Have a source looked at; nothing comes in before it is confirmed."""
        values = checked(shapes.ImportWritten, request)
        if "scenes" in values:
            reference = actions.scenes_reference(values["scenes"], values["seed"])
            source = f"{values['scenes']:,} scenes drawn by code, seed {values['seed']}"
        else:
            root = root_or_404(values["folder"])
            folder = folders.resolved(root, values["path"].strip("/"))
            within = Path(root.path).resolve()
            reference = actions.folder_reference(folder, within, values["format"], _options(values))
            source = f"{root.name}: {values['path']}".rstrip(": ")
        row = actions.start_import(
            project=self.project,
            name=values["name"],
            reference=reference,
            source=source[:300],
            actor=self.person,
            now=timezone.now(),
        )
        return Response(shapes.ImportShown(row).data, status=status.HTTP_201_CREATED)


class Upload(ProjectAPIView):
    """Zips of data sets."""

    capability = {"POST": "corpus.import"}
    serializer_class = shapes.UploadWritten
    parser_classes = [MultiPartParser]

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Files go to disk, up to the limit."""
        request.upload_handlers = [WholeFileOnDisk(request)]
        return super().initialize_request(request, *args, **kwargs)

    @extend_schema(
        operation_id="imports_upload",
        request={"multipart/form-data": shapes.UploadWritten},
        responses={201: shapes.ImportShown},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Upload a zip and have it looked at."""
        refuse_larger(request, settings.NEARMISS_UPLOAD_LIMIT)
        values = checked(shapes.UploadWritten, request)
        row = actions.start_upload(
            project=self.project,
            name=values["name"],
            zip_file=as_file(values["file"]),
            reference=actions.upload_reference(values["format"], _options(values)),
            source=f"upload of {Path(values['file'].name or 'a zip').name}"[:300],
            actor=self.person,
            now=timezone.now(),
        )
        return Response(shapes.ImportShown(row).data, status=status.HTTP_201_CREATED)


class ImportDetail(ProjectAPIView):
    """One import."""

    capability = {"GET": "corpus.import"}
    serializer_class = shapes.ImportShown

    @extend_schema(operation_id="imports_read")
    def get(self, request: Request, slug: str, import_id: int) -> Response:
        """How far it is and what was found."""
        return Response(shapes.ImportShown(import_or_404(self.project, import_id)).data)


class Confirm(ProjectAPIView):
    """The go-ahead for an import."""

    capability = {"POST": "corpus.import"}
    serializer_class = shapes.ImportShown

    @extend_schema(operation_id="imports_confirm", request=shapes.ConfirmWritten)
    def post(self, request: Request, slug: str, import_id: int) -> Response:
        """Bring it in."""
        values = checked(shapes.ConfirmWritten, request)
        row = import_or_404(self.project, import_id)
        row = actions.confirm_import(row=row, leave_out=values["leave_out"], actor=self.person, now=timezone.now())
        return Response(shapes.ImportShown(row).data)


class Cancel(ProjectAPIView):
    """The end of an import."""

    capability = {"POST": "corpus.import"}
    serializer_class = shapes.ImportShown

    @extend_schema(operation_id="imports_cancel", request=None)
    def post(self, request: Request, slug: str, import_id: int) -> Response:
        """Stop it; nothing of it stays."""
        row = import_or_404(self.project, import_id)
        return Response(shapes.ImportShown(actions.cancel_import(row=row, actor=self.person, now=timezone.now())).data)


class Problems(ProjectAPIView):
    """What is wrong with a source."""

    capability = {"GET": "corpus.import"}
    serializer_class = shapes.ProblemShown

    @extend_schema(operation_id="imports_problems", responses=shapes.ProblemShown(many=True))
    def get(self, request: Request, slug: str, import_id: int) -> Response:
        """The worst first, as many as were kept."""
        rows = import_queries.problems_of(import_or_404(self.project, import_id), limit=None)
        return Response(shapes.ProblemShown(rows, many=True).data)


def _options(values: dict[str, Any]) -> dict[str, Any]:
    seed = values["seed"] if values["sample"] else None
    return {"sample": values["sample"], "seed": seed, "split": values["split"], "domain": values["domain"]}


def _paged(view: ProjectAPIView, rows: QuerySet[Any]) -> Response:
    page = view.paginate_queryset(rows)
    return view.get_paginated_response(view.get_serializer(page, many=True).data)
