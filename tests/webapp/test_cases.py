"""The gallery and the page of a case: what they show, how they are narrowed, and what they ask of the database."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.webapp import people
from tests.webapp.case_parts import drawn, evaluated
from webapp.accounts.models import Project
from webapp.design.slides import Slide
from webapp.experiments.cases import markup, queries, table
from webapp.experiments.cases.filters import MISSED, RANKS, SORTS, WON, Filters, read
from webapp.experiments.cases.shown import Card
from webapp.experiments.models import Case, Run


@pytest.fixture(scope="module")
def kitchen(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run that all tests here look at, in a transaction that never ends well."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield evaluated(people.project("Kitchen", people.person("olga")), tmp_path_factory.mktemp("kitchen"))
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def _as_it_was(kitchen: Run) -> Iterator[None]:
    """What a test changes is rolled back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def project(kitchen: Run) -> Project:
    return Project.objects.get(pk=kitchen.project_id)


@pytest.fixture
def run(kitchen: Run, project: Project) -> Run:
    found = Run.objects.get(pk=kitchen.pk)
    found.project = project
    return found


@pytest.fixture
def browser(project: Project) -> Client:
    viewer = people.person("vera")
    people.member(project, viewer, "viewer")
    return people.browser(viewer)


def walked(run: Run, filters: Filters, size: int = 7) -> Iterator[queries.Row]:
    """Every case, page by page."""
    page = queries.page_of(run, filters, size=size)
    while True:
        yield from page.rows
        if page.next is None:
            return
        page = queries.page_of(run, filters, after=page.next, size=size)


def address(run: Run, name: str = "cases", query: str = "", **more: object) -> str:
    return reverse(f"experiments:{name}", kwargs={"slug": run.project.slug, "run_id": run.pk} | more) + query


# What is found -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("outcome", ["failed", "hits", "all"])
def test_walking_through_the_pages_meets_every_case_once_and_in_order(run: Run, sort: str, outcome: str) -> None:
    found = list(walked(run, Filters(outcome=outcome, sort=sort)))
    expected = [case for case in Case.objects.filter(run=run, direction="t2i") if _fits(case, outcome)]
    field = sort.removeprefix("-")
    expected.sort(key=lambda case: (getattr(case, field), case.number), reverse=sort.startswith("-"))
    assert [row.number for row in found] == [case.number for case in expected]


def _fits(case: Case, outcome: str) -> bool:
    return outcome == "all" or (case.rank == 1) == (outcome == "hits")


def test_going_back_shows_the_page_that_was_there_before(run: Run) -> None:
    filters = Filters(outcome="all", sort="rank")
    first = queries.page_of(run, filters, size=7)
    second = queries.page_of(run, filters, after=first.next, size=7)
    again = queries.page_of(run, filters, before=second.previous, size=7)
    assert again.rows == first.rows
    assert again.previous is None and first.previous is None


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("rank", RANKS)
def test_a_rank_filter_keeps_its_ranks_under_every_sort(run: Run, rank: str, sort: str) -> None:
    low, _, high = rank.partition("-")
    found = sorted(row.number for row in walked(run, Filters(rank=rank, sort=sort)))
    ranks = {"rank__gte": int(low)} | ({"rank__lte": int(high)} if high else {})
    assert found == list(
        Case.objects.filter(run=run, direction="t2i", **ranks).order_by("number").values_list("number", flat=True)
    )


@pytest.mark.parametrize("margin", [*MISSED, *WON])
def test_a_margin_filter_finds_the_same_cases_whatever_the_sort(run: Run, margin: str) -> None:
    outcome = "failed" if margin in MISSED else "hits"
    by_sort = [
        sorted(row.number for row in walked(run, Filters(outcome=outcome, margin=margin, sort=sort))) for sort in SORTS
    ]
    assert all(found == by_sort[0] for found in by_sort)


def test_the_margin_filters_together_hold_every_failure_once(run: Run) -> None:
    found = [row.number for margin in MISSED for row in walked(run, Filters(margin=margin))]
    assert len(found) == len(set(found)) == queries.count_of(run, Filters())


def test_a_category_filter_keeps_the_cases_whose_picture_holds_it(run: Run) -> None:
    number = queries.categories_of(_corpus(run))[0][0]
    found = list(walked(run, Filters(outcome="all", category=number)))
    assert found and all(number in row.category_numbers for row in found)
    assert len(found) == Case.objects.filter(run=run, direction="t2i", category_numbers__contains=[number]).count()


