"""The component of a measured number as markup. Not a template: a page of comparisons shows more than a thousand."""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString, mark_safe

from webapp.design.numbers import Reading, Whisker


def number_markup(reading: Reading, size: str = "", tone: str = "") -> SafeString:
    """What is read aloud, the value with its unit, the interval as a whisker and in figures, and n."""
    kinds = "".join(f" number-{kind}" for kind in (size, tone) if kind)
    unit = f'<span class="number-unit"> {escape(reading.unit)}</span>' if reading.unit else ""
    rest = _rest(reading)
    return mark_safe(  # noqa: S308 - every text is escaped, every other part is a number of ours
        f'<span class="number{escape(kinds)}"><span class="visually-hidden">{escape(reading.spoken)}</span>'
        f'<span class="number-value" aria-hidden="true">{escape(reading.text)}{unit}</span>{rest}</span>'
    )


def _rest(reading: Reading) -> str:
    """The whisker, the interval and n, as far as there are such."""
    if reading.whisker is None and not reading.n:
        return ""
    drawn = _whisker(reading.whisker) if reading.whisker else ""
    interval = f'<span class="number-interval">{escape(reading.interval)}</span>' if reading.interval else ""
    count = f'<span class="number-n"><i>n</i> {escape(reading.n)}</span>' if reading.n else ""
    return f'<span class="number-rest" aria-hidden="true">{drawn}{interval}{count}</span>'


def _whisker(at: Whisker) -> str:
    """The interval on its axis, 0 to 100 wide whatever it measures."""
    zero = "" if at.zero is None else f'<line class="whisker-axis" x1="{at.zero}" x2="{at.zero}" y1="0" y2="12"/>'
    return (
        '<svg class="whisker" viewBox="0 0 100 12" preserveAspectRatio="none" focusable="false">'
        f'<line class="whisker-axis" x1="0" x2="100" y1="6" y2="6"/>{zero}'
        f'<path class="whisker-span" d="M{at.low} 1V11M{at.low} 6H{at.high}M{at.high} 1V11"/>'
        f'<line class="whisker-value" x1="{at.value}" x2="{at.value}" y1="6" y2="6"/></svg>'
    )
