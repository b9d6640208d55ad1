"""Labels as files: out to spreadsheets and other tools, and back, each answer once."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import uuid
import zipfile
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from ml_core.agreement.report import agreement_report
from ml_core.spec import BadInput
from ml_core.taxonomy import DEFAULT
from tests.webapp import annotation_parts, people
from tests.workbooks import workbook
from webapp.accounts.models import User
from webapp.annotation.exchange import labelstudio, records, sheets
from webapp.annotation.exchange.actions import keep_file, take_file
from webapp.annotation.exchange.judging import Standing, judged
from webapp.annotation.exchange.queries import answers_of
from webapp.annotation.labelling.actions import record_answers
from webapp.annotation.labelling.answers import Answer
from webapp.annotation.models import Label, LabelEvent, LabelFile, Slot, Task
from webapp.annotation.review.gathering import gathered

pytestmark = pytest.mark.django_db(transaction=True)
HEAD = "idx,caption,gt_img_idx,pred_img_idx,category,ambiguous_subtype\n"


@pytest.fixture
def campaign(tmp_path):
    return annotation_parts.campaign(annotation_parts.labelled_project(tmp_path))


@pytest.fixture
def web() -> Client:
    client = Client()
    client.force_login(User.objects.get(username="owner"))
    return client


def address(campaign, name: str, **more: object) -> str:
    return reverse(f"annotation:{name}", kwargs={"slug": campaign.project.slug, "campaign_id": campaign.pk} | more)


def given(
    campaign,
    text: str | bytes,
    *,
    letter: str = "A",
    name: str = "assign.csv",
    replace: bool = False,
    accounts: str = "",
) -> LabelFile:
    data = text if isinstance(text, bytes) else text.encode()
    who = annotation_parts.annotator(campaign, {"A": "ann", "B": "bob", "C": "cy"}[letter]) if letter else None
    owner = User.objects.get(username="owner")
    return keep_file(
        campaign=campaign,
        annotator=who,
        name=name,
        data=data,
        replace=replace,
        accounts=accounts,
        actor=owner,
        now=timezone.now(),
    )


def taken(file: LabelFile):
    return take_file(file=file, actor=User.objects.get(username="owner"), now=timezone.now())


def own(campaign, letter: str = "A") -> list[str]:
    return list(Task.objects.filter(campaign=campaign, group=letter).order_by("position").values_list("idx", flat=True))


def unpacked(response) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def test_an_annotators_zip_holds_their_sheets_a_picture_of_each_sample_and_the_guide(campaign, web):
    archive = unpacked(web.get(address(campaign, "bundle_of", letter="B")))
    names = set(archive.namelist())
    assert {"assign_overlap.csv", "assign_B.csv", "guide_en.md", "guide_zh-hans.md", "README.txt"} <= names
    assert "assign_A.csv" not in names
    rows = table(archive.read("assign_B.csv"))
    assert [row["idx"] for row in rows] == own(campaign, "B")
    assert list(rows[0]) == list(sheets.COLUMNS)
    for row in rows:
        picture = Image.open(io.BytesIO(archive.read(f"vis_B/fail_{row['idx']}.jpg")))
        assert picture.width > picture.height > 0
    assert sum(name.startswith("vis_overlap/") for name in names) == 6
    assert archive.testzip() is None


def test_who_fills_in_a_sheet_is_told_how_in_both_languages(campaign, web):
    archive = unpacked(web.get(address(campaign, "bundle_of", letter="B")))
    told = archive.read("README.txt").decode()
    assert "How to fill these sheets in" in told and "如何填写这些表格" in told


def test_a_report_on_a_file_speaks_the_readers_language_whoever_uploaded_it(campaign, web):
    one = own(campaign)[0]
    text = HEAD + f"{one},x,1,2,object,\n{one},x,1,2,count,\n99999,x,1,2,object,\n"
    file = given(campaign, text)
    taken(file)
    User.objects.update(language="zh-hans")
    rows = report_of(web, campaign, file)
    assert [row["place"] for row in rows] == ["第 2 行", "第 3 行", "第 4 行"]
    assert all(re.search("[\u4e00-\u9fa5]", row["text"]) and not re.search("[a-z]{3}", row["text"]) for row in rows)


def test_the_zip_of_everybody_has_a_folder_each_and_every_picture_once(campaign, web):
    archive = unpacked(web.get(address(campaign, "bundle")))
    names = archive.namelist()
    assert {f"{letter}/assign_overlap.csv" for letter in "ABC"} <= set(names)
    assert len(names) == len(set(names))
    assert sum(name.startswith("vis_") for name in names) == 30


def test_a_blind_campaigns_files_do_not_tell_which_picture_is_which(campaign, web):
    blind = annotation_parts.campaign(campaign.run, name="Blind", blind=True)
    archive = unpacked(web.get(address(blind, "bundle_of", letter="A")))
    rows = table(archive.read("assign_A.csv"))
    assert {row["gt_img_idx"] + row["pred_img_idx"] for row in rows} == {""}


def test_what_was_filled_in_comes_back_as_labels(campaign, web):
    first, second, third = own(campaign)[:3]
    text = HEAD + f"{first},x,1,2,attribute,\n{second},x,1,2,Ambiguous,near duplicate\n{third},x,1,2,,\n"
    found = taken(given(campaign, text))
    assert found.counts == {"new": 2, "blank": 1}
    rows = Label.objects.filter(campaign=campaign).values_list("task__idx", "category", "subtype", "source")
    assert set(rows) == {(first, "attribute", "", "sheet"), (second, "ambiguous", "nearduplicate", "sheet")}
    assert Slot.objects.filter(campaign=campaign, state="answered").count() == 2


@pytest.mark.parametrize(
    "dialect",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace(",", ";").encode(),
        lambda text: text.replace(",", "\t").encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("x x", '"a ""quoted""\ncaption, in lines"').encode(),
        lambda text: text.replace("x x", "一只猫").encode("gb18030"),
    ],
)
def test_a_sheet_is_understood_however_a_spreadsheet_saved_it(campaign, dialect):
    idx = own(campaign)[0]
    assert taken(given(campaign, dialect(HEAD + f"{idx},x x,1,2,Counting / Plurality,\n"))).counts == {"new": 1}
    assert Label.objects.get().category == "count"


def test_a_workbook_is_read_like_a_csv(campaign):
    idx = own(campaign)[0]
    assert taken(
        given(campaign, workbook([*[HEAD.strip().split(",")], [int(idx), "x", 1, 2, "物体", ""]]), name="a.xlsx")
    )
    assert Label.objects.get().category == "object"


def test_the_same_file_twice_stores_nothing_twice(campaign):
    text = HEAD + "".join(f"{idx},x,1,2,object,\n" for idx in own(campaign))
    taken(given(campaign, text))
    again = taken(given(campaign, text))
    assert again.counts == {"same": 8}
    assert LabelEvent.objects.filter(campaign_id=campaign.pk).count() == Label.objects.count() == 8


def test_one_kept_file_is_taken_once(campaign):
    file = given(campaign, HEAD + f"{own(campaign)[0]},x,1,2,object,\n")
    taken(file)
    file.refresh_from_db()
    with pytest.raises(BadInput, match="taken already"):
        taken(file)


def test_looking_at_a_file_writes_no_label(campaign, web):
    file = given(campaign, HEAD + f"{own(campaign)[0]},x,1,2,object,\n")
    page = web.get(address(campaign, "label_file", file_id=file.pk))
    assert "Take 1 answer" in page.content.decode()
    assert not Label.objects.exists() and not LabelEvent.objects.exists()


def test_an_answer_that_differs_stays_unless_somebody_says_replace(campaign):
    idx = own(campaign)[0]
    taken(given(campaign, HEAD + f"{idx},x,1,2,object,\n"))
    other = HEAD + f"{idx},x,1,2,count,\n"
    assert taken(given(campaign, other)).counts == {"kept": 1}
    assert Label.objects.get().category == "object"
    assert taken(given(campaign, other, replace=True)).counts == {"replaces": 1}
    assert Label.objects.get().category == "count"
    assert taken(given(campaign, HEAD + f"{idx},x,1,2,object,\n", replace=True)).counts == {"replaces": 1}
    assert Label.objects.get().category == "object"


def test_every_wrong_row_is_named_and_the_rest_is_kept(campaign):
    mine, theirs, reserve = own(campaign)[0], own(campaign, "B")[0], own(campaign, "backup")[0]
    twice = own(campaign)[1]
    text = HEAD + "".join(
        f"{idx},x,1,2,{category},{subtype}\n"
        for idx, category, subtype in [
            (mine, "action", ""), ("999999", "action", ""), (theirs, "action", ""), (reserve, "action", ""),
            (own(campaign)[2], "colour", ""), (own(campaign)[3], "action", "underspecified"), ("", "action", ""),
            (twice, "action", ""), (twice, "object", ""),
        ]
    )  # fmt: skip
    found = taken(given(campaign, text))
    assert found.counts == {"new": 1, "error": 8}
    said = {row.place: row.text for row in found.faults}
    assert "no sample 999999" in said["row 3"]
    assert "not among A's. It is B's" in said["row 4"]
    assert "in reserve" in said["row 5"]
    assert "“colour” is no category" in said["row 6"]
    assert "no subtype of action" in said["row 7"]
    assert "no idx" in said["row 8"]
    assert "differently in row 10" in said["row 9"]
    assert "differently in row 9" in said["row 10"]
    assert Label.objects.get().task.idx == mine


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        (HEAD, "{},a dog, running,1,2,object,\n", "more cells than the first row has columns"),
        (HEAD.strip() + ",,\n", "{},a dog, running,1,2,object,underspecified,\n", "more cells than"),
        ("idx,category,note\n", "{},,See the left one\n", "a note or a flag without a category"),
        ("idx,category,flag\n", "{},,yes\n", "a note or a flag without a category"),
    ],
)
def test_a_row_whose_cells_or_words_would_be_lost_is_named_and_the_rest_is_taken(campaign, head, row, said):
    first, second = own(campaign)[:2]
    columns = head.strip().split(",")
    whole = ",".join({"idx": second, "category": "object"}.get(name, "") for name in columns)
    found = taken(given(campaign, head + row.format(first) + whole + "\n"))
    assert found.counts == {"error": 1, "new": 1}
    [fault] = found.faults
    assert fault.place == "row 2" and said in fault.text


def test_a_column_without_a_name_before_the_named_ones_is_passed_over(campaign):
    first, second = own(campaign)[:2]
    text = f",idx,category,,\n0,{first},object,,\n1,{second},count,,\n"
    assert taken(given(campaign, text)).counts == {"new": 2}


def test_the_report_names_spellings_and_what_is_missing(campaign):
    ids = own(campaign)
    file = given(campaign, HEAD + f"{ids[0]},x,1,2,Object Confusion,\n")
    assert file.report["spellings"] == [["Object Confusion", "object", 1]]
    assert set(file.report["missing"]) == set(ids[1:]) | set(own(campaign, "overlap"))


def report_of(web, campaign, file: LabelFile) -> list[dict[str, str]]:
    return table(web.get(address(campaign, "label_file_report", file_id=file.pk)).content)


def test_the_report_on_a_taken_file_says_what_came_of_each_row_when_it_was_taken(campaign, web):
    first, second, third = own(campaign)[:3]
    taken(given(campaign, HEAD + f"{first},x,1,2,object,\n{second},x,1,2,object,\n"))
    text = HEAD + f"{first},x,1,2,object,\n{second},x,1,2,count,\n{third},x,1,2,Action,\n999999,x,1,2,count,\n"
    file = given(campaign, text, replace=True)
    before = report_of(web, campaign, file)
    assert [row["verdict"] for row in before] == ["same", "replaces", "new", "error"]
    taken(file)
    file.refresh_from_db()
    assert report_of(web, campaign, file) == before
    assert file.report["counts"] == {"same": 1, "replaces": 1, "new": 1, "error": 1}
    page = web.get(address(campaign, "label_file", file_id=file.pk)).content.decode()
    assert "Taken as new" in page and "Replaces object." in page and "no sample 999999" in page


def test_a_taking_that_was_cut_short_and_done_again_tells_of_its_own_answers_as_new(campaign):
    first, second = own(campaign)[:2]
    file = given(campaign, HEAD + f"{first},x,1,2,object,\n{second},x,1,2,count,\n")
    taken(file)
    LabelFile.objects.filter(pk=file.pk).update(state="looked_at", taken_at=None)  # as if the last step had been lost
    file.refresh_from_db()
    taken(file)
    assert file.report["counts"] == {"new": 2}
    assert Label.objects.count() == LabelEvent.objects.count() == 2


def test_over_the_api_the_whole_report_is_there_however_long(campaign, web):
    upload = io.BytesIO((HEAD + "".join(f"{900_000 + n},x,1,2,object,\n" for n in range(250))).encode())
    upload.name = "assign_A.csv"
    told = web.post(address(campaign, "api_labels"), {"file": upload, "annotator": "A"}).json()
    assert told["problems_in_all"] == 250 and len(told["problems"]) == 200
    assert told["problems"][0] == {"place": "row 2", "idx": "900000", "text": "This campaign has no sample 900000."}
    rows = table(web.get(told["report_csv"]).content)
    assert [row["idx"] for row in rows] == [str(900_000 + n) for n in range(250)]


def test_rows_of_one_sample_point_at_each_other(campaign):
    one, two = own(campaign)[:2]
    text = HEAD + "".join(f"{idx},x,1,2,{said},\n" for idx, said in [
        (one, "object"), (one, "object"), (one, "count"), (two, "action"), (two, "Action"),
    ])  # fmt: skip
    found = taken(given(campaign, text))
    assert [(row.verdict, row.text.rpartition(" in ")[2]) for row in found.rows] == [
        ("error", "row 4."), ("error", "row 4."), ("error", "row 2."), ("new", ""), ("same", "The same as row 5."),
    ]  # fmt: skip


def test_overlap_files_that_do_not_match_are_named_sample_by_sample(campaign, web):
    ids = own(campaign, "overlap")
    given(campaign, HEAD + "".join(f"{idx},x,1,2,object,\n" for idx in ids[:5]), letter="A", name="ann.csv")
    file = given(campaign, HEAD + "".join(f"{idx},x,1,2,object,\n" for idx in ids[1:]), letter="B", name="bob.csv")
    [row] = file.report["unequal_overlaps"]
    assert (row["a"], row["b"], row["file"]) == ("B", "A", "ann.csv")
    assert (list(row["only_a"]), list(row["only_b"])) == ([ids[5]], [ids[0]])
    page = web.get(address(campaign, "label_file", file_id=file.pk)).content.decode()
    assert "Overlap files that do not match" in page
    assert f'With B alone: <span class="mono">{ids[5]}' in page and f'With A alone: <span class="mono">{ids[0]}' in page
    again = given(campaign, HEAD + "".join(f"{idx},x,1,2,object,\n" for idx in ids[:5]), letter="B", name="bob.csv")
    assert again.report["unequal_overlaps"] == []


def test_a_file_of_several_annotators_has_its_overlaps_held_against_each_other(campaign):
    ids = own(campaign, "overlap")
    lines = [{"idx": idx, "annotator": who, "category": "object"} for who, some in (("A", ids), ("B", ids[:4]))
             for idx in some]  # fmt: skip
    file = given(campaign, "\n".join(map(json.dumps, lines)), letter="", name="both.jsonl")
    [row] = file.report["unequal_overlaps"]
    assert (row["a"], row["b"], set(row["only_a"]), list(row["only_b"])) == ("A", "B", set(ids[4:]), [])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no row"),
        (b"idx,caption\n1,x\n", "no column category"),
        (b"idx,idx,category\n", "twice"),
        (b"PK\x03\x04broken", "cannot be read"),
        (b"\x00\x01\x02", "neither CSV"),
        (b"idx,category\n" + b"1,x\n" * 100_001, "more than 100,000"),
    ],
)
def test_what_is_no_sheet_is_refused_at_the_file(campaign, web, data, message):
    upload = io.BytesIO(data or b" ")
    upload.name = "assign.csv"
    page = web.post(address(campaign, "files"), {"annotator": "A", "file": upload})
    assert page.status_code == 422
    assert message in page.content.decode()
    assert not LabelFile.objects.exists()


def answered(campaign) -> None:
    """Answers of all three, some skipped, one with a note and a flag."""
    for number, name in enumerate(("ann", "bob", "cy")):
        who = annotation_parts.annotator(campaign, name)
        tasks = [slot.task for slot in Slot.objects.filter(annotator=who, state="open").select_related("task")]
        keys = DEFAULT.keys
        events = [
            Answer(
                key=records_key(number, place),
                task_id=task.pk,
                kind="skip" if place == 3 else "answer",
                category="" if place == 3 else keys[(task.position + (number if place % 4 == 0 else 0)) % len(keys)],
                skip_reason="unclear" if place == 3 else "",
                confidence=2 if place % 2 and place != 3 else None,
                note='a "note", 有字\nin lines\u2028and\u0085others' if place == 1 else "",
                flagged=place == 1,
                first_choice_ms=1200 + place,
                spent_ms=3000 + place,
                said_at=timezone.now(),
            )
            for place, task in enumerate(tasks)
        ]
        record_answers(annotator=who, events=events, source="page", now=timezone.now())


def records_key(number: int, place: int):

    return uuid.uuid5(uuid.NAMESPACE_URL, f"{number}/{place}")


def said(campaign) -> set[tuple]:
    fields = ("task__idx", "annotator__letter", "category", "subtype", "skip_reason", "confidence", "note", "flagged")
    return set(Label.objects.filter(campaign=campaign).values_list(*fields, "first_choice_ms", "spent_ms"))


@pytest.mark.parametrize(("form", "name"), [("labels_jsonl", "labels.jsonl"), ("labels_labelstudio", "labels.json")])
def test_labels_go_out_and_come_back_the_same(campaign, web, form, name):
    answered(campaign)
    before = said(campaign)
    data = b"".join(web.get(address(campaign, form)).streaming_content)
    twin = annotation_parts.campaign(campaign.run, name="Second look")
    found = taken(given(twin, data, letter="", name=name))
    assert found.counts == {"new": len(before)}
    assert said(twin) == before
    assert kappas(twin) == kappas(campaign)
    assert taken(given(campaign, data, letter="", name=name)).counts == {"same": len(before)}


def kappas(campaign) -> dict[str, float]:
    """Every pair's κ and the coefficients of all, as the agreement page counts them."""
    found = gathered(campaign)
    rows = [(answer.idx, answer.letter, answer.category) for answer in found.answers]
    report = agreement_report(rows, taxonomy_keys=DEFAULT.keys, resamples=10)
    pairs = {f"{pair['a']}-{pair['b']}": pair["cohen_kappa"]["value"] for pair in report["pairs"]}
    return pairs | {name: row["value"] for name, row in report["coefficients"].items()}


