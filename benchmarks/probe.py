"""A changed caption on a case among 5,000 cached embeddings, over HTTP, as its page asks: sent, looked for, there.

The text side has the size of CLIP ViT-B/32's, with random weights; the pictures' embeddings are random too, for neither
changes how long it takes. Beside it: what the answer would take in a process started for it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from benchmarks._database import DATABASE, database
from benchmarks.harness import Row
from ml_core.datasets.opening import open_dataset
from ml_core.store import Store
from ml_core.store.embeddings import EmbeddingCache
from tests.parts.site import Site
from tests.webapp import people
from tests.webapp.case_parts import evaluated
from webapp.experiments.cases.queries import case_of
from webapp.experiments.models import Probe, RegisteredModel, Run
from webapp.local import embedded
from workers.child import child_environment
from workers.probing import _question
from workers.warm_child import COMMAND

PICTURES, WIDTH = 5_000, 512
LIMIT = 0.5  # p95, seconds


def measure(quick: bool) -> list[Row]:
    """Latencies of a person's page; `quick` among fewer pictures."""
    with database(), tempfile.TemporaryDirectory() as folder:
        settings.NEARMISS_STORE, settings.NEARMISS_CACHE = f"{folder}/store", Path(folder) / "cache"
        Path(settings.NEARMISS_STORE).mkdir()
        run = _run(Path(folder), 300 if quick else PICTURES)
        times = _tried(run, Path(folder), 10 if quick else 60)
        cold = statistics.median(_cold(run) for _ in range(1 if quick else 3))
    p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
    about = f"{len(times)} captions, one after the other"
    return [
        Row("a caption tried over HTTP, p95", "limit", "500 ms", p95, LIMIT, 1.0, note=about),
        Row("a caption tried over HTTP, median", "limit", "500 ms", p50, LIMIT, note=about),
        Row("a caption tried, median", "naive", "a process started for it", p50, cold, 2.0),
    ]


def _run(folder: Path, pictures: int) -> Run:
    """A finished evaluation of so many drawn scenes whose embeddings stand in the cache."""
    project = people.project("Bench", people.person("bench"))
    run = evaluated(project, folder, pictures=pictures, both=False)
    reference = f"hf:{_model(folder / 'model')}"
    RegisteredModel.objects.create(slug="bench", name="Bench", reference=reference, created_at=timezone.now())
    corpus = run.inputs.get().corpus
    assert corpus is not None
    facts = {"data_hash": corpus.content_hash, "model": "hf:model", "preprocessing_hash": "p" * 64}
    facts["model_revision"] = _revision(reference)
    run.spec, run.provenance = {"data": f"corpus:{corpus.pk}", "encoder": "model:bench"}, facts
    run.save(update_fields=["spec", "provenance"])
    cache = EmbeddingCache(
        Store(settings.NEARMISS_STORE), corpus.content_hash, f"hf:model@{facts['model_revision']}", "p" * 64
    )
    draw = np.random.default_rng(0)
    for start, stop in cache.chunks("images", pictures):
        rows_NE = draw.normal(size=(stop - start, WIDTH)).astype(np.float32)
        cache.write("images", start, rows_NE / np.linalg.norm(rows_NE, axis=1, keepdims=True))
    assert len(open_dataset(_asked(run, "")["data"]).item_ids) == pictures
    return run


def _model(folder: Path) -> Path:
    """A CLIP with the text side of ViT-B/32 and next to nothing to see with, made by a process of its own."""
    code = (
        "import sys, tests.tiny_models as tiny; from transformers import *; from pathlib import Path;"
        "folder = Path(sys.argv[1]); tokens = tiny._word_tokenizer();"
        "ends = dict(bos_token_id=tokens.bos_token_id, eos_token_id=tokens.eos_token_id, pad_token_id=0);"
        "text = CLIPTextConfig(**ends);"
        "see = CLIPVisionConfig(image_size=32, patch_size=16, hidden_size=32, intermediate_size=64,"
        " num_hidden_layers=1, num_attention_heads=2);"
        "CLIPModel(CLIPConfig(text_config=text.to_dict(), vision_config=see.to_dict(), projection_dim=512))"
        ".save_pretrained(folder); tokens.save_pretrained(folder);"
        "CLIPImageProcessor(size={'shortest_edge': 32}, crop_size={'height': 32, 'width': 32}).save_pretrained(folder)"
    )
    folder.mkdir()
    subprocess.run([COMMAND[0], "-c", code, str(folder)], check=True, capture_output=True)
    return folder


