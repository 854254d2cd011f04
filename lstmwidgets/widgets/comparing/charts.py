"""Learning curves and newest forecasts of several configs, live and over each other."""

from __future__ import annotations

import bqplot
import numpy as np
import pandas as pd

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import (
    date_ticks,
    log_ticks,
    loss_limits,
    ticks_between,
    value_limits,
    whole_ticks,
)
from lstmwidgets.widgets.charts.parts import MARGIN, Chart, Legend, draw, line
from lstmwidgets.widgets.charts.spread import draw_fan, fan, ragged, within_reason
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.comparing import words
from lstmwidgets.widgets.comparing.scene import Candidate, Scene

_SEED_OPACITY = 0.45


class Curves(Chart):
    """Validation loss by epoch of every config: the mean over seeds, and each seed.

    Attributes
    ----------
    marks : dict from name to list of bqplot.Mark
        What belongs to each config, its main line first.
    """

    def __init__(self, scene: Scene) -> None:
        curves = [curve for each in scene.candidates for curve in each.curves]
        shown, cut = within_reason(curves)
        bottom, top = loss_limits(shown, centred=False)
        last = max((len(curve) for curve in curves), default=2)
        x = bqplot.LinearScale(min=1.0, max=float(max(last, 2)))
        y = bqplot.LogScale(min=bottom, max=top)
        epochs = bqplot.Axis(
            scale=x, tick_format="d", grid_lines="none", tick_values=whole_ticks(max(last, 2))
        )
        losses = bqplot.Axis(scale=y, side="left", tick_format="~g", tick_values=log_ticks(bottom, top))
        self.marks = {each.name: _curves_of(each, {"x": x, "y": y}) for each in scene.candidates}
        figure = bqplot.Figure(
            marks=[mark for marks in self.marks.values() for mark in reversed(marks)],
            axes=[epochs, losses],
            fig_margin=MARGIN,
            display_toolbar=False,
            padding_y=0,
        )
        super().__init__("curves", "Validation loss by epoch", Legend({}, {}), figure)
        self.words = words.of_curves(scene, top if cut else None)


def _curves_of(candidate: Candidate, scales: dict[str, bqplot.Scale]) -> list[bqplot.Mark]:
    mean = line(candidate.hue, scales, stroke_width=2, line_style=candidate.dashes)
    draw(mean, *thin(np.arange(1.0, 1.0 + len(candidate.curve)), candidate.curve))
    marks = [mean]
    if len(candidate.curves) > 1:
        table = ragged(candidate.curves)
        seeds = line(candidate.hue, scales, stroke_width=1, opacities=[_SEED_OPACITY] * len(table))
        seeds.colors = [theme.PALETTE[candidate.hue].css] * len(table)
        with seeds.hold_sync():
            seeds.x, seeds.y = np.arange(1.0, 1.0 + table.shape[1]), table
        marks.append(seeds)
    kept = [run for run in candidate.finished if run.best_epoch]
    if kept:
        best = np.array([float(run.best_epoch) for run in kept])
        heights = [float(run.history["val_loss"].iloc[run.best_epoch - 1]) for run in kept]
        hue = theme.PALETTE[candidate.hue].css
        marks.append(
            bqplot.Scatter(x=best, y=np.array(heights), scales=scales, colors=[hue], default_size=28)
        )
    return marks


class Forecasts(Chart):
    """What every config forecast from the newest cutoff, what came, and the better naive rule.

    Attributes
    ----------
    marks : dict from name to list of bqplot.Mark
        What belongs to each config.
    """

    def __init__(self, scene: Scene) -> None:
        times = as_times(pd.DatetimeIndex(scene.came.index))
        values = scene.came.to_numpy(np.float64)
        forecasts = [row for each in scene.candidates for row in each.forecasts]
        low, high = value_limits([values, *forecasts, scene.rule_forecast.to_numpy(np.float64)])
        x = bqplot.DateScale(min=times[0].astype(object), max=times[-1].astype(object))
        y = bqplot.LinearScale(min=low, max=high)
        scales = {"x": x, "y": y}
        ticks, written = date_ticks(times[0], times[-1])
        dates = bqplot.Axis(scale=x, grid_lines="none", tick_values=ticks, tick_format=written)
        heights = bqplot.Axis(scale=y, side="left", tick_format=",~g", tick_values=ticks_between(low, high))
        came = line("actual", scales, stroke_width=1.75)
        draw(came, *thin(times, values))
        at = as_times(pd.DatetimeIndex([scene.cutoff])).repeat(2)
        cutoff = line("actual", scales, stroke_width=1, opacities=[0.6])
        draw(cutoff, at, np.array([low, high]))
        rule = line(theme.MODELS.get(scene.rule, "quiet"), scales, stroke_width=1.5, line_style="dashed")
        draw(
            rule,
            as_times(pd.DatetimeIndex(scene.rule_forecast.index)),
            scene.rule_forecast.to_numpy(np.float64),
        )
        self.marks = {each.name: _forecasts_of(each, scales) for each in scene.candidates}
        figure = bqplot.Figure(
            marks=[cutoff, *(mark for marks in self.marks.values() for mark in reversed(marks)), rule, came],
            axes=[dates, heights],
            fig_margin=MARGIN,
            display_toolbar=False,
            padding_y=0,
        )
        unit = f", {scene.unit}" if scene.unit else ""
        fixed = {"what came": came, scene.rule: rule} if scene.rule else {"what came": came}
        hues = {"what came": "actual", scene.rule: theme.MODELS.get(scene.rule, "quiet")}
        super().__init__("newest", f"The newest forecast{unit}", Legend(fixed, hues), figure)
        self.words = words.of_forecasts(scene)


def _forecasts_of(candidate: Candidate, scales: dict[str, bqplot.Scale]) -> list[bqplot.Mark]:
    forecast = line(candidate.hue, scales, stroke_width=2, line_style=candidate.dashes)
    if candidate.typical is None:
        return [forecast]
    times = as_times(pd.DatetimeIndex(candidate.typical.forecast.index))
    draw(forecast, times, candidate.typical.forecast.to_numpy(np.float64))
    if len(candidate.forecasts) < 2:
        return [forecast]
    band = fan(candidate.hue, scales)
    draw_fan(band, times, candidate.forecasts.min(axis=0), candidate.forecasts.max(axis=0))
    return [forecast, band]