def exported(campaign, web, **asked: str) -> list[dict]:
    return json.loads(b"".join(web.get(address(campaign, "labels_labelstudio"), asked).streaming_content))


def through_label_studio(tasks: list[dict], config: str, members: dict[str, int], importer: int = 1) -> list[dict]:
    """What Label Studio makes of an import, by the rules of its own reader, and exports again.

    It refuses a file that names an account it does not know, or data that the configuration asks for and that is not
    there; of an annotation it keeps the result, who said it, whether it was cancelled and how long it took.
    """
    tags = list(ElementTree.fromstring(config).iter())  # noqa: S314 - our own
    shown = {tag.get("value", "")[1:] for tag in tags if tag.tag in ("Image", "Text")}
    controls = {tag.get("name"): tag.tag.lower() for tag in tags if tag.get("toName")}
    came = []
    for task in tasks:
        assert all(isinstance(task["data"][name], str) for name in shown)
        kept = []
        for annotation in task["annotations"]:
            by = annotation.get("completed_by")
            if by is None:
                who = importer
            elif isinstance(by, dict):
                who = members[by["email"]]
            else:
                assert isinstance(by, int) and by in members.values()
                who = by
            assert all(controls[part["from_name"]] == part["type"] for part in annotation["result"])
            told = {name: annotation[name] for name in ("was_cancelled", "lead_time", "ground_truth", "result")}
            email = next((name for name, number in members.items() if number == who), "boss@example.org")
            kept.append(told | {"completed_by": {"id": who, "email": email}, "created_at": "2026-01-01T00:00:00Z"})
        came.append({"id": len(came), "data": task["data"], "annotations": kept, "predictions": []})
    return came


