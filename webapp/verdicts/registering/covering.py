"""Whether a comparison was registered before anybody looked: which registration covers it, why another one does not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.utils.translation import gettext as _

from webapp.accounts.models import Project
from webapp.annotation.models import AnalysisItem, AnalysisSet
from webapp.experiments.models import Run
from webapp.verdicts.models import Registration
from webapp.verdicts.registering.fitting import runs_that_fit

CONTROL = "control"  # the setting by which a run changes as much at random


@dataclass(frozen=True)
class Asked:
    """A comparison as far as registrations know of such: the baseline, its data, the set of labels, the others."""

    baseline: int
    data_hash: str
    set: int
    directions: Collection[str]
    runs: tuple[int, ...]
    control: int = 0


@dataclass(frozen=True)
class Standing:
    """A registration beside a comparison; `why`: what keeps it from counting, a sentence, else empty."""

    registration: Registration
    run: int
    why: str = ""

    @property
    def counts(self) -> bool:
        """Whether the comparison is what was registered."""
        return not self.why


def standings(project: Project, asked: Asked) -> list[Standing]:
    """Every registration that speaks of this baseline and one of these runs, the first made first."""
    rows = Registration.objects.filter(project=project, baseline=asked.baseline, data_hash=asked.data_hash)
    found = rows.select_related("withdrawal", "analysis_set").order_by("pk")
    made = []
    for row in found:
        fitting = runs_that_fit(project, row.method, row.settings, row.data_hash)
        named = [run for run in fitting if run.pk in asked.runs and run.pk != asked.baseline]
        if named:
            made.append(_standing(row, fitting, named, asked))
    return made


def held_to(found: list[Standing], wanted: int) -> Standing | None:
    """The registration that a comparison is held to: the one that is wanted, else the first; of those that count."""
    counting = [one for one in found if one.counts]
    return next((one for one in counting if one.registration.pk == wanted), counting[0] if counting else None)


def run_of(row: Registration) -> Run | None:
    """The run that the registration is about: the first that fits and was launched after it; None until then."""
    fitting = runs_that_fit(row.project, row.method, row.settings, row.data_hash)
    return next((run for run in fitting if run.created_at > row.registered_at), None)


def _standing(row: Registration, fitting: list[Run], named: list[Run], asked: Asked) -> Standing:
    own = next((run for run in fitting if run.created_at > row.registered_at), None)
    shown = own if own in named else named[0]
    assert shown is not None
    why = _not_at_all(row) or _not_this(row, own, shown) or _not_here(row, asked) or _control(row, shown, asked)
    return Standing(row, shown.pk, why)


def _not_at_all(row: Registration) -> str:
    """What makes a registration void, whatever is compared."""
    if hasattr(row, "withdrawal"):
        return _("It was withdrawn.")
    if row.seen:
        named = ", ".join(map(str, row.seen[:5]))
        return _("It was made after looking: run %(runs)s had already answered this.") % {"runs": named}
    return ""


def _not_this(row: Registration, own: Run | None, shown: Run) -> str:
    if shown.created_at <= row.registered_at:
        return _("Run %(run)d was launched before it was registered.") % {"run": shown.pk}
    if own is not None and own.pk != shown.pk:
        return _("It is about run %(own)d, the first that fits it; run %(run)d is another try.") % {
            "own": own.pk, "run": shown.pk,
        }  # fmt: skip
    return ""


def _not_here(row: Registration, asked: Asked) -> str:
    """What the address of the comparison lacks."""
    if row.direction not in asked.directions:
        return _("These runs do not have its direction in common.")
    if not row.category:
        return ""
    if row.analysis_set_id not in (None, asked.set):
        return _("It is about the labels “%(name)s”; choose them.") % {"name": row.analysis_set.name}  # type: ignore[union-attr]
    chosen = AnalysisSet.objects.filter(pk=asked.set).first() if asked.set else None
    if chosen is None:
        return _("It is about labelled queries; choose a set of labels.")
    if row.analysis_set_id is None and chosen.created_at <= row.registered_at:
        return _("These labels were frozen before it was registered.")
    items = AnalysisItem.objects.filter(analysis_set=chosen, category=row.category, case_number__isnull=False)
    if not items.exists() or chosen.campaign.source.get("direction") != row.direction:
        return _("These labels have no case of its category.")
    return ""


def _control(row: Registration, shown: Run, asked: Asked) -> str:
    """A control that could be chosen after looking would decide what is shown: it has the run's own settings."""
    if not row.category or not asked.control:
        return ""
    control = Run.objects.only("method", "spec").get(pk=asked.control)
    own = {**shown.spec, CONTROL: True}
    if control.pk != shown.pk and control.method == shown.method and control.spec == own:
        return ""
    return _("Run %(control)d is not the control of run %(run)d: the same settings, at random.") % {
        "control": control.pk, "run": shown.pk,
    }  # fmt: skip
