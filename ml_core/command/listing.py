"""What the command line says about itself: the methods there are, and the settings of one."""

from __future__ import annotations

from typing import Any

from ml_core.command.arguments import COMMON
from ml_core.methods import cards
from ml_core.spec import Card

USAGE = """usage: python -m ml_core METHOD key=value … out=DIR [--events]
       python -m ml_core METHOD --help"""
_BOUNDS = {"minimum": "≥ {}", "exclusiveMinimum": "> {}", "maximum": "≤ {}", "exclusiveMaximum": "< {}"}
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}


def methods() -> str:
    """Every method with the sentence that introduces it."""
    width = max((len(key) for key in cards()), default=0)
    lines = [f"  {card.key:<{width}}  {card.summary}" for card in cards().values()]
    return "\n".join([USAGE, "", "methods:", *lines])


def settings(card: Card) -> str:
    """Every setting of a method: name, type, default, bounds, unit, its sentence; then presets and the common ones."""
    schema = card.spec.model_json_schema()
    required = set(schema.get("required", ()))
    lines = [f"{card.key} · {card.title}", card.summary, "", USAGE.splitlines()[0].replace("METHOD", card.key), ""]
    lines.append("settings:")
    for name, entry in schema.get("properties", {}).items():
        lines += _setting(name, _type(entry), _default(name, entry, required), entry)
    if card.presets:
        lines += ["", "presets (preset=NAME):"]
        lines += [
            f"  {name}: " + (" ".join(f"{k}={_text(v)}" for k, v in p.items()) or "the defaults")
            for name, p in card.presets.items()
        ]
    lines += ["", "every method also takes:"]
    lines += [f"  {name}  [{default}]\n      {text}" for name, (default, text) in COMMON.items()]
    if card.paper:
        lines += ["", f"source: {card.paper}"]
    return "\n".join(lines)


def _setting(name: str, kind: str, default: str, entry: dict[str, Any]) -> list[str]:
    about = [kind, *_bounds(entry)]
    if entry.get("unit"):
        about.append(f"in {entry['unit']}")
    return [f"  {name}  [{default}]  {', '.join(about)}", f"      {entry.get('description', '')}"]


def _type(entry: dict[str, Any]) -> str:
    if "enum" in entry or "const" in entry:
        return " | ".join(str(value) for value in entry.get("enum", [entry.get("const")]))
    if "anyOf" in entry:
        return " or ".join(_type(option) for option in entry["anyOf"] if option.get("type") != "null")
    if entry.get("type") == "array":
        return f"{_type(entry.get('items', {}))}s, with commas"
    if entry.get("reference"):
        return {"dataset": "data set", "file": "file"}.get(entry["reference"], entry["reference"])
    return _TYPES.get(entry.get("type", ""), "value")


def _bounds(entry: dict[str, Any]) -> list[str]:
    found = [text.format(f"{entry[key]:,.10g}") for key, text in _BOUNDS.items() if key in entry]
    return found + [bound for option in entry.get("anyOf", ()) for bound in _bounds(option)]


def _default(name: str, entry: dict[str, Any], required: set[str]) -> str:
    return "required" if name in required else _text(entry.get("default"))


def _text(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
