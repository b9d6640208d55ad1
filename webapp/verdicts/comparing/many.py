"""Many runs beside each other as one table: what differs, what they measured, the verdict; ordered by any column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from webapp.verdicts.comparing import confirming, shown
from webapp.verdicts.comparing.queries import Chosen, Comparison, Setting

MANY = 8  # runs beside the baseline up to which each has a card of its own
_DOWN = ("net", "repaired", "recall@1", "recall@5", "recall@10", "mrr")  # the largest first where nothing else is said


@dataclass(frozen=True)
class Head:
    """A column: its words, the address that orders by it, and how it is ordered now ("" where it is not)."""

    words: str
    key: str
    url: str
    order: str = ""
    setting: bool = False


@dataclass(frozen=True)
class Row:
    """A run. `card` is its verdict as docs/claims.md has it; None for the baseline."""

    run: Chosen
    baseline: bool
    control: bool
    settings: list[str]
    metrics: list[Mapping[str, Any] | None]
    card: Mapping[str, Any] | None
    told: Mapping[str, Any] | None  # the verdict whose p counts: against the control where that is judged
    mode: str

    @property
    def p_values(self) -> tuple[str, str]:
        """p and adjusted p, as their columns show them."""
        told, card = self.told or {"p": None}, self.card or {"adjusted": None}
        return shown.bare_p(told["p"]), shown.bare_p(card["adjusted"])

    @property
    def tone(self) -> str:
        """Colour only for what is shown."""
        return shown.tone_of(self.card) if self.card else ""


def table(
    report: shown.Report, found: Comparison, direction: str, part: str, settings: list[Setting]
) -> tuple[list[Head], list[Row]]:
    """Heads and rows in the order that the address asks for; runs as they were named where it asks for none."""
    names, keys = shown.metric_columns(report, found, direction, part)
    rows = [_row(report, found, direction, part, place, settings, keys) for place in range(len(found.runs))]
    columns: list[tuple[str, str, Callable[[Row], Any]]] = [("run", _("Run"), lambda row: row.run.title.casefold())]
    columns += [(f"={one.name}", one.name, _by_setting(place)) for place, one in enumerate(settings)]
    columns += [
        ("verdict", _("Verdict"), lambda row: (not row.card["shown"], not row.card["judged"]) if row.card else None),
        ("net", _("Net change at 1"), lambda row: row.card["net"]["value"] if row.card else None),
        ("p", "p", lambda row: row.told["p"] if row.told else None),
        ("adjusted", _("adjusted p"), _of_card("adjusted")),
        ("repaired", _("repaired"), _of_card("repaired")),
        ("broken", _("broken"), _of_card("broken")),
    ]
    measured = enumerate(zip(keys, names, strict=True))
    columns += [(key.split("/")[1], name, _by_metric(place)) for place, (key, name) in measured]
    asked, down = found.asked.sort.removeprefix("-"), found.asked.sort.startswith("-")
    heads = [_head(found, key, words, asked, down) for key, words, _value in columns]
    value = next((value for key, _words, value in columns if key == asked), None)
    if value is not None:
        known = [row for row in rows if value(row) is not None]
        rows = sorted(known, key=value, reverse=down) + [row for row in rows if value(row) is None]
    return heads, rows


def _head(found: Comparison, key: str, words: str, asked: str, down: bool) -> Head:
    first = f"-{key}" if key in _DOWN else key
    other = key if first.startswith("-") else f"-{key}"
    now = f"-{key}" if down else key
    url = "?" + found.asked.address(sort=other if key == asked and now == first else first) + "#comparison"
    order = ("descending" if down else "ascending") if key == asked else ""
    return Head(words, key, url, order, setting=key.startswith("="))


def _row(
    report: shown.Report, found: Comparison, direction: str, part: str, place: int, settings: list[Setting],
    keys: list[str],
) -> Row:  # fmt: skip
    run = found.runs[place]
    card = report["verdicts"].get(str(run.id), {}).get(direction, {}).get(part)
    own = report["metrics"][str(run.id)]
    return Row(
        run=run,
        baseline=run.id == found.asked.baseline,
        control=found.control is not None and run.id == found.control.id,
        settings=[one.values[place] for one in settings],
        metrics=[shown.named(key, own) for key in keys],
        card=card,
        told=(card["against_control"] or card) if card else None,
        mode=confirming.mode_of(report, run.id, direction, part),
    )


def _by_setting(place: int) -> Callable[[Row], Any]:
    """Numbers by size, before words."""

    def value(row: Row) -> tuple[bool, float, str]:
        text = row.settings[place]
        try:
            return False, float(text), ""
        except ValueError:
            return True, 0.0, text.casefold()

    return value


def _by_metric(place: int) -> Callable[[Row], Any]:
    return lambda row: (row.metrics[place] or {}).get("value")


def _of_card(key: str) -> Callable[[Row], Any]:
    return lambda row: row.card[key] if row.card else None
