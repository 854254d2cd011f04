"""A report's own still pictures: the series, the forecast as a fan, errors by step, the training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import PARTS, Split
from lstmwidgets.widgets.charts.axes import log_ticks, loss_limits, whole_ticks
from lstmwidgets.widgets.charts.repairs import Drawn, drawn
from lstmwidgets.widgets.charts.stretches import as_times
from lstmwidgets.widgets.charts.thinning import thin
from lstmwidgets.widgets.figures import QUIET, Picture, model_picture, quiet_axes, series_picture
from lstmwidgets.widgets.theme import PART_OPACITY, colour

HORIZONS_BEFORE = 4
"""So many horizons of what came before are drawn beside a forecast."""

FEWEST_BEFORE = 48


def recent_points(horizon: int) -> int:
    """How much of the end of a series is drawn beside a forecast of so many steps."""
    return max(FEWEST_BEFORE, HORIZONS_BEFORE * horizon)


def overview(series: pd.Series, split: Split, y: str = "") -> Picture:
    """The whole series on its three parts; points that were filled are hollow."""
    picture = Picture(9.0, 2.8)
    axes = quiet_axes(picture.add_subplot(), y=y)
    times, apart = as_times(pd.DatetimeIndex(series.index)), drawn(series)
    _hollow(axes, times, apart)
    axes.plot(*thin(times, apart.observed), color=colour("actual"), linewidth=0.9)
    for part in PARTS:
        begin, end = split.bounds(part)
        axes.axvspan(
            times[begin], times[min(end, len(times) - 1)], color=colour(part), alpha=PART_OPACITY, linewidth=0
        )
        middle = (begin + end) // 2
        axes.annotate(
            part,
            (times[middle], 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            color=colour(part),
            fontsize=8,
        )
    axes.margins(x=0)
    return picture


def _hollow(axes: Axes, times: NDArray[np.datetime64], apart: Drawn) -> None:
    """Points that were filled, and a hint of a line through all; nothing where none was."""
    if not apart.any_filled:
        return
    axes.plot(*thin(times, apart.values), color=colour("actual"), linewidth=0.6, alpha=0.5)
    there = np.isfinite(apart.filled)
    axes.plot(
        times[there],
        apart.filled[there],
        "o",
        markersize=3,
        markerfacecolor="white",
        markeredgecolor=colour("actual"),
        markeredgewidth=0.7,
        label="filled",
    )


def fan(series: pd.Series, forecast: pd.DataFrame, y: str = "") -> Picture:
    """The end of the series, and what is forecast after it with its intervals; filled points are hollow."""
    recent = series.iloc[-recent_points(len(forecast)) :]
    apart = drawn(recent)
    came = pd.Series(apart.observed, recent.index, name="what came")
    ahead = pd.Series(forecast["yhat"].to_numpy(), index=pd.DatetimeIndex(forecast["ds"]))
    levels = [int(name.rpartition("-")[2]) for name in map(str, forecast) if "-lo-" in name]
    band = forecast if levels else None
    picture = series_picture(came, {"forecast": ahead}, band=band, y=y)
    (axes,) = picture.axes
    if apart.any_filled:
        _hollow(axes, as_times(pd.DatetimeIndex(recent.index)), apart)
        for legend in picture.legends:
            legend.remove()
        picture.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower left", borderpad=0)
    for legend in picture.legends:  # a fan's inner bands lie on its outer ones, and are darker for it
        for name, swatch in zip(legend.get_texts(), legend.legend_handles, strict=True):
            if "interval" in name.get_text() and swatch is not None:
                swatch.set_alpha(
                    1 - 0.8 ** (1 + sum(level > int(name.get_text().split()[0]) for level in levels))
                )
    axes.axvline(as_times(pd.DatetimeIndex(series.index[-1:]))[0], color=colour("quiet"), linewidth=0.8)
    return picture


def by_step(errors: pd.DataFrame, unit: str = "") -> Picture:
    """Mean absolute error of each model by steps ahead."""
    y = f"MAE, {unit}" if unit else "MAE"
    picture = model_picture(errors, x="steps ahead", y=y)
    picture.axes[0].set_ylim(bottom=0)
    return picture


def training(history: pd.DataFrame, kept: int, config: LSTMConfig) -> Picture:
    """The loss by epoch on a logarithmic scale; the epoch whose weights were kept is marked."""
    picture = Picture(9.0, 2.8)
    axes = quiet_axes(picture.add_subplot(), x="epoch", y="loss")
    epochs = history.index.to_numpy()
    for name, part in (("loss", "train"), ("val_loss", "validation")):
        axes.plot(epochs, history[name], color=colour(part), linewidth=1.6, label=part)
    losses = history[["loss", "val_loss"]].to_numpy(np.float64)
    axes.set_yscale("log")
    axes.set_ylim(*loss_limits(losses, config.centering == "last"))
    ticks = log_ticks(*axes.get_ylim())
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xticks(whole_ticks(len(history)))
    if kept:
        axes.plot(
            [kept], [history["val_loss"][kept]], "o", color=colour("validation"), label=f"kept: epoch {kept}"
        )
    if config.centering == "last":
        axes.axhline(1.0, color=colour("repeat-last"), linewidth=1, linestyle="--", label="repeat last")
    picture.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower left", borderpad=0)
    return picture


def memory(shares: NDArray[np.float64], unit: str = "") -> Picture:
    """What each step that was read moves the forecast by, of the first step ahead and of the last.

    Parameters
    ----------
    shares : array, shape (timesteps, horizon)
        As `lstmwidgets.forecast_shares` gives them.
    unit : str
    """
    length, horizon = shares.shape
    picture = Picture(9.0, 2.8)
    y = f"moves the forecast by, {unit}" if unit else "moves the forecast by"
    axes = quiet_axes(picture.add_subplot(), x="steps before the end of what was read", y=y)
    before = np.arange(length) - (length - 1)
    styles: dict[int, Any] = {1: "-"} | ({horizon: (0, (4, 2))} if horizon > 1 else {})
    for ahead, style in styles.items():
        name = f"{ahead} step{'s' * (ahead != 1)} ahead"
        axes.plot(
            before, shares[:, ahead - 1], color=colour("forecast"), linewidth=1.4, linestyle=style, label=name
        )
    axes.axhline(0.0, color=QUIET, linewidth=0.6)
    axes.margins(x=0.01)
    picture.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower left", borderpad=0)
    return picture


def attention(weights: NDArray[np.float64]) -> Picture:
    """How much of its weight each head gives to each step, as the last step sees it.

    Parameters
    ----------
    weights : array, shape (timesteps, heads), in [0, 1]
    """
    picture = Picture(9.0, 2.8)
    axes = quiet_axes(
        picture.add_subplot(), x="steps before the end of what was read", y="share of a head's weight"
    )
    before = np.arange(len(weights)) - (len(weights) - 1)
    for head, (line, style) in enumerate(zip(weights.T, _styles(weights.shape[1]), strict=True)):
        axes.plot(before, line, color=colour("gate-a"), linewidth=1.4, linestyle=style, label=f"head {head}")
    axes.axhline(1.0 / len(weights), color=QUIET, linewidth=0.8, linestyle=":", label="all steps alike")
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    picture.legend(frameon=False, fontsize=8, ncols=7, loc="outside lower left", borderpad=0)
    return picture


def _styles(count: int) -> list[Any]:
    """Line styles that can be told apart without colour, over and over where there are many."""
    every: list[Any] = ["-", (0, (4, 2)), (0, (1, 1)), (0, (6, 2, 1, 2)), (0, (8, 3)), (0, (2, 4))]
    return [every[number % len(every)] for number in range(count)]
