"""The comparison on paper: errors as bars, costs beside them, learning curves and newest forecasts."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from lstmwidgets.widgets.charts.axes import date_ticks, log_ticks, loss_limits, value_limits, whole_ticks
from lstmwidgets.widgets.charts.spread import BAND_OPACITY, within_reason
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.comparing import words
from lstmwidgets.widgets.comparing.scene import DASHES, PARTS, Candidate, Scene
from lstmwidgets.widgets.comparing.table import COSTS, cells_of
from lstmwidgets.widgets.figures import QUIET, Picture, quiet_axes
from lstmwidgets.widgets.theme import MODELS, colour

_STYLES = dict(zip(DASHES, ("-", (0, (4, 2)), (0, (1, 1.5))), strict=True))
_TEXT = "#212121"
_THICK = 0.3
_WIDE, _WIDER = 128, 150


def draw(scene: Scene, shown: tuple[str, ...]) -> Picture:
    """A figure on white, as wide as a page; lines of the configs ``shown`` alone, bars of all."""
    told = (*scene.verdicts, *scene.cautions, *scene.failures, *scene.notes)
    said = [line for each in told for line in _folded(each)]
    rows = len(scene.candidates) + bool(scene.rule)
    heights = [0.17 * len(said) + 0.05, 0.42 * rows + 0.35, 0.2, 2.6, 0.36]
    picture = Picture(width=10.0, height=sum(heights) + 0.9)
    picture.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06, hspace=0.04, wspace=0.05)
    picture.suptitle(words.heading(scene), fontsize=11, x=0.006, ha="left", color=_TEXT)
    grid = picture.add_gridspec(len(heights), 1, height_ratios=heights)
    _write(picture.add_subplot(grid[0]), "\n".join(said), _TEXT, 9)
    above = grid[1].subgridspec(1, 2, width_ratios=[5, 6])
    errors = picture.add_subplot(above[0])
    _errors(errors, scene)
    _costs(picture.add_subplot(above[1], sharey=errors), scene)
    names = picture.add_subplot(grid[2])
    below = grid[3].subgridspec(1, 2, width_ratios=[2, 3])
    lines = [each for each in scene.candidates if each.name in shown]
    cut = _curves(picture.add_subplot(below[0]), scene, lines)
    forecasts = picture.add_subplot(below[1])
    _forecasts(forecasts, scene, lines)
    _name(names, forecasts)
    captions = [*_folded(words.of_curves(scene, cut), _WIDER), *_folded(words.of_forecasts(scene), _WIDER)]
    _write(picture.add_subplot(grid[4]), "\n".join(captions), QUIET, 8)
    return picture


def _folded(text: str, width: int = _WIDE) -> list[str]:
    return textwrap.wrap(text, width)


def _write(axes: Axes, text: str, hue: str, size: float) -> None:
    axes.set_axis_off()
    axes.text(0, 1, text, transform=axes.transAxes, va="top", fontsize=size, color=hue).set_in_layout(False)


def _rule_hue(scene: Scene) -> str:
    return colour(MODELS.get(scene.rule, "quiet"))


def _errors(axes: Axes, scene: Scene) -> None:
    unit = f", {scene.unit}" if scene.unit else ""
    quiet_axes(axes, title=f"Error{unit}: validation light, test strong")
    axes.grid(visible=False)
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    names = [each.name for each in scene.candidates] + [scene.rule] * bool(scene.rule)
    for row, each in enumerate(scene.candidates):
        for place, part in zip((row - 0.18, row + 0.18), PARTS, strict=True):
            _bar(axes, place, each.errors(part), colour(each.hue), part == "validation")
            if np.isfinite(scene.rule_errors.get(part, np.nan)):
                ends = [place - 0.2, place + 0.2]
                axes.plot([scene.rule_errors[part]] * 2, ends, color=_rule_hue(scene), linewidth=1.5)
    if scene.rule:
        for place, part in zip((len(names) - 1.18, len(names) - 0.82), PARTS, strict=True):
            error = np.array([scene.rule_errors[part]])
            _bar(axes, place, error[np.isfinite(error)], _rule_hue(scene), part == "validation")
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0, labelsize=9, labelcolor=_TEXT)
    axes.set(xlim=(0, 1.03 * scene.top), ylim=(len(names) - 0.5, -0.5))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _bar(axes: Axes, place: float, errors: Any, hue: str, faint: bool) -> None:
    if not errors.size:
        return
    axes.barh(place, errors.mean(), _THICK, color=hue, alpha=0.35 if faint else 0.8, linewidth=0)
    if errors.size > 1:
        axes.plot([errors.min(), errors.max()], [place] * 2, color=_TEXT, linewidth=0.8)
        ring: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": _TEXT, "markeredgewidth": 0.8}
        axes.plot(errors, np.full(errors.size, place), "o", markersize=3.4, **ring)


def _costs(axes: Axes, scene: Scene) -> None:
    """The table's numbers, each row beside its bars."""
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    names = ["validation", "test", "skill", *(name for name, _ in COSTS.values())]
    for place, name in zip(_PLACES, names, strict=True):
        axes.text(place, -0.62, name, ha="right", va="bottom", fontsize=8, color=QUIET)
    for row, found in enumerate(cells_of(scene)):
        written = [f"{found[part]} {found[f'{part} spread']}".strip() for part in PARTS]
        for place, text in zip(
            _PLACES, [*written, found["skill"], *(found[cost] for cost in COSTS)], strict=True
        ):
            axes.text(place, row, text, ha="right", va="center", fontsize=8, color=_TEXT)


