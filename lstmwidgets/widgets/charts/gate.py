"""The charts of a gate, live and still: what it does over time, and where each step stands on its curve."""

from __future__ import annotations

from typing import Any, Protocol

import bqplot
import numpy as np
from numpy.typing import NDArray

from lstmwidgets.analysis.inside.equations import Equation
from lstmwidgets.analysis.inside.equations import courses as every_course
from lstmwidgets.analysis.inside.gates import GateTrace
from lstmwidgets.analysis.inside.tiny_cell import gate_input, one_step_before
from lstmwidgets.model.inside.activations import sigmoid
from lstmwidgets.widgets.charts.axes import padded
from lstmwidgets.widgets.charts.parts import band, live_axis, live_figure, move_band, redraw, span
from lstmwidgets.widgets.theme import PALETTE, colour, gate_colour

_STEP_OPACITY = 0.22
_DOTS_UP_TO = 60
_HUES = {"f * c": "gate-f", "i * g": "gate-i", "tanh(c)": "gate-c", "o": "gate-o"}


class HasGate(Protocol):
    """What the charts read of a `GateView`."""

    equation: Equation
    x: NDArray[np.float64]
    trace: GateTrace
    step: Any
    weights: Any


class OverTime:
    """What goes in, and below it the gate at every step, the present step marked in both."""

    def __init__(self, view: HasGate) -> None:
        self.view = view
        letter = view.equation.letter
        self._x = bqplot.LinearScale(min=-0.5, max=1.0, allow_padding=False)
        self._in, self._out = (bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False) for _ in range(2))
        none = np.zeros(1)
        self._input = self._line("actual", self._in)
        self._gate = self._line(f"gate-{letter}", self._out, stroke_width=2.2)
        self._beside = {
            name: self._line(_HUES[name], self._out, line_style="dashed") for name in view.equation.beside
        }
        self._marks = [band(self._x, PALETTE["actual"].css, _STEP_OPACITY) for _ in range(2)]
        names = [letter, *view.equation.beside]
        self._names = bqplot.Label(
            x=none,
            y=none,
            text=names,
            scales={"x": self._x, "y": self._out},
            colors=[
                PALETTE[f"gate-{letter}"].css,
                *(PALETTE[_HUES[name]].css for name in view.equation.beside),
            ],
            default_size=12,
            font_weight="bold",
            x_offset=6,
            apply_clip=False,
        )
        self._steps = live_axis(self._x, label="step", tick_format="d")
        self._above = live_axis(self._in, "left", label="x")
        self._below = live_axis(self._out, "left", label=letter)
        hidden = live_axis(self._x, visible=False)
        lines = [*self._beside.values(), self._gate, self._names]
        self.figures = [
            live_figure([self._marks[0], self._input], [hidden, self._above], height=100, bottom=6),
            live_figure([self._marks[1], *lines], [self._steps, self._below], height=210),
        ]
        for figure, name in zip(self.figures, ("input", "course"), strict=True):
            figure.add_class(f"lw-chart-{name}")
            figure.fig_margin = {**figure.fig_margin, "right": 60 if view.equation.beside else 28}

    def _line(self, hue: str, y: bqplot.Scale, **style: Any) -> bqplot.Lines:
        none = np.zeros(1)
        return bqplot.Lines(
            x=none,
            y=none,
            scales={"x": self._x, "y": y},
            colors=[PALETTE[hue].css],
            **{"stroke_width": 1.4, "marker_size": 12, **style},
        )

    def courses(self) -> dict[str, NDArray[np.float64]]:
        """The gate over time, and what is drawn beside it."""
        every = every_course(self.view.trace)
        return {name: every[name] for name in (self.view.equation.letter, *self.view.equation.beside)}

    def limits(self) -> tuple[float, float]:
        """Lowest and highest value to show."""
        return padded(self.view.equation.limits or np.concatenate([*self.courses().values(), [0.0]]), 0.05)

    def redraw(self) -> None:
        view = self.view
        steps = np.arange(len(view.x), dtype=np.float64)
        span(self._steps, -0.5, len(steps) - 0.5, most=8)
        span(self._above, *padded(view.x, 0.15), most=3)
        span(self._below, *self.limits())
        for mark in (self._input, self._gate):
            mark.marker = "circle" if len(steps) <= _DOTS_UP_TO else None
        redraw(self._input, x=steps, y=view.x)
        courses = self.courses()
        gate, *beside = courses.values()
        redraw(self._gate, x=steps, y=gate)
        for mark, course in zip(self._beside.values(), beside, strict=True):
            redraw(mark, x=steps, y=course)
        for mark in self._marks:
            move_band(mark, view.step - 0.5, view.step + 0.5)
        ends = apart(
            np.array([course[-1] for course in courses.values()]), 0.09 * (self._out.max - self._out.min)
        )
        redraw(self._names, x=np.full(len(ends), steps[-1]), y=ends)

    def draw_still(self, above: Any, below: Any) -> None:
        view = self.view
        for axes in (above, below):
            axes.axvspan(
                view.step - 0.5, view.step + 0.5, color=colour("actual"), alpha=_STEP_OPACITY, linewidth=0
            )
        marker = "." if len(view.x) <= _DOTS_UP_TO else ""
        above.plot(view.x, color=colour("actual"), linewidth=1.1, marker=marker, markersize=4)
        above.tick_params(labelbottom=False)
        above.set_ylim(*padded(view.x, 0.15))
        courses = self.courses()
        low, high = self.limits()
        ends = apart(np.array([course[-1] for course in courses.values()]), 0.09 * (high - low))
        for number, ((name, course), end) in enumerate(zip(courses.items(), ends, strict=True)):
            hue = colour(_HUES[name] if number else f"gate-{name}")
            style: dict[str, Any] = (
                {"linewidth": 1.0, "linestyle": "--"}
                if number
                else {"linewidth": 1.8, "marker": marker, "markersize": 5}
            )
            below.plot(course, color=hue, **style)
            below.annotate(
                name,
                (len(course) - 1, end),
                xytext=(5, 0),
                textcoords="offset points",
                color=hue,
                fontsize=9,
                annotation_clip=False,
                va="center",
            )
        below.set_ylim(low, high)
        below.set_xlim(-0.5, len(view.x) - 0.5)


