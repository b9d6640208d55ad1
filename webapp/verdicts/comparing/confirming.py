"""What a comparison counts as: confirmatory where it is what was registered, exploratory everywhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from webapp.verdicts.comparing.asked import ALL
from webapp.verdicts.comparing.found import Looked
from webapp.verdicts.registering.covering import Standing

CONFIRMATORY, EXPLORATORY = "confirmatory", "exploratory"
MODES = [(CONFIRMATORY, CONFIRMATORY), (EXPLORATORY, EXPLORATORY)]


def words_of(conclusion: str) -> str:
    """What became of a registered comparison, in a sentence."""
    return {
        "confirmed": _("Confirmed: shown, and the whole interval reaches the smallest effect of interest."),
        "shown": _("Shown, but it may be smaller than the smallest effect of interest."),
        "refuted": _("Refuted: the change is shown to go the other way."),
        "ruled_out": _("Ruled out: the interval ends below the smallest effect of interest."),
        "undecided": _("Undecided: nothing is shown, and an effect of the size of interest is not ruled out."),
        "void": _("It departs from what was registered, so it does not count."),
    }[conclusion]


def departure(line: str, kept: Mapping[str, Any]) -> str:
    """What departs from the registration, in the reader's language; as the bundle has it where it is none of these."""
    if line.startswith("Registered for the data "):
        return _("It was registered for other data than it is compared on.")
    if line.startswith("Registered for "):
        said = _("It was registered for %(n)d queries and is compared on %(reached)d.")
        return said % {"n": kept["n"], "reached": kept["n_reached"]}
    if line.endswith("Nothing is shown without a control run that changes as much at random."):
        return _("The queries were chosen by what the baseline got wrong or right, and no control stands beside them.")
    return line


def context(report: Mapping[str, Any], looked: Looked) -> dict[str, Any]:
    """What the page says of it: the registration that is kept to with its outcome, and why others do not count."""
    kept = report.get("registration")
    own = held_to(looked)
    return {
        "kept": kept,
        "kept_id": own.registration.pk if own else None,
        "kept_title": own.registration.title if own else "",
        "kept_words": words_of(kept["conclusion"]) if kept else "",
        "departures": [departure(line, kept) for line in kept["departures"]] if kept else [],
        "standings": looked.standings,
        "others": [
            {"registration": one.registration, "why": one.why, "address": _address(looked, one)}
            for one in looked.standings
            if one is not own
        ],
    }


def _address(looked: Looked, one: Standing) -> str:
    """The same comparison held to another registration, where its numbers are seen."""
    row = one.registration
    return looked.asked.address(registration=row.pk, direction=row.direction, slice=row.category or ALL, after=-1)


def held_to(looked: Looked) -> Standing | None:
    """The registration that the comparison is held to."""
    named = looked.comparison.registered
    return next((one for one in looked.standings if named and one.registration.pk == named[0]), None)


def mode_of(report: Mapping[str, Any], run: int | str, direction: str, part: str) -> str:
    """What one verdict counts as: the one of the registered run, direction and slice alone can be confirmatory."""
    kept = report.get("registration")
    if not kept or report.get("mode") != CONFIRMATORY:
        return EXPLORATORY
    same = (kept["run"], kept["direction"], kept["slice"]) == (str(run), direction, part or ALL)
    return CONFIRMATORY if same and kept["metric"] == "recall@1" else EXPLORATORY
