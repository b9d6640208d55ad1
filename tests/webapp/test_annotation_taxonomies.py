"""Taxonomies: versions, the editor without scripts, the guide, files, pictures; campaigns keep their version."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from ml_core.taxonomy import Taxonomy as Document
from tests.ml_core.small_sets import picture as small_picture
from tests.webapp import annotation_parts, people
from webapp.annotation.campaigns import states
from webapp.annotation.models import Taxonomy, TaxonomyPicture, TaxonomyVersion
from webapp.annotation.taxonomies import actions, drafts
from webapp.annotation.taxonomies.colours import DARK, LIGHT, contrast, unreadable
from webapp.annotation.taxonomies.differences import differences
from webapp.annotation.taxonomies.guides import as_html
from webapp.corpora.files import store
from webapp.experiments.sweeping import sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return people.project("Birds", people.person("owner"))


@pytest.fixture
def owner(project):
    return people.browser(project.memberships.get().user)


@pytest.fixture
def taxonomy(project):
    return actions.default_version(project=project, now=timezone.now()).taxonomy


def url(taxonomy: Taxonomy, name: str = "taxonomy", **more: object) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": taxonomy.project.slug, "taxonomy_id": taxonomy.pk} | more)


def boxes(document: Document, **more: str) -> dict[str, str]:
    """What the editor's form sends for a document."""
    draft = drafts.draft_of(document, {}, [])
    sent = {"count": str(len(draft.categories)), "examples": "0", "base": "1"}
    for category in draft.categories:
        sent[f"{category.at}-count"] = str(len(category.subtypes))
        for choice in (category, *category.subtypes):
            sent |= {
                f"{choice.at}-{name}": getattr(choice, name) for name in ("key", "hotkey", "colour", "colour_dark")
            }
            for code, words in choice.words.items():
                sent |= {f"{choice.at}-{code}-{name}": text for name, text in words.items()}
    for code, rules in draft.rules.items():
        sent[f"rules-{code}"] = rules
    return sent | more


def test_a_form_that_changes_nothing_writes_no_version(owner, taxonomy):
    answer = owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do="save"))
    assert answer.status_code == 302
    assert taxonomy.versions.count() == 1


def test_saving_writes_the_next_version_and_shows_what_it_changed(owner, taxonomy):
    sent = boxes(DEFAULT, do="save", note="Clearer") | {"0-en-use_when": "Nobody can tell."}
    owner.post(url(taxonomy, "taxonomy_edit"), sent)
    newest = taxonomy.versions.latest("number")
    assert (newest.number, newest.note) == (2, "Clearer")
    page = owner.get(url(taxonomy)).content.decode()
    assert "<ins>Nobody can tell.</ins>" in page and "<del>Both pictures satisfy" in page
    first = owner.get(url(taxonomy, "taxonomy_version", number=1)).content.decode()
    assert "Nobody can tell." not in first


def test_categories_are_added_moved_and_removed_without_a_script_and_nothing_is_saved_yet(owner, taxonomy):
    def keys(do: str) -> list[str]:
        answer = owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do=do))
        return [choice.key for choice in answer.context["draft"].categories]

    before = list(DEFAULT.keys)
    assert keys("add") == [*before, ""]
    assert keys("down-0") == [before[1], before[0], *before[2:]]
    assert keys("drop-6") == before[:6]
    assert keys("up-0") == before
    answer = owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do="up-0-1"))
    assert [one.key for one in answer.context["draft"].categories[0].subtypes] == ["nearduplicate", "underspecified"]
    assert taxonomy.versions.count() == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"1-hotkey": "1"}, "stands for two choices"),
        ({"1-key": "ambiguous"}, "stands for two choices"),
        ({"1-key": "Not A Key"}, "begins with a small letter"),
        ({"1-key": "all"}, "“all” is no key"),
        ({"0-1-key": "none"}, "“none” is no key"),
        ({"1-colour": "#ffff00"}, "contrast"),
        ({"1-colour_dark": "#202020"}, "contrast"),
        ({"1-en-name": ""}, "This is needed"),
        ({"base": "0"}, "was saved while you edited"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_typed_is_lost(owner, taxonomy, changed, said):
    sent = boxes(DEFAULT, do="save") | {"6-en-use_when": "typed <b>text</b>"} | changed
    answer = owner.post(url(taxonomy, "taxonomy_edit"), sent)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert said in text
    assert "typed &lt;b&gt;text&lt;/b&gt;" in text
    assert taxonomy.versions.count() == 1


def test_every_colour_of_the_default_reads_on_light_and_dark_pages():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for category in DEFAULT.categories:
        assert not unreadable(category.colour, LIGHT), category.key
        assert not unreadable(category.colour_dark, DARK), category.key


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](https://e.org/x.png)",
    ],
)
def test_a_guide_carries_no_program_and_no_foreign_picture(text):
    html = as_html(text)
    assert "<script" not in html and "javascript:" not in html.replace("(javascript:", "") and "<img" not in html
    assert 'href="javascript' not in html


