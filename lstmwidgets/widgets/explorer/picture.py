"""The explorer on paper: the window, strips and ledger on one time axis, and the cell at the present step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.ledger import memory_ledger
from lstmwidgets.analysis.inside.tracing import LayerTrace
from lstmwidgets.analysis.scoring.baselines import seasonal_naive
from lstmwidgets.widgets.explorer.cell import CELL, draw_cell, moment_of
from lstmwidgets.widgets.explorer.payload import Surroundings
from lstmwidgets.widgets.figures import Picture, quiet_axes
from lstmwidgets.widgets.theme import GATES, colour

MEMORY = "memory"
_SIGNED = ("g", "c", "h", MEMORY)


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn.

    Attributes
    ----------
    title : str
    layer : LayerTrace
    order : int array, shape (units,)
        The units from top to bottom.
    t, unit : int
    labels : sequence of str
        A name for each step read, and each step ahead.
    shares : float64 array, shape (timesteps,), or None
        What each step brings to a forecast.
    series : (values, surroundings, known) or None
        The window in its unit, what lies around it, and the forecast as known after each step.
    """

    title: str
    layer: LayerTrace
    order: NDArray[np.integer]
    t: int
    unit: int
    labels: Sequence[str]
    shares: NDArray[np.float64] | None
    series: tuple[NDArray[np.float64], Surroundings, NDArray[np.float64]] | None


def draw(scene: Scene) -> Picture:
    """A figure on white, as wide as a page."""
    layer = scene.layer
    strips = {**{gate: getattr(layer, gate) for gate in GATES}, MEMORY: memory_ledger(layer).contributions}
    heights = [1.9] * (scene.series is not None) + [1.0] * len(strips) + [0.8] * (scene.shares is not None)
    picture = Picture(height=1.0 + 0.6 * sum(heights))
    picture.suptitle(scene.title, fontsize=10)
    grid = picture.add_gridspec(1, 2, width_ratios=(7, 4))
    rows = grid[0].subgridspec(len(heights), 1, height_ratios=heights).subplots(sharex=True, squeeze=False)
    axes = list(rows[:, 0])
    _draw_moment(picture.add_subplot(grid[1]), scene)
    reach = len(layer.h)
    if scene.series is not None:
        reach += len(scene.series[1].actual)
        _draw_series(quiet_axes(axes[0]), *scene.series, scene.t)
    if scene.shares is not None:
        quiet_axes(axes[-1], y="share")
        axes[-1].bar(np.arange(len(layer.h)), scene.shares, width=1.0, color=colour("forecast"))
    row = int(np.flatnonzero(scene.order == scene.unit)[0])
    first = int(scene.series is not None)
    for each, (name, array) in zip(axes[first : first + len(strips)], strips.items(), strict=True):
        _draw_strip(each, name, array[:, scene.order].T, row)
    for each in axes:
        each.axvline(scene.t, color=colour("actual"), linewidth=0.8)
        each.set_xlim(-0.5, reach - 0.5)
    places = np.linspace(0, reach - 1, 5).round().astype(int)
    axes[-1].set_xticks(places, [scene.labels[place] for place in places], fontsize=7)
    return picture


def _draw_moment(axes: Any, scene: Scene) -> None:
    """The cell at the marked step, and below it what its numbers come to."""
    layer, t, unit = scene.layer, scene.t, scene.unit
    draw_cell(axes, layer, t, unit)
    axes.set_title(f"unit {unit}, {scene.labels[t]}", fontsize=9, loc="left", color="#212121")
    moment = moment_of(layer, t, unit)
    kept, added = f"{moment['f']:.2f}·{moment['c_before']:.2f}", f"{moment['added']:.2f}"
    text = (
        f"c = f·c + i·g = {kept} + {added} = {moment['c']:.3f}\n"
        f"h = o·tanh(c) = {moment['o']:.2f}·{moment['tanh_c']:.2f} = {moment['h']:.3f}"
    ).replace("-", "\N{MINUS SIGN}")
    below = CELL["height"] + 16
    axes.text(4, below, text, va="top", fontsize=7, family="monospace", color="#212121", linespacing=1.6)
    axes.set_ylim(below + 40, 0)
    axes.set_anchor("N")


def _draw_series(
    axes: Any, values: NDArray[np.float64], around: Surroundings, known: NDArray[np.float64], t: int
) -> None:
    steps, horizon = len(values), len(around.actual)
    axes.plot(np.arange(steps), values, color=colour("actual"), linewidth=1.2)
    ahead = np.arange(steps, steps + horizon)
    axes.plot(ahead, around.actual, color=colour("actual"), linewidth=1.2, alpha=0.5)
    past = np.concatenate([around.before, values])
    naive = seasonal_naive(past, np.array([len(around.before) + t]), horizon, around.season)[0]
    rules = {"repeat-last": np.full(horizon, values[t])}
    rules |= {"seasonal-naive": naive} if around.season > 1 else {}
    for name, line in rules.items():
        axes.plot(t + 1 + np.arange(horizon), line, color=colour(name), linewidth=1, linestyle="--")
    axes.plot(t + np.arange(horizon + 1), [values[t], *known[t]], color=colour("forecast"), linewidth=1.8)


def _draw_strip(axes: Any, name: str, rows: NDArray[np.float64], row: int) -> None:
    signed = name in _SIGNED
    hue = colour(f"gate-{'c' if name == MEMORY else name}")
    ends = [colour("actual"), "#ffffff", hue] if signed else ["#ffffff", hue]
    most = float(np.abs(rows).max()) or 1.0 if name in ("c", MEMORY) else 1.0
    axes.imshow(
        rows,
        aspect="auto",
        interpolation="nearest",
        cmap=LinearSegmentedColormap.from_list(name, ends),
        vmin=-most if signed else 0.0,
        vmax=most,
        extent=(-0.5, rows.shape[1] - 0.5, len(rows) - 0.5, -0.5),
    )
    around_row = Rectangle((-0.5, row - 0.5), rows.shape[1], 1.0, fill=False, linewidth=0.6)
    around_row.set_edgecolor(colour("actual"))
    axes.add_patch(around_row)
    axes.set_ylabel(name, rotation=0, ha="right", va="center", color=hue, fontsize=10, fontweight="bold")
    axes.set_yticks([])
    axes.spines[:].set_color("#cccccc")
    axes.tick_params(labelsize=8, length=0)
