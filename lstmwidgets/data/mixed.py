"""Tell a series that changes its frequency from one that has gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.grid import describe_freq, usual_step
from lstmwidgets.errors import LSTMWidgetsError

STEADY = 8
"""So many equal steps on end are no accident."""

MOST_EMPTY = 0.1
"""Share of its time that a series may spend at a coarser step: those rows then count as gaps."""

_DAY = 86_400_000_000  # microseconds
_CALENDAR = ((28, 31), (89, 92), (181, 184), (365, 366))  # days of a month, a quarter, half a year, a year


def refuse_mixed(times: pd.DatetimeIndex, name: str) -> None:
    """Refuse ascending timestamps of which long stretches stand further apart than others.

    On one grid, the fine one, such a series would seem to be full of gaps, and filling them would make up
    most of its values.

    Parameters
    ----------
    times : pandas.DatetimeIndex, ascending, no two equal
    name : str
        Their column, for the message.

    Raises
    ------
    LSTMWidgetsError
        When the stretches of coarser steps take up more than `MOST_EMPTY` of the time.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=20, freq="D")
    >>> refuse_mixed(days.append(pd.date_range("2024-01-21", periods=20, freq="h")), "ds")
    Traceback (most recent call last):
    lstmwidgets.errors.LSTMWidgetsError: column 'ds' mixes frequencies: daily until 2024-01-21, ...
    """
    runs = _runs(_steps(times))
    finest = min((step for step, _, _ in runs), default=0)
    span = (times[-1] - times[0]) / pd.Timedelta(microseconds=1)
    if sum((last - first) * (step - finest) for step, first, last in runs) <= MOST_EMPTY * span:
        return
    stretches = _joined(runs)
    offsets = {step: usual_step(times[first : last + 1]) for step, first, last in stretches}
    words = {step: describe_freq(offset) for step, offset in offsets.items() if offset is not None}
    told = [f"{words[step]} until {_day(times[last])}" for step, _, last in stretches[:3]]
    if len(stretches) <= len(told):
        told[-1] = f"{words[stretches[-1][0]]} after"
    else:
        told.append("and so on")
    fine, coarse = offsets[finest], offsets[max(offsets)]
    assert fine is not None and coarse is not None, "a stretch of equal steps has a usual one"
    empty = 100 * (1 - len(times) * finest / span)
    raise LSTMWidgetsError(
        f"column {name!r} mixes frequencies: {', '.join(told)}. Keep the rows of one of them, or average all "
        f'to the coarser step, for example series.resample("{coarse.freqstr}").mean(). Only if the values '
        f"between are missing indeed, {empty:.0f} % of all, pass freq={fine.freqstr!r}, on the command line "
        f"--freq {fine.freqstr}"
    )


def _steps(times: pd.DatetimeIndex) -> NDArray[np.int64]:
    """Microseconds between timestamps; weekends are passed over, and all months are equal, as are years."""
    steps = np.diff(times.as_unit("us").asi8)
    weekend = (steps == 3 * _DAY) & (times[:-1].day_of_week == 4)
    steps[weekend] = _DAY
    for shortest, longest in _CALENDAR:
        steps[(steps >= shortest * _DAY) & (steps <= longest * _DAY)] = shortest * _DAY
    return steps


def _runs(steps: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Each long run of equal steps: the step, and the rows where the run begins and ends."""
    edges = np.concatenate([[0], np.flatnonzero(np.diff(steps)) + 1, [len(steps)]])
    long = np.flatnonzero(np.diff(edges) >= STEADY)
    return [(int(steps[edges[one]]), int(edges[one]), int(edges[one + 1])) for one in long]


def _joined(runs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The same, but runs of one step with no other run between them as one."""
    joined = runs[:1]
    for step, first, last in runs[1:]:
        if step == joined[-1][0]:
            first = joined.pop()[1]
        joined.append((step, first, last))
    return joined


def _day(time: pd.Timestamp) -> str:
    return time.isoformat(sep=" ").removesuffix(" 00:00:00")
