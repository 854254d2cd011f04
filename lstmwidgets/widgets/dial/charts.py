"""The validation curve and the losses behind it, live: they grow as trainings end."""

from __future__ import annotations

import bqplot
import numpy as np
from numpy.typing import NDArray

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import log_ticks, loss_limits, padded, ticks_between
from lstmwidgets.widgets.charts.parts import MARGIN, Chart, Legend, draw, line
from lstmwidgets.widgets.charts.spread import draw_fan, fan
from lstmwidgets.widgets.dial import words
from lstmwidgets.widgets.dial.scene import Scene
from lstmwidgets.widgets.dial.table import mark_of

_ROOM = 0.055


def value_ticks(values: tuple[int, ...]) -> NDArray[np.float64]:
    """The values that can be written below a log axis without touching; the first and the last among them.

    Examples
    --------
    >>> value_ticks((4, 8, 16, 17, 32, 64)).tolist()
    [4.0, 8.0, 16.0, 32.0, 64.0]
    """
    low, high = value_limits(values)
    places = np.log(np.array(values, np.float64) / low) / np.log(high / low)
    kept = [0]
    for number in range(1, len(values)):
        if places[number] - places[kept[-1]] >= _ROOM:
            kept.append(number)
    if kept[-1] != len(values) - 1:
        kept[-1 if len(kept) > 1 else len(kept) :] = [len(values) - 1]
    return np.array([values[number] for number in kept], np.float64)


def value_limits(values: tuple[int, ...]) -> tuple[float, float]:
    """Ends of the log axis of values, with a little room; never of no width.

    Examples
    --------
    >>> value_limits((16,))
    (8.0, 32.0)
    """
    low, high = float(values[0]), float(values[-1])
    if low == high:
        return low / 2, high * 2
    room = (high / low) ** 0.05
    return low / room, high * room


def error_limits(scene: Scene) -> tuple[float, float]:
    """Ends of the error axis: around all that came, closely, so that the curve's shape is seen."""
    errors = scene.points["error"].to_numpy(np.float64)
    return padded([*errors, scene.limit], 0.18) if len(errors) else (0.0, 1.0)


class _ByValue(Chart):
    """A chart over the values planned, on a log axis."""

    def __init__(
        self, name: str, heading: str, legend: Legend, marks: list[bqplot.Mark], y: bqplot.Scale
    ) -> None:
        self._values = bqplot.Axis(scale=self.x, grid_lines="none", tick_format=",d")
        self._heights = bqplot.Axis(scale=y, side="left", tick_format="~g")
        figure = bqplot.Figure(
            marks=marks,
            axes=[self._values, self._heights],
            fig_margin=MARGIN,
            display_toolbar=False,
            padding_x=0,
            padding_y=0,
        )
        super().__init__(name, heading, legend, figure)

    x: bqplot.LogScale

    def _span(self, values: tuple[int, ...]) -> None:
        low, high = value_limits(values)
        with self.x.hold_sync():
            self.x.min, self.x.max = low, high
        self._values.tick_values = value_ticks(values)


