"""What people do with runs: launch, cancel, resume, repeat, delete, ask for the inputs; and the models runs may use."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError as BrokerAway
from pydantic import ValidationError

from ml_core.methods import card as find_card
from ml_core.spec import BadInput, Card, Spec, spec_problems
from webapp.accounts.actions import record
from webapp.accounts.models import Project, User
from webapp.broker import BUNDLE_TASK, RUN_TASK, wake
from webapp.corpora.models import Corpus
from webapp.corpora.partitions import drop_partition
from webapp.experiments import guarding, references
from webapp.experiments.files import run_prefix, store
from webapp.experiments.lifecycle import forget_after_checkpoint
from webapp.experiments.models import CaptionFile, RegisteredModel, Run, RunGroup, RunInput
from webapp.texts import UNKEPT, unkept_in

logger = logging.getLogger(__name__)
MOST_SEEDS = 20


class Refused(Exception):
    """What was asked for is not possible in the state the run is in; says why."""


@dataclass(frozen=True)
class Checked:
    """Settings looked at: the spec and its inputs where they are good, else every (field, sentence) that is wrong."""

    spec: Spec | None
    inputs: list[RunInput]
    problems: list[tuple[str, str]]


def check_values(project: Project, card: Card, values: dict[str, Any]) -> Checked:
    """Everything wrong with the settings at once; writes nothing."""
    problems = [(place.partition(".")[0] or "method", UNKEPT) for place in unkept_in(values)]
    spec = None
    if not card.web:
        problems.append(("method", f"{card.key} reads files by path: it runs on the command line alone"))
    try:
        spec = card.spec.model_validate(values)
        values = spec.model_dump(mode="json")
    except ValidationError as error:
        problems += spec_problems(error)
    wrong = {field for field, _ in problems}
    inputs, unnamed = references.check(project, card, {key: value for key, value in values.items() if key not in wrong})
    if not problems and not unnamed:
        unnamed = guarding.problems(project, card, values)
    return Checked(spec, inputs, problems + unnamed)


@transaction.atomic
def launch_run(
    *,
    project: Project,
    method: str,
    values: dict[str, Any],
    actor: User | None,
    now: datetime,
    title: str = "",
    cloned_from: Run | None = None,
    group: RunGroup | None = None,
) -> Run:
    """A new run, waiting in its queue. BadInput names the first wrong field and tells of every one."""
    card = find_card(method)
    checked = check_values(project, card, values)
    if not checked.problems:  # held while they are looked at again: nobody deletes what this run is about to name
        held = _hold(checked.inputs, cloned_from)
        cloned_from = cloned_from if cloned_from and cloned_from.pk in held else None
        checked = check_values(project, card, values)
    if checked.spec is None or checked.problems:
        words = "; ".join(f"{field}: {text}" for field, text in checked.problems)
        raise BadInput(words, field=checked.problems[0][0])
    run = Run.objects.create(
        project=project,
        group=group,
        cloned_from=cloned_from,
        method=card.key,
        title=title.strip()[:160],
        spec=checked.spec.model_dump(mode="json"),
        fingerprint=checked.spec.fingerprint(card.key),
        queue=card.queue,
        created_by=actor,
        created_at=now,
    )
    for needed in checked.inputs:
        needed.run = run
    RunInput.objects.bulk_create(checked.inputs)
    _tell("run.launched", run, actor, now, method=card.key)
    _wake_on_commit(run)
    return run


@transaction.atomic
def cancel_run(*, run: Run, actor: User | None, now: datetime) -> Run:
    """A waiting run is cancelled at once; a running one is asked to write a checkpoint and stop."""
    run = _locked(run)
    if run.state == Run.State.QUEUED:
        run.state, run.finished_at = Run.State.CANCELLED, now
    elif run.state == Run.State.RUNNING:
        run.cancel_requested_at = run.cancel_requested_at or now
    else:
        raise Refused(f"Run {run.pk} has already {run.state}.")
    run.save(update_fields=["state", "finished_at", "cancel_requested_at"])
    _tell("run.cancelled", run, actor, now)
    return run


@transaction.atomic
def resume_run(*, run: Run, actor: User | None, now: datetime) -> Run:
    """A failed or cancelled run waits again and goes on from its last checkpoint, or from the start if it has none."""
    run = _locked(run)
    if run.state not in (Run.State.FAILED, Run.State.CANCELLED):
        raise Refused(
            _("Run %(n)d is %(state)s: only a failed or cancelled run can be resumed.")
            % {"n": run.pk, "state": run.get_state_display().lower()}
        )
    checked = check_values(run.project, find_card(run.method), run.spec)
    if checked.problems:
        raise Refused("; ".join(f"{field}: {text}" for field, text in checked.problems))
    forget_after_checkpoint(run)
    run.state, run.failure, run.progress, run.lost_count = Run.State.QUEUED, {}, {}, 0
    run.cancel_requested_at = run.finished_at = run.heartbeat_at = None
    run.save()
    _tell("run.resumed", run, actor, now, from_step=run.checkpoint.get("step"))
    _wake_on_commit(run)
    return run


@transaction.atomic
def rerun_with_seeds(*, run: Run, seeds: list[int], actor: User | None, now: datetime) -> RunGroup:
    """The same settings under other seeds, as a group with the run they come from. BadInput where there is no seed."""
    if "seed" not in find_card(run.method).spec.model_fields:
        raise BadInput(f"{run.method} has no seed: running it again would measure the same", field="seeds")
    fresh = sorted(set(seeds) - {run.spec.get("seed")})
    if not fresh or len(fresh) > MOST_SEEDS:
        raise BadInput(f"give 1 to {MOST_SEEDS} seeds other than {run.spec.get('seed')}", field="seeds")
    run = _locked(run)
    if run.group is None:
        name = f"{run.title or run.method}: seeds"
        run.group = RunGroup.objects.create(project=run.project, name=name[:160], created_at=now)
        run.save(update_fields=["group"])
    for seed in fresh:
        values, title = run.spec | {"seed": seed}, f"{run.title or run.method}, seed {seed}"
        launch_run(
            project=run.project, method=run.method, values=values, title=title, actor=actor, now=now,
            cloned_from=run, group=run.group,
        )  # fmt: skip
    return run.group


@transaction.atomic
def delete_run(*, run: Run, actor: User | None, now: datetime) -> None:
    """Removes an ended or waiting run with its rows, its cases and its files; refused while others need it."""
    run = _locked(run)
    if run.state == Run.State.RUNNING:
        raise Refused(_("Run %(n)d is running: cancel it first.") % {"n": run.pk})
    prefix, pk = run_prefix(run.pk), run.pk
    _tell("run.deleted", run, actor, now, title=run.title)
    try:
        run.delete()
    except ProtectedError as error:
        users = sorted({needed.run_id for needed in error.protected_objects if isinstance(needed, RunInput)})
        names = ", ".join(str(number) for number in users) or "others"
        raise Refused(
            _("Run %(n)d is used by run %(names)s: delete that first.") % {"n": pk, "names": names}
        ) from error
    try:
        drop_partition(connection, "experiments_case", pk)
    except OperationalError as error:
        raise Refused(_("The cases of run %(n)d are being read: delete it in a moment.") % {"n": pk}) from error
    transaction.on_commit(lambda: store().delete_prefix(prefix))


@transaction.atomic
def request_bundle(*, run: Run, actor: User | None, now: datetime) -> None:
    """Asks a worker to put everything the run reads into one file that can be downloaded."""
    run = _locked(run)
    if run.bundle or run.bundle_requested_at:
        return
    run.bundle_requested_at, run.bundle_failure = now, ""
    run.save(update_fields=["bundle_requested_at", "bundle_failure"])
    _tell("run.bundle_requested", run, actor, now)
    transaction.on_commit(lambda: _send(BUNDLE_TASK, run.pk, queue="jobs"))


@transaction.atomic
def register_model(*, slug: str, name: str, reference: str, note: str, actor: User, now: datetime) -> RegisteredModel:
    """Lets every project's runs use a model as `model:SLUG`; BadInput where the slug is taken."""
    if not reference.startswith(("hf:", "open_clip:", "local:")):
        raise BadInput(_("write hf:NAME_OR_PATH, open_clip:NAME/PRETRAINED or local:NAME_OR_PATH"), field="reference")
    try:
        with transaction.atomic():
            model = RegisteredModel.objects.create(slug=slug, name=name, reference=reference, note=note, created_at=now)
    except IntegrityError as error:
        raise BadInput(_("a model is already registered as “%(slug)s”") % {"slug": slug}, field="slug") from error
    record(verb="model.registered", actor=actor, now=now, target=slug, details={"reference": reference})
    return model