def test_label_studio_takes_the_export_and_what_it_exports_comes_back_with_the_same_kappa(campaign, web):
    answered(campaign)
    config = web.get(address(campaign, "labels_config")).content.decode()
    assert all(f'value="{key}"' in config for key in DEFAULT.keys)
    came = through_label_studio(exported(campaign, web), config, {})
    twin = annotation_parts.campaign(campaign.run, name="Second look")
    found = taken(given(twin, json.dumps(came), letter="", name="labels.json"))
    assert set(found.counts) == {"new"}
    assert said(twin) == said(campaign)
    assert kappas(twin) == kappas(campaign)


def test_answers_go_to_label_studio_under_the_accounts_that_somebody_names(campaign, web):
    answered(campaign)
    tasks = exported(campaign, web, accounts="A=ann@example.org, B=12")
    by = {
        note["meta"]["annotator"]: note.get("completed_by", "the importer")
        for task in tasks
        for note in task["annotations"]
    }
    assert by == {"A": {"email": "ann@example.org"}, "B": 12, "C": "the importer"}
    refused = web.get(address(campaign, "labels_labelstudio"), {"accounts": "X=x@example.org"}, follow=True)
    assert "Neither side of X=x@example.org is an annotator" in refused.content.decode()


def test_a_file_of_several_accounts_is_taken_once_each_is_somebodys(campaign, web):
    answered(campaign)
    tasks = exported(campaign, web)
    numbers = {"A": 11, "B": 12, "C": 13}
    for task in tasks:
        for annotation in task["annotations"]:
            annotation["completed_by"] = numbers[annotation.pop("meta")["annotator"]]
            for part in annotation["result"]:
                del part["meta"]
    text = json.dumps(tasks)
    twin = annotation_parts.campaign(campaign.run, name="Second look")
    for letter in ("", "A"):  # one annotator chosen for answers of three would be wrong too
        refused = taken(given(twin, text, letter=letter, name="labels.json"))
        assert set(refused.counts) == {"error"}
    assert "say which annotator each account is. Unknown yet: 11, 12, 13." in refused.faults[0].text
    part = taken(given(twin, text, letter="", name="labels.json", accounts="11=A, B=12"))
    assert "Unknown yet: 13" in part.faults[0].text
    whole = taken(given(twin, text, letter="", name="labels.json", accounts="11=A, B=12; 13=C"))
    assert whole.faults == ()
    assert kappas(twin) == kappas(campaign)
    assert set(Label.objects.filter(campaign=twin, source="labelstudio").values_list("annotator__letter")) == {
        ("A",), ("B",), ("C",)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [("11", "not laid out"), ("11=Z", "Neither side"), ("11=A, 11=B", "two annotators"), ("=A", "not laid out")],
)
def test_accounts_that_name_nobody_are_refused_at_their_field(campaign, web, text, message):
    upload = io.BytesIO(b"[]")
    upload.name = "labels.json"
    page = web.post(address(campaign, "files"), {"annotator": "", "file": upload, "accounts": text})
    assert page.status_code == 422
    assert message in page.content.decode()


