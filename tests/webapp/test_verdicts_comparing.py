"""The comparison page: what is repaired and broken, what is shown, what may not stand beside what."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection, models
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.webapp import annotation_parts, people
from tests.webapp.case_parts import drawn
from tests.webapp.test_annotation_sets import label_all, made
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import Project, User
from webapp.annotation.models import AnalysisSet, Calculation
from webapp.corpora.models import Caption, Corpus
from webapp.experiments.models import Case, Run
from webapp.verdicts.comparing import asked, flips, queries
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
WRONG = dict.fromkeys(range(0, 50, 5), 3)  # a caption of each of ten pictures


@pytest.fixture
def project(db) -> Project:
    return people.project("Birds", people.person("owner", password=people.PASSWORD))


@pytest.fixture
def corpus(project) -> Corpus:
    return drawn(project, "scenes:12?seed=3&size=96")


@pytest.fixture
def baseline(project, corpus, tmp_path) -> Run:
    return answered(project, tmp_path, corpus, WRONG, title="Plain", spec={"batch_size": 64, "seed": 0})


@pytest.fixture
def better(project, corpus, baseline, tmp_path) -> Run:
    """Repairs five captions of five pictures and breaks none."""
    left = dict.fromkeys(list(WRONG)[5:], 3)
    return answered(project, tmp_path, corpus, left, title="Better", spec={"batch_size": 64, "seed": 1})


@pytest.fixture
def web(project) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def address(project: Project, *runs: Run, name: str = "compare", more: str = "", **kwargs: object) -> str:
    where = reverse(f"verdicts:{name}", kwargs={"slug": project.slug} | kwargs)
    return f"{where}?runs={','.join(str(run.pk) for run in runs)}{more}"


def read(web: Client, where: str) -> str:
    page = web.get(where)
    assert page.status_code == 200
    return page.content.decode()


def test_the_page_waits_for_a_worker_and_then_shows_the_verdict(project, baseline, better, web):
    waiting = read(web, address(project, baseline, better))
    assert 'hx-trigger="load delay:100ms"' in waiting and "Being computed" in waiting
    calculating.work()
    page = read(web, address(project, baseline, better))
    assert "hx-trigger=" not in page.partition('id="comparison"')[2].partition(">")[0]
    assert "Verdict" in page and "Recall@1" in page and "Exploratory" in page


def test_five_repaired_and_none_broken_is_not_shown(project, baseline, better, web):
    read(web, address(project, baseline, better))
    calculating.work()
    card = Calculation.objects.get(kind="comparison").result["verdicts"][str(better.pk)]["t2i"]["all"]
    assert (card["repaired"], card["broken"], card["p"], card["shown"]) == (5, 0, 0.0625, False)
    page = read(web, address(project, baseline, better))
    assert "0.0625" in page and "not shown" in page


def test_only_the_settings_that_differ_are_listed_unless_all_are_asked_for(project, baseline, better, web):
    page = read(web, address(project, baseline, better))
    assert '<th scope="row" class="mono">seed</th>' in page and ">batch_size</th>" not in page
    assert ">batch_size</th>" in read(web, address(project, baseline, better, more="&settings=all"))


def test_few_runs_stand_side_by_side_and_more_below_each_other(project, baseline, better, corpus, tmp_path, web):
    page = read(web, address(project, baseline, better))
    table = page.partition("comparing-across")[2].partition("</table>")[0]
    assert table.partition("</thead>")[0].count('scope="col"') == 3 and table.count("Make baseline") == 1
    assert "comparing-runs" not in page
    others = [answered(project, tmp_path, corpus, {}, title=f"Try {n}", spec={"seed": n}) for n in range(3)]
    page = read(web, address(project, baseline, better, *others))
    assert "comparing-runs" in page and "comparing-across" not in page and page.count("Make baseline") == 4


def test_every_cell_counts_what_its_gallery_shows(project, corpus, baseline, tmp_path, web):
    captions = list(Caption.objects.filter(corpus=corpus).order_by("number").values_list("number", flat=True))
    mixed = dict.fromkeys(list(WRONG)[4:], 3) | {captions[1]: 2, captions[2]: 4, 10: 1, 45: 5}
    other = answered(project, tmp_path, corpus, mixed, title="Mixed")
    read(web, address(project, baseline, other))
    calculating.work()
    verdicts = Calculation.objects.get(kind="comparison").result["verdicts"][str(other.pk)]
    for way in ("t2i", "i2t"):
        counts = flips.counts_of(baseline.pk, other.pk, way)
        assert counts == {cell: verdicts[way]["all"][cell] for cell in counts}
        for cell, count in counts.items():
            shown, start = [], -1
            while start is not None:
                page = flips.page_of(baseline.pk, other.pk, way, cell, start=start, size=2)
                shown, start = shown + [flip.before.number for flip in page.flips], page.next
            assert shown == sorted(set(shown)) and len(shown) == count


def test_the_gallery_shows_what_came_first_before_and_after(project, baseline, better, web):
    page = read(web, address(project, baseline, better))
    assert page.count('<li class="flip">') == 5
    caption = Caption.objects.get(corpus__project=project, number=0).text
    assert caption[:40] in page and "rank 3 → 1" in page
    assert page.count('<li class="flip">') == 5
    assert read(web, address(project, baseline, better, more="&flips=broken")).count('<li class="flip">') == 0


def test_other_data_is_refused_with_the_reason(project, baseline, tmp_path, web):
    other = answered(project, tmp_path, drawn(project, "scenes:11?seed=4&size=96", name="Others"), title="Elsewhere")
    page = read(web, address(project, baseline, other))
    assert "was measured on other data (Others)" in page
    assert not Calculation.objects.filter(kind="comparison").exists()
    api = web.get(address(project, baseline, other, name="api_comparison")).json()
    assert api["report"] is None and "other data" in api["refusals"][0]


def test_another_query_set_is_refused_with_the_reason(project, corpus, baseline, tmp_path, web):
    half = answered(project, tmp_path, corpus, captions=range(30), title="Half")
    assert "asked another set of queries" in read(web, address(project, baseline, half))


def test_runs_are_compared_in_the_directions_that_all_of_them_have(project, corpus, baseline, tmp_path, web):
    one_way = answered(project, tmp_path, corpus, {0: 2}, title="Captions only", both=False)
    said = "Image → text is left out: Captions only has no answers there."
    assert said in read(web, address(project, baseline, one_way))
    calculating.work()
    page = read(web, address(project, baseline, one_way))
    assert said in page and page.count('class="verdict') and "direction=i2t" not in page
    report = web.get(address(project, baseline, one_way, name="api_comparison")).json()["report"]
    assert report["directions"] == ["t2i"]


def test_fewer_queries_in_a_direction_that_all_have_are_refused(project, corpus, baseline, tmp_path, web):
    fewer = answered(project, tmp_path, corpus, captions=range(30), title="Half, one way", both=False)
    read(web, address(project, baseline, fewer))
    calculating.work()
    assert "asked different queries" in read(web, address(project, baseline, fewer))


def test_the_oldest_run_is_the_baseline_where_the_address_does_not_say():
    assert asked.read(QueryDict("runs=44,43,45")).baseline == 43
    assert asked.read(QueryDict("runs=44,43,45&baseline=45")).baseline == 45


def test_as_many_but_other_queries_are_refused_by_the_worker(project, corpus, tmp_path, web):
    count = Caption.objects.filter(corpus=corpus).count()
    one = answered(project, tmp_path, corpus, captions=range(20), both=False)
    two = answered(project, tmp_path, corpus, captions=range(count - 20, count), both=False)
    read(web, address(project, one, two))
    calculating.work()
    assert "asked different queries" in read(web, address(project, one, two))


def test_a_run_that_has_not_finished_and_one_without_cases_are_said_so(project, baseline, better, web):
    Run.objects.filter(pk=better.pk).update(state="running")
    assert "has not finished" in read(web, address(project, baseline, better))
    Run.objects.filter(pk=better.pk).update(state="succeeded", case_count=0)
    assert "left no cases" in read(web, address(project, baseline, better))


@pytest.mark.parametrize("name", ["compare", "api_comparison", "api_flips"])
def test_a_run_of_another_project_is_not_found(project, baseline, tmp_path, web, name):
    foreign = people.project("Fish", people.person("other", password=people.PASSWORD))
    theirs = answered(foreign, tmp_path, drawn(foreign, "scenes:12?seed=3&size=96"))
    assert web.get(address(project, baseline, theirs, name=name)).status_code == 404


def test_more_runs_ask_no_more_queries(project, corpus, baseline, better, tmp_path, web):
    more = [answered(project, tmp_path, corpus, WRONG, title=f"Run {number}") for number in range(3)]
    counts = []
    for runs in ([baseline, better], [baseline, better, *more]):
        read(web, address(project, *runs))
        calculating.work()
        read(web, address(project, *runs))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(web, address(project, *runs))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_same_comparison_is_computed_once_and_anew_where_a_run_was_carried_out_again(
    project, baseline, better, web
):
    for _ in range(2):
        read(web, address(project, baseline, better))
    assert Calculation.objects.filter(kind="comparison").count() == 1
    Run.objects.filter(pk=better.pk).update(attempt=2)
    read(web, address(project, baseline, better))
    assert Calculation.objects.filter(kind="comparison").count() == 2


def test_the_file_holds_the_pages_numbers(project, baseline, better, web):
    Run.objects.filter(pk=better.pk).update(spec={"note": "=1+1"})
    read(web, address(project, baseline, better))
    assert web.get(address(project, baseline, better, name="compare_file", part="numbers")).status_code == 404
    calculating.work()
    text = read(web, address(project, baseline, better, name="compare_file", part="numbers"))
    rows = {(row["part"], row["run"], row["name"], row["slice"]): row for row in csv.DictReader(io.StringIO(text))}
    assert rows["verdict", str(better.pk), "t2i/p", "all"]["value"] == "0.0625"
    assert rows["verdict", str(better.pk), "t2i/repaired", "all"]["value"] == "5"
    settings = read(web, address(project, baseline, better, name="compare_file", part="settings"))
    assert "'=1+1" in settings
    assert web.get(address(project, baseline, better, name="compare_file", part="moon")).status_code == 404


def test_the_api_tells_what_the_page_shows(project, baseline, better, web):
    assert web.get(address(project, baseline, better, name="api_comparison")).json()["current"] is False
    calculating.work()
    told = web.get(address(project, baseline, better, name="api_comparison")).json()
    assert told["current"] is True and told["report"]["verdicts"][str(better.pk)]["t2i"]["all"]["repaired"] == 5
    assert told["differing"]["seed"] == ["0", "1"]
    page = web.get(address(project, baseline, better, name="api_flips")).json()
    assert page["counts"]["repaired"] == len(page["results"]) == 5 and page["next"] is None


def test_a_comparison_that_failed_says_why_and_is_tried_again(project, baseline, better, web):
    read(web, address(project, baseline, better))
    Calculation.objects.update(state="failed", failure="the moon", attempt=5)
    assert "the moon" in read(web, address(project, baseline, better))
    assert web.post(address(project, baseline, better, name="compare_again")).status_code == 302
    calculating.work()
    assert "0.0625" in read(web, address(project, baseline, better))


def test_why_there_are_no_numbers_is_told_in_the_readers_language(project, baseline, better, web):
    read(web, address(project, baseline, better))
    Calculation.objects.update(state="failed", failure="run 7 has changed since; load the page again", attempt=5)
    User.objects.filter(username="owner").update(language="zh-hans")
    page = read(web, address(project, baseline, better))
    assert "has changed since" not in page and "运行 7 已经变了" in page


def test_a_run_leads_to_what_it_can_be_compared_with(project, baseline, better, web):
    page = read(web, reverse("experiments:run", args=[project.slug, better.pk]))
    where = f"{reverse('verdicts:compare', args=[project.slug])}?runs={better.pk}"
    assert f'href="{where}"' in page
    assert f'<option value="{baseline.pk}">' in read(web, where)


def test_runs_that_do_not_say_what_data_they_had_are_refused(project, corpus, baseline, better, web):
    Corpus.objects.filter(pk=corpus.pk).update(content_hash="")
    assert "does not say what data" in read(web, address(project, baseline, better))


def test_the_table_of_ranks_holds_every_query_once(project, baseline, better, web):
    read(web, address(project, baseline, better))
    calculating.work()
    result = Calculation.objects.get(kind="comparison").result
    moves = result["rank_changes"][str(better.pk)]["t2i"]["all"]["moves"]
    assert sum(map(sum, moves)) == result["verdicts"][str(better.pk)]["t2i"]["all"]["n"]
    assert "From which ranks to which" in read(web, address(project, baseline, better))


def test_a_category_of_a_set_is_a_slice_that_is_not_judged_for_it_holds_failures_alone(tmp_path):
    first = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(first)
    label_all(campaign)
    frozen = made(campaign)
    second = answered(first.project, tmp_path, Corpus.objects.get(project=first.project), title="All right")
    web = Client()
    web.force_login(User.objects.get(username="owner"))
    read(web, address(first.project, first, second))
    calculating.work()
    row = Calculation.objects.get(kind="comparison")
    assert row.failure == "" and row.request["set"] == frozen.pk
    counts = dict(frozen.items.values_list("category").annotate(count=models.Count("pk")))
    slices = row.result["verdicts"][str(second.pk)]["t2i"]
    for category, count in counts.items():
        card = slices[category]
        assert (card["n"], card["repaired"], card["judged"], card["shown"]) == (count, count, False, False)
        page = read(web, address(first.project, first, second, more=f"&set={frozen.pk}&slice={category}"))
        assert "not judged" in page and "gets every one of these queries wrong" in page
    assert row.result["labels"]["n"] == frozen.item_count


def test_labels_of_cases_that_are_no_longer_there_are_refused_plainly(tmp_path):
    first = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(first)
    label_all(campaign)
    frozen = made(campaign)
    second = answered(first.project, tmp_path, Corpus.objects.get(project=first.project), title="All right")
    gone = frozen.items.order_by("case_number").values_list("case_number", flat=True)[0]
    for run in (first, second):  # carried out anew, with a query less
        Case.objects.filter(run=run, number=gone).delete()
    web = Client()
    web.force_login(User.objects.get(username="owner"))
    read(web, address(first.project, first, second))
    calculating.work()
    page = read(web, address(first.project, first, second))
    assert f"1 samples of the set {frozen.name} are no cases of the baseline any more" in page


def test_numbers_are_looked_for_less_often_the_longer_they_take(project, baseline, better, web):
    stamp = re.findall(r"stamp=(\w+)", read(web, address(project, baseline, better)))[0]
    for look, pause in (("0", 100), ("9", 150), ("18", 500), ("900", 2000), ("x", 100)):
        where = address(project, baseline, better, more=f"&sort=-net&look={look}&stamp={stamp}")
        with CaptureQueriesContext(connection) as asked:
            page = web.get(where, headers={"HX-Request": "true"}).content.decode()
        assert f'hx-trigger="load delay:{pause}ms"' in page and page.count("stamp=") == page.count("look=") == 1
        assert "sort=-net" in page and len(asked) <= 4  # session, person, membership, whether it is under way
    calculating.work()
    assert "Verdict" in web.get(where, headers={"HX-Request": "true"}).content.decode()


def failures_of(first: Run, tmp_path, **kwargs: object) -> Run:
    return answered(first.project, tmp_path, Corpus.objects.get(project=first.project), **kwargs)


@pytest.fixture
def labelled(tmp_path) -> Run:
    """A run all of whose sampled failures are labelled, in a frozen set."""
    first = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(first)
    label_all(campaign)
    made(campaign)
    return first


@pytest.fixture
def owner(labelled) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def ranks_of(run: Run, *, spare: int) -> dict[int, int]:
    """The ranks of a run's captions, but for a few failures that are right."""
    rows = Case.objects.filter(run=run, direction="t2i").order_by("number").values_list("prompt", "rank")
    wrong = [(prompt, rank) for prompt, rank in rows if rank > 1]
    return dict(wrong[spare:])


