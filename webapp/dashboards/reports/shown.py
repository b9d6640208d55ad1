"""A report's snapshot as its page and its file show it: words in the reader's language. Asks no database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from webapp.annotation.campaigns.plans import words_of
from webapp.annotation.review import saying
from webapp.dashboards.agreement import Coefficient, coefficients
from webapp.design.numbers import label_of, parts_of, slice_in_words, written
from webapp.design.slides import Slide
from webapp.experiments.metric_names import in_words
from webapp.verdicts.comparing import failures
from webapp.verdicts.comparing.asked import ALL
from webapp.verdicts.comparing.shown import cell_words, selection_words, written_p

Snapshot = Mapping[str, Any]
Address = Callable[[str], str]  # of a picture, by the hash of its original
_CELLS = ("repaired", "broken", "still_wrong", "wrong_differently", "still_right")


@dataclass(frozen=True)
class Share:
    """A category's shares."""

    name: str
    count: int
    sample: Mapping[str, Any]
    all: Mapping[str, Any]


@dataclass(frozen=True)
class Card:
    """A verdict on all queries or on a part of them."""

    name: str
    card: Mapping[str, Any]
    word: str
    sentence: str
    cells: list[tuple[str, str, int]]  # key, words, count
    against_control: str = ""

    @property
    def tone(self) -> str:
        """Colour only for what is shown."""
        if not self.card["shown"]:
            return ""
        return "repaired" if self.card["net"]["value"] > 0 else "broken"


@dataclass(frozen=True)
class Effect:
    """What became of a category's labelled queries."""

    name: str
    effect: Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """A way of ranking that the run itself stood beside."""

    arm: str
    of: str
    recall: Mapping[str, Any]
    net: Mapping[str, Any] | None
    starts: bool  # the first of its part of the queries


@dataclass(frozen=True)
class Example:
    """A query that changed sides."""

    number: int
    cell: str
    words: str
    caption: str
    category: str
    rank_before: int
    rank_after: int
    slides: list[Slide]


@dataclass(frozen=True)
class Source:
    """A run that numbers come from."""

    id: int
    title: str
    role: str
    address: str
    facts: list[tuple[str, str]]
    settings: list[tuple[str, str]]


@dataclass(frozen=True)
class Page:
    """Everything of a report but its title and words."""

    simulated: bool
    not_held_out: list[str]  # titles of runs whose model had seen the pictures
    headline: Card | None
    mix: Mapping[str, Any] | None
    shares: list[Share]
    mix_note: str
    mix_warnings: list[str]
    frozen_at: datetime | None
    agreement: Mapping[str, Any] | None
    agreed_at: datetime | None
    coefficients: list[Coefficient]
    paradox: str  # why κ misleads; empty where it does not
    agreement_warnings: list[str]
    fix: Mapping[str, Any] | None
    beside: list[Line]
    verdict: Mapping[str, Any] | None
    direction: str
    counted_at: datetime | None
    metrics: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]
    parts: list[Card]
    effects: list[Effect]
    why_no_net: list[str]  # each sentence once
    selected: bool  # a part that stands here was chosen by the baseline's failures
    examples: list[tuple[str, str, list[Example]]]  # cell, words, examples
    sources: list[Source] = field(default_factory=list)


def page_of(snapshot: Snapshot, picture: Address, runs: Mapping[int, str] | None = None) -> Page:
    """The snapshot in words. `picture` gives the address of an example's picture, `runs` those of runs still here."""
    mix, agreement, verdict = snapshot["mix"], snapshot["agreement"], snapshot["verdict"]
    names = _names(snapshot)
    cards = _cards(verdict, names) if verdict else []
    fix = snapshot["fix"]
    return Page(
        simulated=snapshot["simulated"],
        not_held_out=[run["title"] for run in snapshot["runs"] if run["held_out"] == "no"],
        headline=cards[0] if cards else None,
        mix=mix,
        shares=[Share(names.get(row["key"], row["key"]), row["count"], row["sample"], row["all"])
                for row in (mix["categories"] if mix else ())],
        mix_note=_mix_note(mix) if mix else "",
        mix_warnings=_mix_warnings(mix) if mix else [],
        frozen_at=_moment(mix["frozen_at"]) if mix else None,
        agreement=agreement,
        agreed_at=_moment(agreement["at"]) if agreement else None,
        coefficients=coefficients(agreement) if agreement and agreement["coefficients"] else [],
        paradox=_paradox(agreement, names) if agreement else "",
        agreement_warnings=_agreement_warnings(agreement, names) if agreement else [],
        fix=fix,
        beside=_beside(fix["beside"]) if fix else [],
        verdict=verdict,
        direction=_direction(verdict["direction"]) if verdict else "",
        counted_at=_moment(verdict["at"]) if verdict else None,
        metrics=_metrics(verdict) if verdict else [],
        parts=cards[1:],
        effects=_effects(verdict, names) if verdict else [],
        why_no_net=_why_no_net(verdict) if verdict else [],
        selected=any(card.card["selection"] == "failures" for card in cards) or _zero(fix),
        examples=_examples(snapshot, names, picture),
        sources=[_source(run, (runs or {}).get(run["id"], "")) for run in snapshot["runs"]],
    )  # fmt: skip


