"""Bundled real series, each with its source and licence, and generators of made-up ones."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from lstmwidgets.data.series import read_unannounced
from lstmwidgets.errors import LSTMWidgetsError


@dataclass(frozen=True)
class Dataset:
    """One series that `load_dataset` knows: what it is, where it comes from and what it teaches."""

    name: str
    title: str
    unit: str
    source: str
    licence: str
    teaches: str
    season: int
    loader: Callable[[], pd.Series]


def sine_mix(
    length: int = 2000, periods: tuple[int, ...] = (24, 168), noise: float = 0.1, seed: int = 0
) -> pd.Series:
    """Sum of sine waves of amplitude 1, one for each period, with normal noise.

    Parameters
    ----------
    length : int, at least 2
        Hourly points.
    periods : tuple of int, each at least 2, in points
    noise : float, at least 0
        Standard deviation of the noise, in the unit of the waves.
    seed : int, at least 0

    Examples
    --------
    >>> waves = sine_mix(length=4, periods=(4,), noise=0.0)
    >>> [round(value, 6) + 0.0 for value in waves]
    [0.0, 1.0, 0.0, -1.0]
    """
    _check_whole("length", length, 2)
    _check_real("noise", noise)
    if not periods:
        raise LSTMWidgetsError(
            "periods=() is not accepted: sine_mix takes at least one period, for example (24,)"
        )
    for period in periods:
        _check_whole("periods", period, 2)
    steps = np.arange(length)
    waves = np.sum([np.sin(2 * np.pi * steps / period) for period in periods], axis=0)
    season = math.lcm(*periods)
    return _made("sine_mix", waves + noise * _random(seed).standard_normal(length), "h", season, length)


def trend_and_season(
    length: int = 480,
    slope: float = 0.05,
    amplitude: float = 3.0,
    season: int = 12,
    noise: float = 0.5,
    seed: int = 0,
) -> pd.Series:
    """A straight trend from 10, a sine season upon it, and normal noise.

    Parameters
    ----------
    length : int, at least 2
        Monthly points.
    slope : float
        Rise per month.
    amplitude : float, at least 0
        Half the height of the season.
    season : int, at least 2
        Points in one cycle.
    noise : float, at least 0
        Standard deviation of the noise.
    seed : int, at least 0

    Examples
    --------
    >>> trend_and_season(length=3, slope=1.0, amplitude=0.0, noise=0.0).to_list()
    [10.0, 11.0, 12.0]
    """
    _check_whole("length", length, 2)
    _check_whole("season", season, 2)
    _check_real("slope", slope, -math.inf)
    _check_real("amplitude", amplitude)
    _check_real("noise", noise)
    steps = np.arange(length)
    values = 10.0 + slope * steps + amplitude * np.sin(2 * np.pi * steps / season)
    return _made(
        "trend_and_season", values + noise * _random(seed).standard_normal(length), "MS", season, length
    )


def random_walk(length: int = 1000, step: float = 1.0, seed: int = 0) -> pd.Series:
    """A sum of independent normal steps: no forecast beats repeating the last value.

    Parameters
    ----------
    length : int, at least 2
        Daily points.
    step : float, at least 0
        Standard deviation of a step.
    seed : int, at least 0

    Examples
    --------
    >>> len(random_walk(length=30)), random_walk(length=30).index.freqstr
    (30, 'D')
    """
    _check_whole("length", length, 2)
    _check_real("step", step)
    return _made("random_walk", step * np.cumsum(_random(seed).standard_normal(length)), "D", 1, length)


def white_noise(length: int = 1000, scale: float = 1.0, seed: int = 0) -> pd.Series:
    """Independent normal values around 0: no forecast beats their mean.

    Parameters
    ----------
    length : int, at least 2
        Daily points.
    scale : float, at least 0
        Standard deviation.
    seed : int, at least 0

    Examples
    --------
    >>> white_noise(length=100, seed=1).equals(white_noise(length=100, seed=1))
    True
    """
    _check_whole("length", length, 2)
    _check_real("scale", scale)
    return _made("white_noise", scale * _random(seed).standard_normal(length), "D", 1, length)


def load_dataset(name: str) -> pd.Series:
    """Load a bundled series by name; nothing is downloaded.

    Parameters
    ----------
    name : str
        A row of `list_datasets`.

    Returns
    -------
    pandas.Series
        As `read_series` returns it; ``attrs`` also holds ``dataset``, ``title``, ``unit``,
        ``source``, ``licence``, ``teaches`` and ``season`` (points per cycle, 1 when there is none).

    Raises
    ------
    LSTMWidgetsError
        For an unknown name; the message lists the names, the closest first.

    Examples
    --------
    >>> nile = load_dataset("nile")
    >>> len(nile), nile.attrs["unit"], nile.to_list()[:2]
    (100, '10^8 m³ per year', [1120.0, 1160.0])
    """
    if name not in DATASETS:
        closest = difflib.get_close_matches(str(name).lower(), DATASETS, n=3, cutoff=0.4)
        names = list(dict.fromkeys([*closest, *DATASETS]))
        raise LSTMWidgetsError(
            f"there is no dataset {name!r}: the names are {', '.join(names)}. For a file of your own use "
            "read_series"
        )
    kept = _load(name)
    # A copy each time: what a caller does to values or attrs must not reach the next caller.
    series = kept.copy()
    series.attrs = deepcopy(kept.attrs)
    return series


def list_datasets() -> pd.DataFrame:
    """All bundled series: title, frequency, points, missing, unit, source, licence and what each teaches."""
    rows = []
    for name, dataset in DATASETS.items():
        series = _load(name)
        rows.append(
            {
                "name": name,
                "title": dataset.title,
                "frequency": series.attrs["freq"],
                "points": len(series),
                "missing": series.attrs["missing"],
                "unit": dataset.unit,
                "source": dataset.source,
                "licence": dataset.licence,
                "teaches": dataset.teaches,
            }
        )
    return pd.DataFrame(rows).set_index("name")


@cache
def _load(name: str) -> pd.Series:
    dataset = DATASETS[name]
    series = dataset.loader()
    series.attrs |= _declared(dataset) | {"season": series.attrs.get("season", dataset.season)}
    return series


def _declared(dataset: Dataset) -> dict[str, str]:
    kept = ("title", "unit", "source", "licence", "teaches")
    return {"dataset": dataset.name} | {key: getattr(dataset, key) for key in kept}


def _installed(package: str, *parts: str) -> Path:
    """A file inside an installed package, found without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise LSTMWidgetsError(f"the package {package!r} is not installed: run pip install {package}")
    return Path(spec.origin).parent.joinpath(*parts)