def slices_after_work(client: Client, where: str) -> dict:
    read(client, where)
    calculating.work()
    row = Calculation.objects.filter(kind="comparison").latest("pk")
    assert row.failure == ""
    return row.result["verdicts"]


def test_failures_are_judged_against_a_control_that_the_address_names(labelled, owner, tmp_path):
    fixed = failures_of(labelled, tmp_path, title="All right")
    control = failures_of(labelled, tmp_path, ranks=ranks_of(labelled, spare=3), title="At random")
    where = address(labelled.project, labelled, fixed, more=f"&control={control.pk}")
    verdicts = slices_after_work(owner, where)
    cards = {key: card for key, card in verdicts[str(fixed.pk)]["t2i"].items() if key != "all"}
    assert cards and all(card["judged"] and card["against_control"] for card in cards.values())
    assert not any(card["judged"] for key, card in verdicts[str(control.pk)]["t2i"].items() if key != "all")
    category = next(iter(cards))
    page = read(owner, where + f"&set={AnalysisSet.objects.get().pk}&slice={category}")
    assert "Against the control" in page and "What counts is the difference to the control" in page
    assert "<strong>Control</strong>" in page
    page = read(owner, address(labelled.project, labelled, fixed, control, more="&control=none"))
    assert "<strong>Control</strong>" not in page


