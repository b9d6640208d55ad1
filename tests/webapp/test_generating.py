"""The model endpoint: an administrator sets it, its key is sealed and shown to nobody but the runs that ask it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core import serializers
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.ml_core.generators.serving import Reply, as_json, completion, prompt_of, serving
from tests.ml_core.small_sets import class_folders
from tests.runs import *  # noqa: F403
from tests.tiny_models import tiny_clip
from tests.webapp.case_parts import drawn
from webapp.accounts.models import AuditEvent, User
from webapp.corpora.models import Corpus
from webapp.experiments.actions import launch_run
from webapp.experiments.files import store
from webapp.experiments.generating.actions import set_endpoint
from webapp.experiments.generating.queries import KeyLost, address_and_key
from webapp.experiments.models import Artifact, CaptionFile, LogLine, Metric, ModelEndpoint, RegisteredModel, Run
from workers.child import child_environment
from workers.tasks import run_next

pytestmark = pytest.mark.django_db(transaction=True)
KEY, URL = "sk-very-secret-0123456789", "https://models.example.org/v1"
PAGE, API = reverse("experiments:endpoint"), reverse("experiments:api_endpoint")


@pytest.fixture(autouse=True)
def folders(settings, tmp_path: Path) -> None:
    """Store and cache of this test alone."""
    settings.NEARMISS_STORE = str(tmp_path / "store")
    settings.NEARMISS_CACHE = tmp_path / "cache"


@pytest.fixture
def root(db) -> User:
    """An administrator of the installation."""
    return User.objects.create_superuser("root", "root@example.org", "a long password")


@pytest.fixture
def web(root: User) -> Client:
    """A browser in which the administrator is signed in."""
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def corpus(project, tmp_path: Path) -> Corpus:
    """Three pictures of two classes."""
    folder = class_folders(tmp_path / "classes", {"red ball": 2, "green tree": 1})
    return drawn(project, f"imagefolder:{folder}", "Toys")


def posted(web: Client, **values: str) -> str:
    form = {"base_url": URL, "key": "", "models": "gpt-4o"} | values
    return web.post(PAGE, form, follow=True).content.decode()


def test_the_key_is_sealed_never_shown_and_cleared_with_its_address(web) -> None:
    assert "No endpoint yet" in web.get(PAGE).content.decode()
    shown = posted(web, key=KEY, models="gpt-4o\n\nqwen2.5:7b\ngpt-4o")
    assert KEY not in shown and URL in shown and "set, and shown to nobody" in shown
    row = ModelEndpoint.objects.get()
    assert KEY not in row.sealed_key and row.model_names == ["gpt-4o", "qwen2.5:7b"]
    assert address_and_key() == (URL, KEY)
    posted(web)
    assert address_and_key() == (URL, KEY)  # an empty box keeps it
    posted(web, base_url="https://other.example.org/v1")
    assert address_and_key() == ("https://other.example.org/v1", "")
    posted(web, base_url=URL, key="another")
    assert address_and_key() == (URL, "another")
    told = list(AuditEvent.objects.filter(verb="endpoint.set").order_by("id").values_list("details", flat=True))
    assert [entry["key"] for entry in told] == ["set", "kept", "cleared", "set"]
    assert KEY not in json.dumps(told) and "example.org" not in json.dumps(told)
    web.post(reverse("experiments:endpoint_forget"))
    assert address_and_key() == ("", "") and AuditEvent.objects.filter(verb="endpoint.forgotten").exists()


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ({"base_url": "ftp://models.example.org"}, "begins with https://"),
        ({"base_url": "https://me:secret@models.example.org"}, "the key has a field of its own"),
        ({"base_url": "", "key": KEY}, "goes nowhere"),
        ({"key": "schlüssel"}, "cannot be a key"),
        ({"models": "two words"}, "as the endpoint has them"),
    ],
)
def test_what_cannot_be_set_is_told_at_its_field_and_nothing_changes(web, values, part: str) -> None:
    answer = web.post(PAGE, {"base_url": URL, "key": "", "models": ""} | values)
    page = answer.content.decode()
    assert answer.status_code == 422 and part in page and KEY not in page
    assert not ModelEndpoint.objects.exists()


def test_a_program_sets_and_forgets_it_and_is_not_told_the_key(web) -> None:
    answer = web.put(API, {"base_url": URL, "key": KEY, "models": ["m"]}, content_type="application/json")
    assert answer.json() | {"changed_at": 0} == {
        "base_url": URL, "models": ["m"], "has_key": True, "from_environment": False, "changed_by": "root",
        "changed_at": 0,
    }  # fmt: skip
    assert KEY not in web.get(API).content.decode()
    wrong = web.put(API, {"base_url": "here"}, content_type="application/json")
    assert wrong.status_code == 400 and ModelEndpoint.objects.get().base_url == URL
    assert web.delete(API).status_code == 204 and not ModelEndpoint.objects.exists()


def test_where_nothing_is_set_the_environment_is_asked(web, monkeypatch) -> None:
    monkeypatch.setenv("MODEL_API_URL", "https://env.example.org/v1")
    monkeypatch.setenv("MODEL_API_KEY", KEY)
    page = web.get(PAGE).content.decode()
    assert "https://env.example.org/v1" in page and "MODEL_API_URL" in page and KEY not in page
    assert address_and_key() == ("https://env.example.org/v1", KEY)
    posted(web, base_url="", models="m")  # models can be named for it
    assert address_and_key() == ("https://env.example.org/v1", KEY)


def test_a_key_of_another_secret_key_is_lost_and_a_run_says_so(root, settings, project, owner) -> None:
    set_endpoint(base_url=URL, key=KEY, models=["m"], actor=root, now=timezone.now())
    settings.SECRET_KEY = "another one that is long enough to be one"
    with pytest.raises(KeyLost):
        address_and_key()
    with pytest.raises(Exception, match="enter it again"):
        child_environment(Run(method="synce.class_captions", spec={"generator": "endpoint:m"}))


def test_only_the_child_of_a_run_that_asks_the_endpoint_sees_it(root, monkeypatch) -> None:
    set_endpoint(base_url=URL, key=KEY, models=["m"], actor=root, now=timezone.now())
    monkeypatch.setenv("MODEL_API_KEY", "of the environment")
    asking = child_environment(Run(method="synce.class_captions", spec={"generator": "endpoint:m"}))
    assert (asking["MODEL_API_URL"], asking["MODEL_API_KEY"]) == (URL, KEY)
    local = Run(method="synce.image_captions", spec={"generator": "model:tiny"})
    other = Run(method="zeroshot.evaluate", spec={"generator": "endpoint:m"})
    for environment in (child_environment(local), child_environment(other), child_environment()):
        assert "MODEL_API_KEY" not in environment and "MODEL_API_URL" not in environment
        assert KEY not in environment.values()


def writer(body, number: int) -> Reply:
    """Attributes, then two captions a class; the first answer is a refusal that repeats the key."""
    if number == 0:
        return as_json(503, {"error": {"message": f"busy, {KEY}"}})
    return completion("a large ball\na small ball" if "Describe how" in prompt_of(body) else "its colour\nits size")


def test_a_run_asks_the_endpoint_and_its_key_stands_nowhere(root, owner, project, corpus, tmp_path: Path) -> None:
    RegisteredModel.objects.create(slug="tiny", name="Tiny", reference=f"hf:{tiny_clip()}", created_at=timezone.now())
    spec = {"data": f"corpus:{corpus.pk}", "encoder": "model:tiny", "generator": "endpoint:gpt-4o", "count": 2}
    with serving(writer) as seen:
        set_endpoint(base_url=seen.url, key=KEY, models=["gpt-4o"], actor=root, now=timezone.now())
        run = launch_run(project=project, method="synce.class_captions", values=spec, actor=owner, now=timezone.now())
        run_next(run.queue)
    run.refresh_from_db()
    assert run.state == Run.State.SUCCEEDED, run.failure
    assert len(seen.bodies) == 4 and set(seen.keys) == {f"Bearer {KEY}"}
    (file,) = Artifact.objects.filter(run=run, path="class_captions.json")
    assert json.loads(store().read_bytes(file.key))["red ball"]["captions"] == ["a large ball", "a small ball"]
    assert Metric.objects.filter(run=run, name="tokens_in", slice="", step=-1).get().value == 30
    rows = [*Run.objects.all(), *LogLine.objects.all(), *Artifact.objects.all(), *AuditEvent.objects.all()]
    told = serializers.serialize("json", rows)
    files = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()).decode("utf-8", "replace")
    for secret in (KEY, seen.url):
        assert secret not in told and secret not in files


def test_the_form_offers_the_endpoints_models_and_refuses_others(web, owner, project, corpus, root) -> None:
    set_endpoint(base_url=URL, key="", models=["gpt-4o"], actor=root, now=timezone.now())
    RegisteredModel.objects.create(slug="seer", name="Seer", reference="local:seer", created_at=timezone.now())
    client = Client()
    client.force_login(owner)
    address = reverse("experiments:new", kwargs={"slug": "birds", "method": "synce.class_captions"})
    page = client.get(f"{address}?preset=gpt-4o").content.decode()
    assert 'value="endpoint:gpt-4o" selected' in page and 'value="model:seer"' in page
    for generator, part in (("endpoint:gpt-5", "no model “gpt-5”"), ("local:/etc", "cannot be named here")):
        values = {"data": f"corpus:{corpus.pk}", "encoder": "model:seer", "generator": generator}
        answer = client.post(
            reverse("experiments:api_runs", kwargs={"slug": "birds"}),
            {"method": "synce.class_captions", "spec": values},
            content_type="application/json",
        )
        told = answer.content.decode()
        assert answer.status_code == 400 and part in told and "writes text" in told


def test_captions_that_are_there_are_offered_to_be_measured_by_the_method_of_their_side_alone(
    owner, project, corpus
) -> None:
    client = Client()
    client.force_login(owner)
    now = {"project": project, "corpus": corpus, "state": "ready", "byte_count": 9, "created_at": timezone.now()}
    files = {
        side: CaptionFile.objects.create(side=side, name=side, key=side, **now)
        for side in ("class_captions", "image_captions")
    }
    for side, other in (tuple(files), tuple(files)[::-1]):
        address = reverse("experiments:new", kwargs={"slug": "birds", "method": f"synce.{side}"})
        page = client.get(f"{address}?generator=captions:{files[side].pk}").content.decode()
        assert f'value="captions:{files[side].pk}" selected' in page
        values = {"data": f"corpus:{corpus.pk}", "generator": f"captions:{files[other].pk}"}
        assert "holds captions of" in client.post(address, values).content.decode()
