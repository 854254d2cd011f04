"""The explorer on paper: the window, six strips and the ledger on one time axis, the present step marked."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from lstmwidgets.analysis.ledger import memory_ledger
from lstmwidgets.analysis.tracing import LayerTrace
from lstmwidgets.widgets.explorer.payload import Surroundings
from lstmwidgets.widgets.figures import Picture, quiet_axes
from lstmwidgets.widgets.theme import GATES, colour

_SIGNED = ("g", "c", "h", "memory")


def draw(
    title: str,
    layer: LayerTrace,
    order: NDArray[np.integer],
    t: int,
    unit: int,
    values: NDArray[np.float64] | None,
    around: Surroundings | None,
    known: NDArray[np.float64] | None,
) -> Picture:
    """A figure on white, as wide as a page."""
    strips = {**{gate: getattr(layer, gate) for gate in GATES}, "memory": memory_ledger(layer).contributions}
    heights = [1.9] * (values is not None) + [1.0] * len(strips)
    picture = Picture(height=1.2 + 0.62 * sum(heights))
    axes = picture.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    picture.suptitle(title, fontsize=10)
    reach = len(layer.h) + (len(around.actual) if around else 0)
    if values is not None and around is not None and known is not None:
        _draw_series(quiet_axes(axes[0]), values, around, known, t)
    row = int(np.flatnonzero(order == unit)[0])
    for each, (name, array) in zip(axes[len(axes) - len(strips) :], strips.items(), strict=True):
        _draw_strip(each, name, array[:, order].T, row)
    for each in axes:
        each.axvline(t, color=colour("actual"), linewidth=0.8)
        each.set_xlim(-0.5, reach - 0.5)
    last = axes[-1]
    if around is not None:
        places = np.linspace(0, reach - 1, 6).round().astype(int)
        last.set_xticks(places, [around.labels[place] for place in places], fontsize=8)
    else:
        last.set_xlabel("step", fontsize=8)
    return picture


def _draw_series(
    axes: Any, values: NDArray[np.float64], around: Surroundings, known: NDArray[np.float64], t: int
) -> None:
    steps, horizon = len(values), len(around.actual)
    axes.plot(np.arange(steps), values, color=colour("actual"), linewidth=1.2)
    ahead = np.arange(steps, steps + horizon)
    axes.plot(ahead, around.actual, color=colour("actual"), linewidth=1.2, alpha=0.5)
    from_t = t + np.arange(horizon + 1)
    axes.plot(
        from_t, np.full(horizon + 1, values[t]), color=colour("repeat-last"), linewidth=1, linestyle="--"
    )
    axes.plot(from_t, np.concatenate([values[[t]], known[t]]), color=colour("forecast"), linewidth=1.8)
    axes.tick_params(labelsize=8)


def _draw_strip(axes: Any, name: str, rows: NDArray[np.float64], row: int) -> None:
    signed = name in _SIGNED
    hue = colour(f"gate-{'c' if name == 'memory' else name}")
    ends = [colour("actual"), "#ffffff", hue] if signed else ["#ffffff", hue]
    most = float(np.abs(rows).max()) or 1.0 if name in ("c", "memory") else 1.0
    axes.imshow(
        rows,
        aspect="auto",
        interpolation="nearest",
        cmap=LinearSegmentedColormap.from_list(name, ends),
        vmin=-most if signed else 0.0,
        vmax=most,
        extent=(-0.5, rows.shape[1] - 0.5, len(rows) - 0.5, -0.5),
    )
    axes.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=colour("actual"), linewidth=0.6)
    axes.set_ylabel(name, rotation=0, ha="right", va="center", color=hue, fontsize=10, fontweight="bold")
    axes.set_yticks([])
    axes.tick_params(labelsize=8)