def _corpus(run: Run) -> int:
    return run.inputs.get().corpus_id


def test_a_search_finds_captions_with_all_of_its_words(run: Run) -> None:
    word, other = Case.objects.filter(run=run, direction="t2i").first().prompt_text.lower().split()[:2]
    found = list(walked(run, Filters(outcome="all", words=f"{word} {other}")))
    assert found and all(word in row.prompt_text.lower() and other in row.prompt_text.lower() for row in found)


@pytest.mark.parametrize("words", ["'", '"', "a & | ! b", "%_\\", "<->", "日本", "-", "OR"])
def test_a_search_takes_any_characters(run: Run, words: str) -> None:
    queries.page_of(run, Filters(outcome="all", words=words))


def test_a_count_stops_at_its_limit(run: Run, monkeypatch: pytest.MonkeyPatch, browser: Client) -> None:
    monkeypatch.setattr(queries, "COUNT_LIMIT", 9)
    assert queries.count_of(run, Filters()) == 10
    assert "9+ failures" in _text(browser.get(address(run)).content.decode())


def _text(page: str) -> str:
    return " ".join(page.split())


def test_the_numbers_of_an_attempt_are_counted_once(run: Run, django_assert_num_queries) -> None:
    queries.count_of(run, Filters())
    with django_assert_num_queries(0):
        queries.count_of(run, replace(Filters(), sort="rank"))


# Addresses -----------------------------------------------------------------------------------------------------------


def test_filters_survive_the_way_through_an_address() -> None:
    filters = Filters("i2t", "all", "6-10", "miss:0.01-0.05", 3, words="red cup", sort="-rank")
    values = dict(part.split("=") for part in filters.address().replace("+", " ").replace("%3A", ":").split("&"))
    assert read(values, ("t2i", "i2t")) == (filters, {})


def test_every_wrong_parameter_is_told_and_left_out() -> None:
    wrong = {
        "direction": "up",
        "outcome": "x",
        "rank": "0",
        "margin": "y",
        "category": "-1",
        "q": "a" * 201,
        "sort": "z",
    }
    filters, problems = read(wrong, ("t2i",))
    assert filters == Filters() and set(problems) == set(wrong)


@pytest.mark.parametrize("text", ["x", "1", "1,x", "nan,1", "inf,1", "1,-1", "1,99999999999", ",", "1,2,3"])
def test_a_key_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        queries.read_key(text)


def test_a_key_comes_back_exactly() -> None:
    for key in [(0.1 + 0.2, 7), (-1e-17, 0), (12, 5)]:
        assert queries.read_key(queries.written_key(key)) == key


# Pages ---------------------------------------------------------------------------------------------------------------


def test_the_gallery_shows_what_was_wanted_beside_what_came_first(run: Run, browser: Client) -> None:
    page = browser.get(address(run))
    row = queries.page_of(run, Filters()).rows[0]
    text = page.content.decode()
    assert page.status_code == 200
    assert row.prompt_text in _text(text)
    for number in (row.right, row.given[0]):
        assert reverse("corpora:picture", args=[run.project.slug, _corpus(run), number, "medium"]) in text
    assert "Wanted" in text and "Retrieved" in text


def test_the_filters_of_the_address_stand_in_the_form_and_in_every_link(run: Run, browser: Client) -> None:
    text = browser.get(address(run, query="?rank=2-5&sort=rank&outcome=failed")).content.decode()
    assert '<option value="2-5" selected>' in text and '<option value="rank" selected>' in text
    assert "rank=2-5&amp;sort=rank" in text


@pytest.mark.parametrize("pictures", [2, 12])
def test_a_page_asks_the_same_number_of_queries_whatever_it_shows(
    project: Project, tmp_path: Path, browser: Client, pictures: int
) -> None:
    run = evaluated(project, tmp_path, corpus=drawn(project, f"scenes:{pictures}?seed=3&size=96", "Others"))
    browser.get(address(run))  # counts are kept from here on
    with CaptureQueriesContext(
        connection,
    ) as seen:
        browser.get(address(run))
    assert len(seen) <= 10, [query["sql"][:100] for query in seen]
    with CaptureQueriesContext(connection) as other:
        browser.get(address(run, query="?direction=i2t&outcome=all"))
    assert abs(len(other) - len(seen)) <= 2