_PLACES = (0.19, 0.385, 0.485, 0.645, 0.755, 0.88, 1.0)


def _curves(axes: Axes, scene: Scene, shown: list[Candidate]) -> float | None:
    quiet_axes(axes, title="Validation loss by epoch", x="epoch")
    losses, cut = within_reason([curve for each in scene.candidates for curve in each.curves])
    bottom, top = loss_limits(losses, centred=False)
    for each in shown:
        hue, style = colour(each.hue), _STYLES[each.dashes]
        if len(each.curves) > 1:
            for curve in each.curves:
                axes.plot(*thin(np.arange(1, 1 + len(curve)), curve), color=hue, linewidth=0.7, alpha=0.5)
        axes.plot(
            *thin(np.arange(1, 1 + len(each.curve)), each.curve), color=hue, linewidth=1.7, linestyle=style
        )
        for run in each.finished:
            if run.best_epoch:
                axes.plot(
                    run.best_epoch,
                    run.history["val_loss"].iloc[run.best_epoch - 1],
                    "o",
                    color=hue,
                    markersize=3.5,
                )
    last = max((len(curve) for each in scene.candidates for curve in each.curves), default=2)
    axes.set(yscale="log", ylim=(bottom, top), xlim=(1, max(last, 2)))
    ticks = log_ticks(bottom, top)
    axes.set_xticks(whole_ticks(max(last, 2)))
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    return top if cut else None


def _forecasts(axes: Axes, scene: Scene, shown: list[Candidate]) -> None:
    unit = f", {scene.unit}" if scene.unit else ""
    quiet_axes(axes, title=f"The newest forecast{unit}")
    times, values = as_times(pd.DatetimeIndex(scene.came.index)), scene.came.to_numpy(np.float64)
    heights = [values, scene.rule_forecast.to_numpy(np.float64)]
    axes.axvline(as_times(pd.DatetimeIndex([scene.cutoff]))[0], color=colour("actual"), linewidth=0.8)
    for each in shown:
        if each.typical is None:
            continue
        ahead, hue = as_times(pd.DatetimeIndex(each.typical.forecast.index)), colour(each.hue)
        if len(each.forecasts) > 1:
            ends = each.forecasts.min(axis=0), each.forecasts.max(axis=0)
            axes.fill_between(ahead, *ends, color=hue, alpha=BAND_OPACITY, linewidth=0)
        style: dict[str, Any] = {"linewidth": 1.6, "linestyle": _STYLES[each.dashes], "label": each.name}
        axes.plot(ahead, each.typical.forecast.to_numpy(np.float64), color=hue, **style)
        heights.extend(each.forecasts)
    if scene.rule:
        ahead = as_times(pd.DatetimeIndex(scene.rule_forecast.index))
        style = {"linewidth": 1.2, "linestyle": (0, (4, 3)), "label": scene.rule}
        axes.plot(ahead, heights[1], color=_rule_hue(scene), **style)
    axes.plot(*thin(times, values), color=colour("actual"), linewidth=1.4, label="what came")
    axes.set(xlim=(times[0], times[-1]), ylim=value_limits(heights))
    ticks, written = date_ticks(times[0], times[-1])
    if written is not None:
        axes.set_xticks(ticks, list(pd.DatetimeIndex(ticks).strftime(written)))


def _name(axes: Axes, drawn: Axes) -> None:
    """One legend for both charts below it."""
    axes.set_axis_off()
    legend = axes.legend(
        *drawn.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(-0.005, -0.6), ncols=9,
        frameon=False, fontsize=8.5, labelcolor=_TEXT, borderpad=0, columnspacing=1.4, handlelength=1.6,
    )  # fmt: skip
    legend.set_in_layout(False)