def test_a_guide_is_markdown(owner, taxonomy):
    owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do="save") | {"guide-en": "# When\n\n* *first* this\n"})
    page = owner.get(url(taxonomy)).content.decode()
    assert "<h2>When</h2>" in page and "<em>first</em>" in page
    assert "歧义" in owner.get(url(taxonomy), {"language": "zh-hans"}).content.decode()


def test_an_example_picture_is_re_encoded_and_served_without_what_else_was_in_its_file(owner, taxonomy):
    image = Image.open(io.BytesIO(small_picture(1)))
    exif = Image.Exif()
    exif[0x010E] = "a secret"
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", exif=exif)
    sent = boxes(DEFAULT, do="picture") | {"picture-choice": "count", "picture-note": "two cups"}
    sent["picture"] = SimpleUploadedFile("cup.svg", buffer.getvalue())
    answer = owner.post(url(taxonomy, "taxonomy_edit"), sent)
    kept = TaxonomyPicture.objects.get(taxonomy=taxonomy)
    assert answer.context["draft"].examples == [{"choice": "count", "picture": kept.pk, "note": "two cups"}]
    assert b"a secret" not in store().read_bytes(kept.key)
    example = {"example-0-picture": str(kept.pk), "example-0-choice": "count", "example-0-note": "two cups"}
    owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do="save", examples="1") | example)
    assert "two cups" in owner.get(url(taxonomy)).content.decode()
    served = owner.get(url(taxonomy, "taxonomy_picture", picture_id=kept.pk))
    assert (served["Content-Type"], served["X-Content-Type-Options"]) == ("image/webp", "nosniff")


def test_a_picture_without_a_row_is_swept_and_one_that_only_a_copy_shows_stays(project, taxonomy, settings, tmp_path):
    settings.NEARMISS_STORE, settings.NEARMISS_CACHE = str(tmp_path / "store"), tmp_path / "cache"
    now = timezone.now()
    kept = actions.keep_picture(taxonomy=taxonomy, data=small_picture(1), now=now)
    version = actions.add_version(
        taxonomy=taxonomy, document=DEFAULT, guide={}, examples=[{"choice": "count", "picture": kept.pk, "note": ""}],
        note="", actor=None, now=now,
    )  # fmt: skip
    actions.copy_taxonomy(version=version, project=project, name="Copy", actor=None, now=now)
    kept.delete()
    store().write_bytes(f"taxonomies/{taxonomy.pk}/killed.webp", b"x")
    gone = [file.key for file in sweep(now=now + timedelta(days=2)).files]
    assert gone == [f"taxonomies/{taxonomy.pk}/killed.webp"]
    assert store().list("taxonomies") == [kept.key]


@pytest.mark.parametrize("data", [b"<svg xmlns='x'/>", b"", b"GIF89a broken", b"<html>"])
def test_what_is_no_picture_is_refused(taxonomy, data):
    with pytest.raises(BadInput):
        actions.keep_picture(taxonomy=taxonomy, data=data, now=timezone.now())


def test_an_example_never_names_another_taxonomys_picture(owner, project, taxonomy):
    other = actions.create_taxonomy(project=project, name="Other", document=DEFAULT, actor=None, now=timezone.now())
    foreign = actions.keep_picture(taxonomy=other.taxonomy, data=small_picture(1), now=timezone.now())
    example = {"example-0-picture": str(foreign.pk), "example-0-choice": "count", "0-en-name": "Changed"}
    owner.post(url(taxonomy, "taxonomy_edit"), boxes(DEFAULT, do="save", examples="1") | example)
    assert taxonomy.versions.latest("number").examples == []


