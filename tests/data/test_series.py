"""Reading a series: what is chosen, what is noted, and what is refused with which words."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet

from lstmwidgets.data import reading
from lstmwidgets.data.cells import TimeReader, find_time_format
from lstmwidgets.data.columns import few
from lstmwidgets.data.series import data_hash, read_series, season_length
from lstmwidgets.errors import LSTMWidgetsError


@pytest.fixture
def written(tmp_path):
    """Write text or bytes to a file and give its path."""

    def write(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def lines(*rows: str, header: str = "ds,y") -> str:
    return "\n".join([header, *rows]) + "\n"


def daily(*values: object, start: str = "2020-01-01") -> str:
    days = pd.date_range(start, periods=len(values)).strftime("%Y-%m-%d")
    return lines(*(f"{day},{value}" for day, value in zip(days, values, strict=True)))


# --- what is read, and what is said of it ---------------------------------------------------------


def test_a_plain_file_becomes_a_daily_series(written):
    series = read_series(written(daily(1, 2.5, -3)))
    assert series.to_list() == [1.0, 2.5, -3.0]
    assert series.dtype == np.float64
    assert series.name == "y"
    assert series.index.freqstr == "D"
    assert series.index[0] == pd.Timestamp("2020-01-01")
    assert series.attrs == {
        "time": "ds",
        "value": "y",
        "freq": "D",
        "rows": 3,
        "missing": 0,
        "gaps": [],
        "notes": ["time: column 'ds'; value: column 'y'; frequency: daily (D)"],
    }


def test_what_was_chosen_is_logged_once(written, caplog):
    with caplog.at_level(logging.INFO, logger="lstmwidgets"):
        read_series(written(daily(1, 2, 3)))
    assert [record.getMessage() for record in caplog.records] == [
        "time: column 'ds'; value: column 'y'; frequency: daily (D)"
    ]


def test_a_missing_date_is_put_in_as_nan_and_reported(written, caplog):
    text = lines("2020-01-01,1", "2020-01-02,2", "2020-01-05,5", "2020-01-06,6")
    with caplog.at_level(logging.WARNING, logger="lstmwidgets"):
        series = read_series(written(text))
    assert series.isna().to_list() == [False, False, True, True, False, False]
    assert series.attrs["gaps"] == [["2020-01-03T00:00:00", "2020-01-04T00:00:00", 2]]
    assert series.attrs["missing"] == 2
    assert "2 of 6 times had no row and are NaN, in 1 gap" in series.attrs["notes"][-1]
    assert caplog.records[0].levelno == logging.WARNING


def test_a_zone_that_begins_after_the_first_chunk_is_still_a_mix():
    cells = pd.Series(["2020-01-01T00:00", "2020-01-01T01:00", "2020-01-01T02:00Z", "2020-01-01T03:00Z"])
    reader = TimeReader("ds", "on line", find_time_format(cells))
    for start in (0, 2):
        reader.read(cells[start : start + 2], np.arange(start, start + 2) + 2)
    assert reader.zones == {"": 2, "Z": 2}
    with pytest.raises(
        LSTMWidgetsError, match="mixes time zones: '2020-01-01T00:00' on line 2 and .*Z' on line 4"
    ):
        reader.finish()


def test_empty_cells_are_told_on_stderr_as_missing_rows_are_and_only_once(written, caplog):
    text = lines("2020-01-01,1", "2020-01-02,", "2020-01-04,4", "2020-01-05,NA")
    with caplog.at_level(logging.WARNING, logger="lstmwidgets"):
        series = read_series(written(text))
        read_series(series)
    assert [record.getMessage() for record in caplog.records] == [
        "2 missing values in column 'y', kept as NaN",
        "1 of 5 times had no row and are NaN, in 1 gap: 2020-01-03T00:00:00",
    ]


@pytest.mark.parametrize("marker", ["", "NA", "N/A", "NaN", "nan", "null", "None", "-", "?", " "])
def test_a_recognised_marker_is_a_missing_value(written, marker):
    series = read_series(written(daily(1, marker, 3)))
    assert series.isna().to_list() == [False, True, False]
    assert series.attrs["missing"] == 1
    assert "1 missing value in column 'y', kept as NaN" in series.attrs["notes"]


def test_rows_out_of_order_are_sorted_and_noted(written):
    series = read_series(written(lines("2020-01-03,3", "2020-01-01,1", "2020-01-02,2")))
    assert series.to_list() == [1.0, 2.0, 3.0]
    assert any("sorted by time" in note for note in series.attrs["notes"])


def test_blank_lines_are_skipped_and_noted_and_line_numbers_stay_true(written):
    text = "ds,y\n2020-01-01,1\n\n2020-01-02,x\n,\n"
    with pytest.raises(LSTMWidgetsError, match="'x' on line 4"):
        read_series(written(text))
    series = read_series(written(text.replace("x", "2")))
    assert "2 blank rows skipped" in series.attrs["notes"]


def test_gzip_is_read_whatever_the_file_is_called(written):
    packed = gzip.compress(daily(1, 2, 3).encode())
    assert read_series(written(packed, "data.csv.gz")).to_list() == [1, 2, 3]
    assert read_series(written(packed, "data.csv")).to_list() == [1, 2, 3]


def test_a_byte_order_mark_is_no_part_of_the_first_name(written):
    assert read_series(written(daily(1, 2).encode("utf-8-sig"))).attrs["time"] == "ds"


def test_semicolons_and_decimal_commas_are_recognised_and_noted(written):
    series = read_series(written("Datum;Wert\n2020-01-01;1,5\n2020-01-02;-2,25\n2020-01-03;3\n"))
    assert series.to_list() == [1.5, -2.25, 3.0]
    assert "columns separated by semicolons" in series.attrs["notes"]
    assert "decimal commas in column 'Wert' read as decimal points" in series.attrs["notes"]


def test_points_before_decimal_commas_are_thousands(written):
    text = "tag;shop;wert\n01.02.2012;7;1.124,89\n02.02.2012;7;-12.001.124,5\n03.02.2012;8;0,25\n"
    series = read_series(written(text), value="wert")
    assert series.to_list() == [1124.89, -12001124.5, 0.25]
    assert str(series.index[0].date()) == "2012-02-01"
    notes = " ".join(series.attrs["notes"])
    assert "points in column 'wert' read as thousands separators" in notes and "day first" in notes


def test_tabs_are_recognised(written):
    assert read_series(written("ds\ty\n2020-01-01\t1\n2020-01-02\t2\n", "data.tsv")).to_list() == [1, 2]


def test_a_quoted_cell_may_hold_the_separator(written):
    text = 'ds,place,y\n2020-01-01,"Seattle, WA",1\n2020-01-02,"Aswan, Egypt",2\n'
    assert read_series(written(text)).to_list() == [1, 2]


def test_parquet_gives_what_the_frame_gives(tmp_path):
    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=5, freq="h"), "y": [1.0, 2, np.nan, 4, 5]})
    frame.to_parquet(tmp_path / "data.parquet")
    from_file, from_frame = read_series(tmp_path / "data.parquet"), read_series(frame)
    pd.testing.assert_series_equal(from_file, from_frame)
    frame.set_index("ds").to_parquet(tmp_path / "indexed.parquet")
    pd.testing.assert_series_equal(read_series(tmp_path / "indexed.parquet"), from_frame)


def test_the_row_number_column_that_pandas_writes_is_passed_over(tmp_path):
    frame = pd.DataFrame({"ds": pd.date_range("2020", periods=3), "y": [1.0, 2, 3]})
    frame.to_csv(tmp_path / "data.csv")
    assert read_series(tmp_path / "data.csv").to_list() == [1, 2, 3]


def test_a_frame_on_a_time_index_needs_no_time_column():
    frame = pd.DataFrame({"load": [1.0, 2.0]}, index=pd.date_range("2020", periods=2, freq="h"))
    series = read_series(frame)
    assert (series.name, series.index.freqstr) == ("load", "h")


def test_a_regular_series_passes_through_unchanged():
    index = pd.date_range("2020", periods=4, freq="QE-DEC", name="when")
    given = pd.Series([1.0, np.nan, 3.0, 4.0], index=index, name="sales")
    series = read_series(given)
    assert series.to_list()[2:] == [3.0, 4.0]
    assert (series.name, series.index.name, series.index.freqstr) == ("sales", "when", "QE-DEC")
    assert series.attrs["gaps"] == []
    assert data_hash(series) == data_hash(given)


def test_reading_twice_changes_nothing_and_keeps_what_was_noted(written):
    once = read_series(written(lines("2020-01-04,4", "2020-01-01,1", "2020-01-02,2")))
    once.attrs["season"] = 5
    twice = read_series(once)
    pd.testing.assert_series_equal(once, twice)
    assert twice.attrs == once.attrs
    assert read_series(twice).attrs == once.attrs


def test_reading_does_not_touch_what_it_is_given():
    frame = pd.DataFrame({"ds": ["2020-01-02", "2020-01-01"], "y": [2, 1]})
    before = frame.copy()
    read_series(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_attrs_are_plain_json(written):
    attrs = read_series(written(lines("2020-01-01,1", "2020-01-02,", "2020-01-04,3"))).attrs
    assert json.loads(json.dumps(attrs)) == attrs


def test_a_long_frame_of_one_id_is_understood():
    frame = pd.DataFrame(
        {"unique_id": "H1", "ds": pd.date_range("2020", periods=3, freq="h"), "y": [1, 2, 3]}
    )
    assert read_series(frame).to_list() == [1, 2, 3]
    assert read_series(frame.assign(x=9.0)).name == "y"


def test_a_long_frame_of_several_ids_is_refused_by_name():
    frame = pd.DataFrame({"unique_id": ["H1", "H2"], "ds": pd.date_range("2020", periods=2), "y": [1, 2]})
    with pytest.raises(
        LSTMWidgetsError, match=r"several series, unique_id 'H1', 'H2'.*frame\['unique_id'\] == 'H1'"
    ):
        read_series(frame)


# --- timestamps -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "freq"),
    [
        ("1871", "1872", "YS-JAN"),
        ("19580329", "19580405", "W-SAT"),
        ("2020Q1", "2020Q2", "QS-JAN"),
        ("2020-01", "2020-02", "MS"),
        ("2020/01/01 00:00", "2020/01/01 00:15", "15min"),
        ("2020-01-01T00:00:00Z", "2020-01-01T01:00:00Z", "h"),
        ("2020-06-01T00:00:00+02:00", "2020-06-02T00:00:00+02:00", "D"),
        ("Jan 1 2000", "Feb 1 2000", "MS"),
        ("Jan 2000", "Feb 2000", "MS"),
        ("31.01.2020", "01.02.2020", "D"),
        ("12/31/2020 11:00 PM", "01/01/2021 12:00 AM", "h"),
        ("1066-01-01", "1066-01-02", "D"),
    ],
)
def test_common_ways_to_write_times_are_understood(written, first, second, freq):
    series = read_series(written(lines(f"{first},1", f"{second},2")))
    assert series.index.freqstr == freq
    assert series.to_list() == [1, 2]


def test_years_held_as_floats_are_years():
    series = read_series(pd.DataFrame({"YEAR": [1700.0, 1701.0, 1702.0], "SUNACTIVITY": [5.0, 11.0, 16.0]}))
    assert series.index[0] == pd.Timestamp("1700-01-01")
    assert series.name == "SUNACTIVITY"


def test_one_value_settles_whether_the_day_comes_first(written):
    series = read_series(written(lines("11/01/2020,1", "12/01/2020,2", "13/01/2020,3")))
    assert series.index[0] == pd.Timestamp("2020-01-11")
    assert any("day first" in note for note in series.attrs["notes"])
    american = read_series(written(lines("01/11/2020,1", "01/12/2020,2", "01/13/2020,3")))
    assert american.index.equals(series.index)


def test_a_zone_with_clock_changes_is_read_in_utc_where_no_hour_repeats():
    times = pd.date_range("2020-10-24 12:00", periods=30, freq="h", tz="Europe/Berlin")
    series = read_series(pd.DataFrame({"ds": times, "y": np.arange(30.0)}))
    assert len(series) == 30
    assert series.index[0] == pd.Timestamp("2020-10-24 10:00")
    assert any("UTC" in note for note in series.attrs["notes"])


def test_dates_in_a_zone_stay_the_dates_they_are():
    times = pd.date_range("2020-10-20", periods=10, freq="D", tz="Europe/Berlin")
    series = read_series(pd.DataFrame({"ds": times, "y": np.arange(10.0)}))
    assert series.index.freqstr == "D"
    assert series.index[0] == pd.Timestamp("2020-10-20")


# --- frequency ------------------------------------------------------------------------------------

FREQUENCIES = [
    *("s", "min", "15min", "h", "6h", "D", "B", "W-SUN", "W-WED", "MS", "ME", "BME", "2MS"),
    *("QS-JAN", "QE-MAR", "YS-JAN", "YE-DEC", "YS-APR", "10YS-JAN", "3D"),
]


@pytest.mark.parametrize("freq", FREQUENCIES)
def test_a_frequency_is_found_although_dates_are_missing(freq):
    index = pd.date_range("2001-01-01", periods=40, freq=freq, unit="us")
    keep = np.ones(40, dtype=bool)
    keep[[3, 17, 18, 30]] = False
    series = read_series(pd.DataFrame({"ds": index[keep], "y": np.arange(40.0)[keep]}))
    assert series.index.freqstr == freq
    assert series.index.equals(index)
    assert series[keep].to_list() == np.arange(40.0)[keep].tolist()
    assert series[~keep].isna().all()
    assert sum(points for _, _, points in series.attrs["gaps"]) == 4


def test_a_grid_is_found_when_most_points_are_missing():
    index = pd.date_range("2020", periods=60, freq="h")[[0, 2, 4, 5, 7, 9, 59]]
    assert read_series(pd.DataFrame({"ds": index, "y": 1.0 * np.arange(7)})).index.freqstr == "h"


def test_a_frequency_given_is_checked(written):
    path = written(daily(1, 2, 3))
    assert read_series(path, freq="D").index.freqstr == "D"
    with pytest.raises(LSTMWidgetsError, match=r"freq='h' is .*|freq='MS' does not fit"):
        read_series(path, freq="MS")
    with pytest.raises(LSTMWidgetsError, match="They fit freq='D'"):
        read_series(path, freq="2D")


def test_a_week_or_quarter_given_without_its_day_takes_the_data_s(written):
    path = written(lines("2020-01-04,1", "2020-01-11,2", "2020-01-18,3"))
    assert read_series(path, freq="W").index.freqstr == "W-SAT"


@pytest.mark.parametrize("freq", ["hourly", "M", "-1h", 5, "0h"])
def test_a_frequency_that_is_none_is_refused(written, freq):
    with pytest.raises(LSTMWidgetsError, match="is not accepted: freq takes a pandas frequency such as 'h'"):
        read_series(written(daily(1, 2, 3)), freq=freq)


def test_a_finer_frequency_given_leaves_gaps_and_says_so(written):
    series = read_series(written(daily(1, 2, 3)), freq="12h")
    assert series.isna().to_list() == [False, True, False, True, False]
    assert len(series.attrs["gaps"]) == 2


# --- what is refused, with what to do -------------------------------------------------------------

GOOD = ("2020-01-01,1", "2020-01-02,2")
BAD_FILES = {
    "empty file": ("", ["is empty", "header line"]),
    "blank lines only": ("\n\n", ["is empty"]),
    "header only": ("ds,y\n", ["no rows below its column names 'ds', 'y'", "at least 2"]),
    "no header": (
        "2020-01-01,1\n2020-01-02,2\n",
        ["'2020-01-01', '1'", "looks like data", "names the columns"],
    ),
    "one row": (lines("2020-01-01,1"), ["1 row", "at least 2"]),
    "one column": ("y\n1\n2\n", ["one column, 'y'", "time column and a value column"]),
    "text in numbers": (
        lines(*GOOD, "2020-01-03,abc", "2020-01-04,4", "2020-01-05,5 kg"),
        ["'abc' on line 4, '5 kg' on line 6", "column 'y'", "leave them empty"],
    ),
    "much text in numbers": (
        lines(*(f"2020-01-{day:02},{'x' if day > 10 else day}" for day in range(1, 31))),
        ["'x' on line 12", "and 15 more"],
    ),
    "all missing": (
        lines("2020-01-01,", "2020-01-02,NA"),
        ["every value of column 'y' is missing", "name another column"],
    ),
    "infinite": (lines(*GOOD, "2020-01-03,inf"), ["infinite", "'inf' on line 4", "leave them empty"]),
    "too large": (lines(*GOOD, "2020-01-03,1e400"), ["infinite", "'1e400' on line 4"]),
    "bad timestamp": (
        lines(*GOOD, "2020-02-30,3"),
        ["not timestamps", "'2020-02-30' on line 4", "2020-01-31"],
    ),
    "missing timestamp": (lines(*GOOD, ",3"), ["not timestamps", "'' on line 4"]),
    "repeated timestamp": (
        lines(*GOOD, "2020-01-01,5"),
        ["1 timestamp more than once", "2020-01-01 00:00:00 (lines 2 and 4)", "drop_duplicates('ds')"],
    ),
    "repeated row": (
        lines(*GOOD, "2020-01-02,2"),
        ["2020-01-02 00:00:00 (lines 3 and 4)", "drop_duplicates"],
    ),
    "open order of day and month": (
        lines("01/02/2020,1", "02/02/2020,2", "03/02/2020,3"),
        ["%d/%m/%Y", "%m/%d/%Y", "no value settles it", "2020-01-31"],
    ),
    "mixed order of day and month": (
        lines("13/01/2020,1", "14/01/2020,2", "01/15/2020,3"),
        ["'01/15/2020' on line 4"],
    ),
    "mixed zones": (
        lines("2020-10-25T01:00+02:00,1", "2020-10-25T02:00+02:00,2", "2020-10-25T02:00+01:00,3"),
        ["mixes time zones", "'2020-10-25T01:00+02:00' on line 2", "line 4", "utc=True"],
    ),
    "zone and none": (lines("2020-10-25T01:00Z,1", "2020-10-25T02:00,2"), ["mixes time zones"]),
    "off the grid": (
        lines("2020-01-01 00:00,1", "2020-01-01 01:00,2", "2020-01-01 02:00,3", "2020-01-01 02:07,4"),
        ["hourly (h)", "2020-01-01 02:07:00 (line 5)", "resample"],
    ),
    "off the grid at the start": (
        lines("2020-01-01 00:07,0", *(f"2020-01-01 {hour:02}:00,1" for hour in range(1, 6))),
        ["hourly (h)", "2020-01-01 00:07:00 (line 2)"],
    ),
    "stretched grid": (
        lines("2020-01-01 00:00:00,1", "2020-01-01 00:00:01,2", "2120-01-01 00:00:00,3"),
        ["almost all of them empty", "3,155,", "mistyped date", "coarser freq="],
    ),
    "thousands separators": (
        'ds,y\n2020-01-01,"1,234"\n2020-01-02,"2,345"\n',
        ["thousands separators", "'1,234' on line 2", "plain numbers"],
    ),
    "thousands and decimals": (
        'ds,y\n2020-01-01,"1.234,5"\n2020-01-02,2\n',
        ["thousands separators", "'1.234,5'"],
    ),
    "thousands that no comma follows": (
        "ds;y\n2020-01-01;1.234,5\n2020-01-02;1.124\n",
        ["mixes decimal commas", "'1.234,5' on line 2", "'1.124' on line 3"],
    ),
    "several series": (
        lines(
            "2020-01-01,1,B,2",
            "2020-01-01,2,A,2",
            "2020-01-02,1,B,2",
            "2020-01-02,2,A,1",
            header="ds,n,shop,y",
        ),
        ["'shop' tells several series apart", "--id shop --only B", "id_column='shop'", "lstmwidgets batch"],
    ),
    "open comma": (
        "ds;y\n2020-01-01;1,234\n2020-01-02;2,345\n",
        ["decimal comma or a thousands", "decimal=','"],
    ),
    "commas and points": (
        "ds;y\n2020-01-01;1,5\n2020-01-02;2.5\n",
        ["mixes decimal commas", "'1,5' on line 2", "'2.5'"],
    ),
    "two number columns": (
        lines("2020-01-01,1,2", "2020-01-02,3,4", header="ds,low,high"),
        ["2 columns of numbers: 'low', 'high'", "read_series(…, value='low')"],
    ),
    "two time columns": (
        lines("2020-01-01,2020-01-02,1", "2020-01-02,2020-01-03,2", header="start,end,y"),
        ["'start', 'end'", "read_series(…, time='start')"],
    ),
    "no time column": (
        lines("a,1", "b,2", header="name,y"),
        ["no column of timestamps", "'name' (such as 'a')"],
    ),
    "no number column": (
        lines("2020-01-01,a,b", "2020-01-02,c,d", header="ds,left,right"),
        ["no column of numbers beside 'ds'", "'left' (such as 'a')", "value="],
    ),
    "unix time": (
        lines("1577836800,1", "1577840400,2"),
        ["does not hold timestamps", "Unix time", "unit='s'"],
    ),
    "too many cells": (lines(*GOOD, "2020-01-03,3,4"), ["line 4 has 3 cells", "double quotes"]),
    "more cells than names": (
        lines("2020-01-01,1,9", "2020-01-02,2,9"),
        ["more cells than the 2 columns"],
    ),
    "time in parts": (
        lines("2020,1,1,5", "2020,1,2,6", header="year,month,day,y"),
        ["spreads the time", "time=['year', 'month', 'day']"],
    ),
    "middle of the month": (
        lines("2020-01-15,1", "2020-02-15,2", "2020-03-15,3"),
        ["day 15 of the month", "to_period"],
    ),
    "many more cells": (lines(*GOOD, "2020-01-03,3,4,5"), ["line 4 has 4 cells", "line 1 names 2 columns"]),
    "unquoted decimal comma": (lines("2020-01-01,1,5", "2020-01-02,2,5"), ["more cells", "decimal comma"]),
    "open quotation mark": (lines(*GOOD, '"2020-01-03,3'), ["quotation mark that is never closed"]),
    "name twice": (lines("2020-01-01,1,2", header="ds,y,y"), ["several columns 'y'", "once"]),
    "utf-16": (daily(1, 2).encode("utf-16"), ["UTF-16", "UTF-8", "spreadsheet"]),
    "utf-16 without mark": (daily(1, 2).encode("utf-16-le"), ["UTF-16"]),
    "gb18030": (
        "日期,值\n2020-01-01,1\n2020-01-02,2\n".encode("gb18030"),
        ["not UTF-8: byte 0xc8 on line 1", "UTF-8", 'encoding="gb18030"'],
    ),
    "latin-1": ("ds,y,note\n2020-01-01,1,\n2020-01-02,2,café\n".encode("latin-1"), ["byte 0xe9 on line 3"]),
    "no text": (b"\x89PNG\r\n\x00\x00\x00\x01" * 20, ["no text file"]),
    "broken gzip": (gzip.compress(daily(*range(99)).encode())[:60], ["is it complete"]),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_a_bad_file_is_refused_with_the_place_and_the_remedy(written, case):
    content, expected = BAD_FILES[case]
    with pytest.raises(LSTMWidgetsError) as caught:
        read_series(written(content))
    missing = [part for part in expected if part not in str(caught.value)]
    assert not missing, f"{missing} not in: {caught.value}"


def test_a_clock_going_back_is_recognised_as_daylight_saving(written):
    times = pd.date_range("2020-10-24 12:00", periods=30, freq="h", tz="Europe/Berlin").tz_localize(None)
    with pytest.raises(
        LSTMWidgetsError, match="2020-10-25 02:00:00 .lines 16 and 17.: this looks like clocks going back"
    ):
        read_series(written(lines(*(f"{time},1" for time in times))))


BAD_SOURCES = {
    "no such file": (lambda folder: folder / "none.csv", ["there is no file", "none.csv", "load_dataset"]),
    "a folder": (lambda folder: folder, ["is a folder"]),
    "an address": (lambda folder: "https://example.org/data.csv", ["network", "download"]),
    "a list": (lambda folder: [1, 2, 3], ["cannot be read from a list", "DataFrame"]),
    "a series without times": (
        lambda folder: pd.Series([1.0, 2.0]),
        ["no timestamps", "RangeIndex", "date_range"],
    ),
    "a frame with a name twice": (
        lambda folder: pd.DataFrame([[1, 2]], columns=["y", "y"]),
        ["several columns named 'y'"],
    ),
    "truth values": (
        lambda folder: pd.DataFrame({"ds": pd.date_range("2020", periods=2), "y": [True, False]}),
        ["not numbers", "'True' at position 0"],
    ),
    "an empty frame": (lambda folder: pd.DataFrame({"ds": [], "y": []}), ["no rows"]),
    "an empty series": (lambda folder: pd.Series([], index=pd.DatetimeIndex([]), dtype=float), ["no rows"]),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_refused_in_words(tmp_path, case):
    source, expected = BAD_SOURCES[case]
    with pytest.raises(LSTMWidgetsError) as caught:
        read_series(source(tmp_path))
    assert not [part for part in expected if part not in str(caught.value)], str(caught.value)


def test_an_unknown_kind_of_file_is_refused(written):
    with pytest.raises(LSTMWidgetsError, match=r"'data.xlsx' is of no known kind: read_series takes .csv"):
        read_series(written("x", "data.xlsx"))


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    path = tmp_path / "data.csv"
    os.mkfifo(path)
    with pytest.raises(LSTMWidgetsError, match="is a pipe or a device"):
        read_series(path)


def test_a_few_nul_bytes_are_called_what_they_are(written):
    with pytest.raises(LSTMWidgetsError, match="has NUL bytes, 3 near its beginning and the first on line 3"):
        read_series(written(b"ds,y\n2024-01-01,1\n2024-01-02,\x00\x00\x00\n"))


def test_a_text_file_called_gz_is_read_and_it_says_so(written):
    series = read_series(written(b"ds,y\n2024-01-01,1\n2024-01-02,2\n", "data.csv.gz"))
    assert (
        "'data.csv.gz' is not compressed, whatever its name says, and read as it is" in series.attrs["notes"]
    )


def test_a_long_list_of_columns_is_cut():
    assert few([f"c{place}" for place in range(1000)]) == (
        "'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7' and 992 more"
    )
    assert few(["x" * 300]) == f"'{'x' * 37}…'"


@pytest.mark.parametrize("kind", [pyarrow.string(), pyarrow.binary()])
@pytest.mark.parametrize("column", ["ds", "y", "id"])
def test_bytes_that_are_no_text_are_shown_and_stop_nothing_elsewhere(tmp_path, kind, column):
    columns = {"ds": [f"2024-01-{day:02}" for day in range(1, 21)], "y": ["1.5"] * 20, "id": ["a"] * 20}
    cells = {name: [cell.encode() for cell in texts] for name, texts in columns.items()}
    cells[column][4] = b"\xff\xfe"
    arrays = {name: pyarrow.array(each, pyarrow.binary()).view(kind) for name, each in cells.items()}
    parquet.write_table(pyarrow.table(arrays), tmp_path / "data.parquet")
    if column == "id":
        assert len(read_series(tmp_path / "data.parquet", value="y")) == 20
        return
    with pytest.raises(
        LSTMWidgetsError, match=re.escape(f"column {column!r} has cells that are not")
    ) as told:
        read_series(tmp_path / "data.parquet", time="ds", value="y")
    assert r"b'\\xff\\xfe'" in str(told.value) and "at position 4" in str(told.value)


def test_periods_in_parquet_stand_at_their_start_in_a_process_that_wrote_none(tmp_path):
    path = tmp_path / "data.parquet"
    pd.DataFrame({"ds": pd.period_range("2024-01", periods=9, freq="M"), "y": range(9)}).to_parquet(path)
    script = "import sys, lstmwidgets as lw\nprint(*lw.read_series(sys.argv[1]).attrs['notes'], sep='; ')"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert "frequency: monthly (MS); periods stand at their start" in done.stdout


def test_a_broken_parquet_file_is_refused(written):
    with pytest.raises(LSTMWidgetsError, match="cannot be read as Parquet"):
        read_series(written("not parquet", "data.parquet"))


def test_a_column_that_is_not_there_is_refused_with_those_that_are(written):
    with pytest.raises(LSTMWidgetsError, match="value='z' is not a column of 'data.csv': it has 'ds', 'y'"):
        read_series(written(daily(1, 2)), value="z")
    with pytest.raises(LSTMWidgetsError, match="value=.'y'. is not a column of 'data.csv'"):
        read_series(written(daily(1, 2)), value=["y"])
    with pytest.raises(LSTMWidgetsError, match="same column"):
        read_series(written(daily(1, 2)), time="ds", value="ds")


def test_the_name_that_was_probably_meant_is_told(written):
    with pytest.raises(LSTMWidgetsError, match="it has 'date', 'OT'; did you mean 'OT'[?]$"):
        read_series(written(lines("2020-01-01,1", "2020-01-02,2", header="date,OT")), value="ot")


# --- times in parts -------------------------------------------------------------------------------

PARTS = ["year", "month", "day", "hour"]


def in_parts(*rows: str, header: str = "y,hour,day,month,year") -> str:
    return lines(*(rows or ("1,23,31,1,2020", "2,0,1,2,2020", "3,1,1,2,2020")), header=header)


def test_times_in_parts_are_joined_from_files_and_frames_alike(written, tmp_path):
    path = written(in_parts() + "\n")
    frame = pd.read_csv(path)
    frame.astype({"hour": float}).to_parquet(tmp_path / "parts.parquet")
    for source in (path, frame, tmp_path / "parts.parquet"):
        series = read_series(source, time=PARTS)
        assert series.to_list() == [1.0, 2.0, 3.0]
        assert [str(series.index[0]), series.index.freqstr] == ["2020-01-31 23:00:00", "h"]
        assert "columns 'year', 'month', 'day', 'hour' joined to times" in series.attrs["notes"]


@pytest.mark.parametrize("parts", [1, 2, 3, 4, 5, 6])
def test_the_parts_of_a_time_may_end_anywhere(parts):
    times = pd.date_range("2020-11-09", periods=5, freq=["YS", "MS", "D", "h", "min", "s"][parts - 1])
    names = [*PARTS, "minute", "second"][:parts]
    frame = pd.DataFrame({"time": 7.0, **{name.upper(): getattr(times, name) for name in names}})
    series = read_series(frame, time=[name.upper() for name in reversed(names)], value="time")
    assert series.index.equals(times)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ([], "time=[] is not accepted"),
        (
            ["jahr", "month"],
            "called year, month, day, hour, minute, second, from the year on without a break",
        ),
        (["year", "month", "hour"], "is not accepted"),
        (["year", "year"], "is not accepted"),
        (["year", "month", "day", "hour", "minute"], "time='minute' is not a column of 'data.csv'"),
    ],
)
def test_parts_that_make_no_time_are_refused(written, time, said):
    with pytest.raises(LSTMWidgetsError) as caught:
        read_series(written(in_parts()), time=time)
    assert said in str(caught.value)


def test_a_part_that_is_missing_or_wrong_makes_no_time(written):
    path = written(in_parts("1,23,31,1,2020", "2,,1,2,2020", "3,1,31,2,2020", "3,2,1,2,2020", "4,3,1,2,2020"))
    with pytest.raises(LSTMWidgetsError, match="'2020-02-01 [?]:00' on line 3, '2020-02-31 01:00' on line 4"):
        read_series(path, time=PARTS)


def test_a_series_has_no_parts():
    with pytest.raises(
        LSTMWidgetsError, match="time='year' is not a column of the series: it has 'time', 'y'"
    ):
        read_series(pd.Series([1.0, 2.0], pd.date_range("2020", periods=2)), time=["year"])


# --- a remedy that can be run as it stands --------------------------------------------------------


def remedied(source: pd.Series | pd.DataFrame, **how: object) -> pd.Series:
    """What is read after doing what the refusal of a source says."""
    with pytest.raises(LSTMWidgetsError, match="more than once") as caught:
        read_series(source, **how)
    found = re.search(r"for example (.*?[])])(, or|$)|UTC, (.*\)), with your own zone$", str(caught.value))
    names = {"pandas": pd, "series": source.copy(), "frame": source.copy()}
    kind = "series" if isinstance(source, pd.Series) else "frame"
    if found[3]:
        exec(found[3], names)
        return read_series(names[kind], value="y", time="time")
    return read_series(eval(found[1], names), **how)


def test_the_remedy_for_repeated_times_fits_the_source():
    days = pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"])
    series = pd.Series([1.0, 2.0, 9.0, 3.0], days, name="y")
    parts = {name: getattr(days, name) for name in PARTS[:3]}
    sources = [
        (series, {}),
        (series.to_frame(), {}),
        (pd.DataFrame({"ds": days, "y": series.array}), {}),
        (pd.DataFrame({"y": series.array, **parts}), {"time": PARTS[:3]}),
    ]
    for source, how in sources:
        assert remedied(source, **how).to_list() == [1.0, 2.0, 3.0]


def test_the_remedy_for_clocks_going_back_fits_the_source():
    times = pd.date_range("2020-10-24 12:00", periods=30, freq="h", tz="Europe/Berlin")
    clock = times.tz_localize(None)
    series = pd.Series(range(30), clock, name="y", dtype=float)
    parts = pd.DataFrame({"y": series.array, **{name: getattr(clock, name) for name in PARTS}})
    sources = [
        (series, {}),
        (series.to_frame(), {}),
        (pd.DataFrame({"time": clock, "y": series.array}), {}),
        (parts, {"time": PARTS}),
    ]
    for source, how in sources:
        read = remedied(source, **how)
        assert read.index.equals(times.tz_convert("UTC").tz_localize(None))
        assert read.to_list() == list(range(30))


def test_a_pressure_in_the_thousands_is_no_timestamp(written):
    path = written(lines("2020-01-01,1013.5", "2020-01-02,1009.2", header="day,pressure"))
    assert read_series(path).name == "pressure"


def test_a_constant_series_can_be_read(written):
    assert read_series(written(daily(5, 5, 5))).to_list() == [5, 5, 5]


# --- large input ----------------------------------------------------------------------------------


def test_more_rows_than_the_limit_are_refused(written, monkeypatch):
    monkeypatch.setattr(reading, "MAX_ROWS", 5)
    with pytest.raises(LSTMWidgetsError, match="more than 5 rows.*coarser step"):
        read_series(written(daily(*range(6))))
    assert len(read_series(written(daily(*range(5))))) == 5


def test_a_line_that_never_ends_is_refused(written, monkeypatch):
    monkeypatch.setattr(reading, "_MAX_CHUNK_BYTES", 1 << 20)
    bomb = gzip.compress(b"ds,y\n2020-01-01,1\n" + b"0" * (1 << 22))
    with pytest.raises(LSTMWidgetsError, match="no plausible lines"):
        read_series(written(bomb, "data.csv.gz"))


def test_a_quotation_mark_never_closed_in_a_large_file_is_refused(written, monkeypatch):
    monkeypatch.setattr(reading, "_MAX_CHUNK_BYTES", 1 << 20)
    with pytest.raises(LSTMWidgetsError, match="quotation mark never closed"):
        read_series(written('ds,y\n"2020-01-01,1\n' + "2020-01-02,2\n" * 200_000))


def test_a_large_file_is_read_within_bounded_memory(tmp_path):
    path = tmp_path / "large.csv"
    stamps = pd.date_range("1990-01-01", periods=600_000, freq="min").strftime("%Y-%m-%d %H:%M:%S")
    padding = "x" * 40
    path.write_text("ds,y,note\n" + "".join(f"{stamp},1.5,{padding}\n" for stamp in stamps))
    assert path.stat().st_size > 35e6
    script = (
        "import resource, sys, pandas as pd\n"
        "from lstmwidgets.data.series import read_series\n"
        "read_series(pd.DataFrame({'ds': ['2020-01-01', '2020-01-02'], 'y': [1, 2]}))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "series = read_series(sys.argv[1], value='y')\n"
        "print(len(series), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    points, kilobytes = map(int, done.stdout.split())
    assert points == 600_000
    # 16 bytes a row are kept, 10 MB; chunks and checks take some times that, the file as text would not fit.
    assert kilobytes < 150_000


# --- season and hash ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("freq", "season"),
    [
        *[("h", 24), ("D", 7), ("B", 5), ("W-SAT", 52), ("7D", 52), ("MS", 12), ("ME", 12), ("QS-JAN", 4)],
        *[("QE-DEC", 4), ("YS-JAN", 1), ("YE-DEC", 1), ("min", 60), ("15min", 96), ("30min", 48), ("2h", 12)],
        *[("s", 60), ("2MS", 6), ("5h", 1), ("3D", 1), ("100ms", 1), ("BME", 12)],
    ],
)
def test_a_season_follows_from_the_frequency(freq, season):
    series = pd.Series(0.0, index=pd.date_range("2020-01-01", periods=5, freq=freq))
    assert season_length(series) == season


def test_a_season_declared_comes_first():
    series = pd.Series(0.0, index=pd.date_range("2020", periods=5, freq="D"))
    series.attrs["season"] = 365
    assert season_length(series) == 365


def test_a_series_without_frequency_has_no_season_to_tell():
    with pytest.raises(LSTMWidgetsError, match="read_series"):
        season_length(pd.Series([1.0, 2.0]))


def test_the_hash_is_equal_for_equal_data_alone():
    index = pd.date_range("2020", periods=3, freq="D")
    series = pd.Series([1.0, np.nan, 3.0], index=index, name="a")
    renamed = series.rename("b").set_axis(index.as_unit("ns"))
    assert data_hash(series) == data_hash(renamed)
    assert len(data_hash(series)) == 64
    assert data_hash(series) != data_hash(series.fillna(2.0))
    assert data_hash(series) != data_hash(series.set_axis(index + pd.Timedelta("1D")))
