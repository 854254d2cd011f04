"""Still pictures of series, lines and models, which show themselves in a notebook."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lstmwidgets.analysis.backtests.intervals import interval_levels, interval_model
from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.axes import log_ticks
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.theme import IN_SIGHT, MODELS, colour, model_colour, models_in
from lstmwidgets.widgets.view import STILL_DPI

QUIET = "#5f5f5f"
GRID = "#e6e6e6"


class Picture(Figure):
    """A Matplotlib figure on white that shows itself as a PNG at the end of a notebook's cell."""

    def __init__(self, width: float = 9.0, height: float = 2.8) -> None:
        super().__init__(figsize=(width, height), layout="constrained", facecolor="white")

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=STILL_DPI)
        return buffer.getvalue()


def quiet_axes(axes: Axes, *, x: str = "", y: str = "", title: str = "") -> Axes:
    """Leave an axes its labels, its ticks and a faint grid, and little else."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRID)
    axes.tick_params(colors=QUIET, labelsize=8, length=3, width=0.6)
    axes.grid(axis="y", color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(x, color=QUIET, fontsize=9)
    axes.set_ylabel(y, color=QUIET, fontsize=9)
    if title:
        axes.set_title(title, loc="left", fontsize=10, color="#212121")
    return axes


def series_picture(
    series: pd.Series,
    lines: Mapping[str, pd.Series] | None = None,
    *,
    points: pd.Series | None = None,
    band: pd.DataFrame | tuple[pd.Series, pd.Series] | None = None,
    y: str = "",
    title: str = "",
) -> Picture:
    """Draw a series, with other lines over it and single points ringed.

    Parameters
    ----------
    series : pandas.Series
        On a DatetimeIndex; gaps stay open.
    lines : mapping from name to pandas.Series, optional
        Drawn in further hues and named in a legend.
    points : pandas.Series, optional
        Values to ring, on their timestamps.
    band : pandas.DataFrame or pair of pandas.Series, optional
        Intervals as a fan in the hue of forecasts, which may reach past the end: a frame of forecasts from
        one cutoff as `lstmwidgets.SplitConformal.apply` gives it, or lower and upper bounds by their time.
    y, title : str
        Label of the vertical axis, usually the unit, and the title.
    """
    picture = Picture()
    axes = quiet_axes(picture.add_subplot(), y=y, title=title)
    hues = ("forecast", "repeat-last", "seasonal-naive", "validation")
    for name, line, hue in [
        (str(series.name), series, "actual"),
        *((name, line, hue) for (name, line), hue in zip((lines or {}).items(), hues, strict=False)),
    ]:
        width = 0.9 if line is series else 1.8
        axes.plot(
            *thin(as_times(pd.DatetimeIndex(line.index)), line.to_numpy()),
            color=colour(hue),
            linewidth=width,
            label=name,
        )
    for name, lower, upper in _bounds(band):
        axes.fill_between(
            _places(lower.index), lower, upper, color=colour("forecast"), alpha=0.2, linewidth=0, label=name
        )
    if points is not None:
        axes.plot(
            as_times(pd.DatetimeIndex(points.index)),
            points.to_numpy(),
            "o",
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=colour("error"),
            markeredgewidth=1.6,
            label=f"{len(points)} ringed",
        )
    if lines or points is not None or band is not None:
        _name_below(picture)
    axes.margins(x=0.01)
    return picture


def _bounds(
    band: pd.DataFrame | tuple[pd.Series, pd.Series] | None,
) -> list[tuple[str, pd.Series, pd.Series]]:
    """Name, lower and upper bounds of each interval, the widest first."""
    if band is None:
        return []
    if not isinstance(band, pd.DataFrame):
        return [("interval", *band)]
    model, frame = interval_model(band), band.set_index("ds") if "ds" in band else band
    return [
        (f"{level} % interval", frame[f"{model}-lo-{level}"], frame[f"{model}-hi-{level}"])
        for level in reversed(interval_levels(band, model))
    ]


def _name_below(picture: Picture) -> None:
    """A legend under all else, in one row where seven names do."""
    picture.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower left", borderpad=0)


def line_picture(
    lines: Mapping[str, pd.Series],
    *,
    x: str,
    y: str = "",
    title: str = "",
    hue: str = "actual",
    log: bool = False,
    marked: Sequence[float] = (),
) -> Picture:
    """Draw lines in shades of one hue, each named at its end.

    Parameters
    ----------
    lines : mapping from name to pandas.Series
        The index is the horizontal position, numbers or times.
    x, y, title : str
    hue : str
        A name in `lstmwidgets.widgets.theme.PALETTE`.
    log : bool
        A logarithmic vertical axis.
    marked : sequence of float
        Horizontal positions to mark with a thin vertical line.
    """
    picture = Picture()
    axes = quiet_axes(picture.add_subplot(), x=x, y=y, title=title)
    for position in marked:
        axes.axvline(position, color=colour("warning"), linewidth=0.8, linestyle=(0, (3, 3)))
    for number, line in enumerate(lines.values()):
        shade = 1.0 - 0.65 * number / max(1, len(lines) - 1)
        axes.plot(_places(line.index), line.to_numpy(), color=colour(hue), alpha=shade, linewidth=1.6)
    if log:
        axes.set_yscale("log")
        ticks = log_ticks(*axes.get_ylim())
        axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    axes.margins(x=0.01)
    picture.draw_without_rendering()  # or the axes would not have their limits and size yet
    _name_at_the_ends(axes, lines, colour(hue))
    return picture


def _name_at_the_ends(axes: Axes, lines: Mapping[str, pd.Series], hue: str) -> None:
    """Write each line's name behind its last value, moved apart where two would overlap."""
    places = {name: (_places(line.index)[-1], line.iloc[-1]) for name, line in lines.items()}
    ends = sorted((axes.transData.transform((0, y))[1], name) for name, (_, y) in places.items())
    room = 11 * axes.figure.dpi / 72
    height = -np.inf
    for wanted, name in ends:
        height = max(wanted, height + room)
        axes.annotate(
            name,
            places[name],
            xytext=(4, (height - wanted) * 72 / axes.figure.dpi),
            textcoords="offset points",
            color=hue,
            fontsize=8,
            va="center",
        )


