"""Takes caption files in and lets go of them."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import datetime
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerAway

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import Project, User
from webapp.broker import CAPTIONS_TASK, wake
from webapp.corpora.models import Corpus
from webapp.experiments.actions import Refused
from webapp.experiments.files import store
from webapp.experiments.models import CaptionFile, RunInput
from webapp.texts import is_kept

logger = logging.getLogger(__name__)
PREFIX = "captions"
MOST_BYTES = 256 * 2**20
OPEN = (Corpus.State.READY, Corpus.State.IMPORTING)
ENDINGS = {  # of files that belong to no data set; the others are JSON in the published layout
    CaptionFile.Side.DATABASE: (".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".json"),
    CaptionFile.Side.TEMPLATES: (".txt", ".json"),
}


@transaction.atomic
def keep_captions(
    *, project: Project, corpus: Corpus | None, side: str, name: str, data: bytes, actor: User | None, now: datetime
) -> CaptionFile:
    """Keeps a file and has a worker read it, once its data set is in; captions to search in and sentences have none.
    BadInput where it can be none."""
    free = side in ENDINGS
    corpus = None if free else corpus
    if not free and not (corpus and corpus.project_id == project.pk and _takes_captions(corpus)):
        raise BadInput(_("Choose a classification set of this project."), field="corpus")
    if not data.strip():
        raise BadInput(_("The file is empty."), field="file")
    if not free and not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise BadInput(_("This is no JSON object, as the published layout has it."), field="file")
    plain = PurePosixPath(name.replace("\\", "/")).name[:120]
    key = f"{PREFIX}/{secrets.token_hex(12)}{_ending(name, side) if free else '.json'}"
    store().write_bytes(key, data)
    file = CaptionFile.objects.create(
        project=project,
        corpus=corpus,
        side=side,
        name=plain if plain and is_kept(plain) else PurePosixPath(key).name,
        key=key,
        byte_count=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        created_by=actor,
        created_at=now,
    )
    told = {"corpus": corpus.name if corpus else "", "side": side, "sha256": file.sha256}
    record(verb="captions.kept", actor=actor, now=now, project=project, target=file.name, details=told)
    transaction.on_commit(_wake)
    return file


@transaction.atomic
def remove_captions(*, file: CaptionFile, actor: User, now: datetime) -> None:
    """Removes a file; refused while runs need it."""
    key, name, project = file.key, file.name, file.project
    try:
        file.delete()
    except ProtectedError as error:
        users = sorted({needed.run_id for needed in error.protected_objects if isinstance(needed, RunInput)})
        names = ", ".join(map(str, users))
        raise Refused(
            _("“%(name)s” is used by run %(names)s: delete that first.") % {"name": name, "names": names}
        ) from error
    record(verb="captions.removed", actor=actor, now=now, project=project, target=name)
    transaction.on_commit(lambda: store().delete(key))


def _takes_captions(corpus: Corpus) -> bool:
    return corpus.task == "classification" and corpus.state in OPEN


def _ending(name: str, side: str) -> str:
    """How the file is read; BadInput where nothing is known of such."""
    found, known = PurePosixPath(name).suffix.lower(), ENDINGS[CaptionFile.Side(side)]
    if found not in known:
        told = _("Files of this kind end in %(endings)s.") % {"endings": ", ".join(known)}
        raise BadInput(told, field="file")
    return found


def _wake() -> None:
    try:
        wake(CAPTIONS_TASK)
    except BrokerAway:
        logger.warning("Redis is away: caption files wait for the next look of the clock")