def test_a_run_that_says_it_is_a_control_is_taken_or_offered(labelled, owner, tmp_path):
    data = {"data": labelled.spec.get("data", "")}
    Run.objects.filter(pk=labelled.pk).update(spec=data)
    fixed = failures_of(labelled, tmp_path, title="All right", spec=data)
    Run.objects.filter(pk=fixed.pk).update(method="retrieval.improve")
    page = read(owner, address(labelled.project, labelled, fixed))
    assert f"?clone={fixed.pk}&amp;control=true" in page
    control = failures_of(labelled, tmp_path, title="At random", spec=data | {"control": True})
    Run.objects.filter(pk=control.pk).update(method="retrieval.improve")
    page = read(owner, address(labelled.project, labelled, fixed))
    assert f"control={control.pk}" in page and "Take At random" in page
    page = read(owner, address(labelled.project, labelled, fixed, control))
    assert "<strong>Control</strong>" in page and "Take At random" not in page


def test_the_effect_on_each_category_is_drawn(labelled, owner, tmp_path):
    fixed = failures_of(labelled, tmp_path, title="All right")
    where = address(labelled.project, labelled, fixed)
    slices_after_work(owner, where)
    report = Calculation.objects.get(kind="comparison").result
    categories = report["effects"][str(fixed.pk)]["t2i"]["categories"]
    assert categories and all(one["repaired_share"]["value"] == 1 for one in categories.values())
    page = read(owner, where)
    plot = page.partition('id="plot-effects"')[2]
    assert "Repaired share of each category" in page and all(name in plot for name in categories)


