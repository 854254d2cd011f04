"""Fill a series' gaps in the way that punched gaps say is best."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lstmwidgets.analysis.fill_scores import draw_gaps, fill_table, lengths_to_punch
from lstmwidgets.data.filling import METHODS, fill_gaps, filled, record_repair
from lstmwidgets.data.punching import positions, punched
from lstmwidgets.data.series import plain_attrs
from lstmwidgets.errors import LSTMWidgetsError

if TYPE_CHECKING:
    from lstmwidgets.model.imputing import LSTMImputer

LSTM = "lstm"
FILL_METHODS = (*METHODS, LSTM)
"""All that `fill` knows, the simplest first."""

Floats = NDArray[np.float64]


def fill(
    series: pd.Series,
    method: str | None = None,
    *,
    mask: bool = False,
    season: int | None = None,
    **settings: Any,
) -> pd.Series:
    """Fill missing values, or mark them as unknown; the result says what was done.

    ``fill(series, "seasonal")`` fills. ``fill(series, mask=True)`` keeps the gaps: a network then reads
    the last known value in them, and beside it a flag that says what is known. Which method is best
    for a series is what `compare_fills` measures.

    Parameters
    ----------
    series : pandas.Series
        Numbers on a DatetimeIndex with a ``freq``, as `read_series` gives it.
    method : str, optional
        "forward", "backward", "mean", "linear" (the default) or "seasonal", as in
        `lstmwidgets.data.filling.fill_gaps`, or "lstm": `lstmwidgets.model.imputing.LSTMImputer`,
        trained on this series. All but "forward" look ahead: they use values from after a gap.
    mask : bool
        Keep the gaps, and let the flag ``known`` be read. Goes without a method.
    season : int, optional
        Points in a cycle, for "seasonal" and "lstm"; by default `season_length` of the series.
    **settings
        Of `LSTMImputer`, and ``progress_bar``, for "lstm" only.

    Returns
    -------
    pandas.Series
        A float64 copy. Filled, ``attrs["repairs"]`` gains a record; masked, ``attrs["mask"]`` is True.
        Either way ``attrs["notes"]`` gains a sentence.

    Raises
    ------
    LSTMWidgetsError
        For an unknown method or setting, a method together with ``mask=True``, and whatever the method
        cannot take.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=3, freq="D")
    >>> gappy = pd.Series([1.0, np.nan, 3.0], index=days)
    >>> fill(gappy, "linear").to_list()
    [1.0, 2.0, 3.0]
    >>> masked = fill(gappy, mask=True)
    >>> masked.to_list(), masked.attrs["mask"]
    ([1.0, nan, 3.0], True)
    """
    if not isinstance(mask, (bool, np.bool_)):
        raise LSTMWidgetsError(f"mask={mask!r} is not accepted: mask takes True or False")
    if mask:
        given = [f"method={method!r}"] if method is not None else []
        given += [
            f"{name}={value!r}" for name, value in {"season": season, **settings}.items() if value is not None
        ]
        if given:
            raise LSTMWidgetsError(
                f"mask=True keeps the gaps, and {', '.join(given)} fills them: either fill(series, "
                f"mask=True), or fill(series, {'linear' if method is None else method!r}) without mask"
            )
        return _masked(series)
    method = _checked_method("linear" if method is None else method)
    if method == LSTM:
        return _lstm_fill(series, season=season, **settings)
    if settings:
        raise LSTMWidgetsError(
            f"{next(iter(settings))}={next(iter(settings.values()))!r} is not accepted: settings go with "
            f"method={LSTM!r}, and not with {method!r}"
        )
    if season is not None and method != "seasonal":
        raise LSTMWidgetsError(
            f"season={season!r} goes with method='seasonal' or {LSTM!r}, not with {method!r}: leave it out"
        )
    return fill_gaps(series, method, season)


def compare_fills(
    series: pd.Series,
    methods: Sequence[str] | None = None,
    *,
    gaps: Sequence[int] | None = None,
    repeats: int = 8,
    seed: int = 0,
    season: int | None = None,
    **settings: Any,
) -> pd.DataFrame:
    """Punch gaps into what is known, fill them by each method, and tell how far off each was.

    The gaps have the lengths of the series' real ones, and lie anywhere where all is known, with the
    same chance. All methods fill the same gaps, and none reads a punched value; the LSTM imputer is
    trained once, with the gaps of all repeats missing. Values filled earlier count as missing.

    A method is equal to the best within noise where its mean absolute error is less than two standard
    errors above it. The standard error is that of the difference, by stretches of the series, a fiftieth
    of it or twice the longest gap: the points of a gap err together, and so do neighbouring gaps and the
    same place punched again, so that more ``repeats`` do not pass for more data. Of fewer than 20 gaps
    the sentence says that they are too few.

    Parameters
    ----------
    series : pandas.Series
        Numbers on a DatetimeIndex with a ``freq``, as `read_series` gives it.
    methods : sequence of str, optional
        Of those that `fill` takes. By default all that the series allows; ``attrs["notes"]`` tells of
        the others.
    gaps : sequence of int, optional
        Lengths to punch, in points. By default those of the series' own gaps, or 1, 1, 1, 2, 3, 5,
        8, 13 and 24 where it has none. Each time as many gaps are punched as are given, at least 20,
        and at most a twentieth of the known values.
    repeats : int
        How often new places are drawn, from 1 to 100.
    seed : int
        Of the places, and of the LSTM.
    season, **settings
        As in `fill`.

    Returns
    -------
    pandas.DataFrame
        A row a method, the lowest ``mae`` first. In the unit of the series: ``mae``, ``rmse``; the mean
        absolute errors ``short``, ``medium`` and ``long`` in gaps of these classes (NaN where none
        was punched); ``worst``, the largest error; ``spread``, the standard deviation of
        ``mae`` over the repeats; ``behind``, how far ``mae`` lies above the best, and ``noise``, two standard
        errors of that. ``seconds`` that the filling took, training included, and the ``points`` scored,
        those that every method filled.

        ``attrs``, plain JSON: ``sentence`` (what follows), ``best``, ``advice`` (the simplest
        method that is equal to the best within noise), ``classes`` (least and greatest length of
        each), ``punched`` (gaps in all), ``notes``.

    Raises
    ------
    LSTMWidgetsError
        For input that `fill` refuses, an unknown method, lengths that fit nowhere, or fewer than three
        known values.

    Examples
    --------
    >>> days = pd.date_range("2020-01-01", periods=180, freq="D")
    >>> straight = pd.Series(np.arange(180.0), index=days)
    >>> table = compare_fills(straight, ["forward", "linear"], gaps=[3])
    >>> table["mae"].round(6).to_dict()
    {'linear': 0.0, 'forward': 2.0}
    >>> table.attrs["sentence"]
    "'linear' has the lowest mean absolute error over 24 punched gaps: 0, against 2 for 'forward'."
    """
    values = np.where(filled(_checked(series)), np.nan, series.to_numpy(dtype=np.float64, na_value=np.nan))
    known = np.isfinite(values)
    if not isinstance(repeats, (int, np.integer)) or isinstance(repeats, bool) or not 1 <= repeats <= 100:
        raise LSTMWidgetsError(
            f"repeats={repeats!r} is not accepted: repeats takes a whole number from 1 to 100"
        )
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise LSTMWidgetsError(f"seed={seed!r} is not accepted: seed takes a whole number from 0 up")
    notes: list[str] = []
    lengths = lengths_to_punch(known, gaps, notes)
    draws = [
        draw_gaps(known, lengths, np.random.default_rng([int(seed), repeat])) for repeat in range(repeats)
    ]
    if not all(draws):
        raise LSTMWidgetsError(
            f"a twentieth of the {int(known.sum()):,} known values is less than a gap of {lengths.min()} "
            "points: pass shorter gaps=, or a longer series"
        )
    original = pd.Series(values, index=series.index, name=series.name)
    original.attrs = {"season": series.attrs["season"]} if "season" in series.attrs else {}
    chosen = _checked_methods(methods)
    bar = settings.pop("progress_bar", True)
    imputer = _imputer(season=season, **{"seed": int(seed), **settings}) if LSTM in chosen else None
    if settings and imputer is None:
        raise LSTMWidgetsError(
            f"{next(iter(settings))}={next(iter(settings.values()))!r} is not accepted: settings go with "
            f"{LSTM!r}, which is not among the methods"
        )
    everything = values
    for draw in draws:
        everything = punched(everything, draw)
    answers: dict[str, list[Floats]] = {}
    seconds: dict[str, float] = {}
    for method in chosen:
        began = time.perf_counter()
        try:
            fill_one: Callable[[pd.Series], pd.Series]
            if method == LSTM and imputer is not None:
                fill_one = imputer.fit(_like(original, everything), progress_bar=bar).fill
            else:
                fill_one = partial(fill_gaps, method=method, season=season if method == "seasonal" else None)
            answers[method] = [
                fill_one(_like(original, punched(values, draw))).to_numpy()[positions(draw)] for draw in draws
            ]
        except LSTMWidgetsError as error:
            if methods is not None or (method == "seasonal" and season is not None):
                raise
            notes.append(f"{method!r} is left out: {error}")
        else:
            seconds[method] = time.perf_counter() - began
    return fill_table(values, draws, answers, seconds, FILL_METHODS, notes)


def _masked(series: pd.Series) -> pd.Series:
    values = _checked(series).to_numpy(dtype=np.float64, na_value=np.nan)
    missing = int(np.isnan(values).sum())
    note = (
        f"{missing:,} missing value{'s' * (missing != 1)} {'is' if missing == 1 else 'are'} kept as unknown: "
        "a network reads the last known value there, and a flag."
        if missing
        else "No value is missing: the flag of the masked series says that all are known."
    )
    kept = plain_attrs(series)
    result = pd.Series(values.copy(), index=series.index, name=series.name)
    result.attrs.update({**kept, "mask": True, "notes": [*kept.get("notes", []), note]})
    return result


def _lstm_fill(series: pd.Series, progress_bar: bool = True, **settings: Any) -> pd.Series:
    values = _checked(series).to_numpy(dtype=np.float64, na_value=np.nan)
    imputer = _imputer(**settings)
    if not np.isnan(values).any():
        return record_repair(series, values, LSTM)
    return imputer.fit(series, progress_bar=progress_bar).fill(series)


def _imputer(**settings: Any) -> LSTMImputer:
    from lstmwidgets.model.imputing import LSTMImputer  # TensorFlow takes seconds to import

    accepted = list(inspect.signature(LSTMImputer).parameters)
    unknown = [name for name in settings if name not in accepted]
    if unknown:
        raise LSTMWidgetsError(
            f"{unknown[0]}={settings[unknown[0]]!r} is not accepted: the settings of LSTMImputer are "
            f"{', '.join(accepted)}"
        )
    return LSTMImputer(**settings)


def _like(series: pd.Series, values: Floats) -> pd.Series:
    """A series of the same times, and so of the same season."""
    other = pd.Series(values, index=series.index, name=series.name)
    other.attrs = dict(series.attrs)
    return other


def _checked(series: Any) -> pd.Series:
    """A series that can be filled: `fill_gaps` knows what that takes."""
    fill_gaps(series, "linear")
    checked: pd.Series = series
    return checked


def _checked_method(method: Any) -> str:
    if not isinstance(method, str) or method not in FILL_METHODS:
        raise LSTMWidgetsError(
            f"method={method!r} is not accepted: fill takes {', '.join(map(repr, FILL_METHODS))}; or no "
            "method and mask=True"
        )
    return method


def _checked_methods(methods: Any) -> tuple[str, ...]:
    if methods is None:
        return FILL_METHODS
    if isinstance(methods, str) or not isinstance(methods, Sequence) or not methods:
        raise LSTMWidgetsError(
            f"methods={methods!r} is not accepted: methods takes a list, for example ['linear', 'lstm']"
        )
    return tuple(dict.fromkeys(_checked_method(method) for method in methods))
