"""The audit: what it finds in spoilt series, what it leaves alone in sound ones, and how it tells it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.tseries.frequencies import to_offset
from statsmodels.tsa.seasonal import STL

from lstmwidgets.data.auditing.audit import audit
from lstmwidgets.data.auditing.outliers import (
    OUTLIER_SCORE,
    constant_stretches,
    marker_values,
    outlier_scores,
)
from lstmwidgets.data.auditing.seasons import Season, find_seasons, season_strength
from lstmwidgets.data.auditing.words import _absent
from lstmwidgets.data.datasets import list_datasets, load_dataset
from lstmwidgets.data.filling import fill_gaps
from lstmwidgets.data.series import read_series
from lstmwidgets.errors import LSTMWidgetsError

nan = np.nan
PM25 = Path(__file__).parents[4] / "shared" / "data" / "beijing_pm25.csv"


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(length)


def frame(length: int = 300, freq: str = "h", start: str = "2020-01-01", seed: int = 0) -> pd.DataFrame:
    times = pd.date_range(start, periods=length, freq=freq)
    return pd.DataFrame({"ds": times, "y": noise(length, seed).round(6)})


def told(report, *words: str) -> str:
    """The one note that holds all the words."""
    notes = [note for note in report.notes if all(word in note for word in words)]
    assert len(notes) == 1, (words, report.notes)
    return notes[0]


@pytest.mark.parametrize("unit", [1e300, 1e-300])
def test_the_unit_of_a_series_changes_nothing_that_is_found_in_it(unit):
    values = np.sin(2 * np.pi * np.arange(400) / 7) + 0.1 * noise(400)
    plain, odd = find_seasons(values, to_offset("D")), find_seasons(values * unit, to_offset("D"))
    assert [(one.period, one.verdict) for one in odd.found] == [(7, "season")]
    assert odd.found[0].strength == pytest.approx(plain.found[0].strength)
    series = pd.Series(values * unit, pd.date_range("2020-01-01", periods=400, freq="D"))
    assert [one.period for one in audit(series).seasons.steady] == [7]


# --- gaps -----------------------------------------------------------------------------------------


def test_missing_rows_and_empty_cells_are_gaps_with_start_end_and_length():
    spoilt = frame(100)
    spoilt.loc[[10, 11, 12, 50], "y"] = nan
    report = audit(spoilt.drop(index=[13, 70, 71]))
    assert (report.missing, report.without_row, report.longest_gap) == (7, 3, 4)
    assert report.missing_share == pytest.approx(0.07)
    assert report.gaps.to_dict("list") == {
        "start": [
            pd.Timestamp(time) for time in ("2020-01-01 10:00", "2020-01-03 02:00", "2020-01-03 22:00")
        ],
        "end": [pd.Timestamp(time) for time in ("2020-01-01 13:00", "2020-01-03 02:00", "2020-01-03 23:00")],
        "points": [4, 1, 2],
        "no_row": [1, 0, 2],
    }
    assert told(report, "missing (7.0 %)") == (
        "7 of 100 values are missing (7.0 %), in 3 gaps; the longest has 4 points, from 2020-01-01 10:00 "
        "to 2020-01-01 13:00. 3 have no row, the others an empty cell."
    )


def test_gaps_at_both_ends_are_told_as_such():
    spoilt = frame(50)
    spoilt.loc[[0, 1, 49], "y"] = nan
    assert "begins with 2 missing points and ends with 1 missing point, where" in audit(spoilt).notes[0]


def test_a_series_that_was_read_remembers_which_times_had_no_row():
    report = audit(load_dataset("seattle_temperature"))
    assert (report.missing, report.without_row) == (1, 1)


@settings(deadline=None, max_examples=40)
@given(empty=st.lists(st.booleans(), min_size=5, max_size=60))
def test_gaps_are_the_runs_of_missing_values(empty):
    spoilt = frame(len(empty))
    spoilt.loc[empty, "y"] = nan
    report = audit(spoilt)
    runs = "".join("x" if one else " " for one in empty).split()
    assert report.gaps["points"].to_list() == [len(run) for run in runs]
    assert report.missing == sum(empty)


# --- what read_series refuses ---------------------------------------------------------------------


def test_repeated_timestamps_are_counted_and_disagreement_is_told():
    spoilt = pd.concat([frame(), frame().iloc[[5, 6, 6]]])
    spoilt.iloc[-1, 1] = 99.0
    report = audit(spoilt)
    assert report.duplicates["rows"].to_list() == [2, 3]
    assert report.duplicates["differ"].to_list() == [False, True]
    assert report.duplicates["places"].to_list() == [[5, 300], [6, 301, 302]]
    assert "2 timestamps come more than once, and for 1 of them the values disagree" in report.notes[0]
    assert report.out_of_order == 1


def test_of_a_repeated_time_the_first_known_value_counts():
    spoilt = pd.concat([frame().assign(y=lambda old: old["y"].where(old.index != 5)), frame().iloc[[5]]])
    assert audit(spoilt).missing == 0


def test_cells_that_cannot_be_read_are_left_out_and_told():
    spoilt = frame().astype({"y": "object", "ds": "str"})
    spoilt.loc[3, "y"], spoilt.loc[4, "y"], spoilt.loc[9, "ds"] = "abc", np.inf, "some day"
    report = audit(spoilt)
    assert report.to_dict()["unreadable"] == {"times": 1, "values": 1, "infinite": 1}
    told(report, "1 cell of 'ds' is no timestamp: 'some day' at position 9. This row is left out here")
    told(report, "1 cell of 'y' is no number: 'abc' at position 3. This cell is taken as missing")
    told(report, "1 value is infinite: 'inf' at position 4.")
    assert report.missing == 3
    assert report.trouble


def test_rows_off_the_grid_are_named_with_their_line(tmp_path):
    spoilt = frame()
    spoilt.loc[7, "ds"] += pd.Timedelta(minutes=7)
    spoilt.to_csv(tmp_path / "off.csv", index=False)
    report = audit(tmp_path / "off.csv")
    assert report.freq == "h"
    assert report.off_grid.to_dict("records") == [
        {"time": pd.Timestamp("2020-01-01 07:07"), "place": "on line 9"}
    ]
    assert report.missing == 0
    assert "1 row of 300 stands off the grid (h): 2020-01-01 07:07 (on line 9)" in report.notes[0]


@pytest.mark.parametrize("freq", ["D", "W-WED", "MS", "ME", "15min"])
def test_one_wrong_time_does_not_hide_the_usual_step(freq):
    spoilt = frame(100, freq, start="2020-01-01 12:00")
    spoilt.loc[40, "ds"] += pd.Timedelta(minutes=2)
    report = audit(spoilt)
    if freq in ("MS", "ME"):
        assert len(report.off_grid) in (1, 100)  # noon is no month start, which is told of every row
    else:
        assert len(report.off_grid) == 1
    assert report.freq == freq
    assert report.points == 100


def test_a_month_start_mistyped_is_off_the_grid():
    spoilt = frame(60, "MS")
    spoilt.loc[7, "ds"] += pd.Timedelta(days=1)
    report = audit(spoilt)
    assert report.freq == "MS"
    assert report.off_grid["time"].to_list() == [pd.Timestamp("2020-08-02")]


def test_times_that_jitter_are_told_with_the_step_they_jitter_around():
    spoilt = frame(200)
    spoilt["ds"] += pd.to_timedelta(np.random.default_rng(0).integers(1, 20, 200), unit="s")
    report = audit(spoilt)
    assert report.freq == "h"
    assert len(report.off_grid) == 200
    assert report.points == 200


def test_a_mistyped_year_does_not_make_a_gap_of_a_century():
    spoilt = frame()
    spoilt.loc[299, "ds"] = pd.Timestamp("2202-01-01")
    report = audit(spoilt)
    assert report.far == 1
    assert report.points == 299
    assert "1 row is far away in time from all others: 2202-01-01 (at position 299)" in report.notes[0]


def test_times_without_any_step_are_told_to_be_averaged():
    spoilt = frame()
    minutes = np.sort(np.random.default_rng(0).choice(10**6, 300, replace=False))
    spoilt["ds"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(minutes, unit="min")
    report = audit(spoilt)
    assert report.freq is None
    assert "The times have no usual step" in report.notes[0]
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_frequency_that_is_passed_is_held_against_the_times():
    assert audit(frame(), freq="h").missing == 0
    assert audit(frame(), freq="30min").missing == 299
    assert len(audit(frame(), freq="2h").off_grid) == 150
    assert audit(frame(60, "W-MON"), freq="W").freq == "W-MON"
    with pytest.raises(LSTMWidgetsError, match="freq='often' is not accepted"):
        audit(frame(), freq="often")


def test_rows_out_of_order_are_counted():
    report = audit(frame().iloc[[*range(200, 300), *range(200)]])
    assert report.out_of_order == 1
    told(report, "1 row is earlier than the row before")


# --- clocks ---------------------------------------------------------------------------------------


def clock_times(zone: str, freq: str = "h", years: int = 3) -> pd.DataFrame:
    start = pd.Timestamp("2018-01-01", tz=zone)
    times = pd.date_range(start, start + pd.DateOffset(years=years), freq=freq).tz_localize(None)
    return pd.DataFrame({"ds": times, "y": noise(len(times))})


@pytest.mark.parametrize(
    ("zone", "spring", "autumn"),
    [
        ("Europe/Berlin", "2018-03-25", "2018-10-28"),
        ("America/New_York", "2018-03-11", "2018-11-04"),
        ("Australia/Sydney", "2018-10-07", "2018-04-01"),
    ],
)
@pytest.mark.parametrize("freq", ["h", "15min"])
def test_the_hour_skipped_in_spring_and_repeated_in_autumn_is_recognised(zone, spring, autumn, freq):
    report = audit(clock_times(zone, freq))
    changes = report.clock_changes
    assert changes.zone == zone
    assert str(changes.missing[0].date()) == spring
    assert str(changes.repeated[0].date()) == autumn
    assert len(changes.missing) == 3
    note = told(report, "clock times with daylight saving", f'tz_localize("{zone}"')
    assert spring in note and autumn in note
    told(report, "more than once", "the hour that clocks repeat in autumn")


def test_a_zone_with_the_same_dates_will_do():
    assert audit(clock_times("Europe/London")).clock_changes.zone == "Europe/Berlin"


def test_the_remedy_for_clock_times_leaves_a_sound_series():
    spoilt = clock_times("Europe/Berlin", years=2)
    times = pd.to_datetime(spoilt["ds"]).dt.tz_localize("Europe/Berlin", ambiguous="infer")
    report = audit(spoilt.assign(ds=times.dt.tz_convert("UTC").dt.tz_localize(None)))
    assert not report.trouble


def test_the_remedy_for_the_hour_missing_in_spring_can_be_run():
    hours = pd.date_range("2021-03-27", periods=48, freq="h", tz="Europe/Berlin")
    clock = pd.Series(noise(48), hours.tz_localize(None), name="y")
    spoilt = clock.rename_axis("ds").reset_index()
    for kind, source in (("series", clock), ("series", read_series(clock)), ("frame", spoilt)):
        note = told(audit(source), "That hour never was: fill it")
        code = re.search("go over to UTC: (.*), with your own zone[.]$", note)[1]
        names = {"pandas": pd, kind: source.copy()}
        exec(code, names)
        series = read_series(names[kind])
        assert series.index.equals(hours.tz_convert("UTC").tz_localize(None))
        assert series.to_list() == clock.to_list()


def test_an_hour_missing_somewhere_is_no_clock_change():
    spoilt = clock_times("UTC")
    report = audit(spoilt[~spoilt["ds"].isin(pd.to_datetime(["2018-05-06 02:00", "2019-05-05 02:00"]))])
    assert report.missing == 2
    assert report.clock_changes is None


def test_the_missing_hour_of_seattle_is_a_clock_change():
    assert audit(load_dataset("seattle_temperature")).clock_changes.zone == "America/New_York"


def test_mixed_offsets_are_compared_in_utc_and_told():
    times = pd.date_range("2020-03-28", periods=200, freq="h", tz="Europe/Berlin")
    texts = [time.isoformat() for time in times]
    report = audit(pd.DataFrame({"ds": texts, "y": noise(200)}))
    assert report.zones == {"+01:00": 26, "+02:00": 174}
    assert (report.missing, len(report.duplicates)) == (0, 0)
    assert report.start == pd.Timestamp("2020-03-27 23:00")
    told(report, "The times mix UTC offsets: +01:00 on 26 rows and +02:00 on 174 rows", "utc=True")
    texts[5] = "2020-03-28T05:00:00"
    told(audit(pd.DataFrame({"ds": texts, "y": noise(200)})), "none on 1 row", "taken as UTC")


def test_one_offset_is_no_trouble():
    texts = [f"2020-01-{day:02}T00:00+01:00" for day in range(1, 31)]
    report = audit(pd.DataFrame({"ds": texts, "y": noise(30)}))
    assert not report.trouble
    told(report, "While reading: time zone +01:00 left off")


# --- outliers -------------------------------------------------------------------------------------


def flagged(values: np.ndarray, *seasons: int) -> list[int]:
    return np.flatnonzero(np.abs(outlier_scores(values, seasons)) >= OUTLIER_SCORE).tolist()


@pytest.mark.parametrize("length", [50, 500, 43_824])
def test_gaussian_noise_has_no_outliers(length):
    series = [noise(length, seed) for seed in range(200 if length < 1000 else 5)]
    found = sum(len(flagged(one)) + len(flagged(one.cumsum())) for one in series)
    assert found / (2 * len(series) * length) < 2e-5


def test_spikes_of_ten_standard_deviations_are_found_and_nothing_else():
    values = noise(2000)
    values[[0, 500, 501, 1234, 1999]] += [15, 12, 12, -12, -15]
    assert flagged(values) == [0, 500, 501, 1234, 1999]


def test_the_score_is_the_distance_in_usual_steps():
    values = np.tile([0.0, 1.0], 100)
    values[51] = 20.5  # its neighbours' medians are 0 and 1 apart from it by 19.5 at least, steps are 1
    assert outlier_scores(values)[51] == pytest.approx((20.5 - 0.0) / 1.4826, rel=0.06)


def test_a_season_is_no_outlier_and_a_spike_against_it_is():
    steps = np.arange(24 * 60)
    season = np.where(steps % 24 == 18, 50.0, 0.0)  # one hour of every day towers above the others
    values = season + noise(len(steps))
    assert len(flagged(values)) > 50
    assert flagged(values, 24) == []
    values[24 * 30 + 18] = 0  # the tower missing once
    assert flagged(values, 24) == [24 * 30 + 18]


def test_a_level_shift_and_a_trend_are_no_outliers():
    steps = np.arange(500)
    assert flagged(noise(500) + np.where(steps > 250, 100.0, 0.0)) == []
    assert flagged(noise(500) * 0.01 + steps) == []
    values = np.sin(2 * np.pi * steps / 24) * 20 + np.where(steps > 250, 100.0, 0.0) + noise(500)
    assert flagged(values, 24) == []


def test_a_restless_stretch_needs_more_than_a_calm_one():
    values = noise(1000)
    values[500:] *= 20
    assert all(500 <= place < 510 for place in flagged(values))  # the change itself may stand out
    values[250] = 30
    values[750] = 30
    assert flagged(values)[0] == 250
    assert 750 not in flagged(values)


def test_values_next_to_gaps_are_judged_by_the_side_that_is_known():
    values = noise(300)
    values[100:110] = nan
    values[99] = 40
    assert flagged(values) == [99]
    assert np.isnan(outlier_scores(values)[105])


def test_rounded_and_mostly_zero_series_are_not_full_of_outliers():
    values = np.zeros(2000)
    wet = np.random.default_rng(0).random(2000) < 0.1
    values[wet] = np.random.default_rng(1).exponential(1, wet.sum()).round(1)
    assert len(flagged(values)) < 30
    assert flagged(noise(2000).round(0)) == []
    assert flagged(np.full(50, 3.0)) == []


def test_outliers_are_told_with_time_value_and_score():
    spoilt = frame(500)
    spoilt.loc[77, "y"] = -40
    report = audit(spoilt)
    assert report.outliers["time"].to_list() == [pd.Timestamp("2020-01-04 05:00")]
    assert report.outliers["value"].to_list() == [-40]
    assert report.outliers["score"].iloc[0] < -10
    assert told(report, "1 value (0.2 % of those known) stands out", "-40 at 2020-01-04 05:00")


def test_numbers_that_mark_missing_values_are_named_and_hide_nothing():
    spoilt = frame(1000)
    spoilt["y"] += 5 * np.sin(2 * np.pi * np.arange(1000) / 24)
    spoilt.loc[::90, "y"] = -999
    report = audit(spoilt)
    assert report.markers.to_dict("list") == {"value": [-999.0], "points": [12]}
    assert "-999 stands 12 times far from all other values" in report.notes[0]
    assert len(report.outliers) == 0
    assert report.seasons.steady[0].period == 24


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        ([-999, -999], [-999]),
        ([-999, -999, 9999, 9999], [-999, 9999]),
        ([-999], []),  # once is an outlier
        ([0, 0, 0], []),  # the shop was closed
        ([130, 130], []),
        ([], []),
    ],
)
def test_a_marker_comes_back_and_lies_far_from_the_rest(odd, expected):
    assert marker_values(np.array([*range(90, 111), *odd], float)) == expected


# --- constant stretches ---------------------------------------------------------------------------


def test_a_stuck_sensor_is_found():
    values = noise(1000)
    values[300:320] = values[300]
    assert constant_stretches(values).tolist() == [[300, 20]]


def test_rounded_data_repeat_by_chance():
    for seed in range(20):
        assert len(constant_stretches(noise(5000, seed).round(0))) == 0
        walk = np.random.default_rng(seed).integers(-1, 2, 5000).cumsum()
        assert len(constant_stretches(walk.astype(float))) == 0


def test_zeros_at_night_are_usual_and_a_dead_week_is_not():
    steps = np.arange(24 * 365)
    night = np.abs(steps % 24 - 12) > 5 + np.cos(2 * np.pi * steps / 8760)
    values = np.where(night, 0, np.abs(noise(len(steps))) + 1)
    assert len(constant_stretches(values)) == 0
    values[3000:3168] = 0
    found = constant_stretches(values)
    assert len(found) == 1
    assert 3000 - 16 <= found[0][0] <= 3000
    assert 168 <= found[0][1] <= 200


def test_a_constant_series_is_told_that_nothing_is_left_to_forecast():
    constant = frame(40).assign(y=5.0)
    constant.loc[7, "y"] = nan
    report = audit(constant)
    assert told(report, "Every known value is 5")
    assert report.seasons.found == ()


# --- seasons --------------------------------------------------------------------------------------


def test_the_strength_is_that_of_a_periodic_decomposition():
    """F_S of Wang, Smith & Hyndman from STL without shortcuts, on noise as strong as the season."""
    steps = np.arange(24 * 30)
    values = np.sin(2 * np.pi * steps / 24) * np.sqrt(2) + noise(len(steps)) + 0.01 * steps
    parts = STL(values, period=24, seasonal=301, seasonal_deg=0).fit()
    expected = 1 - np.var(parts.resid) / np.var(parts.resid + parts.seasonal)
    assert season_strength(values, 24)[0] == pytest.approx(expected, abs=0.005)
    assert expected == pytest.approx(0.5, abs=0.05)


def test_two_seasons_are_found_with_their_strengths():
    report = audit(load_dataset("sine_mix"))
    assert [(one.period, one.name) for one in report.seasons.steady] == [(24, "day"), (168, "week")]
    assert all(one.strength > 0.95 for one in report.seasons.steady)
    told(report, "Seasons found: day of 24 points, strong (0.98 of 1); week of 168 points, strong")


@pytest.mark.parametrize("freq", ["h", "D", "W-SUN", "MS", "QS-OCT", "15min"])
@pytest.mark.parametrize("walk", [False, True])
@pytest.mark.parametrize("length", [100, 300, 2000])
def test_noise_and_random_walks_have_no_season(freq, walk, length):
    found = 0
    for seed in range(20):
        values = noise(length, seed).cumsum() if walk else noise(length, seed)
        found += len(find_seasons(values, pd.tseries.frequencies.to_offset(freq)).steady)
    assert found <= 2


def test_a_period_that_no_calendar_knows_is_found():
    values = np.sin(2 * np.pi * np.arange(1500) / 37) + 0.5 * noise(1500)
    report = audit(frame(1500).assign(y=values))
    assert [one.period for one in report.seasons.steady] == [37]
    told(report, "a cycle of 37 points, strong")


def test_sunspots_have_a_cycle_that_wanders():
    season = audit(load_dataset("sunspots")).seasons.found[0]
    assert (season.period, season.verdict) == (11, "cycle")


def test_a_year_of_hours_is_measured_on_days():
    steps = np.arange(4 * 8766)
    values = 10 * np.sin(2 * np.pi * steps / 8766) + 3 * np.sin(2 * np.pi * steps / 24) + noise(len(steps))
    seasons = find_seasons(values, pd.tseries.frequencies.to_offset("h"))
    assert [(one.period, one.block) for one in seasons.steady] == [(24, 1), (8766, 24)]
    assert seasons.points == 20_000


def test_interpolated_values_are_told():
    report = audit(load_dataset("co2"))
    assert report.seasons.interpolated == 59
    assert report.seasons.steady[0].strength > 0.9
    told(
        report, "year of 52 points, strong (0.91 of 1)", "59 of the points are missing, and interpolated for"
    )


def test_the_longest_complete_stretch_is_taken_when_it_is_long_enough():
    spoilt = frame(1000)
    spoilt.loc[300, "y"] = nan
    report = audit(spoilt)
    assert (report.seasons.first, report.seasons.points, report.seasons.interpolated) == (301, 699, 0)
    told(report, "Measured on the 699 points from 2020-01-13 13:00 on.")


def test_a_strong_cycle_that_does_not_count_is_told_with_the_reason():
    walk = frame(24 * 7 * 4).assign(y=noise(24 * 7 * 4).cumsum())
    report = audit(walk)
    week = next(one for one in report.seasons.found if one.name == "week")
    assert week.verdict == "none" and 0.05 < week.strength < 3 / 4
    told(report, f"week ({week.strength:.2f}, with only 4 weeks to judge by)")


@pytest.mark.parametrize(
    ("strength", "cycles", "said"),
    [
        (0.04, 5, "year (0.04)"),
        (0.22, 5.02, "year (0.22, with only 5 years to judge by)"),
        (0.22, 50, "year (0.22, no more than cycles of other lengths)"),
    ],
)
def test_why_a_cycle_does_not_count_follows_from_its_strength_and_number(strength, cycles, said):
    assert _absent(Season(8766, "year", strength, "none", cycles, 24)) == said


# --- the report -----------------------------------------------------------------------------------


def test_a_sound_series_is_told_so():
    report = audit(frame())
    assert not report.trouble
    assert report.notes[0] == "Nothing is amiss: no gap, no odd value, and every time on its grid."
    assert (report.table()["found"] == 0).all()


@pytest.mark.parametrize("name", list_datasets().index)
def test_every_dataset_gives_a_report_that_is_plain_json(name):
    report = audit(load_dataset(name))
    document = report.to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["notes"] == list(report.notes)
    assert str(report).startswith(f"Audit of {report.value!r} by ")
    assert max(map(len, str(report).splitlines()[2:])) <= 100


def test_the_title_names_what_was_audited():
    series = frame().set_index("ds")["y"]
    assert str(audit(series)).startswith("Audit of 'y' by 'ds' in the series\n")
    assert str(audit(frame())).startswith("Audit of 'y' by 'ds' in the frame\n")
    title = "CO2 in the air at Mauna Loa, weekly, 1958–2001"
    assert str(audit(load_dataset("co2"))).startswith(f"Audit of 'co2' by 'date' in '{title}'\n")


def test_the_next_step_comes_last_where_there_are_gaps():
    assert "compare_fills" in audit(load_dataset("co2")).notes[-1]
    for whole in (frame(), frame(20).assign(y=nan)):
        assert not any("compare_fills" in note for note in audit(whole).notes)


def test_the_page_escapes_what_comes_from_the_data():
    name = "<script>alert(1)</script>"
    spoilt = frame().rename(columns={"y": name}).astype({name: "object"})
    spoilt.loc[3, name] = "<b>bold</b>"
    page = audit(spoilt)._repr_html_()
    assert "<script>" not in page and "<b>" not in page
    assert "&lt;script&gt;" in page and "&lt;b&gt;bold" in page


def test_the_page_has_the_tables_and_no_colour_of_its_own():
    spoilt = pd.concat([frame(), frame().iloc[[2]]]).drop(index=[50])
    spoilt.iloc[80, 1] = 60
    page = audit(spoilt)._repr_html_()
    for caption in ("Longest gaps", "Clearest outliers", "Repeated timestamps", "Cycles"):
        assert caption in page
    assert set(re.findall(r"[a-z-]*color:[a-z#0-9]*", page)) == {"color:inherit"}
    assert "background" not in page
    assert page.count('scope="col"') == page.count("<th ")


def test_a_filled_series_is_told_to_be_filled():
    report = audit(fill_gaps(load_dataset("co2"), "seasonal"))
    assert report.missing == 0
    assert report.repairs[0] in report.notes
    told(report, "59 missing values in 22 gaps were filled by the rule 'seasonal' (season 52)")


def test_the_source_is_not_touched():
    spoilt = frame()
    spoilt.loc[3, "y"] = np.inf
    before = spoilt.copy()
    audit(spoilt)
    pd.testing.assert_frame_equal(spoilt, before)


def test_all_values_missing_is_a_report_and_not_an_error():
    report = audit(frame(20).assign(y=nan))
    assert report.notes[0] == "Every value is missing (20 points)."
    assert report.missing_share == 1


@pytest.mark.parametrize("length", [2, 3, 5, 12])
def test_short_series_are_reported_on(length):
    report = audit(frame(length))
    assert report.points == length
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.csv", "there is no file 'nowhere.csv'"),
        (frame(1), "has 1 row with a timestamp that can be read: an audit needs at least 2"),
        (pd.Series([1.0, 2.0]), "the series has no timestamps"),
        (frame().rename(columns={"y": "x"}).assign(z=1.0), "2 columns of numbers"),
        ({"ds": 1}, "cannot be read from a dict"),
    ],
)
def test_where_there_is_nothing_to_look_over_the_reason_is_told(source, message):
    with pytest.raises(LSTMWidgetsError) as error:
        audit(source)
    assert message in str(error.value)


@pytest.mark.skipif(not PM25.exists(), reason=f"{PM25.name} is not here")
def test_the_fireworks_and_the_dust_of_beijing_are_its_clearest_outliers():
    table = pd.read_csv(PM25)
    report = audit(table, time=["year", "month", "day", "hour"], value="pm2.5")
    assert (report.missing, report.longest_gap, report.points) == (2067, 155, 43_824)
    clearest = report.outliers.loc[report.outliers["score"].abs().nlargest(5).index, "time"].dt.date
    assert set(map(str, clearest)) == {
        "2010-02-14",
        "2012-01-23",
        "2010-03-22",
    }  # New Year, New Year, dust storm
    assert [one.name for one in report.seasons.steady] == ["day"]
