"""The error of each trial, live: filled where it was trained to the end, hollow where it was broken off."""

from __future__ import annotations

import bqplot
import numpy as np

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import ticks_between
from lstmwidgets.widgets.charts.parts import MARGIN, Chart, Legend, draw, line
from lstmwidgets.widgets.searching import words
from lstmwidgets.widgets.searching.scene import CHOSEN, DONE, HUES, LEAST, PRUNED, Scene

_ROOM = 0.5  # so that no mark stands on an axis


class History(Chart):
    """Errors by the number of their trial, and the least so far."""

    def __init__(self) -> None:
        self._x = bqplot.LinearScale(min=-_ROOM, max=1 + _ROOM)
        self._y = bqplot.LinearScale(min=0.0, max=1.0)
        scales = {"x": self._x, "y": self._y}
        self.least = line(LEAST_HUE, scales, stroke_width=1.75)
        self.done = _dots(DONE, scales, default_size=44)
        self.pruned = _dots(PRUNED, scales, default_size=36, fill=False, stroke_width=1.5)
        self.chosen = _dots(CHOSEN, scales, default_size=190, fill=False, stroke_width=2.5)
        self._trials = bqplot.Axis(scale=self._x, tick_format="d", grid_lines="none")
        self._errors = bqplot.Axis(scale=self._y, side="left", tick_format=",~g")
        figure = bqplot.Figure(
            marks=[self.least, self.pruned, self.done, self.chosen],
            axes=[self._trials, self._errors],
            fig_margin={**MARGIN, "left": 52},
            display_toolbar=False,
            padding_y=0,
        )
        marks = {DONE: self.done, PRUNED: self.pruned, LEAST: self.least, CHOSEN: self.chosen}
        super().__init__("trials", "Validation error by trial", Legend(marks, HUES), figure)

    def show(self, scene: Scene, unit: str) -> None:
        """Draw what a search has found by now."""
        self.heading = f"Validation error by trial{f', {unit}' if unit else ''}"
        with self._x.hold_sync():
            self._x.min, self._x.max = -_ROOM, scene.last + _ROOM
        with self._y.hold_sync():
            self._y.min, self._y.max = scene.limits
        self._trials.tick_values = trial_ticks(scene.last)
        self._errors.tick_values = ticks_between(*scene.limits)
        draw(self.least, *scene.least)
        for mark, (x, y) in (
            (self.done, scene.points[DONE]),
            (self.pruned, scene.points[PRUNED]),
            (self.chosen, scene.chosen),
        ):
            with mark.hold_sync():
                mark.x, mark.y = x, y
        self.words = words.of_history(scene)


LEAST_HUE = HUES[LEAST]


def trial_ticks(last: int) -> np.ndarray:
    """Whole numbers along the axis of trials, from 0."""
    if last <= 6:
        return np.arange(0.0, last + 1)
    return ticks_between(0.0, float(last))


def _dots(name: str, scales: dict[str, bqplot.Scale], **style: object) -> bqplot.Scatter:
    hue = theme.PALETTE[HUES[name]].css
    return bqplot.Scatter(x=np.empty(0), y=np.empty(0), scales=scales, colors=[hue], stroke=hue, **style)