def test_over_the_api_accounts_are_named_as_in_the_form(campaign, web):
    task = {
        "data": {"idx": own(campaign, "overlap")[0]},
        "annotations": [
            {"completed_by": number, "result": [{"from_name": "category", "to_name": "prompt", "type": "choices",
             "value": {"choices": [label]}}]} for number, label in ((11, "object"), (12, "count"))
        ],
    }  # fmt: skip
    upload = io.BytesIO(json.dumps([task]).encode())
    upload.name = "labels.json"
    answer = web.post(address(campaign, "api_labels"), {"file": upload, "accounts": "11=A,12=B", "take": "true"})
    assert answer.json()["report"]["counts"] == {"new": 2}
    assert set(Label.objects.values_list("annotator__letter", "category")) == {("A", "object"), ("B", "count")}


def test_every_task_of_a_fresh_campaign_leaves_and_none_comes_back_as_an_answer(campaign, web):
    tasks = exported(campaign, web)
    active = Task.objects.filter(campaign=campaign, state="active").order_by("position")
    assert [task["data"]["idx"] for task in tasks] == list(active.values_list("idx", flat=True))
    assert not any(task["annotations"] for task in tasks)
    data = b"".join(web.get(address(campaign, "labels_jsonl")).streaming_content)
    lines = [json.loads(line) for line in data.decode().split("\n") if line]
    assert [line["idx"] for line in lines] == [task["data"]["idx"] for task in tasks]
    assert {(line["annotator"], line["category"]) for line in lines} == {("", "")}
    for name, text in (("labels.jsonl", data), ("labels.json", json.dumps(tasks))):
        assert taken(given(campaign, text, letter="", name=name)).counts == {"blank": 30}


