"""Claims: one file with everything that a comparison rests on; it verifies elsewhere, and a changed one does not."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ml_core.claims.archive import manifest
from ml_core.claims.plan import fingerprint
from tests.webapp import annotation_parts, people
from tests.webapp.case_parts import drawn
from tests.webapp.test_annotation_sets import label_all, made
from tests.webapp.test_verdicts_registering import PLAN, WRONG, compared
from tests.webapp.verdict_parts import answered
from webapp.accounts.models import AuditEvent, Project, User
from webapp.annotation.campaigns.staff import add_annotator
from webapp.annotation.models import Calculation, Label
from webapp.corpora.models import Corpus
from webapp.experiments.files import store
from webapp.experiments.models import Run
from webapp.experiments.sweeping import unnamed
from webapp.verdicts.models import Claim
from webapp.verdicts.registering.actions import register
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]


def signed(run: Run) -> Run:
    """The run as workers leave it: with the fingerprint of its settings and what it ran on."""
    facts = {"code": "abc", "model": "hf:/home/olga/models/clip", "seeds": {"seed": 0}, "packages": {"numpy": "2.0"}}
    data = Corpus.objects.get(pk=run.inputs.get().corpus_id).content_hash
    Run.objects.filter(pk=run.pk).update(
        fingerprint=fingerprint(run.method, run.spec), provenance=facts | {"data_hash": data}
    )
    run.refresh_from_db()
    return run


@pytest.fixture
def project(db) -> Project:
    return people.project("Birds", people.person("owner", password=people.PASSWORD))


@pytest.fixture
def corpus(project) -> Corpus:
    return drawn(project, "scenes:12?seed=3&size=96")


@pytest.fixture
def baseline(project, corpus, tmp_path) -> Run:
    return signed(answered(project, tmp_path, corpus, WRONG, title="Plain", spec={"seed": 0}))


@pytest.fixture
def better(project, corpus, baseline, tmp_path) -> Run:
    return signed(
        answered(project, tmp_path, corpus, dict.fromkeys(list(WRONG)[5:], 3), title="更好", spec={"seed": 1})
    )


@pytest.fixture
def web(project) -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def asked(web: Client, project: Project, *runs: Run, more: str = "") -> Calculation:
    """The button was pressed and a worker came."""
    where = reverse("verdicts:claims", args=[project.slug])
    answer = web.post(f"{where}?runs={','.join(str(run.pk) for run in runs)}{more}")
    assert answer.status_code == 302
    calculating.work()
    return Calculation.objects.filter(kind="claim").latest("pk")


def downloaded(web: Client, claim: Claim) -> bytes:
    answer = web.get(reverse("verdicts:claim_file", args=[claim.project.slug, claim.pk]))
    assert answer.status_code == 200 and answer.streaming and "attachment" in answer.headers["Content-Disposition"]
    return b"".join(answer.streaming_content)


def verified(content: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """A process that knows nothing of the web looks at the file."""
    path = folder / "claim.zip"
    path.write_bytes(content)
    command = [sys.executable, "-m", "ml_core", "claims.verify", f"bundle={path}", f"out={folder / 'checked'}"]
    bare = {"PATH": os.environ["PATH"], "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, cwd=settings.ROOT, env=bare, capture_output=True, text=True, check=False)


def files_in(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_the_bundle_of_a_comparison_verifies_in_a_clean_process(project, baseline, better, web, tmp_path):
    row = asked(web, project, baseline, better)
    assert row.state == "ready", row.failure
    claim = Claim.objects.get()
    answer = verified(downloaded(web, claim), tmp_path)
    assert answer.returncode == 0, answer.stderr
    report = json.loads((tmp_path / "checked" / "report.json").read_text())
    assert report["verified"] and report["claim"] == claim.digest and report["mode"] == "exploratory"


def test_the_numbers_on_the_page_are_those_in_the_bundle(project, baseline, better, web):
    page = compared(web, project, baseline, better)
    asked(web, project, baseline, better)
    files = files_in(downloaded(web, Claim.objects.get()))
    assert json.loads(files["statistics.json"]) == page["report"]


def test_a_number_that_was_changed_is_named(project, baseline, better, web, tmp_path):
    asked(web, project, baseline, better)
    files = files_in(downloaded(web, Claim.objects.get()))
    statistics = json.loads(files["statistics.json"])
    statistics["verdicts"][str(better.pk)]["t2i"]["all"]["repaired"] += 1
    files["statistics.json"] = json.dumps(statistics).encode()
    files["manifest.json"] = manifest({name: content for name, content in files.items() if name != "manifest.json"})
    answer = verified(zipped(files), tmp_path)
    assert answer.returncode == 1 and "repaired" in answer.stderr, answer.stderr


def test_a_changed_byte_is_named(project, baseline, better, web, tmp_path):
    asked(web, project, baseline, better)
    files = files_in(downloaded(web, Claim.objects.get()))
    name = f"outcomes/{better.pk}.parquet"
    files[name] = files[name][:-9] + bytes([files[name][-9] ^ 1]) + files[name][-8:]
    answer = verified(zipped(files), tmp_path)
    assert answer.returncode == 2 and name in answer.stderr


def test_a_registered_comparison_carries_its_registration(project, corpus, baseline, web, tmp_path):
    owner = User.objects.get(username="owner")
    row = register(project=project, baseline=baseline, actor=owner, now=timezone.now(), **PLAN)
    after = signed(answered(project, tmp_path, corpus, title="Better", spec={"seed": 1}))
    asked(web, project, baseline, after)
    claim = Claim.objects.get()
    assert (claim.mode, claim.registration_id) == ("confirmatory", row.pk)
    content = downloaded(web, claim)
    said = json.loads(files_in(content)["registration.json"])
    assert (said["run"], said["n"], said["stopping_rule"]) == (str(after.pk), row.n, row.stopping_rule)
    assert verified(content, tmp_path).returncode == 0
    report = json.loads((tmp_path / "checked" / "report.json").read_text())
    assert report["mode"] == "confirmatory"


def labelled(tmp_path: Path, **freezing) -> tuple[Run, Run, object]:
    """A campaign's run, another run of the same data, and the frozen labels."""
    run = annotation_parts.labelled_project(tmp_path)
    campaign = annotation_parts.campaign(run)
    label_all(campaign)
    chosen = made(campaign, **freezing)
    after = answered(run.project, tmp_path, Corpus.objects.get(), title="Better", spec={"k": 2})
    return signed(run), signed(after), chosen


