"""A taxonomy as a JSON file, out and in: its document and its guide; pictures stay behind."""

from __future__ import annotations

import json
from typing import Any

from django.utils.translation import gettext as _
from pydantic import ValidationError

from ml_core.spec import BadInput
from ml_core.taxonomy import LANGUAGES
from ml_core.taxonomy import Taxonomy as Document
from webapp.annotation.models import TaxonomyVersion
from webapp.annotation.taxonomies.drafts import LONGEST_GUIDE

FORMAT = "nearmiss-taxonomy-1"
MOST_BYTES = 2**20


def written(version: TaxonomyVersion) -> dict[str, Any]:
    """A version as a file holds it."""
    return {
        "format": FORMAT, "name": version.taxonomy.name, "taxonomy": version.document, "guide": version.guide,
    }  # fmt: skip


def read(data: bytes) -> tuple[str, Document, dict[str, str]]:
    """Name, document and guide of a file. BadInput where it is not one of ours or says something impossible."""
    if len(data) > MOST_BYTES:
        raise BadInput(_("The file is larger than a taxonomy can be (1 MB)."), field="file")
    try:
        found = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise BadInput(_("The file is not JSON."), field="file") from None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        said = _("The file is not a taxonomy: it does not say “format”: “%(format)s”.") % {"format": FORMAT}
        raise BadInput(said, field="file")
    guide = found.get("guide") or {}
    if not isinstance(guide, dict) or not all(isinstance(text, str) for text in guide.values()):
        raise BadInput(_("The guide is text by language."), field="file")
    return str(found.get("name", ""))[:120], document_from(found.get("taxonomy")), _known(guide)


def document_from(given: Any) -> Document:
    """A document out of untrusted JSON; BadInput names the first thing that is wrong and where."""
    try:
        return Document.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the taxonomy"
        raise BadInput(f"{place}: {str(first['msg']).removeprefix('Value error, ')}", field="taxonomy") from None


def _known(guide: dict[str, str]) -> dict[str, str]:
    return {code: guide[code][:LONGEST_GUIDE] for code in LANGUAGES if guide.get(code)}
