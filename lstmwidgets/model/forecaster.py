"""A trained network with all that is needed to forecast: scikit-learn manners, one file on disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig, checked_config
from lstmwidgets.data.features import Reading, calendar_of, reading_of
from lstmwidgets.data.scaling import Scaler, centres
from lstmwidgets.data.series import data_hash, read_series
from lstmwidgets.data.windows import PARTS, Split, Windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.backend import keras
from lstmwidgets.model.build import build, with_units
from lstmwidgets.model.choosing.decisions import AuditTrail, Auto, Decision, to_choose
from lstmwidgets.model.loop import Loop
from lstmwidgets.model.storage import Saved, read_forecaster, versions, write_forecaster

log = logging.getLogger(__name__)

MUCH_LEFT_OUT = 0.1
"""Share of all windows that gaps may cost before `LSTMForecaster.fit` says so."""


class LSTMForecaster:
    """An LSTM, or another ``cell``, that forecasts the next ``horizon`` values of a series at once.

    By default the network reads each window less its last value and answers the change from it:
    without that, a plain LSTM usually loses to repeating the last value. See
    ``LSTMConfig.centering``.

    Parameters
    ----------
    config : LSTMConfig, optional
    auto : bool or sequence of str
        Whether `fit` chooses the settings that ``config`` does not set by hand: how far to read, calendar,
        highway, learning rate, units, and when to stop. A sequence names the settings to choose. After
        `fit`, ``config`` is the one chosen.

    Attributes
    ----------
    decisions_ : tuple of Decision
        With ``auto``, what was chosen, why, and on what evidence, kept by `save` too; else empty.
    history_ : pandas.DataFrame
        One row an epoch: ``loss``, ``val_loss``, ``seconds``; see `Trainer.history`.
    model_ : keras.Model
        From scaled, centred windows (batch, sequence_length, features) to (batch, horizon).
    series_ : pandas.Series
        The series it was fitted on; after `load`, the last ``sequence_length`` values of it.
    covariates_ : pandas.DataFrame or None
        What was read beside it; None after `load`.
    windows_ : Windows or None
        The series' windows; None after `load`.
    repairs_ : list of dict
        How gaps of the series were filled before it was fitted on: see `lstmwidgets.fill`.
    scaler_ : Scaler
    split_ : Split
        Where the parts of the series it was fitted on end.
    data_hash_ : str
        SHA-256 of the series it was fitted on.
    versions_ : dict of str
        Of the packages it was trained with.

    Examples
    --------
    >>> import lstmwidgets as lw
    >>> config = lw.LSTMConfig(sequence_length=8, horizon=2, units=4, epochs=2)
    >>> forecaster = LSTMForecaster(config).fit(lw.load_dataset("nile"), progress_bar=False)
    >>> forecaster.predict().columns.tolist()
    ['unique_id', 'ds', 'yhat']
    """

    decisions_: AuditTrail
    history_: pd.DataFrame
    model_: keras.Model
    series_: pd.Series
    covariates_: pd.DataFrame | None
    windows_: Windows | None
    scaler_: Scaler
    split_: Split
    data_hash_: str
    versions_: dict[str, str]

    def __init__(self, config: LSTMConfig | None = None, auto: Auto = False) -> None:
        self.config = self._asked = checked_config(config)
        self.auto = auto if isinstance(auto, bool) else to_choose(self.config, auto)
        self.decisions_ = AuditTrail()
        self._loop: Loop | None = None
        self._reading: Reading | None = None

    def __repr__(self) -> str:
        fitted = "fitted" if hasattr(self, "model_") else "not fitted"
        auto = f", auto={self.auto!r}" if self.auto else ""
        return f"LSTMForecaster({self.config!r}{auto}), {fitted}"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_loop": None}  # compiled passes cannot be copied, only found again

    @classmethod
    def fitted(
        cls,
        config: LSTMConfig,
        series: pd.Series,
        windows: Windows,
        network: keras.Model,
        covariates: pd.DataFrame | None = None,
    ) -> Self:
        """Make a forecaster of a network already trained; `Trainer` does this."""
        forecaster = cls(config)
        forecaster.model_, forecaster.series_, forecaster.windows_ = network, series, windows
        forecaster.covariates_, forecaster.scaler_ = covariates, windows.scaler
        forecaster.split_ = windows.split
        forecaster.data_hash_, forecaster.versions_ = data_hash(series, covariates), versions()
        return forecaster

    def fit(
        self,
        series: Any,
        *,
        callbacks: Sequence[Any] = (),
        optimizer: keras.optimizers.Optimizer | None = None,
        folder: str | Path | None = None,
        covariates: pd.DataFrame | None = None,
        progress_bar: bool = True,
    ) -> Self:
        """Train on a series and keep the weights with the lowest validation loss.

        With ``auto`` there are several trainings: see `lstmwidgets.model.choosing.auto.SelfTuning`.

        Parameters
        ----------
        series : pandas.Series, DataFrame or path
            Anything `lstmwidgets.read_series` reads.
        callbacks, optimizer, folder
            As in `Trainer`. With ``auto``, callbacks are told of each training, each has a folder of its own
            in ``folder``, and no optimizer is accepted.
        covariates : pandas.DataFrame, optional
            Other series known up to the moment of forecasting, read beside it: a column each, on
            timestamps that include all of the series'. `lstmwidgets.read_covariates` reads them.
        progress_bar : bool
            Show a bar while training, in a terminal or a notebook.

        Raises
        ------
        LSTMWidgetsError
            When the config does not fit the series, or the loss stops being a number.
        """
        from lstmwidgets.model.progress import ProgressBar  # these two stand on this module
        from lstmwidgets.model.training import Trainer

        if names := to_choose(self._asked, self.auto):
            return self._fit_chosen(series, names, callbacks, optimizer, folder, covariates, progress_bar)
        listeners = [*callbacks, ProgressBar()] if progress_bar else callbacks
        trainer = Trainer(
            series,
            self.config,
            callbacks=listeners,
            optimizer=optimizer,
            folder=folder,
            covariates=covariates,
        )
        if "dataset" not in trainer.series.attrs:  # of bundled series the gaps are known
            _tell_left_out(trainer.windows)
        return self._become(trainer.run().forecaster)

    def _fit_chosen(
        self,
        series: Any,
        names: tuple[str, ...],
        callbacks: Sequence[Any],
        optimizer: keras.optimizers.Optimizer | None,
        folder: str | Path | None,
        covariates: pd.DataFrame | None,
        progress_bar: bool,
    ) -> Self:
        """Choose the settings of these names, and take over the forecaster trained with them."""
        from lstmwidgets.model.choosing.auto import SelfTuning
        from lstmwidgets.model.progress import ProgressBar

        if optimizer is not None:
            raise LSTMWidgetsError(
                f"optimizer={type(optimizer).__name__} is not accepted with auto={self.auto!r}, which "
                "chooses for Adam: leave it out, or fit LSTMForecaster(forecaster.config) with it"
            )

        def listeners(what: str) -> list[Any]:
            return [*callbacks, ProgressBar(what)] if progress_bar else list(callbacks)

        tuning = SelfTuning(
            read_series(series), self._asked, names, covariates=covariates, listeners=listeners, folder=folder
        )
        forecaster, decisions = tuning.run()
        assert forecaster.windows_ is not None, "a forecaster just trained has its windows"
        if "dataset" not in forecaster.series_.attrs:
            _tell_left_out(forecaster.windows_)
        self._become(forecaster)
        self.decisions_ = decisions
        return self

    def _become(self, trained: LSTMForecaster | None) -> Self:
        """Take over all of a forecaster but what this one was asked for."""
        asked = {name: vars(self)[name] for name in ("auto", "_asked")}
        vars(self).update({**vars(trained), **asked})
        return self

    def predict(
        self, horizon: int | None = None, series: Any = None, covariates: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Forecast the steps after a series' end.

        Parameters
        ----------
        horizon : int, optional
            Steps ahead, from 1 to ``config.horizon``, which is the default.
        series : pandas.Series, DataFrame or path, optional
            Forecast from the end of this series instead of the one fitted on.
        covariates : pandas.DataFrame, optional
            Those that go with ``series``, where the forecaster was fitted with some.

        Returns
        -------
        pandas.DataFrame
            Columns ``unique_id``, ``ds`` (timestamps after the last one) and ``yhat`` (unit of the
            series), one row a step.

        Raises
        ------
        LSTMWidgetsError
            When not fitted, when ``horizon`` is out of range, or when the last
            ``sequence_length`` values are not all known.
        """
        self._check_fitted()
        steps = self._checked_horizon(horizon)
        if series is None:
            name, reading = self.series_.name, self.reading_
        else:
            source = self._same_kind(read_series(series))
            name, reading = source.name, reading_of(source, covariates)
        window = self.last_window(reading)
        times = reading.index
        ahead = pd.date_range(times[-1], periods=steps + 1, freq=pd.DatetimeIndex(self.series_.index).freq)[
            1:
        ]
        level = window[-1:] * centres(window.shape[1], len(reading.names), self.config)
        answer = self.model_((window - level)[None], training=False).numpy()[0].astype(np.float64)
        forecast = (answer + float(level[0, 0])) * self.scaler_.scale + self.scaler_.mean
        return pd.DataFrame({"unique_id": str(name), "ds": ahead, "yhat": forecast[:steps]})

    @property
    def reading_(self) -> Reading:
        """What the series fitted on is read as; after `load`, the last ``sequence_length`` steps of it."""
        if self._reading is None:
            self._reading = reading_of(self.series_, self.covariates_)
        return self._reading

    @property
    def repairs_(self) -> list[dict[str, Any]]:
        """How gaps of the series were filled before it was fitted on: see `lstmwidgets.fill`."""
        return list(self.series_.attrs.get("repairs", []))

    def last_window(self, reading: Reading | None = None) -> NDArray[np.float32]:
        """What the network reads at the end of a series, by default the one fitted on: scaled, not centred.

        Returns
        -------
        float32 array, shape (sequence_length, features)

        Raises
        ------
        LSTMWidgetsError
            When any of it is missing, or there are other covariates or another kind of mask than the
            forecaster was fitted with.
        """
        reading = self.reading_ if reading is None else reading
        expected = tuple(name for name, *_ in self.scaler_.covariates)
        if reading.names != expected:
            raise LSTMWidgetsError(
                f"this forecaster reads the covariates {', '.join(expected) or 'none'} beside the series "
                f"and was given {', '.join(reading.names) or 'none'}: pass covariates= with these columns"
            )
        length = self.config.sequence_length
        window = self.scaler_.table(reading.last(length), calendar_of(self.config, self.reading_.index))
        features = self.model_.inputs[0].shape[-1]
        if window.shape[1] != features:
            masked = "masked" if reading.masked else "not masked"
            raise LSTMWidgetsError(
                f"this forecaster reads {features} features and the series, which is {masked}, gives "
                f"{window.shape[1]}: repair it as the one fitted on was (lstmwidgets.fill)"
            )
        self._check_complete(window, reading.last(length))
        return window

    def forecast_windows(
        self, starts: NDArray[np.integer], windows: Windows | None = None
    ) -> NDArray[np.float64]:
        """Forecast from many windows in one batched pass.

        Parameters
        ----------
        starts : integer array
            Starting positions, as in ``windows.train``, ``windows.validation`` or ``windows.test``.
        windows : Windows, optional
            By default those of the series fitted on.

        Returns
        -------
        float64 array, shape (len(starts), horizon)
            In the unit of the series.
        """
        self._check_fitted()
        if windows is not None and windows is not self.windows_:
            self._check_features(windows)
            return Loop(self.model_, windows).forecast(starts)
        if self.windows_ is None:
            raise LSTMWidgetsError(
                "this forecaster was loaded from a file, which does not hold its series: "
                "pass windows=make_windows(series, config, scaler=forecaster.scaler_)"
            )
        if self._loop is None:
            self._loop = Loop(self.model_, self.windows_)
        return self._loop.forecast(starts)

    def save(self, path: str | Path) -> Path:
        """Write one safetensors file: weights, config, scaler, data hash, versions, last window.

        The file is written beside its final name and then renamed, so that it is never half
        there. It holds no code, and `load` runs none.
        """
        self._check_fitted()
        path = Path(path)
        if path.suffix != ".safetensors":
            raise LSTMWidgetsError(
                f"{str(path)!r} is not a name for a forecaster: it must end in '.safetensors'"
            )
        index = pd.DatetimeIndex(self.series_.index)
        saved = Saved(
            config=self.config,
            scaler=self.scaler_,
            data_hash=self.data_hash_,
            name=str(self.series_.name),
            last_time=index[-1].isoformat(),
            freq=str(index.freqstr),
            history=self.history_,
            repairs=self.repairs_,
            split=self.split_,
            context=self.reading_.last(self.config.sequence_length),
            weights=self.model_.get_weights(),
            versions=self.versions_,
            decisions=self.decisions_.to_json(),
        )
        return write_forecaster(saved, path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what `save` wrote and rebuild the network from this package's own code.

        Raises
        ------
        LSTMWidgetsError
            When the file is missing, damaged, or not written by `save`. The names, shapes and
            sizes of all that it holds are checked before any of it is read.
        """
        saved = read_forecaster(Path(path))
        forecaster = cls(saved.config)
        forecaster.model_ = build(saved.config, features=saved.features)
        forecaster.model_.set_weights(saved.weights)
        forecaster.series_, forecaster._reading = saved.series(), saved.context
        forecaster.covariates_ = forecaster.windows_ = None
        forecaster.scaler_, forecaster.data_hash_ = saved.scaler, saved.data_hash
        forecaster.split_, forecaster.versions_ = saved.split, saved.versions
        forecaster.history_ = saved.history
        forecaster.decisions_ = AuditTrail(Decision(**one) for one in saved.decisions)
        return forecaster

    def export_keras(self, path: str | Path) -> Path:
        """Write a ``.keras`` model of Keras' own layers, which loads without this package.

        It reads raw windows (batch, sequence_length, features) and answers forecasts (batch, horizon),
        both in the unit of the series. Beside the series, the features are its covariates in their own
        units, then the calendar's and ``known``, where the forecaster reads them: ``windows_.features``.
        """
        self._check_fitted()
        path = Path(path)
        if path.suffix != ".keras":
            raise LSTMWidgetsError(f"{str(path)!r} is not a name for a Keras model: it must end in '.keras'")
        with_units(self.model_, self.config, self.scaler_).save(path)
        return path

    def _check_fitted(self) -> None:
        if not hasattr(self, "model_"):
            raise LSTMWidgetsError("this forecaster is not fitted: call fit(series) first")

    def _same_kind(self, series: pd.Series) -> pd.Series:
        ours, theirs = (pd.DatetimeIndex(each.index).freqstr for each in (self.series_, series))
        if ours != theirs:
            raise LSTMWidgetsError(
                f"the series has the frequency {theirs!r} and this forecaster was fitted on {ours!r}: "
                "pass one of the same frequency, or fit another forecaster"
            )
        return series

    def _checked_horizon(self, horizon: int | None) -> int:
        longest = self.config.horizon
        if horizon is None:
            return longest
        if (
            isinstance(horizon, bool)
            or not isinstance(horizon, (int, np.integer))
            or not 1 <= horizon <= longest
        ):
            raise LSTMWidgetsError(
                f"horizon={horizon!r} is not accepted: this forecaster answers a whole number of steps "
                f"from 1 to {longest}; to see further, fit one with LSTMConfig(horizon=…)"
            )
        return int(horizon)

    def _check_complete(self, window: NDArray[np.float32], reading: Reading) -> None:
        length, reads = self.config.sequence_length, f"sequence_length={self.config.sequence_length}"
        if len(window) < length:
            raise LSTMWidgetsError(
                f"the series has {len(window)} values, and the forecast reads {reads}: pass more"
            )
        missing = int(np.count_nonzero(~np.isfinite(reading.values)))
        if missing or (reading.masked and not reading.known.any()):
            raise LSTMWidgetsError(
                f"the forecast reads the last {reads} values and {missing or length} of them are missing: "
                "cut the series after its last complete stretch, or repair its end with fill(series, "
                '"forward") or fill(series, mask=True), which need nothing from after the gap'
            )
        gaps = np.count_nonzero(~np.isfinite(reading.covariates), axis=0)
        if gaps.any():
            raise LSTMWidgetsError(
                f"the forecast reads the last {reads} values of the covariate "
                f"{reading.names[gaps.argmax()]!r} and {gaps.max()} of them are missing: fill them, or cut "
                "series and covariates before them"
            )

    def _check_features(self, windows: Windows) -> None:
        ours, theirs = self.model_.inputs[0].shape[-1], windows.values.shape[1]
        if ours != theirs:
            raise LSTMWidgetsError(
                f"these windows have the features {', '.join(windows.features)}, and this forecaster reads "
                f"{ours} features: make them with the same covariates, and of a series repaired alike"
            )


def _tell_left_out(windows: Windows) -> None:
    """A line where gaps cost many windows: nothing else shows it."""
    kept = sum(len(windows.starts(part)) for part in PARTS)
    if windows.left_out > MUCH_LEFT_OUT * (kept + windows.left_out):
        log.warning(
            "%s of %s windows are left out because they touch missing values: lstmwidgets.fill repairs the "
            "gaps, or keeps them as unknown",
            f"{windows.left_out:,}",
            f"{kept + windows.left_out:,}",
        )
