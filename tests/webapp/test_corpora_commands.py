"""The commands that fetch and import data sets, the first against a real server that breaks connections."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.management import CommandError, call_command

from ml_core.datasets.opening import open_dataset
from ml_core.spec import BadInput
from tests.ml_core.small_sets import coco
from tests.webapp import corpora_parts as parts
from webapp.corpora import fetching
from webapp.corpora.fetching import Part, Published, fetch
from webapp.corpora.models import Corpus, Import


class Files(BaseHTTPRequestHandler):
    """Serves bytes by path, with ranges; `cut_after` bytes it drops the connection, as often as `cuts` says."""

    files: dict[str, bytes] = {}
    cuts = 0
    cut_after = 1000
    ranges = True
    asked: list[str] = []

    def do_GET(self):
        data = self.files.get(self.path)
        kind = type(self)
        kind.asked.append(f"{self.path} {self.headers.get('Range', '')}".strip())
        if data is None:
            self.send_error(404)
            return
        start = 0
        if self.ranges and (wanted := self.headers.get("Range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if kind.cuts:
            kind.cuts -= 1
            self.wfile.write(data[start : start + self.cut_after])
            self.close_connection = True
            return
        self.wfile.write(data[start:])

    def log_message(self, *args):
        pass


def zipped(root, *names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            for path in sorted((root / name).rglob("*")):
                archive.write(path, path.relative_to(root))
    return buffer.getvalue()


@pytest.fixture
def server(tmp_path):
    """A server of a small data set in two zips."""
    root = coco(tmp_path / "source", 12)
    (root / "images").rename(root / "val2017")
    for name in ("captions", "instances"):
        (root / "annotations" / f"{name}.json").rename(root / "annotations" / f"{name}_val2017.json")
    files = {"/annotations/a.zip": zipped(root, "annotations"), "/zips/val2017.zip": zipped(root, "val2017")}
    kind = type("These", (Files,), {"files": files, "asked": []})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    kind.address = f"http://127.0.0.1:{httpd.server_port}"
    yield kind
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def published(server):
    """What the server offers, with sizes and checksums."""
    sums = {path: hashlib.md5(data).hexdigest() for path, data in server.files.items()}  # noqa: S324
    return Published("Small", tuple(Part(path[1:], len(server.files[path]), sums[path]) for path in server.files))


def test_a_data_set_is_fetched_and_can_be_opened(server, published, tmp_path):
    folder = fetch(published, server.address, tmp_path / "to")
    assert len(open_dataset(f"coco:{folder}?split=val2017").item_ids) == 12
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == ["annotations", "val2017"]


def test_a_broken_connection_goes_on_where_it_was_cut(server, published, tmp_path):
    server.cuts = 3
    fetch(published, server.address, tmp_path / "to")
    assert server.asked[:4] == [
        "/annotations/a.zip",
        "/annotations/a.zip bytes=1000-",
        "/annotations/a.zip bytes=2000-",
        "/annotations/a.zip bytes=3000-",
    ]


def test_a_second_run_goes_on_from_what_the_first_left(server, published, tmp_path, monkeypatch):
    monkeypatch.setattr(fetching, "PATIENCE", 1)
    server.cuts, server.cut_after = 2, 0
    with pytest.raises(BadInput, match="Run the same command again"):
        fetch(published, server.address, tmp_path / "to")
    server.cuts, server.cut_after = 1, 1500
    fetch(published, server.address, tmp_path / "to")
    assert "/annotations/a.zip bytes=1500-" in server.asked
    asked = len(server.asked)
    fetch(published, server.address, tmp_path / "to")
    assert len(server.asked) == asked


def test_a_server_without_ranges_starts_over(server, published, tmp_path):
    server.ranges, server.cuts = False, 1
    folder = fetch(published, server.address, tmp_path / "to")
    assert len(open_dataset(f"coco:{folder}?split=val2017").item_ids) == 12


def test_another_file_than_announced_is_thrown_away(server, published, tmp_path):
    data = bytearray(server.files["/zips/val2017.zip"])
    data[500] ^= 1
    server.files["/zips/val2017.zip"] = bytes(data)
    with pytest.raises(BadInput, match="its checksum is not the announced one"):
        fetch(published, server.address, tmp_path / "to")
    assert not list((tmp_path / "to").glob("val2017*"))
    server.files["/zips/val2017.zip"] = b"short"
    with pytest.raises(BadInput, match="5 bytes came where"):
        fetch(published, server.address, tmp_path / "to")


def test_a_file_that_is_not_there_and_an_odd_address_are_told_at_once(server, published, tmp_path):
    del server.files["/zips/val2017.zip"]
    with pytest.raises(BadInput, match="HTTP Error 404"):
        fetch(published, server.address, tmp_path / "to")
    with pytest.raises(BadInput, match="no http or https address"):
        fetch(published, "file:///etc", tmp_path / "to")


def test_the_command_fetches_from_the_address_of_the_settings(server, published, tmp_path, settings, monkeypatch):
    monkeypatch.setitem(fetching.PUBLISHED, "val2017", published)
    out = io.StringIO()
    call_command("fetch_coco", "val2017", to=tmp_path / "to", base=server.address, stdout=out)
    assert f"coco:{tmp_path / 'to'}?split=val2017" in out.getvalue()


@pytest.fixture
def places(settings, tmp_path):
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"


def run(*words, **options):
    out = io.StringIO()
    call_command("import_corpus", *words, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_data_set_is_imported_from_the_command_line(places, tmp_path):
    parts.project()
    reference = f"coco:{coco(tmp_path / 'set', 20)}"
    told = run(reference, project="birds", name="Twenty")
    assert "20 pictures, 100 captions, 2 categories" in told
    assert Corpus.objects.get().item_count == 20
    run(reference, project="birds", name="Seven", sample=7, seed=3)
    assert Corpus.objects.get(name="Seven").item_count == 7


@pytest.mark.django_db(transaction=True)
def test_the_command_line_says_what_is_wrong_and_leaves_nothing(places, tmp_path):
    root = coco(tmp_path / "set", 20)
    with pytest.raises(CommandError, match="There is no project 'fish'") as stopped:
        run(f"coco:{root}", project="fish", name="x")
    assert stopped.value.returncode == 2
    parts.project()
    with pytest.raises(CommandError, match="no such folder or file"):
        run("coco:/nowhere", project="birds", name="x")
    (root / "images" / "000000000002.jpg").write_bytes(b"")
    with pytest.raises(CommandError, match="--leave-out"):
        run(f"coco:{root}", project="birds", name="x")
    assert "broken-picture" in run(f"coco:{root}", project="birds", name="x", look_only=True)
    assert (Corpus.objects.count(), Import.objects.filter(state="checked").count()) == (0, 0)
    run(f"coco:{root}", project="birds", name="x", leave_out=True)
    assert Corpus.objects.get().item_count == 19
    with pytest.raises(CommandError, match="called “x” in this project already"):
        run(f"coco:{root}", project="birds", name="x")
