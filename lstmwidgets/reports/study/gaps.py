"""What a report does about missing values, and what it says where they leave nothing to forecast from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lstmwidgets.analysis.diagnosis.checks.finding import percent
from lstmwidgets.analysis.repair import FILL_METHODS, LSTM, fill
from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.filling import filled
from lstmwidgets.data.windows import Windows, make_windows
from lstmwidgets.errors import LSTMWidgetsError

MASK = "mask"
"""Keep missing values as unknown, and let the network be told which they are."""

FILLS = (*FILL_METHODS, MASK)

_REMEDIES = ("linear", "forward", MASK)
"""What an error may advise, as each takes any series: the first that leaves something to train on."""

MOST_FILLED = 0.3
"""Where more than this share of the values is missing, no repair is advised: it would make up the series."""

USUAL, NEARLY_ALL = 0.05, 0.1
"""Of the tested windows, and of the values of one: see `Origin`."""

_FILL_FIRST = ", or fill the gaps first with lstmwidgets.fill"  # how a refusal of windows ends

_REACH = 1e15  # standard deviations; the square of 1e19 is the largest number of 32 bits


def checked_fill(method: Any) -> str | None:
    """A way of filling that there is, or None for none."""
    if method is not None and (not isinstance(method, str) or method not in FILLS):
        raise LSTMWidgetsError(
            f"fill={method!r} is not accepted: fill takes {', '.join(map(repr, FILLS))}, or None to leave "
            "gaps as they are"
        )
    return method


def repaired(series: pd.Series, method: str | None, *, progress_bar: bool = True) -> pd.Series:
    """The series with its missing values filled or marked as unknown; with None, itself."""
    if method is None:
        return series
    if method == MASK:
        return fill(series, mask=True)
    return fill(series, method, **({"progress_bar": progress_bar} if method == LSTM else {}))


def rehearsed(series: pd.Series, method: str | None) -> pd.Series:
    """As `repaired`, but with lines where an LSTM would have to be trained first."""
    return repaired(series, "linear" if method == LSTM else method)


@dataclass(frozen=True)
class Origin:
    """What the forecast after the data's end reads, and whether the test has seen the like.

    Attributes
    ----------
    read, filled, unknown : int
        Values read, and how many of them were filled or are kept as unknown.
    tested : bool
        Whether scores of the test part hold for it: at least `USUAL` of its forecasts were made from windows
        known no better, or nearly all is known, the newest values included.
    """

    read: int
    filled: int
    unknown: int
    tested: bool

    @property
    def made_up(self) -> int:
        """Values read that nobody observed."""
        return self.filled + self.unknown

    def __str__(self) -> str:
        kinds = {"filled": self.filled, "unknown": self.unknown}
        counted = " and ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
        return f"{counted or 'no filled'} value{'s' * (self.made_up != 1)} of {self.read:,}"


def origin_of(series: pd.Series, windows: Windows) -> Origin:
    """What a forecast from the end of a repaired series rests on, beside the windows it was tested on."""
    length, absent = windows.sequence_length, ~windows.known
    # How many of the values that end at a point are absent, and how many in a row up to it.
    before = np.concatenate([[0], np.cumsum(absent)])
    ends = np.append(np.asarray(windows.test) + length, len(absent))
    counts = before[ends] - before[ends - length]
    last = np.maximum.accumulate(np.where(absent, -1, np.arange(len(absent))))
    stale = ends - 1 - last[ends - 1]
    count, run = int(counts[-1]), int(stale[-1])
    alike = (counts[:-1] >= count) & (stale[:-1] >= run)
    nearly_all = run == 0 and count <= NEARLY_ALL * length
    put_in = int(np.count_nonzero(filled(series)[-length:]))
    return Origin(length, put_in, count - put_in, nearly_all or bool(alike.mean() >= USUAL))


def forecastable(series: pd.Series, config: LSTMConfig, method: str | None = None) -> Windows:
    """The windows of a series whose end can be forecast from.

    Parameters
    ----------
    series : pandas.Series
    config : LSTMConfig
    method : str, optional
        How it was repaired.

    Raises
    ------
    LSTMWidgetsError
        When a part has no complete window, or the newest values are missing; the message names the
        repair that would help, if one does.
    """
    try:
        with np.errstate(over="ignore"):
            windows = make_windows(series, config)
        check_end(series, config)
        check_reach(series, windows)
    except LSTMWidgetsError as error:
        said = str(error) if repairable(series) else str(error).removesuffix(_FILL_FIRST)
        remedy = _remedy(series, config)
        if method is not None and remedy and np.isnan(series.iloc[-1]):
            said += f". fill={method!r} (--fill {method}) fills no gap at the end: nothing comes after it"
        raise LSTMWidgetsError(f"{said}{remedy}") from None
    return windows


def check_end(series: pd.Series, config: LSTMConfig) -> None:
    """Refuse a series of which the newest values, which the forecast reads, are not known."""
    known = np.isfinite(series.to_numpy(np.float64))
    missing = int(np.count_nonzero(~known[-config.sequence_length :]))
    enough = missing < config.sequence_length if series.attrs.get("mask") else not missing
    if enough:
        return
    last = series.index[known][-1].isoformat(sep=" ")
    values = f"the newest sequence_length={config.sequence_length} values"
    raise LSTMWidgetsError(
        f"{missing} of {values} of {str(series.name)!r} are missing (the last known one is of {last}), and "
        "the forecast after the data's end reads all of them: repair them, or cut the series after its last "
        "complete stretch"
    )


def check_reach(series: pd.Series, windows: Windows) -> None:
    """Refuse values so far out that the squares of errors are no numbers of 32 bits any more."""
    values = np.where(np.isfinite(windows.read), windows.read, windows.scaler.mean)
    with np.errstate(over="ignore"):
        distance = np.abs(values - windows.scaler.mean) / windows.scaler.scale
    furthest = int(distance.argmax())
    if not distance[furthest] <= _REACH:
        when = series.index[furthest].isoformat(sep=" ")
        raise LSTMWidgetsError(
            f"the value {values[furthest]:g} of {str(series.name)!r} at {when} is {distance[furthest]:.1g} "
            "standard deviations from the mean of the training part, more than a network can reckon with: "
            "correct it, or leave it blank"
        )


def repairable(series: pd.Series) -> bool:
    """Whether so few values are missing that filling them may be advised."""
    return bool(series.isna().mean() <= MOST_FILLED)


def _remedy(series: pd.Series, config: LSTMConfig) -> str:
    """The end of a sentence: the first repair with which all is well; empty where gaps are not to blame."""
    if not series.isna().any() or series.attrs.get("mask"):
        return ""
    if not repairable(series):
        return (
            f". {percent(series.isna().mean())} of its values are missing, too many to fill: take a "
            "stretch with fewer gaps, or average to a coarser step"
        )
    for method in _REMEDIES:
        try:
            mended = repaired(series, method)
            make_windows(mended, config)
            check_end(mended, config)
        except LSTMWidgetsError:
            continue
        return f". In a report: fill={method!r}, on the command line --fill {method}"
    return ""
