"""What a network reads beside the series itself: covariates, the calendar, and which values are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.offsets import BaseOffset

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.filling import filled
from lstmwidgets.errors import LSTMWidgetsError

TARGET, KNOWN = "value", "known"
"""Names of the first feature, the series itself, and of the last one of a masked series."""

_DAY = pd.Timedelta(days=1)
_LENGTHS = {"day": _DAY, "week": 7 * _DAY, "year": pd.Timedelta(days=365.2425)}


@dataclass(frozen=True, eq=False)
class Reading:
    """A series as windows read it, with what is read beside it; all in their own units.

    Attributes
    ----------
    index : pandas.DatetimeIndex
    values : float64 array, shape (timesteps,)
        Filled values included. Of a masked series the last known value stands where one is missing, as
        in Che et al. (2018), Recurrent Neural Networks for Multivariate Time Series with Missing
        Values, Scientific Reports 8. NaN where nothing is read.
    known : bool array, shape (timesteps,)
        Which values were really observed: neither missing nor filled.
    covariates : float64 array, shape (timesteps, columns)
    names : tuple of str
        Of the covariates.
    masked : bool
        Whether ``known`` is read as a feature of its own.
    """

    index: pd.DatetimeIndex
    values: NDArray[np.float64]
    known: NDArray[np.bool_]
    covariates: NDArray[np.float64]
    names: tuple[str, ...]
    masked: bool

    def last(self, length: int) -> Reading:
        """The last ``length`` time steps."""
        return Reading(
            self.index[-length:],
            self.values[-length:],
            self.known[-length:],
            self.covariates[-length:],
            self.names,
            self.masked,
        )


def reading_of(series: pd.Series, covariates: pd.DataFrame | None = None) -> Reading:
    """What is read of a series: its values, repaired as its attrs say, and its covariates.

    Parameters
    ----------
    series : pandas.Series
        Regularly spaced, missing values as NaN; ``attrs["repairs"]`` tells which were filled, and
        ``attrs["mask"]`` whether the others are to be read as unknown.
    covariates : pandas.DataFrame, optional
        Numbers on timestamps that include all of the series'.

    Raises
    ------
    LSTMWidgetsError
        For infinite values, and covariates that are no numbers or do not reach over the series.
    """
    raw = series.to_numpy(dtype=np.float64)
    if np.isinf(raw).any():
        raise LSTMWidgetsError(
            f"the series has infinite values ({raw[np.isinf(raw)][0]} at position "
            f"{int(np.isinf(raw).argmax())}): correct them, or set them to NaN to mark them as missing"
        )
    masked = bool(series.attrs.get("mask", False))
    index = pd.DatetimeIndex(series.index)
    table, names = _covariates(covariates, index)
    return Reading(
        index=index,
        values=_carried_forward(raw) if masked else raw,
        known=np.isfinite(raw) & ~filled(series),
        covariates=table,
        names=names,
        masked=masked,
    )


def _carried_forward(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each missing value replaced by the last known one before it; NaN where there is none."""
    places = np.where(np.isfinite(values), np.arange(len(values)), -1)
    last = np.maximum.accumulate(places)
    carried: NDArray[np.float64] = np.where(last >= 0, values[np.maximum(last, 0)], np.nan)
    return carried


def _covariates(
    frame: pd.DataFrame | None, index: pd.DatetimeIndex
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    if frame is None:
        return np.empty((len(index), 0)), ()
    if not isinstance(frame, pd.DataFrame) or not isinstance(frame.index, pd.DatetimeIndex):
        raise LSTMWidgetsError(
            f"covariates={type(frame).__name__} is not accepted: pass a DataFrame of numbers on a "
            "DatetimeIndex, as read_covariates gives it"
        )
    names = tuple(str(name) for name in frame.columns)
    taken = [name for name in names if name in (TARGET, KNOWN) or names.count(name) > 1]
    if taken:
        raise LSTMWidgetsError(
            f"a covariate cannot be called {taken[0]!r}: the names {TARGET!r} and {KNOWN!r} are taken, and "
            "each column needs its own; rename it"
        )
    for name in frame.columns:
        kind = frame[name].dtype
        if not pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_complex_dtype(kind):
            raise LSTMWidgetsError(
                f"the covariate {name!r} holds no real numbers ({kind}): convert or drop the column"
            )
    absent = index.difference(frame.index)
    if len(absent) or frame.index.has_duplicates:
        trouble = (
            f"{len(absent):,} of the series' {len(index):,} timestamps, the first {absent[0]!s}"
            if len(absent)
            else "some timestamps twice"
        )
        raise LSTMWidgetsError(
            f"the covariates {'lack' if len(absent) else 'have'} {trouble}: they need exactly one row for "
            "each; cut the series to where they are known"
        )
    table = frame.loc[index].to_numpy(np.float64)
    if np.isinf(table).any():
        column = names[int(np.isinf(table).any(axis=0).argmax())]
        raise LSTMWidgetsError(
            f"the covariate {column!r} has infinite values: correct them, or set them to NaN"
        )
    return table, names


def feature_names(covariates: tuple[str, ...], calendar: tuple[str, ...], masked: bool) -> tuple[str, ...]:
    """The features of a network in their order, the series itself first."""
    return (TARGET, *covariates, *calendar, *((KNOWN,) if masked else ()))


def calendar_names(freq: BaseOffset) -> tuple[str, ...]:
    """The calendar features of a frequency: a sine and a cosine for each cycle longer than two steps.

    Raises
    ------
    LSTMWidgetsError
        When the steps are so long that no cycle is left.

    Examples
    --------
    >>> calendar_names(pd.tseries.frequencies.to_offset("D"))
    ('week sin', 'week cos', 'year sin', 'year cos')
    """
    start = pd.Timestamp("2001-01-01")
    step = (start + 8 * freq - (start + 4 * freq)) / 4
    cycles = [name for name, length in _LENGTHS.items() if step * 2 < length]
    if not cycles:
        raise LSTMWidgetsError(
            f"calendar='cycles' has nothing to add: with the frequency {freq.freqstr!r} no day, week or year "
            "is longer than two steps. Use calendar='none'"
        )
    return tuple(f"{cycle} {wave}" for cycle in cycles for wave in ("sin", "cos"))


def calendar_of(config: LSTMConfig, index: pd.DatetimeIndex) -> tuple[str, ...]:
    """The calendar features that a config asks for, by the series' frequency."""
    if config.calendar == "none":
        return ()
    if index.freq is None:
        raise LSTMWidgetsError(
            "calendar='cycles' needs a series with a frequency, and its index has none: pass it through "
            "read_series"
        )
    return calendar_names(index.freq)


def calendar_table(index: pd.DatetimeIndex, names: tuple[str, ...]) -> NDArray[np.float32]:
    """Where each time stands in its cycles, in [-1, 1]: shape (timesteps, len(names))."""
    into_day = (index - index.normalize()) / _DAY
    share = {
        "day": np.asarray(into_day),
        "week": np.asarray((index.day_of_week + into_day) / 7),
        "year": np.asarray((index.day_of_year - 1 + into_day) / 365.2425),
    }
    waves: dict[str, Any] = {"sin": np.sin, "cos": np.cos}
    columns = [waves[wave](2 * np.pi * share[cycle]) for cycle, wave in (name.split() for name in names)]
    return np.stack(columns, axis=-1).astype(np.float32) if columns else np.empty((len(index), 0), np.float32)