def test_a_taxonomy_goes_out_as_a_file_and_comes_back_the_same(owner, project, taxonomy):
    file = owner.get(url(taxonomy, "taxonomy_file", number=1))
    upload = SimpleUploadedFile("t.json", file.content)
    where = reverse("annotation:taxonomies", kwargs={"slug": project.slug})
    owner.post(where, {"file": upload, "import_name": "Again"})
    again = TaxonomyVersion.objects.get(taxonomy__name="Again")
    assert again.content_hash == taxonomy.versions.get().content_hash
    broken = owner.post(where, {"file": SimpleUploadedFile("t.json", b"{}"), "import_name": "x"})
    assert broken.status_code == 422 and "is not a taxonomy" in broken.content.decode()
    deep = owner.post(where, {"file": SimpleUploadedFile("t.json", b"[" * 100_000), "import_name": "x"})
    assert deep.status_code == 422


def test_a_copy_begins_with_what_its_original_said(owner, project, taxonomy):
    where = reverse("annotation:taxonomies", kwargs={"slug": project.slug})
    owner.post(where, {"name": "Copy", "begin": str(taxonomy.versions.get().pk)})
    assert (
        Taxonomy.objects.get(name="Copy").versions.get().document["categories"]
        == json.loads(DEFAULT.model_dump_json())["categories"]
    )
    assert owner.post(where, {"name": "Copy", "begin": "default"}).status_code == 422


def test_an_archived_taxonomy_is_not_offered(owner, project, taxonomy):
    owner.post(url(taxonomy, "taxonomy_archive"), {"archived": "yes"})
    page = owner.get(reverse("annotation:taxonomies", kwargs={"slug": project.slug}))
    assert "archived" in page.content.decode()
    assert [value for value, _ in page.context["form"].fields["begin"].choices] == ["default", "classes"]


def test_differences_name_what_was_added_and_taken_away():
    fewer = DEFAULT.model_copy(update={"categories": DEFAULT.categories[:6]})
    gone = differences(DEFAULT, fewer, {}, {})
    assert gone and all(place.startswith("object") and not now for place, _before, now in gone)
    turned = DEFAULT.model_copy(update={"categories": DEFAULT.categories[::-1]})
    assert [row[0] for row in differences(DEFAULT, turned, {}, {})] == ["Order"]


def test_the_api_writes_a_version_and_refuses_what_cannot_be_read(owner, project, taxonomy):
    where = reverse("annotation:api_taxonomies", kwargs={"slug": project.slug})
    document = DEFAULT.model_dump(mode="json")
    made = owner.post(where, {"name": "API", "taxonomy": document}, content_type="application/json")
    assert made.status_code == 201
    one = f"{where}{made.json()['taxonomy']}/"
    document["categories"][0]["words"]["en"]["name"] = "Unclear"
    body = {"taxonomy": document, "guide": {"en": "Read"}, "note": "n"}
    assert owner.post(one, body, content_type="application/json").json()["number"] == 2
    assert [row["number"] for row in owner.get(one).json()] == [2, 1]
    reserved = {**document, "categories": [{**document["categories"][0], "key": "all"}, *document["categories"][1:]]}
    refused = owner.post(one, {"taxonomy": reserved}, content_type="application/json")
    assert refused.status_code == 400 and "all is no key" in refused.content.decode()
    document["categories"][0]["colour"] = "#ffffff"
    pale = owner.post(one, {"taxonomy": document}, content_type="application/json")
    assert pale.status_code == 400 and "contrast" in pale.content.decode()


def api(taxonomy: Taxonomy, name: str = "api_taxonomy", **more: object) -> str:
    return url(taxonomy, name, **more)


def test_the_api_archives_a_taxonomy_and_brings_it_back(owner, taxonomy):
    for archived in (True, True, False):
        answer = owner.patch(api(taxonomy), {"archived": archived}, content_type="application/json")
        assert answer.json() == {"archived": archived}
        taxonomy.refresh_from_db()
        assert (taxonomy.archived_at is not None) == archived
    assert owner.patch(api(taxonomy), {}, content_type="application/json").status_code == 400


