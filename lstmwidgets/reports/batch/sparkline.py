"""A series' last points and its forecast as two lines of a few hundred bytes: plain functions of arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lstmwidgets.widgets.charts.thinning import thin

WIDTH, HEIGHT = 120, 28
POINTS = 120
"""How many of the last points are drawn."""

_MARKS = 75  # of a line, thinned to two pixels from one to the next where there are more
_LEAST_SHARE, _MOST_SHARE = 0.15, 0.5  # of the width, for the forecast


def sparkline(recent: ArrayLike, forecast: ArrayLike) -> tuple[str, str]:
    """SVG paths of the last points and of the forecast, in a box of 120 by 28 whose y points down.

    Parameters
    ----------
    recent : array, shape (points,)
        In the order of time; its last 120 count. NaN breaks the line.
    forecast : array, shape (horizon,)

    Returns
    -------
    str, str
        Values of the ``d`` of two paths; empty where there is nothing to draw. The second begins where the
        first ends.

    Examples
    --------
    >>> sparkline([0.0, 1.0, 0.0], [1.0, 0.0])
    ('M0 28l30-28 30 28', 'M60 28l30-28 30 28')
    """
    known = np.asarray(recent, np.float64)[-POINTS:]
    ahead = np.asarray(forecast, np.float64)
    both = np.concatenate([known, ahead])
    seen = both[np.isfinite(both)]
    if not len(seen):
        return "", ""
    share = np.clip(len(ahead) / max(1, len(both) - 1), _LEAST_SHARE, _MOST_SHARE) if len(ahead) else 0.0
    now = WIDTH * (1 - share)
    low, high = float(seen.min()), float(seen.max())
    x = np.concatenate(
        [np.linspace(0, now, len(known)), now + np.linspace(0, WIDTH - now, len(ahead) + 1)[1:]]
    )
    y = HEIGHT * (high - both) / (high - low) if high > low else np.full(len(both), HEIGHT / 2)
    y[~np.isfinite(both)] = np.nan
    split = len(known)
    begin = max(0, split - 1) if split and np.isfinite(y[split - 1]) else split
    return _path(x[:split], y[:split], _MARKS), _path(x[begin:], y[begin:], _MARKS)


def _path(x: NDArray[np.float64], y: NDArray[np.float64], most: int) -> str:
    """Lines through whole numbers, each relative to the one before: the shortest way to write them."""
    if not len(x):
        return ""
    x, y = thin(x, y, most)
    known = np.isfinite(y)
    across, down = np.rint(x).astype(int), np.rint(np.where(known, y, 0.0)).astype(int)
    parts: list[str] = []
    for place in range(len(x)):
        if not known[place]:
            continue
        if place == 0 or not known[place - 1]:
            parts.append(f"M{across[place]} {down[place]}")
            continue
        step, rise = across[place] - across[place - 1], down[place] - down[place - 1]
        sign = "l" if parts[-1].startswith("M") else "" if step < 0 else " "
        parts.append(f"{sign}{step}{rise}" if rise < 0 else f"{sign}{step} {rise}")
    return "".join(parts)
