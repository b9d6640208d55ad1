"""Captions of classes from an endpoint: asked once for attributes, once a class, again for what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ml_core.events import Log, Metric, Progress, Provenance
from ml_core.generators import door
from ml_core.generators.recorded import read_class_captions
from ml_core.generators.types import NoAnswer
from ml_core.methods import card
from ml_core.spec import BadInput, Context
from tests import tiny_models
from tests.ml_core import small_sets
from tests.ml_core.generators.serving import Reply, Seen, completion, prompt_of, serving
from tests.ml_core.recorded import run_method

KEY = "sk-very-secret-0123456789"
NAMES = ["red ball", "blue cube", "green tree"]
WORDS = "on in under beside two three one jumps runs sleeps park street beach photo with small large".split()  # noqa: SIM905


def writer(body: dict[str, Any], number: int) -> Reply:
    """Writes as many captions as it is asked for."""
    prompt = prompt_of(body)
    if wanted := re.search(r"Write (\d+) different", prompt):
        name = re.search(r"“(.*?)”", prompt)[1]  # type: ignore[index]
        begin = prompt.count("\n")
        lines = [f"- {name} {WORDS[begin + n]}" for n in range(int(wanted[1]))]
        return completion("\n".join(lines), (100, 50))
    return completion("colour of it\nshape of it", (40, 10))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = small_sets.class_folders(tmp_path_factory.mktemp("things"), {"r": 1, "b": 1, "t": 1})
    names = dict(zip("rbt", NAMES, strict=True))
    small_sets.write(root / "classes.json", {"domain": "drawn thing", "classes": names})
    return f"imagefolder:{root}"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    with serving(lambda body, number: seen.reply(body, number)) as seen:  # type: ignore[attr-defined]
        seen.reply = writer  # type: ignore[attr-defined]
        monkeypatch.setenv(door.URL, seen.url)
        monkeypatch.setenv(door.KEY, KEY)
        yield seen


def wrote(out: Path, data: str, **values: Any) -> tuple[dict[str, Any], dict[str, float], list[Any]]:
    """(the file, final metrics, events) of a run."""
    settings = {"generator": "endpoint:gpt-4o", "encoder": f"hf:{tiny_models.tiny_clip()}", "count": 4} | values
    events = run_method("synce.class_captions", out, data=data, **settings)
    metrics = {event.name: event.value for event in events if isinstance(event, Metric) and event.step is None}
    return json.loads((out / "class_captions.json").read_text("utf-8")), metrics, events


def said(events: list[Any]) -> list[str]:
    return [event.message for event in events if isinstance(event, Log)]


def test_one_question_for_attributes_and_one_a_class(endpoint: Seen, tmp_path: Path, data: str) -> None:
    file, metrics, events = wrote(tmp_path, data, price_in=2, price_out=10, concurrency=1)
    prompts = endpoint.prompts()
    assert len(prompts) == 4 and sum("tell these classes apart" in prompt for prompt in prompts) == 1
    assert "colour of it; shape of it" in prompts[1] and "drawn thing" in prompts[1]
    read = read_class_captions(str(tmp_path / "class_captions.json"), ["blue cube", "red ball", "green tree"])
    assert [len(row) for row in read.captions] == [4, 4, 4] and not read.warnings
    assert all(row[0].startswith(name) for row, name in zip(read.captions, NAMES[1::-1] + NAMES[2:], strict=True))
    similarities = [value for row in read.similarities for value in row or ()]
    assert len(set(similarities)) > 6 and all(-1 <= value <= 1 for value in similarities)
    assert (metrics["captions"], metrics["tokens_in"], metrics["tokens_out"]) == (12, 340, 160)
    assert metrics["cost"] == pytest.approx((340 * 2 + 160 * 10) / 1e6)
    assert file["_meta"]["generator"] == "endpoint:gpt-4o" and file["_meta"]["attributes"] == [
        "colour of it",
        "shape of it",
    ]
    assert file["_meta"]["model"].startswith("hf:clip") and file["_meta"]["asked"]["tokens_in"] == 340
    assert any(isinstance(event, Progress) and event.stage == "Captions of classes" for event in events)
    assert any(isinstance(event, Metric) and event.name == "cost" and event.step for event in events)
    (facts,) = [event.facts for event in events if isinstance(event, Provenance)]
    assert facts["domain"] == "drawn thing" and facts["seed"] == 0 and len(facts["data_hash"]) == 64


def test_a_second_run_pays_nothing_and_writes_the_same(endpoint: Seen, tmp_path: Path, data: str) -> None:
    first, _, _ = wrote(tmp_path, data)
    asked = len(endpoint.bodies)
    second, metrics, _ = wrote(tmp_path, data)
    assert len(endpoint.bodies) == asked and metrics["cost"] == 0 and metrics["cached"] == 4
    assert metrics["tokens_in/all"] == 340 and second["_meta"]["asked"]["tokens_out/all"] == 160
    assert {**first, "_meta": 0} == {**second, "_meta": 0}


def test_only_what_is_missing_is_asked_for_again(endpoint: Seen, tmp_path: Path, data: str) -> None:
    def lazy(body: dict[str, Any], number: int) -> Reply:
        prompt = prompt_of(body)
        if "Write 4 different" in prompt and "“blue cube”" in prompt:
            return completion("a blue side\nA BLUE SIDE.\na blue top\nblue cube")
        return writer(body, number)

    endpoint.reply = lazy  # type: ignore[attr-defined]
    file, metrics, _ = wrote(tmp_path, data)
    again = [prompt for prompt in endpoint.prompts() if "there already" in prompt]
    assert len(again) == 1 and "Write 2 different" in again[0] and again[0].endswith("a blue side\na blue top")
    assert file["blue cube"]["captions"][:2] == ["a blue side", "a blue top"] and metrics["captions"] == 12


def test_a_class_with_too_few_is_told_and_one_with_none_is_refused(endpoint: Seen, tmp_path: Path, data: str) -> None:
    def stubborn(body: dict[str, Any], number: int) -> Reply:
        prompt = prompt_of(body)
        if "“blue cube”" in prompt:
            return completion("always the same line")
        return completion("??") if "“green tree”" in prompt and nothing else writer(body, number)

    nothing, endpoint.reply = False, stubborn  # type: ignore[attr-defined]
    file, metrics, events = wrote(tmp_path / "a", data, rounds=2)
    assert file["blue cube"]["captions"] == ["always the same line"] and metrics["captions_least"] == 1
    assert any(
        "Fewer than 4" in event.message and "“blue cube”" in event.message for event in events if isinstance(event, Log)
    )
    assert sum("“blue cube”" in prompt for prompt in endpoint.prompts()) == 3
    nothing = True
    with pytest.raises(NoAnswer, match=r"captions of “green tree”\. Its last answer begins"):
        wrote(tmp_path / "b", data, rounds=1)
    assert not list((tmp_path / "b").glob("*.json*")) and list((tmp_path / "b" / "cache" / "answers").rglob("*.json"))


@pytest.mark.parametrize("nonsense", ["", "?!", "{}", "<>"])
def test_attributes_that_cannot_be_read_are_named_and_nothing_is_written(
    endpoint: Seen, tmp_path: Path, data: str, nonsense: str
) -> None:
    endpoint.reply = lambda body, number: completion(nonsense)  # type: ignore[attr-defined]
    with pytest.raises(NoAnswer):
        wrote(tmp_path, data, rounds=1, attempts=1)
    assert not list(tmp_path.glob("class_captions*"))


def test_an_apology_counts_as_missing_and_is_asked_again(endpoint: Seen, tmp_path: Path, data: str) -> None:
    def shy(body: dict[str, Any], number: int) -> Reply:
        return completion("I'm sorry, I cannot describe weapons.") if number % 2 == 0 else writer(body, number)

    endpoint.reply = shy  # type: ignore[attr-defined]
    file, metrics, _ = wrote(tmp_path, data, concurrency=1)
    assert metrics["captions"] == 12 and metrics["answers"] > 4 and "sorry" not in json.dumps(file)
    endpoint.reply = lambda body, number: completion("As an AI, I cannot.")  # type: ignore[attr-defined]
    with pytest.raises(NoAnswer, match=r"attributes that tell the classes apart.*As an AI"):
        wrote(tmp_path / "b", data, rounds=1)


def test_captions_that_several_classes_share_are_told_of(endpoint: Seen, tmp_path: Path, data: str) -> None:
    endpoint.reply = lambda body, number: completion("one for all\nanother for all")  # type: ignore[attr-defined]
    _, metrics, events = wrote(tmp_path, data, count=2)
    assert metrics["distinct"] == pytest.approx(2 / 6)
    assert any("2 captions stand at more than one class" in line for line in said(events))


def test_after_a_resume_the_cost_of_this_run_and_of_all_are_told_apart(
    endpoint: Seen, tmp_path: Path, data: str
) -> None:
    def broke(body: dict[str, Any], number: int) -> Reply:
        prompt = prompt_of(body)
        if "“green tree”" in prompt:
            return completion("", (1000, 0))
        return writer(body, number)

    endpoint.reply = broke  # type: ignore[attr-defined]
    prices = {"price_in": 1, "price_out": 10, "attempts": 1}
    encoder = f"hf:{tiny_models.tiny_clip()}"
    settings = {"data": data, "generator": "endpoint:gpt-4o", "encoder": encoder, "count": 4} | prices
    method, context = card("synce.class_captions"), Context(out=tmp_path, cache=str(tmp_path / "cache"))
    told: list[Any] = []
    with pytest.raises(NoAnswer):
        told.extend(method.load()(method.parse(settings), context))
    paid = {event.name: event.value for event in told if isinstance(event, Metric) and event.step is None}
    assert paid["tokens_in"] == 1240 and paid["cost"] == pytest.approx((1240 + 110 * 10) / 1e6)
    endpoint.reply = writer  # type: ignore[attr-defined]
    file, metrics, _ = wrote(tmp_path, data, **prices)
    assert (metrics["tokens_in"], metrics["tokens_in/all"]) == (100, 1340)
    assert metrics["cost/all"] == pytest.approx(paid["cost"] + metrics["cost"]) and metrics["cached"] == 3
    assert file["_meta"]["asked"]["cost/all"] == metrics["cost/all"]


def test_one_class_is_written_anew_and_the_others_stay(endpoint: Seen, tmp_path: Path, data: str) -> None:
    first, _, _ = wrote(tmp_path / "a", data)
    base = str(tmp_path / "a" / "class_captions.json")
    endpoint.bodies.clear()
    endpoint.reply = lambda body, number: completion("one\ntwo\nthree\nfour of it")  # type: ignore[attr-defined]
    second, _, _ = wrote(tmp_path / "b", data, base=base, only=["blue cube"], seed=1)
    assert len(endpoint.bodies) == 1 and "“blue cube”" in endpoint.prompts()[0]
    assert second["blue cube"]["captions"] == ["one", "two", "three", "four of it"]
    assert second["red ball"] == first["red ball"] and second["_meta"]["base"]["written_anew"] == ["blue cube"]
    with pytest.raises(BadInput, match="no “grey cat”") as caught:
        wrote(tmp_path / "c", data, base=base, only=["grey cat"])
    assert caught.value.field == "only"
    with pytest.raises(BadInput, match="given together"):
        wrote(tmp_path / "c", data, only=["blue cube"])


def test_captions_that_are_there_already_are_checked_and_measured(tmp_path: Path, data: str) -> None:
    (tmp_path / "brought.json").write_text(json.dumps({name: [f"a {name} here"] for name in NAMES}))
    file, metrics, _ = wrote(tmp_path, data, generator=f"recorded:{tmp_path / 'brought.json'}")
    assert file["red ball"]["captions"] == ["a red ball here"] and len(file["red ball"]["similarities"]) == 1
    assert metrics["answers"] == 0 and file["_meta"]["generator"] == "recorded"
    (tmp_path / "brought.json").write_text(json.dumps({"red ball": ["a"]}))
    with pytest.raises(BadInput, match="“blue cube” is missing"):
        wrote(tmp_path / "b", data, generator=f"recorded:{tmp_path / 'brought.json'}")


def test_a_wrong_encoder_or_generator_is_refused_before_anything_is_asked(
    endpoint: Seen, tmp_path: Path, data: str
) -> None:
    for values in ({"encoder": "hf:nobody/nothing"}, {"generator": "gpt-4o"}, {"generator": "endpoint:"}):
        with pytest.raises(BadInput) as caught:
            wrote(tmp_path, data, **values)
        assert caught.value.field in values
    assert not endpoint.bodies


def test_the_key_stands_in_no_file_and_no_event(endpoint: Seen, tmp_path: Path, data: str) -> None:
    _, _, events = wrote(tmp_path, data)
    kept = "".join(path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file())
    for secret in (KEY, endpoint.url, endpoint.url.removeprefix("http://").removesuffix("/v1")):
        assert secret not in kept and secret not in repr(events)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"base": "a.json"}, "“base” and “only” are given together"),
        ({"only": ["ant"]}, "“base” and “only” are given together"),
        ({"base": "a.json", "only": ["ant"], "generator": "recorded:b.json"}, "are measured, not written anew"),
    ],
)
@pytest.mark.parametrize("key", ["synce.class_captions", "synce.image_captions"])
def test_what_is_written_anew_is_named_whole_and_by_a_model_that_writes(
    key: str, values: dict[str, Any], told: str
) -> None:
    given = {"data": "imagefolder:a", "encoder": "hf:b", "generator": "endpoint:m"} | values
    with pytest.raises(BadInput, match=told):
        card(key).parse(given)
