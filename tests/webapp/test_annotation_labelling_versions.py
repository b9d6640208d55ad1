"""A campaign takes another version of its taxonomy while people label: nothing is refused, pages and reports follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from ml_core.taxonomy import DEFAULT, Category
from tests.webapp import annotation_parts as parts
from tests.webapp.test_annotation_labelling_page import Desk
from webapp.annotation.campaigns import states
from webapp.annotation.models import Campaign, TaxonomyVersion
from webapp.annotation.review.calculations import agreement_of
from webapp.annotation.review.gathering import stamp
from webapp.annotation.taxonomies import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return parts.campaign(parts.labelled_project(tmp_path))


def version_with(campaign: Campaign, *more: Category, drop: int = 0) -> TaxonomyVersion:
    """Another version of the campaign's taxonomy, with more categories at its end or fewer at its beginning."""
    document = DEFAULT.model_copy(update={"categories": (*DEFAULT.categories[drop:], *more)})
    settings = {"guide": {"en": "Look **twice**."}, "examples": (), "note": "", "actor": None, "now": timezone.now()}
    return actions.add_version(taxonomy=campaign.taxonomy_version.taxonomy, document=document, **settings)


def colour() -> Category:
    """A category that the default taxonomy has not."""
    words = {"en": DEFAULT.categories[1].say("en").model_copy(update={"name": "Colour", "long_name": "Colour"})}
    return DEFAULT.categories[1].model_copy(update={"key": "colour", "hotkey": "8", "words": words})


def use(campaign: Campaign, version: TaxonomyVersion) -> None:
    states.use_version(campaign=campaign, version=version, actor=None, now=timezone.now())


def test_every_answer_that_an_open_page_can_give_is_taken_after_the_version_changed(campaign: Campaign) -> None:
    desk = Desk(campaign)
    use(campaign, version_with(campaign, colour()))
    tasks = [task["id"] for task in desk.given["tasks"]]
    for task, category in zip(tasks, DEFAULT.keys, strict=False):
        assert desk.answer(task, category)["saved"][0]["outcome"] == "saved"
    assert desk.answer(tasks[-1], "colour")["saved"][0]["outcome"] == "saved"


def test_every_reply_names_the_version_and_a_page_with_another_gets_its_choices(campaign: Campaign) -> None:
    desk = Desk(campaign)
    before = desk.given["version"]
    assert before == campaign.taxonomy_version_id
    version = version_with(campaign, colour())
    use(campaign, version)
    told = desk.answer(desk.given["tasks"][0]["id"])
    assert told["version"] == desk.post("lease", {"have": []}).json()["version"] == version.pk
    fresh = desk.client.get(f"{desk.here}next/?want=0&version={before}").json()
    assert [one["key"] for one in fresh["taxonomy"]["categories"]][-1] == "colour"
    assert "<strong>twice</strong>" in fresh["guides"]["en"] and str(version.number) in fresh["guide_page"]
    assert "taxonomy" not in desk.client.get(f"{desk.here}next/?want=0&version={version.pk}").json()


def test_a_report_and_a_set_of_an_earlier_version_are_not_taken_for_those_of_this_one(campaign: Campaign) -> None:
    agreement_of(campaign=campaign, now=timezone.now())
    before = stamp(campaign)
    use(campaign, version_with(campaign, colour()))
    campaign.refresh_from_db()
    assert stamp(campaign) != before


def test_a_choice_that_is_gone_all_the_same_is_refused_by_its_name(campaign: Campaign) -> None:
    desk = Desk(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(taxonomy_version=version_with(campaign, drop=2))  # by another way
    [saved] = desk.answer(desk.given["tasks"][0]["id"], "attribute")["saved"]
    assert saved["outcome"] == "refused" and "attribute" in saved["why"]
    again = desk.client.get(f"{desk.here}next/?want=1").json()["tasks"]
    assert [task["id"] for task in again] == [desk.given["tasks"][0]["id"]]