def _statsmodels(name: str, time: str, value: str, freq: str) -> pd.Series:
    return read_unannounced(_installed("statsmodels", "datasets", name, f"{name}.csv"), time, value, freq)


def _vega(name: str, value: str, freq: str) -> pd.Series:
    return read_unannounced(_installed("vega_datasets", "_data", f"{name}.csv"), "date", value, freq)


def _stock() -> pd.Series:
    prices = pd.read_csv(_installed("vega_datasets", "_data", "stocks.csv"))
    return read_unannounced(prices[prices["symbol"] == "IBM"].reset_index(drop=True), "date", "price", "MS")


def _made(name: str, values: np.ndarray, freq: str, season: int, length: int) -> pd.Series:
    index = pd.date_range("2020-01-01", periods=length, freq=freq, unit="us", name="ds")
    series = read_unannounced(pd.Series(values, index=index, name="y"))
    series.attrs |= _declared(DATASETS[name]) | {"season": season}
    return series


def _random(seed: int) -> np.random.Generator:
    _check_whole("seed", seed, 0)
    return np.random.default_rng(seed)


def _check_whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise LSTMWidgetsError(
            f"{name}={value!r} is not accepted: {name} takes a whole number from {least} up"
        )


def _check_real(name: str, value: object, least: float = 0.0) -> None:
    fits = isinstance(value, (int, float, np.floating, np.integer)) and not isinstance(value, bool)
    if not fits or not math.isfinite(value) or value < least:  # type: ignore[arg-type,operator]
        accepted = "a finite number" if least == -math.inf else f"a finite number from {least:g} up"
        raise LSTMWidgetsError(f"{name}={value!r} is not accepted: {name} takes {accepted}")


