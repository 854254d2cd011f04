"""A long frame is split by its ids, and refused where it names no series."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.reports.batch.panel import read_panel


def frame_of(**columns) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": ["b", "a", "b"], "ds": ["2020-01-01"] * 3, "y": [1, 2, 3]} | columns)


def test_a_row_has_its_place_in_the_source_unless_others_lie_between(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("unique_id,ds,y\na,2020-01-01,1\n,,\nb,2020-01-01,1\nb,2020-01-02,2\na,2020-01-02,2\n")
    panel = read_panel(path)
    assert (panel.word, panel.first(0), panel.first(1)) == ("on line", None, 4)


def test_rows_keep_their_order_and_series_that_of_their_appearance():
    panel = read_panel(frame_of())
    assert panel.ids == ("b", "a") and len(panel) == 2
    assert (panel.time, panel.value) == ("ds", "y")
    assert panel.rows(0).to_dict("list") == {"ds": ["2020-01-01"] * 2, "y": [1, 3]}
    assert panel.rows(1)["y"].to_list() == [2]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ""])
def test_ids_are_text(tmp_path, suffix):
    frame = frame_of(unique_id=["007", "7", "007"])
    if suffix:
        path = tmp_path / f"panel{suffix}"
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
        frame = path
    assert read_panel(frame).ids == ("007", "7")


def test_numbers_in_parquet_become_text(tmp_path):
    frame_of(unique_id=[7, 12, 7]).to_parquet(tmp_path / "panel.parquet")
    assert read_panel(tmp_path / "panel.parquet").ids == ("7", "12")


def test_a_row_without_an_id_is_named_and_blank_lines_are_passed_over(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("unique_id,ds,y\na,2020-01-01,1\n,,\na,2020-01-02,2\n\n")
    assert len(read_panel(path).rows(0)) == 2
    path.write_text("unique_id,ds,y\na,2020-01-01,1\n,2020-01-02,2\n , ,3\n")
    with pytest.raises(
        LSTMWidgetsError, match="name no series: 'unique_id' is empty on line 3, 4. Name their"
    ):
        read_panel(path)


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"id_column": "shop"},
            "'shop' is not a column of the frame, which has 'unique_id', 'ds', 'y': .*--id",
        ),
        ({"time": "date"}, "'date' is not a column of the frame, .* holds the times, time=… .--time on"),
        ({"value": "sales"}, "'sales' is not a column of the frame, .* holds the values, value=… .--value"),
        ({"value": "unique_id"}, "id_column='unique_id' is the time or value column too: .*--id"),
    ],
)
def test_a_wrong_column_is_told_with_those_there_are(named, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        read_panel(frame_of(), **named)


def test_other_columns_do_as_well():
    frame = pd.DataFrame({"shop": [1, 1, 2, 2], "year": [2000, 2001, 2000, 2001], "sales": [1, 2, 3, 4]})
    panel = read_panel(frame, "shop")
    assert (panel.ids, panel.time, panel.value) == (("1", "2"), "year", "sales")
    parts = pd.DataFrame({"unique_id": "a", "year": [2000] * 2, "month": [1, 2], "day": 1, "y": [1, 2]})
    panel = read_panel(parts, time=["year", "month", "day"])
    assert panel.time == ("year", "month", "day")
    assert panel.rows(0).columns.to_list() == ["year", "month", "day", "y"]


def test_decimal_commas_are_settled_by_the_whole_column(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("unique_id;ds;y\na;2020-01-01;1,5\na;2020-01-02;2,25\nb;2020-01-01;three\n")
    panel = read_panel(path)
    assert panel.rows(0)["y"].to_list() == ["1.5", "2.25"]
    assert panel.rows(1)["y"].to_list() == ["three"]  # which its own series refuses
    path.write_text("unique_id;ds;y\na;2020-01-01;1,5\nb;2020-01-01;1.25\n")
    with pytest.raises(LSTMWidgetsError, match="mixes decimal commas"):
        read_panel(path)


def test_a_hash_tells_a_series_from_its_neighbours_and_follows_its_rows_alone():
    panel = read_panel(frame_of())
    other = read_panel(frame_of(y=[1, 2, 4]))
    assert panel.rows_hash(0) != other.rows_hash(0)
    assert panel.rows_hash(1) == other.rows_hash(1) == read_panel(frame_of().iloc[1:2]).rows_hash(0)


@pytest.mark.parametrize(("kind", "cell"), [("float", np.nan), ("Int64", pd.NA), ("object", "three")])
def test_a_hash_does_not_follow_the_type_that_another_series_gives_the_column(kind, cell):
    frame = frame_of(ds=pd.to_datetime(["2020-01-01", "2020-01-02", "2020-01-03"]))
    hashes = [read_panel(frame).rows_hash(number) for number in range(2)]
    frame["y"] = frame["y"].astype(kind)
    frame.loc[0, "y"] = cell
    frame["ds"] = frame["ds"].astype("datetime64[s]")
    changed = read_panel(frame)
    assert changed.rows_hash(1) == hashes[1] and changed.rows_hash(0) != hashes[0]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (frame_of().head(0), "no rows below its column names"),
        ([1, 2], "cannot be read from a list"),
        ("no-such.csv", "there is no file 'no-such.csv'"),
        (frame_of(unique_id=pd.Series(["\ud800", "a", "b"], dtype=object)), "not text in UTF-8"),
    ],
)
def test_what_holds_no_series_is_refused(source, message):
    with pytest.raises(LSTMWidgetsError, match=message):
        read_panel(source)


def test_a_thousand_shuffled_series_come_back_whole():
    times = pd.date_range("2020-01-01", periods=200, freq="h")
    ids = np.repeat([f"S{number}" for number in range(1000)], 200)
    frame = pd.DataFrame({"unique_id": ids, "ds": np.tile(times, 1000), "y": np.arange(200_000) / 7})
    frame = frame.sample(frac=1, random_state=0)
    panel = read_panel(frame)
    found = [panel.rows(number) for number in range(len(panel))]
    assert len(found) == 1000 and {len(rows) for rows in found} == {200}
    pd.testing.assert_frame_equal(
        found[3], frame.loc[frame["unique_id"] == panel.ids[3], ["ds", "y"]].reset_index(drop=True)
    )