def test_a_page_of_one_case_asks_as_much_as_a_page_of_48(run: Run) -> None:
    corpus = _corpus(run)
    for size in (1, 48):
        with CaptureQueriesContext(connection) as seen:
            page = queries.page_of(run, Filters(), size=size)
            queries.known_of(corpus, page.rows)
        assert (len(page.rows), len(seen)) == (size, 2)


def test_the_other_direction_shows_the_picture_that_asked_and_texts(run: Run, browser: Client) -> None:
    text = browser.get(address(run, query="?direction=i2t")).content.decode()
    assert "Asked" in text and "slide-text" in text


def test_a_case_shows_its_answers_and_its_neighbours_within_the_filters(run: Run, browser: Client) -> None:
    rows = queries.page_of(run, Filters(rank="2-5", sort="rank")).rows
    text = browser.get(
        address(run, "case", "?direction=t2i&rank=2-5&sort=rank", number=rows[1].number)
    ).content.decode()
    for neighbour in (rows[0], rows[2]):
        assert address(run, "case", "?direction=t2i&amp;rank=2-5&amp;sort=rank", number=neighbour.number) in text
    assert text.count("<figure") == 2 + len(rows[1].given)


def test_the_first_case_has_none_before_it(run: Run, browser: Client) -> None:
    row = queries.page_of(run, Filters()).rows[0]
    text = browser.get(address(run, "case", number=row.number)).content.decode()
    assert 'rel="prev"' not in text and 'rel="next"' in text


def test_a_hit_stands_beside_its_runner_up(run: Run, browser: Client) -> None:
    text = browser.get(address(run, query="?outcome=hits")).content.decode()
    assert "Runner-up" in text and "Retrieved" not in text


@pytest.mark.parametrize("query", ["?rank=7", "?sort=created", "?category=x", "?direction=sideways", "?margin=1;drop"])
def test_a_parameter_that_does_not_fit_is_named_and_the_page_stays(run: Run, browser: Client, query: str) -> None:
    page = browser.get(address(run, query=query))
    assert page.status_code == 200 and "Part of this address was left out" in page.content.decode()


@pytest.mark.parametrize("query", ["?after=x", "?before=1,2,3", "?after=1e400,1", "?after=%00,1"])
def test_a_broken_key_shows_the_first_page(run: Run, browser: Client, query: str) -> None:
    assert browser.get(address(run, query=query)).status_code == 200


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?outcome=hits&rank=2-5", "Nothing can match"),
        ("?q=zebrafish", "Nothing matches"),
        ("?rank=101-", "Nothing matches"),
    ],
)
def test_an_empty_gallery_says_why(run: Run, browser: Client, query: str, words: str) -> None:
    assert words in browser.get(address(run, query=query)).content.decode()


def test_a_run_without_cases_says_so(run: Run, browser: Client) -> None:
    bare = Run.objects.create(
        project=run.project, method="contrastive.train", spec={}, fingerprint="", queue="cpu", state="succeeded",
        created_at=run.created_at,
    )  # fmt: skip
    assert "This run left no cases" in browser.get(address(bare)).content.decode()


def test_a_project_leads_to_its_newest_gallery_or_says_what_next(run: Run, browser: Client, project: Project) -> None:
    here = reverse("experiments:failures", args=[project.slug])
    assert browser.get(here).url == address(run)
    Run.objects.all().update(case_count=0)
    assert "No cases to look at yet" in browser.get(here).content.decode()


def test_a_caption_is_shown_as_it_was_written(run: Run, browser: Client) -> None:
    evil = '<script>alert(1)</script> & "quotes"'
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(current_user, 'experiments_case', 'UPDATE')")
        allowed = cursor.fetchone()[0]
    if not allowed:
        pytest.skip("cases are never changed by the web's role")
    Case.objects.filter(run=run).update(prompt_text=evil)
    text = browser.get(address(run)).content.decode()
    assert "<script>alert" not in text and "&lt;script&gt;alert" in text


def test_a_card_takes_nothing_from_a_data_set_for_markup() -> None:
    evil = '<script>alert(1)</script> & "quotes"'
    mount = Slide("Wanted", src=f"/{evil}", alt=evil, number=evil)
    text = markup.cards([Card(evil, f"/{evil}", evil, None, mount, mount, evil, evil, evil, beyond=False, hit=True)])
    assert "<script" not in text and '& "' not in text and 'quotes">' not in text
    assert markup.cards([]) == ""


# The API -------------------------------------------------------------------------------------------------------------