def model_picture(
    lines: pd.DataFrame,
    *,
    models: Sequence[str] | None = None,
    x: str = "",
    y: str = "",
    title: str = "",
) -> Picture:
    """Draw models, each in its own hue, and what came where that is known.

    Parameters
    ----------
    lines : pandas.DataFrame
        Either what `lstmwidgets.forecast_table` returns, whose blocks are drawn apart, or any frame
        with a column for each model, and ``y`` for what came, drawn over its index.
    models : sequence of str, optional
        Which to draw. By default all that the frame holds; of a forecast table, where lines lie
        close, only the network and the two naive rules.
    x, y, title : str
        Labels of the axes, and the title.
    """
    picture = Picture()
    axes = quiet_axes(picture.add_subplot(), x=x, y=y, title=title)
    blocks = [lines]
    if "cutoff" in lines:
        blocks = [block.set_index("ds") for _, block in lines.groupby("cutoff")]
    if "y" in lines:
        actual = pd.concat([block["y"] for block in blocks])
        actual = actual[~actual.index.duplicated()].sort_index()
        axes.plot(_places(actual.index), actual, color=colour("actual"), linewidth=1.0, label="actual")
    if models is None:
        models = models_in(lines.columns, IN_SIGHT if "cutoff" in lines else MODELS)
    known = models_in(lines.columns)
    unknown = [name for name in models if name not in known]
    if unknown:
        raise LSTMWidgetsError(
            f"model {unknown[0]!r} cannot be drawn: the frame has "
            f"{', '.join(map(repr, known)) or 'none that has a hue'}"
        )
    for order, name in enumerate(models):
        style: dict[str, Any] = {
            "color": model_colour(name).light,
            "linewidth": 1.6 if name == network_in(lines.columns) else 1.0,
            "zorder": 5 - order,
        }
        for number, block in enumerate(blocks):
            axes.plot(_places(block.index), block[name], label=name if number == 0 else None, **style)
    _name_below(picture)
    axes.margins(x=0.01)
    return picture


def _places(index: pd.Index) -> Any:
    return as_times(index) if isinstance(index, pd.DatetimeIndex) else index
