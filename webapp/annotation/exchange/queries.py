"""Reads what leaves in files and what files are held against."""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from ml_core.failures.sampling import OVERLAP
from ml_core.spec import BadInput
from webapp.annotation.exchange.entries import Given, Pane, Sample, Sides
from webapp.annotation.exchange.judging import Standing
from webapp.annotation.models import Annotator, Campaign, Label, LabelFile, Slot, Task
from webapp.corpora.files import picture_key
from webapp.corpora.models import Item

CHUNK = 200  # tasks read at a time on their way into a file
LATEST = 20


@dataclass(frozen=True)
class Person:
    """An annotator as the page of files lists them."""

    id: int
    letter: str
    name: str
    wanted: int
    answered: int
    here: bool


@dataclass(frozen=True)
class FileRow:
    """A file that came in."""

    id: int
    name: str
    letter: str
    by: str
    at: datetime
    taken_at: datetime | None
    counts: dict[str, int]


def file_of(campaign: Campaign, file_id: int) -> LabelFile | None:
    """A file of this campaign."""
    found = LabelFile.objects.select_related("annotator", "uploaded_by")
    return found.filter(campaign=campaign, pk=file_id).first() if file_id < 2**63 else None


def people_of(campaign: Campaign) -> list[Person]:
    """The annotators with how far they are, by letter."""
    wanted: dict[int, int] = defaultdict(int)
    answered: dict[int, int] = defaultdict(int)
    states = Slot.objects.filter(campaign=campaign, annotator__isnull=False).values_list("annotator_id", "state")
    for annotator, state in states:
        wanted[annotator] += state != Slot.State.WITHDRAWN
        answered[annotator] += state in (Slot.State.ANSWERED, Slot.State.SKIPPED)
    rows = Annotator.objects.filter(campaign=campaign).select_related("user").order_by("pk")
    return [
        Person(row.pk, row.letter, row.user.username, wanted[row.pk], answered[row.pk], row.left_at is None)
        for row in rows
    ]


def files_in(campaign: Campaign) -> list[FileRow]:
    """The newest files that came in."""
    rows = LabelFile.objects.filter(campaign=campaign).select_related("annotator", "uploaded_by").order_by("-pk")
    return [
        FileRow(
            row.pk,
            row.name,
            row.annotator.letter if row.annotator else "",
            row.uploaded_by.username if row.uploaded_by else "",
            row.uploaded_at,
            row.taken_at,
            row.report.get("counts", {}),
        )
        for row in rows[:LATEST]
    ]


def standings(campaign: Campaign) -> dict[str, dict[str, Standing]]:
    """How every task stands for every annotator: letter → idx → Standing. Four queries."""
    letters = dict(Annotator.objects.filter(campaign=campaign).values_list("pk", "letter"))
    tasks = list(Task.objects.filter(campaign=campaign).values_list("pk", "idx", "group", "state"))
    slots = Slot.objects.filter(campaign=campaign).exclude(state=Slot.State.WITHDRAWN)
    theirs: set[tuple[int, int]] = set()
    free: set[int] = set()
    for task, annotator in slots.values_list("task_id", "annotator_id"):
        if annotator is None:
            free.add(task)
        else:
            theirs.add((task, annotator))
    fields = ("task_id", "annotator_id", "category", "subtype", "skip_reason", "note", "flagged", "confidence")
    labels = Label.objects.filter(campaign=campaign).values_list(*fields, "last_event")
    said = {(row[0], row[1]): row[2:] for row in labels}
    people = set(letters.values())
    return {
        letter: {
            idx: Standing(
                task,
                (task, pk) in theirs or task in free,
                group if group in people and group != letter else "",
                state != Task.State.UNUSABLE,
                group == OVERLAP,
                *said.get((task, pk), ()),
            )
            for task, idx, group, state in tasks
        }
        for pk, letter in letters.items()
    }


def answers_of(campaign: Campaign) -> Iterator[Given]:
    """Every answer of the campaign, task by task, in the order of the plan."""
    return (row for row in rows_of(campaign) if row.letter)


def rows_of(campaign: Campaign) -> Iterator[Given]:
    """Every answer, and a row without a letter for each task that is to be labelled and nobody has answered."""
    return (row for sample in samples_of(campaign) for row in sample.answers)


def samples_of(campaign: Campaign) -> Iterator[Sample]:
    """Every task that is to be labelled or has an answer, in the order of the plan; two queries for each CHUNK."""
    tasks = Task.objects.filter(campaign=campaign).exclude(state=Task.State.RESERVE).order_by("position")
    for some in _chunks(tasks.iterator(chunk_size=CHUNK)):
        answers: dict[int, list[Given]] = defaultdict(list)
        labels = Label.objects.filter(task__in=some).exclude(category="", skip_reason="").select_related("annotator")
        of = {task.pk: task for task in some}
        for label in labels.order_by("annotator_id"):
            answers[label.task_id].append(_given(of[label.task_id], label))
        for task, sides in zip(some, _sides(campaign, some), strict=True):
            if answers[task.pk] or task.state == Task.State.ACTIVE:
                yield Sample(sides, tuple(answers[task.pk]) or (_given(task, None),))


