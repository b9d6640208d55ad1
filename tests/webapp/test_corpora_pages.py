"""Pages of data sets: lists, grids, pictures, and what is refused."""

from __future__ import annotations

import io
import json
import time
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from ml_core.store import Store
from tests.ml_core.small_sets import class_folders, coco, picture, write
from tests.webapp import corpora_parts as parts
from tests.webapp.corpora_fixtures import *  # noqa: F403
from webapp.accounts.models import AuditEvent
from webapp.corpora import importing
from webapp.corpora.actions.imports import confirm_import
from webapp.corpora.actions.roots import add_root
from webapp.corpora.models import Caption, Corpus, Import, Item, SourceRoot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]


@pytest.fixture
def visit(client, owner, project):
    """Asks for a page of the app by its name."""
    client.force_login(owner)

    def ask(name, *ids, post=None, headers=None, **query):
        address = reverse(f"corpora:{name}", args=[project.slug, *ids])
        if post is not None:
            return client.post(address, post)
        return client.get(address, query, headers=headers or {})

    return ask


def text_of(answer):
    assert answer.status_code in (200, 422), answer.status_code
    return answer.content.decode()


def test_pictures_without_a_caption_are_counted_before_and_after_they_are_left_out(visit, project, tmp_path):
    root = coco(tmp_path / "set", 5)
    data = json.loads((root / "annotations" / "captions.json").read_text())
    data["annotations"] = [one for one in data["annotations"] if one["image_id"] not in (2, 4)]
    (root / "annotations" / "captions.json").write_text(json.dumps(data))
    row = parts.carried_out(parts.started(project, f"coco:{root}"))
    before = text_of(visit("import_one", row.pk))
    assert 'Pictures without a caption, left out as candidates too <span class="count">2</span>' in before
    assert "picture 4 has no caption; left out, also from what can be retrieved" in before
    done = parts.carried_out(confirm_import(row=row, leave_out=False, actor=None, now=timezone.now()))
    assert "2 pictures of the source have none" in text_of(visit("corpus", done.corpus_id))
    assert done.corpus.item_count == 3


def test_the_list_shows_data_sets_in_use_and_says_what_next_where_there_is_none(visit, project, tmp_path):
    assert "No data sets yet" in text_of(visit("list"))
    parts.imported(project, f"coco:{coco(tmp_path / 'set')}", "Birds of <b>")
    shown = text_of(visit("list"))
    assert "Birds of &lt;b&gt;" in shown
    assert "<strong>15</strong> captions" in shown


@pytest.mark.parametrize("count", [3, 48])
def test_a_page_of_pictures_takes_the_same_queries_whatever_its_size(visit, project, tmp_path, count):
    corpus = parts.imported(project, f"coco:{coco(tmp_path / 'set', count)}")
    visit("corpus", corpus.pk)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert text_of(visit("corpus", corpus.pk, words="picture", category=0)).count('class="plate"') > 0
    assert len(queries) <= 12, [query["sql"][:90] for query in queries]


def test_pages_follow_each_other_in_both_directions(visit, corpus):
    first = visit("corpus", corpus.pk)
    assert text_of(first).count('class="plate"') == 48
    assert first.context["previous"] == ""
    second = visit("corpus", corpus.pk, after=47)
    assert [picture.number for picture in second.context["page"].pictures] == list(range(48, 60))
    assert second.context["next"] == ""
    back = visit("corpus", corpus.pk, before=48)
    assert [picture.number for picture in back.context["page"].pictures] == list(range(48))
    assert "after=47" in back.context["next"]


def test_pictures_are_narrowed_by_category_and_by_words(visit, corpus):
    dogs = visit("corpus", corpus.pk, category=1).context
    assert (dogs["count"], dogs["page"].pictures[0].number) == (30, 0)
    said = visit("corpus", corpus.pk, words="picture 7").context
    assert [picture.external_id for picture in said["page"].pictures] == ["7"]
    assert "No picture fits" in text_of(visit("corpus", corpus.pk, words="zebra"))
    for odd in ({"category": "x"}, {"after": "-1"}, {"words": "'; \0 -- \" <"}, {"category": "9" * 30}):
        assert visit("corpus", corpus.pk, **odd).status_code == 200


