"""The interface in English and Simplified Chinese: the catalogue is whole, and a page speaks one language."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import translation

from ml_core.methods import cards
from tests.webapp import annotation_parts as parts
from tests.webapp import people
from webapp.accounts.models import User
from webapp.annotation.models import Campaign
from webapp.experiments.models import Run
from webapp.local.management.commands import translations

NAMES = {"Nearmiss", "API", "Birds", "Scenes", "First", "look", "owner", "ann", "Evaluation", "English", "GPU", "CPU"}
CHINESE = re.compile("[\u4e00-\u9fa5]")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|%%")


# The catalogue -------------------------------------------------------------------------------------------------------


def test_every_marked_text_has_a_translation_that_keeps_its_placeholders() -> None:
    catalogue = translations.merged(translations.gathered(settings.ROOT), translations.read_catalogue())
    for message in (message for message in catalogue if message.id):
        assert translations.is_translated(message.string), f"no translation: {message.id!r} ({message.locations})"
        said = message.string if isinstance(message.string, str) else message.string[0]
        text = message.id if isinstance(message.id, str) else message.id[1]
        assert sorted(PLACEHOLDER.findall(said)) == sorted(PLACEHOLDER.findall(text)), message.id


def test_the_file_that_pages_read_is_the_catalogue_compiled() -> None:
    assert translations.mo_path().read_bytes() == translations.mo_bytes(translations.read_catalogue())


def test_a_text_that_counts_has_one_form_in_chinese() -> None:
    with translation.override("zh-hans"):
        said = [translation.ngettext("%(n)d item waits for you", "%(n)d items wait for you", n) for n in (0, 1, 2)]
    assert len(set(said)) == 1 and "个" in said[0]


# Pages ---------------------------------------------------------------------------------------------------------------


class Read(HTMLParser):
    """What a page says: its language, the words of its title, bar and first heading, and every other text."""

    def __init__(self, html: str):
        super().__init__()
        self.language = ""
        self.head: list[str] = []
        self.texts: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        if tag not in ("meta", "link", "img", "input", "br", "hr", "path", "use", "circle", "line", "source"):
            self._open.append((tag, given.get("class", "")))
        self.texts += [given[name] for name in ("aria-label", "placeholder", "title", "alt") if given.get(name)]

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tags = {tag for tag, _ in self._open}
        if not data.strip() or tags & {"script", "style", "pre", "code", "svg", "kbd"}:
            return
        self.texts.append(data.strip())
        if tags & {"title", "h1", "header", "nav"} and ("h1", "case-title") not in self._open:  # which is a caption
            self.head.append(data.strip())


def chinese(page: str) -> Read:
    """The page, which must be in Chinese in its head and name that language."""
    read = Read(page)
    assert read.language == "zh-Hans"
    left = [text for text in read.head if is_english(text)]
    assert not left, f"English in the head of the page: {left}"
    assert any(CHINESE.search(text) for text in read.head)
    return read


def is_english(text: str) -> bool:
    """Words of three letters and more that are no names or addresses, and nothing Chinese beside them."""
    return bool(set(re.findall(r"[A-Za-z]{3,}", re.sub(r"\S+@\S+", "", text))) - NAMES) and not CHINESE.search(text)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = parts.labelled_project(tmp_path)
    User.objects.update(language="zh-hans")
    return made


@pytest.fixture
def campaign(run: Run) -> Campaign:
    return parts.campaign(run)


def addresses(run: Run, campaign: Campaign) -> list[str]:
    here, cases = f"/p/{run.project.slug}/", f"/p/{run.project.slug}/runs/{run.pk}/cases/"
    one = f"{here}campaigns/{campaign.pk}/"
    corpus = run.inputs.get().corpus_id
    return [
        "/", "/account/profile/", "/account/tokens/", "/account/password/change/", "/account/2fa/", "/projects/new/",
        here, f"{here}people/", f"{here}audit/", f"{here}settings/",
        f"{here}corpora/", f"{here}corpora/{corpus}/", f"{here}corpora/import/", f"{here}corpora/import/upload/",
        f"{here}corpora/import/scenes/", f"{here}runs/", f"{here}runs/new/", f"{here}runs/{run.pk}/", cases,
        f"{cases}?outcome=hits", f"{cases}0/", f"{here}campaigns/", f"{here}campaigns/new/", one,
        f"{one}review/", f"{one}tasks/", f"{one}feedback/", f"{one}files/", f"{one}freeze/", f"{here}sets/",
        f"{here}taxonomies/",
    ]  # fmt: skip


def read_all(client: Client, places: list[str]) -> None:
    """Each of these pages says nothing in English that the catalogue has in Chinese."""
    texts = {str(m.id) for m in translations.read_catalogue() if isinstance(m.id, str) and m.id != m.string}
    for address in places:
        answer = client.get(address)
        assert answer.status_code == 200, address
        read = chinese(answer.content.decode())
        left = [text for text in read.texts if text in texts and is_english(text)]
        assert not left, f"{address} says in English: {left}"


@pytest.mark.django_db
def test_a_person_who_chose_chinese_reads_chinese_on_every_main_page(run: Run, campaign: Campaign) -> None:
    read_all(people.browser(User.objects.get(username="owner")), addresses(run, campaign))


@pytest.mark.django_db
def test_the_forms_of_methods_are_in_chinese(run: Run) -> None:
    new = f"/p/{run.project.slug}/runs/new/"
    ours = [card for card in cards().values() if card.web and card.entry.startswith("ml_core.")]
    read_all(people.browser(User.objects.get(username="owner")), [f"{new}{card.key}/" for card in ours])


@pytest.mark.django_db
def test_administrators_pages_are_in_chinese() -> None:
    people.project("Birds", people.person("owner"))
    client = people.browser(people.person("ann", administrator=True, language="zh-hans"))
    front = "/administration/"
    read_all(client, [front, *(f"{front}{name}/" for name in ("people", "projects", "audit", "folders", "models"))])
    read_all(client, [f"{front}people/{User.objects.get(username='owner').pk}/"])


@pytest.mark.django_db
def test_the_labelling_page_is_in_the_annotators_language_with_its_categories(campaign: Campaign) -> None:
    client = people.browser(User.objects.get(username="ann"))
    page = client.get(f"/p/{campaign.project.slug}/campaigns/{campaign.pk}/label/").content.decode()
    assert "提交" in chinese(page).texts
    given = re.search(r'<script id="given"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert given and "歧义" in json.dumps(json.loads(given.group(1)), ensure_ascii=False)


@pytest.mark.django_db
def test_english_stays_the_default_and_a_stranger_gets_what_the_browser_asks_for() -> None:
    asked = {None: "en", "en-GB,en;q=0.9": "en", "zh-CN,zh;q=0.9,en;q=0.8": "zh-Hans", "zh-Hans": "zh-Hans", "fr": "en"}
    for header, language in asked.items():
        page = Client().get("/account/login/", headers={"accept-language": header} if header else {}).content.decode()
        assert Read(page).language == language
        assert ("登录" in page) == (language == "zh-Hans") and ("Sign in" in page) == (language == "en")


@pytest.mark.django_db
def test_a_person_chooses_the_language_on_the_profile_page() -> None:
    client = people.browser(people.person("owner"))
    assert "简体中文" in client.get("/account/profile/").content.decode()
    given = {"username": "owner", "email": "owner@example.org", "language": "zh-hans"}
    answer = client.post("/account/profile/", given, follow=True)
    chinese(answer.content.decode())
    assert "个人资料" in answer.content.decode()