def test_the_zip_for_label_studio_holds_every_picture_that_its_tasks_name(campaign, web):
    archive = unpacked(web.get(address(campaign, "labels_labelstudio_zip")))
    folder = f"nearmiss-campaign-{campaign.pk}"
    tasks = json.loads(archive.read(f"{folder}/labelstudio.json"))
    config = archive.read(f"{folder}/labelstudio.xml").decode()
    through_label_studio(tasks, config, {})
    assert '<Text name="prompt" value="$prompt"/>' in config and '<Image name="right" value="$right"/>' in config
    for task in tasks:
        for part in ("right", "given"):
            path = task["data"][part].removeprefix("/data/local-files/?d=")
            assert Image.open(io.BytesIO(archive.read(path))).format == "JPEG"
    assert len([name for name in archive.namelist() if name.endswith(".jpg")]) == 2 * len(tasks)
    assert archive.testzip() is None
    inline = exported(campaign, web, pictures="inline")[0]["data"]["right"]
    picture = base64.b64decode(inline.removeprefix("data:image/jpeg;base64,"))
    path = tasks[0]["data"]["right"].removeprefix("/data/local-files/?d=")
    assert picture == archive.read(path)


def test_label_studio_is_not_told_which_picture_of_a_blind_campaign_is_which(campaign, web):
    blind = annotation_parts.campaign(campaign.run, name="Blind", blind=True)
    tasks, plain = exported(blind, web, pictures="inline"), exported(campaign, web, pictures="inline")
    assert all("right" not in task["data"] and "given" not in task["data"] for task in tasks)
    config = web.get(address(blind, "labels_config")).content.decode()
    assert "Wanted" not in config and "Retrieved" not in config
    wanted = {task["data"]["idx"]: task["data"]["right"] for task in plain}
    turned = [task["data"]["one"] != wanted[task["data"]["idx"]] for task in tasks if task["data"]["idx"] in wanted]
    assert any(turned) and not all(turned)


