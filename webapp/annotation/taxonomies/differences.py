"""What changed from one version of a taxonomy to the next, in words. Pure."""

from __future__ import annotations

from typing import Any

from ml_core.taxonomy import Taxonomy as Document

_NAMES = {"name": "name", "long_name": "long name", "use_when": "use when", "not_when": "not when"}


def differences(
    old: Document, new: Document, old_guide: dict[str, str], new_guide: dict[str, str]
) -> list[tuple[str, str, str]]:
    """(what, before, now) for everything that differs; an added choice has no before, a removed one no now."""
    before, now = _flat(old, old_guide), _flat(new, new_guide)
    gone = [(name, text, "") for name, text in before.items() if name not in now]
    other = [(name, before.get(name, ""), text) for name, text in now.items() if before.get(name) != text]
    found = other + gone
    order = [category.key for category in old.categories], [category.key for category in new.categories]
    if order[0] != order[1] and sorted(order[0]) == sorted(order[1]):
        found.append(("Order", ", ".join(order[0]), ", ".join(order[1])))
    return found


def _flat(document: Document, guide: dict[str, str]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for category in document.categories:
        flat |= _of(category.key, category)
        flat[f"{category.key} · colour"] = f"{category.colour} / {category.colour_dark}"
        for subtype in category.subtypes:
            flat |= _of(f"{category.key} / {subtype.key}", subtype)
    for code, rules in document.rules.items():
        flat[f"Rules ({code})"] = "\n".join(rules)
    return flat | {f"Guide ({code})": text for code, text in guide.items() if text}


def _of(place: str, choice: Any) -> dict[str, str]:
    said = {
        f"{place} · {_NAMES[name]} ({code})": getattr(words, name)
        for code, words in choice.words.items()
        for name in _NAMES
        if getattr(words, name)
    }
    return {f"{place} · key": choice.hotkey} | said
