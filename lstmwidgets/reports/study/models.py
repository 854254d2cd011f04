"""A forecaster trained once: taken from a folder where it was trained before, and put there when it is."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.series import data_hash
from lstmwidgets.data.windows import make_windows
from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.model.storage import versions

if TYPE_CHECKING:
    from lstmwidgets.model.forecaster import LSTMForecaster

log = logging.getLogger(__name__)

MODEL_FILE = "model.safetensors"
"""A finished model's name, in a work folder and in a report's."""


def trained(
    series: pd.Series,
    config: LSTMConfig,
    folder: Path | None,
    auto: Sequence[str] = (),
    *,
    progress_bar: bool = True,
) -> LSTMForecaster:
    """A forecaster of a series: from the folder, if one of just this series and config is there, or trained.

    A training that was killed goes on where it was.

    Parameters
    ----------
    series, config
    folder : Path, optional
        For the model and for the state of an unfinished training; made where it is not there.
    auto : sequence of str
        The settings that the series chooses, whatever the config says.
    """
    if folder is not None and (found := _found(folder / MODEL_FILE, series, config, auto)) is not None:
        return found
    # A folder of its own for each training: one of other data or settings is no error, only of no use.
    unfinished = None if folder is None else folder / f"training-{_key(series, config, auto)}"
    train = partial(_self_tuned, names=tuple(auto)) if auto else _trained
    begun = unfinished is not None and unfinished.exists()
    try:
        forecaster = train(series, config, unfinished, progress_bar)
    except LSTMWidgetsError as error:
        if unfinished is None or not begun:
            raise
        log.info("the unfinished training in %s is of no use: %s", unfinished, error)
        shutil.rmtree(unfinished)
        forecaster = train(series, config, unfinished, progress_bar)
    if folder is not None and unfinished is not None:
        folder.mkdir(parents=True, exist_ok=True)
        forecaster.save(folder / MODEL_FILE)
        shutil.rmtree(unfinished, ignore_errors=True)
    return forecaster


def _trained(
    series: pd.Series, config: LSTMConfig, folder: Path | None, progress_bar: bool
) -> LSTMForecaster:
    from lstmwidgets.model.progress import ProgressBar
    from lstmwidgets.model.training import Trainer

    listeners = [ProgressBar()] if progress_bar else []
    forecaster = Trainer(series, config, callbacks=listeners, folder=folder).run().forecaster
    assert forecaster is not None, "a training that ended without an error has a forecaster"
    return forecaster


def _self_tuned(
    series: pd.Series, config: LSTMConfig, folder: Path | None, progress_bar: bool, *, names: tuple[str, ...]
) -> LSTMForecaster:
    from lstmwidgets.model.choosing.auto import SelfTuning
    from lstmwidgets.model.progress import ProgressBar

    def listeners(what: str) -> list[ProgressBar]:
        return [ProgressBar(what)] if progress_bar else []

    forecaster, decisions = SelfTuning(series, config, names, listeners=listeners, folder=folder).run()
    forecaster.decisions_ = decisions
    return forecaster


def kept_epoch(forecaster: LSTMForecaster) -> int:
    """The epoch whose weights a forecaster has; 0 for the ridge regression that a highway began as."""
    return 0 if is_line(forecaster) else 1 + int(forecaster.history_["val_loss"].to_numpy().argmin())


def is_line(forecaster: LSTMForecaster) -> bool:
    """Whether the forecast is that ridge regression itself, which no cell adds to."""
    from lstmwidgets.model import build

    return build.is_line(forecaster.model_)


def _found(path: Path, series: pd.Series, config: LSTMConfig, auto: Sequence[str]) -> LSTMForecaster | None:
    """The forecaster in a file, with its series again; None where it is another one, or no file of ours."""
    from lstmwidgets.model.forecaster import LSTMForecaster

    if not path.is_file():
        return None
    try:
        saved = LSTMForecaster.load(path)
    except LSTMWidgetsError as error:
        log.info("%s is of no use: %s", path, error)
        return None
    same = (
        saved.decisions_.chosen == tuple(auto)
        and saved.config.replace(**{name: getattr(config, name) for name in auto}) == config
        and saved.data_hash_ == data_hash(series)
        and saved.versions_ == versions()
        and _treatment(saved.series_) == _treatment(series)
    )
    if not same:
        return None
    windows = make_windows(series, saved.config)
    forecaster = LSTMForecaster.fitted(saved.config, series, windows, saved.model_)
    forecaster.history_, forecaster.decisions_ = saved.history_, saved.decisions_
    return forecaster


def _treatment(series: pd.Series) -> list[Any]:
    """What was done about missing values, as far as it decides what is read and scored."""
    repairs = series.attrs.get("repairs", [])
    return [bool(series.attrs.get("mask")), *([one["method"], one["points"]] for one in repairs)]


def _key(series: pd.Series, config: LSTMConfig, auto: Sequence[str]) -> str:
    decisive = [data_hash(series), config.model_dump(), _treatment(series), versions(), *auto]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