@pytest.mark.parametrize("rule", ["majority", "consensus"])
def test_labels_are_in_it_as_they_were_frozen_with_letters_for_people(tmp_path, rule, db):
    run, after, chosen = labelled(tmp_path, rule=rule)
    Label.objects.update(category="object", subtype="")  # what is said later is no part of it
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    row = asked(client, run.project, run, after, more=f"&set={chosen.pk}")
    assert row.state == "ready", row.failure
    content = downloaded(client, Claim.objects.get())
    answer = verified(content, tmp_path)
    assert answer.returncode == 0, answer.stderr
    files = files_in(content)
    assert files["labels.csv"].decode().count("\n") == 1 + chosen.item_count
    letters = {line.split(",")[2] for line in files["answers.csv"].decode().splitlines()[1:]}
    assert letters == {"A", "B", "C"}
    for name in ("owner", "bob", "olga", "/home"):
        told = [file for file, text in files.items() if name.encode() in text and not file.endswith(".parquet")]
        assert told == [], name
    assert json.loads(files[f"environment/{run.pk}.json"])["model"] == "hf:clip"


def test_who_still_owes_answers_does_not_get_the_labels(tmp_path, db):
    run, after, chosen = labelled(tmp_path)
    owner = Client()
    owner.force_login(User.objects.get(username="owner"))
    asked(owner, run.project, run, after, more=f"&set={chosen.pk}")
    claim = Claim.objects.get()
    late = people.person("late", password=people.PASSWORD)
    people.member(run.project, late, "reviewer")
    add_annotator(campaign=chosen.campaign, user=late, actor=User.objects.get(username="owner"), now=timezone.now())
    client = Client()
    client.force_login(late)
    for name in ("verdicts:claim_file", "verdicts:api_claim_file"):
        assert client.get(reverse(name, args=[run.project.slug, claim.pk])).status_code == 403
    page = client.get(reverse("verdicts:claim", args=[run.project.slug, claim.pk])).content.decode()
    assert "still owe" in page and "claim_file" not in page


def test_pressing_twice_makes_one_and_a_deleted_one_comes_again(project, baseline, better, web):
    first = asked(web, project, baseline, better)
    assert asked(web, project, baseline, better).pk == first.pk
    claim = Claim.objects.get()
    content = downloaded(web, claim)
    listed = web.get(reverse("verdicts:claims", args=[project.slug])).content.decode()
    assert claim.digest[:12] in listed and "owner" in listed
    assert web.post(reverse("verdicts:claim_delete", args=[project.slug, claim.pk])).status_code == 302
    assert not store().exists(claim.key) and not Claim.objects.exists()
    assert web.get(reverse("verdicts:claim_file", args=[project.slug, claim.pk])).status_code == 404
    asked(web, project, baseline, better)
    assert Claim.objects.get().digest == claim.digest
    assert downloaded(web, Claim.objects.get()) == content
    verbs = list(AuditEvent.objects.filter(verb__startswith="claim.").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["claim.made", "claim.deleted", "claim.made"]


def test_a_file_without_a_row_is_swept_and_one_with_a_row_stays(project, baseline, better, web):
    asked(web, project, baseline, better)
    claim = Claim.objects.get()
    lost = f"claims/{project.pk}/{'f' * 64}.zip"
    store().write_bytes(lost, b"half a thought")
    swept = {file.key for file in unnamed(now=timezone.now() + timedelta(days=2)).files}
    assert lost in swept and claim.key not in swept


def test_runs_that_are_not_compared_are_refused_with_the_reason(project, baseline, better, web, tmp_path):
    api = reverse("verdicts:api_claims", args=[project.slug])
    both = f"{api}?runs={baseline.pk},{better.pk}"
    Run.objects.filter(pk=better.pk).update(state="running")
    answer = web.post(both)
    assert answer.status_code == 400 and "has not finished" in answer.json()["detail"]
    Run.objects.filter(pk=better.pk).update(state="succeeded")
    other = answered(project, tmp_path, drawn(project, "scenes:11?seed=4&size=96", name="Others"), title="Elsewhere")
    assert "other data" in web.post(f"{api}?runs={baseline.pk},{other.pk}").json()["detail"]
    assert web.post(f"{api}?runs={baseline.pk}").status_code == 400
    foreign = people.project("Foreign", people.person("outsider"))
    Run.objects.filter(pk=other.pk).update(project=foreign)
    assert web.post(f"{api}?runs={baseline.pk},{other.pk}").status_code == 404
    page = reverse("verdicts:claims", args=[project.slug])
    assert web.post(f"{page}?runs={baseline.pk}").headers["Location"].startswith(f"/p/{project.slug}/compare/")
    assert not Calculation.objects.filter(kind="claim").exists()


def test_a_run_that_was_carried_out_anew_meanwhile_fails_with_the_reason_and_works_on_asking_again(
    project, baseline, better, web
):
    where = f"{reverse('verdicts:claims', args=[project.slug])}?runs={baseline.pk},{better.pk}"
    wish = web.post(where).headers["Location"]
    Run.objects.filter(pk=better.pk).update(attempt=2)
    calculating.work()
    page = web.get(wish).content.decode()
    assert "The bundle was not made" in page and "has changed since" in page
    assert asked(web, project, baseline, better).state == "ready"


def test_the_api_tells_when_it_is_there_and_gives_the_same_bytes(project, baseline, better, web):
    api = reverse("verdicts:api_claims", args=[project.slug])
    wish = web.post(f"{api}?runs={baseline.pk},{better.pk}")
    assert wish.status_code == 202
    calculating.work()
    told = web.get(f"{api}wishes/{wish.json()['id']}/").json()
    one = web.get(f"{api}{told['result']['claim']}/").json()
    assert one["runs"][0][:2] == [baseline.pk, 1] and one["mode"] == "exploratory"
    content = b"".join(web.get(f"{api}{one['id']}/file/").streaming_content)
    assert content == downloaded(web, Claim.objects.get()) and len(content) == one["byte_count"]
    assert web.delete(f"{api}{one['id']}/").status_code == 204 and web.get(api).json()["results"] == []