def _names(snapshot: Snapshot) -> Mapping[str, str]:
    names: Mapping[str, list[tuple[str, str]]] = snapshot["names"]
    return dict(names.get(get_language() or "en") or names.get("en") or [])


def _moment(text: str | None) -> datetime | None:
    return parse_datetime(text) if text else None


def _mix_note(mix: Mapping[str, Any]) -> str:
    if not mix["corrected"]:
        return saying.in_words(mix.get("why_said"), str(mix["why"] or ""))
    if mix["by"] == "gold":
        return _("Corrected for label error, by %(n)d gold samples.") % {"n": mix["gold_items"]}
    return _("Corrected for label error, by %(n)d samples that three labelled.") % {"n": mix["overlap_items"]}


def _mix_warnings(mix: Mapping[str, Any]) -> list[str]:
    """With the names of strata; a report kept by an earlier version does not know by what they were made."""
    stratify = str(mix.get("stratify") or "")
    return _lines(mix, lambda stratum: words_of(stratify, stratum))


def _paradox(agreement: Mapping[str, Any], names: Mapping[str, str]) -> str:
    return saying.in_words(agreement.get("paradox_said"), agreement["paradox"], lambda key: names.get(key, key))


def _agreement_warnings(agreement: Mapping[str, Any], names: Mapping[str, str]) -> list[str]:
    paradox = _paradox(agreement, names)
    return [line for line in _lines(agreement, lambda key: names.get(key, key)) if line != paradox]


def _lines(part: Mapping[str, Any], names: saying.Names) -> list[str]:
    """The warnings of a part; none where it has no numbers."""
    return saying.lines({**part, "warnings": part.get("warnings") or []}, names)


def _direction(way: str) -> str:
    return label_of(f"{way}/recall@1").partition(", ")[2]


