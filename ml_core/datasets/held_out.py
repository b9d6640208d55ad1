"""Refuses to evaluate a model on pictures it was trained on, or says on the run that it was."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ml_core.datasets.overlap import Content, Overlap, Policy, are_scenes, content_of, seen_by, shared
from ml_core.datasets.types import Dataset
from ml_core.events import Event, Log, Provenance
from ml_core.spec import BadInput

YES, NO, UNKNOWN = "yes", "no", "unknown"


def held_out(dataset: Dataset, encoder: str, policy: Policy) -> Generator[Event, None, bool]:
    """`held_out` as a fact: yes, no (with what was seen), or unknown for a checkpoint that does not say.

    A model that others trained has no such fact: nobody here knows its data. Returns False where it is known that
    something was not held out. BadInput (field "encoder") where training
    saw a picture that is evaluated on, unless the policy is "allow".
    """
    seen = seen_by(encoder)
    if seen is None:
        if encoder.startswith("checkpoint:"):
            yield from _unknown("the checkpoint does not say what it was trained on")
        return True
    evaluated = content_of(dataset.item_ids, dataset.file_hashes, scenes=are_scenes(dataset.facts))
    found = shared(seen.train, evaluated, policy)
    if found and policy != "allow":
        raise BadInput(refusal(found), field="encoder")
    if found:
        yield Provenance({"held_out": NO, "seen_in_training": found.found})
        yield Log(f"Not held out: the model was trained on what is evaluated: {found.found}.", "warning")
    elif not seen.complete:
        yield from _unknown(f"it went on from {seen.start}, which does not say what it was trained on")
    else:
        yield Provenance({"held_out": YES} | ({"compared_with_training": "content"} if policy == "content" else {}))
    yield from _chosen_on(shared(seen.val, evaluated, policy), seen.val)
    return not found


def refusal(found: Overlap) -> str:
    """The reason with the ways out of it."""
    ways = " If you must, overlap=allow evaluates all the same and marks every number as not held out."
    if found.ids and not found.hashes and not found.families:
        ways = (
            " Where the ids of the two sets have nothing to do with each other, overlap=content looks at bytes alone."
            + ways
        )
    return found.reason + ways


def _unknown(why: str) -> Iterator[Event]:
    yield Provenance({"held_out": UNKNOWN})
    yield Log(f"Whether these pictures were held out is unknown: {why}.", "warning")


def _chosen_on(found: Overlap, val: Content) -> Iterator[Event]:
    if found:
        count = max(len(found.ids), len(found.hashes), len(found.families))
        yield Provenance({"checkpoint_chosen_on": count})
        yield Log(
            f"The checkpoint was chosen by how well it does on {count:,} of these pictures (of {len(val.ids):,} held "
            "out in training): expect a little less on others.",
            "warning",
        )
