"""The error to beat on the validation part: that of the better naive rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lstmwidgets.analysis.choosing.common import Common
from lstmwidgets.analysis.scoring.baselines import Baseline, RepeatLast, SeasonalNaive, WindowMean
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.model.choosing.errors import mean_errors


def error_to_beat(common: Common, configs: Sequence[LSTMConfig]) -> tuple[str, float]:
    """Name and mean absolute error of the better naive rule; "" and NaN where none has a forecast.

    As `lstmwidgets.analysis.choosing.naive.better_rule` chooses it for the test part, which is left unseen
    here: of a series without a season, the window mean counts with the window of each config.

    Parameters
    ----------
    common : Common
        Its cutoffs of the validation part.
    configs : sequence of LSTMConfig
        Those that it is of.
    """
    season = season_length(common.series)
    asked: list[tuple[Baseline, LSTMConfig]] = [(RepeatLast(), configs[0])]
    if season > 1:
        asked.append((SeasonalNaive(season), configs[0]))
    else:
        asked += [(WindowMean(), config) for config in {one.sequence_length: one for one in configs}.values()]
    errors = [_errors(rule, common, config) for rule, config in asked]
    known = np.array([np.isfinite(error).any() for error in errors])
    both = np.all([np.isfinite(error) for error, has in zip(errors, known, strict=True) if has], axis=0)
    if not known.any() or not both.any():
        return "", np.nan
    means = [float(error[both].mean()) if has else np.inf for error, has in zip(errors, known, strict=True)]
    best = int(np.argmin(means))
    return asked[best][0].name, means[best]


def _errors(rule: Baseline, common: Common, config: LSTMConfig) -> np.ndarray:
    windows, starts = common.windows(config), common.origins["validation"] + 1 - config.sequence_length
    return mean_errors(rule.forecast(windows, starts), windows, starts)