def test_broken_lines_of_a_file_are_named_and_the_rest_is_read():
    good = json.dumps({"idx": "3", "annotator": "A", "category": "object"})
    content = records.read(f'{good}\n{{"idx": 4}}\nnonsense\n{good[:-1]}, "confidence": 9}}\n'.encode())
    assert [entry.idx for entry in content.entries] == ["3"]
    assert [str(mistake.place) for mistake in content.mistakes] == ["line 2", "line 3", "line 4"]


def studios(idx: str, *, letter: str = "A", category: str = "object", **more: str) -> str:
    """A task as Label Studio exports it, with one annotation; `more` goes in as it is written."""
    parts = [{"from_name": "category", "value": {"choices": [category]}, "meta": {"annotator": letter}}]
    told = json.dumps({"data": {"idx": idx}, "annotations": [{"result": parts}]})
    extra = {"rating": '"confidence", "value": {"rating": %s}', "note": '"note", "value": {"text": [%s]}'}
    written = "".join(f', {{"from_name": {extra[name] % value}}}' for name, value in more.items())
    return told.replace("}]}]}", "}" + written + "]}]}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rating": "Infinity"}, "infinity"),
        ({"rating": "1e400"}, "infinity"),
        ({"note": r'"a\u0000b"'}, "note holds"),
        ({"note": r'"a\ud800b"'}, "note holds"),
        ({"idx": "\ud800"}, "idx holds"),
        ({"letter": "\ud800"}, "annotator holds"),
        ({"category": "a\ud800"}, "category holds"),
    ],
)
def test_text_and_numbers_that_no_database_holds_are_named_and_the_rest_is_taken(campaign, change, said):
    first, second = own(campaign)[:2]
    file = given(campaign, f"[{studios(**({'idx': first} | change))}, {studios(second)}]", letter="", name="x.json")
    found = taken(file)
    assert [(row.verdict, row.idx) for row in found.rows] == [("error", ""), ("new", second)]
    assert found.rows[0].place.startswith("task 1") and said in found.rows[0].text
    assert LabelFile.objects.get(pk=file.pk).report["counts"] == {"error": 1, "new": 1}


