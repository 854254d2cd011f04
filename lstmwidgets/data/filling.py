"""Fill the gaps of a series by a rule, and keep a record of what was filled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.data.series import plain_attrs, season_length
from lstmwidgets.errors import LSTMWidgetsError

METHODS = ("forward", "backward", "mean", "linear", "seasonal")
"""The rules that `fill_gaps` knows."""

Floats = NDArray[np.float64]

# Known values of the same phase that are averaged on each side of a gap. In gaps punched into Beijing's
# PM2.5, Seattle's temperature, CO2 and ETTh1, three were up to 25 % better than one, and as good as five.
_CYCLES = 3

_REASONS = {
    "forward": "no value is known before them",
    "backward": "no value is known after them",
    "mean": "",
    "linear": (
        "they lie before the first or after the last known value, and a line drawn on would be a forecast"
    ),
    "seasonal": (
        "they lie before the first or after the last known value, or no value of their phase is known in "
        "another cycle"
    ),
}


def fill_gaps(series: pd.Series, method: str, season: int | None = None) -> pd.Series:
    """Fill missing values by a rule; the result says which points were filled, and how.

    Nothing is drawn on beyond the data: a point that the rule cannot reach from known values stays
    NaN and is told. Every rule but "forward" looks ahead: it uses values that came after the gap.
    A forecast that *reads* such a point knows a little of its future, so that a backtest is
    flattered where windows end in a gap; filled points are never *scored* in this package, and
    "forward" is the rule that a forecast could have used in its time.

    Parameters
    ----------
    series : pandas.Series
        Numbers on a DatetimeIndex with a ``freq``, as `read_series` gives it. All values that are
        there count as known, those filled earlier among them.
    method : str
        "forward" repeats the value before the gap, and "backward" the one after it. "mean" puts
        the mean of all known values. "linear" draws a line from the value before to the value
        after. "seasonal" puts values of the same phase, adjusted for trend and level: see Notes.
    season : int, optional
        Points in a cycle, from 2 up, for "seasonal"; by default `season_length` of the series.

    Returns
    -------
    pandas.Series
        A float64 copy. ``attrs["repairs"]`` gains a record, plain JSON: ``method``, ``points``
        (filled), ``gaps`` (first time, last time and points of each run that was filled), ``left``
        (points that stay NaN), ``why`` (the reason, or ""), ``cut`` (first and last time of what is
        known or filled, only where points stay at an end), ``looks_ahead``, ``reach`` (how far, as
        `record_repair` has it), and ``season`` for "seasonal"; ``attrs["notes"]`` gains the sentence
        that `describe_repairs` gives. Without a missing value there is no record, and a note says so.

    Raises
    ------
    LSTMWidgetsError
        For something other than a series of numbers on a regular time index, an unknown method,
        infinite values, a largest value outside 1e-100 to 1e100, no known value, or a season that does
        not fit.

    Notes
    -----
    The seasonal rule, for a missing time ``t`` and a season of ``m`` points: let ``b`` be the mean
    of the three nearest known values at ``t - m, t - 2m, …`` and ``B`` the mean of their times, and
    ``a`` and ``A`` the same for ``t + m, t + 2m, …``. Then ``s(t) = b + (a - b)(t - B)/(A - B)``,
    a line through the same phase. Where one side has no value, ``s(t) = b + d(t - B)/m`` or the
    like, with ``d`` the median of all known ``y(t) - y(t - m)``. The known points next to the gap
    tell how far the level lies from that rule just there, ``e = y - s``; the filled value is
    ``s(t)`` plus the line from the ``e`` before the gap to the ``e`` after it. This is linear
    interpolation of the seasonally adjusted series, as ``na.interp`` of the R package forecast
    does it (Hyndman & Khandakar, 2008, https://doi.org/10.18637/jss.v027.i03), with a season that
    may change over the years. It is exact on a straight trend plus a fixed season, also for gaps
    longer than a season.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=5, freq="D")
    >>> series = fill_gaps(pd.Series([np.nan, 1.0, np.nan, np.nan, 4.0], index=days), "linear")
    >>> series.to_list()
    [nan, 1.0, 2.0, 3.0, 4.0]
    >>> series.attrs["repairs"][0]["gaps"]
    [['2020-01-03T00:00:00', '2020-01-04T00:00:00', 2]]
    >>> describe_repairs(series)
    ["2 missing values in 1 gap were filled by the rule 'linear', which uses values from after the gap.
    1 missing value stays: it lies before the first or after the last known value, and a line drawn on
    would be a forecast. No filling reaches the ends: cut the series there,
    series.loc['2020-01-02T00:00:00':'2020-01-05T00:00:00']."]
    """
    values = _checked(series)
    if method not in METHODS:
        raise LSTMWidgetsError(
            f"method={method!r} is not accepted: fill_gaps takes {', '.join(map(repr, METHODS))}"
        )
    season = _fitting_season(series, season) if method == "seasonal" else None
    if not np.isnan(values).any():
        return record_repair(series, values, method)
    reach: int | str = "gap"
    if method == "forward":
        estimates, reach = _carried(values), 0
    elif method == "backward":
        estimates = _carried(values[::-1])[::-1]
    elif method == "mean":
        estimates, reach = np.full(len(values), np.nanmean(values)), "all"
    elif season is None:
        estimates = _between(values)
    else:
        estimates, reach = _seasonal(values, season)
    return record_repair(
        series,
        estimates,
        method,
        reach=reach,
        why=_REASONS[method],
        settings={} if season is None else {"season": season},
    )


def seasonal_estimates(values: Floats, season: int) -> Floats:
    """Fill NaN from the same phase of other cycles, adjusted for trend and level: see `fill_gaps`.

    Parameters
    ----------
    values : float array (timesteps,), NaN where missing
    season : int, from 2 up, below ``timesteps``

    Returns
    -------
    float array (timesteps,)
        ``values``, with NaN left only before the first and after the last known value, and where
        no other cycle knows the phase.

    Examples
    --------
    A rise of 1 a step, and 10 on top of every second one:

    >>> seasonal_estimates(np.array([10.0, 1, 12, np.nan, np.nan, np.nan, 16, 7, 18]), season=2).tolist()
    [10.0, 1.0, 12.0, 3.0, 14.0, 5.0, 16.0, 7.0, 18.0]
    """
    return _seasonal(values, season)[0]


def _seasonal(values: Floats, season: int) -> tuple[Floats, int]:
    """`seasonal_estimates`, and how many steps past a gap's last point they read at most."""
    known = np.isfinite(values)
    places = np.flatnonzero(known)
    inside = np.arange(len(values))
    missing = inside[~known & (inside > places[0]) & (inside < places[-1])]
    if not len(missing):
        return values.copy(), 0
    # The known points next to each missing one: the ends of its gap.
    after = np.searchsorted(places, missing)
    left, right = places[after - 1], places[after]
    ends = np.unique([left, right])
    level, read = np.full(len(values), np.nan), np.zeros(len(values), dtype=np.int64)
    season_there, read[ends] = _same_phase(values, ends, season)
    level[ends] = values[ends] - season_there
    share = (missing - left) / (right - left)
    # Where one end cannot tell the level, the other does; where none can, the season stands alone.
    from_left, from_right = level[left], level[right]
    from_left = np.where(np.isnan(from_left), from_right, from_left)
    from_right = np.where(np.isnan(from_right), from_left, from_right)
    offset = np.nan_to_num((1 - share) * from_left + share * from_right)
    estimates = values.copy()
    season_there, read[missing] = _same_phase(values, missing, season)
    estimates[missing] = season_there + offset
    furthest = np.max([read[missing], read[left], read[right]], axis=0) - (right - 1)
    return estimates, int(furthest[np.isfinite(estimates[missing])].max(initial=0))


def _same_phase(values: Floats, at: NDArray[np.intp], season: int) -> tuple[Floats, NDArray[np.intp]]:
    """What known values of the same phase in other cycles say of some points, NaN where none can; and
    the last position that was read for each."""
    cycles = -(-len(values) // season)
    known = np.zeros(cycles * season, dtype=np.bool_)
    known[: len(values)] = np.isfinite(values)
    # Ordered by phase, then by cycle, so that neighbours of the same phase stand side by side.
    keys = np.flatnonzero(known.reshape(cycles, season).T)
    places = keys % cycles * season + keys // cycles
    key = (at % season) * cycles + at // season
    steps = np.arange(_CYCLES)
    before = np.searchsorted(keys, key)[:, None] - 1 - steps
    after = np.searchsorted(keys, key, side="right")[:, None] + steps
    before_at, before_value, _ = _mean_of(values, places, before, at, season)
    after_at, after_value, last = _mean_of(values, places, after, at, season)
    change = values[season:] - values[:-season]
    change = change[np.isfinite(change)]
    drift = np.median(change) / season if len(change) else np.nan
    one_sided = np.where(
        np.isnan(before_at), after_value + drift * (at - after_at), before_value + drift * (at - before_at)
    )
    slope = (after_value - before_value) / (after_at - before_at)
    both = before_value + slope * (at - before_at)
    alone = np.isnan(both)  # then the drift is needed, which the whole series tells
    return np.where(alone, one_sided, both), np.where(alone, places.max(), last)


def _mean_of(
    values: Floats, places: NDArray[np.intp], rows: NDArray[np.intp], at: NDArray[np.intp], season: int
) -> tuple[Floats, Floats, NDArray[np.intp]]:
    """Mean time, mean value and last time of some known neighbours of each point, of its phase only."""
    chosen = places[np.clip(rows, 0, len(places) - 1)]
    fits = (rows >= 0) & (rows < len(places)) & (chosen % season == (at % season)[:, None])
    count = fits.sum(axis=1).astype(np.float64)
    count[count == 0] = np.nan
    times = chosen * fits
    return (
        times.sum(axis=1) / count,
        np.where(fits, values[chosen], 0.0).sum(axis=1) / count,
        times.max(axis=1),
    )


def _carried(values: Floats) -> Floats:
    """Each missing value as the known one before it; NaN stays before the first."""
    last = np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))
    return values[last]


