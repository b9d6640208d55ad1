"""The API of data sets does what the pages do."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from tests.ml_core.small_sets import coco
from tests.webapp import corpora_parts as parts
from tests.webapp.corpora_fixtures import *  # noqa: F403
from tests.webapp.test_corpora_pages import zipped
from webapp.accounts.actions.tokens import create_token
from webapp.corpora import importing
from webapp.corpora.actions.roots import add_root
from webapp.corpora.models import Corpus, Import

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]


@pytest.fixture
def call(client, owner):
    """A call with an API token: returns the status and what came back."""
    given = {"project": None, "read_only": False, "expires_at": None, "now": timezone.now(), "name": "test"}
    secret = create_token(person=owner, **given)[1]

    def ask(method, path, data=None, **query):
        options = {"headers": {"Authorization": f"Bearer {secret}"}}
        if method != "get" and not (data and "file" in data):
            options["content_type"] = "application/json"
        answer = getattr(client, method)(
            f"/api/v1/projects/birds/{path}", query if method == "get" else data, **options
        )
        return answer.status_code, json.loads(answer.content) if answer.content else None

    return ask


def test_a_folder_is_imported_by_program(call, owner, tmp_path):
    coco(tmp_path / "data" / "birds", 5)
    add_root(name="Lab", path=str(tmp_path / "data"), actor=owner, now=timezone.now())
    root = call("get", "source-folders/")[1][0]
    wanted = {"name": "Birds", "folder": root["id"], "path": "birds", "sample": 3, "seed": 2}
    status, started = call("post", "imports/", wanted)
    assert (status, started["state"]) == (201, "checking")
    importing.work()
    looked_at = call("get", f"imports/{started['id']}/")[1]
    assert (looked_at["state"], looked_at["preview"]["items"]) == ("checked", 3)
    assert "examples" not in looked_at["preview"]
    assert call("post", f"imports/{started['id']}/confirm/", {})[1]["state"] == "queued"
    importing.work()
    done = call("get", f"imports/{started['id']}/")[1]
    assert done["state"] == "done"
    assert call("get", f"corpora/{done['corpus_id']}/")[1]["item_count"] == 3


def test_a_zip_and_scenes_are_imported_by_program(call, tmp_path):
    file = zipped(coco(tmp_path / "birds", 4))
    assert call("post", "imports/upload/", {"file": file, "name": "Zip"})[0] == 201
    assert call("post", "imports/", {"name": "Drawn", "scenes": 4, "seed": 1})[0] == 201
    importing.work()
    for row in Import.objects.all():
        assert call("post", f"imports/{row.pk}/confirm/", {})[0] == 200
    importing.work()
    assert list(Corpus.objects.order_by("id").values_list("name", "item_count")) == [("Zip", 4), ("Drawn", 4)]


def test_what_is_wrong_comes_back_field_by_field(call, tmp_path):
    status, body = call("post", "imports/", {"name": "", "scenes": 0, "format": "odd", "extra": 1})
    assert (status, body["errors"]) == (400, [{"field": "extra", "detail": "There is no such field."}])
    status, body = call("post", "imports/", {"name": "", "scenes": 0, "format": "odd"})
    assert {error["field"] for error in body["errors"]} == {"name", "scenes", "format"}
    assert call("post", "imports/", {"name": "x"})[0] == 400
    assert call("post", "imports/", {"name": "x", "folder": 99, "path": "a"})[0] == 404
    file = SimpleUploadedFile("x.zip", b"no zip")
    assert call("post", "imports/upload/", {"file": file, "name": "x"})[1]["errors"][0]["field"] == "file"
    assert not Import.objects.exists()


@pytest.mark.parametrize("path", ["../", "/etc", "a/../../b", "link"])
def test_no_path_leads_out_of_a_source_folder(call, owner, tmp_path, path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to("/etc")
    root = add_root(name="Lab", path=str(tmp_path / "data"), actor=owner, now=timezone.now())
    status, body = call("post", "imports/", {"name": "x", "folder": root.pk, "path": path})
    assert (status, body["errors"][0]["field"]) == (400, "path")


def test_problems_hold_an_import_back_and_can_be_read(call, project, tmp_path):
    root = coco(tmp_path / "set")
    (root / "images" / "000000000002.jpg").unlink()
    row = parts.carried_out(parts.started(project, f"coco:{root}"))
    assert call("get", f"imports/{row.pk}/problems/")[1][0]["code"] == "missing-file"
    status, body = call("post", f"imports/{row.pk}/confirm/", {})
    assert (status, body["errors"][0]["field"]) == (400, "leave_out")
    assert call("post", f"imports/{row.pk}/cancel/")[1]["state"] == "cancelled"


def test_pictures_and_captions_come_in_pages_by_key(call, corpus):
    numbers, path = [], f"corpora/{corpus.pk}/items/"
    _, body = call("get", path, page_size=25)
    while True:
        numbers += [row["number"] for row in body["results"]]
        if not body["next"]:
            break
        query = dict(part.split("=", 1) for part in body["next"].split("?")[1].split("&"))
        body = call("get", path, page_size=25, cursor=query["cursor"].replace("%3D", "="))[1]
    assert numbers == list(range(60))
    assert len(call("get", path, category=1, page_size=200)[1]["results"]) == 30
    assert [row["number"] for row in call("get", path, words="picture 7")[1]["results"]] == [6]
    captions = call("get", f"corpora/{corpus.pk}/captions/", item=3)[1]["results"]
    assert [row["item_number"] for row in captions] == [3] * 5
    assert call("get", path, category="x")[0] == 400
    assert call("get", path, corpus__project=1)[0] == 400
    assert [row["name"] for row in call("get", f"corpora/{corpus.pk}/categories/")[1]] == ["person", "dog"]


def test_a_data_set_is_put_away_and_deleted_by_program(call, corpus):
    assert call("post", f"corpora/{corpus.pk}/archive/")[1]["state"] == "archived"
    assert call("get", "corpora/", state="archived")[1]["results"][0]["id"] == corpus.pk
    assert call("post", f"corpora/{corpus.pk}/restore/")[1]["state"] == "ready"
    assert call("post", f"corpora/{corpus.pk}/restore/")[0] == 400
    assert call("delete", f"corpora/{corpus.pk}/")[0] == 202
    importing.work()
    assert call("get", f"corpora/{corpus.pk}/")[0] == 404


def test_a_program_with_a_token_gets_pictures_and_the_frozen_order(call, client, owner, corpus):
    given = {"project": None, "read_only": True, "expires_at": None, "now": timezone.now(), "name": "pictures"}
    headers = {"Authorization": f"Bearer {create_token(person=owner, **given)[1]}"}
    listed = call("get", f"corpora/{corpus.pk}/items/")[1]["results"]
    status, one = call("get", f"corpora/{corpus.pk}/items/{listed[1]['number']}/")
    assert (status, one) == (200, listed[1])
    fetched = client.get(one["picture"], headers=headers | {"Accept": "image/*"})
    assert (fetched.status_code, fetched.headers["Content-Type"]) == (200, "image/webp")
    assert fetched.content[:4] == b"RIFF"
    again = client.get(one["picture"], headers=headers | {"If-None-Match": fetched.headers["ETag"]})
    assert again.status_code == 304
    small = client.get(one["picture"].replace("large", "tiny"), headers=headers)
    assert small.status_code == 200 and len(small.content) <= len(fetched.content)
    assert client.get(one["picture"]).status_code == 401
    assert call("get", f"corpora/{corpus.pk}/items/9999999/")[0] == 404
    assert call("get", f"corpora/{corpus.pk}/items/{2**40}/")[0] == 404
    status, order = call("get", f"corpora/{corpus.pk}/order/")
    assert status == 200 and len(order["images"]) == corpus.item_count


def test_an_administrator_opens_and_closes_server_folders_by_program(client, owner, tmp_path):
    owner.is_superuser = True
    owner.save()
    client.force_login(owner)
    address = "/api/v1/administration/folders/"

    def open_(name, path):
        return client.post(address, {"name": name, "path": str(path)}, content_type="application/json")

    made = open_("Lab", tmp_path)
    assert (made.status_code, made.json()["path"]) == (201, str(tmp_path.resolve()))
    assert [one["name"] for one in client.get(address).json()] == ["Lab"]
    assert open_("Lab", tmp_path).json()["errors"][0]["field"] == "name"
    assert open_("Gone", tmp_path / "gone").json()["errors"][0]["field"] == "path"
    assert client.delete(f"{address}{made.json()['id']}/").status_code == 204
    assert client.get(address).json() == [] and client.delete(f"{address}{made.json()['id']}/").status_code == 404
