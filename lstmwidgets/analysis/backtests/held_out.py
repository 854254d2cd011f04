"""A forecaster's test part backtested from every cutoff, with intervals from its validation part."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.backtests.backtest import backtest
from lstmwidgets.analysis.backtests.conformal import LEVELS, checked_levels, residuals_needed
from lstmwidgets.analysis.backtests.frames import by_cutoff
from lstmwidgets.analysis.backtests.intervals import SplitConformal
from lstmwidgets.analysis.scoring.scores import Forecaster, network_in
from lstmwidgets.errors import LSTMWidgetsError

MOST_CUTOFFS = 3000
"""Each part is backtested from so many cutoffs at most."""


def held_out(
    forecaster: Forecaster,
    series: pd.Series | None = None,
    *,
    levels: Sequence[int] = LEVELS,
    covariates: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Backtest the test part from every cutoff, with intervals calibrated on the validation part.

    Of parts longer than `MOST_CUTOFFS`, cutoffs are taken several steps apart. A level that takes more
    errors than the validation part gives is left out, which ``attrs["notes"]`` says.

    Parameters
    ----------
    forecaster, series, covariates
        As in `lstmwidgets.backtest`.
    levels : sequence of int
        Of the intervals, from 1 to 99.

    Returns
    -------
    test, validation : pandas.DataFrame
        Backtests; the second is what the first's intervals are calibrated on, without baselines.
    """

    def part_of(part: str, share: float, **more: Any) -> pd.DataFrame:
        length = len(getattr(forecaster, "series_", ()) if series is None else series)
        step = max(1, math.ceil(length * share / MOST_CUTOFFS))
        return backtest(
            forecaster, series, part=part, step=step, covariates=covariates, progress_bar=False, **more
        )

    config, wanted = forecaster.config, checked_levels(levels)
    test = part_of("test", config.test_fraction)
    validation = part_of("validation", config.validation_fraction, baselines=[])
    return _with_intervals(test, validation, wanted), validation


def _with_intervals(test: pd.DataFrame, validation: pd.DataFrame, wanted: tuple[int, ...]) -> pd.DataFrame:
    """The test part with the intervals that can be calibrated, and a note of those that cannot."""
    try:
        return SplitConformal(wanted).fit(validation).apply(test)
    except LSTMWidgetsError as error:
        errors = _fewest_errors(validation)
        possible = tuple(level for level in wanted if residuals_needed(level) <= errors)
        if possible == wanted:
            raise
        without = " and ".join(f"{level} %" for level in wanted if level not in possible)
        note = f"There are no intervals{f' at {without}' if possible else ''}: {error}."
    tested = SplitConformal(possible).fit(validation).apply(test) if possible else test
    tested.attrs["notes"] = [*tested.attrs.get("notes", []), note]
    return tested


def _fewest_errors(frame: pd.DataFrame) -> int:
    """How many errors of a backtest the step that has the fewest knows."""
    network = network_in(frame.columns)
    table = by_cutoff(frame, network)
    known = np.isfinite(table["y"].to_numpy(np.float64)) & np.isfinite(table[network].to_numpy(np.float64))
    return int(pd.Series(known).groupby(table["step"].to_numpy()).sum().min())