def _revision(reference: str) -> str:
    code = "import sys; from ml_core.encoders import load_encoder; print(load_encoder(sys.argv[1]).revision)"
    done = subprocess.run([COMMAND[0], "-c", code, reference], check=True, capture_output=True, text=True)
    return done.stdout.split()[-1]


def _asked(run: Run, text: str) -> dict[str, Any]:
    case = case_of(run, 4)
    assert case is not None
    return _question(run, case, text, unchanged=False)


def _cold(run: Run) -> float:
    """Seconds of the same answer by a process that is started for it."""
    line = json.dumps(_asked(run, "a ball that nobody asked")) + "\n"
    start = time.perf_counter()
    done = subprocess.run(COMMAND, input=line, capture_output=True, text=True, env=child_environment(), check=True)
    assert "rank" in json.loads(done.stdout), done.stdout + done.stderr
    return time.perf_counter() - start


def _tried(run: Run, folder: Path, count: int) -> list[float]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "webapp.settings.test",
        "DATABASE_URL": settings.PLACES.database_url(embedded.APP, DATABASE),
        "REDIS_URL": settings.CELERY_BROKER_URL,
        "REDIS_CACHE_DB": settings.CACHES["default"]["LOCATION"].rpartition("=")[2],
        "NEARMISS_STORE": str(settings.NEARMISS_STORE),
        "NEARMISS_CACHE": str(settings.NEARMISS_CACHE),
        "PYTHONUNBUFFERED": "1",
    }
    (folder / "logs").mkdir()
    site = Site(folder / "logs", environment)
    site.start("web", "probe")
    person = people.browser(run.project.memberships.get().user)
    session = person.cookies[settings.SESSION_COOKIE_NAME].value
    token = "c" * 32
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    headers = {"Cookie": cookies, "Host": "localhost", "HX-Request": "true", "X-CSRFToken": token}
    try:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=120)) as line:
            for number in range(3):  # the first loads everything
                _once(line, headers, run, f"a warm ball {number}")
            return [_once(line, headers, run, f"a red ball number {number} on a beach") for number in range(count)]
    except AssertionError as error:
        raise AssertionError(site.text("web")[-2000:] + site.text("probe")[-2000:]) from error
    finally:
        site.stop()


def _once(line: http.client.HTTPConnection, headers: dict[str, str], run: Run, text: str) -> float:
    """Seconds from sending a caption until its column holds the answer; the page's pauses are kept."""
    Probe.objects.all().delete()  # a case holds so many
    connection.close()
    there = reverse("experiments:probes", kwargs={"slug": run.project.slug, "run_id": run.pk, "number": 4})
    form = headers | {"Content-Type": "application/x-www-form-urlencoded"}
    start = time.perf_counter()
    page = _answer(line, "POST", there, form, urlencode({"text": text}))
    while look := re.search(r'hx-get="([^"]+)" hx-trigger="load delay:(\d+)ms"', page):
        time.sleep(int(look[2]) / 1000)
        page = _answer(line, "GET", look[1], headers)
        assert time.perf_counter() - start < 120, page[:500]
    assert "probe-number" in page, page
    return time.perf_counter() - start


def _answer(
    line: http.client.HTTPConnection, method: str, address: str, headers: dict[str, str], body: str = ""
) -> str:
    line.request(method, address, body=body or None, headers=headers)
    answer = line.getresponse()
    page = answer.read().decode()
    assert answer.status == 200, page[:500]
    return page