def test_a_line_with_a_zero_byte_is_named_and_a_time_beyond_all_calendars_is_left_out(campaign):
    first, second = own(campaign)[:2]
    lines = [
        {"idx": first, "annotator": "A", "category": "object", "note": "a\0b"},
        {"idx": second, "annotator": "A", "category": "object", "answered_at": "0001-01-01T00:00:00+14:00"},
    ]
    found = taken(given(campaign, "\n".join(map(json.dumps, lines)), letter="", name="x.jsonl"))
    assert [row.verdict for row in found.rows] == ["error", "new"] and found.rows[0].place == "line 1"
    assert LabelEvent.objects.get().said_at is None


def test_label_studios_own_accounts_are_read_as_the_chosen_annotators():
    task = {
        "data": {"idx": "7"},
        "annotations": [{"completed_by": 12, "result": [
            {"from_name": "category", "to_name": "prompt", "type": "choices", "value": {"choices": ["Object"]}}]}],
    }  # fmt: skip
    content = labelstudio.read(json.dumps([task, {"data": {}}]).encode())
    assert [str(mistake.place) for mistake in content.mistakes] == ["task 2"]
    found = judged(content, taxonomy=DEFAULT, standings={"A": {"7": Standing(1, True, "", True)}}, letter="A")
    assert [row.verdict for row in found.taken] == ["new"]