def test_runs_that_differ_in_their_seed_alone_are_drawn_with_a_band_and_judged_together(project, corpus, tmp_path, web):
    numbers = list(range(0, 40, 2))
    before = [
        answered(project, tmp_path, corpus, WRONG, title=f"Plain {seed}", spec={"k": 1, "seed": seed})
        for seed in range(2)
    ]
    after = [
        answered(
            project, tmp_path, corpus, dict.fromkeys(numbers[:seed], 3), title="Better", spec={"k": 8, "seed": seed}
        )
        for seed in (1, 2, 3)
    ]
    where = address(project, *before, *after)
    read(web, where)
    calculating.work()
    report = Calculation.objects.get(kind="comparison").result
    values = [report["metrics"][str(run.pk)]["t2i/recall@1"]["value"] for run in after]
    group = report["groups"][f"Better ({after[0].pk})"]
    measured = group["metrics"]["t2i/recall@1"]
    assert (measured["lowest"], measured["highest"], measured["n"]) == (min(values), max(values), 3)
    band = group["curves"]["t2i"]
    assert band["lowest"][0] == min(values) < band["mean"][0] < band["highest"][0] == max(values)
    assert group["against"] == [str(run.pk) for run in before]
    assert group["changes"]["t2i"]["all"]["judged"] is True
    page = read(web, where)
    assert "Groups of seeds" in page and "A band reaches from the lowest to the highest seed" in page


