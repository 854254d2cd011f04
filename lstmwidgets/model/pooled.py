"""One network trained on many series at once: a global model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.pooling import PooledWindows, pool, read_panel
from lstmwidgets.data.windows import Split, Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.forecaster import LSTMForecaster
from lstmwidgets.model.loop import Loop

_LISTED = 5


class GlobalForecaster:
    """One network for many series: each on its own scale, all with the same weights.

    Series too short to learn from by themselves borrow from the others, and there is one training in
    place of one for each; where series behave alike such a network often errs less than one for each
    (Montero-Manso, P. and Hyndman, R. J. (2021). Principles and algorithms for forecasting groups of
    time series. International Journal of Forecasting 37(4)).

    The parts end by share of each series' length. Where series do not cover the same times, the
    training part of one may reach into the test part of another, and what moves both would be learned
    from: pass ``split`` to cut them at one date.

    Parameters
    ----------
    config : LSTMConfig, optional

    Attributes
    ----------
    history_ : pandas.DataFrame
        One row an epoch, over all series: ``loss``, ``val_loss``, ``seconds``.
    model_ : keras.Model
    series_ : dict from id to pandas.Series
    windows_ : PooledWindows

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> from lstmwidgets.data.datasets import random_walk
    >>> series = {f"walk {seed}": random_walk(100, seed=seed) for seed in range(3)}
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> forecaster = GlobalForecaster(config).fit(series, progress_bar=False)
    >>> forecaster.predict()["unique_id"].value_counts().tolist()
    [2, 2, 2]
    """

    history_: pd.DataFrame
    model_: keras.Model
    series_: dict[str, pd.Series]
    windows_: PooledWindows

    def __init__(self, config: LSTMConfig | None = None) -> None:
        self.config = checked_config(config)

    def __repr__(self) -> str:
        fitted = f"fitted on {len(self.series_):,} series" if hasattr(self, "model_") else "not fitted"
        return f"GlobalForecaster({self.config!r}), {fitted}"

    def fit(
        self,
        panel: pd.DataFrame | Mapping[str, pd.Series],
        *,
        split: Callable[[int], Split] | None = None,
        callbacks: Sequence[Any] = (),
        optimizer: keras.optimizers.Optimizer | None = None,
        progress_bar: bool = True,
    ) -> Self:
        """Train one network on all series and keep the weights with the lowest validation loss.

        Parameters
        ----------
        panel : DataFrame or mapping
            A long frame ``unique_id, ds, y``, or series by id, all of one frequency.
        split : callable, optional
            Given a series' length, where its parts end; by default as the config's fractions say.
        callbacks, optimizer
            As in `lstmwidgets.Trainer`.
        progress_bar : bool

        Raises
        ------
        LSTMWidgetsError
            When a series cannot be read, or the config does not fit some: they are named, with the
            reason of the first.
        """
        from lstmwidgets.model.progress import ProgressBar
        from lstmwidgets.model.training import Trainer

        series = read_panel(panel)
        windows = pool(_windows_of_each(series, self.config, split))
        listeners = [*callbacks, ProgressBar()] if progress_bar else callbacks
        first = next(iter(series.values()))
        trainer = Trainer(first, self.config, callbacks=listeners, optimizer=optimizer, windows=windows).run()
        assert trainer.forecaster is not None  # or the training would have raised
        self.model_, self.history_ = trainer.forecaster.model_, trainer.history
        self.series_, self.windows_ = series, windows
        return self

    def forecaster(self, unique_id: str) -> LSTMForecaster:
        """The network on one of its series: to be scored, backtested, explored or saved like any other.

        A backtest with ``refit`` fits networks of this one series alone.

        Raises
        ------
        LSTMWidgetsError
            When not fitted, or there is no such series.
        """
        self._check_fitted()
        if unique_id not in self.series_:
            known = list(self.series_)
            raise LSTMWidgetsError(
                f"there is no series {unique_id!r}: this forecaster was fitted on "
                f"{', '.join(map(repr, known[:_LISTED]))}{' …' if len(known) > _LISTED else ''}"
            )
        windows = self.windows_.members[list(self.series_).index(unique_id)]
        one = LSTMForecaster.fitted(self.config, self.series_[unique_id], windows, self.model_)
        one.history_ = self.history_
        return one

    def forecast_windows(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Forecast from many windows of any series in one batched pass.

        Parameters
        ----------
        starts : integer array
            Starting positions, as in ``windows_.train``, ``windows_.validation`` or ``windows_.test``.

        Returns
        -------
        float64 array, shape (len(starts), horizon)
            Each row in the unit of its own series.
        """
        self._check_fitted()
        return Loop(self.model_, self.windows_).forecast(starts)

    def predict(self, horizon: int | None = None) -> pd.DataFrame:
        """Forecast the steps after the end of every series.

        Parameters
        ----------
        horizon : int, optional
            Steps ahead, from 1 to ``config.horizon``, which is the default.

        Returns
        -------
        pandas.DataFrame
            Columns ``unique_id``, ``ds`` and ``yhat``, series by series.

        Raises
        ------
        LSTMWidgetsError
            When not fitted, when ``horizon`` is out of range, or when the end of a series is missing.
        """
        self._check_fitted()
        forecasts = []
        for name in self.series_:
            try:
                forecasts.append(self.forecaster(name).predict(horizon))
            except LSTMWidgetsError as error:
                raise LSTMWidgetsError(f"series {name!r}: {error}") from None
        return pd.concat(forecasts, ignore_index=True)

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise LSTMWidgetsError("this forecaster is not fitted: call fit(panel) first")


def _windows_of_each(
    series: dict[str, pd.Series], config: LSTMConfig, split: Callable[[int], Split] | None
) -> tuple[Windows, ...]:
    members, refused = [], {}
    for name, each in series.items():
        try:
            members.append(make_windows(each, config, split=None if split is None else split(len(each))))
        except LSTMWidgetsError as error:
            refused[name] = error
    if refused:
        names = list(refused)
        listed = ", ".join(map(repr, names[:_LISTED])) + (" …" if len(names) > _LISTED else "")
        raise LSTMWidgetsError(
            f"{len(names):,} of {len(series):,} series cannot be trained on ({listed}); {names[0]!r}: "
            f"{refused[names[0]]}. Leave them out, or change the config"
        )
    return tuple(members)
