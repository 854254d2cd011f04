"""The error to beat on the validation part: that of the better naive rule."""

from __future__ import annotations

import numpy as np

from lstmwidgets.analysis.choosing.common import Common
from lstmwidgets.analysis.scoring.baselines import Baseline, RepeatLast, SeasonalNaive
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import season_length
from lstmwidgets.model.choosing.errors import mean_errors


def error_to_beat(common: Common, config: LSTMConfig) -> tuple[str, float]:
    """Name and mean absolute error of the better naive rule; "" and NaN where none has a forecast.

    Parameters
    ----------
    common : Common
        Its cutoffs of the validation part.
    config : LSTMConfig
        One of those that it is of: which one makes no difference to the rules.
    """
    season, windows = season_length(common.series), common.windows(config)
    starts = common.origins["validation"] + 1 - config.sequence_length
    rules: list[Baseline] = [RepeatLast(), *([SeasonalNaive(season)] if season > 1 else [])]
    errors = {rule.name: mean_errors(rule.forecast(windows, starts), windows, starts) for rule in rules}
    known = {name: error for name, error in errors.items() if np.isfinite(error).any()}
    both = np.all([np.isfinite(error) for error in known.values()], axis=0)
    means = {name: float(error[both].mean()) for name, error in known.items()} if both.any() else {}
    return min(means.items(), key=lambda pair: pair[1], default=("", np.nan))
