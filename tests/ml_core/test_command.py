"""`python -m ml_core`: its shape, its exit codes, its words for people and for programs, and stopping when asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ml_core import events
from ml_core.command.main import main
from tests.ml_core import small_sets
from tests.ml_core.recorded import Recorded, recorded
from tests.runs import example_package
from tests.tiny_models import tiny_clip

__all__ = ["example_package"]

COMMAND = [sys.executable, "-m", "ml_core"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A small set with recorded embeddings."""
    return recorded(tmp_path_factory.mktemp("recorded"), pictures=12)


def call(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": f"{os.environ.get('PYTHONPATH', '')}:{Path.cwd()}"}
    return subprocess.run([*COMMAND, *words], capture_output=True, text=True, timeout=120, cwd=cwd, env=environment)


def call_here(*words: str) -> int:
    """The command in this process, which has loaded everything already; it gets back its signals, which a run takes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        return main(list(words))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def told_here(capfd: pytest.CaptureFixture[str], *words: str) -> subprocess.CompletedProcess[str]:
    """What `call` gives, from this process."""
    capfd.readouterr()
    code = call_here(*words)
    said = capfd.readouterr()
    return subprocess.CompletedProcess(words, code, said.out, said.err)


def test_alone_it_lists_every_method() -> None:
    done = call()
    assert done.returncode == 0 and done.stderr == ""
    lines = done.stdout.splitlines()
    assert lines[:2] == [
        "usage: python -m ml_core METHOD key=value … out=DIR [--events]",
        "       python -m ml_core METHOD --help",
    ]
    listed = [line.split()[0] for line in lines[4:]]
    assert listed == sorted(listed)
    assert {"failures.mine", "ranking.fuse", "ranking.score", "retrieval.evaluate"} <= set(listed)


FROZEN = """\
failures.mine · Failure mining
Lists the queries whose first answer is wrong, counts them by rank and margin, plans a sample to label.

usage: python -m ml_core failures.mine key=value … out=DIR [--events]

settings:
  run  [required]  run
      Evaluation whose failures are wanted.
  direction  [t2i]  t2i | i2t | classify
      Captions that found the wrong picture (t2i), pictures that found the wrong caption (i2t) or pictures that were given the wrong class (classify).
  size  [200]  whole number, ≥ 0, ≤ 100,000, in failures
      Failures in the sample.
  overlap  [30]  whole number, ≥ 0, ≤ 100,000, in failures
      Of these, given to every annotator.
  annotators  [3]  whole number, ≥ 1, ≤ 100
      Annotators who share the rest equally.
  backup  [20]  whole number, ≥ 0, ≤ 100,000, in failures
      Kept in reserve.
  stratify  [none]  none | rank | margin
      Draw the sample in proportion to rank buckets or to score margins.
  seed  [0]  whole number, ≥ 0, ≤ 2,147,483,647
      Seed of the sample and of the bootstrap.
  resamples  [2000]  whole number, ≥ 100, ≤ 100,000
      Bootstrap resamples behind each interval.

presets (preset=NAME):
  standard: the defaults
  stratified by rank: stratify=rank

every method also takes:
  out  [required]
      folder to write into; made where it does not exist
  spec  [none]
      JSON file of settings; settings given on the line win over it
  preset  [none]
      a named choice of settings; the file and the line win over it
  resume  [none]
      checkpoint folder of an earlier attempt to go on from
  device  [cpu]
      cpu, cuda or cuda:N
  cache  [~/.cache/nearmiss]
      folder or store URL that keeps embeddings between runs
  workers  [1]
      processes or threads that may decode pictures
"""  # noqa: E501


def test_the_help_of_a_method_keeps_its_shape() -> None:
    done = call("failures.mine", "--help")
    assert (done.returncode, done.stdout) == (0, FROZEN)


def test_every_setting_of_every_method_is_shown_with_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    for line in told_here(capfd).stdout.splitlines()[4:]:
        told = told_here(capfd, line.split()[0], "--help").stdout
        shown = told.split("every method also takes:")[0].splitlines()
        rows = shown[shown.index("settings:") + 1 :]
        for name, sentence in zip(rows[::2], rows[1::2], strict=False):
            if not name:
                break
            assert name.startswith("  ") and "[" in name, name
            assert sentence.startswith("      ") and sentence.rstrip().endswith("."), (line, sentence)


def test_it_writes_flat_metrics_and_says_them_to_people(small: Recorded, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    done = call("retrieval.evaluate", f"data={small.data}", f"encoder={small.encoder}", "ks=1,5", f"out={out}")
    assert done.returncode == 0 and done.stdout == ""
    metrics = json.loads((out / "metrics.json").read_text())
    assert {"t2i/recall@1", "t2i/recall@1.low", "t2i/recall@1.high", "t2i/recall@1.n", "i2t/recall@5"} <= set(metrics)
    assert "t2i/recall@10" not in metrics and all(isinstance(value, int | float) for value in metrics.values())
    assert f"t2i/recall@1 = {metrics['t2i/recall@1']:.4f}  [" in done.stderr
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["method"] == "retrieval.evaluate" and provenance["packages"]["numpy"]
    assert provenance["seeds"] == {"seed": 0} and len(provenance["data_hash"]) == 64
    assert "torch_threads" not in provenance  # recorded embeddings need no torch
    assert not list(out.rglob("*.part"))


def test_a_gpu_that_was_asked_for_and_not_used_is_not_told_as_used(small: Recorded, tmp_path: Path) -> None:
    words = ["retrieval.evaluate", f"data={small.data}", f"encoder={small.encoder}", "resamples=100"]
    assert call(*words, "device=cuda", f"out={tmp_path / 'out'}").returncode == 0
    assert json.loads((tmp_path / "out" / "provenance.json").read_text())["device"] == "cpu"


def test_events_are_json_lines_that_read_back(small: Recorded, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"data": small.data, "encoder": small.encoder, "ks": [1, 2]}))
    done = call("retrieval.evaluate", f"spec={settings}", "ks=3", f"out={tmp_path / 'out'}", "--events")
    assert done.returncode == 0 and done.stderr == ""
    found = [events.from_json(line) for line in done.stdout.splitlines()]
    assert isinstance(found[0], events.Provenance)
    names = [event.name for event in found if isinstance(event, events.Metric)]
    assert "t2i/recall@3" in names and "t2i/recall@2" not in names  # the line wins over the file
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert set(names) == {name for name in metrics if not name.endswith((".low", ".high", ".n"))}


def test_the_same_command_gives_the_same_numbers_in_another_process(small: Recorded, tmp_path: Path) -> None:
    words = ["retrieval.evaluate", f"data={small.data}", f"encoder={small.encoder}"]
    assert call(*words, f"out={tmp_path / 'one'}").returncode == 0
    assert call_here(*words, f"out={tmp_path / 'two'}") == 0
    one, two = ((tmp_path / name / "metrics.json").read_text() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["retrieval.guess"], "there is no method 'retrieval.guess'; there are:"),
        (["failures.mine", "size"], "cannot read 'size': settings are written key=value"),
        (["failures.mine", "run=x", "out=o", "colour=red"], "colour: there is no such setting"),
        (["failures.mine", "run=x", "out=o", "size=-1", "seed=x"], "size: must be at least 0"),
        (["failures.mine", "out=o"], "run: a value is required"),
        (["retrieval.evaluate", "data=x", "encoder=y", "out=o", "ks=0"], "error: ks.0: must be at least 1 (got '0')\n"),
        (["retrieval.evaluate", "data=x", "encoder=y", "out=o", "ks="], "error: ks: a value is required\n"),
        (["ranking.fuse", "runs=ONE", "out=o"], "runs: at least 2 values are wanted, with commas between them (got 1)"),
        (["failures.mine", "run=x"], "say where to write the results: out=DIR"),
        (["failures.mine", "run=x", "out=s3://bucket/o"], "out must be a folder of this machine (got 's3://bucket/o')"),
        (["failures.mine", "run=x", "out=o", "preset=best"], "failures.mine has no preset 'best'"),
        (["failures.mine", "run=x", "out=o", "spec=gone.json"], "cannot read the settings file gone.json"),
        (["failures.mine", "run=x", "out=o", "resume=gone"], "there is no checkpoint folder gone"),
        (["failures.mine", "run=x", "out=o", "device=gpu"], "there is no device 'gpu': write cpu, cuda or cuda:0"),
        (["failures.mine", "run=x", "out=o", "workers=0"], "workers must be a whole number"),
        (["failures.mine", "run=x", "out=o"], "there are no cases at x"),
        (["retrieval.evaluate", "data=scenes:4", "encoder=magic:1", "out=o"], "unknown encoder 'magic:1'"),
        (["retrieval.evaluate", "data=nothing", "encoder=embeddings:none.npz", "out=o"], "flickr:PATH, frozen:URL"),
        (
            ["retrieval.evaluate", "data=it:1", "encoder=x", "out=o"],
            "'it' is no kind of data set; a reference looks like",
        ),
        (["retrieval.evaluate", "data=corpus:1", "encoder=x", "out=o"], "corpus:ID names a data set in the web; here"),
        (
            ["retrieval.evaluate", "data=coco:DIR", "encoder=x", "sample=2", "seed=3", "out=o"],
            "a sample is part of the data set's reference: 'data=coco:DIR?sample=2&seed=3'",
        ),
        (
            ["retrieval.evaluate", "data=scenes:4", "encoder=run:5", "out=o"],
            "run:5 names a run in the web; here write checkpoint:PATH",
        ),
        (
            ["retrieval.evaluate", "data=scenes:4", "encoder=x", "subset=set:1/x", "out=o"],
            "set:1/x names a set in the web; here write the path of a file",
        ),
        (["retrieval.evaluate", "data=scenes:4", "encoder=embeddings:none.npz", "out=o"], "none.npz"),
    ],
)
def test_bad_input_ends_with_two_and_one_message(
    words: list[str], message: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process: what the process makes of the number, the tests of refusals below show."""
    monkeypatch.chdir(tmp_path)
    assert call_here(*words) == 2
    done = capfd.readouterr()
    assert done.out == ""
    assert done.err.count("\n") == 1 and message in done.err
    assert not list(tmp_path.iterdir()), "a refused command leaves nothing"


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_of_a_hub_that_is_not_there_is_one_message(tmp_path: Path) -> None:
    environment = os.environ | {"HF_ENDPOINT": "https://hub.invalid", "HF_HOME": str(tmp_path / "cache")}
    encoders = ["hf:nobody/nothing-of-this-name", "open_clip:ViT-B-32/laion2b_e16"]
    code = (
        "from ml_core.command.main import main\n"
        f"for encoder in {encoders}:\n"
        "    words = ['retrieval.evaluate', 'data=scenes:2?size=32', f'encoder={encoder}']\n"
        f"    assert main([*words, 'out={tmp_path / 'out'}']) == 2"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    for said, encoder in zip(done.stderr.splitlines(), encoders, strict=True):
        assert said.startswith(f"error: {encoder} could not be loaded: ")
        assert "the model hub cannot be reached" in said
    assert not (tmp_path / "out").exists()


def test_a_folder_with_results_is_refused_and_stays_as_it_is(
    small: Recorded, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["retrieval.evaluate", f"data={small.data}", "resamples=100", f"out={tmp_path / 'out'}"]
    assert call_here(*words, f"encoder={small.encoder}") == 0
    before = files_of(tmp_path / "out")
    for encoder in (small.encoder, "embeddings:gone.npz"):
        done = told_here(capfd, *words, f"encoder={encoder}", "ks=2")
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "holds the results of an earlier run: choose another folder, or remove this one first" in done.stderr
    assert files_of(tmp_path / "out") == before


def test_a_refusal_while_a_run_is_prepared_leaves_nothing_in_a_fresh_or_empty_folder(
    small: Recorded, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    for out in ("empty", "fresh/below"):
        words = [f"data={small.data}", "encoder=embeddings:gone.npz", f"out={tmp_path / out}"]
        assert call_here("retrieval.evaluate", *words) == 2
    assert [path.name for path in tmp_path.rglob("*")] == ["empty"]


def test_a_run_resumed_into_its_own_folder_ends_with_its_results_there(example_package: Path, tmp_path: Path) -> None:
    words = ["example.count", "steps=60", "every=10", f"out={tmp_path}"]
    child = subprocess.Popen([*COMMAND, *words, "pause=0.05", "--events"], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    next(line for line in child.stdout if '"checkpoint"' in line)
    child.terminate()
    rest = [events.from_json(line) for line in child.stdout]
    assert child.wait(timeout=60) == 143
    checkpoint = [event for event in rest if isinstance(event, events.Checkpoint)][-1]
    assert call_here(*words, "pause=0", f"resume={tmp_path / checkpoint.path}") == 0
    assert json.loads((tmp_path / "metrics.json").read_text())["total"] == sum(range(60))
    assert json.loads((tmp_path / "spec.json").read_text())["spec"]["pause"] == 0


def test_bad_input_is_the_last_event_with_its_field(tmp_path: Path) -> None:
    done = call("failures.mine", "run=x", f"out={tmp_path}", "size=-1", "--events")
    last = events.from_json(done.stdout.splitlines()[-1])
    assert done.returncode == 2 and isinstance(last, events.Failure) and last.field == "size"


def test_a_failure_ends_with_one_a_reason_and_a_log(example_package: Path, tmp_path: Path) -> None:
    done = call("example.count", "ending=badly", f"out={tmp_path}", "--events")
    assert done.returncode == 1
    last = events.from_json(done.stdout.splitlines()[-1])
    assert isinstance(last, events.Failure) and "lost count" in last.reason and "error.log" in last.advice
    assert "lost count" in done.stderr and "Traceback" not in done.stderr
    assert "Traceback" in (tmp_path / "error.log").read_text()


def test_the_spec_a_run_leaves_runs_it_again(
    example_package: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call_here("example.count", "steps=3", "seed=5", f"out={tmp_path / 'one'}") == 0
    spec = f"spec={tmp_path / 'one' / 'spec.json'}"
    assert call_here("example.count", spec, f"out={tmp_path / 'two'}") == 0
    one, two = ((tmp_path / name / "metrics.json").read_text() for name in ("one", "two"))
    assert one == two
    wrong = told_here(capfd, "failures.mine", spec, f"out={tmp_path / 'three'}")
    assert wrong.returncode == 2 and "holds the settings of example.count, not of failures.mine" in wrong.stderr


def test_a_preset_gives_way_to_the_line(
    example_package: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    done = told_here(capfd, "example.count", "preset=quick", "seed=40", "words=one, two", f"out={tmp_path}")
    assert done.returncode == 0 and "one\ntwo\n" in done.stderr
    assert json.loads((tmp_path / "metrics.json").read_text())["total"] == 41
    assert json.loads((tmp_path / "spec.json").read_text())["spec"]["steps"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_stop_it_checkpoints_and_can_go_on(example_package: Path, tmp_path: Path, number: int) -> None:
    words = ["example.count", "steps=60", "pause=0.05", "every=50"]
    child = subprocess.Popen([*COMMAND, *words, f"out={tmp_path}", "--events"], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for line in child.stdout:
        if '"progress"' in line:
            child.send_signal(number)
            break
    rest = [events.from_json(line) for line in child.stdout]
    assert child.wait(timeout=60) == 128 + number
    assert isinstance(rest[-1], events.Log)
    (checkpoint,) = [event for event in rest if isinstance(event, events.Checkpoint)]
    assert call_here(*words[:2], "pause=0", f"resume={tmp_path / checkpoint.path}", f"out={tmp_path / 'again'}") == 0
    assert json.loads((tmp_path / "again" / "metrics.json").read_text())["total"] == sum(range(60))


def test_a_reader_that_goes_away_ends_the_run(example_package: Path, tmp_path: Path) -> None:
    words = ["example.count", "steps=1000", "pause=0.01", f"out={tmp_path}", "--events"]
    child = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.wait(timeout=60) == 1


def test_ranking_and_recorded_embeddings_load_no_torch(small: Recorded, tmp_path: Path) -> None:
    code = (
        "import sys; from ml_core.command.main import main; "
        f"assert main(['retrieval.evaluate', 'data={small.data}', 'encoder={small.encoder}', 'out={tmp_path}']) == 0; "
        "import ml_core.ranking.score, ml_core.ranking.fuse, ml_core.failures.mine; "
        "print([name for name in ('torch', 'transformers', 'scipy.stats', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_specs_events_and_cards_load_no_arrays() -> None:
    code = (
        "import sys, ml_core.spec, ml_core.events, ml_core.taxonomy, ml_core.metrics.buckets; "
        "import ml_core.failures.sampling; "
        "from ml_core.methods import cards; cards(); "
        "print([name for name in ('numpy', 'torch', 'pyarrow', 'PIL', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], str]:
    """A command that encodes 700 pictures, and the metrics.json it gives when nothing interrupts it."""
    root = tmp_path_factory.mktemp("encoded")
    words = ["retrieval.evaluate", f"data=coco:{small_sets.coco(root / 'set', 700, 1)}"]
    words += [f"encoder=hf:{tiny_clip()}", "resamples=100"]
    assert call_here(*words, f"out={root / 'whole'}", f"cache={root / 'cache'}") == 0
    return words, (root / "whole" / "metrics.json").read_text()


@pytest.mark.slow
def test_an_evaluation_asked_to_stop_while_encoding_goes_on_to_the_same_numbers(
    encoded: tuple[list[str], str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What kill -9 leaves is used as well: tests/ml_core/test_encoding.py, tests/workers/test_kills.py."""
    words = [*encoded[0], f"cache={tmp_path / 'cache'}"]
    child = subprocess.Popen(
        [*COMMAND, *words, f"out={tmp_path / 'cut'}", "--events"], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    for line in child.stdout:
        event = events.from_json(line)
        if isinstance(event, events.Progress) and event.done > 512:  # the first chunk of pictures is kept
            child.terminate()
            break
    child.stdout.read()
    assert child.wait(timeout=60) == 143
    assert call_here(*words, f"out={tmp_path / 'cut'}", "--events") == 0  # it left no number, so the folder is free
    again = map(events.from_json, capfd.readouterr().out.splitlines())
    first = next(event for event in again if isinstance(event, events.Progress))
    assert first.done == 512 and first.rate is None  # read, not encoded
    assert (tmp_path / "cut" / "metrics.json").read_text() == encoded[1]
