"""The plot on paper: one cutoff with what was forecast and what came, and the panels of all cutoffs."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.dates import num2date
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lstmwidgets.widgets.charts.axes import date_ticks, padded
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.figures import GRID, QUIET, Picture, quiet_axes
from lstmwidgets.widgets.forecast import words
from lstmwidgets.widgets.forecast.payload import common_scale, context_of, hue_of
from lstmwidgets.widgets.forecast.study import Study
from lstmwidgets.widgets.theme import colour

DASHES = (0, (4, 3))
FAN = (0.13, 0.15)
"""How dark the wider interval is, and what the narrower adds to it."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What is drawn.

    Attributes
    ----------
    study : Study
    title, unit : str
    verdict : (sentence, tone) or None
    cutoff : int
        Among all cutoffs of the study.
    step : int or None
    models : tuple of str
        Those shown.
    same_scale : bool
    """

    study: Study
    title: str
    unit: str
    verdict: tuple[str, str] | None
    cutoff: int
    step: int | None
    models: tuple[str, ...]
    same_scale: bool

    def hue(self, model: str) -> str:
        """A model's colour on white."""
        walk = self.study.walk
        ordered = sorted(walk.forecasts, key=lambda name: name != walk.model)
        return colour(hue_of(model, ordered))


def draw(scene: Scene) -> Picture:
    """A figure on white, as wide as a page."""
    said = textwrap.wrap(words.at_cutoff(scene.study, scene.cutoff, scene.unit, scene.step), 128)
    verdict = [] if scene.verdict is None else textwrap.wrap(scene.verdict[0], 128)
    picture = Picture(height=6.9 + 0.17 * (len(said) + len(verdict)))
    picture.set_layout_engine("constrained", h_pad=0.06, w_pad=0.06, hspace=0.04, wspace=0.05)
    picture.suptitle(scene.title, fontsize=11, x=0.01, ha="left", color="#212121")
    heights = [0.17 * max(len(verdict), 0.3), 0.75, 0.38, 2.9, 0.17 * len(said) + 0.1, 1.6, 0.22]
    rows = picture.add_gridspec(len(heights), 1, height_ratios=heights)
    if scene.verdict is not None:
        _write(picture.add_subplot(rows[0]), "\n".join(verdict), colour(scene.verdict[1]), 9)
    stretch = picture.add_subplot(rows[1])
    _draw_stretch(stretch, scene)
    _draw_errors(picture.add_subplot(rows[2], sharex=stretch), scene)
    _draw_moment(picture.add_subplot(rows[3]), scene)
    _write(picture.add_subplot(rows[4]), "\n".join(said), "#212121", 9)
    panels = rows[5].subgridspec(1, 3)
    _draw_steps(picture.add_subplot(panels[0]), scene)
    _draw_residuals(picture.add_subplot(panels[1]), scene)
    _draw_echo(picture.add_subplot(panels[2]), scene)
    below = words.intervals(scene.study, scene.step, scene.unit) if scene.study.coverage else ""
    _write(picture.add_subplot(rows[6]), below, QUIET, 8)
    return picture


def _write(axes: Any, text: str, hue: str, size: float) -> None:
    axes.set_axis_off()
    axes.text(0, 1, text, transform=axes.transAxes, va="top", fontsize=size, color=hue).set_in_layout(False)


def _style(scene: Scene, model: str) -> dict[str, Any]:
    main = model == scene.study.walk.model
    return {
        "color": scene.hue(model),
        "linewidth": 2.0 if main else 1.1,
        "linestyle": "-" if main else DASHES,
    }


def _as_dates(axes: Any) -> None:
    begin, end = (np.datetime64(num2date(end).replace(tzinfo=None), "ms") for end in axes.get_xlim())
    ticks, written = date_ticks(begin, end)
    if written is not None:
        axes.set_xticks(ticks, list(pd.DatetimeIndex(ticks).strftime(written)))


def _clock(scene: Scene) -> Any:
    times = scene.study.walk.times
    return as_times(times.tz_localize(None) if times.tz is not None else times)


def _draw_stretch(axes: Any, scene: Scene) -> None:
    walk, times = scene.study.walk, _clock(scene)
    first, last = int(walk.at[0]), int(walk.at[-1]) + walk.horizon + 1
    quiet_axes(axes)
    axes.plot(*thin(times[first:last], walk.values[first:last]), color=colour("train"), linewidth=0.8)
    at = int(walk.at[scene.cutoff])
    axes.axvspan(times[at], times[at + walk.horizon], color=colour("forecast"), alpha=0.16, linewidth=0)
    axes.axvline(times[at], color=colour("actual"), linewidth=0.8)
    axes.tick_params(labelbottom=False, bottom=False)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.set_xlim(times[first], times[last - 1])


def _draw_errors(axes: Any, scene: Scene) -> None:
    walk, times = scene.study.walk, _clock(scene)
    errors = scene.study.errors[walk.model]
    quiet_axes(axes)
    axes.grid(False)
    at = times[walk.at]
    wide = float(np.clip(0.7 * 620 / (walk.at[-1] - walk.at[0] + walk.horizon), 0.4, 4))  # points of the page
    axes.vlines(at, 0, errors, color=scene.hue(walk.model), alpha=0.75, linewidth=wide)
    axes.axvline(at[scene.cutoff], color=colour("actual"), linewidth=0.8)
    axes.set_ylim(0)
    axes.yaxis.set_major_locator(MaxNLocator(2))
    axes.set_title(f"Mean error of {walk.model} from each cutoff", loc="left", fontsize=8, color=QUIET, pad=3)
    _as_dates(axes)