def _between(values: Floats) -> Floats:
    """Lines across the gaps; NaN stays before the first and after the last known value."""
    steps = np.arange(len(values))
    known = np.isfinite(values)
    return np.interp(steps, steps[known], values[known], left=np.nan, right=np.nan)


def record_repair(
    series: pd.Series,
    estimates: Floats,
    method: str,
    *,
    reach: int | str = "all",
    why: str = "",
    settings: dict[str, Any] | None = None,
) -> pd.Series:
    """A copy of a series with estimates where it is NaN, and the record of that in its attrs.

    Every way of filling ends here, so that all leave the same record.

    Parameters
    ----------
    series : pandas.Series, on a DatetimeIndex with a ``freq``
    estimates : float array (timesteps,)
        What to put in; NaN where the way of filling has nothing to say. Read at missing points only.
    method : str
        Its name, for the record.
    reach : int, "gap" or "all"
        How far ahead was read: 0 for not at all; "gap" for the first known value after each gap; a
        number of steps past the last point of a gap, the most that any of them took; "all" for
        whatever came. For "seasonal" it is ``3 * season + 1`` where nothing else is missing, more
        where known values of a phase lie further apart, and up to the last known value for gaps
        before or next to the first cycle, which need the drift. ``looks_ahead`` is ``reach != 0``.
    why : str
        Why points were left, for example "no value is known before them".
    settings : dict, plain JSON, optional
        More to keep in the record, for example ``{"season": 24}``.

    Returns
    -------
    pandas.Series
        As `fill_gaps` describes it.
    """
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    missing = np.isnan(values)
    put = missing & np.isfinite(estimates)
    result = pd.Series(np.where(put, estimates, values), index=series.index, name=series.name)
    result.attrs |= plain_attrs(series)
    notes = list(result.attrs.get("notes", []))
    if not missing.any():
        result.attrs["notes"] = [*notes, f"No value is missing: the rule {method!r} filled nothing."]
        return result
    left = int(np.count_nonzero(missing & ~put))
    record = {
        "method": method,
        "points": int(np.count_nonzero(put)),
        "gaps": _runs(result.index, put),
        "left": left,
        "why": why if left else "",
        "looks_ahead": reach != 0,
        "reach": reach,
        **(settings or {}),
    }
    there = np.flatnonzero(result.notna())
    if len(there) and (there[0] > 0 or there[-1] < len(result) - 1):
        record["cut"] = [result.index[place].isoformat() for place in there[[0, -1]]]
    result.attrs["repairs"] = [*result.attrs.get("repairs", []), record]
    result.attrs["notes"] = [*notes, _sentence(record)]
    if "missing" in result.attrs:
        result.attrs["missing"] = left
    return result


