"""Which values of a setting a validation curve tries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lstmwidgets.config import LSTMConfig
from lstmwidgets.data.auditing.seasons import find_seasons
from lstmwidgets.data.features import reading_of
from lstmwidgets.data.windows import chronological_split, make_windows
from lstmwidgets.errors import LSTMWidgetsError

PARAMETERS = ("units", "sequence_length")
"""Settings of which a larger value makes a larger model, or one that reads more."""

_FEWEST_UNITS, _MOST_UNITS = 4, 64
_WINDOWS_PER_UNIT = 4
_SHORTEST, _FEWEST_LENGTHS, _MOST_LENGTHS = 8, 4, 6


def checked_values(config: LSTMConfig, parameter: str, values: Sequence[int]) -> list[int]:
    """The values in ascending order, each accepted by the config.

    Raises
    ------
    LSTMWidgetsError
        When there is none, one is twice, or one is out of the parameter's bounds.

    Examples
    --------
    >>> checked_values(LSTMConfig(), "units", [32, 8, 16])
    [8, 16, 32]
    """
    if not isinstance(values, (Sequence, np.ndarray, range)) or isinstance(values, (str, bytes)):
        raise LSTMWidgetsError(
            f"values={values!r} is not accepted: pass a list of whole numbers, such as [4, 8, 16, 32]"
        )
    if not len(values):
        raise LSTMWidgetsError(
            f"values is empty: pass one value of {parameter} or more, such as [4, 8, 16, 32], or leave it out"
        )
    each: list[int] = [getattr(config.replace(**{parameter: value}), parameter) for value in values]
    for place, value in enumerate(each):
        if value in each[:place]:
            raise LSTMWidgetsError(f"values={list(values)!r} has {value} twice: give each value once")
    return sorted(each)


def default_values(series: pd.Series, config: LSTMConfig, parameter: str) -> list[int]:
    """Values to try where none are given.

    Of ``units``, doublings from 4 to 64, as long as four training windows come to each unit, and at least
    up to 16. Of ``sequence_length``, half the shortest cycle, declared or found in the training part, that
    cycle and its doublings, and the other cycles, with halves of the shortest where these are few; of a
    series without cycles, doublings from 8. None is longer than half of the training part or four of the
    longest cycle, and gaps leave windows of each in every part.

    Parameters
    ----------
    series : pandas.Series
        As `lstmwidgets.read_series` returns it.
    config : LSTMConfig
        Its parts and its horizon.
    parameter : "units" or "sequence_length"
    """
    if parameter == "units":
        return _units(len(series), config)
    lengths = _lengths(series, config)
    return [length for length in lengths if _fits(series, config, length)] or lengths[:1]


def _units(points: int, config: LSTMConfig) -> list[int]:
    split = chronological_split(points, config.validation_fraction, config.test_fraction)
    windows = split.train_end - config.sequence_length - config.horizon + 1
    most = min(_MOST_UNITS, max(4 * _FEWEST_UNITS, windows // _WINDOWS_PER_UNIT))
    return _doublings(_FEWEST_UNITS, most)


def _lengths(series: pd.Series, config: LSTMConfig) -> list[int]:
    split = chronological_split(len(series), config.validation_fraction, config.test_fraction)
    bound = int(LSTMConfig.parameters()["sequence_length"].maximum or 0)
    room = min(bound, split.train_end // 2, split.train_end - config.horizon)
    if room < 1:
        return [1]  # whoever trains says that the series is too short
    index = pd.DatetimeIndex(series.index)
    declared = series.attrs.get("season")
    train = reading_of(series).values[: split.train_end]
    found = find_seasons(train, index.freq, declared).found
    cycles = {one.period for one in found if one.verdict != "none"} | {int(declared or 1)}
    fitting = sorted(cycle for cycle in cycles if 1 < cycle <= room)
    if not fitting:
        return _doublings(min(_SHORTEST, room), room)[:_MOST_LENGTHS]
    shortest, longest = fitting[0], fitting[-1]
    lengths = {longest}
    for length in [*fitting, shortest // 2, *_doublings(shortest, min(room, 4 * longest))]:
        if all(abs(length - other) > 0.2 * other for other in lengths):
            lengths.add(length)
    while len(lengths) < _FEWEST_LENGTHS and min(lengths) // 2 >= _SHORTEST:
        lengths.add(min(lengths) // 2)
    return sorted(lengths)


def _fits(series: pd.Series, config: LSTMConfig, length: int) -> bool:
    """Whether gaps leave windows of a length in every part."""
    try:
        make_windows(series, config.replace(sequence_length=length))
    except LSTMWidgetsError:
        return False
    return True


def _doublings(first: int, last: int) -> list[int]:
    found = [first]
    while 2 * found[-1] <= last:
        found.append(2 * found[-1])
    return found
