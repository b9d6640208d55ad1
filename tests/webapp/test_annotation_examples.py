"""Example pictures of a category, taken from a case of a run or a sample of a campaign instead of a file."""

from __future__ import annotations

import io

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from ml_core.taxonomy import DEFAULT
from tests.ml_core.small_sets import picture
from tests.webapp import annotation_parts, people
from tests.webapp.annotation_parts import zipped
from webapp.accounts.models import User
from webapp.annotation.campaigns import uploads
from webapp.annotation.campaigns.actions import open_uploaded
from webapp.annotation.models import Task, TaxonomyPicture
from webapp.annotation.taxonomies import actions, drafts
from webapp.corpora.files import store
from webapp.experiments.cases import queries as cases

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(tmp_path):
    return annotation_parts.labelled_project(tmp_path)


@pytest.fixture
def owner(run):
    return people.browser(User.objects.get(username="owner"))


@pytest.fixture
def taxonomy(run):
    return actions.default_version(project=run.project, now=timezone.now()).taxonomy


def of_case(run, number: int, slug: str = "") -> str:
    return reverse("annotation:example_of_case", args=[slug or run.project.slug, run.pk, number])


def of_sample(task: Task, slug: str = "") -> str:
    return reverse("annotation:example_of_sample", args=[slug or task.campaign.project.slug, task.campaign_id, task.pk])


def failure(run) -> cases.Row:
    """A text → image case whose answer came not first."""
    return next(row for row in cases.cases_numbered(run, list(range(60))) if row.direction == "t2i" and row.rank > 1)


def test_a_picture_of_a_case_goes_into_the_draft_and_with_the_next_version_into_the_guide(run, owner, taxonomy):
    case = failure(run)
    address = of_case(run, case.number)
    page = owner.get(reverse("experiments:case", args=[run.project.slug, run.pk, case.number])).content.decode()
    assert f'href="{address}"' in page
    assert [offer.side for offer, _src, _chosen in owner.get(address).context["pictures"]] == ["right", "given"]
    sent = {"side": "given", "choice": f"{taxonomy.pk}:count", "note": "three, not two"}
    answer = owner.post(address, sent)
    kept = TaxonomyPicture.objects.get(taxonomy=taxonomy)
    editor = owner.get(answer["Location"])
    assert editor.context["draft"].examples == [{"choice": "count", "picture": kept.pk, "note": "three, not two"}]
    assert "The picture is in the draft" in editor.content.decode()
    assert taxonomy.versions.count() == 1
    assert Image.open(io.BytesIO(store().read_bytes(kept.key))).size == (kept.width, kept.height)
    draft = drafts.draft_of(DEFAULT, {}, editor.context["draft"].examples)
    actions.add_version(
        taxonomy=taxonomy, document=DEFAULT, guide={}, examples=draft.examples, note="", actor=None, now=timezone.now()
    )
    guide = owner.get(reverse("annotation:taxonomy", args=[run.project.slug, taxonomy.pk])).content.decode()
    assert "three, not two" in guide


def test_the_same_picture_taken_twice_is_kept_once(run, owner, taxonomy):
    address = of_case(run, failure(run).number)
    for choice in ("count", "object"):
        owner.post(address, {"side": "right", "choice": f"{taxonomy.pk}:{choice}"})
    assert TaxonomyPicture.objects.filter(taxonomy=taxonomy).count() == 1


def test_a_picture_of_a_sample_does_too_whether_a_run_or_a_file_brought_it(run, owner, taxonomy):
    campaign = annotation_parts.campaign(run)
    task = Task.objects.filter(campaign=campaign).first()
    file = zipped("idx,caption,gt,pred\nx 1,a cup,a.png,a bowl\n", {"a.png": picture(1)})
    uploaded = open_uploaded(
        project=run.project, name="Uploaded", upload=uploads.keep(run.project, "s.zip", file),
        taxonomy_version=taxonomy.versions.get(), annotators=[User.objects.get(username="ann")], size=1, overlap=0,
        backup=0, actor=None, now=timezone.now(),
    )  # fmt: skip
    for number, sample in enumerate([task, uploaded.tasks.get()], start=1):
        address = of_sample(sample)
        shown = owner.get(address)
        assert owner.get(shown.context["pictures"][0][1]).status_code == 200
        answer = owner.post(address, {"side": "right", "choice": f"{taxonomy.pk}:underspecified"})
        assert answer.status_code == 302
        assert TaxonomyPicture.objects.filter(taxonomy=taxonomy).count() == number


