"""Takes a file of labels in: kept and looked at first, then taken, each answer once however often that happens."""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.exchange import labelstudio, records, sheets
from webapp.annotation.exchange.accounts import parsed
from webapp.annotation.exchange.entries import Content
from webapp.annotation.exchange.judging import Answered, Judgement, judged
from webapp.annotation.exchange.queries import standings
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, LabelFile
from webapp.annotation.taxonomies.queries import document_of
from webapp.corpora.files import store

KEPT_PROBLEMS = 200  # of a report; the whole of it is made again from the file


def keep_file(
    *,
    campaign: Campaign,
    annotator: Annotator | None,
    name: str,
    data: bytes,
    replace: bool,
    actor: User,
    now: datetime,
    accounts: str = "",
) -> LabelFile:
    """Keeps an uploaded file and looks at it; writes no label. BadInput where it is no file of labels at all.

    `accounts`: whose an account of another tool is, as people write it (“11=A, 12=B”).
    """
    whose = parsed(accounts, Annotator.objects.filter(campaign=campaign).values_list("letter", flat=True))
    content = read(name, data)
    if not content.entries and not content.mistakes:
        raise BadInput(_("The file holds no answer."), field="file")
    key = f"labels/{campaign.pk}/{secrets.token_hex(12)}"
    store().write_bytes(key, data)
    file = LabelFile.objects.create(
        campaign=campaign,
        annotator=annotator,
        name=name[:200],
        key=key,
        sha256=hashlib.sha256(data).hexdigest(),
        accounts=whose,
        replace=replace,
        uploaded_by=actor,
        uploaded_at=now,
    )
    return _reported(file, judge(file, content))


def judge(file: LabelFile, content: Content | None = None) -> Judgement:
    """What would come of each row of a kept file, as the campaign stands now."""
    if content is None:
        content = read(file.name, store().read_bytes(file.key))
    return judged(
        content,
        taxonomy=document_of(file.campaign.taxonomy_version),
        standings=standings(file.campaign),
        letter=file.annotator.letter if file.annotator else "",
        accounts=file.accounts,
        replace=file.replace,
    )


def take_file(*, file: LabelFile, actor: User, now: datetime) -> Judgement:
    """Writes the answers of a kept file; rows that cannot be taken are left, and the report names them.

    Each annotator's answers are one transaction, and every answer's key follows from what it says and what it follows,
    so a file that is taken again after a fault, or twice at once, stores nothing twice.
    """
    if file.state == LabelFile.State.TAKEN:
        raise BadInput(_("This file was taken already. Upload it again if it has changed."))
    found = judge(file)
    people = {
        row.letter: row for row in Annotator.objects.filter(campaign=file.campaign).select_related("campaign", "user")
    }
    by_letter: dict[str, list[Answered]] = defaultdict(list)
    for row in found.taken:
        if row.answer is not None:
            by_letter[row.letter].append(row.answer)
    source = {"sheet": "sheet", "jsonl": "jsonl"}.get(read_format(file.name), "labelstudio")
    for letter, answers in sorted(by_letter.items()):
        record_answers(annotator=people[letter], events=[_answer(row) for row in answers], source=source, now=now)
    with transaction.atomic():
        _reported(file, found)
        LabelFile.objects.filter(pk=file.pk).update(state=LabelFile.State.TAKEN, taken_at=now)
        told = {"file": file.name, **found.counts}
        campaign = file.campaign
        record(
            verb="labels.imported", actor=actor, project=campaign.project, target=campaign.name, details=told, now=now
        )
    return found


def read(name: str, data: bytes) -> Content:
    """What a file says, by its format. BadInput at the field `file` where it cannot be read."""
    reader = {"jsonl": records.read, "json": labelstudio.read}.get(read_format(name), sheets.read)
    try:
        return reader(data)
    except BadInput as problem:
        raise BadInput(str(problem), field="file") from problem


def read_format(name: str) -> str:
    """sheet, jsonl or json, by the end of a file's name."""
    ending = name.lower().rpartition(".")[2]
    return {"jsonl": "jsonl", "ndjson": "jsonl", "json": "json"}.get(ending, "sheet")


def _answer(row: Answered) -> Answer:
    entry = row.entry
    return Answer(
        key=row.key,
        task_id=row.task_id,
        kind="skip" if row.skip_reason else "answer",
        category=row.category,
        subtype=row.subtype,
        skip_reason=row.skip_reason,
        confidence=None if row.skip_reason else entry.confidence,
        note=entry.note,
        flagged=entry.flagged,
        first_choice_ms=entry.first_choice_ms,
        spent_ms=entry.spent_ms,
        said_at=entry.said_at,
    )


def _reported(file: LabelFile, found: Judgement) -> LabelFile:
    file.report = {
        "counts": found.counts,
        "spellings": [list(row) for row in found.spellings],
        "missing": list(found.missing[:KEPT_PROBLEMS]),
        "problems": [[row.place, row.idx, row.text] for row in found.faults[:KEPT_PROBLEMS]],
    }
    file.save(update_fields=["report"])
    return file
