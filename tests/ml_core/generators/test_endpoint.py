"""An endpoint that is slow, wrong, rate limiting or dead; what is paid for is kept, and the key is shown nowhere."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ml_core.generators import door as doors
from ml_core.generators.door import Door, address_problem, from_environment
from ml_core.generators.endpoint import Endpoint, Terms
from ml_core.generators.pace import Pace, asked_to_wait, backing_off
from ml_core.generators.types import Answer, Lost, NoAnswer, Picture, Sampling, Spent, ask
from ml_core.spec import BadInput, Stopped
from ml_core.store import Store
from tests.ml_core import small_sets
from tests.ml_core.generators.serving import Drop, Reply, as_json, completion, page, prompt_of, serving
from webapp.settings import env

KEY = "sk-very-secret-0123456789"
QUICK = Terms(timeout=5, pause=0.01)


def endpoint(url: str, folder: Path, terms: Terms = QUICK, **changes: Any) -> Endpoint:
    return Endpoint("m", Door(url, KEY), terms, Store(folder / "cache"), **changes)


def texts(answers: list[Answer]) -> list[str]:
    return [answer.text for answer in sorted(answers, key=lambda answer: answer.number)]


def echo(body: dict[str, Any], number: int) -> Reply:
    return completion(f"said: {prompt_of(body)}")


def after(count: int, first: Callable[[], Reply], then: Callable[..., Reply] = echo) -> Callable[..., Reply]:
    return lambda body, number: first() if number < count else then(body, number)


def test_every_question_is_answered_once_and_the_second_time_from_what_is_kept(tmp_path: Path) -> None:
    requests = [ask(f"q{n}") for n in range(10)]
    with serving(echo) as seen:
        answers = list(endpoint(seen.url, tmp_path, Terms(price_in=2, price_out=10)).generate(requests))
        again = list(endpoint(seen.url, tmp_path).generate(requests))
    assert texts(answers) == texts(again) == [f"said: q{n}" for n in range(10)]
    assert sorted(seen.prompts()) == sorted(f"q{n}" for n in range(10))
    assert set(seen.keys) == {f"Bearer {KEY}"}
    assert not any(answer.cached for answer in answers) and all(answer.cached for answer in again)
    assert answers[0].tokens_in == 10 and answers[0].cost == pytest.approx((10 * 2 + 5 * 10) / 1e6)
    assert again[0].spent == answers[0].spent


def test_another_temperature_seed_ordinal_system_or_model_is_another_question(tmp_path: Path) -> None:
    requests = [
        ask("q"),
        ask("q", ordinal=1),
        ask("q", system="be brief"),
        ask("q", Sampling(temperature=0)),
        ask("q", Sampling(seed=5)),
        ask("q", Sampling(max_tokens=9)),
    ]
    with serving(echo) as seen:
        list(endpoint(seen.url, tmp_path).generate(requests))
        other = Endpoint("other", Door(seen.url), QUICK, Store(tmp_path / "cache"))
        list(other.generate(requests[:1]))
    assert len(seen.bodies) == 7
    assert {body["model"] for body in seen.bodies} == {"m", "other"}
    sent = seen.bodies[[body["max_tokens"] for body in seen.bodies].index(9)]
    assert sent["messages"] == [{"role": "user", "content": "q"}] and sent["temperature"] == 0.7


def test_pictures_are_sent_as_small_jpegs_before_the_words(tmp_path: Path) -> None:
    data = small_sets.picture(3, (2000, 1000), "PNG")
    request = ask("what is it?")
    request = type(request)(request.messages, pictures=(Picture(hashlib.sha256(data).hexdigest(), lambda: data),))
    with serving(echo) as seen:
        list(endpoint(seen.url, tmp_path).generate([request]))
    first, second = seen.bodies[0]["messages"][-1]["content"]
    head, _, body = first["image_url"]["url"].partition(",")
    image = Image.open(io.BytesIO(base64.b64decode(body)))
    assert head == "data:image/jpeg;base64" and image.size == (1024, 512) and second["text"] == "what is it?"


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_answered(tmp_path: Path) -> None:
    broken = ask("broken")
    broken = type(broken)(broken.messages, pictures=(Picture("0" * 64, lambda: b"no picture", "red/1.png"),))
    gone = Picture("1" * 64, (tmp_path / "gone.png").read_bytes, "red/2.png")
    missing = type(broken)(broken.messages, pictures=(gone,))
    told = r"2 of 4 questions.*A picture cannot be sent: red/1\.png: not a pic.*red/2\.png: the file cannot be read: No"
    with serving(echo) as seen, pytest.raises(NoAnswer, match=told):
        list(endpoint(seen.url, tmp_path, Terms(concurrency=1)).generate([ask("a"), broken, missing, ask("b")]))
    assert sorted(seen.prompts()) == ["a", "b"]


def test_no_more_than_the_agreed_number_is_asked_at_once(tmp_path: Path) -> None:
    def slow(body: dict[str, Any], number: int) -> Reply:
        time.sleep(0.03)
        return echo(body, number)

    with serving(slow) as seen:
        list(endpoint(seen.url, tmp_path, Terms(concurrency=3)).generate([ask(f"{n}") for n in range(12)]))
    assert seen.most_at_once == 3


def test_requests_keep_to_so_many_a_minute(tmp_path: Path) -> None:
    with serving(echo) as seen:
        list(endpoint(seen.url, tmp_path, Terms(per_minute=600)).generate([ask(f"{n}") for n in range(5)]))
    assert seen.times[-1] - seen.times[0] > 0.35  # five requests, a tenth of a second apart


def test_after_a_hold_those_who_waited_start_one_after_the_other() -> None:
    pace, began = Pace(per_minute=1200), []
    until = time.monotonic() + 0.2
    pace.hold(0.2)
    threads = [threading.Thread(target=lambda: pace.turn() and began.append(time.monotonic())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(at - until >= place * 0.05 - 1e-3 for place, at in enumerate(sorted(began))) and len(began) == 4


def test_who_waits_for_a_turn_is_let_go_where_all_stops() -> None:
    pace = Pace()
    pace.hold(60)
    threading.Timer(0.05, pace.halted.set).start()
    assert not pace.turn()


@pytest.mark.parametrize(
    "trouble",
    [
        lambda: (200, {"Content-Type": "application/json"}, b"{nonsense"),
        lambda: page(),
        lambda: page(502),
        lambda: as_json(200, {"choices": []}),
        lambda: as_json(200, ["choices"]),
        lambda: as_json(200, {"choices": [{"message": {"content": None}}]}),
        lambda: completion("  "),
        lambda: as_json(500, {"error": {"message": "overloaded"}}),
        lambda: as_json(429, {"error": {"message": "slow down"}}, Retry_After="0.05"),
    ],
    ids=["broken", "page", "bad-gateway", "no-choices", "a-list", "no-text", "blank", "error", "too-many"],
)
def test_an_endpoint_that_is_wrong_twice_is_asked_a_third_time(tmp_path: Path, trouble: Callable[[], Reply]) -> None:
    with serving(after(2, trouble)) as seen:
        answers = list(endpoint(seen.url, tmp_path).generate([ask("q")]))
    assert texts(answers) == ["said: q"] and len(seen.bodies) == 3


def test_a_dropped_connection_is_tried_again(tmp_path: Path) -> None:
    def dropped() -> Reply:
        raise Drop

    with serving(after(2, dropped)) as seen:
        assert texts(list(endpoint(seen.url, tmp_path).generate([ask("q")]))) == ["said: q"]


def test_a_slow_endpoint_is_given_up_and_tried_again(tmp_path: Path) -> None:
    def slow(body: dict[str, Any], number: int) -> Reply:
        time.sleep(0.6 if number == 0 else 0)
        return echo(body, number)

    with serving(slow) as seen:
        terms = Terms(timeout=0.3, pause=0.01)
        assert texts(list(endpoint(seen.url, tmp_path, terms).generate([ask("q")]))) == ["said: q"]
    assert len(seen.bodies) == 2


def test_nobody_asks_before_the_time_that_a_busy_endpoint_names(tmp_path: Path) -> None:
    def busy() -> Reply:
        return as_json(429, {}, Retry_After="0.4")

    with serving(after(1, busy)) as seen:
        list(endpoint(seen.url, tmp_path, Terms(concurrency=1, pause=0.01)).generate([ask("a"), ask("b")]))
    assert seen.times[1] - seen.times[0] > 0.35


@pytest.mark.parametrize(
    ("reply", "part"),
    [
        (lambda: (200, {}, b"{nonsense"), "is no JSON"),
        (page, "is a web page"),
        (lambda: as_json(200, {"choices": []}), "has no choices"),
        (lambda: as_json(503, {"error": {"message": "model is loading"}}), "answered 503: model is loading"),
        (lambda: as_json(400, {"error": {"message": "too long"}}), "answered 400: too long"),
        (lambda: as_json(401, {"error": {"message": f"bad key {KEY}"}}), "did not accept the key"),
        (lambda: as_json(404, {}), "no such model"),
        (lambda: (302, {"Location": "http://elsewhere.test/"}, b""), "leads somewhere else"),
    ],
)
def test_an_endpoint_that_stays_wrong_is_named_and_nothing_is_kept(
    tmp_path: Path, reply: Callable[[], Reply], part: str
) -> None:
    with serving(lambda body, number: reply()) as seen, pytest.raises(NoAnswer, match=part) as caught:
        list(endpoint(seen.url, tmp_path, Terms(attempts=2, pause=0.01)).generate([ask("q")]))
    assert caught.value.advice and not list((tmp_path / "cache").rglob("*.json"))


def test_a_dead_endpoint_is_given_up_after_a_few_questions_not_after_all(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
    terms = Terms(attempts=2, pause=0.01, concurrency=2)
    with pytest.raises(NoAnswer, match=r"2 of 500 questions.*cannot be reached \(nobody listens there\)"):
        list(endpoint(url, tmp_path, terms).generate([ask(f"{n}") for n in range(500)]))


def test_a_wrong_key_ends_everything_at_the_first_answer(tmp_path: Path) -> None:
    with serving(lambda body, number: as_json(401, {})) as seen, pytest.raises(NoAnswer, match="the key"):
        list(endpoint(seen.url, tmp_path, Terms(concurrency=1)).generate([ask(f"{n}") for n in range(50)]))
    assert len(seen.bodies) == 1


def test_one_refused_question_does_not_cost_the_answers_to_the_others(tmp_path: Path) -> None:
    def some(body: dict[str, Any], number: int) -> Reply:
        refused = as_json(400, {"error": {"message": "not allowed"}})
        return refused if prompt_of(body) == "bad" and number < 3 else echo(body, number)

    with serving(some) as seen:
        with pytest.raises(NoAnswer, match=r"1 of 3 questions got no answer.*not allowed"):
            list(endpoint(seen.url, tmp_path).generate([ask("bad"), ask("a"), ask("b")]))
        list(endpoint(seen.url, tmp_path).generate([ask("bad"), ask("a"), ask("b")]))
    assert sorted(seen.prompts()) == ["a", "b", "bad", "bad"]


def test_a_refusal_that_is_the_same_for_all_ends_it_after_the_first_few(tmp_path: Path) -> None:
    def refuse(body: dict[str, Any], number: int) -> Reply:
        return as_json(400, {"error": {"message": f"temperature is not supported (request r-{number}a)"}})

    terms = Terms(concurrency=2)
    with serving(refuse) as seen, pytest.raises(NoAnswer, match=r"3 of 200 questions.*temperature is not supported"):
        list(endpoint(seen.url, tmp_path, terms).generate([ask(f"{n}") for n in range(200)]))
    assert len(seen.bodies) <= 5


def test_refusals_that_differ_or_come_after_an_answer_end_nothing(tmp_path: Path) -> None:
    def some(body: dict[str, Any], number: int) -> Reply:
        prompt = prompt_of(body)
        return as_json(400, {"error": {"message": f"no {prompt}"}}) if prompt != "last" else echo(body, number)

    requests = [ask(prompt) for prompt in ("cats", "dogs", "cows", "owls", "last")]
    with serving(some) as seen, pytest.raises(NoAnswer, match="4 of 5 questions"):
        list(endpoint(seen.url, tmp_path, Terms(concurrency=1)).generate(requests))


def test_what_is_kept_tells_that_an_endpoint_does_answer(tmp_path: Path) -> None:
    with serving(after(1, lambda: completion("said"), lambda body, number: as_json(400, {}))) as seen:
        list(endpoint(seen.url, tmp_path).generate([ask("q")]))
        with pytest.raises(NoAnswer, match="9 of 10 questions"):
            list(endpoint(seen.url, tmp_path).generate([ask("q"), *(ask(f"bad {n}") for n in range(9))]))


def test_models_that_call_the_limit_by_another_name_are_asked_by_that(tmp_path: Path) -> None:
    def newer(body: dict[str, Any], number: int) -> Reply:
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return as_json(400, {"error": {"message": message}})
        return echo(body, number)

    with serving(newer) as seen:
        assert len(list(endpoint(seen.url, tmp_path, Terms(concurrency=1)).generate([ask("a"), ask("b")]))) == 2
    assert len(seen.bodies) == 3 and seen.bodies[-1]["max_completion_tokens"] == 512


def test_several_threads_that_are_refused_at_once_all_ask_again_by_the_other_name(tmp_path: Path) -> None:
    together = threading.Barrier(4)

    def newer(body: dict[str, Any], number: int) -> Reply:
        if "max_tokens" in body:
            together.wait(10)  # nobody is refused before four have asked
            return as_json(400, {"error": {"message": "'max_tokens' is unknown. Use 'max_completion_tokens' instead."}})
        return echo(body, number)

    with serving(newer) as seen:
        answers = list(endpoint(seen.url, tmp_path, Terms(concurrency=4)).generate([ask(f"q{n}") for n in range(8)]))
    assert texts(answers) == [f"said: q{n}" for n in range(8)] and len(seen.bodies) == 12


def test_an_answer_that_was_cut_off_says_so(tmp_path: Path) -> None:
    with serving(lambda body, number: completion("half a", reason="length")) as seen:
        (answer,) = endpoint(seen.url, tmp_path).generate([ask("q")])
        (kept,) = endpoint(seen.url, tmp_path).generate([ask("q")])
    assert not answer.whole and not kept.whole


def test_who_asks_to_stop_gets_what_is_under_way_and_nothing_new(tmp_path: Path) -> None:
    stop = threading.Event()

    def slow(body: dict[str, Any], number: int) -> Reply:
        if number == 3:
            stop.set()
        time.sleep(0.2 if number >= 2 else 0)
        return echo(body, number)

    requests = [ask(f"{n}") for n in range(40)]
    came: list[Answer] = []
    with serving(slow) as seen:
        with pytest.raises(Stopped):
            came.extend(endpoint(seen.url, tmp_path, Terms(concurrency=2), stop=stop.is_set).generate(requests))
        asked = len(seen.bodies)
        list(endpoint(seen.url, tmp_path).generate(requests))
    assert len(came) == asked <= 6 and len(seen.bodies) == 40


def test_what_is_charged_for_replies_of_no_use_is_counted_and_kept_in_mind(tmp_path: Path) -> None:
    empty = lambda: completion("", (100, 0))  # noqa: E731
    terms = Terms(attempts=2, pause=0.01, price_in=1e6, price_out=1e6)
    with serving(after(3, empty)) as seen:
        first, second, third = (endpoint(seen.url, tmp_path, terms) for _ in range(3))
        with pytest.raises(NoAnswer, match="holds no text"):
            list(first.generate([ask("q")]))
        (answer,) = second.generate([ask("q")])
        (kept,) = third.generate([ask("q")])
    assert first.lost == Lost(Spent(200, 0, 200))
    assert second.lost == Lost(Spent(100, 0, 100), Spent(200, 0, 200)) and answer.spent == Spent(10, 5, 15)
    assert third.lost == Lost() and kept.spent == Spent(310, 5, 315) and kept.text == "said: q"


def test_a_damaged_answer_is_asked_for_again(tmp_path: Path) -> None:
    with serving(echo) as seen:
        list(endpoint(seen.url, tmp_path).generate([ask("q")]))
        (file,) = (tmp_path / "cache").rglob("*.json")
        file.write_text(file.read_text()[:40])
        assert texts(list(endpoint(seen.url, tmp_path).generate([ask("q")]))) == ["said: q"]
    assert len(seen.bodies) == 2


CHILD = """
    import sys
    from ml_core.generators.door import from_environment
    from ml_core.generators.endpoint import Endpoint, Terms
    from ml_core.generators.types import ask
    from ml_core.store import Store
    made = Endpoint("m", from_environment(), Terms(concurrency=2, pause=0.01), Store(sys.argv[1]))
    for answer in made.generate([ask(f"q{n}") for n in range(12)]):
        print(answer.text, flush=True)
