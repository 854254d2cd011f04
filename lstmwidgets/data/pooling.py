"""The windows of many series side by side, for one network that learns from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.columns import ID_COLUMN
from lstmwidgets.data.series import read_unannounced
from lstmwidgets.data.windows import PARTS, Windows
from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True, eq=False)
class PooledWindows(Windows):
    """Windows of several series laid end to end; none reaches from one into the next.

    Attributes
    ----------
    members : tuple of Windows
        Those of each series, each on its own scale.
    offsets : int64 array, ascending
        Where each series begins in the arrays of all.
    """

    members: tuple[Windows, ...]
    offsets: NDArray[np.int64]

    def restore(self, outputs: NDArray[np.floating], starts: NDArray[np.integer]) -> NDArray[np.float64]:
        """Bring network outputs, shape (windows, horizon), back to the unit of each window's series."""
        owner = np.searchsorted(self.offsets, np.asarray(starts), side="right") - 1
        means = np.array([member.scaler.mean for member in self.members])[owner, None]
        scales = np.array([member.scaler.scale for member in self.members])[owner, None]
        return (np.asarray(outputs, np.float64) + self._levels(starts)) * scales + means


def pool(members: tuple[Windows, ...]) -> PooledWindows:
    """Lay the windows of several series end to end; they are of one config and the same features."""
    lengths = [len(member.values) for member in members]
    offsets = np.concatenate(([0], np.cumsum(lengths[:-1]))).astype(np.int64)
    first = members[0]
    other = next((member for member in members if member.features != first.features), None)
    if other is not None:
        raise LSTMWidgetsError(
            f"one series has the features {', '.join(first.features)} and another "
            f"{', '.join(other.features)}: series that share a network are repaired alike"
        )
    starts = {
        part: np.concatenate(
            [member.starts(part) + offset for member, offset in zip(members, offsets, strict=True)]
        ).astype(np.int32)
        for part in PARTS
    }
    return PooledWindows(
        values=np.concatenate([member.values for member in members]),
        features=first.features,
        centres=first.centres,
        read=np.concatenate([member.read for member in members]),
        known=np.concatenate([member.known for member in members]),
        scaler=first.scaler,
        split=first.split,
        sequence_length=first.sequence_length,
        horizon=first.horizon,
        train=starts["train"],
        validation=starts["validation"],
        test=starts["test"],
        left_out=sum(member.left_out for member in members),
        members=members,
        offsets=offsets,
    )


def read_panel(source: pd.DataFrame | Mapping[str, pd.Series]) -> dict[str, pd.Series]:
    """Read several series of one frequency, by their id.

    Parameters
    ----------
    source : DataFrame or mapping
        A long frame ``unique_id, ds, y``, or series by id, each as `lstmwidgets.read_series` reads it.

    Raises
    ------
    LSTMWidgetsError
        For another kind of source, a series that cannot be read (its id is named), or several
        frequencies.
    """
    if isinstance(source, pd.DataFrame):
        absent = [name for name in (ID_COLUMN, "ds", "y") if name not in source.columns]
        if absent:
            raise LSTMWidgetsError(
                f"the frame has no column {absent[0]!r}: a frame of several series has the columns "
                "unique_id, ds and y"
            )
        nameless = int(source[ID_COLUMN].isna().sum())
        if nameless:
            raise LSTMWidgetsError(
                f"{nameless:,} of the frame's {len(source):,} rows have no {ID_COLUMN}: name their series, "
                "or drop the rows"
            )
        groups = source.groupby(ID_COLUMN, sort=False)
        each_one: Mapping[Any, Any] = {name: group[["ds", "y"]] for name, group in groups}
    else:
        each_one = source
    if not isinstance(each_one, Mapping) or not each_one:
        raise LSTMWidgetsError(
            f"{type(source).__name__} holds no series: pass a frame unique_id, ds, y with rows, or a mapping "
            "from id to series"
        )
    found: dict[str, pd.Series] = {}
    for name, each in each_one.items():
        if str(name) in found:
            raise LSTMWidgetsError(
                f"two series are called {str(name)!r}, one of them by a {type(name).__name__}: rename one"
            )
        try:
            found[str(name)] = read_unannounced(each).rename(str(name))
        except LSTMWidgetsError as error:
            raise LSTMWidgetsError(f"series {str(name)!r}: {error}") from None
    freqs = {pd.DatetimeIndex(series.index).freqstr: name for name, series in found.items()}
    if len(freqs) > 1:
        listed = ", ".join(f"{freq!r} (such as {name!r})" for freq, name in list(freqs.items())[:3])
        raise LSTMWidgetsError(
            f"the series have different frequencies, {listed}: one network reads one; resample them, or fit "
            "them apart"
        )
    return found
