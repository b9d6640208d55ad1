"""Names and forgets the server folders below which people may import."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions import record
from webapp.accounts.models import User
from webapp.corpora.models import SourceRoot


@transaction.atomic
def add_root(*, name: str, path: str, actor: User, now: datetime) -> SourceRoot:
    """Open a folder of the server for imports. Its links are followed now, once, so that it cannot be moved later."""
    if not path.startswith("/"):
        raise BadInput(_("Give the whole path, from the root of the server: /srv/data."), field="path")
    folder = Path(path).resolve()
    if not folder.is_dir():
        raise BadInput(
            _("%(path)s: there is no such folder on this server, or it may not be read.") % {"path": path}, field="path"
        )
    if len(folder.parts) < 2 or folder in {Path("/etc"), Path("/proc"), Path("/sys"), Path("/dev"), Path("/root")}:
        raise BadInput(
            _("%(folder)s is the system's own. Name a folder that holds data sets.") % {"folder": folder}, field="path"
        )
    try:
        with transaction.atomic():
            root = SourceRoot.objects.create(name=name.strip(), path=str(folder), created_at=now)
    except IntegrityError:
        raise BadInput(_("There is a folder with this name or this path already."), field="name") from None
    record(verb="source_root.added", actor=actor, target=root.name, details={"path": root.path}, now=now)
    return root


@transaction.atomic
def remove_root(*, root: SourceRoot, actor: User, now: datetime) -> None:
    """Close a folder for imports; data sets that came from it stay."""
    record(verb="source_root.removed", actor=actor, target=root.name, details={"path": root.path}, now=now)
    root.delete()
