"""Turns cases into tasks: what is shown, frozen as it is now, in an order that mixes the groups."""

from __future__ import annotations

import hashlib
from typing import Any

from ml_core.failures.sampling import BACKUP
from webapp.annotation.campaigns.plans import Drawn
from webapp.annotation.campaigns.uploads import Upload
from webapp.annotation.models import Campaign, Task
from webapp.experiments.cases import queries as cases
from webapp.experiments.cases.queries import PICTURES, Known, Row
from webapp.experiments.models import Run

Content = dict[str, Any]


def tasks_of(campaign: Campaign, run: Run, corpus_id: int | None, drawn: Drawn) -> list[Task]:
    """Unsaved tasks of everything drawn, in the order in which they are handed out; the backup last."""
    order = ordered(drawn)
    rows = cases.cases_numbered(run, [int(name) for _, name in order])
    known = cases.known_of(corpus_id, rows)
    group_of = {name: group for group, name in order}
    return [
        Task(
            campaign=campaign,
            position=position,
            idx=str(row.number),
            case_number=row.number,
            group=group_of[str(row.number)],
            stratum=drawn.strata[str(row.number)],
            state=Task.State.RESERVE if group_of[str(row.number)] == BACKUP else Task.State.ACTIVE,
            **contents(row, known),
        )
        for position, row in enumerate(rows)
    ]


def tasks_of_upload(campaign: Campaign, upload: Upload, drawn: Drawn) -> list[Task]:
    """The same for the samples of an upload."""
    samples = {sample.idx: sample for sample in upload.samples}
    return [
        Task(
            campaign=campaign,
            position=position,
            idx=idx,
            group=group,
            stratum=drawn.strata[idx],
            state=Task.State.RESERVE if group == BACKUP else Task.State.ACTIVE,
            prompt=samples[idx].prompt,
            right=samples[idx].right,
            given=samples[idx].given,
        )
        for position, (group, idx) in enumerate(ordered(drawn))
    ]


def ordered(drawn: Drawn) -> list[tuple[str, str]]:
    """(group, id) of everything drawn: overlap and shares mixed by a hash, so that agreement is measured all along
    and not only of people's first steps; then the backup."""
    active = [(group, name) for group, ids in drawn.groups.items() if group != BACKUP for name in ids]
    mixed = sorted(active, key=lambda pair: _hash(drawn.wish.seed, pair[1]))
    return mixed + [(BACKUP, name) for name in drawn.groups[BACKUP]]


def contents(row: Row, known: Known) -> dict[str, Any]:
    """A case as a task keeps it: prompt, what was wanted, what came first instead. A class brings its nearest caption
    along, on a line of its own, where both have one: a side alone would tell which it is."""
    rival = next((place for place, number in enumerate(row.given) if number != row.right), None)
    facts = {"rank": row.rank, "margin": row.margin, "right_score": row.right_score}
    if rival is not None:
        facts["given_score"] = row.scores[rival]
    told = cases.evidence_of(row)
    right, given = (told.right, told.given) if told.right and told.given and rival is not None else ("", "")
    return {
        "prompt": _content(row.prompt_kind, row.prompt, known, row.prompt_text),
        "right": _with(right, _content(row.answer_kind, row.right, known)),
        "given": None if rival is None else _with(given, _content(row.answer_kind, row.given[rival], known)),
        "facts": facts,
    }


def _with(caption: str, content: Content) -> Content:
    return content | {"text": f"{content['text']}\n{' '.join(caption.split())}"} if caption else content


def _content(kind: str, number: int, known: Known, text: str = "") -> Content:
    if kind not in PICTURES:
        found = known.texts.get(number)
        content = {"kind": "text", "number": number, "text": text or (found.text if found else "")}
        return content | {"class": True} if kind == "class" else content
    picture = known.pictures.get(number)
    if picture is None:
        return {"kind": "text", "number": number, "text": ""}
    return {
        "kind": kind,
        "number": number,
        "name": picture.external_id,
        "width": picture.width,
        "height": picture.height,
    }


def _hash(seed: int, name: str) -> bytes:
    return hashlib.sha256(f"{seed}\0order\0{name}".encode()).digest()
