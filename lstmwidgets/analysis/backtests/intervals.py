"""Prediction intervals from the errors of a backtest, and how often they held what was to come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.backtests.conformal import (
    LEVELS,
    adaptive_widths,
    checked_levels,
    conformal_quantiles,
    residuals_needed,
)
from lstmwidgets.analysis.backtests.frames import by_cutoff
from lstmwidgets.analysis.scoring.scores import network_in
from lstmwidgets.errors import LSTMWidgetsError

_PREDICTED = "yhat"
"""What `LSTMForecaster.predict` calls its forecasts, whatever the model."""


class SplitConformal:
    """Intervals of one width for each step ahead, calibrated on the errors of an earlier backtest.

    The promise rests on errors to come being like those it was calibrated on. Calibrate on the
    validation part, never on the training part, whose errors are too small; and where a series'
    errors grow or shrink with time, use `adaptive_conformal`. See `conformal_quantiles`.

    Parameters
    ----------
    levels : sequence of int
        Per cent of what comes that each interval is to hold, from 1 to 99.
    model : str, optional
        Whose column of the backtest to use, by default the network's; baselines can have intervals too.

    Attributes
    ----------
    quantiles_ : pandas.DataFrame
        Half the width in the unit of the series, a row a step from 1 and a column a level.
    until_ : pandas.Timestamp
        The last time whose error was used.
    part_ : str or None
        The part of the series it was calibrated on, where the backtest tells.
    model_ : str
        The column that was used.

    Examples
    --------
    >>> times = pd.date_range("2020-01-01", periods=11, freq="D")
    >>> frame = pd.DataFrame({"unique_id": "a", "ds": times[1:], "cutoff": times[:-1], "y": 0.0})
    >>> frame["LSTM"] = [1.0, -2.0, 3.0, -4.0, 5.0, -6.0, 7.0, -8.0, 9.0, -10.0]
    >>> SplitConformal(levels=(50, 90)).fit(frame).quantiles_.loc[1].tolist()
    [6.0, 10.0]
    """

    quantiles_: pd.DataFrame
    until_: pd.Timestamp
    part_: str | None
    model_: str

    def __init__(self, levels: Sequence[int] = LEVELS, model: str | None = None) -> None:
        self.levels, self.model = checked_levels(levels), model

    def fit(self, frame: pd.DataFrame) -> Self:
        """Calibrate on a backtest's errors.

        Parameters
        ----------
        frame : pandas.DataFrame
            As `lstmwidgets.backtest` gives, usually of the validation part.

        Raises
        ------
        LSTMWidgetsError
            When a step has too few errors for a level, or the frame is not a backtest's.
        """
        model = network_in(frame.columns) if self.model is None else self.model
        table = by_cutoff(frame, model)
        quantiles = conformal_quantiles(_residuals(table, model), self.levels)
        index = pd.RangeIndex(1, len(quantiles) + 1, name="step")
        self.quantiles_ = pd.DataFrame(quantiles, index, columns=pd.Index(self.levels, name="level"))
        self.until_ = table.loc[table["y"].notna() & table[model].notna(), "ds"].max()
        self.part_, self.model_ = frame.attrs.get("part"), model
        return self

    def apply(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Add the columns ``"LSTM-lo-80"``, ``"LSTM-hi-80"`` and so on to a frame of forecasts.

        Parameters
        ----------
        frame : pandas.DataFrame
            A backtest, or what `LSTMForecaster.predict` gives; the columns of the latter are named
            ``"yhat-lo-80"`` and so on.

        Returns
        -------
        pandas.DataFrame
            A copy, in the same order. ``attrs["notes"]`` says so where an interval was calibrated
            on what came after its cutoff, or on the training part; ``attrs["calibration"]`` holds the
            ``part`` and ``until`` of each model's.

        Raises
        ------
        LSTMWidgetsError
            When not fitted, or for a step further ahead than those calibrated on.
        """
        if not hasattr(self, "quantiles_"):
            raise LSTMWidgetsError(
                "these intervals are not calibrated: call fit(frame) with a backtest first"
            )
        predicted = self.model_ not in frame.columns and "cutoff" not in frame.columns
        column = _PREDICTED if predicted else self.model_
        table = _ahead(frame, column) if predicted else by_cutoff(frame, column)
        steps = table["step"].to_numpy()
        if steps.max() > len(self.quantiles_):
            raise LSTMWidgetsError(
                f"the frame forecasts {steps.max()} steps ahead, and the intervals are calibrated for "
                f"{len(self.quantiles_)}: backtest with horizon={steps.max()} and fit them on that"
            )
        widths = self.quantiles_.to_numpy()[steps - 1]
        notes = []
        if not predicted:
            early, last = (
                table.loc[table["cutoff"] < self.until_, "cutoff"].nunique(),
                self.until_.isoformat(),
            )
            if early:
                notes.append(
                    f"{early:,} of {table['cutoff'].nunique():,} cutoffs lie before {last}, when the errors "
                    f"end that the intervals of {column!r} are calibrated on: coverage there is no test."
                )
        if self.part_ == "train":
            notes.append(
                f"The intervals of {column!r} are calibrated on the training part, whose errors are too "
                "small: they will hold less than they promise."
            )
        result = _with_bounds(frame, table, column, self.levels, widths, notes)
        result.attrs["calibration"][column] = {"part": self.part_, "until": self.until_.isoformat()}
        return result