def _runs(index: pd.Index, chosen: NDArray[np.bool_]) -> list[list[Any]]:
    """First time, last time and length of each run of chosen points."""
    edges = np.flatnonzero(np.diff(chosen.astype(np.int8), prepend=0, append=0))
    return [
        [index[begin].isoformat(), index[end - 1].isoformat(), int(end - begin)]
        for begin, end in zip(edges[0::2], edges[1::2], strict=True)
    ]


def filled(series: pd.Series) -> NDArray[np.bool_]:
    """Which points of a series were filled, as ``attrs["repairs"]`` tells.

    Also right for a part of a filled series: ``attrs`` goes with it, and times are looked up.

    Returns
    -------
    bool array (timesteps,)
        All False for a series that was never filled; False too where a value is NaN (again).

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=3, freq="D")
    >>> filled(fill_gaps(pd.Series([1.0, np.nan, 3.0], index=days), "forward")).tolist()
    [False, True, False]
    """
    mask = np.zeros(len(series) + 1, dtype=np.int64)
    gaps = [gap for repair in series.attrs.get("repairs", []) for gap in repair["gaps"]]
    if gaps:
        first, last = ([_moment(gap[side], series) for gap in gaps] for side in (0, 1))
        np.add.at(mask, series.index.searchsorted(pd.DatetimeIndex(first)), 1)
        np.add.at(mask, series.index.searchsorted(pd.DatetimeIndex(last), side="right"), -1)
    inside = mask.cumsum()[:-1] > 0
    return inside & ~np.isnan(series.to_numpy(dtype=np.float64, na_value=np.nan))