def _metrics(verdict: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    rows = []
    for row in verdict["metrics"]:
        name = "/".join(row["name"].split("/")[:2])
        said = in_words(*parts_of(row["name"])[1:])
        rows.append((said, {"name": name} | row["before"], {"name": name} | row["after"]))
    return rows


def _cards(verdict: Mapping[str, Any], names: Mapping[str, str]) -> list[Card]:
    """All queries first, then the categories in the taxonomy's order."""
    slices = verdict["slices"]
    order = [ALL, *(key for key in names if key in slices), *(key for key in slices if key not in names and key != ALL)]
    return [_card(key, slices[key], names) for key in order if key in slices]


def _effects(verdict: Mapping[str, Any], names: Mapping[str, str]) -> list[Effect]:
    effects = verdict["effects"]
    order = [*(key for key in names if key in effects), *(key for key in effects if key not in names)]
    return [Effect(names.get(key, key), effects[key]) for key in order]


def _why_no_net(verdict: Mapping[str, Any]) -> list[str]:
    said = dict.fromkeys(effect["why"] for effect in verdict["effects"].values() if effect["why"])
    return [failures.why_no_net(sentence) for sentence in said]


def _card(key: str, card: Mapping[str, Any], names: Mapping[str, str]) -> Card:
    words = cell_words() | {"still_right": _("still right")}
    return Card(
        _("All queries") if key == ALL else names.get(key, key), card, _word(card), sentence_of(card),
        [(cell, words[cell], card[cell]) for cell in _CELLS], _against_control(card.get("against_control")),
    )  # fmt: skip


def _word(card: Mapping[str, Any]) -> str:
    if card["shown"]:
        return _("shown")
    return _("not shown") if card["judged"] else _("not judged")


def sentence_of(card: Mapping[str, Any]) -> str:
    """p, adjusted p, and what was looked at."""
    if card.get("held_out") is False:
        return _("Not held out: a model was trained on what it is evaluated on, so nothing is shown.")
    if not card["judged"]:
        return selection_words(card["selection"]) or _("Not judged on this selection.")
    words = {"p": written_p(card["p"]), "adjusted": written_p(card["adjusted"])}
    test = _("Exact McNemar test.") if card["test"] == "mcnemar" else _("Sign-flip test by picture.")
    return _("p %(p)s, adjusted %(adjusted)s.") % words + " " + test


def _against_control(card: Mapping[str, Any] | None) -> str:
    if not card:
        return ""
    net = card["net"]
    words = {"net": " ".join(written(net["value"], "points")), "p": written_p(card["p"])}
    return _("Against the control: %(net)s, p %(p)s.") % words


def _beside(rows: list[Mapping[str, Any]]) -> list[Line]:
    arms = {
        "improved": _("this run"), "baseline": _("baseline"), "no-op": _("no-op"),
        "random-control": _("random control"), "untuned": _("untuned"), "oracle": _("oracle: an upper bound"),
    }  # fmt: skip
    lines, last = [], None
    for row in rows:
        of = slice_in_words(row["of"]) or _("All queries")
        lines.append(Line(arms.get(row["arm"], row["arm"]), of, row["recall"], row["net"], of != last))
        last = of
    return lines


def _zero(fix: Mapping[str, Any] | None) -> bool:
    rows = fix["beside"] if fix else []
    return any(row["arm"] == "baseline" and row["of"] and row["recall"]["value"] == 0 for row in rows)


def _examples(snapshot: Snapshot, names: Mapping[str, str], picture: Address) -> list[tuple[str, str, list[Example]]]:
    words = {"repaired": _("Repaired"), "broken": _("Broken")}
    found: dict[str, list[Example]] = {cell: [] for cell in words}
    for row in snapshot["examples"]:
        found[row["cell"]].append(_example(row, words[row["cell"]], names, picture))
    return [(cell, words[cell], rows) for cell, rows in found.items() if rows]


def _example(row: Mapping[str, Any], words: str, names: Mapping[str, str], picture: Address) -> Example:
    labels = {"prompt": _("Asked"), "wanted": _("Wanted"), "before": _("Before"), "after": _("After")}
    hits = {"before": row["rank_before"] == 1, "after": row["rank_after"] == 1}
    slides = []
    for side, label in labels.items():
        if row[side]:
            tone = "" if side not in hits or hits[side] else "near"
            mark = "" if side not in hits else " ✓" if hits[side] else " ✗"
            slides.append(_slide(row[side], label + mark, tone, picture))
    return Example(
        row["number"], row["cell"], words, row["caption"], names.get(row["category"], row["category"]),
        row["rank_before"], row["rank_after"], slides,
    )  # fmt: skip


def _slide(side: Mapping[str, Any], label: str, tone: str, picture: Address) -> Slide:
    if side["kind"] == "text":
        return Slide(label, text=side["text"] or _("This text is no longer in the data set."), tone=tone)
    if not side["picture"]:
        return Slide(label, text=_("This picture is no longer in the data set."), number=side["name"], tone=tone)
    return Slide(
        label, src=picture(side["picture"]), alt=f"{label}: {side['name']}", number=side["name"], tone=tone,
        width=side["width"], height=side["height"],
    )  # fmt: skip


def _source(run: Mapping[str, Any], address: str) -> Source:
    role = {"baseline": _("Baseline"), "fix": _("Fix"), "control": _("Control")}[run["role"]]
    facts = [(_("method"), run["method"]), (_("data"), run["data_name"]), (_("data hash"), run["data_hash"])]
    facts += [
        (_("finished"), moment.strftime("%Y-%m-%d %H:%M %Z")) for moment in [_moment(run["finished_at"])] if moment
    ]
    facts += (
        [(_("seeds"), ", ".join(f"{name} {value}" for name, value in run["seeds"].items()))] if run["seeds"] else []
    )
    plain = {name: value for name, value in run["facts"].items() if name != "data_hash" and value not in (None, "")}
    facts += [(_(name.replace("_", " ")), _said(value)) for name, value in plain.items()]
    seen = {"yes": _("yes"), "no": _("no"), "unknown": _("unknown")}
    facts += [(_("held out"), seen.get(run["held_out"], run["held_out"]))] if run["held_out"] else []
    facts += [(_("settings' fingerprint"), run["fingerprint"])] if run["fingerprint"].strip("0") else []
    return Source(
        run["id"],
        run["title"],
        role,
        address,
        facts,
        [(name, _said(value)) for name, value in sorted(run["settings"].items())],
    )


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_said, value))
    return "–" if value in (None, "") else str(value)
