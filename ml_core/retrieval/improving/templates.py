"""The templates, by set: sentences around a caption that say nothing more and nothing less than the caption does.

A template may name the medium (photo, picture, image) and may say what kind of thing the caption tells of. It never
adds or denies a thing, a number, a colour, a size, a place or a quality, and never sounds unsure.
"""

from __future__ import annotations

IDENTITY = "{}"
NONE, CATEGORY, GENERAL = "none", "category", "mixed"

SETS: dict[str, tuple[str, ...]] = {
    NONE: (IDENTITY,),
    "photo": (IDENTITY, "a photo of {}.", "a picture of {}.", "an image of {}."),
    "showing": (IDENTITY, "a photo showing {}.", "this picture shows {}.", "what this image shows is {}."),
    GENERAL: (
        IDENTITY,
        "a photo of {}.",
        "a picture of {}.",
        "an image of {}.",
        "a photo showing {}.",
        "this picture shows {}.",
        "the caption of this photo: {}.",
    ),
}

# By the category's key in the default taxonomy; all as long as each other, so that every caption has K templates.
CATEGORY_SETS: dict[str, tuple[str, ...]] = {
    "ambiguous": (IDENTITY, "a photo of {}.", "a picture of {}.", "this picture shows {}."),
    "attribute": (
        IDENTITY,
        "a photo of {}.",
        "a photo of things that look just as described: {}.",
        "what things look like in this photo: {}.",
    ),
    "action": (
        IDENTITY,
        "a photo of {}.",
        "what is being done in this photo: {}.",
        "what is happening in this photo: {}.",
    ),
    "count": (
        IDENTITY,
        "a photo of {}.",
        "a photo of just as many as described: {}.",
        "how many there are in this photo: {}.",
    ),
    "context": (IDENTITY, "a photo of {}.", "the scene in this photo: {}.", "the setting of this photo: {}."),
    "spatial": (
        IDENTITY,
        "a photo of {}.",
        "where things are in this photo: {}.",
        "how things are arranged in this photo: {}.",
    ),
    "object": (IDENTITY, "a photo of {}.", "the things in this photo: {}.", "what is seen in this photo: {}."),
}


def templates_for(category: str) -> tuple[str, ...]:
    """The set of a category; the general words for one that has none of its own."""
    return CATEGORY_SETS.get(category, CATEGORY_SETS["ambiguous"])


def filled(template: str, caption: str) -> str:
    """The caption within the template; within others than IDENTITY it loses its full stop and its sentence capital."""
    if template == IDENTITY:
        return caption
    body = " ".join(caption.split()).rstrip(".").rstrip()
    if len(body) > 1 and body[0].isupper() and (body[1].islower() or body[:2] == "A "):
        body = body[0].lower() + body[1:]
    return template.replace(IDENTITY, body or caption)
