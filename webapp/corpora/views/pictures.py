"""Serves display pictures: re-encoded, of a fixed type, named by ids alone, for members' eyes."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from ml_core.spec import BadInput
from webapp.accounts.doors import ProjectRequest, project_page
from webapp.accounts.models import Project
from webapp.corpora.displaying import MEDIA_TYPE, SIZES, display_picture
from webapp.corpora.files import store
from webapp.corpora.queries.items import hash_of
from webapp.corpora.views.finding import visible_or_404

logger = logging.getLogger(__name__)
_BY_NAME = SIZES | {str(size): size for size in SIZES.values()}


@project_page("corpus.view")
def picture(request: ProjectRequest, corpus_id: int, number: int, size: str) -> HttpResponse:
    """A picture in one of the display sizes; a browser keeps it for itself and asks again only by its tag."""
    return shown(request, request.project, corpus_id, number, size)


def shown(request: HttpRequest, project: Project, corpus_id: int, number: int, size: str) -> HttpResponse:
    """The answer with a picture in it, the same for a page and for a program; Http404 where there is none."""
    if size not in _BY_NAME or number >= 2**31:
        raise Http404("No such picture.")
    corpus = visible_or_404(project, corpus_id)
    file_hash = hash_of(corpus, number)
    if file_hash is None:
        raise Http404("No such picture.")
    tag = f'"{file_hash[:32]}-{_BY_NAME[size]}"'
    unchanged = get_conditional_response(request, etag=tag)
    if unchanged is not None and unchanged.status_code == 304:
        return _guarded(unchanged, tag)
    try:
        data = display_picture(store(), corpus.prefix, file_hash, _BY_NAME[size])
    except (BadInput, FileNotFoundError) as error:
        logger.error("data set %s, picture %s cannot be shown: %s", corpus.pk, number, error)
        raise Http404("This picture cannot be shown.") from None
    return _guarded(HttpResponse(data, content_type=MEDIA_TYPE), tag)


def _guarded(response: HttpResponse, tag: str) -> HttpResponse:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