def test_the_api_walks_through_the_same_cases_as_the_pages(run: Run, browser: Client) -> None:
    found, link = [], address(run, "api_cases", "?outcome=all&sort=rank&page_size=25")
    while link:
        body = browser.get(link).json()
        found += [case["number"] for case in body["results"]]
        link = body["next"]
    assert found == [row.number for row in walked(run, Filters(outcome="all", sort="rank"))]


def test_the_api_tells_prompt_answers_and_scores(run: Run, browser: Client) -> None:
    row = queries.page_of(run, Filters()).rows[0]
    body = browser.get(address(run, "api_case", number=row.number)).json()
    assert body["prompt"] == {"kind": "text", "number": row.prompt, "score": None, "text": row.prompt_text}
    assert [one["number"] for one in body["given"]] == row.given
    assert (body["rank"], body["margin"]) == (row.rank, row.margin)


@pytest.mark.parametrize(
    ("query", "field"),
    [("?sort=id", "sort"), ("?run__project=1", "run__project"), ("?page_size=9999", "page_size"), ("?after=x", "after"),
     ("?rank=1", "rank"), ("?category=9999999999999", "category")],
)  # fmt: skip
def test_the_api_refuses_what_it_does_not_know_and_names_it(run: Run, browser: Client, query: str, field: str) -> None:
    answer = browser.get(address(run, "api_cases", query))
    assert answer.status_code == 400
    assert [problem["field"] for problem in answer.json()["errors"]] == [field]


def test_a_case_of_another_project_is_not_there(run: Run, tmp_path: Path) -> None:
    stranger = people.person("stan")
    other = people.project("Elsewhere", stranger)
    for name in ("cases", "api_cases"):
        where = reverse(f"experiments:{name}", kwargs={"slug": other.slug, "run_id": run.pk})
        assert people.browser(stranger).get(where).status_code == 404


# As a table -----------------------------------------------------------------------------------------------------------


def _table(answer: object) -> list[dict[str, str]]:
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "query", ["", "?outcome=all&sort=rank", "?direction=i2t&outcome=all", "?outcome=hits&sort=margin"]
)
def test_the_table_holds_what_the_gallery_pages_through_in_its_order(
    run: Run, browser: Client, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "AT_ONCE", 7)
    filters, _ = read(dict(parse_qsl(query.removeprefix("?"))), ("t2i", "i2t"))
    expected = [str(row.number) for row in walked(run, filters)]
    for name in ("cases_csv", "api_cases_csv"):
        answer = browser.get(address(run, name, query), headers={"Accept": "text/csv"})
        assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
        assert [row["number"] for row in _table(answer)] == expected
    assert f"{address(run, 'cases_csv')}?" in browser.get(address(run, query=query)).content.decode()


def test_a_row_of_the_table_names_pictures_and_texts(run: Run, browser: Client) -> None:
    row = next(walked(run, Filters()))
    shown = _table(browser.get(address(run, "cases_csv")))[0]
    known = queries.known_of(_corpus(run), [row], whole=True)
    assert shown["prompt"] == row.prompt_text and float(shown["margin"]) == row.margin
    assert shown["right"] == known.pictures[row.right].external_id
    assert shown["given"].split(" | ") == [known.pictures[number].external_id for number in row.given]
    assert shown["first"] == known.pictures[row.given[0]].external_id


def test_a_caption_that_looks_like_a_formula_is_text_in_the_table(run: Run, browser: Client) -> None:
    first = next(walked(run, Filters()))
    Case.objects.filter(run=run, number=first.number).update(prompt_text='=HYPERLINK("http://x")')
    assert _table(browser.get(address(run, "cases_csv")))[0]["prompt"] == '\'=HYPERLINK("http://x")'


def test_the_table_asks_a_page_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "AT_ONCE", 7)
    lines = table.table_of(run, Filters(outcome="all")).streaming_content
    next(iter(lines))
    with CaptureQueriesContext(connection) as asked:
        page = next(iter(lines))
    assert page.count(b"\r\n") == 7
    assert len([query for query in asked.captured_queries if "experiments_case" in query["sql"]]) == 1


def test_a_wrong_filter_of_the_table_is_told_over_the_api(run: Run, browser: Client) -> None:
    answer = browser.get(address(run, "api_cases_csv", "?rank=best&after=1"))
    assert answer.status_code == 400
    assert {one["field"] for one in answer.json()["errors"]} == {"rank", "after"}
