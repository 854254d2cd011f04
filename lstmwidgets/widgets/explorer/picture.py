"""The explorer on paper: the window, strips and ledger on one time axis, and the cell at the present step."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.cells import AttentionTrace, timesteps_and_units
from lstmwidgets.analysis.inside.ledger import memory_ledger
from lstmwidgets.analysis.inside.traces import AnyLayer
from lstmwidgets.analysis.scoring.baselines import seasonal_naive
from lstmwidgets.widgets.explorer.cell import CELLS, draw_cell, result_of
from lstmwidgets.widgets.explorer.payload import Surroundings
from lstmwidgets.widgets.explorer.scales import (
    ATTENTION,
    LEDGER,
    Scale,
    attention_scale,
    ledger_scale,
    scales_of,
)
from lstmwidgets.widgets.figures import QUIET, Picture, quiet_axes
from lstmwidgets.widgets.theme import colour

_WIDE = 135
_LABELS = {LEDGER: "memory", ATTENTION: "attention"}


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn.

    Attributes
    ----------
    title : str
    layer : LayerTrace or that of another cell
    attention : AttentionTrace or None
        What is drawn below its strips.
    order : int array, shape (units,)
        The units from top to bottom.
    t, unit : int
    labels : sequence of str
        A name for each step read, and each step ahead.
    shares : float64 array, shape (timesteps,), or None
        What each step brings to a forecast.
    series : (values, surroundings, known) or None
        The window in its unit, what lies around it, and the forecast as known after each step.
    missing : str
        What cannot be told of such a network, and why; "" where all can.
    """

    title: str
    layer: AnyLayer
    attention: AttentionTrace | None
    order: NDArray[np.integer]
    t: int
    unit: int
    labels: Sequence[str]
    shares: NDArray[np.float64] | None
    series: tuple[NDArray[np.float64], Surroundings, NDArray[np.float64]] | None
    missing: str = ""


def draw(scene: Scene) -> Picture:
    """A figure on white, as wide as a page."""
    layer, strips = scene.layer, _strips(scene)
    timesteps, _ = timesteps_and_units(layer)
    heights = [1.9] * (scene.series is not None) + [1.0] * len(strips) + [0.8] * (scene.shares is not None)
    walked = not isinstance(layer, AttentionTrace)
    said = textwrap.wrap(scene.missing, _WIDE)
    picture = Picture(height=1.0 + max(0.6 * sum(heights), 2.9 * walked) + 0.16 * len(said))
    if said:
        picture.supxlabel("\n".join(said), x=0.006, ha="left", fontsize=8, color=QUIET)
    picture.suptitle(scene.title, fontsize=10)
    grid = picture.add_gridspec(1, 2, width_ratios=(7, 4)) if walked else picture.add_gridspec(1, 1)
    rows = grid[0].subgridspec(len(heights), 1, height_ratios=heights).subplots(sharex=True, squeeze=False)
    axes = list(rows[:, 0])
    if walked:
        _draw_moment(picture.add_subplot(grid[1]), scene)
    reach = timesteps
    if scene.series is not None:
        reach += len(scene.series[1].actual)
        _draw_series(quiet_axes(axes[0]), *scene.series, scene.t)
    if scene.shares is not None:
        quiet_axes(axes[-1], y="share")
        axes[-1].bar(np.arange(timesteps), scene.shares, width=1.0, color=colour("forecast"))
    row = int(np.flatnonzero(scene.order == scene.unit)[0])
    first = int(scene.series is not None)
    for each, (name, (array, scale)) in zip(axes[first : first + len(strips)], strips.items(), strict=True):
        beside = name == ATTENTION and walked
        rows = array.T if beside else array[:, scene.order].T
        hue = colour(f"gate-{layer.memory if name == LEDGER else name}")
        _draw_strip(each, _LABELS.get(name, name), rows, scale, hue, None if beside else row)
    for each in axes:
        each.axvline(scene.t, color=colour("actual"), linewidth=0.8)
        each.set_xlim(-0.5, reach - 0.5)
    places = np.linspace(0, reach - 1, 5).round().astype(int)
    axes[-1].set_xticks(places, [scene.labels[place] for place in places], fontsize=7)
    return picture


def _strips(scene: Scene) -> dict[str, tuple[NDArray[np.float64], Scale]]:
    """What each strip shows, from top to bottom, and on which scale."""
    layer, scales = scene.layer, scales_of(scene.layer)
    strips = {letter: (array, scales[letter]) for letter, array in layer.arrays.items()}
    if layer.gates:
        left = memory_ledger(layer).contributions
        strips[LEDGER] = left, ledger_scale(left)
    if scene.attention is not None:
        strips[ATTENTION] = scene.attention.a, attention_scale(scene.attention.a)
    return strips


def _draw_moment(axes: Any, scene: Scene) -> None:
    """The cell at the marked step, and below it what its numbers come to."""
    layer, t, unit = scene.layer, scene.t, scene.unit
    assert not isinstance(layer, AttentionTrace)  # which has no cell
    draw_cell(axes, layer, t, unit)
    axes.set_title(f"unit {unit}, {scene.labels[t]}", fontsize=9, loc="left", color="#212121")
    below = CELLS[layer.cell]["height"] + 16
    text = result_of(layer, t, unit)
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
    made = t if np.isfinite(known[t]).all() else steps - 1  # by a network that reads whole windows alone
    ahead_of_it = [values[made], *known[made]]
    axes.plot(made + np.arange(horizon + 1), ahead_of_it, color=colour("forecast"), linewidth=1.8)


def _draw_strip(
    axes: Any, label: str, rows: NDArray[np.float64], scale: Scale, hue: str, row: int | None
) -> None:
    ends = [colour("actual"), "#ffffff", hue] if scale.signed else ["#ffffff", hue]
    axes.imshow(
        scale.shades(rows),
        aspect="auto",
        interpolation="nearest",
        cmap=LinearSegmentedColormap.from_list(label, ends).with_extremes(bad=colour("quiet")),
        vmin=-1.0 if scale.signed else 0.0,
        vmax=1.0,
        extent=(-0.5, rows.shape[1] - 0.5, len(rows) - 0.5, -0.5),
    )
    if row is not None:
        around_row = Rectangle((-0.5, row - 0.5), rows.shape[1], 1.0, fill=False, linewidth=0.6)
        around_row.set_edgecolor(colour("actual"))
        axes.add_patch(around_row)
    size = 8 if label == _LABELS[ATTENTION] else 10
    axes.set_ylabel(label, rotation=0, ha="right", va="center", color=hue, fontsize=size, fontweight="bold")
    axes.set_yticks([])
    axes.spines[:].set_color("#cccccc")
    axes.tick_params(labelsize=8, length=0)
