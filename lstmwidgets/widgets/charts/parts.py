"""What live charts are made of: legends, headings, axes, lines and bands of bqplot."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from typing import Any

import bqplot
import ipywidgets
import numpy as np
from numpy.typing import NDArray

from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import ticks_between

MARGIN = {"top": 8, "bottom": 24, "left": 44, "right": 26}
NOTHING = np.array([np.nan])


class Legend(ipywidgets.Box):
    """One switch for each line: pressing it hides the line or shows it again, in the browser alone.

    Lines named in ``hidden`` wait to be shown.
    """

    def __init__(
        self, lines: dict[str, bqplot.Lines], colours: dict[str, str], hidden: Collection[str] = ()
    ) -> None:
        self.switches = {}
        for name, line in lines.items():
            line.visible = name not in hidden
            switch = ipywidgets.ToggleButton(
                value=line.visible, description=name, tooltip=f"Show or hide {name}"
            )
            switch.add_class("lw-switch").add_class(f"lw-swatch-{colours[name]}")
            ipywidgets.jslink((switch, "value"), (line, "visible"))
            self.switches[name] = switch
        super().__init__(list(self.switches.values()))
        self.add_class("lw-legend")


class Chart(ipywidgets.VBox):
    """A heading with its legend, a bqplot figure, and a caption that says the same in words."""

    def __init__(
        self,
        name: str,
        heading: str,
        legend: Legend,
        figure: bqplot.Figure,
        below: Sequence[ipywidgets.Widget] = (),
    ) -> None:
        self.figure = figure
        self.legend = legend
        self._title = ipywidgets.HTML()
        self._caption = ipywidgets.HTML().add_class("lw-caption")
        figure.add_class("lw-figure").add_class(f"lw-figure-{name}")
        self.heading = heading
        head = ipywidgets.Box([self._title, legend]).add_class("lw-chart-head")
        super().__init__([head, figure, *below, self._caption])
        self.add_class("lw-chart").add_class(f"lw-chart-{name}")

    @property
    def heading(self) -> str:
        """The heading above the chart."""
        return self._heading

    @heading.setter
    def heading(self, text: str) -> None:
        self._heading = text
        self._title.value = f"<h4>{html.escape(text)}</h4>"

    @property
    def words(self) -> str:
        """The caption: what the chart shows now."""
        return html.unescape(self._caption.value)

    @words.setter
    def words(self, text: str) -> None:
        self._caption.value = html.escape(text)


def line(name: str, scales: dict[str, bqplot.Scale], **style: Any) -> bqplot.Lines:
    """An empty line in a colour of the palette."""
    return bqplot.Lines(x=NOTHING, y=NOTHING, scales=scales, colors=[theme.PALETTE[name].css], **style)


def draw(mark: bqplot.Mark, x: NDArray[Any], y: NDArray[np.float64]) -> None:
    """Set both coordinates at once.

    Where nothing is known, a line of no length is drawn, which shows nothing: a browser complains
    of a path with no point at all.
    """
    if not np.isfinite(y).any():
        x, y = x[:1].repeat(2) if len(x) else np.ones(2), np.ones(2)
    with mark.hold_sync():
        mark.x, mark.y = x, y


def live_axis(scale: bqplot.Scale, side: str = "bottom", **settings: Any) -> bqplot.Axis:
    """An axis without grid lines along x and with faint ones along y."""
    usual: dict[str, Any] = {"grid_lines": "none", "label_offset": "32px"}
    if side == "left":
        usual = {"grid_color": "var(--lw-line, #e6e6e6)", "label_offset": "42px", "tick_format": "~g"}
    return bqplot.Axis(scale=scale, side=side, **{**usual, **settings})


def live_figure(
    marks: Sequence[bqplot.Mark],
    axes: Sequence[bqplot.Axis],
    *,
    height: int,
    left: int = 60,
    bottom: int = 46,
) -> bqplot.Figure:
    """A chart as wide as its column, on the page's own ground."""
    return bqplot.Figure(
        marks=list(marks),
        axes=list(axes),
        fig_margin={"top": 12, "bottom": bottom, "left": left, "right": 16},
        layout=ipywidgets.Layout(width="100%", height=f"{height}px", min_width="0"),
        background_style={"fill": "transparent"},
        padding_x=0.0,
        padding_y=0.0,
    )


def band(x: bqplot.Scale, hue: str, opacity: float, start: Any = 0, end: Any = 1) -> bqplot.Lines:
    """A shaded stretch of the horizontal axis, over the whole height; move it with `move_band`."""
    return bqplot.Lines(
        x=np.array([start, end]),
        y=np.ones(2),
        scales={"x": x, "y": bqplot.LinearScale(min=0.0, max=1.0, allow_padding=False)},
        colors=[hue],
        fill="bottom",
        fill_colors=[hue],
        fill_opacities=[opacity],
        opacities=[0.0],
        stroke_width=0.0,
        apply_clip=True,
    )


def move_band(mark: bqplot.Lines, start: Any, end: Any) -> None:
    """Put a `band` elsewhere."""
    mark.x = np.array([start, end])


def span(axis: bqplot.Axis, low: float, high: float, most: int = 6) -> None:
    """Let an axis reach from one value to another, with round ticks between."""
    with axis.scale.hold_sync():
        axis.scale.min, axis.scale.max = float(low), float(high)
    axis.tick_values = ticks_between(low, high, most)


def top_names(scales: dict[str, bqplot.Scale], hues: Sequence[str], align: str = "start") -> bqplot.Label:
    """Names inside the top edge of a chart, to be placed with `redraw`."""
    return bqplot.Label(
        x=np.zeros(1),
        y=np.ones(1),
        text=[""],
        scales={"x": scales["x"], "y": bqplot.LinearScale(min=0.0, max=1.0)},
        colors=list(hues),
        default_size=11,
        font_weight="bold",
        align=align,
        x_offset=4 if align == "start" else -4,
        y_offset=10,
    )


def redraw(mark: bqplot.Mark, **arrays: Any) -> None:
    """Change several arrays of a mark in one message, so that it is never drawn half changed."""
    with mark.hold_sync():
        for name, array in arrays.items():
            setattr(mark, name, array)
