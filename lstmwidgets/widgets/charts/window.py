"""The charts of a window, live and still: its place on the whole series, and the window close up."""

from __future__ import annotations

from typing import Any, Protocol

import bqplot
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.windows import PARTS, Part, Windows
from lstmwidgets.widgets.charts.axes import padded
from lstmwidgets.widgets.charts.parts import (
    band,
    live_axis,
    live_figure,
    move_band,
    redraw,
    span,
    top_names,
)
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.theme import PALETTE, PART_OPACITY, colour

INPUT, TARGET = "actual", "forecast"  # hues of what a window reads and of what it is to forecast
_SPAN_OPACITY = 0.30
_HEADROOM = 0.2
_DOTS_UP_TO = 150


class HasWindow(Protocol):
    """What the charts read of a `WindowView`."""

    series: pd.Series
    times: NDArray[np.datetime64]
    values: NDArray[np.float64]
    windows: Windows
    config: Any
    origin: Any

    @property
    def unit(self) -> str: ...


class Overview:
    """The whole series, its parts and the place of the window."""

    def __init__(self, view: HasWindow) -> None:
        self.view = view
        x, y = bqplot.DateScale(), bqplot.LinearScale(allow_padding=False)
        self._shades = {part: band(x, PALETTE[part].css, PART_OPACITY) for part in PARTS}
        self._spans = {name: band(x, PALETTE[name].css, _SPAN_OPACITY) for name in (INPUT, TARGET)}
        times, values = thin(view.times, view.values)
        self._line = bqplot.Lines(
            x=times, y=values, scales={"x": x, "y": y}, colors=[PALETTE["actual"].css], stroke_width=1.2
        )
        hues = [PALETTE[part].css for part in PARTS]
        self._first_names = top_names({"x": x}, hues[:2])
        self._last_name = top_names({"x": x}, hues[2:], align="end")  # at the edge, where it is not cut off
        self._values = live_axis(y, "left", label=view.unit)
        span(self._values, *padded(view.values, above=_HEADROOM))
        self.figure = live_figure(
            [*self._shades.values(), *self._spans.values(), self._line, self._first_names, self._last_name],
            [live_axis(x), self._values],
            height=230,
            bottom=28,
        ).add_class("lw-chart-overview")

    def edges(self) -> dict[Part, Any]:
        """First and last time of each part."""
        split, times = self.view.windows.split, self.view.times
        return {
            part: times[[split.bounds(part)[0], min(split.bounds(part)[1], split.length - 1)]]
            for part in PARTS
        }

    def spans(self) -> dict[str, Any]:
        """First and last time of what the window reads and of what it is to forecast."""
        view, times = self.view, self.view.times
        start = view.origin - view.config.sequence_length + 1
        ahead = view.origin + view.config.horizon
        return {INPUT: times[[start, view.origin]], TARGET: times[[view.origin, ahead]]}

    def redraw(self) -> None:
        edges = self.edges()
        for part, (first, last) in edges.items():
            move_band(self._shades[part], first, last)
        for name, (first, last) in self.spans().items():
            move_band(self._spans[name], first, last)
        begins = np.array([first for first, _ in edges.values()])
        redraw(self._first_names, x=begins[:2], y=np.ones(2), text=list(PARTS[:2]))
        redraw(self._last_name, x=self.view.times[-1:], y=np.ones(1), text=list(PARTS[2:]))

    def draw_still(self, axes: Any) -> None:
        view = self.view
        for part, (first, last) in self.edges().items():
            axes.axvspan(first, last, color=colour(part), alpha=PART_OPACITY, linewidth=0)
            axes.annotate(
                part,
                (first, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(4, -11),
                textcoords="offset points",
                fontsize=8,
                color=colour(part),
                weight="bold",
            )
        for name, (first, last) in self.spans().items():
            axes.axvspan(first, last, color=colour(name), alpha=_SPAN_OPACITY, linewidth=0)
        axes.plot(*thin(view.times, view.values), color=colour("actual"), linewidth=0.8)
        axes.set_ylim(*padded(view.values, above=_HEADROOM))
        axes.margins(x=0)


class CloseUp:
    """The window and a little of what surrounds it, counted in steps from the last value read."""

    def __init__(self, view: HasWindow) -> None:
        self.view = view
        self._x = bqplot.LinearScale(min=-1.0, max=1.0, allow_padding=False)
        self._y = bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)
        scales = {"x": self._x, "y": self._y}
        self._spans = {
            name: band(self._x, PALETTE[name].css, 0.6 * _SPAN_OPACITY) for name in (INPUT, TARGET)
        }
        none = np.array([0.0])
        self._around = bqplot.Lines(
            x=none, y=none, scales=scales, colors=[PALETTE["train"].css], stroke_width=1, opacities=[0.7]
        )
        self._lines = {
            name: bqplot.Lines(
                x=none, y=none, scales=scales, colors=[PALETTE[name].css], stroke_width=1.8, marker_size=14
            )
            for name in (INPUT, TARGET)
        }
        self._reads = top_names(scales, [PALETTE[INPUT].css])
        self._ahead = top_names(scales, [PALETTE[TARGET].css], align="end")
        self._steps = live_axis(self._x, label="steps from the last value read", tick_format="d")
        self._heights = live_axis(self._y, "left", label=view.unit)
        self.figure = live_figure(
            [*self._spans.values(), self._around, *self._lines.values(), self._reads, self._ahead],
            [self._steps, self._heights],
            height=210,
        ).add_class("lw-chart-close-up")

    def shown(self) -> tuple[int, int]:
        """First position drawn, and the one after the last."""
        view = self.view
        start, end = view.origin - view.config.sequence_length + 1, view.origin + view.config.horizon + 1
        margin = max(2, (end - start) // 8)
        return max(0, start - margin), min(len(view.series), end + margin)

    def spans(self) -> dict[str, tuple[int, int]]:
        """First and last step of what the window reads and of what it is to forecast."""
        config = self.view.config
        return {INPUT: (1 - config.sequence_length, 0), TARGET: (1, config.horizon)}

    def steps(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values from one step to another, thinned to what can be drawn."""
        steps = np.arange(first, last + 1)
        return thin(steps.astype(np.float64), self.view.values[self.view.origin + steps])

    def redraw(self) -> None:
        view = self.view
        first, end = (position - view.origin for position in self.shown())
        span(self._steps, first, end - 1, most=8)
        span(self._heights, *padded(view.values[first + view.origin : end + view.origin], 0.2))
        steps, values = self.steps(first, end - 1)
        redraw(self._around, x=steps, y=values)
        for name, (low, high) in self.spans().items():
            move_band(self._spans[name], low - 0.5, high + 0.5)
            steps, values = self.steps(low, high)
            self._lines[name].marker = "circle" if len(steps) <= _DOTS_UP_TO else None
            redraw(self._lines[name], x=steps, y=values)
        reads, ahead = self.words()
        redraw(self._reads, x=np.array([0.5 - view.config.sequence_length]), y=np.ones(1), text=[reads])
        redraw(self._ahead, x=np.array([view.config.horizon + 0.5]), y=np.ones(1), text=[ahead])

    def words(self) -> list[str]:
        """What stands above the two spans."""
        config = self.view.config
        return [f"reads {config.sequence_length:,}", f"forecasts {config.horizon:,}"]

    def draw_still(self, axes: Any) -> None:
        view = self.view
        first, end = (position - view.origin for position in self.shown())
        axes.plot(*self.steps(first, end - 1), color=colour("train"), linewidth=0.8, alpha=0.7)
        for (name, (low, high)), words in zip(self.spans().items(), self.words(), strict=True):
            axes.axvspan(low - 0.5, high + 0.5, color=colour(name), alpha=0.6 * _SPAN_OPACITY, linewidth=0)
            steps, values = self.steps(low, high)
            marker = "." if len(steps) <= _DOTS_UP_TO else ""
            axes.plot(steps, values, color=colour(name), linewidth=1.2, marker=marker, markersize=4)
            axes.annotate(
                words,
                (low - 0.5, 1.0),
                xycoords=("data", "axes fraction"),
                xytext=(4, -11),
                textcoords="offset points",
                fontsize=8,
                color=colour(name),
                weight="bold",
            )
        axes.set_ylim(*padded(view.values[first + view.origin : end + view.origin], 0.2))
        axes.set_xlim(first, end - 1)