def test_a_seed_counts_once_and_models_trained_with_other_seeds_are_one_group(project, corpus, tmp_path, web):
    def trained(seed: int, rate: float) -> Run:
        return answered(project, tmp_path, corpus, spec={"seed": seed, "rate": rate}, title=f"Training {seed}")

    def measured(model: Run) -> Run:
        return answered(project, tmp_path, corpus, spec={"encoder": f"run:{model.pk}", "seed": 0}, title="Measured")

    one, two, other = (measured(trained(seed, rate)) for seed, rate in ((1, 0.1), (2, 0.1), (1, 0.5)))
    again = measured(Run.objects.get(pk=one.spec["encoder"].removeprefix("run:")))
    found = queries.comparison_of(project, asked.Asked(runs=(one.pk, two.pk, other.pk, again.pk), baseline=one.pk))
    assert [[run.id for run in runs] for runs in found.groups.values()] == [[one.pk, two.pk]]


def test_many_runs_are_one_table_in_any_order(project, corpus, baseline, better, tmp_path, web):
    wrong = list(WRONG)
    more = [
        answered(project, tmp_path, corpus, dict.fromkeys(wrong[count:], 3), title=f"Run {count}", spec={"seed": count})
        for count in range(10)
    ]
    where = address(project, baseline, better, *more)
    read(web, where)
    calculating.work()
    page = read(web, where)
    assert page.count('<li class="verdict') == 0 and "Every run against the baseline" in page
    assert '<th scope="col" class="mono"><a href="?' in page
    assert order_of(page)[0] == "Plain"
    down = order_of(read(web, where + "&sort=-repaired"))
    assert down[0] == "Run 9" and down[-1] == "Plain"  # the baseline has no verdict
    assert order_of(read(web, where + "&sort=repaired"))[0] == "Run 0"
    assert order_of(read(web, where + "&sort=-%3Dseed"))[0] == "Run 9"
    assert order_of(read(web, where + "&sort=moon")) == order_of(page)
    assert 'aria-sort="descending"' in read(web, where + "&sort=-net")
    assert "comparing-runs" not in page and "part=settings" in page  # the runs' settings come when they are opened
    opened = web.get(where + "&part=settings", headers={"HX-Request": "true"}).content.decode()
    assert opened.count("Make baseline") == 11 and opened.count("Leave out Run") == 10


def test_a_run_is_left_out_by_its_button_and_the_oldest_left_takes_the_baselines_place():
    left = asked.read(QueryDict("runs=44,43,45&baseline=44&control=45&without=44"))
    assert (left.runs, left.baseline, left.control) == ((43, 45), 43, 45)
    assert asked.read(QueryDict("runs=44,43,45&control=45&without=45")).control == 0
    assert asked.read(QueryDict("runs=44,43&without=99")).runs == (44, 43)


def test_what_a_form_hands_on_is_what_the_address_says():
    found = asked.read(QueryDict("runs=44,43&baseline=44&control=none&sort=-net"))
    assert asked.read(QueryDict("&".join(f"{name}={value}" for name, value in found.said().items()))) == found


def order_of(page: str) -> list[str]:
    table = page.partition("comparing-many")[2].partition("</table>")[0]
    return re.findall(r'class="row-link"[^>]*>([^<]+)<', table)
