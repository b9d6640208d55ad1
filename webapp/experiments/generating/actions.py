"""Sets and forgets the model endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.generators.door import address_problem
from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.experiments.generating.queries import PURPOSE
from webapp.experiments.models import ModelEndpoint
from webapp.experiments.references import ENDPOINT_MODEL
from webapp.sealing import sealer

LONGEST_KEY = 2_000
MOST_MODELS = 100


@transaction.atomic
def set_endpoint(
    *, base_url: str, key: str, models: Sequence[str], actor: User, now: datetime, forget_key: bool = False
) -> ModelEndpoint:
    """Sets address, key and models. An empty `key` keeps the one there is, unless the address changes: a key goes to
    the address that it was given for and to no other. BadInput where a value cannot be one."""
    base_url, key = base_url.strip(), key.strip()
    names = list(dict.fromkeys(name.strip() for name in models if name.strip()))
    _check(base_url, key, names)
    row = ModelEndpoint.objects.select_for_update().first() or ModelEndpoint(pk=1)
    moved = row.base_url != base_url
    had = bool(row.sealed_key)
    if moved or forget_key:
        row.sealed_key = ""
    if key:
        row.sealed_key = sealer(PURPOSE).encrypt(key.encode()).decode()
    row.base_url, row.model_names, row.changed_by, row.changed_at = base_url, names, actor, now
    row.save()
    became = "set" if key else "cleared" if had and not row.sealed_key else "kept" if had else "none"
    told = {"address": "changed" if moved else "kept", "key": became, "models": names}
    record(verb="endpoint.set", actor=actor, now=now, target="model endpoint", details=told)
    return row


@transaction.atomic
def forget_endpoint(*, actor: User, now: datetime) -> None:
    """Forgets address, key and models."""
    removed, _rows = ModelEndpoint.objects.all().delete()
    if removed:
        record(verb="endpoint.forgotten", actor=actor, now=now, target="model endpoint")


def _check(base_url: str, key: str, names: list[str]) -> None:
    if base_url and (problem := address_problem(base_url)):
        raise BadInput(_(problem), field="base_url")
    if key and not base_url:
        raise BadInput(_("A key without an address goes nowhere."), field="key")
    if len(key) > LONGEST_KEY or not key.isprintable() or not key.isascii():
        raise BadInput(_("This cannot be a key: letters, digits and signs in one line are wanted."), field="key")
    wrong = [name for name in names if not ENDPOINT_MODEL.fullmatch(name)]
    if wrong or len(names) > MOST_MODELS:
        told = _("Write the names of models as the endpoint has them, one a line; this is none: %(name)s")
        raise BadInput(told % {"name": (wrong or names)[-1][:80]}, field="models")