def adaptive_conformal(
    frame: pd.DataFrame,
    levels: Sequence[int] = LEVELS,
    *,
    model: str | None = None,
    gamma: float = 0.005,
    window: int = 1000,
    calibration: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Intervals that widen after misses and narrow after hits, cutoff by cutoff: for drifting series.

    Adaptive conformal inference, for each step ahead and level by itself: the interval is the
    conformal quantile of the last ``window`` errors at a level that moves by ``gamma`` with each
    hit or miss, so that over time the share of hits comes to the nominal one however the errors
    drift. Gibbs, I. and Candès, E. (2021). Adaptive conformal inference under distribution shift.
    NeurIPS 34. See `adaptive_widths` for the formulas.

    At each cutoff only what had come by then is used: the error of step 24 is known 24 steps after
    its cutoff.

    Parameters
    ----------
    frame : pandas.DataFrame
        As `lstmwidgets.backtest` gives.
    levels : sequence of int
        From 1 to 99.
    model : str, optional
        Whose column to use; by default the network's.
    gamma : float
        From 0 (a rolling window and nothing more) to 1: larger follows a drift faster, and is wider.
        0.005 suits thousands of cutoffs; with a few hundred, 0.02 gets to the promised share sooner.
    window : int
        How many of the last errors of a step to look back on, from 1 up.
    calibration : pandas.DataFrame, optional
        An earlier backtest, usually of the validation part, to walk through first.

    Returns
    -------
    pandas.DataFrame
        A copy of ``frame`` with the columns ``"LSTM-lo-80"``, ``"LSTM-hi-80"`` and so on. They are
        NaN where too few errors were known, which ``attrs["notes"]`` says.

    Raises
    ------
    LSTMWidgetsError
        For a gamma or window out of range, or a calibration that shares cutoffs with the frame.
    """
    wanted = checked_levels(levels)
    if isinstance(gamma, bool) or not isinstance(gamma, (int, float, np.number)) or not 0 <= gamma <= 1:
        raise LSTMWidgetsError(f"gamma={gamma!r} is not accepted: gamma takes a number from 0 to 1")
    if isinstance(window, bool) or not isinstance(window, (int, np.integer)) or window < 1:
        raise LSTMWidgetsError(f"window={window!r} is not accepted: window takes a whole number from 1 up")
    model = network_in(frame.columns) if model is None else model
    table = by_cutoff(frame, model)
    walked = table if calibration is None else _after(by_cutoff(calibration, model), table)
    widths = np.empty((len(walked), len(wanted)))
    cutoffs, times = walked["cutoff"].to_numpy(), walked["ds"].to_numpy()
    errors = np.abs(walked[model].to_numpy(np.float64) - walked["y"].to_numpy(np.float64))
    for rows in walked.groupby("step").indices.values():  # by position, in the order of the cutoffs
        arrived = np.searchsorted(times[rows], cutoffs[rows], side="right")
        widths[rows] = adaptive_widths(errors[rows], arrived, wanted, float(gamma), int(window))
    widths = widths[len(walked) - len(table) :]
    notes = []
    without = int(np.count_nonzero(np.isnan(widths).any(axis=1)))
    if without:
        notes.append(
            f"{without:,} of {len(widths):,} forecasts have no {wanted[-1]} % interval: it takes "
            f"{residuals_needed(wanted[-1])} errors of the same step, known by the cutoff."
        )
    return _with_bounds(frame, table, model, wanted, widths, notes)


def coverage_table(frame: pd.DataFrame, model: str | None = None, *, by_step: bool = False) -> pd.DataFrame:
    """How often intervals held what came, beside how often they promised to.

    Parameters
    ----------
    frame : pandas.DataFrame
        With ``y`` and the columns that `SplitConformal.apply` or `adaptive_conformal` adds.
    model : str, optional
        Whose intervals. By default the network's, or those of the one model that has any.
    by_step : bool
        A row for each level and step ahead, instead of one a level.

    Returns
    -------
    pandas.DataFrame
        Index ``level`` (per cent), or ``level`` and ``step``. Columns ``nominal`` and ``coverage``
        (shares from 0 to 1; a value on the edge counts as held), ``width`` (mean, in the unit of
        the series) and ``points`` (forecasts with an interval and a value that came). NaN where
        there are none. ``attrs["model"]`` says whose they are, and ``attrs["notes"]`` where the
        cutoffs are too few to tell.

    Raises
    ------
    LSTMWidgetsError
        When the frame holds no intervals of the model, or those of several and none is named.
    """
    model = interval_model(frame) if model is None else model
    levels = interval_levels(frame, model)
    if "y" not in frame.columns:
        raise LSTMWidgetsError(
            "the frame has no column 'y': coverage needs what came, as a backtest holds it"
        )
    y = frame["y"].to_numpy(np.float64)
    steps = by_cutoff(frame, None)["step"].sort_index().to_numpy() if by_step else np.zeros(len(y), int)
    rows = []
    for level in levels:
        low = frame[f"{model}-lo-{level}"].to_numpy(np.float64)
        high = frame[f"{model}-hi-{level}"].to_numpy(np.float64)
        known = np.isfinite(y) & np.isfinite(low) & np.isfinite(high)
        for step in np.unique(steps):
            counted = known & (steps == step)
            held = (low <= y) & (y <= high)
            any_left = bool(counted.any())
            rows.append(
                {
                    "level": level,
                    "step": int(step),
                    "nominal": level / 100,
                    "coverage": float(held[counted].mean()) if any_left else float("nan"),
                    "width": float((high - low)[counted].mean()) if any_left else float("nan"),
                    "points": int(np.count_nonzero(counted)),
                }
            )
    table = pd.DataFrame(rows).set_index(["level", "step"])
    table = table if by_step else table.droplevel("step")
    table.attrs = {"model": model, "notes": _too_few(frame, levels)}
    return table


def interval_model(frame: pd.DataFrame) -> str:
    """The network, where a frame holds its intervals or none at all, else the one model that has them.

    Raises
    ------
    LSTMWidgetsError
        When several have, and the network is not one of them.
    """
    models = dict.fromkeys(
        match[1] for name in frame.columns if (match := re.fullmatch(r"(.+)-(lo|hi)-\d+", str(name)))
    )
    network = network_in(models or frame.columns)
    if network in models or not models:
        return network
    if len(models) > 1:
        raise LSTMWidgetsError(
            f"the frame has intervals of {', '.join(map(repr, models))}: name one of them with model="
        )
    return next(iter(models))


def interval_levels(frame: pd.DataFrame, model: str | None = None) -> tuple[int, ...]:
    """The levels of a model's intervals in a frame, by default the network's, rising.

    Raises
    ------
    LSTMWidgetsError
        When there are none.
    """
    model = network_in(frame.columns) if model is None else model
    pattern = re.compile(re.escape(model) + r"-(lo|hi)-(\d+)")
    found = [match.groups() for name in frame.columns if (match := pattern.fullmatch(str(name)))]
    levels = sorted({int(level) for side, level in found if side == "lo" and ("hi", level) in found})
    if not levels:
        raise LSTMWidgetsError(
            f"the frame has no intervals of {model!r}, such as '{model}-lo-80' and '{model}-hi-80': make "
            "them with SplitConformal().fit(validation).apply(frame), or adaptive_conformal(frame)"
        )
    return tuple(levels)


def _too_few(frame: pd.DataFrame, levels: tuple[int, ...]) -> list[str]:
    """A note where chance alone moves the coverage by more than 3 points."""
    cutoffs = frame["cutoff"].nunique() if "cutoff" in frame.columns else 1
    level = min(levels, key=lambda each: abs(each - 50))
    chance = 100 * np.sqrt(level / 100 * (1 - level / 100) / max(1, cutoffs))
    if chance <= 3:
        return []
    return [
        f"{cutoffs} cutoffs are few: at {level} % their coverage would stray by {chance:.0f} points from "
        "chance alone if they were independent, and by more where their horizons overlap."
    ]


def _ahead(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """What `predict` gives, its steps counted from 1."""
    if column not in frame.columns or "ds" not in frame.columns or frame.empty:
        raise LSTMWidgetsError(
            f"intervals go around a backtest's forecasts or predict()'s {column!r}, and the frame has "
            f"{len(frame)} rows and the columns {', '.join(map(repr, frame.columns))}"
        )
    table = frame.reset_index(drop=True).sort_values("ds", kind="stable")
    table["step"] = np.arange(1, len(table) + 1)
    return table


def _after(calibration: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """The calibration's rows and then the frame's."""
    first, last = table["cutoff"].iloc[0], calibration["cutoff"].iloc[-1]
    if last >= first:
        raise LSTMWidgetsError(
            f"the calibration's last cutoff {last.isoformat()} is not before the frame's first "
            f"{first.isoformat()}: calibrate on an earlier part, such as backtest(…, part='validation')"
        )
    if calibration["step"].max() != table["step"].max():
        raise LSTMWidgetsError(
            f"the calibration has {calibration['step'].max()} steps ahead and the frame "
            f"{table['step'].max()}: backtest both with the same horizon"
        )
    return pd.concat([calibration, table], ignore_index=True)


def _residuals(table: pd.DataFrame, model: str) -> NDArray[np.float64]:
    errors = table[model].to_numpy(np.float64) - table["y"].to_numpy(np.float64)
    return errors.reshape(-1, int(table["step"].max()))


def _with_bounds(
    frame: pd.DataFrame,
    table: pd.DataFrame,
    column: str,
    levels: tuple[int, ...],
    widths: NDArray[np.float64],
    notes: list[str],
) -> pd.DataFrame:
    """A copy of the frame with two columns a level; widths has the order of the table."""
    placed = np.empty_like(widths)
    placed[table.index.to_numpy()] = widths
    centre = frame[column].to_numpy(np.float64)
    bounds = {}
    for number, level in enumerate(levels):
        bounds[f"{column}-lo-{level}"] = centre - placed[:, number]
        bounds[f"{column}-hi-{level}"] = centre + placed[:, number]
    result = frame.assign(**bounds)
    made = {name: how for name, how in frame.attrs.get("calibration", {}).items() if name != column}
    result.attrs = {
        **frame.attrs,
        "calibration": made,
        "notes": [*frame.attrs.get("notes", []), *notes],
    }
    return result