def _moment(text: str, series: pd.Series) -> pd.Timestamp:
    """A time of a record as the index would have it, whether either of them knows its zone or not."""
    moment, zone = pd.Timestamp(text), pd.DatetimeIndex(series.index).tz
    if moment.tz is None:
        return (
            moment if zone is None else moment.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
        )
    # What read_series did when it took the zone away, its note says.
    universal = any("converted to UTC" in note for note in series.attrs.get("notes", []))
    return moment.tz_convert(zone) if zone is not None or universal else moment.tz_localize(None)


def describe_repairs(series: pd.Series) -> list[str]:
    """One sentence or two for each repair of a series, in the order they were made; [] without any."""
    return [_sentence(record) for record in series.attrs.get("repairs", [])]


def _sentence(record: dict[str, Any]) -> str:
    points, gaps, left = record["points"], len(record["gaps"]), record.get("left", 0)
    rule = f"the rule {record['method']!r}" + (f" (season {record['season']})" if "season" in record else "")
    if points:
        told = f"{_values(points)} in {_counted(gaps, 'gap')} {_were(points)} filled by {rule}"
        if record.get("looks_ahead"):
            told += f", which uses values from after the gap{'s' * (gaps != 1)}"
    else:
        told = f"{rule[0].upper()}{rule[1:]} could fill no missing value"
    if not left:
        return told + "."
    why = record.get("why", "")
    if left == 1:
        why = why.replace("they lie", "it lies").replace("them", "it").replace("their", "its")
    told += f". {_values(left)} stay{'s' * (left == 1)}{f': {why}' if why else ''}."
    if "cut" in record:
        told += " No filling reaches the ends: cut the series there, series.loc[{!r}:{!r}].".format(
            *record["cut"]
        )
    return told


def _values(count: int) -> str:
    return _counted(count, "missing value")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _checked(series: Any) -> Floats:
    """The values of a series that can be filled."""
    if not isinstance(series, pd.Series):
        raise LSTMWidgetsError(
            f"fill_gaps takes a pandas Series, not {type(series).__name__}: pass what read_series returns"
        )
    if not isinstance(series.index, pd.DatetimeIndex) or series.index.freq is None:
        raise LSTMWidgetsError(
            f"the series has no frequency (its index is a {type(series.index).__name__}): pass it through "
            "read_series, which puts times without a row in as NaN"
        )
    if not pd.api.types.is_numeric_dtype(series.dtype) or pd.api.types.is_complex_dtype(series.dtype):
        raise LSTMWidgetsError(
            f"the series holds {series.dtype}, not numbers: pass it through read_series, or as "
            'series.astype("float64")'
        )
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    infinite = np.isinf(values)
    if infinite.any():
        shown = _listed(series.index[infinite])
        raise LSTMWidgetsError(
            f"the series has {_counted(int(infinite.sum()), 'infinite value')}, at {shown}: put NaN there to "
            "mark them as missing, series.replace([numpy.inf, -numpy.inf], numpy.nan)"
        )
    if np.isnan(values).all():
        raise LSTMWidgetsError(
            f"all {len(values):,} values of the series are missing: there is nothing to fill them from"
        )
    largest = float(np.nanmax(np.abs(values)))
    if largest and not 1e-100 <= largest <= 1e100:  # beyond, squares and cubes of them are no numbers
        raise LSTMWidgetsError(
            f"the largest value of the series is {largest:g}, and filling takes 1e-100 to 1e100: use another "
            f"unit, series / {largest:.0e}"
        )
    return values


def _listed(times: Iterable[pd.Timestamp]) -> str:
    named = [time.isoformat(sep=" ") for time in times]
    return ", ".join(named[:3]) + (f" and {len(named) - 3:,} more" if len(named) > 3 else "")


def _fitting_season(series: pd.Series, season: Any) -> int:
    given = season is not None
    if not given:
        season = season_length(series)
    if isinstance(season, bool) or not isinstance(season, (int, np.integer)) or (given and season < 2):
        raise LSTMWidgetsError(
            f"season={season!r} is not accepted: season takes a whole number of points from 2 up"
        )
    if season < 2:
        raise LSTMWidgetsError(
            "a series of this frequency has no usual season: pass season=, the points in one "
            "cycle, or use method='linear'"
        )
    if season >= len(series):
        raise LSTMWidgetsError(
            f"season={season} does not fit a series of {len(series):,} points: none has another one cycle "
            "away. Pass a shorter season=, or use method='linear'"
        )
    return int(season)
