"""What was done about a series' gaps, for charts and their words: never hidden."""

from __future__ import annotations

from dataclasses import dataclass

import bqplot
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.filling import filled
from lstmwidgets.widgets import theme
from lstmwidgets.widgets.charts.parts import NOTHING, draw, line
from lstmwidgets.widgets.charts.thinning import thin

_MOST_POINTS = 1500


@dataclass(frozen=True, eq=False)
class Drawn:
    """A series as it is to be drawn.

    Attributes
    ----------
    values : float64 array, shape (timesteps,)
        All that windows may read; NaN where nothing is known.
    observed : float64 array, shape (timesteps,)
        What really came: NaN where a point was filled, too. Drawn strong.
    filled : float64 array, shape (timesteps,)
        What was filled, NaN elsewhere. Drawn hollow.
    """

    values: NDArray[np.float64]
    observed: NDArray[np.float64]
    filled: NDArray[np.float64]

    @property
    def any_filled(self) -> bool:
        """Whether there is a point to draw hollow."""
        return bool(np.isfinite(self.filled).any())


def drawn(series: pd.Series) -> Drawn:
    """Tell what came from what was filled.

    Examples
    --------
    >>> from lstmwidgets.data.filling import fill_gaps
    >>> days = pd.date_range("2020-01-01", periods=3, freq="D")
    >>> apart = drawn(fill_gaps(pd.Series([1.0, np.nan, 3.0], index=days), "linear"))
    >>> apart.observed.tolist(), apart.filled.tolist()
    ([1.0, nan, 3.0], [nan, 2.0, nan])
    """
    values, mended = series.to_numpy(np.float64), filled(series)
    return Drawn(values, np.where(mended, np.nan, values), np.where(mended, values, np.nan))


class HollowPoints:
    """Filled points in a live chart: what was filled is no observation, so that its line only hints.

    Attributes
    ----------
    points : bqplot.Scatter
    bridge : bqplot.Lines
        Through all that windows read; it is seen where the strong line leaves off.
    """

    def __init__(self, scales: dict[str, bqplot.Scale]) -> None:
        self.bridge = line("actual", scales, stroke_width=0.8, opacities=[0.6])
        self.points = bqplot.Scatter(
            x=NOTHING[:0],
            y=NOTHING[:0],
            scales=scales,
            colors=["var(--lw-ground, #ffffff)"],
            stroke=theme.PALETTE["actual"].css,
            stroke_width=1.2,
            default_size=22,
        )

    def show(self, times: NDArray[np.datetime64], series: Drawn, in_sight: slice) -> None:
        """Draw the filled points of a stretch, whose times these are; nothing where there are none."""
        filled_here = series.filled[in_sight]
        there = np.isfinite(filled_here)
        bridge = thin(times, series.values[in_sight]) if there.any() else (times[:1], NOTHING)
        draw(self.bridge, *bridge)
        with self.points.hold_sync():  # unlike a line, a point would be seen wherever it was put
            self.points.x, self.points.y = thin(times[there], filled_here[there], _MOST_POINTS)


def repairs_in_short(series: pd.Series) -> str:
    """How many points were filled and by which rules; empty when none was.

    Examples
    --------
    >>> from lstmwidgets.data.filling import fill_gaps
    >>> days = pd.date_range("2020-01-01", periods=3, freq="D")
    >>> repairs_in_short(fill_gaps(pd.Series([1.0, np.nan, 3.0], index=days), "linear"))
    '1 point filled (linear)'
    """
    count = int(np.count_nonzero(filled(series)))
    methods = [str(repair["method"]) for repair in series.attrs.get("repairs", []) if repair["points"]]
    rules = ", ".join(dict.fromkeys(methods))
    return f"{count:,} point{'' if count == 1 else 's'} filled ({rules})" if count else ""


def gaps_in_short(series: pd.Series) -> str:
    """What was done about the gaps, in a few words; empty when nothing was."""
    masked = "missing values kept as unknown" if is_masked(series) else ""
    return ", ".join(filter(None, [repairs_in_short(series), masked]))


def is_masked(series: pd.Series) -> bool:
    """Whether the network is told which values are missing."""
    return bool(series.attrs.get("mask", False))


def repairs_in_words(series: pd.Series | None) -> str:
    """What was done about the gaps, as the end of a caption; empty when nothing was."""
    if series is None:
        return ""
    told = []
    if short := repairs_in_short(series):
        told.append(f"{short}: drawn hollow, read by the network, never scored.")
    if is_masked(series):
        missing = int(np.count_nonzero(np.isnan(series.to_numpy(np.float64))))
        values = f"{missing:,} missing value{'' if missing == 1 else 's'}"
        told.append(f"{values} kept as unknown: the network reads the last known one, and a flag.")
    return " ".join(told)