def test_a_reviewer_who_may_edit_taxonomies_finds_the_way_beside_the_sample(run, owner):
    task = Task.objects.filter(campaign=annotation_parts.campaign(run)).first()
    decide = reverse("annotation:decide", args=[run.project.slug, task.campaign_id, task.pk])
    assert f'href="{of_sample(task)}"' in owner.get(decide).content.decode()
    reviewer = people.person("rae")
    people.member(run.project, reviewer, "reviewer")
    assert "Use as example" not in people.browser(reviewer).get(decide).content.decode()


def test_what_is_not_there_is_not_found(run, owner):
    task = Task.objects.filter(campaign=annotation_parts.campaign(run)).first()
    slug = run.project.slug
    for address in (
        of_case(run, 999_999), of_case(run, 9**20),
        reverse("annotation:example_of_case", args=[slug, 9**20, 1]),
        reverse("annotation:example_of_sample", args=[slug, task.campaign_id, 9**20]),
        reverse("annotation:example_of_sample", args=[slug, task.campaign_id + 1, task.pk]),
    ):  # fmt: skip
        assert owner.get(address).status_code == 404, address


def test_a_case_of_texts_alone_says_so(run, owner, taxonomy):
    campaign = annotation_parts.campaign(run)
    task = Task.objects.filter(campaign=campaign).first()
    Task.objects.filter(pk=task.pk).update(right={"kind": "text", "text": "a"}, given=None)
    assert "made of texts alone" in owner.get(of_sample(task)).content.decode()


def test_a_picture_whose_file_is_gone_is_told_at_the_picture(run, owner, taxonomy):
    store().delete_prefix(f"corpora/{cases.corpus_of(run)}/pictures")
    sent = {"side": "right", "choice": f"{taxonomy.pk}:count"}
    answer = owner.post(of_case(run, failure(run).number), sent)
    assert answer.status_code == 422 and "file is gone" in answer.content.decode()


def test_a_case_or_sample_of_another_project_is_not_found_and_another_projects_taxonomy_not_offered(run, taxonomy):
    olga = people.person("olga")
    other = people.project("Other", olga)
    theirs = actions.default_version(project=other, now=timezone.now()).taxonomy
    campaign = annotation_parts.campaign(run)
    task, case = Task.objects.filter(campaign=campaign).first(), failure(run)
    stranger = people.browser(olga)
    assert stranger.get(of_case(run, case.number, other.slug)).status_code == 404
    assert stranger.get(of_sample(task, other.slug)).status_code == 404
    mine = people.browser(User.objects.get(username="owner"))
    sent = {"side": "right", "choice": f"{theirs.pk}:count"}
    assert mine.post(of_case(run, case.number), sent).status_code == 422
    assert not TaxonomyPicture.objects.exists()


def test_a_draft_takes_no_picture_of_another_taxonomy_out_of_the_address(run, owner, taxonomy):
    other = actions.create_taxonomy(project=run.project, name="Two", document=DEFAULT, actor=None, now=timezone.now())
    foreign = actions.keep_picture(taxonomy=other.taxonomy, data=picture(1), now=timezone.now())
    editor = reverse("annotation:taxonomy_edit", args=[run.project.slug, taxonomy.pk])
    for number in (foreign.pk, "x", 9**20):
        assert owner.get(f"{editor}?picture={number}&choice=count").context["draft"].examples == []


def test_who_only_reads_is_offered_nothing(run, taxonomy):
    viewer = people.person("vic")
    people.member(run.project, viewer, "viewer")
    page = people.browser(viewer).get(reverse("experiments:case", args=[run.project.slug, run.pk, failure(run).number]))
    assert "Use as example" not in page.content.decode()


def test_the_api_takes_a_picture_of_a_case_or_a_sample(run, owner, taxonomy):
    pictures = reverse("annotation:api_taxonomy_pictures", args=[run.project.slug, taxonomy.pk])
    task = Task.objects.filter(campaign=annotation_parts.campaign(run)).first()
    of_case = {"run": run.pk, "case": int(task.idx), "side": "right"}
    of_sample = {"campaign": task.campaign_id, "task": task.pk, "side": "right"}
    first, second = (owner.post(pictures, body, content_type="application/json") for body in (of_case, of_sample))
    assert first.status_code == second.status_code == 201, first.content
    assert first.json() == second.json()
    for wrong in (
        of_case | {"case": 999_999}, of_case | {"side": "prompt"}, of_sample | {"task": task.pk + 9_999},
        {"side": "right"}, {"run": run.pk, "task": task.pk, "side": "right"}, of_case | {"side": "left"},
    ):  # fmt: skip
        assert owner.post(pictures, wrong, content_type="application/json").status_code == 400, wrong
