"""Tables with bars in their cells, as HTML that follows the page's theme."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lstmwidgets.widgets.theme import PALETTE

UNKNOWN = "–"
_ROOM = 0.97
"""Share of a cell that the greatest value fills: a dot at its end must not be cut."""
_THICK, _APART = 8, 13


@dataclass(frozen=True)
class Bar:
    """A bar from 0 to a mean, the values that it is the mean of, and what it is to be measured against.

    Attributes
    ----------
    mean : float
        NaN draws nothing.
    points : sequence of float
        Drawn as dots, and from the least to the greatest a line, where there are several.
    hue : str
        In the palette.
    faint : bool
        Half as strong, for what is less important.
    rule : float
        Where to draw a mark across; NaN for none.
    """

    mean: float
    points: Sequence[float] = ()
    hue: str = "forecast"
    faint: bool = False
    rule: float = math.nan
    rule_hue: str = "quiet"


def bars(drawn: Sequence[Bar], top: float) -> str:
    """Bars below each other, as wide as their cell; ``top`` is the value at its right edge.

    Said in numbers beside it, so that screen readers leave it out.
    """
    parts = [_bar(bar, top, 3 + _APART * number) for number, bar in enumerate(drawn)]
    height = 6 + _APART * (len(drawn) - 1) + _THICK
    return (
        f'<svg class="lw-row-bars" aria-hidden="true" width="100%" height="{height}">{"".join(parts)}</svg>'
    )


def _bar(bar: Bar, top: float, y: float) -> str:
    def place(value: float) -> str:
        return f"{100 * _ROOM * value / top:.2f}%"

    middle, hue = y + _THICK / 2, PALETTE[bar.hue].css
    points = [value for value in bar.points if math.isfinite(value)]
    drawn = ""
    if math.isfinite(bar.mean):
        opacity = 0.35 if bar.faint else 0.8
        drawn = (
            f'<rect x="0" y="{y}" width="{place(bar.mean)}" height="{_THICK}" rx="1" '
            f'style="fill: {hue}; opacity: {opacity}"/>'
        )
    if len(points) > 1:
        drawn += (
            f'<line x1="{place(min(points))}" x2="{place(max(points))}" y1="{middle}" y2="{middle}" '
            'style="stroke: var(--lw-text, #212121)"/>'
        )
        drawn += "".join(
            f'<circle cx="{place(value)}" cy="{middle}" r="2.6" '
            f'style="fill: var(--lw-ground, #fff); stroke: var(--lw-text, #212121)"/>'
            for value in points
        )
    if math.isfinite(bar.rule):
        drawn += (
            f'<line x1="{place(bar.rule)}" x2="{place(bar.rule)}" y1="{y - 2}" y2="{y + _THICK + 2}" '
            f'style="stroke: {PALETTE[bar.rule_hue].css}; stroke-width: 2"/>'
        )
    return drawn


def column(values: ArrayLike) -> list[str]:
    """Numbers below each other, with as many decimals as the smallest needs for three digits.

    Examples
    --------
    >>> column([0.0512, 12.3, float("nan")])
    ['0.0512', '12.3000', '–']
    """
    found = np.asarray(values, dtype=np.float64)
    sizes = np.abs(found[np.isfinite(found) & (found != 0)])
    decimals = 2 if not sizes.size else min(max(2 - math.floor(math.log10(float(sizes.min()))), 0), 9)
    return [
        f"{value:,.{decimals}f}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else UNKNOWN
        for value in found.tolist()
    ]


def size_of(memory: float) -> str:
    """Bytes in words.

    Examples
    --------
    >>> size_of(5_400), size_of(12_345_678), size_of(2.5e9)
    ('5.4 kB', '12 MB', '2.5 GB')
    """
    if not math.isfinite(memory):
        return UNKNOWN
    for factor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if memory >= factor:
            return f"{memory / factor:.{1 if memory < 10 * factor else 0}f} {unit}"
    return f"{memory:.0f} B"


def heads(names: Sequence[tuple[str, str]]) -> str:
    """The first row of a table: names, each with what it means."""
    cells = "".join(
        f'<th scope="col" title="{html.escape(meaning, quote=True)}">{html.escape(name)}</th>'
        for name, meaning in names
    )
    return f"<thead><tr>{cells}</tr></thead>"


def table(label: str, head: str, rows: Sequence[str], kind: str) -> str:
    """A table of rows, each ``<tr>…</tr>``, under `heads`; ``kind`` is a class of its own."""
    return (
        f'<table class="lw-rows {kind}" aria-label="{html.escape(label, quote=True)}">{head}'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )
