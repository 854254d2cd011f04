"""The panel on paper: its settings, loss, forecast and scores as one Matplotlib figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import PARTS, Split
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.axes import epochs_in_sight, log_ticks, loss_limits, value_limits, whole_ticks
from lstmwidgets.widgets.charts.stretches import Stretch, as_times, blocks_between
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.panel.results import Result, formatted, verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TEXT, _QUIET, _LINE = "#212121", "#5f5f5f", "#d9d9d9"


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


def panel_still(picture: Picture) -> Figure:
    """Draw a panel: settings on top, loss and forecast side by side, scores below."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 7.1), facecolor="white")
    grid = figure.add_gridspec(
        2, 2, width_ratios=[2, 3], height_ratios=[3.4, 1.7], left=0.055, right=0.985, top=0.76, bottom=0.015,
        wspace=0.15, hspace=0.24,
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
    figure.text(0.055, 0.970, picture.title, size=12.5, weight=700, color=_TEXT, va="center")
    whole = " · ".join(each.replace(" ", "\u00a0") for each in folded.split(" · "))
    settings = [(line.replace("\u00a0", " "), _QUIET) for line in _folded(whole, 140).split("\n")]
    lines = [(in_sight, _TEXT), *settings, (picture.cost, _QUIET), (picture.status, _TEXT)]
    for number, (line, hue) in enumerate(lines):
        figure.text(0.055, 0.934 - 0.0275 * number, line, size=8.5, color=hue, va="center")


def settings_in_words(config: LSTMConfig) -> tuple[str, str]:
    """The settings in sight and the folded ones, each as a line of text."""
    lines: tuple[list[str], list[str]] = ([], [])
    for name, parameter in LSTMConfig.parameters().items():
        value = getattr(config, name)
        shown = value if isinstance(value, (str, int)) else f"{value:g}"
        lines[name not in ("sequence_length", "units", "epochs")].append(f"{parameter.label} {shown}")
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
    times, values = as_times(pd.DatetimeIndex(picture.series.index)), picture.series.to_numpy(np.float64)
    first, last = picture.stretch.first, picture.stretch.last
    heights = [values[first : last + 1]]
    axes.plot(
        *thin(times[first : last + 1], heights[0]),
        color=theme.colour("actual"),
        linewidth=1.2,
        label="actual",
    )
    for order, model in enumerate(theme.IN_SIGHT):
        if picture.result is None or model not in picture.result.forecasts:
            continue
        blocks = blocks_between(picture.result.forecasts, model, times[first], times[last])
        heights.append(blocks[1])
        width = 1.6 if model == "LSTM" else 1.0
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
        blocks = blocks_between(picture.result.forecasts, "LSTM", times[0], times[-1])
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
        loc="lower right", bbox_to_anchor=(1.01, 0.985), ncols=4, frameon=False, fontsize=8, handlelength=1.2,
        columnspacing=1.2, handletextpad=0.5, labelcolor=_TEXT, borderaxespad=0.3,
    )  # fmt: skip


def _scores(axes: Axes, picture: Picture) -> None:
    axes.set_axis_off()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    scores = picture.result.scores if picture.result is not None else None
    rows = formatted(scores)
    places = [0.33, 0.43, 0.53, 0.62]
    heading = f"Errors on the test part, {picture.unit}" if picture.unit else "Errors on the test part"
    axes.text(0.0, 0.98, heading, size=10, weight=700, color=_TEXT, va="top")
    for place, head in zip(places, rows.columns, strict=True):
        axes.text(place, 0.82, head, size=8.5, color=_QUIET, ha="right", va="center")
    for number, (model, row) in enumerate(zip(rows.index, rows.to_numpy(), strict=True)):
        height = 0.69 - 0.13 * number
        axes.plot([0.0, 0.62], [height + 0.065] * 2, color=_LINE, linewidth=0.6, clip_on=False)
        axes.plot([0.0, 0.014], [height] * 2, color=theme.model_colour(str(model)).light, linewidth=2.2)
        axes.text(0.024, height, model, size=9, color=_TEXT, va="center")
        for place, cell in zip(places, row, strict=True):
            axes.text(place, height, cell, size=9, color=_TEXT, ha="right", va="center")
    sentence, tone = verdict(scores)
    axes.text(0.66, 0.84, _folded(sentence, 44), size=9, color=theme.colour(tone), va="top", linespacing=1.5)


def _folded(text: str, width: int) -> str:
    from textwrap import fill

    return fill(text, width)


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", size=9, color=_QUIET)
