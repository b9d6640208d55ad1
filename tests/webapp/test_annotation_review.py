"""Review: what waits, deciding without names, planted truths, and whose eyes stay closed until when."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from tests.webapp import annotation_parts, people
from tests.webapp.test_annotation_sets import label_all
from webapp.accounts.models import AuditEvent, User
from webapp.annotation.campaigns import staff
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Calculation, Campaign, Decision, Gold, Slot, Task
from webapp.annotation.review import actions, own, queries, queueing
from webapp.annotation.review.calculations import agreement_of, consensus_on
from webapp.annotation.review.gathering import gathered, held_against, stamp
from workers import calculating

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_workers")]
KEYS = DEFAULT.keys


@pytest.fixture
def campaign(tmp_path) -> Campaign:
    made = annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))
    people.member(made.project, people.person("rae"), "reviewer")
    return made


@pytest.fixture
def web(campaign) -> Client:
    return signed_in("rae")


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def address(campaign: Campaign, name: str, **more: object) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk} | more)


def disputed(campaign: Campaign) -> Task:
    return Task.objects.get(pk=queueing.queue(campaign)[0].id)


def decided(campaign: Campaign, task: Task, category: str, **more) -> Decision:
    options = {"subtype": "", "reason": "", "key": uuid.uuid4(), "now": timezone.now()} | more
    rae = User.objects.get(username="rae")
    return actions.decide(campaign=campaign, task=task, category=category, actor=rae, **options)


def planted(campaign: Campaign, task: Task, category: str) -> Gold:
    rae, now = User.objects.get(username="rae"), timezone.now()
    return actions.plant(
        campaign=campaign, task=task, category=category, subtype="", explanation="", actor=rae, now=now
    )


def said_of(task: Task) -> str:
    return task.labels.exclude(category="").order_by("annotator_id").first().category


def test_samples_whose_answers_differ_wait_in_the_order_of_the_plan(campaign):
    label_all(campaign)
    odd = Task.objects.filter(campaign=campaign, group="overlap", position__in=range(1, 99, 2)).order_by("position")
    assert [row.id for row in queueing.queue(campaign)] == [task.pk for task in odd]
    assert {row.whys for row in queueing.queue(campaign)} == {("disagreement",)}


def test_flags_and_skips_wait_too(campaign):
    label_all(campaign, differ=False)
    who = annotation_parts.annotator(campaign, "ann")
    flagged, skipped = Task.objects.filter(campaign=campaign, group="A")[:2]
    events = [
        Answer(uuid.uuid4(), flagged.pk, "answer", category=KEYS[0], flagged=True),
        Answer(uuid.uuid4(), skipped.pk, "skip", skip_reason="unclear"),
    ]
    record_answers(annotator=who, events=events, source="page", now=timezone.now())
    assert {row.id: row.whys for row in queueing.queue(campaign)} == {flagged.pk: ("flag",), skipped.pk: ("skipped",)}
    assert [row.id for row in queueing.queue(campaign, queueing.Sought("flag"))] == [flagged.pk]


def reported(campaign: Campaign) -> dict[str, float]:
    """The newest report's posteriors of samples with several answers."""
    agreement_of(campaign=campaign, now=timezone.now())
    calculating.work()
    found = agreement_of(campaign=campaign, now=timezone.now()).result["consensus"]
    return {idx: row["posterior"] for idx, row in found.items() if len(row["answers"]) > 1}


def torn(campaign: Campaign) -> list[Task]:
    """Everything answered; the overlap samples all by different words, so that no consensus can be sure."""
    label_all(campaign)
    shared = list(Task.objects.filter(campaign=campaign, group="overlap").order_by("position"))
    for shift, name in enumerate(("ann", "bob", "cy")):
        who = annotation_parts.annotator(campaign, name)
        events = [
            Answer(uuid.uuid4(), task.pk, "answer", category=KEYS[(number + shift * (number % 2 + 1)) % 7])
            for number, task in enumerate(shared)
        ]
        record_answers(annotator=who, events=events, source="page", now=timezone.now())
    return shared