def test_a_picture_page_shows_its_captions_boxes_and_hash(visit, corpus):
    answer = visit("item", corpus.pk, 2)
    shown = text_of(answer)
    assert "Picture 3, said for time 4." in shown
    assert '<rect class="box-over" x="4" y="6" width="10" height="12"/>' in shown
    assert Item.objects.get(corpus=corpus, number=2).file_hash in shown
    assert visit("item", corpus.pk, 60).status_code == 404


def test_a_served_picture_is_made_anew_and_guarded(visit, project, tmp_path):
    root = coco(tmp_path / "set", 1)
    photo = Image.new("RGB", (1000, 500), "green")
    exif = Image.Exif()
    exif[0x010E] = "<script>secret place</script>"
    photo.save(root / "images" / "000000000001.jpg", exif=exif)
    corpus = parts.imported(project, f"coco:{root}")
    answer = visit("picture", corpus.pk, 0, "small")
    image = Image.open(io.BytesIO(answer.content))
    assert (image.format, image.size) == ("WEBP", (320, 160))
    assert b"secret place" not in answer.content
    assert answer.headers["Content-Type"] == "image/webp"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")
    again = visit("picture", corpus.pk, 0, "small", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Image.open(io.BytesIO(visit("picture", corpus.pk, 0, "1280").content)).size == (1000, 500)


def test_a_display_picture_is_made_once(visit, corpus, tmp_path):
    visit("picture", corpus.pk, 0, "small")
    kept = list((tmp_path / "store").rglob("display/320/*.webp"))
    assert len(kept) == 1
    kept[0].write_bytes(b"what is kept")
    assert visit("picture", corpus.pk, 0, "small").content == b"what is kept"


@pytest.mark.parametrize("size", ["original", "321", "..", "small.jpg"])
def test_no_other_size_is_served(visit, corpus, size):
    assert visit("picture", corpus.pk, 0, size).status_code == 404


def test_an_original_that_was_changed_in_the_store_is_not_shown_as_something_else(visit, corpus, tmp_path):
    for path in (tmp_path / "store").rglob("pictures/*"):
        path.write_bytes(b"<svg onload='alert(1)'/>")
    assert visit("picture", corpus.pk, 0, "small").status_code == 404


def test_the_frozen_order_is_a_download(visit, corpus):
    answer = visit("order", corpus.pk)
    assert "attachment" in answer.headers["Content-Disposition"]
    assert len(json.loads(answer.content)["images"]) == 60


def test_a_data_set_is_put_away_and_taken_out_again(visit, corpus, project):
    visit("archive", corpus.pk, post={})
    assert Corpus.objects.get(pk=corpus.pk).state == "archived"
    visit("list")
    assert visit("list").context["corpora"] == []
    assert corpus.name in text_of(visit("list", show="archived"))
    visit("restore", corpus.pk, post={})
    assert Corpus.objects.get(pk=corpus.pk).state == "ready"
    assert set(AuditEvent.objects.values_list("verb", flat=True)) >= {"corpus.archived", "corpus.restored"}


def test_a_deleted_data_set_gives_its_space_back(visit, corpus, tmp_path):
    visit("picture", corpus.pk, 0, "small")
    visit("delete", corpus.pk, post={})
    importing.work()
    assert parts.files_below(tmp_path / "store") == []
    assert not Corpus.objects.filter(pk=corpus.pk).exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE %s", [f"corpora_%_p{corpus.pk}"])
        assert cursor.fetchone()[0] == 0
    assert AuditEvent.objects.filter(verb="corpus.deleted").count() == 1


def test_a_data_set_that_a_run_names_is_not_deleted_and_says_why(visit, corpus, project):
    run = corpus.used_by.model._meta.get_field("run").related_model.objects.create(
        project=project, method="retrieval.evaluate", spec={}, fingerprint="", queue="cpu", created_at=timezone.now()
    )
    corpus.used_by.create(run=run, field="dataset")
    visit("delete", corpus.pk, post={})
    assert Corpus.objects.get(pk=corpus.pk).state == "ready"
    assert "1 run uses “Set”" in text_of(visit("corpus", corpus.pk))


@pytest.fixture
def root(owner, tmp_path):
    (tmp_path / "data").mkdir()
    return add_root(name="Lab", path=str(tmp_path / "data"), actor=owner, now=timezone.now())


def test_a_server_folder_is_looked_through_and_imported(visit, root, tmp_path, client):
    coco(tmp_path / "data" / "sets" / "birds", 5)
    assert "birds" in text_of(visit("import_folder", root.pk, path="sets"))
    assert "This looks like a data set" in text_of(visit("import_folder", root.pk, path="sets/birds"))
    address = reverse("corpora:import_folder", args=["birds", root.pk]) + "?path=sets/birds"
    answer = client.post(address, {"name": "Birds", "format": "coco", "sample": 3, "seed": 1})
    row = Import.objects.get()
    assert answer.headers["Location"] == reverse("corpora:import_one", args=["birds", row.pk])
    importing.work()
    assert "What would come in" in text_of(visit("import_one", row.pk))
    visit("import_confirm", row.pk, post={})
    importing.work()
    done = Corpus.objects.get()
    assert (done.name, done.item_count, done.about["sample"]) == ("Birds", 3, 3)
    assert done.about["imported_from"] == "Lab: sets/birds"


@pytest.mark.parametrize("path", ["../", "sets/../../x", "/etc", "a\\b", "link", "nothing", "x" * 3000, "sets\0"])
def test_no_path_leads_out_of_a_server_folder(visit, root, tmp_path, path, client):
    (tmp_path / "secret").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "secret")
    answer = visit("import_folder", root.pk, path=path)
    if answer.status_code == 200:
        assert answer.context["folder"].path in ("", "etc")
    client.post(
        reverse("corpora:import_folder", args=["birds", root.pk]) + "?path=" + path.replace("\0", "%00"),
        {"name": "x", "format": "auto"},
    )
    assert not Import.objects.exclude(reference__contains=f":{tmp_path / 'data'}?").exists()


