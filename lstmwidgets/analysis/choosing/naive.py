"""The naive rule that a comparison is measured against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.common import Common
from lstmwidgets.analysis.scoring.baselines import Baseline, RepeatLast, SeasonalNaive, WindowMean
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.data.windows import Part


@dataclass(frozen=True, eq=False)
class Naive:
    """Errors and forecast of the better naive rule, as those of a `Run`.

    Attributes
    ----------
    name : str
        "repeat last", "seasonal naive", or of a series without a season "window mean".
    val_error, test_error : float
        Mean absolute error in the unit of the series, the mean over the cutoffs where it has a forecast.
    val_errors, test_errors : pandas.Series
        By cutoff; NaN where the rule has no forecast for all that was observed.
    forecast : pandas.Series
        From the newest cutoff of the test part.
    """

    name: str
    val_error: float
    test_error: float
    val_errors: pd.Series
    test_errors: pd.Series
    forecast: pd.Series


def better_rule(common: Common, configs: list[LSTMConfig]) -> Naive | None:
    """The naive rule with the smallest error on the test part; None where none has a forecast.

    Of a series without a season, the window mean counts with the window of each config.
    """
    season = season_length(common.series)
    asked: list[tuple[Baseline, LSTMConfig]] = [(RepeatLast(), configs[0])]
    if season > 1:
        asked.append((SeasonalNaive(season), configs[0]))
    else:
        lengths = {config.sequence_length: config for config in configs}
        asked += [(WindowMean(), config) for config in lengths.values()]
    found = [_scored(rule, common, config) for rule, config in asked]
    found = [one for one in found if np.isfinite(one.test_errors).any()]
    both = np.all([np.isfinite(one.test_errors) for one in found], axis=0)
    return min(found, key=lambda one: float(one.test_errors[both].mean()), default=None)


def _scored(rule: Baseline, common: Common, config: LSTMConfig) -> Naive:
    from lstmwidgets.model.choosing.errors import mean_errors

    windows = common.windows(config)

    def errors(part: Part) -> pd.Series:
        starts = common.origins[part] + 1 - config.sequence_length
        by_cutoff = mean_errors(rule.forecast(windows, starts), windows, starts)
        return pd.Series(by_cutoff, common.cutoffs(part), name="error")

    validation, test = errors("validation"), errors("test")
    origin = int(common.origins["test"][-1])
    newest = rule.forecast(windows, np.array([origin + 1 - config.sequence_length]))[0]
    ahead = common.times(origin + 1 + np.arange(config.horizon), "ds")
    return Naive(
        name=rule.name,
        val_error=float(validation.mean()),
        test_error=float(test.mean()),
        val_errors=validation,
        test_errors=test,
        forecast=pd.Series(newest, ahead, name="forecast"),
    )
