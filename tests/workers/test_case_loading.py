"""A run's cases become rows of a partition of its own, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from django.db import connection

from tests.webapp.case_parts import evaluated
from webapp.corpora.models import Caption, Item
from webapp.experiments.case_loading import load_cases
from webapp.experiments.lifecycle import Ghost
from webapp.experiments.models import Case, Run

pytestmark = pytest.mark.django_db(transaction=True)


def parquet(folder: Path, run: Run) -> Path:
    return folder / f"cases-{run.pk}.parquet"


def again(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(state="running")


def test_rows_are_the_files_to_the_last_digit(project, tmp_path):
    run = evaluated(project, tmp_path)
    written = {row["number"]: row for row in pq.read_table(parquet(tmp_path, run)).to_pylist()}
    assert Case.objects.filter(run_id=run.pk).count() == len(written) == run.case_count
    for case in Case.objects.filter(run_id=run.pk):
        row = written[case.number]
        assert {name: getattr(case, name) for name in row} == row


def test_a_case_carries_its_caption_and_its_pictures_categories(project, tmp_path):
    run = evaluated(project, tmp_path)
    corpus = run.inputs.get().corpus
    for case in Case.objects.filter(run_id=run.pk):
        caption = case.prompt if case.prompt_kind == "text" else case.right
        assert case.prompt_text == Caption.objects.get(corpus=corpus, number=caption).text
        assert case.category_numbers == Item.objects.get(corpus=corpus, number=case.unit).category_numbers


def test_captions_with_tabs_newlines_and_backslashes_arrive_whole(project, tmp_path):
    run = evaluated(project, tmp_path)
    odd = "a\tdog\\n on\n two \\. lines"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE corpora_caption SET text = %s WHERE number = 0", [odd])
    again(run)
    load_cases(run.pk, 1, parquet(tmp_path, run))
    assert Case.objects.get(run_id=run.pk, direction="t2i", prompt=0).prompt_text == odd


def test_loading_twice_leaves_each_case_once(project, tmp_path):
    run = evaluated(project, tmp_path)
    again(run)
    assert load_cases(run.pk, 1, parquet(tmp_path, run)) == Case.objects.filter(run_id=run.pk).count()


def test_a_ghost_loads_nothing_and_leaves_what_is_there(project, tmp_path):
    run = evaluated(project, tmp_path)
    again(run)
    with pytest.raises(Ghost):
        load_cases(run.pk, 0, parquet(tmp_path, run))
    assert Case.objects.filter(run_id=run.pk).count() == run.case_count