def test_cells_that_look_like_formulas_are_quoted_and_come_back_whole(campaign, web):
    Task.objects.filter(campaign=campaign, group="A").update(prompt={"kind": "text", "text": "=1+1"})
    archive = unpacked(web.get(address(campaign, "bundle_of", letter="A")))
    assert {row["caption"] for row in table(archive.read("assign_A.csv"))} == {"'=1+1"}


def test_the_csv_of_labels_is_what_agreement_score_reads(campaign, web):
    answered(campaign)
    text = b"".join(web.get(address(campaign, "labels_csv")).streaming_content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == ["item", "annotator", "label"]
    assert [row["label"] for row in rows] == [answer.category for answer in answers_of(campaign) if answer.category]


def test_over_the_api_a_file_is_sent_and_taken_in_one_go(campaign, web):
    upload = io.BytesIO((HEAD + f"{own(campaign)[0]},x,1,2,object,\n").encode())
    upload.name = "assign_A.csv"
    answer = web.post(address(campaign, "api_labels"), {"file": upload, "annotator": "A", "take": "true"})
    assert answer.status_code == 201
    assert answer.json()["report"]["counts"] == {"new": 1}
    assert answer.json()["state"] == "taken"
    lines = b"".join(web.get(address(campaign, "api_labels")).streaming_content).decode().splitlines()
    records_ = [json.loads(line) for line in lines]
    assert [row["category"] for row in records_ if row["annotator"]] == ["object"]


@pytest.mark.parametrize(
    ("form", "page"),
    [("jsonl", "labels_jsonl"), ("csv", "labels_csv"), ("labelstudio", "labels_labelstudio"),
     ("labelstudio_zip", "labels_labelstudio_zip"), ("config", "labels_config")],
)  # fmt: skip
def test_over_the_api_labels_leave_in_every_form_of_the_page(campaign, web, form, page):
    answered(campaign)
    ours, theirs = web.get(address(campaign, "api_labels"), {"format": form}), web.get(address(campaign, page))
    assert ours.status_code == 200 and ours["Content-Type"] == theirs["Content-Type"]
    assert ours["Content-Disposition"] == theirs["Content-Disposition"]
    assert b"".join(ours) == b"".join(theirs)


def test_over_the_api_a_format_or_annotator_that_is_none_is_refused_by_name(campaign, web):
    refused = web.get(address(campaign, "api_labels"), {"format": "xml"})
    assert refused.status_code == 400 and "labelstudio_zip" in refused.content.decode()
    assert web.get(address(campaign, "api_label_sheets"), {"annotator": "Z"}).status_code == 400


def test_over_the_api_sheets_are_the_zip_of_the_page(campaign, web):
    for letter, page in (("B", address(campaign, "bundle_of", letter="B")), ("", address(campaign, "bundle"))):
        ours = web.get(address(campaign, "api_label_sheets"), {"annotator": letter})
        assert unpacked(ours).namelist() == unpacked(web.get(page)).namelist()


def test_who_still_owes_answers_gets_their_own_sheets_and_nobody_elses(campaign):
    people.member(campaign.project, people.person("rev", password=people.PASSWORD), "researcher")
    own_one = annotation_parts.campaign(campaign.run, name="With a researcher", names=("ann", "rev"))
    client = Client()
    client.force_login(User.objects.get(username="rev"))
    assert client.get(address(own_one, "bundle_of", letter="B")).status_code == 200
    for name in ("bundle", "api_label_sheets"):
        assert client.get(address(own_one, name)).status_code == 403
    assert client.get(address(own_one, "bundle_of", letter="A")).status_code == 403
    assert client.get(address(own_one, "api_label_sheets"), {"annotator": "B"}).status_code == 200
