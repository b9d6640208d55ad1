"""Changes captions, has some written anew, and makes a file of what stands."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from ml_core.spec import BadInput
from webapp.accounts.models import User
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run
from webapp.experiments.browsing.queries import Source, edits_of, owner, read
from webapp.experiments.files import store
from webapp.experiments.models import CaptionEdit, CaptionFile, Run
from webapp.experiments.recorded.actions import keep_captions
from webapp.texts import is_kept

MOST_SEED = 2**31 - 1


@transaction.atomic
def change_caption(
    *, source: Source, entry: str, number: int, text: str, actor: User, now: datetime
) -> CaptionEdit | None:
    """Keeps another version of a caption beside the ones there are; an empty text takes it out. None where nothing
    changes. BadInput where there is no such caption or none would be left."""
    rows = {name: captions for name, captions, *_rest in read(source)}
    text = " ".join(text.split())
    if number >= len(rows.get(entry, [])) or number < 0:
        raise BadInput(_("There is no such caption."), field="number")
    if len(text) > CaptionEdit.LONGEST or not is_kept(text):
        told = _("A caption has at most %(n)s characters, none of them a zero byte.")
        raise BadInput(told % {"n": f"{CaptionEdit.LONGEST:,}"}, field="text")
    now_there = _standing(entry, rows[entry], edits_of(source).get(entry, {}))
    if now_there[number] == text:
        return None
    if not text and not any(other for place, other in enumerate(now_there) if place != number):
        raise BadInput(_("The last caption of a class or a picture stays."), field="text")
    return CaptionEdit.objects.create(
        **owner(source), entry=entry, number=number, text=text, created_by=actor, created_at=now
    )


@transaction.atomic
def write_anew(*, source: Source, entry: str, actor: User, now: datetime) -> Run:
    """Launches a run that writes the captions of one class or picture anew and keeps the others as they stand now,
    changes by hand among them. Its seed is one that nobody has asked by yet: an answer of another time is no answer."""
    if source.writer is None:
        raise BadInput(_("These captions come from a file, not from a model that could be asked again."))
    if entry not in {row[0] for row in read(source)}:
        raise BadInput(_("There is no such caption."), field="entry")
    base = _standing_as_file(source, actor=actor, now=now) if edits_of(source) else source.reference
    values = source.writer.spec | {"base": base, "only": [entry], "seed": _next_seed(source.writer, entry)}
    title = _("%(name)s anew") % {"name": entry[:100]}
    return launch_run(
        project=source.writer.project,
        method=source.writer.method,
        values=values,
        title=title,
        cloned_from=source.writer,
        actor=actor,
        now=now,
    )


def _next_seed(writer: Run, entry: str) -> int:
    """One more than the greatest by which these captions were written, the first time or anew."""
    again = Run.objects.filter(
        project_id=writer.project_id, method=writer.method, spec__data=writer.spec.get("data"), spec__only=[entry]
    )
    seeds = [writer.spec.get("seed", 0), *again.values_list("spec__seed", flat=True)]
    return (max(int(seed or 0) for seed in seeds) + 1) % MOST_SEED


def _standing_as_file(source: Source, *, actor: User, now: datetime) -> str:
    """The reference of a file of what stands now: the one that was made of it, or a new one."""
    corpus = Corpus.objects.filter(pk=source.corpus_id or 0).first()
    if corpus is None:
        raise BadInput(_("Their data set is no longer there."))
    digest = hashlib.sha256(_standing_bytes(source)).hexdigest()
    there = CaptionFile.objects.filter(corpus=corpus, side=source.side, sha256=digest)
    there = there.exclude(state=CaptionFile.State.REFUSED)
    file = there.order_by("pk").first() or keep_as_file(source=source, corpus=corpus, actor=actor, now=now)
    return f"captions:{file.pk}"


def keep_as_file(*, source: Source, corpus: Corpus, actor: User, now: datetime) -> CaptionFile:
    """A caption file of what stands now, which runs can name; the first versions stay where they are."""
    name = f"{source.side}-{source.kind}-{source.id}.json"
    data = _standing_bytes(source)
    return keep_captions(
        project=corpus.project, corpus=corpus, side=source.side, name=name, data=data, actor=actor, now=now
    )


def _standing_bytes(source: Source) -> bytes:
    """The file of captions with what people wrote in place of the first versions; it says so, and which run wrote."""
    content = json.loads(store().read_bytes(source.key).decode("utf-8-sig"))
    changes = edits_of(source)
    authors: set[str] = set()
    for name, holder in _holders(content, of_pictures=source.of_pictures):
        if name in changes:
            _apply(name, holder, changes[name], of_pictures=source.of_pictures)
            authors |= {versions[-1].created_by.username for versions in changes[name].values()}
    count = sum(len(numbers) for numbers in changes.values())
    meta = content.setdefault("_meta", {})
    if isinstance(meta, dict):
        meta["changed_by_hand"] = {"from": source.reference, "captions": count, "by": sorted(authors)}
        if source.writer is not None:
            meta["written_by"] = f"run:{source.writer.pk}"
    return json.dumps(content, ensure_ascii=False, indent=1).encode()


def _standing(entry: str, texts: list[str], changes: dict[int, list[CaptionEdit]]) -> list[str]:
    return [changes[n][-1].text if n in changes else text for n, text in enumerate(texts)]


def _holders(content: dict[str, Any], *, of_pictures: bool) -> list[tuple[str, dict[str, Any]]]:
    """(name, the object that holds its captions), a bare list of captions made an object on the way."""
    if of_pictures:
        return [(entry["filename"], entry) for entry in content["predictions"]]
    for name, entry in content.items():
        if isinstance(entry, list):
            content[name] = {"captions": entry}
    return [(name, entry) for name, entry in content.items() if name != "_meta"]


def _apply(name: str, holder: dict[str, Any], changes: dict[int, list[CaptionEdit]], *, of_pictures: bool) -> None:
    """Changed captions in place of the first ones; a similarity that was measured on another text goes."""
    key = "description" if of_pictures else "captions"
    texts = [holder[key]] if isinstance(holder[key], str) else list(holder[key])
    holder[key] = [text for text in _standing(name, texts, changes) if text]
    if "similarities" in holder:
        holder["similarities"] = None
