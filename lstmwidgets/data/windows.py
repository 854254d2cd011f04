"""Cut a series in time order, scale it by its training part, and address its windows by index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.features import Reading, calendar_of, feature_names, reading_of
from lstmwidgets.data.scaling import Scaler, centres, fit_scaler
from lstmwidgets.errors import LSTMWidgetsError

Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Where the training part of a series ends, and where the validation part ends.

    Attributes
    ----------
    train_end, validation_end, length : int
        Positions: train is ``[0, train_end)``, validation ``[train_end, validation_end)`` and
        test ``[validation_end, length)``.
    """

    train_end: int
    validation_end: int
    length: int

    def bounds(self, part: Part) -> tuple[int, int]:
        """First position of a part, and the position after its last."""
        edges = (0, self.train_end, self.validation_end, self.length)
        number = PARTS.index(part)
        return edges[number], edges[number + 1]

    def size(self, part: Part) -> int:
        """How many time steps a part holds."""
        start, end = self.bounds(part)
        return end - start


def chronological_split(length: int, validation_fraction: float, test_fraction: float) -> Split:
    """Split ``length`` time steps into train, validation and test, in time order.

    Examples
    --------
    >>> chronological_split(100, 0.2, 0.1)
    Split(train_end=70, validation_end=90, length=100)
    """
    test = round(length * test_fraction)
    validation = round(length * validation_fraction)
    return Split(train_end=length - validation - test, validation_end=length - test, length=length)


