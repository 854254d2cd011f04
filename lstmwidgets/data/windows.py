"""Cut a series in time order, scale it by its training part, and address its windows by index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.config import LSTMConfig
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


@dataclass(frozen=True)
class Scaler:
    """An affine scale ``(value - mean) / scale``, in the unit of the series."""

    mean: float
    scale: float

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Scale values of any shape; the result has no unit."""
        return ((values - self.mean) / self.scale).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Windows:
    """Sliding windows over one scaled series, as starting positions rather than copies.

    A window that starts at ``s`` reads ``values[s : s + sequence_length]`` and is to forecast the
    ``horizon`` values after it. It belongs to the part that holds all of its targets, so no target
    is shared between parts; its input may reach back into an earlier part, whose values are known
    by then. A window that would touch a missing value is left out.

    Attributes
    ----------
    values : float32 array, shape (timesteps, features)
        The scaled series, the target in column 0.
    scaler : Scaler
        Fitted on the training part alone.
    train, validation, test : int32 arrays, ascending
        Starting positions of each part's windows.
    left_out : int
        How many windows were left out because they touch a missing value.
    """

    values: NDArray[np.float32]
    scaler: Scaler
    split: Split
    sequence_length: int
    horizon: int
    centering: Literal["last", "none"]
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
        return reads - reads[:, -1:, :] if self.centering == "last" else reads

    def targets(self, starts: NDArray[np.integer]) -> NDArray[np.float32]:
        """What the network is to answer: shape (windows, horizon), scaled and centred."""
        origins = self.origins(starts)[:, None]
        ahead = self.values[origins + 1 + np.arange(self.horizon), 0]
        return ahead - self.values[origins, 0] if self.centering == "last" else ahead

    def restore(self, outputs: NDArray[np.floating], starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bring network outputs, shape (windows, horizon), back to the unit of the series."""
        scaled = np.asarray(outputs, dtype=np.float64)
        if self.centering == "last":
            scaled = scaled + self.values[self.origins(starts)[:, None], 0]
        return scaled * self.scaler.scale + self.scaler.mean


def make_windows(series: pd.Series, config: LSTMConfig, scaler: Scaler | None = None) -> Windows:
    """Split, scale and window a series as the config says.

    With ``centering="last"`` the scale is the root mean square of the training windows' targets
    after centring, so that a loss of 1 is the training error of repeating the last value. With
    ``"none"`` it is the training part's standard deviation.

    Parameters
    ----------
    series : pandas.Series
        Regularly spaced values, missing ones as NaN.
    config : LSTMConfig
        Uses ``sequence_length``, ``horizon``, the two fractions and ``centering``.
    scaler : Scaler, optional
        That of a forecaster already trained; by default one is fitted on the training part.

    Raises
    ------
    LSTMWidgetsError
        When a part holds no complete window, or when the training part never changes; the
        message names the setting to change and the largest value that fits.
    """
    raw = series.to_numpy(dtype=np.float64)
    if np.isinf(raw).any():
        raise LSTMWidgetsError(
            f"the series has infinite values ({raw[np.isinf(raw)][0]} at position "
            f"{int(np.isinf(raw).argmax())}): correct them, or set them to NaN to mark them as missing"
        )
    split = chronological_split(len(raw), config.validation_fraction, config.test_fraction)
    _check_room(split, config)
    known = np.isfinite(raw)
    reach = config.sequence_length + config.horizon
    missing_before = np.concatenate(([0], np.cumsum(~known)))
    starts, left_out = {}, 0
    for part in PARTS:
        begin, end = split.bounds(part)
        first = max(0, begin - config.sequence_length)
        candidates = np.arange(first, end - reach + 1, dtype=np.int32)
        complete = missing_before[candidates + reach] == missing_before[candidates]
        starts[part] = candidates[complete]
        left_out += int(np.count_nonzero(~complete))
        if not complete.any():
            raise LSTMWidgetsError(
                f"each of the {len(candidates)} windows of the {part} part touches a missing value "
                f"({int(np.count_nonzero(~known))} of {len(raw)} values are missing): lower "
                f"sequence_length={config.sequence_length} or horizon={config.horizon}, "
                f"or fill the gaps first"
            )
    if scaler is None:
        scaler = _fit_scaler(raw[: split.train_end], starts["train"], config)
    return Windows(
        values=scaler.transform(raw)[:, None],
        scaler=scaler,
        split=split,
        sequence_length=config.sequence_length,
        horizon=config.horizon,
        centering=config.centering,
        left_out=left_out,
        **starts,
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


def _fit_scaler(train: NDArray[np.float64], starts: NDArray[np.int32], config: LSTMConfig) -> Scaler:
    low, high = float(np.nanmin(train)), float(np.nanmax(train))
    mean = float(np.nanmean(train))
    if config.centering == "last":
        origins = starts + (config.sequence_length - 1)
        last = train[origins]
        squares = [np.mean((train[origins + ahead] - last) ** 2) for ahead in range(1, config.horizon + 1)]
        scale = float(np.sqrt(np.mean(squares)))
    else:
        scale = float(np.nanstd(train))
    # Rounding leaves a constant such as 0.1 a standard deviation of 1e-17: compare the values themselves.
    if low == high:
        raise LSTMWidgetsError(
            f"the train part never changes (every value is {mean:g}): there is nothing to learn. "
            "Use a series that varies, or a larger train part"
        )
    if not np.isfinite(mean) or not np.isfinite(scale) or scale == 0.0:
        raise LSTMWidgetsError(
            f"the train part has no usable scale (values from {low:g} to {high:g}): give the series "
            "another unit, for example thousands, or use complete windows that vary"
        )
    return Scaler(mean=mean, scale=scale)
