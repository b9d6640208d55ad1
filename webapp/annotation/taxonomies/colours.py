"""Whether a category's colour can be read on light and on dark pages (WCAG 2.2, contrast 4.5 : 1). Pure."""

from __future__ import annotations

from django.utils.translation import gettext as _

LIGHT, DARK = "#fcfcfc", "#1c1c1c"  # --surface of static/css/tokens.css
ENOUGH = 4.5


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours like #6b7280."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def unreadable(colour: str, ground: str) -> str:
    """Why a colour does not do on a ground; empty where it does."""
    ratio = contrast(colour, ground)
    if ratio >= ENOUGH:
        return ""
    if ground == LIGHT:
        said = _("%(colour)s on light pages has a contrast of %(ratio).1f; people can read it from %(enough)s on.")
    else:
        said = _("%(colour)s on dark pages has a contrast of %(ratio).1f; people can read it from %(enough)s on.")
    return said % {"colour": colour, "ratio": ratio, "enough": ENOUGH}


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
