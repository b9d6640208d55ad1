"""Takes a file of labels in: kept and looked at first, then taken, each answer once however often that happens."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.actions.audit import record
from webapp.accounts.models import User
from webapp.annotation.exchange import labelstudio, records, sheets
from webapp.annotation.exchange.accounts import parsed
from webapp.annotation.exchange.entries import Content
from webapp.annotation.exchange.judging import ERROR, Answered, Judgement, Row, judged
from webapp.annotation.exchange.keepable import kept
from webapp.annotation.exchange.keeping import Line, gone_on, keep_lines, kept_lines, lines_of
from webapp.annotation.exchange.overlapping import Unequal, unequal
from webapp.annotation.exchange.queries import standings
from webapp.annotation.exchange.wording import words
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Annotator, Campaign, LabelFile
from webapp.annotation.taxonomies.queries import document_of
from webapp.corpora.files import store

_LOOKED_BACK = 100  # files of a campaign that an overlap is held against


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
    found = judge(file, content)
    return _reported(file, found, lines_of(found))


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
    lines = gone_on(kept_lines(file), lines_of(found))
    keep_lines(file, lines)
    people = {
        row.letter: row for row in Annotator.objects.filter(campaign=file.campaign).select_related("campaign", "user")
    }
    by_letter: dict[str, list[Answered]] = defaultdict(list)
    for row in found.taken:
        if row.answer is not None:
            by_letter[row.letter].append(row.answer)
    source = {"sheet": "sheet", "jsonl": "jsonl"}.get(read_format(file.name), "labelstudio")
    refused: dict[UUID, str] = {}
    for letter, answers in sorted(by_letter.items()):
        events = [_answer(row) for row in answers]
        outcomes = record_answers(annotator=people[letter], events=events, source=source, now=now)
        refused |= {row.key: row.why for row in outcomes if row.outcome == "refused"}
    lines = [_after(line, row, refused) for line, row in zip(lines, found.rows, strict=True)]
    with transaction.atomic():
        keep_lines(file, lines)
        _reported(file, found, lines)
        LabelFile.objects.filter(pk=file.pk).update(state=LabelFile.State.TAKEN, taken_at=now)
        told = {"file": file.name, **file.report["counts"]}
        campaign = file.campaign
        record(
            verb="labels.imported", actor=actor, project=campaign.project, target=campaign.name, details=told, now=now
        )
    return found


def _after(line: Line, row: Row, refused: Mapping[UUID, str]) -> Line:
    """The row of a report once its answer was handed over: an error where that was refused after all."""
    why = refused.get(row.answer.key) if row.answer else None
    return line if why is None else dataclasses.replace(line, verdict=ERROR, said=words(why))


def lines_in(file: LabelFile) -> list[Line]:
    """The report on a file, every row: what came of it where it was taken, else what would come of it now."""
    if file.state == LabelFile.State.TAKEN and (lines := kept_lines(file)):
        return lines
    return lines_of(judge(file))


def looked_at(file: LabelFile) -> tuple[list[Line], dict[str, Any]]:
    """A file's report for its page: every row; spellings, missing samples and overlaps that do not match."""
    kept = {name: file.report.get(name, []) for name in ("spellings", "missing", "unequal_overlaps")}
    if file.state == LabelFile.State.TAKEN and (lines := kept_lines(file)):
        return lines, kept
    found = judge(file)
    now = {"spellings": found.spellings, "missing": found.missing, "unequal_overlaps": unequal_overlaps(file, found)}
    return lines_of(found), now


def read(name: str, data: bytes) -> Content:
    """What a file says, by its format. BadInput at the field `file` where it cannot be read."""
    reader = {"jsonl": records.read, "json": labelstudio.read}.get(read_format(name), sheets.read)
    try:
        return kept(reader(data))
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


def unequal_overlaps(file: LabelFile, found: Judgement) -> list[Unequal]:
    """Where the overlap samples of this file and those of the others' newest files are not the same."""
    rows = LabelFile.objects.filter(campaign=file.campaign_id).exclude(pk=file.pk).order_by("-pk")
    others = [(row.name, row.report.get("overlap", {})) for row in rows.only("name", "report")[:_LOOKED_BACK]]
    return list(unequal(found.overlap, others))


def _reported(file: LabelFile, found: Judgement, lines: Sequence[Line]) -> LabelFile:
    file.report = {
        "counts": dict(Counter(line.verdict for line in lines)),
        "spellings": [list(row) for row in found.spellings],
        "missing": list(found.missing),
        "overlap": {letter: list(ids) for letter, ids in found.overlap.items()},
        "unequal_overlaps": [dataclasses.asdict(row) for row in unequal_overlaps(file, found)],
    }
    file.save(update_fields=["report"])
    return file
