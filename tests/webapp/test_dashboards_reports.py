"""Reports: the numbers of the pages they come from, kept as they stood, in words that grow by versions."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.store import Store
from tests.webapp import annotation_parts, people
from tests.webapp.case_parts import drawn
from tests.webapp.test_annotation_sets import label_all, made
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import AuditEvent, Membership, User
from webapp.annotation.models import AnalysisSet, Calculation, Campaign
from webapp.annotation.taxonomies.queries import document_of, names_of
from webapp.corpora.files import store
from webapp.corpora.models import Corpus
from webapp.dashboards.reports.alone import styles
from webapp.dashboards.reports.summary import subsets_in
from webapp.design.numbers import written
from webapp.experiments.models import Artifact, Metric, Run
from webapp.experiments.sweeping import unnamed
from webapp.verdicts.models import Report, ReportText
from webapp.verdicts.reporting import actions
from webapp.verdicts.reporting.files import pictures_in
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]


@pytest.fixture
def campaign(tmp_path) -> Campaign:
    found = annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))
    label_all(found)
    return found


@pytest.fixture
def labels(campaign) -> AnalysisSet:
    return made(campaign)


@pytest.fixture
def fix(labels, tmp_path) -> Run:
    """Most captions right, two that were right broken."""
    corpus = Corpus.objects.get(project=labels.project)
    ranks = {0: 3, 13: 2} | dict.fromkeys(range(1, 60, 7), 4)
    return answered(
        labels.project, tmp_path, corpus, ranks, title="Eight templates", spec={"k_templates": 8, "seed": 0}
    )


@pytest.fixture
def web(campaign) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def new_at(labels: AnalysisSet, fix: Run | None = None, more: str = "") -> str:
    runs = f"runs={labels.campaign.run_id},{fix.pk}&" if fix else ""
    return f"{reverse('dashboards:report_new', args=[labels.project.slug])}?{runs}set={labels.pk}{more}"


def at(report: Report, name: str = "report", **more: object) -> str:
    return reverse(f"dashboards:{name}", kwargs={"slug": report.project.slug, "report_id": report.pk} | more)


def read(web: Client, where: str) -> str:
    page = web.get(where)
    assert page.status_code == 200
    return page.content.decode()


def kept(web: Client, where: str, title: str = "Eight templates help", words: str = "") -> Report:
    read(web, where)
    calculating.work()
    answer = web.post(where, {"title": title, "words": words})
    assert answer.status_code == 302, re.findall("field-error.*", answer.content.decode())
    return Report.objects.latest("pk")


def test_a_new_report_waits_for_its_numbers_and_shows_them_before_it_is_kept(web, labels, fix):
    where = new_at(labels, fix)
    assert 'hx-trigger="every 2s"' in read(web, where)
    refused = web.post(where, {"title": "Too soon", "words": "typed"})
    assert refused.status_code == 422 and "still being made" in refused.content.decode()
    assert "typed" in refused.content.decode() and not Report.objects.exists()
    calculating.work()
    page = read(web, where)
    assert 'hx-trigger="every 2s"' not in page and "What failed" in page and "The verdict" in page


def test_its_numbers_are_those_of_the_pages_that_they_come_from(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    snapshot = report.snapshot
    comparison = Calculation.objects.get(kind="comparison").result
    verdicts = comparison["verdicts"][str(fix.pk)]["t2i"]
    assert snapshot["verdict"]["slices"] == verdicts
    assert snapshot["verdict"]["effects"] == comparison["effects"][str(fix.pk)]["t2i"]["categories"]
    shares = labels.summary["shares"]
    assert {row["key"]: row["all"] for row in snapshot["mix"]["categories"]} == shares["all"]
    assert {row["key"]: row["sample"] for row in snapshot["mix"]["categories"]} == shares["sample"]
    agreement = Calculation.objects.filter(kind="agreement", state="ready").latest("pk").result
    assert snapshot["agreement"]["coefficients"] == agreement["coefficients"]
    page = read(web, at(report))
    card = verdicts["all"]
    assert f"{card['repaired']} repaired, {card['broken']} broken of {card['n']} queries" in page
    for value, form in (
        (card["net"]["value"], "points"),
        (agreement["coefficients"]["krippendorff_alpha"]["value"], "decimal"),
        (shares["all"]["attribute"]["value"], "percent"),
    ):
        assert f">{written(value, form)[0]}<" in page
    compared = f"{reverse('verdicts:compare', args=[labels.project.slug])}?runs={labels.campaign.run_id},{fix.pk}"
    assert f">{written(card['net']['value'], 'points')[0]}<" in read(web, compared)


def test_the_fix_is_the_settings_that_differ(web, labels, fix):
    snapshot = kept(web, new_at(labels, fix)).snapshot
    names = {row["name"]: (row["before"], row["after"]) for row in snapshot["fix"]["settings"]}
    assert names["k_templates"] == ("–", "8") and "method" not in names


def test_examples_are_repaired_and_broken_queries_with_their_pictures_copied(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    cells = [row["cell"] for row in report.snapshot["examples"]]
    assert cells.count("repaired") == 4 and cells.count("broken") == 2
    for row in report.snapshot["examples"]:
        assert (row["rank_before"] == 1) == (row["cell"] == "broken")
    shown = pictures_in(report.snapshot)
    page = read(web, at(report))
    assert shown and all(at(report, "report_picture", picture=name) in page for name in shown)
    Corpus.objects.update(state="archived")
    answer = web.get(at(report, "report_picture", picture=shown[0]))
    assert answer.status_code == 200 and answer.content[8:12] == b"WEBP"
    assert web.get(at(report, "report_picture", picture="1" * 64)).status_code == 404


def test_what_it_was_made_from_may_change_and_its_numbers_stay(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    before = read(web, at(report))
    Calculation.objects.all().delete()
    Run.objects.filter(pk=fix.pk).update(title="Another name", spec={"k_templates": 3})
    assert (
        read(web, at(report)).partition('<article class="report">')[2]
        == before.partition('<article class="report">')[2]
    )
    report.refresh_from_db()
    assert actions.hash_of(report.snapshot) == report.content_hash


def test_words_grow_by_versions_and_earlier_ones_stay(web, labels, fix):
    report = kept(web, new_at(labels, fix), words="We tried sentences.")
    form = read(web, at(report, "report_words"))
    assert "We tried sentences." in form
    web.post(at(report, "report_words"), {"title": "Sentences help", "words": "They did.\n\nNext: words."})
    web.post(at(report, "report_words"), {"title": "Sentences help", "words": "They did.\n\nNext: words."})  # the same
    assert list(ReportText.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    page = read(web, at(report))
    assert "Sentences help" in page and "<p>Next: words.</p>" in page and "We tried sentences." not in page
    assert "We tried sentences." in read(web, at(report) + "?text=1")
    verbs = set(AuditEvent.objects.filter(verb__startswith="report.").values_list("verb", flat=True))
    assert verbs == {"report.kept", "report.rewritten"}


def test_words_are_text_and_no_markup(web, labels, fix):
    report = kept(web, new_at(labels, fix), title="<b>Bold</b>", words="<script>alert(1)</script>")
    for where in (at(report), at(report, "report_file")):
        text = read(web, where)
        assert "<script>alert" not in text and "&lt;script&gt;" in text and "<b>Bold" not in text


def test_a_removed_report_is_gone_with_its_pictures(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    assert list(store().list(report.folder))
    assert web.post(at(report, "report_remove")).status_code == 302
    assert not Report.objects.exists() and not ReportText.objects.exists() and not list(store().list(report.folder))
    assert AuditEvent.objects.filter(verb="report.removed").exists()
    assert web.get(at(report)).status_code == 404


def test_the_sweep_leaves_what_a_report_names(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    keeper: Store = store()
    keeper.write_bytes("reports/abandoned/1.webp", b"x")
    found = {file.key for file in unnamed(now=timezone.now() + timedelta(days=2)).files}
    assert "reports/abandoned/1.webp" in found
    assert pictures_in(report.snapshot) and not found & set(keeper.list(report.folder))


def test_a_set_alone_makes_a_report_of_what_failed(web, labels):
    report = kept(web, new_at(labels), title="What fails")
    assert report.snapshot["verdict"] is None and report.snapshot["mix"] and report.snapshot["agreement"]
    page = read(web, at(report))
    assert "What failed" in page and "How far people agree" in page and "The verdict" not in page


def test_two_runs_alone_make_a_report_of_the_fix(web, campaign, tmp_path):
    corpus = Corpus.objects.get(project=campaign.project)
    after = answered(campaign.project, tmp_path, corpus, title="All right")
    there = reverse("dashboards:report_new", args=[campaign.project.slug])
    report = kept(web, f"{there}?runs={campaign.run_id},{after.pk}")
    assert (
        report.snapshot["mix"] is None and report.campaign is None and report.snapshot["verdict"]["family"] == 2
    )  # both ways


def test_a_campaign_stands_for_its_newest_set_or_for_its_agreement_alone(web, campaign):
    there = f"{reverse('dashboards:report_new', args=[campaign.project.slug])}?campaign={campaign.pk}"
    report = kept(web, there, title="Agreement")
    assert report.snapshot["agreement"] and report.snapshot["mix"] is None
    found = made(campaign)
    assert kept(web, there, title="With mix").snapshot["mix"]["set"] == found.pk


def test_a_report_of_many_runs_keeps_the_familys_correction(web, labels, fix, tmp_path):
    corpus = Corpus.objects.get(project=labels.project)
    third = answered(labels.project, tmp_path, corpus, {1: 5}, title="Third")
    where = new_at(labels, fix).replace(f"{fix.pk}&", f"{fix.pk},{third.pk}&") + f"&against={third.pk}"
    report = kept(web, where)
    comparison = Calculation.objects.get(kind="comparison").result
    assert report.snapshot["verdict"]["slices"] == comparison["verdicts"][str(third.pk)]["t2i"]
    assert report.snapshot["verdict"]["family"] == comparison["family"]["size"] == 4


def test_labels_of_other_cases_are_refused_with_the_reason(web, labels, fix, tmp_path):
    swapped = new_at(labels, fix, f"&baseline={fix.pk}")
    assert "which is not the baseline" in read(web, swapped)
    assert web.post(swapped, {"title": "No"}).status_code == 422


@pytest.mark.parametrize("name", ["runs", "set", "campaign"])
def test_what_is_another_projects_is_not_found(web, labels, fix, tmp_path, name):
    stranger = people.person("stranger", password=people.PASSWORD)
    foreign = people.project("Fish", stranger)
    theirs = answered(foreign, tmp_path, drawn(foreign, "scenes:12?seed=3&size=96"))
    client = Client()
    client.force_login(stranger)
    value = {"runs": f"{fix.pk},{theirs.pk}", "set": labels.pk, "campaign": labels.campaign_id}[name]
    assert client.get(f"{reverse('dashboards:report_new', args=[foreign.slug])}?{name}={value}").status_code == 404
    api = reverse("dashboards:api_reports", args=[foreign.slug])
    body = {"title": "x", name: [fix.pk, theirs.pk] if name == "runs" else value}
    assert client.post(api, body, content_type="application/json").status_code == 404


def test_who_still_owes_answers_sees_no_report_of_that_campaign(web, labels, fix, campaign):
    report = kept(web, new_at(labels, fix))
    second = annotation_parts.campaign(campaign.run, name="Second", names=["ann"])
    who = User.objects.get(username="ann")
    Membership.objects.filter(project=second.project, user=who).update(role="reviewer")
    client = Client()
    client.force_login(who)
    assert client.get(at(report)).status_code == 200
    other = Report.objects.create(
        project=report.project, campaign=second, snapshot=report.snapshot, content_hash="", folder=report.folder,
        created_at=timezone.now(),
    )  # fmt: skip
    ReportText.objects.create(report=other, number=1, title="Open", written_at=timezone.now())
    picture = pictures_in(report.snapshot)[0]
    for where in (at(other), at(other, "report_file"), at(other, "report_picture", picture=picture)):
        assert client.get(where).status_code == 403
    assert client.get(at(other, "api_report")).status_code == 403


def test_simulated_labels_are_said_so_wherever_they_stand(web, campaign, fix, labels):
    Campaign.objects.filter(pk=campaign.pk).update(simulated=True)
    report = kept(web, new_at(labels, fix))
    assert report.snapshot["simulated"] is True
    for where in (at(report), at(report, "report_file"), reverse("dashboards:reports", args=[report.project.slug])):
        assert "simulated" in read(web, where).lower()
    page = read(web, at(report))
    assert page.lower().count("simulated") >= 4


def test_the_file_stands_alone(web, labels, fix):
    report = kept(web, new_at(labels, fix), words="For people without an account.")
    answer = web.get(at(report, "report_file"))
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="report-')
    text = answer.content.decode()
    assert "<script" not in text and "<link" not in text and "url(" not in styles()
    sources = re.findall(r'src="([^"]*)"', text)
    assert sources and all(source.startswith("data:image/webp;base64,") for source in sources)
    assert all(there.startswith("http://testserver/") for there in re.findall(r'href="([^"]*)"', text))
    assert "For people without an account." in text and report.content_hash in text


def test_the_api_keeps_reads_rewrites_and_removes(web, labels, fix):
    api = reverse("dashboards:api_reports", args=[labels.project.slug])
    body = {"title": "By program", "runs": [labels.campaign.run_id, fix.pk], "set": labels.pk}
    assert web.post(api, body, content_type="application/json").status_code == 409
    calculating.work()
    made_ = web.post(api, body, content_type="application/json")
    assert made_.status_code == 201 and made_.json()["snapshot"]["verdict"]["family"] == 2
    report = Report.objects.get()
    words = {"title": "By program, again", "words": "So."}
    assert len(web.post(at(report, "api_report_texts"), words, content_type="application/json").json()) == 2
    assert [row["title"] for row in web.get(api).json()["results"]] == ["By program, again"]
    assert web.get(at(report, "api_report")).json()["texts"][1]["title"] == "By program"
    assert b"<!doctype html>" in web.get(at(report, "api_report_file")).content
    assert web.delete(at(report, "api_report")).status_code == 204 and not Report.objects.exists()


def test_a_run_whose_model_had_seen_the_pictures_is_marked(web, labels, fix):
    Run.objects.filter(pk=fix.pk).update(provenance={"held_out": "no"})
    report = kept(web, new_at(labels, fix))
    for where in (at(report), at(report, "report_file")):
        assert "Not held out" in read(web, where)


def test_a_report_is_read_in_the_readers_language(web, labels, fix):
    report = kept(web, new_at(labels, fix))
    User.objects.update(language="zh-hans")
    names = names_of(document_of(labels.campaign.taxonomy_version), "zh-hans")
    for where in (at(report), at(report, "report_file")):
        text = read(web, where)
        assert names["attribute"] in text and "失败构成" in text and "What failed" not in text
        mix, agreement = report.snapshot["mix"], report.snapshot["agreement"]
        why = {effect["why"] for effect in report.snapshot["verdict"]["effects"].values()}
        said = [mix["why"], *mix["warnings"], *agreement["warnings"], *why]
        assert mix["why"] and mix["warnings"] and agreement["warnings"] and any(why)
        assert not [sentence for sentence in said if sentence and sentence in text]


def test_recall_without_near_duplicates_stands_beside(web, labels, fix):
    for run, value in ((labels.campaign.run, 0.25), (fix, 0.375)):
        Metric.objects.create(run=run, name="t2i/recall@1", slice="no-near-duplicates", value=value, n=8)
    report = kept(web, new_at(labels, fix))
    page = read(web, at(report))
    assert "without near duplicates" in page and ">37.5<" in page


def improvement(campaign: Campaign, folder: Path, *, title: str, subset: str = "", zero: bool = True) -> Run:
    """A finished run of retrieval.improve with the file and the metrics that one leaves."""
    run = Run.objects.create(
        project=campaign.project, method="retrieval.improve", title=title, spec={"seed": 0}, fingerprint="0" * 64,
        queue="cpu", state=Run.State.SUCCEEDED, attempt=1, created_at=timezone.now(), finished_at=timezone.now(),
    )  # fmt: skip
    head = (
        "file,subset_size,categories,pooling,tau,K_templates,seed,baseline_R@1,baseline_R@5,baseline_R@10,"
        "improved_R@1,improved_R@5,improved_R@10,delta_pp_R@1,delta_pp_R@5,delta_pp_R@10\n"
    )
    rows = "all queries,60,all,mean,1.0,8,0,0.5,0.7,0.8,0.45,0.7,0.8,-5.0,0.0,0.0\n"
    if subset:
        rows += f"subset.json,10,{subset},mean,1.0,8,0,0.0,0.4,0.6,0.2,0.5,0.6,20.0,10.0,0.0\n"
    key = f"run/{run.pk}/attempt-1/summary_subset_results.csv"
    store().write_bytes(key, (head + rows).encode())
    Artifact.objects.create(
        run=run, attempt=1, path="summary_subset_results.csv", name="Summary by subset", role="table",
        media_type="text/csv", key=key, byte_count=1, sha256="0" * 64,
    )  # fmt: skip
    tails = {"": (0.5, 0.45, 0.48)} | ({subset: (0.0, 0.2, 0.1)} if subset else {})
    for part, (baseline, improved, control) in tails.items():
        on = f"%20on%20{part}" if part else ""
        named = {f"baseline{on}": baseline, part: improved, f"random-control{on}": control, f"no-op{on}": baseline}
        for name, value in named.items():
            Metric.objects.create(run=run, name="t2i/recall@1", slice=name, value=value, low=0, high=1, n=10)
        Metric.objects.create(run=run, name="t2i/net", slice=part, value=improved - baseline, low=-1, high=1, n=10)
    return run


def test_the_table_of_improvements_has_the_originals_columns_and_the_control_beside(web, campaign, tmp_path):
    run = improvement(campaign, tmp_path, title="Attribute", subset="attribute")
    other = improvement(campaign, tmp_path, title="=Plain")
    where = reverse("dashboards:improvements", args=[campaign.project.slug])
    text = read(web, where)
    assert text.startswith("file,subset_size,categories,pooling,tau,K_templates,seed,baseline_R@1,")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["run"], row["categories"]) for row in rows] == [
        (str(other.pk), "all"), (str(run.pk), "all"), (str(run.pk), "attribute"),
    ]  # fmt: skip
    picked = rows[2]
    assert (picked["baseline_R@1"], picked["control_R@1"], picked["no_op_R@1"]) == ("0.0", "0.1", "0.0")
    assert float(picked["delta_pp_R@1"]) == 20 and float(picked["improved_less_control_pp_R@1"]) == 10
    assert "failures alone were chosen" in picked["note"] and not rows[1]["note"]
    assert float(rows[1]["delta_pp_R@1"]) == -5 and rows[0]["title"] == "'=Plain"
    only = read(web, f"{where}?runs={other.pk}")
    assert only.count("\n") == 2 and read(web, f"{where}?runs={other.pk}&runs={run.pk}").count("\n") == 4
    assert read(web, f"{where}?subset=colour").count("\n") == 3
    api = reverse("dashboards:api_improvements", args=[campaign.project.slug])
    assert read(web, f"{api}?runs={run.pk}").count("\n") == 3


def test_a_run_of_another_project_is_in_no_table_of_ours(web, campaign, tmp_path):
    run = improvement(campaign, tmp_path, title="Ours")
    stranger = people.person("stranger", password=people.PASSWORD)
    foreign = people.project("Fish", stranger)
    client = Client()
    client.force_login(stranger)
    where = reverse("dashboards:improvements", args=[foreign.slug])
    assert read(client, f"{where}?runs={run.pk}").count("\n") == 1


def test_an_improvement_stands_beside_its_control_in_a_report(web, labels, fix):
    Run.objects.filter(pk=fix.pk).update(method="retrieval.improve")
    arms = {"baseline": 0.5, "random-control": 0.48, "no-op": 0.5, "": 0.6, "baseline%20on%20attribute": 0.0}
    arms |= {"random-control%20on%20attribute": 0.1, "attribute": 0.2}
    arms |= {"baseline%20on%20no-near-duplicates": 0.55, "no-near-duplicates": 0.65}
    for name, value in arms.items():
        Metric.objects.create(run=fix, name="t2i/recall@1", slice=name, value=value, low=0, high=1, n=10)
    report = kept(web, new_at(labels, fix))
    told = [(row["arm"], row["of"], row["recall"]["value"]) for row in report.snapshot["fix"]["beside"]]
    assert told == [
        ("improved", "", 0.6), ("baseline", "", 0.5), ("no-op", "", 0.5), ("random-control", "", 0.48),
        ("improved", "attribute", 0.2), ("baseline", "attribute", 0.0), ("random-control", "attribute", 0.1),
        ("improved", "no-near-duplicates", 0.65), ("baseline", "no-near-duplicates", 0.55),
    ]  # fmt: skip
    assert subsets_in([fix]) == ["attribute"]
    page = read(web, at(report))
    assert "without near duplicates" in page and "no-near-duplicates" not in page
    assert "random control" in page and "any change looks like a gain" in page
