"""Forecasts against what came: a close look at one stretch, and the whole series to choose it from."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import bqplot
import ipywidgets
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.data.windows import PARTS, Split
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import date_ticks, ticks_between, value_limits
from lstmwidgets.widgets.charts.parts import MARGIN, NOTHING, Chart, Legend, draw, line
from lstmwidgets.widgets.charts.repairs import Drawn, HollowPoints, drawn, repairs_in_words
from lstmwidgets.widgets.charts.stretches import (
    ALL,
    Stretch,
    as_times,
    blocks_between,
    first_view,
    moment,
    stretches,
)
from lstmwidgets.widgets.charts.thinning import thin

MODELS = tuple(theme.MODELS)
FILLED = "filled"
_OVERVIEW_POINTS = 1500
_NAME_ROOM = 0.09


class ForecastChart(Chart):
    """A series with its parts shaded, and each model's forecasts in blocks of one horizon."""

    def __init__(self) -> None:
        self._series: pd.Series | None = None
        self._drawn: Drawn | None = None
        self._times: NDArray[np.datetime64] = np.array([], "datetime64[ms]")
        self._split: Split | None = None
        self._views: dict[str, Stretch] = {}
        self._forecasts: pd.DataFrame | None = None
        self._names_now = dict(zip(MODELS, MODELS, strict=True))
        self._heights: dict[str, NDArray[np.float64]] = {"actual": NOTHING}
        self._moving = False
        self._lock = threading.RLock()  # new forecasts come from the training's thread
        detail = self._make_detail()
        marks = {"actual": self.actual, FILLED: self.hollow.points, **self.models}
        hues = {"actual": "actual", FILLED: "actual", **theme.MODELS}
        legend = Legend(marks, hues, hidden=set(MODELS) - set(theme.IN_SIGHT))
        legend.switches[FILLED].add_class("lw-ringed").layout.display = "none"
        ipywidgets.jslink((legend.switches[FILLED], "value"), (self.hollow.bridge, "visible"))
        for switch in legend.switches.values():
            switch.observe(lambda change: self._fit_heights(), "value")
        self.views = ipywidgets.ToggleButtons(options=[ALL], value=None).add_class("lw-views")
        self.stretch = ipywidgets.IntRangeSlider(
            value=(0, 1), min=0, max=1, readout=False, tooltip="The stretch of the series shown above"
        ).add_class("lw-stretch")
        self._span = ipywidgets.HTML().add_class("lw-quiet").add_class("lw-span")
        pick = ipywidgets.Box([self.views, self._span]).add_class("lw-chart-foot")
        below = [self._make_overview(), self.stretch, pick]
        super().__init__("forecast", "Forecast", legend, detail, below)
        self.views.observe(lambda change: self.look(change["new"]), "value")
        self.stretch.observe(lambda change: self._moved(), "value")

    def _make_detail(self) -> bqplot.Figure:
        self._x, self._y = bqplot.DateScale(), bqplot.LinearScale(min=0.0, max=1.0)
        height = bqplot.LinearScale(min=0.0, max=1.0)
        scales, shading = {"x": self._x, "y": self._y}, {"x": self._x, "y": height}
        self.actual = line("actual", scales, stroke_width=1.5)
        self.hollow = HollowPoints(scales)
        self.models = {
            model: line(theme.MODELS[model], scales, stroke_width=2 if model == theme.NETWORK else 1.25)
            for model in MODELS
        }
        self._shades = {part: _shade(theme.PALETTE[part].css, shading) for part in PARTS}
        self._names = bqplot.Label(
            x=NOTHING,
            y=NOTHING,
            text=[""],
            scales=shading,
            colors=[theme.PALETTE[part].css for part in PARTS],
            default_size=11,
            font_weight="normal",
            x_offset=5,
            y_offset=12,
        )
        self._values = bqplot.Axis(scale=self._y, side="left", tick_format=",~g")
        self._dates = bqplot.Axis(scale=self._x, grid_lines="none")
        models = [self.models[name] for name in reversed(MODELS)]
        return bqplot.Figure(
            marks=[
                *self._shades.values(),
                self._names,
                self.hollow.bridge,
                self.actual,
                self.hollow.points,
                *models,
            ],
            axes=[self._dates, self._values],
            fig_margin=MARGIN,
            display_toolbar=False,
            padding_y=0,
        )

    def _make_overview(self) -> bqplot.Figure:
        self._whole, self._range = bqplot.DateScale(), bqplot.LinearScale(min=0.0, max=1.0)
        height = bqplot.LinearScale(min=0.0, max=1.0)
        scales, shading = {"x": self._whole, "y": self._range}, {"x": self._whole, "y": height}
        self._small_actual = line("actual", scales, stroke_width=1)
        self._small_forecast = line("forecast", scales, stroke_width=1)
        self._small_shades = {part: _shade(theme.PALETTE[part].css, shading) for part in PARTS}
        self._window = _shade(theme.PALETTE["actual"].css, shading)
        marks = [*self._small_shades.values(), self._small_actual, self._small_forecast, self._window]
        self._all_dates = bqplot.Axis(scale=self._whole, grid_lines="none")
        margin = {**MARGIN, "top": 2, "bottom": 20}
        figure = bqplot.Figure(
            marks=marks, axes=[self._all_dates], fig_margin=margin, display_toolbar=False, padding_y=0
        )
        return figure.add_class("lw-overview")

    def show_series(self, series: pd.Series, split: Split | None, horizon: int, unit: str) -> None:
        """Draw a series with its parts shaded, and no forecast yet.

        Parameters
        ----------
        series : pandas.Series
            As `lstmwidgets.read_series` returns it.
        split : Split or None
            None when the settings do not fit the series: nothing is shaded then.
        horizon : int
            Steps ahead; decides how close the close-up is.
        unit : str
            What to write in the heading.
        """
        with self._lock:
            self._show_series(series, split, horizon, unit)

    def _show_series(self, series: pd.Series, split: Split | None, horizon: int, unit: str) -> None:
        stays = series is self._series and split == self._split
        self._series, self._split, self._forecasts = series, split, None
        self._drawn = drawn(series)
        self._times = as_times(pd.DatetimeIndex(series.index))
        self.legend.switches[FILLED].layout.display = None if self._drawn.any_filled else "none"
        self._views = stretches(split, len(series), horizon)
        self.heading = f"Forecast, {unit}" if unit else "Forecast"
        self._draw_overview()
        if stays:
            self._draw_detail()
            return
        with self._linked():
            self.views.options = list(self._views)
            self.views.value = None
            self.stretch.value = (0, 0)
            self.stretch.max = len(series) - 1
        self.views.value = first_view(split)

    def show_forecasts(self, forecasts: pd.DataFrame) -> None:
        """Draw forecasts beside the series.

        Parameters
        ----------
        forecasts : pandas.DataFrame
            As `lstmwidgets.analysis.scoring.scores.forecast_table` returns it, of one part or several.
        """
        with self._lock:
            self.call_network(network_in(forecasts.columns))
            self._forecasts = forecasts
            for name, switch in self.legend.switches.items():
                if name in MODELS:
                    switch.layout.display = None if self._names_now[name] in forecasts else "none"
            self._draw_detail()
            blocks = blocks_between(
                forecasts, self._names_now[theme.NETWORK], self._times[0], self._times[-1]
            )
            draw(self._small_forecast, *thin(*blocks, _OVERVIEW_POINTS))

    def call_network(self, name: str) -> None:
        """The network's line has one place, whatever the network is called."""
        self._names_now[theme.NETWORK] = name
        switch = self.legend.switches[theme.NETWORK]
        switch.description, switch.tooltip = name, f"Show or hide {name}"

    @property
    def shown(self) -> Stretch:
        """The stretch in sight."""
        first, last = self.stretch.value
        if last - first < 2:
            first, last = max(0, last - 2), min(len(self._times) - 1, first + 2)
        return Stretch(first, last)

    @property
    def ends(self) -> tuple[str, str]:
        """First and last moment in sight, in words."""
        if not len(self._times):
            return "", ""
        return moment(self._times[self.shown.first]), moment(self._times[self.shown.last])

    def look(self, view: str | None) -> None:
        """Show one of the ready-made stretches."""
        wanted = self._views.get(str(view))
        if wanted is not None and not self._moving:
            with self._lock, self._linked():
                self.stretch.value = (wanted.first, wanted.last)
            self._draw_detail()

    def _moved(self) -> None:
        if not self._moving:
            with self._lock, self._linked():
                shown = Stretch(*self.stretch.value)
                self.views.value = next((name for name, view in self._views.items() if view == shown), None)
            self._draw_detail()

    @contextmanager
    def _linked(self) -> Iterator[None]:
        """While one of the two pickers follows the other, it is not the user who moves it."""
        self._moving = True
        try:
            yield
        finally:
            self._moving = False

    def _draw_overview(self) -> None:
        values = self._known_values()
        draw(self._small_actual, *thin(self._times, values, _OVERVIEW_POINTS))
        draw(self._small_forecast, self._times[:1], NOTHING)
        low, high = value_limits([values])
        with self._range.hold_sync():
            self._range.min, self._range.max = low, high
        with self._whole.hold_sync():
            self._whole.min, self._whole.max = self._times[0].astype(object), self._times[-1].astype(object)
        _mark_dates(self._all_dates, self._times[0], self._times[-1])
        for shades in (self._shades, self._small_shades):
            for part, shade in shades.items():
                first, after = (0, 0) if self._split is None else self._split.bounds(part)
                ends = self._times[[first, min(after, len(self._times) - 1)]]
                draw(shade, ends, np.ones(2) if after else NOTHING.repeat(2))

    def _draw_detail(self) -> None:
        """Draw what lies in the stretch, thinned to what a screen can show."""
        with self._lock:
            self._draw_stretch(self.shown.first, self.shown.last)

    def _draw_stretch(self, first: int, last: int) -> None:
        begin, end = self._times[first], self._times[last]
        in_sight = slice(first, last + 1)
        self._heights = {"actual": self._known_values()[in_sight]}
        draw(self.actual, *thin(self._times[in_sight], self._observed()[in_sight]))
        if self._drawn is not None:
            self.hollow.show(self._times[in_sight], self._drawn, in_sight)
        for model, mark in self.models.items():
            times, values = blocks_between(self._forecasts, self._names_now[model], begin, end)
            draw(mark, *thin(times, values))
            self._heights[model] = values
        self._fit_heights()
        with self._x.hold_sync():
            self._x.min, self._x.max = begin.astype(object), end.astype(object)
        _mark_dates(self._dates, begin, end)
        draw(self._window, self._times[[first, last]], np.ones(2))
        self._name_parts(first, last)
        self._span.value = " to ".join(self.ends)
        self.words = " ".join(
            filter(None, [forecast_in_words(self._forecasts), repairs_in_words(self._series)])
        )

    def _fit_heights(self) -> None:
        """Leave room for the series and every forecast switched on: one far off would flatten the others."""
        with self._lock:
            actual, *others = self._heights
            shown = [actual, *(name for name in others if self.legend.switches[name].value)]
            low, high = value_limits([self._heights[name] for name in shown])
            with self._y.hold_sync():
                self._y.min, self._y.max = low, high
            self._values.tick_values = ticks_between(low, high)

    def _name_parts(self, first: int, last: int) -> None:
        """Write each part's name where it begins in the stretch, unless there is no room for it."""
        places = []
        for part in PARTS:
            start, after = (0, 0) if self._split is None else self._split.bounds(part)
            room = min(after, last) - max(start, first)
            places.append(max(start, first) if room > _NAME_ROOM * (last - first) else -1)
        with self._names.hold_sync():
            self._names.x = self._times[[max(place, 0) for place in places]]
            self._names.y = np.ones(len(PARTS))
            self._names.text = [part if place >= 0 else "" for part, place in zip(PARTS, places, strict=True)]

    def _known_values(self) -> NDArray[np.float64]:
        return NOTHING if self._drawn is None else self._drawn.values

    def _observed(self) -> NDArray[np.float64]:
        return NOTHING if self._drawn is None else self._drawn.observed


def forecast_in_words(forecasts: pd.DataFrame | None) -> str:
    """What the chart shows, in a sentence."""
    if forecasts is None:
        return "No forecast yet."
    *others, last = theme.models_in(forecasts.columns)
    return (
        f"Forecasts of {', '.join(others)} and {last} from {forecasts['cutoff'].nunique():,} cutoffs, one "
        "horizon apart. Each reads only what came before it. They are counted back from the end of each "
        "part, so a part's first steps may have no forecast."
    )


def _mark_dates(axis: bqplot.Axis, begin: np.datetime64, end: np.datetime64) -> None:
    """Few enough dates to stand apart in a narrow panel; bqplot by itself writes up to twelve."""
    with axis.hold_sync():
        axis.tick_values, axis.tick_format = date_ticks(begin, end)


def _shade(hue: str, scales: dict[str, bqplot.Scale]) -> bqplot.Lines:
    return bqplot.Lines(
        x=NOTHING,
        y=NOTHING,
        scales=scales,
        colors=[hue],
        stroke_width=0,
        fill="bottom",
        fill_colors=[hue],
        fill_opacities=[theme.PART_OPACITY],
    )
