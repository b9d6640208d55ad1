"""The claim bundle: the same claim is the same bytes, comes back whole, and nothing odd in a zip gets through."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml_core.claims import archive
from ml_core.claims.archive import MANIFEST, manifest, pack, unpack
from ml_core.claims.bundle import Claim, claim_hash, read_bundle, write_bundle
from ml_core.claims.plan import Answer, Label, Registration, fingerprint
from ml_core.methods import card
from ml_core.spec import BadInput
from tests.ml_core.claimed import DATA, claim, written

Files = dict[str, bytes]


@pytest.fixture(scope="module")
def made() -> Claim:
    return claim()


def changed(path: Path, change: Callable[[Files], None]) -> Path:
    """The bundle with some files changed and its manifest made to fit them."""
    files = unpack(path)
    change(files)
    path.write_bytes(pack(files))
    return path


def test_the_same_claim_gives_the_same_bytes_whatever_the_order_of_its_parts(made: Claim, tmp_path: Path) -> None:
    one, two = tmp_path / "one.zip", tmp_path / "two.zip"
    turned = replace(
        made,
        labels=made.labels[::-1],
        answers=made.answers[::-1],
        runs=dict(reversed(made.runs.items())),
        statistics=dict(reversed(made.statistics.items())),
    )
    assert write_bundle(one, made) == write_bundle(two, turned)
    assert one.read_bytes() == two.read_bytes()
    assert claim_hash(one) == write_bundle(tmp_path / "three.zip", made)


def test_what_was_written_is_read_back(made: Claim, tmp_path: Path) -> None:
    said = Registration("2", "t2i", "half", "recall@1", 0.02, 150, "all at once", DATA, "2026-11-21T09:00:00Z", "count")
    plan = replace(made.plan, registration=said)
    back = read_bundle(written(tmp_path, replace(made, plan=plan)))
    assert back.plan == plan
    assert sorted(back.labels, key=lambda row: row.query) == sorted(made.labels, key=lambda row: row.query)
    assert sorted(back.answers, key=lambda row: row.query) == sorted(made.answers, key=lambda row: row.query)
    assert back.statistics == json.loads(json.dumps(made.statistics))
    for name, run in made.runs.items():
        assert (back.runs[name].title, back.runs[name].spec) == (run.title, run.spec)
        for direction, outcomes in run.outcomes.items():
            found = back.runs[name].outcomes[direction]
            np.testing.assert_array_equal(found.rank_Q, outcomes.rank_Q)
            np.testing.assert_array_equal(found.first_Q, outcomes.first_Q)
            assert list(found.id_Q) == list(outcomes.id_Q)


def test_a_fingerprint_is_that_of_the_spec() -> None:
    spec = card("retrieval.evaluate").parse({"data": "scenes:10", "encoder": "hf:x"})
    assert fingerprint("retrieval.evaluate", spec.model_dump(mode="json")) == spec.fingerprint("retrieval.evaluate")


@pytest.mark.parametrize("name", ["=1+1", "'=1", "'", "a,b\nc", '"', "@x", "-5", "图"])
def test_cells_come_back_as_they_were_and_none_is_a_formula(made: Claim, tmp_path: Path, name: str) -> None:
    labels = [Label("t2i", name, "count")]
    path = written(tmp_path, replace(made, labels=labels, answers=[Answer("t2i", name, "B", name)]))
    back = read_bundle(path)
    assert back.labels == labels
    assert back.answers[0].category == name
    assert not unpack(path)["labels.csv"].decode().splitlines()[1].split(",", 1)[1].lstrip('"').startswith(("=", "@"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../../evil.json", "which no bundle"),
        ("/etc/passwd", "which no bundle"),
        ("outcomes/../x.parquet", "which no bundle"),
        ("outcomes/a\\b.parquet", "which no bundle"),
        ("specs/..json", "which no bundle"),
        ("notes.txt", "which no bundle"),
        ("specs/", "which no bundle"),
        ("specs/99.json", "plan.json names no such run"),
    ],
)
def test_a_file_that_no_bundle_has_is_refused(tmp_path: Path, name: str, said: str) -> None:
    path = changed(written(tmp_path), lambda files: files.update({name: b"{}"}))
    with pytest.raises(BadInput, match=said):
        read_bundle(path)


@pytest.mark.parametrize("name", ["plan.json", "labels.csv", "statistics.json", "specs/2.json", "outcomes/1.parquet"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    path = changed(written(tmp_path), lambda files: files.pop(name))
    with pytest.raises(BadInput, match=f"{name} is missing"):
        read_bundle(path)


def rewritten(path: Path, name: str, write: Callable[[zipfile.ZipFile], None]) -> Path:
    """The zip without one of its files, and with what `write` adds."""
    with zipfile.ZipFile(path) as old:
        kept = {entry: old.read(entry) for entry in old.namelist() if entry != name}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for entry, content in kept.items():
            new.writestr(entry, content)
        write(new)
    return path


def test_a_changed_file_whose_hash_was_left_is_refused(tmp_path: Path) -> None:
    path = rewritten(written(tmp_path), "labels.csv", lambda new: new.writestr("labels.csv", b"direction\n"))
    with pytest.raises(BadInput, match=r"labels\.csv is not the file that manifest\.json describes"):
        read_bundle(path)


def test_a_file_that_grows_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = b" " * (8 * 2**20)
    path = rewritten(written(tmp_path), "plan.json", lambda new: new.writestr("plan.json", bomb))
    with pytest.raises(BadInput, match=r"plan\.json grows more than 200-fold"):
        read_bundle(path)


def test_a_huge_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path)
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(BadInput, match="is the most"):
        read_bundle(path)


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("plan.json")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = rewritten(written(tmp_path), "plan.json", lambda new: new.writestr(link, b"/etc/passwd"))
    with pytest.raises(BadInput, match="is a link or a folder"):
        read_bundle(path)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_file_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    path = rewritten(written(tmp_path), "", lambda new: new.writestr("plan.json", b"{}"))
    with pytest.raises(BadInput, match=r"plan\.json twice"):
        read_bundle(path)


def test_what_is_no_zip_is_refused(tmp_path: Path) -> None:
    whole = written(tmp_path)
    (tmp_path / "text.zip").write_text("hello")
    (tmp_path / "half.zip").write_bytes(whole.read_bytes()[:-2000])
    for name in ("text.zip", "half.zip"):
        with pytest.raises(BadInput, match="not a readable zip"):
            read_bundle(tmp_path / name)
    with pytest.raises(BadInput, match="cannot read"):
        read_bundle(tmp_path / "absent.zip")


def test_a_damaged_byte_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_bundle(path)


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    return bytes(sink.getvalue())


def _set(name: str, content: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({name: content})


def _edit(name: str, old: bytes, new: bytes) -> Callable[[Files], None]:
    return lambda files: files.update({name: files[name].replace(old, new, 1)})


def _ranks_from_zero(files: Files) -> None:
    table = pq.read_table(pa.BufferReader(files["outcomes/1.parquet"]))
    zero = pa.array(np.zeros(table.num_rows, np.int32))
    files["outcomes/1.parquet"] = _parquet(table.set_column(4, "rank", zero))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_set("outcomes/1.parquet", b"PAR1"), "not a readable Parquet"),
        (_set("outcomes/1.parquet", _parquet(pa.table({"a": [1]}))), "has the columns"),
        (_ranks_from_zero, "ranks start at 1"),
        (_set("plan.json", b"[" * 100_000), r"plan\.json is not the JSON"),
        (_set("statistics.json", b'{"a": NaN}'), "NaN is no number"),
        (_set("statistics.json", b'{"a": 1, "a": 2}'), "twice"),
        (_set("statistics.json", b"[]"), "no object of numbers"),
        (_edit("plan.json", b'"seed": 0', b'"seed": -1'), "seed: must be at least 0"),
        (_edit("plan.json", b'"seed": 0', b'"sneed": 0'), "sneed: unexpected keyword argument"),
        (_edit("labels.csv", b"direction,query", b"query,direction"), "must have the columns"),
        (_edit("labels.csv", b"single", b"guessed"), r"labels\.csv, row 2: origin"),
        (_edit("labels.csv", b"single,", b"single,,"), r"labels\.csv, row 2: it has 7 cells"),
        (_edit("answers.csv", b",A,", b",Ann,"), r"answers\.csv, row 2: annotator"),
        (_edit("specs/1.json", b'"method"', b'"way"'), "must hold method, spec and fingerprint"),
    ],
)
def test_content_of_another_kind_is_named(tmp_path: Path, change: Callable[[Files], None], said: str) -> None:
    path = changed(written(tmp_path), change)
    with pytest.raises(BadInput, match=said):
        read_bundle(path)


def test_a_bundle_of_another_version_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    other = manifest(unpack(path)).replace(b'"version": 1', b'"version": 2')
    rewritten(path, MANIFEST, lambda new: new.writestr(MANIFEST, other))
    with pytest.raises(BadInput, match="version 2"):
        read_bundle(path)
