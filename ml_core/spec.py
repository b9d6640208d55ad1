"""What a method may be asked to do: the Spec a person fills in, the Card that introduces it. Light: no arrays."""

from __future__ import annotations

import hashlib
import importlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Queue = Literal["cpu", "gpu"]
Reference = Literal["dataset", "encoder", "generator", "run", "subset", "file"]


class BadInput(Exception):
    """Input that a person can correct: what is wrong, where (`field`), and what to do. Exit 2, a field error, a 4xx."""

    def __init__(self, message: str, *, field: str = ""):
        super().__init__(message)
        self.field = field


class Disproved(Exception):
    """Raised by a method that did its work and found that what it was asked to confirm is not so. Exit 1, no traceback;
    what it left until then is kept."""

    def __init__(self, message: str, *, advice: str = ""):
        super().__init__(message)
        self.advice = advice


class Stopped(Exception):
    """Raised by a method after it has written its last checkpoint because it was asked to stop."""


class Spec(BaseModel):
    """Settings of one run of one method: frozen, complete, comparable. A field carries bounds, a unit, a sentence."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _lists_as_people_write_them(cls, values: Any) -> Any:
        """`1, 5, 10` and `5` are lists where a list is wanted: on the command line and in a form's text field."""
        if not isinstance(values, dict):
            return values
        found = dict(values)
        for name, info in cls.model_fields.items():
            if get_origin(info.annotation) in (tuple, list) and isinstance(found.get(name), (str, int, float)):
                found[name] = [part.strip() for part in str(found[name]).split(",") if part.strip()]
        return found

    def fingerprint(self, method: str) -> str:
        """SHA-256 (hex) over the method's key and every setting, defaults included: equal specs, equal fingerprint."""
        canonical = json.dumps([method, self.model_dump(mode="json")], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def setting(
    default: Any,
    text: str,
    *,
    group: str = "Settings",
    unit: str = "",
    reference: Reference | None = None,
    accepts: tuple[str, ...] = (),
    advanced: bool = False,
    **bounds: Any,
) -> Any:
    """A Spec field: its one sentence, its fieldset, its unit, what it may refer to.

    `reference` says that the value names something (a data set, an encoder, a run, a query subset, a file); `accepts`
    narrows it (data sets: "retrieval", "classification"; runs: method keys). `default=...` makes it required.
    """
    extra: dict[str, Any] = {"group": group, "unit": unit, "reference": reference, "advanced": advanced}
    extra["accepts"] = list(accepts)
    return Field(default, description=text, json_schema_extra=extra, **bounds)


@dataclass(frozen=True)
class Card:
    """Introduces a method: all that a form, the API, the command line and the docs need, without importing its code."""

    key: str
    title: str
    summary: str
    spec: type[Spec]
    entry: str  # "package.module:function", called as function(spec, context) -> Iterator[Event]
    queue: Queue = "cpu"
    headline: str = ""
    higher_is_better: bool = True
    presets: dict[str, dict[str, Any]] = field(default_factory=dict)
    paper: str = ""
    web: bool = True  # False: reads files by path, so it is for the command line alone
    leaves_cases: bool = False
    needs_model: bool = False  # generates text: its child alone is told the model endpoint and its key

    def load(self) -> Callable[[Spec, Context], Iterator[Any]]:
        """The function behind the card; imports its module."""
        module, _, name = self.entry.partition(":")
        return getattr(importlib.import_module(module), name)

    def parse(self, values: dict[str, Any]) -> Spec:
        """A valid spec from plain values, or BadInput naming the first wrong field and every other one after it."""
        try:
            return self.spec.model_validate(values)
        except ValidationError as error:
            problems = spec_problems(error)
            first = problems[0][0]
            raise BadInput("; ".join(f"{name}: {text}" for name, text in problems), field=first) from error


def spec_problems(error: ValidationError) -> list[tuple[str, str]]:
    """Every (field, sentence) in a validation error, in plain words.

    A list whose elements are wrong is counted without them, so what is said of its length then is left out.
    """
    items = error.errors()
    inside = {item["loc"][:end] for item in items for end in range(1, len(item["loc"]))}
    told = [item for item in items if not (item["type"] in _LENGTHS and item["loc"] in inside)]
    return [(".".join(str(part) for part in item["loc"]) or "spec", _plain(item)) for item in told]


def _plain(item: Any) -> str:
    if item["type"] == "extra_forbidden":
        return "there is no such setting"
    if item["type"] == "missing":
        return "a value is required"
    if item["type"] in _LENGTHS:
        return _length(item["type"], item["ctx"])
    text = item["msg"].removeprefix("Value error, ")
    if item["type"] in _PLAIN:
        text = _PLAIN[item["type"]].format(**item.get("ctx", {}))
    return f"{text[0].lower()}{text[1:]} (got {_short(item.get('input'))})"


_LENGTHS = {"too_short": "least", "too_long": "most", "string_too_short": "least", "string_too_long": "most"}


def _length(kind: str, about: dict[str, Any]) -> str:
    """What is wrong with how many values a list holds, or with how long a text is."""
    least = _LENGTHS[kind] == "least"
    limit = about["min_length"] if least else about["max_length"]
    if least and limit == 1:
        return "a value is required"
    if kind.startswith("string_"):
        return f"must have at {_LENGTHS[kind]} {limit:,} character{'s' * (limit != 1)}"
    values = f"{limit:,} value{'s' * (limit != 1)}"
    got = f"{about['actual_length']:,}" if about.get("actual_length") else "none"
    if least:
        return f"at least {values} are wanted, with commas between them (got {got})"
    return f"at most {values} may be given (got {got})"


_PLAIN = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


@dataclass
class Context:
    """What a running method is given beside its spec: where to write, what to reuse, when to stop."""

    out: Path  # artifacts and checkpoints go below this folder
    cache: str  # store URL of the embedding cache (see ml_core.store)
    device: str = "cpu"
    workers: int = 1  # processes or threads that may decode pictures
    resume: Path | None = None  # a checkpoint folder written by an earlier attempt
    stop: Callable[[], bool] = lambda: False  # asked between steps; True: write a checkpoint and raise Stopped
