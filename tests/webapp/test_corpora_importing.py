"""Imports: looked at first, then brought in whole or not at all, and taken up again where a worker died."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from ml_core.datasets.frozen import read_frozen
from ml_core.datasets.opening import open_dataset
from ml_core.spec import BadInput
from ml_core.store import Store
from tests.ml_core.small_sets import class_folders, coco, picture, write
from tests.webapp import corpora_parts as parts
from tests.webapp.corpora_fixtures import *  # noqa: F403
from webapp.accounts.models import AuditEvent
from webapp.corpora import importing
from webapp.corpora.actions.imports import cancel_import, confirm_import
from webapp.corpora.models import Caption, Category, Corpus, Import, Item

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
State = Import.State


@pytest.fixture
def store(tmp_path):
    return Store(str(tmp_path / "store"))


def confirm(row, leave_out=False):
    return confirm_import(row=row, leave_out=leave_out, actor=None, now=timezone.now())


def partitions():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname ~ '^corpora_(item|caption)_p[0-9]+$'")
        return cursor.fetchone()[0]


def nothing_is_left(tmp_path):
    kept = parts.files_below(tmp_path / "store") + parts.files_below(tmp_path / "cache")
    return not kept and not partitions() and not Corpus.objects.exists()


def test_a_look_tells_what_would_come_in_and_writes_none_of_it(project, tmp_path):
    row = parts.carried_out(parts.started(project, f"coco:{coco(tmp_path / 'set', 20)}"))
    assert row.state == State.CHECKED
    preview = row.preview
    assert (preview["items"], preview["captions"], preview["boxes"], preview["errors"]) == (20, 100, 20, 0)
    assert preview["commonest"] == [["person", 10], ["dog", 10]]
    assert len(preview["examples"]) == 12
    assert preview["examples"][0]["src"].startswith("data:image/webp;base64,")
    assert nothing_is_left(tmp_path)


def test_a_confirmed_import_is_the_source_row_by_row_and_byte_by_byte(project, store, tmp_path):
    reference = f"coco:{coco(tmp_path / 'set', 20)}"
    corpus = parts.imported(project, reference)
    source = open_dataset(reference)
    assert (corpus.state, corpus.content_hash) == (Corpus.State.READY, source.content_hash)
    frozen = read_frozen(store, corpus.prefix)
    assert [frozen.open_bytes(n) for n in range(20)] == [source.open_bytes(n) for n in range(20)]
    items = Item.objects.filter(corpus=corpus).order_by("number")
    assert [(item.external_id, item.file_hash, item.width) for item in items] == list(
        zip(source.item_ids, source.file_hashes, source.widths.tolist(), strict=True)
    )
    assert (items[0].category_numbers, items[0].boxes) == ([1], [[1, 4.0, 6.0, 10.0, 12.0]])
    captions = Caption.objects.filter(corpus=corpus).order_by("number").values_list("text", "item_number")
    assert list(captions) == list(zip(source.caption_texts, source.caption_items.tolist(), strict=True))
    assert list(Category.objects.filter(corpus=corpus).order_by("number").values_list("name", "item_count")) == [
        ("person", 10),
        ("dog", 10),
    ]
    assert AuditEvent.objects.filter(verb="corpus.imported").count() == 1


def test_words_that_copy_would_stumble_over_come_in_as_they_are(project, tmp_path):
    texts = ["back\\slash \\N", "\\.", "“quotes” 'and' \"more\"", "汉字 🐕 é", "{1,2}"]
    root = coco(tmp_path / "set", 1)
    data = json.loads((root / "annotations" / "captions.json").read_text())
    for annotation, text in zip(data["annotations"], texts, strict=True):
        annotation["caption"] = text
    write(root / "annotations" / "captions.json", data)
    corpus = parts.imported(project, f"coco:{root}")
    assert list(Caption.objects.filter(corpus=corpus).order_by("number").values_list("text", flat=True)) == texts


def test_a_classification_set_has_labels_and_counts(project, tmp_path):
    corpus = parts.imported(project, f"imagefolder:{class_folders(tmp_path / 'set', {'a': 3, 'b': 1})}")
    assert corpus.task == "classification"
    assert list(Item.objects.filter(corpus=corpus).order_by("number").values_list("label", "category_numbers")) == [
        (0, [0]),
        (0, [0]),
        (0, [0]),
        (1, [1]),
    ]
    assert list(corpus.categories.order_by("number").values_list("name", "item_count")) == [("a", 3), ("b", 1)]


def test_names_of_classes_that_are_cut_or_get_no_metrics_are_told_in_the_report(project, tmp_path):
    folder = class_folders(tmp_path / "set", {"a": 1, "b": 1, "c": 1})
    write(folder / "classes.json", {"classes": {"a": "dog", "b": "long " * 100, "c": "犬" * 250}})
    row = parts.carried_out(parts.started(project, f"imagefolder:{folder}"))
    told = [(place, text) for _, code, place, text in row.preview["problems"] if code == "long-name"]
    assert [place for place, _ in told] == ["class 1", "class 2"]
    assert "500 characters" in told[0][1] and "2,250 bytes" in told[1][1]
    assert row.preview["errors"] == 0


def test_drawn_scenes_come_in_marked_as_simulated(project):
    corpus = parts.imported(project, "scenes:8?seed=3")
    assert (corpus.item_count, corpus.caption_count, corpus.about["simulated"]) == (8, 40, True)


def test_a_source_that_cannot_be_read_is_refused_with_the_reason_and_leaves_nothing(project, tmp_path):
    root = coco(tmp_path / "set")
    (root / "annotations" / "captions.json").write_text("{")
    row = parts.carried_out(parts.started(project, f"coco:{root}"))
    assert row.state == State.REFUSED
    assert "line 1, column 2: broken JSON" in row.failure
    assert nothing_is_left(tmp_path)


def test_what_cannot_be_used_holds_the_import_until_it_may_be_left_out(project, tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").write_bytes(b"<svg/>")
    row = parts.carried_out(parts.started(project, f"coco:{root}"))
    assert (row.state, row.preview["errors"]) == (State.CHECKED, 1)
    assert row.preview["problems"][0][:3] == ["error", "not-a-picture", "000000000002.jpg"]
    with pytest.raises(BadInput, match="cannot be used"):
        confirm(row)
    done = parts.carried_out(confirm(row, leave_out=True))
    assert (done.state, Item.objects.filter(corpus=done.corpus).count()) == (State.DONE, 2)


def test_an_import_confirmed_beforehand_ends_where_something_cannot_be_used(project, tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").unlink()
    row = parts.carried_out(parts.started(project, f"coco:{root}", confirmed=True))
    assert row.state == State.REFUSED
    assert "000000000002.jpg: there is no such file" in row.failure
    assert nothing_is_left(tmp_path)


def test_a_source_that_changed_after_the_look_is_not_brought_in(project, tmp_path):
    root = coco(tmp_path / "set")
    row = confirm(parts.carried_out(parts.started(project, f"coco:{root}")))
    (root / "images" / "000000000002.jpg").write_bytes(picture(200))
    row = parts.carried_out(row)
    assert row.state == State.FAILED
    assert "changed since it was looked at" in row.failure
    assert nothing_is_left(tmp_path)


def test_a_name_is_taken_once(project, tmp_path):
    reference = f"coco:{coco(tmp_path / 'set')}"
    first, second = (parts.carried_out(parts.started(project, reference)) for _ in range(2))
    confirm(first)
    with pytest.raises(BadInput, match="called “Set” in this project already"):
        confirm(second)
    with pytest.raises(BadInput, match="already"):
        parts.started(project, reference)
    confirm(parts.carried_out(parts.started(parts.project("fish"), reference)))


def test_a_cancelled_import_leaves_nothing(project, tmp_path):
    row = confirm(parts.carried_out(parts.started(project, f"coco:{coco(tmp_path / 'set', 200)}")))
    person = parts.person()
    told = []

    def cancel_once(progress):
        if progress["stage"] == "Copying pictures" and progress["done"] and not told:
            told.append(progress)
            cancel_import(row=row, actor=person, now=timezone.now())
            time.sleep(1.5)

    row = parts.carried_out(row, listener=cancel_once)
    assert (row.state, bool(told)) == (State.CANCELLED, True)
    assert nothing_is_left(tmp_path)


def test_a_waiting_import_is_cancelled_at_once(project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}")
    assert cancel_import(row=row, actor=parts.person(), now=timezone.now()).state == State.CANCELLED
    with pytest.raises(BadInput, match="has ended"):
        cancel_import(row=row, actor=parts.person(), now=timezone.now())


class Killed(BaseException):
    """Ends a job as kill -9 would: nothing of ours gets to tidy up."""


def kill_at(stage, done):
    def listener(progress):
        if progress["stage"] == stage and progress["done"] >= done:
            raise Killed

    return listener


@pytest.mark.parametrize("stage", ["Reading pictures", "Copying pictures", "Writing captions", "Indexing"])
def test_an_import_whose_worker_died_is_taken_up_again(project, store, tmp_path, stage):
    row = confirm(parts.carried_out(parts.started(project, f"coco:{coco(tmp_path / 'set', 200)}")))
    with pytest.raises(Killed):
        parts.carried_out(row, listener=kill_at(stage, 0 if stage == "Indexing" else 100))
    assert importing.claim_import() is None
    assert parts.lost_ones(seconds=60) == []
    assert parts.lost_ones() == [row.pk]
    copied = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").rglob("pictures/*")}
    row = parts.carried_out(row)
    assert (row.state, row.attempt) == (State.DONE, 3)
    assert Item.objects.filter(corpus=row.corpus).count() == 200
    assert all(path.stat().st_mtime_ns == when for path, when in copied.items())
    assert bool(copied) == (stage != "Reading pictures")
    assert read_frozen(store, row.corpus.prefix).content_hash == row.corpus.content_hash


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-3), timedelta(hours=3)])
def test_a_worker_whose_clock_is_wrong_takes_no_import_from_another(project, monkeypatch, wrong_by):
    row = parts.started(project, "scenes:4", confirmed=True)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + wrong_by)
    importing.claim_import()
    assert parts.lost_ones(seconds=60) == []
    assert parts.lost_ones(seconds=0) == [row.pk]


def test_an_import_that_loses_every_worker_is_given_up(project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}", confirmed=True)
    for _ in range(importing.MOST_ATTEMPTS):
        assert importing.claim_import()
        parts.lost_ones()
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.FAILED, "It lost its worker 5 times.")
    assert nothing_is_left(tmp_path)


def test_an_attempt_that_was_thought_dead_writes_nothing(project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}", confirmed=True)
    ghost = importing.claim_import()
    parts.lost_ones()
    done = parts.carried_out(row)
    assert done.state == State.DONE
    importing.carry_out(ghost)
    row.refresh_from_db()
    assert (row.state, row.attempt, Item.objects.count()) == (State.DONE, 2, 3)


def test_an_attempt_that_was_thought_dead_takes_nothing_from_the_one_at_work(project, settings, tmp_path):
    root = coco(tmp_path / "set")
    row = parts.started(project, f"coco:{root}", confirmed=True)
    ghost = importing.claim_import()
    parts.lost_ones()
    importing.claim_import()
    unpacked = settings.NEARMISS_CACHE / "imports" / str(row.pk) / "unpacked"
    unpacked.mkdir(parents=True)
    (root / "annotations" / "captions.json").write_text("{")
    assert importing.carry_out(ghost).state == State.CHECKING
    assert unpacked.is_dir()


def test_a_database_that_dies_within_the_rows_costs_no_import(project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set', 20)}", confirmed=True)
    names = ("host", "port", "user", "password", "dbname")
    where = {name: value for name, value in connection.get_connection_params().items() if name in names}

    def hang_up(progress):
        if progress["stage"] == "Writing captions":
            with psycopg.connect(**where) as line:
                line.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
            time.sleep(0.5)

    assert parts.carried_out(row, listener=hang_up).state == State.IMPORTING
    assert parts.lost_ones() == [row.pk]
    done = parts.carried_out(row)
    assert (done.state, Caption.objects.filter(corpus=done.corpus).count()) == (State.DONE, 100)


def test_a_worker_that_is_asked_to_end_leaves_the_import_to_the_next_one(project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}", confirmed=True)
    row = parts.carried_out(row, stopping=lambda: True)
    assert (row.state, row.heartbeat_at) == (State.CHECKING, None)
    assert parts.carried_out(row).state == State.DONE


def test_a_full_disk_ends_the_import_in_words(project, settings, tmp_path):
    (tmp_path / "file").write_text("")
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}", confirmed=True)
    settings.NEARMISS_STORE = str(tmp_path / "file" / "store")
    row = parts.carried_out(row)
    assert row.state == State.FAILED
    assert row.failure.startswith("It stopped at an unexpected fault")
    assert not Corpus.objects.exists()


def test_readers_of_other_data_sets_do_not_wait_while_rows_come_in(project, tmp_path):
    first = parts.imported(project, f"coco:{coco(tmp_path / 'one')}", "One")
    row = parts.started(project, f"coco:{coco(tmp_path / 'two')}", "Two", confirmed=True)
    settings_dict = connection.get_connection_params()
    waited = []

    def read(progress):
        if progress["stage"] != "Indexing":
            return
        begun = time.monotonic()
        with psycopg.connect(
            **{k: v for k, v in settings_dict.items() if k not in ("context", "cursor_factory")}
        ) as line:
            line.execute("SET lock_timeout = '2s'")
            line.execute("SELECT count(*) FROM corpora_item WHERE corpus_id = %s", [first.pk])
        waited.append(time.monotonic() - begun)

    assert parts.carried_out(row, listener=read).state == State.DONE
    assert len(waited) == 1


def test_two_workers_share_the_waiting_imports(project, tmp_path):
    rows = [parts.started(project, f"coco:{coco(tmp_path / str(n))}", str(n), confirmed=True) for n in range(4)]

    def work():
        importing.work()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [Import.objects.get(pk=row.pk).attempt for row in rows] == [1, 1, 1, 1]
    assert {Import.objects.get(pk=row.pk).state for row in rows} == {State.DONE}