@dataclass(frozen=True, eq=False)
class Windows:
    """Sliding windows over one scaled series, as starting positions rather than copies.

    A window that starts at ``s`` reads ``values[s : s + sequence_length]`` and is to forecast the
    ``horizon`` values after it. It belongs to the part that holds all of its targets, so no target
    is shared between parts; its input may reach back into an earlier part, whose values are known
    by then. A window is left out when anything it would read is missing, or none of its targets was
    observed. A target that was not observed, missing or filled, is never learned from or scored.

    Attributes
    ----------
    values : float32 array, shape (timesteps, features)
        What is read, scaled: the series in column 0.
    features : tuple of str
        Name of each column: see `feature_names`.
    centres : float32 array, shape (features,)
        1 where a window reads a feature relative to its last value there, else 0.
    read : float64 array, shape (timesteps,)
        The series as windows read it, in its unit, filled values included; NaN where nothing is read.
    known : bool array, shape (timesteps,)
        Which values were observed: neither missing nor filled.
    scaler : Scaler
        Fitted on the training part alone.
    train, validation, test : int32 arrays, ascending
        Starting positions of each part's windows.
    left_out : int
        How many windows were left out.
    """

    values: NDArray[np.float32]
    features: tuple[str, ...]
    centres: NDArray[np.float32]
    read: NDArray[np.float64]
    known: NDArray[np.bool_]
    scaler: Scaler
    split: Split
    sequence_length: int
    horizon: int
    train: NDArray[np.int32]
    validation: NDArray[np.int32]
    test: NDArray[np.int32]
    left_out: int

    def starts(self, part: Part) -> NDArray[np.int32]:
        """Starting positions of one part's windows."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[part]

    def origins(self, starts: NDArray[np.integer]) -> NDArray[np.integer]:
        """Position of the last value each window has read: its forecast begins one step later."""
        return starts + (self.sequence_length - 1)

    def inputs(self, starts: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the network reads: shape (windows, sequence_length, features), scaled and centred."""
        reads = self.values[starts[:, None] + np.arange(self.sequence_length)]
        return reads - self.centres * reads[:, -1:, :]

    def targets(self, starts: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the network is to answer, scaled and centred; NaN where it was not observed.

        Returns
        -------
        float32 array, shape (windows, horizon)
        """
        ahead = self._ahead(starts)
        targets = np.where(self.known[ahead], self.values[ahead, 0], np.float32(np.nan))
        return targets - self._levels(starts)

    def observed(self, starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """What came after each window, in the unit of the series; NaN where it was not observed.

        Returns
        -------
        float64 array, shape (windows, horizon)
        """
        ahead = self._ahead(starts)
        return np.where(self.known[ahead], self.read[ahead], np.nan)

    def restore(self, outputs: NDArray[np.floating], starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bring network outputs, shape (windows, horizon), back to the unit of the series."""
        scaled = np.asarray(outputs, dtype=np.float64) + self._levels(starts)
        return scaled * self.scaler.scale + self.scaler.mean

    def count_observed(self, starts: NDArray[np.integer]) -> int:
        """How many targets of some windows were observed."""
        before = np.concatenate(([0], np.cumsum(self.known)))
        first = np.asarray(starts, np.int64) + self.sequence_length
        return int((before[first + self.horizon] - before[first]).sum())

    @property
    def all_known(self) -> bool:
        """Whether every target of every window was observed."""
        return all(self.count_observed(one) == len(one) * self.horizon for one in map(self.starts, PARTS))

    def _ahead(self, starts: NDArray[np.integer]) -> NDArray[np.integer]:
        return self.origins(np.asarray(starts))[:, None] + 1 + np.arange(self.horizon)

    def _levels(self, starts: NDArray[np.integer]) -> NDArray[np.float32]:
        """What each window's answer is relative to, shape (windows, 1)."""
        return self.centres[0] * self.values[self.origins(np.asarray(starts))[:, None], 0]


def make_windows(
    series: pd.Series,
    config: LSTMConfig,
    scaler: Scaler | None = None,
    *,
    covariates: pd.DataFrame | None = None,
    split: Split | None = None,
) -> Windows:
    """Split, scale and window a series as the config says.

    With ``centering="last"`` the scale is the size of the training windows' targets after centring,
    their root mean square or, with ``loss="absolute"``, their mean size: so a loss of 1 is the training
    error of repeating the last value. With ``"none"`` it is the training part's standard deviation.

    Parameters
    ----------
    series : pandas.Series
        Regularly spaced values, missing ones as NaN; its attrs tell which were filled, and whether
        the missing ones are to be read as unknown: see `lstmwidgets.fill`.
    config : LSTMConfig
        Uses ``sequence_length``, ``horizon``, the two fractions, ``centering``, ``calendar`` and ``loss``.
    scaler : Scaler, optional
        That of a forecaster already trained; by default one is fitted on the training part.
    covariates : pandas.DataFrame, optional
        Other series known up to each window's end, a column each, on timestamps that include all of
        the series'. Each is scaled to a standard deviation of 1 and centred like the series itself.
    split : Split, optional
        Where the parts end, in place of the config's two fractions.

    Raises
    ------
    LSTMWidgetsError
        When a part holds no complete window, or when the training part never changes; the
        message names the setting to change and the largest value that fits.
    """
    reading = reading_of(series, covariates)
    length = len(reading.values)
    if split is None:
        split = chronological_split(length, config.validation_fraction, config.test_fraction)
    elif not 0 < split.train_end <= split.validation_end <= split.length == length:
        raise LSTMWidgetsError(
            f"split={split} is not accepted: of the series' {length} points, train_end and validation_end "
            "cut three parts in time order"
        )
    _check_room(split, config)
    return _cut(reading, config, split, scaler, may_be_empty=False)


def windows_over(
    series: pd.Series,
    config: LSTMConfig,
    split: Split,
    covariates: pd.DataFrame | None = None,
    scaler: Scaler | None = None,
) -> Windows:
    """Windows as `make_windows` cuts them, of a series whose parts may also be empty.

    Without a scaler, one is fitted on the training part.
    """
    return _cut(reading_of(series, covariates), config, split, scaler, may_be_empty=True)


def _cut(
    reading: Reading, config: LSTMConfig, split: Split, scaler: Scaler | None, *, may_be_empty: bool
) -> Windows:
    starts, left_out = _complete_windows(reading, split, config, may_be_empty)
    if scaler is None:
        scaler = fit_scaler(reading, split.train_end, starts["train"], config)
    elif tuple(name for name, *_ in scaler.covariates) != reading.names:
        expected = ", ".join(name for name, *_ in scaler.covariates) or "none"
        raise LSTMWidgetsError(
            f"the covariates are {', '.join(reading.names) or 'none'}, and the forecaster was fitted with "
            f"{expected}: pass covariates= with the same columns in the same order"
        )
    calendar = calendar_of(config, reading.index)
    features = feature_names(reading.names, calendar, reading.masked)
    return Windows(
        values=scaler.table(reading, calendar),
        features=features,
        centres=centres(len(features), len(reading.names), config),
        read=reading.values,
        known=reading.known,
        scaler=scaler,
        split=split,
        sequence_length=config.sequence_length,
        horizon=config.horizon,
        left_out=left_out,
        **starts,
    )


def _complete_windows(
    reading: Reading, split: Split, config: LSTMConfig, may_be_empty: bool
) -> tuple[dict[Part, NDArray[np.int32]], int]:
    """Starting positions of each part's windows, and how many were left out."""
    readable = np.isfinite(reading.values) & np.isfinite(reading.covariates).all(axis=1)
    unread = np.concatenate(([0], np.cumsum(~readable)))
    observed = np.concatenate(([0], np.cumsum(reading.known)))
    # Of a masked series, a window in which nothing was observed says nothing.
    heard = observed if reading.masked else np.arange(len(observed))
    length, reach = config.sequence_length, config.sequence_length + config.horizon
    starts: dict[Part, NDArray[np.int32]] = {}
    left_out = 0
    for part in PARTS:
        begin, end = split.bounds(part)
        candidates = np.arange(max(0, begin - length), end - reach + 1, dtype=np.int32)
        inside, after = candidates + length, candidates + reach
        complete = (
            (unread[inside] == unread[candidates])
            & (heard[inside] > heard[candidates])
            & (observed[after] > observed[inside])
        )
        starts[part] = candidates[complete]
        left_out += int(np.count_nonzero(~complete))
        if not may_be_empty and not complete.any():
            raise LSTMWidgetsError(_no_window(reading, part, len(candidates), config))
    return starts, left_out


def _no_window(reading: Reading, part: str, candidates: int, config: LSTMConfig) -> str:
    missing = int(np.count_nonzero(~np.isfinite(reading.values)))
    unknown = np.flatnonzero(~np.isfinite(reading.covariates).all(axis=0))
    if not missing and len(unknown):
        return (
            f"each of the {candidates} windows of the {part} part reads a missing value of the covariate "
            f"{reading.names[unknown[0]]!r}: fill it first, or leave the column out"
        )
    if not missing:
        return (
            f"none of the {candidates} windows of the {part} part has an observed value both to read and to "
            "forecast, because a gap reaches over all of it: use a longer series, or larger parts"
        )
    return (
        f"each of the {candidates} windows of the {part} part touches a missing value "
        f"({missing} of {len(reading.values)} values are missing): lower "
        f"sequence_length={config.sequence_length} or horizon={config.horizon}, or fill the gaps first with "
        "lstmwidgets.fill"
    )


def _check_room(split: Split, config: LSTMConfig) -> None:
    for part in PARTS[1:]:
        if split.size(part) == 0:
            raise LSTMWidgetsError(
                f"the series has {split.length} points, too few for a {part} part: use a longer series"
            )
        if split.size(part) < config.horizon:
            raise LSTMWidgetsError(
                f"horizon={config.horizon} does not fit: the {part} part has {split.size(part)} of the "
                f"series' {split.length} points. Lower horizon to at most {split.size(part)}, raise "
                f"{part}_fraction={config.model_dump()[part + '_fraction']:g}, or use a longer series"
            )
    room = split.train_end - config.horizon
    if config.sequence_length > room:
        remedy = f"Lower sequence_length to at most {room}" if room > 0 else "Lower horizon"
        raise LSTMWidgetsError(
            f"sequence_length={config.sequence_length} with horizon={config.horizon} does not fit: the train "
            f"part has {split.train_end} of the series' {split.length} points. {remedy}, "
            "or use a longer series"
        )