def _given(task: Task, label: Label | None) -> Given:
    """A task with an answer to it, or with none."""
    said = label or Label(category="", subtype="", skip_reason="", note="")
    return Given(
        task.idx,
        task.group,
        task.stratum,
        label.annotator.letter if label else "",
        shown(task.prompt) or {},
        shown(task.right),
        shown(task.given),
        said.category,
        said.subtype,
        said.skip_reason,
        said.confidence,
        said.note,
        said.flagged,
        said.first_choice_ms,
        said.spent_ms,
        said.answered_at,
    )


def kinds_of(campaign: Campaign) -> dict[str, set[str]]:
    """Which kinds of content each part of the tasks has: prompt, right and given."""
    tasks = Task.objects.filter(campaign=campaign).exclude(state=Task.State.RESERVE)
    rows = set(tasks.values_list("prompt__kind", "right__kind", "given__kind"))
    parts = zip(("prompt", "right", "given"), zip(*rows, strict=True), strict=True) if rows else ()
    return {part: {kind for kind in kinds if kind} for part, kinds in parts}


def shown(content: dict[str, Any] | None) -> Any:
    """A task's content as files tell of it: never where the store keeps it."""
    return None if content is None else {name: value for name, value in content.items() if name != "key"}


def sheet_rows(campaign: Campaign, annotator: Annotator) -> dict[str, list[dict[str, object]]]:
    """An annotator's sheets by group, the samples of each in the order of the plan, with what they answered so far."""
    slots = Slot.objects.filter(annotator=annotator).exclude(state=Slot.State.WITHDRAWN).select_related("task")
    tasks = [slot.task for slot in slots.order_by("position") if slot.task.state == Task.State.ACTIVE]
    labels = Label.objects.filter(annotator=annotator, task__in=tasks).values_list("task_id", "category", "subtype")
    said = {task: (category, subtype) for task, category, subtype in labels}
    sheets: dict[str, list[dict[str, object]]] = defaultdict(list)
    for task in tasks:
        category, subtype = said.get(task.pk, ("", ""))
        sheets[task.group].append(
            {
                "idx": task.idx,
                "caption": text_of(task.prompt),
                "gt_img_idx": "" if campaign.blind else name_of(task.right),
                "pred_img_idx": "" if campaign.blind else name_of(task.given),
                "category": category,
                "ambiguous_subtype": subtype,
            }
        )
    return dict(sheets)


def text_of(content: dict[str, Any]) -> str:
    """A prompt in words; a picture's name where it is one."""
    return str(content.get("text") or name_of(content))


def name_of(content: dict[str, Any] | None) -> object:
    """What a candidate is called in a sheet: the picture's number in the data set, or its text."""
    if content is None:
        return ""
    return content.get("text") or content.get("number", content.get("name", ""))


def sides_of(campaign: Campaign, groups: Sequence[str]) -> Iterator[Sides]:
    """The samples of some groups with their pictures' places; a query for each CHUNK beside the tasks'."""
    tasks = Task.objects.filter(campaign=campaign, state=Task.State.ACTIVE, group__in=groups).order_by("position")
    for some in _chunks(tasks.iterator(chunk_size=CHUNK)):
        yield from _sides(campaign, some)


def _chunks(tasks: Iterator[Task]) -> Iterator[list[Task]]:
    while some := list(islice(tasks, CHUNK)):
        yield some


def _sides(campaign: Campaign, tasks: list[Task]) -> Iterator[Sides]:
    contents = [content for task in tasks for content in (task.prompt, task.right, task.given) if content]
    numbers = {content["number"] for content in contents if content["kind"] != "text" and "number" in content}
    items = Item.objects.filter(corpus_id=campaign.corpus_id or 0, number__in=numbers)
    hashes = dict(items.values_list("number", "file_hash"))
    prefix = campaign.corpus.prefix if campaign.corpus else ""
    for task in tasks:
        prompt, left, right = (_pane(content, hashes, prefix) for content in (task.prompt, task.right, task.given))
        if campaign.blind and _turned(task.pk):
            left, right = right, left
        yield Sides(task.idx, task.group, task.position, text_of(task.prompt), prompt, left, right)


def _pane(content: dict[str, Any] | None, hashes: dict[int, str], prefix: str) -> Pane:
    if content is None:
        return ("text", "")
    if content["kind"] == "text":
        return ("text", content["text"])
    if "key" in content:
        return ("picture", content["key"])
    file_hash = hashes.get(content["number"])
    return ("picture", picture_key(prefix, file_hash)) if file_hash else ("text", "(this picture is gone)")


def _turned(task_id: int) -> bool:
    """Whether a blind campaign shows the two sides of a sample the other way round: by a keyed hash, half of them."""
    return bool(hmac.digest(settings.SECRET_KEY.encode(), f"sheet side {task_id}".encode(), "sha256")[0] & 1)


def sheets_for(campaign: Campaign, letter: str = "") -> list[Annotator]:
    """Whose sheets are meant: the annotator of this letter, or everybody who has not left."""
    rows = Annotator.objects.filter(campaign=campaign).select_related("user").order_by("pk")
    return list(rows.filter(letter=letter) if letter else rows.filter(left_at__isnull=True))


def annotator_lettered(campaign: Campaign, letter: str) -> Annotator:
    """The annotator who goes by this letter. BadInput where there is none."""
    found = Annotator.objects.select_related("user", "campaign").filter(campaign=campaign, letter=letter).first()
    if found is None:
        raise BadInput(_("Nobody in this campaign goes by %(letter)s.") % {"letter": letter[:10]}, field="annotator")
    return found