def test_what_is_typed_into_the_import_form_is_not_lost_and_every_error_stands_at_its_field(
    visit, client, root, tmp_path
):
    coco(tmp_path / "data" / "birds", 2)
    address = reverse("corpora:import_folder", args=["birds", root.pk]) + "?path=birds"
    answer = client.post(address, {"name": "x" * 130, "format": "coco", "sample": -4, "split": "a/b"})
    assert answer.status_code == 422
    assert {"name", "sample", "split"} == set(answer.context["form"].errors)
    assert "x" * 130 in text_of(answer)
    assert not Import.objects.exists()


def zipped(folder):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder.parent))
    return SimpleUploadedFile("birds.zip", buffer.getvalue(), content_type="application/zip")


def test_an_uploaded_zip_comes_in_and_is_then_removed(visit, tmp_path):
    file = zipped(coco(tmp_path / "birds", 5))
    visit("import_upload", post={"file": file, "name": "Birds", "format": "auto"})
    row = Import.objects.get()
    assert Store(str(tmp_path / "store")).exists(row.upload_key)
    importing.work()
    visit("import_confirm", row.pk, post={})
    importing.work()
    row.refresh_from_db()
    assert (row.state, row.corpus.item_count, row.source) == ("done", 5, "upload of birds.zip")
    assert not list((tmp_path / "store").rglob("uploads/*"))
    assert not parts.files_below(tmp_path / "cache")


def test_a_sample_of_an_uploaded_image_folder_comes_in(visit, tmp_path):
    file = zipped(class_folders(tmp_path / "set", {"a": 4, "b": 4}))
    visit("import_upload", post={"file": file, "name": "S", "format": "auto", "sample": 3, "domain": "a sketch"})
    importing.work()
    visit("import_confirm", Import.objects.get().pk, post={})
    importing.work()
    corpus = Corpus.objects.get()
    assert (corpus.task, corpus.item_count, corpus.about["domain"]) == ("classification", 3, "a sketch")