class ErrorCurve(_ByValue):
    """Validation error by value: mean, band over seeds, each seed, the limit, and what is chosen."""

    def __init__(self) -> None:
        self.x, self._y = bqplot.LogScale(min=1, max=10), bqplot.LinearScale(min=0.0, max=1.0)
        scales = {"x": self.x, "y": self._y}
        hue = theme.PALETTE["validation"].css
        self.band = fan("validation", scales)
        self.mean = line("validation", scales, stroke_width=2)
        self.seeds = bqplot.Scatter(
            x=np.array([]),
            y=np.array([]),
            scales=scales,
            colors=["var(--lw-ground, #ffffff)"],
            stroke=hue,
            stroke_width=1.2,
            default_size=26,
        )
        self.limit = line("quiet", scales, stroke_width=1, line_style="dashed")
        self.best = self._spot(scales, "validation", 70)
        self.chosen = self._spot(scales, "good", 110)
        self.names = {
            name: bqplot.Label(
                x=np.ones(1),
                y=np.ones(1),
                text=[""],
                scales=scales,
                colors=[theme.PALETTE[hue].css],
                default_size=12,
                font_weight="bold",
            )
            for name, hue in (("best", "validation"), ("chosen", "good"))
        }
        legend = Legend({"validation": self.mean}, {"validation": "validation"})
        marks = [self.band, self.limit, self.mean, self.seeds, self.best, self.chosen, *self.names.values()]
        super().__init__("errors", "Validation error", legend, marks, self._y)
        legend.layout.display = "none"  # one line needs no switch

    @staticmethod
    def _spot(scales: dict[str, bqplot.Scale], hue: str, size: int) -> bqplot.Scatter:
        colour = theme.PALETTE[hue].css
        return bqplot.Scatter(
            x=np.ones(1), y=np.ones(1), scales=scales, colors=[colour], default_size=size, visible=False
        )

    def show(self, scene: Scene) -> None:
        """Draw what is measured."""
        self.heading = f"Validation error, {scene.unit}" if scene.unit else "Validation error"
        self.words = words.of_errors(scene)
        self._span(scene.values)
        low, high = error_limits(scene)
        with self._y.hold_sync():
            self._y.min, self._y.max = low, high
        self._heights.tick_values = ticks_between(low, high)
        found = scene.table.dropna(subset=["mean"])
        x = found.index.to_numpy(np.float64)
        draw(self.mean, x, found["mean"].to_numpy(np.float64))
        draw_fan(self.band, x, found["low"].to_numpy(np.float64), found["high"].to_numpy(np.float64))
        with self.seeds.hold_sync():
            self.seeds.x, self.seeds.y = scene.points["value"].to_numpy(), scene.points["error"].to_numpy()
        draw(self.limit, np.array(value_limits(scene.values)), np.full(2, scene.limit))
        self._mark(scene)

    def _mark(self, scene: Scene) -> None:
        """Spot and name the best value and the chosen one; one that is both, once."""
        places = {"best": None if scene.best == scene.chosen else scene.best, "chosen": scene.chosen}
        for (name, value), spot in zip(places.items(), (self.best, self.chosen), strict=True):
            spot.visible = value is not None
            text, align = "", "middle"
            if value is not None:
                text, align = f"{value:,} {mark_of(value, scene)}", aside(value, scene)
                draw(spot, np.array([float(value)]), scene.table.loc[[value], "mean"].to_numpy(np.float64))
            with self.names[name].hold_sync():
                self.names[name].x, self.names[name].y = spot.x, spot.y
                self.names[name].text, self.names[name].align = [text], align
                self.names[name].y_offset = 22 if value == scene.best else -16


def aside(value: int, scene: Scene) -> str:
    """Which way a name runs from its value: inward, where that is at an end."""
    if len(scene.values) == 1:
        return "middle"
    return {scene.values[0]: "start", scene.values[-1]: "end"}.get(value, "middle")


class LossGap(_ByValue):
    """Losses by value in the last epoch, on train and on validation, and the gap between: overfitting."""

    def __init__(self) -> None:
        self.x, self._y = bqplot.LogScale(min=1, max=10), bqplot.LogScale(min=0.1, max=1.0)
        scales = {"x": self.x, "y": self._y}
        self.gap = fan("warning", scales)
        self.lines = {
            "train": line("train", scales, stroke_width=2, marker="circle", marker_size=28),
            "validation": line("validation", scales, stroke_width=2, marker="circle", marker_size=28),
            "kept": line("validation", scales, stroke_width=1.5, line_style="dashed"),
        }
        switches = {
            "train": self.lines["train"],
            "validation": self.lines["validation"],
            "validation, kept epoch": self.lines["kept"],
        }
        hues = dict(zip(switches, ("train", "validation", "validation"), strict=True))
        legend = Legend(switches, hues)
        legend.switches["validation, kept epoch"].add_class("lw-dashed")
        super().__init__(
            "gap",
            "Training and validation: loss in the last epoch",
            legend,
            [self.gap, *self.lines.values()],
            self._y,
        )

    def show(self, scene: Scene) -> None:
        """Draw what is measured."""
        self.heading, self.words = words.over_losses(scene), words.of_losses(scene)
        self._span(scene.values)
        bottom, top = loss_limits(scene.losses.to_numpy(np.float64).ravel(), centred=False)
        with self._y.hold_sync():
            self._y.min, self._y.max = bottom, top
        self._heights.tick_values = log_ticks(bottom, top)
        found = scene.losses.dropna()
        x = found.index.to_numpy(np.float64)
        for name, mark in self.lines.items():
            draw(mark, x, found[name].to_numpy(np.float64))
        ends = np.sort(found[["train", "validation"]].to_numpy(np.float64), axis=1)
        draw_fan(self.gap, x, ends[:, 0], ends[:, 1])
