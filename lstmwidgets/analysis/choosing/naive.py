"""The naive rule that a comparison or a curve is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.choosing.common import Common
from lstmwidgets.analysis.scoring.baselines import Baseline, RepeatLast, SeasonalNaive, WindowMean
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.data.windows import Part

_PARTS: tuple[Part, Part] = ("validation", "test")


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


def better_rule(common: Common, configs: Sequence[LSTMConfig]) -> Naive | None:
    """The naive rule with the smallest error on the test part; None where none has a forecast.

    Of a series without a season, the window mean counts with the window of each config.
    """
    found = _better(common, configs, "test")
    return None if found is None else _scored(*found[:2], common)


def error_to_beat(common: Common, configs: Sequence[LSTMConfig]) -> tuple[str, float]:
    """Name and mean absolute error of the better naive rule; "" and NaN where none has a forecast.

    Chosen as `better_rule` chooses, but on the validation part: the test part is left unseen.
    """
    found = _better(common, configs, "validation")
    return ("", np.nan) if found is None else (found[0].name, found[2])


def _better(
    common: Common, configs: Sequence[LSTMConfig], part: Part
) -> tuple[Baseline, LSTMConfig, float] | None:
    """The better rule, the config whose window it reads, and its error where all rules have a forecast."""
    season = season_length(common.series)
    asked: list[tuple[Baseline, LSTMConfig]] = [(RepeatLast(), configs[0])]
    if season > 1:
        asked.append((SeasonalNaive(season), configs[0]))
    else:
        asked += [(WindowMean(), config) for config in {one.sequence_length: one for one in configs}.values()]
    found = [(rule, config, _errors(rule, config, common, part)) for rule, config in asked]
    found = [one for one in found if np.isfinite(one[2]).any()]
    both = np.all([np.isfinite(errors) for *_, errors in found], axis=0)
    if not np.any(both):
        return None
    means = [(rule, config, float(errors[both].mean())) for rule, config, errors in found]
    return min(means, key=lambda one: one[2])


def _errors(rule: Baseline, config: LSTMConfig, common: Common, part: Part) -> NDArray[np.float64]:
    """By cutoff; NaN where the rule has no forecast."""
    from lstmwidgets.model.choosing.errors import mean_errors

    windows, starts = common.windows(config), common.origins[part] + 1 - config.sequence_length
    return mean_errors(rule.forecast(windows, starts), windows, starts)


def _scored(rule: Baseline, config: LSTMConfig, common: Common) -> Naive:
    validation, test = (
        pd.Series(_errors(rule, config, common, part), common.cutoffs(part), name="error") for part in _PARTS
    )
    windows, origin = common.windows(config), int(common.origins["test"][-1])
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