def test_a_consensus_that_is_not_sure_enough_is_a_reason_to_wait(campaign, web):
    torn(campaign)
    assert queueing.queue(campaign, queueing.Sought("unsure")) == []
    page = web.get(address(campaign, "review") + "?why=unsure").content.decode()
    assert "is still being made" in page
    sure = reported(campaign)
    low = {idx for idx, posterior in sure.items() if posterior < queueing.SURE_ENOUGH}
    assert low
    assert {row.idx for row in queueing.queue(campaign, queueing.Sought("unsure"))} == low
    assert "less than 80 %" in web.get(address(campaign, "review")).content.decode()


def test_samples_of_one_answer_are_never_called_an_unsure_consensus(campaign):
    label_all(campaign)
    reported(campaign)
    assert {row.group for row in queueing.queue(campaign)} == {"overlap"}


def test_the_queue_is_narrowed_by_group_and_by_what_somebody_said(campaign, web):
    label_all(campaign)
    who = annotation_parts.annotator(campaign, "ann")
    theirs = Task.objects.filter(campaign=campaign, group="A").first()
    flagged = Answer(uuid.uuid4(), theirs.pk, "answer", category=KEYS[3], flagged=True)
    record_answers(annotator=who, events=[flagged], source="page", now=timezone.now())
    assert [row.id for row in queueing.queue(campaign, queueing.Sought(group="A"))] == [theirs.pk]
    for key in KEYS:
        found = {row.id for row in queueing.queue(campaign, queueing.Sought(category=key))}
        saying = {row.id for row in queueing.queue(campaign) if Task.objects.get(pk=row.id).labels.filter(category=key)}
        assert found == saying
    page = web.get(address(campaign, "review") + "?group=A&why=flag").content.decode()
    link = address(campaign, "decide", task_id=theirs.pk)
    assert f"{link}?why=flag&amp;group=A" in page
    assert "?why=disagreement&amp;group=A" in page


def test_the_queue_is_ordered_as_asked(campaign):
    torn(campaign)
    sure = reported(campaign)
    by = {order: queueing.queue(campaign, queueing.Sought(order=order)) for order in queueing.ORDERS}
    assert {len(rows) for rows in by.values()} == {len(by["plan"])}
    assert [sure[row.idx] for row in by["posterior"]] == sorted(sure[row.idx] for row in by["posterior"])
    assert [row.since for row in by["oldest"]] == sorted(row.since for row in by["oldest"])
    assert [row.spread for row in by["spread"]] == sorted((row.spread for row in by["spread"]), reverse=True)


def test_deciding_leads_on_in_the_order_that_was_chosen(campaign, web):
    torn(campaign)
    reported(campaign)
    rows = queueing.queue(campaign, queueing.Sought(order="posterior"))
    values = {"category": KEYS[0], "reason": "so", "key": str(uuid.uuid4())}
    answer = web.post(address(campaign, "decide", task_id=rows[2].id) + "?order=posterior", values)
    assert answer["Location"] == address(campaign, "decide", task_id=rows[3].id) + "?order=posterior"
    back = web.get(address(campaign, "decide", task_id=rows[2].id) + "?order=posterior").content.decode()
    assert address(campaign, "decide", task_id=rows[1].id) + "?order=posterior" in back
    assert f"{len(rows) - 1} wait" in back


def test_an_empty_queue_says_why(campaign, web):
    where = address(campaign, "review")
    assert "Nobody has answered yet" in web.get(where).content.decode()
    label_all(campaign, differ=False)
    assert "Everybody agrees so far" in web.get(where).content.decode()
    who = annotation_parts.annotator(campaign, "ann")
    task = Task.objects.filter(campaign=campaign, group="A").first()
    said = Answer(uuid.uuid4(), task.pk, "answer", category=KEYS[0], flagged=True)
    record_answers(annotator=who, events=[said], source="page", now=timezone.now())
    assert "1 other sample waits" in web.get(where + "?group=B").content.decode()
    decided(campaign, task, KEYS[0])
    assert "1 sample is decided" in web.get(where).content.decode()


