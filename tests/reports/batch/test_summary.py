"""Both tables of a batch hold every series and every number, and read back as they were."""

from __future__ import annotations

import io
import json

import pandas as pd
import pytest

from lstmwidgets.reports.batch.summary import forecasts_file, read_forecast, sheet_file, summary_file
from lstmwidgets.reports.study.tables import safe_csv
from tests.reports.batch.made import FORECAST, entry_of, failed


def read(content: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(content))


def test_a_row_for_each_series_with_all_its_metrics():
    table = read(summary_file([entry_of("=a"), failed("b\x00", "too short"), entry_of("c", skill=None)]))
    assert table["unique_id"].to_list() == ["=a", "b\x00", "c"]
    assert table["status"].to_list() == ["done", "failed", "done"]
    assert table["reason"].to_list()[1] == "too short"
    first = table.iloc[0]
    assert (first["MAE"], first["MAE repeat last"], first["skill"]) == (1.0, 2.0, 0.25)
    assert (first["coverage_80"], first["coverage_90"], first["width_90"]) == (0.75, 0.88, 2.0)
    assert (first["points"], first["freq"], first["folder"], first["key"]) == (31, "D", "a", "k")
    assert table["skill"].isna().to_list() == [False, True, True]
    assert table.loc[1, ["folder", "earlier", "notebook", "config"]].isna().all()
    assert json.loads(first["by_step"]) == {"LSTM": [1.0, None]}
    assert json.loads(first["config"]) == {"units": 2} and json.loads(first["notes"]) == ["a note"]
    assert json.loads(first["findings"])[0]["name"] == "bias"


def test_a_sheet_has_the_plain_columns_and_no_formula():
    sheet = sheet_file([entry_of("=a"), failed("b", "too short")]).decode()
    table = pd.read_csv(io.StringIO(sheet), dtype=str)
    assert table["unique_id"].to_list() == ["'=a", "b"]
    assert table.loc[0, ["MAE", "points"]].to_list() == ["1.0", "31"] and "config" not in table


def test_a_forecast_that_was_damaged_is_told_from_one_that_was_not():
    long = b"a" * 3_000_000
    assert len(read_forecast("a", FORECAST.replace(b"%s", long))) == 2
    for damaged in (
        b"",
        b"\xff",
        b"\0" * 99,
        FORECAST[:-10],
        FORECAST.replace(b"1.5", b"x"),
        b"ds,yhat\n1,2\n",
    ):
        with pytest.raises(ValueError, match="no forecast can be read from it"):
            read_forecast("a", damaged)


def test_a_table_of_failures_alone_is_a_table():
    table = read(summary_file([failed("a", "too short")]))
    assert table["skill"].dtype == "float64" and table["verdict"].isna().all()
    assert read(forecasts_file([])).columns.to_list() == ["unique_id", "ds", "yhat"]


def test_all_forecasts_stand_below_one_another_under_their_true_ids():
    table = read(forecasts_file([entry_of("=a"), failed("b", "too short"), entry_of("c")]))
    assert table["unique_id"].to_list() == ["=a", "=a", "c", "c"]
    assert table["ds"].iloc[0] == pd.Timestamp("2020-02-01")
    assert table["yhat"].to_list() == [1.5, 2.5] * 2
    assert table["yhat-hi-90"].to_list() == [2.0, 3.0] * 2


def test_a_forecast_reads_back_whatever_its_series_is_called():
    for name in ("=1+1", 'a"b,c', "line\nbreak", "😀", "007", "2020-01-01"):
        frame = pd.DataFrame(
            {
                "unique_id": [name] * 2,
                "ds": pd.to_datetime(["2020-01-01 00:00", "2020-01-01 01:30"]),
                "yhat": [-0.1, 3.0],
                "yhat-lo-90": [float("nan")] * 2,
            }
        )
        back = read_forecast(name, safe_csv(frame).encode()).to_pandas()
        pd.testing.assert_frame_equal(back, frame, check_dtype=False)