def _draw_moment(axes: Any, scene: Scene) -> None:
    walk, times = scene.study.walk, _clock(scene)
    quiet_axes(axes)
    at, horizon = int(walk.at[scene.cutoff]), walk.horizon
    first = max(0, at - context_of(walk))
    around, ahead = slice(first, at + horizon + 1), times[at : at + horizon + 1]
    axes.axvspan(times[at], times[at + horizon], color="#f2f2f2", linewidth=0, zorder=0)
    axes.axvline(times[at], color=colour("actual"), linewidth=0.8)
    last = walk.values[at]
    handles: list[Any] = []
    if walk.model in scene.models:
        for number, (low, high) in enumerate(reversed(walk.bounds.values())):
            ends = [np.concatenate([[last], each[scene.cutoff]]) for each in (low, high)]
            axes.fill_between(
                ahead, *ends, color=scene.hue(walk.model), alpha=FAN[min(number, 1)], linewidth=0, zorder=1.5
            )
    filled = walk.filled[around]
    axes.plot(times[around], walk.values[around], color=colour("actual"), linewidth=0.6, alpha=0.6)
    observed = np.where(filled, np.nan, walk.values[around])
    axes.plot(times[around], observed, color=colour("actual"), linewidth=1.4)
    handles.append(Line2D([], [], color=colour("actual"), linewidth=1.4, label="what came"))
    if filled.any():
        hollow: dict[str, Any] = {
            "color": colour("actual"),
            "marker": "o",
            "markersize": 4,
            "markerfacecolor": "white",
        }
        axes.plot(times[around][filled], walk.values[around][filled], linestyle="", zorder=4, **hollow)
        handles.append(Line2D([], [], linestyle="", label="filled in", **hollow))
    for name in scene.models:
        main = name == walk.model
        line = np.concatenate([[last], walk.forecasts[name][scene.cutoff]])
        style = _style(scene, name)
        axes.plot(ahead, line, zorder=3.5 if main else 3, **style)
        error = words.amount(words.error_from(scene.study, name, scene.cutoff, scene.step))
        handles.append(Line2D([], [], label=f"{name} {error}", **style))
        if main and scene.step is not None:
            axes.plot(ahead[scene.step], line[scene.step], "o", markerfacecolor="white", color=style["color"])
    if walk.model in scene.models and walk.bounds:
        label = f"{' and '.join(map(str, walk.bounds))} % intervals"
        handles.append(Patch(facecolor=scene.hue(walk.model), alpha=sum(FAN), label=label))
    axes.set_xlim(times[first], times[at + horizon])
    if scene.same_scale:
        axes.set_ylim(*padded([*axes.dataLim.intervaly, *common_scale(scene.study)[:2]], 0.06))
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.01, 1.0), "borderpad": 0}
    columns = len(handles) if len(handles) <= 6 else 5
    legend = axes.legend(
        handles=handles,
        title=f"Beside each name: {words.error_named(scene.step, scene.unit)}",
        alignment="left",
        frameon=False,
        fontsize=8,
        title_fontsize=8,
        ncols=columns,
        columnspacing=1.2,
        **place,
    )
    legend.get_title().set_color(QUIET)
    _as_dates(axes)


def _draw_steps(axes: Any, scene: Scene) -> None:
    walk = scene.study.walk
    quiet_axes(axes, title="Error by step ahead", x="steps ahead")
    ahead = np.arange(1, walk.horizon + 1)
    for name in scene.models:
        marker = "o" if walk.horizon == 1 else ""
        axes.plot(ahead, scene.study.by_step[name], marker=marker, **_style(scene, name))
    if scene.step is not None:
        axes.axvline(scene.step, color=colour("actual"), linewidth=0.8)
    axes.set_ylim(0)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))


def _draw_residuals(axes: Any, scene: Scene) -> None:
    found = scene.study
    where = "all steps ahead" if scene.step is None else f"{words.steps(scene.step)} ahead"
    quiet_axes(axes, title=f"Residuals, {where}", x=f"what came less {found.walk.model}")
    middles = (found.edges[1:] + found.edges[:-1]) / 2
    width = 0.9 * (found.edges[1] - found.edges[0])
    axes.bar(middles, found.shares[scene.step or 0], width, color=scene.hue(found.walk.model), alpha=0.75)
    axes.axvline(0, color=colour("actual"), linewidth=0.8)
    axes.set_ylim(0, 1.05 * found.shares[scene.step or 0].max() or 1)
    axes.yaxis.set_major_locator(MaxNLocator(3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.xaxis.set_major_locator(MaxNLocator(5))


def _draw_echo(axes: Any, scene: Scene) -> None:
    echo = scene.study.echo
    quiet_axes(axes, title="Do one-step residuals repeat?", x="lag in steps (grey: 95 % of noise)")
    if echo is None:
        said = {"ha": "center", "color": QUIET, "fontsize": 8}
        axes.text(0.5, 0.5, "too few residuals to tell", transform=axes.transAxes, **said)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    beyond = np.abs(echo.values) > echo.band
    hues = np.where(beyond, colour("warning"), scene.hue(scene.study.walk.model))
    axes.fill_between(echo.lags, -echo.band, echo.band, color=GRID, linewidth=0, zorder=0.5)
    axes.bar(echo.lags, echo.values, 0.5 * echo.lags[0], color=hues)
    reach = min(1.0, 1.15 * float(max(np.abs(echo.values).max(), echo.band.max())))
    axes.set_ylim(-reach, reach)
    axes.set_xlim(0, float(echo.lags[-1] + echo.lags[0] / 2))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
