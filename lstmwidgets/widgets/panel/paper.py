"""The panel on paper: its settings, loss, forecast and scores as one Matplotlib figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import PARTS, Split
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.cells import named, parameters_of
from lstmwidgets.widgets.charts.axes import epochs_in_sight, log_ticks, loss_limits, value_limits, whole_ticks
from lstmwidgets.widgets.charts.repairs import drawn, gaps_in_short
from lstmwidgets.widgets.charts.stretches import Stretch, as_times, blocks_between
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.controls import IN_SIGHT
from lstmwidgets.widgets.panel.opinion import Opinion
from lstmwidgets.widgets.panel.results import Result, formatted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TEXT, _QUIET, _LINE = "#212121", "#5f5f5f", "#d9d9d9"
_HEIGHT = 7.9  # inches
_SMALL, _SPACING = 7.5, 1.4  # points, and of that from line to line


@dataclass(frozen=True)
class Picture:
    """All that a still of the panel shows."""

    title: str
    unit: str
    status: str
    cost: str
    config: LSTMConfig
    series: pd.Series
    split: Split | None
    stretch: Stretch
    history: pd.DataFrame
    result: Result | None
    opinion: Opinion


def panel_still(picture: Picture) -> Figure:
    """Draw a panel: settings on top, loss and forecast side by side, scores below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, _HEIGHT), facecolor="white")
    grid = figure.add_gridspec(
        2, 2, width_ratios=[2, 3], height_ratios=[3.4, 2.2], left=0.055, right=0.985, top=1 - 1.7 / _HEIGHT,
        bottom=0.015, wspace=0.15, hspace=0.22,
    )  # fmt: skip
    right = grid[0, 1].subgridspec(2, 1, height_ratios=[4, 1], hspace=0.28)
    _head(figure, picture)
    _loss(figure.add_subplot(grid[0, 0]), picture)
    _forecast(figure.add_subplot(right[0]), picture)
    _overview(figure.add_subplot(right[1]), picture)
    _scores(figure.add_subplot(grid[1, :]), picture)
    return figure


def _head(figure: Figure, picture: Picture) -> None:
    in_sight, folded = settings_in_words(picture.config)
    figure.text(0.055, 1 - 0.213 / _HEIGHT, picture.title, size=12.5, weight=700, color=_TEXT, va="center")
    whole = " · ".join(each.replace(" ", "\u00a0") for each in folded.split(" · "))
    settings = [(line.replace("\u00a0", " "), _QUIET) for line in _folded(whole, 140).split("\n")]
    size = " · ".join(filter(None, [picture.cost, gaps_in_short(picture.series)]))
    lines = [(in_sight, _TEXT), *settings, (size, _QUIET), (picture.status, _TEXT)]
    for number, (line, hue) in enumerate(lines):
        height = 1 - (0.469 + 0.195 * number) / _HEIGHT
        figure.text(0.055, height, line, size=8.5, color=hue, va="center")


def settings_in_words(config: LSTMConfig) -> tuple[str, str]:
    """The settings in sight and the folded ones, each as a line of text."""
    lines: tuple[list[str], list[str]] = ([], [])
    for name, parameter in parameters_of(config).items():
        lines[name not in IN_SIGHT].append(f"{parameter.label} {named(parameter, getattr(config, name))}")
    return " · ".join(lines[0]), " · ".join(lines[1])


