"""Captions tried on a case as its page shows them: columns side by side, the run's own first. Asks no database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext

from webapp.accounts.models import User
from webapp.experiments.cases.queries import Known, Row
from webapp.experiments.cases.shown import Answer, Place, slide
from webapp.experiments.models import Probe
from webapp.experiments.probing.failures import told
from webapp.experiments.probing.words import Part, difference

UNDER_WAY = (Probe.State.WANTED, Probe.State.WORKING)
AWAY_AFTER = timedelta(seconds=8)  # a wish that no worker has taken up
PAUSES = (60, 60, 60, 80, 80, 100, 100, 150, 200, 300, 400, 500)  # milliseconds between looks; then a second


@dataclass(frozen=True)
class Column:
    """One caption: what is new in it, where the right picture stands with it, and what comes first."""

    id: int | None  # None: the run's own
    state: str  # ready, wanted, working, away, failed
    parts: list[Part]
    answers: list[Answer]
    rank: int | None = None
    score: float | None = None
    moved: int = 0  # places that the right picture came nearer (below zero: fell back)
    tone: str = ""  # repaired, broken, or none
    below: bool = False  # the right picture is not among those shown
    failure: str = ""
    person: str = ""
    at: datetime | None = None
    pinned: bool = False
    note: str = ""
    own: bool = False
    unlike: str = ""  # in what its vector was made otherwise than the run's
    pause: int = 0
    look: int = 0

    @property
    def fell(self) -> int:
        """Places that the right picture fell back."""
        return max(0, -self.moved)

    @property
    def said(self) -> str:
        """What a screen reader hears once it is there."""
        if self.state == "ready":
            return gettext("Rank %(rank)s") % {"rank": f"{self.rank:,}"}
        return gettext("The caption could not be tried") if self.state == "failed" else ""


def own(case: Row, known: Known, where: Place) -> Column:
    """What the run itself asked."""
    shown = _answers(case, case.given, case.scores, known, where)
    below = case.right not in case.given
    return Column(None, "ready", [Part("same", case.prompt_text)], shown, case.rank, case.right_score, below=below)


def column(
    probe: Probe, case: Row, known: Known, where: Place, *, person: User, now: datetime, look: int = 0
) -> Column:
    """A probe; `look` says how often a page has asked for it, so that it asks less often later."""
    state = str(probe.state)
    if state == Probe.State.WANTED and now - probe.created_at > AWAY_AFTER:
        state = "away"
    base = Column(
        probe.pk, state, difference(case.prompt_text, probe.text), [], failure=told(probe.failure), at=probe.created_at,
        person=probe.created_by.username if probe.created_by else gettext("somebody"), pinned=bool(probe.pinned_at),
        note=probe.note, own=probe.created_by_id == person.pk,
        pause=PAUSES[look] if look < len(PAUSES) else 1000, look=look + 1,
    )  # fmt: skip
    if probe.state != Probe.State.READY or probe.rank is None:
        return base
    return replace(
        base,
        answers=_answers(case, probe.given, probe.scores, known, where),
        rank=probe.rank,
        score=probe.right_score,
        moved=case.rank - probe.rank,
        tone=_tone(case.rank, probe.rank),
        below=case.right not in probe.given,
        unlike=_unlike(probe),
    )


def rows_of(case: Row, probes: list[Probe]) -> list[Row]:
    """The case with the answers of each probe in its place: what pictures have to be known for."""
    return [case, *(replace(case, given=probe.given, scores=probe.scores) for probe in probes)]


def _tone(before: int, now: int) -> str:
    if before > 1 and now == 1:
        return "repaired"
    return "broken" if before == 1 and now > 1 else ""


def _unlike(probe: Probe) -> str:
    if probe.model.get("same_preparation", True):
        return ""
    told = {"precision": probe.model.get("precision") or "?"}
    return gettext("encoded in %(precision)s, not as the run was: scores may differ by about 0.01") % told


def _answers(case: Row, given: list[int], scores: list[float], known: Known, where: Place) -> list[Answer]:
    shown = []
    for place, (number, score) in enumerate(zip(given[:10], scores, strict=False), start=1):
        right = number == case.right
        mount = slide(case.answer_kind, number, f"{place}.", known, where, score=score)
        if mount.src:
            mount = replace(mount, src=where.picture(number, "small"), large="", number="")
        shown.append(Answer(place, mount, right))
    return shown