"""


def test_a_run_killed_midway_asks_only_for_the_rest(tmp_path: Path) -> None:
    gate = threading.Event()

    def stuck(body: dict[str, Any], number: int) -> Reply:
        if number >= 6:
            gate.wait(20)
        return echo(body, number)

    with serving(stuck) as seen:
        command = [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path / "cache")]
        surroundings = os.environ | {doors.URL: seen.url, doors.KEY: KEY}
        child = subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        first = [child.stdout.readline().strip() for _ in range(6)]
        child.send_signal(signal.SIGKILL)
        child.wait()
        gate.set()
        paid = {prompt_of(body) for body in seen.bodies[:6]}
        seen.bodies.clear()
        second = list(endpoint(seen.url, tmp_path).generate([ask(f"q{n}") for n in range(12)]))
    assert {f"said: {prompt}" for prompt in paid} == set(first)
    assert texts(second) == [f"said: q{n}" for n in range(12)]
    assert sorted(seen.prompts()) == sorted({f"q{n}" for n in range(12)} - paid)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_the_key_and_the_address_are_in_nothing_that_is_raised_or_kept(tmp_path: Path, status: int) -> None:
    def telling(body: dict[str, Any], number: int) -> Reply:
        if prompt_of(body) == "good":
            return completion("fine")
        return as_json(status, {"error": {"message": f"Incorrect API key {KEY} at {seen.url}"}})

    with serving(telling) as seen:
        made = endpoint(seen.url, tmp_path, Terms(attempts=1, concurrency=1))
        try:
            list(made.generate([ask("good"), ask("bad")]))
        except NoAnswer as error:
            shown = "".join(traceback.format_exception(error)) + error.advice + repr(made) + repr(Door(seen.url, KEY))
        kept = "".join(path.read_text() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    port = seen.url.split(":")[2]
    for secret in (KEY, seen.url, port.split("/")[0] + "/v1"):
        assert secret not in shown and secret not in kept


def test_a_model_that_repeats_the_key_is_quoted_without_it(tmp_path: Path) -> None:
    with serving(lambda body, number: completion(f"a red hull\nBearer {KEY} at {seen.url}")) as seen:
        (answer,) = endpoint(seen.url, tmp_path).generate([ask("q")])
    kept = "".join(path.read_text() for path in (tmp_path / "cache").rglob("*") if path.is_file())
    assert answer.text == "a red hull\nBearer ••• at •••" and "a red hull" in kept
    assert KEY not in kept and seen.url not in kept


def test_words_that_happen_to_be_a_placeholder_or_a_host_stay_in_an_answer() -> None:
    assert Door("http://models/v1", "none").hide_in_answer("Class: none of the models") == "Class: none of the models"


def test_another_endpoint_is_asked_anew_and_the_same_one_is_not(tmp_path: Path) -> None:
    with serving(echo) as first, serving(lambda body, number: completion("of the other")) as second:
        list(endpoint(first.url, tmp_path).generate([ask("q")]))
        assert texts(list(endpoint(second.url, tmp_path).generate([ask("q")]))) == ["of the other"]
        assert texts(list(endpoint(f"{first.url}/", tmp_path).generate([ask("q")]))) == ["said: q"]
    assert len(first.bodies) == len(second.bodies) == 1


def test_the_variables_are_the_ones_that_the_project_declares(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    declared = {variable.name: variable for variable in env.VARIABLES}
    assert declared[doors.KEY].secret and doors.URL in declared
    monkeypatch.delenv(doors.KEY, raising=False)
    monkeypatch.delenv(doors.URL, raising=False)
    with pytest.raises(BadInput, match=doors.URL) as caught:
        from_environment()
    assert caught.value.field == "generator"
    (tmp_path / "key").write_text(f"{KEY}\n")
    monkeypatch.setenv(doors.URL, "https://models.test/v1")
    monkeypatch.setenv(f"{doors.KEY}_FILE", str(tmp_path / "key"))
    assert from_environment() == Door("https://models.test/v1", KEY)
    monkeypatch.setenv(f"{doors.KEY}_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="cannot be read"):
        from_environment()


@pytest.mark.parametrize(
    "url",
    ["models.test/v1", "ftp://models.test", "https:///v1", "https://me:pass@models.test/v1", "https://m.test/?a=b",
     "https://m.test/#a", "https://m .test/", "https://m.test:99999/", "https://[::1", "file:///etc/passwd"],
)  # fmt: skip
def test_what_is_no_address_of_an_endpoint_is_refused_without_repeating_it(url: str) -> None:
    problem = address_problem(url)
    assert problem and url not in problem


def test_a_date_in_retry_after_is_understood_and_nonsense_is_not() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=30))
    assert 25 < (asked_to_wait({"retry-after": later}) or 0) <= 30
    assert asked_to_wait({"retry-after": "2"}) == 2
    assert asked_to_wait({"retry-after": "1e9"}) == 300
    assert asked_to_wait({"retry-after": "-5"}) == 0
    for text in ("soon", "nan", ""):
        assert asked_to_wait({"retry-after": text}) is None


def test_pauses_double_and_are_spread() -> None:
    assert all(0.5 * 2**n <= backing_off(n + 1, 1) <= 1.5 * 2**n for n in range(5))
    assert backing_off(30, 1) <= 450 and len({backing_off(1, 1) for _ in range(9)}) > 1


def test_methods_and_types_load_no_client() -> None:
    code = "import sys, ml_core.methods, ml_core.generators.types, ml_core.generators.recorded;"
    code += "ml_core.methods.cards(); print(sorted({'openai', 'torch', 'transformers'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_answers_are_kept_as_plain_json(tmp_path: Path) -> None:
    with serving(echo) as seen:
        list(endpoint(seen.url, tmp_path).generate([ask("q")]))
    (file,) = (tmp_path / "cache").rglob("*.json")
    assert json.loads(file.read_text())["text"] == "said: q"
