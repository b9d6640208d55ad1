"""The addresses of registrations and claims."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from tests.webapp.permissions.rows import Row
from tests.webapp.permissions.world import Knocker, World
from webapp.accounts.models import Project, User
from webapp.annotation.models import Calculation
from webapp.experiments.files import store
from webapp.experiments.models import Run
from webapp.verdicts.claims.files import claim_key
from webapp.verdicts.models import Claim, Registration


def build(world: World) -> None:
    """A registration, a claim and the wish for one in each project."""
    for prefix, project, person in (("", world.project, world.owner), ("foreign_", world.foreign, world.outsider)):
        run = _run(project)
        world.things[f"{prefix}registration"] = _registration(project, run, person)
        world.things[f"{prefix}claim"] = _claim(project, run, person)
        world.things[f"{prefix}claim_wish"] = Calculation.objects.create(
            project=project, kind="claim", stamp="held", request={"query": ""}, state="failed",
            requested_at=timezone.now(),
        )  # fmt: skip


def _run(project: Project) -> Run:
    return Run.objects.create(
        project=project, method="retrieval.evaluate", title="Held against", spec={}, fingerprint="0" * 64, queue="cpu",
        state=Run.State.SUCCEEDED, created_at=timezone.now(),
    )  # fmt: skip


def _registration(project: Project, run: Run, person: User) -> Registration:
    return Registration.objects.create(
        project=project, title="Said before", baseline=run, baseline_title="Held against", data_hash="d",
        data_name="Data",
        baseline_fingerprint="0" * 64, direction="t2i", metric="recall@1", smallest_effect=0.01, n=100,
        stopping_rule="One run.", method="retrieval.evaluate", content_hash="0" * 64, registered_by=person,
        registered_at=timezone.now(),
    )  # fmt: skip


def _claim(project: Project, run: Run, person: User) -> Claim:
    key = claim_key(project.pk, "c" * 64)
    store().write_bytes(key, b"zip")
    return Claim.objects.create(
        project=project, digest="c" * 64, key=key, sha256="0" * 64, byte_count=3, runs=[[run.pk, 1, "Held against"]],
        baseline=run.pk, query="", mode="exploratory", data_hash="d", made_by=person, made_at=timezone.now(),
    )  # fmt: skip


def one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our registration."""
    return {"slug": world.project.slug, "registration_id": world["registration"].pk}


def foreign_one(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's registration under our address."""
    return {"slug": world.project.slug, "registration_id": world["foreign_registration"].pk}


def claim(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our claim."""
    return {"slug": world.project.slug, "claim_id": world["claim"].pk}


def passing(world: World, knocker: Knocker) -> dict[str, Any]:
    """A claim of our project that this knocker alone may take away."""
    row = Claim.objects.get(pk=world["claim"].pk)
    row.pk, row.digest, row.key = None, f"{Claim.objects.count():064d}", f"claims/passing/{Claim.objects.count()}.zip"
    row.save()
    return {"slug": world.project.slug, "claim_id": row.pk}


def foreign_claim(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's claim under our address."""
    return {"slug": world.project.slug, "claim_id": world["foreign_claim"].pk}


def wish(world: World, knocker: Knocker) -> dict[str, Any]:
    """Our wish."""
    return {"slug": world.project.slug, "wish_id": world["claim_wish"].pk}


def foreign_wish(world: World, knocker: Knocker) -> dict[str, Any]:
    """Another project's wish under our address."""
    return {"slug": world.project.slug, "wish_id": world["foreign_claim_wish"].pk}


_VIEW, _MAKE, _SEE, _CLAIM, _DELETE = (
    "registration.view", "registration.make", "claim.view", "claim.make", "claim.delete",
)  # fmt: skip
ROWS = [
    Row("verdicts:registrations", {"GET": _VIEW}),
    Row("verdicts:registration_new", {"GET": _MAKE, "POST": _MAKE}),
    Row("verdicts:registration_power_of", {"GET": _MAKE}),
    Row("verdicts:registration", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("verdicts:registration_power", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("verdicts:registration_withdraw", {"POST": _MAKE}, one, foreign=(foreign_one,)),
    Row("verdicts:api_registrations", {"GET": _VIEW, "POST": _MAKE}),
    Row("verdicts:api_registration", {"GET": _VIEW}, one, foreign=(foreign_one,)),
    Row("verdicts:api_registration_withdraw", {"POST": _MAKE}, one, foreign=(foreign_one,)),
    Row("verdicts:claims", {"GET": _SEE, "POST": _CLAIM}),
    Row("verdicts:claiming", {"GET": _SEE}, wish, foreign=(foreign_wish,)),
    Row("verdicts:claim", {"GET": _SEE}, claim, foreign=(foreign_claim,)),
    Row("verdicts:claim_file", {"GET": _CLAIM}, claim, foreign=(foreign_claim,)),
    Row("verdicts:claim_delete", {"POST": _DELETE}, passing, foreign=(foreign_claim,)),
    Row("verdicts:api_claims", {"GET": _SEE, "POST": _CLAIM}),
    Row("verdicts:api_claim_wish", {"GET": _SEE}, wish, foreign=(foreign_wish,)),
    Row("verdicts:api_claim", {"GET": _SEE, "DELETE": _DELETE}, passing, foreign=(foreign_claim,)),
    Row("verdicts:api_claim_file", {"GET": _CLAIM}, claim, foreign=(foreign_claim,)),
]
