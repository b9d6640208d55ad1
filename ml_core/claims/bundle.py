"""The claim bundle: a comparison's inputs and numbers as one zip, written from plain values and read back checked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ml_core.cells import safe_cell
from ml_core.claims.archive import digest, manifest, pack, read_json, unpack
from ml_core.claims.outcomes import RunOutcomes, from_parquet, to_parquet
from ml_core.claims.plan import Answer, Label, Plan, Registration, as_json, fingerprint
from ml_core.spec import BadInput, spec_problems

T = TypeVar("T")
_MOST_ROWS = 2_000_000


@dataclass(frozen=True)
class ClaimedRun:
    """One run of a claim: how it is called, its settings, what it ran on, its outcomes by direction."""

    title: str
    method: str
    spec: Mapping[str, Any]
    outcomes: Mapping[str, RunOutcomes]  # with first_id_Q
    environment: Mapping[str, Any] = field(default_factory=dict)  # code, packages, device, seeds, data_hash, …
    fingerprint: str = ""  # empty: worked out from method and spec


@dataclass(frozen=True)
class Claim:
    """A comparison with all that it rests on; `statistics` is what `compute` gave."""

    plan: Plan
    runs: Mapping[str, ClaimedRun]
    labels: Sequence[Label]
    answers: Sequence[Answer]
    statistics: Mapping[str, Any]


def write_bundle(path: Path, claim: Claim) -> str:
    """Writes the zip, whole or not at all, and returns the claim's hash; an equal claim gives equal bytes.

    BadInput where the runs are not those of the plan.
    """
    if set(claim.runs) != set(claim.plan.runs):
        raise BadInput("the runs of a claim must be those of its plan", field="runs")
    files = _files(claim)
    part = path.with_name(path.name + ".part")
    part.write_bytes(pack(files))
    part.replace(path)
    return digest(manifest(files))


def read_bundle(path: Path) -> Claim:
    """The claim in a zip that nobody vouches for; BadInput with place and remedy for whatever is wrong with it."""
    files = unpack(path)
    said = _as(Plan, read_json(files["plan.json"], "plan.json"), "plan.json")
    plan = said
    if "registration.json" in files:
        content = read_json(files["registration.json"], "registration.json")
        plan = replace(said, registration=_as(Registration, content, "registration.json"))
    if said.registration is not None:
        raise _bad("plan.json holds a registration; it belongs into registration.json")
    _all_there(plan, files)
    titles = _as(dict[str, str], read_json(files["runs.json"], "runs.json"), "runs.json")
    statistics = read_json(files["statistics.json"], "statistics.json")
    if not isinstance(statistics, dict):
        raise _bad("statistics.json holds no object of numbers")
    return Claim(
        plan=plan,
        runs={run: _run(run, titles.get(run, run), files) for run in plan.runs},
        labels=_rows(Label, files["labels.csv"], "labels.csv"),
        answers=_rows(Answer, files["answers.csv"], "answers.csv"),
        statistics=statistics,
    )


def claim_hash(path: Path) -> str:
    """The hash that `write_bundle` returned for this zip: of the manifest, so of every file's hash."""
    return digest(manifest(unpack(path)))


def _files(claim: Claim) -> dict[str, bytes]:
    plan = asdict(replace(claim.plan, registration=None))
    del plan["registration"]
    files = {
        "plan.json": as_json(plan),
        "labels.csv": _csv(Label, sorted(claim.labels, key=lambda row: (row.direction, row.query))),
        "answers.csv": _csv(Answer, sorted(claim.answers, key=lambda row: (row.direction, row.query, row.annotator))),
        "runs.json": as_json({run: claim.runs[run].title for run in claim.plan.runs}),
        "statistics.json": as_json(dict(claim.statistics)),
    }
    if claim.plan.registration is not None:
        files["registration.json"] = as_json(claim.plan.registration)
    for name, run in claim.runs.items():
        spec = dict(run.spec)
        about = {"method": run.method, "spec": spec, "fingerprint": run.fingerprint or fingerprint(run.method, spec)}
        files[f"specs/{name}.json"] = as_json(about)
        files[f"environment/{name}.json"] = as_json(dict(run.environment))
        files[f"outcomes/{name}.parquet"] = to_parquet(run.outcomes)
    return files


def _all_there(plan: Plan, files: Mapping[str, bytes]) -> None:
    """Every run of the plan has its three files, and no other run has any."""
    wanted = {
        f"{folder}/{run}.{suffix}"
        for run in plan.runs
        for folder, suffix in (("specs", "json"), ("environment", "json"), ("outcomes", "parquet"))
    }
    have = {name for name in files if "/" in name}
    if missing := sorted(wanted - have):
        raise _bad(f"{missing[0]} is missing from the bundle, though plan.json names the run")
    if strange := sorted(have - wanted):
        raise _bad(f"{strange[0]} is in the bundle, though plan.json names no such run")


def _run(name: str, title: str, files: Mapping[str, bytes]) -> ClaimedRun:
    where = f"specs/{name}.json"
    about = _as(dict[str, Any], read_json(files[where], where), where)
    method, spec, stated = about.get("method"), about.get("spec"), about.get("fingerprint")
    if not isinstance(method, str) or not isinstance(spec, dict) or not isinstance(stated, str):
        raise _bad(f"{where} must hold method, spec and fingerprint")
    facts = f"environment/{name}.json"
    environment = _as(dict[str, Any], read_json(files[facts], facts), facts)
    place = f"outcomes/{name}.parquet"
    return ClaimedRun(title, method, spec, from_parquet(files[place], place), environment, stated)


def _as(kind: Any, content: Any, where: str) -> Any:
    """Plain JSON as a dataclass or type; BadInput naming the file and every wrong field."""
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        told = "; ".join(f"{name}: {text}" for name, text in spec_problems(error)[:5])
        raise _bad(f"{where}: {told}") from error


def _csv(kind: type[T], rows: Iterable[T]) -> bytes:
    """One row a dataclass; what a spreadsheet would take for a formula has a quote before it, as `_cell` reads back."""
    names = [column.name for column in fields(kind)]  # type: ignore[arg-type]
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_quoted(getattr(row, name)) for name in names] for row in rows)
    return sink.getvalue().encode()


def _quoted(cell: str) -> str:
    return f"'{cell}" if cell.startswith("'") else str(safe_cell(cell))


def _cell(text: str) -> str:
    return text.removeprefix("'")


def _rows(kind: type[T], content: bytes, where: str) -> list[T]:
    names = [column.name for column in fields(kind)]  # type: ignore[arg-type]
    try:
        cells = list(csv.reader(io.StringIO(content.decode("utf-8"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise _bad(f"{where} is not UTF-8 CSV: {error}") from error
    if not cells or cells[0] != names:
        raise _bad(f"{where} must have the columns {', '.join(names)}")
    if len(cells) > _MOST_ROWS:
        raise _bad(f"{where} has {len(cells):,} rows; {_MOST_ROWS:,} is the most")
    adapter = TypeAdapter(kind)
    found = []
    for number, row in enumerate(cells[1:], start=2):
        try:
            found.append(adapter.validate_python(dict(zip(names, map(_cell, row), strict=True))))
        except ValidationError as error:
            told = "; ".join(f"{name}: {text}" for name, text in spec_problems(error))
            raise _bad(f"{where}, row {number}: {told}") from error
        except ValueError as error:
            raise _bad(f"{where}, row {number}: it has {len(row)} cells; wanted are {len(names)}") from error
    return found


def _bad(message: str) -> BadInput:
    return BadInput(message, field="bundle")
