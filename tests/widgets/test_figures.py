"""Pictures for notebooks: they show themselves, and draw what they are given."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lstmwidgets.errors import LSTMWidgetsError
from lstmwidgets.widgets.charts.axes import padded
from lstmwidgets.widgets.figures import line_picture, model_picture, series_picture


def days(length=50):
    return pd.Series(
        np.arange(length) % 7.0, pd.date_range("2020-01-01", periods=length, freq="D"), name="load"
    )


def test_a_picture_shows_itself_as_png():
    picture = Image.open(io.BytesIO(series_picture(days())._repr_png_()))
    assert picture.size == (1080, 336)


def test_lines_are_named_and_points_are_ringed():
    series = days()
    picture = series_picture(series, {"trend": series.rolling(7).mean()}, points=series.iloc[[3, 9]])
    (axes,) = picture.axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["load", "trend", "2 ringed"]
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


def test_models_are_drawn_in_blocks_with_what_came():
    times = pd.date_range("2020-01-01", periods=4, freq="D")
    table = pd.DataFrame(
        {"ds": times, "cutoff": [0, 0, 2, 2], "y": [1.0, 2.0, 3.0, 4.0], "LSTM": [1.5, 2.5, 3.5, 4.5]}
    )
    (axes,) = model_picture(table).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["actual", "LSTM"]
    assert [line.get_ydata().tolist() for line in axes.lines] == [[1, 2, 3, 4], [1.5, 2.5], [3.5, 4.5]]


def test_rivals_are_drawn_where_they_are_asked_for():
    times = pd.date_range("2020-01-01", periods=2, freq="D")
    rows = {"LSTM": [1.0, 2.0], "repeat last": 1.0, "drift": 3.0, "window mean": 2.0, "ridge": 4.0}

    def drawn(picture):
        return [text.get_text() for text in picture.axes[0].get_legend().get_texts()]

    table = pd.DataFrame({"ds": times, "cutoff": 0, "y": [1.0, 2.0], **rows})
    assert drawn(model_picture(table)) == ["actual", "LSTM", "repeat last"]
    assert drawn(model_picture(table, models=["ridge", "LSTM"])) == ["actual", "ridge", "LSTM"]
    assert drawn(model_picture(pd.DataFrame(rows, index=[1, 2]))) == list(rows)
    with pytest.raises(LSTMWidgetsError, match="model 'seasonal naive' cannot be drawn: .* 'ridge'"):
        model_picture(table, models=["seasonal naive"])


@pytest.mark.parametrize("values", [[], [3.0], [0.0, 0.0], [np.nan], [1.0, 5.0]])
def test_limits_are_never_of_no_width(values):
    low, high = padded(values)
    assert low < high
    assert all(low <= value <= high for value in values if not np.isnan(value))
