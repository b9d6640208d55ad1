"""What is said of agreement beside its numbers: a code with what stands in it, for any language, and its English."""

from __future__ import annotations

from typing import Any, NamedTuple

# Code → the sentence for one and the sentence for several, told apart by `n`; one alone where nothing is counted.
SENTENCES: dict[str, tuple[str, ...]] = {
    "no_pair": ("no item has labels of two annotators",),
    "one_category": ("only one category occurs, so agreement by chance is certain and this is not defined",),
    "nobody_else": ("nobody else labelled the same items",),
    "hardly_differ": ("too many resamples leave it undefined: the labels hardly differ",),
    "truth_unlabelled": ("none of the items whose truth is known has been labelled",),
    "no_common_item": ("no item has both",),
    "no_times": ("no answer says how long it took",),
    "few_times": ("fewer than six answers say how long they took: too few for an interval",),
    "no_first_choice": ("no first choice was kept",),
    "nothing_labelled": ("Nothing is labelled yet.",),
    "no_overlap": ("No item has labels of two annotators, so agreement cannot be told.",),
    "few_overlap": (
        "Only {n} item has two labels or more: intervals are wide.",
        "Only {n} items have two labels or more: intervals are wide.",
    ),
    "not_settled": ("Dawid and Skene's consensus had not settled after its last iteration.",),
    "pairs_left_out": (
        "{n:,} pair of annotators with the fewest items in common is not shown.",
        "{n:,} pairs of annotators with the fewest items in common are not shown.",
    ),
    "paradox": (
        "Annotators agree in {percent:.0%} of pairs, and {share:.0%} of their labels are {category}. Where one "
        "category is that frequent, agreement by chance is high and κ is low ({kappa:.2f}) even though people agree: "
        "read AC1 and the percentage beside it.",
    ),
    "paradox_undefined": (
        "Annotators agree in {percent:.0%} of pairs, and {share:.0%} of their labels are {category}. With one category "
        "alone, κ and α are not defined: they say nothing about how well people agree.",
    ),
    "gold_would_do": (
        "Not enough to correct for label error: annotators agree in {agreement:.0%} of pairs only, too little to tell "
        "their errors from labels alone; {n} more gold item would do.",
        "Not enough to correct for label error: annotators agree in {agreement:.0%} of pairs only, too little to tell "
        "their errors from labels alone; {n} more gold items would do.",
    ),
    "gold_or_overlap": (
        "Not enough to correct for label error: {gold} more gold items, or {n} more item labelled by three annotators.",
        "Not enough to correct for label error: {gold} more gold items, or {n} more items labelled by three "
        "annotators.",
    ),
    "gold_or_third": (
        "Not enough to correct for label error: {gold} more gold items, or {n} more item labelled by three annotators, "
        "for which a third annotator has to join.",
        "Not enough to correct for label error: {gold} more gold items, or {n} more items labelled by three "
        "annotators, for which a third annotator has to join.",
    ),
    "empty_strata": (
        "No item of {strata} is labelled: its {n:,} failure is taken to be like the rest.",
        "No item of {strata} is labelled: its {n:,} failures are taken to be like the rest.",
    ),
    "unlabelled": (
        "{n:,} sampled item has no label yet; it is taken to be like the others of its stratum.",
        "{n:,} sampled items have no label yet; they are taken to be like the others of their stratum.",
    ),
    "as_labelled": ("Shares are as labelled; their intervals allow for label error as far as annotators disagree.",),
    "nowhere_disagree": (
        "Annotators nowhere disagree, or no item has two labels: intervals say nothing of label error.",
    ),
}


class Said(NamedTuple):
    """A sentence by its code, with the numbers and names that stand in it."""

    code: str
    numbers: dict[str, Any]

    def __str__(self) -> str:
        forms = SENTENCES[self.code]
        form = forms[0] if self.numbers.get("n") == 1 else forms[-1]
        shown = {name: ", ".join(value) if isinstance(value, list) else value for name, value in self.numbers.items()}
        return form.format(**shown)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"code": self.code, "numbers": self.numbers}


def said(code: str, **numbers: Any) -> Said:
    """A sentence. Lists of names are joined by commas."""
    return Said(code, numbers)


def english(code: str) -> str:
    """A sentence without numbers."""
    return str(Said(code, {}))


def code_of(sentence: str) -> str:
    """The code of a sentence without numbers; empty for any other."""
    return _CODES.get(sentence, "")


_CODES = {forms[0]: code for code, forms in SENTENCES.items() if len(forms) == 1 and "{" not in forms[0]}