def test_a_zip_with_a_name_that_leads_out_is_refused_and_leaves_nothing(visit, tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../up.txt", "x")
    file = SimpleUploadedFile("evil.zip", buffer.getvalue())
    visit("import_upload", post={"file": file, "name": "Evil", "format": "auto"})
    importing.work()
    row = Import.objects.get()
    assert row.state == "refused"
    assert "a name that is not accepted" in text_of(visit("import_one", row.pk))
    assert parts.files_below(tmp_path / "store") + parts.files_below(tmp_path / "cache") == []


def test_a_file_that_is_no_zip_is_refused_at_its_field(visit):
    file = SimpleUploadedFile("photo.zip", picture(1))
    answer = visit("import_upload", post={"file": file, "name": "Photo", "format": "auto"})
    assert answer.status_code == 422
    assert "This file is no zip" in text_of(answer)
    assert not Import.objects.exists()


def test_an_upload_over_the_limit_is_turned_away(visit, settings, tmp_path):
    settings.NEARMISS_UPLOAD_LIMIT = 1000
    file = SimpleUploadedFile("big.zip", b"PK\x03\x04" + b"\0" * 5000)
    assert visit("import_upload", post={"file": file, "name": "Big", "format": "auto"}).status_code == 422
    settings.NEARMISS_UPLOAD_LIMIT = -(2**20) + 100
    file = SimpleUploadedFile("big.zip", b"PK\x03\x04" + b"\0" * 5000)
    assert visit("import_upload", post={"file": file, "name": "Big", "format": "auto"}).status_code in (400, 413)
    assert not Import.objects.exists()


def test_an_upload_needs_its_token(project, owner):
    client = parts.browser(owner)
    file = SimpleUploadedFile("birds.zip", b"PK\x03\x04")
    answer = client.post(reverse("corpora:import_upload", args=[project.slug]), {"file": file, "name": "x"})
    assert answer.status_code == 403


def test_scenes_are_drawn_on_demand(visit):
    visit("import_scenes", post={"name": "Scenes", "count": 6, "seed": 3})
    importing.work()
    visit("import_confirm", Import.objects.get().pk, post={})
    importing.work()
    corpus = Corpus.objects.get()
    assert (corpus.item_count, corpus.about["simulated"]) == (6, True)
    assert "drawn and written by code" in text_of(visit("corpus", corpus.pk))
    assert visit("import_scenes", post={"name": "S", "count": 0, "seed": 3}).status_code == 422


def test_the_page_of_an_import_shows_progress_while_it_runs_and_stops_asking_afterwards(visit, project, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}")
    assert 'hx-trigger="every 1s"' in text_of(visit("import_one", row.pk))
    claimed = importing.claim_import()
    assert "Starting" in text_of(visit("import_live", row.pk))
    Import.objects.filter(pk=row.pk).update(
        progress={"stage": "Reading pictures", "done": 50, "total": 200, "unit": "pictures", "rate": 25.0, "eta": 6.0}
    )
    live = text_of(visit("import_live", row.pk))
    assert "50 of 200 pictures" in live
    assert " left" in live
    importing.carry_out(claimed)
    assert "hx-trigger" not in text_of(visit("import_live", row.pk))


def test_what_is_wrong_is_listed_by_kind_and_downloads_without_formulas(visit, project, tmp_path):
    root = coco(tmp_path / "set")
    data = json.loads((root / "annotations" / "captions.json").read_text())
    data["images"][0]["file_name"] = "=cmd()|x.jpg"
    write(root / "annotations" / "captions.json", data)
    row = parts.carried_out(parts.started(project, f"coco:{root}"))
    assert "Files that are not there" in text_of(visit("import_one", row.pk, kind="missing-file"))
    table = visit("import_problems", row.pk).content.decode().splitlines()
    assert table[0] == "severity,code,place,message"
    assert table[1].startswith("error,missing-file,'=cmd()|x.jpg,")


def test_administrators_open_and_close_server_folders(client, owner, tmp_path):
    client.force_login(owner)
    address = reverse("corpora:roots")
    (tmp_path / "srv").mkdir()
    (tmp_path / "way").symlink_to(tmp_path / "srv")
    client.post(address, {"name": "Lab", "path": str(tmp_path / "way")})
    root = SourceRoot.objects.get()
    assert root.path == str((tmp_path / "srv").resolve())
    for path in ("srv", "/", "/etc", "/nowhere/at/all", str(tmp_path / "srv")):
        assert client.post(address, {"name": "Other", "path": path}).status_code == 422, path
    client.post(reverse("corpora:root_remove", args=[root.pk]))
    assert not SourceRoot.objects.exists()
    assert set(AuditEvent.objects.values_list("verb", flat=True)) == {"source_root.added", "source_root.removed"}


def test_the_import_page_shows_how_many_scenes_are_drawn(visit, project):
    row = parts.started(project, "scenes:40?seed=1&size=64")
    shown = []

    def look(progress):
        if progress["stage"] == "Drawing pictures" and not shown:
            while not Import.objects.filter(pk=row.pk, progress__stage="Drawing pictures").exists():
                time.sleep(0.05)  # until the heart has beaten
            shown.append(text_of(visit("import_live", row.pk)))

    parts.carried_out(row, listener=look)
    assert "Drawing pictures" in shown[0]
    assert 'max="40" value="10"' in shown[0]


def test_a_data_set_in_the_making_is_not_shown(visit, project):
    row = parts.started(project, "scenes:4?seed=1", confirmed=True)
    assert visit("corpus", row.corpus_id).status_code == 404
    assert Caption.objects.count() == 0


def test_the_home_page_says_what_waits_for_a_persons_word(client, project, owner, tmp_path):
    row = parts.started(project, f"coco:{coco(tmp_path / 'set')}", actor=owner)
    client.force_login(owner)
    assert "waits for your word" not in text_of(client.get("/"))
    parts.carried_out(row)
    assert "waits for your word" in text_of(client.get("/"))
    viewer = parts.person(project, "viewer")
    client.force_login(viewer)
    assert "waits for your word" not in text_of(client.get("/"))


def test_a_data_set_offers_the_methods_that_take_it_and_opens_their_form_with_it_chosen(visit, client, corpus, project):
    shown = text_of(visit("corpus", corpus.pk))
    address = f"/p/birds/runs/new/retrieval.evaluate/?data=corpus:{corpus.pk}"
    assert address in shown
    assert client.get(address).status_code == 200
    viewer = parts.person(project, "viewer")
    client.force_login(viewer)
    assert "runs/new" not in text_of(client.get(reverse("corpora:corpus", args=["birds", corpus.pk])))


def test_a_message_tells_no_path_of_the_server(visit, client, root, tmp_path):
    (tmp_path / "data" / "empty").mkdir()
    address = reverse("corpora:import_folder", args=["birds", root.pk]) + "?path=empty"
    client.post(address, {"name": "Birds", "format": "coco"})
    importing.work()
    row = Import.objects.get()
    assert row.failure == "empty: there is no annotations/captions*.json in it"
    assert str(tmp_path) not in text_of(visit("import_one", row.pk))


def test_a_data_set_that_never_came_in_says_so_where_a_run_names_it(visit, project, tmp_path):
    row = parts.started(project, f"coco:{tmp_path}/nothing", confirmed=True)
    corpus = Corpus.objects.get()
    run = corpus.used_by.model._meta.get_field("run").related_model.objects.create(
        project=project, method="retrieval.evaluate", spec={}, fingerprint="", queue="cpu", created_at=timezone.now()
    )
    corpus.used_by.create(run=run, field="data")
    assert parts.carried_out(row).state == "refused"
    assert "Never came in, but 1 run names it" in text_of(visit("list", show="archived"))
    assert visit("corpus", corpus.pk).status_code == 404
    run.delete()
    visit("delete", corpus.pk, post={})
    importing.work()
    assert not Corpus.objects.exists()
