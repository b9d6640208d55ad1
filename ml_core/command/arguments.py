"""Turns the words of a command line into a method's card, its valid spec and where to run it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from ml_core.methods import card as find_card
from ml_core.spec import BadInput, Card, Spec

# What every method takes beside its own settings: name -> (what it is by default, one sentence).
COMMON = {
    "out": ("required", "folder to write into; made where it does not exist"),
    "spec": ("none", "JSON file of settings; settings given on the line win over it"),
    "preset": ("none", "a named choice of settings; the file and the line win over it"),
    "resume": ("none", "checkpoint folder of an earlier attempt to go on from"),
    "device": ("cpu", "cpu, cuda or cuda:N"),
    "cache": ("~/.cache/nearmiss", "folder or store URL that keeps embeddings between runs"),
    "workers": ("1", "processes or threads that may decode pictures"),
}


@dataclass(frozen=True)
class Request:
    """One run that the command line asks for."""

    card: Card
    spec: Spec
    out: Path
    cache: str
    device: str
    workers: int
    resume: Path | None
    events: bool  # JSON lines on stdout instead of lines for people on stderr


def parse(words: list[str]) -> Request:
    """The run that the words ask for (method first); BadInput names the first word that cannot be understood."""
    card = find_card(words[0])
    events = "--events" in words[1:]
    pairs = dict(_pair(word) for word in words[1:] if word != "--events")
    common = {name: pairs.pop(name) for name in COMMON if name in pairs}
    values = _preset(card, common.get("preset", "")) | _file(common.get("spec", ""), card.key)
    fields = card.spec.model_fields
    _no_sample(card, pairs)
    values |= {key: _value(text, fields[key].annotation if key in fields else None) for key, text in pairs.items()}
    spec = card.parse(values)
    if not common.get("out"):
        raise BadInput("say where to write the results: out=DIR", field="out")
    return Request(
        card=card,
        spec=spec,
        out=_folder(common["out"]),
        cache=common.get("cache") or str(Path.home() / ".cache" / "nearmiss"),
        device=_device(common.get("device", "cpu")),
        workers=_count(common.get("workers", "1")),
        resume=_checkpoint(common.get("resume", "")),
        events=events,
    )


def _no_sample(card: Card, pairs: dict[str, str]) -> None:
    """Says how a sample is asked for, where somebody writes it as a setting of its own."""
    fields = card.spec.model_fields
    if "sample" not in pairs or "sample" in fields:
        return
    for name, info in fields.items():
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("reference") == "dataset":
            wanted = f"{name}={pairs.get(name, 'coco:PATH')}?sample={pairs['sample']}&seed={pairs.get('seed', 0)}"
            raise BadInput(f"sample: a sample is part of the data set's reference: '{wanted}'", field="sample")


def _pair(word: str) -> tuple[str, str]:
    key, equals, text = word.partition("=")
    if not equals or not key.isidentifier():
        raise BadInput(f"cannot read {word!r}: settings are written key=value, without spaces around the =")
    return key, text


def _preset(card: Card, name: str) -> dict[str, Any]:
    if not name:
        return {}
    if name not in card.presets:
        known = ", ".join(card.presets) or "none"
        raise BadInput(f"{card.key} has no preset {name!r}; there are: {known}", field="preset")
    return dict(card.presets[name])


def _file(name: str, method: str) -> dict[str, Any]:
    """The settings in a JSON file: an object of settings, or what a run left as its spec.json."""
    if not name:
        return {}
    try:
        values = json.loads(Path(name).read_text("utf-8"))
    except OSError as error:
        raise BadInput(f"cannot read the settings file {name}: {error.strerror}", field="spec") from error
    except ValueError as error:
        raise BadInput(f"{name} is not JSON: {error}", field="spec") from error
    if not isinstance(values, dict):
        raise BadInput(f"{name} must hold one JSON object of settings", field="spec")
    if set(values) != {"method", "spec"}:
        return values
    if values["method"] != method:
        raise BadInput(f"{name} holds the settings of {values['method']}, not of {method}", field="spec")
    return values["spec"]


def _value(text: str, annotation: Any) -> Any:
    """JSON where it is JSON, else the text itself; a setting that is text stays as it was written."""
    if annotation is str or str in get_args(annotation) or get_origin(annotation) is Literal:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _folder(name: str) -> Path:
    if "://" in name:
        raise BadInput(f"out must be a folder of this machine (got {name!r})", field="out")
    return Path(name).expanduser()


def _checkpoint(name: str) -> Path | None:
    if not name:
        return None
    if not Path(name).is_dir():
        raise BadInput(f"there is no checkpoint folder {name}", field="resume")
    return Path(name)


def _device(name: str) -> str:
    if not re.fullmatch(r"cpu|cuda(:\d{1,3})?", name):
        raise BadInput(f"there is no device {name!r}: write cpu, cuda or cuda:0", field="device")
    return name


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 256:
        raise BadInput(f"workers must be a whole number from 1 to 256 (got {text!r})", field="workers")
    return int(text)