@transaction.atomic
def remove_model(*, model: RegisteredModel, actor: User, now: datetime) -> None:
    """Takes a model back; runs that used it keep what they measured."""
    record(verb="model.removed", actor=actor, now=now, target=model.slug, details={"reference": model.reference})
    model.delete()


def _hold(inputs: list[RunInput], cloned_from: Run | None) -> set[int]:
    """Locks the data sets, captions and runs that a run names until the transaction ends, in one order for everybody.

    Runs are held against deleting alone, so that one at work goes on saying what it does. Returns those that are there.
    """
    named = Corpus.objects.filter(pk__in=[needed.corpus_id for needed in inputs if needed.corpus_id])
    list(named.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    files = CaptionFile.objects.filter(pk__in=[needed.caption_file_id for needed in inputs if needed.caption_file_id])
    list(files.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    sources = [needed.source_run_id for needed in inputs if needed.source_run_id]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM experiments_run WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE",
            [sources + ([cloned_from.pk] if cloned_from else [])],
        )
        return {run_id for (run_id,) in cursor.fetchall()}


def _locked(run: Run) -> Run:
    return Run.objects.select_for_update(of=("self",), no_key=False).select_related("project", "group").get(pk=run.pk)


def _tell(verb: str, run: Run, actor: User | None, now: datetime, **details: Any) -> None:
    record(verb=verb, actor=actor, now=now, project=run.project, target=f"run {run.pk}", details=details)


def _wake_on_commit(run: Run) -> None:
    queue = run.queue
    transaction.on_commit(lambda: _send(RUN_TASK, queue, queue=queue))


def _send(task: str, argument: int | str, *, queue: str) -> None:
    try:
        wake(task, argument, queue=queue)
    except BrokerAway:
        logger.warning("Redis is away: %s waits for the next look of the clock", task)
