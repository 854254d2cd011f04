"""A series that changes its frequency is refused, and one with gaps is read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import lstmwidgets as lw


def read(times: pd.DatetimeIndex, freq: str | None = None) -> pd.Series:
    return lw.read_series(pd.DataFrame({"ds": times, "y": np.arange(len(times), dtype=float)}), freq=freq)


def times(start: str, periods: int, freq: str) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=periods, freq=freq)


HOURS = times("2024-04-10", 200, "h")
NIGHTS = [
    one
    for day in times("2024-01-01", 9, "D")
    for one in [*pd.date_range(day, periods=72, freq="10min"), *pd.date_range(day, periods=24, freq="h")[12:]]
]


@pytest.mark.parametrize(
    ("mixed", "said"),
    [
        (times("2024-01-01", 100, "D").append(HOURS), "daily until 2024-04-10, hourly after"),
        (HOURS.append(times("2024-04-19", 100, "D")), "hourly until 2024-04-18 07:00:00, daily after"),
        (times("2024-01-01", 72, "B").append(HOURS), "business days until 2024-04-10, hourly after"),
        (
            times("2020-01-01", 36, "MS").append(times("2023-01-01", 99, "D")),
            "monthly until 2023-01-01, daily",
        ),
        (
            times("1950-01-01", 30, "YS").append(times("1980-01-01", 40, "QS")),
            "yearly until .*, quarterly after",
        ),
        (pd.DatetimeIndex(NIGHTS), "every 10min until 2024-01-01 12:00:00, hourly until .* and so on"),
    ],
)
def test_long_stretches_of_two_steps_are_no_gaps(mixed, said):
    with pytest.raises(
        lw.LSTMWidgetsError, match=f"column 'ds' mixes frequencies: {said}.* Keep the rows of one"
    ):
        read(mixed)


def test_the_remedies_that_are_told_work():
    mixed = times("2024-01-01", 100, "D").append(HOURS)
    with pytest.raises(
        lw.LSTMWidgetsError, match=r'resample\("D"\).* 88 % of all, pass freq=\'h\'.*--freq h'
    ):
        read(mixed)
    assert read(mixed, freq="h").attrs["missing"] == 2300
    assert read(pd.Series(1.0, mixed).resample("D").mean().index).attrs["freq"] == "D"


CHANCE = np.random.default_rng(0)
DAYS = times("2024-01-01", 5000, "h")
OUT = np.ones(len(DAYS), dtype=bool)
for first, count in zip(CHANCE.integers(0, 4900, 80), CHANCE.geometric(0.05, 80), strict=True):
    OUT[first : first + count] = False


@pytest.mark.parametrize(
    ("there", "freq"),
    [
        (DAYS[OUT], "h"),
        (DAYS[CHANCE.random(5000) < 0.5], "h"),
        (DAYS[CHANCE.random(5000) < 0.1], "h"),
        (DAYS[(DAYS.hour > 8) & (DAYS.hour < 17)], "h"),
        (times("2023-12-21", 11, "D").append(DAYS), "h"),
        (times("2024-01-01", 99, "B"), "B"),
        (times("2024-01-01", 99, "MS"), "MS"),
        (times("2024-01-01", 99, "QS"), "QS-JAN"),
        (pd.DatetimeIndex(lw.load_dataset("co2").dropna().index), "W-SAT"),
    ],
)
def test_a_series_with_gaps_is_read(there, freq):
    assert read(there).attrs["freq"] == freq
