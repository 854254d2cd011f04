"""Pictures for notebooks: they show themselves, and draw what they are given."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.axes import padded
from lstmwidgets.widgets.figures import line_picture, model_picture, series_picture
from lstmwidgets.widgets.theme import MODELS


def days(length=50):
    return pd.Series(
        np.arange(length) % 7.0, pd.date_range("2020-01-01", periods=length, freq="D"), name="load"
    )


def named(picture):
    (legend,) = picture.legends
    return [text.get_text() for text in legend.get_texts()]


def test_a_picture_shows_itself_as_png():
    picture = Image.open(io.BytesIO(series_picture(days())._repr_png_()))
    assert picture.size == (1080, 336)


def test_lines_are_named_and_points_are_ringed():
    series = days()
    picture = series_picture(series, {"trend": series.rolling(7).mean()}, points=series.iloc[[3, 9]])
    (axes,) = picture.axes
    assert named(picture) == ["load", "trend", "2 ringed"]
    assert axes.lines[-1].get_ydata().tolist() == [3.0, 2.0]


def test_each_line_is_named_at_its_end():
    lines = {f"f = {f}": pd.Series(f ** np.arange(5.0)) for f in (0.9, 0.5)}
    (axes,) = line_picture(lines, x="steps", log=True, marked=[2]).axes
    assert {(text.get_text(), text.xy[0]) for text in axes.texts} == {("f = 0.9", 4), ("f = 0.5", 4)}
    assert axes.get_yscale() == "log"


def test_names_of_lines_that_end_together_are_moved_apart():
    lines = {name: pd.Series([0.0, height]) for name, height in (("a", 1.0), ("b", 1.001), ("c", 9.0))}
    (axes,) = line_picture(lines, x="steps").axes
    moved = {text.get_text(): text.xyann[1] for text in axes.texts}
    assert moved["a"] == 0
    assert moved["c"] == 0
    assert moved["b"] > 8  # points


def test_lines_over_time_are_named_apart_in_the_limits_that_are_drawn():
    lines = {name: 1000 + days() + number / 50 for number, name in enumerate("abc")}
    picture = line_picture(lines, x="time")
    picture.draw_without_rendering()
    heights = [
        text.get_window_extent().y0 for text in sorted(picture.axes[0].texts, key=lambda t: t.get_text())
    ]
    assert np.diff(heights).min() >= 11 * picture.dpi / 72 - 0.5
    assert picture.axes[0].texts[0].xy[0] == np.datetime64("2020-02-19")


def test_a_fan_reaches_past_the_end_and_is_named_by_its_levels():
    series = days()
    ahead = pd.date_range("2020-02-20", periods=3, freq="D")
    frame = pd.DataFrame({"ds": ahead, "yhat": 3.0})
    for level, width in ((80, 1.0), (90, 2.0)):
        frame[f"yhat-lo-{level}"], frame[f"yhat-hi-{level}"] = 3 - width, 3 + width
    picture = series_picture(series, {"forecast": frame.set_index("ds")["yhat"]}, band=frame)
    assert named(picture) == ["load", "forecast", "90 % interval", "80 % interval"]
    widest, narrow = (fan.get_paths()[0].get_extents() for fan in picture.axes[0].collections)
    assert (widest.ymin, widest.ymax, narrow.ymin, narrow.ymax) == (1.0, 5.0, 2.0, 4.0)
    assert widest.xmax - widest.xmin == 2.0  # days
    bounds = (pd.Series(1.0, ahead), pd.Series(5.0, ahead))
    pair = series_picture(series, band=bounds)
    assert named(pair) == ["load", "interval"]
    assert pair.axes[0].collections[0].get_paths()[0].get_extents().ymax == 5.0


def test_models_are_drawn_in_blocks_with_what_came():
    times = pd.date_range("2020-01-01", periods=4, freq="D")
    table = pd.DataFrame(
        {"ds": times, "cutoff": [0, 0, 2, 2], "y": [1.0, 2.0, 3.0, 4.0], "LSTM": [1.5, 2.5, 3.5, 4.5]}
    )
    picture = model_picture(table)
    (axes,) = picture.axes
    assert named(picture) == ["actual", "LSTM"]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1, 2, 3, 4], [1.5, 2.5], [3.5, 4.5]]


def test_rivals_are_drawn_where_they_are_asked_for():
    times = pd.date_range("2020-01-01", periods=2, freq="D")
    rows = {"LSTM": [1.0, 2.0], "repeat last": 1.0, "drift": 3.0, "window mean": 2.0, "ridge": 4.0}

    table = pd.DataFrame({"ds": times, "cutoff": 0, "y": [1.0, 2.0], **rows})
    assert named(model_picture(table)) == ["actual", "LSTM", "repeat last"]
    assert named(model_picture(table, models=["ridge", "LSTM"])) == ["actual", "ridge", "LSTM"]
    assert named(model_picture(pd.DataFrame(rows, index=[1, 2]))) == list(rows)
    with pytest.raises(LSTMWidgetsError, match="model 'seasonal naive' cannot be drawn: .* 'ridge'"):
        model_picture(table, models=["seasonal naive"])


def test_a_legend_of_all_models_is_one_row_below_the_label():
    rows = pd.DataFrame({name: [1.0, 2.0] for name in ("y", *MODELS)}, index=[1, 2])
    picture = model_picture(rows, x="steps ahead")
    picture.draw_without_rendering()
    (legend,) = picture.legends
    box = legend.get_window_extent()
    assert box.height < 20 * picture.dpi / 72
    assert box.y1 <= picture.axes[0].xaxis.label.get_window_extent().y0
    assert box.x0 >= 0 and box.x1 <= picture.bbox.width


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [np.nan], [1.0, 5.0]])
def test_limits_are_never_of_no_width(values):
    low, high = padded(values)
    assert low < high
    assert all(low <= value <= high for value in values if not np.isnan(value))