_US_GOVERNMENT = "public domain (work of the United States government)"
_MADE_SOURCE = "made by lstmwidgets from a seed"
_MADE_LICENCE = "none needed: made-up numbers"

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset(
            name="co2",
            title="CO2 in the air at Mauna Loa, weekly, 1958–2001",
            unit="ppm",
            source="Keeling & Whorf (2004), Scripps Institution of Oceanography, through CDIAC; statsmodels",
            licence="public domain, as statsmodels states; Scripps now offers its data under CC BY 4.0",
            teaches="A steady trend with a clear season, and missing weeks that windows must avoid.",
            season=52,
            loader=lambda: _statsmodels("co2", "date", "co2", "W-SAT"),
        ),
        Dataset(
            name="sunspots",
            title="Sunspot number, yearly, 1700–2008",
            unit="sunspot number",
            source="National Geophysical Data Center (NOAA); statsmodels",
            licence="public domain, as statsmodels states",
            teaches="A cycle of about 11 years whose length and height vary, so repeating it falls behind.",
            season=11,
            loader=lambda: _statsmodels("sunspots", "YEAR", "SUNACTIVITY", "YS-JAN"),
        ),
        Dataset(
            name="nile",
            title="Flow of the Nile at Aswan, yearly, 1871–1970",
            unit="10^8 m³ per year",
            source="Cobb (1978), Biometrika 65(2), 243–251; statsmodels",
            licence="public domain, as statsmodels states",
            teaches="A sudden drop in level near 1898, and a series too short for a network to learn much.",
            season=1,
            loader=lambda: _statsmodels("nile", "year", "volume", "YS-JAN"),
        ),
        Dataset(
            name="seattle_temperature",
            title="Usual temperature at Seattle-Tacoma airport, hourly, averages over 1981–2010",
            unit="°F",
            source="NOAA hourly climate normals, station USW00024233; vega_datasets (seattle-temps)",
            licence=_US_GOVERNMENT,
            teaches="A daily cycle on a yearly one, smooth because it is a 30-year average "
            "(dated 2010, but not that year's weather); one hour is missing where clocks went forward.",
            season=24,
            loader=lambda: _vega("seattle-temps", "temp", "h"),
        ),
        Dataset(
            name="seattle_weather",
            title="Highest temperature of the day in Seattle, 2012–2015",
            unit="°C",
            source="NOAA daily records; vega_datasets (seattle-weather, column temp_max)",
            licence=_US_GOVERNMENT,
            teaches="A yearly season under day-to-day noise: the season is easy, the next day is not.",
            season=365,
            loader=lambda: _vega("seattle-weather", "temp_max", "D"),
        ),
        Dataset(
            name="stock",
            title="IBM share price, monthly, January 2000 – March 2010",
            unit="US dollars",
            source="vega_datasets (stocks, symbol IBM), which names no origin",
            licence="not stated by vega_datasets: for teaching, do not redistribute without checking",
            teaches="Prices are close to a random walk: repeating the last value is very hard to beat.",
            season=1,
            loader=_stock,
        ),
        Dataset(
            name="sine_mix",
            title="Two sine waves with noise, hourly, made up",
            unit="none",
            source=_MADE_SOURCE,
            licence=_MADE_LICENCE,
            teaches="A pattern that a network can learn almost entirely: what is left is the noise.",
            season=168,
            loader=sine_mix,
        ),
        Dataset(
            name="trend_and_season",
            title="Straight trend and a season of 12 with noise, monthly, made up",
            unit="none",
            source=_MADE_SOURCE,
            licence=_MADE_LICENCE,
            teaches="Trend, season and noise, each of known size, to compare with what a network finds.",
            season=12,
            loader=trend_and_season,
        ),
        Dataset(
            name="random_walk",
            title="Random walk, daily, made up",
            unit="none",
            source=_MADE_SOURCE,
            licence=_MADE_LICENCE,
            teaches="It looks like a trend, yet no forecast beats repeating the last value.",
            season=1,
            loader=random_walk,
        ),
        Dataset(
            name="white_noise",
            title="White noise, daily, made up",
            unit="none",
            source=_MADE_SOURCE,
            licence=_MADE_LICENCE,
            teaches="Nothing can be learnt: no forecast beats the mean.",
            season=1,
            loader=white_noise,
        ),
    )
}