class CurveChart:
    """The curve of the equation with a dot for every step, the present one larger."""

    def __init__(self, view: HasGate) -> None:
        self.view = view
        hue = gate_colour(view.equation.letter).css
        self._x = bqplot.LinearScale(min=-1.0, max=1.0, allow_padding=False)
        self._y = bqplot.LinearScale(min=-1.0, max=1.0, allow_padding=False)
        scales, none = {"x": self._x, "y": self._y}, np.zeros(1)
        straight = view.equation.curve == "line"
        self._line = bqplot.Lines(
            x=none,
            y=none,
            scales=scales,
            colors=[hue if straight else PALETTE["train"].css],
            stroke_width=1.6,
        )
        self._diagonal = bqplot.Lines(
            x=none,
            y=none,
            scales=scales,
            colors=[PALETTE["train"].css],
            line_style="dashed",
            stroke_width=1.0,
            visible=straight,
        )
        self._dots = bqplot.Scatter(
            x=none,
            y=none,
            scales=scales,
            colors=[hue],
            default_size=22,
            opacities=[0.55],
            stroke_width=0,
        )
        self._present = bqplot.Scatter(
            x=none, y=none, scales=scales, colors=[hue], default_size=110, stroke=PALETTE["actual"].css
        )
        x_label, y_label = self.labels()
        self._across, self._up = live_axis(self._x, label=x_label), live_axis(self._y, "left", label=y_label)
        self.figure = live_figure(
            [self._diagonal, self._line, self._dots, self._present], [self._across, self._up], height=310
        ).add_class("lw-chart-curve")

    def labels(self) -> tuple[str, str]:
        """What the two axes show."""
        equation = self.view.equation
        if equation.curve == "line":
            return "c before the step", "c after it"
        return ("c", "tanh(c)") if equation.letter == "h" else ("z, the sum inside", f"{equation.curve}(z)")

    def dots(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where each step stands on the curve."""
        view = self.view
        courses = every_course(view.trace)
        if view.equation.curve == "line":
            return one_step_before(courses["c"]), courses["c"]
        if view.equation.letter == "h":
            return courses["c"], courses["tanh(c)"]
        return gate_input(view.x, view.trace, view.equation.letter, view.weights), courses[
            view.equation.letter
        ]

    def line(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The curve itself; for the cell state, the line that the present step's gates make."""
        view, dots = self.view, self.dots()
        if view.equation.curve == "line":
            x = np.array(padded(np.concatenate([*dots, [0.0]]), 0.1))
            courses = every_course(view.trace)
            return x, courses["f"][view.step] * x + courses["i * g"][view.step]
        reach = max(6.0 if view.equation.curve == "sigmoid" else 3.0, 1.05 * float(np.abs(dots[0]).max()))
        x = np.linspace(-reach, reach, 201)
        return x, sigmoid(x) if view.equation.curve == "sigmoid" else np.tanh(x)

    def limits(self) -> tuple[float, float]:
        """Lowest and highest value to show."""
        x, y = self.line()
        return padded(np.concatenate([x, y])) if self.view.equation.curve == "line" else padded(y, 0.05)

    def redraw(self) -> None:
        (x, y), (across, up), step = self.line(), self.dots(), self.view.step
        span(self._across, float(x[0]), float(x[-1]))
        span(self._up, *self.limits())
        redraw(self._line, x=x, y=y)
        redraw(self._diagonal, x=x, y=x)
        redraw(self._dots, x=across, y=up)
        redraw(self._present, x=across[[step]], y=up[[step]])

    def draw_still(self, axes: Any) -> None:
        hue, step = colour(f"gate-{self.view.equation.letter}"), self.view.step
        (x, y), (across, up) = self.line(), self.dots()
        straight = self.view.equation.curve == "line"
        if straight:
            axes.plot(x, x, color=colour("train"), linewidth=0.8, linestyle="--")
        axes.plot(x, y, color=hue if straight else colour("train"), linewidth=1.2)
        axes.scatter(across, up, s=16, color=hue, alpha=0.55, linewidths=0)
        axes.scatter(across[step], up[step], s=70, color=hue, edgecolors=colour("actual"), zorder=3)
        x_label, y_label = self.labels()
        axes.set(xlabel=x_label, ylabel=y_label, xlim=(x[0], x[-1]), ylim=self.limits())


def apart(heights: NDArray[np.float64], least: float) -> NDArray[np.float64]:
    """Heights moved no further than needed for each to stand ``least`` from the next, in the same order.

    Examples
    --------
    >>> apart(np.array([1.0, 1.0, 5.0]), 0.5).tolist()
    [0.75, 1.25, 5.0]
    """
    order = np.argsort(heights, kind="stable")
    moved = heights[order].astype(np.float64)
    for _ in range(len(moved)):
        for lower in range(len(moved) - 1):
            overlap = least - (moved[lower + 1] - moved[lower])
            if overlap > 0:
                moved[lower] -= overlap / 2
                moved[lower + 1] += overlap / 2
    placed = np.empty_like(moved)
    placed[order] = moved
    return placed
