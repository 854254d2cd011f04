"""The dial on paper: the validation curve, the gap behind it, and the table of costs."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from lstmwidgets.widgets.charts.axes import log_ticks, loss_limits, ticks_between
from lstmwidgets.widgets.charts.rows import UNKNOWN
from lstmwidgets.widgets.charts.spread import BAND_OPACITY
from lstmwidgets.widgets.dial import words
from lstmwidgets.widgets.dial.charts import aside, error_limits, value_limits, value_ticks
from lstmwidgets.widgets.dial.scene import EACH, NAMES, Scene
from lstmwidgets.widgets.dial.table import COLUMNS, cells_of, cells_of_rule, mark_of
from lstmwidgets.widgets.figures import QUIET, Picture, quiet_axes
from lstmwidgets.widgets.theme import colour

_TEXT = "#212121"
_WIDE, _WIDER = 128, 150
_ENDS = {"start": "left", "middle": "center", "end": "right"}
_PLACES = (0.05, 0.27, 0.45, 0.6, 0.72, 0.85, 1.0)


def draw(scene: Scene, status: str) -> Picture:
    """A figure on white, as wide as a page."""
    reason = [words.of_choice(scene), *words.cautions(scene)]
    said = textwrap.wrap(" ".join(filter(None, [*reason, status])), _WIDE)
    told = [words.of_errors(scene), words.of_losses(scene)] if len(scene.points) else []
    captions = [line for each in told for line in textwrap.wrap(each, _WIDER)]
    heights = [
        0.17 * len(said) + 0.05,
        2.8,
        0.17 * len(captions) + 0.05,
        0.2 * (len(scene.values) + bool(scene.rule)) + 0.3,
    ]
    picture = Picture(width=10.0, height=sum(heights) + 0.9)
    picture.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06, hspace=0.04, wspace=0.05)
    picture.suptitle(words.heading(scene), fontsize=11, x=0.006, ha="left", color=_TEXT)
    rows = picture.add_gridspec(len(heights), 1, height_ratios=heights)
    _write(picture.add_subplot(rows[0]), "\n".join(said), _TEXT, 9)
    charts = rows[1].subgridspec(1, 2, width_ratios=[3, 2])
    _errors(picture.add_subplot(charts[0]), scene)
    _losses(picture.add_subplot(charts[1]), scene)
    _write(picture.add_subplot(rows[2]), "\n".join(captions), QUIET, 8)
    _costs(picture.add_subplot(rows[3]), scene)
    return picture


def _write(axes: Axes, text: str, hue: str, size: float) -> None:
    axes.set_axis_off()
    axes.text(0, 1, text, transform=axes.transAxes, va="top", fontsize=size, color=hue).set_in_layout(False)


def _over_values(axes: Axes, scene: Scene, title: str) -> None:
    quiet_axes(axes, title=title, x=NAMES[scene.parameter].lower())
    axes.set(xscale="log", xlim=value_limits(scene.values))
    ticks = value_ticks(scene.values)
    axes.set_xticks(ticks, [f"{tick:,.0f}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())


def _errors(axes: Axes, scene: Scene) -> None:
    unit = f", {scene.unit}" if scene.unit else ""
    _over_values(axes, scene, f"Validation error{unit}")
    low, high = error_limits(scene)
    axes.set(ylim=(low, high))
    axes.set_yticks(ticks_between(low, high))
    found, hue = scene.table.dropna(subset=["mean"]), colour("validation")
    if np.isfinite(scene.limit):
        axes.axhline(scene.limit, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.fill_between(found.index, found["low"], found["high"], color=hue, alpha=BAND_OPACITY, linewidth=0)
    axes.plot(found.index, found["mean"], color=hue, linewidth=1.8)
    ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": hue, "markersize": 4}
    axes.plot(scene.points["value"], scene.points["error"], "o", **ring)
    for value, name in ((scene.best, "validation"), (scene.chosen, "good")):
        if value is None or (value == scene.chosen and name == "validation"):
            continue
        place = (value, found["mean"][value])
        axes.plot(*place, "o", color=colour(name), markersize=8)
        axes.annotate(
            f"{value:,} {mark_of(value, scene)}", place, xytext=(0, -17 if value == scene.best else 9),
            textcoords="offset points", ha=_ENDS[aside(value, scene)], color=colour(name), fontsize=9,
            weight="bold",
        )  # fmt: skip
    if not len(found):
        axes.text(0.5, 0.5, words.of_errors(scene), transform=axes.transAxes, ha="center", color=QUIET)


def _losses(axes: Axes, scene: Scene) -> None:
    _over_values(axes, scene, words.over_losses(scene))
    found = scene.losses.dropna()
    bottom, top = loss_limits(scene.losses.to_numpy(np.float64).ravel(), centred=False)
    ticks = log_ticks(bottom, top)
    axes.set(yscale="log", ylim=(bottom, top))
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.fill_between(
        found.index,
        found["train"],
        found["validation"],
        color=colour("warning"),
        alpha=BAND_OPACITY,
        linewidth=0,
    )
    lines = (
        ("train", "train", "train", "-"),
        ("validation", "validation", "validation", "-"),
    )
    for name, hue, label, style in (*lines, ("kept", "validation", "validation, kept epoch", (0, (4, 3)))):
        marker = "" if name == "kept" else "o"
        axes.plot(
            found.index, found[name], color=colour(hue), linewidth=1.5, linestyle=style, marker=marker,
            markersize=4, label=label,
        )  # fmt: skip
    if len(found):
        axes.legend(frameon=False, fontsize=8, labelcolor=_TEXT, loc="best")


def _costs(axes: Axes, scene: Scene) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(len(scene.values) + bool(scene.rule) - 0.4, -1.1))
    heads = [EACH[scene.parameter], *(name for name, _ in COLUMNS.values())]
    for place, head in zip(_PLACES, heads, strict=True):
        axes.text(place, -1, head, ha="right", va="center", fontsize=8, color=QUIET)
    for row, (value, cells) in enumerate(cells_of(scene).items()):
        hue = colour("good") if value == scene.chosen else _TEXT if cells["error"] != UNKNOWN else QUIET
        for place, text in zip(_PLACES, [f"{value:,}", *(cells[name] for name in COLUMNS)], strict=True):
            axes.text(place, row, text, ha="right", va="center", fontsize=8, color=hue)
        axes.text(_PLACES[0] + 0.01, row, mark_of(value, scene), va="center", fontsize=8, color=hue)
    if scene.rule:
        row, cells = len(scene.values), cells_of_rule(scene)
        axes.text(0.0, row, scene.rule, va="center", fontsize=8, color=QUIET)
        for place, name in zip(_PLACES[1:], COLUMNS, strict=True):
            axes.text(place, row, cells[name], ha="right", va="center", fontsize=8, color=QUIET)
