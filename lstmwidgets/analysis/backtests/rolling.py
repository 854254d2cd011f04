"""What a backtest stands on: the windows of its series, and a network fitted anew at a cutoff."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstmwidgets.analysis.scoring.single import check_single
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import data_hash, read_series
from lstmwidgets.data.windows import PARTS, Split, Windows, windows_over
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.forecaster import LSTMForecaster


@dataclass(frozen=True, eq=False)
class Ground:
    """A series to backtest on, and what the forecaster saw of it.

    Attributes
    ----------
    series : pandas.Series
    covariates : pandas.DataFrame or None
    windows : Windows
        Over all of the series, with the forecaster's scaler; its split ends the parts at the same
        times as those the forecaster was fitted on.
    fitted : Windows
        Those the forecaster was fitted on.
    fitted_index : pandas.DatetimeIndex
        Their times.
    seen : bool
        Whether the series is the one fitted on, or has the same values where both are known.
    """

    series: pd.Series
    covariates: pd.DataFrame | None
    windows: Windows
    fitted: Windows
    fitted_index: pd.DatetimeIndex
    seen: bool
    notes: list[str] = field(default_factory=list)

    @property
    def index(self) -> pd.DatetimeIndex:
        return pd.DatetimeIndex(self.series.index)


def ground_of(forecaster: Any, series: Any, covariates: pd.DataFrame | None) -> Ground:
    """The ground under a backtest of a fitted forecaster on a series, by default the one it was fitted on.

    Raises
    ------
    LSTMWidgetsError
        When the forecaster is not fitted or holds many series, when it was loaded and the series does
        not begin with the one it was fitted on, and when the series is too short, constant or of
        another frequency.
    """
    check_single(forecaster)
    if getattr(forecaster, "series_", None) is None:
        raise LSTMWidgetsError("this forecaster is not fitted: call fit(series) first")
    fitted = getattr(forecaster, "windows_", None)
    if series is None:
        if covariates is not None:
            raise LSTMWidgetsError("covariates= goes with series=: pass the series they belong to")
        if fitted is None:
            raise LSTMWidgetsError(
                "this forecaster was loaded from a file, which does not hold its series: pass series=, the "
                "one it was fitted on or a longer one"
            )
        index = pd.DatetimeIndex(forecaster.series_.index)
        known_covariates = getattr(forecaster, "covariates_", None)
        return Ground(forecaster.series_, known_covariates, fitted, fitted, index, seen=True)
    series = _checked_series(forecaster, read_series(series))
    if covariates is None:
        covariates = getattr(forecaster, "covariates_", None)
    if fitted is None:
        fitted, fitted_index = _fitted_on(forecaster, series, covariates)
    else:
        fitted_index = pd.DatetimeIndex(forecaster.series_.index)
    index = pd.DatetimeIndex(series.index)
    ends = fitted_index[[fitted.split.train_end - 1, fitted.split.validation_end - 1]]
    train_end, validation_end = (int(end) for end in index.searchsorted(ends, side="right"))
    split = Split(train_end, validation_end, len(series))
    windows = windows_over(series, forecaster.config, split, covariates, forecaster.scaler_)
    if windows.features != fitted.features:
        raise LSTMWidgetsError(
            f"the network reads {', '.join(fitted.features)}, and this series gives "
            f"{', '.join(windows.features)}: repair it as the one fitted on was (lstmwidgets.fill)"
        )
    seen = _same_values(windows, index, fitted, fitted_index)
    ground = Ground(series, covariates, windows, fitted, fitted_index, seen)
    if not seen:
        ground.notes.append(
            "The series is not the one the network was fitted on: at the same times its values differ."
        )
    return ground


def _checked_series(forecaster: Any, series: pd.Series) -> pd.Series:
    ours, theirs = (pd.DatetimeIndex(each.index).freqstr for each in (forecaster.series_, series))
    if ours != theirs:
        raise LSTMWidgetsError(
            f"the series has the frequency {theirs!r} and this forecaster was fitted on {ours!r}: "
            "pass one of the same frequency, or fit another forecaster"
        )
    if series.min() == series.max():
        raise LSTMWidgetsError(
            f"the series never changes (every value is {series.min():g}): there is nothing to forecast"
        )
    return series


def _fitted_on(
    forecaster: Any, series: pd.Series, covariates: pd.DataFrame | None
) -> tuple[Windows, pd.DatetimeIndex]:
    """The windows a loaded forecaster was fitted on, where a series begins with what it was fitted on."""
    begun = series.loc[: forecaster.series_.index[-1]]
    beside = [name for name, *_ in forecaster.scaler_.covariates]
    if beside and covariates is None:
        raise LSTMWidgetsError(
            f"this forecaster reads the covariates {', '.join(beside)} beside the series, and a file holds "
            "none of them: pass covariates= with these columns"
        )
    if not len(begun) or data_hash(begun, covariates) != forecaster.data_hash_:
        raise LSTMWidgetsError(
            "this forecaster was loaded from a file, and the series does not begin with the one it was "
            "fitted on, so what it has seen cannot be told: pass that series or a longer one, or set "
            "forecaster.series_ = series and forecaster.windows_ = make_windows(series, forecaster.config, "
            "forecaster.scaler_)"
        )
    windows = windows_over(begun, forecaster.config, forecaster.split_, covariates, forecaster.scaler_)
    return windows, pd.DatetimeIndex(begun.index)


def _same_values(
    windows: Windows, index: pd.DatetimeIndex, fitted: Windows, fitted_index: pd.DatetimeIndex
) -> bool:
    places = index.get_indexer(fitted_index)
    there = places >= 0
    both = there & fitted.known & windows.known[places]
    return bool((windows.read[places[both]] == fitted.read[both]).all())


def fit_at(ground: Ground, config: LSTMConfig, origin: int) -> LSTMForecaster:
    """A forecaster fitted on what was known at one position of the series, and on nothing after it.

    The newest ``validation_fraction`` of that is its validation part and all before it its training
    part. It has no test part: what comes after the cutoff is the test.

    Raises
    ------
    LSTMWidgetsError
        When too little is known by then; the message names the first cutoff with enough.
    """
    from lstmwidgets.model.training import Trainer

    cutoff, length = ground.index[origin], origin + 1
    split = refit_split(length, config)
    if not _has_room(split, config):
        raise LSTMWidgetsError(_too_early(ground, config, split, cutoff))
    known = ground.series.iloc[:length]
    try:
        windows = windows_over(known, config, split, ground.covariates)
        for part in PARTS[:2]:
            if not len(windows.starts(part)):
                raise LSTMWidgetsError(f"every window of its {part} part touches a missing value")
        trainer = Trainer(known, config, covariates=ground.covariates, windows=windows)
        forecaster = trainer.run().forecaster
    except LSTMWidgetsError as error:
        raise LSTMWidgetsError(f"the refit at cutoff {cutoff.isoformat()}: {error}") from error
    assert forecaster is not None, "a training that ends well has a forecaster"
    return forecaster


def refit_split(length: int, config: LSTMConfig) -> Split:
    """The split of what is known at a cutoff: no test part, for that comes after it."""
    validation = round(length * config.validation_fraction)
    return Split(length - validation, length, length)


def _has_room(split: Split, config: LSTMConfig) -> bool:
    needed = config.sequence_length + config.horizon
    return split.train_end >= needed and split.size("validation") >= config.horizon


def _too_early(ground: Ground, config: LSTMConfig, split: Split, cutoff: pd.Timestamp) -> str:
    enough = split.length
    while enough <= len(ground.series) and not _has_room(refit_split(enough, config), config):
        enough += 1
    remedy = (
        f"take cutoffs from {ground.index[enough - 1].isoformat()} on"
        if enough <= len(ground.series)
        else "use a longer series"
    )
    return (
        f"the refit at cutoff {cutoff.isoformat()} has {split.length} points, {split.train_end} of them to "
        f"train on and {split.size('validation')} to validate on, and sequence_length="
        f"{config.sequence_length} with horizon={config.horizon} needs "
        f"{config.sequence_length + config.horizon} and {config.horizon}: {remedy}, or lower these settings"
    )
