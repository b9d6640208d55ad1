"""The method claims.verify: recomputes a bundle's numbers from its outcomes and labels, and says where one differs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_core.claims.bundle import Claim, claim_hash, read_bundle
from ml_core.claims.checks import Check, checks_of
from ml_core.claims.difference import Compared, Difference, compare
from ml_core.claims.plan import FORMAT
from ml_core.claims.statistics import compute
from ml_core.events import Artifact, Event, Log, Metric, Progress, Provenance
from ml_core.methods.claims_verify import ClaimsVerify
from ml_core.spec import BadInput, Context, Disproved

_LISTED = 200  # differences that the readable report shows; report.json has all
_TOLD = 3


def run(spec: ClaimsVerify, context: Context) -> Iterator[Event]:
    """report.json and report.md; Disproved at the end where a number differs or a check fails, with both files kept."""
    path = Path(spec.bundle)
    yield Progress("Reading", 0, 3, "steps")
    claim = read_bundle(path)
    _same_rules(claim)
    yield Provenance({"claim": claim_hash(path), "data_hash": claim.plan.data_hash})
    yield Progress("Recomputing", 1, 3, "steps")
    recomputed = compute(_outcomes(claim), claim.labels, claim.plan)
    found = compare(claim.statistics, recomputed, spec.tolerance)
    checks = checks_of(claim)
    yield Progress("Reporting", 2, 3, "steps")
    report = _report(claim, claim_hash(path), found, checks, spec.tolerance, recomputed["mode"])
    yield from _files(context.out, report)
    failed = [check for check in checks if not check.ok]
    yield Metric("numbers", found.numbers)
    yield Metric("differing", len(found.differences))
    yield Metric("largest_difference", report["largest_difference"])
    yield Metric("checks", len(checks))
    yield Metric("checks_failed", len(failed))
    yield Progress("Reporting", 3, 3, "steps")
    if found.differences or failed:
        raise Disproved(
            _verdict(report, failed), advice="report.md in the run's folder lists every place that differs."
        )
    yield Log(report["verdict"])


def _same_rules(claim: Claim) -> None:
    """BadInput where the numbers were made by other rules than those here, so that each would seem to differ."""
    stated = claim.statistics.get("format")
    if stated != FORMAT:
        said = json.dumps(stated)[:20]
        raise BadInput(
            f"the numbers of the bundle are of format {said}, and this program makes those of format {FORMAT}: other "
            "rules for draws and intervals, so they cannot be held against each other. Make the claim again where it "
            "was made, or verify it with the release that made it",
            field="bundle",
        )


def _outcomes(claim: Claim) -> dict[str, Any]:
    return {name: run.outcomes for name, run in claim.runs.items()}


def _report(
    claim: Claim, hashed: str, found: Compared, checks: list[Check], tolerance: float, mode: str
) -> dict[str, Any]:
    sound = not found.differences and all(check.ok for check in checks)
    return {
        "verified": sound,
        "verdict": f"Verified: {found.numbers:,} numbers were recomputed and none differs."
        if sound
        else "NOT VERIFIED",
        "claim": hashed,
        "runs": {name: run.title for name, run in claim.runs.items()},
        "baseline": claim.plan.baseline,
        "mode": mode,
        "numbers": found.numbers,
        "differing": len(found.differences),
        "largest_difference": found.largest,
        "tolerance": tolerance,
        "differences": [asdict(difference) for difference in found.differences],
        "checks": [asdict(check) for check in checks],
    }


def _verdict(report: dict[str, Any], failed: list[Check]) -> str:
    parts = []
    if report["differing"]:
        first = [_in_words(Difference(**each)) for each in report["differences"][:_TOLD]]
        more = ", …" if report["differing"] > _TOLD else ""
        parts.append(
            f"{report['differing']:,} stated values differ from those recomputed ({report['numbers']:,} numbers were "
            f"compared): {'; '.join(first)}{more}"
        )
    parts += [check.text for check in failed[:_TOLD]]
    return f"The claim is NOT verified. {' '.join(part if part.endswith('.') else part + '.' for part in parts)}"


def _in_words(difference: Difference) -> str:
    return f"{difference.path} says {_short(difference.stated)}, recomputed {_short(difference.recomputed)}"


def _files(out: Path, report: dict[str, Any]) -> Iterator[Event]:
    _write(out / "report.json", json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    yield Artifact("report.json", "Every difference and check", "data", "application/json")
    _write(out / "report.md", _markdown(report))
    yield Artifact("report.md", "What was verified, for people", "other", "text/markdown")


def _markdown(report: dict[str, Any]) -> str:
    runs = ", ".join(f"{name} ({_plain(title)})" for name, title in report["runs"].items())
    lines = [
        "# Verification of a claim",
        "",
        f"**{report['verdict']}**",
        "",
        f"- claim `{report['claim']}`",
        f"- runs: {runs}; baseline {report['baseline']}",
        f"- {report['mode']}; {report['numbers']:,} numbers compared, tolerance {report['tolerance']:g}",
        f"- largest difference {report['largest_difference']:.3g}",
        "",
        "## Checks",
        "",
        *(f"- {'passed' if check['ok'] else '**FAILED**'}: {_plain(check['text'])}" for check in report["checks"]),
    ]
    if report["differing"]:
        lines += ["", "## Values that differ", "", "| place in statistics.json | stated | recomputed | difference |"]
        lines += ["|---|---|---|---|"]
        for each in report["differences"][:_LISTED]:
            apart = "" if each["difference"] is None else f"{each['difference']:.6g}"
            lines.append(
                f"| `{_plain(each['path'])}` | {_short(each['stated'])} | {_short(each['recomputed'])} | {apart} |"
            )
        if report["differing"] > _LISTED:
            lines.append(f"\n{report['differing'] - _LISTED:,} more are in report.json.")
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    return _plain(json.dumps(value, ensure_ascii=False)[:60])


def _plain(text: str) -> str:
    """Text of a file that nobody vouches for, as a table's cell: no markup, no line of its own."""
    return "".join(" " if mark in "|`<>\n\r*[]" else mark for mark in str(text))[:500]


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, "utf-8")
    part.replace(path)
