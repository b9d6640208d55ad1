"""Campaigns on uploaded samples: what is read of a zip, what is refused and why, and what becomes of it."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from ml_core.spec import BadInput
from tests.ml_core.small_sets import picture
from tests.webapp import people
from tests.webapp.annotation_parts import zipped
from webapp.accounts.models import User
from webapp.annotation.campaigns import uploads
from webapp.annotation.models import Campaign, Slot, Task
from webapp.corpora.files import store

pytestmark = pytest.mark.django_db

TABLE = """idx,caption,gt,pred,stratum
7,a red cup,a.png,pictures/b.png,near
8,"two bowls, one blue",b.png,a.png,far
9,what is this,a cup,a bowl,near
10,a.png,a cup,,far
"""


@pytest.fixture
def project():
    project = people.project("Birds", people.person("owner"))
    for name in ("ann", "bob"):
        people.member(project, people.person(name), "annotator")
    return project


@pytest.fixture
def owner(project):
    return people.browser(project.memberships.get(role="owner").user)


def files() -> dict[str, bytes]:
    return {"a.png": picture(1), "pictures/b.png": picture(2)}


def test_pictures_and_texts_are_told_apart_and_pictures_are_found_by_name(project):
    upload = uploads.keep(project, "s.zip", zipped(TABLE, files()))
    assert [row.idx for row in upload.samples] == ["7", "8", "9", "10"]
    assert not upload.problems
    kinds = [[part and part["kind"] for part in (row.prompt, row.right, row.given)] for row in upload.samples]
    assert kinds == [
        ["text", "picture", "picture"], ["text", "picture", "picture"], ["text", "text", "text"],
        ["picture", "text", None],
    ]  # fmt: skip
    shown = upload.samples[0].right
    assert store().read_bytes(shown["key"])[:4] == b"RIFF" and shown["width"] > 0
    assert uploads.keep(project, "again.zip", zipped(TABLE, files())).name == "s.zip"


def test_each_row_that_cannot_be_used_is_named_and_the_rest_is_kept(project):
    table = (
        "idx,caption,gt,pred\n1,fine,a.png,\n2,,a.png,\n3,no picture,missing.jpg,\n1,twice,a.png,\n4,nothing,,\n"
        "5,a drawing,bad.svg,\n6,not one,broken.png,\n"
    )
    more = {"bad.svg": b"<svg xmlns='x'/>", "broken.png": b"\x89PNG\r\n\x1a\nrubbish"}
    upload = uploads.keep(project, "s.zip", zipped(table, files() | more))
    assert [row.idx for row in upload.samples] == ["1"]
    said = dict(upload.problems)
    assert sorted(said) == [3, 4, 5, 6, 7, 8]
    assert "prompt is empty" in said[3] and "missing.jpg" in said[4] and "earlier row" in said[5]
    assert "no candidate" in said[6] and "SVG" in said[7] and "broken.png" in said[8]


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (io.BytesIO(b"no zip"), "cannot be read as a zip"),
        (zipped("a,b\n1,2\n", {}), "no column"),
        (zipped(TABLE, {"other.csv": b"x"}), "one CSV; there are 2"),
        (zipped("caption,gt\n,x\n", {}), "No row of the CSV can be used"),
        (zipped("", {}), "no column"),
    ],
)
def test_what_is_no_upload_is_refused(project, file, said):
    with pytest.raises(BadInput, match=said):
        uploads.keep(project, "s.zip", file)


def test_a_member_that_grows_beyond_its_bounds_is_read_no_further(project):
    bomb = b"\0" * (33 * 2**20)
    upload = uploads.keep(project, "s.zip", zipped("caption,gt\na,a.png\nb,bomb.png\n", files() | {"bomb.png": bomb}))
    assert "larger than" in dict(upload.problems)[3]


def test_semicolons_and_chinese_spreadsheets_are_read(project):
    table = "\ufeffcaption;gt\n一只红色的杯子;a.png\n".encode()
    assert uploads.keep(project, "s.zip", zipped(table, files())).samples[0].prompt["text"] == "一只红色的杯子"
    old = "caption,gt\n杯子,a.png\n".encode("gb18030")
    assert uploads.keep(project, "s.zip", zipped(old, files())).samples[0].prompt["text"] == "杯子"


def test_names_that_leave_the_zip_lead_nowhere(project):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("samples.csv", "caption,gt\nx,../../secret.png\ny,/etc/passwd\n")
        archive.writestr("../../a.png", picture(1))
    buffer.seek(0)
    upload = uploads.keep(project, "s.zip", buffer)
    assert "secret.png" in dict(upload.problems)[2]
    assert upload.samples[0].right == {"kind": "text", "text": "/etc/passwd"}


def test_an_upload_is_looked_at_and_becomes_a_campaign(project, owner):
    where = reverse("annotation:campaign_upload", kwargs={"slug": project.slug})
    data = zipped(TABLE, files()).getvalue()
    answer = owner.post(where, {"file": SimpleUploadedFile("s.zip", data)})
    assert answer.status_code == 302 and not Campaign.objects.exists()
    page = owner.get(answer["Location"] + "&size=4&overlap=1&backup=1&seed=0&mode=shares&stratify=file")
    assert page.status_code == 200
    assert [row.name for row in page.context["drawn"].table] == ["far", "near"]
    src = page.context["first"][0]
    assert src["wanted"] and "s.zip" in page.content.decode()
    ann, bob = (project.memberships.get(user__username=name).user_id for name in ("ann", "bob"))
    digest = answer["Location"].rpartition("=")[2]
    new = reverse("annotation:campaign_new", kwargs={"slug": project.slug})
    sent = {
        "upload": digest, "name": "Uploaded", "size": 4, "overlap": 2, "backup": 0, "seed": 0, "stratify": "",
        "mode": "shares", "taxonomy": "default", "annotators": [ann, bob], "blind": "on",
    }  # fmt: skip
    made = owner.post(new, sent)
    campaign = Campaign.objects.get(name="Uploaded")
    assert made["Location"].endswith(f"/campaigns/{campaign.pk}/")
    assert campaign.blind and campaign.run is None and campaign.source["upload"] == digest
    assert Task.objects.filter(campaign=campaign).count() == 4
    assert Slot.objects.filter(campaign=campaign, state="open").count() == 6
    assert owner.get(made["Location"]).status_code == 200
    assert set(uploads.named_files()) == set(store().list(f"samples/{project.pk}/{digest}"))


def test_an_upload_of_another_project_is_not_found(project, owner):
    other = people.project("Other", people.person("olga"))
    kept = uploads.keep(other, "s.zip", zipped(TABLE, files()))
    new = reverse("annotation:campaign_new", kwargs={"slug": project.slug})
    assert owner.get(new, {"upload": kept.digest}).status_code == 404
    assert owner.get(new, {"upload": "../../x"}).status_code == 404


def test_a_file_that_is_no_zip_is_told_at_its_field(project, owner):
    where = reverse("annotation:campaign_upload", kwargs={"slug": project.slug})
    answer = owner.post(where, {"file": SimpleUploadedFile("s.zip", b"no")})
    assert answer.status_code == 422 and "cannot be read as a zip" in answer.content.decode()


# API -----------------------------------------------------------------------------------------------------------------


def send(owner, project, data: bytes):
    where = reverse("annotation:api_campaign_uploads", kwargs={"slug": project.slug})
    return owner.post(where, {"file": SimpleUploadedFile("s.zip", data)})


def test_the_api_takes_a_zip_and_opens_a_campaign_on_it(project, owner):
    answer = send(owner, project, zipped(TABLE + "11,,a.png,,\n", files()).getvalue())
    assert answer.status_code == 201, answer.content
    kept = answer.json()
    assert (kept["samples"], kept["name"]) == (4, "s.zip")
    assert kept["problems"] == [{"row": 6, "detail": "The prompt is empty."}]
    where = reverse("annotation:api_campaigns", kwargs={"slug": project.slug})
    body = {
        "upload": kept["digest"], "annotators": ["ann", "bob"], "size": 4, "overlap": 1, "backup": 1,
        "stratify": "file",
    }  # fmt: skip
    plan = owner.post(f"{where}plan/", body, content_type="application/json")
    assert plan.json()["population"] == 4 and [row["name"] for row in plan.json()["strata"]] == ["far", "near"]
    made = owner.post(where, body | {"name": "By API", "blind": True}, content_type="application/json")
    assert made.status_code == 201, made.content
    campaign = Campaign.objects.get(pk=made.json()["id"])
    assert campaign.blind and campaign.source["upload"] == kept["digest"]
    assert Task.objects.filter(campaign=campaign).count() == 4


def test_the_api_says_what_is_wrong_with_a_zip_and_with_what_is_asked_of_it(project, owner):
    refused = send(owner, project, b"no zip")
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "file"
    digest = send(owner, project, zipped(TABLE, files()).getvalue()).json()["digest"]
    other = people.project("Other", people.person("olga"))
    foreign = uploads.keep(other, "s.zip", zipped(TABLE + "11,x,a.png,,\n", files())).digest
    where = reverse("annotation:api_campaigns", kwargs={"slug": project.slug})
    good = {"name": "x", "upload": digest, "annotators": ["ann"], "size": 4, "overlap": 0, "backup": 0}
    for wrong, field in (
        ({"upload": foreign}, "upload"), ({"upload": "../x"}, "upload"), ({"run": 1}, "run"),
        ({"filters": {"rank": "2-5"}}, "filters"), ({"stratify": "rank"}, "stratify"),
    ):  # fmt: skip
        answer = owner.post(where, good | wrong, content_type="application/json")
        assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == field, answer.content
    assert owner.post(where, {"name": "x", "annotators": ["ann"]}, content_type="application/json").status_code == 400
    assert not Campaign.objects.exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"no", "无法按 zip 读取"), (zipped("caption,gt\n,x\n", {}).getvalue(), "第 2 行：提示为空")],
)
def test_what_is_wrong_with_an_upload_is_told_in_chinese_to_who_reads_chinese(project, owner, data, said):
    User.objects.filter(username="owner").update(language="zh-hans")
    where = reverse("annotation:campaign_upload", kwargs={"slug": project.slug})
    answer = owner.post(where, {"file": SimpleUploadedFile("s.zip", data)})
    assert answer.status_code == 422 and said in answer.content.decode()
