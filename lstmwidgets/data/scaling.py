"""Scales that a network learns well on, of a series and its covariates, fitted on the training part alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import Reading, calendar_table
from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True)
class Scaler:
    """Affine scales ``(value - mean) / scale``: of the series, and of each covariate.

    Attributes
    ----------
    mean, scale : float
        Of the series, in its unit.
    covariates : tuple of (name, mean, scale)
        Of each covariate, in its own unit.
    """

    mean: float
    scale: float
    covariates: tuple[tuple[str, float, float], ...] = ()

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale values of the series, of any shape; the result has no unit."""
        return ((values - self.mean) / self.scale).astype(np.float32)

    def table(self, reading: Reading, calendar: tuple[str, ...]) -> NDArray[np.float32]:
        """All that a network reads, scaled: shape (timesteps, features), in the order of `feature_names`."""
        columns = [self.transform(reading.values)[:, None]]
        if self.covariates:
            _, means, scales = zip(*self.covariates, strict=True)
            columns.append(((reading.covariates - means) / scales).astype(np.float32))
        if calendar:
            columns.append(calendar_table(reading.index, calendar))
        if reading.masked:
            columns.append(reading.known[:, None].astype(np.float32))
        return np.concatenate(columns, axis=1)


def centres(features: int, covariates: int, config: LSTMConfig) -> NDArray[np.float32]:
    """1 for each feature that is read relative to the window's last value, else 0, shape (features,).

    The calendar and the flag of a masked series mean the same wherever the series stands.
    """
    relative = (np.arange(features) <= covariates) & (config.centering == "last")
    return relative.astype(np.float32)


def fit_scaler(reading: Reading, train_end: int, starts: NDArray[np.int32], config: LSTMConfig) -> Scaler:
    """Scales from the first ``train_end`` time steps alone; see `lstmwidgets.make_windows` for which.

    ``starts`` are the starting positions of the training windows.

    Raises
    ------
    LSTMWidgetsError
        When the series or a covariate never changes there, or has no usable scale.
    """
    read = reading.values[:train_end]
    train = np.where(reading.known[:train_end], read, np.nan)  # what was filled sets no scale
    with np.errstate(over="ignore"):
        low, high, mean = float(np.nanmin(train)), float(np.nanmax(train)), float(np.nanmean(train))
    # Rounding leaves a constant such as 0.1 a standard deviation of 1e-17: compare the values themselves.
    if low == high:
        raise LSTMWidgetsError(
            f"the train part never changes (every value is {mean:g}): there is nothing to learn. "
            "Use a series that varies, or a larger train part"
        )
    if config.centering == "last":
        origins = starts + (config.sequence_length - 1)
        power = 2 if config.loss == "squared" else 1
        total, count = 0.0, 0
        for ahead in range(1, config.horizon + 1):
            changes = train[origins + ahead] - read[origins]
            with np.errstate(over="ignore"):  # infinite is no usable scale, which is said below
                total += float(np.nansum(np.abs(changes) ** power))
            count += int(np.isfinite(changes).sum())
        scale = (total / count) ** (1 / power)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            scale = float(np.nanstd(train))
    if not np.isfinite(mean) or not np.isfinite(scale) or scale == 0.0:
        raise LSTMWidgetsError(
            f"the train part has no usable scale (values from {low:g} to {high:g}): give the series "
            "another unit, for example thousands, or use complete windows that vary"
        )
    return Scaler(mean, scale, tuple(_covariate_scales(reading, train_end)))


def _covariate_scales(reading: Reading, train_end: int) -> Iterator[tuple[str, float, float]]:
    for name, column in zip(reading.names, reading.covariates[:train_end].T, strict=True):
        known = column[np.isfinite(column)]
        if not known.size or known.min() == known.max():
            found = f"every value is {known[0]:g}" if known.size else "every value is missing"
            raise LSTMWidgetsError(
                f"the covariate {name!r} never changes in the train part ({found}): leave the column out"
            )
        yield name, float(known.mean()), float(known.std())