def _plain(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", size=10, weight=700, color=_TEXT, pad=8)
    axes.tick_params(length=0, labelsize=8, labelcolor=_QUIET)
    axes.grid(axis="y", color=_LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)


def _loss(axes: Axes, picture: Picture) -> None:
    _plain(axes, "Loss")
    history, centred = picture.history, picture.config.centering == "last"
    losses = history[["loss", "val_loss"]].to_numpy(np.float64)
    bottom, top = loss_limits(losses, centred)
    last = epochs_in_sight(len(history), picture.config.epochs)
    axes.set(yscale="log", ylim=(bottom, top), xlim=(1, last), xlabel="epoch")
    axes.xaxis.label.set(size=8, color=_QUIET)
    axes.set_xticks(whole_ticks(last))
    ticks = log_ticks(bottom, top)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    if centred:
        hue = theme.colour("repeat-last")
        axes.axhline(1.0, color=hue, linewidth=0.9, linestyle=(0, (5, 4)))
        axes.annotate(
            "repeat last, on train", (1, 1), (-2, 3), xycoords=("axes fraction", "data"),
            textcoords="offset points", ha="right", size=7.5, color=hue,
        )  # fmt: skip
    if not len(history):
        _say(axes, "not trained yet")
        return
    marker = "o" if len(history) == 1 else ""
    style: dict[str, Any] = {"marker": marker, "markersize": 3.5}
    axes.plot(history.index, losses[:, 0], color=theme.colour("train"), linewidth=1.5, label="train", **style)
    hue = theme.colour("validation")
    axes.plot(history.index, losses[:, 1], color=hue, linewidth=1.7, label="validation", **style)
    best = int(np.argmin(losses[:, 1]))
    axes.plot(history.index[best], losses[best, 1], "o", color=hue, markersize=5, clip_on=False)
    _legend(axes)


def _forecast(axes: Axes, picture: Picture) -> None:
    _plain(axes, f"Forecast, {picture.unit}" if picture.unit else "Forecast")
    times, apart = as_times(pd.DatetimeIndex(picture.series.index)), drawn(picture.series)
    first, last = picture.stretch.first, picture.stretch.last
    seen = slice(first, last + 1)
    heights = [apart.values[seen]]
    hue = theme.colour("actual")
    axes.plot(*thin(times[seen], apart.observed[seen]), color=hue, linewidth=1.2, label="actual")
    there = np.isfinite(apart.filled[seen])
    if there.any():
        axes.plot(*thin(times[seen], heights[0]), color=hue, linewidth=0.6, alpha=0.6)
        axes.plot(
            times[seen][there], apart.filled[seen][there], "o", color=hue, markersize=3.2,
            markeredgewidth=0.8, markerfacecolor="white", label="filled",
        )  # fmt: skip
    network = picture.config.network
    forecasts = pd.DataFrame() if picture.result is None else picture.result.forecasts
    for order, model in enumerate(theme.models_in(forecasts.columns, theme.IN_SIGHT)):
        blocks = blocks_between(forecasts, model, times[first], times[last])
        heights.append(blocks[1])
        width = 1.6 if model == network else 1.0
        axes.plot(
            *thin(*blocks),
            color=theme.model_colour(model).light,
            linewidth=width,
            label=model,
            zorder=5 - order,
        )
    axes.set(xlim=(times[first], times[last]), ylim=value_limits(heights))
    _shade(axes, picture, times, picture.stretch)
    _dates(axes)
    _legend(axes)


def _overview(axes: Axes, picture: Picture) -> None:
    """The whole series, and where in it the close look lies."""
    _plain(axes, "")
    axes.grid(visible=False)
    axes.set_yticks([])
    times, values = as_times(pd.DatetimeIndex(picture.series.index)), picture.series.to_numpy(np.float64)
    axes.plot(*thin(times, values, 1500), color=theme.colour("actual"), linewidth=0.6)
    if picture.result is not None:
        blocks = blocks_between(picture.result.forecasts, picture.config.network, times[0], times[-1])
        axes.plot(*thin(*blocks, 1500), color=theme.colour("forecast"), linewidth=0.6)
    low, high = value_limits([values])
    axes.set(xlim=(times[0], times[-1]), ylim=(low, high))
    _shade(axes, picture, times, Stretch(0, len(times) - 1), named=False)
    shown = picture.stretch
    axes.axvspan(times[shown.first], times[shown.last], color=theme.colour("actual"), alpha=0.12, linewidth=0)
    _dates(axes)


def _shade(axes: Axes, picture: Picture, times: Any, stretch: Stretch, named: bool = True) -> None:
    if picture.split is None:
        return
    first, last = stretch.first, stretch.last
    for part in PARTS:
        start, after = picture.split.bounds(part)
        left, right = max(start, first), min(after, last)
        if right > left:
            hue = theme.colour(part)
            axes.axvspan(times[left], times[right], color=hue, alpha=theme.PART_OPACITY, linewidth=0)
            if named and right - left > 0.08 * (last - first):
                axes.annotate(
                    part, (times[left], 1), (4, -4), xycoords=("data", "axes fraction"),
                    textcoords="offset points", va="top", size=7.5, color=hue,
                )  # fmt: skip


def _dates(axes: Axes) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    formats = ["%Y", "%b", "%d %b", "%H:%M", "%H:%M", "%S.%f"]
    starts = ["", "%Y", "%b", "%d %b", "%H:%M", "%H:%M"]
    axes.xaxis.set_major_formatter(
        ConciseDateFormatter(locator, formats=formats, zero_formats=starts, show_offset=False)
    )


def _legend(axes: Axes) -> None:
    axes.legend(
        loc="lower right", bbox_to_anchor=(1.01, 0.985), ncols=5, frameon=False, fontsize=8, handlelength=1.2,
        columnspacing=1.2, handletextpad=0.5, labelcolor=_TEXT, borderaxespad=0.3,
    )  # fmt: skip


def _scores(axes: Axes, picture: Picture) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    scores = picture.result.scores if picture.result is not None else None
    rows = formatted(scores, picture.config.network)
    places = [0.245, 0.335, 0.42, 0.495]
    heading = f"Errors on the test part, {picture.unit}" if picture.unit else "Errors on the test part"
    axes.text(0.0, 0.98, heading, size=10, weight=700, color=_TEXT, va="top")
    for place, head in zip(places, rows.columns, strict=True):
        axes.text(place, 0.855, head, size=8.5, color=_QUIET, ha="right", va="center")
    for number, (model, row) in enumerate(zip(rows.index, rows.to_numpy(), strict=True)):
        height = 0.755 - 0.1 * number
        axes.plot([0.0, 0.495], [height + 0.05] * 2, color=_LINE, linewidth=0.6, clip_on=False)
        axes.plot([0.0, 0.014], [height] * 2, color=theme.model_colour(str(model)).light, linewidth=2.2)
        axes.text(0.024, height, model, size=9, color=_TEXT, va="center")
        for place, cell in zip(places, row, strict=True):
            axes.text(place, height, cell, size=9, color=_TEXT, ha="right", va="center")
    _opinion(axes, picture.opinion)


def _opinion(axes: Axes, opinion: Opinion, left: float = 0.55) -> None:
    """The verdict, and below it as many of the gravest problems as there is room for."""
    whole = axes.get_position().height * _HEIGHT * 72  # points
    style: dict[str, Any] = {"va": "top", "linespacing": _SPACING}
    axes.text(left, 0.98, "Verdict", size=10, weight=700, color=_TEXT, va="top")
    said = _folded(opinion.sentence, 62)
    axes.text(left, 0.87, said, size=9, color=theme.colour(opinion.tone), **style)
    top = 0.87 - (9 * _SPACING * (said.count("\n") + 1) + 5) / whole
    room = int(top * whole / (_SMALL * _SPACING))
    told: list[str] = []
    for number, problem in enumerate(opinion.problems):
        lines = _folded(problem, 70, "– ", "   ").split("\n")
        more = len(opinion.problems) - number
        if len(told) + len(lines) + (more > 1) > room:
            told.append(f"– and {more} more")
            break
        told += lines
    axes.text(left, top, "\n".join(told), size=_SMALL, color=_QUIET, **style)


def _folded(text: str, width: int, first: str = "", others: str = "") -> str:
    from textwrap import fill

    return fill(text, width, initial_indent=first, subsequent_indent=others)


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", size=9, color=_QUIET)
