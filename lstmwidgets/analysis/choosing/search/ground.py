"""What trials are judged on: the series up to the end of its validation part, and cutoffs that all share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import data_hash, season_length
from lstmwidgets.data.windows import Split, Windows, chronological_split, make_windows, windows_over
from lstmwidgets.errors import LSTMWidgetsError

MOST_FOLDS = 20
_SEASONS, _HORIZONS, _LEAST_LONGEST = 2, 4, 48
_SHARE_OF_TRAIN = 4  # a window may take a quarter of the training part: what is left has to teach something
_KEPT = 0.5


@dataclass(frozen=True, eq=False)
class Ground:
    """A series without its test part, and the cutoffs from which every trial forecasts.

    Attributes
    ----------
    series : pandas.Series
        Up to the end of the validation part. What comes later is not here, so that no search can see it.
    covariates : pandas.DataFrame or None
        Their rows up to then.
    ends : tuple of (int, int)
        Where each fold's training part ends, and where its validation part ends; the newest fold first.
    judged : tuple of pandas.DatetimeIndex
        Cutoffs of each fold's validation part that every config of the search can forecast from.
    """

    series: pd.Series
    covariates: pd.DataFrame | None
    ends: tuple[tuple[int, int], ...]
    judged: tuple[pd.DatetimeIndex, ...] = ()

    def fold(self, number: int) -> tuple[pd.Series, Split]:
        """The series as a fold knows it, and its two parts; 0 is the newest."""
        train_end, end = self.ends[number]
        return self.series.iloc[:end], Split(train_end, end, end)

    def windows(self, config: LSTMConfig, number: int = 0) -> Windows:
        """A config's windows of a fold; its test part is empty.

        Raises
        ------
        LSTMWidgetsError
            When the config does not fit.
        """
        series, split = self.fold(number)
        if config.sequence_length + config.horizon > split.train_end:
            raise LSTMWidgetsError(
                f"sequence_length={config.sequence_length} with horizon={config.horizon} does not fit into a "
                f"training part of {split.train_end} points: lower it to at most "
                f"{split.train_end - config.horizon}{_or_folds(number)}"
            )
        windows = windows_over(series, config, split, self.covariates)
        if not (len(windows.train) and len(windows.validation)):
            part = "training" if not len(windows.train) else "validation"
            raise LSTMWidgetsError(
                f"with sequence_length={config.sequence_length}, each window of the {part} part touches a "
                f"missing value: fill the gaps first with lstmwidgets.fill, or lower it{_or_folds(number)}"
            )
        return windows

    def with_judged(self, longest: LSTMConfig) -> Ground:
        """With the cutoffs that the config with the longest windows can forecast from: then all can."""
        times = pd.DatetimeIndex(self.series.index)
        judged = []
        for number in range(len(self.ends)):
            windows = self.windows(longest, number)
            judged.append(times[windows.origins(windows.validation)].rename("cutoff"))
        return replace(self, judged=tuple(judged))

    def data_hash(self) -> str:
        """SHA-256 of all that a search sees."""
        return data_hash(self.series, self.covariates)


def ground_of(
    series: pd.Series, config: LSTMConfig, folds: Any, covariates: pd.DataFrame | None
) -> tuple[Ground, int]:
    """Cut the test part off, lay out the folds, and find how long a window may be.

    Parameters
    ----------
    series : pandas.Series
        The whole of it.
    config : LSTMConfig
        Its ``horizon`` and the two fractions are used, and ``sequence_length`` where it was set by hand.
    folds : int
        How many origins there are: each earlier one has its validation part right before the next one's,
        and is trained on what comes before.
    covariates : pandas.DataFrame, optional

    Returns
    -------
    Ground, int
        The second is the longest ``sequence_length`` worth trying: at most a quarter of the shortest training
        part, and no more than two seasons, four horizons or 48 steps, whichever is longest.

    Raises
    ------
    LSTMWidgetsError
        When the series is too short, or ``folds`` is no number from 1 to 20.
    """
    if isinstance(folds, bool) or not isinstance(folds, (int, np.integer)) or not 1 <= folds <= MOST_FOLDS:
        raise LSTMWidgetsError(
            f"folds={folds!r} is not accepted: folds takes a whole number from 1 to {MOST_FOLDS}"
        )
    by_hand = "sequence_length" in config.model_fields_set
    least = config if by_hand else config.replace(sequence_length=1)
    make_windows(series, least, covariates=covariates)  # refuses in words what does not fit
    split = chronological_split(len(series), config.validation_fraction, config.test_fraction)
    step = split.size("validation")
    ends = tuple(
        (split.train_end - step * number, split.validation_end - step * number) for number in range(folds)
    )
    shortest = ends[-1][0]
    if shortest < max(step, 2 * config.horizon):
        fit = sum(split.train_end - step * number >= max(step, 2 * config.horizon) for number in range(folds))
        raise LSTMWidgetsError(
            f"folds={folds} do not fit: the earliest would be trained on {max(0, shortest)} of the series' "
            f"{len(series)} points. Lower folds to at most {max(1, fit)}, or validation_fraction="
            f"{config.validation_fraction:g}"
        )
    seen = series.iloc[: split.validation_end]
    known = None if covariates is None else covariates.loc[covariates.index <= seen.index[-1]]
    ground = Ground(seen, known, ends)
    return ground, _longest(ground, config, shortest)


def _or_folds(number: int) -> str:
    """What else helps where an earlier fold is the trouble."""
    return f", or folds to {number}" if number else ""


def _longest(ground: Ground, config: LSTMConfig, shortest: int) -> int:
    roof = max(_SEASONS * season_length(ground.series), _HORIZONS * config.horizon, _LEAST_LONGEST)
    most = LSTMConfig.parameters()["sequence_length"].maximum or roof
    longest = int(max(1, min(roof, most, shortest // _SHARE_OF_TRAIN, shortest - config.horizon)))
    wanted = _KEPT * len(_validation(ground, config, 1))
    while longest > 1 and len(_validation(ground, config, longest)) < wanted:
        longest //= 2  # gaps: a window this long would leave too few cutoffs to judge by
    return longest


def _validation(ground: Ground, config: LSTMConfig, length: int) -> np.ndarray:
    """A fold's validation windows at a length: none where they do not fit."""
    try:
        return ground.windows(config.replace(sequence_length=length), len(ground.ends) - 1).validation
    except LSTMWidgetsError:
        return np.empty(0, np.int32)
