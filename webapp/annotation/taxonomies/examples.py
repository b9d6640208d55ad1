"""Pictures that a case of a run, or a sample of a campaign, has to offer as examples of a category."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ml_core.spec import BadInput
from webapp.accounts.models import Project
from webapp.annotation.models import Task
from webapp.corpora.files import picture_key, store
from webapp.corpora.models import Item
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.queries import PICTURES, Row

SIDES = {"prompt": gettext_lazy("Asked"), "right": gettext_lazy("Wanted"), "given": gettext_lazy("Given")}


@dataclass(frozen=True)
class Offer:
    """A picture of a case: of a data set by its number there, or of an upload by its key in the store."""

    side: str  # one of SIDES
    corpus_id: int | None
    number: int
    key: str = ""
    name: str = ""

    @property
    def words(self) -> str:
        """Which picture of the case it is."""
        return str(SIDES[self.side])

    def data(self) -> bytes:
        """Its bytes as they came in. BadInput where they are gone."""
        try:
            return store().read_bytes(self.key or self._original())
        except FileNotFoundError:
            raise BadInput(_("The picture's file is gone."), field="side") from None

    def _original(self) -> str:
        rows = Item.objects.filter(corpus=self.corpus_id, number=self.number)
        found = rows.values_list("file_hash", flat=True).first()
        if found is None:
            raise FileNotFoundError(self.number)
        return picture_key(f"corpora/{self.corpus_id}", found)


def offered_by_case(project: Project, run_id: int, number: int) -> list[Offer] | None:
    """The pictures of a case of one of the project's runs; None where there is no such case."""
    run = cases.run_of(project, run_id)
    row = cases.case_of(run, number) if run is not None else None
    if run is None or row is None:
        return None
    corpus_id = cases.corpus_of(run)
    pictures = cases.known_of(corpus_id, [row]).pictures
    return [
        Offer(side, corpus_id, one, name=pictures[one].external_id) for side, one in _numbers(row) if one in pictures
    ]


def offered_by_sample(project: Project, campaign_id: int, task_id: int) -> list[Offer] | None:
    """The pictures of a sample of one of the project's campaigns; None where there is no such sample."""
    if max(campaign_id, task_id) >= 2**63:
        return None
    tasks = Task.objects.filter(campaign__project=project, campaign=campaign_id, pk=task_id)
    task = tasks.select_related("campaign").first()
    if task is None:
        return None
    sides = {"prompt": task.prompt, "right": task.right, "given": task.given}
    return [_of_content(task, side, said) for side, said in sides.items() if said and said["kind"] in PICTURES]


def _of_content(task: Task, side: str, said: Mapping[str, Any]) -> Offer:
    key, name = str(said.get("key", "")), str(said.get("name", ""))
    return Offer(side, None if key else task.campaign.corpus_id, int(said.get("number", 0)), key, name)


def _numbers(row: Row) -> Iterator[tuple[str, int]]:
    """The sides that are pictures, each with its number in the data set; given is what came first instead."""
    if row.prompt_kind in PICTURES:
        yield "prompt", row.prompt
    if row.answer_kind in PICTURES:
        yield "right", row.right
        rival = next((number for number in row.given if number != row.right), None)
        if rival is not None:
            yield "given", rival