def test_the_api_copies_a_version_with_its_examples(owner, project, taxonomy):
    now = timezone.now()
    kept = actions.keep_picture(taxonomy=taxonomy, data=small_picture(1), now=now)
    examples = [{"choice": "count", "picture": kept.pk, "note": "two"}]
    actions.add_version(
        taxonomy=taxonomy, document=DEFAULT, guide={}, examples=examples, note="", actor=None, now=now
    )  # fmt: skip
    copies = api(taxonomy, "api_taxonomy_copies")
    made = owner.post(copies, {"name": "Newest"}, content_type="application/json")
    assert made.status_code == 201
    (example,) = made.json()["examples"]
    assert (example["choice"], example["note"]) == ("count", "two") and example["picture"] != kept.pk
    assert TaxonomyPicture.objects.get(pk=example["picture"]).taxonomy.name == "Newest"
    first = owner.post(copies, {"name": "First", "number": 1}, content_type="application/json")
    assert first.json()["examples"] == []
    for wrong in ({"name": "Newest"}, {"name": "x", "number": 9}, {"number": 1}):
        assert owner.post(copies, wrong, content_type="application/json").status_code == 400, wrong


def test_the_api_keeps_pictures_and_a_version_names_them_as_examples(owner, project, taxonomy):
    pictures = api(taxonomy, "api_taxonomy_pictures")
    made = owner.post(pictures, {"file": SimpleUploadedFile("cup.png", small_picture(1))})
    assert made.status_code == 201, made.content
    kept = made.json()
    assert owner.get(pictures).json() == [kept]
    served = owner.get(f"{pictures}{kept['id']}/")
    assert (served["Content-Type"], served.content[:4]) == ("image/webp", b"RIFF")
    document = DEFAULT.model_dump(mode="json")
    example = {"choice": "underspecified", "picture": kept["id"], "note": "which one?"}

    def write(**more):
        return owner.post(api(taxonomy), {"taxonomy": document, **more}, content_type="application/json")

    assert write(examples=[example]).json()["examples"] == [example]
    assert write(note="the guide alone", guide={"en": "Read"}).json()["examples"] == [example]
    assert write(examples=[]).json()["examples"] == []
    for wrong in (example | {"choice": "moon"}, example | {"picture": kept["id"] + 1}, {"choice": "count"}):
        answer = write(examples=[wrong])
        assert answer.status_code == 400 and "examples.0" in answer.content.decode(), wrong
    assert write(examples=[example] * 101).status_code == 400


@pytest.mark.parametrize("sent", [{"file": b"<svg/>"}, {}, {"file": b""}])
def test_the_api_refuses_what_is_no_picture(owner, taxonomy, sent):
    sent = {name: SimpleUploadedFile("x.png", data) for name, data in sent.items()}
    answer = owner.post(api(taxonomy, "api_taxonomy_pictures"), sent)
    assert answer.status_code == 400 and answer.json()["errors"][0]["field"] == "file"


# Campaigns -----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_campaign_takes_a_newer_version_only_where_every_choice_is_still_there(tmp_path):
    run = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(run)
    taxonomy, now = campaign.taxonomy_version.taxonomy, timezone.now()
    fewer = DEFAULT.model_copy(update={"categories": DEFAULT.categories[:6]})
    coarser = DEFAULT.categories[0].model_copy(update={"subtypes": ()})
    coarse = DEFAULT.model_copy(update={"categories": (coarser, *DEFAULT.categories[1:])})
    settings = {"guide": {}, "examples": (), "note": "", "actor": None, "now": now}
    for document, missing in ((fewer, "has no object"), (coarse, "has no ambiguous / ")):
        without = actions.add_version(taxonomy=taxonomy, document=document, **settings)
        with pytest.raises(BadInput, match=missing):  # an open page may still send it, though nobody has used it yet
            states.use_version(campaign=campaign, version=without, actor=None, now=now)
    other = DEFAULT.model_copy(update={"categories": DEFAULT.categories[::-1]})
    fits = actions.add_version(taxonomy=taxonomy, document=other, **settings)
    assert states.use_version(campaign=campaign, version=fits, actor=None, now=now).taxonomy_version == fits
