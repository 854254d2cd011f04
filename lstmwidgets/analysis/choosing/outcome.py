"""What came of one training: its errors, its cost and its forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstmwidgets.analysis.choosing.common import Common
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.windows import Part

if TYPE_CHECKING:
    from lstmwidgets.model.forecaster import LSTMForecaster
    from lstmwidgets.model.training import Trainer


@dataclass(frozen=True, eq=False)
class Run:
    """What came of one training.

    Attributes
    ----------
    name : str
        Of the config among those compared.
    config : LSTMConfig
        With its seed.
    seed : int
    val_error, test_error : float
        Mean absolute error in the unit of the series, the mean over cutoffs; NaN where it was not asked for.
    val_errors, test_errors : pandas.Series
        The error of each cutoff, on the cutoffs' times: of those that every config trained beside this
        one can forecast from, so that all are judged on the same.
    parameters : int
        Trainable numbers of the network.
    epoch_seconds : float
        Median over epochs; the first, which also compiles, is left out where there are others.
    seconds : float
        All epochs together, the compilation included.
    best_epoch : int
        The epoch whose weights are kept; see `lstmwidgets.Trainer.best_epoch`.
    seconds_to_best : float
        From the start to the end of that epoch.
    memory : int
        Bytes that training takes, by `lstmwidgets.model.costs.cost.training_bytes`.
    history : pandas.DataFrame
        Columns ``epoch`` (from 1), ``loss``, ``val_loss`` and ``seconds``: see
        `lstmwidgets.Trainer.history`.
    forecast : pandas.Series
        In the unit of the series, from the newest cutoff of the test part that all can forecast from;
        empty where the test part was not asked for.
    failure : str
        Why there is no result; "" where there is one. The errors are NaN then, and the history ends
        where the training did.
    """

    name: str
    config: LSTMConfig
    seed: int
    val_error: float
    test_error: float
    val_errors: pd.Series
    test_errors: pd.Series
    parameters: int
    epoch_seconds: float
    seconds: float
    best_epoch: int
    seconds_to_best: float
    memory: int
    history: pd.DataFrame
    forecast: pd.Series
    failure: str = ""


def outcome_of(name: str, trainer: Trainer, common: Common, failure: str = "") -> Run:
    """What came of a training that has ended, or, with a ``failure``, of one that broke off."""
    from lstmwidgets.model.costs.cost import training_bytes
    from lstmwidgets.model.shapes import count_parameters

    config, features = trainer.config, trainer.windows.values.shape[1]
    history, best = trainer.history, trainer.best_epoch
    seconds = history["seconds"]
    forecaster = None if failure else trainer.forecaster
    validation, test = (_errors(forecaster, part, common) for part in ("validation", "test"))
    return Run(
        name=name,
        config=config,
        seed=config.seed,
        val_error=float(validation.mean()),
        test_error=float(test.mean()),
        val_errors=validation,
        test_errors=test,
        parameters=count_parameters(config, features),
        epoch_seconds=float((seconds.iloc[1:] if len(seconds) > 1 else seconds).median()),
        seconds=float(seconds.sum()),
        best_epoch=best,
        seconds_to_best=float(seconds.iloc[:best].sum()),
        memory=training_bytes(config, features),
        history=history.reset_index(),
        forecast=_forecast(forecaster, common),
        failure=failure,
    )


def _errors(forecaster: LSTMForecaster | None, part: Part, common: Common) -> pd.Series:
    from lstmwidgets.model.choosing.errors import errors_by_cutoff

    cutoffs = common.cutoffs(part)
    if forecaster is None or not len(cutoffs):
        return pd.Series(np.nan, cutoffs, dtype=np.float64, name="error")
    return errors_by_cutoff(forecaster, part).reindex(cutoffs)


def _forecast(forecaster: LSTMForecaster | None, common: Common) -> pd.Series:
    """What a network says of the horizon after the newest cutoff of the test part."""
    if forecaster is None or "test" not in common.origins:
        return pd.Series(index=common.times(np.array([], np.int64), "ds"), dtype=np.float64, name="forecast")
    config, origin = forecaster.config, int(common.origins["test"][-1])
    start = np.array([origin + 1 - config.sequence_length])
    ahead = common.times(origin + 1 + np.arange(config.horizon), "ds")
    return pd.Series(forecaster.forecast_windows(start)[0], ahead, name="forecast")
