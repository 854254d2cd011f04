"""Lines with a spread over seeds: a band, thin lines, and how far a log axis reaches."""

from __future__ import annotations

from collections.abc import Sequence

import bqplot
import numpy as np
from numpy.typing import NDArray

from lstmwidgets.widgets import theme

BAND_OPACITY = 0.16
_ASTRAY = 20.0


def fan(hue: str, scales: dict[str, bqplot.Scale]) -> bqplot.Lines:
    """An empty band between two lines; fill it with `draw_fan`."""
    colour = theme.PALETTE[hue].css
    return bqplot.Lines(
        x=np.ones(2),
        y=np.ones((2, 2)),
        scales=scales,
        colors=[colour],
        stroke_width=0,
        fill="between",
        fill_colors=[colour],
        fill_opacities=[BAND_OPACITY],
        opacities=[0.0],
    )


def draw_fan(
    mark: bqplot.Lines, x: NDArray[np.generic], low: NDArray[np.float64], high: NDArray[np.float64]
) -> None:
    """Put a `fan` where both ends are known; where none is, it is of no width."""
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        x, low, high = x[:1].repeat(2) if len(x) else np.ones(2), np.ones(2), np.ones(2)
        known = np.ones(2, bool)
    with mark.hold_sync():
        mark.x, mark.y = x[known], np.stack([low[known], high[known]])


def ragged(curves: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Lines of different lengths as rows of one array, NaN behind their ends.

    Examples
    --------
    >>> ragged([np.array([3.0, 2.0]), np.array([1.0])]).tolist()
    [[3.0, 2.0], [1.0, nan]]
    """
    table = np.full((len(curves), max(map(len, curves), default=0)), np.nan)
    for row, curve in zip(table, curves, strict=True):
        row[: len(curve)] = curve
    return table


def within_reason(curves: Sequence[NDArray[np.float64]]) -> tuple[NDArray[np.float64], bool]:
    """The losses that an axis should show, and whether others are left out.

    One training gone astray would squash all others into a line: what lies far above where the curves
    begin is left out.

    Examples
    --------
    >>> within_reason([np.array([1.0, 0.5]), np.array([0.9, 0.4, 1e9])])
    (array([1. , 0.5, 0.9, 0.4]), True)
    """
    losses = np.concatenate([*curves, np.array([])])
    losses = losses[np.isfinite(losses) & (losses > 0)]
    first = [float(curve[0]) for curve in curves if len(curve) and np.isfinite(curve[0])]
    limit = _ASTRAY * max(1.0, float(np.median(first)) if first else 1.0)
    shown = losses[losses <= limit]
    return (shown, True) if 0 < len(shown) < len(losses) else (losses, False)