def test_over_the_api_the_queue_is_narrowed_and_ordered_as_on_the_page(campaign, web):
    label_all(campaign)
    rows = web.get(address(campaign, "api_queue") + "?group=overlap&order=spread").json()
    assert [row["id"] for row in rows] == [row.id for row in queueing.queue(campaign, queueing.Sought(order="spread"))]
    assert sum(rows[0]["said"].values()) == rows[0]["answers"]
    for wrong in ("why=moon", "order=moon"):
        assert web.get(address(campaign, "api_queue") + f"?{wrong}").status_code == 400


def test_the_queue_asks_the_database_a_fixed_number_of_times(campaign):
    label_all(campaign)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        queueing.queue(campaign)
    assert len(asked) <= 4


def test_answers_stand_without_names_until_it_is_decided(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    before = web.get(address(campaign, "decide", task_id=task.pk)).content.decode()
    assert not any(f"{letter} · {name}" in before for letter, name in (("A", "ann"), ("B", "bob"), ("C", "cy")))
    assert "Annotator 1" in before
    decided(campaign, task, said_of(task))
    after = web.get(address(campaign, "decide", task_id=task.pk)).content.decode()
    assert "A · ann" in after and "C · cy" in after
    api = web.get(address(campaign, "api_task", task_id=disputed(campaign).pk)).json()
    assert {answer["letter"] for answer in api["answers"]} == {""}


def test_the_order_of_answers_tells_nothing_of_who_gave_them(campaign):
    label_all(campaign)
    orders = {
        tuple(answer.letter for answer in queries.standing_of(task).answers)
        for task in Task.objects.filter(campaign=campaign, group="overlap")
    }
    assert len(orders) > 1


def test_how_long_each_answer_took_is_told_without_saying_whose_it_is(campaign, web):
    who = annotation_parts.annotator(campaign, "ann")
    task = Task.objects.filter(campaign=campaign, group="overlap").first()
    said = Answer(uuid.uuid4(), task.pk, "answer", category=KEYS[0], first_choice_ms=1400, spent_ms=3200)
    record_answers(annotator=who, events=[said], source="page", now=timezone.now())
    page = web.get(address(campaign, "decide", task_id=task.pk)).content.decode()
    assert "took 3.2 s, first choice after 1.4 s" in page
    assert "Annotator 1" in page and "A · ann" not in page
    answer = web.get(address(campaign, "api_task", task_id=task.pk)).json()["answers"][0]
    assert (answer["letter"], answer["spent_ms"], answer["first_choice_ms"]) == ("", 3200, 1400)


def test_deciding_takes_the_sample_out_of_the_queue_and_leads_to_the_next(campaign, web):
    label_all(campaign)
    first, second = queueing.queue(campaign)[:2]
    task = Task.objects.get(pk=first.id)
    values = {"category": said_of(task), "subtype": "", "reason": "", "key": str(uuid.uuid4())}
    answer = web.post(address(campaign, "decide", task_id=first.id), values)
    assert answer["Location"] == address(campaign, "decide", task_id=second.id)
    assert first.id not in {row.id for row in queueing.queue(campaign)}
    assert AuditEvent.objects.filter(verb="sample.decided").exists()


def test_what_nobody_said_needs_a_reason(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    other = next(key for key in KEYS if key not in set(task.labels.values_list("category", flat=True)))
    with pytest.raises(BadInput, match="give a reason"):
        decided(campaign, task, other)
    page = web.post(address(campaign, "decide", task_id=task.pk), {"category": other, "key": str(uuid.uuid4())})
    assert page.status_code == 422 and "give a reason" in page.content.decode()
    assert decided(campaign, task, other, reason="The dog is missing.").reason


def test_a_decision_that_is_sent_twice_is_one(campaign):
    label_all(campaign)
    task, key = disputed(campaign), uuid.uuid4()
    first = decided(campaign, task, said_of(task), key=key)
    assert decided(campaign, task, said_of(task), key=key).pk == first.pk
    assert Decision.objects.count() == 1


def test_decisions_are_never_changed_and_a_sample_may_be_opened_again(campaign):
    label_all(campaign)
    task = disputed(campaign)
    decided(campaign, task, said_of(task))
    rae = User.objects.get(username="rae")
    actions.reopen(campaign=campaign, task=task, reason="too quick", key=uuid.uuid4(), actor=rae, now=timezone.now())
    assert task.pk in {row.id for row in queueing.queue(campaign)}
    decided(campaign, task, said_of(task))
    history = queries.standing_of(task).history
    assert [bool(entry.category) for entry in history] == [True, False, True]
    assert history[1].reason == "too quick"


def test_what_is_not_decided_cannot_be_opened_again(campaign):
    label_all(campaign)
    rae = User.objects.get(username="rae")
    with pytest.raises(BadInput, match="not decided"):
        actions.reopen(
            campaign=campaign, task=disputed(campaign), reason="", key=uuid.uuid4(), actor=rae, now=timezone.now()
        )


def test_two_reviewers_at_once_leave_two_rows_and_the_newer_counts(campaign):
    label_all(campaign)
    task = disputed(campaign)
    faults: list[Exception] = []

    def one(category: str) -> None:
        try:
            decided(campaign, task, category, reason="so")
        except Exception as error:  # noqa: BLE001  # told to the test's own thread
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(category,)) for category in KEYS[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert Decision.objects.filter(task=task).count() == 2
    assert queries.standing_of(task).decision.category == Decision.objects.latest("pk").category


@pytest.mark.parametrize(
    "name", ["review", "tasks", "feedback", "labels_csv", "labels_jsonl", "api_tasks", "api_queue"]
)
def test_who_still_owes_answers_never_sees_a_peers(campaign, name):
    """An annotator never sees a peer's label before submitting, whatever their role lets them see otherwise."""
    owner = User.objects.get(username="owner")
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner", "cy"))
    for who in ("ann", "cy"):
        row = annotation_parts.annotator(both, who)
        slots = Slot.objects.filter(annotator=row, state="open")
        events = [Answer(uuid.uuid4(), slot.task_id, "answer", category="object", note="seen by ann") for slot in slots]
        record_answers(annotator=row, events=events, source="page", now=timezone.now())
    page = signed_in("owner").get(address(both, name))
    assert page.status_code == 403
    assert "seen by ann" not in page.content.decode()
    own = annotation_parts.annotator(both, "owner")
    events = [
        Answer(uuid.uuid4(), s.task_id, "answer", category="object")
        for s in Slot.objects.filter(annotator=own, state="open")
    ]
    record_answers(annotator=own, events=events, source="page", now=timezone.now())
    assert signed_in(owner.username).get(address(both, name)).status_code == 200


@pytest.mark.parametrize("method, name", [
    ("get", "decide"), ("post", "decide"), ("get", "api_task"), ("post", "api_decisions"), ("post", "api_gold"),
])  # fmt: skip
def test_who_still_owes_answers_never_sees_what_was_said_of_one_sample(campaign, method, name):
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner", "cy"))
    ann = annotation_parts.annotator(both, "ann")
    task = Slot.objects.filter(annotator=ann, state="open").first().task
    said = Answer(uuid.uuid4(), task.pk, "answer", category="object", note="seen by ann")
    record_answers(annotator=ann, events=[said], source="page", now=timezone.now())
    values = {"category": "object"} | ({} if name == "api_gold" else {"key": str(uuid.uuid4())})
    how = {"content_type": "application/json"} if method == "post" and name.startswith("api") else {}
    answer = getattr(signed_in("owner"), method)(address(both, name, task_id=task.pk), values, **how)
    assert answer.status_code == 403
    assert "seen by ann" not in answer.content.decode()
    assert not Decision.objects.filter(task=task).exists()
    assert not Gold.objects.filter(task=task).exists()


def test_the_list_of_samples_names_annotators_only_where_a_sample_is_decided(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    before = web.get(address(campaign, "tasks")).content.decode()
    assert not any(name in before for name in ("ann<", "ann ", "· ann", "· bob", "· cy"))
    assert '<span class="quiet">C</span>' in before
    decided(campaign, task, said_of(task))
    after = web.get(address(campaign, "tasks") + "?mark=decided").content.decode()
    assert "A · ann" in after and "C · cy" in after


def test_the_trail_tells_which_sample_was_decided_and_not_what(campaign):
    """An owner who still owes answers reads the trail of the project."""
    both = annotation_parts.campaign(campaign.run, name="With the owner", names=("ann", "owner", "cy"))
    task = Task.objects.filter(campaign=both, group="overlap").first()
    planted(both, task, "attribute")
    made = decided(both, task, "attribute", reason="so")
    actions.reopen(campaign=both, task=task, reason="", key=uuid.uuid4(), actor=made.decided_by, now=timezone.now())
    owner = signed_in("owner")
    slug = campaign.project.slug
    for where in (f"/p/{slug}/audit/", f"/api/v1/projects/{slug}/audit/"):
        told = owner.get(where)
        assert told.status_code == 200 and task.idx in told.content.decode()
        assert "attribute" not in told.content.decode()
    assert AuditEvent.objects.filter(verb__in=["sample.decided", "gold.planted", "sample.reopened"]).count() == 3


def test_a_cell_of_a_confusion_matrix_leads_to_its_samples(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    said = dict(task.labels.values_list("annotator__letter", "category"))
    page = web.get(address(campaign, "tasks") + f"?a=A&x={said['A']}&b=C&y={said['C']}")
    filters = queries.Filters(a="A", x=said["A"], b="C", y=said["C"])
    assert f"{queries.count_of(campaign, filters)} sample" in page.content.decode()
    rows, _ = queries.page_of(campaign, filters)
    assert task.pk in {row.task.pk for row in rows}
    for row in rows:
        spoken = {answer.letter: answer.category for answer in row.answers}
        assert (spoken["A"], spoken["C"]) == (said["A"], said["C"])


@pytest.mark.parametrize("mark", queries.MARKS)
def test_samples_are_narrowed_by_their_marks(campaign, web, mark):
    label_all(campaign)
    task = disputed(campaign)
    decided(campaign, task, said_of(task))
    rae = User.objects.get(username="rae")
    actions.plant(
        campaign=campaign, task=task, category="object", subtype="", explanation="", actor=rae, now=timezone.now()
    )
    found = {row.task.pk for row in queries.page_of(campaign, queries.Filters(mark=mark))[0]}
    assert (task.pk in found) == (mark in ("decided", "gold"))
    assert web.get(address(campaign, "tasks") + f"?mark={mark}").status_code == 200


def test_samples_page_by_key_without_losing_one(campaign):
    label_all(campaign)
    seen, after = [], -1
    while after is not None:
        rows, after = queries.page_of(campaign, queries.Filters(after=after), size=7)
        seen += [row.task.position for row in rows]
    assert seen == sorted(seen) and len(seen) == len(set(seen)) == 30


def test_gold_is_planted_and_taken_back_and_never_changed(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    web.post(address(campaign, "gold", task_id=task.pk), {"category": "object", "explanation": "No dog."})
    assert queries.standing_of(task).gold.category == "object"
    web.post(address(campaign, "gold", task_id=task.pk), {"category": ""})
    assert queries.standing_of(task).gold is None
    assert Gold.objects.filter(task=task).count() == 2


def test_feedback_tells_patterns_against_the_truth(campaign, web):
    label_all(campaign, differ=False)
    rae = User.objects.get(username="rae")
    tasks = list(Task.objects.filter(campaign=campaign, group="A"))
    for task in tasks:
        truth = KEYS[(task.position + 1) % 7] if task is tasks[0] else KEYS[task.position % 7]
        actions.plant(
            campaign=campaign, task=task, category=truth, subtype="", explanation="", actor=rae, now=timezone.now()
        )
    found = {row.letter: row for row in queries.feedback_of(campaign, {})}
    assert (found["A"].right, found["A"].of) == (len(tasks) - 1, len(tasks))
    assert [cell.count for cell in found["A"].cells] == [1]
    assert found["B"].of == 0
    assert "A · ann" in web.get(address(campaign, "feedback")).content.decode()
    mine = signed_in("ann").get(address(campaign, "own_feedback")).content.decode()
    assert "Your answers" in mine and "bob" not in mine


def test_own_feedback_opens_when_the_share_is_done(campaign):
    task = Slot.objects.filter(annotator=annotation_parts.annotator(campaign, "ann"), state="open").first().task
    said = Answer(uuid.uuid4(), task.pk, "answer", category=KEYS[0])
    record_answers(
        annotator=annotation_parts.annotator(campaign, "ann"), events=[said], source="page", now=timezone.now()
    )
    planted(campaign, task, KEYS[1])
    page = signed_in("ann").get(address(campaign, "own_feedback")).content.decode()
    assert "It opens when your share is done" in page and task.idx not in page.partition("<main")[2]
    assert signed_in("ann").get(address(campaign, "own_sample", task_id=task.pk)).status_code == 302


def test_own_feedback_shows_the_samples_where_another_thing_is_true_and_opens_them(campaign):
    label_all(campaign)
    ann = signed_in("ann")
    wrong, right = Task.objects.filter(campaign=campaign, group="A").order_by("position")[:2]
    planted(campaign, right, KEYS[right.position % 7])
    rae = User.objects.get(username="rae")
    other = KEYS[(wrong.position + 1) % 7]
    actions.plant(campaign=campaign, task=wrong, category=other, subtype="", explanation="Look at the dog.",
                  actor=rae, now=timezone.now())  # fmt: skip
    page = ann.get(address(campaign, "own_feedback")).content.decode().partition("<main")[2]
    assert address(campaign, "own_sample", task_id=wrong.pk) in page
    assert address(campaign, "own_sample", task_id=right.pk) not in page
    assert "Look at the dog." in page and "planted as gold" in page
    every = ann.get(address(campaign, "own_feedback") + "?every=1").content.decode()
    assert address(campaign, "own_sample", task_id=right.pk) in every
    said = KEYS[wrong.position % 7]
    assert f"?said={said}&amp;truth={other}#samples" in page
    narrowed = ann.get(address(campaign, "own_feedback") + f"?said={other}&truth={said}").content.decode()
    assert "None of your samples is like that" in narrowed
    large = ann.get(address(campaign, "own_sample", task_id=wrong.pk)).content.decode()
    picture = large.split('<img src="')[1].split('"')[0]
    assert ann.get(picture)["Content-Type"] == "image/webp"


def test_nobody_opens_a_sample_in_their_feedback_that_they_did_not_answer(campaign):
    label_all(campaign)
    theirs = Task.objects.filter(campaign=campaign, group="B").first()
    assert signed_in("ann").get(address(campaign, "own_sample", task_id=theirs.pk)).status_code == 404


def said(campaign: Campaign, name: str, task: Task, category: str) -> None:
    event = Answer(uuid.uuid4(), task.pk, "answer", category=category)
    who = annotation_parts.annotator(campaign, name)
    record_answers(annotator=who, events=[event], source="page", now=timezone.now())


def counted(campaign: Campaign, task: Task) -> list[tuple[str, str]]:
    return [(one.letter, one.category) for one in gathered(campaign).answers if one.idx == task.idx]


def test_an_answer_outside_the_plan_counts_nowhere_once_the_wanted_ones_are_there(campaign, web):
    task = Task.objects.filter(campaign=campaign, group="B").first()
    staff.remove_annotator(annotator=annotation_parts.annotator(campaign, "cy"), actor=None, now=timezone.now())
    said(campaign, "cy", task, "object")
    assert counted(campaign, task) == [("C", "object")]  # it stands in for bob's, which is still to come
    said(campaign, "bob", task, "count")
    assert counted(campaign, task) == [("B", "count")]
    assert {answer.letter for answer in queries.standing_of(task).answers} == {"B", "C"}  # and is shown all the same
    Slot.objects.filter(task=task, state="answered").update(state="skipped")
    assert ("C", "object") in counted(campaign, task)


def test_a_report_is_made_anew_where_an_answer_outside_the_plan_counts_no_more(campaign):
    task = Task.objects.filter(campaign=campaign, group="overlap").first()
    cy = annotation_parts.annotator(campaign, "cy")
    staff.remove_annotator(annotator=cy, actor=None, now=timezone.now())
    for name in ("ann", "cy"):
        said(campaign, name, task, "object")
    before, there = stamp(campaign), counted(campaign, task)
    staff.remove_annotator(annotator=annotation_parts.annotator(campaign, "bob"), actor=None, now=timezone.now())
    assert (there, counted(campaign, task)) == ([("A", "object"), ("C", "object")], [("A", "object")])
    assert stamp(campaign) != before


def test_who_is_told_gold_at_once_is_held_against_it_with_what_they_said_before(campaign, web):
    campaign.show_gold_feedback = True
    campaign.save(update_fields=["show_gold_feedback"])
    label_all(campaign, differ=False)
    shared = list(Task.objects.filter(campaign=campaign, group="overlap").order_by("position"))
    truth = {task.pk: KEYS[(task.position + 1) % 7] for task in shared[:2]}  # nobody said it
    for task in shared[:2]:
        planted(campaign, task, truth[task.pk])
        said(campaign, "ann", task, truth[task.pk])  # as it was told
    gone = Answer(uuid.uuid4(), shared[1].pk, "skip", skip_reason="unclear")
    who = annotation_parts.annotator(campaign, "ann")
    record_answers(annotator=who, events=[gone], source="page", now=timezone.now())
    assert counted(campaign, shared[0])[0] == ("A", truth[shared[0].pk])  # what counts for the sample is the newest
    [ann] = queries.feedback_of(campaign, {}, "A")
    assert (ann.right, ann.of) == (0, 2)
    rows, _ = own.compared(who, own.Wished())
    assert [(row.category, row.right) for row in rows] == [(KEYS[task.position % 7], False) for task in shared[:2]]
    cell = ann.cells[0]
    filters = queries.Filters(a="A", x=cell.said, truth=cell.truth)
    assert queries.count_of(campaign, filters) == cell.count == 1
    agreement_of(campaign=campaign, now=timezone.now())
    calculating.work()
    report = agreement_of(campaign=campaign, now=timezone.now()).result
    assert [report["accuracy"]["annotators"][who]["value"] for who in "ABC"] == [0, 0, 0]
    assert report["accuracy"]["annotators"]["A"]["n"] == 2
    with CaptureQueriesContext(connection) as asked:
        assert held_against(campaign, gathered(campaign))[shared[0].idx, "A"] == KEYS[shared[0].position % 7]
    assert len(asked) == 6
    campaign.show_gold_feedback = False
    assert held_against(campaign, gathered(campaign)) == {}


def test_what_the_others_agreed_on_is_told_only_once_the_campaign_is_finished(campaign):
    label_all(campaign)
    reported(campaign)
    cy = signed_in("cy")
    before = cy.get(address(campaign, "own_feedback")).content.decode()
    assert "consensus of all" not in before and "once the campaign is finished" in before
    Campaign.objects.filter(pk=campaign.pk).update(state="finished")
    after = cy.get(address(campaign, "own_feedback")).content.decode()
    odd = Task.objects.filter(campaign=campaign, group="overlap", position__in=range(1, 99, 2))
    assert after.count("consensus of all who answered (") == odd.count()
    assert not any(name in after for name in ("· ann", "· bob", "ann<", "bob<"))


def test_own_samples_page_by_key_without_losing_one(campaign):
    label_all(campaign)
    who = annotation_parts.annotator(campaign, "ann")
    for task in Task.objects.filter(campaign=campaign, labels__annotator=who):
        planted(campaign, task, KEYS[(task.position + 1) % 7])
    seen, after = [], -1
    while after is not None:
        rows, after = own.compared(who, own.Wished(after=after), size=5)
        seen += [row.position for row in rows]
    assert seen == sorted(set(seen)) and len(seen) == who.labels.count()


def test_a_samples_picture_is_for_those_who_may_see_which_is_which(campaign, web):
    task = Task.objects.filter(campaign=campaign).first()
    where = address(campaign, "task_picture", task_id=task.pk, side="right", size="view")
    assert web.get(where)["Content-Type"] == "image/webp"
    assert signed_in("ann").get(where).status_code == 403
    assert web.get(address(campaign, "task_picture", task_id=task.pk, side="prompt", size="view")).status_code == 404


def test_over_the_api_a_sample_is_decided_and_opened_again(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    where = address(campaign, "api_decisions", task_id=task.pk)
    answer = web.post(where, {"category": said_of(task)}, content_type="application/json")
    assert answer.json()["decision"] == said_of(task)
    assert web.post(where, {"category": "moon"}, content_type="application/json").status_code == 400
    assert web.post(where, {"category": ""}, content_type="application/json").json()["decision"] is None


def test_over_the_api_names_are_told_only_while_a_sample_is_decided(campaign, web):
    label_all(campaign)
    task = disputed(campaign)

    def letters(name: str, category: str) -> set[str]:
        where = address(campaign, name, task_id=task.pk)
        found = web.post(where, {"category": category}, content_type="application/json").json()
        return {answer["letter"] for answer in found["answers"]}

    assert letters("api_gold", said_of(task)) == {""}
    assert letters("api_gold", "") == {""}
    assert "" not in letters("api_decisions", said_of(task))
    assert letters("api_decisions", "") == {""}


def test_a_sample_to_decide_shows_majority_and_the_models_consensus_without_names(campaign, web):
    label_all(campaign)
    task = disputed(campaign)
    assert consensus_on(campaign, task.idx) is None
    agreement_of(campaign=campaign, now=timezone.now())
    calculating.work()
    found = consensus_on(campaign, task.idx)
    page = web.get(address(campaign, "decide", task_id=task.pk)).content.decode()
    assert f"{found['posterior'] * 100:.0f} %" in page[page.index("Dawid") :]
    assert "A · ann" not in page


def test_one_report_at_a_time_is_under_way_however_many_labels_come(campaign):
    label_all(campaign)
    task = disputed(campaign)
    for _ in range(3):
        agreement_of(campaign=campaign, now=timezone.now())
        planted(campaign, task, said_of(task))
    assert Calculation.objects.filter(kind="agreement").count() == 1
    calculating.work()
    assert not agreement_of(campaign=campaign, now=timezone.now()).current
    calculating.work()
    assert agreement_of(campaign=campaign, now=timezone.now()).current


def test_home_tells_reviewers_what_waits_and_nobody_else(campaign, web):
    label_all(campaign)
    count = len(queueing.queue(campaign))
    assert f"{count} samples wait for your decision" in web.get("/").content.decode()
    assert "wait for your decision" not in signed_in("ann").get("/").content.decode()
    for row in queueing.queue(campaign):
        task = Task.objects.get(pk=row.id)
        decided(campaign, task, said_of(task))
    assert "for your decision" not in web.get("/").content.decode()
